use super::*;
use crate::machine::{LOCAL, Machine, Timer};
use crate::policy::{Policy, Stop};
use crate::server::row::{Server, Verdict};
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

fn server() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 1060))
}

fn client(max_sends: Option<u32>) -> Client {
    let policy = Policy::exponential(Duration::from_millis(10)).max_sends(max_sends).build();
    Client::numbered(Arc::new(Config { peer: server(), policy: policy.unwrap(), seed: 1 }), 1)
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// Returns all that a machine wants to send, as text.
fn said<M: Machine>(machine: &mut M, now: Instant) -> Vec<String> {
    let mut buf = Vec::new();
    core::iter::from_fn(|| {
        machine.poll_transmit(now, &mut buf)?;
        Some(String::from_utf8(core::mem::take(&mut buf)).unwrap())
    })
    .collect()
}

/// Hands `client` a datagram from the server and returns what it sends in response.
fn deliver(client: &mut Client, now: u64, bytes: &str) -> Vec<String> {
    client.handle_datagram(at(now), LOCAL, server(), bytes.as_bytes());
    said(client, at(now))
}

#[test]
fn a_refused_write_waits_and_reads_again() {
    let mut client = client(None);
    assert_eq!(said(&mut client, at(5)), ["read"]);
    assert_eq!(deliver(&mut client, 25, "version 7"), ["write 7"]);
    assert_eq!(deliver(&mut client, 45, "stale 7"), [""; 0]);
    assert_eq!(client.poll_timeout(), Some((Timer::Backoff, at(55))), "the first wait is 10 ms");
    client.handle_timeout(at(54));
    assert_eq!(said(&mut client, at(54)), [""; 0]);
    client.handle_timeout(at(55));
    assert_eq!(said(&mut client, at(55)), ["read"]);
    assert_eq!(deliver(&mut client, 75, "version 9"), ["write 9"]);
    assert_eq!(deliver(&mut client, 95, "stale 9"), [""; 0]);
    assert_eq!(client.poll_timeout(), Some((Timer::Backoff, at(115))), "the second is 20 ms");
    client.handle_timeout(at(115));
    assert_eq!(said(&mut client, at(115)), ["read"]);
    assert_eq!(deliver(&mut client, 135, "version 10"), ["write 10"]);
    assert!(!client.is_finished());
    assert_eq!(deliver(&mut client, 155, "ok 10"), [""; 0]);
    let elapsed = Duration::from_millis(150);
    let event = client.poll_event().unwrap();
    assert_eq!(event, Event::Written { writes: 3, elapsed });
    assert_eq!(What::from(event), What::Answered { sends: 3, answered_send: 3, elapsed });
    assert!(client.is_finished() && client.poll_timeout().is_none());
}

#[test]
fn a_policy_with_a_stop_gives_up() {
    let mut client = client(Some(2));
    for version in ["1", "2"] {
        said(&mut client, at(0));
        deliver(&mut client, 20, &["version ", version].concat());
        deliver(&mut client, 40, &["stale ", version].concat());
        client.handle_timeout(at(60));
    }
    let elapsed = Duration::from_millis(40);
    let event = Event::GaveUp { writes: 2, elapsed, why: Stop::MaxSends };
    assert_eq!(client.poll_event(), Some(event));
    assert!(client.is_finished());
    assert_eq!(said(&mut client, at(60)), [""; 0]);
}

/// Only the expected reply advances a client; late, duplicate, foreign and unreadable datagrams do not.
#[test]
fn what_is_not_the_reply_changes_nothing() {
    let mut client = client(None);
    let unexpected = |client: &mut Client, bytes: &str| {
        assert_eq!(deliver(client, 20, bytes), [""; 0], "{bytes}");
        assert_eq!(client.poll_event(), Some(Event::Unexpected), "{bytes}");
    };
    said(&mut client, at(0));
    for bytes in ["", "ok 1", "stale 1", "version", "version x", "version -1", "read"] {
        unexpected(&mut client, bytes);
    }
    client.handle_datagram(at(20), LOCAL, SocketAddr::from(([192, 0, 2, 2], 1060)), b"version 1");
    assert_eq!((said(&mut client, at(20)).len(), client.poll_event()), (0, None));
    assert_eq!(deliver(&mut client, 20, "version 1"), ["write 1"]);
    for bytes in ["version 1", "ok 0", "stale 0", "stale 2"] {
        unexpected(&mut client, bytes);
    }
    deliver(&mut client, 40, "ok 1");
    assert!(matches!(client.poll_event(), Some(Event::Written { writes: 1, .. })));
    unexpected(&mut client, "stale 1");
}

#[test]
fn the_second_with_a_version_is_refused() {
    let mut row = Server::default();
    let mut ask = |bytes: &str| {
        row.handle_datagram(at(0), LOCAL, server(), bytes.as_bytes());
        (said(&mut row, at(0)).concat(), row.poll_event())
    };
    let answer = |text: &str, event| (text.to_string(), event);
    assert_eq!(ask("read"), answer("version 0", None));
    assert_eq!(ask("write 0"), answer("ok 0", Some(Verdict::Written)));
    assert_eq!(ask("write 0"), answer("stale 0", Some(Verdict::Stale)));
    assert_eq!(ask("write 2"), answer("stale 2", Some(Verdict::Stale)), "not even a later one");
    assert_eq!(ask("read"), answer("version 1", None));
    assert_eq!(ask("write 1"), answer("ok 1", Some(Verdict::Written)));
    for bytes in ["", "reads", "read ", "write", "write ", "write +2", "write 2 ", "ok 2"] {
        assert_eq!(ask(bytes), answer("", None), "{bytes}");
    }
    assert_eq!((row.written(), row.calls()), (2, 4));
}

proptest::proptest! {
    #[test]
    fn what_is_said_is_read_back(version: u64) {
        for request in [Request::Read, Request::Write(version)] {
            proptest::prop_assert_eq!(Request::parse(request.to_string().as_bytes()), Some(request));
        }
        for reply in [Reply::Version(version), Reply::Done(version), Reply::Stale(version)] {
            proptest::prop_assert_eq!(Reply::parse(reply.to_string().as_bytes()), Some(reply));
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_panic(bytes: Vec<u8>, tail: Vec<u8>) {
        let _ = (Request::parse(&bytes), Reply::parse(&bytes));
        for word in ["write ", "version ", "ok ", "stale "] {
            let bytes = [word.as_bytes(), &tail].concat();
            let _ = (Request::parse(&bytes), Reply::parse(&bytes));
        }
    }
}
