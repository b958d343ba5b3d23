//! The outputs that are written during a run: the ladder, the trace and the capture.

use super::Args;
use super::run::Recorder;
use crate::ladder::{Drawing, JsonLines, LineSink};
use crate::output::{OutputError, has_colours};
use crate::pcapng::{self, Capture};
use anstream::AutoStream;
use anstream::stream::{AsLockedWrite, RawStream};
use retrylab_core::capture::File as _;
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::{Ladder, Packet, Record, Sink};
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// The ladder, the trace and the capture, if requested.
#[derive(Default)]
pub(super) struct Outputs {
    ladder: Option<LineSink<Drawing>>,
    trace: Option<LineSink<JsonLines>>,
    capture: Option<Capture>,
}

impl Outputs {
    /// Returns whether none is requested.
    pub(super) const fn is_empty(&self) -> bool {
        self.ladder.is_none() && self.trace.is_none() && self.capture.is_none()
    }

    /// Writes the buffered lines.
    pub(super) fn finish(self) -> Result<(), OutputError> {
        self.ladder.map_or(Ok(()), LineSink::finish)?;
        self.trace.map_or(Ok(()), LineSink::finish)?;
        pcapng::finish(self.capture).map_or(Ok(()), Err)
    }
}

impl Sink for Outputs {
    fn record(&mut self, record: &Record) {
        self.ladder.record(record);
        self.trace.record(record);
        self.capture.record(record);
    }

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        self.ladder.record(record);
        self.trace.record(record);
        self.capture.frame(record, bytes);
    }

    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        self.capture.packet(record, packet);
    }

    fn takes_packets(&self) -> bool {
        self.capture.takes_packets()
    }
}

/// Opens the outputs that `args` request.
pub(super) fn open(args: &Args, scenario: &Scenario) -> Result<Outputs, OutputError> {
    let trace = match args.trace.as_deref() {
        None => None,
        Some("-") => {
            Some(LineSink::new(JsonLines::new(scenario), "stdout", buffered(io::stdout())))
        }
        Some(path) => {
            let failed = |error| OutputError { name: path.to_string(), error };
            let file = File::create(path).map_err(failed)?;
            Some(LineSink::new(JsonLines::new(scenario), path, buffered(file)))
        }
    };
    let ladder = args.ladder.then(|| {
        let ladder = Ladder::new(scenario.setting());
        if args.json || stdout_is_taken(args) {
            drawn(ladder, "stderr", io::stderr())
        } else {
            drawn(ladder, "stdout", io::stdout())
        }
    });
    let waiting = scenario.takes_time();
    let capture = args.pcapng.as_deref();
    let capture = capture.map(|path| pcapng::simulated(path, scenario.setting())).transpose()?;
    let capture = capture.map(|capture| capture.with_waiting(waiting));
    Ok(Outputs { ladder, trace, capture })
}

/// Returns the sink that draws the ladder on `stream`. Without colours, nothing searches the lines for them.
fn drawn<S: RawStream + AsLockedWrite + 'static>(
    ladder: Ladder,
    name: &str,
    stream: S,
) -> LineSink<Drawing> {
    let in_colour = has_colours(&stream);
    let out = if in_colour { buffered(AutoStream::auto(stream)) } else { buffered(stream) };
    LineSink::new(Drawing { ladder, in_colour }, name, out)
}

fn buffered(out: impl Write + 'static) -> Box<dyn Write> {
    Box::new(BufWriter::new(out))
}

/// Returns whether the trace, the series or the capture goes to stdout.
pub(super) fn stdout_is_taken(args: &Args) -> bool {
    [&args.trace, &args.series, &args.pcapng].into_iter().any(|path| path.as_deref() == Some("-"))
}

impl Recorder for Outputs {
    fn has_failed(&self) -> bool {
        self.ladder.as_ref().is_some_and(LineSink::has_failed)
            || self.trace.as_ref().is_some_and(LineSink::has_failed)
            || self.capture.as_ref().is_some_and(|capture| capture.file().has_failed())
    }
}
