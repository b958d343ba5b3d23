use super::*;
use alloc::vec;

const SERVER: &str = "192.0.2.1:1060";

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn client(change: impl FnOnce(&mut Config)) -> Client {
    let mut config = Arc::unwrap_or_clone(Config::textbook(server(), b"hello"));
    change(&mut config);
    Client::new(Arc::new(config))
}

/// Drains `client` and returns the datagrams it wants to send.
fn sends(client: &mut Client, now: Instant) -> Vec<Vec<u8>> {
    let mut buf = Vec::new();
    let mut out = vec![];
    while let Some(transmit) = client.poll_transmit(now, &mut buf) {
        assert_eq!(transmit.to, server());
        out.push(buf.clone());
    }
    out
}

/// Lets `n` timers of `client` fire and drains it; returns when the last one fired.
fn fire(client: &mut Client, n: usize) -> Instant {
    let mut now = at(0);
    let _ = sends(client, now);
    for _ in 0..n {
        (_, now) = client.poll_timeout().expect("a timer runs");
        client.handle_timeout(now);
        let _ = sends(client, now);
    }
    now
}

#[test]
fn silence_ends_after_five_sends_at_3_1_seconds() {
    let mut client = client(|_| ());
    let now = fire(&mut client, 5);
    assert_eq!(now, at(3_100));
    let elapsed = Duration::from_millis(3_100);
    assert_eq!(
        client.poll_event(),
        Some(Event::GaveUp { exchange: 1, sends: 5, elapsed, why: Stop::GiveUpAbove })
    );
    assert!(client.is_finished());
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn the_timer_says_why_it_runs() {
    let mut client = client(|config| {
        config.policy = Policy::textbook().to_builder().max_sends(Some(2)).build().unwrap();
    });
    let _ = sends(&mut client, at(0));
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(100))));
    client.handle_timeout(at(100));
    let _ = sends(&mut client, at(100));
    assert_eq!(client.poll_timeout(), Some((Timer::GiveUp, at(300))));
}

#[test]
fn a_reply_ends_the_exchange_and_the_next_begins_at_once() {
    let mut client = client(|config| config.exchanges = 2);
    let now = fire(&mut client, 2);
    client.handle_datagram(now, server(), b"Your data was 5 bytes");
    let elapsed = Duration::from_millis(300);
    assert_eq!(
        client.poll_event(),
        Some(Event::Answered { exchange: 1, sends: 3, answered_send: 3, elapsed })
    );
    assert_eq!(sends(&mut client, now), [b"hello"]);
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(400))));
}

#[test]
fn a_connected_client_is_deaf_to_strangers_and_an_unconnected_one_reports_them() {
    let stranger: SocketAddr = "198.51.100.7:1060".parse().unwrap();
    for connected in [true, false] {
        let mut client = client(|config| config.connected = connected);
        let _ = sends(&mut client, at(0));
        client.handle_datagram(at(1), stranger, b"Your data was 5 bytes");
        let heard = (!connected).then_some(Event::Stranger);
        assert_eq!(client.poll_event(), heard);
        assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(100))), "the wait goes on");
    }
}

#[test]
fn a_late_reply_is_told_from_a_current_one_by_its_token() {
    let mut client = client(|config| {
        config.token = true;
        config.exchanges = 2;
    });
    assert_eq!(sends(&mut client, at(0)), [b"#1.1 hello"]);
    client.handle_timeout(at(100));
    assert_eq!(sends(&mut client, at(100)), [b"#1.2 hello"]);
    // The first copy's reply comes after the second copy went out: the token says which it is.
    client.handle_datagram(at(120), server(), b"#1.1 hello");
    let elapsed = Duration::from_millis(120);
    assert_eq!(
        client.poll_event(),
        Some(Event::Answered { exchange: 1, sends: 2, answered_send: 1, elapsed })
    );
    assert_eq!(sends(&mut client, at(120)), [b"#2.1 hello"]);
    // The second copy's reply now meets the second exchange, which must not take it for its own.
    client.handle_datagram(at(130), server(), b"#1.2 hello");
    let late = Token::parse(b"#1.2 ");
    assert_eq!(client.poll_event(), Some(Event::LateReply { token: late }));
    client.handle_datagram(at(140), server(), b"#2.2 hello");
    let unsent = Token::parse(b"#2.2 ");
    assert_eq!(client.poll_event(), Some(Event::LateReply { token: unsent }), "never sent");
    client.handle_datagram(at(150), server(), b"#2.1 hello");
    assert!(matches!(client.poll_event(), Some(Event::Answered { exchange: 2, .. })));
    assert!(client.is_finished());
    client.handle_datagram(at(160), server(), b"#2.1 hello");
    assert!(matches!(client.poll_event(), Some(Event::LateReply { .. })));
}

#[test]
fn a_refusal_ends_the_exchange_of_a_connected_client_only() {
    for connected in [true, false] {
        let mut client = client(|config| config.connected = connected);
        client.handle_refused(at(0), server());
        assert_eq!(client.poll_event(), None, "nothing is out yet");
        let _ = sends(&mut client, at(0));
        client.handle_refused(at(1), "192.0.2.2:1060".parse().unwrap());
        assert_eq!(client.poll_event(), None, "somebody else's");
        client.handle_refused(at(1), server());
        let elapsed = Duration::from_millis(1);
        let event = connected.then_some(Event::Refused { exchange: 1, sends: 1, elapsed });
        assert_eq!(client.poll_event(), event);
        assert_eq!(client.is_finished(), connected);
    }
}

#[test]
fn a_driver_that_comes_late_sends_no_burst_and_keeps_the_deadline() {
    let mut client = client(|config| {
        config.policy =
            Policy::textbook().to_builder().deadline(Some(Duration::from_secs(1))).build().unwrap();
    });
    let _ = sends(&mut client, at(0));
    // 650 ms late: one copy, not the three that the schedule had meanwhile.
    client.handle_timeout(at(750));
    assert_eq!(sends(&mut client, at(750)).len(), 1);
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(950))));
    client.handle_timeout(at(5_000));
    assert_eq!(sends(&mut client, at(5_000)).len(), 0, "past the deadline");
    assert!(matches!(client.poll_event(), Some(Event::GaveUp { sends: 2, .. })));
}

#[test]
fn a_client_without_exchanges_does_nothing() {
    let mut client = client(|config| config.exchanges = 0);
    assert!(client.is_finished());
    assert!(sends(&mut client, at(0)).is_empty());
}

/// The state of a client that waits is what a million of them pay.
#[test]
fn a_client_is_small() {
    assert!(size_of::<Client>() <= 112, "{}", size_of::<Client>());
    assert!(size_of::<Pacer>() <= 64, "{}", size_of::<Pacer>());
}
