//! Whether the clients of a run are simulated apart, each in a cell of its own, or in one network.

use super::Args;
use clap::ValueEnum;
use retrylab_core::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How to simulate clients that do not influence each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// One by one, on several threads, unless an output needs the events of all clients in the order of time
    Auto,
    /// In one network, on one thread
    One,
}

/// Why independent clients are in one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    /// The user wants it.
    Asked,
    /// This output has all events in the order of time.
    InOrder(&'static str),
}

/// The cells of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cells {
    clients: u32,
    coupled_by: Option<&'static str>,
    because: Option<Reason>,
}

impl Cells {
    /// Returns the cells of a run of `scenario` without outputs that need the order of time.
    pub(crate) fn new(scenario: &Scenario, wanted: Wanted) -> Self {
        let because = (wanted == Wanted::One).then_some(Reason::Asked);
        Self { clients: scenario.clients, coupled_by: scenario.coupled_by(), because }
    }

    /// Returns the cells of a single run with the outputs of `args`.
    pub(super) fn of_run(args: &Args, scenario: &Scenario) -> Self {
        let outputs = [
            ("--ladder", args.ladder),
            ("--trace", args.trace.is_some()),
            ("--pcapng", args.pcapng.is_some()),
        ];
        let in_order = outputs.into_iter().find_map(|(flag, wanted)| wanted.then_some(flag));
        let cells = Self::new(scenario, args.setup.cells);
        Self { because: cells.because.or(in_order.map(Reason::InOrder)), ..cells }
    }

    /// Returns whether each client is a cell.
    pub(crate) const fn are_clients(self) -> bool {
        self.coupled_by.is_none() && self.because.is_none()
    }

    const fn count(self) -> u32 {
        if self.are_clients() { self.clients } else { 1 }
    }
}

/// `1000000, independent`, `1, coupled by server.service`
impl fmt::Display for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, ", self.count())?;
        match (self.coupled_by, self.because) {
            (Some(key), _) if self.clients == 1 => {
                write!(f, "a single client; more would be coupled by {key}")
            }
            (Some(key), _) => write!(f, "coupled by {key}"),
            (None, Some(Reason::Asked)) => f.write_str("as --cells=one asks"),
            (None, Some(Reason::InOrder(flag))) => write!(f, "because {flag} is in time order"),
            (None, None) => f.write_str("independent"),
        }
    }
}

impl Serialize for Cells {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        /// The cells as JSON.
        #[derive(Serialize)]
        struct Object {
            count: u32,
            /// The key that lets clients influence each other; null if they are independent.
            coupled_by: Option<&'static str>,
            /// The flag that needs independent clients in one network; null if they are coupled, or if none does.
            because: Option<&'static str>,
        }
        let because = self.because.filter(|_| self.coupled_by.is_none()).map(|why| match why {
            Reason::Asked => "--cells",
            Reason::InOrder(flag) => flag,
        });
        Object { count: self.count(), coupled_by: self.coupled_by, because }.serialize(out)
    }
}
