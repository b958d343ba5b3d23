//! The pacer: when it asks budget and breaker, and what it reports to them.

use super::super::*;
use crate::time::{Duration, Instant};
use alloc::vec::Vec;

/// A client of three sends, 0.1 s and 0.2 s apart.
fn client(change: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> (Pacer, Policy) {
    let base = Policy::exponential(Duration::from_millis(100)).max_sends(Some(3));
    let policy = change(base).build().unwrap();
    (Pacer::new(&policy), policy)
}

fn budget(rule: &str) -> (Pacer, Policy) {
    client(|policy| policy.budget(Some(rule.parse().unwrap())))
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

/// Runs exchange `number` until nothing more may be sent; returns the number of sends and the reason.
fn fail((pacer, policy): &mut (Pacer, Policy), now: Instant, number: u32) -> (u32, Stop) {
    let mut sends = 0;
    let begun = pacer.begin(policy, now, Name::exchange(1, 1, number).stream(Purpose::Jitter));
    let why = begun.err().unwrap_or_else(|| {
        loop {
            match pacer.next(policy, now, Duration::ZERO) {
                Ok(_) => sends += 1,
                Err(why) => break why,
            }
        }
    });
    pacer.gave_up(now, sends);
    (sends, why)
}

/// Runs exchange `number`, whose first send is answered.
fn answer((pacer, policy): &mut (Pacer, Policy), now: Instant, number: u32) {
    pacer.begin(policy, now, Name::exchange(1, 1, number).stream(Purpose::Jitter)).unwrap();
    pacer.next(policy, now, Duration::ZERO).unwrap();
    pacer.answered(now, 1, Duration::from_millis(1));
}

/// An exchange takes one place of Envoy's budget, however often it is retried, and gives it back.
#[test]
fn a_retried_exchange_takes_one_place_and_gives_it_back() {
    for exchange in 1..=3 {
        assert_eq!(fail(&mut budget("concurrent 0 0"), at(0), exchange), (1, Stop::Budget));
    }
    let mut one = budget("concurrent 0 1");
    for exchange in 1..=3 {
        assert_eq!(fail(&mut one, at(0), exchange), (3, Stop::MaxSends), "exchange {exchange}");
    }
}

/// AWS: an exchange without a retry gives 1, and not what a retry would have cost.
#[test]
fn the_first_send_is_not_a_retry() {
    let mut quota = budget("quota 20 10 1");
    assert_eq!(fail(&mut quota, at(0), 1), (3, Stop::MaxSends));
    assert_eq!(fail(&mut quota, at(0), 2), (1, Stop::Budget));
    (3..12).for_each(|exchange| answer(&mut quota, at(0), exchange));
    assert_eq!(fail(&mut quota, at(0), 12), (1, Stop::Budget), "nine tokens");
    answer(&mut quota, at(0), 13);
    assert_eq!(fail(&mut quota, at(0), 14), (2, Stop::Budget), "ten tokens are one retry");
}

/// gRFC A6: each send without a reply takes a token, the last one too.
#[test]
fn the_throttle_counts_every_unanswered_send() {
    // Ten tokens: 3 and 2 are taken, then five are not more than half.
    let mut throttle = budget("throttle 10 0.1");
    let ends: Vec<(u32, Stop)> = (1..=3).map(|n| fail(&mut throttle, at(0), n)).collect();
    assert_eq!(ends, [(3, Stop::MaxSends), (2, Stop::Budget), (1, Stop::Budget)]);
}

#[test]
fn a_breaker_counts_exchanges_and_not_sends() {
    let mut client = client(|policy| policy.breaker(Some("2 10s".parse().unwrap())));
    assert_eq!(fail(&mut client, at(0), 1), (3, Stop::MaxSends));
    assert_eq!(fail(&mut client, at(0), 2), (3, Stop::MaxSends));
    assert_eq!(fail(&mut client, at(9), 3), (0, Stop::Breaker));
    // An exchange that sends nevertheless may not retry.
    let (pacer, policy) = &mut client;
    assert_eq!(
        pacer.begin(policy, at(9), Name::exchange(1, 1, 4).stream(Purpose::Jitter)),
        Err(Stop::Breaker)
    );
    assert!(pacer.next(policy, at(9), Duration::ZERO).is_ok());
    assert_eq!(pacer.next(policy, at(9), Duration::ZERO), Err(Stop::Breaker));
    // The probe fails, the next one succeeds.
    assert_eq!(fail(&mut client, at(10), 5), (3, Stop::MaxSends));
    assert_eq!(fail(&mut client, at(19), 6), (0, Stop::Breaker));
    answer(&mut client, at(20), 7);
    assert_eq!(fail(&mut client, at(20), 8), (3, Stop::MaxSends), "closed: one failure is none");
    answer(&mut client, at(20), 9);
}

/// Each failed send counts once, however it fails; the end of the exchange does not count again.
#[test]
fn a_breaker_by_share_counts_sends() {
    let share = |text: &str| client(|policy| policy.breaker(Some(text.parse().unwrap())));
    assert_eq!(fail(&mut share("share 0.9"), at(0), 1), (1, Stop::Breaker), "1 of 1");
    assert_eq!(fail(&mut share("share 1"), at(0), 1), (2, Stop::Breaker), "2 of 1");
    // Three sends fail, the last one at the end of the schedule: 3 of 5.
    let after = |text: &str| {
        let mut client = share(text);
        (1..=4).for_each(|exchange| answer(&mut client, at(0), exchange));
        (fail(&mut client, at(0), 5), fail(&mut client, at(0), 6))
    };
    assert_eq!(after("share 0.6"), ((3, Stop::MaxSends), (1, Stop::Breaker)), "then 4 of 6");
    assert_eq!(after("share 0.7"), ((3, Stop::MaxSends), (2, Stop::Breaker)), "then 5 of 6");
    // A refused send is a failure too, and so is one that the server pushes back.
    for case in [0, 1] {
        let mut client = share("share 0.5");
        let (pacer, policy) = &mut client;
        pacer.begin(policy, at(0), Name::exchange(1, 1, 1).stream(Purpose::Jitter)).unwrap();
        let wait = pacer.next(policy, at(0), Duration::ZERO).unwrap();
        if case == 0 {
            pacer.refused(at(0), 1);
        } else {
            let hint = Some(Hint::Never);
            pacer.after_failure(policy, wait, Duration::ZERO, hint).unwrap_err();
            pacer.gave_up(at(0), 1);
        }
        (2..=3).for_each(|exchange| answer(&mut client, at(0), exchange));
        assert_eq!(fail(&mut client, at(0), 4), (2, Stop::Breaker), "2 of 4, then 3 of 4");
    }
}

/// A budget that refuses the breaker's probe leaves the place to the next exchange.
#[test]
fn a_probe_that_the_budget_refuses_is_none() {
    let limits = |policy: PolicyBuilder| {
        let policy = policy.max_sends(None).breaker(Some("1 1s".parse().unwrap()));
        policy.budget(Some("adaptive 1 1h".parse().unwrap()))
    };
    let (mut pacer, policy) = client(limits);
    pacer.begin(&policy, at(0), Name::exchange(1, 1, 1).stream(Purpose::Jitter)).unwrap();
    // After a thousand requests without a reply, all but one in a thousand are refused.
    (0..1_000).for_each(|_| _ = pacer.next(&policy, at(0), Duration::ZERO));
    pacer.gave_up(at(0), 1);
    assert_eq!(
        pacer.begin(&policy, at(0), Name::exchange(1, 1, 2).stream(Purpose::Jitter)),
        Err(Stop::Breaker)
    );
    for exchange in 3..=5 {
        let refused =
            pacer.begin(&policy, at(1), Name::exchange(1, 1, exchange).stream(Purpose::Jitter));
        assert_eq!(refused, Err(Stop::Budget), "exchange {exchange} of seed 1");
        // Nothing was sent, so the server did not fail.
        pacer.gave_up(at(1), 0);
    }
}

/// An exchange that the budget refuses before its first send says nothing about the server: the breaker
/// stays closed.
#[test]
fn an_exchange_without_a_send_is_not_a_failure() {
    let (mut pacer, policy) = client(|policy| {
        let policy = policy.max_sends(None).breaker(Some("1 1s".parse().unwrap()));
        policy.budget(Some("adaptive 1 1h".parse().unwrap()))
    });
    pacer.begin(&policy, at(0), Name::exchange(1, 1, 1).stream(Purpose::Jitter)).unwrap();
    (0..1_000).for_each(|_| _ = pacer.next(&policy, at(0), Duration::ZERO));
    pacer.answered(at(0), 2, Duration::ZERO);
    for exchange in 2..=4 {
        let refused =
            pacer.begin(&policy, at(0), Name::exchange(1, 1, exchange).stream(Purpose::Jitter));
        assert_eq!(refused, Err(Stop::Budget), "exchange {exchange} of seed 1");
        pacer.gave_up(at(0), 0);
    }
}
