//! `retrylab sim` as scripts see it.

use crate::common::{Finished, Running, retrylab, run, run_with};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A file for this test only, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let name = format!("retrylab-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn the_ladder_shows_sends_at_0_and_100_and_300_ms() {
    let finished = run(&["sim", "--ladder", "--set", "server.drop_list=1-2"]);
    assert_eq!(finished.code, Some(0));
    let sends: Vec<&str> =
        finished.stdout.lines().filter(|line| line.contains("──────▶")).collect();
    assert_eq!(
        sends,
        [
            "    0.000000  send 1, 5 bytes                    ──────▶",
            "    0.100000  send 2, 5 bytes                    ──────▶",
            "    0.300000  send 3, 5 bytes                    ──────▶",
        ]
    );
    assert!(finished.stdout.contains("0.320000  answered in 320 ms, 3 sends"), "{finished:?}");
}

#[test]
fn equal_scenarios_are_equal_to_the_last_byte() {
    let run = |seed| {
        let args = ["sim", "--set", "server.drop=0.3", "--set", "clients=20", "--set"];
        let more = ["exchanges=50", "--seed", seed, "--json", "--trace", "-"];
        run(&[&args[..], &more].concat()).stdout
    };
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
    let last: Value = serde_json::from_str(run("7").lines().last().unwrap()).unwrap();
    assert_eq!(last["digest"].as_str().unwrap().len(), 16);
    assert!(last["digest"].as_str().unwrap().bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(last["seed"], 7);
}

/// A file, a link, flags and the printed result all describe the same scenario.
#[test]
fn a_scenario_is_the_same_from_wherever_it_comes() {
    let text = "exchanges = 300\nseed = 3\n[server]\ndrop = 0.25\n\
                [policy]\ninitial_timeout = \"50ms\"\n";
    let file = Scratch::new("same.toml", text);
    let from_file = run(&["sim", file.path(), "--json"]).object();
    let sets = ["exchanges=300", "server.drop=0.25", "policy.initial_timeout=50ms", "seed=3"];
    let args: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    assert_eq!(run(&[&["sim", "--json"], &args[..]].concat()).object(), from_file);
    let fragment = from_file["link"].as_str().unwrap();
    assert_eq!(run(&["sim", "--address", fragment, "--json"]).object(), from_file);
    let link = format!("http://127.0.0.1:8060/#{fragment}");
    assert_eq!(run(&["sim", &link, "--json"]).object(), from_file);
    assert_eq!(run_with(&["sim", "-", "--json"], text.as_bytes()).object(), from_file);
    // Flags come after the file, and the seed last.
    let layered = ["sim", file.path(), "--set", "seed=4", "--seed", "5", "--json"];
    let layered = run(&layered).object();
    assert_eq!(layered["seed"], 5);
    assert_eq!(layered["scenario"]["exchanges"], 300);
}

fn assert_refused(finished: &Finished, parts: &[&str]) {
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr.trim_end().lines().count(), 1, "one sentence: {finished:?}");
    for part in parts {
        assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
    }
}

#[test]
fn errors_name_the_key_the_value_and_what_is_allowed() {
    for (set, parts) in [
        ("server.drop=2", &["server.drop", "\"2\"", "a probability from 0 to 1"][..]),
        ("server.drup=0.5", &["server.drup", "did you mean server.drop?"]),
        ("exchanges", &["\"exchanges\"", "key=value"]),
        ("exchanges=-1", &["exchanges", "\"-1\"", "a whole number from 1"]),
        ("policy.max_timeout=1ms", &["policy.max_timeout is 1ms", "policy.initial_timeout, 100ms"]),
        ("link.latency=fast", &["link.latency", "\"fast\"", "uniform 5ms 15ms"]),
    ] {
        assert_refused(&run(&["sim", "--set", set]), parts);
    }
    // Each of the two values contradicts the default of the other.
    let pair = ["--set", "policy.initial_timeout=5s", "--set", "policy.give_up_above=20s"];
    assert_eq!(run(&[&["sim"], &pair[..]].concat()).code, Some(0));
}

#[test]
fn errors_in_a_file_have_its_name_and_line() {
    for (text, line, parts) in [
        (
            "seed = 1\n[server]\ndrop = 2\n",
            3,
            &["server.drop: \"2\" is not a probability", "from 0 to 1"][..],
        ),
        (
            "[server]\nreply = 'parrot'\n",
            2,
            &["server.reply", "\"parrot\"", "is not one of report, mirror or upper"],
        ),
        ("seed = 1\nclients = \n", 2, &["this is not TOML"]),
        ("\n\nclints = 3\n", 3, &["clints", "did you mean clients?"]),
    ] {
        let file = Scratch::new("bad.toml", text);
        let place = format!("{}:{line}: ", file.path());
        assert_refused(&run(&["sim", file.path()]), &[&[place.as_str()], parts].concat());
    }
    assert_refused(&run(&["sim", "/no/such/file.toml"]), &["/no/such/file.toml"]);
    let events = run(&["sim", "--max-events", "-1"]);
    assert_eq!(events.code, Some(2));
    for part in ["--max-events", "'-1'", "a whole number from 0"] {
        assert!(events.stderr.contains(part), "{events:?}");
    }
    let binary = run_with(&["sim", "-"], b"\xff\xfe");
    assert_refused(&binary, &["UTF-8"]);
}

#[test]
fn a_link_that_another_program_has_changed_is_the_same_run() {
    let meant = run(&["sim", "--link", "seed=7&server.drop=0.5", "--json"]).object();
    for link in [
        "http://127.0.0.1:8060/?seed=7&server.drop=0.5",
        "http://127.0.0.1:8060/#seed%3D7%26server.drop%3d0.5",
        "http://127.0.0.1:8060/?seed=7#server.drop=0.5",
        "seed=7&server.drop=0.5",
    ] {
        assert_eq!(run(&["sim", link, "--json"]).object(), meant, "{link}");
        assert_eq!(run(&["sim", "--link", link, "--json"]).object(), meant, "{link}");
    }
}

#[test]
fn a_link_is_believed_whole_or_not_at_all() {
    assert_refused(&run(&["sim", "http://127.0.0.1:8060/"]), &["the address: ", "has no scenario"]);
    assert_refused(
        &run(&["sim", "http://h/seed=7&clients=2"]),
        &["the address: ", "has no scenario"],
    );
    assert_refused(
        &run(&["sim", "--link", "seed=7&seed=8"]),
        &["the address: seed has two values"],
    );
    let link = "http://127.0.0.1:8060/#seed=7&server.drop=3&clients=2";
    assert_refused(&run(&["sim", link]), &["server.drop", "\"3\""]);
    assert_refused(&run(&["sim", "--link", "seed=7&nosuch=1"]), &["nosuch"]);
    assert_eq!(run(&["sim", "http://127.0.0.1:8060/#"]).code, Some(0));
    assert_eq!(run(&["sim", "x.toml", "--link", "seed=7"]).code, Some(2), "one or the other");
}

/// An address without a scenario would be the page's first lesson.
#[test]
fn an_address_of_defaults_is_not_empty() {
    assert!(run(&["sim"]).stdout.contains("/#seed=1\n"));
    assert_eq!(run(&["sim", "--trace", "-"]).stdout.lines().next(), Some(r#"{"link":"seed=1"}"#));
}

#[test]
fn the_trace_is_lines_of_json() {
    let file = Scratch::new("trace.jsonl", "");
    let args = ["sim", "--set", "server.drop=0.5", "--set", "exchanges=100", "--json"];
    let result = run(&[&args[..], &["--trace", file.path()]].concat()).object();
    let text = std::fs::read_to_string(file.path()).unwrap();
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(records[0], json!({ "link": result["link"] }), "the page opens a trace by it");
    let count = |event: &str| records.iter().filter(|record| record["event"] == event).count();
    assert_eq!(result["answered"], count("answered"));
    assert_eq!(result["gave_up"], count("gave_up"));
    assert_eq!(result["server_dropped"], count("dropped"));
    let unwritable = run(&["sim", "--trace", "/no/such/folder/x"]);
    assert_eq!(unwritable.code, Some(1), "{unwritable:?}");
    assert!(unwritable.stderr.contains("/no/such/folder/x"), "{unwritable:?}");
}

#[test]
fn a_run_is_measured() {
    let series = Scratch::new("series.csv", "");
    let args = ["sim", "--set", "clients=2", "--set", "server.service=10ms"];
    let args = [&args[..], &["--series-interval", "10ms"]].concat();
    let object = run(&[&args[..], &["--json", "--series", series.path()]].concat()).object();
    let metrics = &object["metrics"];
    // Both arrive at 10 ms; one is served until 20 ms, the other until 30 ms and answered at 40 ms.
    assert_eq!(metrics["latency_s"]["max"], 0.04);
    assert_eq!(metrics["attempts"], json!([0, 2]));
    assert_eq!(metrics["work"]["utilisation"], 20.0 / 30.0);
    assert_eq!(metrics["work"]["deepest_queue"], 1);
    let lines = "\
        from_s,interval_s,offered_per_s,offered_with_retries_per_s,goodput_per_s,gave_up_per_s,\
        failed_per_s,served_per_s,begun,sends,answered,gave_up,failed,served\n\
        0,0.01,200,200,0,0,0,0,2,2,0,0,0,0\n\
        0.01,0.01,0,0,0,0,0,0,0,0,0,0,0,0\n\
        0.02,0.01,0,0,0,0,0,100,0,0,0,0,0,1\n\
        0.03,0.01,0,0,100,0,0,100,0,0,1,0,0,1\n\
        0.04,0.01,0,0,100,0,0,0,0,0,1,0,0,0\n";
    assert_eq!(std::fs::read_to_string(series.path()).unwrap(), lines);

    let finished = run(&[&args[..], &["--ladder", "--series", "-"]].concat());
    assert_eq!(finished.stdout, lines, "stdout contains only the series");
    let server = "server                served 2, 0 of them wasted, 66.67 % busy until the last one, 10 ms of work each";
    assert!(finished.stderr.contains(server), "{finished:?}");

    let finished = run(&["sim", "--series", "/nowhere/at/all.csv"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(finished.stderr.contains("cannot write /nowhere/at/all.csv"), "{finished:?}");
}

/// The peak at time 0 reads the same however long the run is. A run that does not fit gets longer intervals, with a warning.
#[test]
fn a_rate_does_not_depend_on_the_length_of_the_run() {
    let series = Scratch::new("rates.csv", "");
    let with = |args: &[&str]| {
        let finished = run(&[&["sim", "--series", series.path()], args].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        (finished.stderr, std::fs::read_to_string(series.path()).unwrap())
    };
    for exchanges in ["1", "50", "1000"] {
        let exchanges = format!("exchanges={exchanges}");
        let (stderr, text) = with(&["--set", "clients=30", "--set", &exchanges]);
        let line = text.lines().nth(1).unwrap();
        assert!(
            line.starts_with(if exchanges == "exchanges=1" {
                "0,0.1,300,300,300,"
            } else {
                "0,0.1,1500,1500,1200,"
            }),
            "{exchanges}: {line}"
        );
        assert!(!stderr.contains("--series"), "{stderr}");
    }
    let (stderr, text) = with(&["--set", "exchanges=3", "--series-interval", "20ns"]);
    assert!(stderr.contains("--series has intervals of 80ns instead of 20ns"), "{stderr}");
    assert!(text.lines().nth(1).unwrap().starts_with("0,0.00000008,12500000,"), "{text:.200}");
    for (args, part) in [
        (&["--series", "-", "--series-interval", "0s"][..], "longer than 0s"),
        (&["--series", "-", "--series-interval", "x"], "try 100ms"),
        (&["--series-interval", "1s"], "--series <FILE.csv>"),
    ] {
        let finished = run(&[&["sim"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
}

#[test]
fn who_gave_up_is_never_left_out() {
    let finished = run(&["sim", "--set", "server.drop=1", "--set", "exchanges=3"]);
    let gave_up =
        "  of all              p50 and above gave up; 3 gave up, half of them after 3.1 s";
    assert!(finished.stdout.contains(gave_up), "{finished:?}");
    assert!(!finished.stdout.contains("latency"), "nothing was answered: {finished:?}");
    assert!(!finished.stdout.contains("gave up by"), "for one reason: {finished:?}");

    let breaker = ["--set", "policy.breaker=2 30s", "--set", "server.drop=1"];
    let finished = run(&[&["sim", "--set", "exchanges=4"], &breaker[..]].concat());
    let reasons = "  gave up by          breaker 2, give_up_above 2";
    assert!(finished.stdout.contains(reasons), "{finished:?}");
}

#[test]
fn an_endless_run_is_bounded_and_says_by_what() {
    let endless = ["sim", "--set", "server.drop=1", "--set", "policy.give_up_above=none", "--set"];
    let more = ["policy.multiplier=1", "--max-events", "1000"];
    let args = [&endless[..], &more].concat();
    let people = run(&args);
    assert_eq!(people.code, Some(0), "{people:?}");
    assert!(people.stdout.contains("--max-events"), "{people:?}");
    let object = run(&[&args[..], &["--json"]].concat()).object();
    assert_eq!(object["ended_by"], "event_limit");
    assert_eq!(object["events"], 1_000);
    assert_eq!(object["exchanges"], 0);
    // Three events are exactly enough: start, arrival, arrival.
    let enough = run(&["sim", "--max-events", "3", "--json"]).object();
    assert_eq!(enough["ended_by"], "finished");
    let short = run(&["sim", "--max-events", "2", "--json"]).object();
    assert_eq!(short["ended_by"], "event_limit");
}

#[test]
fn ctrl_c_reports_the_results_so_far() {
    let args = ["sim", "--set", "exchanges=4294967295", "--json", "--trace", "-"];
    let mut running = Running::start(retrylab(&args));
    running.line();
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    let last: Value = serde_json::from_str(finished.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["ended_by"], "interrupted");
    assert!(last["exchanges"].as_u64().unwrap() < 4_294_967_295);
}

/// The stacks of many clients take seconds to make, and an interrupt need not wait for them.
#[test]
fn ctrl_c_ends_a_run_whose_clients_have_not_all_started() {
    for protocol in ["protocol=tcp", "protocol=udp"] {
        let sets = ["--set", "clients=25000", "--set", "network=packets", "--set", protocol];
        let args = [&["sim", "--json"][..], &sets].concat();
        let running = Running::start(retrylab(&args));
        std::thread::sleep(Duration::from_millis(200));
        running.signal("INT");
        let finished = running.finish(Instant::now());
        // Without a report, the program ends 800 ms after the signal.
        assert_eq!(finished.code, Some(130), "{finished:?}");
        let object = finished.object();
        assert_eq!(object["ended_by"], "interrupted");
        assert_eq!(object["exchanges"], 0);
    }
}

/// A reader that closes the pipe, such as `head`, ends the run without a message.
#[test]
fn a_broken_pipe_is_no_error() {
    for args in [
        &["sim", "--ladder", "--set", "exchanges=4294967295"][..],
        &["sim", "--trace", "-", "--set", "exchanges=4294967295"],
        &["keys"],
        &["completions", "bash"],
        &["--help"],
    ] {
        let mut command = retrylab(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("error"), "{args:?}: {stderr}");
    }
}

#[test]
fn every_key_is_explained() {
    for command in [&["keys"][..], &["sim", "--keys"]] {
        let people = run(command).stdout;
        let object = run(&[command, &["--json"]].concat()).object();
        let keys = object["keys"].as_array().unwrap();
        assert!(keys.len() >= 19);
        for key in keys {
            let name = key["key"].as_str().unwrap();
            assert!(people.lines().any(|line| line.starts_with(name)), "{name}");
            for part in ["takes", "help"] {
                assert!(!key[part].as_str().unwrap().is_empty(), "{key}");
            }
            // The default is a valid value of the key; an empty list is written as an empty text.
            let set = format!("{name}={}", key["default"].as_str().unwrap());
            assert_eq!(run(&["sim", "--set", &set]).code, Some(0), "{set}");
        }
    }
}

/// A round trip of 120 ms, and a client that waits 100 ms: each reply answers the next exchange.
#[test]
fn replies_to_another_exchange_are_counted_and_explained() {
    let late = ["sim", "--json", "--set", "link.latency=60ms", "--set", "exchanges=1000"];
    let late = [&late[..], &["--set", "policy.max_sends=3"]].concat();
    let median = |run: &Value| run["metrics"]["latency_s"]["p50"].as_f64().unwrap();
    let finished = run(&late);
    let without = finished.object();
    assert!((median(&without) - 0.1).abs() < 1e-3, "{}", median(&without));
    assert!(without["misattributed"].as_u64().unwrap() > 900, "{}", without["misattributed"]);
    assert!(finished.stderr.contains("token=true"), "{}", finished.stderr);
    let named = ["--set", "token=true", "--set", "server.reply=mirror"];
    let finished = run(&[&late[..], &named].concat());
    let named = finished.object();
    assert!((median(&named) - 0.12).abs() < 1e-3, "{}", median(&named));
    assert_eq!(named["misattributed"], 0);
    assert_eq!(named["amplification"], 2.0);
    assert!(!finished.stderr.contains("token=true"), "{}", finished.stderr);
}

/// Each direction takes half of a round trip, in every place that takes a scenario.
#[test]
fn a_round_trip_is_split_over_both_directions() {
    let p50 = |args: &[&str]| {
        run(&[args, &["--json"]].concat()).object()["metrics"]["latency_s"]["p50"].clone()
    };
    let latency = p50(&["sim", "--set", "link.latency=60ms"]);
    let scenario = "[link]\nrtt = '120ms'\n";
    assert_eq!(p50(&["sim", "--set", "link.rtt=120ms"]), latency);
    assert_eq!(p50(&["sim", "--link", "link.rtt=120ms"]), latency);
    let file = run_with(&["sim", "-", "--json"], scenario.as_bytes()).object();
    assert_eq!(file["metrics"]["latency_s"]["p50"], latency);
    assert_eq!(
        (&file["scenario"]["link"]["rtt"], &file["link"]),
        (&"120ms".into(), &"link.rtt=120ms".into())
    );
    let netem = run(&["sim", "--print-netem", "--set", "link.rtt=30ms"]).stdout;
    assert_eq!(netem.matches("delay 15ms").count(), 2, "{netem}");
    let both = run(&["sim", "--set", "link.latency=10ms", "--set", "link.rtt=20ms"]);
    assert_refused(
        &both,
        &["--set: link.latency is \"10ms\" and link.rtt is \"20ms\"; set only one"],
    );
    // A flag replaces what a file says.
    let replaced =
        run_with(&["sim", "-", "--json", "--set", "link.latency=1ms"], scenario.as_bytes())
            .object();
    assert_eq!(replaced["link"], "link.latency=1ms");
    let swept = run(&["sweep", "--vary", "link.rtt=10ms..30ms/10ms", "--dry-run"]).stdout;
    assert!(swept.contains("3 points: 3 of link.rtt"), "{swept}");
    let twice = ["sweep", "--set", "link.latency=1ms", "--vary", "link.rtt=10ms,20ms", "--dry-run"];
    assert_refused(&run(&twice), &["link.latency is \"1ms\" and link.rtt is \"10ms\""]);
}
