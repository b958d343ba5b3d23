//! Runs a program as a process: measures its time from outside and reads its one-line report.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::run::Cmd;

/// The result of a process.
pub(super) struct Finished {
    /// Time from its start to its end, in seconds.
    pub(super) wall: f64,
    /// The JSON object that it printed.
    pub(super) report: Value,
}

/// Runs a command that prints one JSON object.
pub(super) fn run(cmd: Cmd) -> Result<Finished> {
    let begun = Instant::now();
    let output = cmd.output()?;
    let wall = begun.elapsed().as_secs_f64();
    let report = serde_json::from_str(&output)
        .with_context(|| format!("this is not a JSON object: {output}"))?;
    Ok(Finished { wall, report })
}

impl Finished {
    /// Returns a number of the report.
    pub(super) fn number(&self, key: &str) -> Result<f64> {
        self.report[key].as_f64().with_context(|| format!("no number `{key}` in {}", self.report))
    }

    /// Returns the exchanges per second that the program measured itself.
    pub(super) fn rate(&self) -> Result<f64> {
        self.number("exchanges_per_second")
    }

    /// Returns the peak of the resident memory in bytes.
    pub(super) fn peak(&self) -> Result<f64> {
        self.number("peak_bytes").context("this system does not report the peak")
    }

    /// Returns a text of the report.
    pub(super) fn text(&self, key: &str) -> Result<&str> {
        self.report[key].as_str().with_context(|| format!("no text `{key}` in {}", self.report))
    }
}
