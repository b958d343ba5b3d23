use super::*;
use crate::link::Rate;
use crate::value::Same;

/// 1 Mbit/s, so that the 128 bytes of 100 take 1.024 ms; no latency.
fn slow() -> Link {
    Link { latency: "0s".parse().unwrap(), rate: "1mbit".parse().ok(), ..Link::default() }
}

const SERVICE: Duration = Duration::from_micros(1_024);

#[test]
fn datagrams_take_their_time_to_the_nanosecond() {
    for (count, action) in (1..).zip(actions(&slow(), 20, Duration::ZERO)) {
        assert_eq!(after(&action), SERVICE * count);
    }
    // Exactly as fast as the wire: each finds it free.
    assert!(actions(&slow(), 20, SERVICE).iter().all(|action| after(action) == SERVICE));
    // A nanosecond too fast: each waits one longer.
    let faster = actions(&slow(), 20, SERVICE - Duration::from_nanos(1));
    for (count, action) in (0..).zip(&faster) {
        assert_eq!(after(action), SERVICE + Duration::from_nanos(count));
    }
    let rate: Rate = "3mbit".parse().unwrap();
    assert_eq!(rate.time_of(128), Duration::from_nanos(341_333), "1024 bits / 3, cut");
    let slowest: Rate = "1bit".parse().unwrap();
    assert_eq!(slowest.time_of(u64::MAX), Duration::from_nanos(u64::MAX));
}

#[test]
fn a_full_queue_drops_who_comes_last() {
    let link = Link { queue: 10, ..slow() };
    let mut channel = Channel::new(&link);
    let mut send = |now, index| channel.send(now, name(1, Direction::Request, index), 100);
    for index in 0..50 {
        let dropped = send(Instant::ZERO, index) == Action::Drop(Cause::LinkQueue);
        assert_eq!(dropped, index >= 10, "{index}");
    }
    // One nanosecond before the first has left, and when it has.
    let left = Instant::ZERO.saturating_add(SERVICE);
    let before = Instant::from_nanos(left.as_nanos() - 1);
    assert_eq!(send(before, 50), Action::Drop(Cause::LinkQueue));
    assert_eq!(after(&send(left, 51)), SERVICE * 10);
    assert_eq!(send(left, 52), Action::Drop(Cause::LinkQueue));
    let usage = channel.usage(Direction::Request);
    assert_eq!((usage.taken, usage.dropped, usage.deepest), (11, 42, 10));
    assert_eq!(usage.busy, SERVICE * 11);
    assert_eq!(channel.usage(Direction::Reply), crate::link::Usage::default());
}

/// Five percent more than the wire carries: RED drops that much before the queue is full, evenly.
#[test]
fn red_drops_early_and_evenly() {
    let link = Link { queue_rule: "red 5 15 0.1".parse().unwrap(), ..slow() };
    // A burst of L brings the average to L + 1 + ((1 - w)^(L + 1) - 1) / w, here 2.5: all of it passes.
    let burst = actions(&link, 50, Duration::ZERO);
    assert!(burst.iter().all(|action| matches!(action, Action::Deliver(_))));
    // One of 100 brings it to 9.5.
    let burst = actions(&link, 100, Duration::ZERO);
    assert!(burst.contains(&Action::Drop(Cause::LinkQueue)));
    let every = Duration::from_nanos(1_024_000 * 100 / 105);
    let actions = actions(&link, 200_000, every);
    // The average needs its time at first.
    let steady = &actions[20_000..];
    let dropped: Vec<bool> =
        steady.iter().map(|action| *action == Action::Drop(Cause::LinkQueue)).collect();
    let share = dropped.iter().filter(|dropped| **dropped).count() as f64 / dropped.len() as f64;
    assert!((share - (1.0 - 1.0 / 1.05)).abs() < 0.002, "{share}");
    let waits = steady.iter().filter_map(|action| match action {
        Action::Deliver(delivery) => Some(delivery.after.as_secs_f64() / SERVICE.as_secs_f64()),
        _ => None,
    });
    let (depth, _) = mean(waits);
    assert!((5.0..15.0).contains(&depth), "between the marks: {depth}");
    // Uniform between two drops (section 4 of the paper), where independent ones would be geometric:
    // the deviation is 0.58 of the mean, not 1.
    let gaps = dropped.split(|dropped| *dropped).map(|gap| gap.len() as f64);
    let gaps: Vec<f64> = gaps.collect();
    let average = gaps.iter().sum::<f64>() / gaps.len() as f64;
    let spread = gaps.iter().map(|gap| (gap - average).powi(2)).sum::<f64>() / gaps.len() as f64;
    let ratio = spread.sqrt() / average;
    assert!((0.5..0.75).contains(&ratio), "{ratio}");
    // Above `max` everything is dropped until the average has decreased.
    let flood = mean_wait_in_a_flood(&link);
    assert!(flood < 30.0, "the queue stays near the mark: {flood}");
}

/// Returns the mean time in the queue, in service times, at twice the capacity.
fn mean_wait_in_a_flood(link: &Link) -> f64 {
    let actions = actions(link, 50_000, SERVICE / 2);
    let waits = actions[25_000..].iter().filter_map(|action| match action {
        Action::Deliver(delivery) => Some(delivery.after.as_secs_f64() / SERVICE.as_secs_f64()),
        _ => None,
    });
    mean(waits).0
}

#[test]
fn what_is_larger_than_the_mtu_is_dropped() {
    let mut channel = Channel::new(&Link { mtu: Some(1_500), ..Link::default() });
    let mut send = |payload| channel.send(Instant::ZERO, name(1, Direction::Reply, 0), payload);
    assert!(matches!(send(1_472), Action::Deliver(_)));
    assert_eq!(send(1_473), Action::Drop(Cause::TooBig));
    assert_eq!(send(usize::MAX), Action::Drop(Cause::TooBig));
}

#[test]
fn replies_go_by_their_own_fields() {
    let link = Link {
        reply_latency: Same::Own("30ms".parse().unwrap()),
        reply_loss: Same::Own("first 1".parse().unwrap()),
        reply_rate: Same::Own(None),
        ..Link { latency: "20ms".parse().unwrap(), ..slow() }
    };
    let mut channel = Channel::new(&link);
    let mut send = |way, index| channel.send(Instant::ZERO, name(1, way, index), 100);
    assert_eq!(after(&send(Direction::Request, 0)), MS * 20 + SERVICE);
    assert!(is_lost(&send(Direction::Reply, 0)));
    assert_eq!(after(&send(Direction::Reply, 1)), MS * 30, "no rate, though requests have one");
}

#[test]
fn a_shared_link_is_one_queue_for_all_and_one_chain() {
    let first_of_each = |shared| {
        let mut channel = Channel::new(&Link { shared, queue: 3, ..slow() });
        (1..=4)
            .map(|flow| channel.send(Instant::ZERO, name(flow, Direction::Request, 0), 100))
            .collect::<Vec<_>>()
    };
    assert!(first_of_each(false).iter().all(|action| after(action) == SERVICE));
    let shared = first_of_each(true);
    let waits: Vec<Duration> = shared[..3].iter().map(after).collect();
    assert_eq!(waits, [SERVICE, SERVICE * 2, SERVICE * 3]);
    assert_eq!(shared[3], Action::Drop(Cause::LinkQueue));
    // Directions share nothing.
    let mut channel = Channel::new(&Link { shared: true, ..slow() });
    for way in [Direction::Request, Direction::Reply] {
        assert_eq!(after(&channel.send(Instant::ZERO, name(1, way, 0), 100)), SERVICE);
    }
    // A burst hits consecutive datagrams, whichever clients they belong to.
    let neighbours = |shared| {
        let loss = "burst 0.2 50".parse().unwrap();
        let mut channel = Channel::new(&Link { shared, loss, ..Link::default() });
        let lost: Vec<bool> = (1..=20_000)
            .map(|flow| is_lost(&channel.send(Instant::ZERO, name(flow, Direction::Reply, 0), 1)))
            .collect();
        let alike = lost.windows(2).filter(|pair| pair[0] == pair[1]).count();
        alike as f64 / 20_000.0
    };
    // Neighbours agree with probability 1 - 2 * 0.2 * 0.02 in one chain, 0.8^2 + 0.2^2 = 0.68 in two.
    assert!((neighbours(true) - 0.992).abs() < 0.003, "{}", neighbours(true));
    assert!((neighbours(false) - 0.68).abs() < 0.02, "{}", neighbours(false));
}

#[test]
fn a_link_may_change_while_it_runs() {
    let mut channel = Channel::new(&slow());
    let send = |channel: &mut Channel, millis, index| {
        let now = Instant::from_millis(millis);
        channel.send(now, name(1, Direction::Request, index), 100)
    };
    for index in 0..10 {
        send(&mut channel, 0, index);
    }
    // Queued datagrams leave at the old rate; new ones are ten times faster, behind them.
    channel.change(&Link { rate: "10mbit".parse().ok(), ..slow() });
    let wait = SERVICE * 10 + SERVICE / 10 - MS;
    assert_eq!(after(&send(&mut channel, 1, 10)), wait);
    assert_eq!(channel.usage(Direction::Request).taken, 11, "counts go on");
    channel.change(&Link { loss: "1".parse().unwrap(), ..Link::default() });
    assert!(is_lost(&send(&mut channel, 2, 11)));
    channel.change(&Link::default());
    assert_eq!(after(&send(&mut channel, 3, 12)), MS * 10);
    assert_eq!(channel.link(), &Link::default());
}
