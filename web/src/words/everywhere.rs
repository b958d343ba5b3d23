//! Checks for arbitrary scenarios that everything that happened is on the ladder, in the table and in the
//! moment, and that the counts add up. The scenarios are those of the core's property tests.

#[path = "../../../core/tests/support/scenarios.rs"]
#[allow(dead_code)] // The core's tests use the rest.
mod scenarios;

use super::{headline, moment, outcome, overview};
use crate::ladder::{Ladder, lines};
use crate::run::PageRun;
use crate::timeline::{Ending, Timeline};
use crate::{inspect, table};
use retrylab_core::random::{Direction, Name, Purpose};
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::{HostId, What};

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
    let timeline = Timeline::new(run.scenario(), run.records(), run.is_cut());
    assert_tidy(&headline(run.scenario()).1);
    assert_tidy(&outcome(&run));
    for at in timeline.moments().iter().step_by(1 + timeline.moments().len() / 40) {
        assert_tidy(&moment(&run, &timeline, *at));
        assert_tidy(&overview(&run, &timeline, *at));
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
    let summary = run.summary();
    let count = |test: &dyn Fn(&crate::timeline::Packet) -> bool| {
        timeline.packets().iter().filter(|packet| test(packet)).count() as u64
    };
    let sent = |direction| count(&|packet| packet.direction == direction && !packet.duplicate);
    assert_eq!(sent(Direction::Request), summary.sends);
    assert_eq!(sent(Direction::Reply), summary.replies);
    assert_eq!(count(&|packet| matches!(packet.ending, Ending::Lost(_))), summary.lost);
    let dropped = count(&|packet| matches!(packet.ending, Ending::Dropped(_)));
    // A request and its duplicate share their name at the server.
    let duplicates = count(&|packet| packet.duplicate);
    assert!(dropped <= summary.server_dropped, "{dropped}");
    assert!(dropped + duplicates >= summary.server_dropped, "{dropped} and {duplicates}");
    for (id, packet) in timeline.packets().iter().enumerate().take(60) {
        let story = inspect::packet(run, timeline, id as u32, 3).unwrap();
        assert!(!story.contains("\"\"]") && !story.contains("  "), "{story}");
        assert!(packet.end >= packet.sent);
    }
    for id in 0..timeline.waits().len().min(60) {
        assert!(inspect::wait(run, timeline, id as u32, 3).is_some());
    }
}

fn ladder_and_table_have_everything(run: &PageRun, timeline: &Timeline, flow: u32) {
    let ladder = Ladder::new(run, timeline, flow);
    let own = |id: &u32| run.records()[*id as usize].flow.is_none_or(|of| of.get() == flow);
    let all = timeline.shown().iter().filter(|(_, id)| own(id)).count();
    assert_eq!(ladder.records().len(), all);
    let rows = table::rows(run, timeline, &ladder, (0, usize::MAX), (0, 3));
    assert_eq!(rows.matches("\"id\":").count(), all);
    for id in ladder.records().iter().take(300) {
        let record = &run.records()[*id as usize];
        let words = timeline.words(run.records(), *id);
        assert!(rows.contains(&json_text(&words.whole())), "{}", words.whole());
        let lines = lines(run, timeline, &[*id]);
        let on_arrow = matches!(record.what, What::Delivered { .. })
            || matches!(record.what, What::Dropped { .. }) && record.host == HostId::Link;
        let unworded = on_arrow || matches!(record.what, What::Frame { .. });
        assert_eq!(lines.height() == 0, unworded, "{record:?}");
        for line in lines.client.iter().chain(&lines.server) {
            assert_tidy(&line.long);
            // A continuation line has no short form of its own.
            assert!(line.short.is_empty() || !line.short.ends_with(' '), "{line:?}");
        }
        let shorts = lines.client.iter().chain(&lines.server).map(|line| &line.short);
        assert!(unworded || shorts.into_iter().any(|short| !short.is_empty()), "{record:?}");
    }
}

fn json_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[test]
fn arbitrary_scenarios_are_shown_whole() {
    for case in 0..80 {
        let mut stream = Name::exchange(case, 1, 1).stream(Purpose::Think);
        let length = stream.up_to(60) as usize;
        let bytes: Vec<u8> = (0..length).map(|_| stream.next_u64() as u8).collect();
        check(scenarios::from_bytes(&bytes));
    }
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
        "clients=3&workload.task=write&policy.give_up_above=none",
    ] {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        check(scenario);
    }
}
