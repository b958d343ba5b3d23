//! Compares the predictions for the server, its queue and its collapse, with the measurement.
//!
//! Requests in a queue are not independent, so a single run has no valid standard error. A single run
//! shows the difference in per cent; several seeds show it in standard errors. The models describe a steady state, so
//! the first tenth of the arrivals is left out.

use super::arrivals::last_arrival;
use super::run::{Limits, Result};
use crate::output::Rounded;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::Metrics;
use retrylab_core::stats::Mean;
use retrylab_core::theory::{Load, QueuePrediction, predict_metastable, predict_queue};
use retrylab_core::time::Duration;
use serde::Serialize;

/// Share of refused requests, mean wait in seconds, mean queue length, and utilisation of the workers.
pub(crate) type QueueMeasures = [Option<f64>; 4];

/// Returns the measures of the queue of a finished run, after the warm-up.
pub(crate) fn queue_measures(run: &Result) -> QueueMeasures {
    let Some(steady) = run.metrics.steady else { return [None; 4] };
    [steady.refused_share, steady.mean_wait_s, steady.mean_queue, steady.utilisation]
}

/// Returns the metrics for a run of `scenario` within `limits`, with the warm-up of its queue's prediction.
pub(crate) fn metrics(scenario: &Scenario, interval: Duration, limits: &Limits) -> Metrics {
    let warm_up = predict_queue(scenario).map_or(Duration::ZERO, |predicted| predicted.warm_up);
    let last_arrival = last_arrival(scenario, limits);
    Metrics::new(interval).with_load_until(scenario, last_arrival).with_warm_up(warm_up)
}

const fn expected(of: &QueuePrediction) -> [f64; 4] {
    [of.refused, of.mean_wait, of.mean_queue, of.utilisation]
}

/// A prediction for a queue as JSON, each number as a `T`.
#[derive(Serialize)]
pub(super) struct Queue<T> {
    model: &'static str,
    /// Arrivals per mean service time.
    load: f64,
    /// Time at the beginning that is not measured.
    warm_up_s: f64,
    refused_share: T,
    mean_wait_s: T,
    mean_queue: T,
    utilisation: T,
}

impl<T: Copy> Queue<T> {
    fn new(of: &QueuePrediction, numbers: [T; 4]) -> Self {
        let [refused_share, mean_wait_s, mean_queue, utilisation] = numbers;
        let (model, load, warm_up_s) = (of.model, of.load, of.warm_up.as_secs_f64());
        Self { model, load, warm_up_s, refused_share, mean_wait_s, mean_queue, utilisation }
    }

    /// `M/M/1/K after 15 s: 2.3493 % refused (…), wait 0.028 s (…), 2.1852 in the queue (…), 78.12 % busy (…)`
    fn words(&self, predicted: fn(T) -> f64, compared: fn(T) -> String) -> String {
        let Self { model, warm_up_s, refused_share, mean_wait_s, mean_queue, utilisation, .. } =
            *self;
        let [wait, warm_up] =
            [predicted(mean_wait_s), warm_up_s].map(|time| Rounded(Duration::from_secs_f64(time)));
        format!(
            "{model} after {warm_up}: {:.4} % refused ({}), wait {wait} ({}), {:.4} in the queue ({}), {:.2} % busy ({})",
            100.0 * predicted(refused_share),
            compared(refused_share),
            compared(mean_wait_s),
            predicted(mean_queue),
            compared(mean_queue),
            100.0 * predicted(utilisation),
            compared(utilisation)
        )
    }
}

/// A number in a single run.
#[derive(Clone, Copy, Serialize)]
pub(super) struct OfRun {
    predicted: f64,
    measured: Option<f64>,
    /// Difference from the prediction in per cent; null if the prediction is 0.
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

/// Predictions for the server of one run; null where the conditions of a model do not hold.
#[derive(Default, Serialize)]
pub(super) struct Server {
    queue: Option<Queue<OfRun>>,
    queue_not_predicted: Option<&'static str>,
    metastable: Option<Metastable>,
    metastable_not_predicted: Option<&'static str>,
}

impl Server {
    /// Compares the predictions for `scenario` with `result`.
    pub(super) fn new(scenario: &Scenario, result: &Result) -> Self {
        let finished = result.ended_by.is_finished();
        let finished = finished.then_some(()).ok_or("the run did not finish");
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

    /// Returns the lines of the report, each as a name and a text.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, String)> {
        let queue = self.queue.as_ref();
        let queue = queue.map(|queue| queue.words(|of| of.predicted, OfRun::words));
        let metastable = self.metastable.as_ref().map(Metastable::words);
        let lines = [("theory of the queue", queue), ("metastable", metastable)];
        lines.into_iter().filter_map(|(name, words)| Some((name, words?)))
    }
}

/// The prediction of a collapse as JSON, in sends per second.
#[derive(Serialize)]
struct Metastable {
    state: &'static str,
    /// Load in the healthy state; null if there is none.
    healthy: Option<f64>,
    /// Load above which the server collapses; null unless it is vulnerable.
    tipping: Option<f64>,
    /// Load after a collapse; null if no collapse lasts.
    collapsed: Option<f64>,
    /// Mean time in seconds until a vulnerable server collapses without a spike; null if it is not vulnerable, or if
    /// that takes practically forever.
    mean_life_s: Option<f64>,
    /// First sends per second below which the server is stable.
    vulnerable_from: f64,
    /// First sends per second above which the server is always collapsed.
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
        let life = tipping.map(|_| model.mean_life(predicted.load)).filter(|life| life.is_finite());
        Ok(Self {
            state: load.name(),
            healthy,
            tipping,
            collapsed,
            mean_life_s: life,
            vulnerable_from: model.vulnerable_from(),
            collapses_from: model.collapses_from().0,
        })
    }

    /// `vulnerable: 50.4 sends/s while healthy, above 83.2 it collapses to 150.0, without a spike by chance after
    /// about 40 s; stable below 33.3 first sends/s, collapsed above 69.5`
    fn words(&self) -> String {
        let Self { state, healthy, tipping, collapsed, .. } = self;
        let Self { mean_life_s, vulnerable_from, collapses_from, .. } = self;
        let at = match (healthy, tipping, collapsed) {
            (Some(well), Some(tipping), Some(collapsed)) => {
                let life = match mean_life_s {
                    Some(life) => format!("by chance after {}", roughly(*life)),
                    None => "practically never".to_string(),
                };
                format!(
                    "{well:.1} sends/s while healthy, above {tipping:.1} it collapses to \
                     {collapsed:.1}, without a spike {life}"
                )
            }
            (well, _, collapsed) => {
                format!("{:.1} sends/s", well.or(*collapsed).unwrap_or_default())
            }
        };
        format!(
            "{state}: {at}; stable below {vulnerable_from:.1} first sends/s, collapsed above \
             {collapses_from:.1}"
        )
    }
}

/// Formats the estimate of a time with one digit, which is all that it is good for: `about 40 s`, `about 3 h`.
fn roughly(seconds: f64) -> String {
    let (unit, name) = match seconds {
        ..60.0 => (1.0, "s"),
        ..3_600.0 => (60.0, "min"),
        ..86_400.0 => (3_600.0, "h"),
        ..31_557_600.0 => (86_400.0, "days"),
        _ => return "more than a year".to_string(),
    };
    format!("about {} {name}", one_digit(seconds / unit))
}

/// Rounds to one significant digit.
fn one_digit(number: f64) -> f64 {
    let power = 10_f64.powi(number.max(1e-9).log10().floor() as i32);
    // Dividing by a power below 1 would show digits of its rounding error.
    if power < 1.0 {
        (number / power).round() / (1.0 / power).round()
    } else {
        (number / power).round() * power
    }
}

/// A number over several seeds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct OfSeeds {
    predicted: f64,
    mean: Option<f64>,
    /// Standard error of the mean over the seeds; null for a single seed.
    standard_error: Option<f64>,
    /// Difference from the prediction in standard errors; null without a standard error.
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

/// Compares the prediction for the queue of `scenario` with its runs. Returns `None` without a prediction.
pub(super) fn over_seeds(scenario: &Scenario, runs: &[QueueMeasures]) -> Option<Queue<OfSeeds>> {
    let predicted = predict_queue(scenario).ok()?;
    let mut indices = 0..;
    let of = |expected| {
        let at = indices.next().unwrap_or_default();
        OfSeeds::new(expected, runs.iter().filter_map(|run| run.get::<usize>(at).copied()?))
    };
    Some(Queue::new(&predicted, expected(&predicted).map(of)))
}

impl Queue<OfSeeds> {
    /// Returns the line of the report.
    pub(super) fn line(&self) -> String {
        format!("theory of the queue: {}", self.words(|of| of.predicted, OfSeeds::words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_have_one_digit() {
        for (seconds, words) in [
            (0.034, "about 0.03 s"),
            (7.78, "about 8 s"),
            (42.0, "about 40 s"),
            (90.0, "about 2 min"),
            (6_063.2, "about 2 h"),
            (2.0e5, "about 2 days"),
            (1e300, "more than a year"),
        ] {
            assert_eq!(roughly(seconds), words);
        }
    }
}
