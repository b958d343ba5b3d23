use super::*;
use crate::machine::LOCAL;
use alloc::format;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], port))
}

fn server() -> Server {
    Server::new(Config::new(Duration::from_secs(1)))
}

/// Delivers heartbeat `seq` and returns what the server reports.
fn beat(server: &mut Server, millis: u64, port: u16, seq: u32) -> Vec<Event> {
    let text = format!("Heartbeat {seq} 0");
    server.handle_datagram(at(millis), LOCAL, peer(port), text.as_bytes());
    core::iter::from_fn(|| server.poll_event()).collect()
}

/// Numbers that arrive in order, with gaps, out of order and twice.
#[test]
fn numbers_show_what_is_missing_late_or_double() {
    let (mut server, peer) = (server(), peer(1));
    for (seq, expected) in [
        (1, None),
        (2, None),
        (5, Some(Event::Missing { peer, seq: 5, count: 2 })),
        (3, Some(Event::Reordered { peer, seq: 3 })),
        (3, Some(Event::Repeated { peer, seq: 3 })),
        (5, Some(Event::Repeated { peer, seq: 5 })),
        (6, None),
        (300, Some(Event::Missing { peer, seq: 300, count: 293 })),
        (173, Some(Event::Reordered { peer, seq: 173 })),
        // Older than the window.
        (172, Some(Event::Repeated { peer, seq: 172 })),
    ] {
        let expected: Vec<Event> = expected.into_iter().collect();
        assert_eq!(beat(&mut server, 10, 1, seq), expected, "{seq}");
    }
    let Counts { received, missing, reordered, repeated, dead } = server.counts();
    assert_eq!((received, missing, reordered, repeated, dead), (7, 293, 2, 3, 0));
    assert_eq!(received + missing, 300, "all numbers up to the newest");
}

/// What was sent before the server listened is not lost.
#[test]
fn numbers_before_the_first_one_are_not_missing() {
    let mut server = server();
    assert_eq!(beat(&mut server, 0, 1, 50), []);
    assert_eq!(server.counts().missing, 0);
    assert_eq!(beat(&mut server, 0, 1, 49), [Event::Reordered { peer: peer(1), seq: 49 }]);
    assert_eq!(server.counts().missing, 0);
    assert_eq!(server.counts().loss(), Some(0.0));
}

#[test]
fn a_silent_client_is_declared_dead_on_time_and_may_return() {
    let mut server = server();
    beat(&mut server, 0, 1, 1);
    beat(&mut server, 400, 2, 1);
    beat(&mut server, 500, 1, 2);
    let deadline = |server: &mut Server| server.poll_timeout().map(|(_, deadline)| deadline);
    assert_eq!(deadline(&mut server), Some(at(1_400)));
    server.handle_timeout(at(1_399));
    assert_eq!(server.poll_event(), None);
    server.handle_timeout(at(1_400));
    let silence = Duration::from_secs(1);
    assert_eq!(server.poll_event(), Some(Event::Dead { peer: peer(2), seq: 1, silence }));
    assert_eq!((server.clients(), deadline(&mut server)), ((1, 1), Some(at(1_500))));
    // A client that continues has lost some; one that has started again counts from 1.
    server.handle_timeout(at(1_500));
    assert_eq!(server.poll_event(), Some(Event::Dead { peer: peer(1), seq: 2, silence }));
    assert_eq!(deadline(&mut server), None);
    let (one, two) = (peer(1), peer(2));
    let back = [Event::Alive { peer: one, seq: 9 }, Event::Missing { peer: one, seq: 9, count: 6 }];
    assert_eq!(beat(&mut server, 9_000, 1, 9), back);
    assert_eq!(beat(&mut server, 9_000, 2, 1), [Event::Alive { peer: two, seq: 1 }]);
    assert_eq!(beat(&mut server, 9_000, 2, 2), []);
    assert_eq!((server.clients(), server.counts().missing), ((2, 0), 6));
}

#[test]
fn the_number_of_clients_is_bounded() {
    let mut server = server();
    for n in 0..MAX_CLIENTS as u32 + 10 {
        let from = SocketAddr::from(((0x0A00_0000 + n).to_be_bytes(), 9));
        server.handle_datagram(at(u64::from(n)), LOCAL, from, b"1");
    }
    assert_eq!(server.clients(), (MAX_CLIENTS, 0));
    assert_eq!(server.counts().received, MAX_CLIENTS as u64 + 10);
    assert_eq!(server.peers.len(), MAX_CLIENTS);
}

#[test]
fn other_datagrams_are_reported() {
    let mut server = server();
    server.handle_datagram(at(0), LOCAL, peer(1), b"hello");
    assert_eq!(server.poll_event(), Some(Event::Unreadable { peer: peer(1) }));
    assert_eq!((server.clients(), server.counts()), ((0, 0), Counts::default()));
}
