use super::*;
use crate::policy::Policy;
use alloc::string::ToString;
use alloc::vec::Vec;

/// Asserts that `value` equals `expected` to this many decimals.
fn close(value: f64, expected: f64, digits: i32) {
    let error = (value - expected).abs();
    assert!(error <= 0.500_001 * 10f64.powi(-digits), "{value} is not {expected}");
}

#[test]
fn independent_losses_match_the_table() {
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

/// Runs hundreds of thousands of exchanges and compares them with the prediction.
#[cfg(feature = "sim")]
#[test]
fn the_simulated_network_agrees_with_its_prediction() {
    use crate::scenario::Scenario;
    use crate::sim::run;
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
    // A run of another scenario is far from the prediction.
    let (other, _) = Scenario::from_fragment("exchanges=100000&server.drop=0.49");
    let (half, _) = Scenario::from_fragment("server.drop=0.5");
    let far = predict(&half).unwrap().distance(&run(&other, ()).summary).unwrap();
    assert!(far.amplification < -4.0, "{far:?}");
    for (fragment, why) in [
        ("server.service=1ms", "the server takes time"),
        ("faults=1s+1s+partition", "the scenario has faults"),
        ("acts=drop+client+1+request+1", "packets are changed by hand"),
        ("changes=1s+link.loss%3D0.1", "a setting changes during the run"),
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
        ("policy.budget=quota+1+1+1", "a retry budget or a circuit breaker couples the exchanges"),
        ("server.drop_list=1", "the server drops requests by number"),
        ("policy.give_up_above=none", "the policy does not end"),
    ] {
        assert_eq!(predict(&Scenario::from_fragment(fragment).0), Err(why));
    }
}

#[test]
fn layers_multiply_their_amplification() {
    close(amplification(1.0, 4, 3), 64.0, 9);
    close(amplification(0.5, 4, 1), 1.875, 9);
    close(amplification(0.1, 4, 1), 1.111, 9);
    close(amplification(0.0, 4, 3), 1.0, 9);
}

#[test]
fn queues_match_published_numbers() {
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
fn bursts_and_herds_match_published_numbers() {
    let channel = GilbertElliott::new(0.01, 0.25, 0.0, 1.0);
    close(channel.loss, 0.038_461_54, 8);
    close(channel.loss_run, 4.0, 9);
    close(channel.bad_length, 4.0, 9);
    // If both states lose equally, the length of a run is geometric.
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
    // First-passage times of the birth-death process, computed independently.
    close(server.mean_life(50.0), 41.81, 2);
    close(server.mean_life(66.0), 3.79, 2);
    assert!(server.mean_life(34.0) > 3_600.0);
    let large = Metastable { mu: 1e6, ..server };
    assert_eq!(large.mean_life(500_000.0), f64::INFINITY);
    close(server.vulnerable_from(), 33.333, 3);
    close(server.collapses_from().0, 69.465_806, 6);
}

#[test]
fn every_model_evaluates_its_defaults_and_rejects_bad_values() {
    for model in MODELS {
        let Evaluation { inputs, outputs } = model.evaluate(&[]).unwrap();
        assert_eq!(inputs.len(), model.inputs.len(), "{model}");
        let known = outputs.iter().filter(|o| o.value.is_finite() || o.word.is_some()).count();
        assert!(known > 0 && known + 2 >= outputs.len(), "{model}: {outputs:?}");
        for input in model.inputs {
            for bad in ["", "x", "-1", "NaN", "inf", "1e400"] {
                let error = model.evaluate(&[(input.key, bad)]).unwrap_err().to_string();
                let start = alloc::format!("{} is `{bad}`; it must be", input.key);
                assert!(error.starts_with(&start), "{error}");
            }
        }
        let error = model.evaluate(&[("nonsense", "1")]).unwrap_err();
        assert!(error.to_string().contains("there is no input `nonsense`"), "{error}");
    }
    let names: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    assert!(names.iter().all(|name| Model::find(name).is_some()) && names.len() == 10);
}

#[cfg(feature = "sim")]
mod servers {
    use super::*;
    use crate::scenario::Scenario;

    const OPEN: &str = "token=true&server.reply=mirror&policy.max_sends=1&exchanges=400000&\
                        link.latency=0s&workload.arrivals=poisson+";

    /// What follows [`OPEN`], the model, and its load, share refused, mean wait in service times and share
    /// that waits.
    const SERVERS: [(&str, &str, f64, f64, f64, f64); 6] = [
        (
            "80&server.service=exponential+10ms&server.queue=9",
            "M/M/1/K",
            0.8,
            0.023_493,
            2.797_098,
            0.776,
        ),
        (
            "120&server.service=exponential+10ms&server.queue=9",
            "M/M/1/K",
            1.2,
            0.192_586,
            5.926_138,
            0.961,
        ),
        ("70&server.service=exponential+10ms&server.order=lifo", "M/M/1", 0.7, 0.0, 2.333_333, 0.7),
        ("70&server.service=10ms&link.latency=exponential+50ms", "M/D/1", 0.7, 0.0, 1.166_667, 0.7),
        (
            "160&server.service=uniform+5ms+15ms&server.workers=2&server.queue=0",
            "Erlang B",
            1.6,
            0.329_897,
            0.0,
            0.0,
        ),
        (
            "140&server.service=exponential+10ms&server.workers=2",
            "Erlang C",
            1.4,
            0.0,
            0.960_784,
            0.576_471,
        ),
    ];

    /// Returns the scenario of `key=value&…`; of equal keys the last one counts.
    fn scenario(pairs: &str) -> Scenario {
        let pairs = pairs.split('&').map(|pair| pair.split_once('=').unwrap());
        let mut scenario = Scenario::default();
        scenario.apply(pairs.map(|(key, value)| (key, value.replace('+', " ")))).unwrap();
        scenario
    }

    #[test]
    fn a_server_is_predicted_by_its_model() {
        for (rest, model, load, refused, wait, waits) in SERVERS {
            let predicted = predict_queue(&scenario(&alloc::format!("{OPEN}{rest}"))).unwrap();
            assert_eq!(predicted.model, model);
            close(predicted.load, load, 9);
            close(predicted.refused, refused, 6);
            close(predicted.mean_wait * 100.0, wait, 6);
            close(predicted.waits, waits, 3);
        }
    }

    #[test]
    fn a_queue_is_predicted_only_under_its_conditions() {
        let good = alloc::format!("{OPEN}50&server.service=exponential+10ms");
        assert!(predict_queue(&scenario(&good)).is_ok());
        for (more, why) in [
            ("policy.max_sends=2", "an exchange may be sent more than once"),
            ("faults=1s+1s+load+2", "the scenario has faults"),
            ("acts=drop+client+1+request+1", "packets are changed by hand"),
            ("changes=1s+link.loss=0.1", "a setting changes during the run"),
            ("clients=2", "clients may run out of exchanges before their time"),
            (
                "clients=2&workload.duration=8000s",
                "clients may run out of exchanges before their time",
            ),
            ("server.workers=none", "the number of workers is unlimited"),
            ("server.workers=2000000", "more than 1000000 workers or places in the queue"),
            ("server.queue=2000000", "more than 1000000 workers or places in the queue"),
            (
                "server.service=normal+1ms+9ms&server.queue=0",
                "the service time is reflected or cut, which changes its mean",
            ),
            ("server.service=exponential+20ms", "the load is above the server's capacity"),
            (
                "server.workers=2&server.queue=3",
                "a limited queue has a closed form for M/M/1/K only",
            ),
            (
                "server.service=uniform+1ms+2ms",
                "no model covers this distribution of service times",
            ),
            (
                "server.service=1ms&server.workers=2",
                "no model covers this distribution of service times",
            ),
            ("workload.arrivals=closed", "the arrivals are not Poisson"),
            ("workload.arrivals=constant+5", "the arrivals are not Poisson"),
            ("workload.arrivals=poisson+5,+1s+6", "the rate of arrivals changes"),
            ("workload.arrivals=poisson+0", "nothing arrives"),
            ("server.service=0s", "the server takes no time"),
            ("server.rising=1ms", "the work depends on the load"),
            ("server.expire=1s", "old requests are dropped"),
            ("server.fail=0.1", "the server drops or fails"),
            ("server.drop_first=1", "the server drops or fails"),
            ("link.reply_loss=0.1", "the link loses datagrams"),
            ("link.mtu=1500", "the link has an MTU"),
            ("link.latency=exponential+1ms&link.correlation=0.5", "the latencies are correlated"),
            (
                "policy.budget=quota+1+1+1",
                "a retry budget or a circuit breaker couples the exchanges",
            ),
            ("policy.first_delay=1s", "the first send is delayed"),
        ] {
            let scenario = scenario(&alloc::format!("{good}&{more}"));
            assert_eq!(predict_queue(&scenario), Err(why), "{more}");
        }
        let long =
            alloc::format!("{good}&clients=2&workload.duration=1000s&workload.arrivals=poisson+40");
        close(predict_queue(&scenario(&long)).unwrap().load, 0.8, 9);
    }

    #[test]
    fn a_collapse_is_predicted_only_under_its_conditions() {
        let mut shipped = Scenario::default();
        let table: [(&str, &str); 11] = [
            ("exchanges", "1000000"),
            ("token", "true"),
            ("server.reply", "mirror"),
            ("workload.arrivals", "poisson 50"),
            ("faults", "20s 10s load 4"),
            ("policy.attempt_timeout", "100ms"),
            ("policy.backoff", "constant"),
            ("policy.initial_timeout", "1us"),
            ("policy.give_up_above", "none"),
            ("policy.max_sends", "3"),
            ("server.service", "exponential 10ms"),
        ];
        shipped.apply(table).unwrap();
        let mut at_once = shipped.clone();
        at_once.apply([("link.latency", "0s")]).unwrap();
        let MetastablePrediction { model, load } = predict_metastable(&at_once).unwrap();
        assert_eq!((model, load), (Metastable { mu: 100.0, timeout: 0.1, sends: 3 }, 50.0));
        // The default link's round trip of 20 ms is part of the client's timeout.
        close(predict_metastable(&shipped).unwrap().model.timeout, 0.08, 12);
        for (key, value, why) in [
            ("faults", "1s 1s partition", "the scenario has faults other than load spikes"),
            ("clients", "2", "clients may run out of exchanges before their time"),
            ("server.service", "10ms", "the server is not M/M/1"),
            ("server.workers", "2", "the server is not M/M/1"),
            ("server.queue", "10", "the server is not M/M/1"),
            ("server.order", "lifo", "the newest request is served first"),
            ("policy.attempt_timeout", "none", "the policy has no attempt timeout"),
            ("policy.max_sends", "1", "an exchange is not sent 2 to 1000 times"),
            ("policy.max_sends", "1001", "an exchange is not sent 2 to 1000 times"),
            ("policy.deadline", "1s", "the policy hedges or has a deadline"),
            ("link.latency", "exponential 1ms", "the latency varies"),
            ("link.latency", "50ms", "the round trip is longer than the attempt timeout"),
            ("policy.initial_timeout", "2ms", "the clients pause between attempts"),
            ("server.expire", "1s", "old requests are dropped"),
        ] {
            let mut other = shipped.clone();
            other.apply([(key, value)]).unwrap();
            assert_eq!(predict_metastable(&other), Err(why), "{key}={value}");
        }
    }
}
