//! `--seeds`: runs one scenario with many seeds and prints means with confidence intervals.

use super::assertion::Check;
use super::cells::Cells;
use super::group::Group;
use super::many::{Many, Runs, Seeds};
use super::measure::Measure;
use super::predicted::{OfSeeds, Queue, over_seeds};
use super::run::Limits;
use super::spread::{MIN_SEEDS, Spread, lines, measures, missing, shown};
use super::{Args, Error, series};
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use crate::table::ColumnKind;
use retrylab_core::scenario::Scenario;
use serde::Serialize;

/// The results as JSON.
#[derive(Serialize)]
struct SeedsReport<'a> {
    schema: u32,
    seeds: Seeds,
    #[serde(flatten)]
    group: Group<'a>,
    theory: Theory,
    assertions: &'a [Check],
}

/// The comparison with theory.
#[derive(Serialize)]
struct Theory {
    /// Null if the conditions of the model do not hold, or if a limit ended a run.
    queue: Option<Queue<OfSeeds>>,
}

/// Runs all seeds and prints the results.
pub(super) fn run(args: &Args, scenario: &Scenario, limits: &Limits) -> Result<Exit, Error> {
    let seeds = Seeds::new(&args.many, scenario)?;
    args.asserts.check_seeds(seeds)?;
    let series = series::open_for_many(args)?;
    let runs = Runs::new(&[scenario], seeds, args, limits)?;
    if runs.iter().next().is_none() {
        return Ok(runs.exit);
    }
    let measured = runs.of(0);
    // Assertions are not checked if an interrupt has left out some of the seeds.
    let measured = if runs.exit == Exit::Success { &measured[..] } else { &[] };
    let checks = args.asserts.check_runs(&args.setup, scenario, measured);
    let cells = Cells::new(scenario, args.setup.cells);
    let exit =
        runs.print(args, &SeedsReport::new(scenario, cells, &runs, &checks), SeedsReport::show);
    series::write_first(series, args, &[("", scenario)], limits)?;
    Ok(args.asserts.report(scenario, &checks, exit)?)
}

impl<'a> SeedsReport<'a> {
    fn new(scenario: &'a Scenario, cells: Cells, runs: &'a Runs, assertions: &'a [Check]) -> Self {
        let group = Group::new(scenario, cells, &runs.of(0));
        let queues: Option<Vec<_>> = runs.of(0).iter().map(|(_, run)| run.queue).collect();
        let queues = queues.filter(|_| group.cut == 0);
        let queue = queues.and_then(|queues| over_seeds(scenario, &queues));
        Self { schema: SCHEMA, seeds: runs.seeds, group, theory: Theory { queue }, assertions }
    }

    /// Prints the table line by line.
    fn show(&self, many: &Many, out: &mut Stdout) {
        out.line(self.seeds);
        self.show_measures(out);
        for (name, pooled) in &self.group.pooled.0 {
            out.line(format_args!("{}: {pooled}", name.replace('_', " ")));
        }
        if let Some(why) = self.group.no_interval {
            out.line(format_args!("no confidence interval for these shares: {why}"));
        }
        if let Some(modes) = &self.group.modes {
            out.line(modes);
        }
        if let Some(queue) = &self.theory.queue {
            out.line(queue.line());
        }
        out.line(format_args!("ended by a limit: {} of {}", self.group.cut, self.group.runs.len()));
        out.line(format_args!("address: {}", self.group.address));
        out.line(format_args!("cells: {}", self.group.cells));
        if many.each {
            self.show_each(out);
        }
    }

    fn show_measures(&self, out: &mut Stdout) {
        let all = self.group.runs.len();
        let head = ["", "mean", "deviation", "min", "max", "median", "low", "high"];
        let mut rows: Vec<Vec<String>> = vec![head.map(str::to_string).to_vec()];
        for ((_, spread), (_, Measure { name, kind, .. })) in
            self.group.measures.0.iter().zip(measures())
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
        for run in &self.group.runs {
            let share = shown(run.answered_share(), ColumnKind::Number);
            rows.push(vec![run.seed.to_string(), share]);
        }
        lines(&rows).for_each(|line| out.line(line));
    }
}
