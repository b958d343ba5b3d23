//! The measures of a run. This table is the only place that names them.

use super::INTERVAL;
use super::predicted::{QueueMeasures, queue_measures};
use super::run::{self, EndedBy, Limits, Result};
use crate::output::seconds;
use crate::table::{Cell, Column, ColumnKind};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::{Metrics, MetricsReport};
use retrylab_core::theory::predict_queue;
use retrylab_core::time::Instant;
use serde_json::{Value, json};

/// A measure: name and type of its column, and the function that takes it from a result.
type Measure = (&'static str, ColumnKind, fn(&Result) -> Cell);

/// Every measure, in the order of the columns.
const MEASURES: &[Measure] = {
    use ColumnKind::{Integer, Number, Text};
    &[
        ("exchanges", Integer, |run| Cell::Integer(run.outcome.summary.finished())),
        ("answered", Integer, |run| Cell::Integer(run.outcome.summary.answered)),
        ("gave_up", Integer, |run| Cell::Integer(run.outcome.summary.gave_up)),
        ("refused", Integer, |run| Cell::Integer(run.outcome.summary.refused)),
        ("answered_share", Number, |run| share(run, run.outcome.summary.answered)),
        ("gave_up_share", Number, |run| share(run, run.outcome.summary.gave_up)),
        ("sends", Integer, |run| Cell::Integer(run.outcome.summary.sends)),
        ("calls", Integer, |run| Cell::Integer(run.outcome.summary.calls)),
        ("amplification", Number, |run| share(run, run.outcome.summary.sends)),
        ("replies", Integer, |run| Cell::Integer(run.outcome.summary.replies)),
        ("late_replies", Integer, |run| Cell::Integer(run.outcome.summary.late_replies)),
        ("misattributed", Integer, |run| Cell::Integer(run.outcome.summary.misattributed)),
        ("lost", Integer, |run| Cell::Integer(run.outcome.summary.lost)),
        ("server_dropped", Integer, |run| Cell::Integer(run.outcome.summary.server_dropped)),
        ("simulated_s", Number, |run| {
            Cell::number(seconds(run.outcome.simulated.saturating_since(Instant::ZERO)))
        }),
        ("latency_mean_s", Number, |run| metric(run, |m| m.latency_s.mean)),
        ("latency_p50_s", Number, |run| metric(run, |m| m.latency_s.p50)),
        ("latency_p90_s", Number, |run| metric(run, |m| m.latency_s.p90)),
        ("latency_p99_s", Number, |run| metric(run, |m| m.latency_s.p99)),
        ("latency_p999_s", Number, |run| metric(run, |m| m.latency_s.p999)),
        // Exchanges that gave up count as longer than every answer. The cell is empty if the quantile is
        // one of them.
        ("all_p99_s", Number, |run| metric(run, |m| m.all_s.p99)),
        ("served", Integer, |run| counted(run, |m| m.work.served)),
        ("wasted", Integer, |run| counted(run, |m| m.work.wasted)),
        ("utilisation", Number, |run| metric(run, |m| m.work.utilisation)),
        ("mean_queue", Number, |run| metric(run, |m| m.work.mean_queue)),
        ("events", Integer, |run| Cell::Integer(run.outcome.events)),
        ("digest", Text, |run| Cell::Text(run.outcome.digest.to_string())),
        ("ended_by", Text, |run| match json!(run.ended_by) {
            Value::String(name) => Cell::Text(name),
            _ => Cell::Empty,
        }),
    ]
};

/// Returns `count` per finished exchange; empty if no exchange has finished.
fn share(run: &Result, count: u64) -> Cell {
    Cell::number(count as f64 / run.outcome.summary.finished() as f64)
}

fn metric(run: &Result, value: fn(&MetricsReport) -> Option<f64>) -> Cell {
    run.metrics.as_ref().and_then(value).map_or(Cell::Empty, Cell::number)
}

fn counted(run: &Result, value: fn(&MetricsReport) -> u64) -> Cell {
    run.metrics.as_ref().map_or(Cell::Empty, |metrics| Cell::Integer(value(metrics)))
}

/// Returns the columns of the measures.
pub(crate) fn columns() -> Vec<Column> {
    MEASURES.iter().map(|(name, kind, _)| Column::new(name, *kind)).collect()
}

/// The measures of one run.
pub(crate) struct Measured {
    /// In the order of [`columns`].
    pub(crate) cells: Vec<Cell>,
    pub(crate) ended_by: EndedBy,
    /// Measures of the queue, if they were requested and theory predicts them.
    pub(crate) queue: Option<QueueMeasures>,
}

/// Runs `scenario` and measures it. Returns `None` if the run was interrupted.
pub(crate) fn measure(scenario: &Scenario, limits: &Limits) -> Option<Measured> {
    let run = run::run(scenario, (Metrics::new(INTERVAL), ()), limits, |_| ()).result;
    measured(&run, None)
}

/// Like [`measure`], with the measures of the queue if theory predicts them.
pub(crate) fn measure_queue(scenario: &Scenario, limits: &Limits) -> Option<Measured> {
    if predict_queue(scenario).is_err() {
        return measure(scenario, limits);
    }
    let run = run::run(scenario, (Metrics::new(INTERVAL), ()), limits, |_| ()).result;
    let queue = queue_measures(&run);
    measured(&run, Some(queue))
}

fn measured(run: &Result, queue: Option<QueueMeasures>) -> Option<Measured> {
    let cells = || MEASURES.iter().map(|(_, _, cell)| cell(run)).collect();
    let ended_by = run.ended_by;
    (ended_by != EndedBy::Interrupted).then(|| Measured { cells: cells(), ended_by, queue })
}
