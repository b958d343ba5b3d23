//! Tests the interface of `retrylab send`: exit codes, messages, JSON.

use crate::common::{Running, Server, late_mirror, retry, retrylab, run, run_with, socket};
use serde_json::Value;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

#[test]
fn a_reply_goes_to_stdout_and_the_rest_to_stderr() {
    let server = Server::start(&[]);
    let finished = run(&["send", &server.address, "how are you?"]);
    assert_eq!(finished.code, Some(0));
    assert_eq!(finished.stdout, "Your data was 12 bytes\n");
    assert!(finished.stderr.contains("send 1: 12 bytes to"), "{finished:?}");
    assert!(finished.stderr.contains("answered after"), "{finished:?}");
    assert!(!finished.stderr.contains('\x1b'), "no colours in a pipe");
}

#[test]
fn a_name_resolves_to_an_ipv4_address() {
    let server = Server::start(&[]);
    let finished = run(&["send", &format!("localhost:{}", server.port)]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("localhost resolves to 127.0.0.1"), "{finished:?}");
}

#[test]
fn a_name_without_an_address_has_its_own_exit_code() {
    let finished = run(&["send", "no-such-host.invalid", "--json"]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert!(finished.stderr.contains("no-such-host.invalid"), "{finished:?}");
    let object = finished.object();
    assert_eq!(object["outcome"], "name_not_found");
    assert_eq!(object["sends"], 0);
    assert!(object["error"].as_str().unwrap().contains("no-such-host.invalid"));
}

#[test]
fn a_message_that_no_datagram_carries_is_refused_before_anything_is_sent() {
    let (receiver, address) = socket();
    receiver.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    for (bytes, token) in [(65_508, false), (65_503, true), (100_000, false)] {
        let mut args = vec!["send", &address, "-", "--json"];
        args.extend(token.then_some("--token"));
        let finished = run_with(&args, &vec![b'x'; bytes]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("at most 65507"), "{finished:?}");
        assert_eq!(finished.object()["outcome"], "too_long");
    }
    assert!(retry(|| receiver.recv(&mut [0; 1])).is_err(), "something arrived");
}

#[test]
fn the_longest_message_comes_back_whole() {
    let server = Server::start(&["--reply", "mirror"]);
    let message: Vec<u8> = (0..65_507).map(|i| b'a' + (i % 26) as u8).collect();
    let finished = run_with(&["send", &server.address, "-", "--json"], &message);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let exchange = finished.object();
    assert_eq!(exchange["reply_bytes"], 65_507);
    assert_eq!(exchange["reply"].as_str().unwrap().as_bytes(), message);
    // With its token, the message fills a datagram exactly.
    let finished = run_with(&["send", &server.address, "-", "--json", "--token"], &message[5..]);
    assert_eq!(finished.object()["reply_bytes"], 65_507, "{finished:?}");
}

#[test]
fn ipv6_carries_twenty_bytes_more() {
    if UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6 loopback: nothing to test");
        return;
    }
    let server = Server::start_at("[::1]:0", &["--reply", "mirror"]);
    assert!(server.address.starts_with("[::1]:"), "{}", server.address);
    let message = vec![b'x'; 65_528];
    let finished = run_with(&["send", &server.address, "-", "--json"], &message[1..]);
    assert_eq!(finished.object()["reply_bytes"], 65_527, "{}", finished.stderr);
    let finished = run_with(&["send", &server.address, "-", "--json"], &message);
    assert_eq!(finished.code, Some(2), "{}", finished.stderr);
    assert!(finished.stderr.contains("over IPv6 carries at most 65527"), "{}", finished.stderr);
}

/// The system's own refusal, before anything is sent: broadcast is not permitted.
#[test]
fn an_unreachable_address_differs_from_no_reply() {
    let finished = run(&["send", "255.255.255.255", "--json"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stderr.contains("cannot reach 255.255.255.255:1060"), "{finished:?}");
    assert_eq!(finished.object()["outcome"], "unreachable");
}

#[test]
fn messages_and_replies_are_bytes() {
    let server = Server::start(&["--reply", "mirror"]);
    let finished = run_with(&["send", &server.address, "-"], b"a\x1b[2J\xff\n");
    assert_eq!(finished.stdout, "a\\u{1b}[2J\u{fffd}\\n\n", "nothing moves the cursor");
    let finished = run_with(&["send", &server.address, "-", "--json"], b"");
    let exchange = finished.object();
    assert_eq!((&exchange["reply"], &exchange["reply_bytes"]), (&"".into(), &0.into()));
    let finished = run_with(&["send", &server.address, "-", "--json"], b"\xff\0");
    let exchange = finished.object();
    assert_eq!((&exchange["reply"], &exchange["reply_bytes"]), (&"\u{fffd}\0".into(), &2.into()));
}

#[test]
fn ctrl_c_ends_the_exchange_in_progress() {
    let (silent, address) = socket();
    for json in [false, true] {
        let mut args = vec!["send", &address];
        args.extend(json.then_some("--json"));
        let running = Running::start(retrylab(&args));
        retry(|| silent.recv(&mut [0; 16])).unwrap();
        running.signal("INT");
        let finished = running.finish(Instant::now());
        assert_eq!(finished.code, Some(130), "{finished:?}");
        assert!(finished.stderr.contains("interrupted in exchange 1 of 1"), "{finished:?}");
        assert!(finished.took < Duration::from_secs(1), "{finished:?}");
        if json {
            let exchange = finished.object();
            assert_eq!(exchange["outcome"], "interrupted");
            assert!(exchange["sends"].as_u64().unwrap() >= 1);
        }
        // Discards the datagrams that were sent before the signal.
        silent.set_nonblocking(true).unwrap();
        while retry(|| silent.recv(&mut [0; 16])).is_ok() {}
        silent.set_nonblocking(false).unwrap();
    }
}

#[test]
fn ctrl_c_ends_the_wait_for_stdin_too() {
    let running = Running::start(retrylab(&["send", "127.0.0.1", "-", "--json"]));
    // The handler is installed within milliseconds; no other event shows when.
    std::thread::sleep(Duration::from_millis(300));
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(finished.object()["outcome"], "interrupted");
    assert_eq!(finished.object()["sends"], 0);
}

#[test]
fn the_worst_of_several_exchanges_is_the_exit_code() {
    // The only send of the first exchange is dropped; the second exchange is answered.
    let server = Server::start(&["--drop-first", "1"]);
    let args = ["--count", "2", "--max-sends", "1", "--initial-timeout", "300ms", "--json"];
    let finished = run(&[&["send", &server.address][..], &args].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let exchanges = finished.json();
    assert_eq!(exchanges.len(), 3, "two exchanges and the summary");
    for (i, outcome) in ["gave_up", "answered"].into_iter().enumerate() {
        assert_eq!(exchanges[i]["outcome"], outcome);
        assert_eq!(exchanges[i]["exchange"], i + 1);
        assert_eq!(exchanges[i]["schema"], 1);
        assert_eq!(exchanges[i]["peer"], server.address);
    }
}

/// With `sendto`, a reply from another port is reported, and the wait continues.
#[test]
fn a_strangers_reply_is_reported_and_not_believed() {
    for unconnected in [true, false] {
        let (server, address) = socket();
        let (stranger, strangers_address) = socket();
        let answering = std::thread::spawn(move || {
            let (_, client) = retry(|| server.recv_from(&mut [0; 16])).unwrap();
            stranger.send_to(b"believe me", client).unwrap();
            // Late enough that the stranger's datagram arrives first.
            std::thread::sleep(Duration::from_millis(30));
            server.send_to(b"the truth", client).unwrap();
        });
        let mut args = vec!["send", &address, "--json", "--initial-timeout", "1s"];
        args.extend(unconnected.then_some("--unconnected"));
        let finished = run(&args);
        answering.join().unwrap();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let exchange = finished.object();
        assert_eq!(exchange["reply"], "the truth");
        assert_eq!(exchange["sends"], 1);
        // A connected socket receives only from its peer.
        assert_eq!(exchange["strangers"], u32::from(unconnected));
        let reported = finished.stderr.contains(&strangers_address);
        assert_eq!(reported, unconnected, "{finished:?}");
    }
}

/// A reply that arrives after its exchange gave up is recognised by its token.
#[test]
fn a_late_reply_is_counted_and_not_believed() {
    let (answering, address) = late_mirror();
    let policy = ["--max-sends", "1", "--count", "2", "--initial-timeout", "500ms"];
    let finished = run(&[&["send", &address, "--token", "--json"][..], &policy].concat());
    answering.join().unwrap();
    let exchanges = finished.json();
    assert_eq!(exchanges[0]["outcome"], "gave_up");
    assert_eq!(exchanges[1]["reply"], "#2.1 hello");
    assert_eq!(exchanges[1]["late_replies"], 1);
    assert!(finished.stderr.contains("late reply"), "{finished:?}");
}

#[test]
fn failures_are_reported_as_such() {
    let mut server = Server::start(&["--fail", "1", "--hint", "300ms"]);
    let policy = ["--max-sends", "2", "--initial-timeout", "500ms", "--hint", "exact"];
    let args = [&["send", &server.address, "--json"][..], &policy].concat();
    let finished = run(&args);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let exchange = finished.object();
    assert_eq!((&exchange["failures"], &exchange["outcome"]), (&2.into(), &"gave_up".into()));
    let lines: Vec<&str> = finished.stderr.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.contains(" to 127.0.0.1")).count(), 2, "{lines:?}");
    assert_eq!(lines[1], "send 1: the server answered with a failure");
    assert_eq!(lines[2], "sending again in 0.3 s, given the server's hint");
    assert!(lines.last().unwrap().ends_with("the server answered with 2 failures"), "{lines:?}");
    let line = server.running.json();
    assert_eq!((&line["event"], &line["failure"]), (&"answered".into(), &true.into()));
}

#[test]
fn the_ladder_shows_what_happened() {
    let server = Server::start(&["--drop-first", "1"]);
    for json in [false, true] {
        let mut args = vec!["send", &server.address, "--ladder", "--initial-timeout", "200ms"];
        args.extend(json.then_some("--json"));
        let finished = run(&args);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        // With --json only JSON is on stdout.
        let ladder = if json { &finished.stderr } else { &finished.stdout };
        assert!(ladder.contains("time s  client"), "{finished:?}");
        assert!(ladder.contains("send 1, 5 bytes"), "{finished:?}");
        assert!(ladder.contains("reply arrives"), "{finished:?}");
        assert_eq!(ladder.contains("no reply for 2"), !json, "{finished:?}");
        if json {
            assert_eq!(finished.object()["outcome"], "answered");
        }
    }
}

#[test]
fn usage_errors_name_the_flag_the_value_and_what_is_allowed() {
    for (args, parts) in [
        (&["127.0.0.1", "--initial-timeout", "5"][..], &["--initial-timeout", "'5'", "100ms"][..]),
        (&["127.0.0.1", "--multiplier", "0.5"], &["--multiplier", "'0.5'", "from 1 to 1000"]),
        (&["127.0.0.1", "--count", "0"], &["--count", "'0'", "from 1 to"]),
        (&["127.0.0.1", "--count", "-1"], &["--count", "'-1'", "from 1 to"]),
        (&["127.0.0.1", "--preset", "nosuch"], &["--preset", "'nosuch'", "textbook"]),
        (
            &["127.0.0.1", "--max-timeout", "50ms"],
            &["policy.max_timeout is 50ms", "policy.initial_timeout, 100ms"],
        ),
        (&["127.0.0.1:99999"], &["99999", "from 1 to 65535"]),
        (&["127.0.0.1:0"], &["`0`", "from 1 to 65535"]),
        (&["1060"], &["1060", "127.0.0.1:1060"]),
        (&["::1:zz"], &["[::1]:1060"]),
        (&[], &["HOST"]),
    ] {
        let finished = run(&[&["send"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.stdout, "");
        assert!(!finished.stderr.contains("panicked"), "{finished:?}");
        for part in parts {
            assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
        }
    }
}

/// Optional limits accept `none`, as in a scenario.
#[test]
fn the_policys_flags_are_the_scenarios_keys() {
    let (_silent, address) = socket();
    let policy = [
        "--initial-timeout",
        "20ms",
        "--multiplier",
        "3",
        "--max-timeout",
        "50ms",
        "--give-up-above",
        "none",
        "--max-sends",
        "none",
        "--deadline",
        "150ms",
        "--json",
    ];
    let exchange = run(&[&["send", &address][..], &policy].concat()).object();
    // Waits of 20, 50 and 50 ms, and the remainder of 150 ms.
    assert_eq!(exchange["sends"], 4);
    assert_eq!(exchange["outcome"], "gave_up");
    assert!(exchange["elapsed_s"].as_f64().unwrap() >= 0.15);
    assert_eq!(exchange["error"], Value::Null);
}
