//! A measured figure with its target and its limit, printed as a table or as JSON.

use std::env;
use std::fmt::Write;

use serde_json::{Value, json};

/// A measured figure: median, minimum and maximum of several values.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    name: String,
    unit: &'static str,
    median: f64,
    min: f64,
    max: f64,
    target: Option<Target>,
    limit: Option<Target>,
}

/// The target for a figure, or its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    /// Creates the figure of `values`, which must not be empty.
    pub(super) fn new(name: impl Into<String>, unit: &'static str, values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        Self { name: name.into(), unit, median, min, max, target: None, limit: None }
    }

    /// Adds a target.
    pub(super) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Adds a limit: beyond it, the benchmark fails.
    pub(super) fn limit(self, limit: Target) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Returns whether the median is beyond the limit.
    pub(super) fn fails(&self) -> bool {
        self.limit.is_some_and(|limit| !limit.holds(self.median))
    }

    /// Returns whether the median meets the target, or `None` without a target.
    fn holds(&self) -> Option<bool> {
        self.target.map(|target| target.holds(self.median))
    }

    fn json(&self) -> Value {
        let Self { name, unit, median, min, max, .. } = self;
        // The indentation is only for the table.
        let name = name.trim_start();
        let mut value =
            json!({ "name": name, "unit": unit, "median": median, "least": min, "most": max });
        match self.target {
            Some(Target::AtLeast(bound)) => value["at_least"] = json!(bound),
            Some(Target::AtMost(bound)) => value["at_most"] = json!(bound),
            None => {}
        }
        if let Some(holds) = self.holds() {
            value["holds"] = json!(holds);
        }
        if let Some(limit) = self.limit {
            value["limit"] = json!(limit.bound());
            value["fails"] = json!(self.fails());
        }
        value
    }
}

impl Target {
    fn holds(self, median: f64) -> bool {
        match self {
            Self::AtLeast(bound) => median >= bound,
            Self::AtMost(bound) => median <= bound,
        }
    }

    fn bound(self) -> f64 {
        let (Self::AtLeast(bound) | Self::AtMost(bound)) = self;
        bound
    }
}

/// Returns the figures as a table, or an empty text without figures.
pub(super) fn table(figures: &[Figure]) -> String {
    let mut table = String::new();
    let Some(width) = figures.iter().map(|figure| figure.name.len()).max() else { return table };
    let heads = ["median", "min", "max"].map(|head| format!("{head:>12}")).concat();
    let _ = writeln!(table, "\n{:width$}{heads}", "");
    for figure in figures {
        let Figure { name, unit, median, min, max, .. } = figure;
        let numbers = [median, min, max].map(|n| format!("{:>12}", number(*n))).concat();
        let _ = write!(table, "{name:width$}{numbers} {unit}");
        if let (Some(target), Some(holds)) = (figure.target, figure.holds()) {
            let (word, bound) = match target {
                Target::AtLeast(bound) => ("at least", bound),
                Target::AtMost(bound) => ("at most", bound),
            };
            let verdict = if holds { "met" } else { "MISSED" };
            let _ = write!(table, "  target: {word} {}, {verdict}", number(bound));
        }
        if let Some(limit) = figure.limit {
            let verdict = if figure.fails() { "MISSED" } else { "ok" };
            let _ = write!(table, "; limit: {}, {verdict}", number(limit.bound()));
        }
        table.push('\n');
    }
    table
}

/// Returns the figures as JSON, with a description of the machine.
pub(super) fn json(figures: &[Figure], rounds: u32) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let figures: Vec<Value> = figures.iter().map(Figure::json).collect();
    let machine = json!({ "cores": cores, "os": env::consts::OS, "arch": env::consts::ARCH });
    format!("{:#}\n", json!({ "machine": machine, "rounds": rounds, "figures": figures }))
}

/// Formats large numbers in groups of three digits and small ones with two decimals.
fn number(n: f64) -> String {
    if n.abs() < 100.0 {
        // A number that rounds to zero has no sign.
        let text = format!("{:.2}", (n * 100.0).round() / 100.0 + 0.0);
        return text.strip_suffix(".00").map_or(text.clone(), str::to_owned);
    }
    let digits = format!("{:.0}", n.abs());
    let mut text = String::from(if n < 0.0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let odd = Figure::new("odd", "", &[3.0, 1.0, 2.0]);
        assert_eq!((odd.min, odd.median, odd.max), (1.0, 2.0, 3.0));
        let even = Figure::new("even", "", &[4.0, 1.0, 2.0, 3.0]);
        assert_eq!((even.min, even.median, even.max), (1.0, 2.5, 4.0));
    }

    #[test]
    fn a_table_shows_which_targets_are_met() {
        let fast = Figure::new("rate", "times", &[5.0, 6.5]).target(Target::AtLeast(5.0));
        let large = Figure::new("memory", "bytes", &[1_234_567.0]).target(Target::AtMost(160.0));
        let table = table(&[fast.clone(), large.clone()]);
        assert!(table.contains("target: at least 5, met"), "{table}");
        assert!(table.contains("1,234,567 bytes  target: at most 160, MISSED"), "{table}");
        assert_eq!(fast.json()["holds"], json!(true));
        assert_eq!(
            (&large.json()["at_most"], &large.json()["median"]),
            (&json!(160.0), &json!(1_234_567.0))
        );
    }

    #[test]
    fn a_figure_between_target_and_limit_does_not_fail() {
        let size = |kilobytes| {
            let figure = Figure::new("size", "kB", &[kilobytes]);
            figure.target(Target::AtMost(120.0)).limit(Target::AtMost(150.0))
        };
        let table = table(&[size(150.0), size(151.0)]);
        assert!(table.contains("at most 120, MISSED; limit: 150, ok"), "{table}");
        assert!(table.contains("at most 120, MISSED; limit: 150, MISSED"), "{table}");
        assert!(!size(150.0).fails() && size(151.0).fails());
        assert_eq!(size(151.0).json()["fails"], json!(true));
    }

    #[test]
    fn numbers_are_shown_as_people_read_them() {
        for (n, text) in [
            (0.5, "0.50"),
            (-0.004, "0"),
            (-0.25, "-0.25"),
            (5.0, "5"),
            (999.6, "1,000"),
            (-1_234.0, "-1,234"),
            (312_500.0, "312,500"),
        ] {
            assert_eq!(number(n), text);
        }
    }
}
