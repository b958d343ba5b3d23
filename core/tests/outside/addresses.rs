//! Hosts with several addresses in the simulated network.

use retrylab_core::drive::{NOT_ITS_ADDRESS, Role};
use retrylab_core::link::Link;
use retrylab_core::machine::{Label, Machine, Timer, Transmit};
use retrylab_core::random::Probability;
use retrylab_core::sim::{AddressError, Network, SERVER, client_address};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Cause, Direction, HostId, Record, What};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroU32;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// An agent that probes like ICE (RFC 8445): every pair of an own address and a peer's address, one each 50 ms.
/// It notes by which pair a reply came.
struct Agent {
    pairs: Vec<(SocketAddr, SocketAddr)>,
    sent: usize,
    next: Option<Instant>,
    working: Vec<(SocketAddr, SocketAddr)>,
    event: Option<&'static str>,
}

impl Agent {
    fn new(own: &[SocketAddr], peers: &[SocketAddr]) -> Self {
        let pairs = own.iter().flat_map(|own| peers.iter().map(|peer| (*own, *peer))).collect();
        Self { pairs, sent: 0, next: Some(Instant::ZERO), working: Vec::new(), event: None }
    }
}

impl Machine for Agent {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        // The reflector says what it saw: the pair's own side of it.
        assert_eq!(bytes, format!("{local} {from}").as_bytes());
        self.working.push((local, from));
        self.event = Some("the pair works");
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.next.is_some_and(|at| at <= now) {
            self.next = None;
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.next.is_some() {
            return None;
        }
        let (own, peer) = *self.pairs.get(self.sent)?;
        self.sent += 1;
        self.next =
            now.checked_add(Duration::from_millis(50)).filter(|_| self.sent < self.pairs.len());
        buf.extend_from_slice(b"probe");
        let label = Label::new(1, self.sent as u32);
        Some(Transmit::to(peer).sent_from(own).labelled(label))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        self.event.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.next.map(|at| (Timer::Other(&"probe"), at))
    }
}

/// Replies from the address at which it was reached, with both addresses.
#[derive(Default)]
struct Reflector(VecDeque<(SocketAddr, SocketAddr)>);

impl Machine for Reflector {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, local: SocketAddr, from: SocketAddr, _: &[u8]) {
        self.0.push_back((local, from));
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_transmit(&mut self, _: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (local, from) = self.0.pop_front()?;
        buf.extend_from_slice(format!("{from} {local}").as_bytes());
        Some(Transmit::to(from).sent_from(local))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }
}

type Agents = Network<Agent, Reflector, Vec<Record>>;

/// Two agents with two addresses each, and a reflector with two.
fn agents(link: Link) -> (Agents, Vec<Vec<SocketAddr>>) {
    let own: Vec<Vec<SocketAddr>> = (1..=2)
        .map(|flow| vec![client_address(flow), address(&format!("198.51.100.{flow}:5000"))])
        .collect();
    let second = address("[2001:db8::7]:1060");
    let clients = own.iter().map(|own| Agent::new(own, &[SERVER, second]));
    let network = Network::new(clients, Reflector::default(), link, 1, Vec::new());
    let network = network.with_address(Role::SERVER, second).unwrap();
    let network = network.with_address(Role::Client(1), own[0][1]).unwrap();
    (network.with_address(Role::Client(2), own[1][1]).unwrap(), own)
}

#[test]
fn an_agent_probes_from_both_of_its_addresses() {
    let (mut network, _) = agents(Link::default());
    while network.step().is_some() {}
    for client in network.clients() {
        assert_eq!(client.pairs.len(), 4);
        assert_eq!(client.working, client.pairs, "each pair, in order");
    }
    let line = |record: &Record| {
        let at = record.at.as_nanos() / 1_000_000;
        let (host, packet) = (record.host.name(), record.packet.map_or(0, NonZeroU32::get));
        let send = record.label.map_or(0, |label| label.send.get());
        format!("{at} {host} {} packet {packet} send {send}", record.what.name())
    };
    let of_second = |record: &&Record| record.flow == NonZeroU32::new(2);
    let records: Vec<String> = network.sink().iter().filter(of_second).map(line).collect();
    let mut expected = vec!["0 client timer_armed packet 0 send 0".to_string()];
    for i in 1..=4 {
        let start = (i - 1) * 50;
        let before = i - 1;
        expected.push(format!("{start} client timer_fired packet 0 send {before}"));
        expected.push(format!("{start} client sent packet {i} send {i}"));
        if i < 4 {
            expected.push(format!("{start} client timer_armed packet 0 send {i}"));
        }
        expected.extend([
            format!("{} server delivered packet {i} send {i}", start + 10),
            format!("{} server sent packet {i} send {i}", start + 10),
            format!("{} client delivered packet {i} send {i}", start + 20),
            format!("{} client note packet {i} send {i}", start + 20),
        ]);
    }
    assert_eq!(records, expected);
}

/// The link treats a datagram by its flow and number, whatever its addresses.
#[test]
fn the_link_drops_and_duplicates_between_all_addresses() {
    let link = Link::default().with_duplicate(Probability::ALWAYS);
    let (mut network, _) = agents(link);
    while network.step().is_some() {}
    // A probe arrives twice, and each of its two replies arrives twice.
    assert!(network.clients().all(|client| client.working.len() == 16));
    let link = Link::default().with_loss("0.5".parse().unwrap());
    let (mut network, _) = agents(link);
    while network.step().is_some() {}
    let lost = network.sink().iter().filter(|record| record.host == HostId::Link).count();
    let worked: usize = network.clients().map(|client| client.working.len()).sum();
    assert_eq!(lost + worked, 8, "each probe or its reply is lost, or the pair works");
    assert!(lost > 0 && worked > 0);
}

#[test]
fn a_source_address_of_another_host_is_noted_and_nothing_is_sent() {
    let stranger = address("203.0.113.9:9");
    // The first is the other client's, the second is the server's, the third is nobody's.
    let own = [client_address(2), SERVER, stranger];
    let clients = vec![Agent::new(&own, &[SERVER]), Agent::new(&[], &[])];
    let mut network =
        Network::new(clients, Reflector::default(), Link::default(), 1, Vec::<Record>::new());
    while network.step().is_some() {}
    let count = |wanted: What| network.sink().iter().filter(|r| r.what == wanted).count();
    assert_eq!(count(What::Note { words: NOT_ITS_ADDRESS }), 3);
    let sent = What::Sent { direction: Direction::Request, bytes: 5 };
    assert_eq!((count(sent), network.in_flight()), (0, 0));
}

#[test]
fn a_destination_that_no_host_owns_loses_the_datagram() {
    let (nowhere, own) = (address("203.0.113.9:9"), address("198.51.100.1:5000"));
    let clients =
        vec![Agent::new(&[own], &[nowhere, client_address(2), SERVER]), Agent::new(&[], &[])];
    let network =
        Network::new(clients, Reflector::default(), Link::default(), 1, Vec::<Record>::new());
    let mut network = network.with_address(Role::Client(1), own).unwrap();
    while network.step().is_some() {}
    let cause = Cause::NobodyThere;
    let dropped = What::Dropped { direction: Direction::Request, cause };
    assert_eq!(network.sink().iter().filter(|record| record.what == dropped).count(), 2);
    assert_eq!(network.clients().next().unwrap().working, [(own, SERVER)]);
}

#[test]
fn an_address_has_one_owner() {
    let network = || {
        let clients = vec![Agent::new(&[], &[])];
        Network::new(clients, Reflector::default(), Link::default(), 1, ())
    };
    let own = address("198.51.100.1:5000");
    let network_with_own = network().with_address(Role::Client(1), own).unwrap();
    let refused = |network: Network<_, _, ()>, role, address| {
        network.with_address(role, address).map(|_: Network<Agent, Reflector, ()>| ()).unwrap_err()
    };
    assert_eq!(refused(network_with_own, Role::SERVER, own), AddressError::Taken(own));
    for taken in [SERVER, client_address(1), client_address(77)] {
        let error = refused(network(), Role::Client(1), taken);
        assert_eq!(error, AddressError::Taken(taken));
        assert!(error.to_string().contains(&taken.to_string()));
    }
    for flow in [0, 2] {
        let error = refused(network(), Role::Client(flow), own);
        assert_eq!(error, AddressError::NoSuchClient { flow, clients: 1 });
    }
}
