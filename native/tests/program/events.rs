//! The events that ladders, traces and captures show: filters and colours.

use crate::common::{Finished, Folder, Server, assert_refused, retrylab, run, run_command, tshark};
use serde_json::Value;

/// A run of three clients with five exchanges each, of which some give up.
const RUN: [&str; 8] =
    ["sim", "--set", "clients=3", "--set", "exchanges=5", "--set", "server.drop=0.6", "--set"];
const TWO_SENDS: &str = "policy.max_sends=2";

fn sim(more: &[&str]) -> Finished {
    let finished = run(&[&RUN[..], &[TWO_SENDS], more].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished
}

fn trace(more: &[&str]) -> Vec<Value> {
    // The first line names the scenario.
    sim(&[&["--trace", "-"], more].concat()).json().split_off(1)
}

fn number(record: &Value, key: &str) -> u64 {
    record[key].as_u64().unwrap_or_else(|| panic!("no {key} in {record}"))
}

/// What a filter leaves is what a person would find in the whole trace.
#[test]
fn a_filter_selects_records_of_the_whole_trace() {
    let all = trace(&[]);
    let selected = |keeps: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        all.iter().filter(|record| keeps(record)).cloned().collect()
    };
    let of = |record: &Value| (number(record, "flow"), number(record, "exchange"));
    let at = |record: &Value| record["at_s"].as_f64().unwrap();
    for (flags, expected) in [
        (&["--client", "2"][..], selected(&|record| of(record).0 == 2)),
        (&["--exchange", "1-2,5"], selected(&|record| [1, 2, 5].contains(&of(record).1))),
        (&["--client", "1,3", "--exchange", "4"], selected(&|r| [(1, 4), (3, 4)].contains(&of(r)))),
        (
            &["--from", "100ms", "--to", "330ms"],
            selected(&|record| (0.1..=0.33).contains(&at(record))),
        ),
        (
            &["--to", "330ms", "--client", "3"],
            selected(&|record| at(record) <= 0.33 && of(record).0 == 3),
        ),
    ] {
        assert!(!expected.is_empty() && expected.len() < all.len(), "{flags:?}");
        assert!(trace(flags) == expected, "{flags:?}");
    }
    assert_eq!(trace(&["--exchange", "6"]), Vec::<Value>::new());
}

/// The exchange to show to a colleague.
#[test]
fn the_first_exchanges_that_gave_up_are_found() {
    let all = trace(&[]);
    let name = |record: &Value| (number(record, "flow"), number(record, "exchange"));
    let failed: Vec<_> =
        all.iter().filter(|record| record["event"] == "gave_up").map(name).collect();
    assert!(failed.len() > 2, "the seed fails some: {failed:?}");
    for (flag, count) in [("--failed", 1), ("--failed=2", 2), ("--failed=1000", failed.len())] {
        let expected: Vec<Value> =
            all.iter().filter(|record| failed[..count].contains(&name(record))).cloned().collect();
        assert!(trace(&[flag]) == expected, "{flag}");
    }
    let ladder = sim(&["--ladder", "--failed"]);
    let lines: Vec<&str> = ladder.stdout.lines().skip(1).collect();
    let lines: Vec<&str> =
        lines.iter().copied().take_while(|line| !line.starts_with("exchanges")).collect();
    let tag = format!("client {} #{} ", failed[0].0, failed[0].1);
    assert!(lines.iter().all(|line| line.contains(&tag)), "{lines:?}");
    let shown = format!("{} of {} events are shown", lines.len(), all.len());
    assert!(ladder.stderr.contains(&shown), "{ladder:?}");
    // The results are those of the whole run.
    let [whole, shown] = [&["--json"][..], &["--json", "--ladder", "--failed"]].map(|flags| {
        let mut object = sim(flags).object();
        object.as_object_mut().unwrap().remove("cells").unwrap();
        object
    });
    assert_eq!(shown, whole);
    let none = run(&["sim", "--ladder", "--failed"]);
    assert!(none.stderr.contains("exchanges that gave up or were refused: 0"), "{none:?}");
}

/// What a server does after the exchange, and what concerns everybody, is part of the story.
#[test]
fn the_story_of_an_exchange_is_whole() {
    let late = ["--set", "server.service=900ms", "--set", "server.queue=9"];
    let args = ["sim", "--set", "policy.max_sends=1", "--trace", "-", "--exchange", "1"];
    let finished = run(&[&args[..], &late, &["--set", "exchanges=2"]].concat());
    let events: Vec<String> = finished
        .json()
        .iter()
        .skip(1)
        .map(|record| record["event"].as_str().unwrap().into())
        .collect();
    let place = |name: &str| events.iter().position(|event| event == name);
    assert!(place("served") > place("gave_up"), "{events:?}");
    assert!(place("late_reply") > place("served"), "{events:?}");
    let down = ["--set", "faults=5ms 50ms server-down", "--set", "clients=2"];
    let args = ["sim", "--ladder", "--client", "2"];
    let ladder = run(&[&args[..], &down].concat());
    assert!(ladder.stdout.contains("  goes down, loses its queue\n"), "{ladder:?}");
    assert!(ladder.stdout.contains("client 2 "), "{ladder:?}");
    assert!(!ladder.stdout.contains("client 1 "), "{ladder:?}");
}

/// A capture has the packets of the same events.
#[test]
fn a_capture_is_filtered_as_well() {
    let folder = Folder::new("filtered-pcapng");
    let path = folder.path("a.pcapng");
    let records = trace(&["--pcapng", &path, "--exchange", "2", "--client", "1-2"]);
    let packets = records
        .iter()
        .filter(|record| ["sent", "delivered"].contains(&record["event"].as_str().unwrap()));
    let shown = tshark(&path, &["-T", "fields", "-e", "frame.interface_name"]);
    assert_eq!(shown.lines().count(), packets.count());
    assert!(!shown.contains("client 3"), "{shown}");
}

/// On real sockets, a reply that names no send belongs to the exchange in progress.
#[test]
fn the_ladder_of_send_shows_one_exchange() {
    let server = Server::start(&["--drop-list", "2"]);
    let args = ["send", &server.address, "--count", "3", "--ladder"];
    let patient = ["--initial-timeout", "200ms"];
    let finished = run(&[&args[..], &patient, &["--exchange", "2"]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let ladder: Vec<&str> =
        finished.stdout.lines().filter(|line| line.starts_with("    ")).collect();
    let words = ["server", "#2 send 1", "#2 waits", "#2 no reply", "#2 send 2", "#2 waits"];
    let words = [&words[..], &["reply arrives", "#2 answered"]].concat();
    assert_eq!(ladder.len(), words.len(), "{finished:?}");
    for (line, words) in ladder.iter().zip(words) {
        assert!(line.contains(words), "{finished:?}");
    }
    assert!(finished.stdout.contains("3 exchanges, 3 answered"), "{finished:?}");
    let late = run(&[&args[..], &patient, &["--from", "1h"]].concat());
    assert!(late.stderr.contains("0 of 12 events are shown"), "{late:?}");
}

#[test]
fn a_filter_without_events_is_refused() {
    for args in [
        &["sim", "--client", "2"][..],
        &["sim", "--failed"],
        &["sim", "--ladder", "--failed=0"],
        &["sim", "--ladder", "--exchange", "0"],
        &["sim", "--ladder", "--exchange", "none"],
        &["sim", "--ladder", "--exchange", "3-2"],
        &["sim", "--ladder", "--failed", "--seeds", "3"],
        &["send", "127.0.0.1", "--exchange", "2"],
        &["send", "127.0.0.1", "--to", "2s", "--heartbeat", "1s"],
    ] {
        let finished = run(args);
        assert_eq!(finished.code, Some(2), "{args:?}: {finished:?}");
        assert_eq!(finished.stdout, "", "{args:?}");
    }
    let reversed = run(&["sim", "--ladder", "--from", "2s", "--to", "1500ms"]);
    assert_refused(&reversed, &["--from: 2s is later than --to 1.5s"]);
    let reversed = run(&["send", "127.0.0.1", "--ladder", "--from", "2s", "--to", "1s"]);
    assert_refused(&reversed, &["--from: 2s is later than --to 1s"]);
}

/// Colours are for terminals.
#[test]
fn a_ladder_has_colours_where_they_are_wanted() {
    let args = ["sim", "--ladder", "--set", "server.drop_list=1"];
    let plain = run(&args);
    assert!(!plain.stdout.contains('\u{1b}'), "{plain:?}");
    let mut forced = retrylab(&args);
    forced.env("CLICOLOR_FORCE", "1");
    let coloured = run_command(forced, b"").stdout;
    let line = |words: &str| coloured.lines().find(|line| line.contains(words)).unwrap();
    assert!(line("drops it").starts_with("\u{1b}[31m"), "{coloured:?}");
    assert!(line("answered in").starts_with("\u{1b}[32m"), "{coloured:?}");
    assert!(line("waits 100 ms").starts_with("\u{1b}[2m"), "{coloured:?}");
    assert!(line("send 1").starts_with("    0.000000  send 1"), "{coloured:?}");
    let mut colourless = coloured;
    for code in ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[2m", "\u{1b}[0m"] {
        colourless = colourless.replace(code, "");
    }
    assert_eq!(colourless, plain.stdout);
    let mut refused = retrylab(&args);
    refused.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1");
    assert_eq!(run_command(refused, b"").stdout, plain.stdout);
}
