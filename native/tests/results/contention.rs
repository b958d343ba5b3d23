//! `aws-contention`: N clients write one row. Means of 100 trials, seeds 1 to 100, against the published
//! means of 100 others: their difference has a deviation of sd sqrt(2/100), and four are allowed.

use crate::sample::Sample;
use crate::{measure, sim};
use serde_json::Value;

const STRATEGIES: [(&str, &[&str]); 5] = [
    ("none", &["policy.jitter=none", "policy.backoff=constant", "policy.initial_timeout=1ns"]),
    ("exponential", &["policy.jitter=none"]),
    ("equal", &["policy.jitter=equal"]),
    ("full", &["policy.jitter=full"]),
    ("decorrelated", &["policy.jitter=decorrelated", "policy.initial_timeout=5ms"]),
];

/// Returns the results for this number of clients, in the order of [`STRATEGIES`].
fn trials(clients: u32) -> [Value; 5] {
    let clients = format!("clients={clients}");
    STRATEGIES.map(|(_, sets)| {
        sim(&["aws-contention", "--seeds", "100"], &[&[clients.as_str()], sets].concat())
    })
}

fn agrees(name: &str, measured: Sample, published: f64, deviation: f64) {
    let allowed = 4.0 * deviation * (2.0_f64 / 100.0).sqrt();
    let Sample { mean, deviation: own } = measured;
    println!("{name}: {mean:.2} ({own:.2}), published {published} +- {allowed:.2}");
    let off = mean - published;
    assert!(off.abs() <= allowed, "{name}, seeds 1 to 100: {mean}, not {published} +- {allowed}");
}

fn order(values: [f64; 5]) -> [&'static str; 5] {
    let mut order = [0, 1, 2, 3, 4];
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    order.map(|at| STRATEGIES[at].0)
}

#[test]
fn ten_clients_make_the_published_calls() {
    let published = [(50.9, 3.6), (50.8, 3.8), (42.7, 2.3), (38.9, 2.3), (37.4, 2.5)];
    let trials = trials(10);
    for (((name, _), trial), (mean, deviation)) in STRATEGIES.iter().zip(&trials).zip(published) {
        agrees(name, measure(trial, "calls"), mean, deviation);
    }
}

/// No deviation is published here, so the test uses that of these trials.
#[test]
#[ignore = "long: cargo xtask test --long"]
fn fifty_clients_make_the_published_calls() {
    let published = [687.0, 624.0, 347.0, 332.0, 376.0];
    for (((name, _), trial), mean) in STRATEGIES.iter().zip(&trials(50)).zip(published) {
        let calls = measure(trial, "calls");
        agrees(name, calls, mean, calls.deviation);
    }
}

#[test]
#[ignore = "long: cargo xtask test --long"]
fn a_hundred_clients_make_the_published_calls_in_the_published_time() {
    let published_calls =
        [(2422.0, 26.6), (1855.7, 56.9), (810.1, 7.6), (795.9, 7.2), (1003.1, 28.6)];
    let published_s =
        [(2.022, 0.038), (63.759, 3.258), (6.672, 0.635), (4.942, 0.524), (4.667, 0.720)];
    let trials = trials(100);
    for (at, (name, _)) in STRATEGIES.iter().enumerate() {
        let (mean, deviation) = published_calls[at];
        agrees(name, measure(&trials[at], "calls"), mean, deviation);
        let (mean, deviation) = published_s[at];
        agrees(&format!("{name}, s"), measure(&trials[at], "simulated_s"), mean, deviation);
    }
    let means = |name| trials.each_ref().map(|trial| measure(trial, name).mean);
    assert_eq!(
        order(means("calls")),
        ["full", "equal", "decorrelated", "exponential", "none"],
        "calls, seeds 1 to 100",
    );
    assert_eq!(
        order(means("simulated_s")),
        ["none", "decorrelated", "full", "equal", "exponential"],
        "times, seeds 1 to 100",
    );
}
