//! `retrylab sim`: runs client and server over the simulated network.

mod arrivals;
mod assertion;
pub(crate) mod bar;
pub(crate) mod cells;
mod compare;
mod conclusion;
mod figures;
mod fitted;
mod group;
mod many;
pub(crate) mod measure;
mod measured;
pub(crate) mod merged;
mod meter;
mod netem;
mod outcome;
mod outputs;
mod pair;
pub(crate) mod part;
pub(crate) mod predicted;
mod report;
pub(crate) mod run;
mod seeds;
mod select;
mod series;
mod setup;
mod sharded;
mod sides;
mod spread;
mod verdict;
pub(crate) mod words;

use crate::exit::Exit;
use crate::filter::{Filter, Reversed};
use crate::flags;
use crate::keys;
use crate::output::OutputError;
use crate::pcapng;
use crate::shard::Shard;
use crate::signals;
use crate::source::{Source, SourceError};
use crate::threads::{self, ThreadError};
use crate::variant::VariantError;
use cells::Cells;
use many::Many;
use meter::Meter;
use report::RunReport;
use retrylab_core::scenario::Scenario;
use run::{EndedBy, Limits, Purpose};
use select::Select;
use series::SeriesFile;
use setup::Setup;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};
use verdict::Asserts;

/// Interval of the time series of a run of up to ten seconds. Longer runs double it.
const INTERVAL: Duration = Duration::from_millis(10);

const EXAMPLES: &str = "\
Examples:
  retrylab sim --ladder --set server.drop_list=1-2
  retrylab sim retry-storm --ladder --failed      the first exchange that gave up, from send to send
  retrylab sim --ladder --set 'acts=drop client 1 request 1; delay client 1 reply 1 by 50ms'
  retrylab sim --set server.drop=0.5 --set exchanges=1000000 --json
  retrylab sim --set workload.rate=500 --set workload.duration=60s --set server.service=2ms
  retrylab sim retry-storm                 a built-in scenario; `retrylab scenarios` lists them
  retrylab sim udp-pinger --pcapng run.pcapng     packets with comments, for Wireshark or tshark
  retrylab sim lossy.toml --set clients=100 --seed 7 --trace run.jsonl
  retrylab sim 'http://127.0.0.1:8060/#seed=7&server.drop=0.5'
  retrylab sim retry-storm --seeds 20      statistics over seeds 1 to 20, with confidence intervals
  retrylab sim textbook --versus-set policy.preset=coap     compare two policies
  retrylab sim metastable --versus budget-saves-the-day --seeds 10
  retrylab sim retry-storm --variant one=policy.max_sends=1 --variant coap=policy.preset=coap
  retrylab sim --set link.rtt=@pings.txt             round-trip times from the output of ping
  retrylab sim retry-storm --assert 'amplification <= 1.3' --assert 'latency_p99_s < 500ms'
  retrylab sim big.toml --shard 1/64 --out part-1.json     one of 64 parts; `merge` joins them
  retrylab sim --print-netem=eth1 --set link.preset=satellite     the same link on Linux
  retrylab sim --keys                      every key, its meaning and allowed values

A scenario file is TOML with the same keys:
  exchanges = 1000
  [server]
  drop = 0.5
  [policy]
  initial_timeout = \"50ms\"

--set overrides the file or address, and --seed overrides both. The same scenario always gives the
same run: equal digests mean that the same events happened at the same times. The address in the
output opens the run in a browser while `retrylab lab` runs; `sim` accepts it as SCENARIO, too.
Existing files of --trace, --pcapng, --series and --junit are replaced.

--failed, --client, --exchange, --from and --to select events for --ladder, --trace and --pcapng;
the results remain those of the whole run. --failed first runs the scenario to find the exchanges.
A server that goes down or comes back concerns every client, so it is always shown.

Times that are known by two quantiles, such as server.service='quantiles p50=8ms p99=60ms', follow
the log-normal distribution that has both. The output shows its median, mean and sigma.

Measured times: for a latency or an arrival process, `@FILE` reads up to 1000000 times from FILE:
  - a list, one time per line, each with its unit (`12.5ms`), or plain numbers below a line with the
    unit (ns, us, ms or s); `#` starts a comment
  - the output of ping or fping; lost pings are left out
  - a column of a CSV file with a header: `@FILE:COLUMN` selects it, unless only one is named like a
    time. The unit is that of its cells or the end of its name, such as rtt_ms; empty cells are left
    out
A path in a scenario file is relative to that file; a path in a flag is relative to the working
directory.

link.latency is the time of a datagram one way. link.rtt is that of a request and its reply
together, as ping measures it: each direction takes half of the distribution. The directions draw
independently, so the round trips of the run have the same mean, and a standard deviation smaller
by sqrt(2). If they must follow the measured distribution exactly, use link.latency=0s
link.reply_latency=@pings.txt.

Rates (offered_per_s, offered_with_retries_per_s, goodput_per_s) cover the time in which exchanges
begin. In an open loop, that time ends at workload.duration, or when the last of `exchanges` begins;
in a closed loop, when the last exchange is over. Later answers do not count: a server that works
off its queue after an overload does not raise the goodput. capacity_per_s is what the workers can
process: their number divided by the mean service time. peak_sends_per_s is the number of sends in
the busiest second of the whole run.

Clients that cannot influence each other are simulated one by one, each in a cell of its own, on all
cores. Memory then does not grow with their number. The line `cells` shows how many cells there are,
and which key or which output needs all clients in one network. The results are those of one
network. --max-events limits the sum over all clients, in their order; --max-time limits each
client; --max-memory limits the clients that the threads are simulating, and divides the limit among
the threads. If one of them exceeds its part, the run starts again on one thread with all of it.

--shard divides the clients among processes or machines, and `retrylab merge part-*.json` then
prints what the run would have printed:
  Slurm, --array=0-63:  --shard $((SLURM_ARRAY_TASK_ID+1))/64 --out part-$SLURM_ARRAY_TASK_ID.json
  Kubernetes, indexed:  --shard $((JOB_COMPLETION_INDEX+1))/64 --out part-$JOB_COMPLETION_INDEX.json
An existing file of --out is replaced when the part is complete. A shard that is interrupted, or
that --max-events or --max-memory ends, writes none.

Brackets show the 95 % confidence interval of a share (Wilson). It is left out if exchanges depend
on each other, as in a queue; run several seeds then. Latencies have a relative error of at most
0.1 %. `of all` also counts exchanges that gave up, as longer than every answer.

--seeds prints the 95 % confidence interval of the median over the seeds. Its ends are results of
two of the runs, and it needs no assumption about their distribution. If a server collapses in
some runs only, neither mean nor median describes a run: both groups of runs are then shown.

A comparison runs several scenarios with the same seeds. --variant compares named changes with each
other, or a single one with SCENARIO; --set applies to all variants, before their own keys.
--versus compares SCENARIO with another one as it is, and --versus-set with a changed one. The
random draws for a datagram depend only on the seed, the client, the direction and the datagram's
index, so all scenarios lose the same datagrams. A preset resets all settings that it covers. A
latency that no answered exchange has counts as longer than any. On average, at most one in twenty
measures without a real difference gets a * by chance; check a single * with other seeds.";

const EXIT_CODES: &str = "\
Exit codes: 0 the run ended, perhaps at a --max-… limit (the output shows which), 1 an output
cannot be written, 2 usage error or invalid scenario, 5 an assertion does not hold, 130 interrupted
(with the results so far).";

/// The flags that only a whole run has.
const WHOLE: [&str; 16] = [
    "json",
    "ladder",
    "trace",
    "pcapng",
    "series",
    "cells",
    "keys",
    "print_netem",
    "seeds",
    "variant",
    "versus",
    "versus_set",
    "assert",
    "junit",
    "github",
    "allow_cut",
];

/// Run a scenario in the simulated network
///
/// Uses the same client and server as `send` and `serve`, without sockets and without waiting, at
/// millions of exchanges per second.
#[derive(clap::Args, Debug)]
#[command(group(clap::ArgGroup::new("intervals").args(["series", "shard"]).multiple(true)))]
#[command(after_help = format!("{EXAMPLES}\n\n{}\n\n{EXIT_CODES}", assertion::HELP))]
pub(crate) struct Args {
    /// Scenario to run: a built-in name, a TOML file (`-` reads stdin) or an address of the page [default:
    /// the default value of every key]
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Scenario to run, as an address of the page or the part after its `#`: `seed=7&server.drop=0.5`
    #[arg(long = "address", alias = "link", value_name = "ADDRESS", conflicts_with = "scenario")]
    link: Option<String>,
    /// Set a key of the scenario; can be repeated
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Retry policy by name, as --set policy.preset=NAME; `retrylab presets` lists them
    #[arg(long, value_name = "NAME", value_parser = flags::parser("policy.preset"), ignore_case = true)]
    preset: Option<String>,
    /// Seed for all random draws; the same seed repeats the same run
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
    /// Draw every event as a ladder on stdout (on stderr if stdout has another use)
    #[arg(long)]
    ladder: bool,
    /// Write every event to FILE as JSON lines (`-` is stdout), after a line with the scenario's address: the page opens
    /// such a file
    #[arg(long, value_name = "FILE")]
    trace: Option<String>,
    #[arg(long, value_name = "FILE", help = pcapng::HELP)]
    pcapng: Option<String>,
    /// Write goodput and load over simulated time to FILE as CSV (`-` is stdout), one line per interval. With
    /// several seeds, it has the first one; in a comparison, every scenario
    #[arg(long, value_name = "FILE.csv")]
    series: Option<String>,
    /// Length of the intervals of --series [default: 100ms]; with --shard, of the series that the merged run has
    #[arg(long, value_name = "TIME", value_parser = flags::interval, requires = "intervals")]
    series_interval: Option<Duration>,
    /// Simulate only the I-th of N parts of the clients, and write a part of the run, which `merge` joins with the others
    #[arg(long, value_name = "I/N", value_parser = Shard::parse, conflicts_with_all = WHOLE)]
    shard: Option<Shard>,
    /// File for the part [default: stdout]
    #[arg(long, value_name = "FILE.json", requires = "shard")]
    out: Option<String>,
    #[command(flatten)]
    setup: Setup,
    /// Number of threads [default: number of cores]. The results do not depend on it. Each thread takes about 1 MiB of
    /// memory, beyond --max-memory
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = flags::threads)]
    threads: Option<u32>,
    /// List the keys of a scenario instead of running one, like `retrylab keys`
    #[arg(long, conflicts_with = "assert")]
    keys: bool,
    /// Print a shell script that sets up the same link on Linux, instead of running the scenario. It
    /// has one `tc` command per direction, and comments on the differences
    #[arg(long, value_name = "DEV", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = netem::DEVICE, value_parser = netem::device)]
    #[arg(conflicts_with_all = ["keys", "ladder", "trace", "series", "pcapng"])]
    #[arg(conflicts_with_all = ["seeds", "variant", "versus", "versus_set"])]
    #[arg(conflicts_with_all = ["max_events", "max_time", "max_memory", "threads", "cells", "assert"])]
    print_netem: Option<String>,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    many: Many,
    #[command(flatten)]
    asserts: Asserts,
}

impl Args {
    /// Returns the length of the intervals of --series.
    fn series_interval(&self) -> Duration {
        self.series_interval.unwrap_or(Duration::from_millis(100))
    }
}

/// Error that ends `sim`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot set up signal handlers and their thread: {0}")]
    System(io::Error),
    #[error(transparent)]
    Threads(#[from] ThreadError),
    #[error(transparent)]
    Variant(#[from] VariantError),
    #[error("--seeds: {count} seeds starting at {first} exceed the largest seed, {}", u64::MAX)]
    Seeds { first: u64, count: u64 },
    #[error(
        "--versus: only one of the scenarios can come from stdin; use a file, a name or an address for the others"
    )]
    BothStdin,
    #[error("--{0} and --pcapng: only one of them can go to stdout; use a file for the other")]
    BothStdout(&'static str),
    #[error("--pcapng: a capture is not text; use a file, or a pipe to another program")]
    Terminal,
    #[error(
        "--versus-set: all scenarios use the same seeds, so that they lose the same datagrams; set the first one with --seed"
    )]
    OtherSeed,
    #[error("--series: stdout has the results of several runs; use a file for the series")]
    SeriesOfMany,
    #[error(
        "--shard: the clients of this scenario are in one network because of {0}, so that they cannot be divided; use 1/1, or no --shard"
    )]
    CoupledShards(&'static str),
    #[error(
        "--shard: {0} ends the run before all clients are simulated, so no part is written; raise the limit, or run it without --shard"
    )]
    CutShard(EndedBy),
    #[error("--assert: {0}")]
    Assertion(String),
    #[error(transparent)]
    Reversed(#[from] Reversed),
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Source(error) => error.exit(),
            Self::Variant(error) => error.exit(),
            Self::Seeds { .. } | Self::BothStdin | Self::OtherSeed => Exit::Usage,
            Self::BothStdout(_)
            | Self::SeriesOfMany
            | Self::Terminal
            | Self::CoupledShards(_)
            | Self::Assertion(_)
            | Self::Reversed(_) => Exit::Usage,
            Self::Output(_) | Self::System(_) | Self::Threads(_) | Self::CutShard(_) => {
                Exit::Failed
            }
        }
    }
}

/// Simulates the scenario and prints the result.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if args.keys {
        return Ok(keys::run(None, args.json));
    }
    let source = Source {
        scenario: args.scenario.as_deref(),
        link: args.link.as_deref(),
        preset: args.preset.as_deref(),
        set: &args.set,
        seed: args.seed.as_deref(),
    };
    let base = source.base()?;
    let scenario = source.complete(base.clone())?;
    if let Some(device) = &args.print_netem {
        return Ok(netem::print(&scenario, device, args.json));
    }
    let sides = match args.many.compares() {
        true => sides::sides(args, &source, &base, &scenario)?,
        false => Vec::new(),
    };
    let interrupted = signals::flag().map_err(Error::System)?;
    // The threads of many runs carry out different ones.
    let threads = if args.many.is_wanted() { 1 } else { threads::count(args.threads) };
    let (bounds, cells) = (args.setup.bounds(), args.setup.cells);
    let purpose = match (args.many.is_wanted(), args.shard) {
        (true, _) => Purpose::Statistics,
        (false, Some(_)) => Purpose::Part,
        (false, None) => Purpose::Result,
    };
    let limits = Limits { bounds, interrupted, cells, threads, purpose };
    if args.many.compares() {
        compare::run(args, &sides, &limits)
    } else if args.many.is_wanted() {
        seeds::run(args, &scenario, &limits)
    } else if let Some(shard) = args.shard {
        sharded::run(args, &scenario, shard, &limits)
    } else {
        run_one(args, &scenario, &limits)
    }
}

/// Checks that stdout can take a capture, if it goes there.
fn check_stdout(args: &Args) -> Result<(), Error> {
    let to_stdout = |path: &Option<String>| path.as_deref() == Some("-");
    if !to_stdout(&args.pcapng) {
        return Ok(());
    }
    for (name, path) in [("trace", &args.trace), ("series", &args.series)] {
        if to_stdout(path) {
            return Err(Error::BothStdout(name));
        }
    }
    if io::stdout().is_terminal() { Err(Error::Terminal) } else { Ok(()) }
}

/// Runs the scenario once and writes its outputs.
fn run_one(args: &Args, scenario: &Scenario, limits: &Limits) -> Result<Exit, Error> {
    check_stdout(args)?;
    let series = args.series.as_deref().map(SeriesFile::create).transpose()?;
    let metrics = match series {
        Some(_) => predicted::metrics(scenario, args.series_interval(), limits)
            .with_max_intervals(series::MAX_INTERVALS),
        None => predicted::metrics(scenario, INTERVAL, limits),
    };
    let selection = args.select.selection(scenario, limits)?;
    let cells = Cells::of_run(args, scenario);
    let mut meter = Meter::new(scenario.total());
    let show = |finished| meter.show(finished);
    let begun = Instant::now();
    let mut failure = None;
    let result = match outputs::open(args, scenario)? {
        // The empty sink costs nothing.
        none if none.is_empty() => run::measure(scenario, metrics, cells, limits, show),
        outputs => {
            let sink = (metrics, Filter::new(selection, outputs));
            let (ended_by, outcome) = run::run(scenario, sink, limits, show);
            let (outcome, (metrics, outputs)) = outcome.take_sink();
            failure = outputs.end().finish().err();
            run::Result::new(scenario, ended_by, outcome.with_sink(metrics))
        }
    };
    let wall = begun.elapsed();
    meter.clear();
    let exit = match result.ended_by {
        EndedBy::Interrupted => Exit::Interrupted,
        EndedBy::Itself(_) | EndedBy::Output => Exit::Success,
    };
    let measured = measure::measured(&result, None);
    let checks = args.asserts.check_run(&args.setup, scenario, &measured);
    if let Some(failure) = failure {
        if !failure.is_broken_pipe() {
            return Err(failure.into());
        }
        // A reader that has closed the pipe, such as `head`, does not want the table either.
        return Ok(args.asserts.report(scenario, &checks, exit)?);
    }
    if let Some(file) = series {
        file.write(&result.metrics.series, args.series_interval())?;
    }
    let report = RunReport::new(scenario, cells, &result, &measured, &checks);
    let out = report.print(args.json, outputs::stdout_is_taken(args));
    report.warn();
    report.narrate(wall);
    Ok(args.asserts.report(scenario, &checks, out.finish(exit))?)
}
