//! The column of a varied key.

use crate::output::seconds;
use crate::table::{Cell, Column, ColumnKind, MAX_INTEGER, Vary};
use retrylab_core::scenario::Field;
use retrylab_core::time::parse_duration;
use retrylab_core::value::Form;

/// Stands for no value. In a column of numbers it is an empty cell.
const NONE: &str = "none";

/// How a varied key is written in a table: as numbers, if all of its values are numbers or durations.
#[derive(Clone, Debug)]
pub(super) struct Varied {
    column: Column,
    /// Whether the values are durations, written in seconds.
    in_seconds: bool,
}

impl Varied {
    /// Chooses the column for a key and its values, which are in canonical form. Returns a value that is too
    /// large for a table.
    pub(super) fn new(vary: &Vary) -> Result<Self, String> {
        let Vary { key, values } = vary;
        let form = Field::find(key).ok().map(|field| field.shape.form);
        let all = |is: fn(&str) -> bool| {
            let mut others = values.iter().filter(|value| *value != NONE).peekable();
            others.peek().is_some() && others.all(|value| is(value))
        };
        let kind = match form {
            Some(Form::Bool) => ColumnKind::Bool,
            Some(Form::Integer { .. }) if all(is_whole) => ColumnKind::Integer,
            Some(Form::Number(_) | Form::Phrase(_)) if all(is_number) => ColumnKind::Number,
            Some(Form::Number(_) | Form::Phrase(_) | Form::Time(_)) if all(is_duration) => {
                let column = Column::new(&format!("{key}_s"), ColumnKind::Number);
                return Ok(Self { column, in_seconds: true });
            }
            _ => ColumnKind::Text,
        };
        let too_large =
            |value: &&String| value.parse::<u64>().is_ok_and(|number| number > MAX_INTEGER);
        if kind == ColumnKind::Integer
            && let Some(value) = values.iter().find(too_large)
        {
            return Err(value.clone());
        }
        Ok(Self { column: Column::new(key, kind), in_seconds: false })
    }

    pub(super) fn column(&self) -> Column {
        self.column.clone()
    }

    /// Returns the cell of one of the values.
    pub(super) fn cell(&self, value: &str) -> Cell {
        let cell = match self.column.kind {
            ColumnKind::Text => None,
            _ if value == NONE => Some(Cell::Empty),
            ColumnKind::Bool => value.parse().ok().map(Cell::Bool),
            ColumnKind::Integer => value.parse().ok().map(Cell::Integer),
            ColumnKind::Number if self.in_seconds => {
                parse_duration(value).map(|time| Cell::Number(seconds(time)))
            }
            ColumnKind::Number => value.parse().ok().map(Cell::Number),
        };
        cell.unwrap_or_else(|| Cell::Text(value.to_string()))
    }
}

fn is_whole(value: &str) -> bool {
    value.parse::<u64>().is_ok()
}

fn is_number(value: &str) -> bool {
    value.bytes().all(|b| b.is_ascii_digit() || b == b'.') && value.parse::<f64>().is_ok()
}

fn is_duration(value: &str) -> bool {
    parse_duration(value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(key: &str, values: &[&str]) -> (Column, Vec<Cell>) {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let vary = Vary { key: key.to_string(), values };
        let varied = Varied::new(&vary).unwrap();
        (varied.column(), vary.values.iter().map(|value| varied.cell(value)).collect())
    }

    #[test]
    fn numbers_have_columns_of_numbers() {
        use ColumnKind::{Bool, Integer, Number};
        let number = |numbers: [f64; 2]| numbers.map(Cell::Number);
        for (key, values, name, kind, expected) in [
            ("clients", ["1", "20"], "clients", Integer, [Cell::Integer(1), Cell::Integer(20)]),
            (
                "server.queue",
                ["none", "5"],
                "server.queue",
                Integer,
                [Cell::Empty, Cell::Integer(5)],
            ),
            ("server.drop", ["0", "1"], "server.drop", Number, number([0.0, 1.0])),
            ("link.loss", ["0", "0.1"], "link.loss", Number, number([0.0, 0.1])),
            ("link.latency", ["0s", "10ms"], "link.latency_s", Number, number([0.0, 0.01])),
            (
                "policy.deadline",
                ["none", "90s"],
                "policy.deadline_s",
                Number,
                [Cell::Empty, Cell::Number(90.0)],
            ),
            ("token", ["true", "false"], "token", Bool, [Cell::Bool(true), Cell::Bool(false)]),
        ] {
            assert_eq!(cells(key, &values), (Column::new(name, kind), expected.to_vec()));
        }
        let large = ["1", "9223372036854775808"].map(ToString::to_string).to_vec();
        let vary = Vary { key: "server.drop_first".to_string(), values: large };
        assert_eq!(Varied::new(&vary).unwrap_err(), "9223372036854775808");
    }

    #[test]
    fn everything_else_is_text() {
        for (key, values) in [
            ("link.loss", ["0", "burst 0.1 4"]),
            ("link.latency", ["10ms", "uniform 5ms 15ms"]),
            ("server.queue", ["none", "none"]),
            ("message", ["1", "2"]),
            ("server.drop_list", ["1", "3"]),
            ("policy.preset", ["coap", "grpc"]),
            ("link.rate", ["1mbit", "none"]),
        ] {
            let expected = values.map(|value| Cell::Text(value.to_string())).to_vec();
            assert_eq!(cells(key, &values), (Column::new(key, ColumnKind::Text), expected));
        }
    }
}
