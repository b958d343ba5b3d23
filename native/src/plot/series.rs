//! Time series of runs, as `retrylab sim --series` writes them.

use super::choice::{MAX_LINES, hint, short};
use super::quantity::Quantity;
use crate::output::seconds;
use crate::sim::words::Unit;
use csv::{Reader, StringRecord};
use retrylab_core::time::Duration;
use std::fs::File;
use std::io::{BufRead, BufReader};

/// Maximum number of intervals, unless the user chooses them. In shorter ones, chance hides what happens.
const MAX_INTERVALS: f64 = 240.0;

/// How the file of a series begins.
const HEAD: &[u8] = b"from_s,interval_s,";

/// The column that names the variants of a comparison, after the others.
const VARIANT: &str = "variant";

/// The columns of a plot of one file, and of several ones.
const DEFAULTS: [&str; 3] = ["offered_per_s", "offered_with_retries_per_s", "goodput_per_s"];
const DEFAULT: [&str; 1] = ["goodput_per_s"];

/// Error that reading time series returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeriesError {
    #[error("{file}, line {line}: {what}")]
    Malformed { file: String, line: u64, what: String },
    #[error("--y: {file} has no column `{name}`; {hint}")]
    Unknown { file: String, name: String, hint: String },
    #[error("--y: {0} and {1} have different units; draw a plot of each")]
    Units(String, String),
    #[error("{0} has no intervals")]
    Empty(String),
    #[error("--y: {0} columns of all files; a plot shows at most {MAX_LINES} lines")]
    TooMany(usize),
    #[error("--interval: {given} is not a multiple of {own}, the interval of {file}")]
    Interval { given: String, own: String, file: String },
    #[error("--log-y: {name} is {value}; a logarithmic axis needs numbers above 0")]
    Log { name: String, value: f64 },
}

/// The series of a run.
pub(super) struct Series {
    file: String,
    names: Vec<String>,
    /// The columns, each as long as the others.
    columns: Vec<Vec<f64>>,
}

/// A line over time.
pub(super) struct Track {
    pub(super) label: String,
    /// The middle of each interval in seconds, and the number.
    pub(super) points: Vec<(f64, f64)>,
}

/// The lines of a plot over time.
pub(super) struct Tracks {
    pub(super) y: Quantity,
    pub(super) tracks: Vec<Track>,
    /// Length of the intervals in seconds.
    pub(super) interval: f64,
    /// The begin of the first and the end of the last one in seconds.
    pub(super) span: (f64, f64),
    /// Number of runs.
    pub(super) runs: u64,
}

/// Returns whether the file `name` is a time series. Whatever cannot be read is not one.
pub(super) fn is_series(name: &str) -> bool {
    let Ok(file) = File::open(name) else { return false };
    let mut file = BufReader::new(file);
    file.fill_buf().is_ok_and(|start| start.starts_with(HEAD))
}

impl Series {
    /// Reads the file `name`: the series of a run, or of each variant of a comparison, with its name.
    pub(super) fn read(name: &str) -> Result<Vec<(Option<String>, Self)>, SeriesError> {
        let failed = |error: csv::Error| SeriesError::Malformed {
            file: short(name),
            line: error.position().map_or(1, csv::Position::line),
            what: error.to_string(),
        };
        let mut reader = Reader::from_path(name).map_err(failed)?;
        let mut names: Vec<String> =
            reader.headers().map_err(failed)?.iter().map(ToString::to_string).collect();
        let of_variants = names.pop_if(|last| last == VARIANT).is_some();
        let mut all: Vec<(Option<String>, Self)> = Vec::new();
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(failed)? {
            let variant = record.get(names.len()).filter(|_| of_variants).map(ToString::to_string);
            if all.last().is_none_or(|(before, _)| *before != variant) {
                let columns = vec![Vec::new(); names.len()];
                let series = Self { file: name.to_string(), names: names.clone(), columns };
                all.push((variant, series));
            }
            if let Some((_, series)) = all.last_mut() {
                series.push(&record)?;
            }
        }
        if all.is_empty() {
            return Err(SeriesError::Empty(short(name)));
        }
        Ok(all)
    }

    /// Adds an interval.
    fn push(&mut self, record: &StringRecord) -> Result<(), SeriesError> {
        for ((column, text), name) in self.columns.iter_mut().zip(record).zip(&self.names) {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            column.push(number.ok_or_else(|| SeriesError::Malformed {
                file: short(&self.file),
                line: record.position().map_or(0, csv::Position::line),
                what: format!("{} is `{}`, which is not a number", short(name), short(text)),
            })?);
        }
        Ok(())
    }

    fn column(&self, name: &str) -> Result<&[f64], SeriesError> {
        let found = self.names.iter().position(|known| known == name);
        found.map(|at| self.columns[at].as_slice()).ok_or_else(|| SeriesError::Unknown {
            file: short(&self.file),
            name: short(name),
            hint: hint(name, &self.names[2..].iter().map(String::as_str).collect::<Vec<_>>()),
        })
    }

    fn interval(&self) -> f64 {
        self.columns[1][0]
    }

    /// Returns a column in intervals of `interval` seconds: the sum of counts, the mean of rates.
    fn track(&self, name: &str, interval: f64) -> Result<Vec<(f64, f64)>, SeriesError> {
        let numbers = self.column(name)?;
        let joined = (interval / self.interval()).round();
        if joined < 1.0 || (joined * self.interval() - interval).abs() > 1e-6 * interval {
            let time = Quantity::new("", Unit::Seconds, "", "");
            let [given, own] = [interval, self.interval()].map(|seconds| time.shown(seconds));
            return Err(SeriesError::Interval { given, own, file: short(&self.file) });
        }
        let groups = numbers.chunks(joined as usize).zip(self.columns[0].chunks(joined as usize));
        let point = |(numbers, times): (&[f64], &[f64])| {
            let sum: f64 = numbers.iter().sum();
            let count = if is_rate(name) { numbers.len() as f64 } else { 1.0 };
            (times[0] + interval / 2.0, sum / count)
        };
        Ok(groups.map(point).collect())
    }
}

/// What a time series shows.
pub(super) struct Wish<'a> {
    /// The columns; none for the default ones.
    pub(super) columns: &'a [String],
    pub(super) interval: Option<Duration>,
    pub(super) log_y: bool,
}

impl Tracks {
    /// Returns a line for each of the wanted columns of each series, which has a name.
    pub(super) fn new(files: &[(String, Series)], wish: &Wish<'_>) -> Result<Self, SeriesError> {
        let many = files.len() > 1;
        let defaults: &[&str] = if many { &DEFAULT } else { &DEFAULTS };
        let wanted: Vec<&str> = match wish.columns {
            [] => defaults.to_vec(),
            wanted => wanted.iter().map(String::as_str).collect(),
        };
        if files.len() * wanted.len() > MAX_LINES {
            return Err(SeriesError::TooMany(files.len() * wanted.len()));
        }
        if let Some(other) = wanted.iter().find(|name| is_rate(name) != is_rate(wanted[0])) {
            return Err(SeriesError::Units(short(wanted[0]), short(other)));
        }
        let interval = wish.interval.map_or_else(|| readable(files), seconds);
        let quantities: Vec<Quantity> = wanted.iter().map(|name| Quantity::measure(name)).collect();
        let mut tracks = Vec::new();
        for (file, series) in files {
            for (name, quantity) in wanted.iter().zip(&quantities) {
                let points = series.track(name, interval)?;
                if let Some((_, value)) = points.iter().find(|point| wish.log_y && point.1 <= 0.0) {
                    return Err(SeriesError::Log { name: short(name), value: *value });
                }
                let label = match (many, wanted.len()) {
                    // The title of the axis names a single line.
                    (false, 1) => String::new(),
                    (false, _) => quantity.label.clone(),
                    (true, 1) => file.clone(),
                    (true, _) => format!("{}, {file}", quantity.label),
                };
                tracks.push(Track { label, points });
            }
        }
        let first = files.iter().map(|(_, series)| series.columns[0][0]);
        let span = (first.fold(f64::INFINITY, f64::min), end(files));
        let (y, runs) = (Quantity::common(&quantities), files.len() as u64);
        Ok(Self { y, tracks, interval, span, runs })
    }
}

/// Returns the end of the last interval in seconds.
fn end(files: &[(String, Series)]) -> f64 {
    let ends = files.iter().map(|(_, series)| {
        series.columns[0].last().copied().unwrap_or_default() + series.interval()
    });
    ends.fold(0.0, f64::max)
}

/// Returns whether the numbers of a column are per second; others are counts.
fn is_rate(name: &str) -> bool {
    name.ends_with("_per_s")
}

/// Returns the shortest interval with which the plot has at most [`MAX_INTERVALS`] of them: 1, 2 or 5 times a power of ten of
/// the files' own ones.
fn readable(files: &[(String, Series)]) -> f64 {
    let own = files.iter().map(|(_, series)| series.interval()).fold(0.0, f64::max);
    let steps = (0..18).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    let mut intervals = steps.map(|step| step * own);
    intervals.find(|interval| end(files) / interval <= MAX_INTERVALS).unwrap_or(own)
}
