//! `retrylab sweep`: runs a scenario with many values and seeds on all cores and writes one table.

mod journal;
mod part;
mod plan;
mod preview;
mod range;
mod values;
mod varied;
mod work;

use crate::existing::{Exists, Overwrite};
use crate::exit::Exit;
use crate::flags;
use crate::output::{Count, OutputError, Rounded, Stdout, narrate, warn};
use crate::shard::Shard;
use crate::signals;
use crate::sim::cells::Wanted;
use crate::sim::measure;
use crate::sim::run::{Limits, Purpose};
use crate::source::Source;
use crate::table::{self, Cell, Row, Target, TargetError, shown};
use crate::threads::{self, ThreadError};
use crate::variant::Variants;
use crate::whole_file::with_suffix;
use journal::{Journal, JournalError};
use part::PartError;
use plan::{Plan, PlanError};
use retrylab_core::sim::Bounds;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Maximum number of points of a sweep: the bookkeeping of more would not fit the memory of a small machine.
const MAX_POINTS: u64 = 10_000_000;

const EXAMPLES: &str = "\
Examples:
  retrylab sweep --set exchanges=10000 --vary server.drop=0..0.5/0.1 --seeds 10 --out drop.csv
  retrylab sweep lossy.toml --vary policy.preset=coap,grpc --vary link.loss=0,0.1 --out two.parquet
  retrylab sweep --vary 'server.drop_list=1;1,3;1-2' --dry-run
  retrylab sweep metastable --variant one=policy.max_sends=1 --variant five=policy.max_sends=5 \\
    --vary workload.rate=20..90/10 --seeds 10 --out load.csv
  retrylab plot load.csv --x workload.rate --by variant --y goodput_per_s --out load.svg

Values of --vary:
  server.drop=0.1,0.2           a list
  server.drop=0..0.5/0.1        a range: 0, 0.1, … 0.5, in exact decimal arithmetic
  link.latency=10ms..50ms/10ms  a range of times; a list can contain ranges
  'server.drop_list=1;1,3'      values with commas: separate them with `;`
  link.latency=@a.txt,@b.txt    measured times from files; see `retrylab sim --help`

Columns: point, the varied keys, seed, and the measures, with the same types in every format.
Durations are numbers of seconds, in columns whose names end in _s, such as link.latency_s. A cell
is empty if a measure has no value, or if a varied key of numbers is none. `retrylab sim --help`
says which time a rate such as goodput_per_s covers. Whole numbers are signed integers of 64 bits,
so seeds end at 9223372036854775807. A digest begins with an x, so that no program reads it as a
number. JSON and Parquet also contain the scenario. CSV has the columns points and sweep instead,
with which `retrylab merge` checks that files belong to the same sweep. Programs that read CSV guess
its types: let them consider all rows, or use Parquet.

Rerun the same command to resume an interrupted sweep, even after a kill: finished points are
kept in FILE.part until FILE is complete. A complete FILE is replaced only with --overwrite. Two
processes cannot use the same FILE.part at the same time. FILE has the same bytes whatever the
number of threads and interruptions.

To use many machines, run one shard on each and merge them with
`retrylab merge --out all.csv part-*.csv`:
  Slurm, --array=0-63:  --shard $((SLURM_ARRAY_TASK_ID+1))/64 --out part-$SLURM_ARRAY_TASK_ID.csv
  Kubernetes, indexed:  --shard $((JOB_COMPLETION_INDEX+1))/64 --out part-$JOB_COMPLETION_INDEX.csv

Exit codes: 0 done, 1 an output cannot be written, 2 usage error or an invalid value (nothing has
run), 130 interrupted.";

/// Run a scenario with many values and seeds on all cores, and write a table of results
///
/// Runs every combination of the values of --vary with each of the seeds. Each such run is a point.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Scenario to vary: a built-in name, a TOML file (`-` reads stdin) or an address of the page [default:
    /// the default value of every key]
    #[arg(value_name = "SCENARIO")]
    scenario: Option<String>,
    /// Scenario to vary, as an address of the page or the part after its `#`: `seed=7&server.drop=0.5`
    #[arg(long = "address", alias = "link", value_name = "ADDRESS", conflicts_with = "scenario")]
    link: Option<String>,
    /// Set a key of the scenario; can be repeated
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Retry policy by name, as --set policy.preset=NAME; `retrylab presets` lists them
    #[arg(long, value_name = "NAME", value_parser = flags::parser("policy.preset"), ignore_case = true)]
    preset: Option<String>,
    /// Vary a key over a list `V1,V2,…` or a range `FIRST..LAST/STEP`; can be repeated
    #[arg(long, value_name = "KEY=VALUES", allow_hyphen_values = true)]
    vary: Vec<String>,
    #[command(flatten)]
    variants: Variants,
    /// First seed
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    /// Number of seeds per combination, starting with the first seed
    #[arg(long, value_name = "N", default_value = "1", allow_negative_numbers = true)]
    #[arg(value_parser = flags::seeds)]
    seeds: u32,
    /// File for the results: .csv, .json or .parquet; `-` prints CSV on stdout and cannot be resumed
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    out: Option<String>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Run only the I-th of N parts
    #[arg(long, value_name = "I/N", value_parser = Shard::parse)]
    shard: Option<Shard>,
    /// Number of threads [default: number of cores]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = flags::threads)]
    threads: Option<u32>,
    /// Stop each run after N events; the column `ended_by` shows it
    #[arg(long, value_name = "N", default_value_t = Bounds::default().events, allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u64>)]
    max_events: u64,
    /// Discard the points of an interrupted sweep and start again
    #[arg(long)]
    restart: bool,
    /// Check all points and list them without running any
    #[arg(long)]
    dry_run: bool,
}

/// Error that ends `sweep`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Exists(#[from] Exists),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("interrupted")]
    Interrupted,
    #[error("cannot set up signal handlers and their thread: {0}")]
    Signals(io::Error),
    #[error(transparent)]
    Threads(#[from] ThreadError),
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Plan(PlanError::Source(error)) => error.exit(),
            Self::Plan(PlanError::Variant(error)) => error.exit(),
            Self::Plan(_) | Self::Target(_) | Self::Exists(_) => Exit::Usage,
            Self::Journal(JournalError::Part(PartError::NotAFile(_))) => Exit::Usage,
            Self::Journal(
                JournalError::Other { .. } | JournalError::Earlier(_) | JournalError::Malformed(_),
            ) => Exit::Usage,
            Self::Interrupted => Exit::Interrupted,
            Self::Journal(_) | Self::Output(_) | Self::Signals(_) | Self::Threads(_) => {
                Exit::Failed
            }
        }
    }
}

/// Runs the sweep.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let target = args.out.as_deref().map(Target::new).transpose()?;
    let source = Source {
        scenario: args.scenario.as_deref(),
        link: args.link.as_deref(),
        preset: args.preset.as_deref(),
        set: &args.set,
        seed: args.seed.as_deref(),
    };
    // The signal handlers are installed later, so that Ctrl-C ends a check of millions of points at once.
    let pool = threads::pool(args.threads)?;
    let variants = args.variants.read().map_err(PlanError::from)?;
    let plan = || Plan::new(&source, variants, &args.vary, args.seeds.into(), args.max_events);
    let plan = pool.install(plan)?;
    let shard = args.shard.unwrap_or_default();
    let Some(target) = target.filter(|_| !args.dry_run) else {
        let mut out = Stdout::default();
        preview::show(&plan, shard, &mut out);
        return Ok(out.finish(Exit::Success));
    };
    args.out.as_deref().map_or(Ok(()), |out| args.overwrite.check(out))?;
    let (part, mut journal) = open_journal(args, &plan, shard, &target)?;
    let interrupted = signals::flag().map_err(Error::Signals)?;
    let bounds = Bounds::default().with_events(args.max_events);
    // The threads run different points.
    let limits = Limits {
        bounds,
        interrupted,
        cells: Wanted::Auto,
        threads: 1,
        purpose: Purpose::Statistics,
    };
    let points = shard.len(plan.points());
    let (begun, before) = (Instant::now(), journal.done());
    work::work(&pool, &plan, shard, &limits, &mut journal)?;
    if journal.done() < points && limits.interrupted.load(Ordering::Relaxed) {
        say_interrupted(part.as_ref(), journal.done(), points);
        return Ok(Exit::Interrupted);
    }
    let ran = Count(journal.done() - before, "point");
    match write(&plan, &target, journal, &limits.interrupted) {
        Err(Error::Interrupted) => {
            say_interrupted(part.as_ref(), points, points);
            return Ok(Exit::Interrupted);
        }
        // The reader has closed the pipe, as `head` does.
        Err(Error::Output(failure)) if failure.is_broken_pipe() => return Ok(Exit::Success),
        written => written?,
    }
    if let Some(part) = part {
        // The results are complete. A part file that cannot be removed does no harm.
        let _ = fs::remove_file(part);
    }
    let (took, threads) = (Rounded(begun.elapsed()), pool.current_num_threads() as u64);
    let threads = Count(threads, "thread");
    narrate!("{ran} in {took} of wall time on {threads}: {}", target.name());
    Ok(Exit::Success)
}

/// Opens the journal of the sweep. Returns it with the path of its part file, if it has one.
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
    if journal.damaged() > 0 {
        let lines = Count(journal.damaged(), "damaged line");
        warn(format_args!(
            "{lines} of {} ignored; points without a line run again",
            part.display()
        ));
    }
    if journal.done() > 0 {
        let points = Count(shard.len(plan.points()), "point");
        narrate!("resuming: {} of {points} are already in {}", journal.done(), shown(&part));
    }
    Ok((Some(part), journal))
}

fn say_interrupted(part: Option<&PathBuf>, done: u64, points: u64) {
    let points = Count(points, "point");
    match part {
        Some(part) => warn(format_args!(
            "interrupted after {done} of {points}, which are kept in {}; rerun the same command to \
             resume",
            part.display()
        )),
        None => warn(format_args!(
            "interrupted after {done} of {points}; none is kept, use --out FILE to keep them"
        )),
    }
}

/// Writes the results in the order of the points.
fn write(
    plan: &Plan,
    target: &Target,
    journal: Journal,
    interrupted: &AtomicBool,
) -> Result<(), Error> {
    let header = plan.header(measure::columns());
    let digest = header.columns.iter().position(|column| column.name == "digest");
    let rows = journal.rows()?.map(|line| -> Result<Row, Error> {
        if interrupted.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let (point, measures) = line?;
        let mut row = plan.cells(point);
        row.extend(measures);
        if let Some(Cell::Text(digest)) = digest.and_then(|at| row.get_mut(at)) {
            *digest = table::hash(&*digest);
        }
        Ok(row)
    });
    target.write(&header, rows)
}
