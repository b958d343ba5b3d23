//! Statistics of a measure over several runs, and tables of them.

use super::measure;
use crate::output::{Count, column_widths};
use crate::table::{Cell, Column, ColumnKind};
use retrylab_core::stats::Mean;
use serde::{Serialize, Serializer};

/// Statistics of a measure over several runs. A value that does not exist is null, such as the mean of no
/// run or the interval of a single one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    /// Number of runs that have a value.
    pub(super) count: u64,
    pub(super) mean: Option<f64>,
    /// Ends of the 95 % confidence interval of the mean (Student's t).
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    /// Standard deviation over the runs.
    pub(super) deviation: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

impl Spread {
    /// Returns whether the interval excludes zero, or `None` without an interval.
    pub(super) fn excludes_zero(&self) -> Option<bool> {
        Some(self.low? > 0.0 || self.high? < 0.0)
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut mean = Mean::default();
        let (mut min, mut max) = (None, None);
        for number in numbers {
            mean.add(number);
            min = Some(min.map_or(number, |min: f64| min.min(number)));
            max = Some(max.map_or(number, |max: f64| max.max(number)));
        }
        let (low, high) = mean.t_interval().unzip();
        let deviation = mean.deviation();
        let count = mean.count();
        Self { count, mean: min.map(|_| mean.mean()), low, high, deviation, min, max }
    }
}

/// Returns the number in a cell, if there is one.
pub(super) fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Integer(number) => Some(*number as f64),
        Cell::Number(number) => Some(*number),
        Cell::Empty | Cell::Text(_) => None,
    }
}

/// Returns the numeric measures, each with its index among all measures.
pub(super) fn measures() -> impl Iterator<Item = (usize, Column)> {
    let numbers = |(_, column): &(usize, Column)| column.kind != ColumnKind::Text;
    measure::columns().into_iter().enumerate().filter(numbers)
}

/// Formats a number: means of counts with one decimal, others with six. Zero is a plain 0, and a missing
/// number is a dash.
pub(super) fn shown(number: Option<f64>, kind: ColumnKind) -> String {
    match (number, kind) {
        (None, _) => "-".to_string(),
        (Some(0.0), _) => "0".to_string(),
        (Some(number), ColumnKind::Integer) => format!("{number:.1}"),
        (Some(number), _) => format!("{number:.6}"),
    }
}

/// Formats a difference with its sign.
pub(super) fn shown_signed(number: Option<f64>, kind: ColumnKind) -> String {
    let text = shown(number, kind);
    if number.is_some_and(|number| number > 0.0) { format!("+{text}") } else { text }
}

/// Returns a remark if some seeds have no value.
pub(super) fn of_seeds(count: u64, all: usize) -> Option<String> {
    (count < all as u64).then(|| format!("of {}", Count(count, "seed")))
}

/// Formats rows as lines. Each column is as wide as its widest cell; the first one is left-aligned, the others
/// are right-aligned.
pub(super) fn lines(rows: &[Vec<String>]) -> impl Iterator<Item = String> {
    let widths = column_widths(rows);
    rows.iter().map(move |row| {
        let cell = |(at, (cell, width)): (usize, (&String, &usize))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("  {cell:>width$}"),
        };
        let line: String = row.iter().zip(&widths).enumerate().map(cell).collect();
        line.trim_end().to_string()
    })
}

/// A JSON object whose keys keep their order.
pub(super) struct Object<K, V>(pub(super) Vec<(K, V)>);

impl<K, V> FromIterator<(K, V)> for Object<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Object<K, V> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// Returns all measures of a run by name.
pub(super) fn cells(cells: &[Cell]) -> Object<String, &Cell> {
    measure::columns().into_iter().map(|column| column.name).zip(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_statistics_are_null() {
        let none: Spread = [].into_iter().collect();
        assert_eq!((none.mean, none.min, none.low, none.deviation), (None, None, None, None));
        assert_eq!(none.excludes_zero(), None);
        let one: Spread = [3.0].into_iter().collect();
        assert_eq!((one.mean, one.min, one.max, one.low), (Some(3.0), Some(3.0), Some(3.0), None));
        assert_eq!(one.excludes_zero(), None);
    }

    #[test]
    fn an_interval_excludes_zero_on_either_side() {
        for (numbers, excludes) in [
            ([1.0, 1.1, 0.9], true),
            ([-1.0, -1.1, -0.9], true),
            ([1.0, -1.0, 0.5], false),
            ([0.0, 0.0, 0.0], false),
            ([2.0, 2.0, 2.0], true),
        ] {
            let spread: Spread = numbers.into_iter().collect();
            assert_eq!(spread.excludes_zero(), Some(excludes), "{numbers:?}");
        }
    }

    #[test]
    fn columns_are_aligned() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [row(&["a", "mean", ""]), row(&["sends", "1", "*"]), row(&["b"])];
        assert_eq!(lines(&rows).collect::<Vec<_>>(), ["a      mean", "sends     1  *", "b"]);
    }
}
