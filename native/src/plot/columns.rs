//! The columns of a table that a plot uses.

use super::choice::{Choice, DataError, hint, label, short};
use crate::output::seconds;
use crate::sim::measure;
use crate::source;
use crate::table::{Cell, Row, Table};
use retrylab_core::time::parse_duration;
use std::ops::Range;

/// Name of the file that a row comes from, as a key.
const FILE: &str = "file";

/// What a key is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    File,
    Column(usize),
}

/// Positions of the columns.
pub(super) struct Columns {
    pub(super) x: Key,
    pub(super) y: usize,
    pub(super) by: Option<Key>,
    only: Vec<(usize, String)>,
    /// The other varied keys. They must have a single value.
    pub(super) fixed: Vec<usize>,
    ended_by: Option<usize>,
    /// The number of finished exchanges, if y is a latency: without a value, it is then longer than any.
    exchanges: Option<usize>,
}

/// Finds columns by name.
struct Finder<'a> {
    table: &'a Table,
    names: Vec<&'a str>,
    /// Position of the seed: varied keys are before it, and measures after.
    seed: usize,
    /// Whether there are several files.
    many: bool,
}

impl<'a> Finder<'a> {
    fn new(table: &'a Table, many: bool) -> Self {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let seed = names.iter().position(|name| *name == "seed").unwrap_or(names.len() - 1);
        Self { table, names, seed, many }
    }

    fn find(
        &self,
        flag: &'static str,
        what: &'static str,
        name: &str,
        mut range: Range<usize>,
    ) -> Result<usize, DataError> {
        let known = &self.names[range.clone()];
        let found = range.find(|at| is_named(self.names[*at], name));
        found.ok_or_else(|| DataError::Unknown {
            flag,
            file: self.table.name.clone(),
            what,
            name: short(name),
            hint: hint(name, known),
        })
    }

    fn key(&self, flag: &'static str, name: &str) -> Result<usize, DataError> {
        self.find(flag, "varied key", name, 1..self.seed + 1)
    }

    /// Finds a key, or the files.
    fn key_or_file(&self, flag: &'static str, name: &str) -> Result<Key, DataError> {
        if self.many && name == FILE {
            return Ok(Key::File);
        }
        self.key(flag, name).map(Key::Column)
    }
}

impl Columns {
    /// Finds the columns of `table`; `many` is true if there are other tables.
    pub(super) fn new(table: &Table, choice: &Choice<'_>, many: bool) -> Result<Self, DataError> {
        let finder = Finder::new(table, many);
        let (names, seed) = (&finder.names, finder.seed);
        let first = Key::Column(if seed > 1 { 1 } else { seed });
        let x = choice.x.map_or(Ok(first), |name| finder.key_or_file("x", name))?;
        let only = choice.only.iter().map(|text| {
            let (name, value) = source::pair(text)?;
            Ok((finder.key("where", name)?, value.to_string()))
        });
        let only: Vec<(usize, String)> = only.collect::<Result<_, DataError>>()?;
        // A key with a single value left is not worth a line.
        let chosen = |at: usize| only.iter().filter(|(key, _)| *key == at).count() == 1;
        let flag = choice.by_flag;
        let by = match choice.by {
            Some(name) => Some(finder.key_or_file(flag, name)?),
            None if many && x != Key::File && flag == "by" => Some(Key::File),
            None => (1..seed).find(|at| Key::Column(*at) != x && !chosen(*at)).map(Key::Column),
        };
        if by == Some(x) {
            let key = match x {
                Key::File => FILE.to_string(),
                Key::Column(at) => names[at].to_string(),
            };
            return Err(DataError::SameKey { flag, key });
        }
        if flag == "heat" && by.is_none() {
            return Err(DataError::OneKey(table.name.clone()));
        }
        let y = finder.find("y", "measure", choice.y, seed + 1..names.len())?;
        let used = |at: &usize| x == Key::Column(*at) || by == Some(Key::Column(*at));
        let fixed = (1..seed).filter(|at| !used(at)).collect();
        let column = |name| names.iter().position(|known| *known == name);
        let exchanges = column("exchanges").filter(|_| measure::is_latency(names[y]));
        Ok(Self { x, y, by, only, fixed, ended_by: column("ended_by"), exchanges })
    }

    /// Returns the value of y, as in the statistics of `sim`; `None` if the run has none.
    pub(super) fn value(&self, row: &Row) -> Result<Option<f64>, String> {
        let value = number(&row[self.y])?;
        let finished = self.exchanges.and_then(|at| number(&row[at]).ok().flatten());
        let longest = finished.filter(|count| *count > 0.0).map(|_| f64::INFINITY);
        Ok(value.or(longest))
    }

    /// Returns whether the row's run ended at a limit.
    pub(super) fn is_cut_short(&self, row: &Row) -> bool {
        self.ended_by.is_some_and(|at| row[at].text() != "finished")
    }

    /// Returns whether each key of `--where` has one of its values.
    pub(super) fn takes(&self, row: &Row) -> bool {
        let is = |(at, value): &(usize, String)| is_value(&label(&row[*at]), value);
        self.only.iter().all(|(at, _)| self.only.iter().any(|pair| pair.0 == *at && is(pair)))
    }
}

/// Returns whether a column has this name. Those of durations end in their unit.
pub(super) fn is_named(column: &str, name: &str) -> bool {
    column == name || column.strip_suffix("_s") == Some(name)
}

/// Returns whether a cell has the value that was written: a number may be written in another way, and
/// seconds as a duration.
fn is_value(cell: &str, written: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let written_number = || number(written).or_else(|| parse_duration(written).map(seconds));
    cell == written || number(cell).is_some_and(|cell| written_number() == Some(cell))
}

/// Returns the number in a cell, or its text as an error if it is not a number.
fn number(cell: &Cell) -> Result<Option<f64>, String> {
    match cell {
        Cell::Empty | Cell::Integer(_) | Cell::Number(_) => Ok(cell.as_f64()),
        Cell::Bool(_) => Err(cell.text()),
        Cell::Text(text) if text.is_empty() => Ok(None),
        Cell::Text(text) => {
            text.parse().ok().filter(|n: &f64| n.is_finite()).map(Some).ok_or_else(|| text.clone())
        }
    }
}
