//! Arrival times of an open loop's exchanges. They do not depend on whether earlier exchanges are over.

use crate::random::{Name, Purpose};
use crate::text::{self, Scaled, parse_rounded};
use crate::time::{Duration, Instant, WithUnit, nanos, parse_duration};
use crate::value::{Form, Grammar, Shape, TimeList, Value, phrase, words};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU32;

/// Exchanges per second, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArrivalRate(u64);

/// Maximum rate of one client: a million exchanges per second.
const MAX_RATE: u64 = 1_000_000_000;

/// Maximum number of times, or of rates.
const MAX_PARTS: usize = 1_000_000;

/// Nanoseconds between two arrivals at a rate of a thousandth per second.
const ONE: f64 = 1e12;

impl ArrivalRate {
    /// Exchanges per second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 1e3
    }

    fn read(text: &str) -> Option<Self> {
        parse_rounded(text, 3).filter(|rate| *rate <= MAX_RATE).map(Self)
    }
}

/// Returns the number without the unit that may follow it: `500` of `500/s`.
fn without_unit(text: &str) -> &str {
    let text = text.trim();
    text.strip_suffix("/s").unwrap_or(text).trim_end()
}

/// A number, to which `/s` may be added.
impl Value for ArrivalRate {
    const SHAPE: Shape = Shape::new(Form::Number(&Grammar::new(
        "a number of exchanges per second up to 1000000",
        &[("500", ""), ("0.5", "")],
    )));

    fn parse(text: &str) -> Option<Self> {
        Self::read(without_unit(text))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ArrivalRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(self.0, 3).fmt(f)
    }
}

words! {
    /// How arrivals at a steady rate are spaced.
    Process {
        /// Independently: a Poisson process.
        #[default]
        Poisson = "poisson",
        /// Evenly.
        Constant = "constant",
    }
}

/// A time in nanoseconds, and the rate from then on.
type Step = (u64, ArrivalRate);

/// An arrival process: that of one client, or of all clients together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arrivals {
    /// A Poisson process: arrivals are independent, at a rate that may change.
    Poisson(Arc<[Step]>),
    /// Evenly spaced, at a rate that may change. Clients with arrivals of their own have a phase each; clients that
    /// share arrivals take turns.
    Constant(Arc<[Step]>),
    /// At these times, in nanoseconds and in order.
    Times(Arc<[u64]>),
}

impl Arrivals {
    /// Returns arrivals at a steady rate.
    #[must_use]
    pub fn at_rate(process: Process, rate: ArrivalRate) -> Self {
        let steps = [(0, rate)].into();
        match process {
            Process::Poisson => Self::Poisson(steps),
            Process::Constant => Self::Constant(steps),
        }
    }

    /// Returns the process and the rate of arrivals at a steady rate; `None` for any others.
    #[must_use]
    pub fn steady(&self) -> Option<(Process, ArrivalRate)> {
        let (process, steps) = match self {
            Self::Poisson(steps) => (Process::Poisson, steps),
            Self::Constant(steps) => (Process::Constant, steps),
            Self::Times(_) => return None,
        };
        if let [(_, rate)] = **steps { Some((process, rate)) } else { None }
    }

    /// Returns the time of arrival `number` (from 1) at client `flow`, after the previous one at `before` (time 0
    /// for the first); `None` if there are no more arrivals.
    ///
    /// With `sharing`, a number of clients, each of them gets its part of the arrivals, whatever the others do:
    /// Poisson processes that are put together are a Poisson process of the sum of their rates.
    #[must_use]
    pub fn next(
        &self,
        seed: u64,
        flow: u32,
        number: u32,
        before: Instant,
        sharing: Option<NonZeroU32>,
    ) -> Option<Instant> {
        let mut stream = Name::exchange(seed, flow, number).stream(Purpose::Arrival);
        let clients = sharing.map_or(1.0, |clients| f64::from(clients.get()));
        match self {
            Self::Times(times) => times.get(number as usize - 1).map(|at| Instant::from_nanos(*at)),
            // The waiting time of a Poisson process of rate 1.
            Self::Poisson(steps) => walk(steps, before, -libm::log(1.0 - stream.unit()) * clients),
            Self::Constant(steps) => {
                let first = match sharing {
                    None => stream.unit(),
                    // All have the same phase, that of a client 0, and take turns.
                    Some(_) => {
                        let mut phase = Name::exchange(seed, 0, 1).stream(Purpose::Arrival);
                        f64::from(flow.saturating_sub(1)) + phase.unit()
                    }
                };
                walk(steps, before, if number == 1 { first } else { clients })
            }
        }
    }

    /// Returns the arrivals with the rate multiplied by `factor` from `from` to `until`. A list of times
    /// stays as it is.
    #[must_use]
    pub(crate) fn spiked(&self, from: Instant, until: Instant, factor: f64) -> Self {
        let spiked = |steps: &[Step]| {
            let rate_at = |at: u64| {
                let step = steps.iter().rev().find(|step| step.0 <= at);
                let rate = step.map_or(0, |step| step.1.0);
                let within = (from.as_nanos()..until.as_nanos()).contains(&at);
                let factor = if within { factor } else { 1.0 };
                ArrivalRate((libm::round(rate as f64 * factor) as u64).min(MAX_RATE))
            };
            let mut times: Vec<u64> = steps.iter().map(|step| step.0).collect();
            times.extend([from.as_nanos(), until.as_nanos()]);
            times.sort_unstable();
            times.dedup();
            times.into_iter().map(|at| (at, rate_at(at))).collect()
        };
        match self {
            Self::Poisson(steps) => Self::Poisson(spiked(steps)),
            Self::Constant(steps) => Self::Constant(spiked(steps)),
            Self::Times(times) => Self::Times(Arc::clone(times)),
        }
    }

    /// Returns the maximum number of exchanges that arrive at one client at the same instant; at least 1.
    #[must_use]
    pub fn burst(&self) -> usize {
        let Self::Times(times) = self else { return 1 };
        times.chunk_by(|a, b| a == b).map(<[u64]>::len).max().unwrap_or(1)
    }
}

/// Returns the time at which `arrivals` more arrivals are due after `before`.
fn walk(steps: &[Step], before: Instant, mut arrivals: f64) -> Option<Instant> {
    let mut at = before.as_nanos();
    for (i, (from, rate)) in steps.iter().enumerate() {
        let until = steps.get(i + 1).map_or(u64::MAX, |next| next.0);
        if until <= at {
            continue;
        }
        at = at.max(*from);
        let rate = rate.0 as f64;
        let here = (until - at) as f64 * rate / ONE;
        if rate > 0.0 && arrivals <= here {
            // Each arrival must be later than the previous one, or the loop would never end.
            let after = (libm::round(arrivals * ONE / rate) as u64).max(1);
            return at.checked_add(after).map(Instant::from_nanos);
        }
        arrivals -= here;
        at = until;
    }
    None
}

/// Writes `poisson 10`, `poisson 40, 20s 80, 25s 40`, `constant 10` or `times 0s, 10ms`.
impl fmt::Display for Arrivals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |nanos: u64| WithUnit(Duration::from_nanos(nanos));
        let (process, steps) = match self {
            Self::Poisson(steps) => ("poisson", steps),
            Self::Constant(steps) => ("constant", steps),
            Self::Times(times) => {
                f.write_str("times")?;
                return times.iter().enumerate().try_for_each(|(i, at)| {
                    write!(f, "{} {}", if i == 0 { "" } else { "," }, time(*at))
                });
            }
        };
        write!(f, "{process} {}", steps[0].1)?;
        steps[1..].iter().try_for_each(|(at, rate)| write!(f, ", {} {rate}", time(*at)))
    }
}

phrase!(
    Arrivals,
    Phrase,
    Grammar::new(
        "an arrival process",
        &[
            ("poisson 10", "exchanges per second and client"),
            ("poisson 40, 20s 80, 25s 40", "with changes of the rate, in order"),
            ("constant 10", "evenly spaced"),
            ("times 0s, 10ms", "in order"),
        ],
    )
    .limits("a rate is at most 1000000, rounded to 3 decimals")
    .series(TimeList {
        keyword: "times",
        separator: ", ",
        max_len: MAX_PARTS,
        max_time: Duration::MAX,
        ordered: true,
    })
);

impl Arrivals {
    fn read(text: &str) -> Option<Self> {
        let (process, rest) = text.trim().split_once(char::is_whitespace)?;
        let parts = || rest.split(',').map(str::trim).take(MAX_PARTS + 1);
        if parts().count() > MAX_PARTS {
            return None;
        }
        let time = |text: &str| parse_duration(text).map(nanos);
        let process = process.to_ascii_lowercase();
        if process == "times" {
            let times: Vec<u64> = parts().map(time).collect::<Option<_>>()?;
            return times.is_sorted().then(|| Self::Times(times.into()));
        }
        let step = |(i, part): (usize, &str)| {
            let mut words = text::words(part);
            let at = if i == 0 { 0 } else { time(words.next()?)? };
            let rate = ArrivalRate::read(words.next()?)?;
            words.next().is_none().then_some((at, rate))
        };
        let steps: Vec<Step> = parts().enumerate().map(step).collect::<Option<_>>()?;
        if !steps.is_sorted_by_key(|step| step.0) {
            return None;
        }
        match process.as_str() {
            "poisson" => Some(Self::Poisson(steps.into())),
            "constant" => Some(Self::Constant(steps.into())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueError;
    use alloc::string::ToString;

    fn times(arrivals: &str, until: f64) -> Vec<f64> {
        let arrivals: Arrivals = arrivals.parse().unwrap();
        let (mut at, mut out) = (Instant::ZERO, Vec::new());
        for number in 1.. {
            match arrivals.next(7, 1, number, at, None) {
                Some(next) if next.saturating_since(Instant::ZERO).as_secs_f64() < until => {
                    at = next;
                    out.push(next.saturating_since(Instant::ZERO).as_secs_f64());
                }
                _ => return out,
            }
        }
        out
    }

    /// Counts are within five standard errors, and the deviation of the gaps equals their mean.
    #[test]
    fn a_poisson_process_has_its_rate_and_its_spread() {
        let at = times("poisson 10", 10_000.0);
        let n = at.len() as f64;
        assert!((n - 100_000.0).abs() < 5.0 * 100_000f64.sqrt(), "{n}");
        let gaps: Vec<f64> = at.windows(2).map(|w| w[1] - w[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let deviation =
            (gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64).sqrt();
        assert!((deviation / mean - 1.0).abs() < 0.03, "{mean} {deviation}");
    }

    #[test]
    fn a_rate_changes_when_it_is_to() {
        let at = times("poisson 40, 20s 80, 25s 0, 30s 40", 40.0);
        let within = |from: f64, until: f64| {
            at.iter().filter(|at| (from..until).contains(at)).count() as f64
        };
        for (from, until, expected) in
            [(0.0, 20.0, 800.0), (20.0, 25.0, 400.0), (30.0, 40.0, 400.0)]
        {
            let n: f64 = within(from, until);
            assert!((n - expected).abs() < 5.0 * f64::sqrt(expected), "{from}: {n}");
        }
        assert_eq!(within(25.0, 30.0), 0.0);
        assert_eq!(times("poisson 5, 10s 0", 1e6).iter().filter(|at| **at > 10.0).count(), 0);
        let spiked = "poisson 10".parse::<Arrivals>().unwrap().spiked(
            Instant::from_millis(2_000),
            Instant::from_millis(3_000),
            2.5,
        );
        assert_eq!(spiked.to_string(), "poisson 10, 2s 25, 3s 10");
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced() {
        let at = times("constant 4", 10.0);
        assert_eq!(at.len(), 40);
        assert!(at.windows(2).all(|w| (w[1] - w[0] - 0.25).abs() < 1e-9));
        assert_eq!(times("times 0s, 10ms, 10ms, 2s", 10.0), [0.0, 0.01, 0.01, 2.0]);
        let burst = |text: &str| text.parse::<Arrivals>().unwrap().burst();
        assert_eq!([burst("times 0s, 10ms, 10ms, 2s"), burst("poisson 10")], [2, 1]);
    }

    /// Arrival times of clients that share arrivals, in order.
    fn shared(arrivals: &str, clients: u32, until: f64) -> Vec<f64> {
        let arrivals: Arrivals = arrivals.parse().unwrap();
        let sharing = NonZeroU32::new(clients);
        let mut all = Vec::new();
        for flow in 1..=clients {
            let mut at = Instant::ZERO;
            for number in 1.. {
                at = arrivals.next(7, flow, number, at, sharing).unwrap();
                let seconds = at.saturating_since(Instant::ZERO).as_secs_f64();
                if seconds >= until {
                    break;
                }
                all.push(seconds);
            }
        }
        all.sort_by(f64::total_cmp);
        all
    }

    /// Poisson processes that are put together are one: the tolerances are those of a single client.
    #[test]
    fn clients_share_arrivals() {
        let at = shared("poisson 100", 7, 1_000.0);
        let n = at.len() as f64;
        assert!((n - 100_000.0).abs() < 5.0 * 100_000f64.sqrt(), "{n}");
        let gaps: Vec<f64> = at.windows(2).map(|w| w[1] - w[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.03, "{mean} {variance}");

        for clients in [1, 3, 40] {
            let at = shared("constant 20", clients, 10.0);
            assert_eq!(at.len(), 200, "{clients} clients");
            assert!(at[0] < 0.05 && at.windows(2).all(|w| (w[1] - w[0] - 0.05).abs() < 1e-8));
        }
    }

    #[test]
    fn arrivals_are_read_and_shown() {
        for text in ["poisson 10", "poisson 40, 20s 80.5, 25s 40", "constant 0.1", "times 0s, 1ms"]
        {
            assert_eq!(text.parse::<Arrivals>().unwrap().to_string(), text);
        }
        for bad in [
            "",
            "poisson",
            "poisson -1",
            "poisson 1, 2",
            "poisson 1s 2",
            "times 2s, 1s",
            "poisson 1, 3s 1, 2s 1",
            "constant 1000001",
            "uniform 1",
            "times",
            "times x",
        ] {
            assert_eq!(bad.parse::<Arrivals>(), Err(ValueError::of::<Arrivals>()), "{bad}");
        }
    }
}
