//! The data of a plot: for each line and each x, the results of all seeds.

use super::columns::{Columns, Key};
use super::quantity::{self, Quantity};
use crate::sim::words::Unit;
use crate::table::{Cell, Table, TableError};
use retrylab_core::scenario::FieldError;
use retrylab_core::stats::Sample;
use retrylab_core::time::parse_duration;
use retrylab_core::value::Printable;
use std::collections::BTreeMap;

/// Maximum number of lines. More could not be distinguished.
pub(super) const MAX_LINES: usize = 24;

/// Maximum number of rows of a heat map.
const MAX_ROWS: usize = 60;

/// Maximum number of characters of a list within a sentence.
const MAX_LIST: usize = 1_000;

/// The keys and the measure to plot.
pub(super) struct Choice<'a> {
    pub(super) x: Option<&'a str>,
    pub(super) y: &'a str,
    pub(super) by: Option<&'a str>,
    /// Flag that `by` comes from.
    pub(super) by_flag: &'static str,
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
    #[error("--x and --{flag} are both {key}; choose two different keys")]
    SameKey { flag: &'static str, key: String },
    #[error("--heat: {0} has only one varied key; a heat map needs two")]
    OneKey(String),
    #[error(
        "{key} varies too ({values}); select one value with --where {key}=VALUE, or use the key with --x or --by"
    )]
    Mixed { key: String, values: String },
    #[error("no row of {0} matches --where")]
    Empty(String),
    #[error("--y: nothing to draw: {y} has no value in the median run, for any {x} in {file}")]
    NoValue { file: String, x: String, y: String },
    #[error(
        "--{flag}: {key} has {lines} values; a plot shows at most {max} {what}; select some with --where {key}=VALUE, \
         which can be repeated"
    )]
    TooMany { flag: &'static str, key: String, lines: usize, max: usize, what: &'static str },
    #[error("--log-{axis}: {name} is {value}; a logarithmic axis needs numbers above 0")]
    Log { axis: char, name: String, value: String },
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
    pub(super) x: Quantity,
    pub(super) y: Quantity,
    pub(super) by: Option<Quantity>,
    /// As written in the results.
    pub(super) x_texts: Vec<String>,
    /// Their numbers in ascending order, if all of them are numbers.
    pub(super) numbers: Option<Vec<f64>>,
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

/// The results by line and x, as the rows come.
#[derive(Default)]
struct Collected {
    x_names: Names,
    labels: Names,
    results: BTreeMap<(usize, usize), Vec<f64>>,
    rows: u64,
    cut_short: u64,
}

impl Collected {
    /// Adds the rows of a table; `file` is its name, and `many` whether there are others.
    fn add(
        &mut self,
        file: &str,
        table: Table,
        columns: &Columns,
        many: bool,
    ) -> Result<(), DataError> {
        let name = |at: usize| short(&table.columns[at].name);
        let mut fixed: Vec<Names> = columns.fixed.iter().map(|_| Names::default()).collect();
        for row in table.rows {
            let row = row?;
            if !columns.takes(&row) {
                continue;
            }
            self.rows += 1;
            self.cut_short += u64::from(columns.is_cut_short(&row));
            for (at, names) in columns.fixed.iter().zip(&mut fixed) {
                names.place(label(&row[*at]));
            }
            let text = |key: Key| match key {
                Key::File => file.to_string(),
                Key::Column(at) => label(&row[at]),
            };
            let line = match columns.by {
                Some(by @ Key::Column(_)) if many && columns.x != Key::File => {
                    format!("{}, {file}", text(by))
                }
                by => by.map(text).unwrap_or_default(),
            };
            let place = (self.labels.place(line), self.x_names.place(text(columns.x)));
            let results = self.results.entry(place).or_default();
            let y = columns.value(&row);
            results.extend(y.map_err(|text| DataError::NoNumber(name(columns.y), short(&text)))?);
        }
        for (at, names) in columns.fixed.iter().zip(&fixed) {
            if names.texts.len() > 1 {
                let values = cut(&names.texts.join(", "));
                return Err(DataError::Mixed { key: name(*at), values });
            }
        }
        Ok(())
    }

    fn lines(&self) -> Vec<Line> {
        let line = |(at, label): (usize, &String)| Line {
            label: label.clone(),
            samples: (0..self.x_names.texts.len())
                .map(|x| self.results.get(&(at, x)).into_iter().flatten().copied().collect())
                .collect(),
        };
        self.labels.texts.iter().enumerate().map(line).collect()
    }
}

impl Data {
    /// Reads the rows of all tables, each with the name of its file.
    pub(super) fn read(
        tables: Vec<(String, Table)>,
        choice: &Choice<'_>,
    ) -> Result<Self, DataError> {
        let many = tables.len() > 1;
        let files = tables.iter().map(|(_, table)| table.name.clone()).collect::<Vec<_>>();
        let files = files.join(", ");
        let mut collected = Collected::default();
        let mut quantities = None;
        for (file, table) in tables {
            let columns = Columns::new(&table, choice, many)?;
            let key = |key: Key| match key {
                Key::File => Quantity::new("file", Unit::Unknown, "", ""),
                Key::Column(at) => Quantity::key(&table.columns[at].name),
            };
            let y = Quantity::measure(&table.columns[columns.y].name);
            let found = (key(columns.x), y, columns.by.map(key));
            quantities.get_or_insert(found);
            collected.add(&file, table, &columns, many)?;
        }
        let (Some((mut x, y, mut by)), true) = (quantities, collected.rows > 0) else {
            return Err(DataError::Empty(files));
        };
        let numbers = numbers(&collected.x_names.texts, &mut x);
        let mut lines = collected.lines();
        if let Some(by) = &mut by {
            by_words(by, &mut lines, choice.by_flag == "heat");
        }
        let (rows, cut_short) = (collected.rows, collected.cut_short);
        let (x_texts, only) = (collected.x_names.texts, choice.only.to_vec());
        let data = Self { x, y, by, x_texts, numbers, lines, only, rows, cut_short };
        data.check(choice, files)?;
        Ok(data.sorted())
    }

    /// Returns the medians that can be drawn.
    pub(super) fn medians(&self) -> impl Iterator<Item = f64> {
        self.lines.iter().flat_map(|line| &line.samples).filter_map(middle)
    }

    fn check(&self, choice: &Choice<'_>, file: String) -> Result<(), DataError> {
        let flag = choice.by_flag;
        let (max, what) = if flag == "heat" { (MAX_ROWS, "rows") } else { (MAX_LINES, "lines") };
        if self.lines.len() > max {
            let key = self.by.as_ref().map(|by| by.name.clone()).unwrap_or_default();
            return Err(DataError::TooMany { flag, key, lines: self.lines.len(), max, what });
        }
        if self.x_texts.len() > MAX_ROWS && flag == "heat" {
            let (key, lines) = (self.x.name.clone(), self.x_texts.len());
            return Err(DataError::TooMany { flag: "x", key, lines, max, what: "columns" });
        }
        if self.medians().next().is_none() {
            let (x, y) = (self.x.name.clone(), self.y.name.clone());
            return Err(DataError::NoValue { file, x, y });
        }
        let refuse = |axis, name: &str, value: String| {
            Err(DataError::Log { axis, name: name.to_string(), value })
        };
        if choice.log_x {
            let above = |text: &&String| quantity::number(text).is_none_or(|number| number <= 0.0);
            if let Some(text) = self.x_texts.iter().find(above) {
                return refuse('x', &self.x.name, short(text));
            }
        }
        match self.medians().filter(|_| choice.log_y).find(|median| *median <= 0.0) {
            Some(median) => refuse('y', &self.y.name, median.to_string()),
            None => Ok(()),
        }
    }

    /// Sorts numbers in ascending order.
    fn sorted(mut self) -> Self {
        let Some(numbers) = &self.numbers else { return self };
        let mut order: Vec<usize> = (0..numbers.len()).collect();
        order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
        self.numbers = Some(order.iter().map(|at| numbers[*at]).collect());
        self.x_texts = order.iter().map(|at| self.x_texts[*at].clone()).collect();
        for line in &mut self.lines {
            line.samples = order.iter().map(|at| line.samples[*at].clone()).collect();
        }
        self
    }

    /// Returns the tooltip of a point.
    pub(super) fn words(&self, line: usize, place: usize) -> String {
        let Self { x, y, by, x_texts, .. } = self;
        let Line { label, samples } = &self.lines[line];
        let sample = &samples[place];
        let by = by.as_ref().map(|by| format!(", {}={label}", by.name)).unwrap_or_default();
        let median = sample.median().unwrap_or_default();
        let interval = sample.median_interval();
        let interval = interval.map(|(low, high)| format!(", {low} to {high}")).unwrap_or_default();
        let count = sample.numbers().len();
        let x_text = short(&x_texts[place]);
        format!("{}={x_text}{by}: {} {median}{interval}, of {count}", x.name, y.name)
    }
}

/// Writes the values of the key in words. The rows of a heat map are in the order of their numbers, if they are numbers.
fn by_words(by: &mut Quantity, lines: &mut [Line], sorted: bool) {
    let texts: Vec<String> = lines.iter().map(|line| line.label.clone()).collect();
    if let (Some(_), true) = (numbers(&texts, by), sorted) {
        let key = |line: &Line| quantity::number(&line.label).unwrap_or_default();
        lines.sort_by(|a, b| key(a).total_cmp(&key(b)));
    }
    for line in lines {
        line.label = by.value(&line.label);
    }
}

/// Returns the text of a varied key's cell, the same for every format: CSV has `0.0` for 0.
pub(super) fn label(cell: &Cell) -> String {
    let text = cell.text();
    match text.strip_suffix(".0") {
        _ if text.is_empty() => "none".to_string(),
        Some(whole) if whole.bytes().all(|b| b.is_ascii_digit()) => whole.to_string(),
        _ => text,
    }
}

/// Returns a cell or the name of a column as text within a sentence.
pub(super) fn short(text: &str) -> String {
    Printable::short(text).to_string()
}

/// Returns a list as text within a sentence.
pub(super) fn cut(text: &str) -> String {
    Printable::new(text).at_most(MAX_LIST).to_string()
}

/// Returns the median, if it can be drawn: a latency may be longer than any.
pub(super) fn middle(sample: &Sample) -> Option<f64> {
    sample.median().filter(|median| median.is_finite())
}

/// Returns `texts` as numbers if all of them are. If they are durations, the quantity is a time.
fn numbers(texts: &[String], quantity: &mut Quantity) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = texts.iter().map(|text| quantity::number(text)).collect::<Option<_>>()?;
    if texts.iter().any(|text| parse_duration(text).is_some()) && quantity.unit == Unit::Unknown {
        quantity.unit = Unit::Seconds;
    }
    Some(numbers)
}
