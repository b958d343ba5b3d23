//! Parquet: whole numbers are signed integers of 64 bits, numbers are doubles, text is UTF-8; every column is
//! optional. The header is JSON in the key-value metadata of the file, under `retrylab`.

use super::{Cell, Column, ColumnKind, Header, Row, RowWriter, Sink, Table, TableError};
use crate::exit::is_exhausted;
use ::parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use ::parquet::column::writer::ColumnWriterImpl;
use ::parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::record::Field;
use ::parquet::schema::types::Type;
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

/// Metadata key of the header.
const KEY: &str = "retrylab";
/// Number of rows per row group.
const GROUP: usize = 1 << 16;

pub(super) struct Writer {
    writer: SerializedFileWriter<Sink>,
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Writer {
    pub(super) fn new(sink: Sink, header: &Header) -> io::Result<Self> {
        let fields: Result<Vec<_>, ParquetError> =
            header.columns.iter().map(|column| Ok(Arc::new(field(column)?))).collect();
        let schema = Type::group_type_builder("sweep").with_fields(fields.map_err(other)?).build();
        let header_text = serde_json::to_string(header)?;
        let properties = WriterProperties::builder()
            .set_created_by(format!("retrylab {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(Some(vec![KeyValue::new(KEY.to_string(), header_text)]))
            .build();
        let schema = Arc::new(schema.map_err(other)?);
        let writer = SerializedFileWriter::new(sink, schema, Arc::new(properties));
        let (columns, rows) = (header.columns.clone(), Vec::new());
        Ok(Self { writer: writer.map_err(other)?, columns, rows })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for (at, column) in self.columns.iter().enumerate() {
            let Some(mut writer) = group.next_column()? else { break };
            let cells = self.rows.iter().map(|row| &row[at]);
            match column.kind {
                ColumnKind::Bool => batch(writer.typed::<BoolType>(), cells.map(truth))?,
                ColumnKind::Integer => batch(writer.typed::<Int64Type>(), cells.map(integer))?,
                ColumnKind::Number => batch(writer.typed::<DoubleType>(), cells.map(number))?,
                ColumnKind::Text => batch(writer.typed::<ByteArrayType>(), cells.map(text))?,
            }
            writer.close()?;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
}

/// Writes the cells of a column. A cell without a value of the column's type is empty.
fn batch<T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    cells: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let cells: Vec<Option<T::T>> = cells.collect();
    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
    let values: Vec<T::T> = cells.into_iter().flatten().collect();
    writer.write_batch(&values, Some(&levels), None).map(drop)
}

impl RowWriter for Writer {
    fn row(&mut self, row: &Row) -> io::Result<()> {
        self.rows.push(row.clone());
        if self.rows.len() == GROUP { self.write_group().map_err(other) } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if !self.rows.is_empty() {
            self.write_group().map_err(other)?;
        }
        self.writer.close().map(drop).map_err(other)
    }
}

fn other(error: ParquetError) -> io::Error {
    match error {
        // Unwraps the I/O error, so that callers recognise a broken pipe.
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        ColumnKind::Bool => (PhysicalType::BOOLEAN, None),
        // Without a logical type it is signed.
        ColumnKind::Integer => (PhysicalType::INT64, None),
        ColumnKind::Number => (PhysicalType::DOUBLE, None),
        ColumnKind::Text => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

fn truth(cell: &Cell) -> Option<bool> {
    if let Cell::Bool(truth) = cell { Some(*truth) } else { None }
}

fn integer(cell: &Cell) -> Option<i64> {
    if let Cell::Integer(number) = cell { i64::try_from(*number).ok() } else { None }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(*number),
        Cell::Integer(number) => Some(*number as f64),
        Cell::Empty | Cell::Bool(_) | Cell::Text(_) => None,
    }
}

fn text(cell: &Cell) -> Option<ByteArray> {
    match cell {
        Cell::Empty => None,
        cell => Some(ByteArray::from(cell.text().into_bytes())),
    }
}

/// Calls `read` and turns a panic into an error without output on stderr: the reader panics on some
/// malformed files.
fn guarded<T>(name: &str, read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, TableError> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    // A partly read value is not used again.
    let result = panic::catch_unwind(AssertUnwindSafe(read));
    panic::set_hook(hook);
    let malformed = |what: String| TableError::Malformed(name.to_string(), what);
    match result {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(ParquetError::External(error))) => match error.downcast::<io::Error>() {
            Ok(error) if is_exhausted(&error) => Err(TableError::Read(name.to_string(), *error)),
            Ok(error) => Err(malformed(error.to_string())),
            Err(error) => Err(malformed(error.to_string())),
        },
        Ok(Err(error)) => Err(malformed(error.to_string().replace('\n', ", "))),
        Err(_) => Err(malformed("its content is malformed".to_string())),
    }
}

pub(super) fn open(name: &str, file: File) -> Result<Table, TableError> {
    let malformed = |what: String| TableError::Malformed(name.to_string(), what);
    let reader = guarded(name, || SerializedFileReader::new(file))?;
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let text = metadata.and_then(|pairs| pairs.iter().find(|pair| pair.key == KEY)?.value.as_ref());
    let text = text.ok_or_else(|| malformed(format!("its metadata has no `{KEY}`")))?;
    let header: Header = serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?;
    let columns = header.columns.clone();
    let (name, width) = (name.to_string(), columns.len());
    let file = name.clone();
    let (mut reader, mut at) = (reader.into_iter(), 0);
    let rows = std::iter::from_fn(move || {
        let row = guarded(&file, || reader.next().transpose());
        at += 1;
        let malformed = |what: String| TableError::Malformed(file.clone(), what);
        let row = match row {
            Ok(row) => row?,
            Err(error) => return Some(Err(error)),
        };
        let cells: Option<Row> = row.get_column_iter().map(|(_, field)| cell(field)).collect();
        let whole = |row: &Row| row.len() == width && matches!(row[0], Cell::Integer(_));
        let row = cells.filter(whole);
        Some(row.ok_or_else(|| malformed(format!("row {at} does not match the columns"))))
    });
    Ok(Table { name, header: Some(header), columns, rows: Box::new(rows) })
}

fn cell(field: &Field) -> Option<Cell> {
    Some(match field {
        Field::Null => Cell::Empty,
        Field::Bool(truth) => Cell::Bool(*truth),
        Field::Long(number) => Cell::Integer(u64::try_from(*number).ok()?),
        Field::Double(number) => Cell::Number(*number),
        Field::Str(text) => Cell::Text(text.clone()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::OutputError;

    /// A file with any single byte changed is read, or refused with one sentence.
    #[test]
    fn a_file_with_a_byte_changed_does_not_panic() {
        let path = std::env::temp_dir().join(format!("retrylab-{}.parquet", std::process::id()));
        let name = path.to_str().unwrap();
        let header = Header {
            schema: 1,
            version: "1".to_string(),
            sweep: "ab".to_string(),
            points: 2,
            scenario: serde_json::Value::Null,
            vary: Vec::new(),
            variants: Vec::new(),
            seeds: 2,
            max_events: 1,
            columns: vec![
                Column::new("point", ColumnKind::Integer),
                Column::new("share", ColumnKind::Number),
                Column::new("digest", ColumnKind::Text),
            ],
        };
        let row = |point, share| vec![Cell::Integer(point), share, Cell::Text("x".to_string())];
        let rows = [row(0, Cell::Empty), row(1, Cell::Number(0.1))];
        let target = super::super::Target::new(name).unwrap();
        target.write(&header, rows.iter().cloned().map(Ok::<Row, OutputError>)).unwrap();
        let read = || {
            let table = super::super::open(name).map_err(|error| error.to_string())?;
            let rows: Result<Vec<Row>, TableError> = table.rows.collect();
            rows.map_err(|error| error.to_string())
        };
        assert_eq!(read().unwrap(), rows);
        let bytes = std::fs::read(&path).unwrap();
        let mut refused = 0;
        for at in 0..bytes.len() {
            for other in [0, 0xFF, bytes[at] ^ 1, bytes[at].wrapping_add(16)] {
                let mut changed = bytes.clone();
                changed[at] = other;
                std::fs::write(&path, changed).unwrap();
                if let Err(sentence) = read() {
                    assert!(sentence.starts_with(name) && !sentence.contains('\n'), "{sentence}");
                    refused += 1;
                }
            }
        }
        assert!(refused > 100, "{refused}");
        std::fs::remove_file(&path).unwrap();
    }
}
