//! The data of a plot: for each line and each x, the results of all seeds.

use crate::output::seconds;
use crate::sim::measure;
use crate::source;
use crate::table::{Cell, Row, Table, TableError};
use retrylab_core::scenario::FieldError;
use retrylab_core::stats::Sample;
use retrylab_core::time::{nanos, parse_duration};
use retrylab_core::value::Printable;
use std::collections::BTreeMap;

/// Maximum number of lines. More could not be distinguished.
const MAX_LINES: usize = 24;

/// Maximum number of characters of a list within a sentence.
const MAX_LIST: usize = 1_000;

/// The keys and the measure to plot.
pub(super) struct Choice<'a> {
    pub(super) x: Option<&'a str>,
    pub(super) y: &'a str,
    pub(super) by: Option<&'a str>,
    pub(super) only: &'a [String],
    pub(super) log_x: bool,
    pub(super) log_y: bool,
}

/// Error that [`Data::read`] returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("--where: {0}")]
    Pair(#[from] FieldError),
    #[error("--{flag}: {file} has no {what} `{name}`; choose one of {known}")]
    Unknown { flag: &'static str, file: String, what: &'static str, name: String, known: String },
    #[error("--y: {0} is `{1}`, which is not a number")]
    NoNumber(String, String),
    #[error("--x and --by are both {0}; choose two different keys")]
    SameKey(String),
    #[error(
        "{key} varies too ({values}); select one value with --where {key}=VALUE, or use the key with --x or --by"
    )]
    Mixed { key: String, values: String },
    #[error("no row of {0} matches --where")]
    Empty(String),
    #[error("--y: nothing to draw: {y} has no value in the median run, for any {x} in {file}")]
    NoValue { file: String, x: String, y: String },
    #[error("--by: {key} has {lines} values; a plot shows at most {MAX_LINES} lines")]
    TooManyLines { key: String, lines: usize },
    #[error("--log-{axis}: {name} is {value}; a logarithmic axis needs numbers above 0")]
    Log { axis: char, name: String, value: String },
}

/// The values of x, in order.
#[derive(Debug)]
pub(super) enum Xs {
    /// Numbers, with their unit if they are times.
    Numbers(Vec<f64>, Option<&'static str>),
    Categories,
}

/// A line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) label: String,
    /// The results of the seeds per x; empty where nothing was measured.
    pub(super) samples: Vec<Sample>,
}

/// The content of a plot.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) by: Option<String>,
    /// As written in the results.
    pub(super) x_texts: Vec<String>,
    pub(super) xs: Xs,
    pub(super) lines: Vec<Line>,
    /// The rows that `--where` selected.
    pub(super) only: Vec<String>,
    /// Number of rows used.
    pub(super) rows: u64,
    /// Number of rows whose run ended at a limit.
    pub(super) cut_short: u64,
}

/// Distinct texts in the order of their first occurrence.
#[derive(Default)]
struct Names {
    texts: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl Names {
    fn place(&mut self, text: String) -> usize {
        if let Some(place) = self.places.get(&text) {
            return *place;
        }
        self.places.insert(text.clone(), self.texts.len());
        self.texts.push(text);
        self.texts.len() - 1
    }
}

/// Positions of the columns.
struct Columns {
    x: usize,
    y: usize,
    by: Option<usize>,
    only: Vec<(usize, String)>,
    /// The other varied keys. They must have a single value.
    fixed: Vec<usize>,
    ended_by: Option<usize>,
    /// The number of finished exchanges, if y is a latency: without a value, it is then longer than any.
    exchanges: Option<usize>,
}

impl Columns {
    fn new(table: &Table, choice: &Choice<'_>) -> Result<Self, DataError> {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let seed = names.iter().position(|name| *name == "seed").unwrap_or(names.len() - 1);
        let find = |flag, what, name: &str, range: std::ops::Range<usize>| {
            range.clone().find(|at| is_named(names[*at], name)).ok_or_else(|| DataError::Unknown {
                flag,
                file: table.name.clone(),
                what,
                name: short(name),
                known: cut(&names[range].join(", ")),
            })
        };
        let key = |flag, name: &str| find(flag, "varied key", name, 1..seed + 1);
        let first = if seed > 1 { 1 } else { seed };
        let x = choice.x.map_or(Ok(first), |name| key("x", name))?;
        let only = choice.only.iter().map(|text| {
            let (name, value) = source::pair(text)?;
            Ok((key("where", name)?, value.to_string()))
        });
        let only: Vec<(usize, String)> = only.collect::<Result<_, DataError>>()?;
        let chosen = |at: &usize| only.iter().any(|(key, _)| key == at);
        let by = match choice.by {
            Some(name) => Some(key("by", name)?),
            None => (1..seed).find(|at| *at != x && !chosen(at)),
        };
        if by == Some(x) {
            return Err(DataError::SameKey(names[x].to_string()));
        }
        let y = find("y", "measure", choice.y, seed + 1..names.len())?;
        let fixed = (1..seed).filter(|at| *at != x && Some(*at) != by).collect();
        let column = |name| names.iter().position(|known| *known == name);
        let exchanges = column("exchanges").filter(|_| measure::is_latency(names[y]));
        Ok(Self { x, y, by, only, fixed, ended_by: column("ended_by"), exchanges })
    }

    /// Returns the value of y, as in the statistics of `sim`; `None` if the run has none.
    fn value(&self, row: &Row) -> Result<Option<f64>, String> {
        let value = number(&row[self.y])?;
        let finished = self.exchanges.and_then(|at| number(&row[at]).ok().flatten());
        let longest = finished.filter(|count| *count > 0.0).map(|_| f64::INFINITY);
        Ok(value.or(longest))
    }

    /// Returns whether the row's run ended at a limit.
    fn is_cut_short(&self, row: &Row) -> bool {
        self.ended_by.is_some_and(|at| row[at].text() != "finished")
    }

    fn takes(&self, row: &Row) -> bool {
        self.only.iter().all(|(at, value)| is_value(&label(&row[*at]), value))
    }
}

impl Data {
    pub(super) fn read(table: Table, choice: &Choice<'_>) -> Result<Self, DataError> {
        let columns = Columns::new(&table, choice)?;
        let name = |at: usize| short(&table.columns[at].name);
        let (mut x_names, mut labels) = (Names::default(), Names::default());
        let mut fixed: Vec<Names> = columns.fixed.iter().map(|_| Names::default()).collect();
        let mut results: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
        let (mut rows, mut cut_short) = (0, 0);
        for row in table.rows {
            let row = row?;
            if !columns.takes(&row) {
                continue;
            }
            rows += 1;
            cut_short += u64::from(columns.is_cut_short(&row));
            for (at, names) in columns.fixed.iter().zip(&mut fixed) {
                names.place(label(&row[*at]));
            }
            let line = columns.by.map(|at| label(&row[at])).unwrap_or_default();
            let place = (labels.place(line), x_names.place(label(&row[columns.x])));
            let results = results.entry(place).or_default();
            let y = columns.value(&row);
            results.extend(y.map_err(|text| DataError::NoNumber(name(columns.y), short(&text)))?);
        }
        for (at, names) in columns.fixed.iter().zip(&fixed) {
            if names.texts.len() > 1 {
                let values = cut(&names.texts.join(", "));
                return Err(DataError::Mixed { key: name(*at), values });
            }
        }
        if rows == 0 {
            return Err(DataError::Empty(table.name));
        }
        if labels.texts.len() > MAX_LINES {
            let key = columns.by.map(name).unwrap_or_default();
            return Err(DataError::TooManyLines { key, lines: labels.texts.len() });
        }
        let line = |(at, label): (usize, &String)| Line {
            label: label.clone(),
            samples: (0..x_names.texts.len())
                .map(|x| results.get(&(at, x)).into_iter().flatten().copied().collect())
                .collect(),
        };
        let data = Self {
            x: name(columns.x),
            y: name(columns.y),
            by: columns.by.map(name),
            xs: numbers(&x_names.texts),
            lines: labels.texts.iter().enumerate().map(line).collect(),
            x_texts: x_names.texts,
            only: choice.only.to_vec(),
            rows,
            cut_short,
        };
        if data.medians().next().is_none() {
            return Err(DataError::NoValue { file: table.name, x: data.x, y: data.y });
        }
        data.check_logarithms(choice)?;
        Ok(data.sorted())
    }

    /// Returns the medians that can be drawn.
    fn medians(&self) -> impl Iterator<Item = f64> {
        self.lines.iter().flat_map(|line| &line.samples).filter_map(middle)
    }

    fn check_logarithms(&self, choice: &Choice<'_>) -> Result<(), DataError> {
        let refuse = |axis, name: &str, value: String| {
            Err(DataError::Log { axis, name: name.to_string(), value })
        };
        if choice.log_x {
            match &self.xs {
                Xs::Categories => {
                    let text = |text: &&String| text.parse::<f64>().is_err();
                    let value = self.x_texts.iter().find(text).cloned().unwrap_or_default();
                    return refuse('x', &self.x, format!("`{}`", Printable::short(&value)));
                }
                Xs::Numbers(numbers, _) => {
                    if let Some(at) = numbers.iter().position(|number| *number <= 0.0) {
                        return refuse('x', &self.x, self.x_texts[at].clone());
                    }
                }
            }
        }
        match self.medians().filter(|_| choice.log_y).find(|median| *median <= 0.0) {
            Some(median) => refuse('y', &self.y, median.to_string()),
            None => Ok(()),
        }
    }

    /// Sorts numbers in ascending order.
    fn sorted(mut self) -> Self {
        let Xs::Numbers(numbers, unit) = &self.xs else { return self };
        let mut order: Vec<usize> = (0..numbers.len()).collect();
        order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
        self.xs = Xs::Numbers(order.iter().map(|at| numbers[*at]).collect(), *unit);
        self.x_texts = order.iter().map(|at| self.x_texts[*at].clone()).collect();
        for line in &mut self.lines {
            line.samples = order.iter().map(|at| line.samples[*at].clone()).collect();
        }
        self
    }
}

/// Returns whether a column has this name. Those of durations end in their unit.
fn is_named(column: &str, name: &str) -> bool {
    column == name || column.strip_suffix("_s") == Some(name)
}

/// Returns the text of a varied key's cell, the same for every format: CSV has `0.0` for 0.
fn label(cell: &Cell) -> String {
    let text = cell.text();
    match text.strip_suffix(".0") {
        _ if text.is_empty() => "none".to_string(),
        Some(whole) if whole.bytes().all(|b| b.is_ascii_digit()) => whole.to_string(),
        _ => text,
    }
}

/// Returns whether a cell has the value that was written: a number may be written in another way, and
/// seconds as a duration.
fn is_value(cell: &str, written: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    let written_number = || number(written).or_else(|| parse_duration(written).map(seconds));
    cell == written || number(cell).is_some_and(|cell| written_number() == Some(cell))
}

/// Returns a cell or the name of a column as text within a sentence.
fn short(text: &str) -> String {
    Printable::short(text).to_string()
}

/// Returns a list as text within a sentence.
fn cut(text: &str) -> String {
    Printable::new(text).at_most(MAX_LIST).to_string()
}

/// Returns the median, if it can be drawn: a latency may be longer than any.
pub(super) fn middle(sample: &Sample) -> Option<f64> {
    sample.median().filter(|median| median.is_finite())
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

/// Returns `texts` as numbers or times if all of them are.
fn numbers(texts: &[String]) -> Xs {
    let plain: Option<Vec<f64>> = texts
        .iter()
        .map(|text| text.parse().ok().filter(|number: &f64| number.is_finite()))
        .collect();
    if let Some(numbers) = plain {
        return Xs::Numbers(numbers, None);
    }
    let times: Option<Vec<u64>> =
        texts.iter().map(|text| parse_duration(text).map(nanos)).collect();
    let Some(times) = times else { return Xs::Categories };
    let (unit, size) = match times.iter().max().copied().unwrap_or_default() {
        1_000_000_000.. => ("s", 1e9),
        1_000_000.. => ("ms", 1e6),
        1_000.. => ("us", 1e3),
        _ => ("ns", 1.0),
    };
    Xs::Numbers(times.into_iter().map(|time| time as f64 / size).collect(), Some(unit))
}
