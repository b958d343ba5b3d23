use super::*;
use crate::machine::LOCAL;
use crate::name::{NameServer, Options, Transport, Zone, split_frame};
use crate::policy::Stop;
use crate::time::Duration;
use alloc::vec;
use hickory_proto::op::{Message, OpCode, ResponseCode};

/// Sends of one instant: the last byte of the server's address, the kind, and the query.
type Sends = Vec<(u8, Kind, Vec<u8>)>;

fn server(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 53))
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

fn zone() -> Zone {
    let mut zone = Zone::default();
    zone.add("a.example".parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
    zone.add("a.example".parse().unwrap(), "2001:db8::9".parse().unwrap()).unwrap();
    zone.add("v4.example".parse().unwrap(), [192, 0, 2, 4].into()).unwrap();
    for last in 0..100 {
        zone.add("big.example".parse().unwrap(), [192, 0, 2, last].into()).unwrap();
    }
    zone
}

fn config(name: &str, servers: u8) -> Config {
    let config = Config::new(name.parse().unwrap(), server(1));
    (2..=servers).fold(config, |config, last| config.with_server(server(last)))
}

fn resolver(name: &str, servers: u8) -> Resolver {
    Resolver::new(config(name, servers))
}

fn only_a(name: &str, servers: u8) -> Resolver {
    Resolver::new(config(name, servers).with_kinds([Kind::A]))
}

fn kind_of(query: &[u8]) -> Kind {
    let question = Reply::read(query).unwrap().question.unwrap();
    let is_a = question.query_type == hickory_proto::rr::RecordType::A;
    if is_a { Kind::A } else { Kind::Aaaa }
}

fn sends(resolver: &mut Resolver, now: Instant) -> Sends {
    let (mut sends, mut buf) = (Vec::new(), Vec::new());
    while let Some(transmit) = resolver.poll_transmit(now, &mut buf) {
        let SocketAddr::V4(to) = transmit.to else { panic!("all servers have IPv4 addresses") };
        let bytes = core::mem::take(&mut buf);
        sends.push((to.ip().octets()[3], kind_of(&bytes), bytes));
    }
    sends
}

fn places(sends: &Sends) -> Vec<(u8, Kind)> {
    sends.iter().map(|(to, kind, _)| (*to, *kind)).collect()
}

/// What happened since the last call.
fn events(resolver: &mut Resolver) -> Vec<Event> {
    core::iter::from_fn(|| resolver.poll_event()).collect()
}

/// The reply of the zone's server to a query.
fn reply(query: &[u8]) -> Vec<u8> {
    zone().reply(query, Transport::Udp).unwrap().0
}

/// A reply with only a code.
fn code(query: &[u8], code: ResponseCode) -> Vec<u8> {
    let query = Message::from_vec(query).unwrap();
    let mut reply = Message::response(query.metadata.id, OpCode::Query);
    reply.metadata.response_code = code;
    reply.metadata.recursion_available = true;
    reply.queries = query.queries;
    reply.to_vec().unwrap()
}

#[test]
fn both_kinds_of_addresses_are_asked_for_together() {
    let mut resolver = resolver("A.Example", 1);
    let queries = sends(&mut resolver, at(0));
    assert_eq!(places(&queries), [(1, Kind::A), (1, Kind::Aaaa)]);
    assert_ne!(queries[0].2[..2], queries[1].2[..2], "ids differ");
    // In the other order.
    resolver.handle_datagram(at(0), LOCAL, server(1), &reply(&queries[1].2));
    assert_eq!((events(&mut resolver), resolver.is_finished()), (vec![], false));
    resolver.handle_datagram(at(1), LOCAL, server(1), &reply(&queries[0].2));
    let elapsed = Duration::from_secs(1);
    assert_eq!(events(&mut resolver), [Event::Answered { sends: 1, answered_send: 1, elapsed }]);
    let found: Vec<IpAddr> = resolver.addresses().collect();
    assert_eq!(found, [IpAddr::from([192, 0, 2, 9]), "2001:db8::9".parse().unwrap()]);
    assert_eq!((resolver.verdict(), resolver.is_finished()), (Verdict::Found, true));
    resolver.handle_datagram(at(1), LOCAL, server(1), &reply(&queries[0].2));
    assert_eq!(events(&mut resolver), [Event::LateReply { send: 1 }]);
}

/// Silence: the times of glibc with three servers, and what is asked.
#[test]
fn silent_servers_are_asked_in_turn() {
    let mut resolver = only_a("a.example", 3);
    for (second, last) in [(0, 1), (5, 2), (8, 3), (14, 1), (19, 2), (22, 3)] {
        resolver.handle_timeout(at(second));
        assert_eq!(places(&sends(&mut resolver, at(second))), [(last, Kind::A)], "{second}");
    }
    assert_eq!(resolver.poll_timeout(), Some((Timer::GiveUp, at(28))));
    resolver.handle_timeout(at(28));
    let (elapsed, why) = (Duration::from_secs(28), Stop::MaxSends);
    assert_eq!(events(&mut resolver), [Event::GaveUp { sends: 6, elapsed, why }]);
    assert_eq!(resolver.verdict(), Verdict::NoReply);
}

/// Only what has no answer is asked for later. A reply to an earlier send counts, from the server that it was sent to.
#[test]
fn the_next_server_is_asked_for_the_rest() {
    let mut resolver = resolver("a.example", 2);
    let first = sends(&mut resolver, at(0));
    resolver.handle_datagram(at(1), LOCAL, server(1), &reply(&first[0].2));
    resolver.handle_timeout(at(5));
    let second = sends(&mut resolver, at(5));
    assert_eq!(places(&second), [(2, Kind::Aaaa)]);
    resolver.handle_datagram(at(6), LOCAL, server(1), &reply(&first[1].2));
    let elapsed = Duration::from_secs(6);
    assert_eq!(events(&mut resolver), [Event::Answered { sends: 2, answered_send: 1, elapsed }]);
}

#[test]
fn strangers_are_rejected_and_counted() {
    let mut resolver = resolver("a.example", 2);
    let queries = sends(&mut resolver, at(0));
    let [a, aaaa] = [&queries[0].2, &queries[1].2].map(|query| reply(query));
    let changed = |at: usize, to: u8| {
        let mut bytes = a.clone();
        bytes[at] = to;
        bytes
    };
    let mut other_id = a.clone();
    other_id[0] ^= 0xFF;
    // The id of the one query with the question of the other.
    let mut crossed = aaaa.clone();
    crossed[..2].copy_from_slice(&a[..2]);
    let other_name = changed(13, b'b');
    let is_query = queries[0].2.clone();
    let stranger = SocketAddr::from(([192, 0, 2, 1], 54));
    for (from, bytes, mismatch) in [
        (stranger, &a, Mismatch::Address),
        (server(9), &a, Mismatch::Address),
        // It is asked next.
        (server(2), &a, Mismatch::Address),
        (server(1), &b"hello".to_vec(), Mismatch::Message),
        (server(1), &is_query, Mismatch::Message),
        (server(1), &other_id, Mismatch::Id),
        (server(1), &crossed, Mismatch::Question),
        (server(1), &other_name, Mismatch::Question),
    ] {
        resolver.handle_datagram(at(0), LOCAL, from, bytes);
        assert_eq!(events(&mut resolver), [Event::Stranger(mismatch)], "{bytes:?} from {from}");
    }
    assert_eq!((resolver.strangers(), resolver.is_finished()), (8, false));
    // The second server may not answer what the first one was asked.
    resolver.handle_timeout(at(5));
    let again = sends(&mut resolver, at(5));
    resolver.handle_datagram(at(5), LOCAL, server(2), &a);
    assert_eq!(events(&mut resolver), [Event::Stranger(Mismatch::Id)]);
    for (_, _, query) in &again {
        resolver.handle_datagram(at(5), LOCAL, server(2), &reply(query));
    }
    assert_eq!(resolver.verdict(), Verdict::Found);
}

#[test]
fn a_name_that_does_not_exist_is_an_answer() {
    let mut resolver = only_a("none.example", 2);
    let queries = sends(&mut resolver, at(0));
    resolver.handle_datagram(at(0), LOCAL, server(1), &reply(&queries[0].2));
    assert!(matches!(events(&mut resolver)[..], [Event::Answered { .. }]));
    assert_eq!(resolver.verdict(), Verdict::NoSuchName);

    let mut resolver = Resolver::new(config("v4.example", 1).with_kinds([Kind::Aaaa]));
    let queries = sends(&mut resolver, at(0));
    resolver.handle_datagram(at(0), LOCAL, server(1), &reply(&queries[0].2));
    assert_eq!((resolver.verdict(), resolver.is_finished()), (Verdict::NoAddress, true));
}

/// As glibc: the next server at once, also from the last one to the next attempt; after the last attempt, the end.
#[test]
fn a_server_that_fails_is_followed_by_the_next_one_at_once() {
    for (failed, number) in
        [(ResponseCode::ServFail, 2), (ResponseCode::Refused, 5), (ResponseCode::NotImp, 4)]
    {
        let mut resolver = only_a("a.example", 2);
        for (send, last) in [(1, 1), (2, 2), (3, 1), (4, 2)] {
            let queries = sends(&mut resolver, at(1));
            assert_eq!(places(&queries), [(last, Kind::A)]);
            let bytes = code(&queries[0].2, failed);
            resolver.handle_datagram(at(1), LOCAL, server(last), &bytes);
            let why = Failure::Code(number);
            let event = Event::Failed { server: server(last), send, why };
            let mut all = events(&mut resolver);
            assert_eq!(all.remove(0), event);
            assert_eq!(all.len(), usize::from(send == 4), "the end: {all:?}");
        }
        assert_eq!(resolver.verdict(), Verdict::ServerFailed(Failure::Code(number)));
        assert_eq!((resolver.is_finished(), resolver.poll_timeout()), (true, None));
    }
}

/// The wait for the second server is its own, not what was left for the first one.
#[test]
fn a_server_that_fails_does_not_shorten_the_wait_for_the_next_one() {
    let mut resolver = only_a("a.example", 3);
    let queries = sends(&mut resolver, at(1));
    let bytes = code(&queries[0].2, ResponseCode::ServFail);
    resolver.handle_datagram(at(2), LOCAL, server(1), &bytes);
    let queries = sends(&mut resolver, at(2));
    assert_eq!(places(&queries), [(2, Kind::A)]);
    assert_eq!(resolver.poll_timeout(), Some((Timer::Resend, at(5))), "3 s");
    resolver.handle_datagram(at(3), LOCAL, server(2), &reply(&queries[0].2));
    assert_eq!(resolver.verdict(), Verdict::Found);
}

/// One kind is found, and the server fails for the other one: that is enough, as in glibc.
#[test]
fn a_failure_for_one_kind_waits_for_the_other_one() {
    let mut resolver = resolver("a.example", 2);
    let queries = sends(&mut resolver, at(0));
    let failed = code(&queries[1].2, ResponseCode::ServFail);
    resolver.handle_datagram(at(0), LOCAL, server(1), &failed);
    assert_eq!(sends(&mut resolver, at(0)), [], "it waits");
    resolver.handle_datagram(at(0), LOCAL, server(1), &reply(&queries[0].2));
    assert!(matches!(events(&mut resolver)[..], [Event::Failed { .. }, Event::Answered { .. }]));
    assert_eq!(resolver.addresses().count(), 1);
    assert_eq!(resolver.unanswered().collect::<Vec<_>>(), [Kind::Aaaa]);

    // Both fail: the next server is asked for both.
    let mut resolver = self::resolver("a.example", 2);
    let queries = sends(&mut resolver, at(0));
    for (_, _, query) in &queries {
        let failed = code(query, ResponseCode::ServFail);
        resolver.handle_datagram(at(0), LOCAL, server(1), &failed);
    }
    assert_eq!(places(&sends(&mut resolver, at(0))), [(2, Kind::A), (2, Kind::Aaaa)]);
}

#[test]
fn a_server_that_cannot_be_reached_is_followed_by_the_next_one() {
    let mut resolver = resolver("a.example", 2);
    let _ = sends(&mut resolver, at(0));
    resolver.handle_refused(at(0), server(2));
    assert_eq!(events(&mut resolver), [], "it was not asked");
    resolver.handle_refused(at(0), server(1));
    assert_eq!(events(&mut resolver), [Event::Unreachable { server: server(1), send: 1 }]);
    let queries = sends(&mut resolver, at(0));
    assert_eq!(places(&queries), [(2, Kind::A), (2, Kind::Aaaa)]);
    for (_, _, query) in &queries {
        resolver.handle_datagram(at(0), LOCAL, server(2), &reply(query));
    }
    assert_eq!(resolver.verdict(), Verdict::Found);

    // A closed port on every server: each is asked as often as the options say, without a wait.
    let mut resolver = self::resolver("a.example", 2);
    for last in [1, 2, 1, 2] {
        let _ = sends(&mut resolver, at(0));
        resolver.handle_refused(at(0), server(last));
    }
    assert!(matches!(events(&mut resolver).last(), Some(Event::Refused { sends: 4, .. })));
    assert_eq!((resolver.verdict(), resolver.is_finished()), (Verdict::Unreachable, true));
}

/// A policy of one's own keeps its schedule: only servers that were not asked yet are asked at once.
#[test]
fn a_policy_decides_after_all_servers_have_failed() {
    let config = config("a.example", 2).with_policy(Policy::textbook()).with_kinds([Kind::A]);
    let mut resolver = Resolver::new(config.clone());
    for last in [1, 2] {
        let queries = sends(&mut resolver, at(0));
        let failed = code(&queries[0].2, ResponseCode::ServFail);
        resolver.handle_datagram(at(0), LOCAL, server(last), &failed);
    }
    assert_eq!(sends(&mut resolver, at(0)), []);
    // The second wait of the textbook.
    assert_eq!(resolver.poll_timeout(), Some((Timer::Backoff, Instant::from_millis(200))));
    resolver.handle_timeout(at(1));
    assert_eq!(places(&sends(&mut resolver, at(1))), [(1, Kind::A)]);

    // The first server is silent, so a closed port on the second one is not the end.
    let mut resolver = Resolver::new(config);
    let first = sends(&mut resolver, at(0));
    resolver.handle_timeout(at(1));
    let _ = sends(&mut resolver, at(1));
    resolver.handle_refused(at(1), server(2));
    assert_eq!((sends(&mut resolver, at(1)), resolver.is_finished()), (vec![], false));
    resolver.handle_datagram(at(1), LOCAL, server(1), &reply(&first[0].2));
    assert_eq!(resolver.verdict(), Verdict::Found);
}

fn truncated(resolver: &mut Resolver) -> Truncated {
    let events = events(resolver);
    let [Event::Truncated(truncated)] = events[..] else { panic!("{events:?}") };
    truncated
}

#[test]
fn a_truncated_reply_is_asked_for_over_tcp() {
    let mut resolver = only_a("big.example", 2);
    let queries = sends(&mut resolver, at(0));
    let short = reply(&queries[0].2);
    assert!(short.len() <= 512);
    resolver.handle_datagram(at(0), LOCAL, server(1), &short);
    let truncated = truncated(&mut resolver);
    assert_eq!((truncated.server, truncated.send), (server(1), 1));
    assert_eq!(sends(&mut resolver, at(0)), [], "it waits for the answer over TCP");
    // The duplicate of the datagram does not ask twice.
    resolver.handle_datagram(at(0), LOCAL, server(1), &short);
    assert_eq!(events(&mut resolver), [Event::LateReply { send: 1 }]);

    let query = resolver.tcp_query(truncated).unwrap();
    let (query, rest) = split_frame(&query).unwrap();
    assert_eq!((query, rest), (&queries[0].2[..], &b""[..]), "the same query");
    let (answer, _) = zone().reply(query, Transport::Tcp).unwrap();
    resolver.handle_tcp(at(1), truncated, Some(&answer));
    assert!(matches!(events(&mut resolver)[..], [Event::Answered { sends: 1, .. }]));
    assert_eq!(resolver.addresses().count(), 100);
}

/// The end of a truncated reply may be cut anywhere.
#[test]
fn a_truncated_reply_may_end_within_a_record() {
    let mut resolver = only_a("big.example", 1);
    let queries = sends(&mut resolver, at(0));
    let (mut cut, _) = zone().reply(&queries[0].2, Transport::Tcp).unwrap();
    cut.truncate(509);
    cut[2] |= 0x02;
    resolver.handle_datagram(at(0), LOCAL, server(1), &cut);
    let _ = truncated(&mut resolver);
}

#[test]
fn without_an_answer_over_tcp_the_next_server_is_asked() {
    for answer in [None, Some(&b"hello"[..])] {
        let mut resolver = only_a("big.example", 2);
        let queries = sends(&mut resolver, at(0));
        resolver.handle_datagram(at(0), LOCAL, server(1), &reply(&queries[0].2));
        let truncated = truncated(&mut resolver);
        resolver.handle_tcp(at(1), truncated, answer);
        let why = Failure::Tcp;
        assert_eq!(events(&mut resolver), [Event::Failed { server: server(1), send: 1, why }]);
        assert_eq!(places(&sends(&mut resolver, at(1))), [(2, Kind::A)]);
        // The failure counts once.
        resolver.handle_tcp(at(1), truncated, None);
        assert_eq!(sends(&mut resolver, at(1)), []);
    }
}

/// While TCP takes its time, the schedule continues; the answer counts nevertheless.
#[test]
fn an_answer_over_tcp_may_come_after_the_next_send() {
    let mut resolver = only_a("big.example", 2);
    let queries = sends(&mut resolver, at(0));
    resolver.handle_datagram(at(0), LOCAL, server(1), &reply(&queries[0].2));
    let truncated = truncated(&mut resolver);
    resolver.handle_timeout(at(5));
    assert_eq!(places(&sends(&mut resolver, at(5))), [(2, Kind::A)]);
    let (answer, _) = zone().reply(&queries[0].2, Transport::Tcp).unwrap();
    resolver.handle_tcp(at(6), truncated, Some(&answer));
    assert!(matches!(events(&mut resolver)[..], [Event::Answered { answered_send: 1, .. }]));
}

#[test]
fn the_first_server_may_be_drawn() {
    let options = Options { rotate: true, ..Options::default() };
    let config = config("a.example", 3).with_options(options).with_kinds([Kind::A]);
    let mut seen = Vec::new();
    for flow in 1..=50 {
        let mut resolver = Resolver::numbered(config.clone(), flow);
        let first = sends(&mut resolver, at(0))[0].0;
        let wait = [5, 3, 6][usize::from(first) - 1];
        assert_eq!(resolver.poll_timeout(), Some((Timer::Resend, at(wait))), "server {first}");
        seen.push(first);
    }
    assert!([1, 2, 3].iter().all(|server| seen.contains(server)), "{seen:?}");
}

#[test]
fn ids_are_those_of_the_seed() {
    let ids = |seed, flow| -> Vec<Vec<u8>> {
        let mut resolver = Resolver::numbered(config("a.example", 1).with_seed(seed), flow);
        sends(&mut resolver, at(0)).iter().map(|(_, _, query)| query[..2].to_vec()).collect()
    };
    assert_eq!(ids(1, 1), ids(1, 1));
    assert_ne!(ids(1, 1), ids(2, 1));
    assert_ne!(ids(1, 1), ids(1, 2));
}

/// A name server in place of the zone's own replies, as a machine.
#[test]
fn resolver_and_name_server_fit_together() {
    let mut resolver = resolver("a.example", 1);
    let mut name_server = NameServer::new(zone());
    let mut buf = Vec::new();
    for (_, _, query) in sends(&mut resolver, at(0)) {
        name_server.handle_datagram(at(0), server(1), LOCAL, &query);
        buf.clear();
        let transmit = name_server.poll_transmit(at(0), &mut buf).unwrap();
        assert_eq!((transmit.to, transmit.from), (LOCAL, Some(server(1))));
        resolver.handle_datagram(at(0), LOCAL, server(1), &buf);
    }
    assert_eq!(resolver.verdict(), Verdict::Found);
}
