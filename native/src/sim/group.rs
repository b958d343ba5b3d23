//! The runs of one scenario with several seeds: statistics of each measure, and shares of all exchanges.

use super::cells::Cells;
use super::figures::{percent, percents};
use super::measure::{Measure, Measured};
use super::outcome::{self, Modes};
use super::spread::{self, Object, Spread, measures};
use crate::lab;
use crate::table::Cell;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::stats::wilson;
use serde::Serialize;
use std::fmt;

/// The runs as JSON. One run, many runs and each scenario of a comparison have these fields.
#[derive(Serialize)]
pub(super) struct Group<'a> {
    pub(super) measures: Object<&'static str, Spread>,
    pub(super) pooled: Object<&'static str, Pooled>,
    /// Why the exchanges of all runs together have no confidence interval; null if they have one.
    pub(super) no_interval: Option<&'static str>,
    /// The runs in two groups; null if they all ended alike.
    pub(super) modes: Option<Modes>,
    /// The cells of each run.
    pub(super) cells: Cells,
    /// Number of runs that a limit ended.
    pub(super) cut: usize,
    pub(super) runs: Vec<SeedRun<'a>>,
    /// The scenario as the fragment of a link, without the `#`.
    link: String,
    /// Where the page shows it while `retrylab lab` runs.
    pub(super) address: String,
    pub(super) scenario: &'a Scenario,
}

/// A run, as JSON.
#[derive(Serialize)]
pub(super) struct SeedRun<'a> {
    pub(super) seed: u64,
    #[serde(flatten)]
    measured: Object<String, &'a Cell>,
}

impl<'a> SeedRun<'a> {
    pub(super) fn new(seed: u64, run: &'a Measured) -> Self {
        Self { seed, measured: spread::cells(&run.cells) }
    }

    /// Returns the share of answered exchanges; `None` without any exchange.
    pub(super) fn answered_share(&self) -> Option<f64> {
        let share = self.measured.0.iter().find(|(name, _)| name == "answered_share");
        share.and_then(|(_, cell)| cell.as_f64())
    }
}

/// A share of the exchanges of all runs.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Pooled {
    count: u64,
    of: u64,
    /// Null without any exchange.
    share: Option<f64>,
    /// The 95 % confidence interval of the share (Wilson); null if the exchanges are not independent.
    share_95: Option<(f64, f64)>,
}

impl Pooled {
    fn new(count: u64, of: u64, independent: bool) -> Self {
        let share = (of > 0).then(|| count as f64 / of as f64);
        let interval = share.filter(|_| independent).map(|_| wilson(count, of));
        Self { count, of, share, share_95: interval }
    }
}

/// `2000 of 2064, 96.9 %, 95 % confidence interval 96.1 to 97.6 %`
impl fmt::Display for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, of, share, share_95 } = self;
        write!(f, "{count} of {of}")?;
        let Some(share) = *share else { return Ok(()) };
        write!(f, ", {} %", percent(share, *share_95))?;
        if let Some(ends) = *share_95 {
            write!(f, ", 95 % confidence interval {} %", percents(share, ends, " to "))?;
        }
        Ok(())
    }
}

impl<'a> Group<'a> {
    /// Returns the runs of `scenario` in these cells, each with its seed.
    pub(super) fn new(scenario: &'a Scenario, cells: Cells, runs: &[(u64, &'a Measured)]) -> Self {
        let all = || runs.iter().map(|(_, run)| *run);
        let spread = |(at, measure): (usize, &'static Measure)| {
            (measure.name, all().filter_map(|run| run.number(at)).collect())
        };
        let sum = |count: fn(&Summary) -> u64| all().map(|run| count(&run.summary)).sum();
        let independent = outcome::independent(scenario, sum(|summary| summary.misattributed));
        let finished = sum(Summary::finished);
        let link = scenario.to_fragment();
        let pooled = |count| Pooled::new(sum(count), finished, independent.is_ok());
        Self {
            measures: measures().map(spread).collect(),
            pooled: Object(vec![
                ("answered", pooled(|summary| summary.answered)),
                ("gave_up", pooled(|summary| summary.gave_up)),
            ]),
            no_interval: independent.err(),
            modes: Modes::new(all()),
            cells,
            cut: all().filter(|run| !run.ended_by.is_finished()).count(),
            runs: runs.iter().map(|(seed, run)| SeedRun::new(*seed, run)).collect(),
            address: lab::address(scenario),
            link,
            scenario,
        }
    }
}
