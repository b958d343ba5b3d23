//! Losses and the sends that they cost: independent losses, bursts, and a round trip without loss.

use crate::common::run;
use crate::{each, number, numbers, sim, within_four};
use serde_json::Value;

/// Number of sends before the answer: those at 0, 0.1, 0.3, 0.7 and 1.5 s that are earlier than the round trip.
/// At 3.1 s the client gives up, although the server has answered all five.
#[test]
fn a_round_trip_costs_the_sends_within_it() {
    for (one_way, sends, answered) in [
        ("25ms", 1, 1),
        ("75ms", 2, 1),
        ("175ms", 3, 1),
        ("500ms", 4, 1),
        ("1000ms", 5, 1),
        ("1525ms", 5, 1),
        ("1600ms", 5, 0),
    ] {
        let run = sim(&[], &[&format!("link.latency={one_way}")]);
        assert_eq!(run["sends"], sends, "{one_way} each way");
        assert_eq!(run["answered"], answered, "{one_way} each way");
        assert_eq!(run["replies"], sends, "the server is up: {one_way} each way");
    }
}

/// The table of independent losses, with a round trip of 0. `fail1` and `fail3` are one and three sends.
#[test]
fn independent_losses_have_the_tables_numbers() {
    independent_losses("exchanges=2000");
}

/// A hundred times as many exchanges: standard errors are a tenth.
#[test]
#[ignore = "long: cargo xtask test --long"]
fn independent_losses_have_the_tables_numbers_in_long_runs() {
    independent_losses("exchanges=200000");
}

fn independent_losses(exchanges: &str) {
    const SEEDS: u32 = 10;
    for (loss, drop, fails, sends, answered_s, all_s, executions) in [
        ("0", "0.5", [0.5, 0.125, 0.03125], 1.9375, 0.158_064_52, 0.25, 0.968_75),
        (
            "0.1",
            "0",
            [0.19, 0.006_859, 0.000_247_61],
            1.234_262_21,
            0.029_642_09,
            0.030_402_34,
            1.110_835_99,
        ),
        (
            "0.1",
            "0.5",
            [0.595, 0.210_644_87, 0.074_573_55],
            2.285_003_58,
            0.219_325_46,
            0.434_147_59,
            1.028_251_61,
        ),
    ] {
        let name = |what: &str| format!("loss {loss}, drop {drop}: {what}");
        let [loss_set, drop_set] = [format!("link.loss={loss}"), format!("server.drop={drop}")];
        let sets = [&loss_set, &drop_set, "link.latency=0s", exchanges];
        for (sends, fail) in ["policy.max_sends=1", "policy.max_sends=3"].into_iter().zip(fails) {
            let runs = each(&[], &[&sets[..], &[sends]].concat(), SEEDS);
            within_four(&name(sends), numbers(&runs, "gave_up_share"), SEEDS, fail);
        }
        let mut runs = each(&[], &sets, SEEDS);
        for run in &mut runs {
            let exchanges = number(run, "exchanges");
            let gave_up = number(run, "gave_up");
            let answered = number(run, "metrics.latency_s.mean");
            let time = (exchanges - gave_up) * answered + gave_up * 3.1;
            run["time"] = (time / exchanges).into();
            run["executions"] = (number(run, "replies") / exchanges).into();
        }
        for (what, expected) in [
            ("gave_up_share", fails[2]),
            ("amplification", sends),
            ("metrics.latency_s.mean", answered_s),
            ("time", all_s),
            ("executions", executions),
        ] {
            within_four(&name(what), numbers(&runs, what), SEEDS, expected);
        }
    }
}

/// A loss chain that steps per datagram. Each exchange sends once, so consecutive losses are consecutive
/// exchanges without an answer.
#[test]
fn bursts_have_the_share_and_the_length_of_the_chain() {
    const SEEDS: u32 = 10;
    let sets = [
        "link.loss=gilbert-elliott 0.01 0.25",
        "link.reply_loss=0",
        "policy.max_sends=1",
        "exchanges=4000",
    ];
    let runs: Vec<Value> = (1..=SEEDS).map(|seed| losses(&sets, seed)).collect();
    within_four("share", numbers(&runs, "share"), SEEDS, 0.038_461_54);
    within_four("run", numbers(&runs, "run"), SEEDS, 4.0);
}

/// The share of losses and the mean length of their runs.
fn losses(sets: &[&str], seed: u32) -> Value {
    let seed = seed.to_string();
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    let args = ["sim", "--seed", &seed, "--trace", "-"];
    let trace = run(&args.into_iter().chain(sets).collect::<Vec<_>>());
    let (mut answered, mut lost, mut runs, mut in_run) = (0.0, 0.0, 0.0, false);
    for line in trace.stdout.lines() {
        let gave_up = line.contains(r#""event":"gave_up""#);
        if gave_up {
            lost += 1.0;
            runs += f64::from(u8::from(!in_run));
            in_run = true;
        } else if line.contains(r#""event":"answered""#) {
            answered += 1.0;
            in_run = false;
        }
    }
    serde_json::json!({ "share": lost / (answered + lost), "run": lost / runs })
}

/// Compares with the closed forms for five sends, each lost with probability 1/2: an exchange gives up with
/// probability 1/32, and makes 1 + 1/2 + 1/4 + 1/8 + 1/16 sends on average.
#[test]
fn a_million_exchanges_agree_with_theory() {
    let object = sim(&[], &["server.drop=0.5", "exchanges=1000000"]);
    let n = 1e6;
    assert_eq!(object["exchanges"], 1_000_000);
    assert_eq!(object["ended_by"], "finished");
    let gave_up = object["gave_up"].as_f64().unwrap() / n;
    let p = 1.0 / 32.0;
    let error = (p * (1.0 - p) / n).sqrt();
    assert!((gave_up - p).abs() < 4.0 * error, "{gave_up}");
    let sends = object["sends"].as_f64().unwrap() / n;
    let chances = [0.5, 0.25, 0.125, 0.0625, 0.0625];
    let moment = |power: i32| -> f64 {
        chances.iter().zip(1..).map(|(p, k)| p * f64::from(k).powi(power)).sum()
    };
    assert_eq!(moment(1), 1.9375);
    let error = ((moment(2) - moment(1).powi(2)) / n).sqrt();
    assert!((sends - 1.9375).abs() < 4.0 * error, "{sends}");
    assert_eq!(object["amplification"].as_f64().unwrap(), sends);
    let answered = object["answered"].as_u64().unwrap();
    assert_eq!(answered + object["gave_up"].as_u64().unwrap(), 1_000_000);
}
