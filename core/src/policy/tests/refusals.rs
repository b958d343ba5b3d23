//! Values that their text forms refuse are refused when they are built from types, too; and no
//! schedule may become a busy loop.

use super::super::*;
use crate::time::Duration;
use alloc::string::ToString;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn list(waits: &[u64]) -> PolicyBuilder {
    let waits: alloc::vec::Vec<Duration> = waits.iter().copied().map(ms).collect();
    Policy::exponential(ms(100)).backoff(Backoff::List).timeouts(Timeouts::new(&waits).unwrap())
}

#[test]
fn typed_values_are_refused_like_their_texts() {
    let base = Policy::exponential(ms(100));
    let backwards = Delay { least: ms(2), most: ms(1) };
    let late = Delay { least: LONGEST + ms(1), most: LONGEST + ms(1) };
    let rule = |failures, open_for| Some(BreakerRule::Consecutive { failures, open_for });
    let ttl = |ttl| BudgetRule::Deposits { share: Share::percent(20), per_second: 1, ttl };
    let window = |window| BudgetRule::Adaptive { k: Factor::TWO, window };
    for (builder, field) in [
        (base.jitter(Jitter::Slots(Duration::ZERO)), "jitter"),
        (base.first_delay(Some(backwards)), "first_delay"),
        (base.first_delay(Some(late)), "first_delay"),
        (base.breaker(rule(0, ms(1))), "breaker"),
        (base.breaker(rule(1, Duration::ZERO)), "breaker"),
        (base.budget(Some(ttl(Duration::ZERO))), "budget"),
        (base.budget(Some(window(Duration::ZERO))), "budget"),
    ] {
        let error = builder.build().expect_err(field);
        assert_eq!(error.field(), field, "{error}");
        assert!(error.to_string().starts_with(&alloc::format!("policy.{field} ")), "{error}");
    }
    for builder in [
        base.jitter(Jitter::Slots(ms(1))),
        base.first_delay(Some(Delay { least: ms(1), most: ms(1) })),
        base.breaker(rule(1, ms(1))),
        base.budget(Some(ttl(Duration::from_nanos(10)))),
        base.budget(Some(window(Duration::from_nanos(10)))),
    ] {
        assert!(builder.build().is_ok(), "{:?}", builder.build());
    }
}

/// Waits that grow from the previous draw would ignore these fields, so they are refused.
#[test]
fn fields_that_a_jitter_would_ignore_are_refused() {
    let base = Policy::exponential(ms(100));
    let compounding = base.jitter(Jitter::Compounding(Share::percent(10)));
    let decorrelated = base.jitter(Jitter::Decorrelated);
    for (builder, sentence) in [
        (
            compounding.increment(ms(1)),
            "policy.increment does not fit policy.jitter, compounding: it must be 0s",
        ),
        (
            compounding.linear_timeouts(1),
            "policy.linear_timeouts does not fit policy.jitter, compounding: it must be 0",
        ),
        (
            decorrelated.linear_timeouts(1),
            "policy.linear_timeouts does not fit policy.jitter, decorrelated: it must be 0",
        ),
    ] {
        assert_eq!(builder.build().map_err(|error| error.to_string()), Err(sentence.to_string()));
    }
    assert!(compounding.build().is_ok() && decorrelated.build().is_ok());
}

/// The last wait of a list repeats: without an end of the sends it must not be zero.
#[test]
fn a_list_cannot_end_in_sends_without_a_pause() {
    let error = list(&[100, 0]).build().unwrap_err();
    assert_eq!(error.field(), "timeouts", "{error}");
    assert!(list(&[100, 0]).deadline(Some(ms(1_000))).build().is_err(), "waits of 0 take no time");
    assert!(list(&[100, 0]).max_sends(Some(3)).build().is_ok());
    assert!(list(&[0, 100]).build().is_ok());
}

/// A wait shorter than a slot is always zero: some wait has to be as long as one.
#[test]
fn a_slot_fits_into_some_wait() {
    let slot = |builder: PolicyBuilder| builder.jitter(Jitter::Slots(ms(200))).build();
    let base = Policy::exponential(ms(100));
    for builder in [
        base.backoff(Backoff::Constant),
        base.multiplier(Factor::ONE),
        base.max_timeout(Some(ms(199))),
        list(&[100, 199]),
        // 200 ms once, then 100 ms forever.
        list(&[100, 200, 100]),
    ] {
        assert_eq!(slot(builder).map_err(|error| error.field()), Err("jitter"));
    }
    for builder in [base, base.max_timeout(Some(ms(200))), list(&[100, 200])] {
        assert!(slot(builder).is_ok(), "{:?}", slot(builder));
    }
    assert!(slot(list(&[100, 200, 100]).max_sends(Some(4))).is_ok(), "it has an end");
}

/// Many libraries send again immediately after the first failure.
#[test]
fn a_first_wait_of_zero_is_an_immediate_send() {
    let zero = Policy::exponential(Duration::ZERO);
    let sends = |builder: PolicyBuilder| {
        let policy = builder.build().unwrap();
        policy.sends().map(|at| at.as_millis()).take(5).collect::<alloc::vec::Vec<_>>()
    };
    let abandoning = zero.attempt_timeout(Some(ms(50)));
    assert_eq!(sends(abandoning.max_sends(Some(3))), [0, 50, 100]);
    assert_eq!(sends(zero.max_sends(Some(2))), [0, 0]);
    let linear = zero.backoff(Backoff::Linear).increment(ms(100));
    assert_eq!(sends(linear), [0, 0, 100, 300, 600]);
    assert_eq!(sends(zero.increment(ms(100))), [0, 0, 100, 400, 1_100], "0, then 2 w + 100 ms");
    let deadline = Some(ms(120));
    assert_eq!(sends(abandoning.max_sends(Some(9)).deadline(deadline)), [0, 50, 100]);

    let fibonacci = zero.backoff(Backoff::Fibonacci);
    let breaker = Some(BreakerRule::Consecutive { failures: 1, open_for: ms(1) });
    let budget = Some(BudgetRule::Adaptive { k: Factor::TWO, window: ms(10) });
    let few = zero.max_sends(Some(2));
    for (builder, sentence) in [
        (
            zero,
            "policy.initial_timeout does not fit policy.max_sends, none: every wait would be 0s; limit the sends",
        ),
        (
            zero.jitter(Jitter::Decorrelated),
            "policy.initial_timeout does not fit policy.max_sends, none",
        ),
        (zero.deadline(Some(ms(1))), "policy.initial_timeout does not fit policy.max_sends, none"),
        (fibonacci, "policy.initial_timeout does not fit policy.max_sends, none"),
        (
            few.adaptive(Adaptive::Rfc6298),
            "policy.initial_timeout does not fit policy.adaptive, a measured first wait",
        ),
        (
            few.breaker(breaker),
            "policy.initial_timeout does not fit policy.breaker, which refuses first sends: it must",
        ),
        (
            few.budget(budget),
            "policy.initial_timeout does not fit policy.budget, which refuses first sends: it must",
        ),
    ] {
        let error = builder.build().unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{error}");
    }
}
