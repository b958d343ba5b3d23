//! Budgets and the breaker, compared with the exact numbers of their inventors.

use super::super::*;
use crate::random::Stream;
use crate::time::Instant;
use crate::value::ValueError;
use alloc::string::ToString;

fn budget(rule: &str) -> Budget {
    Budget::new(rule.parse().unwrap())
}

fn stream() -> Stream {
    Name::exchange(1, 1, 1).stream(Purpose::Jitter)
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

/// Returns how many retries a budget allows at once.
fn drain(budget: &mut Budget, now: Instant) -> u32 {
    (0..10_000).take_while(|_| budget.retry(now, false, &mut stream())).count() as u32
}

/// gRFC A6: 10 tokens, a failure takes 1, a success gives 0.1, retries above half.
#[test]
fn grpcs_throttle_stops_at_the_fifth_failure() {
    let mut throttle = budget("throttle 10 0.1");
    for failure in 1..=5 {
        throttle.failed();
        let allowed = throttle.retry(at(0), false, &mut stream());
        assert_eq!(allowed, failure < 5, "failure {failure}");
    }
    throttle.ended(at(0), true, 0);
    assert!(throttle.retry(at(0), false, &mut stream()), "one success enables it again");
}

/// A failure takes what ten successes give: with a failure share of 1/11 the number of tokens stays constant,
/// above it falls, below it rises.
#[test]
fn grpcs_throttle_stands_still_at_one_failure_in_eleven() {
    let after = |successes: u32| {
        let mut throttle = budget("throttle 10 0.1");
        (0..3).for_each(|_| throttle.failed());
        for _ in 0..100 {
            throttle.failed();
            (0..successes).for_each(|_| throttle.ended(at(0), true, 0));
        }
        throttle
    };
    let mut start = budget("throttle 10 0.1");
    (0..3).for_each(|_| start.failed());
    assert_eq!(after(10), start, "1 in 11");
    assert_ne!(after(11), start, "1 in 12 fills it");
    assert!(!after(9).retry(at(0), false, &mut stream()), "1 in 10 empties it");
}

/// The same balance as a steady state: a server that fails as long as the client may retry, and otherwise
/// answers, settles at one failure in eleven calls. After N calls the share differs by less than the initial
/// 10 tokens of N.
#[test]
fn grpcs_throttle_settles_at_one_failure_in_eleven() {
    const CALLS: u32 = 110_000;
    let mut throttle = budget("throttle 10 0.1");
    let mut failures = 0;
    for _ in 0..CALLS {
        if throttle.retry(at(0), false, &mut stream()) {
            throttle.failed();
            failures += 1;
        } else {
            throttle.ended(at(0), true, 0);
        }
    }
    assert!(u32::abs_diff(failures, CALLS / 11) <= 10, "{failures} of {CALLS}");
}

/// Finagle: 10 retries a second and 20 % over a window of 10 s.
#[test]
fn finagles_budget_allows_a_hundred_and_then_one_in_five() {
    let mut deposits = budget("deposits 0.2 10 10s");
    assert_eq!(drain(&mut deposits, at(0)), 100);
    for exchange in 1..=50 {
        assert!(deposits.first(at(0), &mut stream()));
        let allowed = deposits.retry(at(0), false, &mut stream());
        assert_eq!(allowed, exchange % 5 == 0, "exchange {exchange}");
    }
}

/// The reserve is one per window, not a refill: half a window later there is nothing more.
#[test]
fn finagles_reserve_is_for_a_whole_window() {
    let mut deposits = budget("deposits 0.2 10 10s");
    assert_eq!(drain(&mut deposits, at(0)), 100);
    assert_eq!(drain(&mut deposits, at(5)), 0);
    assert_eq!(drain(&mut deposits, at(9)), 0);
    assert_eq!(drain(&mut deposits, at(10)), 100, "the withdrawals are forgotten after the window");
    // Deposits expire with the window, too.
    (0..500).for_each(|_| assert!(deposits.first(at(10), &mut stream())));
    assert_eq!(drain(&mut deposits.clone(), at(11)), 100);
    assert_eq!(drain(&mut deposits, at(1_000)), 100);
}

/// AWS: 500 tokens; a retry costs 5, after a timeout 10, in version 2.1 14.
#[test]
fn awss_quota_allows_100_or_50_or_35_retries_from_full() {
    for (cost, retries) in [(5, 100), (10, 50), (14, 35)] {
        let mut quota = budget(&alloc::format!("quota 500 {cost} 1"));
        assert_eq!(drain(&mut quota, at(0)), retries, "cost {cost}");
    }
    let mut quota = budget("quota 500 5 1");
    assert_eq!(drain(&mut quota, at(0)), 100);
    quota.ended(at(0), true, 2);
    assert_eq!(drain(&mut quota, at(0)), 1, "a retried success gives back its last cost");
    (0..4).for_each(|_| quota.ended(at(0), true, 0));
    assert_eq!(drain(&mut quota, at(0)), 0, "an untroubled one gives 1");
    quota.ended(at(0), true, 0);
    assert_eq!(drain(&mut quota, at(0)), 1);
    quota.ended(at(0), false, 3);
    assert_eq!(drain(&mut quota, at(0)), 0, "a failure gives nothing");
    (0..1_000).for_each(|_| quota.ended(at(0), true, 0));
    assert_eq!(drain(&mut quota, at(0)), 100, "it is never more than full");
}

/// Brooker's bucket: full at 5, 0.1 per first send, a retry takes 1 and needs more than 1.
#[test]
fn brookers_bucket_needs_more_than_one_token() {
    let mut bucket = budget("bucket 5 0.1");
    assert_eq!(drain(&mut bucket, at(0)), 4, "one token is not more than one");
    let first = |bucket: &mut Budget| assert!(bucket.first(at(0), &mut stream()));
    first(&mut bucket);
    assert_eq!(drain(&mut bucket, at(0)), 1, "1.1 is");
    for exchange in 1..=10 {
        assert_eq!(drain(&mut bucket, at(0)), 0, "{exchange}: the first one's 0.1 is left");
        first(&mut bucket);
        bucket.failed();
        bucket.ended(at(0), exchange % 2 == 0, 0);
    }
    assert_eq!(drain(&mut bucket, at(0)), 1, "ten more give 1, however they end");
    (0..1_000).for_each(|_| first(&mut bucket));
    assert_eq!(drain(&mut bucket, at(0)), 4, "it is never more than full");
    assert_eq!(drain(&mut budget("bucket 1 0.1"), at(0)), 0);
    assert_eq!(drain(&mut budget("bucket 1.001 0"), at(0)), 1);
}

/// Envoy: 20 % of the active ones, and at least 3.
#[test]
fn envoys_budget_is_a_share_of_what_is_active() {
    let active = |exchanges: u32| {
        let mut budget = budget("concurrent 0.2 3");
        (0..exchanges).for_each(|_| assert!(budget.first(at(0), &mut stream())));
        budget
    };
    let mut hundred = active(100);
    assert_eq!(drain(&mut hundred, at(0)), 20);
    assert!(
        hundred.retry(at(0), true, &mut stream()),
        "an exchange that is being retried may continue"
    );
    hundred.ended(at(0), true, 1);
    assert_eq!(drain(&mut hundred, at(0)), 0, "99 are active: 19 may retry, and do");
    assert!(hundred.first(at(0), &mut stream()));
    assert_eq!(drain(&mut hundred, at(0)), 1, "100 again: the place of the one that ended");
    hundred.ended(at(0), true, 0);
    assert!(hundred.first(at(0), &mut stream()));
    assert_eq!(drain(&mut hundred, at(0)), 0, "one that was not retried leaves no place");
    for exchanges in 0..200 {
        let expected = (exchanges / 5).max(3);
        assert_eq!(drain(&mut active(exchanges), at(0)), expected, "{exchanges} are active");
    }
}

/// SRE: at four times what the server can do, K = 2 rejects half, K = 1.1 72.5 %.
#[test]
fn adaptive_throttling_sends_k_times_what_is_answered() {
    for (k, rejected) in [("2", 0.5), ("1.1", 0.725)] {
        let mut budget = budget(&alloc::format!("adaptive {k} 2m"));
        let mut draws = stream();
        let (mut asked, mut refused) = (0.0, 0.0);
        // 400 per second are offered, 100 can be answered.
        for second in 0..1_200 {
            let mut left = 100;
            for _ in 0..400 {
                let sent = budget.first(at(second), &mut draws);
                if sent && left > 0 {
                    left -= 1;
                    budget.ended(at(second), true, 0);
                }
                if second >= 240 {
                    asked += 1.0;
                    refused += f64::from(u8::from(!sent));
                }
            }
        }
        let share: f64 = refused / asked;
        assert!((share - rejected).abs() < 0.01, "K = {k}: {share}");
    }
    let mut healthy = budget("adaptive 2 2m");
    for _ in 0..1_000 {
        assert!(healthy.first(at(0), &mut stream()), "nothing is refused while all is answered");
        healthy.ended(at(0), true, 0);
    }
}

/// The exact probability where numbers are small: `(R - K A) / (R + 1)`.
#[test]
fn adaptive_throttling_starts_gently() {
    const N: u32 = 40_000;
    for (asked, answered, refused) in [(0, 0, 0.0), (1, 0, 0.5), (2, 0, 2.0 / 3.0), (9, 3, 0.3)] {
        let mut draws = stream();
        let mut before = budget("adaptive 2 2m");
        // It counts as a request, whether it was admitted or not.
        (0..asked).for_each(|_| _ = before.first(at(0), &mut draws));
        (0..answered).for_each(|_| before.ended(at(0), true, 0));
        let count = (0..N).filter(|_| !before.clone().first(at(0), &mut draws)).count();
        let share = count as f64 / f64::from(N);
        let error = (refused * (1.0 - refused) / f64::from(N)).sqrt();
        assert!((share - refused).abs() <= 4.0 * error, "{asked}, {answered}: {share}");
    }
}

#[test]
fn a_breaker_opens_waits_and_probes() {
    let mut breaker = Breaker::new("3 10s".parse().unwrap());
    for _ in 0..2 {
        assert!(breaker.admit(at(0)));
        breaker.ended(at(0), false);
    }
    breaker.ended(at(0), true);
    for _ in 0..3 {
        assert_eq!(breaker.state(), "closed", "a success in between resets the count");
        assert!(breaker.admit(at(1)));
        breaker.ended(at(1), false);
    }
    assert_eq!((breaker.state(), breaker.allows_retry()), ("open", false));
    assert!(!breaker.admit(at(10)));
    breaker.ended(at(10), true);
    assert_eq!(breaker.state(), "open", "one that began before it opened changes nothing");
    assert!(breaker.admit(at(11)), "the probe");
    assert_eq!((breaker.state(), breaker.admit(at(11))), ("half-open", false));
    breaker.ended(at(12), false);
    assert!(!breaker.admit(at(21)) && breaker.admit(at(22)));
    breaker.withdrawn(at(22));
    assert!(breaker.admit(at(22)), "a probe that was not sent leaves its place to the next");
    breaker.ended(at(23), true);
    assert_eq!(breaker.state(), "closed");
}

/// Brooker: failures / calls, where failed retries count as failures only.
#[test]
fn a_breaker_by_share_stops_retries_and_nothing_else() {
    let mut breaker = Breaker::new("share 0.1".parse().unwrap());
    let calls = |breaker: &mut Breaker, n: u32| {
        (0..n).for_each(|_| assert!(breaker.admit(at(0)), "a first send is never blocked"));
    };
    calls(&mut breaker, 1);
    breaker.failed();
    assert_eq!((breaker.allows_retry(), breaker.state()), (false, "open"), "1 of 1");
    calls(&mut breaker, 8);
    assert!(!breaker.allows_retry(), "1 of 9");
    calls(&mut breaker, 1);
    assert_eq!((breaker.allows_retry(), breaker.state()), (true, "closed"), "1 of 10: no more");
    breaker.failed();
    assert!(!breaker.allows_retry(), "a retry failed: 2 of 10");
    breaker.ended(at(0), true);
    breaker.ended(at(0), false);
    assert!(!breaker.allows_retry(), "how exchanges end is not asked");
    calls(&mut breaker, 10);
    assert!(breaker.allows_retry(), "2 of 20");
    breaker.withdrawn(at(0));
    assert!(!breaker.allows_retry(), "2 of 19: the withdrawn exchange does not count");
    // The ratio can exceed 1: a failed retry adds no call.
    let mut all = Breaker::new("share 1".parse().unwrap());
    calls(&mut all, 1);
    all.failed();
    assert!(all.allows_retry());
    all.failed();
    assert!(!all.allows_retry());
}

#[test]
fn rules_are_read_as_they_are_shown() {
    for rule in [
        "throttle 10 0.1",
        "deposits 0.2 10 10s",
        "quota 500 10 1",
        "bucket 5 0.1",
        "concurrent 0.2 3",
        "adaptive 1.1 2m",
    ] {
        let shown = rule.replace("2m", "120s");
        assert_eq!(rule.parse::<BudgetRule>().unwrap().to_string(), shown);
    }
    for bad in [
        "",
        "throttle",
        "throttle 10",
        "throttle -1 0",
        "deposits 2 10 10s",
        "deposits 0.2 10 9ns",
        "quota 1 2",
        "quota 1 2 3 4",
        "bucket 5",
        "bucket 5 0.0001",
        "bucket 5 0.1 1",
        "adaptive 0.5 2m",
        "tokens 1",
        "concurrent 0.2 x",
    ] {
        assert_eq!(bad.parse::<BudgetRule>(), Err(ValueError::of::<BudgetRule>()), "{bad}");
    }
    for rule in ["5 10s", "share 0.1", "share 1"] {
        assert_eq!(rule.parse::<BreakerRule>().unwrap().to_string(), rule);
    }
    for bad in ["", "5", "0 10s", "5 0s", "-1 1s", "5 10", "share", "share 1.1", "share 0.1 10s"] {
        assert_eq!(bad.parse::<BreakerRule>(), Err(ValueError::of::<BreakerRule>()), "{bad}");
    }
    for rule in ["ignore", "exact", "jitter 0.5", "clamp 5s"] {
        assert_eq!(rule.parse::<HintRule>().unwrap().to_string(), rule);
    }
    for bad in ["", "jitter", "jitter 2", "clamp 5", "exact 1"] {
        assert_eq!(bad.parse::<HintRule>(), Err(ValueError::of::<HintRule>()), "{bad}");
    }
}
