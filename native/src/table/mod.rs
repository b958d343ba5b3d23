//! The results of a sweep as a table with one row per point, in CSV, JSON or Parquet.
//!
//! Every format has the columns `point`, the varied keys, `seed` and the measures, in this order, with the
//! same names, types and empty cells. Every format also identifies the sweep and its number of points: JSON
//! and Parquet in a header, CSV in the two additional columns `points` and `sweep`, because RFC 4180 has no
//! comments.
//!
//! Other programs guess the types of a CSV file from its text. So a number that is not whole by nature has
//! a decimal point in every row, and hashes begin with an `x`: without it, `12345678901e2345` is read as
//! infinity.

mod csv;
mod json;
mod mark;
mod parquet;

use crate::exit::Exit;
use crate::output::OutputError;
use crate::whole_file;
use retrylab_core::value::Printable;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnKind {
    /// `true` or `false`.
    Bool,
    /// Whole numbers from 0 to [`MAX_INTEGER`].
    Integer,
    /// Numbers. A cell without a number is empty.
    Number,
    /// Text.
    Text,
}

/// Maximum whole number: other programs calculate with signed integers of 64 bits.
pub(crate) const MAX_INTEGER: u64 = i64::MAX as u64;

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

/// A variant with its scenario as the fragment of a link, without the `#`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamedLink {
    pub(crate) name: String,
    pub(crate) link: String,
}

/// The sweep that the rows belong to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) schema: u32,
    /// Version of the program that ran the sweep.
    pub(crate) version: String,
    /// Fingerprint of the sweep. Only shards of the same sweep share it.
    pub(crate) sweep: String,
    /// Number of points of the whole sweep.
    pub(crate) points: u64,
    /// The scenario of the first point; null in CSV, which does not contain it.
    pub(crate) scenario: Value,
    /// The varied keys; the last one varies fastest. CSV does not list the values.
    pub(crate) vary: Vec<Vary>,
    /// The scenario of each variant; empty in CSV.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) variants: Vec<NamedLink>,
    /// Number of seeds per combination; 0 in CSV.
    pub(crate) seeds: u64,
    /// Limit on the events of each run; 0 in CSV.
    pub(crate) max_events: u64,
    pub(crate) columns: Vec<Column>,
}

impl Header {
    /// Returns the name of the first part that differs from `other`.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("columns", self.columns != other.columns),
            ("version", self.version != other.version),
            ("scenario", self.scenario != other.scenario),
            ("varied values", self.vary != other.vary),
            ("variants", self.variants != other.variants),
            ("seeds", self.seeds != other.seeds),
            ("number of points", self.points != other.points),
            ("limit of events", self.max_events != other.max_events),
            // Only the fingerprint differs in CSV, and if only `--set` differs.
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
    /// No value, such as a share without any exchange.
    Empty,
    Bool(bool),
    Integer(u64),
    Number(f64),
    Text(String),
}

impl Cell {
    /// Returns a number, or an empty cell if it is not finite: JSON has only finite numbers.
    pub(crate) fn number(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Empty }
    }

    /// Returns the number in the cell, if there is one.
    pub(crate) const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            Self::Empty | Self::Bool(_) | Self::Text(_) => None,
        }
    }

    /// Returns the cell with text that cannot control a terminal.
    fn printable(mut self) -> Self {
        if let Self::Text(text) = &mut self {
            make_printable(text);
        }
        self
    }

    /// Returns the text: of a number the shortest one that parses to the same number.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Bool(truth) => truth.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Returns the text of a hash, which no program takes for a number.
pub(crate) fn hash(hexadecimal: impl fmt::Display) -> String {
    format!("x{hexadecimal}")
}

fn make_printable(text: &mut String) {
    *text = Printable::new(text).to_string();
}

/// The cells of a point in the order of the columns. The first one is the number of the point.
pub(crate) type Row = Vec<Cell>;

/// Returns the number of the row's point.
pub(crate) fn point(row: &Row) -> Option<u64> {
    if let Some(Cell::Integer(point)) = row.first() { Some(*point) } else { None }
}

/// A file format for results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Json,
    Parquet,
}

impl Format {
    /// Returns the format for the extension of `name`.
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

/// Maximum number of characters of a reason, which may quote the file.
const MAX_WHY: usize = 300;

/// Error that reading results returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    #[error("{0} does not end in .csv, .json or .parquet")]
    Extension(String),
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    #[error("{0} is not a table of sweep results: {why}", why = Printable::new(.1).at_most(MAX_WHY))]
    Malformed(String, String),
}

impl TableError {
    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        if let Self::Read(_, error) = self { Exit::of(error) } else { Exit::Usage }
    }
}

/// A table that is read row by row.
pub(crate) struct Table {
    pub(crate) name: String,
    /// `None` for a CSV file without rows, of which only the columns are known.
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

/// Writes rows in one of the formats.
trait RowWriter {
    fn row(&mut self, row: &Row) -> io::Result<()>;
    fn finish(self: Box<Self>) -> io::Result<()>;
}

type Sink = Box<dyn Write + Send>;

/// The destination of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// As CSV.
    Stdout,
    File(PathBuf, Format),
}

/// Error for an unsuitable destination.
#[derive(Debug, thiserror::Error)]
#[error(
    "--out: {0} does not end in .csv, .json or .parquet; use such a name, or `-` for CSV on stdout"
)]
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

    /// Returns the name to show.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdout => "stdout".to_string(),
            Self::File(path, _) => shown(path),
        }
    }

    /// Writes all rows. A file appears only when it is complete.
    pub(crate) fn write<E: From<OutputError>>(
        &self,
        header: &Header,
        rows: impl Iterator<Item = Result<Row, E>>,
    ) -> Result<(), E> {
        let Self::File(path, _) = self else {
            let sink = Box::new(BufWriter::new(io::stdout()));
            if !io::stdout().is_terminal() {
                return self.rows(header, sink, rows);
            }
            // Whatever the cells are, they must not control the terminal.
            let mut header = header.clone();
            header.columns.iter_mut().for_each(|column| make_printable(&mut column.name));
            let rows =
                rows.map(|row| row.map(|row| row.into_iter().map(Cell::printable).collect()));
            return self.rows(&header, sink, rows);
        };
        whole_file::write(path, |file| self.rows(header, Box::new(BufWriter::new(file)), rows))
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

/// Returns a path as text to show.
pub(crate) fn shown(path: &Path) -> String {
    Printable::new(&path.to_string_lossy()).to_string()
}
