use super::*;
use crate::dist::Distribution;
use crate::link::{Latency, Loss, burst_chain};
use crate::random::Probability;
use crate::theory::GilbertElliott;
use crate::value::Factor;

fn losing(loss: &str) -> Link {
    Link { loss: loss.parse().unwrap(), ..Link::default() }
}

fn losses(loss: &str, count: u64, gap: Duration) -> Vec<bool> {
    actions(&losing(loss), count, gap).iter().map(is_lost).collect()
}

fn shares(lost: &[bool]) -> impl Iterator<Item = f64> {
    lost.iter().map(|lost| f64::from(u8::from(*lost)))
}

/// Returns the lengths of the runs of losses.
fn runs(lost: &[bool]) -> Vec<f64> {
    let runs = lost.split(|lost| !lost).map(<[bool]>::len).filter(|run| *run > 0);
    runs.map(|run| run as f64).collect()
}

#[test]
fn loss_is_independent_of_latency_and_direction() {
    let loss = Probability::parse("0.3").unwrap();
    let actions = |latency: Distribution, direction| {
        let link = Link {
            latency: Latency::OneWay(latency),
            loss: Loss::Independent(loss),
            ..Link::default()
        };
        let mut channel = Channel::new(&link);
        (0..1_000)
            .map(|i| is_lost(&channel.send(Instant::ZERO, name(1, direction, i), 1)))
            .collect::<Vec<_>>()
    };
    let constant = actions(Distribution::Constant(MS), Direction::Request);
    assert_eq!(constant, actions(Distribution::Normal(MS, MS), Direction::Request));
    assert_ne!(constant, actions(Distribution::Constant(MS), Direction::Reply));
    let lost = constant.iter().filter(|lost| **lost).count();
    assert!(lost.abs_diff(300) < 73, "five standard errors: {lost}");
}

#[test]
fn gilbert_elliott_loses_what_theory_says() {
    for (loss, model) in [
        ("gilbert-elliott 0.01 0.25", GilbertElliott::new(0.01, 0.25, 0.0, 1.0)),
        ("gilbert-elliott 0.05 0.4 0.7 0.02", GilbertElliott::new(0.05, 0.4, 0.02, 0.7)),
        ("burst 0.2 5", GilbertElliott::new(0.05, 0.2, 0.0, 1.0)),
    ] {
        let lost = losses(loss, 1_000_000, MS);
        close(loss, shares(&lost), model.loss);
        close(loss, runs(&lost), model.loss_run);
    }
    let reference = GilbertElliott::new(0.01, 0.25, 0.0, 1.0);
    assert!((reference.loss - 0.038_461_54).abs() < 1e-8);
    assert!((reference.loss_run - 4.0).abs() < 1e-12);
}

/// A chain makes one step per datagram, however much time passes; a timed chain does the opposite.
#[test]
fn steps_are_per_datagram_or_per_time() {
    let hour = Duration::from_secs(3_600);
    for chain in ["gilbert-elliott 0.01 0.25", "burst 0.2 5", "4-state 0.01 0.3 0.1 0.5 0.001"] {
        assert_eq!(losses(chain, 10_000, MS), losses(chain, 10_000, hour), "{chain}");
    }
    let timed = "timed 200ms 800ms";
    let lost = losses(timed, 100_000, hour);
    close("an hour apart, each by itself", runs(&lost), 1.25);
    // A timed chain does not change state at one instant.
    let still = losses(timed, 1_000, Duration::ZERO);
    assert!(still.iter().all(|lost| *lost == still[0]));
}

#[test]
fn timed_losses_follow_the_time_that_passed() {
    // u + v = 1/0.8 + 1/0.2 = 6.25 a second, the bad state's share is 0.2.
    for gap in [10u64, 100, 400] {
        let lost = losses("timed 200ms 800ms", 1_000_000, MS * gap as u32);
        close("share", shares(&lost), 0.2);
        let kept = (-6.25 * gap as f64 / 1e3).exp();
        let after_loss = lost.windows(2).filter(|pair| pair[0]).map(|pair| pair[1]);
        let after_loss: Vec<bool> = after_loss.collect();
        close("lost again", shares(&after_loss), 0.2 + 0.8 * kept);
        let after_none = lost.windows(2).filter(|pair| !pair[0]).map(|pair| pair[1]);
        let after_none: Vec<bool> = after_none.collect();
        close("newly lost", shares(&after_none), 0.2 - 0.2 * kept);
    }
    let lost = losses("timed 200ms 800ms 0.5 0.1", 400_000, MS * 100);
    close("states that lose a part", shares(&lost), 0.2 * 0.5 + 0.8 * 0.1);
}

#[test]
fn four_states_lose_their_stationary_shares() {
    // As multiples of state 1: 3 is p13/p31, 2 is that times p32/p23, 4 is p14.
    for (loss, [p13, p31, p32, p23, p14]) in [
        ("4-state 0.01 0.3 0.1 0.5 0.001", [0.01, 0.3, 0.1, 0.5, 0.001]),
        ("4-state 0.1 0.2 0.4 0.3 0.2", [0.1, 0.2, 0.4, 0.3, 0.2]),
        ("4-state 0.05 1 0 1 0", [0.05, 1.0, 0.0, 1.0, 0.0]),
        ("4-state 0 1 0 1 0.25", [0.0, 1.0, 0.0, 1.0, 0.25]),
    ] {
        let lost: f64 = p13 / p31 + p14;
        let share = lost / (1.0 + lost + p13 / p31 * p32 / p23);
        close(loss, shares(&losses(loss, 1_000_000, MS)), share);
    }
    // A burst that never ends begins in state 1, as netem does.
    let lost = losses("4-state 0.1 0 0 1 0", 1_000, MS);
    let first = lost.iter().position(|lost| *lost).unwrap();
    assert!(first > 0 && lost[first..].iter().all(|lost| *lost));
}

/// A flow of one datagram has the same loss as a long one.
#[test]
fn chains_begin_as_they_are_on_average() {
    for (loss, share) in [
        ("gilbert-elliott 0.01 0.25", 0.038_461_54),
        ("timed 200ms 800ms", 0.2),
        ("4-state 0.1 0.2 0.4 0.3 0.2", 0.7 / (1.7 + 0.5 * 4.0 / 3.0)),
    ] {
        let mut channel = Channel::new(&losing(loss));
        let first = |flow| channel.send(Instant::ZERO, name(flow, Direction::Request, 0), 1);
        let lost: Vec<bool> = (1..=200_000).map(first).map(|action| is_lost(&action)).collect();
        close(loss, shares(&lost), share);
    }
}

#[test]
fn bursts_become_the_chain_that_is_documented() {
    let chain = |share: &str, mean: &str| {
        burst_chain(Probability::parse(share).unwrap(), Factor::parse(mean).unwrap())
    };
    let p = |text: &str| Probability::parse(text).unwrap();
    assert_eq!(chain("0.2", "4"), Some((p("0.0625"), p("0.25"))));
    assert_eq!(chain("0.5", "1"), Some((p("1"), p("1"))));
    assert_eq!(chain("0.1", "3"), Some((p("0.037037037"), p("0.333333333"))));
    assert_eq!(chain("0", "3"), Some((p("0"), p("0.333333333"))));
    assert_eq!(chain("0.500000002", "1"), None, "two in a row would be a burst of two");
    assert_eq!(chain("1", "1000"), None);
}

#[test]
fn losses_by_number_are_of_each_flow_or_of_all() {
    let lost = |loss: &str, shared| {
        let mut channel = Channel::new(&Link { shared, ..losing(loss) });
        let mut of = |flow, direction, index| {
            is_lost(&channel.send(Instant::ZERO, name(flow, direction, index), 1))
        };
        let mut lost = Vec::new();
        for index in 0..3 {
            lost.push([of(1, Direction::Request, index), of(2, Direction::Request, index)]);
        }
        assert_eq!(of(2, Direction::Reply, 0), lost[0][0], "replies have numbers of their own");
        lost
    };
    assert_eq!(lost("first 2", false), [[true, true], [true, true], [false, false]]);
    assert_eq!(lost("first 2", true), [[true, true], [false, false], [false, false]]);
    assert_eq!(lost("list 1,3", false), [[true, true], [false, false], [true, true]]);
    assert_eq!(lost("list 1,4-5", true), [[true, false], [false, true], [true, false]]);
    assert_eq!(lost("first 0", true), [[false; 2]; 3]);
}
