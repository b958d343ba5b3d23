//! What the shares of one run, or of several, allow to conclude.

use super::measure::Measured;
use retrylab_core::scenario::Scenario;
use retrylab_core::stats::{Mean, Sample};
use retrylab_core::theory;
use serde::Serialize;
use std::fmt;

/// Checks that the exchanges of `scenario` were independent, so that their shares have a confidence interval
/// (Wilson). `misattributed` is the number of replies that clients took for those of another exchange.
///
/// # Errors
/// What couples the exchanges.
pub(super) fn independent(scenario: &Scenario, misattributed: u64) -> Result<(), &'static str> {
    theory::independent(scenario)?;
    match misattributed {
        0 => Ok(()),
        _ => Err("clients took some replies for those of another exchange"),
    }
}

/// Runs in two groups: those in which clients got hardly any answers at the end, and the others.
///
/// The outcome of an overload is often one or the other. The mean over both groups then describes neither.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Modes {
    collapsed: Mode,
    others: Mode,
}

/// Share of answered exchanges in a group of runs.
#[derive(Debug, PartialEq, Serialize)]
struct Mode {
    /// Number of runs.
    seeds: usize,
    min: f64,
    max: f64,
    mean: f64,
}

impl Mode {
    fn new(shares: &Sample) -> Option<Self> {
        let [min, .., max] = *shares.numbers() else {
            let only = *shares.numbers().first()?;
            return Some(Self { seeds: 1, min: only, max: only, mean: only });
        };
        let mean: Mean = shares.numbers().iter().copied().collect();
        Some(Self { seeds: shares.numbers().len(), min, max, mean: mean.mean() })
    }
}

/// `10.80 to 60.30 % answered, 33.42 % on average`
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [min, max, mean] = [self.min, self.max, self.mean].map(|share| 100.0 * share);
        write!(f, "{min:.2} to {max:.2} % answered, {mean:.2} % on average")
    }
}

impl Modes {
    /// Returns the groups of `runs`, if there are two and their goodput at the end clearly differs.
    pub(super) fn new<'a>(runs: impl Iterator<Item = &'a Measured>) -> Option<Self> {
        let ends: Option<Vec<(f64, f64)>> = runs
            .map(|run| {
                let summary = &run.summary;
                let share = summary.answered as f64 / summary.finished() as f64;
                Some((run.goodput_at_end?, share))
            })
            .collect();
        Self::of(&ends?)
    }

    /// Like [`new`](Self::new), for the goodput at the end and the share of answered exchanges of each run.
    fn of(ends: &[(f64, f64)]) -> Option<Self> {
        let (collapsed, others): (Vec<_>, Vec<_>) =
            ends.iter().partition(|(goodput, _)| *goodput < 0.5);
        let goodput = |group: &[(f64, f64)]| group.iter().map(|end| end.0).collect::<Mean>().mean();
        let clear = goodput(&others) - goodput(&collapsed) >= 0.5;
        let mode = |group: &[(f64, f64)]| Mode::new(&group.iter().map(|end| end.1).collect());
        let (collapsed, others) = mode(&collapsed).zip(mode(&others)).filter(|_| clear)?;
        Some(Self { collapsed, others })
    }
}

/// `collapsed in 3 of 10 seeds: 10.80 to 60.30 % answered, …; the other 7: 99.90 to 100.00 % answered, …`
impl fmt::Display for Modes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { collapsed, others } = self;
        let (count, rest) = (collapsed.seeds, others.seeds);
        let all = count + rest;
        write!(f, "collapsed in {count} of {all} seeds: {collapsed}; the other {rest}: {others}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_end_differently_are_two_groups() {
        let ends = [(0.99, 0.98), (0.01, 0.6), (1.02, 1.0), (0.0, 0.1), (0.98, 0.99)];
        let modes = Modes::of(&ends).unwrap();
        assert_eq!(
            modes.to_string(),
            "collapsed in 2 of 5 seeds: 10.00 to 60.00 % answered, 35.00 % on average; \
             the other 3: 98.00 to 100.00 % answered, 99.00 % on average"
        );
        for one in [&ends[..1], &ends[1..2], &[(0.49, 0.5), (0.51, 0.5)], &[]] {
            assert_eq!(Modes::of(one), None, "{one:?}");
        }
    }
}
