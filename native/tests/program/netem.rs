//! `retrylab sim --print-netem`: the commands for the same link on Linux.

use crate::common::{assert_refused, run, run_with};
use retrylab_core::scenario::FIELDS;
use std::process::{Command, Stdio};

/// `sh -n` reads a script without running it.
fn is_a_shell_script(text: &str) -> bool {
    let mut sh = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut sh.stdin.take().unwrap(), text.as_bytes()).unwrap();
    sh.wait().unwrap().success()
}

#[test]
fn a_link_that_netem_knows_is_two_commands() {
    let finished = run(&["sim", "--print-netem", "--set", "link.loss=0.1"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        finished.stdout,
        "# Requests: on the client's host.\n\
         tc qdisc add dev eth0 root netem limit 1000000 delay 10ms loss random 10%\n\
         # Replies: on the server's host.\n\
         tc qdisc add dev eth0 root netem limit 1000000 delay 10ms loss random 10%\n"
    );
    assert_eq!(finished.stderr, "", "nothing has run");
}

#[test]
fn differences_are_comments_in_a_valid_script() {
    let toml = b"faults = \"1s 2s partition reply; 5s 1s loss 0.3\"\n\
        acts = \"drop client 1 request 2; duplicate client 1 reply 3\"\n\
        [link]\nlatency = \"lognormal 10ms 2ms\"\nreply_latency = \"5ms\"\nmtu = 1500\n";
    let args = ["sim", "-", "--print-netem=wlan0"];
    let finished = run_with(&args, toml);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let text = &finished.stdout;
    assert!(is_a_shell_script(text), "{text}");
    assert!(
        text.lines()
            .all(|line| line.starts_with("# ") || line.starts_with("tc qdisc add dev wlan0 "))
    );
    let object = run_with(&[&args[..], &["--json"]].concat(), toml).object();
    assert_eq!(object["schema"], 1);
    for (way, delay, faults, acts) in [
        (
            "request",
            "delay 10ms",
            "The faults `5s 1s loss 0.3` have no equivalent",
            "The acts `drop client 1 request 2` have no equivalent in netem.",
        ),
        (
            "reply",
            "delay 5ms",
            "The faults `1s 2s partition reply; 5s 1s loss 0.3` have no equivalent",
            "The acts `duplicate client 1 reply 3` have no equivalent in netem.",
        ),
    ] {
        let command = object[way]["command"].as_str().unwrap();
        assert!(command.ends_with(delay) && text.contains(command), "{command}");
        let notes = object[way]["notes"].as_array().unwrap();
        let notes: Vec<&str> = notes.iter().map(|note| note.as_str().unwrap()).collect();
        assert!(notes.iter().any(|note| note.starts_with(faults)), "{notes:?}");
        assert!(notes.contains(&acts), "{notes:?}");
        assert!(notes.iter().any(|note| note.starts_with("netem has no MTU")), "{notes:?}");
        let distribution =
            notes.iter().any(|note| note.starts_with("netem has no log-normal distribution"));
        assert_eq!(distribution, way == "request", "{notes:?}");
        assert!(notes.iter().all(|note| text.contains(&format!("# {note}\n"))), "{text}");
    }
}

/// Checks every preset of links and every shipped scenario.
#[test]
fn every_named_link_is_a_valid_script() {
    let scenarios = run(&["scenarios", "--json"]).object();
    let names = scenarios["scenarios"].as_array().unwrap().iter();
    let mut all: Vec<Vec<String>> =
        names.map(|entry| vec![entry["name"].as_str().unwrap().to_string()]).collect();
    for preset in retrylab_core::link::Preset::NAMES {
        all.push(vec!["--set".to_string(), format!("link.preset={preset}")]);
    }
    assert!(all.len() > 15, "{all:?}");
    for args in all {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let finished = run(&[&["sim", "--print-netem"], &args[..]].concat());
        assert_eq!(finished.code, Some(0), "{args:?}: {finished:?}");
        assert_eq!(finished.stdout.matches("\ntc qdisc add dev eth0 root netem").count(), 2);
        assert!(is_a_shell_script(&finished.stdout), "{}", finished.stdout);
    }
}

/// Values of each key of the link, the extremes among them.
const EXTREMES: [(&str, &[&str]); 18] = [
    ("link.preset", &["wifi-lossy", "satellite"]),
    (
        "link.latency",
        &[
            "0s",
            "1ns",
            "7ns",
            "999ns",
            "1us",
            "1.5004ms",
            "274s",
            "275s",
            "1h",
            "uniform 0s 0s",
            "uniform 0s 1ns",
            "uniform 0s 2ns",
            "uniform 0s 1h",
            "uniform 1h 1h",
            "normal 0s 0s",
            "normal 0s 1ns",
            "normal 1ns 0s",
            "normal 1h 1h",
            "lognormal 1ns 1h",
            "lognormal 1h 0s",
            "quantiles p50=1ns p99=1h",
            "pareto 0s 3",
            "pareto 1ns 3",
            "pareto 1h 3",
            "pareto 1h 1",
            "pareto 1h 1000",
            "exponential 0s",
            "exponential 1ns",
            "exponential 1h",
            "table 0s",
            "table 0s 1h",
        ],
    ),
    ("link.rtt", &["0s", "1ns", "20ms", "1h", "normal 1ns 1h"]),
    ("link.correlation", &["0", "0.000000001", "1"]),
    (
        "link.loss",
        &[
            "0",
            "0.000000001",
            "0.999999999",
            "1",
            "burst 0 1",
            "burst 0.000000001 1000",
            "burst 0.5 1",
            "burst 0.999 1000",
            "gilbert-elliott 0 0",
            "gilbert-elliott 0.000000001 0.000000001 0 0",
            "gilbert-elliott 1 1 1 1",
            "4-state 0 0 0 0 0",
            "4-state 1 1 0 1 0",
            "timed 1ns 1h",
            "first 0",
            "first 18446744073709551615",
            "list 1-18446744073709551615",
        ],
    ),
    ("link.duplicate", &["0", "0.000000001", "1"]),
    ("link.reorder", &["0", "0.000000001", "1"]),
    ("link.reorder_gap", &["1", "2", "4294967295"]),
    ("link.corrupt", &["0", "0.000000001", "1"]),
    ("link.checksum", &["false"]),
    ("link.rate", &["1bit", "7bit", "8bit", "9bit", "1.001kbit", "1000gbit", "999.999999999gbit"]),
    ("link.queue", &["1", "1000000"]),
    ("link.queue_rule", &["red 0 1 0", "red 4294967294 4294967295 1"]),
    ("link.overhead", &["0", "42", "65535"]),
    ("link.mtu", &["1", "1000000"]),
    ("link.shared", &["true"]),
    ("link.reply_latency", &["0s", "1ns", "1h"]),
    ("link.reply_loss", &["1", "burst 0.3 4"]),
];

/// Runs a command in a network namespace of its own. Returns false if tc's parser refuses it. Whether the
/// kernel has netem does not matter.
fn tc_accepts(command: &str) -> bool {
    let output = Command::new("unshare").arg("--net").args(command.split(' ')).output().unwrap();
    match output.status.code() {
        Some(0 | 2) => true,
        Some(1) => false,
        _ => panic!("{command}: {output:?}"),
    }
}

#[test]
fn tc_accepts_every_script() {
    let usable = Command::new("unshare").args(["--net", "tc", "-V"]).output();
    if !usable.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: it needs tc, and root to create a network namespace");
        return;
    }
    let netem = "tc qdisc add dev lo root netem";
    assert!(tc_accepts(&format!("{netem} delay 10ms")));
    for refused in ["delay 10parsecs", "delay 0ms 5ms distribution normal", "reorder 5%", "gap 5"] {
        assert!(!tc_accepts(&format!("{netem} {refused}")), "{refused}");
    }
    let every = FIELDS.iter().map(|field| field.key).filter(|key| key.starts_with("link."));
    let missing = every.filter(|key| !EXTREMES.iter().any(|(known, _)| known == key));
    assert_eq!(missing.collect::<Vec<_>>(), ["link.reply_rate"], "the same as link.rate");
    // Alone, and next to features that depend on each other.
    let besides: [&[&str]; 2] = [&[], &["link.reorder=0.1", "link.rate=1mbit", "link.loss=0.5"]];
    let mut accepted = 0;
    for (key, values) in EXTREMES {
        for value in values {
            for beside in besides {
                let own = format!("{key}={value}");
                let others =
                    beside.iter().copied().filter(|pair| !pair.starts_with(&format!("{key}=")));
                let sets = others.chain([own.as_str()]).flat_map(|pair| ["--set", pair]);
                let args: Vec<&str> = ["sim", "--print-netem=lo"].into_iter().chain(sets).collect();
                let script = run(&args);
                assert_eq!(script.code, Some(0), "{script:?}");
                for command in script.stdout.lines().filter(|line| line.starts_with("tc ")) {
                    assert!(tc_accepts(command), "{args:?}: {command}");
                    assert!(
                        !command.contains("rate 0") && !command.contains("delay 0ms"),
                        "{command}"
                    );
                    accepted += 1;
                }
            }
        }
    }
    assert!(accepted > 300, "{accepted}");
}

#[test]
fn invalid_devices_and_flags_are_refused() {
    for device in ["", "two words", "x;reboot", "-x", "$(reboot)", "a/b", "sixteen-letters-"] {
        let finished = run(&["sim", &format!("--print-netem={device}")]);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{device}");
        if !device.is_empty() {
            let sentence = "expected an interface name such as `eth0`";
            assert!(finished.stderr.contains(sentence), "{}", finished.stderr);
        }
    }
    for flags in [&["--ladder"][..], &["--seeds", "3"], &["--max-events", "5"], &["--trace", "x"]] {
        let finished = run(&[&["sim", "--print-netem"], flags].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{flags:?}");
        let sentence = format!("cannot be used with '{}", flags[0]);
        assert!(finished.stderr.contains(&sentence), "{}", finished.stderr);
    }
    let finished = run(&["sim", "--print-netem", "--set", "link.loss=x"]);
    assert_refused(&finished, &["--set: link.loss: \"x\" is not a loss model"]);
}
