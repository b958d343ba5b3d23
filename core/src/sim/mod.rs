//! The simulated network: the same machines, millions of exchanges a second, no sockets.
//!
//! [`Scenario`] says what to simulate, [`Network`] runs it, [`Summary`] counts what came out.
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
mod hosts;
#[cfg(feature = "std")]
pub mod metrics;
mod network;
mod packets;
mod queue;
mod summary;
#[cfg(test)]
mod tests;
mod wire;

pub use addresses::{MAX_CLIENTS, SERVER, client_address, flow_of};
pub use bounds::{Bounds, EndedBy, Run};
pub use hosts::{ClientEvent, ScenarioClient, ScenarioServer, ServerEvent};
pub use network::Network;
pub use queue::Queue;
pub use summary::Summary;

use crate::scenario::Scenario;
use crate::time::Instant;
use crate::trace::{Digest, DigestSink, Sink};

/// The network of a [`Scenario`], counted and fingerprinted, recording into `K`.
pub type ScenarioNetwork<K> = Network<ScenarioClient, ScenarioServer, ((Summary, DigestSink), K)>;

/// What came out of a run.
#[derive(Clone, Debug)]
pub struct Outcome<K> {
    /// What was counted.
    pub summary: Summary,
    /// The run's fingerprint.
    pub digest: Digest,
    /// When the last thing happened.
    pub simulated: Instant,
    /// What ended it.
    pub ended_by: EndedBy,
    /// Events handled.
    pub events: u64,
    /// What was recorded.
    pub sink: K,
}

/// Runs `scenario` to its end, or to the default [`Bounds`].
pub fn run<K: Sink>(scenario: &Scenario, sink: K) -> Outcome<K> {
    run_within(scenario, sink, Bounds::default())
}

/// Runs `scenario` to its end or to the first of `bounds`.
pub fn run_within<K: Sink>(scenario: &Scenario, sink: K, bounds: Bounds) -> Outcome<K> {
    let mut run = scenario.begin(sink, bounds);
    loop {
        if let Some(ended_by) = run.advance() {
            return Outcome::of(run, ended_by);
        }
    }
}

impl<K: Sink> Outcome<K> {
    /// What has come out of `run`, which `ended_by` ended.
    #[must_use]
    pub fn of(run: Run<K>, ended_by: EndedBy) -> Self {
        let events = run.events();
        let network = run.into_network();
        let simulated = network.now();
        let ((summary, digest), sink) = network.into_sink();
        Self { summary, digest: digest.digest(), simulated, ended_by, events, sink }
    }
}
