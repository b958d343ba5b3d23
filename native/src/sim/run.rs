//! Runs a scenario step by step, within limits.

use super::cells::{Cells, Wanted};
use crate::output::warn;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::{Metrics, MetricsReport};
use retrylab_core::sim::{self, Bounds, Division, Outcome};
use retrylab_core::trace::{PacketId, Sink};
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// Mebibytes that the program takes without a run: its code, its libraries and the histograms.
pub(crate) const PROGRAM_MIB: u32 = 12;

/// The limits of a run, and how it is carried out.
pub(crate) struct Limits {
    pub(crate) bounds: Bounds,
    pub(crate) interrupted: Arc<AtomicBool>,
    pub(crate) cells: Wanted,
    /// Maximum number of threads of one run.
    pub(crate) threads: usize,
    pub(crate) purpose: Purpose,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Its own result.
    Result,
    /// A part of a result, which is of no use if a limit on events cuts it.
    Part,
    /// One of many results.
    Statistics,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndedBy {
    /// The run finished, or it reached one of its bounds.
    Itself(sim::EndedBy),
    /// Interrupted with Ctrl-C.
    Interrupted,
    /// The ladder or the trace could not be written.
    Output,
}

impl EndedBy {
    /// Returns the name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Itself(ended_by) => ended_by.name(),
            Self::Interrupted => "interrupted",
            Self::Output => "output",
        }
    }

    /// Returns whether the run finished.
    pub(crate) fn is_finished(self) -> bool {
        self == Self::Itself(sim::EndedBy::Finished)
    }
}

impl fmt::Display for EndedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself(sim::EndedBy::Events) => f.write_str("the limit on events (--max-events)"),
            Self::Itself(sim::EndedBy::Time) => {
                f.write_str("the limit on simulated time (--max-time)")
            }
            Self::Itself(sim::EndedBy::Memory) => f.write_str("the limit on memory (--max-memory)"),
            Self::Itself(ended_by) => ended_by.fmt(f),
            Self::Interrupted => f.write_str("an interrupt"),
            Self::Output => f.write_str("an output that cannot be written"),
        }
    }
}

impl serde::Serialize for EndedBy {
    fn serialize<S: serde::Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

/// The result of a run.
pub(crate) struct Result {
    pub(crate) outcome: Outcome<()>,
    pub(crate) ended_by: EndedBy,
    /// The metrics; those of some of the clients have no rates, which would be read as those of all.
    pub(crate) metrics: MetricsReport,
    /// Number of clients that were simulated, the last one perhaps in part.
    pub(super) clients: u64,
    /// Packets that were dropped, delayed or duplicated by hand.
    pub(super) by_hand: Vec<PacketId>,
}

impl Result {
    /// Returns the result of a measured run of `scenario`.
    pub(super) fn new(scenario: &Scenario, ended_by: EndedBy, outcome: Outcome<Metrics>) -> Self {
        let mut metrics = outcome.sink.report(&outcome.network);
        let by_hand = outcome.sink.by_hand().to_vec();
        let all = u64::from(scenario.clients);
        // Each simulated client has a link, unless all share one.
        let clients = if scenario.link.shared { all } else { outcome.network.links };
        if clients < all {
            metrics.load = metrics.load.without_rates();
        }
        Self { outcome: outcome.take_sink().0, ended_by, metrics, clients, by_hand }
    }

    /// Returns whether the run was not interrupted.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended_by != EndedBy::Interrupted
    }
}

/// A sink that can fail.
pub(crate) trait Recorder: Sink {
    /// Returns whether writing has failed. The run then stops.
    fn has_failed(&self) -> bool;
}

impl Recorder for Metrics {
    fn has_failed(&self) -> bool {
        false
    }
}

impl<K: Recorder> Recorder for (Metrics, K) {
    fn has_failed(&self) -> bool {
        self.1.has_failed()
    }
}

/// Runs `scenario` in one network, to its end or to the first limit. Calls `show` repeatedly with the number of
/// finished exchanges.
pub(crate) fn run<K: Recorder>(
    scenario: &Scenario,
    sink: K,
    limits: &Limits,
    mut show: impl FnMut(u64),
) -> (EndedBy, Outcome<K>) {
    let interrupted = || limits.interrupted.load(Ordering::Relaxed);
    let mut run = scenario.begin_while(sink, limits.bounds, || !interrupted());
    let ended_by = loop {
        let sink = run.sink();
        show(sink.summary.finished());
        if interrupted() {
            break EndedBy::Interrupted;
        }
        if sink.records.has_failed() {
            break EndedBy::Output;
        }
        if let Some(ended_by) = run.advance() {
            break EndedBy::Itself(ended_by);
        }
    };
    let outcome = match ended_by {
        EndedBy::Itself(ended_by) => Outcome::of(run, ended_by),
        // The outcome's own reason is not used: `ended_by` has it.
        EndedBy::Interrupted | EndedBy::Output => {
            let (outcome, rest) = Outcome::with_rest(run, sim::EndedBy::Finished);
            // The program ends with its report, which must not wait until gigabytes are freed.
            std::mem::forget(rest);
            outcome
        }
    };
    (ended_by, outcome)
}

/// Like [`run`] for `clients`, which are all unless the clients are cells. Each is then simulated by itself. `metrics` are
/// those at the beginning.
pub(super) fn measure_clients(
    scenario: &Scenario,
    clients: RangeInclusive<u32>,
    metrics: Metrics,
    cells: Cells,
    limits: &Limits,
    show: impl FnMut(u64) + Send,
) -> (EndedBy, Outcome<Metrics>) {
    match cells.are_clients() {
        true => run_cells(scenario, clients, &metrics, limits, show),
        false => run(scenario, metrics, limits, show),
    }
}

/// Measures a run of `scenario`.
pub(crate) fn measure(
    scenario: &Scenario,
    metrics: Metrics,
    cells: Cells,
    limits: &Limits,
    show: impl FnMut(u64) + Send,
) -> Result {
    let clients = 1..=scenario.clients;
    let (ended_by, outcome) = measure_clients(scenario, clients, metrics, cells, limits, show);
    Result::new(scenario, ended_by, outcome)
}

/// Simulates some of the clients of `scenario`, which are independent, on the threads of `limits`.
fn run_cells(
    scenario: &Scenario,
    clients: RangeInclusive<u32>,
    metrics: &Metrics,
    limits: &Limits,
    show: impl FnMut(u64) + Send,
) -> (EndedBy, Outcome<Metrics>) {
    let (show, stopped) = (Mutex::new(show), AtomicBool::new(false));
    // Every thread looks at the flag, because any of them may be the last one at work.
    let go_on = |finished| {
        if let Ok(mut show) = show.try_lock() {
            show(finished);
        }
        let interrupted = limits.interrupted.load(Ordering::Relaxed);
        stopped.fetch_or(interrupted, Ordering::Relaxed);
        !interrupted
    };
    let threads = limits.threads.min(clients.clone().count());
    let division = Division::new(clients.clone(), limits.bounds, threads);
    let mut outcome = thread::scope(|scope| {
        let work = || division.work(scenario, metrics.clone(), go_on);
        // If the system starts fewer threads, these simulate all clients.
        let others =
            (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok());
        let others: Vec<_> = others.collect();
        others.into_iter().fold(work(), |joined, other| match other.join() {
            Ok(other) => joined.joined(other),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    });
    if division.has_too_many_events() && limits.purpose == Purpose::Part {
        outcome.ended_by = sim::EndedBy::Events;
    } else if division.is_exceeded() {
        if division.has_too_many_events() && limits.purpose == Purpose::Result {
            warn(format_args!(
                "--max-events will end the run before all {} clients are simulated; raise it to simulate them all",
                scenario.clients
            ));
        }
        outcome = Division::in_order(scenario, clients, metrics.clone(), limits.bounds, go_on);
    }
    let ended_by = match stopped.into_inner() {
        true => EndedBy::Interrupted,
        false => EndedBy::Itself(outcome.ended_by),
    };
    (ended_by, outcome)
}
