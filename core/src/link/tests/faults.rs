use super::*;
use crate::link::{Delivery, Loss};
use crate::random::Probability;
use crate::value::Same;

fn p(text: &str) -> Probability {
    Probability::parse(text).unwrap()
}

#[test]
fn datagrams_that_are_not_lost_are_duplicated_at_the_configured_rate() {
    let loss = Loss::Independent(p("0.2"));
    let link = Link {
        latency: "uniform 5ms 15ms".parse().unwrap(),
        loss,
        duplicate: p("0.1"),
        ..Link::default()
    };
    let actions = actions(&link, 100_000, MS);
    let twice = |action: &Action| f64::from(u8::from(matches!(action, Action::DeliverTwice(..))));
    close("twice", actions.iter().map(twice), 0.8 * 0.1);
    close("lost", actions.iter().map(|action| f64::from(u8::from(is_lost(action)))), 0.2);
    // A duplicate has its own latency, from the same distribution.
    let duplicates = actions.iter().filter_map(|action| match action {
        Action::DeliverTwice(first, second) => Some((first.after, second.after)),
        _ => None,
    });
    let duplicates: Vec<_> = duplicates.collect();
    assert!(duplicates.iter().all(|(first, second)| first != second));
    close(
        "the duplicate's latency",
        duplicates.iter().map(|(_, second)| second.as_secs_f64()),
        0.01,
    );
}

#[test]
fn what_overtakes_goes_at_once() {
    let link = Link { reorder: p("0.25"), ..Link::default() };
    let actions = actions(&link, 100_000, MS);
    assert!(actions.iter().all(|action| [Duration::ZERO, MS * 10].contains(&after(action))));
    let at_once = |action: &Action| f64::from(u8::from(after(action).is_zero()));
    close("overtakes", actions.iter().map(at_once), 0.25);
}

/// As in tc-netem(8): `gap - 1` in order, then each overtakes with the probability until one does.
#[test]
fn a_gap_keeps_datagrams_in_order() {
    let gaps = |reorder: &str| {
        let link = Link { reorder: p(reorder), reorder_gap: 5, ..Link::default() };
        let actions = actions(&link, 200_000, MS);
        let order: Vec<bool> = actions.iter().map(|action| after(action).is_zero()).collect();
        order.split(|at_once| *at_once).map(<[bool]>::len).collect::<Vec<_>>()
    };
    let every_fifth = gaps("1");
    assert!(every_fifth.len() == 40_001 && every_fifth[..40_000].iter().all(|gap| *gap == 4));
    let quarter = gaps("0.25");
    let whole = &quarter[..quarter.len() - 1];
    assert!(whole.iter().all(|gap| *gap >= 4));
    close("in order between two", whole.iter().map(|gap| *gap as f64), 4.0 + 3.0);
}

#[test]
fn what_overtakes_goes_past_the_queue() {
    let link = Link {
        reorder: Probability::ALWAYS,
        reorder_gap: 2,
        rate: "1kbit".parse().ok(),
        ..Link::default()
    };
    let actions = actions(&link, 4, Duration::ZERO);
    // 128 bytes at 1 kbit/s take 1.024 s.
    let times: Vec<u128> = actions.iter().map(|action| after(action).as_millis()).collect();
    assert_eq!(times, [1_034, 0, 2_058, 0]);
}

#[test]
fn the_checksum_drops_what_was_damaged() {
    let link = Link { corrupt: p("0.1"), ..Link::default() };
    let actions = actions(&link, 100_000, MS);
    let damaged = |action: &Action| f64::from(u8::from(*action == Action::Drop(Cause::Corrupted)));
    close("damaged", actions.iter().map(damaged), 0.1);
    let rest = actions.iter().filter(|action| **action != Action::Drop(Cause::Corrupted));
    assert!(rest.into_iter().all(|action| *action == Action::Deliver(Delivery::whole(MS * 10))));
}

#[test]
fn without_a_checksum_one_bit_is_flipped() {
    let link = Link { corrupt: p("0.5"), checksum: false, ..Link::default() };
    let deliveries: Vec<Delivery> = actions(&link, 100_000, MS)
        .iter()
        .map(|action| match action {
            Action::Deliver(delivery) => *delivery,
            other => panic!("{other:?}"),
        })
        .collect();
    let flipped: Vec<u32> = deliveries.iter().filter_map(|delivery| delivery.flipped).collect();
    close("damaged", deliveries.iter().map(|d| f64::from(u8::from(d.flipped.is_some()))), 0.5);
    // Any of the 800 bits.
    close("place", flipped.iter().map(|bit| f64::from(*bit)), 399.5);
    assert_eq!((flipped.iter().min(), flipped.iter().max()), (Some(&0), Some(&799)));
    for delivery in &deliveries[..100] {
        let mut payload = [0u8; 100];
        delivery.damage(&mut payload);
        let ones: u32 = payload.iter().map(|byte| byte.count_ones()).sum();
        assert_eq!(ones, u32::from(delivery.flipped.is_some()));
    }
    let mut payload = [0u8; 2];
    Delivery { after: MS, flipped: Some(11) }.damage(&mut payload);
    assert_eq!(payload, [0, 0b1000]);
    // A datagram without a payload has none to flip; one that is shorter than configured is left alone.
    let mut empty = Channel::new(&Link { corrupt: Probability::ALWAYS, checksum: false, ..link });
    let action = empty.send(Instant::ZERO, name(1, Direction::Request, 0), 0);
    assert_eq!(action, Action::Deliver(Delivery::whole(MS * 10)));
    Delivery { after: MS, flipped: Some(11) }.damage(&mut []);
}

/// With every feature, what happens to a flow does not depend on other flows.
#[test]
fn fates_do_not_depend_on_other_flows() {
    for loss in ["0.1", "burst 0.1 3", "timed 20ms 80ms 0.9", "4-state 0.1 0.2 0.4 0.3 0.2"] {
        let link = Link {
            latency: "lognormal 10ms 5ms".parse().unwrap(),
            correlation: p("0.5"),
            loss: loss.parse().unwrap(),
            duplicate: p("0.1"),
            reorder: p("0.3"),
            reorder_gap: 3,
            corrupt: p("0.1"),
            checksum: false,
            rate: "1mbit".parse().ok(),
            queue: 3,
            queue_rule: "red 1 3 0.5".parse().unwrap(),
            reply_rate: Same::Own("500kbit".parse().ok()),
            ..Link::default()
        };
        const WAYS: [Direction; 2] = [Direction::Request, Direction::Reply];
        let send = |channel: &mut Channel, flow, way, index: u64| {
            let now = Instant::from_millis(index * 2 + index % 7);
            channel.send(now, name(flow, way, index), 100 + index as usize)
        };
        let (mut together, mut interleaved) = (Channel::new(&link), Vec::new());
        for index in 0..300 {
            for flow in 1..=5 {
                for way in WAYS {
                    let action = send(&mut together, flow, way, index);
                    interleaved.push((flow, way as u8, index, action));
                }
            }
        }
        let mut alone = Vec::new();
        for flow in 1..=5 {
            for way in WAYS {
                let mut channel = Channel::new(&link);
                for index in 0..300 {
                    alone.push((flow, way as u8, index, send(&mut channel, flow, way, index)));
                }
            }
        }
        interleaved.sort_by_key(|(flow, way, index, _)| (*flow, *way, *index));
        assert_eq!(interleaved, alone, "{loss}");
    }
}

/// The fast path and the general one give the same result.
#[test]
fn a_feature_that_never_acts_changes_nothing() {
    for latency in ["10ms", "normal 10ms 4ms", "pareto 1ms 2"] {
        let plain = Link {
            latency: latency.parse().unwrap(),
            loss: Loss::Independent(p("0.2")),
            ..Link::default()
        };
        let long = Link { mtu: Some(1_000), ..plain.clone() };
        assert_eq!(actions(&plain, 5_000, MS), actions(&long, 5_000, MS), "{latency}");
    }
}

/// Without random draws, the number of a datagram changes nothing.
#[test]
fn numbers_do_not_matter_without_draws() {
    let rate = "1mbit".parse().ok();
    let certain = Link { rate, mtu: Some(100), queue: 2, ..Link::default() };
    let actions = |offset| {
        let mut channel = Channel::new(&certain);
        let now = Instant::ZERO;
        let sizes = [50, 90, 50, 50].into_iter().zip(offset..);
        sizes.map(|(n, i)| channel.send(now, name(1, Direction::Reply, i), n)).collect::<Vec<_>>()
    };
    assert_eq!(actions(0), actions(99));
}
