//! The measures of a run. This table is the only place that names them.

use super::INTERVAL;
use super::cells::Cells;
use super::predicted::{QueueMeasures, metrics, queue_measures};
use super::run::{self, EndedBy, Limits, Result};
use crate::output::seconds;
use crate::table::{Cell, Column, ColumnKind};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::sim::metrics::MetricsReport;
use retrylab_core::theory::predict_queue;
use retrylab_core::time::Instant;
use serde::Serialize;

/// A measure of a run.
pub(crate) struct Measure {
    /// Name of its column.
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnKind,
    /// Which of two values is better; `None` if neither is.
    pub(crate) better: Option<Better>,
    /// Whether it is a latency: an exchange without a reply took longer than any that was answered.
    latency: bool,
    cell: fn(&Result) -> Cell,
}

/// Which of two values of a measure is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    Higher,
    Lower,
}

impl Measure {
    const fn new(
        name: &'static str,
        kind: ColumnKind,
        better: Option<Better>,
        cell: fn(&Result) -> Cell,
    ) -> Self {
        Self { name, kind, better, latency: false, cell }
    }

    const fn latency(name: &'static str, cell: fn(&Result) -> Cell) -> Self {
        let better = Some(Better::Lower);
        Self { name, kind: ColumnKind::Number, better, latency: true, cell }
    }
}

/// Every measure, in the order of the columns.
pub(crate) const MEASURES: &[Measure] = {
    use ColumnKind::{Integer, Number, Text};
    const LOWER: Option<Better> = Some(Better::Lower);
    const HIGHER: Option<Better> = Some(Better::Higher);
    &[
        Measure::new("exchanges", Integer, None, |run| {
            Cell::Integer(run.outcome.summary.finished())
        }),
        Measure::new("answered", Integer, HIGHER, |run| {
            Cell::Integer(run.outcome.summary.answered)
        }),
        Measure::new("gave_up", Integer, LOWER, |run| Cell::Integer(run.outcome.summary.gave_up)),
        Measure::new("refused", Integer, LOWER, |run| Cell::Integer(run.outcome.summary.refused)),
        Measure::new("answered_share", Number, HIGHER, |run| {
            share(run, run.outcome.summary.answered)
        }),
        Measure::new("gave_up_share", Number, LOWER, |run| share(run, run.outcome.summary.gave_up)),
        Measure::new("sends", Integer, LOWER, |run| Cell::Integer(run.outcome.summary.sends)),
        Measure::new("calls", Integer, LOWER, |run| Cell::Integer(run.outcome.summary.calls)),
        Measure::new("amplification", Number, LOWER, |run| share(run, run.outcome.summary.sends)),
        Measure::new("offered_per_s", Number, None, |run| metric(run, |m| m.load.offered_per_s)),
        Measure::new("offered_with_retries_per_s", Number, None, |run| {
            metric(run, |m| m.load.offered_with_retries_per_s)
        }),
        Measure::new("peak_sends_per_s", Integer, LOWER, |run| {
            run.metrics.load.peak_sends_per_s.map_or(Cell::Empty, Cell::Integer)
        }),
        Measure::new("goodput_per_s", Number, HIGHER, |run| metric(run, |m| m.load.goodput_per_s)),
        Measure::new("capacity_per_s", Number, None, |run| metric(run, |m| m.work.capacity_per_s)),
        Measure::new("replies", Integer, None, |run| Cell::Integer(run.outcome.summary.replies)),
        Measure::new("late_replies", Integer, LOWER, |run| {
            Cell::Integer(run.outcome.summary.late_replies)
        }),
        Measure::new("misattributed", Integer, LOWER, |run| {
            Cell::Integer(run.outcome.summary.misattributed)
        }),
        Measure::new("lost", Integer, None, |run| Cell::Integer(run.outcome.summary.lost)),
        Measure::new("server_dropped", Integer, None, |run| {
            Cell::Integer(run.outcome.summary.server_dropped)
        }),
        Measure::new("simulated_s", Number, None, |run| {
            Cell::number(seconds(run.outcome.simulated.saturating_since(Instant::ZERO)))
        }),
        Measure::latency("latency_mean_s", |run| metric(run, |m| m.latency_s.mean)),
        Measure::latency("latency_p50_s", |run| metric(run, |m| m.latency_s.p50)),
        Measure::latency("latency_p90_s", |run| metric(run, |m| m.latency_s.p90)),
        Measure::latency("latency_p99_s", |run| metric(run, |m| m.latency_s.p99)),
        Measure::latency("latency_p999_s", |run| metric(run, |m| m.latency_s.p999)),
        // Exchanges that gave up count as longer than every answer. The cell is empty if the quantile is
        // one of them.
        Measure::latency("all_p99_s", |run| metric(run, |m| m.all_s.p99)),
        Measure::new("served", Integer, None, |run| counted(run, |m| m.work.served)),
        Measure::new("wasted", Integer, LOWER, |run| counted(run, |m| m.work.wasted)),
        Measure::new("utilisation", Number, None, |run| metric(run, |m| m.work.utilisation)),
        Measure::new("mean_queue", Number, LOWER, |run| metric(run, |m| m.work.mean_queue)),
        Measure::new("events", Integer, None, |run| Cell::Integer(run.outcome.events)),
        Measure::new("digest", Text, None, |run| Cell::Text(run.outcome.digest.to_string())),
        Measure::new("ended_by", Text, None, |run| Cell::Text(run.ended_by.name().to_string())),
    ]
};

/// Returns `count` per finished exchange; empty if no exchange has finished.
fn share(run: &Result, count: u64) -> Cell {
    Cell::number(count as f64 / run.outcome.summary.finished() as f64)
}

fn metric(run: &Result, value: fn(&MetricsReport) -> Option<f64>) -> Cell {
    value(&run.metrics).map_or(Cell::Empty, Cell::number)
}

fn counted(run: &Result, value: fn(&MetricsReport) -> u64) -> Cell {
    Cell::Integer(value(&run.metrics))
}

/// Returns whether the measure of this name is a latency, which may be longer than any.
pub(crate) fn is_latency(name: &str) -> bool {
    MEASURES.iter().any(|measure| measure.latency && measure.name == name)
}

/// Returns the columns of the measures.
pub(crate) fn columns() -> Vec<Column> {
    MEASURES.iter().map(|measure| Column::new(measure.name, measure.kind)).collect()
}

/// The measures of one run.
pub(crate) struct Measured {
    /// In the order of [`columns`].
    pub(crate) cells: Vec<Cell>,
    pub(crate) summary: Summary,
    /// See [`SeriesReport::goodput_at_end`](retrylab_core::sim::metrics::SeriesReport::goodput_at_end).
    pub(crate) goodput_at_end: Option<f64>,
    pub(crate) ended_by: EndedBy,
    /// Measures of the queue, if they were requested and theory predicts them.
    pub(crate) queue: Option<QueueMeasures>,
}

impl Measured {
    /// Returns the value of the measure at the index `at`, for statistics over several runs.
    ///
    /// A latency that no answered exchange has is infinite: it is longer than any. Without it, a policy that
    /// answers fewer exchanges would look faster. `None` if the run has no value, such as a share without
    /// any exchange.
    pub(crate) fn number(&self, at: usize) -> Option<f64> {
        let is_unanswered = MEASURES[at].latency && self.summary.finished() > 0;
        self.cells.get(at)?.as_f64().or_else(|| is_unanswered.then_some(f64::INFINITY))
    }
}

/// Runs `scenario` and measures it, its queue included if theory predicts it. Returns `None` if the run was
/// interrupted.
pub(crate) fn measure(scenario: &Scenario, limits: &Limits) -> Option<Measured> {
    let metrics = metrics(scenario, INTERVAL, limits);
    let run = run::measure(scenario, metrics, Cells::new(scenario, limits.cells), limits, |_| ());
    let queue = predict_queue(scenario).is_ok().then(|| queue_measures(&run));
    run.is_complete().then(|| measured(&run, queue))
}

/// Returns the measures of a run.
pub(super) fn measured(run: &Result, queue: Option<QueueMeasures>) -> Measured {
    Measured {
        cells: MEASURES.iter().map(|measure| (measure.cell)(run)).collect(),
        summary: run.outcome.summary,
        goodput_at_end: run.metrics.series.goodput_at_end(),
        ended_by: run.ended_by,
        queue,
    }
}
