//! Repeats Brooker's retry simulation ("Fixing retries with token buckets and circuit breakers", 2022)
//! without its network: 100 clients, each with as many calls as a Poisson process of 10 a second
//! makes in 10 s, against a server that fails each send with probability f. The pacer is driven
//! directly; times do not matter here, because no rule depends on them.

use crate::sample::Sample;
use retrylab_core::policy::{Pacer, Policy, PolicyBuilder};
use retrylab_core::random::{Name, Probability, Purpose, Stream};
use retrylab_core::time::{Duration, Instant};

const RUNS: u32 = 20;
/// Run r has the seed `SEED + r`.
const SEED: u64 = 2_022;

/// Returns the share of calls that succeed and the sends per call in one run, both in percent.
fn run(policy: &Policy, fails: Probability, seed: u64) -> (f64, f64) {
    let (mut calls, mut sends, mut successes) = (0u32, 0u32, 0u32);
    for flow in 1..=100 {
        let mut draws = Name::exchange(seed, flow, 0).stream(Purpose::ServerDrop);
        let mut pacer = Pacer::new(policy);
        // Times between the arrivals of a Poisson process are exponential, here of 0.1 s.
        let mut gap = || -0.1 * (1.0 - draws.unit()).ln();
        let arrivals = std::iter::successors(Some(gap()), |at| Some(at + gap()));
        let own = arrivals.take_while(|at| *at < 10.0).count() as u32;
        for exchange in 1..=own {
            let stream = Name::exchange(seed, flow, exchange).stream(Purpose::Jitter);
            let (sent, answered) = call(&mut pacer, policy, stream, || draws.chance(fails));
            sends += sent;
            successes += u32::from(answered);
        }
        calls += own;
    }
    let percent = |count: u32| 100.0 * f64::from(count) / f64::from(calls);
    (percent(successes), percent(sends))
}

/// Makes one call; returns the number of sends and whether one was answered.
fn call(
    pacer: &mut Pacer,
    policy: &Policy,
    stream: Stream,
    mut fails: impl FnMut() -> bool,
) -> (u32, bool) {
    let (now, elapsed) = (Instant::ZERO, Duration::ZERO);
    pacer.begin(policy, now, stream).expect("a first send is never blocked");
    let mut sent = 0;
    while pacer.next(policy, now, elapsed).is_ok() {
        sent += 1;
        if !fails() {
            pacer.answered(now, sent, elapsed);
            return (sent, true);
        }
    }
    pacer.gave_up(now, sent);
    (sent, false)
}

/// Returns success and load of [`RUNS`] runs.
fn runs(name: &str, policy: PolicyBuilder, fails: &str) -> [Sample; 2] {
    let (policy, fails) = (policy.build().unwrap(), Probability::parse(fails).unwrap());
    let of = (0..RUNS).map(|r| run(&policy, fails, SEED + u64::from(r)));
    let (success, load): (Vec<f64>, Vec<f64>) = of.unzip();
    let [success, load] = [Sample::of(&success), Sample::of(&load)];
    println!(
        "{name}, seeds from {SEED}: success {:.3} ({:.3}), load {:.3} ({:.3})",
        success.mean, success.deviation, load.mean, load.deviation,
    );
    [success, load]
}

/// Policy of a client that retries immediately, with a maximum number of sends.
fn at_once(retries: Option<u32>) -> PolicyBuilder {
    Policy::exponential(Duration::from_nanos(1)).max_sends(retries.map(|n| n + 1))
}

/// Each published number is assumed to be that of one run, rounded to a digit: the mean of these runs may
/// differ by four deviations of that difference, and by half a unit of the digit.
///
/// The published bucket adds up tenths as floats, so that a whole token is sometimes above 1 and sometimes
/// not. That changes at most one deposit per client: 0.1 sends per hundred calls.
#[test]
fn the_published_success_and_load_come_out() {
    let three = || at_once(Some(3));
    let bucket = || at_once(None).budget(Some("bucket 5 0.1".parse().unwrap()));
    let breaker = || three().breaker(Some("share 0.1".parse().unwrap()));
    for (name, policy, fails, published, floats) in [
        ("3 retries, f = 0.1", three(), "0.1", [99.98, 111.1], 0.0),
        ("3 retries, f = 0.5", three(), "0.5", [93.47, 189.4], 0.0),
        ("bucket, f = 0.1", bucket(), "0.1", [99.23, 110.2], 0.1),
        ("bucket, f = 0.5", bucket(), "0.5", [57.19, 114.4], 0.1),
        ("breaker, f = 0.1", breaker(), "0.1", [93.08, 103.6], 0.0),
        ("breaker, f = 0.5", breaker(), "0.5", [49.96, 100.0], 0.0),
    ] {
        let measured = runs(name, policy, fails);
        for ((measured, published), digit) in measured.iter().zip(published).zip([0.01, 0.1]) {
            let spread = 4.0 * measured.deviation * (1.0 + 1.0 / f64::from(RUNS)).sqrt();
            let allowed = spread + digit / 2.0 + floats;
            let off = measured.mean - published;
            assert!(off.abs() <= allowed, "{name}: {off:+} from {published}, {allowed} allowed");
        }
    }
}

/// With N retries: success 1 - f^(N+1), load (1 - f^(N+1)) / (1 - f).
#[test]
fn a_number_of_retries_gives_what_the_closed_form_says() {
    for (text, f) in [("0.1", 0.1f64), ("0.5", 0.5)] {
        for retries in 0..=4 {
            let name = format!("{retries} retries, f = {f}");
            let success = 1.0 - f.powi(retries as i32 + 1);
            let expected = [100.0 * success, 100.0 * success / (1.0 - f)];
            for (measured, expected) in
                runs(&name, at_once(Some(retries)), text).iter().zip(expected)
            {
                let allowed = 4.0 * measured.deviation / f64::from(RUNS).sqrt();
                let off = measured.mean - expected;
                // A load without retries is exactly 1, except for rounding errors.
                assert!(off.abs() <= allowed + 1e-9, "{name}: {off:+} from {expected}");
            }
        }
    }
}
