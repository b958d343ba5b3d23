//! CSV (RFC 4180, with line feeds as line ends).

use super::mark;
use super::{Cell, Column, ColumnKind, Header, Row, RowWriter, Sink, Table, TableError, Vary};
use crate::output::SCHEMA;
use ::csv::{ErrorKind, Reader, StringRecord};
use retrylab_core::value::Printable;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// The columns that identify the sweep of a row.
const OWN: [&str; 2] = ["points", "sweep"];

pub(super) struct Writer {
    writer: ::csv::Writer<Sink>,
    own: [String; 2],
}

impl Writer {
    pub(super) fn new(sink: Sink, header: &Header) -> io::Result<Self> {
        let mut writer = ::csv::Writer::from_writer(sink);
        let names = header.columns.iter().map(|column| column.name.as_str());
        writer.write_record(names.chain(OWN)).map_err(system)?;
        Ok(Self { writer, own: [header.points.to_string(), header.sweep.clone()] })
    }
}

impl RowWriter for Writer {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        let cells = row.iter().map(text).chain(self.own.iter().cloned());
        self.writer.write_record(cells).map_err(system)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Returns the text of a cell. A number has a decimal point, so that a column does not look whole because
/// its first rows are.
fn text(cell: &Cell) -> String {
    match cell {
        Cell::Number(number) => format!("{number:?}"),
        other => other.text(),
    }
}

/// Returns the I/O error inside `error`, so that callers recognise a broken pipe.
fn system(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

pub(super) fn open(name: &str, file: File) -> Result<Table, TableError> {
    let malformed = |what: String| TableError::Malformed(name.to_string(), what);
    let mut file = BufReader::new(file);
    let failed = |error| TableError::Read(name.to_string(), error);
    mark::skip(&mut file).map_err(failed)?;
    let begins = file.fill_buf().map_err(failed)?;
    if !begins.starts_with(b"point,") && !begins.starts_with(b"\"point\",") {
        // Checked before the reader looks for the end of the line, which may be far away.
        return Err(malformed("its first column is not point".to_string()));
    }
    let mut reader = Reader::from_reader(file);
    let names = reader.headers().map_err(|error| malformed(error.to_string()))?.clone();
    let names: Vec<&str> = names.iter().collect();
    let count = names.len().saturating_sub(OWN.len());
    let seed = names.iter().position(|name| *name == "seed").unwrap_or_default();
    if names.first() != Some(&"point") || seed == 0 || names[count..] != OWN {
        let what = "its columns are not point, varied keys, seed, measures, points and sweep";
        return Err(malformed(what.to_string()));
    }
    // CSV does not contain the types of the columns. Writing them again does not need the types.
    let columns: Vec<Column> =
        names[..count].iter().map(|name| Column::new(name, ColumnKind::Text)).collect();
    let mut rows = Rows { name: name.to_string(), reader, first: None, own: None };
    let header = match rows.next() {
        None => None,
        Some(first) => {
            rows.first = Some(first?);
            let own = rows.own.clone().unwrap_or_default();
            let vary = &names[1..seed];
            Some(Header {
                schema: SCHEMA,
                version: String::new(),
                sweep: own.1,
                points: own.0,
                scenario: Value::Null,
                vary: vary
                    .iter()
                    .map(|key| Vary { key: (*key).to_string(), values: Vec::new() })
                    .collect(),
                variants: Vec::new(),
                seeds: 0,
                max_events: 0,
                columns: columns.clone(),
            })
        }
    };
    Ok(Table { name: name.to_string(), header, columns, rows: Box::new(rows) })
}

struct Rows {
    name: String,
    reader: Reader<BufReader<File>>,
    /// The first row, read ahead for the header.
    first: Option<Row>,
    /// The values of `points` and `sweep` that all rows share.
    own: Option<(u64, String)>,
}

impl Rows {
    fn read(&mut self) -> Result<Option<Row>, String> {
        let mut record = StringRecord::new();
        if !self.reader.read_record(&mut record).map_err(|error| error.to_string())? {
            return Ok(None);
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        let number = |at: usize, name: &str| -> Result<u64, String> {
            let text = record.get(at).unwrap_or_default();
            text.parse().map_err(|_| {
                let text = Printable::short(text);
                format!("line {line}: {name} is `{text}`, which is not a whole number")
            })
        };
        let count = record.len() - OWN.len();
        let own = (number(count, "points")?, record.get(count + 1).unwrap_or_default().to_string());
        let first = self.own.get_or_insert_with(|| own.clone());
        if *first != own {
            return Err(format!(
                "line {line} belongs to a different sweep than the previous lines"
            ));
        }
        let point = Cell::Integer(number(0, "point")?);
        let cells = record.iter().take(count).skip(1).map(|text| Cell::Text(text.to_string()));
        Ok(Some(std::iter::once(point).chain(cells).collect()))
    }
}

impl Iterator for Rows {
    type Item = Result<Row, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        let row = self.read().map_err(|what| TableError::Malformed(self.name.clone(), what));
        row.transpose()
    }
}
