//! `sim` simulates independent clients one by one and on several threads. Nothing that it prints depends on that, except
//! the line that shows it.

use crate::common::{Finished, Folder, Running, assert_refused, retrylab, run};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Returns a small run of each shipped scenario, and whether its clients are independent. A limit makes the coupled ones
/// small.
fn shipped() -> Vec<(Vec<String>, bool)> {
    let list = run(&["scenarios", "--json"]).object();
    let names = list["scenarios"].as_array().unwrap().iter().map(|one| one["name"].as_str());
    let runs = names.map(|name| {
        let name = name.unwrap();
        let is_independent = cells(&["sim", name, "--max-events", "1"]).ends_with("independent");
        let size: &[&str] = if is_independent {
            &["--set", "clients=20", "--max-time", "1s"]
        } else {
            &["--max-events", "1000"]
        };
        let args = ["sim", name].iter().chain(size).map(ToString::to_string).collect();
        (args, is_independent)
    });
    runs.collect()
}

/// Returns the line that says how many cells a run has.
fn cells(args: &[&str]) -> String {
    let finished = run(args);
    let line = finished.stdout.lines().find_map(|line| line.strip_prefix("cells: "));
    line.unwrap_or_else(|| panic!("{args:?}: {finished:?}")).to_string()
}

/// Returns stdout without the line or the object of the cells.
fn without_cells(finished: &Finished) -> String {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    if let Ok(mut object) = serde_json::from_str::<Value>(&finished.stdout) {
        object.as_object_mut().unwrap().remove("cells").unwrap();
        return object.to_string();
    }
    finished.stdout.lines().filter(|line| !line.starts_with("cells: ")).collect()
}

#[test]
fn threads_and_cells_change_nothing() {
    let mut independent = 0;
    for (args, is_independent) in shipped() {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let with = |more: &[&str]| without_cells(&run(&[&args[..], &["--json"], more].concat()));
        let one = with(&["--cells", "one"]);
        // A coupled scenario is the same run with any flag.
        let threads: &[&str] = if is_independent { &["1", "2", "8"] } else { &["2"] };
        for threads in threads {
            assert_eq!(with(&["--threads", threads]), one, "{args:?}");
        }
        independent += usize::from(is_independent);
    }
    assert_eq!(independent, 6);
}

/// An open loop whose number of exchanges ends the arrivals, so that all of them are known before the run.
const OPEN: [&str; 9] = [
    "sim",
    "--set",
    "clients=3000",
    "--set",
    "exchanges=2",
    "--set",
    "workload.rate=9000",
    "--set",
    "server.drop=0.3",
];

#[test]
fn every_output_is_the_same() {
    let folder = Folder::new("cells-outputs");
    let all = |flags: &[&str]| {
        let [series, junit] = ["series.csv", "junit.xml"].map(|name| folder.path(name));
        let outputs = ["--series", &series, "--assert", "amplification <= 9", "--junit", &junit];
        let finished = run(&[&OPEN[..], &outputs, flags].concat());
        let stderr = finished.stderr.lines().filter(|line| !line.contains(" of wall time"));
        let stderr: String = stderr.collect();
        assert!(stderr.starts_with("holds: amplification"), "{stderr}");
        let files = [series, junit].map(|path| std::fs::read_to_string(path).unwrap());
        assert_eq!(files[0].lines().next().unwrap().split(',').count(), 14);
        (without_cells(&finished), stderr, files)
    };
    let one = all(&["--cells", "one"]);
    assert!(one.0.contains("offered load"), "{}", one.0);
    for threads in ["1", "2", "8"] {
        assert_eq!(all(&["--threads", threads]), one);
    }
    // In many runs as well.
    let seeds = |flags: &[&str]| {
        without_cells(&run(&[&OPEN[..], &["--seeds", "3", "--json"], flags].concat()))
    };
    assert_eq!(seeds(&[]), seeds(&["--cells", "one"]));
}

#[test]
fn the_line_says_how_many_cells_and_why() {
    let two = ["sim", "--set", "clients=2"];
    for (more, words) in [
        (&[][..], "2, independent"),
        (&["--set", "clients=1"], "1, independent"),
        (&["--cells", "one"], "1, as --cells=one asks"),
        (&["--trace", "/dev/null"], "1, because --trace is in time order"),
        (&["--ladder"], "1, because --ladder is in time order"),
        (&["--pcapng", "/dev/null"], "1, because --pcapng is in time order"),
        (&["--set", "server.service=1ms", "--cells", "one"], "1, coupled by server.service"),
        (&["--set", "link.shared=true"], "1, coupled by link.shared"),
        (
            &["--set", "link.shared=true", "--set", "clients=1"],
            "1, a single client; more would be coupled by link.shared",
        ),
        (&["--seeds", "2"], "2, independent"),
    ] {
        assert_eq!(cells(&[&two, more].concat()), words);
    }
    let object = |more: &[&str]| run(&[&two, more, &["--json"]].concat()).object()["cells"].clone();
    let json = |count: u32, coupled_by: Option<&str>, because: Option<&str>| serde_json::json!({ "count": count, "coupled_by": coupled_by, "because": because });
    assert_eq!(object(&[]), json(2, None, None));
    assert_eq!(object(&["--trace", "/dev/null"]), json(1, None, Some("--trace")));
    assert_eq!(object(&["--cells", "one"]), json(1, None, Some("--cells")));
    assert_eq!(object(&["--set", "link.shared=true"]), json(1, Some("link.shared"), None));
    assert_eq!(object(&["--seeds", "2"]), json(2, None, None));
}

/// A limit on events ends the run of billions of clients at the same event, whatever the number of threads.
#[test]
fn limits_hold_for_any_number_of_clients() {
    let many = ["sim", "--set", "clients=4294967295", "--json"];
    let cut = |more: &[&str]| run(&[&many, more].concat()).object();
    let events = ["--max-events", "5000"];
    for more in [&[][..], &["--set", "workload.rate=1e6", "--set", "exchanges=2"]] {
        let all = [&events, more].concat();
        let one = cut(&[&all[..], &["--threads", "1"]].concat());
        assert_eq!((&one["ended_by"], &one["events"]), (&"event_limit".into(), &5_000.into()));
        assert_eq!(cut(&[&all[..], &["--threads", "3"]].concat()), one);
    }
    // In one network they do not fit.
    assert_eq!(cut(&["--cells", "one"])["ended_by"], "memory_limit");
    let few = ["sim", "--set", "clients=100", "--set", "server.drop=1", "--json"];
    let stopped = run(&[&few[..], &["--max-time", "150ms"]].concat()).object();
    assert_eq!(stopped["ended_by"], "time_limit");
    // One send at the start, and one after 100 ms.
    assert_eq!((&stopped["sends"], &stopped["exchanges"]), (&200.into(), &0.into()));
}

/// An interrupt is noticed while clients are simulated, and while their arrivals are added up before the run.
#[test]
fn ctrl_c_ends_a_run_of_a_hundred_million_clients() {
    for more in [&[][..], &["--set", "workload.rate=1e6"]] {
        let clients = ["sim", "--json", "--set", "clients=100000000", "--set", "exchanges=200"];
        let running = Running::start(retrylab(&[&clients[..], more].concat()));
        std::thread::sleep(Duration::from_millis(500));
        running.signal("INT");
        let finished = running.finish(Instant::now());
        // Without a report, the program ends 800 ms after the signal.
        assert_eq!(finished.code, Some(130), "{finished:?}");
        let object = finished.object();
        assert_eq!(object["ended_by"], "interrupted");
        assert!(object["exchanges"].as_u64().unwrap() < 20_000_000_000);
    }
}

/// An interrupt ends a run on whichever thread the last client is.
#[test]
fn ctrl_c_ends_a_run_of_one_long_client() {
    for short in ["1", "2"] {
        let act = format!("acts=delay client {short} request 1 by 10s");
        let limits = ["sim", "--json", "--threads", "2", "--max-time", "1s", "--set", "clients=2"];
        let sets = ["--set", "exchanges=100000000", "--set", "link.latency=1ns", "--set", &act];
        let patient = ["--set", "policy.max_sends=1", "--set", "policy.initial_timeout=2s"];
        let running = Running::start(retrylab(&[&limits[..], &sets, &patient].concat()));
        std::thread::sleep(Duration::from_millis(300));
        running.signal("TERM");
        let finished = running.finish(Instant::now());
        assert_eq!(finished.code, Some(130), "{finished:?}");
        assert_eq!(finished.object()["ended_by"], "interrupted");
    }
}

/// Runs each of `count` shards of a run; returns the files with its parts.
fn shards(folder: &Folder, args: &[&str], count: u32) -> Vec<String> {
    let shard = |index: u32| {
        let (shard, path) = (format!("{index}/{count}"), folder.path(&format!("{index}.json")));
        let finished = run(&[args, &["--shard", &shard, "--out", &path]].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), ""), "{finished:?}");
        path
    };
    (1..=count).rev().map(shard).collect()
}

fn merge(files: &[String], flags: &[&str]) -> Finished {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    run(&[&["merge"], flags, &files].concat())
}

#[test]
fn merged_shards_are_the_whole_run() {
    for (args, is_independent) in shipped() {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let folder = Folder::new("cells-shards");
        if !is_independent {
            let out = folder.path("2.json");
            let refused = run(&[&args[..], &["--shard", "2/2", "--out", &out]].concat());
            assert_refused(&refused, &["--shard: ", "in one network because of ", "use 1/1"]);
            continue;
        }
        let whole = run(&[&args[..], &["--json"]].concat()).stdout;
        for count in [1, 2, 7] {
            let parts = shards(&folder, &args, count);
            assert_eq!(merge(&parts, &["--json"]).stdout, whole, "{args:?} in {count}");
        }
    }
}

#[test]
fn merged_shards_print_what_the_run_prints() {
    let folder = Folder::new("cells-merge");
    let interval = ["--series-interval", "50ms"];
    let parts = shards(&folder, &[&OPEN[..], &interval].concat(), 3);
    let all = |name: &str, command: &dyn Fn(&[&str]) -> Finished| {
        let [series, junit] = ["csv", "xml"].map(|end| folder.path(&format!("{name}.{end}")));
        // The second does not hold, and its command repeats the whole run.
        let flags = ["--assert", "amplification <= 9", "--assert", "gave_up == 0", "--github"];
        let finished = command(&[&flags[..], &["--series", &series, "--junit", &junit]].concat());
        assert_eq!(finished.code, Some(5), "{finished:?}");
        let stderr = finished.stderr.lines();
        let stderr = stderr.filter(|line| !line.contains("merged") && !line.contains(" of wall"));
        let files = [series, junit].map(|path| std::fs::read_to_string(path).unwrap());
        (finished.stdout, stderr.map(str::to_string).collect::<Vec<_>>(), files)
    };
    let whole = all("whole", &|flags| run(&[&OPEN[..], &interval, flags].concat()));
    assert!(whole.0.ends_with("cells: 3000, independent\n"), "{}", whole.0);
    assert_eq!(all("merged", &|flags| merge(&parts, flags)), whole);
    // A single shard may be a coupled run, and more shards than clients are empty.
    for (set, count) in [("server.service=1ms", 1), ("clients=2", 3)] {
        let args = ["sim", "--set", set, "--max-time", "30ms"];
        let merged = merge(&shards(&folder, &args, count), &[]);
        assert_eq!(merged.stdout, run(&args).stdout);
    }
    assert!(folder.names().iter().all(|name| !name.ends_with(".tmp")), "{:?}", folder.names());
}

#[test]
fn parts_that_do_not_fit_together_are_refused() {
    let folder = Folder::new("cells-parts");
    let args = ["sim", "--set", "clients=30", "--set", "server.drop=0.5"];
    let parts = shards(&folder, &args, 3);
    let [third, second, first] = [0, 1, 2].map(|at| parts[at].clone());
    let refused = |files: &[&String], flags: &[&str], words: &[&str]| {
        let files: Vec<String> = files.iter().map(ToString::to_string).collect();
        assert_refused(&merge(&files, flags), words);
    };
    refused(&[&first, &third], &[], &["shard 2 of 3 is missing"]);
    refused(&[&first, &second], &[], &["shard 3 of 3 is missing"]);
    refused(&[&first, &second, &second], &[], &["shard 2 of 3 is in both", "2.json"]);
    refused(&[&first, &second, &third], &["--series", "-"], &["--series-interval"]);
    refused(&[&first, &second, &third], &["--out", "x.csv"], &["--out is for tables"]);
    // Other runs, and other shards of the same one.
    let other = |more: &[&str], differs: &str| {
        let path = folder.path("other.json");
        assert_eq!(run(&[&args[..], more, &["--out", &path]].concat()).code, Some(0));
        refused(&[&first, &second, &path], &[], &["other.json and ", differs]);
        path
    };
    other(&["--shard", "3/3", "--seed", "2"], "scenario differs");
    other(&["--shard", "3/3", "--max-time", "9s"], "limit differs");
    other(&["--shard", "3/3", "--series-interval", "9s"], "--series-interval differs");
    other(&["--shard", "4/4"], "number of shards differs");
    let many = shards(&folder, &[&args[..], &["--max-events", "100"]].concat(), 3);
    assert_refused(&merge(&many, &[]), &["all parts together have", "events, more than 100"]);
    // Damage, and another version.
    let text = std::fs::read_to_string(&second).unwrap();
    for (text, words) in [
        (text.replacen("\"sends\":", "\"sends\":1", 1), "2.json is damaged: its content"),
        (text[..text.len() / 2].to_string(), "2.json is damaged: "),
        (text.replacen("part\":\"", "part\":\"9", 1), "2.json was written by retrylab 9"),
    ] {
        std::fs::write(&second, text).unwrap();
        refused(&[&second], &[], &[words]);
    }
    for torn in ["", &text[..9]] {
        std::fs::write(&second, torn).unwrap();
        refused(&[&third, &second], &[], &["2.json is empty or damaged"]);
        refused(&[&second], &[], &["2.json is empty or damaged"]);
    }
    std::fs::write(&second, "point,seed\n").unwrap();
    refused(&[&third, &second], &[], &["3.json is a part of a run, and ", "2.json is not"]);
    refused(&[&second], &[], &["--out: "]);
    refused(&[&second], &["--json", "--out", "-"], &["--json, --series and --assert"]);
}

/// Where a limit on events or memory ends the whole run is not known, so such a part would be of no use.
#[test]
fn a_shard_that_a_limit_cuts_writes_no_part() {
    let folder = Folder::new("cells-cut");
    let out = folder.path("1.json");
    std::fs::write(&out, "an earlier part").unwrap();
    let large = format!("message={}", "x".repeat(65_000));
    let sets = ["--set", &large, "--set", "link.latency=20s", "--set", "policy.backoff=list"];
    let sends = ["--set", "policy.timeouts=1ms", "--set", "policy.give_up_above=none"];
    let memory = [&sets[..], &sends, &["--set", "policy.max_sends=60", "--max-memory", "13"]];
    let many = ["--set", "clients=4294967295"];
    for (args, limit) in [
        (&["--max-events", "2", "--shard", "1/1"][..], "--max-events"),
        // The limit ends the whole run, and this is known after a few clients.
        (&[&many[..], &["--shard", "7/99999"]].concat(), "--max-events"),
        (&[&memory.concat()[..], &["--shard", "1/1"]].concat(), "--max-memory"),
    ] {
        let finished = run(&[&["sim"], args, &["--out", &out]].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
        assert!(finished.stderr.contains(limit), "{finished:?}");
        assert!(finished.stderr.contains("no part is written"), "{finished:?}");
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "an earlier part");
    }
    for flags in [&["--junit", "x.xml"][..], &["--github"], &["--allow-cut"]] {
        let refused = run(&[&["sim", "--shard", "1/1"], flags].concat());
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(flags[0]), "{refused:?}");
    }
}

/// Rates of some of the clients would look like those of all.
#[test]
fn a_cut_result_says_how_many_clients_it_holds() {
    let cut = [&OPEN[..], &["--max-events", "3000"]].concat();
    let finished = run(&cut);
    let text = &finished.stdout;
    assert!(text.contains(" of 3000 simulated; rates are left out\n"), "{text}");
    assert!(!text.contains("offered load"), "{text}");
    assert!(finished.stderr.contains("--max-events will end the run before all 3000 clients"));
    let object = run(&[&cut[..], &["--json"]].concat()).object();
    assert!((100..1_500).contains(&object["clients_simulated"].as_u64().unwrap()), "{object}");
    assert_eq!(object["metrics"]["load"]["goodput_per_s"], Value::Null);
    let whole = run(&[&OPEN[..], &["--json"]].concat()).object();
    assert_eq!(whole["clients_simulated"], 3_000);
    assert!(whole["metrics"]["load"]["goodput_per_s"].is_number());
}
