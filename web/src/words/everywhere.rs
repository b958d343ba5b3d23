//! Checks for arbitrary scenarios that everything that happened is on the ladder, in the table and in the
//! moment, and that the counts add up. The scenarios are those of the core's property tests.

#[path = "../../../core/tests/support/scenarios.rs"]
#[allow(dead_code)] // The core's tests use the rest.
mod scenarios;

use super::{headline, moment, outcome, outcome_so_far, overview};
use crate::ladder::{Ladder, lines};
use crate::run::PageRun;
use crate::timeline::growing::assert_grows;
use crate::timeline::{Ending, Packet, Subject, Timeline};
use crate::{inspect, table};
use retrylab_core::random::{Direction, Name, Purpose};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::EndedBy;
use retrylab_core::trace::{Carried, FrameStep, HostId, Record, What};

fn assert_tidy(text: &str) {
    assert!(!text.trim_end_matches('.').is_empty(), "{text:?}");
    for wrong in ["  ", " ,", " .", ",.", ":.", ";.", "..", ": :", "()", ", ,"] {
        assert!(!text.contains(wrong), "{wrong:?} in {text:?}");
    }
    assert!(!text.ends_with([' ', ',', ':', ';']) && !text.starts_with(' '), "{text:?}");
}

fn check(scenario: Scenario) {
    let mut run = PageRun::new(scenario);
    for _ in 0..10 {
        run.advance(100);
    }
    if !run.is_over() {
        run.stop();
    }
    let timeline = Timeline::new(&run);
    assert_grows(&run, &timeline);
    assert_tidy(&headline(run.scenario()).1);
    assert_tidy(&outcome(&run));
    for at in timeline.moments().iter().step_by(1 + timeline.moments().len() / 40) {
        assert_tidy(&moment(&run, &timeline, *at));
        assert_tidy(&overview(&run, &timeline, *at));
        let so_far = outcome_so_far(&run, &timeline, *at);
        assert_tidy(&so_far);
        let hidden = *at < timeline.end() && run.ended_by() == Some(EndedBy::Finished);
        assert_eq!(so_far.starts_with("So far"), hidden, "{so_far}");
    }
    let clients = run.scenario().clients;
    assert!((1..=clients).contains(&timeline.busiest()));
    assert_eq!(timeline.summary(run.records(), u64::MAX), run.summary());
    packets_add_up(&run, &timeline);
    for flow in [1, clients] {
        ladder_and_table_have_everything(&run, &timeline, flow);
    }
}

fn packets_add_up(run: &PageRun, timeline: &Timeline) {
    frames_add_up(run, timeline);
    packets_have_stories(run, timeline);
    if !timeline.setting().connections {
        datagrams_add_up(run, timeline);
    }
}

fn datagrams_add_up(run: &PageRun, timeline: &Timeline) {
    let summary = run.summary();
    let count = |test: &dyn Fn(&Packet) -> bool| {
        let datagrams = timeline.packets().iter().filter(|packet| packet.frame.is_none());
        datagrams.filter(|packet| test(packet)).count() as u64
    };
    let sent = |direction| count(&|packet| packet.direction == direction && !packet.duplicate);
    assert_eq!(sent(Direction::Request), summary.sends);
    assert_eq!(sent(Direction::Reply), summary.replies);
    let lost = |packet: &Packet| !packet.in_fragments && matches!(packet.ending, Ending::Lost(_));
    assert_eq!(count(&lost), summary.lost);
    let dropped = count(&|packet| matches!(packet.ending, Ending::Dropped(_)));
    // A request and its duplicate share their name at the server.
    let duplicates = count(&|packet| packet.duplicate);
    assert!(dropped <= summary.server_dropped, "{dropped}");
    assert!(dropped + duplicates >= summary.server_dropped, "{dropped} and {duplicates}");
}

fn packets_have_stories(run: &PageRun, timeline: &Timeline) {
    for (id, packet) in timeline.packets().iter().enumerate().take(60) {
        let story = inspect::packet(run, timeline, id as u32, (3, u64::MAX)).unwrap();
        assert!(!story.contains("\"\"]") && !story.contains("  "), "{story}");
        assert!(packet.end >= packet.sent);
    }
    for id in 0..timeline.waits().len().min(60) {
        assert!(inspect::wait(run, timeline, id as u32, (3, u64::MAX)).is_some());
    }
}

/// Every frame is a packet, or its datagram is one, and each of its records leads to it.
fn frames_add_up(run: &PageRun, timeline: &Timeline) {
    let mut lost = 0;
    for (id, record) in run.records().iter().enumerate() {
        let What::Frame { step, carried, bytes, .. } = record.what else { continue };
        let Subject::Packet(packet) = timeline.subject(id as u32) else { panic!("{record:?}") };
        let packet = timeline.packet(packet).unwrap();
        let expected = if carried == Carried::Udp { None } else { Some(carried) };
        assert_eq!((packet.frame, packet.is_drawn()), (expected, true), "{record:?}");
        assert!(expected.is_none() || packet.bytes == bytes, "{record:?}");
        match step {
            FrameStep::Sent => assert_eq!(packet.frames[0], Some(id as u32)),
            FrameStep::Received => assert_eq!(packet.end, record.at.as_nanos()),
            FrameStep::Lost(cause) => {
                lost += 1;
                // A host that is down loses what arrives.
                let at_host = Ending::Dropped(cause);
                let ending =
                    if record.host == HostId::Link { Ending::Lost(cause) } else { at_host };
                assert_eq!(packet.ending, ending);
            }
            FrameStep::Duplicated | FrameStep::Damaged => {}
        }
    }
    let frames = timeline.packets().iter().filter(|packet| packet.frame.is_some());
    let is_lost = |packet: &&Packet| matches!(packet.ending, Ending::Lost(_) | Ending::Dropped(_));
    let lost_frames = frames.filter(is_lost).count();
    assert_eq!(lost_frames, lost);
    let lost = timeline.summary(run.records(), u64::MAX).lost + timeline.lost_frames(u64::MAX);
    assert_eq!(lost, run.lost());
}

fn ladder_and_table_have_everything(run: &PageRun, timeline: &Timeline, flow: u32) {
    let ladder = Ladder::new(run, timeline, flow);
    let own = |id: &u32| run.records()[*id as usize].flow.is_none_or(|of| of.get() == flow);
    let all = timeline.shown().iter().filter(|(_, id)| own(id)).count();
    assert_eq!(ladder.records().len(), all);
    let source = (run, timeline, &ladder);
    let mut filter = table::Filter::default();
    filter.update(source, "", ladder.records().len());
    let rows = table::rows(source, &filter.page(0, 1_000_000), (0, 3), Subject::Nothing);
    assert_eq!(rows.matches("\"id\":").count(), all);
    for id in ladder.records().iter().take(300) {
        let record = &run.records()[*id as usize];
        let words = timeline.words(run.records(), *id);
        assert!(rows.contains(&json_text(&words.whole())), "{}", words.whole());
        let lines = lines(run, timeline, &[*id]);
        let on_arrow = is_on_arrow(record);
        assert_eq!(lines.height() == 0, on_arrow, "{record:?}");
        for line in lines.client.iter().chain(&lines.server) {
            assert_tidy(&line.long);
            // A continuation line has no short form of its own.
            assert!(line.short.is_empty() || !line.short.ends_with(' '), "{line:?}");
        }
        let shorts = lines.client.iter().chain(&lines.server).map(|line| &line.short);
        assert!(on_arrow || shorts.into_iter().any(|short| !short.is_empty()), "{record:?}");
    }
}

/// Returns true if an arrow shows what the record says: where a packet arrives or is lost, and the name of a frame.
fn is_on_arrow(record: &Record) -> bool {
    match record.what {
        What::Delivered { .. } => true,
        What::Dropped { .. } => record.host == HostId::Link,
        What::Frame { step: FrameStep::Lost(_), .. } => record.host == HostId::Link,
        What::Frame { step, .. } => matches!(step, FrameStep::Sent | FrameStep::Received),
        _ => false,
    }
}

fn json_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Returns arbitrary scenarios that this module can run, of the first N cases.
pub(crate) fn arbitrary(cases: u64) -> impl Iterator<Item = Scenario> {
    let scenario = |case| {
        let mut stream = Name::exchange(case, 1, 1).stream(Purpose::Think);
        let length = stream.up_to(60) as usize;
        let bytes: Vec<u8> = (0..length).map(|_| stream.next_u64() as u8).collect();
        scenarios::from_bytes(&bytes)
    };
    (0..cases).map(scenario).filter(Scenario::is_runnable)
}

#[test]
fn arbitrary_scenarios_are_shown_whole() {
    arbitrary(80).for_each(check);
}

#[test]
fn runs_that_were_shown_wrongly_are_shown_whole() {
    for fragment in [
        "seed=7&exchanges=3&workload.think=500ms",
        "exchanges=4&token=true&workload.arrivals=constant+20&server.reply=mirror",
        "seed=3&server.fail=1&server.hint=1s",
        "clients=3&server.service=50ms&server.queue=1",
        "clients=9&server.service=50ms&server.queue=4&server.expire=60ms&server.order=lifo",
        "exchanges=9&link.duplicate=0.5&link.corrupt=0.4&link.checksum=false&token=true\
         &server.reply=mirror",
        "exchanges=40&server.service=5ms&faults=40ms+300ms+server-down+keep",
        "exchanges=3&server.service=5ms&faults=40ms+forever+server-down",
        "clients=2&exchanges=3&acts=drop+client+1+request+1;+delay+client+1+reply+1+by+80ms;+duplicate+client+2+request+1",
        "clients=3&workload.task=write&policy.give_up_above=none",
        "clients=4&server.service=50ms&link.loss=0.2&changes=60ms+server.workers%3D3;+120ms+server.service%3D0s;\
         +200ms+link.rate%3D64kbit;+200ms+policy.jitter%3Dfull",
    ] {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        check(scenario);
    }
}

#[cfg(feature = "packets")]
#[test]
fn networks_of_packets_are_shown_whole() {
    let long = format!("link.mtu=300&link.loss=0.05&exchanges=9&message={}", "x".repeat(900));
    for fragment in [
        "",
        "clients=3&exchanges=5&link.loss=0.2&link.duplicate=0.3&link.reorder=0.2",
        "server.listening=false&exchanges=3&link.loss=0.3",
        "server.listening=false&link.duplicate=1&link.corrupt=0.5&exchanges=9",
        "exchanges=9&link.corrupt=0.4&link.checksum=false&token=true&server.reply=mirror",
        "clients=40&link.latency=uniform+5ms+90ms&link.loss=0.3",
        "exchanges=3&workload.think=70s",
        &long,
        &format!(
            "{long}&acts=drop+client+1+request+1;+delay+client+1+request+2+by+80ms;+duplicate+client+1+reply+1"
        ),
        "exchanges=2&acts=drop+client+1+request+1;+delay+client+1+request+2+by+80ms;+duplicate+client+1+reply+1",
        &format!("{long}&link.duplicate=0.3&link.reorder=0.3&link.latency=uniform+1ms+90ms"),
    ] {
        let (scenario, errors) = Scenario::from_fragment(&format!("network=packets&{fragment}"));
        assert_eq!(errors, [], "{fragment}");
        check(scenario);
    }
}

#[cfg(feature = "packets")]
#[test]
fn connections_are_shown_whole() {
    for protocol in ["tcp", "http"] {
        for rest in [
            "",
            "clients=3&exchanges=4&link.loss=0.2&link.duplicate=0.2",
            "clients=2&exchanges=2&server.listening=false",
            "exchanges=2&faults=0s+1s+server-down",
            "exchanges=5&link.loss=0.4&link.latency=uniform+5ms+90ms",
            "clients=40&link.loss=0.3",
            "acts=drop+client+1+request+1;+delay+client+1+reply+1+by+80ms;+duplicate+client+1+request+2",
        ] {
            let link = format!("network=packets&protocol={protocol}&{rest}");
            let (scenario, errors) = Scenario::from_fragment(&link);
            assert_eq!(errors, [], "{link}");
            check(scenario);
        }
    }
}
