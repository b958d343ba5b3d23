//! `retrylab sim`: the same machines over the simulated network.

mod meter;
mod report;
mod run;
mod source;

use crate::exit::Exit;
use crate::flags;
use crate::keys;
use crate::ladder::{JsonLines, LineSink};
use crate::output::Stdout;
use crate::signals;
use report::Report;
use retrylab_core::sim::Scenario;
use retrylab_core::trace::Ladder;
use run::{Bounds, EndedBy, Finished, Recorder};
use source::SourceError;
use std::fs::File;
use std::io::{self, BufWriter, Write};

const EXAMPLES: &str = "\
Examples:
  retrylab sim --ladder --set server.drop_list=1-2
  retrylab sim --set server.drop=0.5 --set exchanges=1000000 --json
  retrylab sim lossy.toml --set clients=100 --seed 7 --trace run.jsonl
  retrylab sim 'http://127.0.0.1:8060/#seed=7&server.drop=0.5'
  retrylab sim --keys                      every key, what it takes and what it means

A scenario file is TOML with the same keys:
  exchanges = 1000
  [server]
  drop = 0.5
  [policy]
  initial_timeout = \"50ms\"

The file or the link comes first, then every --set, then --seed. Same scenario, same run, byte for
byte: equal digests say that the same things happened at the same times.

Exit codes: 0 the run is over (also at --max-events; the output says which), 1 an output cannot be
written, 2 usage or a scenario that makes no sense, 130 interrupted (what came out so far is told).";

/// Run a scenario in the simulated network, millions of exchanges a second
///
/// The same client and server as `send` and `serve`, without sockets and without waiting.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A scenario file (TOML; `-` reads stdin), or a link of the lab; the default scenario without it
    #[arg(value_name = "SCENARIO.toml")]
    scenario: Option<String>,
    /// A link of the lab, or what follows its `#`: `seed=7&server.drop=0.5`
    #[arg(long, value_name = "LINK", conflicts_with = "scenario")]
    link: Option<String>,
    /// Sets a key of the scenario; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Names every random draw: same seed, same run
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    /// The result as one JSON object on stdout
    #[arg(long)]
    json: bool,
    /// Show everything that happens as a ladder, on stdout (on stderr with --json or --trace -)
    #[arg(long)]
    ladder: bool,
    /// Write everything that happens to FILE as JSON lines (`-` is stdout)
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
    /// End the run after so many events (a start, an arrival or a timer): it may be an endless one
    #[arg(long, value_name = "N", default_value_t = 10_000_000_000)]
    max_events: u64,
    /// Show the keys of a scenario instead of running one; the same as `retrylab keys`
    #[arg(long)]
    keys: bool,
}

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error("{0} cannot be written: {1}")]
    Output(String, io::Error),
    #[error("the system gives no signals: {0}")]
    System(io::Error),
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Source(_) => Exit::Usage,
            Self::Output(..) | Self::System(_) => Exit::Failed,
        }
    }
}

/// Simulates and reports.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if args.keys {
        return Ok(keys::run(args.json));
    }
    let scenario = source::scenario(args)?;
    let interrupted = signals::flag().map_err(Error::System)?;
    let bounds = Bounds { max_events: args.max_events, interrupted };
    // Without outputs the sink is the empty one, which costs nothing.
    let finished = match outputs(args, &scenario)? {
        (None, None) => run::run(&scenario, (), &bounds),
        outputs => run::run(&scenario, Outputs(outputs.0, outputs.1), &bounds),
    };
    let Finished { result, failure } = finished;
    let closed = match failure {
        // A reader that has seen enough, such as `head`, is no error; nothing more is to be told.
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => true,
        Some(error) => return Err(Error::Output(outputs_name(args), error)),
        None => false,
    };
    let exit = match result.ended_by {
        EndedBy::Interrupted => Exit::Interrupted,
        EndedBy::Finished | EndedBy::EventLimit | EndedBy::Output => Exit::Success,
    };
    if closed {
        return Ok(exit);
    }
    let mut out = Stdout::default();
    let report = Report::new(&scenario, &result);
    if args.json {
        out.json(&report);
    } else if args.trace.as_deref() == Some("-") {
        report.show(|line| crate::output::narrate!("{line}"));
    } else {
        report.show(|line| out.line(line));
    }
    report.narrate(&result, args.max_events);
    Ok(out.finish(exit))
}

/// The ladder and the trace, where they are asked for.
struct Outputs(Option<LineSink<Ladder>>, Option<LineSink<JsonLines>>);

impl retrylab_core::trace::Sink for Outputs {
    fn record(&mut self, record: &retrylab_core::trace::Record) {
        self.0.record(record);
        self.1.record(record);
    }
}

impl Recorder for Outputs {
    fn has_failed(&self) -> bool {
        self.0.as_ref().is_some_and(LineSink::has_failed)
            || self.1.as_ref().is_some_and(LineSink::has_failed)
    }

    fn finish(self) -> io::Result<()> {
        self.0.map_or(Ok(()), LineSink::finish)?;
        self.1.map_or(Ok(()), LineSink::finish)
    }
}

type MaybeOutputs = (Option<LineSink<Ladder>>, Option<LineSink<JsonLines>>);

fn outputs(args: &Args, scenario: &Scenario) -> Result<MaybeOutputs, Error> {
    let trace_to_stdout = args.trace.as_deref() == Some("-");
    let ladder = args.ladder.then(|| {
        let out: Box<dyn Write> = if args.json || trace_to_stdout {
            Box::new(BufWriter::new(io::stderr()))
        } else {
            Box::new(BufWriter::new(io::stdout()))
        };
        let several = scenario.exchanges > 1;
        let ladder = Ladder { name_clients: scenario.clients > 1, name_exchanges: several };
        LineSink::new(ladder, out)
    });
    let trace = match args.trace.as_deref() {
        None => None,
        Some("-") => Some(Box::new(BufWriter::new(io::stdout())) as Box<dyn Write>),
        Some(path) => {
            let failed = |error| Error::Output(path.to_string(), error);
            Some(Box::new(BufWriter::new(File::create(path).map_err(failed)?)) as Box<dyn Write>)
        }
    };
    Ok((ladder, trace.map(|out| LineSink::new(JsonLines, out))))
}

/// What a failed output may be called.
fn outputs_name(args: &Args) -> String {
    match args.trace.as_deref() {
        None | Some("-") => "stdout".to_string(),
        Some(path) => path.to_string(),
    }
}
