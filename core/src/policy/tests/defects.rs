//! Defects of other retry libraries, with at least one test each. The comments name the libraries.

use super::super::*;
use crate::client::{Client, Config};
use crate::machine::Machine;
use crate::time::{Duration, Instant};
use alloc::string::ToString;
use alloc::vec::Vec;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn waits(policy: &Policy, exchange: u32, most: usize) -> Vec<Duration> {
    let mut schedule =
        Schedule::random(policy, Name::exchange(5, 1, exchange).stream(Purpose::Jitter));
    let next = || schedule.next(policy, Duration::ZERO).ok().map(|wait| wait.timeout);
    core::iter::from_fn(next).take(most).collect()
}

fn jittered(first: Duration, jitter: Jitter) -> PolicyBuilder {
    Policy::exponential(first).jitter(jitter)
}

/// Defect 1 (exponential-backoff, tower): the jitter is computed and not used, or lost to a whole
/// number of seconds, or the same in every session.
#[test]
fn defect_1_jitter_is_not_absent() {
    for first in [secs(1), secs(2), Duration::from_millis(990)] {
        for jitter in [Jitter::Full, Jitter::Proportional(Share::percent(99))] {
            let policy = jittered(first, jitter).build().unwrap();
            let drawn: Vec<Duration> = (1..=200).map(|e| waits(&policy, e, 1)[0]).collect();
            let mut distinct = drawn.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert!(distinct.len() > 190, "{jitter} of {first:?}: {} of 200", distinct.len());
            let broken = drawn.iter().filter(|wait| wait.subsec_nanos() != 0).count();
            assert!(broken > 190, "not in whole seconds: {broken}");
        }
    }
}

/// Defect 2 (tenacity, p-retry, stamina; backon): jitter before the cap makes every client equal at
/// the cap; jitter after it without a bound overshoots.
#[test]
fn defect_2_jitter_survives_at_the_cap_within_its_bound() {
    let cap = secs(8);
    for mode in [
        "full",
        "equal",
        "decorrelated",
        "proportional 0.2",
        "compounding 0.1",
        "additive 1s",
        "slots 1ms",
    ] {
        let jitter: Jitter = mode.parse().unwrap();
        let policy = jittered(secs(1), jitter).max_timeout(Some(cap)).build().unwrap();
        let bound = Duration::from_nanos(jitter.bound(nanos(cap)));
        let mut tenth: Vec<Duration> = Vec::new();
        for exchange in 1..=200 {
            let waits = waits(&policy, exchange, 10);
            assert!(waits.iter().all(|wait| *wait <= bound), "{mode}: {waits:?}");
            tenth.push(waits[9]);
        }
        tenth.sort_unstable();
        tenth.dedup();
        // Decorrelated waits are the cap in two draws of three; the third is still anywhere.
        assert!(tenth.len() > 40, "{mode}: {} different waits of 200 at the cap", tenth.len());
    }
}

/// Defect 3 (go-retry, failsafe, Polly): jitter of zero panics, or jitter above the wait gives a negative
/// sleep.
#[test]
fn defect_3_jitter_of_zero_or_more_than_the_wait_is_fine() {
    for mode in
        ["proportional 0", "once 0", "compounding 0", "additive 0s", "additive 1h", "slots 1h"]
    {
        let policy = jittered(Duration::from_nanos(1), mode.parse().unwrap()).build().unwrap();
        for exchange in 1..=50 {
            assert_eq!(waits(&policy, exchange, 80).len(), 80, "{mode}");
        }
    }
    let none = jittered(secs(1), Jitter::Proportional(Share::percent(0))).build().unwrap();
    assert_eq!(waits(&none, 1, 3), [secs(1), secs(2), secs(4)]);
}

/// Defect 4 (retry-go, cockatiel, Polly, cenkalti, latte): waits overflow to zero, to a negative number
/// or to NaN.
#[test]
fn defect_4_long_schedules_saturate() {
    for mode in ["none", "full", "decorrelated", "compounding 1", "proportional 1"] {
        let policy = jittered(secs(1), mode.parse().unwrap()).build().unwrap();
        let waits = waits(&policy, 1, 3_000);
        assert_eq!(waits.len(), 3_000);
        let longest = waits.iter().max().unwrap();
        assert!(*longest > secs(1 << 30), "{mode}: {longest:?}");
        let capped = jittered(secs(1), mode.parse().unwrap()).max_timeout(Some(secs(60)));
        let capped = capped.build().unwrap();
        let mut schedule =
            Schedule::random(&capped, Name::exchange(5, 1, 1).stream(Purpose::Jitter));
        for _ in 0..3_000 {
            let wait = schedule.next(&capped, Duration::MAX).unwrap().timeout;
            assert!(wait <= secs(120), "{mode} ignores the cap: {wait:?}");
        }
    }
}

/// Defect 5 (tokio-retry, cockatiel): the parameter is not what its name says; "retries" are not
/// attempts.
#[test]
fn defect_5_fields_mean_what_they_say() {
    let policy = Policy::exponential(Duration::from_millis(50)).max_sends(Some(4));
    let sends = |policy: Policy| policy.sends().map(|at| at.as_millis()).collect::<Vec<_>>();
    assert_eq!(sends(policy.build().unwrap()), [0, 50, 150, 350], "50, 100, 200 ms, four sends");
    let tripled = policy.multiplier(Factor::parse("3").unwrap());
    assert_eq!(sends(tripled.build().unwrap()), [0, 50, 200, 650]);
    // The multiplier is not ignored by jitter modes either: their upper ends grow by it.
    for mode in ["full", "equal", "proportional 0.5"] {
        let tripled = tripled.jitter(mode.parse().unwrap()).build().unwrap();
        let longest: Duration = (1..=200).map(|e| waits(&tripled, e, 3)[2]).max().unwrap();
        assert!(longest > Duration::from_millis(400), "{mode}: {longest:?} of 450");
    }
}

/// Defect 6 (tenacity, cenkalti, stripe-node): a deadline of 5 s takes effect at 7 s; a hint past the deadline
/// is misinterpreted.
#[test]
fn defect_6_a_deadline_is_kept() {
    let five = Policy::exponential(secs(1)).deadline(Some(secs(5)));
    let at = five.build().unwrap();
    assert_eq!(at.gives_up_after(), Some(secs(5)));
    let before = five.deadline_rule(DeadlineRule::Before).build().unwrap();
    assert_eq!(before.gives_up_after(), Some(secs(3)), "the wait of 4 s from 3 s on is not begun");
    // A hint of 30 minutes and a deadline of 15: the exchange is over, and says why.
    let quarter = Policy::exponential(secs(1)).deadline(Some(secs(900))).build().unwrap();
    let mut schedule = Schedule::new(&quarter);
    let wait = schedule.next(&quarter, Duration::ZERO).unwrap();
    let hint = Some(Hint::After(secs(1_800)));
    let stop = schedule.after_failure(&quarter, wait, Duration::ZERO, hint);
    assert_eq!(stop, Err(Stop::Deadline));
    // A hint of two minutes is followed, not discarded.
    let hint = Some(Hint::After(secs(120)));
    let pause = schedule.after_failure(&quarter, wait, Duration::ZERO, hint).unwrap();
    assert!(pause >= secs(120), "{pause:?}");
}

/// Defect 7 (resilience4j, Polly, backon): there is no cap, or one backoff ignores it.
#[test]
fn defect_7_every_backoff_respects_its_cap() {
    let cap = Some(secs(7));
    let base = Policy::exponential(secs(1)).max_timeout(cap);
    let list = Timeouts::new(&[secs(1), secs(100)]).unwrap();
    for policy in [
        base.backoff(Backoff::Constant),
        base.backoff(Backoff::Linear).increment(secs(3)),
        base,
        base.backoff(Backoff::Fibonacci),
        base.backoff(Backoff::List).timeouts(list),
    ] {
        let policy = policy.build().unwrap();
        let waits = waits(&policy, 1, 40);
        assert!(waits.iter().all(|wait| *wait <= secs(7)), "{:?}: {waits:?}", policy.backoff());
    }
}

/// Defect 8 (failsafe): after a success the backoff continues where it was.
#[test]
fn defect_8_a_new_exchange_begins_with_the_first_wait() {
    let policy = Policy::textbook();
    let mut pacer = Pacer::new(&policy);
    for exchange in 1..=3 {
        pacer
            .begin(&policy, Instant::ZERO, Name::exchange(1, 1, exchange).stream(Purpose::Jitter))
            .unwrap();
        let mut elapsed = Duration::ZERO;
        for expected in [100, 200, 400] {
            let wait = pacer.next(&policy, Instant::ZERO, elapsed).unwrap().timeout;
            assert_eq!(wait, Duration::from_millis(expected), "exchange {exchange}");
            elapsed += wait;
        }
        pacer.answered(Instant::ZERO, 3, elapsed);
    }
}

/// Defects 9 and 10 (backoff and jazz in wasm; failsafe, Polly, stamina, tokio's paused time): the library
/// reads a clock that does not exist, or not that of the test. Here the caller passes the time, which may
/// stop or jump.
#[test]
fn defects_9_and_10_time_is_what_the_caller_says() {
    let peer = "192.0.2.1:1060".parse().unwrap();
    let config = Config::textbook(peer, b"hello").policy(Preset::AwsStandard.policy());
    let mut client = Client::new(config);
    let mut buf = Vec::new();
    assert!(client.poll_transmit(Instant::ZERO, &mut buf).is_some());
    let (timer, deadline) = client.poll_timeout().unwrap();
    for _ in 0..1_000 {
        client.handle_timeout(Instant::ZERO);
        assert!(client.poll_transmit(Instant::ZERO, &mut buf).is_none(), "a busy loop");
    }
    assert_eq!(
        client.poll_timeout(),
        Some((timer, deadline)),
        "a clock that stops changes nothing"
    );
    // Not a nanosecond early (249 ms for 250 ms), and at once when time jumps.
    client.handle_timeout(Instant::from_nanos(deadline.as_nanos() - 1));
    assert!(client.poll_transmit(deadline, &mut buf).is_none());
    client.handle_timeout(Instant::from_millis(3_600_000));
    assert!(client.poll_transmit(Instant::from_millis(3_600_000), &mut buf).is_some());
}

/// Defect 11 (docker-agent, jp): clients with the same hint retry together.
#[test]
fn defect_11_a_hint_does_not_form_the_herd_anew() {
    let policy = Policy::textbook();
    let asked = Duration::from_secs(10);
    let mut pauses: Vec<Duration> = (1..=100)
        .map(|client| {
            let mut schedule =
                Schedule::random(&policy, Name::exchange(1, client, 1).stream(Purpose::Jitter));
            let wait = schedule.next(&policy, Duration::ZERO).unwrap();
            let hint = Some(Hint::After(asked));
            schedule.after_failure(&policy, wait, Duration::ZERO, hint).unwrap()
        })
        .collect();
    assert!(pauses.iter().all(|pause| *pause >= asked && *pause <= asked * 3 / 2), "{pauses:?}");
    pauses.sort_unstable();
    let closest = pauses.windows(20).map(|some| some[19] - some[0]).min().unwrap();
    assert!(closest > Duration::from_millis(300), "20 of 100 come within {closest:?}");
}

/// Defect 12 (tower-resilience): a parameter is accepted and has no effect.
#[test]
fn defect_12_every_parameter_of_a_budget_has_an_effect() {
    let retries = |rule: &str| {
        let mut budget = Budget::new(rule.parse().unwrap());
        let mut stream = Name::exchange(1, 1, 1).stream(Purpose::Jitter);
        let mut count = 0;
        for second in 0..30 {
            let now = Instant::from_millis(second * 1_000);
            for call in 0..20 {
                let sent = budget.first(now, &mut stream);
                budget.failed();
                count += u32::from(sent && budget.retry(now, false, &mut stream));
                budget.ended(now, call % 2 == 0, call % 3);
            }
        }
        count
    };
    for (rule, others) in [
        ("throttle 10 0.5", &["throttle 20 0.5", "throttle 10 0.9"][..]),
        ("deposits 0.2 1 10s", &["deposits 0.5 1 10s", "deposits 0.2 3 10s", "deposits 0.2 1 20s"]),
        ("quota 50 5 1", &["quota 90 5 1", "quota 50 9 1", "quota 50 5 3"]),
        ("concurrent 0 0", &["concurrent 0 2"]),
        ("concurrent 0.1 0", &["concurrent 1 0"]),
        ("adaptive 1.1 2s", &["adaptive 1.5 2s", "adaptive 1.1 20s"]),
    ] {
        for other in others {
            assert_ne!(retries(rule), retries(other), "{rule} and {other}");
        }
    }
    let error = Policy::textbook().to_builder().increment(secs(1)).backoff(Backoff::Constant);
    let error = error.build().unwrap_err().to_string();
    assert_eq!(error, "policy.increment does not fit policy.backoff, constant: it must be 0s");
}
