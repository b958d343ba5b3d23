//! The servers' state, compared with what the simulation itself counts.

use super::super::Timeline;
use super::*;
use crate::lessons::lessons;
use crate::run::PageRun;
use retrylab_core::sim::Bounds;
use retrylab_core::sim::metrics::{Metrics, WorkReport};
use retrylab_core::time::Duration;
use retrylab_core::trace::What;

const MS: u64 = 1_000_000;

const QUEUE: &str = "clients=30&exchanges=3&token=true&server.reply=mirror&server.service=3ms";

fn over(fragment: &str) -> (PageRun, Timeline) {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, [], "{fragment}");
    let mut run = PageRun::new(scenario);
    while !run.advance(1_000) {}
    let timeline = Timeline::new(&run);
    (run, timeline)
}

fn work(scenario: &Scenario) -> WorkReport {
    let mut run = scenario.begin(Metrics::new(Duration::from_millis(100)), Bounds::NONE);
    while run.advance().is_none() {}
    run.sink().records.report(&run.state()).work
}

/// Checks every job against the records, and the sums against the simulation's.
fn check(fragment: &str) -> WorkReport {
    let (run, timeline) = over(fragment);
    let servers = timeline.servers();
    let recorded = run.records().iter().filter_map(|record| match record.what {
        What::Served { arrived, begun } => {
            let place = record.server().map_or(0, |number| number - 1);
            Some((place, arrived.as_nanos(), begun.as_nanos(), record.at.as_nanos()))
        }
        _ => None,
    });
    let mut recorded: Vec<_> = recorded.collect();
    let served = servers.jobs().iter().filter(|job| job.served);
    let mut found: Vec<_> =
        served.map(|job| (job.server, job.arrived, job.begun, job.ended)).collect();
    recorded.sort_unstable();
    found.sort_unstable();
    assert!(found == recorded, "{fragment}");

    let report = work(run.scenario());
    let places = 0..run.scenario().servers.as_slice().len() as u16;
    let end = timeline.end();
    let wasted: usize = places.clone().map(|place| servers.load(place, end).wasted).sum();
    assert_eq!(wasted as u64, report.wasted, "{fragment}");
    let waiting = |at: &u64| places.clone().map(|place| servers.load(place, *at).waiting).max();
    let deepest = timeline.moments().iter().filter_map(waiting).max().unwrap_or(0);
    assert_eq!(deepest as u64, report.deepest_queue, "{fragment}");
    assert!(servers.jobs().iter().all(|job| job.ended <= end), "all have left: {fragment}");
    for at in timeline.moments().iter().step_by(1 + timeline.moments().len() / 50) {
        for place in places.clone() {
            let load = servers.load(place, *at);
            let working = servers.jobs_at(place, *at).filter(|job| job.is_begun(*at)).count();
            let all = servers.jobs_at(place, *at).count();
            assert_eq!((working, all), (load.working, load.working + load.waiting), "{at}");
        }
    }
    report
}

#[test]
fn lessons_have_the_load_that_the_simulation_has() {
    let storms = lessons().filter(|lesson| lesson.fragment.contains("server.service"));
    let found: Vec<_> = storms.map(|lesson| check(lesson.fragment)).collect();
    assert!(found.len() >= 5 && found.iter().any(|work| work.wasted > 500), "{}", found.len());
    assert!(found.iter().any(|work| work.deepest_queue == 100));
}

#[test]
fn every_kind_of_server_has_the_load_that_the_simulation_has() {
    for keys in [
        "server.workers=3&server.queue=5",
        "server.workers=none",
        "server.order=lifo&server.expire=40ms",
        "server.expire=20ms&link.duplicate=0.3",
        "server.queue=6&server.overflow=fail&server.fail=0.1&server.drop=0.1",
        "link.loss=0.2&link.latency=normal+20ms+9ms",
        "faults=20ms+100ms+server-down+keep;300ms+50ms+server-down;400ms+1s+slow+4",
        "workload.rate=90&workload.duration=3s&server.workers=2&link.loss=0.1",
        "servers=a%3D192.0.2.1:1060,b%3D192.0.2.2:1060&faults=20ms+70ms+server-down+at+b",
    ] {
        let work = check(&format!("{QUEUE}&{keys}"));
        assert!(work.served > 50, "{keys}");
    }
}

#[test]
fn work_is_wasted_when_its_exchange_is_over() {
    let late = lessons().find(|lesson| lesson.title == "A reply too late").unwrap();
    let (_, timeline) = over(late.fragment);
    let servers = timeline.servers();
    let load = |ms: u64| {
        let Load { waiting, working, wasted } = servers.load(0, ms * MS);
        (waiting, working, wasted)
    };
    // The first send arrives after 10 ms, the second after 110 ms; the work on each takes 140 ms.
    assert_eq!([load(9), load(10), load(110)], [(0, 0, 0), (0, 1, 0), (1, 1, 0)]);
    assert_eq!(load(150), (0, 1, 0));
    let second = &servers.jobs()[1];
    assert!(!second.is_void(159 * MS) && second.is_void(160 * MS), "the first reply is there");
    assert_eq!(second.left(220 * MS), 0.5);
    assert_eq!((load(289).2, load(290).2), (0, 1));
}

#[test]
fn troubles_have_words_and_end() {
    let faults = "faults=1s+1s+server-down;3s+1s+slow+2.5;5s+1s+partition+reply;7s+2s+partition";
    let (_, timeline) = over(&format!("exchanges=30&server.drop=0.9&seed=3&{faults}"));
    let words = |ms: u64| -> Vec<String> {
        timeline.servers().troubles_at(ms * MS).map(Trouble::word).collect()
    };
    assert_eq!([words(999), words(2_000), words(6_000)], [[""; 0]; 3]);
    assert_eq!(words(1_000), ["down"]);
    assert_eq!(words(3_999), ["slow ×2.5"]);
    assert_eq!([words(5_500), words(8_999)], [["replies cut"], ["link cut"]]);
    let (_, timeline) =
        over("servers=a%3D192.0.2.1:1060,b%3D192.0.2.2:1060&faults=0s+1s+server-down+at+b");
    let down = timeline.servers().troubles_at(0).next().unwrap();
    assert!(down.is_of_server(1) && !down.is_of_server(0));
}

/// Requests of the clients that are left out wait in the same queue.
#[test]
fn requests_are_not_followed_if_some_are_left_out() {
    for (clients, follows) in [(10_000, true), (10_001, false)] {
        let link = format!("clients={clients}&server.service=1ms&exchanges=1");
        let mut run = PageRun::new(Scenario::from_fragment(&link).0);
        while run.records().len() < 25_000 && !run.advance(10_000) {}
        run.stop();
        let timeline = Timeline::new(&run);
        assert_eq!(!timeline.servers().jobs().is_empty(), follows, "{link}");
    }
}
