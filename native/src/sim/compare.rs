//! `--variant` and `--versus`: compares scenarios under the same random draws.

use super::assertion::Check;
use super::cells::{Cells, Wanted};
use super::conclusion::conclusion;
use super::group::Group;
use super::many::{Many, Runs, Seeds};
use super::pair::Pair;
use super::run::Limits;
use super::sides::Side;
use super::spread::{MIN_SEEDS, Object, Spread, lines, measures, missing, shown, shown_signed};
use super::{Args, Error, series};
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use crate::table::ColumnKind;
use retrylab_core::scenario::FIELDS;
use retrylab_core::value::Printable;
use serde::Serialize;

/// The results as JSON.
#[derive(Serialize)]
struct ComparisonReport<'a> {
    schema: u32,
    seeds: Seeds,
    /// A sentence for each comparison.
    conclusions: Vec<String>,
    /// The keys whose values differ, each with the value of every scenario.
    differs: Object<&'static str, Object<&'a str, String>>,
    /// Each scenario with its runs; the others are compared with the first one.
    variants: Vec<NamedGroup<'a>>,
    comparisons: Vec<Pair>,
    assertions: &'a [Check],
}

/// A scenario with its runs.
#[derive(Serialize)]
struct NamedGroup<'a> {
    name: &'a str,
    #[serde(flatten)]
    group: Group<'a>,
}

/// Runs all scenarios and prints the comparison.
pub(super) fn run(args: &Args, sides: &[Side], limits: &Limits) -> Result<Exit, Error> {
    let scenarios: Vec<_> = sides.iter().map(|side| &side.scenario).collect();
    let seeds = Seeds::new(&args.many, scenarios[0])?;
    args.asserts.check_seeds(seeds)?;
    let series = series::open_for_many(args)?;
    let runs = Runs::new(&scenarios, seeds, args, limits)?;
    if runs.iter().next().is_none() {
        return Ok(runs.exit);
    }
    let mut checks = Vec::new();
    // Assertions are not checked if an interrupt has left out some of the seeds.
    let sides_to_check = if runs.exit == Exit::Success { sides } else { &[] };
    for (at, side) in sides_to_check.iter().enumerate() {
        let of_side = args.asserts.check_runs(&args.setup, &side.scenario, &runs.of(at));
        checks.extend(of_side.into_iter().map(|check| check.of_variant(&side.name)));
    }
    let report = ComparisonReport::new(sides, args.setup.cells, &runs, &checks);
    let exit = runs.print(args, &report, ComparisonReport::show);
    let named: Vec<_> = sides.iter().map(|side| (side.name.as_str(), &side.scenario)).collect();
    series::write_first(series, args, &named, limits)?;
    Ok(args.asserts.report(&sides[0].scenario, &checks, exit)?)
}

impl<'a> ComparisonReport<'a> {
    fn new(sides: &'a [Side], wanted: Wanted, runs: &'a Runs, assertions: &'a [Check]) -> Self {
        let names: Vec<&str> = sides.iter().map(|side| side.name.as_str()).collect();
        let differs = FIELDS.iter().filter_map(|field| {
            let values: Vec<_> = sides.iter().map(|side| field.value(&side.scenario)).collect();
            let same = values.iter().all(|value| *value == values[0]);
            (!same).then(|| (field.key, names.iter().copied().zip(values).collect()))
        });
        let group = |(at, side): (usize, &'a Side)| NamedGroup {
            name: &side.name,
            group: Group::new(&side.scenario, Cells::new(&side.scenario, wanted), &runs.of(at)),
        };
        let comparisons: Vec<Pair> =
            (1..sides.len()).map(|at| Pair::new(&names, at, runs)).collect();
        let count = runs.iter().count();
        Self {
            schema: SCHEMA,
            seeds: runs.seeds,
            conclusions: comparisons.iter().map(|pair| conclusion(pair, count)).collect(),
            differs: differs.collect(),
            variants: sides.iter().enumerate().map(group).collect(),
            comparisons,
            assertions,
        }
    }

    /// Prints the conclusions, the differing keys and the measures, line by line.
    fn show(&self, many: &Many, out: &mut Stdout) {
        for sentence in &self.conclusions {
            out.line(Printable::new(sentence));
        }
        out.line("");
        self.show_differing_keys(out);
        out.line("");
        match &self.comparisons[..] {
            [pair] => self.show_pair(pair, 1, many.all, out),
            pairs => {
                self.show_medians(pairs, many.all, out);
                for (pair, at) in pairs.iter().zip(1..).filter(|_| many.all) {
                    out.line("");
                    self.show_pair(pair, at, true, out);
                }
            }
        }
        self.show_ends(out);
        if many.each {
            self.show_each(out);
        }
    }

    fn names(&self) -> impl Iterator<Item = String> {
        self.variants.iter().map(|variant| Printable::short(variant.name).to_string())
    }

    fn show_differing_keys(&self, out: &mut Stdout) {
        if self.differs.0.is_empty() {
            out.line(format_args!(
                "{} are the same scenario",
                and(&self.names().collect::<Vec<_>>())
            ));
            return;
        }
        let mut rows = vec![["differs".to_string()].into_iter().chain(self.names()).collect()];
        rows.extend(self.differs.0.iter().map(|(key, values)| {
            let values = values.0.iter().map(|(_, value)| Printable::short(value).to_string());
            [key.to_string()].into_iter().chain(values).collect()
        }));
        lines(&rows).for_each(|line| out.line(line));
    }

    /// Prints the median of each measure for every scenario, and marks those that differ from the first one.
    fn show_medians(&self, pairs: &[Pair], all: bool, out: &mut Stdout) {
        let head = ["median".to_string()].into_iter().chain(self.names());
        let mut rows: Vec<Vec<String>> = vec![head.collect()];
        let mut left_out = Vec::new();
        for (at, (_, measure)) in measures().enumerate() {
            let clear: Vec<bool> =
                pairs.iter().map(|pair| pair.measures.0[at].1.is_clear()).collect();
            if !all && !clear.contains(&true) {
                left_out.push(measure.name);
                continue;
            }
            let marks =
                [""].into_iter().chain(clear.iter().map(|clear| if *clear { " *" } else { "" }));
            let medians = self.variants.iter().zip(marks).map(|(variant, mark)| {
                let median = variant.group.measures.0[at].1.median;
                shown(median, measure.kind) + mark
            });
            rows.push([measure.name.to_string()].into_iter().chain(medians).collect());
        }
        if rows.len() == 1 {
            return show_left_out(&left_out, out);
        }
        lines(&rows).for_each(|line| out.line(line));
        let first = Printable::short(self.variants[0].name);
        out.line(if self.variants[0].group.runs.len() < MIN_SEEDS {
            format!("*: differs from {first} in some seed; six seeds are needed to exclude chance")
        } else {
            format!("*: higher, or lower, than {first} in more seeds than chance explains (sign test, 5 %)")
        });
        show_left_out(&left_out, out);
    }

    /// Prints the difference of two scenarios in each measure.
    fn show_pair(&self, pair: &Pair, at: usize, all: bool, out: &mut Stdout) {
        let (first, this) = (&self.variants[0], &self.variants[at]);
        let seeds = this.group.runs.len();
        let [first_name, name] =
            [first.name, this.name].map(|name| Printable::short(name).to_string());
        let better = format!("{name} better in");
        let head = ["measure", &first_name, &name, "difference", "low", "high", &better, ""];
        let mut rows = vec![head.map(str::to_string).to_vec()];
        let mut left_out = Vec::new();
        for (at, (_, measure)) in measures().enumerate() {
            let difference = &pair.measures.0[at].1;
            if !all && !difference.is_clear() {
                left_out.push(measure.name);
                continue;
            }
            let spreads = [first, this].map(|variant| variant.group.measures.0[at].1);
            let [a, b] = spreads.map(|spread| shown(spread.median, measure.kind));
            let (low, high) = difference.difference.median_95.unzip();
            let by = [difference.difference.median, low, high];
            let [by, low, high] = by.map(|number| shown_signed(number, measure.kind));
            let better = difference.times_better().map(|count| format!("{count} of {seeds}"));
            let mark = if difference.significant == Some(true) { "*" } else { "" };
            let better = better.unwrap_or_else(|| "-".to_string());
            let mut row = vec![measure.name.to_string(), a, b, by, low, high, better, mark.into()];
            row.extend(remark([&first_name, &name], spreads, seeds));
            rows.push(row);
        }
        if rows.len() == 1 {
            return show_left_out(&left_out, out);
        }
        // Too few seeds have no interval, so the columns for it are left out.
        let columns = if seeds < MIN_SEEDS { 4..6 } else { 0..0 };
        for row in &mut rows {
            row.drain(columns.clone());
        }
        lines(&rows).for_each(|line| out.line(line));
        out.line(format_args!(
            "{first_name}, {name}: medians over the seeds; difference: median of the differences within each seed"
        ));
        out.line(if seeds < MIN_SEEDS {
            "fewer than six seeds: no interval, and chance cannot be excluded"
        } else {
            "low, high: 95 % confidence interval of that median; *: higher, or lower, in more seeds than chance explains (sign test, 5 %)"
        });
        show_left_out(&left_out, out);
    }

    /// Prints how the runs ended, and the links.
    fn show_ends(&self, out: &mut Stdout) {
        for NamedGroup { name, group } in &self.variants {
            if let Some(modes) = &group.modes {
                out.line(format_args!("{} {modes}", Printable::short(name)));
            }
        }
        let cut: Vec<String> = self
            .variants
            .iter()
            .zip(self.names())
            .map(|(variant, name)| {
                format!("{} of {} in {name}", variant.group.cut, variant.group.runs.len())
            })
            .collect();
        out.line(format_args!("ended by a limit: {}", cut.join(", ")));
        out.line(format_args!("{}, the same for all", self.seeds));
        for (variant, name) in self.variants.iter().zip(self.names()) {
            out.line(format_args!("address {name}: {}", variant.group.address));
            out.line(format_args!("cells {name}: {}", variant.group.cells));
        }
    }

    fn show_each(&self, out: &mut Stdout) {
        let head = self.names().map(|name| format!("answered_share of {name}"));
        let mut rows: Vec<Vec<String>> =
            vec![["seed".to_string()].into_iter().chain(head).collect()];
        for (at, run) in self.variants[0].group.runs.iter().enumerate() {
            let shares = self
                .variants
                .iter()
                .map(|variant| shown(variant.group.runs[at].answered_share(), ColumnKind::Number));
            rows.push([run.seed.to_string()].into_iter().chain(shares).collect());
        }
        lines(&rows).for_each(|line| out.line(line));
    }
}

/// Prints which measures are not shown.
fn show_left_out(names: &[&str], out: &mut Stdout) {
    if !names.is_empty() {
        out.line(format_args!("no clear difference (--all shows them): {}", names.join(", ")));
    }
}

/// Returns a remark if some of `all` seeds have no value in one of the scenarios.
fn remark(names: [&String; 2], spreads: [Spread; 2], all: usize) -> Option<String> {
    let of =
        |(name, spread): (&String, &Spread)| Some(format!("{name}: {}", missing(spread, all)?));
    let remarks: Vec<String> = names.into_iter().zip(&spreads).filter_map(of).collect();
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

/// `A and B`, `A, B and C`
fn and(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.concat(),
    }
}
