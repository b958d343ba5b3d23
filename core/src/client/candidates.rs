//! A client of a server that has several addresses.

use super::{Client, Event};
use crate::heap::{Held as _, OVERHEAD};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::protocol::{Codec, Echo};
use crate::time::Instant;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Machine of a [`Client`] whose server has several addresses, one of which may be reachable.
///
/// Each further send of an exchange goes to the next address. If the network reports that an address cannot be
/// reached, the last send is repeated at once to the next one: the schedule of the policy stays as it is. The
/// client is notified of a refusal when no address is left. A reply counts from every address that was asked, and the
/// next exchange begins with the address that replied.
///
/// ```
/// use retrylab_core::client::{Candidates, Client, Config};
/// use retrylab_core::machine::Machine;
/// use retrylab_core::time::Instant;
///
/// let [first, second] = ["[2001:db8::1]:1060", "192.0.2.1:1060"].map(|text| text.parse().unwrap());
/// let client = Client::new(Config::textbook(first, b"hello"));
/// let mut client = Candidates::new(client, [second]);
/// let (now, mut buf) = (Instant::ZERO, Vec::new());
/// client.handle_start(now);
/// assert_eq!(client.poll_transmit(now, &mut buf).unwrap().to, first);
/// client.handle_refused(now, first);
/// buf.clear();
/// assert_eq!(client.poll_transmit(now, &mut buf).unwrap().to, second);
/// assert_eq!(buf, b"hello");
/// ```
#[derive(Clone, Debug)]
pub struct Candidates<C = Echo> {
    client: Client<C>,
    /// The client's own address of the server first. There is always one.
    peers: Vec<Candidate>,
    /// Which one was asked last.
    current: usize,
    /// Whether the exchange in progress has received anything.
    replied: bool,
    /// The last send and its bytes.
    last: Option<(Label, Vec<u8>)>,
    /// The last send goes to the current address as well.
    again: bool,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: SocketAddr,
    /// Whether any exchange has asked it.
    asked: bool,
    /// Whether it cannot be reached, as far as the exchange in progress knows.
    refused: bool,
}

impl<C: Codec> Candidates<C> {
    /// Creates the machine of `client`, whose server has the addresses `others` too. It tries its own address first,
    /// then the others in their order.
    #[must_use]
    pub fn new(client: Client<C>, others: impl IntoIterator<Item = SocketAddr>) -> Self {
        let first = client.config().peer;
        let others = others.into_iter().filter(|address| *address != first);
        let peers = [first].into_iter().chain(others);
        let candidate = |address| Candidate { address, asked: false, refused: false };
        let peers = peers.map(candidate).collect();
        Self { client, peers, current: 0, replied: false, last: None, again: false }
    }

    /// Returns the client.
    #[must_use]
    pub const fn client(&self) -> &Client<C> {
        &self.client
    }

    /// Returns an estimate of the memory in bytes that is not in the machine itself. It grows with the longest request.
    #[must_use]
    pub fn memory(&self) -> usize {
        let last = self.last.as_ref().map_or(0, |(_, bytes)| bytes.capacity() + OVERHEAD);
        self.client.memory() + self.peers.held() + OVERHEAD + last
    }

    /// Returns the address that was asked last, and that replied if any did.
    #[must_use]
    pub fn current(&self) -> SocketAddr {
        self.peers[self.current].address
    }

    /// Moves on to the next address that is not refused, if there is another one.
    fn advance(&mut self) {
        let count = self.peers.len();
        let next = (1..count).map(|step| (self.current + step) % count);
        self.current = next.into_iter().find(|at| !self.peers[*at].refused).unwrap_or(self.current);
    }

    /// Selects the address for the send `label`.
    fn select(&mut self, label: Label) {
        let exchange = self.last.as_ref().map(|(last, _)| last.exchange);
        if exchange.is_none_or(|exchange| exchange == label.exchange) {
            if exchange.is_some() {
                self.advance();
            }
            return;
        }
        // An address may be reachable again.
        self.peers.iter_mut().for_each(|peer| peer.refused = false);
        if !self.replied {
            self.advance();
        }
        self.replied = false;
    }

    /// Returns the last send if the client waits for its reply.
    fn awaited(&mut self) -> Option<Label> {
        match self.client.poll_timeout()? {
            (Timer::Resend | Timer::Timeout | Timer::GiveUp, _) => {
                self.client.timer_subject().label
            }
            _ => None,
        }
    }

    /// Returns whether the last send is still to be repeated.
    fn is_repeating(&mut self) -> bool {
        self.again && self.last.as_ref().map(|(label, _)| *label) == self.awaited()
    }
}

impl<C: Codec> Machine for Candidates<C> {
    type Event = Event;

    fn handle_start(&mut self, now: Instant) {
        self.client.handle_start(now);
    }

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        let known = self.peers.iter().position(|peer| peer.asked && peer.address == from);
        let Some(at) = known else {
            return self.client.handle_datagram(now, local, from, bytes);
        };
        (self.current, self.replied, self.again) = (at, true, false);
        let server = self.client.config().peer;
        self.client.handle_datagram(now, local, server, bytes);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.client.handle_timeout(now);
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let Some(at) = self.peers.iter().position(|own| own.asked && own.address == peer) else {
            return;
        };
        self.peers[at].refused = true;
        if self.peers.iter().all(|peer| peer.refused) {
            let server = self.client.config().peer;
            return self.client.handle_refused(now, server);
        }
        if at == self.current {
            self.advance();
            self.again = true;
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let label = if self.is_repeating() {
            let (label, bytes) = self.last.as_ref()?;
            buf.extend_from_slice(bytes);
            Some(*label)
        } else {
            let label = self.client.poll_transmit(now, buf)?.label;
            if let Some(label) = label {
                self.select(label);
                self.last = Some((label, buf.clone()));
            }
            label
        };
        self.again = false;
        let peer = &mut self.peers[self.current];
        peer.asked = true;
        Some(Transmit::to(peer.address).labelled(label))
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.client.poll_event()
    }

    fn subject(&self, event: &Event) -> Subject {
        self.client.subject(event)
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.client.poll_timeout()
    }

    fn timer_subject(&self) -> Subject {
        self.client.timer_subject()
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.client.label_of(payload)
    }

    fn is_finished(&self) -> bool {
        self.client.is_finished()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::machine::LOCAL;
    use crate::policy::Policy;
    use alloc::vec;

    fn address(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 1060))
    }

    fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    fn candidates(count: u8, exchanges: u32) -> Candidates {
        let codec = Echo::new(b"hello").with_token(true);
        let config = Config::new(address(1), codec).exchanges(exchanges).policy(Policy::textbook());
        Candidates::new(Client::new(config), (2..=count).map(address))
    }

    /// Returns the last byte of each address asked at `now`, and what was sent.
    fn asked(client: &mut Candidates, now: Instant) -> Vec<(u8, Vec<u8>)> {
        let mut sends = Vec::new();
        let mut buf = Vec::new();
        while let Some(transmit) = client.poll_transmit(now, &mut buf) {
            let SocketAddr::V4(to) = transmit.to else { unreachable!("all addresses are IPv4") };
            sends.push((to.ip().octets()[3], core::mem::take(&mut buf)));
        }
        sends
    }

    fn sent(to: u8, bytes: &str) -> Vec<(u8, Vec<u8>)> {
        vec![(to, bytes.as_bytes().to_vec())]
    }

    /// Silence: the sends of the policy go around, at its times.
    #[test]
    fn each_send_goes_to_the_next_address() {
        let mut client = candidates(3, 1);
        for (time, to, bytes) in [
            (0, 1, "#1.1 hello"),
            (100, 2, "#1.2 hello"),
            (300, 3, "#1.3 hello"),
            (700, 1, "#1.4 hello"),
        ] {
            client.handle_timeout(at(time));
            assert_eq!(asked(&mut client, at(time)), sent(to, bytes));
        }
        // A reply of an address that was asked earlier counts.
        client.handle_datagram(at(701), LOCAL, address(2), b"#1.2 hello");
        let event = client.poll_event();
        assert!(
            matches!(event, Some(Event::Answered { answered_send: 2, sends: 4, .. })),
            "{event:?}"
        );
        assert_eq!((client.current(), client.is_finished()), (address(2), true));
    }

    #[test]
    fn a_refused_address_is_followed_by_the_next_one_at_once() {
        let mut client = candidates(3, 2);
        assert_eq!(asked(&mut client, at(0)), sent(1, "#1.1 hello"));
        client.handle_refused(at(1), address(1));
        assert_eq!(asked(&mut client, at(1)), sent(2, "#1.1 hello"));
        assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(100))), "the schedule stays");
        client.handle_refused(at(2), address(1));
        assert_eq!(asked(&mut client, at(2)), [], "known already");
        client.handle_refused(at(3), address(3));
        assert_eq!(asked(&mut client, at(3)), [], "not asked");
        client.handle_timeout(at(100));
        assert_eq!(asked(&mut client, at(100)), sent(3, "#1.2 hello"));
        client.handle_timeout(at(300));
        assert_eq!(asked(&mut client, at(300)), sent(2, "#1.3 hello"), "the first one is left out");
        // A refusal of an address that is not the last one asked costs nothing.
        client.handle_refused(at(301), address(3));
        assert_eq!(asked(&mut client, at(301)), []);
        client.handle_datagram(at(302), LOCAL, address(2), b"#1.3 hello");
        assert!(matches!(client.poll_event(), Some(Event::Answered { .. })));
        assert_eq!(
            asked(&mut client, at(302)),
            sent(2, "#2.1 hello"),
            "it begins where it was answered"
        );
    }

    #[test]
    fn an_exchange_is_refused_when_no_address_is_left() {
        let mut client = candidates(2, 2);
        let _ = asked(&mut client, at(0));
        client.handle_refused(at(1), address(1));
        assert_eq!(asked(&mut client, at(1)), sent(2, "#1.1 hello"));
        assert_eq!(client.poll_event(), None);
        client.handle_refused(at(2), address(2));
        assert!(matches!(client.poll_event(), Some(Event::Refused { exchange: 1, sends: 1, .. })));
        // The next exchange tries all of them again.
        assert_eq!(asked(&mut client, at(2)), sent(1, "#2.1 hello"));
        client.handle_refused(at(3), address(1));
        assert_eq!(asked(&mut client, at(3)), sent(2, "#2.1 hello"));
    }

    #[test]
    fn only_an_address_that_was_asked_may_answer() {
        let mut client = candidates(2, 1);
        let _ = asked(&mut client, at(0));
        client.handle_datagram(at(1), LOCAL, address(2), b"#1.1 hello");
        assert_eq!(client.poll_event(), None);
        client.handle_datagram(at(1), LOCAL, address(1), b"#1.1 hello");
        assert!(matches!(client.poll_event(), Some(Event::Answered { .. })));
        // A refusal that comes after the end repeats nothing.
        client.handle_refused(at(2), address(1));
        assert_eq!(asked(&mut client, at(2)), []);
    }
}
