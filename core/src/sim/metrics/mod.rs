//! Metrics of a run: the duration of exchanges, what ended them, counts over time, and the server's work.
//!
//! [`Metrics`] is an optional [`Sink`]: a run without it pays nothing. Its memory is bounded for runs of
//! any length.
//!
//! An exchange that was given up has no latency, but it always counts: its duration is measured
//! separately, and [`quantile_of_all`](Metrics::quantile_of_all) treats it as longer than every answered
//! one. Otherwise a policy that gives up early would look fast.
//!
//! ```
//! use retrylab_core::scenario::Scenario;
//! use retrylab_core::sim::{metrics::Metrics, run};
//! use retrylab_core::time::Duration;
//!
//! let mut scenario = Scenario::default();
//! scenario.apply([("server.drop", "0.5"), ("exchanges", "10000")])?;
//! let metrics = run(&scenario, Metrics::new(Duration::from_millis(10))).sink;
//! // Half of the exchanges are answered at once; one in 32 never is.
//! let median = metrics.latency().quantile(5_000).unwrap();
//! assert!((20_000..=20_020).contains(&median.as_micros()), "20 ms, to a thousandth");
//! assert_eq!(metrics.latency().max(), Some(Duration::from_millis(1_520)));
//! assert_eq!(metrics.quantile_of_all(9_900), None);
//! # Ok::<(), retrylab_core::scenario::FieldError>(())
//! ```

#[cfg(feature = "serde")]
mod attempts;
mod divisor;
mod load;
mod report;
mod series;
mod steady;
#[cfg(test)]
mod tests;
mod times;

pub use load::LoadReport;
pub use report::{LinkReport, MetricsReport, Quantiles, SeriesReport, WayReport, WorkReport};
pub use series::{Counts, MAX_INTERVALS, Series};
pub use steady::SteadyReport;
pub use times::Times;

use crate::policy::Stop;
use crate::sim::Merge;
use crate::time::{Duration, Instant, nanos};
use crate::trace::{Cause, Direction, FrameStep, HostId, PacketId, Record, Sink, What};
use alloc::vec::Vec;
use load::Load;
use steady::Steady;
use times::rank;

/// Maximum number of sends that [`Metrics::attempts`] counts separately.
pub const MAX_ATTEMPTS: usize = 32;

/// Metrics of a run, computed from its records.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Metrics {
    latency: Times,
    gave_up: Times,
    refused: u64,
    #[cfg_attr(feature = "serde", serde(with = "attempts"))]
    attempts: [u64; MAX_ATTEMPTS + 2],
    gave_up_by: Tally<Stop>,
    dropped_by: Tally<Cause>,
    /// Packets that were dropped, delayed or duplicated by hand.
    by_hand: Vec<PacketId>,
    series: Series,
    served: u64,
    replies: u64,
    /// Total times in nanoseconds over all served requests.
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    waited: u128,
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    worked: u128,
    steady: Steady,
    load: Load,
}

impl Metrics {
    /// Creates empty metrics. Counts over time use intervals of `interval` (a nanosecond if it is zero),
    /// which double when a run is longer than [`MAX_INTERVALS`] of them.
    #[must_use]
    pub fn new(interval: Duration) -> Self {
        Self {
            latency: Times::default(),
            gave_up: Times::default(),
            refused: 0,
            attempts: [0; MAX_ATTEMPTS + 2],
            gave_up_by: Tally(Vec::new()),
            dropped_by: Tally(Vec::new()),
            by_hand: Vec::new(),
            series: Series::new(interval, MAX_INTERVALS),
            served: 0,
            replies: 0,
            waited: 0,
            worked: 0,
            steady: Steady::default(),
            load: Load::default(),
        }
    }

    /// Sets the maximum number of intervals; at least one. Call it before the run.
    #[must_use]
    pub fn with_max_intervals(mut self, max: usize) -> Self {
        self.series = Series::new(self.series.interval(), max);
        self
    }

    /// Returns the times from the first send to the reply, of answered exchanges.
    #[must_use]
    pub const fn latency(&self) -> &Times {
        &self.latency
    }

    /// Returns the times from the first send to the end, of exchanges that were given up.
    #[must_use]
    pub const fn gave_up(&self) -> &Times {
        &self.gave_up
    }

    /// Returns the number of finished exchanges: answered, given up, or refused by the network.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.latency.count() + self.gave_up.count() + self.refused
    }

    /// Like [`Times::quantile`], over all finished exchanges. An exchange without a reply counts as longer
    /// than every answered one; `None` if the quantile is such an exchange.
    #[must_use]
    pub fn quantile_of_all(&self, ten_thousandths: u32) -> Option<Duration> {
        self.latency.at_rank(rank(ten_thousandths, self.finished()))
    }

    /// Returns finished exchanges by their number of sends: `attempts()[n]` counts those with `n` sends,
    /// and the last entry those with more than [`MAX_ATTEMPTS`]. Entry 0 counts exchanges that budget or
    /// breaker refused.
    #[must_use]
    pub const fn attempts(&self) -> &[u64; MAX_ATTEMPTS + 2] {
        &self.attempts
    }

    /// Returns the number of exchanges that were given up, by reason; reasons without any are left out, and their order
    /// means nothing.
    pub fn gave_up_by(&self) -> impl Iterator<Item = (Stop, u64)> {
        self.gave_up_by.0.iter().copied()
    }

    /// Returns the number of lost datagrams, by cause; causes without any are left out, and their order means
    /// nothing.
    pub fn dropped_by(&self) -> impl Iterator<Item = (Cause, u64)> {
        self.dropped_by.0.iter().copied()
    }

    /// Returns the packets that were dropped, delayed or duplicated by hand. Their order means nothing.
    #[must_use]
    pub fn by_hand(&self) -> &[PacketId] {
        &self.by_hand
    }

    /// Returns the counts over time.
    #[must_use]
    pub const fn series(&self) -> &Series {
        &self.series
    }

    // Not inlined into `record`, which is inlined wherever the network's loop records something: more code
    // there slows the loop.
    #[inline(never)]
    fn answer(&mut self, at: Instant, sends: u32, elapsed: Duration) {
        self.end(sends);
        self.load.answer(at);
        self.latency.add(elapsed);
        self.series.at(at).answered += 1;
    }

    #[inline(never)]
    fn give_up(&mut self, at: Instant, sends: u32, elapsed: Duration, why: Stop) {
        self.end(sends);
        self.load.give_up(at, sends);
        self.gave_up.add(elapsed);
        self.gave_up_by.add(why);
        let counts = self.series.at(at);
        counts.gave_up += 1;
        // It begins as it ends: the breaker or the budget refuses its first send.
        counts.begun += u64::from(sends == 0);
    }

    #[inline(always)]
    fn send(&mut self, record: &Record) {
        let first = record.label.is_some_and(|label| label.send.get() == 1);
        let counts = self.series.at(record.at);
        counts.sends += 1;
        counts.begun += u64::from(first);
        self.load.send(record.at, first);
    }

    #[inline(always)]
    fn serve(&mut self, arrived: Instant, begun: Instant, done: Instant) {
        self.served += 1;
        self.waited += u128::from(nanos(begun.saturating_since(arrived)));
        self.worked += u128::from(nanos(done.saturating_since(begun)));
        self.series.at(done).served += 1;
        self.steady.serve(arrived, begun, done);
    }

    #[inline(always)]
    fn lose(&mut self, record: &Record, cause: Cause) {
        self.dropped_by.add(cause);
        match cause {
            Cause::ServerQueue => self.steady.refuse(record.at),
            Cause::ByHand => self.change_by_hand(record),
            _ => {}
        }
    }

    /// Notes what happens to a packet by hand. Each fragment of a datagram has such a record.
    #[cold]
    fn change_by_hand(&mut self, record: &Record) {
        let packet = record.packet().filter(|packet| !self.by_hand.contains(packet));
        self.by_hand.extend(packet);
    }

    fn refuse(&mut self, at: Instant, sends: u32) {
        self.end(sends);
        self.load.give_up(at, sends);
        self.refused += 1;
        self.series.at(at).gave_up += 1;
    }

    fn end(&mut self, sends: u32) {
        self.attempts[(sends as usize).min(MAX_ATTEMPTS + 1)] += 1;
    }
}

impl Sink for Metrics {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        match record.what {
            What::Sent { direction: Direction::Request, .. } | What::Connecting => {
                self.send(record);
            }
            What::Sent { direction: Direction::Reply, .. } | What::Replied { .. } => {
                self.replies += 1;
                self.series.at(record.at).replies += 1;
            }
            What::Dropped { cause, .. } => self.lose(record, cause),
            What::Frame { step: FrameStep::Lost(cause), carried, .. } if carried.is_tcp() => {
                self.lose(record, cause);
            }
            // A fragment.
            What::Frame { step: FrameStep::Lost(Cause::ByHand), .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. } => self.change_by_hand(record),
            What::Answered { sends, elapsed, .. } => self.answer(record.at, sends, elapsed),
            What::GaveUp { sends, elapsed, why } => self.give_up(record.at, sends, elapsed, why),
            What::Refused { sends, .. } => self.refuse(record.at, sends),
            What::Failed if record.host == HostId::Client => {
                self.series.at(record.at).failed += 1;
            }
            What::Served { arrived, begun } => self.serve(arrived, begun, record.at),
            // A server with a full queue may answer with a failure.
            What::Failed => self.steady.refuse(record.at),
            // Not measured.
            What::Delivered { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::Frame { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::LateReply
            | What::Stranger
            | What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Missing { .. }
            | What::Reordered
            | What::Repeated
            | What::Dead { .. }
            | What::Alive
            | What::Confirmed
            | What::Broken { .. }
            | What::Released
            | What::NotReleased
            | What::Accepted
            | What::Rejected
            | What::Limited { .. }
            | What::NameAnswered { .. }
            | What::NameResolved { .. }
            | What::Note { .. } => {}
        }
    }
}

/// Both have been created alike.
impl Merge for Metrics {
    fn merge(&mut self, other: Self) {
        // All fields are named: a new one does not compile until it is added.
        let Self {
            latency,
            gave_up,
            refused,
            attempts,
            gave_up_by,
            dropped_by,
            by_hand,
            series,
            served,
            replies,
            waited,
            worked,
            steady,
            load,
        } = other;
        self.latency.merge(&latency);
        self.gave_up.merge(&gave_up);
        self.refused += refused;
        for (own, more) in self.attempts.iter_mut().zip(attempts) {
            *own += more;
        }
        self.gave_up_by.merge(gave_up_by);
        self.dropped_by.merge(dropped_by);
        self.by_hand.extend(by_hand);
        self.series.merge(series);
        self.served += served;
        self.replies += replies;
        self.waited += waited;
        self.worked += worked;
        self.steady.merge(steady);
        self.load.merge(load);
    }
}

/// Counts of a few different things.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
struct Tally<T>(Vec<(T, u64)>);

impl<T: Copy + PartialEq> Tally<T> {
    fn merge(&mut self, Self(other): Self) {
        for (thing, more) in other {
            match self.0.iter_mut().find(|(known, _)| *known == thing) {
                Some((_, count)) => *count += more,
                None => self.0.push((thing, more)),
            }
        }
    }

    #[inline]
    fn add(&mut self, thing: T) {
        match self.0.iter_mut().find(|(known, _)| *known == thing) {
            Some((_, count)) => *count += 1,
            None => self.0.push((thing, 1)),
        }
    }
}
