use super::*;
use crate::run::PageRun;
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::{Cause, Direction};

impl Timeline {
    /// Arranges the records of a run at once.
    pub(crate) fn new(run: &PageRun) -> Self {
        let mut timeline = Self::begin(run.scenario());
        timeline.extend(run, run.records().len());
        timeline.finish(run.is_cut());
        timeline
    }

    /// Takes the records of a run up to `until`.
    pub(super) fn extend(&mut self, run: &PageRun, until: usize) {
        for id in self.len()..until {
            self.push(&run.records()[id], run.frames().of(id as Id));
        }
    }
}

const MS: u64 = 1_000_000;

fn over(fragment: &str) -> (PageRun, Timeline) {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, []);
    let mut run = PageRun::new(scenario);
    while !run.advance(1_000) {}
    let timeline = Timeline::new(&run);
    (run, timeline)
}

/// The opening run: a request, its reply lost, the request again, its reply.
fn one_lost_reply() -> (PageRun, Timeline) {
    over(crate::lessons::OPENING.fragment)
}

#[test]
fn packets_are_paired_with_their_fates() {
    let (_, timeline) = one_lost_reply();
    let fates: Vec<_> = timeline
        .packets()
        .iter()
        .map(|packet| (packet.direction, packet.send(), packet.sent / MS, packet.end / MS))
        .collect();
    use Direction::{Reply, Request};
    assert_eq!(
        fates,
        [(Request, 1, 0, 10), (Reply, 1, 10, 15), (Request, 2, 100, 110), (Reply, 2, 110, 120)]
    );
    let [request, lost, retry, reply] = timeline.packets() else { unreachable!() };
    assert_eq!(request.ending, Ending::Arrived);
    assert_eq!(lost.ending, Ending::Lost(Cause::LinkLoss));
    assert_eq!((lost.request, lost.wait), (Some(0), Some(0)), "it was asked for, and waited for");
    assert!(retry.is_retry() && !request.is_retry() && !reply.is_retry());
    assert_eq!((reply.effect, lost.effect), (Effect::Answered, Effect::None));
    assert_eq!(timeline.packet_named(reply.name.unwrap()), Some(3));
}

#[test]
fn waits_end_by_firing_or_by_an_answer() {
    let (_, timeline) = one_lost_reply();
    let waits: Vec<_> = timeline
        .waits()
        .iter()
        .map(|wait| {
            (wait.armed / MS, wait.deadline / MS, wait.ended / MS, wait.end == WaitEnd::Fired)
        })
        .collect();
    assert_eq!(waits, [(0, 100, 100, true), (100, 300, 120, false)]);
}

#[test]
fn a_client_has_a_state_at_every_time() {
    let (_, timeline) = one_lost_reply();
    for (ms, state) in [(0, State::Waiting(0)), (99, State::Waiting(0)), (100, State::Waiting(1))] {
        assert_eq!(timeline.state(1, ms * MS), Some(state), "{ms} ms");
    }
    assert_eq!(timeline.state(1, 120 * MS), Some(State::Answered));
    assert_eq!(timeline.state(2, 120 * MS), None, "there is no second client");

    let (_, timeline) = over("server.drop=1&clients=3");
    assert_eq!(timeline.state(3, 3_100 * MS), Some(State::GaveUp));
    assert_eq!(timeline.state(3, 3_100 * MS - 1), Some(State::Waiting(14)));
    assert_eq!(timeline.waits().iter().filter(|wait| wait.timer == Timer::GiveUp).count(), 3);
}

#[test]
#[cfg(feature = "packets")]
fn a_client_that_waits_until_its_connection_is_released_has_its_outcome() {
    let (_, timeline) = over("network=packets&protocol=http&policy.give_up_above=none");
    let release = timeline.waits().iter().find(|wait| matches!(wait.timer, Timer::Other(_)));
    let release = release.expect("the client waits for the server's end of the connection");
    assert!(release.ended > release.armed);
    assert_eq!(timeline.state(1, release.armed), Some(State::Answered));
    assert_eq!(timeline.state(1, timeline.end()), Some(State::Answered));
}

#[test]
fn steps_go_through_every_moment_forth_and_back() {
    let (_, timeline) = one_lost_reply();
    let moments: Vec<u64> = timeline.moments().iter().map(|at| at / MS).collect();
    assert_eq!(moments, [0, 10, 15, 100, 110, 120], "the loss is a moment of its own");
    assert_eq!(timeline.end(), 120 * MS);
    let mut there = vec![0];
    while let Some(next) = after(timeline.moments(), *there.last().unwrap()) {
        there.push(next);
    }
    assert_eq!(there, timeline.moments());
    let mut back = vec![timeline.end()];
    while let Some(previous) = before(timeline.moments(), *back.last().unwrap()) {
        back.push(previous);
    }
    back.reverse();
    assert_eq!(back, there);
    assert_eq!(timeline.moment(14 * MS), Some(10 * MS));
    assert_eq!(timeline.moment(15 * MS), Some(15 * MS));
    assert_eq!(before(&[], 5), None);
}

#[test]
fn counts_and_flights_at_any_time_are_those_of_a_slow_count() {
    let (run, timeline) = over("seed=5&clients=40&exchanges=8&link.loss=0.2&server.drop=0.1");
    assert!(timeline.shown().len() > 2 * STRIDE);
    for at in (0..=timeline.end()).step_by((timeline.end() / 97) as usize) {
        let mut slow = Summary::default();
        for (_, id) in timeline.shown().iter().filter(|(time, _)| *time <= at) {
            slow.record(&run.records()[*id as usize]);
        }
        assert_eq!(timeline.summary(run.records(), at), slow);
        let flying = |packet: &&Packet| packet.sent <= at && at < packet.end;
        let slow = timeline.packets().iter().filter(flying).count();
        assert_eq!(timeline.in_flight(at), slow);
        let around = timeline.around(at, 0).filter(|(_, packet)| flying(packet)).count();
        assert_eq!(around, slow, "the range holds all that fly");
    }
    assert_eq!(timeline.summary(run.records(), u64::MAX), run.summary());
}

#[test]
fn a_run_that_was_cut_ends_with_its_last_record() {
    let link = "clients=100&exchanges=40&server.drop=0.5&link.loss=0.1";
    let mut run = PageRun::keeping(10_000, Scenario::from_fragment(link).0);
    while !run.advance(1_000) {}
    let timeline = Timeline::new(&run);
    growing::assert_grows(&run, &timeline);
    assert!(run.is_cut());
    assert_eq!(timeline.end(), run.records().last().unwrap().at.as_nanos());
    let unknown =
        timeline.packets().iter().filter(|packet| packet.ending == Ending::Unknown).count();
    assert!(unknown > 0, "some were on their way when the records ended");
    assert!(timeline.in_flight(timeline.end()) >= unknown);
}

#[test]
fn the_busiest_client_has_the_maximum_number_of_phases() {
    let (_, timeline) = over("clients=1000&link.loss=0.3&seed=2");
    let phases = |flow: u32| timeline.flows[flow as usize].phases.len();
    let most = (1..=1000).map(phases).max().unwrap();
    let busiest = timeline.busiest();
    assert_eq!(phases(busiest), most);
    assert!((1..busiest).all(|flow| phases(flow) < most), "the first of them");
    assert_eq!(Timeline::default().busiest(), 1);
}

#[test]
fn no_run_is_too_small() {
    for fragment in ["", "link.latency=0s", "link.loss=1&link.latency=0s"] {
        let (run, timeline) = over(fragment);
        assert!(!timeline.moments().is_empty());
        assert_eq!(timeline.summary(run.records(), timeline.end()), run.summary());
    }
    let mut empty = Timeline::begin(&Scenario::default());
    empty.finish(false);
    assert_eq!((empty.end(), empty.in_flight(0), empty.state(1, 0)), (0, 0, None));
    assert_eq!(empty.moment(5), None);
}
