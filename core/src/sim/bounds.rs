//! Every run is bounded, and says what ended it.

use super::ScenarioNetwork;
use crate::time::{Duration, Instant};
use crate::trace::Sink;
use core::fmt;

/// What may end a run before its own end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Events handled: starts, arrivals and timers.
    pub events: u64,
    /// Simulated time.
    pub time: Duration,
    /// Memory in bytes, as [`Network::memory`](super::Network) estimates it.
    pub memory: u64,
}

/// Ten thousand million events, ten years, four gibibytes.
impl Default for Bounds {
    fn default() -> Self {
        Self {
            events: 10_000_000_000,
            time: Duration::from_secs(10 * 365 * 24 * 3_600),
            memory: 4 << 30,
        }
    }
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndedBy {
    /// Nothing was left to happen.
    Finished,
    /// [`Bounds::events`].
    Events,
    /// [`Bounds::time`].
    Time,
    /// [`Bounds::memory`].
    Memory,
}

impl EndedBy {
    /// Its name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Events => "event_limit",
            Self::Time => "time_limit",
            Self::Memory => "memory_limit",
        }
    }
}

impl fmt::Display for EndedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "itself: nothing was left to happen",
            Self::Events => "the limit of events",
            Self::Time => "the limit of simulated time",
            Self::Memory => "the limit of memory",
        })
    }
}

/// A run on its way to its end or to the first of its bounds.
#[derive(Debug)]
pub struct Run<K: Sink> {
    network: ScenarioNetwork<K>,
    bounds: Bounds,
    events: u64,
    /// When to look at the memory again.
    next_look: u64,
}

/// Events between two looks at the memory: a fraction of a millisecond of work.
const BATCH: u64 = 4_096;

impl<K: Sink> Run<K> {
    pub(super) fn new(mut network: ScenarioNetwork<K>, bounds: Bounds) -> Self {
        network.end_at(Instant::ZERO.saturating_add(bounds.time));
        Self { network, bounds, events: 0, next_look: 0 }
    }

    /// Lets about four thousand things happen, a fraction of a millisecond of work; says what ended the
    /// run if it is over.
    pub fn advance(&mut self) -> Option<EndedBy> {
        let batch = BATCH.min(self.bounds.events - self.events);
        for _ in 0..batch {
            if self.network.step().is_none() {
                let more = self.network.has_more();
                return Some(if more { EndedBy::Time } else { EndedBy::Finished });
            }
            self.events += 1;
        }
        if self.events == self.bounds.events {
            // The last event that was allowed may have been the last one at all.
            return Some(if self.network.has_more() { EndedBy::Events } else { EndedBy::Finished });
        }
        if self.events < self.next_look {
            return None;
        }
        // Looking at every client takes about as long as an event each.
        self.next_look = self.events + self.network.clients().len() as u64;
        (memory(&self.network) > self.bounds.memory).then_some(EndedBy::Memory)
    }

    /// Events handled so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The network, to be looked at.
    #[must_use]
    pub const fn network(&self) -> &ScenarioNetwork<K> {
        &self.network
    }

    /// The network, wherever it has come to.
    #[must_use]
    pub fn into_network(self) -> ScenarioNetwork<K> {
        self.network
    }
}

/// The memory of a run in bytes: an estimate from what it holds.
fn memory<K: Sink>(network: &ScenarioNetwork<K>) -> u64 {
    /// An open exchange, with its timers; a request at the server, with its reply.
    const EACH: u64 = 256;
    let clients = network.clients();
    let hosts = clients.len() as u64 * 128;
    let open: u64 = clients.map(|client| client.open() as u64).sum();
    let station = network.server().station();
    let jobs = station.map_or(0, |s| (s.waiting() + s.working()) as u64);
    hosts + (open + jobs + network.in_flight() as u64) * EACH
}
