//! What keeps datagrams from leaving this host.

use crate::common::namespace::{Namespace, Path, skipped};
use crate::common::{PATIENCE, Running, retry};
use crate::{CONNECTED_OR_NOT, PATIENT, assert_answered_after, send, with_port};
use std::net::UdpSocket;
use std::time::Instant;

/// Routes of this host that are meant to stop datagrams.
#[test]
fn a_route_that_prohibits_the_destination_is_final_and_a_blackhole_loses() {
    let Some(client) = Namespace::new() else { return };
    for (kind, code_at_once) in [("prohibit", true), ("unreachable", true), ("blackhole", false)] {
        for (net, host) in [("10.5.0.0/24", "10.5.0.1"), ("fd05::/64", "fd05::1")] {
            client.ip(&format!("route add {kind} {net}"));
            for mode in CONNECTED_OR_NOT {
                let args = [mode, &["--max-sends", "3", "--initial-timeout", "20ms"]].concat();
                let finished = send(&client, &with_port(host), &args);
                assert_eq!(finished.code, Some(3), "{kind}: {finished:?}");
                let exchange = finished.object();
                assert_eq!(exchange["outcome"], "unreachable", "{finished:?}");
                assert_eq!(exchange["sends"], 0, "{finished:?}");
                assert_eq!(exchange["lost"], if code_at_once { 0 } else { 3 }, "{finished:?}");
                let reported = usize::from(!code_at_once);
                assert_eq!(
                    finished.stderr.matches("a datagram is lost").count(),
                    reported,
                    "{finished:?}"
                );
            }
            client.ip(&format!("route del {kind} {net}"));
        }
    }
}

/// A route, an interface or a packet queue fails for a moment. Sends of that time are lost; whether the exchange
/// begins before or during it, the policy continues.
#[test]
fn what_fails_on_this_host_for_a_moment_is_a_loss() {
    let policy = ["--initial-timeout", "150ms", "--multiplier", "1", "--max-sends", "400"];
    let policy = [&policy[..], &["--give-up-above", "none"]].concat();
    let faults: [Fault; 3] = [
        (without_routes, with_routes, "Network is unreachable"),
        (link_down, link_up, "Network is unreachable"),
        (queue_full, queue_usable, "No buffer space available"),
    ];
    for (begin, end, cause) in faults {
        let Some(path) = Path::new() else { return };
        path.client.sysctl("net.ipv6.conf.a0.keep_addr_on_down=1");
        let server = path.server.serve("[::]:7000", &[]);
        let start = |mode: &[&str]| {
            ["10.2.0.1:7000", "[fd02::1]:7000"].map(|host| {
                let args = [&["send", host, "--json"], mode, &policy].concat();
                Running::start(path.client.retrylab(&args))
            })
        };
        // The server reads nothing yet: the exchanges last until the fault has passed.
        server.running.signal("STOP");
        let mut clients: Vec<Running> = CONNECTED_OR_NOT.into_iter().flat_map(start).collect();
        for client in &mut clients {
            while !client.narration().contains("send 1: 5 bytes") {}
        }
        if !begin(&path.client) {
            skipped(&format!("the kernel lacks a module for the case \"{cause}\""));
            continue;
        }
        clients.extend(CONNECTED_OR_NOT.into_iter().flat_map(start));
        for client in &mut clients {
            let is_lost = |line: &str| line.contains("a datagram is lost");
            let reported = std::iter::repeat_with(|| client.narration()).find(|line| is_lost(line));
            assert!(reported.unwrap().contains(cause));
        }
        end(&path.client);
        server.running.signal("CONT");
        for client in clients {
            let finished = client.finish(Instant::now());
            assert_eq!(finished.code, Some(0), "{cause}: {finished:?}");
            let exchange = finished.object();
            let (lost, sends) = (&exchange["lost"], &exchange["sends"]);
            let all = lost.as_u64().unwrap() + sends.as_u64().unwrap();
            assert_eq!(exchange["answered_send"], all, "{finished:?}");
            assert!(!finished.stderr.contains(cause), "it is reported once: {finished:?}");
        }
    }
}

/// How to begin it (if the kernel can), how to end it, and what the system says while it lasts.
type Fault = (fn(&Namespace) -> bool, fn(&Namespace), &'static str);

fn without_routes(client: &Namespace) -> bool {
    client.ip("route del 10.0.0.0/8");
    client.ip("-6 route del fd00::/8");
    true
}

fn with_routes(client: &Namespace) {
    client.ip("route add 10.0.0.0/8 via 10.1.0.2");
    client.ip("-6 route add fd00::/8 via fd01::2");
}

fn link_down(client: &Namespace) -> bool {
    client.ip("link set a0 down");
    true
}

fn link_up(client: &Namespace) {
    client.ip("link set a0 up");
    with_routes(client);
}

/// A queue that no datagram fits into.
fn queue_full(client: &Namespace) -> bool {
    client.tc("qdisc add dev a0 root tbf rate 8kbit burst 10 limit 10")
}

fn queue_usable(client: &Namespace) {
    assert!(client.tc("qdisc del dev a0 root"));
}

/// Replies that a full queue of the server drops are not answers.
#[test]
fn a_server_counts_replies_that_did_not_leave() {
    let Some(path) = Path::new() else { return };
    let mut server = path.server.serve("[::]:7000", &[]);
    for host in ["10.2.0.1", "fd02::1"] {
        // The neighbours know each other before the queue is full.
        assert_eq!(send(&path.client, &with_port(host), &PATIENT).code, Some(0));
        assert_eq!(server.running.json()["event"], "answered");
    }
    if !path.server.tc("qdisc add dev b0 root tbf rate 8kbit burst 10 limit 10") {
        return skipped("a full queue of the server: the kernel lacks a module");
    }
    for host in ["10.2.0.1", "fd02::1"] {
        let args = ["--max-sends", "2", "--initial-timeout", "50ms"];
        assert_eq!(send(&path.client, &with_port(host), &args).code, Some(1));
    }
    let summary = server.stop().pop().unwrap();
    assert_eq!(
        (&summary["answered"], &summary["send_errors"]),
        (&2.into(), &4.into()),
        "{summary}"
    );
    assert_eq!(summary["receive_errors"], 0, "{summary}");
}

/// Clients that are gone refuse their replies: that concerns nobody else.
#[test]
fn a_server_ignores_clients_that_are_gone() {
    let Some(host) = Namespace::new() else { return };
    let server = host.serve("[::]:7000", &["--service", "20ms", "--workers", "none"]);
    let client = |address: &str| {
        let client = UdpSocket::bind(address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client
    };
    let answered = host.inside(|| {
        let patient = client("127.0.0.1:0");
        for _ in 0..50 {
            for (own, server) in [("127.0.0.1:0", "127.0.0.1:7000"), ("[::1]:0", "[::1]:7000")] {
                client(own).send_to(b"gone", server).unwrap();
            }
            patient.send_to(b"here", "127.0.0.1:7000").unwrap();
        }
        (0..50).filter(|_| retry(|| patient.recv(&mut [0; 64])).is_ok()).count()
    });
    assert_eq!(answered, 50);
    let summary = server.stop().pop().unwrap();
    assert_eq!(
        (&summary["answered"], &summary["send_errors"]),
        (&150.into(), &0.into()),
        "{summary}"
    );
    assert_eq!(summary["receive_errors"], 0, "{summary}");
}

/// A packet filter of this host drops every second datagram.
#[test]
fn a_packet_filter_of_this_host_loses_datagrams() {
    let Some(host) = Namespace::new() else { return };
    let _server = host.serve("[::]:7000", &[]);
    for rule in [
        "add table inet t",
        "add chain inet t o { type filter hook output priority 0 ; }",
        "add rule inet t o udp dport 7000 numgen inc mod 2 == 0 drop",
    ] {
        if !host.command("nft", &[rule]).output().is_ok_and(|output| output.status.success()) {
            skipped("a packet filter: the program `nft` or its module is missing");
            return;
        }
    }
    for address in ["127.0.0.1", "::1"] {
        for mode in CONNECTED_OR_NOT {
            let finished = send(&host, &with_port(address), &[mode, &PATIENT].concat());
            assert_answered_after(&finished, 1, "Operation not permitted");
        }
    }
}
