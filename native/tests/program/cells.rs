//! `sim` simulates independent clients one by one and on several threads. Nothing that it prints depends on that, except
//! the line that shows it.

use crate::common::{Finished, Folder, Running, retrylab, run};
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
