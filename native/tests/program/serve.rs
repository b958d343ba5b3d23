//! Tests `retrylab serve` through its output and its socket.

use crate::common::{PATIENCE, Running, Server, free_port, retry, retrylab, run, socket};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::Stdio;
use std::time::{Duration, Instant};

fn ask(server: &Server, message: &[u8]) -> Option<Vec<u8>> {
    let (client, _) = socket();
    client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    client.send_to(message, &server.address).unwrap();
    let mut buf = vec![0; 70_000];
    let (len, from) = retry(|| client.recv_from(&mut buf)).ok()?;
    assert_eq!(from.to_string(), server.address);
    buf.truncate(len);
    Some(buf)
}

#[test]
fn it_reports_each_datagram_and_a_summary() {
    let mut server = Server::start(&["--drop-first", "1", "--drop-list", "3"]);
    assert_eq!(ask(&server, b"one"), None);
    assert_eq!(ask(&server, b"two!").as_deref(), Some(&b"Your data was 4 bytes"[..]));
    assert_eq!(ask(&server, b"three"), None);
    for (number, event, key, value) in [
        (1, "dropped", "cause", Value::from("server.drop_first")),
        (2, "answered", "reply_bytes", Value::from(21)),
        (3, "dropped", "cause", Value::from("server.drop_list")),
    ] {
        let line = server.running.json();
        assert_eq!((&line["number"], &line["event"]), (&number.into(), &event.into()));
        assert_eq!(line[key], value, "{line}");
        assert!(line["from"].as_str().unwrap().starts_with("127.0.0.1:"));
    }
    let rest = server.stop();
    let summary = rest.last().unwrap();
    assert_eq!(summary["event"], "summary");
    assert_eq!(summary["datagrams"], 3);
    assert_eq!(summary["answered"], 1);
    assert_eq!(summary["dropped"], 2);
    assert_eq!(summary["dropped_by"]["server.drop_first"], 1);
    assert_eq!(summary["dropped_by"]["server.drop_list"], 1);
    assert_eq!(summary["dropped_by"]["server.drop"], 0);
}

#[test]
fn people_read_lines_and_scripts_may_have_quiet() {
    for quiet in [false, true] {
        let port = free_port().to_string();
        let mut args = vec!["serve", &port, "--drop-list", "2"];
        args.extend(quiet.then_some("--quiet"));
        let mut running = Running::start(retrylab(&args));
        let listening = running.narration();
        assert!(listening.starts_with(&format!("listening on 127.0.0.1:{port}")), "{listening}");
        let (client, from) = socket();
        for message in ["hello", "lost"] {
            client.send_to(message.as_bytes(), format!("127.0.0.1:{port}")).unwrap();
        }
        assert_eq!(retry(|| client.recv(&mut [0; 64])).unwrap(), 21);
        std::thread::sleep(Duration::from_millis(100));
        running.signal("INT");
        let finished = running.finish(Instant::now());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let lines: Vec<&str> = finished.stdout.lines().collect();
        assert!(lines.last().unwrap().starts_with("2 datagrams in "), "{finished:?}");
        assert!(lines.last().unwrap().ends_with("1 answered, 1 dropped (1 by server.drop_list)"));
        if quiet {
            assert_eq!(lines.len(), 1, "{finished:?}");
        } else {
            assert_eq!(lines[0], format!("#1 from {from}, 5 bytes: answered with 21 bytes"));
            assert_eq!(
                lines[1],
                format!(
                    "#2 from {from}, 4 bytes: dropped by the server: its drop list names the request"
                )
            );
        }
    }
}

#[test]
fn an_address_that_cannot_be_had_is_one_sentence() {
    let (_taken, address) = socket();
    let finished = run(&["serve", &address]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(&format!("cannot listen on {address}")), "{finished:?}");
    assert!(finished.stderr.contains("in use"), "{finished:?}");
    // A documentation address (RFC 5737) that no test machine has.
    let finished = run(&["serve", "203.0.113.77:0"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("not an address of this host"), "{finished:?}");
    let finished = run(&["serve", "no-such-host.invalid"]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
}

#[test]
fn values_are_refused_with_what_is_allowed() {
    for (args, parts) in [
        (&["--drop", "2"][..], &["--drop", "'2'", "probability from 0 to 1"][..]),
        (&["--drop", "-0.5"], &["--drop", "'-0.5'", "probability from 0 to 1"]),
        (&["--drop-first", "x"], &["--drop-first", "'x'", "whole number from 0"]),
        (&["--drop-list", "5-3"], &["--drop-list", "'5-3'", "ascending ranges"]),
        (&["--reply", "parrot"], &["--reply", "'parrot'", "report", "mirror"]),
        (&["--seed", "-1"], &["--seed", "'-1'", "whole number from 0"]),
        (&["127.0.0.1:70000"], &["70000", "from 0 to 65535"]),
    ] {
        let finished = run(&[&["serve"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        for part in parts {
            assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
        }
    }
}

#[test]
fn it_warns_unless_it_listens_on_the_loopback() {
    let mut running = Running::start(retrylab(&["serve", "0.0.0.0:0"]));
    running.narration();
    let warning = running.narration();
    assert!(warning.contains("not a loopback address"), "{warning}");
    assert!(warning.contains("mirror"), "{warning}");
}

#[test]
fn empty_and_huge_datagrams_are_mirrored() {
    let server = Server::start(&["--reply", "mirror", "-q"]);
    for len in [0, 1, 65_507] {
        assert_eq!(ask(&server, &vec![7; len]).map(|reply| reply.len()), Some(len));
    }
}

/// A reply to a client that has gone is refused. The server continues.
#[test]
fn a_reply_that_nobody_takes_does_not_stop_it() {
    let server = Server::start(&[]);
    for _ in 0..50 {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap();
        gone.send_to(b"bye", &server.address).unwrap();
    }
    assert!(ask(&server, b"hello").is_some());
    let lines = server.stop();
    assert_eq!(lines.last().unwrap()["datagrams"], 51);
}

/// The server continues to answer after the reader of its log has gone.
#[test]
fn it_continues_when_nobody_reads_its_stdout() {
    let mut command = retrylab(&["serve", "0", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let listening: Value = serde_json::from_str(&first).unwrap();
    let address = listening["addr"].as_str().unwrap();
    let (client, _) = socket();
    let request = || {
        client.send_to(b"hello", address).unwrap();
        retry(|| client.recv(&mut [0; 64])).expect("an answer");
    };
    // Another test that starts a program at this moment can keep the pipe open for a while, so the first lines
    // may still be written.
    let mut narration = BufReader::new(child.stderr.take().unwrap()).lines();
    let warned = std::thread::spawn(move || {
        narration.find(|line| line.as_ref().is_ok_and(|line| line.contains("stdout")))
    });
    let begun = Instant::now();
    while !warned.is_finished() && begun.elapsed() < PATIENCE {
        request();
        std::thread::sleep(Duration::from_millis(10));
    }
    (0..3).for_each(|_| request());
    let _ = child.kill();
    let _ = child.wait();
    assert!(warned.join().unwrap().is_some(), "it warns that it continues");
}

/// A server whose only worker takes 200 ms receives three requests at once over real sockets.
#[test]
fn work_takes_time_and_a_full_queue_is_reported() {
    let args = ["--service", "200ms", "--queue", "1", "--overflow", "fail", "--reply", "mirror"];
    let mut server = Server::start(&args);
    let (client, _) = socket();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let begun = Instant::now();
    for message in ["one", "two", "three"] {
        client.send_to(message.as_bytes(), &server.address).unwrap();
    }
    let mut replies = Vec::new();
    for _ in 0..3 {
        let mut buf = [0; 100];
        let (len, _) = retry(|| client.recv_from(&mut buf)).unwrap();
        replies.push((String::from_utf8_lossy(&buf[..len]).into_owned(), begun.elapsed()));
    }
    let [shed, first, second] = &replies[..] else { panic!("{replies:?}") };
    assert_eq!(shed.0, "retrylab: failed\nthree", "shed at once: {replies:?}");
    assert_eq!((first.0.as_str(), second.0.as_str()), ("one", "two"));
    // A single worker serves one request after another, never early.
    assert!(first.1 >= Duration::from_millis(200) && second.1 >= Duration::from_millis(400));
    let _ = server.running.json();
    let summary = server.stop().pop().unwrap();
    assert_eq!((&summary["answered"], &summary["failed"]), (&3.into(), &1.into()), "{summary}");
}

/// The link loses every reply; the server has received and counted all requests.
#[test]
fn a_link_loses_and_duplicates_and_is_reported() {
    let set = |pair: &'static str| ["--set", pair];
    let mut server = Server::start(&[set("link.reply_loss=1"), set("link.duplicate=1")].concat());
    assert_eq!(ask(&server, b"hello"), None);
    let duplicated = server.running.json();
    assert_eq!(duplicated["event"], "duplicated", "{duplicated}");
    assert_eq!((&duplicated["number"], &duplicated["direction"]), (&1.into(), &"request".into()));
    for _ in 0..2 {
        let line = server.running.json();
        assert_eq!((&line["event"], &line["cause"]), (&"dropped".into(), &"link.loss".into()));
        assert_eq!(line["direction"], "reply", "{line}");
        assert!(line["from"].as_str().unwrap().starts_with("127.0.0.1:"));
    }
    let summary = server.stop().pop().unwrap();
    assert_eq!(summary["dropped_by"]["link.loss"], 2, "{summary}");
    assert_eq!((&summary["answered"], &summary["duplicated"]), (&0.into(), &1.into()));
}

#[test]
fn a_link_delays_and_people_read_what_it_does() {
    let port = free_port().to_string();
    let args = ["serve", &port, "--set", "link.latency=100ms", "--set", "link.loss=list 1"];
    let mut running = Running::start(retrylab(&args));
    let listening = running.narration();
    assert!(listening.contains("link.latency 100ms, link.loss list 1;"), "{listening}");
    let (client, from) = socket();
    for message in ["lost", "hello"] {
        client.send_to(message.as_bytes(), format!("127.0.0.1:{port}")).unwrap();
    }
    // The first reply is lost, too: the list counts each way.
    client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    assert!(retry(|| client.recv(&mut [0; 64])).is_err());
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let again = Instant::now();
    client.send_to(b"again", format!("127.0.0.1:{port}")).unwrap();
    assert_eq!(retry(|| client.recv(&mut [0; 64])).unwrap(), 21);
    assert!(again.elapsed() >= Duration::from_millis(200), "a way there and back");
    running.signal("INT");
    let finished = running.finish(Instant::now());
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines[0], format!("#1 from {from}, 4 bytes: A request is lost on the link."));
    assert_eq!(lines[1], format!("one from {from}: A reply is lost on the link."));
    assert_eq!(lines[2], format!("one from {from}: answered with 21 bytes"));
    assert!(lines[3].ends_with("1 answered, 2 dropped (2 by link.loss)"), "{finished:?}");
}

/// A round trip of 120 ms and a first wait of 100 ms: the reply to the second send of an exchange leaves after the next
/// exchange has begun.
#[test]
fn replies_to_an_earlier_exchange_are_counted() {
    let link = ["--set", "link.latency=60ms", "-q"];
    for (more, token, count) in [
        (&[][..], &["--token"][..], true),
        (&["--reply", "mirror"], &["--token"], false),
        // Without a token, the server does not know to which exchange a request belongs.
        (&[], &[], false),
    ] {
        let server = Server::start(&[&link[..], more].concat());
        let args = [&["send", &server.address, "--count", "4", "--json"], token].concat();
        let sent = run(&args);
        assert_eq!(sent.code, Some(0), "{sent:?}");
        let summary = server.stop().pop().unwrap();
        let misattributed = summary["misattributed"].as_u64().unwrap();
        assert_eq!(misattributed > 0, count, "{more:?} {token:?}: {summary}");
        // The first reply is that of the first exchange.
        assert!(misattributed < summary["answered"].as_u64().unwrap(), "{summary}");
    }
}

#[test]
fn only_keys_of_the_link_can_be_set() {
    for (pair, parts) in [
        (
            "server.drop=0.5",
            &["server.drop is not a key of the link", "link.*, faults and acts"][..],
        ),
        ("link.los=0.5", &["--set", "link.los", "link.loss"]),
        ("link.loss=2", &["--set", "link.loss", "2"]),
        ("link.loss", &["--set", "link.loss"]),
    ] {
        let finished = run(&["serve", "--set", pair]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        for part in parts {
            assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
        }
    }
}

/// One client socket asks many addresses at once, and the replies come late: each comes from the address asked.
#[test]
fn each_reply_comes_from_the_address_that_was_asked() {
    for listen in ["0.0.0.0:0", "[::]:0", "[::ffff:0.0.0.0]:0"] {
        let args = ["--service", "5ms", "--workers", "2", "--set", "link.latency=2ms"];
        let server = Server::start_at(listen, &args);
        let client = UdpSocket::bind("0.0.0.0:0").unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut asked: Vec<String> =
            (1..=20).map(|last| format!("127.0.0.{last}:{}", server.port)).collect();
        for address in &asked {
            client.send_to(b"hi", address).unwrap();
        }
        let mut answered: Vec<String> = (0..asked.len())
            .map(|_| retry(|| client.recv_from(&mut [0; 64])).unwrap().1.to_string())
            .collect();
        asked.sort();
        answered.sort();
        assert_eq!(answered, asked);
        server.stop();
    }
}

/// Stops the server, sends `count` datagrams from many sockets, and continues it: all of them are in flight at
/// once.
#[cfg(target_os = "linux")]
fn flood(server: &Server, count: usize) -> Vec<UdpSocket> {
    server.running.signal("STOP");
    let clients: Vec<UdpSocket> = (0..32).map(|_| socket().0).collect();
    for number in 0..count {
        clients[number % clients.len()].send_to(b"hi", ("127.0.0.1", server.port)).unwrap();
    }
    server.running.signal("CONT");
    clients
}

#[cfg(target_os = "linux")]
#[test]
fn two_thousand_requests_in_flight_are_all_answered() {
    let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max").unwrap();
    if limit.trim().parse::<u32>().unwrap() < 1 << 20 {
        eprintln!("skipped: net.core.rmem_max does not permit a buffer for 2048 requests");
        return;
    }
    let server = Server::start(&["--quiet"]);
    let clients = flood(&server, 2_048);
    for client in &clients {
        for _ in 0..64 {
            assert_eq!(retry(|| client.recv(&mut [0; 64])).unwrap(), 21);
        }
    }
    let summary = server.stop().pop().unwrap();
    assert_eq!((&summary["datagrams"], &summary["answered"]), (&2_048.into(), &2_048.into()));
    assert_eq!((&summary["overflowed"], &summary["unread"]), (&0.into(), &0.into()));
}

/// More requests than a receive buffer holds: what the system loses is counted, also if no request follows that
/// would bring the count, and if the server is stopped before it has read the rest.
#[cfg(target_os = "linux")]
#[test]
fn every_request_is_answered_dropped_or_counted() {
    const SENT: usize = 30_000;
    const FULL: &str = "receive buffer is full";
    for (listen, read_some, follow) in
        [("0", true, true), ("0", true, false), ("0", false, false), ("[::]:0", true, false)]
    {
        let mut server = Server::start_at(listen, &["--quiet", "--drop", "0.25"]);
        if !read_some {
            // It waits until the server continues.
            server.running.signal("STOP");
            server.running.signal("TERM");
        }
        let mut clients = flood(&server, SENT);
        // The warning comes once, when it begins.
        while read_some && !server.running.narration().contains(FULL) {}
        if follow {
            clients.push(socket().0);
            clients.last().unwrap().send_to(b"hi", ("127.0.0.1", server.port)).unwrap();
        }
        server.running.signal("TERM");
        let finished = server.running.finish(Instant::now());
        let summary = finished.json().pop().unwrap();
        let count = |key: &str| summary[key].as_u64().unwrap();
        let counted = count("datagrams") + count("overflowed") + count("unread");
        assert_eq!(counted, (SENT + usize::from(follow)) as u64, "{summary}");
        assert_eq!(count("answered") + count("dropped"), count("datagrams"), "{summary}");
        assert!(count("overflowed") > 0, "{summary}");
        let warned = finished.stderr.matches(FULL).count();
        assert!(warned <= usize::from(!read_some), "{finished:?}");
    }
}
