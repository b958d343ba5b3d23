//! Merges the parts of a run, and prints what the run would have printed.

use super::cells::Cells;
use super::measure;
use super::part::{Part, PartFileError, RunHeader};
use super::report::RunReport;
use super::run::{self, EndedBy};
use super::series::SeriesFile;
use super::verdict::Asserts;
use crate::exit::Exit;
use crate::output::{Count, OutputError, narrate};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{self, Merge as _};

/// How to print the result.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Parts of a run")]
pub(crate) struct Printing {
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    /// Write goodput and load over simulated time to FILE as CSV (`-` is stdout), if the shards ran with
    /// --series-interval
    #[arg(long, value_name = "FILE.csv")]
    series: Option<String>,
    #[command(flatten)]
    asserts: Asserts,
}

/// Error that ends the merging of parts.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MergeError {
    #[error(transparent)]
    File(#[from] PartFileError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{file} and {first} belong to different runs: {differs} differs")]
    OtherRun { file: String, first: String, differs: &'static str },
    #[error("shard {place} of {count} is missing")]
    Missing { place: u64, count: u64 },
    #[error("shard {place} of {count} is in both {first} and {second}; pass each part only once")]
    Repeated { place: u64, count: u64, first: String, second: String },
    #[error(
        "{file} was ended by {ended_by}; run its shard again with a higher limit, or the run without --shard"
    )]
    Cut { file: String, ended_by: EndedBy },
    #[error(
        "all parts together have {events} events, more than {most} (--max-events); raise the limit, or run it without --shard"
    )]
    TooManyEvents { events: u64, most: u64 },
    #[error("--series: the parts have no series; run each shard with --series-interval TIME")]
    NoSeries,
    #[error("{0} is damaged: its scenario cannot be read; run its shard again")]
    Scenario(String),
}

impl MergeError {
    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(error) => error.exit(),
            Self::Output(_) => Exit::Failed,
            _ => Exit::Usage,
        }
    }
}

impl Printing {
    /// Returns whether a flag asks for something that only a run has.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.json || self.series.is_some() || self.asserts.are_wanted()
    }
}

/// Merges the parts in `files`, of which there is at least one, and prints the result.
pub(crate) fn run(files: &[String], printing: &Printing) -> Result<Exit, MergeError> {
    let Part { run: header, outcome, .. } = merge(files)?;
    let (scenario, errors) = Scenario::from_fragment(&header.scenario);
    if !errors.is_empty() {
        return Err(MergeError::Scenario(files[0].clone()));
    }
    let most = header.setup.bounds().events;
    if outcome.events > most {
        return Err(MergeError::TooManyEvents { events: outcome.events, most });
    }
    if printing.series.is_some() && header.series_interval.is_none() {
        return Err(MergeError::NoSeries);
    }
    let result = run::Result::new(&scenario, EndedBy::Itself(outcome.ended_by), outcome);
    let measured = measure::measured(&result, None);
    let checks = printing.asserts.check_run(&header.setup, &scenario, &measured);
    if let Some((path, interval)) = printing.series.as_deref().zip(header.series_interval) {
        SeriesFile::create(path)?.write(&result.metrics.series, interval)?;
    }
    let cells = Cells::new(&scenario, header.setup.cells);
    let report = RunReport::new(&scenario, cells, &result, &measured, &checks);
    let out = report.print(printing.json, printing.series.as_deref() == Some("-"));
    report.warn();
    narrate!("merged from {}", Count(files.len() as u64, "part"));
    Ok(printing.asserts.report(&scenario, &checks, out.finish(Exit::Success))?)
}

/// Reads the parts and merges them, each exactly once.
fn merge(files: &[String]) -> Result<Part, MergeError> {
    let mut merged: Option<Part> = None;
    let mut places = Vec::new();
    for file in files {
        let part = Part::read(file)?;
        let ended_by = part.outcome.ended_by;
        if !matches!(ended_by, sim::EndedBy::Finished | sim::EndedBy::Time) {
            let ended_by = EndedBy::Itself(ended_by);
            return Err(MergeError::Cut { file: file.clone(), ended_by });
        }
        places.push((part.shard.place(), file));
        let Some(whole) = &mut merged else {
            merged = Some(part);
            continue;
        };
        if let Some(differs) = difference(whole, &part) {
            let (file, first) = (file.clone(), files[0].clone());
            return Err(MergeError::OtherRun { file, first, differs });
        }
        whole.outcome.merge(part.outcome);
    }
    places.sort_unstable();
    check(&places)?;
    Ok(merged.expect("there is at least one file"))
}

/// Checks that every shard is there once. The places are sorted.
fn check(places: &[((u64, u64), &String)]) -> Result<(), MergeError> {
    for pair in places.windows(2) {
        let [(place, first), (next, second)] = pair else { continue };
        if place == next {
            let ((place, count), [first, second]) =
                (*place, [first, second].map(|file| (*file).clone()));
            return Err(MergeError::Repeated { place, count, first, second });
        }
    }
    let count = places.first().map_or(0, |((_, count), _)| *count);
    let mut wanted = 1..=count;
    let missing = places.iter().zip(&mut wanted).find(|(((place, _), _), wanted)| place != wanted);
    match missing.map(|(_, wanted)| wanted).or(wanted.next()) {
        Some(place) => Err(MergeError::Missing { place, count }),
        None => Ok(()),
    }
}

/// Returns what shows that the parts belong to different runs.
fn difference(one: &Part, other: &Part) -> Option<&'static str> {
    let RunHeader { scenario, setup, series_interval } = &one.run;
    [
        ("scenario", *scenario != other.run.scenario),
        ("a limit", *setup != other.run.setup),
        ("--series-interval", *series_interval != other.run.series_interval),
        ("number of shards", one.shard.place().1 != other.shard.place().1),
    ]
    .into_iter()
    .find_map(|(name, differs)| differs.then_some(name))
}
