//! A host with several addresses over real sockets.

use retrylab::clock::Clock;
use retrylab::udp::{self, Ended, Observer, Socket, Trouble};
use retrylab_core::drive::NOT_ITS_ADDRESS;
use retrylab_core::machine::{Machine, Timer, Transmit};
use retrylab_core::server::echo;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Record, What};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Asks every peer's address from each own one. An agent without peers replies from where it was asked.
struct Agent {
    sending: VecDeque<(SocketAddr, SocketAddr)>,
    asks: bool,
    expected: usize,
    /// Local address and sender of each datagram.
    received: Vec<(SocketAddr, SocketAddr)>,
}

impl Agent {
    fn new(own: &[SocketAddr], peers: &[SocketAddr]) -> Self {
        let sending: VecDeque<_> =
            own.iter().flat_map(|own| peers.iter().map(|peer| (*own, *peer))).collect();
        let (asks, expected) = (!peers.is_empty(), sending.len());
        Self { sending, asks, expected, received: Vec::new() }
    }
}

impl Machine for Agent {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, local: SocketAddr, from: SocketAddr, _: &[u8]) {
        self.received.push((local, from));
        if !self.asks {
            self.sending.push_back((local, from));
        }
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_transmit(&mut self, _: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (own, peer) = self.sending.pop_front()?;
        buf.extend_from_slice(b"hello");
        Some(Transmit::to(peer).sent_from(own))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }

    fn is_finished(&self) -> bool {
        self.asks && self.received.len() >= self.expected
    }
}

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded =
        runtime.block_on(async { tokio::time::timeout(crate::common::PATIENCE, test).await });
    bounded.expect("the driver returns")
}

async fn loopback(addresses: usize) -> (Socket, Vec<SocketAddr>) {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mut socket = Socket::serving(any).await.unwrap();
    for _ in 1..addresses {
        socket = socket.also_at(any).await.unwrap();
    }
    let own = socket.local_addrs().unwrap();
    assert_eq!(own.len(), addresses);
    (socket, own)
}

#[test]
fn datagrams_leave_from_and_arrive_at_the_addresses_that_the_machines_name() {
    block_on(async {
        let ((ours, own), (theirs, peers)) = (loopback(2).await, loopback(3).await);
        let (mut agent, mut replier) = (Agent::new(&own, &peers), Agent::new(&peers, &[]));
        let pairs: Vec<_> = agent.sending.iter().copied().collect();
        let clock = Clock::start();
        let ended = tokio::select! {
            ended = udp::drive(&mut agent, &ours, clock, (), ()) => ended.unwrap(),
            ended = udp::drive(&mut replier, &theirs, clock, (), ()) => ended.unwrap(),
        };
        assert_eq!(ended, Ended::Finished);
        // Sockets are read in turn, so that the order is open.
        let sorted = |mut pairs: Vec<_>| {
            pairs.sort();
            pairs
        };
        let asked = pairs.iter().map(|(own, peer)| (*peer, *own)).collect();
        assert_eq!(sorted(replier.received), sorted(asked));
        assert_eq!(sorted(agent.received), sorted(pairs));
    });
}

/// Stops at the first failure and keeps it.
struct StopAtTrouble(Option<(SocketAddr, io::ErrorKind, String)>);

impl Observer<&'static str> for StopAtTrouble {
    fn trouble(&mut self, _: Instant, trouble: &Trouble) -> ControlFlow<()> {
        if let Trouble::Send { to, error } = trouble {
            self.0 = Some((*to, error.kind(), error.to_string()));
        }
        ControlFlow::Break(())
    }
}

#[test]
fn a_source_address_of_another_host_is_an_error_and_nothing_is_sent() {
    block_on(async {
        let (socket, _) = loopback(2).await;
        let (other, address) = crate::common::socket();
        let address = address.parse().unwrap();
        let mut agent = Agent::new(&["203.0.113.9:9".parse().unwrap()], &[address]);
        let (mut records, mut trouble) = (Vec::<Record>::new(), StopAtTrouble(None));
        let ended =
            udp::drive(&mut agent, &socket, Clock::start(), &mut records, &mut trouble).await;
        assert_eq!(ended.unwrap(), Ended::Stopped);
        let (to, kind, words) = trouble.0.unwrap();
        assert_eq!((to, kind), (address, io::ErrorKind::AddrNotAvailable));
        assert_eq!(words, NOT_ITS_ADDRESS);
        let what: Vec<What> = records.iter().map(|record| record.what).collect();
        assert_eq!(what, [What::Note { words: NOT_ITS_ADDRESS }]);
        other.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert!(crate::common::retry(|| other.recv(&mut [0; 8])).is_err(), "nothing was sent");
    });
}

/// A server on several addresses answers from the one that was asked.
#[test]
fn the_echo_server_answers_from_the_address_that_was_asked() {
    block_on(async {
        let ((ours, own), (theirs, peers)) = (loopback(1).await, loopback(3).await);
        let mut agent = Agent::new(&own, &peers);
        let mut server = echo::Server::new(echo::Config::default(), 1);
        let clock = Clock::start();
        let ended = tokio::select! {
            ended = udp::drive(&mut agent, &ours, clock, (), ()) => ended.unwrap(),
            ended = udp::drive(&mut server, &theirs, clock, (), ()) => ended.unwrap(),
        };
        assert_eq!(ended, Ended::Finished);
        let mut answered: Vec<SocketAddr> = agent.received.iter().map(|(_, from)| *from).collect();
        let mut asked = peers;
        asked.sort();
        answered.sort();
        assert_eq!(answered, asked);
    });
}
