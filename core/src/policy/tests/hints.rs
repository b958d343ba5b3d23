//! Hints of a server, and the effect of a reported failure on schedule and budget.

use super::super::*;
use crate::time::{Duration, Instant};
use alloc::vec::Vec;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The waits after the next sends, at one end of their draws.
fn waits(schedule: &mut Schedule, policy: &Policy) -> Vec<Duration> {
    (0..4).map(|_| schedule.next(policy, Duration::ZERO).unwrap().timeout).collect()
}

/// gRFC A6: a push-back is an exact wait, and the backoff "resets to the initial" one. It does so under
/// every mode, whatever it stores of earlier waits.
#[test]
fn after_an_exact_hint_every_schedule_restarts() {
    let list = Timeouts::new(&[1, 7, 2, 9, 9, 9].map(secs)).unwrap();
    let base = Policy::exponential(secs(1)).hint(HintRule::Exact);
    for builder in [
        base,
        base.multiplier(Factor::parse("3").unwrap()),
        base.backoff(Backoff::Constant),
        base.backoff(Backoff::Linear).increment(secs(2)),
        base.backoff(Backoff::Fibonacci),
        base.backoff(Backoff::List).timeouts(list),
        base.jitter(Jitter::Full),
        base.jitter(Jitter::Decorrelated),
        base.jitter(Jitter::Once(Share::percent(50))),
        base.jitter(Jitter::Compounding(Share::percent(10))),
        base.jitter(Jitter::CompoundingUp(Share::percent(10))),
        base.jitter(Jitter::Compounding(Share::percent(100))).multiplier(Factor::ONE),
    ] {
        let policy = builder.build().unwrap();
        for draw in [Draw::Nominal, Draw::Least, Draw::Most] {
            let mut schedule = Schedule::drawn(&policy, secs(1), draw.clone());
            let fresh = waits(&mut schedule, &policy);
            for hint in 1..=2 {
                let planned = Wait { timeout: secs(1), pause: Duration::ZERO, last: false };
                let hinted = Some(Hint::After(secs(30)));
                let pause = schedule.after_failure(&policy, planned, Duration::ZERO, hinted);
                assert_eq!(pause, Ok(secs(30)));
                let again = waits(&mut schedule, &policy);
                assert_eq!(again, fresh, "{draw:?}, after hint {hint}: {policy:?}");
            }
            assert_eq!(schedule.sends(), 12, "the number of sends is kept");
        }
    }
}

/// Each rule's shortest and longest pause for a hint of 10 s.
#[test]
fn each_rule_keeps_its_range() {
    let cases: [(&str, u64, [u64; 2]); 8] = [
        ("ignore", 3, [3, 3]),
        ("exact", 3, [10, 10]),
        ("jitter 0", 3, [10, 10]),
        ("jitter 0.5", 3, [10, 15]),
        ("jitter 1", 60, [10, 20]),
        // botocore: max(t, min(hint, t + 5)), where t is the schedule's own wait.
        ("clamp 5s", 3, [8, 8]),
        ("clamp 5s", 7, [10, 10]),
        ("clamp 5s", 12, [12, 12]),
    ];
    for (rule, own, expected) in cases {
        let policy = Policy::exponential(secs(1)).hint(rule.parse().unwrap()).build().unwrap();
        let pauses = [Draw::Least, Draw::Most].map(|draw| {
            let mut schedule = Schedule::drawn(&policy, secs(1), draw);
            schedule.next(&policy, Duration::ZERO).unwrap();
            let planned = Wait { timeout: secs(own), pause: Duration::ZERO, last: false };
            let hint = Some(Hint::After(secs(10)));
            schedule.after_failure(&policy, planned, Duration::ZERO, hint).unwrap()
        });
        assert_eq!(pauses, expected.map(secs), "{rule} with {own} s to wait");
    }
}

/// A hint does not extend the number of sends, and hints that overflow saturate.
#[test]
fn a_hint_lifts_no_bound() {
    let after = |rule: HintRule, hint, max_sends| {
        let policy = Policy::exponential(secs(1)).hint(rule).max_sends(max_sends).build().unwrap();
        let mut schedule = Schedule::drawn(&policy, secs(1), Draw::Most);
        let planned = schedule.next(&policy, Duration::ZERO).unwrap();
        schedule.after_failure(&policy, planned, Duration::ZERO, Some(hint))
    };
    let soon = Hint::After(Duration::from_nanos(1));
    let never = Hint::After(Duration::MAX);
    assert_eq!(after(HintRule::Exact, soon, Some(1)), Err(Stop::MaxSends));
    assert_eq!(after(HintRule::Ignore, Hint::Never, None), Err(Stop::PushedBack));
    for rule in [HintRule::Jitter(Share::percent(100)), HintRule::Clamp(LONGEST), HintRule::Exact] {
        // Without a deadline: the longest time there is, or none, but not a short one.
        let pause = after(rule, never, None);
        assert!(pause.is_err() || pause.unwrap() > LONGEST, "{rule}: {pause:?}");
    }
}

/// gRFC A6: every failure takes a token, even the one with which the server stops the retries.
#[test]
fn a_failure_that_ends_the_exchange_takes_its_token() {
    let builder = Preset::Grpc.policy().to_builder();
    for (policy, hint, stop) in [
        (builder, Some(Hint::Never), Stop::PushedBack),
        (builder.max_sends(Some(1)), None, Stop::MaxSends),
        (builder.deadline(Some(secs(1))), Some(Hint::After(secs(5))), Stop::Deadline),
    ] {
        let policy = policy.build().unwrap();
        let mut pacer = Pacer::new(&policy);
        for exchange in 1..=5 {
            pacer
                .begin(
                    &policy,
                    Instant::ZERO,
                    Name::exchange(1, 1, exchange).stream(Purpose::Jitter),
                )
                .unwrap();
            let wait = pacer.next(&policy, Instant::ZERO, Duration::ZERO).unwrap();
            let end = pacer.after_failure(&policy, wait, Duration::ZERO, hint);
            assert_eq!(end, Err(stop));
            pacer.gave_up(Instant::ZERO, 1);
        }
        // Five of ten tokens are gone: what is left is not more than half.
        let patient = policy.to_builder().max_sends(Some(2)).deadline(None).build().unwrap();
        pacer
            .begin(&patient, Instant::ZERO, Name::exchange(1, 1, 6).stream(Purpose::Jitter))
            .unwrap();
        pacer.next(&patient, Instant::ZERO, Duration::ZERO).unwrap();
        let retry = pacer.next(&patient, Instant::ZERO, secs(1));
        assert_eq!(retry, Err(Stop::Budget), "after five times {stop:?}");
    }
}

/// gRFC A6 has the push-back, botocore `x-amz-retry-after`, curl Retry-After. The retries of no other source
/// follow hints; the textbook's client does, as any policy does by default.
#[test]
fn presets_follow_hints_where_their_sources_do() {
    use Preset as P;
    for preset in P::ALL {
        let policy = preset.policy();
        let mut schedule = Schedule::new(&policy);
        let wait = schedule.next(&policy, Duration::ZERO).unwrap();
        let hint = Some(Hint::After(secs(7)));
        let pause = schedule.after_failure(&policy, wait, Duration::ZERO, hint);
        if preset == &P::UdpPinger {
            assert_eq!(pause, Err(Stop::MaxSends), "it never sends again");
            continue;
        }
        let pause = pause.unwrap();
        let expected = match preset {
            P::Textbook | P::Grpc | P::GrpcHedging | P::Curl => secs(7),
            P::AwsStandard2026 | P::AwsDynamodb2026 => wait.timeout + secs(5),
            _ => wait.timeout,
        };
        assert_eq!(pause, expected, "{preset}");
    }
    assert_eq!(P::Textbook.policy().hint(), HintRule::default());
}
