//! Metrics as plain numbers with times in seconds, for tables, JSON and files.

use super::times::rank;
use super::{LoadReport, Metrics, Series, SteadyReport, Times};
use crate::link::Usage;
use crate::sim::{NetworkState, StationState};
use crate::time::{Duration, nanos};
use crate::trace::Direction;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Metrics of a run as numbers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MetricsReport {
    /// Times of answered exchanges, from the first send to the reply.
    pub latency_s: Quantiles,
    /// Times of exchanges that were given up, from the first send to the end.
    pub gave_up_s: Quantiles,
    /// Times of all finished exchanges, where an exchange without a reply counts as longer than every
    /// answered one. A quantile that is such an exchange is null; so are maximum and mean if there is one.
    pub all_s: Quantiles,
    /// Number of finished exchanges by sends: entry `n` counts those with `n` sends, entry 33 those with
    /// 33 or more. The last entry is not 0.
    pub attempts: Vec<u64>,
    /// Number of exchanges that were given up, by the name of [`Stop`](crate::policy::Stop).
    pub gave_up_by: BTreeMap<&'static str, u64>,
    /// Number of lost datagrams, by the name of [`Cause`](crate::trace::Cause).
    pub dropped_by: BTreeMap<&'static str, u64>,
    /// Offered load and goodput.
    pub load: LoadReport,
    /// Work of the server.
    pub work: WorkReport,
    /// Queue of the server after a warm-up; null if requests take no time.
    pub steady: Option<SteadyReport>,
    /// Usage of the link.
    pub link: LinkReport,
    /// Counts over time.
    pub series: SeriesReport,
}

/// Quantiles of times in seconds; null if there are no times.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Quantiles {
    /// Number of exchanges.
    pub count: u64,
    /// Median.
    pub p50: Option<f64>,
    /// 90th percentile.
    pub p90: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
    /// 99.9th percentile.
    pub p999: Option<f64>,
    /// 99.99th percentile.
    pub p9999: Option<f64>,
    /// Exact maximum.
    pub max: Option<f64>,
    /// Exact mean.
    pub mean: Option<f64>,
}

impl Quantiles {
    fn of(times: &Times) -> Self {
        let seconds = |time: Option<Duration>| time.map(seconds);
        Self {
            max: seconds(times.max()),
            mean: seconds(times.mean()),
            ..Self::among(times.count(), times)
        }
    }

    fn of_all(metrics: &Metrics) -> Self {
        let count = metrics.finished();
        if count == metrics.latency.count() {
            return Self::of(&metrics.latency);
        }
        Self::among(count, &metrics.latency)
    }

    /// Returns the quantiles of `count` exchanges, of which those that are not in `times` took longer.
    fn among(count: u64, times: &Times) -> Self {
        let levels = [5_000, 9_000, 9_900, 9_990, 9_999];
        let times = times.at_ranks(levels.map(|level| rank(level, count)));
        let [p50, p90, p99, p999, p9999] = times.map(|time| time.map(seconds));
        Self { count, p50, p90, p99, p999, p9999, max: None, mean: None }
    }
}

/// Work of the server, or of all servers together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WorkReport {
    /// Number of processed requests. If the server takes no time, these are its replies, failures
    /// included.
    pub served: u64,
    /// Processed requests minus answered exchanges: requests of an exchange that had ended or that
    /// another send answered, requests whose reply was lost or has not arrived yet, and failures.
    pub wasted: u64,
    /// Share of time in which the workers were busy, until the last request was served; null if the server
    /// takes no time or has unlimited workers, and before any time passes.
    pub utilisation: Option<f64>,
    /// Requests per second that the workers can process; null if the server takes no time, and if the number of
    /// requests in work is unlimited and does not slow it down.
    pub capacity_per_s: Option<f64>,
    /// Mean number of waiting requests, until the last request was served; null if the server takes no time,
    /// and before any time passes.
    pub mean_queue: Option<f64>,
    /// Maximum number of waiting requests at one server.
    pub deepest_queue: u64,
    /// Mean wait of a processed request; null if the server takes no time or processed none.
    pub mean_wait_s: Option<f64>,
    /// Mean service time of a processed request; null under the same conditions.
    pub mean_work_s: Option<f64>,
}

impl WorkReport {
    /// `stations` is empty if servers take no time.
    fn new(metrics: &Metrics, stations: &[StationState]) -> Self {
        let takes_time = !stations.is_empty();
        let served = if takes_time { metrics.served } else { metrics.replies };
        let known = |of: f64| takes_time && of > 0.0;
        let share = |sum: u128, of: f64| known(of).then(|| sum as f64 / of);
        let occupancies = || stations.iter().map(|station| station.occupancy);
        let until = occupancies().map(|occupancy| occupancy.until).max();
        let time = until.map_or(0.0, |until| until.as_nanos() as f64);
        let [waited, worked] = occupancies()
            .fold([0; 2], |[waited, worked], more| [waited + more.waited, worked + more.worked]);
        Self {
            served,
            wasted: served.saturating_sub(metrics.latency.count()),
            utilisation: workers(stations).and_then(|n| share(worked, f64::from(n) * time)),
            capacity_per_s: capacity(stations),
            mean_queue: share(waited, time),
            deepest_queue: stations.iter().map(|station| station.deepest as u64).max().unwrap_or(0),
            mean_wait_s: share(metrics.waited, served as f64 * 1e9),
            mean_work_s: share(metrics.worked, served as f64 * 1e9),
        }
    }
}

/// Returns the number of workers of all stations; `None` if it is unlimited.
fn workers(stations: &[StationState]) -> Option<u32> {
    let each = stations.iter().map(|station| station.workers);
    each.reduce(|sum, more| Some(sum?.saturating_add(more?)))?
}

/// Returns the capacity of all stations together; `None` if it is unlimited or there are none.
fn capacity(stations: &[StationState]) -> Option<f64> {
    let each = stations.iter().map(|station| station.capacity);
    each.reduce(|sum, more| Some(sum? + more?))?
}

/// Usage of the link; null in a direction without a rate or without datagrams.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinkReport {
    /// Usage from the clients to the server.
    pub request: Option<WayReport>,
    /// Usage from the server to the clients.
    pub reply: Option<WayReport>,
}

/// Usage of one direction of the link.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WayReport {
    /// Share of time in which the wire was busy; the mean over all clients unless they share the link.
    /// Datagrams still queued when a run is cut short count too. Null before any time passes.
    pub busy: Option<f64>,
    /// Maximum number of datagrams in one queue, the one on the wire included.
    pub deepest_queue: u32,
    /// Number of datagrams that a queue dropped.
    pub dropped: u64,
}

impl LinkReport {
    fn new(network: &NetworkState) -> Self {
        let time = network.links as f64 * network.now.as_nanos() as f64;
        let way = |direction: Direction| {
            let Usage { busy, taken, dropped, deepest } = network.usage[direction as usize];
            let busy = (time > 0.0).then(|| nanos(busy) as f64 / time);
            let way = WayReport { busy, deepest_queue: deepest, dropped };
            (taken + dropped > 0).then_some(way)
        };
        Self { request: way(Direction::Request), reply: way(Direction::Reply) }
    }
}

/// Counts per interval of simulated time. Interval `n`, from 0, begins at `n * interval_s`.
#[derive(Clone, Debug, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SeriesReport {
    /// Length of each interval.
    pub interval_s: f64,
    /// Number of exchanges that begin: first sends, and exchanges that end without a send.
    pub begun: Vec<u64>,
    /// Number of sends.
    pub sends: Vec<u64>,
    /// Number of exchanges that ended with a reply.
    pub answered: Vec<u64>,
    /// Number of exchanges that ended without a reply.
    pub gave_up: Vec<u64>,
    /// Number of failures that reached a client.
    pub failed: Vec<u64>,
    /// Number of processed requests, as in [`WorkReport::served`].
    pub served: Vec<u64>,
}

impl SeriesReport {
    fn new(series: &Series, takes_time: bool) -> Self {
        let all = series.intervals();
        Self {
            interval_s: seconds(series.interval()),
            begun: all.iter().map(|counts| counts.begun).collect(),
            sends: all.iter().map(|counts| counts.sends).collect(),
            answered: all.iter().map(|counts| counts.answered).collect(),
            gave_up: all.iter().map(|counts| counts.gave_up).collect(),
            failed: all.iter().map(|counts| counts.failed).collect(),
            served: all
                .iter()
                .map(|counts| if takes_time { counts.served } else { counts.replies })
                .collect(),
        }
    }
}

impl SeriesReport {
    /// Returns the number of exchanges that are answered for each one that begins, in the last tenth of the time in
    /// which exchanges begin; `None` if fewer than twenty begin then, which is too few to speak of a rate.
    ///
    /// After a collapse it is close to 0, at whatever time the collapse began.
    #[must_use]
    pub fn goodput_at_end(&self) -> Option<f64> {
        const FEW: u64 = 20;
        let until = self.begun.iter().rposition(|begun| *begun > 0)? + 1;
        let window = until - (until / 10).max(1)..until;
        let sum = |counts: &[u64]| counts[window.clone()].iter().sum::<u64>();
        let (begun, answered) = (sum(&self.begun), sum(&self.answered));
        (begun >= FEW).then(|| answered as f64 / begun as f64)
    }
}

impl Metrics {
    /// Returns the metrics so far of a run whose network is in this state.
    #[must_use]
    pub fn report(&self, network: &NetworkState) -> MetricsReport {
        let stations = network.stations.as_slice();
        let takes_time = !stations.is_empty();
        let longest = self.attempts.iter().rposition(|count| *count > 0);
        let attempts = longest.map_or(&[][..], |last| &self.attempts[..=last]);
        MetricsReport {
            latency_s: Quantiles::of(&self.latency),
            gave_up_s: Quantiles::of(&self.gave_up),
            all_s: Quantiles::of_all(self),
            attempts: attempts.to_vec(),
            gave_up_by: self.gave_up_by().map(|(why, count)| (why.name(), count)).collect(),
            dropped_by: self.dropped_by().map(|(cause, count)| (cause.name(), count)).collect(),
            load: self.load.report(network.now, network.finished),
            work: WorkReport::new(self, stations),
            steady: takes_time.then(|| self.steady.report(workers(stations))),
            link: LinkReport::new(network),
            series: SeriesReport::new(&self.series, takes_time),
        }
    }
}

/// Converts to seconds with a single division, so that 0.32 s is printed as 0.32.
fn seconds(time: Duration) -> f64 {
    nanos(time) as f64 / 1e9
}
