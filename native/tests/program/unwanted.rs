//! `retrylab serve` refuses datagrams that would make it answer forever or flood a victim.
//!
//! Forged datagrams need a raw socket, and so the rights of root. Without them these tests are skipped.

use crate::common::forged::forge;
use crate::common::{PATIENCE, Server, retry, retrylab, run, socket};
use serde_json::Value;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

fn refused(summary: &Value, by: &str) -> u64 {
    summary["refused_by"][by].as_u64().unwrap()
}

/// Asserts that every datagram is accounted for.
fn assert_accounts(summary: &Value) {
    let [datagrams, duplicated, answered, dropped, refused, not_sent, waiting] =
        ["datagrams", "duplicated", "answered", "dropped", "refused", "send_errors", "waiting"]
            .map(|key| summary[key].as_u64().unwrap());
    assert_eq!(
        datagrams + duplicated,
        answered + dropped + refused + not_sent + waiting,
        "{summary}"
    );
}

#[test]
fn a_server_does_not_answer_itself() {
    for at in ["127.0.0.1:0", "0.0.0.0:0"] {
        let mut server = Server::start_at(at, &["--reply", "mirror"]);
        let own = format!("127.0.0.1:{}", server.port);
        if !forge(&own, &own, b"forged") {
            return;
        }
        let line = server.running.json();
        assert_eq!((&line["event"], &line["cause"]), (&"refused".into(), &"own_address".into()));
        let summary = server.stop().pop().unwrap();
        assert_eq!((&summary["datagrams"], refused(&summary, "own_address")), (&1.into(), 1));
        assert_accounts(&summary);
    }
}

/// A forged datagram makes two servers answer each other. The loop ends by itself.
#[test]
fn two_servers_do_not_answer_each_other_forever() {
    let mut server = Server::start(&["--reply", "report"]);
    let other = Server::start(&["--reply", "mirror", "-q"]);
    if !forge(&other.address, &server.address, b"forged") {
        return;
    }
    let is_loop = |line: &Value| line["event"] == "refused" && line["cause"] == "loop";
    let end = Instant::now() + PATIENCE;
    while !is_loop(&server.running.json()) {
        assert!(Instant::now() < end, "the loop continues");
    }
    let summaries = [server.stop().pop().unwrap(), other.stop().pop().unwrap()];
    let loops: u64 = summaries.iter().map(|summary| refused(summary, "loop")).sum();
    assert_eq!(loops, 1, "{summaries:?}");
    summaries.iter().for_each(assert_accounts);
}

#[test]
fn ports_of_services_are_not_answered_unless_a_flag_allows_it() {
    let Ok(service) = UdpSocket::bind("127.0.0.1:19") else {
        eprintln!("skipped: a port below 1024 needs the rights of root");
        return;
    };
    for allowed in [false, true] {
        let args = if allowed { &["--allow-low-ports"][..] } else { &[] };
        let mut server = Server::start(args);
        service.send_to(b"hello", &server.address).unwrap();
        let line = server.running.json();
        let expected = if allowed { "answered" } else { "refused" };
        assert_eq!(line["event"], expected, "{line}");
        let summary = server.stop().pop().unwrap();
        assert_eq!(refused(&summary, "source_port"), u64::from(!allowed));
        assert_accounts(&summary);
    }
}

#[test]
fn the_largest_reply_is_stated_at_the_start() {
    for (args, shown, bytes) in [
        (&[][..], "the largest reply has 25 bytes", 25),
        (&["--fail", "0.5", "--hint", "10s"], "the largest reply has 31 bytes", 31),
        (&["--reply", "mirror"], "a reply is as long as its request", 65_507),
        (
            &["--reply", "mirror", "--fail", "1"],
            "a reply has up to 17 bytes more than its request",
            65_507,
        ),
        (
            &["--set", "link.duplicate=0.5"],
            "the largest reply has 25 bytes, up to 4 replies to a request",
            25,
        ),
    ] {
        let mut running =
            crate::common::Running::start(retrylab(&[&["serve", "0", "--json"], args].concat()));
        let listening = running.narration();
        assert!(listening.contains(&format!("; {shown};")), "{listening}");
        assert_eq!(running.json()["max_reply_bytes"], bytes);
    }
}

#[test]
fn a_rate_is_a_number_or_none() {
    for (rate, code) in [("x", Some(2)), ("-1", Some(2)), ("1.5", Some(2)), ("4294967296", Some(2))]
    {
        let finished = run(&["serve", "--source-rate", rate]);
        assert_eq!(finished.code, code, "{finished:?}");
        let part = "it is not a whole number from 0 to 4294967295, or none";
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
    for rate in ["0", "none", "NONE", "4294967295"] {
        let server = Server::start(&["--source-rate", rate]);
        let (client, _) = socket();
        client.send_to(b"hello", &server.address).unwrap();
        // The rate does not apply on the loopback.
        assert_eq!(retry(|| client.recv(&mut [0; 64])).unwrap(), 21);
        assert_accounts(&server.stop().pop().unwrap());
    }
}

/// At the end, what waits on the link and at the server is counted.
#[test]
fn the_summary_accounts_for_every_datagram() {
    for args in [
        &["--service", "1h", "--workers", "2", "--queue", "5"][..],
        &["--service", "1h", "--workers", "none"],
        &["--service", "1h", "--queue", "3", "--overflow", "fail"],
        &["--service", "30ms", "--workers", "none", "--set", "link.latency=10ms"],
        &["--set", "link.latency=1h", "--set", "link.duplicate=0.5", "--set", "link.loss=0.2"],
        &["--set", "link.duplicate=0.5", "--set", "link.corrupt=0.5", "--drop", "0.3"],
        &["--set", "link.latency=uniform 0s 100ms", "--set", "link.duplicate=1", "--fail", "0.5"],
    ] {
        let server = Server::start(&[args, &["-q"]].concat());
        let (client, _) = socket();
        for n in 0..100u32 {
            client.send_to(&n.to_be_bytes(), &server.address).unwrap();
        }
        std::thread::sleep(Duration::from_millis(100));
        let summary = server.stop().pop().unwrap();
        assert_eq!(summary["datagrams"], 100, "{args:?}");
        assert_accounts(&summary);
    }
}
