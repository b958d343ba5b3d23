//! `retrylab sim --print-netem`: the commands for the same link on Linux.

mod common;

use common::{assert_refused, run, run_with};
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
    for (way, delay, faults) in [
        ("request", "delay 10ms", "The faults `5s 1s loss 0.3` have no equivalent"),
        (
            "reply",
            "delay 5ms",
            "The faults `1s 2s partition reply; 5s 1s loss 0.3` have no equivalent",
        ),
    ] {
        let command = object[way]["command"].as_str().unwrap();
        assert!(command.ends_with(delay) && text.contains(command), "{command}");
        let notes = object[way]["notes"].as_array().unwrap();
        let notes: Vec<&str> = notes.iter().map(|note| note.as_str().unwrap()).collect();
        assert!(notes.iter().any(|note| note.starts_with(faults)), "{notes:?}");
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
