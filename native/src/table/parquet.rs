//! Parquet: whole numbers as unsigned 64-bit, numbers as optional doubles, text as UTF-8. The header is
//! JSON in the file's key-value metadata, under `retrylab`.

use super::{Cell, Column, ColumnKind, Header, Row, RowWriter, Sink, Table, TableError};
use ::parquet::basic::{IntType, LogicalType, Repetition, Type as PhysicalType};
use ::parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::record::Field;
use ::parquet::schema::types::Type;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// The key of the header.
const KEY: &str = "retrylab";
/// Rows that are held until they are written, column by column.
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
                ColumnKind::Integer => {
                    let values: Vec<i64> = cells.map(integer).collect();
                    writer.typed::<Int64Type>().write_batch(&values, None, None)?;
                }
                ColumnKind::Number => {
                    let numbers: Vec<Option<f64>> = cells.map(number).collect();
                    let levels: Vec<i16> = numbers.iter().map(|n| n.is_some().into()).collect();
                    let values: Vec<f64> = numbers.into_iter().flatten().collect();
                    writer.typed::<DoubleType>().write_batch(&values, Some(&levels), None)?;
                }
                ColumnKind::Text => {
                    let values: Vec<ByteArray> =
                        cells.map(|cell| ByteArray::from(cell.text().into_bytes())).collect();
                    writer.typed::<ByteArrayType>().write_batch(&values, None, None)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
        self.rows.clear();
        Ok(())
    }
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
        // What the system said, where it said something.
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn field(column: &Column) -> Result<Type, ParquetError> {
    let unsigned = LogicalType::Integer(IntType { bit_width: 64, is_signed: false });
    let (physical, logical, repetition) = match column.kind {
        ColumnKind::Integer => (PhysicalType::INT64, Some(unsigned), Repetition::REQUIRED),
        ColumnKind::Number => (PhysicalType::DOUBLE, None, Repetition::OPTIONAL),
        ColumnKind::Text => {
            (PhysicalType::BYTE_ARRAY, Some(LogicalType::String), Repetition::REQUIRED)
        }
    };
    Type::primitive_type_builder(&column.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
}

/// The bits of an unsigned number, as the format has it.
fn integer(cell: &Cell) -> i64 {
    if let Cell::Integer(number) = cell { number.cast_signed() } else { 0 }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(*number),
        Cell::Integer(number) => Some(*number as f64),
        Cell::Empty | Cell::Text(_) => None,
    }
}

pub(super) fn open(name: &str, file: File) -> Result<Table, TableError> {
    let malformed = |what: String| TableError::Malformed(name.to_string(), what);
    let reader = SerializedFileReader::new(file).map_err(|error| malformed(error.to_string()))?;
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let text = metadata.and_then(|pairs| pairs.iter().find(|pair| pair.key == KEY)?.value.as_ref());
    let text = text.ok_or_else(|| malformed(format!("its metadata has no `{KEY}`")))?;
    let header: Header = serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?;
    let columns = header.columns.clone();
    let (name, width) = (name.to_string(), columns.len());
    let file = name.clone();
    let rows = reader.into_iter().enumerate().map(move |(at, row)| {
        let malformed = |what: String| TableError::Malformed(file.clone(), what);
        let row = row.map_err(|error| malformed(error.to_string()))?;
        let cells: Option<Row> = row.get_column_iter().map(|(_, field)| cell(field)).collect();
        cells
            .filter(|row| row.len() == width && matches!(row[0], Cell::Integer(_)))
            .ok_or_else(|| malformed(format!("row {} is not of its columns", at + 1)))
    });
    Ok(Table { name, header: Some(header), columns, rows: Box::new(rows) })
}

fn cell(field: &Field) -> Option<Cell> {
    Some(match field {
        Field::Null => Cell::Empty,
        Field::ULong(number) => Cell::Integer(*number),
        Field::Double(number) => Cell::Number(*number),
        Field::Str(text) => Cell::Text(text.clone()),
        _ => return None,
    })
}
