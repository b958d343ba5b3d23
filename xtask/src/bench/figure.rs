//! A figure, with what is wanted of it: as a table for people and as JSON for programs.

use std::env;
use std::fmt::Write;

use serde_json::{Value, json};

/// Something measured: the median of several values, with the least and the most of them.
#[derive(Clone, Debug)]
pub(super) struct Figure {
    name: String,
    unit: &'static str,
    median: f64,
    least: f64,
    most: f64,
    wanted: Option<Wanted>,
}

/// What the project wants of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    /// The figure of `values`, of which there is at least one.
    pub(super) fn new(name: impl Into<String>, unit: &'static str, values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        let (least, most) = (sorted[0], sorted[sorted.len() - 1]);
        Self { name: name.into(), unit, median, least, most, wanted: None }
    }

    /// The same, with what is wanted of it.
    pub(super) fn wanted(self, wanted: Wanted) -> Self {
        Self { wanted: Some(wanted), ..self }
    }

    /// Is its median what is wanted? `None` if nothing is.
    fn holds(&self) -> Option<bool> {
        self.wanted.map(|wanted| match wanted {
            Wanted::AtLeast(bound) => self.median >= bound,
            Wanted::AtMost(bound) => self.median <= bound,
        })
    }

    fn json(&self) -> Value {
        let Self { name, unit, median, least, most, .. } = self;
        // Indented names are for the table: they belong to the lines above.
        let name = name.trim_start();
        let mut value =
            json!({ "name": name, "unit": unit, "median": median, "least": least, "most": most });
        match self.wanted {
            Some(Wanted::AtLeast(bound)) => value["at_least"] = json!(bound),
            Some(Wanted::AtMost(bound)) => value["at_most"] = json!(bound),
            None => {}
        }
        if let Some(holds) = self.holds() {
            value["holds"] = json!(holds);
        }
        value
    }
}

/// The figures as a table; nothing for none.
pub(super) fn table(figures: &[Figure]) -> String {
    let mut table = String::new();
    let Some(width) = figures.iter().map(|figure| figure.name.len()).max() else { return table };
    let heads = ["median", "least", "most"].map(|head| format!("{head:>12}")).concat();
    let _ = writeln!(table, "\n{:width$}{heads}", "");
    for figure in figures {
        let Figure { name, unit, median, least, most, .. } = figure;
        let numbers = [median, least, most].map(|n| format!("{:>12}", number(*n))).concat();
        let _ = write!(table, "{name:width$}{numbers} {unit}");
        if let (Some(wanted), Some(holds)) = (figure.wanted, figure.holds()) {
            let (word, bound) = match wanted {
                Wanted::AtLeast(bound) => ("at least", bound),
                Wanted::AtMost(bound) => ("at most", bound),
            };
            let verdict = if holds { "yes" } else { "NO" };
            let _ = write!(table, "  wanted {word} {}: {verdict}", number(bound));
        }
        table.push('\n');
    }
    table
}

/// The figures as JSON, with what a reader has to know of the machine.
pub(super) fn json(figures: &[Figure], rounds: u32) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let figures: Vec<Value> = figures.iter().map(Figure::json).collect();
    let machine = json!({ "cores": cores, "os": env::consts::OS, "arch": env::consts::ARCH });
    format!("{:#}\n", json!({ "machine": machine, "rounds": rounds, "figures": figures }))
}

/// Large numbers in groups of three digits, small ones with three that count.
fn number(n: f64) -> String {
    if n.abs() < 100.0 {
        // What rounds to nothing has no sign.
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
        assert_eq!((odd.least, odd.median, odd.most), (1.0, 2.0, 3.0));
        let even = Figure::new("even", "", &[4.0, 1.0, 2.0, 3.0]);
        assert_eq!((even.least, even.median, even.most), (1.0, 2.5, 4.0));
    }

    #[test]
    fn a_table_says_what_holds() {
        let fast = Figure::new("rate", "times", &[5.0, 6.5]).wanted(Wanted::AtLeast(5.0));
        let large = Figure::new("memory", "bytes", &[1_234_567.0]).wanted(Wanted::AtMost(160.0));
        let table = table(&[fast.clone(), large.clone()]);
        assert!(table.contains("wanted at least 5: yes"), "{table}");
        assert!(table.contains("1,234,567 bytes  wanted at most 160: NO"), "{table}");
        assert_eq!(fast.json()["holds"], json!(true));
        assert_eq!(
            (&large.json()["at_most"], &large.json()["median"]),
            (&json!(160.0), &json!(1_234_567.0))
        );
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
