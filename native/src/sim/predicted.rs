//! What theory says of the server: a queue, or a collapse, beside what was measured.
//!
//! A queue remembers, so that the requests of one run are no independent samples: a single run has no
//! honest standard error. It is told by how many per cent it is off; over seeds there are errors.

use super::run::Result;
use crate::output::Rounded;
use retrylab_core::scenario::Scenario;
use retrylab_core::stats::Mean;
use retrylab_core::theory::{Load, QueuePrediction, predict_metastable, predict_queue};
use retrylab_core::time::Duration;
use serde::Serialize;

/// The share of requests refused, the mean wait in seconds, the mean queue and the workers' busy share.
pub(crate) type QueueMeasures = [Option<f64>; 4];

/// What a run, which is over, has measured of its queue: there is no other end for a request than that
/// it is served or finds the queue full, where a queue is predicted.
pub(crate) fn queue_measures(run: &Result) -> QueueMeasures {
    let Some(metrics) = &run.metrics else { return [None; 4] };
    let work = &metrics.work;
    let sends = run.outcome.summary.sends;
    let refused = (sends > 0).then(|| sends.saturating_sub(work.served) as f64 / sends as f64);
    [refused, work.mean_wait_s, work.mean_queue, work.utilisation]
}

const fn expected(of: &QueuePrediction) -> [f64; 4] {
    [of.refused, of.mean_wait, of.mean_queue, of.utilisation]
}

/// A queue as JSON, each number as a `T`.
#[derive(Serialize)]
pub(super) struct Queue<T> {
    model: &'static str,
    /// Arrivals per mean service time.
    load: f64,
    refused_share: T,
    mean_wait_s: T,
    mean_queue: T,
    utilisation: T,
}

impl<T: Copy> Queue<T> {
    fn new(of: &QueuePrediction, numbers: [T; 4]) -> Self {
        let [refused_share, mean_wait_s, mean_queue, utilisation] = numbers;
        let (model, load) = (of.model, of.load);
        Self { model, load, refused_share, mean_wait_s, mean_queue, utilisation }
    }

    /// `M/M/1/K: 2.3493 % refused (…), wait 0.028 s (…), 2.1852 in the queue (…), 78.12 % busy (…)`
    fn words(&self, predicted: fn(T) -> f64, beside: fn(T) -> String) -> String {
        let Self { model, refused_share, mean_wait_s, mean_queue, utilisation, .. } = *self;
        let wait = Rounded(Duration::from_secs_f64(predicted(mean_wait_s)));
        format!(
            "{model}: {:.4} % refused ({}), wait {wait} ({}), {:.4} in the queue ({}), {:.2} % busy ({})",
            100.0 * predicted(refused_share),
            beside(refused_share),
            beside(mean_wait_s),
            predicted(mean_queue),
            beside(mean_queue),
            100.0 * predicted(utilisation),
            beside(utilisation)
        )
    }
}

/// A number of one run.
#[derive(Clone, Copy, Serialize)]
pub(super) struct OfRun {
    predicted: f64,
    measured: Option<f64>,
    /// How far the measured number is off; null where the predicted one is 0.
    difference_percent: Option<f64>,
}

impl OfRun {
    fn new(predicted: f64, measured: Option<f64>) -> Self {
        let off = measured.map(|measured| 100.0 * (measured / predicted - 1.0));
        Self { predicted, measured, difference_percent: off.filter(|off| off.is_finite()) }
    }

    fn words(self) -> String {
        match (self.difference_percent, self.measured) {
            (Some(off), _) => format!("{off:+.1} %"),
            (None, Some(0.0)) => "exactly".to_string(),
            (None, Some(measured)) => format!("measured {measured:.4}"),
            (None, None) => "not measured".to_string(),
        }
    }
}

/// What theory says of one run's server; null where a model's conditions do not hold.
#[derive(Default, Serialize)]
pub(super) struct Server {
    queue: Option<Queue<OfRun>>,
    queue_not_predicted: Option<&'static str>,
    metastable: Option<Metastable>,
    metastable_not_predicted: Option<&'static str>,
}

impl Server {
    /// `why` the run is no measurement, if it is none.
    pub(super) fn new(scenario: &Scenario, result: &Result) -> Self {
        let finished = result.ended_by.is_finished();
        let finished = finished.then_some(()).ok_or("the run did not come to its end");
        let queue = finished.and_then(|()| predict_queue(scenario)).map(|predicted| {
            let mut measured = queue_measures(result).into_iter();
            let of = |predicted| OfRun::new(predicted, measured.next().flatten());
            Queue::new(&predicted, expected(&predicted).map(of))
        });
        let metastable = Metastable::new(scenario);
        Self {
            queue_not_predicted: queue.as_ref().err().copied(),
            metastable_not_predicted: metastable.as_ref().err().copied(),
            queue: queue.ok(),
            metastable: metastable.ok(),
        }
    }

    /// Lines of a name and its words.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        let queue = self.queue.as_ref();
        let queue = queue.map(|queue| queue.words(|of| of.predicted, OfRun::words));
        let metastable = self.metastable.as_ref().map(Metastable::words);
        let lines = [("theory of the queue", queue), ("metastable", metastable)];
        lines.into_iter().filter_map(|(name, words)| Some((name, words?)))
    }
}

/// What a load comes to, as JSON: sends a second.
#[derive(Serialize)]
struct Metastable {
    state: &'static str,
    /// While all is well; null if it never is.
    healthy: Option<f64>,
    /// From so many on it collapses; null unless vulnerable.
    tipping: Option<f64>,
    /// After a collapse; null if none lasts.
    collapsed: Option<f64>,
    /// First tries a second below which it is stable, and above which it is collapsed.
    vulnerable_from: f64,
    collapses_from: f64,
}

impl Metastable {
    fn new(scenario: &Scenario) -> std::result::Result<Self, &'static str> {
        let predicted = predict_metastable(scenario)?;
        let (model, load) = (predicted.model, predicted.model.at(predicted.load));
        let (healthy, tipping, collapsed) = match load {
            Load::Stable(sends) => (Some(sends), None, None),
            Load::Vulnerable { healthy, tipping, collapsed } => {
                (Some(healthy), Some(tipping), Some(collapsed))
            }
            Load::Collapsed(sends) => (None, None, Some(sends)),
            _ => (None, None, None),
        };
        let (vulnerable_from, collapses_from) = (model.vulnerable_from(), model.collapses_from().0);
        let state = load.name();
        Ok(Self { state, healthy, tipping, collapsed, vulnerable_from, collapses_from })
    }

    /// `vulnerable: 50.4 sends/s while well, collapsed at 150.0 from 83.2 on; below 33.3 first tries a
    /// second stable, above 69.5 collapsed`
    fn words(&self) -> String {
        let Self { state, healthy, tipping, collapsed, vulnerable_from, collapses_from } = self;
        let at = match (healthy, tipping, collapsed) {
            (Some(well), Some(tipping), Some(collapsed)) => format!(
                "{well:.1} sends/s while well, collapsed at {collapsed:.1} from {tipping:.1} on"
            ),
            (well, _, collapsed) => {
                format!("{:.1} sends/s", well.or(*collapsed).unwrap_or_default())
            }
        };
        format!(
            "{state}: {at}; below {vulnerable_from:.1} first tries/s stable, above \
             {collapses_from:.1} collapsed"
        )
    }
}

/// A number over seeds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct OfSeeds {
    predicted: f64,
    mean: Option<f64>,
    /// Of the mean, by the spread of the seeds; null of one seed.
    standard_error: Option<f64>,
    /// How many of them the mean is off; null where there is none, or nothing varies.
    standard_errors: Option<f64>,
}

impl OfSeeds {
    fn new(predicted: f64, measured: impl Iterator<Item = f64>) -> Self {
        let mut all = Mean::default();
        measured.for_each(|number| all.add(number));
        let error = all.deviation().map(|deviation| deviation / (all.count() as f64).sqrt());
        let mean = (all.count() > 0).then(|| all.mean());
        let off = mean.zip(error).map(|(mean, error)| (mean - predicted) / error);
        let off = off.filter(|off| off.is_finite());
        Self { predicted, mean, standard_error: error, standard_errors: off }
    }

    fn words(self) -> String {
        match (self.standard_errors, self.mean) {
            (Some(off), _) => format!("{off:+.1} standard errors"),
            (None, Some(0.0)) if self.predicted == 0.0 => "exactly".to_string(),
            (None, Some(mean)) => format!("measured {mean:.4}"),
            (None, None) => "not measured".to_string(),
        }
    }
}

/// The queue of `scenario` beside what its runs have measured; `None` if it is not predicted.
pub(super) fn over_seeds(scenario: &Scenario, runs: &[QueueMeasures]) -> Option<Queue<OfSeeds>> {
    let predicted = predict_queue(scenario).ok()?;
    let mut places = 0..;
    let of = |expected| {
        let at = places.next().unwrap_or_default();
        OfSeeds::new(expected, runs.iter().filter_map(|run| run.get::<usize>(at).copied()?))
    };
    Some(Queue::new(&predicted, expected(&predicted).map(of)))
}

impl Queue<OfSeeds> {
    /// The line of a report over seeds.
    pub(super) fn line(&self) -> String {
        format!("theory of the queue: {}", self.words(|of| of.predicted, OfSeeds::words))
    }
}
