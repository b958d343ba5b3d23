//! `retrylab sim` and `sweep` with scenarios over connections.

use crate::common::{Folder, run};

/// Runs `sim` with these arguments over TCP and HTTP and passes each result to `check`.
fn with_each(args: &[&str], check: impl Fn(&str, &str)) {
    for protocol in ["protocol=tcp", "protocol=http"] {
        let sets = ["--set", "network=packets", "--set", protocol];
        let finished = run(&[&["sim"], args, &sets].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        check(protocol, &finished.stdout);
    }
}

#[test]
fn the_ladder_says_what_endpoints_do() {
    with_each(&["--ladder"], |protocol, text| {
        for line in [
            "send 1: connects",
            "connection open, sends request",
            "accepts the connection",
            "answers send 1, 21 bytes",
            "answered in 40 ms, 1 send",
            "connection released",
        ] {
            assert!(text.contains(line), "{protocol}: {line}: {text}");
        }
        assert!(!text.contains("datagram"), "{protocol}: {text}");
    });
}

#[test]
fn the_trace_has_the_send_of_each_connection() {
    let folder = Folder::new("protocols-trace");
    let path = folder.path("run.jsonl");
    with_each(&["--trace", &path, "--set", "exchanges=2"], |protocol, _| {
        let trace = std::fs::read_to_string(&path).unwrap();
        let records: Vec<serde_json::Value> =
            trace.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for event in ["connecting", "confirmed", "accepted", "replied", "released"] {
            let of_event: Vec<_> = records.iter().filter(|r| r["event"] == event).collect();
            assert!(of_event.len() >= 2, "{protocol}: {event}");
            let last = of_event.last().unwrap();
            assert_eq!((&last["exchange"], &last["send"]), (&2.into(), &1.into()), "{last}");
        }
    });
}

#[test]
fn many_runs_comparisons_and_series_work() {
    let loss = ["--set", "link.loss=0.1", "--set", "exchanges=5"];
    with_each(&[&["--seeds", "5", "--each", "--threads", "2"][..], &loss].concat(), |_, text| {
        assert!(text.starts_with("5 seeds, 1 to 5"), "{text}");
    });
    let versus = ["--versus-set", "policy.initial_timeout=200ms", "--seeds", "4", "--threads", "2"];
    with_each(&[&versus[..], &loss].concat(), |_, text| {
        assert!(text.contains("policy.initial_timeout"), "{text}");
    });
    with_each(&["--series", "-", "--series-interval", "10ms"], |_, text| {
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() >= 5, "{text}");
    });
    let folder = Folder::new("protocols-sweep");
    let path = folder.path("sweep.csv");
    let sweep = ["sweep", "--set", "network=packets", "--vary", "protocol=udp,tcp,http", "--out"];
    let finished = run(&[&sweep[..], &[&path]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let table = std::fs::read_to_string(&path).unwrap();
    for protocol in ["udp", "tcp", "http"] {
        assert!(table.contains(protocol), "{table}");
    }
}

#[test]
fn what_contradicts_connections_is_refused() {
    for (set, sentence) in [
        ("token=true", "token is \"true\"; with protocol=tcp it must be false"),
        ("server.service=1ms", "server.service is \"1ms\"; with protocol=tcp it must be 0s"),
        ("network=datagrams", "protocol is \"tcp\"; with network=datagrams it must be udp"),
    ] {
        let finished = run(&["sim", "tcp-connect", "--set", set]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(sentence), "{finished:?}");
    }
}

#[test]
fn limits_end_runs_over_connections() {
    let many = ["sim", "tcp-connect", "--json", "--set", "clients=1000000"];
    let result = run(&[&many[..], &["--max-memory", "500"]].concat()).object();
    assert_eq!((&result["ended_by"], &result["events"]), (&"memory_limit".into(), &0.into()));
    let long = ["sim", "tcp-silence", "--json", "--max-time", "2s"];
    assert_eq!(run(&long).object()["ended_by"], "time_limit");
}
