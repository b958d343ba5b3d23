//! Statistics of a measure over several runs, and tables of them.

use super::measure::{self, MEASURES, Measure};
use crate::output::{Count, column_widths};
use crate::table::{Cell, ColumnKind};
use retrylab_core::stats::{Mean, Sample};
use serde::{Serialize, Serializer};

/// Number of seeds below which a median has no interval: with five, the median is outside of their range in one of
/// sixteen cases.
pub(super) const MIN_SEEDS: usize = 6;

/// Statistics of a measure over several runs. A value that does not exist is null, such as the mean of no run.
/// So is a value that is longer than any, such as the median latency if most runs answered nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    /// Number of runs that have a value.
    pub(super) count: u64,
    /// Number of runs whose latency is longer than any, because no answered exchange has it. They count for the
    /// median and its interval; with any of them, there is no mean and no deviation.
    pub(super) unanswered: u64,
    pub(super) mean: Option<f64>,
    /// Standard deviation over the runs.
    pub(super) deviation: Option<f64>,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) median: Option<f64>,
    /// The 95 % confidence interval of the median; null for fewer than six runs.
    pub(super) median_95: Option<(f64, f64)>,
}

impl FromIterator<f64> for Spread {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let sample: Sample = numbers.into_iter().collect();
        let all = sample.numbers();
        let finite = || all.iter().copied().filter(|number| number.is_finite());
        let mean: Mean = finite().collect();
        let count = mean.count();
        let unanswered = all.len() as u64 - count;
        let whole = unanswered == 0;
        Self {
            count,
            unanswered,
            mean: (whole && count > 0).then(|| mean.mean()),
            deviation: mean.deviation().filter(|_| whole),
            min: all.first().copied().filter(|min| min.is_finite()),
            max: all.last().copied().filter(|max| max.is_finite()),
            median: sample.median(),
            median_95: sample.median_interval(),
        }
    }
}

/// Returns the numeric measures, each with its index among all measures.
pub(super) fn measures() -> impl Iterator<Item = (usize, &'static Measure)> {
    let all = MEASURES.iter().enumerate();
    all.filter(|(_, measure)| measure.kind != ColumnKind::Text)
}

/// Formats a number: means of counts with one decimal, others with five digits. Zero is a plain 0, a missing number
/// is a dash, and a latency longer than any is `inf`.
pub(super) fn shown(number: Option<f64>, kind: ColumnKind) -> String {
    match (number, kind) {
        (None, _) => "-".to_string(),
        (Some(0.0), _) => "0".to_string(),
        (Some(number), _) if number.is_infinite() => number.to_string(),
        (Some(number), ColumnKind::Integer) => format!("{number:.1}"),
        (Some(number), _) => five_digits(number),
    }
}

/// Formats a number with five significant digits, but no less than its whole part: `0.012346`, `1.2346`, `123456`.
fn five_digits(number: f64) -> String {
    let decimals = (4.0 - number.abs().log10().floor()).clamp(0.0, 12.0) as usize;
    format!("{number:.decimals$}")
}

/// Formats a difference with its sign.
pub(super) fn shown_signed(number: Option<f64>, kind: ColumnKind) -> String {
    let text = shown(number, kind);
    if number.is_some_and(|number| number > 0.0) { format!("+{text}") } else { text }
}

/// Returns a remark if some of `all` seeds have no value, but not all: a measure without any value does not apply.
pub(super) fn missing(spread: &Spread, all: usize) -> Option<String> {
    let all = Count(all as u64, "seed");
    match (spread.unanswered, spread.count) {
        (0, count) if count == 0 || count == all.0 => None,
        (0, count) => Some(format!("no value in {} of {all}", all.0 - count)),
        (unanswered, _) => Some(format!("without a reply in {unanswered} of {all}")),
    }
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
        assert_eq!((none.count, none.mean, none.min, none.median), (0, None, None, None));
        let one: Spread = [3.0].into_iter().collect();
        assert_eq!(
            (one.mean, one.min, one.max, one.median),
            (Some(3.0), Some(3.0), Some(3.0), Some(3.0))
        );
        assert_eq!((one.deviation, one.median_95), (None, None));
    }

    #[test]
    fn latencies_without_a_reply_are_longer_than_any() {
        let numbers = [0.2, f64::INFINITY, 0.1, 0.3, f64::INFINITY, 0.4, 0.5];
        let spread: Spread = numbers.into_iter().collect();
        assert_eq!((spread.count, spread.unanswered), (5, 2));
        assert_eq!((spread.mean, spread.deviation, spread.max), (None, None, None));
        assert_eq!((spread.min, spread.median), (Some(0.1), Some(0.4)));
        assert_eq!(spread.median_95, Some((0.1, f64::INFINITY)));
        let json = serde_json::to_value(spread).unwrap();
        assert_eq!(json["median_95"], serde_json::json!([0.1, null]));
    }

    #[test]
    fn numbers_have_five_digits() {
        for (number, text) in [
            (Some(0.012_345_67), "0.012346"),
            (Some(1.234_567), "1.2346"),
            (Some(-1_234_567.8), "-1234568"),
            (Some(0.0), "0"),
            (Some(f64::INFINITY), "inf"),
            (None, "-"),
        ] {
            assert_eq!(shown(number, ColumnKind::Number), text);
        }
        assert_eq!(shown(Some(1234.56), ColumnKind::Integer), "1234.6");
        assert_eq!(shown_signed(Some(0.5), ColumnKind::Number), "+0.50000");
    }

    #[test]
    fn columns_are_aligned() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows = [row(&["a", "mean", ""]), row(&["sends", "1", "*"]), row(&["b"])];
        assert_eq!(lines(&rows).collect::<Vec<_>>(), ["a      mean", "sends     1  *", "b"]);
    }
}
