//! Jitter: its means, its bounds, and where it is drawn.

use super::super::*;
use crate::time::Duration;
use alloc::string::ToString;
use alloc::vec::Vec;

const DRAWS: u32 = 1_000_000;

/// Mean and standard error of the wait after send `place` (from 0) over a million exchanges.
fn mean(policy: &Policy, place: usize) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for exchange in 1..=DRAWS {
        let mut schedule = Schedule::random(policy, Stream::jitter(11, 1, exchange));
        let mut wait = Duration::ZERO;
        for _ in 0..=place {
            wait = schedule.next(policy, Duration::ZERO).unwrap().timeout;
        }
        let seconds = wait.as_secs_f64();
        sum += seconds;
        squares += seconds * seconds;
    }
    let n = f64::from(DRAWS);
    (sum / n, ((squares / n - (sum / n).powi(2)) / n).sqrt())
}

fn assert_mean(jitter: &str, place: usize, expected: f64) {
    let policy = Policy::exponential(Duration::from_secs(8)).jitter(jitter.parse().unwrap());
    let (mean, error) = mean(&policy.build().unwrap(), place);
    assert!(
        (mean - expected).abs() <= 4.0 * error,
        "{jitter} after send {place}: {mean} ± {error}"
    );
    assert!(error > 0.0, "{jitter} draws");
}

/// v is 16 s after the second send.
#[test]
fn full_jitter_has_half_of_the_wait_as_its_mean() {
    assert_mean("full", 1, 8.0);
}

#[test]
fn equal_jitter_has_three_quarters_of_the_wait_as_its_mean() {
    assert_mean("equal", 1, 12.0);
}

#[test]
fn symmetric_laws_keep_the_mean() {
    assert_mean("proportional 0.2", 0, 8.0);
    assert_mean("additive 1s", 0, 8.0);
    assert_mean("compounding 0.1", 1, 16.0);
}

#[test]
fn coaps_and_ethernets_laws_have_their_means() {
    assert_mean("once 0.5", 1, 20.0);
    // Whole slots from 0 to 16.
    assert_mean("slots 500ms", 0, 4.0);
}

/// `E[s_n] = 2b 1.5^n - b`: it grows by 1.5, not by 2. For b = 5.
#[test]
fn decorrelated_jitter_grows_by_half_in_the_mean() {
    let policy = Policy::exponential(Duration::from_secs(5)).jitter(Jitter::Decorrelated);
    let policy = policy.build().unwrap();
    let (mut sums, mut squares) = ([0.0; 5], [0.0; 5]);
    for exchange in 1..=DRAWS {
        let mut schedule = Schedule::random(&policy, Stream::jitter(12, 1, exchange));
        for place in 0..5 {
            let wait = schedule.next(&policy, Duration::ZERO).unwrap().timeout.as_secs_f64();
            sums[place] += wait;
            squares[place] += wait * wait;
        }
    }
    let n = f64::from(DRAWS);
    for (place, expected) in [10.0, 17.5, 28.75, 45.625, 70.9375].into_iter().enumerate() {
        let mean: f64 = sums[place] / n;
        let error = ((squares[place] / n - mean * mean) / n).sqrt();
        assert!((mean - expected).abs() <= 4.0 * error, "s_{}: {mean} ± {error}", place + 1);
    }
    // Without draws the schedule shows these means.
    let sends: Vec<f64> = policy.sends().take(4).map(|at| at.as_secs_f64()).collect();
    assert_eq!(sends, [0.0, 10.0, 27.5, 56.25]);
}

#[test]
fn every_law_is_read_as_it_is_shown() {
    for law in [
        "none",
        "full",
        "equal",
        "decorrelated",
        "proportional 0.2",
        "proportional 0.2 later",
        "once 0.5",
        "compounding 0.1",
        "compounding 0.1 up",
        "additive 1s",
        "slots 51.2us",
    ] {
        assert_eq!(law.parse::<Jitter>().unwrap().to_string(), law);
    }
    for bad in [
        "",
        "some",
        "full 1",
        "once",
        "once 2",
        "once -1",
        "slots 0s",
        "additive 1",
        "none later",
        "proportional 0.2 up",
        "compounding 0.1 later",
        "equal 0.5 later x",
    ] {
        assert_eq!(bad.parse::<Jitter>(), Err(JitterError), "{bad}");
    }
}

#[test]
fn grpcs_first_connection_wait_is_exact_and_the_others_are_not() {
    let policy = Preset::GrpcConnect.policy();
    let sends = |exchange| policy.sends_of(1, exchange).take(3).collect::<Vec<_>>();
    let (one, two) = (sends(1), sends(2));
    assert_eq!((one[1], two[1]), (Duration::from_secs(1), Duration::from_secs(1)));
    assert_ne!(one[2], two[2]);
}
