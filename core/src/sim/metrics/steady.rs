//! What a queue does after a warm-up, to compare with its steady state.

use crate::time::{Duration, Instant, nanos};

/// The requests at the server after a warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Steady {
    /// End of the warm-up.
    pub(super) from: Instant,
    /// Time of the last request that was served or refused.
    until: Instant,
    /// Requests that arrived after the warm-up and were served, or refused by a full queue.
    served: u64,
    refused: u64,
    /// How long the served ones waited, in nanoseconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    waited: u128,
    /// Sums over the time after the warm-up of the waiting requests, and of those in work, in nanoseconds.
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    waiting: u128,
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    working: u128,
}

impl Steady {
    pub(super) fn serve(&mut self, arrived: Instant, begun: Instant, done: Instant) {
        let after = |time: Instant| time.max(self.from);
        self.waiting += time_between(after(arrived), begun);
        self.working += time_between(after(begun), done);
        self.until = self.until.max(done);
        if arrived >= self.from {
            self.served += 1;
            self.waited += time_between(arrived, begun);
        }
    }

    pub(super) fn refuse(&mut self, at: Instant) {
        self.until = self.until.max(at);
        self.refused += u64::from(at >= self.from);
    }

    pub(super) fn merge(&mut self, other: Self) {
        let Self { from: _, until, served, refused, waited, waiting, working } = other;
        self.until = self.until.max(until);
        self.served += served;
        self.refused += refused;
        self.waited += waited;
        self.waiting += waiting;
        self.working += working;
    }

    pub(super) fn report(&self, workers: Option<u32>) -> SteadyReport {
        let share = |sum: f64, of: f64| (of > 0.0).then(|| sum / of);
        let time = time_between(self.from, self.until) as f64;
        let requests = (self.served + self.refused) as f64;
        SteadyReport {
            warm_up_s: nanos(self.from.saturating_since(Instant::ZERO)) as f64 / 1e9,
            refused_share: share(self.refused as f64, requests),
            mean_wait_s: share(self.waited as f64 / 1e9, self.served as f64),
            mean_queue: share(self.waiting as f64, time),
            utilisation: workers.and_then(|n| share(self.working as f64, f64::from(n) * time)),
        }
    }
}

/// Returns the nanoseconds from `from` to `until`; 0 if `until` is earlier.
fn time_between(from: Instant, until: Instant) -> u128 {
    u128::from(nanos(until.saturating_since(from)))
}

/// What a queue does after a warm-up, until the last request has been served or refused.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct SteadyReport {
    /// Length of the warm-up.
    pub warm_up_s: f64,
    /// Share of the arriving requests that find the queue full; null without arrivals.
    pub refused_share: Option<f64>,
    /// Mean wait of a served request; null if none was served.
    pub mean_wait_s: Option<f64>,
    /// Mean number of waiting requests; null before any time passes.
    pub mean_queue: Option<f64>,
    /// Share of time in which the workers were busy; null with unlimited workers, and before any time passes.
    pub utilisation: Option<f64>,
}

impl super::Metrics {
    /// Sets the warm-up after which [`steady`](super::MetricsReport::steady) begins. Call it before the run.
    #[must_use]
    pub fn with_warm_up(mut self, warm_up: Duration) -> Self {
        self.steady.from = Instant::ZERO.saturating_add(warm_up);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_overlaps_the_warm_up_counts_from_its_end() {
        let at = |seconds| Instant::ZERO.saturating_add(Duration::from_secs(seconds));
        let mut steady = Steady { from: at(10), ..Steady::default() };
        steady.refuse(at(1));
        steady.serve(at(2), at(4), at(9));
        // It waits from 8 s to 13 s, and is in work until 16 s.
        steady.serve(at(8), at(13), at(16));
        steady.serve(at(12), at(16), at(18));
        steady.refuse(at(14));
        steady.refuse(at(20));
        let report = SteadyReport {
            warm_up_s: 10.0,
            refused_share: Some(2.0 / 3.0),
            mean_wait_s: Some(4.0),
            mean_queue: Some((3.0 + 4.0) / 10.0),
            utilisation: Some((3.0 + 2.0) / 20.0),
        };
        assert_eq!(steady.report(Some(2)), report);
        let none = Steady::default().report(Some(1));
        assert_eq!((none.refused_share, none.mean_queue, none.utilisation), (None, None, None));
    }
}
