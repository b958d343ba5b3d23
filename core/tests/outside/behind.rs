//! A server behind a link does what the simulated network does with the same link.

use retrylab_core::client::{Client, Config};
use retrylab_core::dist::Distribution;
use retrylab_core::link::{Behind, Event, Fault, FaultEffect, Happened, Link, Pipe};
use retrylab_core::machine::{Machine, Timer};
use retrylab_core::policy::Policy;
use retrylab_core::protocol::Echo;
use retrylab_core::random::{Direction, Probability};
use retrylab_core::server::echo::{self, Reply, Server};
use retrylab_core::sim::{Network, SERVER};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Cause, HostId, Record, What};
use std::net::SocketAddr;

fn probability(text: &str) -> Probability {
    Probability::parse(text).unwrap()
}

fn server() -> Server {
    Server::new(echo::Config::default().with_reply(Reply::Mirror), 1)
}

fn client() -> Client {
    let policy = Policy::exponential(Duration::from_millis(100)).max_sends(Some(3));
    let config = Config::new(SERVER, Echo::new(b"hello").with_token(true));
    Client::new(config.policy(policy.build().unwrap()).exchanges(200))
}

fn no_latency() -> Link {
    Link::default().with_latency(Distribution::Constant(Duration::ZERO).into())
}

/// Runs the client against `server` over `link`; returns what the client records.
fn run<S: Machine<Event: Into<What>>>(server: S, link: Link, faults: Vec<Fault>) -> Vec<Record> {
    let network = Network::new([client()], server, link, 7, Vec::<Record>::new());
    let mut network = network.with_faults(faults);
    while network.step().is_some() {}
    network.into_sink().into_iter().filter(|record| record.host == HostId::Client).collect()
}

/// A client records the same events at the same nanoseconds, whether the link is in the network or at the
/// server.
#[test]
fn a_client_sees_the_same_link_in_the_network_and_at_the_server() {
    let lossy = no_latency()
        .with_loss("0.3".parse().unwrap())
        .with_duplicate(probability("0.1"))
        .with_corrupt(probability("0.05"));
    let late = lossy
        .clone()
        .with_latency("uniform 1ms 80ms".parse().unwrap())
        .with_reorder(probability("0.1"))
        .with_rate(Some("100kbit".parse().unwrap()));
    let loss = FaultEffect::Loss(probability("0.5"));
    let (from, until) = (Instant::from_millis(200), Instant::from_millis(9_000));
    for (link, faults) in
        [(lossy, vec![]), (late.clone(), vec![]), (late, vec![Fault { from, until, effect: loss }])]
    {
        let expected = run(server(), link.clone(), faults.clone());
        let pipe = Pipe::new(&link, 7).with_faults(faults);
        let measured = run(Behind::new(server(), pipe), no_latency(), vec![]);
        // Numbers of datagrams differ: a datagram that the link loses arrives at the server's own end.
        let comparable = |records: Vec<Record>| -> Vec<_> {
            records.into_iter().map(|record| (record.at, record.label, record.what)).collect()
        };
        let (expected, measured) = (comparable(expected), comparable(measured));
        assert!(expected.iter().any(|(.., what)| matches!(what, What::GaveUp { .. })));
        for (expected, measured) in expected.iter().zip(&measured) {
            assert_eq!(expected, measured);
        }
        assert_eq!(expected.len(), measured.len());
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 9))
}

/// All events of `host`, with their clients.
fn events(host: &mut Behind<Server>) -> Vec<(SocketAddr, What)> {
    let next = || {
        let event: Event<_> = host.poll_event()?;
        let peer = host.subject(&event).peer.expect("each event names a client");
        Some((peer, What::from(event)))
    };
    std::iter::from_fn(next).collect()
}

#[test]
fn damage_is_reported() {
    let link = no_latency().with_corrupt(Probability::ALWAYS).with_checksum(false);
    let mut host = Behind::new(server(), Pipe::new(&link, 1));
    host.handle_datagram(Instant::ZERO, SERVER, address(2), b"hello");
    let events: Vec<What> = events(&mut host).into_iter().map(|(_, what)| what).collect();
    assert!(events.iter().all(|what| matches!(what, What::Damaged { .. })), "{events:?}");
    let directions: Vec<_> = events.iter().map(What::direction).collect();
    assert_eq!(directions, [Some(Direction::Request), Some(Direction::Reply)]);
}

#[test]
fn what_the_link_does_is_reported_with_its_client() {
    let lost = |direction| What::Dropped { direction, cause: Cause::LinkLoss };
    let always = |direction| {
        let all: retrylab_core::link::Loss = "1".parse().unwrap();
        let mut link = no_latency();
        match direction {
            Direction::Request => link.loss = all,
            Direction::Reply => link.reply_loss = retrylab_core::value::Same::Own(all),
        }
        Behind::new(server(), Pipe::new(&link, 1))
    };
    for direction in [Direction::Request, Direction::Reply] {
        let mut host = always(direction);
        for client in [2, 3] {
            host.handle_datagram(Instant::ZERO, SERVER, address(client), b"hello");
            assert_eq!(events(&mut host), [(address(client), lost(direction))]);
            assert!(host.poll_transmit(Instant::ZERO, &mut Vec::new()).is_none());
        }
    }
    let twice = no_latency().with_duplicate(Probability::ALWAYS);
    let mut host = Behind::new(server(), Pipe::new(&twice, 1));
    host.handle_datagram(Instant::ZERO, SERVER, address(2), b"hello");
    let replies = std::iter::from_fn(|| host.poll_transmit(Instant::ZERO, &mut Vec::new())).count();
    assert_eq!(replies, 4, "two requests arrive, and two replies to each");
    let duplicated = |direction| (address(2), What::Duplicated { direction });
    let reply = duplicated(Direction::Reply);
    assert_eq!(events(&mut host), [duplicated(Direction::Request), reply, reply]);
    let config = echo::Config::default().with_drop_first(1);
    let late = Pipe::new(&Link::default(), 1);
    let mut host = Behind::new(Server::new(config, 1), late);
    host.handle_datagram(Instant::ZERO, SERVER, address(2), b"hello");
    assert_eq!(host.poll_timeout(), Some((Timer::Other(&"link"), Instant::from_millis(10))));
    host.handle_timeout(Instant::from_millis(10));
    let event = host.poll_event().unwrap();
    assert!(matches!(event.happened, Happened::Machine(echo::Event::Dropped { .. })));
    assert_eq!(event.about.peer, Some(address(2)), "also after a delay");
}

#[test]
fn memory_is_bounded() {
    let hour = Distribution::Constant(Duration::from_secs(3_600));
    let link = Link::default().with_latency(hour.into());
    let mut held = Vec::new();
    for len in [0, 1_000, 60_000] {
        let mut host = Behind::new(server(), Pipe::new(&link, 1));
        let (mut n, mut dropped) = (0u32, 0);
        while dropped < 1_000 {
            // From many clients: they are forgotten, too.
            let [a, b, c, d] = n.to_be_bytes();
            let from = SocketAddr::from(([a, b, c, d], 9));
            host.handle_datagram(Instant::ZERO, SERVER, from, &vec![b'x'; len]);
            dropped += events(&mut host).len();
            n += 1;
        }
        assert_eq!(host.delayed() + dropped, n as usize, "each is held or dropped");
        held.push(host.delayed());
    }
    // 128 MiB, and each datagram counts with more than a hundred bytes of its own.
    assert!((100_000..1_000_000).contains(&held[0]), "{held:?}");
    assert!(held[1] < (1 << 27) / 1_100 && held[2] < (1 << 27) / 60_000, "{held:?}");
    assert!(held[2] > 2_000, "{held:?}");
}
