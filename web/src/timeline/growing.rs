//! Checks that a timeline that has taken some of the records shows what it shows in the end, up to the time of the last one.

use super::*;
use crate::lessons::lessons;
use crate::run::PageRun;
use retrylab_core::trace::What;

/// Everything that the queries use.
fn parts(timeline: &Timeline) -> impl PartialEq + std::fmt::Debug {
    let Timeline { packets, flows, known, hidden, ends, lost_frames, .. } = timeline;
    let Timeline { waits, subjects, shown, moments, sums, flights, running, servers, .. } =
        timeline;
    let of_packets = (packets, flows, known, hidden, ends, lost_frames, flights);
    (of_packets, (waits, subjects, shown, moments, sums, running, servers))
}

/// Checks that the timeline of a run, which took the records in slices, grows.
pub(crate) fn assert_grows(run: &PageRun, whole: &Timeline) {
    let count = run.records().len();
    let mut growing = Timeline::begin(run.scenario());
    for until in [1, count / 7, count / 2, count.saturating_sub(1)] {
        if !(growing.len() + 1..=count).contains(&until) {
            continue;
        }
        growing.extend(run, until);
        let now = time_of(run, until - 1);
        assert!(whole.subjects.starts_with(&growing.subjects));
        assert!(whole.known.starts_with(&growing.known));
        let shown = |timeline: &Timeline| {
            let until = timeline.shown.partition_point(|(at, _)| *at < now);
            timeline.shown[..until].to_vec()
        };
        assert_eq!(shown(&growing), shown(whole));
        let places = |timeline: &Timeline| {
            let until = timeline.packets.partition_point(|packet| packet.sent < now);
            let packets = timeline.packets[..until].iter();
            packets.map(|packet| (packet.sent, packet.behind)).collect::<Vec<_>>()
        };
        assert_eq!(places(&growing), places(whole));
        let step = 1 + growing.moments.len() / 20;
        for at in growing.moments.iter().step_by(step).filter(|at| **at < now) {
            assert_same_moment(run, &growing, whole, *at);
        }
    }
    growing.extend(run, count);
    growing.finish(run.is_cut());
    assert_eq!(parts(&growing), parts(whole));
}

fn assert_same_moment(run: &PageRun, growing: &Timeline, whole: &Timeline, at: u64) {
    let sums = |timeline: &Timeline| {
        let summary = timeline.summary(run.records(), at);
        let load = timeline.servers.load(0, at);
        (summary, timeline.in_flight(at), timeline.lost_frames(at), timeline.moment(at), load)
    };
    assert_eq!(sums(growing), sums(whole), "{at}");
    for flow in [1, 2, run.scenario().clients] {
        assert_eq!(growing.state(flow, at), whole.state(flow, at), "client {flow} at {at}");
    }
    let near: Vec<Id> = growing.around(at, 0).map(|(id, _)| id).collect();
    for (id, packet) in (0..).zip(whole.packets()) {
        let is_flying = packet.is_drawn() && packet.sent <= at && at < packet.end;
        assert!(!is_flying || near.binary_search(&id).is_ok(), "{packet:?} at {at}");
    }
    let running = whole.waits().iter().filter(|wait| wait.armed <= at && at < wait.ended);
    for wait in running.filter(|wait| at < wait.deadline) {
        assert!(at - wait.armed <= growing.longest_wait(), "{wait:?} at {at}");
    }
}

fn check(fragment: &str) {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, [], "{fragment}");
    if !scenario.is_runnable() {
        return;
    }
    let mut run = PageRun::new(scenario);
    while run.records().len() < 4_000 && !run.advance(500) {}
    run.stop();
    let whole = Timeline::new(&run);
    assert_grows(&run, &whole);
}

#[test]
fn lessons_grow() {
    for lesson in lessons() {
        check(lesson.fragment);
    }
}

/// A loss is shown a minute after it is recorded: most of them wait.
#[test]
fn what_is_due_later_waits() {
    check("seed=2&clients=20&exchanges=9&link.loss=0.4&link.latency=2m&link.duplicate=0.3");
}

#[test]
fn a_growing_timeline_ends_with_its_last_record() {
    let (scenario, _) = Scenario::from_fragment("link.loss=1&link.latency=80ms");
    let mut run = PageRun::new(scenario);
    while !run.advance(1_000) {}
    let mut growing = Timeline::begin(run.scenario());
    let lost = |record: &Record| matches!(record.what, What::Dropped { .. });
    let first = run.records().iter().position(lost).unwrap();
    growing.extend(&run, first + 1);
    assert_eq!((growing.end(), growing.in_flight(0)), (0, 1), "it is lost after 40 ms");
    growing.extend(&run, first + 3);
    let at = time_of(&run, first + 2);
    assert!(at >= 100_000_000, "the next send");
    assert_eq!((growing.moments().len(), growing.in_flight(at - 1)), (3, 0));
    growing.finish(true);
    assert_eq!(growing.end(), at);
}

fn time_of(run: &PageRun, id: usize) -> u64 {
    run.records()[id].at.as_nanos()
}
