use super::*;
use crate::dist::Distribution;
use crate::dist::MAX_TIME;
use crate::link::Latency;
use crate::random::Probability;

fn latencies(distribution: &str, correlation: &str) -> Vec<f64> {
    let correlation = Probability::parse(correlation).unwrap();
    let link = Link { latency: distribution.parse().unwrap(), correlation, ..Link::default() };
    actions(&link, 100_000, MS).iter().map(|action| after(action).as_secs_f64() * 1e3).collect()
}

/// Each distribution with its mean, its standard deviation, and its kurtosis, which determines how exactly
/// the deviation can be measured.
const DISTRIBUTIONS: [(&str, f64, f64, f64); 10] = [
    ("10ms", 10.0, 0.0, 3.0),
    ("uniform 5ms 15ms", 10.0, 2.886_751_3, 1.8),
    ("normal 10ms 2ms", 10.0, 2.0, 3.0),
    // A half-normal: mean sqrt(2/pi), deviation sqrt(1 - 2/pi).
    ("normal 0s 1ms", 0.797_884_6, 0.602_810_3, 3.87),
    ("exponential 10ms", 10.0, 10.0, 9.0),
    ("lognormal 10ms 5ms", 10.0, 5.0, 8.04),
    ("lognormal 3ms 0s", 3.0, 0.0, 3.0),
    // Mean a/(a-1), deviation sqrt(a/(a-2))/(a-1) of the least.
    ("pareto 4ms 5", 5.0, 1.290_994_4, 73.8),
    ("table 30ms 10ms 20ms 40ms", 25.0, 11.180_339_9, 1.64),
    ("table 7ms", 7.0, 0.0, 3.0),
];

/// With and without correlation, which changes no distribution.
#[test]
fn latencies_follow_their_distribution() {
    for (distribution, mean, deviation, kurtosis) in DISTRIBUTIONS {
        for (correlation, fewer) in [("0", 1.0), ("0.6", 4.0)] {
            let sample = latencies(distribution, correlation);
            // n correlated draws are worth n (1 - r) / (1 + r) independent ones.
            let n = sample.len() as f64;
            let effective = n / fewer;
            let measured = sample.iter().sum::<f64>() / n;
            let spread = (sample.iter().map(|x| (x - measured).powi(2)).sum::<f64>() / n).sqrt();
            let error = deviation / effective.sqrt();
            let words = alloc::format!("{distribution}, seed {SEED}: {measured} +- {spread}");
            assert!((measured - mean).abs() <= ERRORS * error + 1e-6, "{words}");
            let error = deviation * ((kurtosis - 1.0) / (4.0 * effective)).sqrt();
            assert!((spread - deviation).abs() <= ERRORS * error + 1e-6, "{words}");
        }
    }
}

/// Shares beyond a point, because moments say little about tails.
#[test]
fn tails_follow_their_distribution() {
    for (distribution, point, beyond) in [
        ("exponential 10ms", 30.0, (-3f64).exp()),
        ("pareto 10ms 1", 100.0, 0.1),
        ("pareto 10ms 3", 20.0, 0.125),
        ("uniform 5ms 15ms", 14.0, 0.1),
        // ln 15 lies ln(1.5) / s + s / 2 deviations above its mean, s^2 = ln 2.
        ("lognormal 10ms 10ms", 15.0, 0.183_314_3),
        ("quantiles p50=8ms p95=60ms", 60.0, 0.05),
        ("quantiles p90=30ms p99.9=200ms", 30.0, 0.1),
        ("table 10ms 20ms 30ms 40ms", 35.0, 0.25),
    ] {
        for correlation in ["0", "0.6"] {
            let sample = latencies(distribution, correlation);
            close(distribution, sample.iter().map(|x| f64::from(u8::from(*x > point))), beyond);
        }
    }
    let bounds = latencies("uniform 5ms 15ms", "0.6");
    assert!(bounds.iter().all(|ms| (5.0..=15.0).contains(ms)));
    assert!(latencies("pareto 4ms 5", "0.6").iter().all(|ms| *ms >= 4.0));
}

#[test]
fn successive_latencies_have_the_configured_correlation() {
    for (distribution, configured, expected) in [
        ("normal 20ms 2ms", "0.25", 0.25),
        ("normal 20ms 2ms", "0.9", 0.9),
        ("normal 20ms 2ms", "0", 0.0),
        // Correlation of uniform variables that are computed from normal ones: 6/pi asin(r/2).
        ("uniform 5ms 15ms", "0.5", 0.482_583_3),
    ] {
        let sample = latencies(distribution, configured);
        let n = sample.len() as f64;
        let mean = sample.iter().sum::<f64>() / n;
        let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
        let together: f64 = sample.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
        let (measured, error) = (together / variance, 1.0 / n.sqrt());
        assert!(
            (measured - expected).abs() < ERRORS * error,
            "{distribution} {configured}: {measured}"
        );
    }
}

/// Latencies of one flow and direction are correlated, those of different flows are not.
#[test]
fn correlation_is_of_one_flow() {
    let link = Link {
        latency: "normal 20ms 2ms".parse().unwrap(),
        correlation: Probability::ALWAYS,
        ..Link::default()
    };
    let mut channel = Channel::new(&link);
    let mut draw = |flow, way, index| channel.send(Instant::ZERO, name(flow, way, index), 1);
    let first = draw(1, Direction::Request, 0);
    assert_eq!(first, draw(1, Direction::Request, 1), "wholly carried over");
    assert_ne!(first, draw(2, Direction::Request, 0));
    assert_ne!(first, draw(1, Direction::Reply, 0));
}

#[test]
fn no_latency_is_longer_than_the_longest() {
    for distribution in ["pareto 1h 1", "exponential 1h", "lognormal 1h 1h", "normal 1h 1h"] {
        for correlation in [Probability::NEVER, Probability::parse("0.9").unwrap()] {
            let link =
                Link { latency: distribution.parse().unwrap(), correlation, ..Link::default() };
            let latencies: Vec<Duration> = actions(&link, 2_000, MS).iter().map(after).collect();
            assert_eq!(latencies.iter().max(), Some(&MAX_TIME), "{distribution}");
        }
    }
}

/// The halves of a round trip are drawn independently: their sum has the mean of the round trip, and its
/// deviation divided by the square root of 2.
#[test]
fn two_halves_of_a_round_trip_have_its_mean() {
    for (distribution, mean, deviation, kurtosis) in DISTRIBUTIONS {
        if distribution == "normal 0s 1ms" {
            continue;
        }
        let link =
            Link { latency: Latency::RoundTrip(distribution.parse().unwrap()), ..Link::default() };
        let mut channel = Channel::new(&link);
        let mut take = |way, index| match channel.send(Instant::ZERO, name(1, way, index), 1) {
            Action::Deliver(delivery) => delivery.after.as_secs_f64() * 1e3,
            other => panic!("{other:?}"),
        };
        let n = 100_000;
        let trips: Vec<f64> =
            (0..n).map(|i| take(Direction::Request, i) + take(Direction::Reply, i)).collect();
        let n = n as f64;
        let measured = trips.iter().sum::<f64>() / n;
        let spread = (trips.iter().map(|x| (x - measured).powi(2)).sum::<f64>() / n).sqrt();
        let expected = deviation / 2f64.sqrt();
        let error = expected / n.sqrt();
        assert!((measured - mean).abs() <= ERRORS * error + 1e-6, "{distribution}: {measured}");
        let error = expected * (kurtosis / (4.0 * n)).sqrt();
        assert!((spread - expected).abs() <= ERRORS * error + 1e-6, "{distribution}: {spread}");
    }
}

#[test]
fn means_match_the_distributions() {
    for (distribution, mean, ..) in
        DISTRIBUTIONS.into_iter().filter(|(distribution, ..)| *distribution != "normal 0s 1ms")
    {
        let distribution: Distribution = distribution.parse().unwrap();
        assert!((distribution.mean().as_secs_f64() * 1e3 - mean).abs() < 1e-6, "{distribution}");
    }
    assert_eq!("pareto 1ms 1".parse::<Distribution>().unwrap().mean(), MAX_TIME);
}
