//! The run: step by step, within bounds.

use crate::output::OutputError;
use retrylab_core::sim::{Outcome, Scenario};
use retrylab_core::time::Duration;
use retrylab_core::trace::Sink;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Events between two looks at the bounds: a fraction of a millisecond of work.
const BATCH: u64 = 4_096;

/// What may end a run before its own end.
pub(crate) struct Bounds {
    pub(crate) max_events: u64,
    pub(crate) interrupted: Arc<AtomicBool>,
}

/// What ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndedBy {
    /// Nothing was left to happen.
    Finished,
    /// `--max-events`.
    EventLimit,
    /// Ctrl-C.
    Interrupted,
    /// The ladder or the trace could not be written.
    Output,
}

/// What came out of a run, and how.
pub(crate) struct Result {
    pub(crate) outcome: Outcome<()>,
    pub(crate) ended_by: EndedBy,
    pub(crate) events: u64,
    pub(crate) wall: Duration,
}

/// A run that is over, with the error of its outputs if they had one.
pub(crate) struct Finished {
    pub(crate) result: Result,
    pub(crate) failure: Option<OutputError>,
}

/// A sink that may fail, and that holds lines back.
pub(crate) trait Recorder: Sink {
    /// Has it failed? Then the run is not worth going on.
    fn has_failed(&self) -> bool;
    /// Writes what is still held back.
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

/// Runs `scenario` to its end or to the first of `bounds`, and tells `show` again and again how many
/// exchanges are over.
pub(crate) fn run<K: Recorder>(
    scenario: &Scenario,
    sink: K,
    bounds: &Bounds,
    mut show: impl FnMut(u64),
) -> Finished {
    let begun = Instant::now();
    let mut network = scenario.network(sink);
    let mut events = 0;
    let ended_by = 'run: loop {
        let ((summary, _), sink) = network.sink();
        show(summary.finished());
        if bounds.interrupted.load(Ordering::Relaxed) {
            break EndedBy::Interrupted;
        }
        if sink.has_failed() {
            break EndedBy::Output;
        }
        let batch = BATCH.min(bounds.max_events - events);
        for _ in 0..batch {
            if network.step().is_none() {
                break 'run EndedBy::Finished;
            }
            events += 1;
        }
        if events == bounds.max_events {
            // The last event that was allowed may have been the last one at all.
            let ((summary, _), _) = network.sink();
            let all = u64::from(scenario.clients) * u64::from(scenario.exchanges);
            let over = summary.finished() == all && network.in_flight() == 0;
            break if over { EndedBy::Finished } else { EndedBy::EventLimit };
        }
    };
    let wall = begun.elapsed();
    let Outcome { summary, digest, simulated, sink, .. } = Outcome::of(network);
    let failure = sink.finish().err();
    let outcome = Outcome { summary, digest, simulated, sink: () };
    Finished { result: Result { outcome, ended_by, events, wall }, failure }
}
