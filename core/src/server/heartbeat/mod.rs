//! A server that watches heartbeats: it counts those that are missing, late or double, and declares a client dead
//! that has been silent for too long.
//!
//! Sequence numbers show what is missing. A gap is reported when a later heartbeat arrives; if the missing one
//! arrives after all, it is counted as reordered and no longer as lost. What was sent before the first heartbeat
//! that arrives, or after the last one, cannot be known.

#[cfg(test)]
mod tests;

use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::protocol::heartbeat::Heartbeat;
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Maximum number of clients. When there are more, the one that has been silent for the longest time is forgotten,
/// a dead one first.
pub const MAX_CLIENTS: usize = 65_536;

/// Number of heartbeats, the newest included, of which it is known which have arrived, as in the replay window of
/// RFC 4303 section 3.4.3. Older ones that arrive are counted as duplicates.
pub const WINDOW: u32 = 128;

/// What a [`Server`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// Silence after which a client is declared dead.
    pub dead_after: Duration,
}

impl Config {
    /// Declares a client dead after this silence.
    #[must_use]
    pub const fn new(dead_after: Duration) -> Self {
        Self { dead_after }
    }
}

/// What a server reports, each about one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The heartbeat just handled shows that `count` before it have not arrived.
    Missing {
        /// The client.
        peer: SocketAddr,
        /// Number of the heartbeat just handled.
        seq: u32,
        /// Number of heartbeats that are missing.
        count: u32,
    },
    /// The heartbeat just handled was counted as missing: a later one overtook it.
    Reordered {
        /// The client.
        peer: SocketAddr,
        /// Number of the heartbeat just handled.
        seq: u32,
    },
    /// The heartbeat just handled has arrived before, or is too old to know.
    Repeated {
        /// The client.
        peer: SocketAddr,
        /// Number of the heartbeat just handled.
        seq: u32,
    },
    /// A client is declared dead.
    Dead {
        /// The client.
        peer: SocketAddr,
        /// Number of its last heartbeat.
        seq: u32,
        /// Time since its last heartbeat.
        silence: Duration,
    },
    /// The heartbeat just handled is from a client that had been declared dead.
    Alive {
        /// The client.
        peer: SocketAddr,
        /// Number of the heartbeat just handled.
        seq: u32,
    },
    /// The datagram just handled is not a heartbeat.
    Unreadable {
        /// Its sender.
        peer: SocketAddr,
    },
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Missing { count, .. } => Self::Missing { count },
            Event::Reordered { .. } => Self::Reordered,
            Event::Repeated { .. } => Self::Repeated,
            Event::Dead { silence, .. } => Self::Dead { silence },
            Event::Alive { .. } => Self::Alive,
            Event::Unreadable { .. } => Self::from("not a heartbeat, ignored"),
        }
    }
}

/// Counts of one client, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Heartbeats that arrived, each counted once.
    pub received: u64,
    /// Heartbeats that have not arrived, although a later one has.
    pub missing: u64,
    /// Heartbeats that arrived after a later one.
    pub reordered: u64,
    /// Heartbeats that arrived more than once, or too late to know.
    pub repeated: u64,
    /// Times that a client was declared dead.
    pub dead: u64,
}

impl Counts {
    /// Returns the share of heartbeats that are missing; `None` before the first one.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        let sent = self.received + self.missing;
        (sent > 0).then(|| self.missing as f64 / sent as f64)
    }
}

/// One client.
#[derive(Clone, Copy, Debug)]
struct Peer {
    /// When its last heartbeat arrived.
    last: Instant,
    /// The number of the first one that arrived.
    first: u32,
    /// The highest number that arrived.
    newest: u32,
    /// Bit `i` is set if the heartbeat `newest - i` has arrived.
    arrived: u128,
    is_dead: bool,
}

/// The server's machine.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
    counts: Counts,
    peers: BTreeMap<SocketAddr, Peer>,
    /// The clients by the time of their last heartbeat: those alive, and those declared dead.
    alive: BTreeSet<(Instant, SocketAddr)>,
    dead: BTreeSet<(Instant, SocketAddr)>,
    events: VecDeque<Event>,
    /// Time of the last input. Time does not go back.
    now: Instant,
}

impl Server {
    /// Creates a server that knows no client.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            counts: Counts { received: 0, missing: 0, reordered: 0, repeated: 0, dead: 0 },
            peers: BTreeMap::new(),
            alive: BTreeSet::new(),
            dead: BTreeSet::new(),
            events: VecDeque::new(),
            now: Instant::ZERO,
        }
    }

    /// Returns the counts of all clients, those included that were forgotten.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns the number of clients that are alive, and of those that were declared dead and did not return.
    #[must_use]
    pub fn clients(&self) -> (usize, usize) {
        (self.alive.len(), self.dead.len())
    }

    /// Returns when the client that has been silent for the longest time is declared dead.
    fn deadline(&self) -> Option<Instant> {
        let (last, _) = self.alive.first()?;
        Some(last.saturating_add(self.config.dead_after))
    }

    /// Handles heartbeat `seq` of a client that is known.
    fn follow(&mut self, peer: SocketAddr, state: &mut Peer, seq: u32) {
        if state.is_dead {
            self.events.push_back(Event::Alive { peer, seq });
            state.is_dead = false;
            if seq <= state.newest {
                // It has started again and counts from the beginning.
                *state = Peer::new(state.last, seq);
                self.counts.received += 1;
                return;
            }
        }
        if let Some(count) = seq.checked_sub(state.newest).and_then(|ahead| ahead.checked_sub(1)) {
            state.arrived = state.arrived.checked_shl(count.saturating_add(1)).unwrap_or(0) | 1;
            state.newest = seq;
            self.counts.received += 1;
            if count > 0 {
                self.counts.missing += u64::from(count);
                self.events.push_back(Event::Missing { peer, seq, count });
            }
            return;
        }
        let bit = 1u128.checked_shl(state.newest - seq).unwrap_or(0);
        if bit == 0 || state.arrived & bit != 0 {
            self.counts.repeated += 1;
            self.events.push_back(Event::Repeated { peer, seq });
            return;
        }
        state.arrived |= bit;
        self.counts.received += 1;
        self.counts.reordered += 1;
        // Numbers below the first one were never counted as missing.
        self.counts.missing -= u64::from(seq > state.first);
        self.events.push_back(Event::Reordered { peer, seq });
    }

    /// Makes room for another client.
    fn make_room(&mut self) {
        if self.peers.len() >= MAX_CLIENTS
            && let Some((_, peer)) = self.dead.pop_first().or_else(|| self.alive.pop_first())
        {
            self.peers.remove(&peer);
        }
    }
}

impl Peer {
    const fn new(last: Instant, seq: u32) -> Self {
        Self { last, first: seq, newest: seq, arrived: 1, is_dead: false }
    }
}

impl Machine for Server {
    type Event = Event;

    fn handle_datagram(&mut self, now: Instant, _: SocketAddr, peer: SocketAddr, bytes: &[u8]) {
        self.now = self.now.max(now);
        let Some(Heartbeat { seq, .. }) = Heartbeat::parse(bytes) else {
            return self.events.push_back(Event::Unreadable { peer });
        };
        match self.peers.get(&peer).copied() {
            Some(mut state) => {
                let list = if state.is_dead { &mut self.dead } else { &mut self.alive };
                list.remove(&(state.last, peer));
                state.last = self.now;
                self.follow(peer, &mut state, seq);
                self.peers.insert(peer, state);
            }
            None => {
                self.make_room();
                self.counts.received += 1;
                self.peers.insert(peer, Peer::new(self.now, seq));
            }
        }
        self.alive.insert((self.now, peer));
    }

    fn handle_timeout(&mut self, now: Instant) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            let Some((last, peer)) = self.alive.pop_first() else { return };
            self.dead.insert((last, peer));
            self.counts.dead += 1;
            if let Some(state) = self.peers.get_mut(&peer) {
                state.is_dead = true;
                let silence = now.saturating_since(last);
                self.events.push_back(Event::Dead { peer, seq: state.newest, silence });
            }
        }
        self.now = self.now.max(now);
    }

    fn poll_transmit(&mut self, _now: Instant, _buf: &mut Vec<u8>) -> Option<Transmit> {
        None
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn subject(&self, event: &Event) -> Subject {
        let (peer, label) = match *event {
            Event::Missing { peer, seq, .. }
            | Event::Reordered { peer, seq }
            | Event::Repeated { peer, seq }
            | Event::Dead { peer, seq, .. }
            | Event::Alive { peer, seq } => (peer, Label::new(seq, 1)),
            Event::Unreadable { peer } => (peer, None),
        };
        Subject::of(peer, label)
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        Some((Timer::Other(&"silence"), self.deadline()?))
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        Label::new(Heartbeat::parse(payload)?.seq, 1)
    }
}
