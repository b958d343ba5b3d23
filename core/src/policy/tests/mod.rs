mod budgets;
mod defects;
mod hints;
mod jitter;
mod pacer;
mod properties;
mod refusals;
mod rtt;
mod schedules;
mod timetable;

use super::*;
use alloc::string::ToString;
use alloc::vec::Vec;
use proptest::prelude::*;

fn ms(policy: &Policy) -> Vec<u64> {
    policy.sends().take(20).map(|at| at.as_millis() as u64).collect()
}

/// Whatever can change a wait makes a policy less than plain.
#[test]
fn a_policy_with_draws_or_other_waits_is_not_plain() {
    let second = Duration::from_secs(1);
    let base = || Policy::exponential(second);
    assert!(base().build().unwrap().is_plain() && Policy::textbook().is_plain());
    let delay = Delay { least: second, most: second };
    for policy in [
        base().backoff(Backoff::Constant),
        base().linear_timeouts(1),
        base().attempt_timeout(Some(second)),
        base().max_sends(Some(3)).last_timeout(Some(second)),
        base().first_delay(Some(delay)),
        base().jitter(Jitter::Full),
        base().deadline(Some(second)),
    ] {
        let policy = policy.build().unwrap();
        assert!(!policy.is_plain(), "{policy:?}");
    }
}

#[test]
fn each_bound_stops_the_textbook_schedule_where_it_says() {
    let millis = |n| Some(Duration::from_millis(n));
    let textbook = Policy::textbook().to_builder();
    let cases: [(PolicyBuilder, &[u64], u64); 8] = [
        (textbook, &[0, 100, 300, 700, 1500], 3_100),
        (textbook.max_sends(Some(1)), &[0], 100),
        (textbook.max_sends(Some(3)), &[0, 100, 300], 700),
        // The cap shortens the waits; `give_up_above` compares the wait before the cap.
        (textbook.max_timeout(millis(500)), &[0, 100, 300, 700, 1200], 1_700),
        // A deadline cuts the wait that it falls into ...
        (textbook.deadline(millis(1_000)), &[0, 100, 300, 700], 1_000),
        // ... and a send that would fall on it is not made.
        (textbook.deadline(millis(700)), &[0, 100, 300], 700),
        (textbook.give_up_above(millis(1_600)), &[0, 100, 300, 700, 1500], 3_100),
        (textbook.give_up_above(millis(1_599)), &[0, 100, 300, 700], 1_500),
    ];
    for (builder, sends, gives_up) in cases {
        let policy = builder.build().unwrap();
        assert_eq!(ms(&policy), sends, "{policy:?}");
        assert_eq!(policy.gives_up_after(), millis(gives_up), "{policy:?}");
    }
}

#[test]
fn the_last_wait_is_marked_as_such() {
    let policy = Policy::textbook();
    let mut schedule = Schedule::new(&policy);
    let lasts: Vec<bool> = core::iter::from_fn(|| schedule.next(&policy, Duration::ZERO).ok())
        .map(|w| w.last)
        .collect();
    assert_eq!(lasts, [false, false, false, false, true]);
}

#[test]
fn a_policy_without_a_stop_says_that_it_never_gives_up() {
    let endless = Policy::exponential(Duration::from_secs(1)).build().unwrap();
    assert!(endless.never_gives_up());
    assert_eq!(endless.gives_up_after(), None);
    let constant = Policy::textbook().to_builder().multiplier(Factor::ONE).build().unwrap();
    assert!(constant.never_gives_up(), "a constant wait never exceeds give_up_above");
}

#[test]
fn impossible_policies_are_refused_in_one_sentence() {
    let textbook = Policy::textbook().to_builder();
    let zero = Some(Duration::ZERO);
    let short = Some(Duration::from_millis(50));
    for (builder, sentence) in [
        (textbook.max_sends(Some(0)), "policy.max_sends is 0; it must be at least 1"),
        (
            textbook.max_timeout(Some(Duration::ZERO)),
            "policy.max_timeout is 0s; it must be more than 0 and at most 2400h",
        ),
        (
            textbook.deadline(zero),
            "policy.deadline is 0s; it must be more than 0 and at most 2400h",
        ),
        (
            textbook.max_timeout(short),
            "policy.max_timeout is 50ms; it must not be below policy.initial_timeout, 100ms; raise it, or use none",
        ),
        (
            textbook.give_up_above(short),
            "policy.give_up_above is 50ms; it must not be below policy.initial_timeout, 100ms; raise it, or use none",
        ),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), sentence);
    }
}

#[test]
fn factors_are_exact_and_saturate() {
    let factor = Factor::parse("1.6").unwrap();
    assert_eq!(factor.to_string(), "1.6");
    let waits: Vec<u64> =
        core::iter::successors(Some(1_000_000_000), |w| Some(factor.times(*w))).take(5).collect();
    assert_eq!(waits, [1_000_000_000, 1_600_000_000, 2_560_000_000, 4_096_000_000, 6_553_600_000]);
    assert_eq!(Factor::TWO.times(u64::MAX / 2 + 1), u64::MAX);
    assert_eq!(Factor::ONE.times(u64::MAX), u64::MAX);
    // Rounded to the nearest, also where the product needs more than 64 bits.
    let half = Factor::parse("1.5").unwrap();
    for n in [1, 1_000_001, (1 << 52) + 1, (1 << 62) + 1] {
        assert_eq!(half.times(n), n + n / 2 + 1, "{n} is odd: half of it is rounded up");
    }
    assert_eq!(Factor::parse("1.1000000000000001"), Factor::parse("1.1"), "the noise of a float");
    for bad in ["0", "0.99", "1000.000001", "-2", "two", ""] {
        assert_eq!(Factor::parse(bad), None, "{bad}");
    }
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let wait = 1u64..1 << 53;
    let some = prop::option::of::<core::ops::Range<u64>>;
    (wait.clone(), 1_000_000u32..=10_000_000, some(wait.clone()), some(wait.clone()))
        .prop_flat_map(move |(first, factor, cap, above)| {
            (Just((first, factor, cap, above)), prop::option::of(1u32..200), some(wait.clone()))
        })
        .prop_filter_map("bounds below the first wait", |((first, factor, cap, above), n, end)| {
            let ns = Duration::from_nanos;
            Policy::exponential(ns(first))
                .multiplier(Factor::from_millionths(factor)?)
                .max_timeout(cap.map(ns))
                .give_up_above(above.map(ns))
                .max_sends(n)
                .deadline(end.map(ns))
                .build()
                .ok()
        })
}

proptest! {
    /// The short way through a plain schedule is the way of any other schedule.
    #[test]
    fn a_plain_schedule_steps_like_any_other(policy in any_policy(), doubles: bool) {
        let multiplier = if doubles { Factor::TWO } else { policy.multiplier() };
        let policy = policy.to_builder().deadline(None).multiplier(multiplier).build().unwrap();
        prop_assert!(policy.is_plain());
        let (mut plain, mut full) = (Schedule::plain(&policy), Schedule::new(&policy));
        for _ in 0..300 {
            let next = full.next(&policy, Duration::ZERO);
            match plain.step_plain(&policy) {
                Some(step) => prop_assert_eq!(Ok(step.wait()), next),
                None => {
                    prop_assert!(next.is_err());
                    prop_assert_eq!(plain.next(&policy, Duration::ZERO), next);
                    break;
                }
            }
            prop_assert_eq!(plain.sends(), full.sends());
        }
    }

    /// Waits grow up to their cap, stay within every bound, and never reach past the deadline.
    #[test]
    fn waits_keep_every_bound(policy in any_policy()) {
        let mut schedule = Schedule::new(&policy);
        let (mut elapsed, mut before) = (Duration::ZERO, Duration::ZERO);
        for sends in 1..=300u32 {
            let Ok(wait) = schedule.next(&policy, elapsed) else {
                prop_assert!(sends > 1, "the first send always happens");
                break;
            };
            prop_assert_eq!(schedule.sends(), sends);
            prop_assert!(policy.max_sends.is_none_or(|most| sends <= most));
            prop_assert!(policy.max_timeout.is_none_or(|cap| wait.timeout <= cap));
            prop_assert!(policy.deadline.is_none_or(|end| elapsed + wait.timeout <= end));
            prop_assert!(wait.timeout >= before || policy.deadline == Some(elapsed + wait.timeout));
            prop_assert!(wait.timeout > Duration::ZERO);
            before = wait.timeout;
            elapsed += wait.timeout;
            if wait.last {
                prop_assert!(schedule.next(&policy, elapsed).is_err());
                break;
            }
        }
    }
}

#[test]
fn fields_without_effect_say_why() {
    let unused = |preset: Preset, field| preset.policy().unused(field);
    for (preset, field, why) in [
        (Preset::Textbook, "multiplier", None),
        (Preset::Textbook, "timeouts", Some("backoff is not list")),
        (Preset::Textbook, "last_timeout", Some("max sends is none")),
        (Preset::Textbook, "min_timeout", Some("adaptive is none")),
        (Preset::Textbook, "deadline_rule", Some("deadline is none")),
        (Preset::Wget, "multiplier", Some("backoff is not exponential")),
        (Preset::KubernetesCrashloop, "initial_timeout", Some("the waits are a list")),
        (Preset::KubernetesCrashloop, "linear_timeouts", Some("the waits are a list")),
        (Preset::KubernetesCrashloop, "timeouts", None),
        (Preset::Snmp, "give_up_above", Some("no wait grows")),
        (Preset::Snmp, "increment", Some("backoff is neither linear nor exponential")),
    ] {
        assert_eq!(unused(preset, field), why, "{preset} {field}");
    }
}
