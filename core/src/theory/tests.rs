use super::*;
use crate::policy::Policy;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Equal to all digits that a table shows.
fn close(value: f64, expected: f64, digits: i32) {
    let error = (value - expected).abs();
    assert!(error <= 0.500_001 * 10f64.powi(-digits), "{value} is not {expected}");
}

#[test]
fn independent_losses_have_the_tables_numbers() {
    let textbook = Policy::textbook();
    let of_sends = |sends| {
        let base = Policy::exponential(crate::time::Duration::from_millis(100));
        base.max_sends(Some(sends)).build().unwrap()
    };
    let (once, thrice) = (of_sends(1), of_sends(3));
    for (p, d, fails, sends, answered, time, executions, wasted) in [
        (0.0, 0.5, [0.5, 0.125, 0.03125], 1.9375, 0.158_064_52, 0.25, 0.968_75, 0.0),
        (
            0.1,
            0.0,
            [0.19, 0.006_859, 0.000_247_61],
            1.234_262_21,
            0.029_642_09,
            0.030_402_34,
            1.110_835_99,
            0.000_237_61,
        ),
        (
            0.1,
            0.5,
            [0.595, 0.210_644_87, 0.074_573_55],
            2.285_003_58,
            0.219_325_46,
            0.434_147_59,
            1.028_251_61,
            0.024_245_11,
        ),
    ] {
        let model = Bernoulli::new(&textbook, p, d, 0.0).unwrap();
        for (policy, fail) in [&once, &thrice, &textbook].into_iter().zip(fails) {
            close(Bernoulli::new(policy, p, d, 0.0).unwrap().gave_up, fail, 8);
        }
        close(model.amplification, sends, 8);
        close(model.time_answered, answered, 8);
        close(model.time, time, 8);
        close(model.executions, executions, 8);
        close(model.executed_gave_up, wasted, 8);
    }
    let silent = Bernoulli::new(&textbook, 0.0, 1.0, 0.0).unwrap();
    assert_eq!((silent.gave_up, silent.amplification), (1.0, 5.0));
    close(silent.time, 3.1, 9);
    let endless = Policy::exponential(crate::time::Duration::from_secs(1)).build().unwrap();
    assert_eq!(Bernoulli::new(&endless, 0.1, 0.0, 0.0), None);
}

/// A million exchanges of each: the simulated network is where theory says, and says how far off.
#[cfg(feature = "sim")]
#[test]
fn the_simulated_network_agrees_with_its_prediction() {
    use crate::sim::{Scenario, run};
    for fragment in [
        "exchanges=200000&server.drop=0.5",
        "exchanges=200000&link.loss=0.1&server.drop=0.5&seed=3",
        "exchanges=100000&clients=2&link.loss=0.2&policy.preset=coap&policy.jitter=none",
        "exchanges=1000",
        "exchanges=100&server.drop=1",
    ] {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, []);
        let distance = predict(&scenario).unwrap().distance(&run(&scenario, ()).summary).unwrap();
        assert!(distance.gave_up.abs() < 4.0, "{fragment}: {distance:?}");
        assert!(distance.amplification.abs() < 4.0, "{fragment}: {distance:?}");
    }
    // A run that is not what was predicted is far away.
    let (other, _) = Scenario::from_fragment("exchanges=100000&server.drop=0.49");
    let (half, _) = Scenario::from_fragment("server.drop=0.5");
    let far = predict(&half).unwrap().distance(&run(&other, ()).summary).unwrap();
    assert!(far.amplification < -4.0, "{far:?}");
    for (fragment, why) in [
        ("server.service=1ms", "the server takes time"),
        ("faults=1s+1s+partition", "something goes wrong on the way"),
        ("workload.task=write", "the clients contend for a row"),
        ("link.latency=50ms", "the round trip may be longer than a wait"),
        ("policy.deadline=1510ms", "the round trip may be longer than a wait"),
        ("link.latency=lognormal+1ms+2ms", "the latency has no bound"),
        ("link.reply_latency=pareto+1ms+2", "the latency has no bound"),
        ("link.reply_latency=90ms", "the round trip may be longer than a wait"),
        ("link.loss=burst+0.1+4", "the losses are not independent"),
        ("link.loss=0.1&link.reply_loss=first+1", "the losses are not independent"),
        ("link.reply_loss=0.1", "requests and replies are lost with different probabilities"),
        ("link.duplicate=0.1", "the link duplicates datagrams"),
        ("link.reorder=0.1", "the link reorders datagrams"),
        ("link.corrupt=0.1", "the link damages datagrams"),
        ("link.reply_rate=1mbit", "the link has a rate"),
        ("link.mtu=1500", "the link has an MTU"),
        ("policy.preset=coap", "the waits are drawn or measured"),
        ("policy.budget=quota+1+1+1", "a brake joins the exchanges"),
        ("server.drop_list=1", "the server drops by number"),
        ("policy.give_up_above=none", "the policy does not end"),
    ] {
        assert_eq!(predict(&Scenario::from_fragment(fragment).0), Err(why));
    }
}

#[test]
fn layers_multiply() {
    close(amplification(1.0, 4, 3), 64.0, 9);
    close(amplification(0.5, 4, 1), 1.875, 9);
    close(amplification(0.1, 4, 1), 1.111, 9);
    close(amplification(0.0, 4, 3), 1.0, 9);
}

#[test]
fn queues_have_the_textbooks_numbers() {
    for (load, k, blocked, in_system, time) in [
        (0.8, 10, 0.023_492_86, 2.966_314_27, 3.797_097_50),
        (1.2, 10, 0.192_586_50, 6.710_708_68, 6.926_137_84),
        (1.0, 4, 0.2, 2.0, 2.5),
    ] {
        let queue = mm1k(load, k);
        close(queue.blocked, blocked, 8);
        close(queue.in_system, in_system, 8);
        close(queue.time, time, 8);
    }
    close(mm1k(1e9, 100_000).blocked, 1.0, 6);
    close(mm1(0.8).time, 5.0, 9);
    close(md1(0.8).time, 3.0, 9);
    for (servers, offered, b, c) in
        [(2, 1.6, 0.329_896_91, 0.711_111_11), (10, 8.0, 0.121_661_06, 0.409_180_15)]
    {
        close(erlang_b(servers, offered), b, 8);
        close(erlang_c(servers, offered), c, 8);
    }
}

#[test]
fn bursts_and_herds_have_their_numbers() {
    let channel = GilbertElliott::new(0.01, 0.25, 0.0, 1.0);
    close(channel.loss, 0.038_461_54, 8);
    close(channel.loss_run, 4.0, 9);
    close(channel.bad_length, 4.0, 9);
    // Without a difference between the states a run is geometric.
    close(GilbertElliott::new(0.3, 0.2, 0.5, 0.5).loss_run, 2.0, 9);
    close(herd(1_000.0, 10.0, 0.001), 0.818_878_15, 8);
    close(aloha(0.5), 0.183_939_72, 8);
    close(slotted_aloha(1.0), 0.367_879_44, 8);
}

#[test]
fn a_server_is_stable_vulnerable_or_collapsed() {
    let server = Metastable { mu: 100.0, timeout: 0.1, sends: 3 };
    let Load::Stable(x) = server.at(20.0) else { panic!("{:?}", server.at(20.0)) };
    close(x, 20.006_716_01, 8);
    let Load::Vulnerable { healthy, tipping, collapsed } = server.at(50.0) else {
        panic!("{:?}", server.at(50.0))
    };
    close(healthy, 50.351_380_98, 8);
    close(collapsed, 150.0, 9);
    assert!(healthy < tipping && tipping < 100.0, "{tipping}");
    assert_eq!(server.at(80.0), Load::Collapsed(240.0));
    close(server.vulnerable_from(), 33.333, 3);
    close(server.collapses_from().0, 69.465_806, 6);
}

#[test]
fn every_model_evaluates_with_its_defaults_and_refuses_what_it_cannot_read() {
    for model in MODELS {
        let Evaluation { inputs, outputs } = model.evaluate(&[]).unwrap();
        assert_eq!(inputs.len(), model.inputs.len(), "{model}");
        let told = outputs.iter().filter(|o| o.value.is_finite() || o.word.is_some()).count();
        assert!(told > 0 && told + 2 >= outputs.len(), "{model}: {outputs:?}");
        for input in model.inputs {
            for bad in ["", "x", "-1", "NaN", "inf", "1e400"] {
                let error = model.evaluate(&[(input.key, bad)]).unwrap_err().to_string();
                assert!(error.starts_with(&alloc::format!("{} cannot be", input.key)), "{error}");
            }
        }
        let error = model.evaluate(&[("nonsense", "1")]).unwrap_err();
        assert!(error.to_string().contains("there is no input `nonsense`"), "{error}");
    }
    let names: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    assert!(names.iter().all(|name| Model::find(name).is_some()) && names.len() == 10);
}
