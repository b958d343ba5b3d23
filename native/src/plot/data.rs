//! The data of a plot: for each line and each x, the results of all seeds.

use super::choice::{Choice, DataError, MAX_LINES, MAX_ROWS, cut, label, short};
use super::columns::{Columns, Key, is_named};
use super::quantity::{self, Quantity};
use crate::sim::words::Unit;
use crate::source;
use crate::table::Table;
use retrylab_core::scenario::FieldError;
use retrylab_core::stats::Sample;
use retrylab_core::time::parse_duration;
use std::collections::BTreeMap;

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
    /// The rows that `--where` selected, in words.
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
        let on_axes = |name: &str| {
            let is = |quantity: &Quantity| is_named(&quantity.name, name);
            is(&x) || by.as_ref().is_some_and(is)
        };
        let only = only_words(choice.only, on_axes)?;
        let x_texts = collected.x_names.texts;
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

/// Writes the values of the key in words. The rows of a heat map, from the bottom up, are in the order of their numbers, or
/// as they come from the top down.
fn by_words(by: &mut Quantity, lines: &mut [Line], is_heat: bool) {
    let texts: Vec<String> = lines.iter().map(|line| line.label.clone()).collect();
    let are_numbers = numbers(&texts, by).is_some();
    if is_heat && are_numbers {
        let key = |line: &Line| quantity::number(&line.label).unwrap_or_default();
        lines.sort_by(|a, b| key(a).total_cmp(&key(b)));
    } else if is_heat {
        lines.reverse();
    }
    for line in lines {
        line.label = by.value(&line.label);
    }
}

/// Returns the values of each key of `--where` in words, except for keys whose values the axes show.
fn only_words(only: &[String], is_shown: impl Fn(&str) -> bool) -> Result<Vec<String>, FieldError> {
    let mut keys: Vec<(&str, String)> = Vec::new();
    for text in only {
        let (name, value) = source::pair(text)?;
        if is_shown(name) {
            continue;
        }
        let value = Quantity::key(name).value(value);
        match keys.iter_mut().find(|(key, _)| *key == name) {
            Some((_, values)) => *values += &format!(", {value}"),
            None => keys.push((name, format!("{}: {value}", Quantity::key(name).label))),
        }
    }
    Ok(keys.into_iter().map(|(_, words)| words).collect())
}

/// Returns the median, if it can be drawn: a latency may be longer than any.
pub(super) fn middle(sample: &Sample) -> Option<f64> {
    sample.median().filter(|median| median.is_finite())
}

/// Returns `texts` as numbers if all of them are. If they are durations, the quantity is a time.
fn numbers(texts: &[String], quantity: &mut Quantity) -> Option<Vec<f64>> {
    let numbers: Vec<f64> =
        texts.iter().map(|text| quantity::number(text)).collect::<Option<_>>()?;
    if texts.iter().any(|text| parse_duration(text).is_some()) && quantity.unit == Unit::Unknown {
        quantity.unit = Unit::Seconds;
    }
    Some(numbers)
}
