//! The client of an open loop: exchanges begin when they arrive, however many are still open.
//!
//! Each open exchange is a [`Client`] of its own; the brakes (budget, breaker, measured round trip) are
//! lent to the one that acts, so that all share them. Replies have to say what they answer:
//! [`Config::token`] should be on, else every reply goes to the newest exchange.

use super::closed::subject;
use super::{Client, Config, Event};
use crate::machine::{Machine, Subject, Timer, Transmit};
use crate::policy::{Shared, Stop};
use crate::protocol::{Token, parse_failure};
use crate::time::{Duration, Instant};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BinaryHeap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::net::SocketAddr;

/// The most exchanges that one client has open at once; one that arrives beyond ends at once.
pub const MOST_OPEN: usize = 1 << 20;

/// So many deadlines that no longer hold are no matter.
const SPARE_DEADLINES: usize = 64;

/// The machine of a client whose exchanges arrive by [`Config::arrivals`].
#[derive(Clone, Debug)]
pub struct OpenClient {
    /// What each exchange is told: one at a time, begun by us.
    each: Arc<Config>,
    config: Arc<Config>,
    flow: u32,
    /// Exchanges that have arrived.
    arrived: u32,
    next: Option<Instant>,
    slots: Vec<Client>,
    idle: Vec<u32>,
    /// The slot of each open exchange.
    open: BTreeMap<u32, u32>,
    /// When a slot wants to be woken; entries whose slot has changed its mind are passed over.
    deadlines: BinaryHeap<Reverse<(Instant, u32)>>,
    /// Slots that may want to send.
    sending: VecDeque<u32>,
    events: VecDeque<Event>,
    shared: Option<Box<Shared>>,
}

impl OpenClient {
    /// Client `flow`, from 1. Without [`Config::arrivals`] nothing ever arrives.
    #[must_use]
    pub fn numbered(config: Arc<Config>, flow: u32) -> Self {
        let each = Arc::new(Config { exchanges: 0, think: None, ..(*config).clone() });
        let mut shared = None;
        Client::numbered(Arc::clone(&each), flow).pacer.swap_shared(&mut shared);
        let mut client = Self {
            each,
            config,
            flow,
            arrived: 0,
            next: None,
            slots: Vec::new(),
            idle: Vec::new(),
            open: BTreeMap::new(),
            deadlines: BinaryHeap::new(),
            sending: VecDeque::new(),
            events: VecDeque::new(),
            shared,
        };
        client.next = client.arrival_after(Instant::ZERO);
        client
    }

    /// Exchanges that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    fn arrival_after(&self, before: Instant) -> Option<Instant> {
        if self.arrived >= self.config.exchanges {
            return None;
        }
        let arrivals = self.config.arrivals.as_ref()?;
        let next = arrivals.next(self.config.seed, self.flow, self.arrived + 1, before)?;
        let over = |end: Duration| next >= Instant::ZERO.saturating_add(end);
        (!self.config.duration.is_some_and(over)).then_some(next)
    }

    fn arrive(&mut self, at: Instant) {
        self.arrived += 1;
        self.next = self.arrival_after(at);
        let exchange = self.arrived;
        if self.open.len() >= MOST_OPEN {
            let (elapsed, why) = (Duration::ZERO, Stop::TooMany);
            return self.events.push_back(Event::GaveUp { exchange, sends: 0, elapsed, why });
        }
        let slot = self.idle.pop().unwrap_or_else(|| {
            let mut client = Client::numbered(Arc::clone(&self.each), self.flow);
            client.pacer.swap_shared(&mut None);
            self.slots.push(client);
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize].open_exchange(exchange);
        self.open.insert(exchange, slot);
        self.sending.push_back(slot);
    }

    /// Lets `act` act on a slot that has the brakes in hand.
    fn with<T>(&mut self, slot: u32, act: impl FnOnce(&mut Client) -> T) -> T {
        let client = &mut self.slots[slot as usize];
        client.pacer.swap_shared(&mut self.shared);
        let result = act(client);
        client.pacer.swap_shared(&mut self.shared);
        result
    }

    /// Takes what a slot has to tell.
    fn hear(&mut self, slot: u32) {
        while let Some(event) = self.slots[slot as usize].poll_event() {
            if let (true, Some(exchange)) = (event.ends(), event.exchange()) {
                self.open.remove(&exchange);
                self.idle.push(slot);
            }
            self.events.push_back(event);
        }
    }

    /// Lets `act` act on a slot, which may want to send then.
    fn input(&mut self, slot: u32, act: impl FnOnce(&mut Client)) {
        self.with(slot, act);
        self.hear(slot);
        self.sending.push_back(slot);
    }

    /// Drops entries that no longer hold: from the head of the deadlines, and all of them when they
    /// are more than the others. Who is answered long before a deadline leaves one behind.
    fn trim(&mut self) {
        if self.deadlines.len() > 2 * self.slots.len() + SPARE_DEADLINES {
            let deadline = |slot: &u32| self.slots[*slot as usize].timer();
            let held = self.open.values().filter_map(|slot| Some((deadline(slot)?.1, *slot)));
            self.deadlines = held.map(Reverse).collect();
        }
        while let Some(Reverse((at, slot))) = self.deadlines.peek() {
            let holds = self.slots[*slot as usize].timer().is_some_and(|(_, d)| d == *at);
            if holds {
                break;
            }
            self.deadlines.pop();
        }
    }

    /// The slot that a datagram is for.
    fn slot_of(&self, bytes: &[u8]) -> Option<u32> {
        if !self.config.token {
            return self.open.last_key_value().map(|(_, slot)| *slot);
        }
        let bytes = parse_failure(bytes).map_or(bytes, |(_, request)| request);
        let Token(label) = Token::parse(bytes)?;
        self.open.get(&label.exchange.get()).copied()
    }
}

impl Machine for OpenClient {
    type Event = Event;

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        if from != self.config.peer {
            if !self.config.connected {
                self.events.push_back(Event::Stranger);
            }
            return;
        }
        let Some(slot) = self.slot_of(bytes) else {
            let token = if self.config.token { Token::parse(bytes) } else { None };
            return self.events.push_back(Event::LateReply { token });
        };
        self.input(slot, |client| client.handle_datagram(now, local, from, bytes));
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(at) = self.next.filter(|at| *at <= now) {
            self.arrive(at);
        }
        while let Some(Reverse((at, slot))) = self.deadlines.peek().copied() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            self.input(slot, |client| client.handle_timeout(now));
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        // The network does not say which copy was refused: the newest one.
        if let Some(slot) = self.open.last_key_value().map(|(_, slot)| *slot) {
            self.input(slot, |client| client.handle_refused(now, peer));
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        while let Some(slot) = self.sending.front().copied() {
            let transmit = self.with(slot, |client| client.poll_transmit(now, buf));
            if transmit.is_some() {
                return transmit;
            }
            self.sending.pop_front();
            self.hear(slot);
            if let Some((_, deadline)) = self.slots[slot as usize].timer() {
                self.deadlines.push(Reverse((deadline, slot)));
            }
        }
        self.trim();
        None
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn subject(&self, event: &Event) -> Subject {
        subject(event)
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let arrival = self.next.map(|at| (Timer::Arrival, at));
        let Some(Reverse((at, slot))) = self.deadlines.peek() else { return arrival };
        match arrival {
            Some((_, arrives)) if arrives <= *at => arrival,
            _ => self.slots[*slot as usize].timer(),
        }
    }

    fn is_finished(&self) -> bool {
        self.next.is_none() && self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    /// The address at which the machine under test receives.
    const LOCAL: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 40_000);

    #[test]
    fn answered_exchanges_leave_nothing_behind() {
        let peer = "192.0.2.1:1060".parse().unwrap();
        let waits = Policy::textbook().to_builder().initial_timeout(Duration::from_secs(3_600));
        let config = Arc::new(Config {
            token: true,
            exchanges: 10_000,
            arrivals: Some("constant 1000".parse().unwrap()),
            policy: waits.give_up_above(None).max_sends(Some(2)).build().unwrap(),
            ..Arc::unwrap_or_clone(Config::textbook(peer, b"hello"))
        });
        let mut client = OpenClient::numbered(config, 1);
        let (mut buf, mut answered) = (Vec::new(), 0);
        while let Some((Timer::Arrival, at)) = client.poll_timeout() {
            client.handle_timeout(at);
            assert!(client.poll_transmit(at, &mut buf).is_some());
            assert!(client.poll_transmit(at, &mut Vec::new()).is_none());
            client.handle_datagram(at, LOCAL, peer, &buf);
            buf.clear();
            assert!(client.poll_transmit(at, &mut buf).is_none());
            while let Some(event) = client.poll_event() {
                answered += u32::from(matches!(event, Event::Answered { .. }));
            }
            assert!(client.deadlines.len() <= SPARE_DEADLINES + 3, "{}", client.deadlines.len());
        }
        assert_eq!((answered, client.is_finished()), (10_000, true));
    }
}
