//! The simulated network: the same machines, millions of exchanges a second, no sockets.
//!
//! [`Scenario`] says what to simulate, [`Network`] runs it, [`Summary`] counts what came out.
//!
//! ```
//! use retrylab_core::sim::{Scenario, run};
//!
//! let mut scenario = Scenario::default();
//! scenario.apply([("server.drop", "0.5"), ("exchanges", "10000")])?;
//! let outcome = run(&scenario, ());
//! assert_eq!(outcome.summary.finished(), 10_000);
//! // One exchange in 32 sees all five sends dropped.
//! let share = outcome.summary.gave_up as f64 / 10_000.0;
//! assert!((share - 1.0 / 32.0).abs() < 0.009);
//! # Ok::<(), retrylab_core::sim::FieldError>(())
//! ```

mod faults;
mod fields;
mod hosts;
mod link_text;
#[cfg(feature = "std")]
pub mod metrics;
mod network;
mod packets;
mod policy_keys;
mod queue;
mod scenario;
mod server_keys;
#[cfg(feature = "serde")]
mod serde;
mod summary;
#[cfg(test)]
mod tests;

pub use faults::{Fault, FaultKind, Faults, FaultsError};
pub use fields::{FIELDS, Field, FieldError, Kind};
pub use hosts::ScenarioClient;
pub use network::{MOST_CLIENTS, Network, SERVER, client_address, flow_of};
pub use queue::Queue;
pub use scenario::{Scenario, Workload};
pub use summary::Summary;

use crate::station::Station;
use crate::time::Instant;
use crate::trace::{Digest, DigestSink, Sink};

/// The network of a [`Scenario`], counted and fingerprinted, recording into `K`.
pub type ScenarioNetwork<K> = Network<ScenarioClient, Station, ((Summary, DigestSink), K)>;

/// What came out of a run.
#[derive(Clone, Debug)]
pub struct Outcome<K> {
    /// What was counted.
    pub summary: Summary,
    /// The run's fingerprint.
    pub digest: Digest,
    /// When the last thing happened.
    pub simulated: Instant,
    /// What was recorded.
    pub sink: K,
}

/// Runs `scenario` to its end.
///
/// That end may never come for a policy that never gives up against a server that never answers:
/// callers who take scenarios from others step the [`Network`] themselves, within a bound.
pub fn run<K: Sink>(scenario: &Scenario, sink: K) -> Outcome<K> {
    let mut network = scenario.network(sink);
    while network.step().is_some() {}
    Outcome::of(network)
}

impl<K: Sink> Outcome<K> {
    /// What has come out of `network` so far.
    #[must_use]
    pub fn of(network: ScenarioNetwork<K>) -> Self {
        let simulated = network.now();
        let ((summary, digest), sink) = network.into_sink();
        Self { summary, digest: digest.digest(), simulated, sink }
    }
}
