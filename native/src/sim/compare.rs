//! `--versus`: compares two scenarios under the same random draws.
//!
//! Both run with the same seeds. The random draws for a datagram depend only on the seed, the flow, the
//! direction and the datagram's index, so both scenarios meet the same losses and delays. The difference
//! within a seed therefore varies less than either result.

use super::many::{Many, Runs, Seeds};
use super::measure::{Better, Measure, Measured};
use super::outcome::Modes;
use super::run::Limits;
use super::spread::{
    MIN_SEEDS, Object, Spread, cells, lines, measures, missing, shown, shown_signed,
};
use super::{Args, Error};
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout, narrate};
use crate::source::{Source, SourceError, pairs};
use crate::table::{Cell, ColumnKind};
use retrylab_core::scenario::Scenario;
use retrylab_core::stats::differs_by_sign;
use retrylab_core::value::Printable;
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
    measures: Object<&'static str, Compared>,
    /// The runs of each scenario in two groups; null if they all ended alike.
    modes: Both<Option<Modes>>,
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
    /// B minus A within each seed, over all seeds in which both have a value.
    difference: Spread,
    /// Which of two values is better; null if neither is.
    better: Option<Better>,
    /// Number of seeds in which B is higher, and in which it is lower.
    b_higher: u64,
    b_lower: u64,
    /// Whether one of them is larger than chance explains: the sign test at 5 %. Null for fewer than six seeds, and
    /// if some seed has no value or a latency without a reply.
    significant: Option<bool>,
}

impl Compared {
    /// Compares the values of `measure` in each seed.
    fn new(measure: &Measure, values: &[Both<Option<f64>>]) -> Self {
        let difference: Spread = values.iter().filter_map(Both::difference).collect();
        let sign = |sign: f64| {
            let with = values.iter().filter_map(Both::difference).filter(|by| by * sign > 0.0);
            with.count() as u64
        };
        let (b_higher, b_lower) = (sign(1.0), sign(-1.0));
        let a: Spread = values.iter().filter_map(|both| both.a).collect();
        let b: Spread = values.iter().filter_map(|both| both.b).collect();
        let complete = [a.count, b.count] == [values.len() as u64; 2];
        let testable = complete && difference.median_95.is_some();
        let significant = testable.then(|| differs_by_sign(b_higher, b_lower));
        Self { a, b, difference, better: measure.better, b_higher, b_lower, significant }
    }

    /// Returns the number of seeds in which B is better, if it can be.
    fn b_better(&self) -> Option<u64> {
        let applies = self.difference.count + self.difference.unanswered > 0;
        match self.better.filter(|_| applies) {
            Some(Better::Higher) => Some(self.b_higher),
            Some(Better::Lower) => Some(self.b_lower),
            None => None,
        }
    }

    /// Returns a remark if some of `all` seeds have no value in A or B.
    fn remark(&self, all: usize) -> Option<String> {
        let of = |name, spread| missing(spread, all).map(|remark| format!("{name}: {remark}"));
        let remarks: Vec<_> = [of("A", &self.a), of("B", &self.b)].into_iter().flatten().collect();
        (!remarks.is_empty()).then(|| remarks.join("; "))
    }
}

impl Both<Option<f64>> {
    /// Returns B minus A. Two latencies that are both longer than any do not differ.
    fn difference(&self) -> Option<f64> {
        let (a, b) = (self.a?, self.b?);
        let same = a.total_cmp(&b).is_eq();
        Some(if same { 0.0 } else { b - a })
    }
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
            let source =
                Source { scenario: Some(name), link: None, preset: None, set: &[], seed: None };
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
    let value = |n: usize| run.get(n)?.number(at);
    Both { a: value(0), b: value(1) }
}

impl<'a> ComparisonReport<'a> {
    fn new(scenario: Both<&'a Scenario>, runs: &'a Runs<2>) -> Self {
        let Both { a, b } = scenario;
        let differs = a.pairs().zip(b.pairs()).filter(|(a, b)| a != b);
        let compare = |(at, measure): (usize, &'static Measure)| {
            let values: Vec<_> = runs.iter().map(|(_, run)| of(run, at)).collect();
            (measure.name, Compared::new(measure, &values))
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
            modes: Both { a: Modes::new(runs.of(0)), b: Modes::new(runs.of(1)) },
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
        for (name, modes) in [("A", &self.modes.a), ("B", &self.modes.b)] {
            if let Some(modes) = modes {
                out.line(format_args!("{name} {modes}"));
            }
        }
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
            let shown = |value: &String| Printable::short(value).to_string();
            vec![key.to_string(), shown(a), shown(b)]
        }));
        lines(&rows).for_each(|line| out.line(line));
    }

    fn show_measures(&self, out: &mut Stdout) {
        let all = self.runs.len();
        let head = ["measure", "A", "B", "B - A", "low", "high", "B better in", ""];
        let mut rows = vec![head.map(str::to_string).to_vec()];
        for ((_, compared), (_, measure)) in self.measures.0.iter().zip(measures()) {
            let Compared { a, b, difference, significant, .. } = compared;
            let (low, high) = difference.median_95.unzip();
            let means = [a.mean, b.mean].map(|number| shown(number, measure.kind));
            let differences = [difference.median, low, high];
            let differences = differences.map(|number| shown_signed(number, measure.kind));
            let better = compared.b_better().map(|count| format!("{count} of {all}"));
            let better = better.unwrap_or_else(|| "-".to_string());
            let mark = if *significant == Some(true) { "*" } else { "" };
            let mut row = [&[measure.name.to_string()][..], &means, &differences].concat();
            row.extend([better, mark.to_string()]);
            row.extend(compared.remark(all));
            rows.push(row);
        }
        // Too few seeds have no interval, so the columns for it are left out.
        let columns = if all < MIN_SEEDS { 4..6 } else { 0..0 };
        for row in &mut rows {
            row.drain(columns.clone());
        }
        lines(&rows).for_each(|line| out.line(line));
        out.line("A, B: means over the seeds; B - A: median of the differences within each seed");
        out.line(if all < MIN_SEEDS {
            "fewer than six seeds: no interval"
        } else {
            "low, high: 95 % confidence interval of that median; *: B is higher, or lower, in more seeds than chance explains (sign test, 5 %)"
        });
    }

    fn show_each(&self, out: &mut Stdout) {
        let head = ["seed", "answered_share of A", "of B", "B - A"];
        let mut rows = vec![head.map(str::to_string).to_vec()];
        let share = |cells: &Object<String, &Cell>| {
            let cell = cells.0.iter().find(|(name, _)| name == "answered_share");
            cell.and_then(|(_, cell)| cell.as_f64())
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
