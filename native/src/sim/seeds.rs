//! `--seeds`: runs one scenario with many seeds and prints means with confidence intervals.

use super::many::{Runs, Seeds};
use super::predicted::{OfSeeds, Queue, over_seeds};
use super::run::Limits;
use super::spread::{Object, Spread, cells, lines, measures, number, of_seeds, shown};
use super::{Args, Error};
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use crate::table::{Cell, Column, ColumnKind};
use retrylab_core::scenario::Scenario;
use retrylab_core::stats::wilson;
use serde::Serialize;

/// The results as JSON.
#[derive(Serialize)]
struct SeedsReport<'a> {
    schema: u32,
    seeds: Seeds,
    measures: Object<String, Spread>,
    pooled: Object<&'static str, Pooled>,
    /// Number of runs that a limit ended.
    cut: usize,
    theory: Theory,
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

/// A share of the exchanges of all runs, with its Wilson interval.
///
/// The interval assumes that exchanges are independent. Exchanges that share a queue are not, and then only
/// the interval over seeds is valid.
#[derive(Clone, Copy, Serialize)]
struct Pooled {
    count: u64,
    of: u64,
    /// Null without any exchange.
    share: Option<f64>,
    low: f64,
    high: f64,
}

/// Runs all seeds and prints the results.
pub(super) fn run(args: &Args, scenario: &Scenario, limits: &Limits) -> Result<Exit, Error> {
    let runs = Runs::new([scenario], Seeds::new(&args.many, scenario)?, args, limits)?;
    if runs.iter().next().is_none() {
        return Ok(runs.exit);
    }
    Ok(runs.print(args, &SeedsReport::new(scenario, &runs), SeedsReport::show))
}

impl<'a> SeedsReport<'a> {
    fn new(scenario: &'a Scenario, runs: &'a Runs<1>) -> Self {
        let spread = |(at, column): (usize, Column)| {
            let numbers = runs.of(0).filter_map(|run| number(run.cells.get(at)?));
            (column.name, numbers.collect())
        };
        let row = |(seed, run): (u64, &'a [super::measure::Measured])| SeedRun {
            seed,
            measured: cells(&run[0].cells),
        };
        let queues: Option<Vec<_>> = runs.of(0).map(|run| run.queue).collect();
        let queues = queues.filter(|_| runs.cut(0) == 0);
        let queue = queues.and_then(|queues| over_seeds(scenario, &queues));
        Self {
            schema: SCHEMA,
            seeds: runs.seeds,
            measures: measures().map(spread).collect(),
            pooled: ["answered", "gave_up"]
                .map(|name| (name, pooled(runs, name)))
                .into_iter()
                .collect(),
            cut: runs.cut(0),
            theory: Theory { queue },
            runs: runs.iter().map(row).collect(),
            link: scenario.to_fragment(),
            scenario,
        }
    }

    /// Prints the table line by line.
    fn show(&self, each: bool, out: &mut Stdout) {
        out.line(self.seeds);
        let head = ["", "mean", "low", "high", "deviation", "min", "max"];
        let mut rows: Vec<Vec<String>> = vec![head.map(str::to_string).to_vec()];
        for ((name, spread), (_, Column { kind, .. })) in self.measures.0.iter().zip(measures()) {
            let Spread { count, mean, low, high, deviation, min, max } = *spread;
            let numbers = [mean, low, high, deviation].map(|number| shown(number, kind));
            let ends = [min, max].map(|number| match (number, kind) {
                // Minimum and maximum belong to one run each, so they are whole counts.
                (Some(count), ColumnKind::Integer) => format!("{count:.0}"),
                (number, _) => shown(number, kind),
            });
            let mut row = [&[name.clone()][..], &numbers, &ends].concat();
            row.extend(of_seeds(count, self.runs.len()));
            rows.push(row);
        }
        lines(&rows).for_each(|line| out.line(line));
        let one = self.runs.len() == 1;
        out.line(if one {
            "one seed: no interval"
        } else {
            "low, high: 95 % confidence interval of the mean"
        });
        for (name, Pooled { count, of, share, low, high }) in &self.pooled.0 {
            let name = name.replace('_', " ");
            let share =
                share.map_or_else(|| "-".to_string(), |share| format!("{:.4} %", 100.0 * share));
            let (low, high) = (100.0 * low, 100.0 * high);
            out.line(format_args!(
                "{name}: {count} of {of}, {share}, Wilson interval {low:.4} % to {high:.4} %"
            ));
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

    fn show_each(&self, out: &mut Stdout) {
        let mut rows = vec![vec!["seed".to_string(), "answered_share".to_string()]];
        for SeedRun { seed, measured } in &self.runs {
            let share = measured.0.iter().find(|(name, _)| name == "answered_share");
            let share = shown(share.and_then(|(_, cell)| number(cell)), ColumnKind::Number);
            rows.push(vec![seed.to_string(), share]);
        }
        lines(&rows).for_each(|line| out.line(line));
    }
}

/// Returns the share of the count `name` in the exchanges of all runs.
fn pooled(runs: &Runs<1>, name: &str) -> Pooled {
    let total = |name: &str| -> u64 {
        let at = measures().find(|(_, column)| column.name == name).map(|(at, _)| at);
        let count = |cells: &[Cell]| match at.and_then(|at| cells.get(at)) {
            Some(Cell::Integer(count)) => *count,
            _ => 0,
        };
        runs.of(0).map(|run| count(&run.cells)).sum()
    };
    let (count, of) = (total(name), total("exchanges"));
    let (low, high) = wilson(count, of);
    Pooled { count, of, share: (of > 0).then(|| count as f64 / of as f64), low, high }
}
