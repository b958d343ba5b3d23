//! Limits of a run, and what ended it.

#[cfg(feature = "packets")]
use super::ScenarioStreams;
use super::{RunSink, ScenarioClient, ScenarioNetwork, ScenarioServer};
use crate::link::Channel;
use crate::server::service::Station;
use crate::time::{Duration, Instant};
use crate::trace::Sink;
#[cfg(feature = "packets")]
use alloc::boxed::Box;
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
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
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

    /// Returns the maximum number of events between two looks at the memory, of which each may add `per_event` bytes: it
    /// grows by at most a sixteenth of the bound.
    pub(super) fn batch(&self, per_event: u64) -> u64 {
        (self.memory / 16 / per_event.max(1)).clamp(1, BATCH)
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
    hosts: Hosts<K>,
    bounds: Bounds,
    events: u64,
    /// Maximum number of events per [`advance`](Self::advance).
    stride: u64,
    /// Number of events between two looks at the memory, and that at which it is looked at next.
    batch: u64,
    next_look: u64,
    /// Whether nothing is left to happen.
    finished: bool,
    /// The clients do not fit in the memory, and have not been created.
    too_big: bool,
    /// Memory of the clients in bytes when it was last counted, and the number of events at which it is counted
    /// again.
    clients: usize,
    next_count: u64,
}

/// The network of a run.
#[derive(Debug)]
#[allow(clippy::large_enum_variant)] // There is one, and its usual variant is the large one.
pub(super) enum Hosts<K: Sink> {
    /// It carries the datagrams of machines.
    Datagrams(ScenarioNetwork<K>),
    /// It carries connections.
    #[cfg(feature = "packets")]
    Streams {
        network: Box<ScenarioStreams<K>>,
        /// Memory in bytes of a connection at its endpoints.
        each: usize,
    },
}

/// Does the same with either network. The choice is made once for many events.
macro_rules! either {
    ($hosts:expr, $network:ident => $does:expr) => {
        match $hosts {
            Hosts::Datagrams($network) => $does,
            #[cfg(feature = "packets")]
            Hosts::Streams { network: $network, .. } => $does,
        }
    };
}

/// Maximum number of events per [`Run::advance`]: a fraction of a millisecond of work.
pub(super) const BATCH: u64 = 4_096;

/// The same for hosts with TCP/IP stacks: at their start, when stacks are made, it is about ten milliseconds of work.
const BATCH_WITH_STACKS: u64 = 128;

impl<K: Sink> Run<K> {
    /// `per_event`: bytes that one event may add. `too_big`: the clients do not fit in the memory, and are not in
    /// the network.
    pub(super) fn new(mut hosts: Hosts<K>, bounds: Bounds, per_event: u64, too_big: bool) -> Self {
        either!(&mut hosts, network => network.end_at(Instant::ZERO.saturating_add(bounds.time)));
        let has_stacks = match &hosts {
            Hosts::Datagrams(network) => network.has_stacks(),
            #[cfg(feature = "packets")]
            Hosts::Streams { .. } => true,
        };
        let batch = bounds.batch(per_event);
        Self {
            finished: false,
            too_big,
            hosts,
            bounds,
            events: 0,
            stride: if has_stacks { BATCH_WITH_STACKS } else { BATCH },
            batch,
            next_look: batch,
            clients: 0,
            next_count: 0,
        }
    }

    /// Handles up to about four thousand events, or a hundred if hosts have TCP/IP stacks: usually a fraction of a
    /// millisecond of work. Returns what ended the run if it is over.
    pub fn advance(&mut self) -> Option<EndedBy> {
        self.advance_by(self.stride)
    }

    /// Handles at most `events` events, and no more than [`advance`](Self::advance) does; returns what
    /// ended the run if it is over.
    pub fn advance_by(&mut self, events: u64) -> Option<EndedBy> {
        let ended_by = self.handle(events);
        self.finished = ended_by == Some(EndedBy::Finished);
        ended_by
    }

    fn handle(&mut self, events: u64) -> Option<EndedBy> {
        if self.too_big {
            return Some(EndedBy::Memory);
        }
        let left = self.bounds.events - self.events;
        let batch = left.min(events).min(self.stride).min(self.next_look - self.events);
        let handled = either!(&mut self.hosts, network => network.steps(batch));
        self.events += handled;
        if handled < batch {
            return Some(either!(&mut self.hosts, network => {
                if network.is_stuck() {
                    EndedBy::Stuck
                } else if network.has_reached_end() && network.has_more() {
                    // What lies after the end may also be a wake-up that nobody needs any more.
                    EndedBy::Time
                } else {
                    EndedBy::Finished
                }
            }));
        }
        if self.events == self.bounds.events {
            // The last event within the limit may be the last event of the run.
            let has_more = either!(&mut self.hosts, network => network.has_more());
            return Some(if has_more { EndedBy::Events } else { EndedBy::Finished });
        }
        if self.events < self.next_look {
            return None;
        }
        self.next_look += self.batch;
        (self.memory() > self.bounds.memory).then_some(EndedBy::Memory)
    }

    /// Returns an estimate of the memory in bytes, from what the network and its machines hold.
    fn memory(&mut self) -> u64 {
        if self.events >= self.next_count {
            self.count_clients();
        }
        match &self.hosts {
            Hosts::Datagrams(network) => {
                let stations = network.servers().filter_map(ScenarioServer::station);
                let stations = stations.map(Station::memory).sum::<usize>();
                network.memory() + (self.clients + stations) as u64
            }
            #[cfg(feature = "packets")]
            Hosts::Streams { network, each } => {
                network.memory() + (network.sockets() * each) as u64
            }
        }
    }

    fn count_clients(&mut self) {
        let Some(network) = self.network() else { return };
        let (count, first) = (network.clients().len(), network.clients().next());
        if first.is_some_and(ScenarioClient::grows) {
            self.clients = network.clients().map(ScenarioClient::memory).sum();
            // Counting costs no more than the events between two counts, for any number of clients.
            self.next_count = self.events + self.batch.max(count as u64 * self.batch / BATCH);
        } else {
            // All have the same, and always.
            self.clients = count * first.map_or(0, ScenarioClient::memory);
            self.next_count = u64::MAX;
        }
    }

    /// Returns whether the run has finished: nothing is left to happen.
    #[must_use]
    pub const fn has_finished(&self) -> bool {
        self.finished
    }

    /// Returns the number of events handled so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// Returns the time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        either!(&self.hosts, network => network.now())
    }

    /// Returns the sink that it records into.
    #[must_use]
    pub const fn sink(&self) -> &RunSink<K> {
        either!(&self.hosts, network => network.sink())
    }

    /// Ends the run and returns what was recorded.
    #[must_use]
    pub fn into_sink(self) -> RunSink<K> {
        either!(self.hosts, network => network.into_sink())
    }

    /// Ends the run and returns what was recorded, and the hosts with the packets in flight.
    pub(super) fn into_sink_and_rest(self) -> (RunSink<K>, impl Sized + use<K>) {
        match self.hosts {
            Hosts::Datagrams(network) => {
                let (sink, rest) = network.into_sink_and_rest();
                #[cfg(feature = "packets")]
                let rest = (Some(rest), None);
                (sink, rest)
            }
            #[cfg(feature = "packets")]
            Hosts::Streams { network, .. } => {
                let (sink, rest) = network.into_sink_and_rest();
                (sink, (None, Some(rest)))
            }
        }
    }

    /// Returns the network of machines and their datagrams; `None` if the run is one over connections.
    #[must_use]
    pub const fn network(&self) -> Option<&ScenarioNetwork<K>> {
        match &self.hosts {
            Hosts::Datagrams(network) => Some(network),
            #[cfg(feature = "packets")]
            Hosts::Streams { .. } => None,
        }
    }

    /// Returns the running link.
    #[must_use]
    pub const fn channel(&self) -> &Channel {
        either!(&self.hosts, network => network.channel())
    }

    /// Returns the number of clients.
    #[must_use]
    pub fn clients(&self) -> usize {
        either!(&self.hosts, network => network.clients().len())
    }
}
