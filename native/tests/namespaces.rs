//! Real sockets in network namespaces that each test builds for itself. Without root the tests are skipped.

#![cfg(target_os = "linux")]

mod common;

use common::namespace::{Namespace, Path};
use common::{Finished, PATIENCE, Running, run_command};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, sendto, socket,
};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Sends to `address` from a namespace.
fn send(from: &Namespace, address: &str, args: &[&str]) -> Finished {
    run_command(from.retrylab(&[&["send", address, "--json"], args].concat()), b"")
}

/// The two kinds of sockets of a client.
const CONNECTED_OR_NOT: [&[&str]; 2] = [&[], &["--unconnected"]];

/// The server answers from the address that was asked, whichever of its addresses that is.
#[test]
fn a_reply_leaves_from_the_address_that_was_asked() {
    let (Some(client), Some(server)) = (Namespace::new(), Namespace::new()) else { return };
    client.connect("a0", &server, "b0");
    client.connect("a1", &server, "b1");
    client.addresses("a0", &["10.1.0.1/24", "fd01::1/64", "fe80::a/64"]);
    client.addresses("a1", &["10.2.0.1/24", "fd02::1/64"]);
    server.addresses("b0", &["10.1.0.2/24", "10.1.0.3/24", "fd01::2/64", "fd01::3/64"]);
    server.addresses("b0", &["fe80::b/64", "fe80::c/64"]);
    server.addresses("b1", &["10.2.0.2/24", "10.2.0.9/24", "fd02::2/64", "fd02::9/64"]);
    // Loopback addresses of the server that the client reaches through its first interface.
    server.addresses("lo", &["10.3.0.1/32", "fd03::1/128"]);
    client.ip("route add 10.3.0.1 via 10.1.0.2");
    client.ip("route add fd03::1 via fd01::2");
    let v4 = ["10.1.0.2", "10.1.0.3", "10.2.0.2", "10.2.0.9", "10.3.0.1"];
    let v6 = ["fd01::2", "fd01::3", "fd02::2", "fd02::9", "fd03::1", "fe80::b%a0", "fe80::c%a0"];
    let dual = [&v4[..], &v6[..]].concat();
    for (listen, asked) in [("0.0.0.0:7000", &v4[..]), ("[::]:7000", &dual[..])] {
        // The second server answers later than it is asked.
        for args in [&[][..], &["--service", "1ms", "--set", "link.latency=1ms"]] {
            let server = server.serve(listen, args);
            for host in asked {
                for mode in CONNECTED_OR_NOT {
                    let finished = send(&client, &with_port(host), mode);
                    assert_eq!(finished.code, Some(0), "{listen} {args:?} {mode:?}: {finished:?}");
                }
            }
            server.stop();
        }
    }
}

fn with_port(host: &str) -> String {
    if host.contains(':') { format!("[{host}]:7000") } else { format!("{host}:7000") }
}

/// Asserts that the client ended at once, because the server cannot be reached.
#[track_caller]
fn assert_unreachable(finished: &Finished, cause: &str) {
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let exchange = finished.object();
    assert_eq!(exchange["outcome"], "unreachable", "{finished:?}");
    assert!(exchange["error"].as_str().unwrap().contains(cause), "{finished:?}");
    assert!(exchange["sends"].as_u64().unwrap() <= 1, "{finished:?}");
    assert!(exchange["elapsed_s"].as_f64().unwrap() < 2.0, "{finished:?}");
}

/// Asserts that the client lost `lost` datagrams for this cause, reported it once, and was answered.
#[track_caller]
fn assert_answered_after(finished: &Finished, lost: u64, cause: &str) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let exchange = finished.object();
    assert_eq!(exchange["outcome"], "answered", "{finished:?}");
    assert_eq!(exchange["lost"], lost, "{finished:?}");
    assert_eq!(exchange["answered_send"], lost + 1, "{finished:?}");
    assert_eq!(finished.stderr.matches(cause).count(), 1, "{finished:?}");
}

/// A router reports that no way leads to the server.
#[test]
fn a_routers_report_ends_the_exchange_at_once() {
    for mode in CONNECTED_OR_NOT {
        // A network for each mode: a router sends few reports to one host, however it is set.
        let Some(path) = Path::new() else { return };
        let cases = [
            ("10.4.1.1", "", "the network is unreachable (ICMP type 3, code 0)"),
            (
                "10.4.2.1",
                "unreachable 10.4.2.0/24",
                "the host is unreachable (ICMP type 3, code 1)",
            ),
            (
                "10.4.3.1",
                "prohibit 10.4.3.0/24",
                "a filter prohibits the datagram (ICMP type 3, code 13)",
            ),
            ("fd04:1::1", "", "there is no route to the host (ICMPv6 type 1, code 0)"),
            (
                "fd04:3::1",
                "prohibit fd04:3::/64",
                "with the host is prohibited (ICMPv6 type 1, code 1)",
            ),
        ];
        for (host, of_router, cause) in cases {
            if !of_router.is_empty() {
                path.router.ip(&format!("route add {of_router}"));
            }
            let finished = send(&path.client, &with_port(host), mode);
            assert_unreachable(&finished, cause);
            let by = if host.contains(':') { "fd01::2 reports" } else { "10.1.0.2 reports" };
            assert!(finished.stderr.contains(by), "{finished:?}");
        }
    }
}

/// The last router finds that a host does not exist; a host reports that nobody listens on the port.
#[test]
fn a_missing_host_and_a_closed_port_end_the_exchange_at_once() {
    let Some(path) = Path::new() else { return };
    // Nobody answers for this address in the server's network.
    path.router.sysctl("net.ipv4.neigh.c1.retrans_time_ms=20");
    path.router.sysctl("net.ipv6.neigh.c1.retrans_time_ms=20");
    for host in ["10.2.0.77", "fd02::77"] {
        for mode in CONNECTED_OR_NOT {
            assert_unreachable(
                &send(&path.client, &with_port(host), mode),
                "the host is unreachable",
            );
        }
    }
    // Nobody listens on the port.
    for host in ["10.2.0.1", "fd02::1"] {
        for mode in CONNECTED_OR_NOT {
            let finished = send(&path.client, &with_port(host), mode);
            assert_eq!(finished.code, Some(3), "{finished:?}");
            assert_eq!(finished.object()["outcome"], "refused", "{finished:?}");
        }
    }
}

/// The second network on the way carries 1,280 bytes. The first datagram is lost; the system divides the next
/// one into fragments.
#[test]
fn a_datagram_that_is_too_long_for_the_path_is_a_loss() {
    let Some(path) = Path::new() else { return };
    let _server = path.server.serve("[::]:7000", &[]);
    let message = "x".repeat(1_400);
    path.server.addresses("b0", &["10.2.0.3/24", "fd02::3/64"]);
    for (hosts, mode) in
        [["10.2.0.1", "fd02::1"], ["10.2.0.3", "fd02::3"]].iter().zip(CONNECTED_OR_NOT)
    {
        for host in hosts {
            let finished =
                send(&path.client, &with_port(host), &[&[message.as_str()], mode].concat());
            assert_answered_after(&finished, 1, "too long for the path");
            assert!(finished.stderr.contains("1280 bytes at most"), "{finished:?}");
            // The system remembers the length of the path.
            let finished =
                send(&path.client, &with_port(host), &[&[message.as_str()], mode].concat());
            assert_eq!(finished.object()["sends"], 1, "{finished:?}");
        }
    }
}

/// A datagram that passes too many routers is lost, and the policy continues.
#[test]
fn a_report_of_time_exceeded_is_a_loss() {
    let Some(path) = Path::new() else { return };
    path.client.sysctl("net.ipv4.ip_default_ttl=1");
    path.client.sysctl("net.ipv6.conf.all.hop_limit=1");
    path.client.sysctl("net.ipv6.conf.a0.hop_limit=1");
    for host in ["10.2.0.1", "fd02::1"] {
        for mode in CONNECTED_OR_NOT {
            let args = [mode, &["--max-sends", "3", "--initial-timeout", "20ms"]].concat();
            let finished = send(&path.client, &with_port(host), &args);
            assert_eq!(finished.code, Some(1), "{finished:?}");
            let exchange = finished.object();
            assert_eq!((&exchange["outcome"], &exchange["lost"]), (&"gave_up".into(), &3.into()));
            assert_eq!(
                finished.stderr.matches("passed too many routers").count(),
                1,
                "{finished:?}"
            );
        }
    }
}

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
    let policy = ["--initial-timeout", "150ms", "--multiplier", "1", "--max-sends", "40"];
    let policy = [&policy[..], &["--give-up-above", "none"]].concat();
    let faults: [Fault; 3] = [
        (without_routes, with_routes, "Network is unreachable"),
        (link_down, link_up, "Network is unreachable"),
        (queue_full, queue_usable, "No buffer space available"),
    ];
    for (begin, end, cause) in faults {
        let Some(path) = Path::new() else { return };
        path.client.sysctl("net.ipv6.conf.a0.keep_addr_on_down=1");
        let start = |host: &str, mode: &[&str]| {
            let args = [&["send", host, "--json"], mode, &policy].concat();
            Running::start(path.client.retrylab(&args))
        };
        let mut dropping = path.server.serve("[::]:7001", &["--drop-first", "4"]);
        let _answering = path.server.serve("[::]:7000", &[]);
        let mut clients = Vec::new();
        for mode in CONNECTED_OR_NOT {
            clients.extend(["10.2.0.1:7001", "[fd02::1]:7001"].map(|host| start(host, mode)));
        }
        for _ in 0..4 {
            assert_eq!(dropping.running.json()["event"], "dropped");
        }
        if !begin(&path.client) {
            eprintln!("skipped: the kernel lacks a module ({cause})");
            continue;
        }
        for mode in CONNECTED_OR_NOT {
            clients.extend(["10.2.0.1:7000", "[fd02::1]:7000"].map(|host| start(host, mode)));
        }
        std::thread::sleep(Duration::from_millis(450));
        end(&path.client);
        for client in clients {
            let finished = client.finish(Instant::now());
            assert_eq!(finished.code, Some(0), "{cause}: {finished:?}");
            let exchange = finished.object();
            assert!(exchange["lost"].as_u64().unwrap() >= 1, "{finished:?}");
            let all = exchange["lost"].as_u64().unwrap() + exchange["sends"].as_u64().unwrap();
            assert_eq!(exchange["answered_send"], all, "{finished:?}");
            assert_eq!(finished.stderr.matches(cause).count(), 1, "{finished:?}");
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
            eprintln!("skipped: the program `nft` or its module is missing");
            return;
        }
    }
    for address in ["127.0.0.1", "::1"] {
        for mode in CONNECTED_OR_NOT {
            let finished = send(&host, &with_port(address), mode);
            assert_answered_after(&finished, 1, "Operation not permitted");
        }
    }
}

/// Expected effect of a report on an exchange.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Effect {
    Refused,
    Unreachable,
    /// The send is lost; the next one is answered.
    Lost,
}

/// Every report that the system passes on, connected or not: type, codes, effect.
#[test]
fn each_type_and_code_of_icmp_has_its_effect() {
    use Effect::{Lost, Refused, Unreachable};
    let Some(host) = Namespace::new() else { return };
    let policy = ["--max-sends", "3", "--initial-timeout", "100ms"];
    let v4 = [
        (3, 0..=2, Unreachable),
        (3, 3..=3, Refused),
        (3, 4..=4, Lost),
        (3, 5..=15, Unreachable),
        (11, 0..=0, Lost),
        (12, 0..=1, Lost),
    ];
    let v6 = [
        (1, 0..=3, Unreachable),
        (1, 4..=4, Refused),
        (1, 5..=7, Unreachable),
        (2, 0..=0, Lost),
        (3, 0..=1, Lost),
        (4, 0..=0, Lost),
        (4, 1..=1, Unreachable),
        (4, 2..=3, Lost),
    ];
    for (ip, rows) in [("127.0.0.1", &v4[..]), ("::1", &v6)] {
        let address = SocketAddr::new(ip.parse().unwrap(), 7000);
        let (server, reporter) =
            host.inside(|| (UdpSocket::bind(address).unwrap(), reporter(address)));
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let asked = address.to_string();
        for (kind, codes, effect) in rows {
            for code in codes.clone() {
                for mode in CONNECTED_OR_NOT {
                    let args = [&["send", &asked, "--json"], mode, &policy].concat();
                    let client = Running::start(host.retrylab(&args));
                    let (_, from) = server.recv_from(&mut [0; 16]).unwrap();
                    reporter(*kind, code, from);
                    if *effect == Lost {
                        let (_, from) = server.recv_from(&mut [0; 16]).unwrap();
                        server.send_to(b"here", from).unwrap();
                    }
                    let finished = client.finish(Instant::now());
                    let case = format!("{ip} type {kind} code {code} {mode:?}: {finished:?}");
                    assert_effect(*effect, &finished, &case);
                }
            }
        }
    }
}

#[track_caller]
fn assert_effect(effect: Effect, finished: &Finished, case: &str) {
    let (outcome, lost) = match effect {
        Effect::Refused => ("refused", 0),
        Effect::Unreachable => ("unreachable", 0),
        Effect::Lost => ("answered", 1),
    };
    let exchange = finished.object();
    assert_eq!(exchange["outcome"], outcome, "{case}");
    assert_eq!(exchange["lost"], lost, "{case}");
    assert_eq!(exchange["sends"], 1 + lost, "{case}");
    assert_eq!(finished.stderr.matches("a datagram is lost").count(), lost, "{case}");
}

/// Returns a function that reports an error of a datagram to its sender: type, code, sender. The datagram was
/// sent to `to`.
fn reporter(to: SocketAddr) -> impl Fn(u8, u8, SocketAddr) {
    let (family, protocol) = match to {
        SocketAddr::V4(_) => (AddressFamily::Inet, SockProtocol::Icmp),
        SocketAddr::V6(_) => (AddressFamily::Inet6, SockProtocol::IcmpV6),
    };
    let raw = socket(family, SockType::Raw, SockFlag::empty(), protocol).unwrap();
    move |kind, code, from| {
        let mut message = vec![kind, code, 0, 0];
        // The longest packet of the path, where a report of that kind has it.
        let mtu: u32 = if (kind, code) == (3, 4) || kind == 2 { 1280 } else { 0 };
        message.extend(mtu.to_be_bytes());
        // The headers of the datagram: enough for the system to find its socket.
        match (from.ip(), to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                message.extend([0x45, 0, 0, 33, 0, 0, 0, 0, 64, 17, 0, 0]);
                message.extend(from.octets().into_iter().chain(to.octets()));
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                message.extend([0x60, 0, 0, 0, 0, 13, 17, 64]);
                message.extend(from.octets().into_iter().chain(to.octets()));
            }
            mixed => panic!("{mixed:?}"),
        }
        message.extend(from.port().to_be_bytes().into_iter().chain(to.port().to_be_bytes()));
        message.extend([0, 13, 0, 0]);
        message.extend(b"hello");
        if to.is_ipv4() {
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum);
        }
        let sender = SockaddrStorage::from(SocketAddr::new(from.ip(), 0));
        sendto(raw.as_raw_fd(), &message, &sender, MsgFlags::empty()).unwrap();
    }
}

/// The checksum of RFC 1071. The system computes that of ICMPv6.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}
