//! Offered load and goodput: rates over the time in which exchanges begin.

use crate::scenario::{Scenario, Workload};
use crate::time::{Instant, nanos};
use alloc::vec::Vec;

/// Counts within a [`LoadSpan`].
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Totals {
    begun: u64,
    sends: u64,
    answered: u64,
}

const SECOND: u64 = 1_000_000_000;

/// Maximum number of seconds in which sends are counted: twelve days, or eight megabytes.
const MAX_SECONDS: usize = 1 << 20;

/// The number of sends within each second.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct PerSecond {
    sends: Vec<u64>,
    /// The second of the latest send, and its beginning.
    #[cfg_attr(feature = "serde", serde(skip))]
    second: usize,
    #[cfg_attr(feature = "serde", serde(skip))]
    from: u64,
    /// Whether there was a send after the last second that is counted.
    overflowed: bool,
}

impl PerSecond {
    #[inline(always)]
    fn send(&mut self, at: Instant) {
        let at = at.as_nanos();
        // A time before `from` wraps around to a value beyond the second.
        if at.wrapping_sub(self.from) >= SECOND || self.second >= self.sends.len() {
            return self.seek(at);
        }
        self.sends[self.second] += 1;
    }

    #[inline(never)]
    fn seek(&mut self, at: u64) {
        let second = at / SECOND;
        if second >= MAX_SECONDS as u64 {
            self.overflowed = true;
            return;
        }
        (self.second, self.from) = (second as usize, second * SECOND);
        if self.second >= self.sends.len() {
            self.sends.resize(self.second + 1, 0);
        }
        self.sends[self.second] += 1;
    }

    fn merge(&mut self, Self { sends, overflowed, .. }: Self) {
        self.sends.resize(self.sends.len().max(sends.len()), 0);
        for (own, more) in self.sends.iter_mut().zip(sends) {
            *own += more;
        }
        self.overflowed |= overflowed;
    }

    /// Returns the sends of the busiest second; `None` if there was a send that is not counted.
    fn most(&self) -> Option<u64> {
        (!self.overflowed).then(|| self.sends.iter().max().copied().unwrap_or(0))
    }
}

/// The time that the rates in [`LoadReport`] cover, from time 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct LoadSpan {
    /// When it ends; `None` if it ends with the last exchange.
    until: Option<Instant>,
    /// The last instant in it.
    last: Instant,
}

impl LoadSpan {
    /// The whole run.
    const WHOLE: Self = Self { until: None, last: Instant::MAX };

    fn of(scenario: &Scenario, last_arrival: Option<Instant>) -> Self {
        let Workload::Open { duration, .. } = scenario.workload else { return Self::WHOLE };
        match (last_arrival, duration) {
            (Some(last), _) => Self { until: Some(last), last },
            (None, Some(duration)) => {
                let until = Instant::ZERO.saturating_add(duration);
                Self {
                    until: Some(until),
                    last: Instant::from_nanos(until.as_nanos().saturating_sub(1)),
                }
            }
            (None, None) => Self { until: Some(Instant::MAX), last: Instant::MAX },
        }
    }
}

/// Counts for [`LoadReport`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Load {
    span: LoadSpan,
    totals: Totals,
    /// When the last exchange was over.
    over: Instant,
    per_second: PerSecond,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            span: LoadSpan::WHOLE,
            totals: Totals::default(),
            over: Instant::ZERO,
            per_second: PerSecond::default(),
        }
    }
}

impl Load {
    #[inline(always)]
    pub(super) fn send(&mut self, at: Instant, first: bool) {
        self.per_second.send(at);
        if at <= self.span.last {
            self.totals.sends += 1;
            self.totals.begun += u64::from(first);
        }
    }

    pub(super) fn answer(&mut self, at: Instant) {
        if at <= self.span.last {
            self.totals.answered += 1;
            self.over = self.over.max(at);
        }
    }

    /// Counts an exchange without a reply. One without a send begins as it ends.
    pub(super) fn give_up(&mut self, at: Instant, sends: u32) {
        if at <= self.span.last {
            self.totals.begun += u64::from(sends == 0);
            self.over = self.over.max(at);
        }
    }

    pub(super) fn merge(&mut self, Self { span: _, totals, over, per_second }: Self) {
        let Totals { begun, sends, answered } = totals;
        self.totals.begun += begun;
        self.totals.sends += sends;
        self.totals.answered += answered;
        self.over = self.over.max(over);
        self.per_second.merge(per_second);
    }

    /// Returns the rates of a run that has reached `now` and may be `finished`.
    pub(super) fn report(&self, now: Instant, finished: bool) -> LoadReport {
        let until = match self.span.until {
            None => self.over,
            Some(until) if finished => until,
            Some(until) => until.min(now),
        };
        let seconds = nanos(until.saturating_since(Instant::ZERO)) as f64 / 1e9;
        let rate = |count: u64| (seconds > 0.0).then(|| count as f64 / seconds);
        LoadReport {
            span_s: seconds,
            offered_per_s: rate(self.totals.begun),
            offered_with_retries_per_s: rate(self.totals.sends),
            goodput_per_s: rate(self.totals.answered),
            peak_sends_per_s: self.per_second.most(),
        }
    }
}

/// Rates over the time in which exchanges begin; null if that time has no length.
///
/// In an open loop, it ends when arrivals end: at `workload.duration`, or when the last one of `exchanges` begins. In a
/// closed loop, it ends when the last exchange is over. Answers that come later do not count, so a server that works
/// off its queue after an overload does not raise the goodput.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LoadReport {
    /// Length of that time.
    pub span_s: f64,
    /// Exchanges that begin per second: the load without retries.
    pub offered_per_s: Option<f64>,
    /// Sends per second: the load with retries.
    pub offered_with_retries_per_s: Option<f64>,
    /// Exchanges per second that a reply ends.
    pub goodput_per_s: Option<f64>,
    /// The most sends within one second of the whole run. Seconds are counted from its start. Null if there are sends
    /// after twelve days.
    pub peak_sends_per_s: Option<u64>,
}

impl LoadReport {
    /// Removes the rates.
    #[must_use]
    pub const fn without_rates(self) -> Self {
        Self {
            offered_per_s: None,
            offered_with_retries_per_s: None,
            goodput_per_s: None,
            peak_sends_per_s: None,
            ..self
        }
    }
}

impl super::Metrics {
    /// Sets what ends the time that the rates in [`LoadReport`] cover. Call it before the run. Without it, the time
    /// ends when the last exchange is over.
    #[must_use]
    pub fn with_load_of(self, scenario: &Scenario) -> Self {
        self.with_load_until(scenario, scenario.last_arrival())
    }

    /// Like [`with_load_of`](Self::with_load_of), for a caller that knows the scenario's
    /// [last arrival](Scenario::last_arrival).
    #[must_use]
    pub fn with_load_until(mut self, scenario: &Scenario, last_arrival: Option<Instant>) -> Self {
        self.load = Load { span: LoadSpan::of(scenario, last_arrival), ..Load::default() };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::metrics::{Metrics, MetricsReport};
    use crate::sim::{Bounds, EndedBy};
    use crate::time::Duration;
    use alloc::format;

    fn report(fragment: &str, bounds: Bounds) -> (MetricsReport, EndedBy) {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        let metrics = Metrics::new(Duration::from_millis(10)).with_load_of(&scenario);
        let mut run = scenario.begin(metrics, bounds);
        let ended_by = loop {
            if let Some(ended_by) = run.advance() {
                break ended_by;
            }
        };
        (run.sink().records.report(&run.state()), ended_by)
    }

    fn load(fragment: &str) -> (f64, [f64; 3]) {
        let load = report(fragment, Bounds::default()).0.load;
        let rates = [load.offered_per_s, load.offered_with_retries_per_s, load.goodput_per_s];
        (load.span_s, rates.map(Option::unwrap))
    }

    /// Without a policy that sends again, and with one.
    const ONCE: &str = "policy.max_sends=1&policy.initial_timeout=1h&policy.give_up_above=none";
    const RETRY: &str = "policy.max_sends=3&policy.attempt_timeout=100ms&policy.initial_timeout=1us\
                         &policy.multiplier=1&policy.give_up_above=none";
    const SERVER: &str =
        "link.latency=0s&server.service=exponential+10ms&workload.duration=100s&clients=5";

    /// The tolerance is five standard deviations of the number of arrivals.
    #[test]
    fn goodput_is_that_of_theory() {
        for rate in [40, 90, 300] {
            let (span, [offered, sends, goodput]) =
                load(&format!("{SERVER}&{ONCE}&server.queue=9&workload.rate={rate}"));
            let rate = f64::from(rate);
            // M/M/1/K with ten requests in the system.
            let load: f64 = rate / 100.0;
            let blocked = (1.0 - load) * load.powi(10) / (1.0 - load.powi(11));
            let expected = rate * (1.0 - blocked);
            let near = |found: f64, expected: f64| {
                (found - expected).abs() < 5.0 * (expected / 100.0).sqrt()
            };
            assert_eq!((span, sends), (100.0, offered));
            assert!(near(offered, rate), "{offered} of {rate}");
            assert!(near(goodput, expected), "{goodput} of {expected} at {rate}");
        }
        // An unlimited queue is worked off after the arrivals, and all are answered. That does not count.
        let (found, _) = report(&format!("{SERVER}&{ONCE}&workload.rate=300"), Bounds::default());
        assert_eq!((found.latency_s.count, found.gave_up_s.count), (found.all_s.count, 0));
        let goodput = found.load.goodput_per_s.unwrap();
        assert!((goodput - 100.0).abs() < 4.0, "{goodput}");
        assert_eq!(found.work.capacity_per_s, Some(100.0));
    }

    /// Clients that give up on a full queue send three times as much, and hardly any reply comes in time.
    #[test]
    fn goodput_collapses_in_a_retry_storm() {
        let (_, [offered, sends, goodput]) = load(&format!("{SERVER}&{RETRY}&workload.rate=150"));
        assert!((2.9..=3.0).contains(&(sends / offered)), "{sends} for {offered}");
        assert!(goodput < 0.05 * offered, "{goodput} of {offered}");
        let (_, [offered, sends, goodput]) = load(&format!("{SERVER}&{RETRY}&workload.rate=20"));
        assert!(
            sends < 1.05 * offered && goodput > 0.99 * offered,
            "{goodput}, {sends} of {offered}"
        );
    }

    #[test]
    fn the_time_ends_with_the_arrivals() {
        let open = "token=true&server.reply=mirror&clients=2&link.latency=10ms";
        for (fragment, expected) in [
            // Each of two exchanges takes 20 ms.
            ("exchanges=2", (0.04, [50.0, 50.0, 50.0])),
            // Four arrivals per second, the last reply after the end, or the last arrivals at 2 s.
            (
                &format!(
                    "{open}&workload.duration=1s&exchanges=9&workload.arrivals=times+0s,+990ms"
                ),
                (1.0, [4.0, 4.0, 2.0]),
            ),
            (&format!("{open}&exchanges=9&workload.arrivals=times+0s,+2s"), (2.0, [2.0, 2.0, 1.0])),
            (
                &format!(
                    "{open}&exchanges=2&workload.duration=9s&workload.arrivals=times+0s,+2s,+3s"
                ),
                (2.0, [2.0, 2.0, 1.0]),
            ),
            // The duration counts even if nothing arrives at its end.
            (
                &format!("{open}&workload.duration=8s&exchanges=9&workload.arrivals=times+0s,+2s"),
                (8.0, [0.5, 0.5, 0.5]),
            ),
        ] {
            assert_eq!(load(fragment), expected, "{fragment}");
        }
        let cut = Bounds::default().with_time(Duration::from_secs(50));
        let (found, ended_by) = report(&format!("{SERVER}&{ONCE}&workload.rate=50"), cut);
        assert_eq!(ended_by, EndedBy::Time);
        assert!((49.0..=50.0).contains(&found.load.span_s), "{}", found.load.span_s);
        let goodput = found.load.goodput_per_s.unwrap();
        assert!((goodput - 50.0).abs() < 5.0, "{goodput}");
    }

    /// A breaker refuses first sends: these exchanges are offered too.
    #[test]
    fn exchanges_without_a_send_are_offered() {
        let (_, [offered, sends, _]) = load(
            "workload.rate=100&workload.duration=20s&server.fail=1&policy.breaker=5+10s&policy.max_sends=1",
        );
        assert!((80.0..120.0).contains(&offered) && sends < 5.0, "{offered} {sends}");
        let nothing = report("workload.rate=0&workload.duration=5s", Bounds::default()).0.load;
        assert_eq!((nothing.span_s, nothing.offered_per_s), (5.0, Some(0.0)));
        let at_once = "token=true&server.reply=mirror&workload.arrivals=times+0s";
        assert_eq!(report(at_once, Bounds::default()).0.load.offered_per_s, None);
    }
}
