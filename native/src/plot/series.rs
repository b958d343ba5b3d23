//! Time series of runs, as `retrylab sim --series` writes them.

use super::data::{MAX_LINES, cut, short};
use super::quantity::Quantity;
use csv::{Reader, StringRecord};
use std::fs::File;
use std::io::{BufRead, BufReader};

/// How the file of a series begins.
const HEAD: &[u8] = b"from_s,interval_s,";

/// The columns of a plot of one file, and of several ones.
const DEFAULTS: [&str; 3] = ["offered_per_s", "offered_with_retries_per_s", "goodput_per_s"];
const DEFAULT: [&str; 1] = ["goodput_per_s"];

/// Error that reading time series returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeriesError {
    #[error("{file}, line {line}: {what}")]
    Malformed { file: String, line: u64, what: String },
    #[error("--y: {file} has no column `{name}`; choose one of {known}")]
    Unknown { file: String, name: String, known: String },
    #[error("--y: {0} and {1} have different units; draw a plot of each")]
    Units(String, String),
    #[error("{0} has no intervals")]
    Empty(String),
    #[error("--y: {0} columns of all files; a plot shows at most {MAX_LINES} lines")]
    TooMany(usize),
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
    /// The shortest and the longest interval in seconds.
    pub(super) interval: (f64, f64),
    /// Number of files.
    pub(super) files: u64,
}

/// Returns whether the file `name` is a time series. Whatever cannot be read is not one.
pub(super) fn is_series(name: &str) -> bool {
    let Ok(file) = File::open(name) else { return false };
    let mut file = BufReader::new(file);
    file.fill_buf().is_ok_and(|start| start.starts_with(HEAD))
}

impl Series {
    /// Reads the file `name`.
    pub(super) fn read(name: &str) -> Result<Self, SeriesError> {
        let failed = |error: csv::Error| SeriesError::Malformed {
            file: short(name),
            line: error.position().map_or(1, csv::Position::line),
            what: error.to_string(),
        };
        let mut reader = Reader::from_path(name).map_err(failed)?;
        let names: Vec<String> =
            reader.headers().map_err(failed)?.iter().map(ToString::to_string).collect();
        let mut columns = vec![Vec::new(); names.len()];
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(failed)? {
            let line = record.position().map_or(0, csv::Position::line);
            for ((column, text), name_of) in columns.iter_mut().zip(&record).zip(&names) {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                column.push(number.ok_or_else(|| SeriesError::Malformed {
                    file: short(name),
                    line,
                    what: format!("{} is `{}`, which is not a number", short(name_of), short(text)),
                })?);
            }
        }
        if columns[0].is_empty() {
            return Err(SeriesError::Empty(short(name)));
        }
        Ok(Self { file: name.to_string(), names, columns })
    }

    fn column(&self, name: &str) -> Result<&[f64], SeriesError> {
        let found = self.names.iter().position(|known| known == name);
        found.map(|at| self.columns[at].as_slice()).ok_or_else(|| SeriesError::Unknown {
            file: short(&self.file),
            name: short(name),
            known: cut(&self.names[2..].join(", ")),
        })
    }

    fn interval(&self) -> f64 {
        self.columns[1][0]
    }
}

impl Tracks {
    /// Returns a line for each of the columns `wanted` of each file, which has a name.
    pub(super) fn new(
        files: &[(String, Series)],
        wanted: &[String],
        log_y: bool,
    ) -> Result<Self, SeriesError> {
        let many = files.len() > 1;
        let defaults: &[&str] = if many { &DEFAULT } else { &DEFAULTS };
        let wanted: Vec<&str> = match wanted {
            [] => defaults.to_vec(),
            wanted => wanted.iter().map(String::as_str).collect(),
        };
        if files.len() * wanted.len() > MAX_LINES {
            return Err(SeriesError::TooMany(files.len() * wanted.len()));
        }
        let rate = |name: &str| name.ends_with("_per_s");
        if let Some(other) = wanted.iter().find(|name| rate(name) != rate(wanted[0])) {
            return Err(SeriesError::Units(short(wanted[0]), short(other)));
        }
        let quantities: Vec<Quantity> = wanted.iter().map(|name| Quantity::measure(name)).collect();
        let mut tracks = Vec::new();
        for (file, series) in files {
            for (name, quantity) in wanted.iter().zip(&quantities) {
                let numbers = series.column(name)?;
                if let Some(value) = numbers.iter().find(|number| log_y && **number <= 0.0) {
                    return Err(SeriesError::Log { name: short(name), value: *value });
                }
                let middle = series.interval() / 2.0;
                let times = series.columns[0].iter().map(|from| from + middle);
                let label = match (many, wanted.len()) {
                    (false, _) => quantity.label.clone(),
                    (true, 1) => file.clone(),
                    (true, _) => format!("{}, {file}", quantity.label),
                };
                tracks.push(Track { label, points: times.zip(numbers.iter().copied()).collect() });
            }
        }
        let intervals = files.iter().map(|(_, series)| series.interval());
        let shortest = intervals.clone().fold(f64::INFINITY, f64::min);
        let interval = (shortest, intervals.fold(0.0, f64::max));
        let y = Quantity::common(&quantities);
        Ok(Self { y, tracks, interval, files: files.len() as u64 })
    }
}
