//! `retrylab sim`: the same machines over the simulated network.

pub(crate) mod bar;
mod compare;
mod many;
pub(crate) mod measure;
mod measured;
mod meter;
mod netem;
mod outputs;
pub(crate) mod predicted;
mod report;
pub(crate) mod run;
mod seeds;
mod series;
mod spread;

use crate::exit::Exit;
use crate::flags;
use crate::keys;
use crate::output::{OutputError, Stdout, narrate};
use crate::signals;
use crate::source::{Source, SourceError};
use many::Many;
use meter::Meter;
use report::Report;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Bounds;
use retrylab_core::sim::metrics::Metrics;
use run::{EndedBy, Finished, Limits};
use series::SeriesFile;
use std::io;
use std::time::Duration;

/// How finely a run of up to ten seconds is told over time; intervals of longer ones double.
const INTERVAL: Duration = Duration::from_millis(10);

const EXAMPLES: &str = "\
Examples:
  retrylab sim --ladder --set server.drop_list=1-2
  retrylab sim --set server.drop=0.5 --set exchanges=1000000 --json
  retrylab sim retry-storm                 one that ships; `retrylab scenarios` lists them
  retrylab sim lossy.toml --set clients=100 --seed 7 --trace run.jsonl
  retrylab sim 'http://127.0.0.1:8060/#seed=7&server.drop=0.5'
  retrylab sim retry-storm --seeds 20      means over seeds 1 to 20, with 95 % intervals
  retrylab sim textbook --versus-set policy.preset=coap     two policies, the same packet fates
  retrylab sim metastable --versus budget-saves-the-day --seeds 10
  retrylab sim --set link.latency=@pings.txt         samples from a file, one a line
  retrylab sim --print-netem=eth1 --set link.preset=satellite     the same link on Linux
  retrylab sim --keys                      every key, its meaning and allowed values

A scenario file is TOML with the same keys:
  exchanges = 1000
  [server]
  drop = 0.5
  [policy]
  initial_timeout = \"50ms\"

The file or the link comes first, then every --set, then --seed. Same scenario, same run, byte for
byte: equal digests say that the same things happened at the same times.

Measured times: where a key takes a latency or arrivals, `@FILE` stands for the times in FILE, one a
line: `12.5ms`; or plain numbers below a first line with their unit (ns, us, ms or s). `#` begins a
comment. A scenario's file has its FILE beside it; a flag, in the working directory.

In brackets stands where a share lies with 95 % (Wilson), if exchanges do not depend on each other.
Latencies are right to a thousandth. `of all` counts who gave up as longer than every answer.

A comparison runs A, which is SCENARIO with its --set, and B, which is the one of --versus, or A
again, with its --versus-set. Both have the seeds of A. What becomes of a datagram depends on the
seed, the client, the direction and its index: both meet the same losses. A preset in --versus-set
brings all of its values. Of twenty measures that do not differ, one is marked * by chance: run
other seeds before you believe a single mark.

Exit codes: 0 the run is over (also at a --max-…; the output says which), 1 an output cannot be
written, 2 usage or a scenario that makes no sense, 130 interrupted (what came out so far is told).";

/// Run a scenario in the simulated network, millions of exchanges a second
///
/// The same client and server as `send` and `serve`, without sockets and without waiting.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A scenario that ships, a file (TOML; `-` reads stdin), or a link of the lab; the default scenario
    /// without it
    #[arg(value_name = "SCENARIO")]
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
    /// Show everything that happens as a ladder, on stdout (on stderr if stdout is taken)
    #[arg(long)]
    ladder: bool,
    /// Write everything that happens to FILE as JSON lines (`-` is stdout)
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
    /// Write goodput and load over simulated time to FILE as CSV (`-` is stdout)
    #[arg(long, value_name = "FILE.csv")]
    series: Option<String>,
    /// End the run after so many events (a start, an arrival or a timer): it may be an endless one
    #[arg(long, value_name = "N", default_value = "10000000000", allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u64>)]
    max_events: u64,
    /// End the run at this simulated time
    #[arg(long, value_name = "TIME", default_value = "87600h", value_parser = flags::time)]
    max_time: Duration,
    /// End the run when it holds so many MiB, by its own estimate
    #[arg(long, value_name = "MIB", default_value = "4096", allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u32>)]
    max_memory: u32,
    /// Show the keys of a scenario instead of running one; the same as `retrylab keys`
    #[arg(long)]
    keys: bool,
    /// Print what makes Linux's netem do the same as the link, and what it cannot, instead of running:
    /// a shell script with a command for each direction
    #[arg(long, value_name = "DEV", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = netem::DEVICE, value_parser = netem::device)]
    #[arg(conflicts_with_all = ["keys", "ladder", "trace", "series"])]
    #[arg(conflicts_with_all = ["seeds", "versus", "versus_set"])]
    #[arg(conflicts_with_all = ["max_events", "max_time", "max_memory"])]
    print_netem: Option<String>,
    #[command(flatten)]
    many: Many,
}

/// Why nothing was simulated.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("the system gives no signals: {0}")]
    System(io::Error),
    #[error("the system gives no threads: {0}")]
    Threads(rayon::ThreadPoolBuildError),
    #[error("--seeds: {count} seeds from {first} on go beyond the last one, {}", u64::MAX)]
    Seeds { first: u64, count: u64 },
    #[error("--versus: stdin has one scenario; one of the two must be a file, a name or a link")]
    BothStdin,
    #[error("--versus-set: seed cannot differ, so that both meet the same fates; --seed sets it")]
    OtherSeed,
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Source(_) | Self::Seeds { .. } | Self::BothStdin | Self::OtherSeed => Exit::Usage,
            Self::Output(_) | Self::System(_) | Self::Threads(_) => Exit::Failed,
        }
    }
}

/// Simulates and reports.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if args.keys {
        return Ok(keys::run(args.json));
    }
    let source = Source {
        scenario: args.scenario.as_deref(),
        link: args.link.as_deref(),
        set: &args.set,
        seed: args.seed.as_deref(),
    };
    let scenario = source.scenario()?;
    if let Some(device) = &args.print_netem {
        return Ok(netem::print(&scenario, device, args.json));
    }
    let other = args.many.compares().then(|| compare::other(args, &scenario)).transpose()?;
    let interrupted = signals::flag().map_err(Error::System)?;
    let bounds = Bounds {
        events: args.max_events,
        time: args.max_time,
        memory: u64::from(args.max_memory) << 20,
    };
    let limits = Limits { bounds, interrupted };
    match other {
        Some(other) => compare::run(args, &scenario, &other, &limits),
        None if args.many.is_wanted() => seeds::run(args, &scenario, &limits),
        None => run_one(args, &scenario, &limits),
    }
}

/// One run, with its outputs.
fn run_one(args: &Args, scenario: &Scenario, limits: &Limits) -> Result<Exit, Error> {
    let series = args.series.as_deref().map(SeriesFile::create).transpose()?;
    let metrics = Metrics::new(INTERVAL);
    let mut meter = Meter::new(scenario);
    let show = |finished| meter.show(finished);
    let Finished { result, failure } = match outputs::open(args, scenario)? {
        // Without outputs the rest of the sink is the empty one, which costs nothing.
        (None, None) => run::run(scenario, (metrics, ()), limits, show),
        outputs => run::run(scenario, (metrics, outputs), limits, show),
    };
    meter.clear();
    let exit = match result.ended_by {
        EndedBy::Interrupted => Exit::Interrupted,
        EndedBy::Itself(_) | EndedBy::Output => Exit::Success,
    };
    if let Some(failure) = failure {
        // A reader that has seen enough, such as `head`, wants no table either.
        return if failure.is_broken_pipe() { Ok(exit) } else { Err(failure.into()) };
    }
    if let (Some(file), Some(metrics)) = (series, &result.metrics) {
        file.write(&metrics.series)?;
    }
    let mut out = Stdout::default();
    let report = Report::new(scenario, &result);
    if args.json {
        out.json(&report);
    } else if outputs::stdout_is_taken(args) {
        report.show(|line| narrate!("{line}"));
    } else {
        report.show(|line| out.line(line));
    }
    report.narrate(&result);
    Ok(out.finish(exit))
}
