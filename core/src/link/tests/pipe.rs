//! A pipe numbers datagrams, applies faults, and leaves the rest to its channel.

use super::*;
use crate::link::{Act, ActKind, Delivery, Fault, FaultEffect, Pipe};
use crate::random::Probability;
use crate::trace::{PacketId, What};
use alloc::borrow::Cow;
use core::num::NonZeroU32;
use proptest::prelude::*;

const WAYS: [Direction; 2] = [Direction::Request, Direction::Reply];

fn lossy() -> Link {
    Link {
        latency: "uniform 5ms 60ms".parse().unwrap(),
        loss: "0.3".parse().unwrap(),
        ..Link::default()
    }
}

fn share(text: &str) -> Probability {
    Probability::parse(text).unwrap()
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Returns a fault from 100 ms until just before 200 ms.
fn fault(effect: FaultEffect) -> Fault {
    Fault { from: at(100), until: at(200), effect }
}

/// Sends one datagram of a flow in a direction; returns what the pipe does with it.
fn one(pipe: &mut Pipe, now: Instant, (flow, way): (u32, Direction), payload: usize) -> Action {
    let name = pipe.name(flow, way);
    pipe.send(now, name, payload)
}

/// Returns what the pipe does with a request of flow 1.
fn request(pipe: &mut Pipe, now: Instant) -> Action {
    one(pipe, now, (1, Direction::Request), 100)
}

#[test]
fn a_constant_link_delivers_each_datagram_after_its_latency() {
    let mut pipe = Pipe::new(&Link::default(), SEED);
    for flow in 0..1_000 {
        let delivery = Delivery::whole(MS * 10);
        assert_eq!(one(&mut pipe, at(5), (flow, Direction::Reply), 9), Action::Deliver(delivery));
        assert_eq!(delivery.at(at(5)), at(15));
    }
}

/// Flows may appear in any order, as on a server's socket, and do not influence each other.
#[test]
fn counters_grow_with_the_flows_and_name_the_same_fates() {
    let mut alone = Pipe::new(&lossy(), SEED);
    let expected: Vec<Action> = (0..50).map(|_| request(&mut alone, at(0))).collect();
    assert_eq!(alone.counters(), 2);
    let mut crowd = Pipe::new(&lossy(), SEED);
    let mut actions = Vec::new();
    for index in 0..50 {
        for flow in [900, 3, 2] {
            // Some flows send more than others, and replies have numbers of their own.
            for _ in 0..index % 3 {
                let _ = one(&mut crowd, at(0), (flow, Direction::Request), 100);
            }
        }
        let _ = one(&mut crowd, at(0), (1, Direction::Reply), 100);
        actions.push(request(&mut crowd, at(0)));
    }
    assert_eq!(actions, expected);
    assert_eq!(crowd.counters(), 901);
    let mut reserved = Pipe::new(&lossy(), SEED);
    reserved.reserve(7);
    assert_eq!(reserved.counters(), 8);
    assert_eq!(request(&mut reserved, at(0)), expected[0]);
}

#[test]
fn a_partition_drops_one_direction_or_both_while_it_lasts() {
    let whole = Action::Deliver(Delivery::whole(MS * 10));
    let dropped = Action::Drop(Cause::Partition);
    for only in [None, Some(Direction::Request), Some(Direction::Reply)] {
        let partition = fault(FaultEffect::Partition(only));
        let mut pipe = Pipe::new(&Link::default(), SEED).with_faults([partition]);
        let before_end = Instant::from_nanos(at(200).as_nanos() - 1);
        for way in WAYS {
            let meanwhile = if only.is_none_or(|only| only == way) { dropped } else { whole };
            let expected =
                [(at(99), whole), (at(100), meanwhile), (before_end, meanwhile), (at(200), whole)];
            for (now, action) in expected {
                assert_eq!(one(&mut pipe, now, (1, way), 1), action, "{only:?} {way:?} {now}");
            }
        }
    }
}

#[test]
fn delays_of_faults_add_up_for_each_delivery() {
    let faults = [20, 30].map(|delay| fault(FaultEffect::Latency(MS * delay)));
    let twice = Link { duplicate: Probability::ALWAYS, ..Link::default() };
    let mut pipe = Pipe::new(&twice, SEED).with_faults(faults);
    for (now, delay) in [(99, 10), (100, 60), (200, 10)] {
        let late = Delivery::whole(MS * delay);
        assert_eq!(request(&mut pipe, at(now)), Action::DeliverTwice(late, late));
    }
}

/// The loss of a fault is drawn separately from the loss of the link.
#[test]
fn a_fault_loses_its_share_beside_the_links_own() {
    let half = fault(FaultEffect::Loss(share("0.5")));
    let mut pipe = Pipe::new(&lossy(), SEED).with_faults([half]);
    let actions: Vec<Action> = (0..100_000).map(|_| request(&mut pipe, at(150))).collect();
    let lost = |cause| {
        let is = move |action: &Action| f64::from(u8::from(*action == Action::Drop(cause)));
        actions.iter().map(is)
    };
    close("by the fault", lost(Cause::FaultLoss), 0.5);
    close("by the link", lost(Cause::LinkLoss), 0.5 * 0.3);
    // What the fault does not drop is treated as without the fault.
    let mut without = Pipe::new(&lossy(), SEED);
    for action in actions {
        let other = request(&mut without, at(150));
        assert!(action == Action::Drop(Cause::FaultLoss) || action == other);
    }
}

#[test]
fn the_first_fault_that_drops_names_the_cause() {
    let loss = fault(FaultEffect::Loss(Probability::ALWAYS));
    let partition = fault(FaultEffect::Partition(None));
    for (faults, cause) in
        [([loss, partition], Cause::FaultLoss), ([partition, loss], Cause::Partition)]
    {
        let mut pipe = Pipe::new(&Link::default(), SEED).with_faults(faults);
        assert_eq!(request(&mut pipe, at(150)), Action::Drop(cause));
    }
}

/// A datagram that a fault drops never reaches the queue.
#[test]
fn a_fault_comes_before_the_queue() {
    let link = Link { rate: "1kbit".parse().ok(), queue: 1, ..Link::default() };
    let partition = fault(FaultEffect::Partition(None));
    let mut pipe = Pipe::new(&link, SEED).with_faults([partition]);
    assert_eq!(request(&mut pipe, at(199)), Action::Drop(Cause::Partition));
    assert!(matches!(request(&mut pipe, at(200)), Action::Deliver(_)));
    assert_eq!(request(&mut pipe, at(200)), Action::Drop(Cause::LinkQueue));
    let usage = pipe.channel().usage(Direction::Request);
    assert_eq!((usage.taken, usage.dropped), (1, 1));
}

#[test]
fn a_damaged_payload_differs_in_the_bit_that_is_named() {
    let link = Link { corrupt: Probability::ALWAYS, checksum: false, ..Link::default() };
    let mut pipe = Pipe::new(&link, SEED);
    let sent: Vec<u8> = (0..100).collect();
    for _ in 0..1_000 {
        let Action::Deliver(delivery) = request(&mut pipe, at(0)) else { panic!("not delivered") };
        let bit = delivery.flipped.unwrap() as usize;
        let mut expected = sent.clone();
        expected[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(delivery.payload(&sent), expected);
    }
    let whole = Delivery::whole(MS);
    assert!(matches!(whole.payload(&sent), Cow::Borrowed(bytes) if bytes == sent));
}

#[test]
fn duplicates_differ_in_latency_and_corruption() {
    let link = Link {
        duplicate: Probability::ALWAYS,
        corrupt: Probability::ALWAYS,
        checksum: false,
        ..lossy()
    };
    let mut pipe = Pipe::new(&link, SEED);
    let actions = (0..1_000).map(|_| request(&mut pipe, at(0)));
    let duplicates: Vec<_> = actions
        .filter_map(|action| match action {
            Action::DeliverTwice(first, second) => Some((first, second)),
            _ => None,
        })
        .collect();
    assert!(duplicates.len() > 600);
    assert!(duplicates.iter().all(|(first, second)| first.after != second.after));
    let same_bit =
        duplicates.iter().filter(|(first, second)| first.flipped == second.flipped).count();
    assert!(same_bit < 10, "one in 800 by chance: {same_bit}");
}

#[test]
fn what_is_larger_than_the_mtu_is_dropped_at_the_byte() {
    let mut pipe = Pipe::new(&Link { mtu: Some(1_500), ..Link::default() }, SEED);
    let mut send = |payload| one(&mut pipe, at(0), (1, Direction::Request), payload);
    assert_eq!(send(1_472), Action::Deliver(Delivery::whole(MS * 10)));
    assert_eq!(send(1_473), Action::Drop(Cause::TooBig));
}

/// Returns the act on this datagram.
fn act(flow: u32, direction: Direction, number: u32, kind: ActKind) -> Act {
    let [flow, number] = [flow, number].map(|n| NonZeroU32::new(n).unwrap());
    Act { packet: PacketId { flow, direction, number }, kind }
}

/// The act comes last: a drop by hand wins over a draw, and nothing wins over a drop of the link.
#[test]
fn an_act_changes_what_the_link_does() {
    let (direction, later) = (Direction::Request, MS * 50);
    let whole = |millis: u32| Delivery::whole(MS * millis);
    let delayed = What::DelayedByHand { direction, by: later };
    let twice = What::DuplicatedByHand { direction };
    let by_hand = Action::Drop(Cause::ByHand);
    let lost = Link { loss: "1".parse().unwrap(), ..Link::default() };
    let double = Link { duplicate: Probability::ALWAYS, ..Link::default() };
    for (link, kind, expected) in [
        (&Link::default(), ActKind::Drop, by_hand),
        (&Link::default(), ActKind::Delay(later), Action::ByHand(delayed, whole(60), None)),
        (&Link::default(), ActKind::Duplicate, Action::ByHand(twice, whole(10), Some(whole(10)))),
        (&lost, ActKind::Drop, by_hand),
        (&lost, ActKind::Delay(later), Action::Drop(Cause::LinkLoss)),
        (&lost, ActKind::Duplicate, Action::Drop(Cause::LinkLoss)),
        (&double, ActKind::Drop, by_hand),
        (&double, ActKind::Delay(later), Action::ByHand(delayed, whole(60), Some(whole(60)))),
        (&double, ActKind::Duplicate, Action::DeliverTwice(whole(10), whole(10))),
    ] {
        let mut pipe = Pipe::new(link, SEED).with_acts([act(1, direction, 2, kind)]);
        let mut plain = Pipe::new(link, SEED);
        assert_eq!(request(&mut pipe, at(0)), request(&mut plain, at(0)), "{kind:?}");
        assert_eq!(request(&mut pipe, at(0)), expected, "{kind:?}");
        assert!(!pipe.is_instant());
    }
    // By hand, it is dropped during a partition, too.
    let partition = fault(FaultEffect::Partition(None));
    let acts = [act(1, direction, 1, ActKind::Drop), act(1, direction, 2, ActKind::Duplicate)];
    let mut pipe = Pipe::new(&Link::default(), SEED).with_faults([partition]).with_acts(acts);
    assert_eq!(request(&mut pipe, at(150)), by_hand);
    assert_eq!(request(&mut pipe, at(150)), Action::Drop(Cause::Partition));
}

/// An act concerns each fragment of its datagram, and no ICMP error that answers one.
#[test]
fn an_act_on_a_datagram_concerns_its_fragments() {
    let mut pipe =
        Pipe::new(&Link::default(), SEED).with_acts([act(1, Direction::Request, 2, ActKind::Drop)]);
    let (first, second) = (name(1, Direction::Request, 0), name(1, Direction::Request, 1));
    for (name, is_dropped) in [
        (second, true),
        (second.fragment(9), true),
        (second.answer(), false),
        (first.fragment(9), false),
        (Name { direction: Direction::Reply, ..second }, false),
        (Name { flow: 2, ..second }, false),
        (Name { flow: 0, ..second }, false),
    ] {
        let action = pipe.send(at(0), name, 9);
        assert_eq!(action == Action::Drop(Cause::ByHand), is_dropped, "{name:?}");
    }
}

fn links() -> impl Strategy<Value = Link> {
    let latency = prop_oneof![Just("10ms"), Just("normal 10ms 4ms"), Just("pareto 1ms 2")];
    let loss = prop_oneof![
        Just("0"),
        Just("0.2"),
        Just("burst 0.2 3"),
        Just("timed 20ms 80ms 0.9"),
        Just("first 2"),
    ];
    let chance = prop_oneof![Just("0"), Just("0.3")];
    let rate = prop_oneof![Just(None), Just("1mbit".parse().ok())];
    (latency, loss, chance.clone(), chance.clone(), chance, rate, any::<(bool, bool)>()).prop_map(
        |(latency, loss, duplicate, reorder, corrupt, rate, (checksum, shared))| Link {
            latency: latency.parse().unwrap(),
            loss: loss.parse().unwrap(),
            duplicate: share(duplicate),
            reorder: share(reorder),
            corrupt: share(corrupt),
            checksum,
            rate,
            queue: 3,
            shared,
            ..Link::default()
        },
    )
}

proptest! {
    /// A pipe is a channel with numbers: both do the same with any link and any traffic, even after faults
    /// that are over.
    #[test]
    fn a_pipe_does_what_a_channel_does_with_the_same_names(
        link in links(),
        seed: u64,
        traffic in prop::collection::vec((1..5u32, 0..2usize, 0..200usize, 0..20u64), 1..200),
    ) {
        let mut pipe = Pipe::new(&link, seed);
        let mut faulty = Pipe::new(&link, seed)
            .with_faults([Fault { from: at(0), until: at(0), effect: FaultEffect::Partition(None) }]);
        let mut channel = Channel::new(&link);
        let (mut counts, mut millis) = ([[0u64; 2]; 5], 0);
        for (flow, way, payload, gap) in traffic {
            millis += gap;
            let (now, direction) = (at(millis), WAYS[way]);
            let index = counts[flow as usize][way];
            counts[flow as usize][way] += 1;
            let expected = channel.send(now, Name { seed, flow, direction, index }, payload);
            prop_assert_eq!(one(&mut pipe, now, (flow, direction), payload), expected);
            prop_assert_eq!(one(&mut faulty, now, (flow, direction), payload), expected);
        }
    }

    /// Whatever is done to one packet, the link treats all others as before, also where it has a memory.
    #[test]
    fn an_act_changes_its_packet_only(
        link in links(),
        seed: u64,
        kind in prop_oneof![
            Just(ActKind::Drop),
            Just(ActKind::Delay(MS * 30)),
            Just(ActKind::Duplicate),
        ],
        (flow, way, number) in (1..5u32, 0..2usize, 1..20u32),
        traffic in prop::collection::vec((1..5u32, 0..2usize, 0..200usize, 0..20u64), 1..200),
    ) {
        let own = act(flow, WAYS[way], number, kind);
        let mut plain = Pipe::new(&link, seed);
        let mut changed = Pipe::new(&link, seed).with_acts([own]);
        let mut millis = 0;
        for (flow, way, payload, gap) in traffic {
            millis += gap;
            let (now, to) = (at(millis), (flow, WAYS[way]));
            let expected = one(&mut plain, now, to, payload);
            let action = one(&mut changed, now, to, payload);
            let is_own = (own.packet.flow.get(), own.packet.direction) == to
                && plain.sent(flow, to.1) == number;
            let expected = if is_own { expected.by_hand(kind, to.1) } else { expected };
            prop_assert_eq!(action, expected);
        }
    }
}
