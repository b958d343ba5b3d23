//! The results of a sweep as a table: a row a point, in CSV, JSON or Parquet.
//!
//! Every form has the columns `point`, the varied keys, `seed` and the measures, in this order, and says
//! which sweep the rows are of and how many points that has. JSON and Parquet say it once; CSV, whose
//! readers know of no comments (RFC 4180), has two more columns for it, `points` and `sweep`.

mod csv;
mod json;
mod parquet;

use crate::output::OutputError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Numbers; a cell may be empty where there is none.
    Number,
    /// Text.
    Text,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: ColumnKind,
}

impl Column {
    pub(crate) fn new(name: &str, kind: ColumnKind) -> Self {
        Self { name: name.to_string(), kind }
    }
}

/// A varied key with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Vary {
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
}

/// What the rows are of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) schema: u32,
    /// The program that ran it.
    pub(crate) version: String,
    /// The sweep's fingerprint: equal for its shards, and for nothing else.
    pub(crate) sweep: String,
    /// Points of the whole sweep.
    pub(crate) points: u64,
    /// The scenario of the first point; null in CSV, which does not carry it.
    pub(crate) scenario: Value,
    /// In the order of the product, the last one fastest. CSV has no list of the values.
    pub(crate) vary: Vec<Vary>,
    /// Seeds of each combination; 0 in CSV.
    pub(crate) seeds: u64,
    /// What bounded each run; 0 in CSV.
    pub(crate) max_events: u64,
    pub(crate) columns: Vec<Column>,
}

impl Header {
    /// The first part that differs from `other`'s.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("columns", self.columns != other.columns),
            ("version", self.version != other.version),
            ("scenario", self.scenario != other.scenario),
            ("varied values", self.vary != other.vary),
            ("seeds", self.seeds != other.seeds),
            ("number of points", self.points != other.points),
            ("limit of events", self.max_events != other.max_events),
            // By itself where the file says no more, as CSV, or where it is another `--set`.
            ("fingerprint", self.sweep != other.sweep),
        ]
        .into_iter()
        .find_map(|(name, differs)| differs.then_some(name))
    }
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    /// There is no such number, as of a share of nothing.
    Empty,
    Integer(u64),
    Number(f64),
    Text(String),
}

impl Cell {
    /// A number, if there is one: JSON and Parquet know no others than finite ones.
    pub(crate) fn number(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Empty }
    }

    /// As CSV has it: the shortest text that is read as the same number.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// The cells of a point, in the order of the columns. The first one is its number.
pub(crate) type Row = Vec<Cell>;

/// The number of the row's point.
pub(crate) fn point(row: &Row) -> Option<u64> {
    if let Some(Cell::Integer(point)) = row.first() { Some(*point) } else { None }
}

/// A form of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
    Parquet,
}

impl Format {
    /// By the end of the name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let extension = Path::new(name).extension()?.to_str()?;
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

/// Why results cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("{0} ends in none of .csv, .json and .parquet")]
    Extension(String),
    #[error("{0} cannot be read: {1}")]
    Read(String, io::Error),
    #[error("{0} has no results of a sweep: {1}")]
    Malformed(String, String),
}

/// Results that are read row by row.
pub(crate) struct Table {
    pub(crate) name: String,
    /// `None` if a CSV file has no row: then only its columns are known.
    pub(crate) header: Option<Header>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Box<dyn Iterator<Item = Result<Row, TableError>>>,
}

/// Opens the file `name`.
pub(crate) fn open(name: &str) -> Result<Table, TableError> {
    let format = Format::of(name).ok_or_else(|| TableError::Extension(name.to_string()))?;
    let file = File::open(name).map_err(|error| TableError::Read(name.to_string(), error))?;
    match format {
        Format::Csv => csv::open(name, file),
        Format::Json => json::open(name, file),
        Format::Parquet => parquet::open(name, file),
    }
}

/// Writes rows in some form.
trait RowWriter {
    fn row(&mut self, row: &Row) -> io::Result<()>;
    fn finish(self: Box<Self>) -> io::Result<()>;
}

type Sink = Box<dyn Write + Send>;

/// Where results go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// As CSV.
    Stdout,
    File(PathBuf, Format),
}

/// Why results cannot go there.
#[derive(Debug, thiserror::Error)]
#[error("--out: {0} ends in none of .csv, .json and .parquet; `-` is CSV on stdout")]
pub(crate) struct TargetError(String);

impl Target {
    pub(crate) fn new(out: &str) -> Result<Self, TargetError> {
        if out == "-" {
            return Ok(Self::Stdout);
        }
        let format = Format::of(out).ok_or_else(|| TargetError(out.to_string()))?;
        Ok(Self::File(PathBuf::from(out), format))
    }

    pub(crate) const fn format(&self) -> Format {
        match self {
            Self::Stdout => Format::Csv,
            Self::File(_, format) => *format,
        }
    }

    /// For people.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_string(),
            Self::File(path, _) => path.display().to_string(),
        }
    }

    /// Writes all rows. A file appears when it is whole, or not at all.
    pub(crate) fn write<E: From<OutputError>>(
        &self,
        header: &Header,
        rows: impl Iterator<Item = Result<Row, E>>,
    ) -> Result<(), E> {
        let Self::File(path, _) = self else {
            let sink = Box::new(BufWriter::new(io::stdout()));
            return self.rows(header, sink, rows);
        };
        let temporary = with_suffix(path, ".tmp");
        let failed = |error| self.failed(error);
        let file = File::create(&temporary).map_err(failed)?;
        let written = file.try_clone().map_err(failed).map_err(E::from).and_then(|copy| {
            self.rows(header, Box::new(BufWriter::new(copy)), rows)?;
            // On the disk before it has its name: else a power cut may leave the name without the rows.
            file.sync_all().map_err(failed)?;
            Ok(fs::rename(&temporary, path).map_err(failed)?)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn failed(&self, error: io::Error) -> OutputError {
        OutputError { name: self.name(), error }
    }

    fn rows<E: From<OutputError>>(
        &self,
        header: &Header,
        sink: Sink,
        rows: impl Iterator<Item = Result<Row, E>>,
    ) -> Result<(), E> {
        let failed = |error| self.failed(error);
        let mut writer: Box<dyn RowWriter> = match self.format() {
            Format::Csv => Box::new(csv::Writer::new(sink, header).map_err(failed)?),
            Format::Json => Box::new(json::Writer::new(sink, header).map_err(failed)?),
            Format::Parquet => Box::new(parquet::Writer::new(sink, header).map_err(failed)?),
        };
        for row in rows {
            writer.row(&row?).map_err(failed)?;
        }
        Ok(writer.finish().map_err(failed)?)
    }
}

/// The file beside `path` whose name is longer by `suffix`.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
