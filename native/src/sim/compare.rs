//! `--versus`: compares two scenarios under the same random draws.
//!
//! Both run with the same seeds. The random draws for a datagram depend only on the seed, the flow, the
//! direction and the datagram's index, so both scenarios meet the same losses and delays. The difference
//! within a seed therefore varies less than either result.

use super::many::{Many, Runs, Seeds};
use super::measure::Measured;
use super::run::Limits;
use super::spread::{
    Object, Spread, cells, lines, measures, number, of_seeds, shown, shown_signed,
};
use super::{Args, Error};
use crate::exit::Exit;
use crate::output::{Printable, SCHEMA, Stdout, narrate};
use crate::source::{Source, SourceError, pairs};
use crate::table::{Cell, Column, ColumnKind};
use retrylab_core::scenario::Scenario;
use serde::Serialize;

/// A value of each scenario.
#[derive(Clone, Copy, Debug, Serialize)]
struct Both<T> {
    a: T,
    b: T,
}

/// The results as JSON.
#[derive(Serialize)]
struct ComparisonReport<'a> {
    schema: u32,
    seeds: Seeds,
    /// The keys whose values differ.
    differs: Object<&'static str, Both<String>>,
    measures: Object<String, Compared>,
    /// Number of runs that a limit ended.
    cut: Both<usize>,
    runs: Vec<ComparedRun<'a>>,
    link: Both<String>,
    scenario: Both<&'a Scenario>,
}

/// A measure in both scenarios.
#[derive(Serialize)]
struct Compared {
    a: Spread,
    b: Spread,
    /// B minus A within each seed. Seeds without both values are left out.
    difference: Spread,
    /// Whether the interval of the difference excludes 0; null without an interval.
    excludes_zero: Option<bool>,
}

/// The runs with one seed as JSON.
#[derive(Serialize)]
struct ComparedRun<'a> {
    seed: u64,
    #[serde(flatten)]
    both: Both<Object<String, &'a Cell>>,
}

/// Returns the scenario to compare `a` with, with the seed of `a`.
pub(super) fn other(args: &Args, a: &Scenario) -> Result<Scenario, Error> {
    let Many { versus, versus_set, .. } = &args.many;
    let stdin = Some("-");
    if versus.as_deref() == stdin && args.scenario.as_deref() == stdin {
        return Err(Error::BothStdin);
    }
    let mut b = match versus.as_deref() {
        None => a.clone(),
        Some(name) => {
            let source = Source { scenario: Some(name), link: None, set: &[], seed: None };
            source.base().map_err(|error| SourceError::Versus(Box::new(error)))?
        }
    };
    let pairs = pairs("--versus-set", versus_set, SourceError::VersusSet)?;
    if pairs.iter().any(|(key, _)| *key == "seed") {
        return Err(Error::OtherSeed);
    }
    b.apply(pairs).map_err(SourceError::VersusSet)?;
    if b.seed != a.seed {
        narrate!("the seed of B, {}, is ignored: both scenarios use the seeds of A", b.seed);
    }
    b.seed = a.seed;
    Ok(b)
}

/// Runs both scenarios and prints the comparison.
pub(super) fn run(args: &Args, a: &Scenario, b: &Scenario, limits: &Limits) -> Result<Exit, Error> {
    let runs = Runs::new([a, b], Seeds::new(&args.many, a)?, args, limits)?;
    if runs.iter().next().is_none() {
        return Ok(runs.exit);
    }
    Ok(runs.print(args, &ComparisonReport::new(Both { a, b }, &runs), ComparisonReport::show))
}

/// Returns the measure with index `at` of both scenarios.
fn of(run: &[Measured], at: usize) -> Both<Option<f64>> {
    let value = |n: usize| number(run.get(n)?.cells.get(at)?);
    Both { a: value(0), b: value(1) }
}

impl<'a> ComparisonReport<'a> {
    fn new(scenario: Both<&'a Scenario>, runs: &'a Runs<2>) -> Self {
        let Both { a, b } = scenario;
        let differs = a.pairs().zip(b.pairs()).filter(|(a, b)| a != b);
        let compare = |(at, column): (usize, Column)| {
            let values = || runs.iter().map(|(_, run)| of(run, at));
            let difference: Spread = values().filter_map(|both| Some(both.b? - both.a?)).collect();
            let compared = Compared {
                a: values().filter_map(|both| both.a).collect(),
                b: values().filter_map(|both| both.b).collect(),
                difference,
                excludes_zero: difference.excludes_zero(),
            };
            (column.name, compared)
        };
        let row = |(seed, run): (u64, &'a [Measured])| {
            let both = Both { a: cells(&run[0].cells), b: cells(&run[1].cells) };
            ComparedRun { seed, both }
        };
        Self {
            schema: SCHEMA,
            seeds: runs.seeds,
            differs: differs.map(|((key, a), (_, b))| (key, Both { a, b })).collect(),
            measures: measures().map(compare).collect(),
            cut: Both { a: runs.cut(0), b: runs.cut(1) },
            runs: runs.iter().map(row).collect(),
            link: Both { a: a.to_fragment(), b: b.to_fragment() },
            scenario,
        }
    }

    /// Prints the differing keys, then the table, line by line.
    fn show(&self, each: bool, out: &mut Stdout) {
        out.line(format_args!("{}, the same for A and B", self.seeds));
        self.show_differences(out);
        out.line("");
        self.show_measures(out);
        let Both { a, b } = self.cut;
        let count = self.runs.len();
        out.line(format_args!("ended by a limit: {a} of {count} in A, {b} of {count} in B"));
        out.line(format_args!("link A: #{}", self.link.a));
        out.line(format_args!("link B: #{}", self.link.b));
        if each {
            self.show_each(out);
        }
    }

    fn show_differences(&self, out: &mut Stdout) {
        if self.differs.0.is_empty() {
            out.line("A and B are the same scenario");
            return;
        }
        let mut rows = vec![["differs", "A", "B"].map(str::to_string).to_vec()];
        rows.extend(self.differs.0.iter().map(|(key, Both { a, b })| {
            let shown = |value: &String| Printable(value.as_bytes()).to_string();
            vec![key.to_string(), shown(a), shown(b)]
        }));
        lines(&rows).for_each(|line| out.line(line));
    }

    fn show_measures(&self, out: &mut Stdout) {
        let one = self.runs.len() == 1;
        let head = ["measure", "A", "B", "B - A", "low", "high"];
        // A single seed has no interval, so the columns for it are left out.
        let width = if one { 4 } else { head.len() };
        let mut rows = vec![head[..width].iter().map(ToString::to_string).collect::<Vec<_>>()];
        for ((name, compared), (_, Column { kind, .. })) in self.measures.0.iter().zip(measures()) {
            let Compared { a, b, difference, excludes_zero } = compared;
            let Spread { count, mean, low, high, .. } = *difference;
            let means = [a.mean, b.mean].map(|number| shown(number, kind));
            let differences = [mean, low, high].map(|number| shown_signed(number, kind));
            let mut row = [&[name.clone()][..], &means, &differences].concat();
            row.truncate(width);
            let mark = if *excludes_zero == Some(true) { "*" } else { "" };
            row.push(mark.to_string());
            row.extend(of_seeds(count, self.runs.len()));
            rows.push(row);
        }
        lines(&rows).for_each(|line| out.line(line));
        out.line(if one {
            "one seed: no interval"
        } else {
            "low, high: 95 % confidence interval of B - A; *: the interval excludes 0"
        });
    }

    fn show_each(&self, out: &mut Stdout) {
        let head = ["seed", "answered_share of A", "of B", "B - A"];
        let mut rows = vec![head.map(str::to_string).to_vec()];
        let share = |cells: &Object<String, &Cell>| {
            let cell = cells.0.iter().find(|(name, _)| name == "answered_share");
            cell.and_then(|(_, cell)| number(cell))
        };
        for ComparedRun { seed, both } in &self.runs {
            let (a, b) = (share(&both.a), share(&both.b));
            let difference = a.zip(b).map(|(a, b)| b - a);
            let kind = ColumnKind::Number;
            let shares = [shown(a, kind), shown(b, kind), shown_signed(difference, kind)];
            rows.push([&[seed.to_string()][..], &shares].concat());
        }
        lines(&rows).for_each(|line| out.line(line));
    }
}
