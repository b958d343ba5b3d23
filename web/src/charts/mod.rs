//! The numbers of the page's charts, counted from the records that are kept.
//!
//! They equal those of the core's `Metrics`, whose histogram and series the page does not need.

mod pairs;
mod pointed;
mod trials;

pub use pairs::Pairs;
pub(crate) use pointed::{End, Exchange, Pointed, exchange_of};
pub use trials::Trials;

use retrylab_core::stats::{Mean, wilson};
use retrylab_core::theory::Bernoulli;
use retrylab_core::trace::{Direction, Record, What};

/// Number of counts of each interval in [`series`].
pub(crate) const COUNTS: usize = 3;

/// Maximum number of intervals of a chart.
const MAX_INTERVALS: u64 = 80;

/// Maximum number of sends that are counted separately; more count as one more.
const MAX_SENDS: usize = 32;

/// Quantile of the standard normal distribution for a 95 % interval.
const NORMAL_95: f64 = 1.96;

/// Returns the length of intervals for a chart of `span`, in nanoseconds: 1, 2 or 5 of a power of ten, a microsecond at least.
pub(crate) fn step(span: u64) -> u64 {
    let mut step = 1_000;
    loop {
        for times in [1, 2, 5] {
            if span / MAX_INTERVALS < step * times {
                return step * times;
            }
        }
        step *= 10;
    }
}

/// Counts over time up to and including `until`: for each interval of length `step`, the exchanges that begin, the sends, and
/// the exchanges that are answered. Each attempt of a client that `writes` counts as one send, although it reads first.
pub(crate) fn series(records: &[Record], until: u64, step: u64, writes: bool) -> Vec<f64> {
    let mut counts = vec![0.0; (until / step + 1) as usize * COUNTS];
    for record in records.iter().filter(|record| record.at.as_nanos() <= until) {
        let first = (record.at.as_nanos() / step) as usize * COUNTS;
        // Its datagrams are alternately reads and writes.
        let is_write = writes && record.packet.is_some_and(|number| number.get() % 2 == 0);
        match record.what {
            What::Sent { direction: Direction::Request, .. } | What::Connecting if !is_write => {
                counts[first + 1] += 1.0;
                if record.label.is_some_and(|label| label.send.get() == 1) {
                    counts[first] += 1.0;
                }
            }
            What::Answered { .. } => counts[first + 2] += 1.0,
            // It begins as it ends: the breaker or the budget refuses its first send.
            What::GaveUp { sends: 0, .. } => counts[first] += 1.0,
            _ => {}
        }
    }
    counts
}

/// How exchanges ended.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// Times to the reply of answered exchanges in nanoseconds.
    pub(crate) latencies: Vec<u64>,
    /// Number of finished exchanges.
    pub(crate) finished: u64,
    /// Finished and answered exchanges by their number of sends.
    by_sends: Vec<(u64, u64)>,
    sends: Mean,
}

impl Ends {
    /// Adds the exchange that a record ends, if it ends one.
    pub(crate) fn add(&mut self, record: &Record) {
        let Some(End { sends, answered }) = End::of(record) else { return };
        self.latencies.extend(answered);
        self.finished += 1;
        self.sends.add(f64::from(sends));
        let place = (sends as usize).min(MAX_SENDS + 1);
        if self.by_sends.len() <= place {
            self.by_sends.resize(place + 1, (0, 0));
        }
        let (all, good) = &mut self.by_sends[place];
        *all += 1;
        *good += u64::from(answered.is_some());
    }

    /// Returns the share of finished exchanges that were answered within 0, 1, 2, … times `step`, up to the longest time.
    pub(crate) fn within(&self, step: u64) -> Vec<f64> {
        let longest = self.latencies.iter().max().map_or(0, |longest| longest.div_ceil(step));
        let mut shares = vec![0.0; longest as usize + 1];
        for latency in &self.latencies {
            shares[latency.div_ceil(step) as usize] += 1.0 / self.finished as f64;
        }
        let mut sum = 0.0;
        for share in &mut shares {
            sum += *share;
            *share = sum;
        }
        shares
    }

    /// Returns the finished exchanges by their number of sends, from 0, as shares with their 95 % intervals, next to `theory`.
    ///
    /// Each row has eight numbers: share of exchanges with N sends, its interval's ends, the prediction; share of
    /// exchanges that N sends or fewer answered, its interval's ends, the prediction. A number that does not exist is NaN,
    /// as are all intervals unless the exchanges are `independent`.
    pub(crate) fn rows(&self, theory: Option<&Bernoulli>, independent: bool) -> Vec<f64> {
        let predicted = theory.map_or(0, |model| (model.max_sends as usize).min(MAX_SENDS) + 1);
        let mut answered = 0;
        let mut out = Vec::new();
        for n in 0..self.by_sends.len().max(predicted) {
            let (all, good) = self.by_sends.get(n).copied().unwrap_or_default();
            answered += good;
            let (share, within) = theory.map_or((f64::NAN, f64::NAN), |model| of_sends(model, n));
            out.extend(measured(all, self.finished, independent));
            out.push(share);
            out.extend(measured(answered, self.finished, independent));
            out.push(within);
        }
        out
    }

    /// Returns the share of finished exchanges that was answered and its 95 % interval's ends, then the sends per exchange and
    /// its interval's ends, as [`rows`](Self::rows) does.
    pub(crate) fn means(&self, independent: bool) -> [f64; 6] {
        let [share, low, high] = measured(self.latencies.len() as u64, self.finished, independent);
        let [mean, least, most] = interval(&self.sends, independent);
        [share, low, high, mean, least, most]
    }

    /// Returns the time in seconds within which 99 % of the finished exchanges were answered; NaN if fewer were.
    pub(crate) fn p99(&mut self) -> f64 {
        self.latencies.sort_unstable();
        let rank = (self.finished * 99).div_ceil(100).max(1) as usize;
        self.latencies.get(rank - 1).map_or(f64::NAN, |nanos| *nanos as f64 / 1e9)
    }
}

/// How exchanges ended up to a moment that usually advances: only new records are counted.
#[derive(Debug, Default)]
pub(crate) struct EndsUntil {
    at: u64,
    /// Number of records counted.
    counted: usize,
    ends: Ends,
}

impl EndsUntil {
    /// Returns how exchanges ended up to and including `at`. The records are the same each time, or more of them.
    pub(crate) fn until(&mut self, records: &[Record], at: u64) -> &Ends {
        if at < self.at {
            *self = Self::default();
        }
        self.at = at;
        let passed = |record: &&Record| record.at.as_nanos() <= at;
        for record in records[self.counted..].iter().take_while(passed) {
            self.ends.add(record);
            self.counted += 1;
        }
        &self.ends
    }
}

/// Returns the share of `n` that `count` is, and the ends of its 95 % interval if they are outcomes of `independent` trials.
fn measured(count: u64, n: u64, independent: bool) -> [f64; 3] {
    if n == 0 {
        return [f64::NAN; 3];
    }
    let (low, high) = if independent { wilson(count, n) } else { (f64::NAN, f64::NAN) };
    [count as f64 / n as f64, low, high]
}

/// Returns the mean, and the ends of its 95 % interval if it is one of at least two `independent` numbers.
fn interval(of: &Mean, independent: bool) -> [f64; 3] {
    let mean = if of.count() > 0 { of.mean() } else { f64::NAN };
    let variance = of.variance().filter(|_| independent).unwrap_or(f64::NAN);
    let reach = NORMAL_95 * (variance / of.count() as f64).sqrt();
    [mean, mean - reach, mean + reach]
}

/// Returns the probabilities that an exchange has exactly `n` sends, and that `n` sends or fewer answer it; those with more than
/// [`MAX_SENDS`] are one.
fn of_sends(model: &Bernoulli, n: usize) -> (f64, f64) {
    let most = model.max_sends as usize;
    let silent = |sends: usize| powi(1.0 - model.answered_send, sends.min(most));
    let beyond = if n > MAX_SENDS || n >= most { 0.0 } else { silent(n) };
    let exactly = match n {
        0 => 0.0,
        _ if n > most => 0.0,
        _ => silent(n - 1) - beyond,
    };
    let last = if n > MAX_SENDS { most } else { n };
    (exactly, 1.0 - silent(last))
}

/// Returns `base` to the power of `exponent`; `f64::powi` may differ by platform.
fn powi(base: f64, exponent: usize) -> f64 {
    (0..exponent).fold(1.0, |power, _| power * base)
}

#[cfg(test)]
mod tests;
