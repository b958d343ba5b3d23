//! The text ladder and the JSON log as sinks: each record becomes a line at once, and none is kept.

use crate::lab;
use crate::output::{BAD, DIM, GOOD, OutputError};
use anstyle::Style;
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::{Direction, FrameStep, Ladder, Record, Sink, What, write_json};
use serde_json::json;
use std::fmt::{self, Write as _};
use std::io::{self, Write};

/// Writes each record as one line.
pub(crate) struct LineSink<F> {
    format: F,
    name: String,
    out: Box<dyn Write>,
    line: String,
    failure: Option<io::Error>,
}

/// How a record becomes a line.
pub(crate) trait Format {
    /// Returns the line above the first record.
    fn header(&self) -> &str;
    /// Appends the line of one record, without its end.
    fn line(&mut self, record: &Record, line: &mut String) -> fmt::Result;
}

/// The text ladder.
pub(crate) struct Drawing {
    pub(crate) ladder: Ladder,
    /// Whether lines have colours.
    pub(crate) in_colour: bool,
}

impl Format for Drawing {
    fn header(&self) -> &str {
        self.ladder.header()
    }

    fn line(&mut self, record: &Record, line: &mut String) -> fmt::Result {
        let style = if self.in_colour { style(&record.what) } else { Style::new() };
        write!(line, "{style}{}{style:#}", self.ladder.line(record))
    }
}

/// Returns the style in which a terminal shows what happened: losses, replies, and waits.
pub(crate) const fn style(what: &What) -> Style {
    match what {
        What::Dropped { .. }
        | What::Frame { step: FrameStep::Lost(_), .. }
        | What::GaveUp { .. }
        | What::Refused { .. }
        | What::Broken { .. }
        | What::Missing { .. }
        | What::Dead { .. }
        | What::Down { .. } => BAD,
        What::Delivered { direction: Direction::Reply } | What::Answered { .. } => GOOD,
        What::TimerArmed { .. } => DIM,
        _ => Style::new(),
    }
}

/// The trace as JSON lines. The first one names the scenario, so that the page can open the trace.
#[derive(Debug)]
pub(crate) struct JsonLines {
    header: String,
}

impl JsonLines {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self { header: json!({ "link": lab::fragment(scenario) }).to_string() }
    }
}

impl Format for JsonLines {
    fn header(&self) -> &str {
        &self.header
    }

    fn line(&mut self, record: &Record, line: &mut String) -> fmt::Result {
        write_json(line, record)
    }
}

impl<F: Format> LineSink<F> {
    /// Creates a sink that writes to `out`, named `name` in errors, and writes the header.
    pub(crate) fn new(format: F, name: &str, out: Box<dyn Write>) -> Self {
        let (name, line) = (name.to_string(), String::new());
        let mut sink = Self { format, name, out, line, failure: None };
        sink.line.push_str(sink.format.header());
        sink.write();
        sink
    }

    /// Returns true if a line could not be written. No more lines are written then.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Writes what is still buffered.
    pub(crate) fn finish(mut self) -> Result<(), OutputError> {
        let result = self.failure.take().map_or_else(|| self.out.flush(), Err);
        result.map_err(|error| OutputError { name: self.name, error })
    }

    fn write(&mut self) {
        self.line.push('\n');
        self.failure = self.out.write_all(self.line.as_bytes()).err();
    }
}

impl<F: Format> Sink for LineSink<F> {
    fn record(&mut self, record: &Record) {
        if self.failure.is_some() {
            return;
        }
        self.line.clear();
        if self.format.line(record, &mut self.line).is_ok() {
            self.write();
        }
    }
}
