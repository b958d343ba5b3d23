//! Every run is bounded, and says what ended it.

use super::{ScenarioClient, ScenarioNetwork};
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
    /// Memory in bytes, an estimate from what the network and its machines hold; looked at every
    /// few thousand events.
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
    /// Machines asked for time-outs without end, all at one instant.
    Stuck,
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
            Self::Stuck => "stuck",
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
            Self::Stuck => "a machine that asked for time-outs without end at one instant",
        })
    }
}

/// A run on its way to its end or to the first of its bounds.
#[derive(Debug)]
pub struct Run<K: Sink> {
    network: ScenarioNetwork<K>,
    bounds: Bounds,
    events: u64,
    /// Exchanges that one event may open.
    burst: u64,
    /// Bytes of open loops when their exchanges were last counted, and after how many events they are
    /// counted again.
    open: usize,
    next_count: u64,
}

/// Events of an advance: a fraction of a millisecond of work.
const BATCH: u64 = 4_096;

impl<K: Sink> Run<K> {
    pub(super) fn new(mut network: ScenarioNetwork<K>, bounds: Bounds, burst: u64) -> Self {
        network.end_at(Instant::ZERO.saturating_add(bounds.time));
        Self { network, bounds, events: 0, burst, open: 0, next_count: 0 }
    }

    /// Lets at most about four thousand things happen, a fraction of a millisecond of work; says what
    /// ended the run if it is over.
    pub fn advance(&mut self) -> Option<EndedBy> {
        let batch = (BATCH / self.burst).max(1).min(self.bounds.events - self.events);
        for _ in 0..batch {
            if self.network.step().is_none() {
                if self.network.is_stuck() {
                    return Some(EndedBy::Stuck);
                }
                // What lies after the end may be a wake-up that nobody needs any more.
                let cut = self.network.has_reached_end() && self.network.has_more();
                return Some(if cut { EndedBy::Time } else { EndedBy::Finished });
            }
            self.events += 1;
        }
        if self.events == self.bounds.events {
            // The last event that was allowed may have been the last one at all.
            return Some(if self.network.has_more() { EndedBy::Events } else { EndedBy::Finished });
        }
        (self.memory() > self.bounds.memory).then_some(EndedBy::Memory)
    }

    /// The memory in bytes, about: from what the network and its machines hold.
    fn memory(&mut self) -> u64 {
        /// An open exchange, with its timers; a request at the server.
        const EACH: usize = 256;
        /// The client of an open loop, with the room that it keeps.
        const OPEN_CLIENT: usize = 1_024;
        let clients = self.network.clients();
        let is_open = matches!(self.network.clients().next(), Some(ScenarioClient::Open(_)));
        if is_open && self.events >= self.next_count {
            // A count costs no more than what happens between two, however many clients there are.
            self.next_count = self.events + (BATCH.max(clients.len() as u64) / self.burst).max(1);
            let clients = clients.map(|client| OPEN_CLIENT + client.open() * EACH);
            self.open = clients.sum();
        }
        let station = self.network.server().station();
        let (jobs, held) = station.map_or((0, 0), |s| (s.waiting() + s.working(), s.held()));
        self.network.memory() + (self.open + jobs * EACH + held) as u64
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
