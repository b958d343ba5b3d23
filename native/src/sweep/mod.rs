//! `retrylab sweep`: one scenario, many values and seeds, all cores, one table.

mod journal;
mod plan;
mod preview;
mod shard;
mod values;
mod work;

use crate::exit::Exit;
use crate::flags;
use crate::output::{Count, OutputError, Rounded, Stdout, narrate, warn};
use crate::signals;
use crate::sim::measure;
use crate::sim::run::Limits;
use crate::source::Source;
use crate::table::{Row, Target, TargetError, with_suffix};
use journal::{Journal, JournalError};
use plan::{Plan, PlanError};
use retrylab_core::sim::Bounds;
use shard::Shard;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Instant;

const EXAMPLES: &str = "\
Examples:
  retrylab sweep --set exchanges=10000 --vary server.drop=0..0.5/0.1 --seeds 10 --out drop.csv
  retrylab sweep lossy.toml --vary policy.preset=coap,grpc --vary link.loss=0,0.1 --out two.parquet
  retrylab sweep --vary 'server.drop_list=1;1,3;1-2' --dry-run
  retrylab plot drop.csv --y gave_up_share --out drop.svg

Values of --vary:
  server.drop=0.1,0.2           a list
  server.drop=0..0.5/0.1        0, 0.1, … 0.5; exact, whatever the step
  link.latency=10ms..50ms/10ms  times alike; ranges may stand in lists
  'server.drop_list=1;1,3'      values with commas: `;` separates as soon as there is one
  link.latency=@a.txt,@b.txt    measured times from files, one a line; `retrylab sim --help` tells more

Columns: point, the varied keys, seed, and what was measured, whose shares are empty where no exchange
is over. JSON and Parquet also hold the scenario; CSV has the columns points and sweep instead, by which
`retrylab merge` knows what belongs together.

Interrupted, by Ctrl-C or by force, the same command goes on where it was: what is done is in
FILE.part until FILE is whole. FILE has the same bytes whatever the number of threads or interruptions.

On many machines, each does its part, and `retrylab merge --out all.csv part-*.csv` joins them:
  Slurm, --array=0-63:    --shard $((SLURM_ARRAY_TASK_ID+1))/64 --out part-$SLURM_ARRAY_TASK_ID.csv
  Kubernetes, indexed:    --shard $((JOB_COMPLETION_INDEX+1))/64 --out part-$JOB_COMPLETION_INDEX.csv

Exit codes: 0 done, 1 an output cannot be written, 2 usage or a point that makes no sense (then nothing
has run), 130 interrupted.";

/// Run a scenario with many values and seeds on all cores, and keep the results as a table
///
/// Every combination of the values of --vary, in the order given, each with --seeds seeds.
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
    /// Varies a key: `V1,V2,…`, or `a..b/step`; may be given more than once
    #[arg(long, value_name = "KEY=VALUES", allow_hyphen_values = true)]
    vary: Vec<String>,
    /// The first seed
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    /// So many seeds for each combination: the scenario's seed and those after it
    #[arg(long, value_name = "N", default_value = "1", allow_negative_numbers = true)]
    #[arg(value_parser = flags::seeds)]
    seeds: u32,
    /// Where the results go: a .csv, .json or .parquet file; `-` is CSV on stdout, without going on
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    out: Option<String>,
    /// Do the i-th of n parts only
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    shard: Option<Shard>,
    /// Threads; as many as there are cores without it
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = flags::threads)]
    threads: Option<u32>,
    /// End each run after so many events; its row says so
    #[arg(long, value_name = "N", default_value = "10000000000", allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u64>)]
    max_events: u64,
    /// Throw away what an interrupted sweep has done
    #[arg(long)]
    restart: bool,
    /// Check everything, show the points and run none
    #[arg(long)]
    dry_run: bool,
}

/// Why there are no results.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("the system gives no signals: {0}")]
    Signals(io::Error),
    #[error("the system gives no threads: {0}")]
    Threads(rayon::ThreadPoolBuildError),
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Plan(_) | Self::Target(_) => Exit::Usage,
            Self::Journal(JournalError::Other { .. } | JournalError::Malformed { .. }) => {
                Exit::Usage
            }
            Self::Journal(_) | Self::Output(_) | Self::Signals(_) | Self::Threads(_) => {
                Exit::Failed
            }
        }
    }
}

/// Sweeps.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let target = args.out.as_deref().map(Target::new).transpose()?;
    let source = Source {
        scenario: args.scenario.as_deref(),
        link: args.link.as_deref(),
        set: &args.set,
        seed: args.seed.as_deref(),
    };
    // Before the signals are ours, so that Ctrl-C ends a check of millions of points at once.
    let plan = Plan::new(&source, &args.vary, args.seeds.into(), args.max_events)?;
    let shard = args.shard.unwrap_or_default();
    let Some(target) = target.filter(|_| !args.dry_run) else {
        let mut out = Stdout::default();
        preview::show(&plan, shard, &mut out);
        return Ok(out.finish(Exit::Success));
    };
    let (part, mut journal) = open_journal(args, &plan, shard, &target)?;
    let threads = args.threads.unwrap_or_default() as usize;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(Error::Threads)?;
    let interrupted = signals::flag().map_err(Error::Signals)?;
    let bounds = Bounds { events: args.max_events, ..Bounds::default() };
    let limits = Limits { bounds, interrupted };
    let points = shard.len(plan.points());
    let (begun, before) = (Instant::now(), journal.done());
    work::work(&pool, &plan, shard, &limits, &mut journal)?;
    if journal.done() < points && limits.interrupted.load(Ordering::Relaxed) {
        say_interrupted(part.as_ref(), journal.done(), points);
        return Ok(Exit::Interrupted);
    }
    let ran = Count(journal.done() - before, "point");
    match write(&plan, &target, journal) {
        // A reader that has seen enough, such as `head`.
        Err(Error::Output(failure)) if failure.is_broken_pipe() => return Ok(Exit::Success),
        written => written?,
    }
    if let Some(part) = part {
        // The results are whole: a part file that stays is only in the way.
        let _ = fs::remove_file(part);
    }
    let (took, threads) = (Rounded(begun.elapsed()), pool.current_num_threads() as u64);
    let threads = Count(threads, "thread");
    narrate!("{ran} in {took} of wall time on {threads}: {}", target.name());
    Ok(Exit::Success)
}

/// The journal of the sweep, and its file if it has one.
fn open_journal(
    args: &Args,
    plan: &Plan,
    shard: Shard,
    target: &Target,
) -> Result<(Option<PathBuf>, Journal), Error> {
    let Target::File(path, _) = target else {
        return Ok((None, Journal::in_memory(shard, plan.points())));
    };
    let part = with_suffix(path, ".part");
    let width = measure::columns().len();
    let identity = plan.identity();
    let journal = Journal::open(&part, &identity, shard, plan.points(), width, args.restart)?;
    if journal.done() > 0 {
        let points = Count(shard.len(plan.points()), "point");
        narrate!("{} of {points} are done, in {}", journal.done(), part.display());
    }
    Ok((Some(part), journal))
}

fn say_interrupted(part: Option<&PathBuf>, done: u64, points: u64) {
    let points = Count(points, "point");
    match part {
        Some(part) => warn(format_args!(
            "interrupted; {done} of {points} are done and kept in {}: the same command goes on \
             from there",
            part.display()
        )),
        None => warn(format_args!(
            "interrupted; {done} of {points} were done, and none is kept: --out FILE keeps them"
        )),
    }
}

/// Writes the results in the order of the points.
fn write(plan: &Plan, target: &Target, journal: Journal) -> Result<(), Error> {
    let header = plan.header(measure::columns());
    let rows = journal.rows()?.map(|line| -> Result<Row, Error> {
        let (point, measures) = line?;
        let mut row = plan.cells(point);
        row.extend(measures);
        Ok(row)
    });
    target.write(&header, rows)
}
