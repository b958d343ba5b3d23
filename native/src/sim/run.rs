//! Runs a scenario step by step, within limits.

use crate::output::OutputError;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::{Metrics, MetricsReport};
use retrylab_core::sim::{self, Bounds, Outcome};
use retrylab_core::time::Duration;
use retrylab_core::trace::Sink;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Mebibytes that the program takes without a run: its code, its libraries and the histograms.
pub(crate) const PROGRAM_MIB: u32 = 12;

/// The limits of a run.
pub(crate) struct Limits {
    pub(crate) bounds: Bounds,
    pub(crate) interrupted: Arc<AtomicBool>,
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
    /// Present if the run was measured.
    pub(crate) metrics: Option<MetricsReport>,
    pub(crate) wall: Duration,
}

impl Result {
    /// Returns whether the run was not interrupted.
    pub(crate) fn is_complete(&self) -> bool {
        self.ended_by != EndedBy::Interrupted
    }
}

/// The end of a run: its result, and the error of its outputs if there was one.
pub(crate) struct Finished {
    pub(crate) result: Result,
    pub(crate) failure: Option<OutputError>,
}

/// A buffered sink that can fail.
pub(crate) trait Recorder: Sink {
    /// Returns whether writing has failed. The run then stops.
    fn has_failed(&self) -> bool;
    /// Returns the metrics, if the sink has any.
    fn metrics(&self) -> Option<&Metrics> {
        None
    }
    /// Writes the buffered lines.
    fn finish(self) -> std::result::Result<(), OutputError>;
}

impl Recorder for () {
    fn has_failed(&self) -> bool {
        false
    }

    fn finish(self) -> std::result::Result<(), OutputError> {
        Ok(())
    }
}

impl<K: Recorder> Recorder for (Metrics, K) {
    fn has_failed(&self) -> bool {
        self.1.has_failed()
    }

    fn metrics(&self) -> Option<&Metrics> {
        Some(&self.0)
    }

    fn finish(self) -> std::result::Result<(), OutputError> {
        self.1.finish()
    }
}

/// Runs `scenario` to its end or to the first limit. Calls `show` repeatedly with the number of finished
/// exchanges.
pub(crate) fn run<K: Recorder>(
    scenario: &Scenario,
    sink: K,
    limits: &Limits,
    mut show: impl FnMut(u64),
) -> Finished {
    let begun = Instant::now();
    let mut run = scenario.begin(sink, limits.bounds);
    let ended_by = loop {
        let sink = run.sink();
        show(sink.summary.finished());
        if limits.interrupted.load(Ordering::Relaxed) {
            break EndedBy::Interrupted;
        }
        if sink.records.has_failed() {
            break EndedBy::Output;
        }
        if let Some(ended_by) = run.advance() {
            break EndedBy::Itself(ended_by);
        }
    };
    let wall = begun.elapsed();
    let at_end = match ended_by {
        EndedBy::Itself(ended_by) => ended_by,
        // Not used: `ended_by` has the reason.
        EndedBy::Interrupted | EndedBy::Output => sim::EndedBy::Finished,
    };
    let metrics = run.sink().records.metrics().map(|metrics| metrics.report(&run.state()));
    let (outcome, sink) = Outcome::of(run, at_end).take_sink();
    let failure = sink.finish().err();
    Finished { result: Result { outcome, ended_by, metrics, wall }, failure }
}
