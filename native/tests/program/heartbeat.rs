//! Heartbeats: our ends, and ends as students write them.

use crate::common::{
    Folder, Running, Server, assert_refused, free_port, retry, retrylab, run, socket, tshark,
};
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

/// Returns the lines of this event.
fn of<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

#[test]
fn the_server_counts_what_its_link_loses_and_declares_the_client_dead() {
    let args = ["--heartbeat", "1s", "--set", "link.loss=0.3", "--seed", "1"];
    let mut server = Server::start(&args);
    let sent = run(&["send", &server.address, "--heartbeat", "20ms", "--count", "40"]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    assert_eq!(sent.stdout, format!("40 heartbeats sent to {}\n", server.address));
    assert!(sent.stderr.contains("heartbeat 40: "), "{sent:?}");
    let mut lines = Vec::new();
    while lines.last().is_none_or(|line: &Value| line["event"] != "dead") {
        lines.push(server.running.json());
    }
    let dead = lines.last().unwrap().clone();
    assert!(dead["silence_s"].as_f64().unwrap() >= 1.0, "{dead}");
    lines.extend(server.stop());
    let summary = lines.pop().unwrap();
    let dropped = of(&lines, "dropped").len() as u64;
    assert!(dropped > 0, "the seed loses some");
    // What is lost before the first or after the last one that arrives cannot be known.
    let (received, missing) =
        (summary["heartbeats"].as_u64().unwrap(), summary["missing"].as_u64());
    assert_eq!(received + dropped, 40, "{summary}");
    assert!(missing > Some(0) && missing <= Some(dropped), "{summary}");
    let gaps: u64 = of(&lines, "missing").iter().map(|gap| gap["count"].as_u64().unwrap()).sum();
    assert_eq!(Some(gaps), missing);
    let loss = gaps as f64 / (gaps + received) as f64;
    assert!((summary["loss"].as_f64().unwrap() - loss).abs() < 1e-12, "{summary}");
    assert_eq!((&summary["declared_dead"], &summary["clients_dead"]), (&1.into(), &1.into()));
    for line in of(&lines, "heartbeat") {
        let age = line["age_s"].as_f64().unwrap();
        assert!((-0.01..10.0).contains(&age), "both ends have the same clock: {line}");
    }
}

/// A student's client: gaps, overtaking, a duplicate, silence and a return.
#[test]
fn a_students_client_is_watched() {
    const CLIENT: &str = r"
import sys, time
from socket import *

client = socket(AF_INET, SOCK_DGRAM)
def beat(seq):
    client.sendto(f'{seq} {time.time()}'.encode(), ('127.0.0.1', int(sys.argv[1])))
    time.sleep(0.02)
for seq in [1, 2, 5, 4, 4, 6]:
    beat(seq)
time.sleep(1.5)
beat(9)
client.sendto(b'hello', ('127.0.0.1', int(sys.argv[1])))
";
    let server = Server::start(&["--heartbeat", "700ms"]);
    let mut client = Command::new("python3");
    client.args(["-c", CLIENT, &server.port.to_string()]);
    let finished = Running::start(client).finish(Instant::now());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines = server.stop();
    let events: Vec<(&str, Option<u64>)> = lines
        .iter()
        .filter(|line| line["event"] != "heartbeat")
        .map(|line| (line["event"].as_str().unwrap(), line["seq"].as_u64()))
        .collect();
    let expected = [
        ("missing", Some(5)),
        ("reordered", Some(4)),
        ("repeated", Some(4)),
        ("dead", Some(6)),
        ("alive", Some(9)),
        ("missing", Some(9)),
        ("note", None),
        ("summary", None),
    ];
    assert_eq!(events, expected);
    let summary = lines.last().unwrap();
    assert_eq!((&summary["heartbeats"], &summary["missing"]), (&6.into(), &3.into()));
    assert_eq!((&summary["clients_alive"], &summary["clients_dead"]), (&1.into(), &0.into()));
}

/// People read sentences.
#[test]
fn the_log_is_text_as_well() {
    let port = free_port().to_string();
    let mut server = Running::start(retrylab(&["serve", &port, "--heartbeat", "400ms"]));
    assert!(server.narration().contains("a client is dead after 0.4 s of silence"));
    let (client, _) = socket();
    for seq in [1, 3] {
        client.send_to(format!("Heartbeat {seq}").as_bytes(), format!("127.0.0.1:{port}")).unwrap();
    }
    let from = client.local_addr().unwrap();
    assert_eq!(server.line(), format!("heartbeat 1 from {from}\n"));
    assert_eq!(server.line(), format!("heartbeat 3 from {from}\n"));
    let gap = "Heartbeat 3 shows that 1 heartbeat before it is missing.";
    assert_eq!(server.line(), format!("{from}: {gap}\n"));
    let dead = server.line();
    assert!(
        dead.starts_with(&format!("{from}: The server declares the client dead after ")),
        "{dead}"
    );
    server.signal("INT");
    let finished = server.finish(Instant::now());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("1 missing (33.3 % loss)"), "{finished:?}");
    assert!(finished.stdout.ends_with("clients: 0 alive, 1 dead\n"), "{finished:?}");
}

/// Our client sends on time, with its number and the Unix time.
#[test]
fn a_students_server_understands_our_client() {
    let (server, address) = socket();
    let running =
        Running::start(retrylab(&["send", &address, "--heartbeat", "100ms", "--count", "4"]));
    let mut last = 0.0;
    for expected in 1..=4u32 {
        let mut buf = [0; 64];
        let (len, _) = retry(|| server.recv_from(&mut buf)).unwrap();
        let text = std::str::from_utf8(&buf[..len]).unwrap();
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!(words[..2], ["Heartbeat", &expected.to_string()], "{text}");
        let time: f64 = words[2].parse().unwrap();
        assert!(last == 0.0 || (0.09..5.0).contains(&(time - last)), "{last} and {time}");
        last = time;
    }
    assert_eq!(running.finish(Instant::now()).code, Some(0));
}

#[test]
fn each_end_has_its_exit_code() {
    let (silent, address) = socket();
    for (count, code) in [(None, 0), (Some("1000"), 130)] {
        let mut args = vec!["send", &address, "--heartbeat", "50ms", "--json"];
        args.extend(count.iter().flat_map(|count| ["--count", count]));
        let running = Running::start(retrylab(&args));
        retry(|| silent.recv(&mut [0; 64])).unwrap();
        running.signal("INT");
        let finished = running.finish(Instant::now());
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.object()["heartbeats"].as_u64() > Some(0), "{finished:?}");
    }
    let closed = format!("127.0.0.1:{}", free_port());
    let finished = run(&["send", &closed, "--heartbeat", "50ms", "--count", "3"]);
    assert_eq!(finished.code, Some(3), "{finished:?}");
    assert!(finished.stderr.contains("the next heartbeat follows as planned"), "{finished:?}");
}

#[test]
fn flags_without_effect_are_refused() {
    let refused = run(&["serve", "0", "--heartbeat", "1s", "--drop", "0.5"]);
    assert_refused(&refused, &["--drop has no effect", "--set link.loss"]);
    let refused = run(&["send", "127.0.0.1", "--heartbeat", "1s", "--max-sends", "2"]);
    assert_refused(&refused, &["--max-sends has no effect"]);
    for flag in ["--token", "--ladder", "--interval=1s"] {
        let refused = run(&["send", "127.0.0.1", "--heartbeat", "1s", flag]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
    assert_eq!(run(&["serve", "0", "--heartbeat", "0s"]).code, Some(2));
}

/// Heartbeats are captured like all other datagrams.
#[test]
fn heartbeats_are_captured() {
    let folder = Folder::new("heartbeat-pcapng");
    let path = folder.path("server.pcapng");
    let args = ["--heartbeat", "10s", "--set", "link.loss=1", "--pcapng", &path];
    let server = Server::start(&args);
    let sent = run(&["send", &server.address, "--heartbeat", "10ms", "--count", "3"]);
    assert_eq!(sent.code, Some(0), "{sent:?}");
    std::thread::sleep(Duration::from_millis(300));
    server.stop();
    let shown = tshark(&path, &["-T", "fields", "-e", "frame.comment"]);
    let comments: Vec<&str> = shown.lines().collect();
    assert_eq!(comments.len(), 3, "{comments:?}");
    assert!(comments.iter().all(|comment| comment.contains("lost on the link")), "{comments:?}");
}
