//! Counts and round-trip times of several exchanges, as `ping` prints them.

use super::report::Outcome;
use crate::output::{Count, SCHEMA, seconds};
use crate::queue::LineQueue;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::value::Printable;
use serde::Serialize;
use std::fmt;

/// Counts and round-trip times of the exchanges that have ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Statistics {
    exchanges: u64,
    answered: u64,
    sends: u64,
    rtts: Times,
}

/// Summary of a sample of times.
#[derive(Clone, Copy, Debug, Default)]
struct Times {
    count: u32,
    sum: Duration,
    min: Duration,
    max: Duration,
}

impl Times {
    fn add(&mut self, time: Duration) {
        self.min = if self.count == 0 { time } else { self.min.min(time) };
        self.max = self.max.max(time);
        self.sum = self.sum.saturating_add(time);
        self.count = self.count.saturating_add(1);
    }

    /// Returns the mean; `None` without any time.
    fn mean(&self) -> Option<Duration> {
        self.sum.checked_div(self.count)
    }
}

impl Statistics {
    /// Counts an exchange that has ended with a reply or without one.
    pub(super) fn count(&mut self, answered: bool, sends: usize, rtt: Option<Duration>) {
        self.exchanges += 1;
        self.answered += u64::from(answered);
        self.sends += sends as u64;
        if let Some(rtt) = rtt {
            self.rtts.add(rtt);
        }
    }

    /// Returns the share of exchanges without a reply; `None` if no exchange has ended.
    fn loss(&self) -> Option<f64> {
        let lost = self.exchanges - self.answered;
        (self.exchanges > 0).then(|| lost as f64 / self.exchanges as f64)
    }

    /// Prints the totals of `exchanges`, if there is more than one.
    pub(super) fn print(&self, exchanges: u32, json: bool, out: &LineQueue) {
        if exchanges == 1 {
            return;
        }
        if json {
            out.json(&self.report());
        } else {
            self.to_string().lines().for_each(|line| out.line(line));
        }
    }

    /// Returns the summary for scripts.
    fn report(&self) -> Summary {
        let Times { min, max, count, .. } = self.rtts;
        let mean = self.rtts.mean();
        Summary {
            schema: SCHEMA,
            event: "summary",
            exchanges: self.exchanges,
            answered: self.answered,
            loss: self.loss(),
            sends: self.sends,
            rtt_count: count,
            rtt_min_s: mean.map(|_| seconds(min)),
            rtt_mean_s: mean.map(seconds),
            rtt_max_s: mean.map(|_| seconds(max)),
        }
    }
}

/// The summary for people: one line of counts, and one of round-trip times if there are any.
impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = Count(self.exchanges, "exchange");
        write!(f, "{exchanges}, {} answered", self.answered)?;
        if let Some(loss) = self.loss() {
            // At most one decimal, and none for a whole number.
            let percent = format!("{:.1}", loss * 100.0);
            write!(f, ", {} % loss", percent.trim_end_matches(".0"))?;
        }
        write!(f, ", {}", Count(self.sends, "send"))?;
        let Some(mean) = self.rtts.mean() else { return Ok(()) };
        let [min, mean, max] = [self.rtts.min, mean, self.rtts.max].map(Millis);
        write!(f, "\nRTT min/mean/max {min:#}/{mean:#}/{max}")?;
        let known = u64::from(self.rtts.count);
        if known < self.answered {
            let which = match known {
                1 => "1 reply, which shows the send that it answers".to_string(),
                known => format!("{known} replies, which show the send that they answer"),
            };
            write!(f, " of {which}")?;
        }
        Ok(())
    }
}

/// Prints the line of an exchange: its reply. As the UDP Pinger (`ping`), also its round-trip time, or `Request timed
/// out`.
pub(super) fn print_reply(
    out: &LineQueue,
    ping: bool,
    outcome: Outcome,
    reply: Option<&[u8]>,
    rtt: Option<Duration>,
) {
    match (reply.map(Printable::bytes), rtt) {
        (Some(text), Some(rtt)) if ping => {
            out.line(format_args!("{text}: RTT {}", Millis(rtt)));
        }
        (Some(text), _) => out.line(text),
        (None, _) if ping && outcome == Outcome::GaveUp => out.line("Request timed out"),
        (None, _) => {}
    }
}

/// A time in milliseconds with three decimals: `0.123 ms`, or `0.123` in the alternate form.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = if f.alternate() { "" } else { " ms" };
        write!(f, "{:.3}{unit}", self.0.as_secs_f64() * 1e3)
    }
}

/// Totals of several exchanges as JSON, after those of each exchange. Every key is always present.
#[derive(Debug, Serialize)]
struct Summary {
    schema: u32,
    event: &'static str,
    /// Exchanges that ended with a reply or without one. An interrupted exchange is not one of them.
    exchanges: u64,
    answered: u64,
    /// Share of these exchanges without a reply; null if there is no exchange.
    loss: Option<f64>,
    sends: u64,
    /// Number of round-trip times below: exchanges whose reply is known to answer a certain send.
    rtt_count: u32,
    rtt_min_s: Option<f64>,
    rtt_mean_s: Option<f64>,
    rtt_max_s: Option<f64>,
}

/// An exchange's sends: when each was due, and how much later it was passed to the system.
pub(super) struct Sends<'a> {
    pub(super) due: &'a [Instant],
    pub(super) late: &'a [Duration],
}

impl Sends<'_> {
    /// Returns the time from the departure of the send `answered` to the reply, which came `elapsed` after the
    /// first send was due. `None` if the reply may answer another send: `named` says that it names its send
    /// (Karn's algorithm, RFC 6298 section 3).
    pub(super) fn rtt(&self, answered: u32, named: bool, elapsed: Duration) -> Option<Duration> {
        if !named && self.due.len() != 1 {
            return None;
        }
        let at = usize::try_from(answered.checked_sub(1)?).ok()?;
        let since_first = self.due.get(at)?.saturating_since(*self.due.first()?);
        Some(elapsed.saturating_sub(since_first).saturating_sub(*self.late.get(at)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_summary_has_the_numbers_of_ping() {
        let mut statistics = Statistics::default();
        for rtt in [3, 1, 5, 2, 4, 6, 7] {
            statistics.count(true, 1, Some(rtt * MS));
        }
        (0..4).for_each(|_| statistics.count(false, 1, None));
        assert_eq!(
            statistics.to_string(),
            "11 exchanges, 7 answered, 36.4 % loss, 11 sends\nRTT min/mean/max 1.000/4.000/7.000 ms"
        );
        let summary = statistics.report();
        assert_eq!((summary.exchanges, summary.answered, summary.sends), (11, 7, 11));
        assert_eq!(summary.loss, Some(4.0 / 11.0));
        let rtts = [summary.rtt_min_s, summary.rtt_mean_s, summary.rtt_max_s];
        assert_eq!(rtts, [Some(0.001), Some(0.004), Some(0.007)]);
    }

    #[test]
    fn without_replies_there_are_no_round_trip_times() {
        let mut statistics = Statistics::default();
        assert_eq!(statistics.to_string(), "0 exchanges, 0 answered, 0 sends");
        statistics.count(false, 5, None);
        assert_eq!(statistics.to_string(), "1 exchange, 0 answered, 100 % loss, 5 sends");
        let Summary { loss, rtt_count, rtt_min_s, rtt_mean_s, rtt_max_s, .. } = statistics.report();
        assert_eq!((loss, rtt_count), (Some(1.0), 0));
        assert_eq!([rtt_min_s, rtt_mean_s, rtt_max_s], [None; 3]);
        statistics.count(true, 2, None);
        statistics.count(true, 1, Some(MS));
        assert!(statistics.to_string().ends_with(
            "RTT min/mean/max 1.000/1.000/1.000 ms of 1 reply, which shows the send that it answers"
        ));
    }

    #[test]
    fn a_round_trip_time_is_that_of_a_certain_send() {
        let at = |ms: u32| Instant::ZERO.saturating_add(ms * MS);
        let two = Sends { due: &[at(10), at(110)], late: &[MS, 2 * MS] };
        assert_eq!(two.rtt(2, false, 150 * MS), None, "the reply may be the first send's");
        assert_eq!(two.rtt(2, true, 150 * MS), Some(48 * MS));
        assert_eq!(two.rtt(1, true, 150 * MS), Some(149 * MS));
        assert_eq!(two.rtt(3, true, 150 * MS), None);
        let one = Sends { due: &[at(10)], late: &[MS] };
        assert_eq!(one.rtt(1, false, 5 * MS), Some(4 * MS));
        assert_eq!(one.rtt(1, false, Duration::ZERO), Some(Duration::ZERO));
    }
}
