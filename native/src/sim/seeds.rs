//! `--seeds`: runs one scenario with many seeds and prints means with confidence intervals.

use super::assertion::Check;
use super::many::{Runs, Seeds};
use super::measure::{Measure, Measured};
use super::outcome::{self, Modes};
use super::predicted::{OfSeeds, Queue, over_seeds};
use super::run::Limits;
use super::spread::{MIN_SEEDS, Object, Spread, cells, lines, measures, missing, shown};
use super::{Args, Error, verdict};
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use crate::table::{Cell, ColumnKind};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::stats::wilson;
use serde::Serialize;
use std::fmt;

/// The results as JSON.
#[derive(Serialize)]
struct SeedsReport<'a> {
    schema: u32,
    seeds: Seeds,
    measures: Object<&'static str, Spread>,
    pooled: Object<&'static str, Pooled>,
    /// Why the exchanges of all runs together have no confidence interval; null if they have one.
    no_interval: Option<&'static str>,
    /// The runs in two groups; null if they all ended alike.
    modes: Option<Modes>,
    /// Number of runs that a limit ended.
    cut: usize,
    theory: Theory,
    assertions: &'a [Check],
    runs: Vec<SeedRun<'a>>,
    link: String,
    scenario: &'a Scenario,
}

/// The comparison with theory.
#[derive(Serialize)]
struct Theory {
    /// Null if the conditions of the model do not hold, or if a limit ended a run.
    queue: Option<Queue<OfSeeds>>,
}

/// A run, as JSON.
#[derive(Serialize)]
struct SeedRun<'a> {
    seed: u64,
    #[serde(flatten)]
    measured: Object<String, &'a Cell>,
}

/// A share of the exchanges of all runs.
#[derive(Clone, Copy, Serialize)]
struct Pooled {
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

/// `2000 of 2064, 96.8992 %, 95 % confidence interval 96.0561 % to 97.5669 %`
impl fmt::Display for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, of, share, share_95 } = self;
        write!(f, "{count} of {of}")?;
        if let Some(share) = share {
            write!(f, ", {:.4} %", 100.0 * share)?;
        }
        if let Some((low, high)) = share_95 {
            let (low, high) = (100.0 * low, 100.0 * high);
            write!(f, ", 95 % confidence interval {low:.4} % to {high:.4} %")?;
        }
        Ok(())
    }
}

/// Runs all seeds and prints the results.
pub(super) fn run(args: &Args, scenario: &Scenario, limits: &Limits) -> Result<Exit, Error> {
    let seeds = Seeds::new(&args.many, scenario)?;
    args.asserts.check_seeds(seeds)?;
    let runs = Runs::new([scenario], seeds, args, limits)?;
    if runs.iter().next().is_none() {
        return Ok(runs.exit);
    }
    let measured: Vec<_> = runs.iter().map(|(seed, run)| (seed, &run[0])).collect();
    // Assertions are not checked if an interrupt has left out some of the seeds.
    let measured = if runs.exit == Exit::Success { &measured[..] } else { &[] };
    let checks = args.asserts.check_runs(args, scenario, measured);
    let exit = runs.print(args, &SeedsReport::new(scenario, &runs, &checks), SeedsReport::show);
    verdict::report(args, scenario, &checks, exit)
}

impl<'a> SeedsReport<'a> {
    fn new(scenario: &'a Scenario, runs: &'a Runs<1>, assertions: &'a [Check]) -> Self {
        let spread = |(at, measure): (usize, &'static Measure)| {
            (measure.name, runs.of(0).filter_map(|run| run.number(at)).collect())
        };
        let row =
            |(seed, run): (u64, &'a [Measured])| SeedRun { seed, measured: cells(&run[0].cells) };
        let sum = |count: fn(&Summary) -> u64| runs.of(0).map(|run| count(&run.summary)).sum();
        let independent = outcome::independent(scenario, sum(|summary| summary.misattributed));
        let all = sum(Summary::finished);
        let pooled = |count| Pooled::new(sum(count), all, independent.is_ok());
        let queues: Option<Vec<_>> = runs.of(0).map(|run| run.queue).collect();
        let queues = queues.filter(|_| runs.cut(0) == 0);
        let queue = queues.and_then(|queues| over_seeds(scenario, &queues));
        Self {
            schema: SCHEMA,
            seeds: runs.seeds,
            measures: measures().map(spread).collect(),
            pooled: Object(vec![
                ("answered", pooled(|summary| summary.answered)),
                ("gave_up", pooled(|summary| summary.gave_up)),
            ]),
            no_interval: independent.err(),
            modes: Modes::new(runs.of(0)),
            cut: runs.cut(0),
            theory: Theory { queue },
            assertions,
            runs: runs.iter().map(row).collect(),
            link: scenario.to_fragment(),
            scenario,
        }
    }

    /// Prints the table line by line.
    fn show(&self, each: bool, out: &mut Stdout) {
        out.line(self.seeds);
        self.show_measures(out);
        for (name, pooled) in &self.pooled.0 {
            out.line(format_args!("{}: {pooled}", name.replace('_', " ")));
        }
        if let Some(why) = self.no_interval {
            out.line(format_args!("no confidence interval for these shares: {why}"));
        }
        if let Some(modes) = &self.modes {
            out.line(modes);
        }
        if let Some(queue) = &self.theory.queue {
            out.line(queue.line());
        }
        out.line(format_args!("ended by a limit: {} of {}", self.cut, self.runs.len()));
        out.line(format_args!("link: #{}", self.link));
        if each {
            self.show_each(out);
        }
    }

    fn show_measures(&self, out: &mut Stdout) {
        let all = self.runs.len();
        let head = ["", "mean", "deviation", "min", "max", "median", "low", "high"];
        let mut rows: Vec<Vec<String>> = vec![head.map(str::to_string).to_vec()];
        for ((_, spread), (_, Measure { name, kind, .. })) in self.measures.0.iter().zip(measures())
        {
            let Spread { mean, deviation, min, max, median, median_95, .. } = *spread;
            let (low, high) = median_95.unzip();
            let ends = [min, max].map(|number| match (number, kind) {
                // Minimum and maximum belong to one run each, so they are whole counts.
                (Some(count), ColumnKind::Integer) => format!("{count:.0}"),
                (number, _) => shown(number, *kind),
            });
            let [mean, deviation, median, low, high] =
                [mean, deviation, median, low, high].map(|number| shown(number, *kind));
            let [min, max] = ends;
            let mut row = vec![name.to_string(), mean, deviation, min, max, median, low, high];
            if all < MIN_SEEDS {
                row.truncate(row.len() - 2);
            }
            row.extend(missing(spread, all));
            rows.push(row);
        }
        if all < MIN_SEEDS {
            rows[0].truncate(head.len() - 2);
        }
        lines(&rows).for_each(|line| out.line(line));
        out.line(if all < MIN_SEEDS {
            "fewer than six seeds: no confidence interval"
        } else {
            "low, high: 95 % confidence interval of the median"
        });
    }

    fn show_each(&self, out: &mut Stdout) {
        let mut rows = vec![vec!["seed".to_string(), "answered_share".to_string()]];
        for SeedRun { seed, measured } in &self.runs {
            let share = measured.0.iter().find(|(name, _)| name == "answered_share");
            let share = shown(share.and_then(|(_, cell)| cell.as_f64()), ColumnKind::Number);
            rows.push(vec![seed.to_string(), share]);
        }
        lines(&rows).for_each(|line| out.line(line));
    }
}
