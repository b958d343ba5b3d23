//! The outputs that are written during a run: the ladder and the trace.

use super::Args;
use super::run::Recorder;
use crate::ladder::{JsonLines, LineSink};
use crate::output::OutputError;
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::Ladder;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// The ladder and the trace, if requested.
pub(super) type Outputs = (Option<LineSink<Ladder>>, Option<LineSink<JsonLines>>);

/// Opens the outputs that `args` request.
pub(super) fn open(args: &Args, scenario: &Scenario) -> Result<Outputs, OutputError> {
    let to_stdout = || Box::new(BufWriter::new(io::stdout())) as Box<dyn Write>;
    let trace = match args.trace.as_deref() {
        None => None,
        Some("-") => Some(LineSink::new(JsonLines, "stdout", to_stdout())),
        Some(path) => {
            let failed = |error| OutputError { name: path.to_string(), error };
            let file = File::create(path).map_err(failed)?;
            Some(LineSink::new(JsonLines, path, Box::new(BufWriter::new(file))))
        }
    };
    let ladder = args.ladder.then(|| {
        let ladder = Ladder::new(scenario.setting());
        if args.json || stdout_is_taken(args) {
            LineSink::new(ladder, "stderr", Box::new(BufWriter::new(io::stderr())))
        } else {
            LineSink::new(ladder, "stdout", to_stdout())
        }
    });
    Ok((ladder, trace))
}

/// Returns whether the trace or the series goes to stdout.
pub(super) fn stdout_is_taken(args: &Args) -> bool {
    [&args.trace, &args.series].into_iter().any(|path| path.as_deref() == Some("-"))
}

impl Recorder for Outputs {
    fn has_failed(&self) -> bool {
        let (ladder, trace) = self;
        ladder.as_ref().is_some_and(LineSink::has_failed)
            || trace.as_ref().is_some_and(LineSink::has_failed)
    }

    fn finish(self) -> Result<(), OutputError> {
        let (ladder, trace) = self;
        ladder.map_or(Ok(()), LineSink::finish)?;
        trace.map_or(Ok(()), LineSink::finish)
    }
}
