use super::layers::LAYERS;
use super::shipped::SHIPPED;
use super::*;
use crate::run::{MAX_RECORDS, PageRun};
use retrylab_core::exercise::Kind;
use retrylab_core::scenario::{self, Scenario};
use retrylab_core::sim::{Outcome, Summary, run};
#[cfg(feature = "packets")]
use retrylab_core::trace::{Carried, FrameStep};
use retrylab_core::trace::{Cause, Direction, HostId, Record, What};

type Run = Outcome<Vec<Record>>;

fn scenario_of(fragment: &str) -> Scenario {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, [], "{fragment}");
    assert_eq!(scenario.to_fragment(), fragment, "as the address bar will show it");
    scenario
}

fn simulated(fragment: &str) -> Run {
    run(&scenario_of(fragment), Vec::new())
}

/// Returns the runs of a lesson of the course: as it is, and with what it says to try.
fn both(title: &str) -> (Run, Run) {
    let step = COURSE.iter().find(|step| step.lesson.title == title).unwrap();
    let (key, value) = step.change;
    let changed = scenario_of(step.lesson.fragment).adapted(key, value).unwrap();
    (simulated(step.lesson.fragment), run(&changed, Vec::new()))
}

fn counts(title: &str) -> (Summary, Summary) {
    let (before, after) = both(title);
    (before.summary, after.summary)
}

/// Returns the times of a run's answers in milliseconds, with the time that the exchange took.
fn answers(run: &Run) -> Vec<(u64, u128)> {
    let answer = |record: &Record| match record.what {
        What::Answered { elapsed, .. } => Some((millis(record), elapsed.as_millis())),
        _ => None,
    };
    run.sink.iter().filter_map(answer).collect()
}

fn millis(record: &Record) -> u64 {
    record.at.as_nanos() / 1_000_000
}

/// Returns the number of answers from `from` to `to`, in milliseconds.
fn answered_between(run: &Run, from: u64, to: u64) -> usize {
    answers(run).iter().filter(|(at, _)| (from..to).contains(at)).count()
}

/// Returns the milliseconds in which retries went out, each with their number.
fn bursts_of(run: &Run) -> Vec<(u64, usize)> {
    let resent = |record: &&Record| {
        let request = matches!(record.what, What::Sent { direction: Direction::Request, .. });
        request && record.label.is_some_and(|label| label.send.get() > 1)
    };
    let times: Vec<u64> = run.sink.iter().filter(resent).map(millis).collect();
    times.chunk_by(|a, b| a == b).map(|burst| (burst[0], burst.len())).collect()
}

#[test]
fn the_opening_run_loses_exactly_the_first_reply() {
    use Direction::{Reply, Request};
    let path: Vec<_> = simulated(OPENING.fragment)
        .sink
        .iter()
        .filter_map(|record| {
            let send = record.label?.send.get();
            match record.what {
                What::Delivered { direction } => Some((direction, send, "delivered")),
                What::Dropped { direction, cause: Cause::LinkLoss } => {
                    assert_eq!(record.host, HostId::Link);
                    Some((direction, send, "lost"))
                }
                What::Answered { sends, .. } => Some((Reply, sends, "answered")),
                What::Dropped { .. } | What::GaveUp { .. } => unreachable!("{record:?}"),
                _ => None,
            }
        })
        .collect();
    assert_eq!(
        path,
        [
            (Request, 1, "delivered"),
            (Reply, 1, "lost"),
            (Request, 2, "delivered"),
            (Reply, 2, "delivered"),
            (Reply, 2, "answered"),
        ]
    );
    let lossless = counts("One lost reply").1;
    assert_eq!((lossless.answered, lossless.sends), (1, 1));
}

#[test]
fn waits_and_backoff_keep_their_promises() {
    let (short, long) = both("How long to wait");
    assert_eq!((short.summary.lost, short.summary.sends, short.summary.late_replies), (0, 2, 1));
    let replied =
        |record: &&Record| matches!(record.what, What::Sent { direction: Direction::Reply, .. });
    let first_reply = short.sink.iter().find(replied).map(millis).unwrap();
    assert_eq!(bursts_of(&short), [(100, 1)], "while the first reply is on its way");
    assert!(first_reply < 100 && answers(&short)[0].0 > 100);
    assert_eq!((long.summary.answered, long.summary.sends), (1, 1));

    let (doubled, constant) = both("Backoff");
    assert_eq!(bursts_of(&doubled), [(100, 1), (300, 1), (700, 1), (1_500, 1)]);
    assert_eq!((doubled.summary.sends, answers(&doubled)), (5, vec![(1_520, 1_520)]));
    assert_eq!((constant.summary.sends, answers(&constant)), (11, vec![(1_020, 1_020)]));
}

#[test]
fn crowds_keep_their_promises() {
    let (fifty, eleven) = both("Everyone at once");
    let bursts = bursts_of(&fifty);
    assert_eq!(bursts, [(100, 39), (300, 28), (700, 17), (1_500, 6)], "they come back together");
    assert_eq!((fifty.summary.answered, eleven.summary.answered), (50, 11));
    assert_eq!((eleven.summary.sends, eleven.summary.server_dropped), (11, 0));

    let (full, equal) = both("Jitter");
    assert_eq!(full.summary.answered, 50);
    assert!(bursts_of(&full).iter().all(|(_, sends)| *sends <= 5), "{:?}", bursts_of(&full));
    let last = |run: &Run| answers(run).last().map(|(at, _)| *at).unwrap();
    assert!(last(&full) * 5 < last(&fifty), "{} and {}", last(&full), last(&fifty));
    assert!(full.summary.late_replies > 0);
    assert_eq!((equal.summary.answered, equal.summary.late_replies), (50, 0));
}

/// The outcome does not depend on the seed.
#[test]
fn a_storm_does_not_end_and_a_budget_ends_it() {
    let (storm, patient) = both("The storm that does not end");
    let (budget, generous) = both("A budget ends it");
    for run in [&storm, &patient, &budget, &generous] {
        assert!(answered_between(run, 0, 3_000) > 150, "healthy before the fault");
    }
    assert_eq!(answered_between(&storm, 5_000, u64::MAX), 0);
    assert_eq!(answered_between(&generous, 5_000, u64::MAX), 0);
    assert_eq!((patient.summary.answered, patient.summary.finished()), (722, 722));
    assert!(answered_between(&budget, 8_000, 12_000) > 200);
    let resent = budget.summary.sends - budget.summary.finished();
    assert!(resent <= 10 * 5 + budget.summary.finished() / 10, "{resent}");

    for seed in 2..5 {
        let titles = ["The storm that does not end", "A budget ends it"];
        let late = titles.map(|title| {
            let step = COURSE.iter().find(|step| step.lesson.title == title).unwrap();
            let link = format!("seed={seed}&{}", step.lesson.fragment);
            answered_between(&simulated(&link), 8_000, 12_000)
        });
        assert!(late[0] == 0 && late[1] > 200, "seed {seed}: {late:?}");
    }
}

#[test]
fn hedging_and_bursts_keep_their_promises() {
    let (hedged, single) = both("Hedging");
    let slowest = |run: &Run| answers(run).iter().map(|(_, took)| *took).max().unwrap();
    assert_eq!((hedged.summary.sends, slowest(&hedged)), (14, 88));
    assert_eq!((single.summary.sends, slowest(&single)), (12, 187));
    let typical = answers(&hedged).iter().filter(|(_, took)| *took < 60).count();
    assert_eq!(typical, 10, "of twelve: the rest take a second request");

    let (bursty, even) = counts("Bursts");
    assert_eq!((bursty.lost, even.lost), (14, 14));
    assert_eq!((bursty.gave_up, even.gave_up), (2, 0));
}

#[test]
fn late_replies_and_the_textbook_keep_their_promises() {
    let (late, patient) = both("A reply too late");
    assert_eq!((late.summary.sends, late.summary.late_replies), (6, 3));
    let took = |run: &Run| answers(run).iter().map(|(_, took)| *took).collect::<Vec<_>>();
    assert_eq!(took(&late), [160, 280, 280], "the next exchange waits for wasted work");
    assert_eq!((patient.summary.sends, took(&patient)), (3, vec![160, 160, 160]));

    let (five, many) = both("The textbook program itself");
    assert_eq!((five.summary.finished(), five.summary.gave_up), (5, 1));
    assert_eq!((many.summary.finished(), many.summary.gave_up), (500, 16));
    let scenario = scenario_of(COURSE[10].lesson.fragment);
    assert_eq!(scenario.value("servers").as_deref(), Some("server=192.0.2.1:1060"));
}

#[test]
fn lessons_fit_into_the_page() {
    assert_eq!(COURSE.len(), 11);
    for step in COURSE {
        let mut page = PageRun::new(scenario_of(step.lesson.fragment));
        while !page.advance(10_000) {}
        assert!(!page.is_cut() && page.records().len() < MAX_RECORDS / 4);
        let act = step.act();
        let set = format!("set {}", fields::label_of(step.change.0));
        assert!(
            act.starts_with(&set) && act.contains(&format!(" to {}: ", step.change.1)),
            "{act}"
        );
    }
    for lesson in lessons() {
        let (question, watch) = (lesson.question(), lesson.watch());
        let act = COURSE.iter().find(|step| step.lesson.title == lesson.title).map(Step::act);
        for text in [question, watch, act.as_deref().unwrap_or_default()] {
            let is_glued = |word: &str| {
                let number = word.trim_end_matches(|c: char| !c.is_ascii_digit());
                !number.is_empty()
                    && ["s", "ms"].contains(&word[number.len()..].trim_end_matches(['.', ',', ':']))
            };
            assert!(!text.split(' ').any(is_glued), "a blank before the unit: {text}");
        }
        assert!(question.ends_with('?') && watch.ends_with('.'), "{question} {watch}");
    }
}

#[test]
fn the_menu_has_every_scenario_once() {
    let text = menu(COURSE[1].lesson.fragment, None);
    let entries = COURSE.len() + Kind::ALL.len() + LAYERS.len() + scenario::SHIPPED.len();
    assert_eq!((text.matches("\"fragment\":").count(), questions().len()), (entries, entries));
    assert_eq!(text.matches("\"current\":true").count(), 1);
    assert!(
        text.starts_with(r#"[{"name":"Course","entries":[{"title":"One lost reply","#),
        "{text}"
    );
    for lesson in lessons() {
        let text = menu(lesson.fragment, None);
        assert_eq!(text.matches("\"current\":true").count(), 1, "{}", lesson.title);
    }
    let text = menu("", Some(Kind::Sends));
    let entry = r#""fragment":"view.exercise=sends.1","current":true"#;
    assert!(text.contains(entry) && text.matches("\"current\":true").count() == 1, "{text}");
    assert_eq!(place(COURSE[1].lesson.fragment), Some(1));
    assert_eq!(place(LAYERS[0].fragment), None);
}

#[test]
fn a_lesson_leads_to_the_next_one() {
    let first = describe(0).unwrap();
    assert!(first.contains(r#""number":1,"of":11,"title":"One lost reply""#), "{first}");
    assert!(first.contains(r#""act":"set Loss to 0: the first reply"#), "{first}");
    assert!(
        first.contains(r#""next":"link.latency=60ms","nextTitle":"How long to wait""#),
        "{first}"
    );
    assert!(
        describe(6).unwrap().contains(r#""act":"set Budget (under More settings) to bucket 5 1: "#)
    );
    assert!(describe(10).unwrap().contains(r#""next":"","nextTitle":"""#));
    assert_eq!(describe(11), None);
}

fn shipped() -> impl Iterator<Item = &'static shipped::Shipped> {
    SHIPPED.iter().flat_map(|(_, scenarios)| *scenarios)
}

#[test]
fn the_menu_has_the_scenarios_that_ship() {
    for here in shipped() {
        let there = scenario::Shipped::find(here.name).unwrap();
        assert_eq!(here.question(), there.question());
        let (mut ships, shows) = (from_toml(there.toml), scenario_of(here.fragment));
        let differs = |field: &&scenario::Field| field.value(&ships) != field.value(&shows);
        let smaller: Vec<_> = scenario::FIELDS.iter().filter(differs).collect();
        assert_eq!(smaller.is_empty(), here.note().is_empty(), "{}: {smaller:?}", here.name);
        for field in smaller {
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let numbers = digits(&field.value(&shows)) + &digits(&field.value(&ships));
            assert_eq!(digits(here.note()), numbers, "{}", here.name);
            ships.apply([(field.key, field.value(&shows))]).unwrap();
        }
        assert_eq!(ships, shows, "{}: the link is {}", here.name, ships.to_fragment());
        if shows.is_runnable() {
            let mut page = PageRun::new(shows);
            while !page.advance(10_000) {}
            assert!(!page.is_cut(), "{}", here.name);
        }
    }
}

fn from_toml(text: &str) -> Scenario {
    let mut pairs = Vec::new();
    flatten("", &text.parse::<toml::Table>().unwrap(), &mut pairs);
    let mut scenario = Scenario::default();
    scenario.apply(pairs.iter().map(|(key, value)| (key, value))).unwrap();
    scenario
}

fn flatten(prefix: &str, table: &toml::Table, pairs: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::Table(table) => flatten(&format!("{key}."), table, pairs),
            toml::Value::Array(items) => {
                let items: Vec<_> = items.iter().filter_map(toml::Value::as_str).collect();
                pairs.push((key, items.join(",")));
            }
            toml::Value::String(text) => pairs.push((key, text.clone())),
            other => pairs.push((key, other.to_string())),
        }
    }
}

#[cfg(feature = "packets")]
#[test]
fn each_layer_wraps_the_one_above_it() {
    let lesson = lessons().find(|lesson| lesson.title == "Layer by layer").unwrap();
    let mut page = PageRun::new(scenario_of(lesson.fragment));
    while !page.advance(1_000) {}
    let mut sent = (0..).zip(page.records()).filter_map(|(id, record)| match record.what {
        What::Frame { step: FrameStep::Sent, carried, .. } if record.host == HostId::Client => {
            Some((carried, page.frames().of(id)?))
        }
        _ => None,
    });
    assert_eq!(sent.next().unwrap().0, Carried::ArpRequest);
    let (carried, bytes) = sent.next().unwrap();
    assert_eq!(carried, Carried::Udp);
    let layers = retrylab_core::dissect::frame(bytes);
    let sizes: Vec<_> = layers.iter().map(|layer| (layer.protocol, layer.range.len())).collect();
    assert_eq!(sizes, [("Ethernet", 47), ("IPv4", 33), ("UDP", 13), ("Payload", 5)]);
}

#[cfg(feature = "packets")]
#[test]
fn a_dead_name_server_costs_one_wait() {
    let lesson = lessons().find(|lesson| lesson.title == "A dead name server").unwrap();
    let times = |fragment| {
        let run = simulated(fragment);
        answers(&run).into_iter().map(|(_, took)| (run.summary.sends, took)).collect::<Vec<_>>()
    };
    assert_eq!(times(lesson.fragment), [(2, 5_020)]);
    let up = lesson.fragment.split("&faults").next().unwrap();
    assert_eq!(times(up), [(1, 20)]);
}
