//! Each type and code of ICMP, sent to a real socket.

use crate::CONNECTED_OR_NOT;
use crate::common::namespace::Namespace;
use crate::common::{Finished, PATIENCE, Running, retry};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, sendto, socket,
};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Instant;

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
    let policy = ["--max-sends", "3", "--initial-timeout", "200ms"];
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
                    let (_, from) = retry(|| server.recv_from(&mut [0; 16])).unwrap();
                    reporter(*kind, code, from);
                    if *effect == Lost {
                        let (_, from) = retry(|| server.recv_from(&mut [0; 16])).unwrap();
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
