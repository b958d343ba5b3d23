//! Jitter: its means, its bounds, and where it is drawn.

use super::super::*;
use crate::time::Duration;
use crate::value::ValueError;
use alloc::string::ToString;
use alloc::vec::Vec;

const DRAWS: u32 = 1_000_000;

/// Mean and standard error of the wait after send `place` (from 0) over a million exchanges.
fn mean(policy: &Policy, place: usize) -> (f64, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    for exchange in 1..=DRAWS {
        let mut schedule =
            Schedule::random(policy, Name::exchange(11, 1, exchange).stream(Purpose::Jitter));
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

/// `U[0.5, 1.5]` of waits of 1, 2, 4 and 8 s with a cap of 3 s.
#[test]
fn the_cap_cuts_before_the_draw_or_after_it() {
    let builder =
        Policy::exponential(Duration::from_secs(1)).max_timeout(Some(Duration::from_secs(3)));
    let builder = builder.jitter("proportional 0.5".parse().unwrap());
    for (cap, least, most) in [
        (Cap::Before, [500, 1_000, 1_500, 1_500], [1_500, 3_000, 4_500, 4_500]),
        (Cap::After, [500, 1_000, 2_000, 3_000], [1_500, 3_000, 3_000, 3_000]),
        (Cap::Both, [500, 1_000, 1_500, 1_500], [1_500, 3_000, 3_000, 3_000]),
    ] {
        let policy = builder.cap(cap).build().unwrap();
        for (draw, expected) in [(Draw::Least, least), (Draw::Most, most)] {
            let mut schedule = Schedule::drawn(&policy, policy.initial_timeout(), draw);
            let waits = [(); 4].map(|()| schedule.next(&policy, Duration::ZERO).unwrap().timeout);
            assert_eq!(waits, expected.map(Duration::from_millis), "{cap}");
        }
    }
    for (jitter, why) in [("none", true), ("once 0.5", true), ("full", false), ("slots 1ms", false)]
    {
        let policy = builder.jitter(jitter.parse().unwrap()).build().unwrap();
        assert_eq!(policy.unused("cap").is_some(), why, "{jitter}");
    }
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
fn symmetric_jitter_keeps_the_mean() {
    assert_mean("proportional 0.2", 0, 8.0);
    assert_mean("additive 1s", 0, 8.0);
    assert_mean("compounding 0.1", 1, 16.0);
}

#[test]
fn jitters_of_coap_and_ethernet_have_the_expected_means() {
    assert_mean("once 0.5", 1, 20.0);
    // Whole slots from 0 to 16.
    assert_mean("slots 500ms", 0, 4.0);
}

/// The waits after three sends, in milliseconds.
type Waits = [u64; 3];

/// The shortest, the nominal and the longest wait, where waits double from 1 s up to a cap of 3 s.
#[test]
fn every_draw_stays_within_the_documented_bound() {
    let cases: [(&str, [Waits; 3]); 14] = [
        ("none", [[1_000, 2_000, 3_000], [1_000, 2_000, 3_000], [1_000, 2_000, 3_000]]),
        ("full", [[0, 0, 0], [1_000, 2_000, 3_000], [1_000, 2_000, 3_000]]),
        ("equal", [[500, 1_000, 1_500], [1_000, 2_000, 3_000], [1_000, 2_000, 3_000]]),
        ("proportional 0.2", [[800, 1_600, 2_400], [1_000, 2_000, 3_000], [1_200, 2_400, 3_600]]),
        ("proportional 1", [[0, 0, 0], [1_000, 2_000, 3_000], [2_000, 4_000, 6_000]]),
        (
            "proportional 0.2 later",
            [[1_000, 1_600, 2_400], [1_000, 2_000, 3_000], [1_000, 2_400, 3_600]],
        ),
        ("additive 0.5s", [[500, 1_500, 2_500], [1_000, 2_000, 3_000], [1_500, 2_500, 3_500]]),
        ("additive 2s", [[0, 0, 1_000], [1_000, 2_000, 3_000], [3_000, 4_000, 5_000]]),
        // U[1, 3], then U[1, 3 s], never more than the cap.
        ("decorrelated", [[1_000, 1_000, 1_000], [2_000, 3_000, 3_000], [3_000, 3_000, 3_000]]),
        ("once 0.5", [[1_000, 2_000, 3_000], [1_000, 2_000, 3_000], [1_500, 3_000, 3_000]]),
        ("slots 700ms", [[0, 0, 0], [700, 1_400, 2_800], [700, 1_400, 2_800]]),
        ("slots 500ms", [[0, 0, 0], [1_000, 2_000, 3_000], [1_000, 2_000, 3_000]]),
        // RT = IRT (1 + r), 2 RT + r RT, then MRT (1 + r) once that passes MRT.
        ("compounding 0.1", [[900, 1_710, 2_700], [1_000, 2_000, 3_000], [1_100, 2_310, 3_300]]),
        ("compounding 0.5", [[500, 750, 1_125], [1_000, 2_000, 3_000], [1_500, 4_500, 4_500]]),
    ];
    for (mode, [least, nominal, most]) in cases {
        let policy = Policy::exponential(Duration::from_secs(1))
            .jitter(mode.parse().unwrap())
            .max_timeout(Some(Duration::from_secs(3)))
            .build()
            .unwrap();
        let of = |draw| {
            let mut schedule = Schedule::drawn(&policy, policy.initial_timeout(), draw);
            [(); 3].map(|()| schedule.next(&policy, Duration::ZERO).unwrap().timeout)
        };
        let expected = [least, nominal, most].map(|waits| waits.map(Duration::from_millis));
        assert_eq!([Draw::Least, Draw::Nominal, Draw::Most].map(of), expected, "{mode}");
        let bound = policy.jitter().bound(3_000_000_000);
        assert!(most.iter().all(|wait| wait * 1_000_000 <= bound), "{mode} passes {bound} ns");
    }
}

/// RFC 8415 section 18.2.1: a Solicit's first RAND is strictly above zero, the others are not.
#[test]
fn the_first_rand_of_a_solicit_is_above_zero() {
    let policy = Policy::exponential(Duration::from_secs(1))
        .jitter("compounding 0.1 up".parse().unwrap())
        .build()
        .unwrap();
    let sends: Vec<Duration> = policy.sends_drawn(Draw::Least).take(3).collect();
    let (first, second) = (1_000_000_001, 1_900_000_002);
    assert_eq!(sends, [0, first, first + second].map(Duration::from_nanos));
    let sends: Vec<Duration> = policy.sends_drawn(Draw::Most).take(3).collect();
    assert_eq!(sends, [0, 1_100, 1_100 + 2_310].map(Duration::from_millis));
}

/// RFC 8415 section 15: the second wait is (1 + r)(2 + r') of two draws of RAND, not 2 (1 + r').
#[test]
fn rand_compounds_through_the_wait_before() {
    let policy =
        Policy::exponential(Duration::from_secs(1)).jitter("compounding 0.1".parse().unwrap());
    let (mean, error) = mean(&policy.build().unwrap(), 1);
    assert!((mean - 2.0).abs() <= 4.0 * error, "{mean} ± {error}");
    let variance = error * error * f64::from(DRAWS);
    // E[(1+r)^2] E[(2+r')^2] - 4 with E[r^2] = 0.01 / 3.
    let r2 = 0.01 / 3.0;
    let expected = (1.0 + r2) * (4.0 + r2) - 4.0;
    // The relative standard error of a variance is approximately the square root of 2/N.
    let off = 4.0 * (2.0 / f64::from(DRAWS)).sqrt();
    assert!((variance / expected - 1.0).abs() < off, "{variance}, expected {expected}");
}

/// `E[s_n] = 2b 1.5^n - b`: it grows by 1.5, not by 2. For b = 5.
#[test]
fn decorrelated_jitter_grows_by_half_in_the_mean() {
    let policy = Policy::exponential(Duration::from_secs(5)).jitter(Jitter::Decorrelated);
    let policy = policy.build().unwrap();
    let (mut sums, mut squares) = ([0.0; 5], [0.0; 5]);
    for exchange in 1..=DRAWS {
        let mut schedule =
            Schedule::random(&policy, Name::exchange(12, 1, exchange).stream(Purpose::Jitter));
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
fn every_displayed_jitter_parses_back() {
    for mode in [
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
        assert_eq!(mode.parse::<Jitter>().unwrap().to_string(), mode);
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
        assert_eq!(bad.parse::<Jitter>(), Err(ValueError::of::<Jitter>()), "{bad}");
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
