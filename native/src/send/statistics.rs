//! Counts and round-trip times of several exchanges, as `ping` prints them.

use super::report::Outcome;
use crate::exit::Exit;
use crate::output::{BAD, Count, SCHEMA, narrate, seconds};
use crate::queue::LineQueue;
use retrylab_core::random::Probability;
use retrylab_core::sim::metrics::Times;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::value::Printable;
use serde::Serialize;
use std::fmt;

/// Counts and round-trip times of the exchanges that have ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Statistics {
    exchanges: u64,
    answered: u64,
    sends: u64,
    /// Sends of these exchanges after their first one.
    retries: u64,
    rtts: Times,
    min: Option<Duration>,
}

/// The round-trip times in short, as the summary shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rtts {
    min: Duration,
    mean: Duration,
    p50: Duration,
    p99: Duration,
    max: Duration,
}

impl Statistics {
    /// Counts an exchange that has ended with a reply or without one.
    pub(super) fn count(&mut self, answered: bool, sends: usize, rtt: Option<Duration>) {
        self.exchanges += 1;
        self.answered += u64::from(answered);
        self.sends += sends as u64;
        self.retries += sends.saturating_sub(1) as u64;
        if let Some(rtt) = rtt {
            self.rtts.add(rtt);
            self.min = Some(self.min.map_or(rtt, |min| min.min(rtt)));
        }
    }

    /// Returns the share of exchanges without a reply; `None` if no exchange has ended.
    fn loss(&self) -> Option<f64> {
        let lost = self.exchanges - self.answered;
        (self.exchanges > 0).then(|| lost as f64 / self.exchanges as f64)
    }

    /// Returns the round-trip times in short; `None` without any.
    fn rtts(&self) -> Option<Rtts> {
        Some(Rtts {
            min: self.min?,
            mean: self.rtts.mean()?,
            p50: self.rtts.quantile(5_000)?,
            p99: self.rtts.quantile(9_900)?,
            max: self.rtts.max()?,
        })
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

    /// Returns the exit code of exchanges of which `worst` is the worst outcome. With `max_loss`, exchanges without a
    /// reply are a failure only if they are a larger share.
    pub(super) fn exit(&self, worst: Outcome, max_loss: Option<Probability>) -> Exit {
        let Some((max, loss)) = max_loss.zip(self.loss()).filter(|_| worst.is_loss()) else {
            return worst.exit();
        };
        // A probability has nine decimals.
        if loss - max.as_f64() < 0.5e-9 {
            return Exit::Success;
        }
        let (lost, exchanges) = (self.exchanges - self.answered, Count(self.exchanges, "exchange"));
        narrate!("{BAD}no reply{BAD:#} in {lost} of {exchanges}: more than --max-loss {max}");
        worst.exit()
    }

    /// Returns the summary for scripts.
    fn report(&self) -> Summary {
        let rtts = self.rtts();
        let time = |of: fn(Rtts) -> Duration| rtts.map(|rtts| seconds(of(rtts)));
        Summary {
            schema: SCHEMA,
            event: "summary",
            exchanges: self.exchanges,
            answered: self.answered,
            loss: self.loss(),
            sends: self.sends,
            retries: self.retries,
            rtt_count: self.rtts.count(),
            rtt_min_s: time(|rtts| rtts.min),
            rtt_mean_s: time(|rtts| rtts.mean),
            rtt_p50_s: time(|rtts| rtts.p50),
            rtt_p99_s: time(|rtts| rtts.p99),
            rtt_max_s: time(|rtts| rtts.max),
        }
    }
}

/// The summary for people: one line of counts, and one of round-trip times if there are any.
impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchanges = Count(self.exchanges, "exchange");
        write!(f, "{exchanges}, {} answered", self.answered)?;
        if let Some(loss) = self.loss() {
            write!(f, ", {} loss", Percent(loss))?;
        }
        write!(f, ", {}", Count(self.sends, "send"))?;
        let retries = if self.retries == 1 { "retry" } else { "retries" };
        write!(f, ", {} {retries}", self.retries)?;
        let Some(Rtts { min, mean, p50, p99, max }) = self.rtts() else { return Ok(()) };
        let [min, mean, p50, p99, max] = [min, mean, p50, p99, max].map(Millis);
        write!(f, "\nRTT min/mean/p50/p99/max {min:#}/{mean:#}/{p50:#}/{p99:#}/{max}")?;
        let known = self.rtts.count();
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

/// A share in percent with at most one decimal, and none for a whole number: `36.4 %`.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = format!("{:.1}", self.0 * 100.0);
        write!(f, "{} %", percent.trim_end_matches(".0"))
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
    /// Sends after the first one of their exchange.
    retries: u64,
    /// Number of round-trip times below: exchanges whose reply is known to answer a certain send.
    rtt_count: u64,
    rtt_min_s: Option<f64>,
    rtt_mean_s: Option<f64>,
    /// At most a thousandth too long, as is the next one.
    rtt_p50_s: Option<f64>,
    rtt_p99_s: Option<f64>,
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
            "11 exchanges, 7 answered, 36.4 % loss, 11 sends, 0 retries\n\
             RTT min/mean/p50/p99/max 1.000/4.000/4.002/7.000/7.000 ms"
        );
        let summary = statistics.report();
        assert_eq!((summary.exchanges, summary.answered, summary.sends), (11, 7, 11));
        assert_eq!(summary.loss, Some(4.0 / 11.0));
        let rtts = [summary.rtt_min_s, summary.rtt_mean_s, summary.rtt_max_s];
        assert_eq!(rtts, [Some(0.001), Some(0.004), Some(0.007)]);
        assert_eq!(summary.rtt_p99_s, summary.rtt_max_s);
        // The histogram has three digits.
        let p50 = summary.rtt_p50_s.unwrap();
        assert!((0.004..=0.004_004).contains(&p50), "{p50}");
    }

    #[test]
    fn without_replies_there_are_no_round_trip_times() {
        let mut statistics = Statistics::default();
        assert_eq!(statistics.to_string(), "0 exchanges, 0 answered, 0 sends, 0 retries");
        statistics.count(false, 5, None);
        assert_eq!(
            statistics.to_string(),
            "1 exchange, 0 answered, 100 % loss, 5 sends, 4 retries"
        );
        let summary = statistics.report();
        assert_eq!((summary.loss, summary.retries, summary.rtt_count), (Some(1.0), 4, 0));
        let Summary { rtt_min_s, rtt_mean_s, rtt_p50_s, rtt_p99_s, rtt_max_s, .. } = summary;
        assert_eq!([rtt_min_s, rtt_mean_s, rtt_p50_s, rtt_p99_s, rtt_max_s], [None; 5]);
        statistics.count(true, 2, None);
        statistics.count(true, 1, Some(MS));
        assert!(statistics.to_string().ends_with(
            "RTT min/mean/p50/p99/max 1.000/1.000/1.000/1.000/1.000 ms of 1 reply, which shows the send that it answers"
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
