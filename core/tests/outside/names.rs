//! The resolver in the simulated network, with several name servers.

use retrylab_core::drive::Role;
use retrylab_core::link::Link;
use retrylab_core::machine::{Machine, Timer, Transmit};
use retrylab_core::name::{
    Config, Kind, NameServer, Options, Resolver, ServerEvent, Verdict, Zone,
};
use retrylab_core::random::Direction;
use retrylab_core::sim::{Network, SERVER};
use retrylab_core::time::Instant;
use retrylab_core::trace::{HostId, Record, What};
use std::net::{IpAddr, SocketAddr};

/// The servers of the network, as one host with several addresses: those that are down do not receive.
struct Servers {
    server: NameServer,
    down: Vec<SocketAddr>,
}

impl Machine for Servers {
    type Event = ServerEvent;

    fn handle_datagram(&mut self, now: Instant, to: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        if !self.down.contains(&to) {
            self.server.handle_datagram(now, to, from, bytes);
        }
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        self.server.poll_transmit(now, buf)
    }

    fn poll_event(&mut self) -> Option<ServerEvent> {
        self.server.poll_event()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }
}

fn second() -> SocketAddr {
    "192.0.2.54:53".parse().unwrap()
}

fn third() -> SocketAddr {
    "[2001:db8::53]:53".parse().unwrap()
}

/// Runs a lookup of `name`; returns the resolver, the times of its sends in milliseconds, and the time of the end.
fn lookup(
    name: &str,
    servers: &[SocketAddr],
    down: &[SocketAddr],
    link: Link,
) -> (Resolver, Vec<u64>, Instant) {
    let mut zone = Zone::default();
    zone.add("a.example".parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
    for last in 0..100 {
        zone.add("big.example".parse().unwrap(), [192, 0, 2, last].into()).unwrap();
    }
    let config = Config::new(name.parse().unwrap(), servers[0])
        .with_kinds([Kind::A])
        .with_options(Options::default());
    let config = servers[1..].iter().fold(config, |config, server| config.with_server(*server));
    let server = Servers { server: NameServer::new(zone), down: down.to_vec() };
    let resolver = Resolver::new(config);
    let mut network = Network::new([resolver], server, link, 1, Vec::<Record>::new())
        .with_address(Role::SERVER, second())
        .unwrap()
        .with_address(Role::SERVER, third())
        .unwrap();
    while network.step().is_some() {}
    let resolver = network.clients().next().unwrap().clone();
    let (records, end) = (network.sink(), network.now());
    let sends = records.iter().filter(|record| {
        record.host == HostId::Client
            && matches!(record.what, What::Sent { direction: Direction::Request, .. })
    });
    let times = sends.map(|record| record.at.as_nanos() / 1_000_000).collect();
    (resolver, times, end)
}

/// The default link takes 10 ms each way.
#[test]
fn a_dead_server_costs_its_wait() {
    let (resolver, sends, end) = lookup("a.example", &[SERVER], &[], Link::default());
    assert_eq!(
        (resolver.verdict(), sends, end),
        (Verdict::Found, vec![0], Instant::from_millis(20))
    );

    let servers = [SERVER, second()];
    let (resolver, sends, end) = lookup("a.example", &servers, &[SERVER], Link::default());
    assert_eq!((resolver.verdict(), &sends[..]), (Verdict::Found, &[0, 5_000][..]));
    assert_eq!(resolver.addresses().collect::<Vec<IpAddr>>(), [IpAddr::from([192, 0, 2, 9])]);
    // The resolver's own wait for the second server, 5 s, ends nothing: the network has no more events after it.
    assert!(end >= Instant::from_millis(5_020), "{end}");
}

/// glibc's waits with three servers: 5, 3 and 6 s.
#[test]
fn the_waits_are_those_of_the_rule() {
    let servers = [SERVER, second(), third()];
    let (resolver, sends, _) = lookup("a.example", &servers, &[SERVER, second()], Link::default());
    assert_eq!((resolver.verdict(), &sends[..]), (Verdict::Found, &[0, 5_000, 8_000][..]));
    let (resolver, sends, end) = lookup("a.example", &servers, &servers, Link::default());
    assert_eq!(resolver.verdict(), Verdict::NoReply);
    assert_eq!(sends, [0, 5_000, 8_000, 14_000, 19_000, 22_000]);
    assert_eq!(end, Instant::from_millis(28_000));
}

#[test]
fn a_lost_datagram_is_as_silent_as_a_dead_server() {
    // The first datagram each way is lost: the first query, and the reply to the second one.
    let link = Link::default().with_loss("list 1".parse().unwrap());
    let (resolver, sends, _) = lookup("none.example", &[SERVER, second()], &[], link);
    assert_eq!((resolver.verdict(), &sends[..]), (Verdict::NoSuchName, &[0, 5_000, 10_000][..]));
}

/// This network carries no connections: nothing answers a truncated reply, and the lookup ends by its rule.
#[test]
fn a_truncated_reply_without_tcp_ends_by_the_rule() {
    let (resolver, sends, end) = lookup("big.example", &[SERVER], &[], Link::default());
    assert_eq!((resolver.verdict(), &sends[..]), (Verdict::NoReply, &[0, 5_000][..]));
    assert_eq!(end, Instant::from_millis(10_000));
}
