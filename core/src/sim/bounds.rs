//! Limits of a run, and what ended it.

use super::{ScenarioClient, ScenarioNetwork};
use crate::server::service::Station;
use crate::time::{Duration, Instant};
use crate::trace::Sink;
use core::fmt;

/// Limits that can end a run early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// Maximum number of events: starts, arrivals and timers.
    pub events: u64,
    /// Maximum simulated time.
    pub time: Duration,
    /// Maximum memory in bytes. It is estimated from what the network and its machines hold, and checked
    /// every few thousand events. A run whose clients do not fit ends before its first event, without
    /// them.
    pub memory: u64,
}

/// 10^10 events, ten years, four gibibytes.
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
    /// No event was left.
    Finished,
    /// The limit [`Bounds::events`].
    Events,
    /// The limit [`Bounds::time`].
    Time,
    /// The limit [`Bounds::memory`].
    Memory,
    /// Machines asked for time-outs without end, all at one instant.
    Stuck,
}

impl EndedBy {
    /// Returns the name in JSON.
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

impl Bounds {
    /// No limits: for a caller that ends the run by itself.
    pub const NONE: Self = Self { events: u64::MAX, time: Duration::MAX, memory: u64::MAX };

    /// Sets the maximum number of [`events`](Self::events).
    #[must_use]
    pub const fn with_events(self, events: u64) -> Self {
        Self { events, ..self }
    }

    /// Sets the maximum simulated [`time`](Self::time).
    #[must_use]
    pub const fn with_time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Sets the maximum [`memory`](Self::memory) in bytes.
    #[must_use]
    pub const fn with_memory(self, memory: u64) -> Self {
        Self { memory, ..self }
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

/// Run in progress.
#[derive(Debug)]
pub struct Run<K: Sink> {
    network: ScenarioNetwork<K>,
    bounds: Bounds,
    events: u64,
    /// Maximum number of events between two looks at the memory.
    batch: u64,
    /// The clients do not fit in the memory, and have not been created.
    too_big: bool,
    /// Memory of the clients in bytes when it was last counted, and the number of events at which it is counted
    /// again.
    clients: usize,
    next_count: u64,
}

/// Maximum number of events per [`Run::advance`]: a fraction of a millisecond of work.
const BATCH: u64 = 4_096;

impl<K: Sink> Run<K> {
    /// `per_event`: bytes that one event may add. `too_big`: the clients do not fit in the memory, and are not in
    /// the network.
    pub(super) fn new(
        mut network: ScenarioNetwork<K>,
        bounds: Bounds,
        per_event: u64,
        too_big: bool,
    ) -> Self {
        network.end_at(Instant::ZERO.saturating_add(bounds.time));
        // Between two looks, the memory grows by at most a sixteenth of the bound.
        let batch = (bounds.memory / 16 / per_event.max(1)).clamp(1, BATCH);
        Self { too_big, network, bounds, events: 0, batch, clients: 0, next_count: 0 }
    }

    /// Handles up to about four thousand events, a fraction of a millisecond of work; returns what ended
    /// the run if it is over.
    pub fn advance(&mut self) -> Option<EndedBy> {
        self.advance_by(BATCH)
    }

    /// Handles at most `events` events, and no more than [`advance`](Self::advance) does; returns what
    /// ended the run if it is over.
    pub fn advance_by(&mut self, events: u64) -> Option<EndedBy> {
        if self.too_big {
            return Some(EndedBy::Memory);
        }
        let left = self.bounds.events - self.events;
        let batch = self.batch.min(left).min(events);
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
            // The last event within the limit may be the last event of the run.
            return Some(if self.network.has_more() { EndedBy::Events } else { EndedBy::Finished });
        }
        (self.memory() > self.bounds.memory).then_some(EndedBy::Memory)
    }

    /// Returns an estimate of the memory in bytes, from what the network and its machines hold.
    fn memory(&mut self) -> u64 {
        if self.events >= self.next_count {
            self.count_clients();
        }
        let station = self.network.server().station().map_or(0, Station::memory);
        self.network.memory() + (self.clients + station) as u64
    }

    fn count_clients(&mut self) {
        let mut clients = self.network.clients();
        let count = clients.len();
        let first = clients.next();
        if let Some(ScenarioClient::Open(_)) = first {
            let others = clients.map(ScenarioClient::memory).sum::<usize>();
            self.clients = others + first.map_or(0, ScenarioClient::memory);
            // Counting costs no more than the events between two counts, for any number of clients.
            self.next_count = self.events + self.batch.max(count as u64 * self.batch / BATCH);
        } else {
            // All have the same, and always.
            self.clients = count * first.map_or(0, ScenarioClient::memory);
            self.next_count = u64::MAX;
        }
    }

    /// Returns the number of events handled so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the network.
    #[must_use]
    pub const fn network(&self) -> &ScenarioNetwork<K> {
        &self.network
    }

    /// Returns the network in its current state.
    #[must_use]
    pub fn into_network(self) -> ScenarioNetwork<K> {
        self.network
    }
}
