//! The numbers in the texts of the shipped scenarios.

use crate::{number, rate, sim};
use serde_json::Value;

/// Asserts that a share of `count` independent trials is within four standard errors of `expected`.
fn share(name: &str, of: f64, count: f64, expected: f64) {
    let error = (expected * (1.0 - expected) / count).sqrt();
    let found = of / count;
    assert!((found - expected).abs() <= 4.0 * error, "{name}, seed 1: {found}, not {expected}");
}

/// The service time is log-normal with a mean of 20 ms and a deviation of 40 ms, and the link adds 2 ms: the
/// answers within 60 ms are those with a service of at most 58 ms, a share of 0.92972; 95 % take 74.1 ms.
#[test]
fn hedging_sends_again_when_93_percent_are_answered() {
    let run = sim(&["hedging", "--seed", "1"], &[]);
    let count = number(&run, "exchanges");
    let again = run["metrics"]["attempts"][2].as_f64().unwrap();
    share("second sends", again, count, 1.0 - 0.929_72);
    let run = sim(&["hedging", "--seed", "1"], &["policy.initial_timeout=74.1ms"]);
    let again = run["metrics"]["attempts"][2].as_f64().unwrap();
    share("second sends after 74.1 ms", again, count, 0.05);
}

/// The bursts of one direction are not independent, so the tolerance is that of the text's last digit.
#[test]
fn bursts_lose_more_than_their_share_of_the_time() {
    let run = sim(&["bursty-loss", "--seed", "1"], &[]);
    let sent = number(&run, "sends") + number(&run, "replies");
    let lost = number(&run, "lost") / sent;
    assert!((lost - 0.12).abs() < 0.005, "seed 1: {lost}");
}

/// Success 1 - f^4, load (1 - f^4) / (1 - f) at f = 0.5.
#[test]
fn three_retries_answer_fifteen_sixteenths() {
    let run = sim(&["brooker-retries", "--seed", "1"], &[]);
    share("answered", number(&run, "answered"), number(&run, "exchanges"), 0.9375);
    // The deviation of the sends of a call is 1.0533.
    let error = 1.0533 / number(&run, "exchanges").sqrt();
    let load = number(&run, "amplification");
    assert!((load - 1.875).abs() <= 4.0 * error, "seed 1: {load}");
}

/// Asserts that a number of a run of seed 1 is exactly `expected`.
fn exactly(run: &Value, path: &str, expected: f64) {
    let found = number(run, path);
    assert!((found - expected).abs() < 1e-9, "seed 1, {path}: {found}, not {expected}");
}

#[test]
fn the_textbook_fails_once_in_32_and_sends_1_94_times() {
    let run = sim(&["textbook", "--seed", "1"], &[]);
    let count = number(&run, "exchanges");
    share("gave up", number(&run, "gave_up"), count, 1.0 / 32.0);
    let sends = number(&run, "amplification");
    assert!((sends - 1.9375).abs() < 4.0 * 1.25 / count.sqrt(), "seed 1: {sends}");
    exactly(&run, "metrics.gave_up_s.max", 3.1);
    // Sent at 1.5 s, answered 20 ms later.
    exactly(&run, "metrics.latency_s.max", 1.52);
}

#[test]
fn the_herd_takes_the_server_five_seconds_of_work() {
    let run = sim(&["thundering-herd", "--seed", "1"], &[]);
    exactly(&run, "answered", 1_000.0);
    exactly(&run, "metrics.work.mean_work_s", 0.005);
    exactly(&run, "metrics.work.deepest_queue", 100.0);
    let late = sim(&["thundering-herd", "--seed", "1"], &["server.queue=none"]);
    let wasted = number(&late, "metrics.work.wasted");
    assert!(wasted > 1_000.0, "seed 1: {wasted} requests were served late");
    exactly(&late, "server_dropped", 0.0);
}

/// Arrivals and capacity before the fault, and the collapse after it.
#[test]
fn the_storm_outlasts_the_slow_server() {
    let run = sim(&["retry-storm", "--seed", "1"], &[]);
    let begun = rate(&run, "begun", 1.0, 20.0);
    assert!((begun - 60.0).abs() < 4.0 * (60.0 / 19.0_f64).sqrt(), "seed 1: {begun} per second");
    // It is busy with late requests, at its capacity of 100 per second.
    let served = rate(&run, "served", 40.0, 80.0);
    assert!((served - 100.0).abs() < 1.0, "seed 1: {served} per second");
    assert!(rate(&run, "answered", 5.0, 20.0) > 50.0);
    assert!(rate(&run, "answered", 40.0, 80.0) < 1.0);
    let once = sim(&["retry-storm", "--seed", "1"], &["policy.max_sends=1"]);
    assert!(rate(&once, "answered", 60.0, 80.0) > 50.0);
}

/// During the outage every client sends at the same times. Afterwards as many are served at once as fit: one in work,
/// and twenty in the queue.
#[test]
fn clients_with_equal_waits_are_served_twenty_at_a_time() {
    let run = sim(&["backoff-without-jitter", "--seed", "1"], &[]);
    exactly(&run, "answered", 200.0);
    exactly(&run, "metrics.work.deepest_queue", 20.0);
    let attempts: Vec<u64> =
        run["metrics"]["attempts"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    let served: Vec<u64> = attempts.into_iter().filter(|count| *count > 0).collect();
    assert!(served.iter().rev().skip(1).all(|count| *count == 21), "seed 1: {served:?}");
    let spread = sim(&["backoff-without-jitter", "--seed", "1"], &["policy.jitter=full"]);
    assert!(number(&spread, "simulated_s") < 0.5 * number(&run, "simulated_s"));
}

#[test]
fn a_slow_server_is_asked_twice() {
    let run = sim(&["slow-server", "--seed", "1"], &[]);
    exactly(&run, "amplification", 2.0);
    exactly(&run, "metrics.work.wasted", number(&run, "answered"));
    exactly(&run, "metrics.latency_s.max", 0.17);
    let patient = sim(&["slow-server", "--seed", "1"], &["policy.initial_timeout=200ms"]);
    exactly(&patient, "amplification", 1.0);
    let unnamed = sim(&["slow-server", "--seed", "1"], &["token=false"]);
    assert!(number(&unnamed, "misattributed") > 0.0);
}

#[test]
fn only_a_long_partition_makes_clients_give_up() {
    let run = sim(&["partition", "--seed", "1"], &[]);
    assert!(number(&run, "gave_up") > 0.0, "seed 1: {run}");
    // A hundred clients that pause for a second on average, after an answer of 20 ms.
    let begun = rate(&run, "begun", 1.0, 10.0);
    let error = (100.0 / 1.02 / 9.0_f64).sqrt();
    assert!((begun - 100.0 / 1.02).abs() < 4.0 * error, "seed 1: {begun} per second");
    exactly(&sim(&["partition", "--seed", "1"], &["faults=10s 1s partition"]), "gave_up", 0.0);
    let reply = sim(&["partition", "--seed", "1"], &["faults=10s 5s partition reply"]);
    assert!(number(&reply, "metrics.work.wasted") > 100.0, "seed 1: {}", reply["metrics"]["work"]);
}
