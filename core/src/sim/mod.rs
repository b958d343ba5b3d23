//! The simulated network: the same machines without sockets, at millions of exchanges per second.
//!
//! [`Scenario`] describes what to simulate, [`Network`] runs it, and [`Summary`] counts the results.
//!
//! ```
//! use retrylab_core::scenario::Scenario;
//! use retrylab_core::sim::run;
//!
//! let mut scenario = Scenario::default();
//! scenario.apply([("server.drop", "0.5"), ("exchanges", "10000")])?;
//! let outcome = run(&scenario, ());
//! assert_eq!(outcome.summary.finished(), 10_000);
//! // One exchange in 32 sees all five sends dropped.
//! let share = outcome.summary.gave_up as f64 / 10_000.0;
//! assert!((share - 1.0 / 32.0).abs() < 0.009);
//! # Ok::<(), retrylab_core::scenario::FieldError>(())
//! ```

mod addresses;
mod bounds;
mod build;
mod cell;
mod cells;
mod coupling;
#[cfg(feature = "std")]
mod division;
mod extra;
mod hosting;
mod hosts;
mod lookahead;
mod merge;
#[cfg(feature = "std")]
pub mod metrics;
#[cfg(feature = "dns")]
mod names;
mod network;
mod packets;
mod queue;
#[cfg(feature = "packets")]
mod stack;
mod state;
#[cfg(feature = "packets")]
mod streams;
mod summary;
#[cfg(test)]
mod tests;
mod wire;

pub use addresses::{
    CLIENTS, CLIENTS_IPV6, MAX_CLIENTS, SERVER, SERVER_IPV6, client_address, flow_of,
};
pub use bounds::{Bounds, EndedBy, Run};
pub use cells::Cells;
#[cfg(feature = "std")]
pub use division::Division;
pub use extra::{AddressError, MAX_SERVERS};
pub use hosts::{ClientEvent, ScenarioClient, ScenarioServer, ServerEvent};
pub use hosts::{OtherClient, OtherClientEvent, OtherServer, OtherServerEvent};
pub use merge::Merge;
#[cfg(feature = "dns")]
pub use names::{Lookup, LookupEvent, NameStation, NameStationEvent};
pub use network::Network;
#[cfg(feature = "packets")]
pub use network::PacketConfig;
pub use state::{NetworkState, StationState};
#[cfg(feature = "packets")]
pub use streams::{Reported, ScenarioStreams, StreamClient, StreamNetwork, StreamServer};
pub use summary::Summary;

use crate::scenario::Scenario;
use crate::time::Instant;
use crate::trace::{Digest, DigestSink, Packet, Record, Sink};

/// Network of a [`Scenario`] with its summary and digest, recording into `K`.
pub type ScenarioNetwork<K> = Network<ScenarioClient, ScenarioServer, RunSink<K>>;

/// Sink of a [`ScenarioNetwork`]: each record is counted, digested, and passed to `K`.
#[derive(Clone, Debug, Default)]
pub struct RunSink<K> {
    /// Counts so far.
    pub summary: Summary,
    /// Digest of all records so far.
    pub digest: DigestSink,
    /// The caller's sink.
    pub records: K,
}

impl<K> RunSink<K> {
    pub(crate) fn new(records: K) -> Self {
        Self { summary: Summary::default(), digest: DigestSink::default(), records }
    }
}

impl<K: Sink> Sink for RunSink<K> {
    // It is called in many places.
    #[cfg_attr(not(feature = "small"), inline(always))]
    #[cfg_attr(feature = "small", inline(never))]
    fn record(&mut self, record: &Record) {
        self.summary.record(record);
        self.digest.record(record);
        self.records.record(record);
    }

    #[inline]
    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        self.summary.record(record);
        self.digest.frame(record, bytes);
        self.records.frame(record, bytes);
    }

    #[inline(always)]
    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        self.records.packet(record, packet);
    }

    #[inline(always)]
    fn takes_packets(&self) -> bool {
        self.records.takes_packets()
    }
}

/// Result of a run.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Outcome<K> {
    /// Counts of the run.
    pub summary: Summary,
    /// Digest of all records.
    pub digest: Digest,
    /// Time of the last event.
    pub simulated: Instant,
    /// The network at the end.
    pub network: NetworkState,
    /// What ended the run.
    pub ended_by: EndedBy,
    /// Number of events handled.
    pub events: u64,
    /// Sink with the records.
    pub sink: K,
}

/// Runs `scenario` to its end, or until it reaches one of the default [`Bounds`].
pub fn run<K: Sink>(scenario: &Scenario, sink: K) -> Outcome<K> {
    run_within(scenario, sink, Bounds::default())
}

/// Runs `scenario` to its end, or until it reaches one of `bounds`.
pub fn run_within<K: Sink>(scenario: &Scenario, sink: K, bounds: Bounds) -> Outcome<K> {
    let mut run = scenario.begin(sink, bounds);
    loop {
        if let Some(ended_by) = run.advance() {
            return Outcome::of(run, ended_by);
        }
    }
}

impl<K> Outcome<K> {
    /// Returns the outcome without its sink, and the sink.
    #[must_use]
    pub fn take_sink(self) -> (Outcome<()>, K) {
        let Self { summary, digest, simulated, network, ended_by, events, sink } = self;
        (Outcome { summary, digest, simulated, network, ended_by, events, sink: () }, sink)
    }
}

impl Outcome<()> {
    /// Returns the outcome with a sink.
    #[must_use]
    pub fn with_sink<K>(self, sink: K) -> Outcome<K> {
        let Self { summary, digest, simulated, network, ended_by, events, sink: () } = self;
        Outcome { summary, digest, simulated, network, ended_by, events, sink }
    }
}

impl<K: Sink> Outcome<K> {
    /// Creates the outcome of `run`, which `ended_by` ended.
    #[must_use]
    pub fn of(run: Run<K>, ended_by: EndedBy) -> Self {
        Self::with_rest(run, ended_by).0
    }

    /// Creates the outcome of `run`, which `ended_by` ended. Also returns the hosts and the packets in flight, for a
    /// caller that cannot wait until their memory is freed: a system may take 0.15 s for a gigabyte.
    #[must_use]
    pub fn with_rest(run: Run<K>, ended_by: EndedBy) -> (Self, impl Sized + use<K>) {
        let (events, simulated, network) = (run.events(), run.now(), run.state());
        let (RunSink { summary, digest, records: sink }, rest) = run.into_sink_and_rest();
        let digest = digest.digest();
        (Self { summary, digest, simulated, network, ended_by, events, sink }, rest)
    }
}
