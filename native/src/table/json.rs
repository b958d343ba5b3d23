//! JSON: a single object with one row per line.

use super::{Cell, Header, Row, RowWriter, Sink, Table, TableError, mark};
use retrylab_core::value::Printable;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, BufReader, Write};

pub(super) struct Writer {
    sink: Sink,
    names: Vec<String>,
    begun: bool,
}

impl Writer {
    pub(super) fn new(mut sink: Sink, header: &Header) -> io::Result<Self> {
        let names = header.columns.iter().map(|column| serde_json::to_string(&column.name));
        let names = names.collect::<Result<_, _>>()?;
        let head = serde_json::to_string(header)?;
        // The header's object stays open for the rows.
        let head = head.strip_suffix('}').unwrap_or(&head);
        write!(sink, "{head},\"rows\":[")?;
        Ok(Self { sink, names, begun: false })
    }
}

impl RowWriter for Writer {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        let mut separator = if std::mem::replace(&mut self.begun, true) { ",\n{" } else { "\n{" };
        for (name, cell) in self.names.iter().zip(row) {
            write!(self.sink, "{separator}{name}:")?;
            serde_json::to_writer(&mut self.sink, cell)?;
            separator = ",";
        }
        self.sink.write_all(b"}")
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.sink.write_all(b"\n]}\n")?;
        self.sink.flush()
    }
}

pub(super) fn open(name: &str, file: File) -> Result<Table, TableError> {
    let malformed = |what: String| TableError::Malformed(name.to_string(), what);
    let mut file = BufReader::new(file);
    mark::skip(&mut file).map_err(|error| TableError::Read(name.to_string(), error))?;
    let object: Result<Map<String, Value>, _> = serde_json::from_reader(file);
    let mut object = object.map_err(|error| malformed(error.to_string()))?;
    let Some(Value::Array(rows)) = object.remove("rows") else {
        return Err(malformed("it has no array `rows`".to_string()));
    };
    let header: Header = serde_json::from_value(Value::Object(object))
        .map_err(|error| malformed(error.to_string()))?;
    let columns = header.columns.clone();
    let (name, names) = (name.to_string(), columns.clone());
    let file = name.clone();
    let rows = rows.into_iter().enumerate().map(move |(at, mut row)| {
        let cell = |column: &super::Column| {
            let value = row.get_mut(&column.name).map(Value::take);
            serde_json::from_value(value.unwrap_or_default()).map_err(|_| {
                let what = format!(
                    "{} of row {} is not a valid cell",
                    Printable::short(&column.name),
                    at + 1
                );
                TableError::Malformed(file.clone(), what)
            })
        };
        let row: Row = names.iter().map(cell).collect::<Result<_, _>>()?;
        if !matches!(row.first(), Some(Cell::Integer(_))) {
            let what = format!("point of row {} is not a whole number", at + 1);
            return Err(TableError::Malformed(file.clone(), what));
        }
        Ok(row)
    });
    Ok(Table { name, header: Some(header), columns, rows: Box::new(rows) })
}
