//! Properties of all valid policies.

use super::super::*;
use crate::time::{Duration, Instant};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;
use proptest::sample::select;

fn time() -> impl Strategy<Value = Duration> {
    // All orders of magnitude, up to the longest that a policy takes.
    prop_oneof![0u64..10_000, 0u64..10_000_000_000, 0u64..8_640_000_000_000_000]
        .prop_map(Duration::from_nanos)
}

fn share() -> impl Strategy<Value = Share> {
    (0u32..=1_000_000).prop_filter_map("above 1", Share::from_millionths)
}

fn any_jitter() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        2 => Just(Jitter::None),
        1 => Just(Jitter::Full),
        1 => Just(Jitter::Equal),
        1 => Just(Jitter::Decorrelated),
        1 => share().prop_map(Jitter::Proportional),
        1 => share().prop_map(Jitter::ProportionalLater),
        1 => share().prop_map(Jitter::Once),
        1 => share().prop_map(Jitter::Compounding),
        1 => share().prop_map(Jitter::CompoundingUp),
        1 => time().prop_map(Jitter::Additive),
        1 => time().prop_filter_map("a slot of nothing", |slot| {
            (!slot.is_zero()).then_some(Jitter::Slots(slot))
        }),
    ]
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let all = [
        Backoff::Constant,
        Backoff::Linear,
        Backoff::Exponential,
        Backoff::Fibonacci,
        Backoff::List,
    ];
    let some = || prop::option::weighted(0.4, time());
    let growth = (
        select(all.to_vec()),
        time(),
        1_000_000u32..=10_000_000,
        time(),
        prop::collection::vec(time(), 1..=Timeouts::MAX_LEN),
        0u32..4,
    );
    let bounds = (some(), some(), some(), prop::option::of(1u32..40), some(), any::<bool>());
    let adaptive = select(["none", "rfc6298", "rfc9002", "rfc9147"].to_vec());
    let order = select([Cap::Before, Cap::After, Cap::Both].to_vec());
    let others = (any_jitter(), adaptive, any::<bool>(), order);
    (growth, bounds, others).prop_filter_map("a contradiction", |(growth, bounds, others)| {
        let (backoff, first, factor, increment, list, linear) = growth;
        let (cap, above, last, sends, deadline, before) = bounds;
        let (jitter, adaptive, hedging, order) = others;
        let list = Timeouts::new(&list)?;
        let chains = matches!(
            jitter,
            Jitter::Decorrelated | Jitter::Compounding(_) | Jitter::CompoundingUp(_)
        );
        let backoff = if chains { Backoff::Exponential } else { backoff };
        let list = if backoff == Backoff::List { list } else { Timeouts::EMPTY };
        let grows = !chains && matches!(backoff, Backoff::Linear | Backoff::Exponential);
        let adaptive = if backoff == Backoff::List { "none" } else { adaptive };
        let linear = if chains || backoff == Backoff::List { 0 } else { linear };
        Policy::exponential(first)
            .backoff(backoff)
            .multiplier(Factor::from_millionths(factor)?)
            .increment(if grows { increment } else { Duration::ZERO })
            .timeouts(list)
            .linear_timeouts(linear)
            .max_timeout(cap)
            .cap(order)
            .give_up_above(above)
            .last_timeout(last.filter(|_| sends.is_some()))
            .max_sends(sends)
            .deadline(deadline)
            .deadline_rule(if before { DeadlineRule::Before } else { DeadlineRule::At })
            .jitter(jitter)
            .adaptive(adaptive.parse().ok()?)
            .hedging(hedging)
            .build()
            .ok()
    })
}

/// The waits of one exchange that is never answered, with their ends.
fn walk(policy: &Policy, draw: Draw, most: usize) -> (Vec<Duration>, Option<Stop>) {
    let mut sends = policy.sends_drawn(draw);
    let mut waits = Vec::new();
    while waits.len() < most {
        let Some(at) = sends.next() else { break };
        waits.push(sends.elapsed().saturating_sub(at));
    }
    (waits, sends.stop())
}

fn random(exchange: u32) -> Draw {
    Draw::Random(Name::exchange(9, 1, exchange).stream(Purpose::Jitter))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn waits_stay_within_their_stated_bound(policy in any_policy(), exchange in 1u32..) {
        let bound = policy.max_timeout().map_or(u64::MAX, nanos);
        let bound = if policy.caps_jittered_waits() { bound } else { policy.jitter().bound(bound) };
        let bound = Duration::from_nanos(bound);
        let bound = bound.max(policy.last_timeout().unwrap_or_default());
        for draw in [Draw::Nominal, Draw::Least, Draw::Most, random(exchange)] {
            let (waits, stop) = walk(&policy, draw, 200);
            prop_assert!(!waits.is_empty(), "the first send always happens");
            prop_assert!(waits.iter().all(|wait| *wait <= bound), "{bound:?}: {waits:?}");
            let sends = waits.len() as u32;
            prop_assert!(policy.max_sends().is_none_or(|most| sends <= most));
            if policy.never_gives_up() {
                prop_assert_eq!(stop, None);
                prop_assert_eq!(waits.len(), 200);
            }
        }
    }

    /// Each draw is between the minimum and the maximum at its position, as far as all three schedules go.
    /// (This excludes jitter that grows from earlier draws, and deadlines.)
    #[test]
    fn draws_are_between_minimum_and_maximum(policy in any_policy(), exchange in 1u32..) {
        let policy = policy.to_builder().deadline(None).build().unwrap();
        let compounds = matches!(
            policy.jitter(),
            Jitter::Compounding(_) | Jitter::CompoundingUp(_)
        );
        prop_assume!(!compounds || policy.max_timeout().is_none());
        let of = |draw| walk(&policy, draw, 12).0;
        let (least, drawn, most) = (of(Draw::Least), of(random(exchange)), of(Draw::Most));
        // Up to 584 years, where the longest waits saturate and the others come after them.
        let whole = most.iter().take_while(|most| most.as_nanos() < u64::MAX.into());
        for ((least, drawn), most) in least.iter().zip(&drawn).zip(whole) {
            prop_assert!(least <= drawn && drawn <= most, "{least:?} {drawn:?} {most:?}");
        }
    }

    #[test]
    fn waits_without_jitter_never_shrink(policy in any_policy()) {
        let policy = policy.to_builder().jitter(Jitter::None).last_timeout(None).deadline(None);
        let policy = policy.build().unwrap();
        if policy.backoff() != Backoff::List {
            let (waits, _) = walk(&policy, Draw::Nominal, 200);
            prop_assert!(waits.is_sorted(), "{waits:?}");
            let first = policy.initial_timeout().min(policy.max_timeout().unwrap_or(LONGEST));
            prop_assert_eq!(waits[0], first);
        }
    }

    #[test]
    fn the_same_seed_waits_the_same(policy in any_policy(), exchange in 1u32..) {
        prop_assert_eq!(walk(&policy, random(exchange), 50), walk(&policy, random(exchange), 50));
    }

    /// Other exchanges and other clients wait for different times. (If a draw has at least a million values,
    /// a hundred draws in a row cannot be equal by chance.)
    #[test]
    fn other_exchanges_and_other_clients_wait_otherwise(
        first in 1_000_000_000u64..1 << 50,
        share in 1_000u32..=1_000_000,
        mode in 0usize..10,
        seed: u64,
        exchange in 1u32..u32::MAX,
    ) {
        let (first, share) = (Duration::from_nanos(first), Share::from_millionths(share).unwrap());
        let jitter = [
            Jitter::Full,
            Jitter::Equal,
            Jitter::Decorrelated,
            Jitter::Proportional(share),
            Jitter::ProportionalLater(share),
            Jitter::Once(share),
            Jitter::Compounding(share),
            Jitter::CompoundingUp(share),
            Jitter::Additive(Duration::from_millis(1)),
            Jitter::Slots(Duration::from_micros(1)),
        ][mode];
        let policy = Policy::exponential(first).jitter(jitter).max_timeout(Some(first * 4));
        let policy = policy.build().unwrap();
        let of = |seed, flow, exchange| {
            walk(&policy, Draw::Random(Name::exchange(seed, flow, exchange).stream(Purpose::Jitter)), 100).0
        };
        let waits = of(seed, 1, exchange);
        prop_assert_eq!(&waits, &of(seed, 1, exchange));
        prop_assert_ne!(&waits, &of(seed, 1, exchange + 1));
        prop_assert_ne!(&waits, &of(seed, 2, exchange));
        prop_assert_ne!(&waits, &of(seed.wrapping_add(1), 1, exchange));
    }

    /// Under both rules no wait extends past the deadline, and nothing is sent at or after it, whenever
    /// the driver comes back.
    #[test]
    fn a_deadline_is_never_passed(
        policy in any_policy(),
        end in time(),
        exchange in 1u32..,
        late in prop::collection::vec(time(), 50),
    ) {
        let Ok(policy) = policy.to_builder().deadline(Some(end)).build() else { return Ok(()) };
        let mut schedule = Schedule::random(&policy, Name::exchange(9, 1, exchange).stream(Purpose::Jitter));
        let mut elapsed = Duration::ZERO;
        for late in late {
            let Ok(wait) = schedule.next(&policy, elapsed) else { return Ok(()) };
            prop_assert!(elapsed < end);
            prop_assert!(elapsed + wait.timeout <= end, "{elapsed:?} + {wait:?} > {end:?}");
            let pause = schedule.clone().after_failure(&policy, wait, elapsed, None);
            prop_assert!(pause.is_err() || elapsed + pause.unwrap() < end);
            let hint = Some(Hint::After(late));
            let pause = schedule.clone().after_failure(&policy, wait, elapsed, hint);
            prop_assert!(pause.is_err() || elapsed + pause.unwrap() < end);
            // A driver may be late, too.
            elapsed += wait.timeout + late.min(Duration::from_millis(1));
        }
    }

    /// Numbers saturate in long exchanges: 2^32 sends neither panic nor wrap to zero.
    #[test]
    fn the_last_of_four_billion_sends_is_like_any_other(policy in any_policy()) {
        let policy = policy.to_builder().max_sends(None).last_timeout(None).deadline(None);
        let Ok(policy) = policy.give_up_above(None).build() else { return Ok(()) };
        for draw in [Draw::Nominal, Draw::Least, Draw::Most, random(1)] {
            let mut schedule = Schedule::drawn(&policy, policy.initial_timeout(), draw);
            for _ in 0..300 {
                let _ = schedule.next(&policy, Duration::MAX).unwrap();
            }
            let usual = schedule.clone().next(&policy, Duration::MAX).unwrap();
            schedule.jump_to(u32::MAX - 2);
            for _ in 0..6 {
                let wait = schedule.next(&policy, Duration::MAX).unwrap();
                prop_assert!(!wait.last);
                if policy.jitter() == Jitter::None && policy.max_timeout().is_some() {
                    prop_assert!(wait.timeout >= usual.timeout || policy.backoff() == Backoff::List);
                }
            }
            prop_assert_eq!(schedule.sends(), u32::MAX);
        }
        // The maximum number of sends is respected even if it is the largest integer.
        let bounded = policy.to_builder().max_sends(Some(u32::MAX)).build().unwrap();
        let mut schedule = Schedule::new(&bounded);
        schedule.jump_to(u32::MAX - 1);
        prop_assert!(schedule.next(&bounded, Duration::ZERO).unwrap().last);
        prop_assert_eq!(schedule.next(&bounded, Duration::ZERO), Err(Stop::MaxSends));
    }

    /// Its functions can be called in any order and at any time.
    #[test]
    fn a_pacer_takes_any_order_of_calls(
        policy in any_policy(),
        budget in select(["throttle 2 0.1", "deposits 0.2 1 1s", "quota 3 1 1", "concurrent 1 1",
            "adaptive 1 1s"].to_vec()),
        calls in prop::collection::vec((0u8..5, any::<u64>(), any::<u32>()), 0..60),
    ) {
        let policy = policy.to_builder().budget(Some(budget.parse().unwrap()));
        let policy = policy.breaker(Some("1 1s".parse().unwrap())).build();
        // A breaker refuses first sends, so it needs a first timeout above zero.
        prop_assume!(policy.is_ok());
        let policy = policy.unwrap();
        let mut pacer = Pacer::new(&policy);
        for (call, time, n) in calls {
            let (now, elapsed) = (Instant::from_nanos(time), Duration::from_nanos(time / 2));
            let wait = Wait { timeout: elapsed, pause: Duration::ZERO, last: false };
            match call {
                0 => drop(pacer.begin(&policy, now, Name::exchange(1, 1, n).stream(Purpose::Jitter))),
                1 => drop(pacer.next(&policy, now, elapsed)),
                2 => pacer.answered(now, n, elapsed),
                3 => pacer.gave_up(now, n),
                _ => drop(pacer.after_failure(&policy, wait, elapsed, Some(Hint::After(elapsed)))),
            }
        }
    }
}
