//! The numbers in the texts of the shipped scenarios.

use crate::{number, sim};

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
