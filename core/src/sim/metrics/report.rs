//! The metrics as plain numbers, times in seconds: for tables, JSON and files.

use super::{Metrics, Series, Times};
use crate::link::Usage;
use crate::server::service::Station;
use crate::sim::ScenarioNetwork;
use crate::time::{Duration, Instant, nanos};
use crate::trace::{Direction, Sink};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What a run came to.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct MetricsReport {
    /// Of answered exchanges, from the first send to the reply.
    pub latency_s: Quantiles,
    /// Of exchanges that were given up, from the first send to the end.
    pub gave_up_s: Quantiles,
    /// Of all exchanges that are over, where one without an answer counts as longer than every answer:
    /// null where the quantile is one of those; maximum and mean as soon as there is one.
    pub all_s: Quantiles,
    /// Exchanges that are over by their sends: entry `n` counts those that took `n`, entry 33 those that
    /// took 33 or more. It ends with the last entry that is not 0.
    pub attempts: Vec<u64>,
    /// Exchanges that were given up, by the name of [`Stop`](crate::policy::Stop).
    pub gave_up_by: BTreeMap<&'static str, u64>,
    /// Datagrams that were lost, by the name of [`Cause`](crate::trace::Cause).
    pub dropped_by: BTreeMap<&'static str, u64>,
    /// The server's.
    pub work: WorkReport,
    /// The link's.
    pub link: LinkReport,
    /// What happened when.
    pub series: SeriesReport,
}

/// Quantiles of times in seconds; null where there is nothing to tell.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Quantiles {
    /// Exchanges that were timed.
    pub count: u64,
    /// The median.
    pub p50: Option<f64>,
    /// At most a tenth took longer.
    pub p90: Option<f64>,
    /// At most a hundredth took longer.
    pub p99: Option<f64>,
    /// At most a thousandth took longer.
    pub p999: Option<f64>,
    /// At most a ten-thousandth took longer.
    pub p9999: Option<f64>,
    /// The longest, exactly.
    pub max: Option<f64>,
    /// Exactly, too.
    pub mean: Option<f64>,
}

impl Quantiles {
    fn of(times: &Times) -> Self {
        let seconds = |time: Option<Duration>| time.map(seconds);
        Self {
            max: seconds(times.max()),
            mean: seconds(times.mean()),
            ..Self::by(times.count(), |level| times.quantile(level))
        }
    }

    fn of_all(metrics: &Metrics) -> Self {
        let count = metrics.finished();
        if count == metrics.latency.count() {
            return Self::of(&metrics.latency);
        }
        Self::by(count, |level| metrics.quantile_of_all(level))
    }

    fn by(count: u64, quantile: impl Fn(u32) -> Option<Duration>) -> Self {
        let at = |level| quantile(level).map(seconds);
        Self {
            count,
            p50: at(5_000),
            p90: at(9_000),
            p99: at(9_900),
            p999: at(9_990),
            p9999: at(9_999),
            max: None,
            mean: None,
        }
    }
}

/// What the server's work came to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WorkReport {
    /// Requests whose work was done. Where the server takes no time these are its replies, failures
    /// included.
    pub served: u64,
    /// Requests served less exchanges answered: work on copies whose exchange was over or was answered
    /// by another copy, whose reply was lost or has not yet arrived, or that came to a failure.
    pub wasted: u64,
    /// The share of the workers' time in which they worked on requests that were served; null where the
    /// server takes no time or works on everything at once, and before any time has passed.
    pub utilisation: Option<f64>,
    /// Requests that waited at a time, on average (Little's law: total wait over time); null where the
    /// server takes no time, and before any time has passed. Requests that waited in vain (too old, or
    /// lost with the server) have left no trace of how long they did, and are not in it.
    pub mean_queue: Option<f64>,
    /// The most requests that waited at once.
    pub deepest_queue: u64,
    /// How long a request that was served waited; null if the server takes no time or served none.
    pub mean_wait_s: Option<f64>,
    /// How long the work on it took; null as before.
    pub mean_work_s: Option<f64>,
}

impl WorkReport {
    /// `station` is `None` for a server that takes no time.
    fn new(metrics: &Metrics, simulated: Instant, station: Option<&Station>) -> Self {
        let served = if station.is_some() { metrics.served } else { metrics.replies };
        let known = |of: f64| station.is_some() && of > 0.0;
        let share = |sum: u128, of: f64| known(of).then(|| sum as f64 / of);
        let time = simulated.as_nanos() as f64;
        let workers = station.and_then(|station| station.config().workers);
        Self {
            served,
            wasted: served.saturating_sub(metrics.latency.count()),
            utilisation: workers.and_then(|n| share(metrics.worked, f64::from(n) * time)),
            mean_queue: share(metrics.waited, time),
            deepest_queue: station.map_or(0, |station| station.deepest() as u64),
            mean_wait_s: share(metrics.waited, served as f64 * 1e9),
            mean_work_s: share(metrics.worked, served as f64 * 1e9),
        }
    }
}

/// How much of the link was used; null in a direction that has no rate, or that nothing was sent in.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LinkReport {
    /// From the clients to the server.
    pub request: Option<WayReport>,
    /// Back.
    pub reply: Option<WayReport>,
}

/// How much of one direction was used.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct WayReport {
    /// The share of time in which bits passed; the mean over the clients unless they share the link. What
    /// is in the queue when a run is cut short counts as passed. Null before any time has passed.
    pub busy: Option<f64>,
    /// The most datagrams in one queue, the one on the wire included.
    pub deepest_queue: u32,
    /// Datagrams that a queue dropped.
    pub dropped: u64,
}

impl LinkReport {
    fn new<K: Sink>(network: &ScenarioNetwork<K>) -> Self {
        let links = if network.link().shared { 1 } else { network.clients().len() };
        let time = links as f64 * network.now().as_nanos() as f64;
        let way = |direction| {
            let Usage { busy, taken, dropped, deepest } = network.channel().usage(direction);
            let busy = (time > 0.0).then(|| nanos(busy) as f64 / time);
            let way = WayReport { busy, deepest_queue: deepest, dropped };
            (taken + dropped > 0).then_some(way)
        };
        Self { request: way(Direction::Request), reply: way(Direction::Reply) }
    }
}

/// Counts by intervals of simulated time: the `n`-th, from 0, begins at `n * interval_s`.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SeriesReport {
    /// How long each interval is.
    pub interval_s: f64,
    /// Exchanges whose first copy was sent.
    pub begun: Vec<u64>,
    /// Copies of requests sent.
    pub sends: Vec<u64>,
    /// Exchanges that a reply ended.
    pub answered: Vec<u64>,
    /// Exchanges that ended without one.
    pub gave_up: Vec<u64>,
    /// Failures that clients heard of.
    pub failed: Vec<u64>,
    /// Requests served, as in [`WorkReport::served`].
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

impl Metrics {
    /// What has been measured so far of the run of `network`.
    #[must_use]
    pub fn report<K: Sink>(&self, network: &ScenarioNetwork<K>) -> MetricsReport {
        let station = network.server().station();
        let station = station.filter(|station| !station.config().is_instant());
        let takes_time = station.is_some();
        let longest = self.attempts.iter().rposition(|count| *count > 0);
        let attempts = longest.map_or(&[][..], |last| &self.attempts[..=last]);
        MetricsReport {
            latency_s: Quantiles::of(&self.latency),
            gave_up_s: Quantiles::of(&self.gave_up),
            all_s: Quantiles::of_all(self),
            attempts: attempts.to_vec(),
            gave_up_by: self.gave_up_by().map(|(why, count)| (why.name(), count)).collect(),
            dropped_by: self.dropped_by().map(|(cause, count)| (cause.name(), count)).collect(),
            work: WorkReport::new(self, network.now(), station),
            link: LinkReport::new(network),
            series: SeriesReport::new(&self.series, takes_time),
        }
    }
}

/// One division of whole nanoseconds, so that 0.32 s is printed as 0.32.
fn seconds(time: Duration) -> f64 {
    nanos(time) as f64 / 1e9
}
