//! Runs the same scenarios with many seeds on all cores.
//!
//! A run depends only on its scenario, and results are in the order of the seeds. They do not depend
//! on the number of threads or on the thread that ran a seed.

use super::bar::Bar;
use super::measure::{Measured, measure};
use super::run::{EndedBy, Limits};
use super::{Args, Error};
use crate::exit::Exit;
use crate::flags;
use crate::output::{Count, Rounded, Stdout, narrate, warn};
use crate::threads;
use crate::variant::Variants;
use rayon::ThreadPool;
use retrylab_core::scenario::Scenario;
use serde::Serialize;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

/// Default number of seeds of a comparison.
const SEEDS: u32 = 30;

/// The flags for several runs.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Many runs")]
#[command(group(
    clap::ArgGroup::new("many")
        .args(["seeds", "variant", "versus", "versus_set"])
        .multiple(true)
        .conflicts_with_all(["ladder", "trace", "pcapng"])
))]
pub(super) struct Many {
    /// Run N seeds, starting with that of the scenario, and print means and medians with 95 % confidence
    /// intervals [default: 1, or 30 in a comparison]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = flags::runs)]
    pub(super) seeds: Option<u32>,
    /// Also print one line per seed with the share of answered exchanges
    #[arg(long, requires = "many", conflicts_with = "json")]
    pub(super) each: bool,
    /// In a comparison, also show the measures that do not differ clearly
    #[arg(long, conflicts_with = "json")]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) variants: Variants,
    /// Compare with another scenario (a built-in name, a file or an address) under the same random draws; can be
    /// repeated
    #[arg(long, value_name = "SCENARIO")]
    pub(super) versus: Vec<String>,
    /// Compare with the same scenario, or with those of --versus, after changing a key; can be repeated
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    pub(super) versus_set: Vec<String>,
}

impl Many {
    /// Returns whether scenarios are compared.
    pub(super) const fn compares(&self) -> bool {
        !self.variants.is_empty() || !self.versus.is_empty() || !self.versus_set.is_empty()
    }

    /// Returns whether there is more than one run.
    pub(super) const fn is_wanted(&self) -> bool {
        self.seeds.is_some() || self.compares()
    }
}

/// A range of consecutive seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Seeds {
    first: u64,
    pub(super) count: u64,
}

impl Seeds {
    /// Returns a single seed.
    pub(super) const fn one(seed: u64) -> Self {
        Self { first: seed, count: 1 }
    }

    /// Returns the seeds to run `scenario` with.
    pub(super) fn new(many: &Many, scenario: &Scenario) -> Result<Self, Error> {
        let (first, count) = (scenario.seed, u64::from(many.seeds.unwrap_or(SEEDS)));
        // `count` is at least 1.
        let last = first.checked_add(count - 1);
        last.map(|_| Self { first, count }).ok_or(Error::Seeds { first, count })
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u64> {
        (0..self.count).map(move |n| self.first + n)
    }
}

/// `seed 1`, `30 seeds, 1 to 30`
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, count } = *self;
        if count == 1 {
            return write!(f, "seed {first}");
        }
        write!(f, "{count} seeds, {first} to {}", first + (count - 1))
    }
}

/// Results of scenarios that ran with the same seeds.
pub(super) struct Runs {
    /// The seeds that ran with every scenario: all seeds, or the first ones after an interruption.
    pub(super) seeds: Seeds,
    /// For each seed, the results of each scenario.
    runs: Vec<Measured>,
    /// Number of scenarios.
    scenarios: usize,
    pub(super) exit: Exit,
}

impl Runs {
    /// Runs each of `scenarios` with each of `seeds` and prints the time it took.
    pub(super) fn new(
        scenarios: &[&Scenario],
        seeds: Seeds,
        args: &Args,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let pool = threads::pool(args.threads)?;
        let begun = Instant::now();
        let mut runs = run(&pool, scenarios, seeds, limits);
        // An incomplete comparison does not count.
        let complete = runs.len() / scenarios.len();
        runs.truncate(complete * scenarios.len());
        let whole = Seeds { count: complete as u64, ..seeds };
        let exit = if whole == seeds { Exit::Success } else { Exit::Interrupted };
        if exit == Exit::Interrupted {
            warn(format_args!("interrupted after {} of {}", whole.count, seeds));
        }
        let (took, count) = (Rounded(begun.elapsed()), Count(runs.len() as u64, "run"));
        let threads = Count(pool.current_num_threads() as u64, "thread");
        narrate!("{count} in {took} of wall time on {threads}");
        Ok(Self { seeds: whole, runs, scenarios: scenarios.len(), exit })
    }

    /// Iterates over the seeds, each with the results of every scenario.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &[Measured])> {
        self.seeds.iter().zip(self.runs.chunks_exact(self.scenarios))
    }

    /// Returns the results of one scenario, each with its seed.
    pub(super) fn of(&self, scenario: usize) -> Vec<(u64, &Measured)> {
        self.iter().map(|(seed, run)| (seed, &run[scenario])).collect()
    }

    /// Prints `report` as JSON, or as text by means of `show`.
    pub(super) fn print<R: Serialize>(
        &self,
        args: &Args,
        report: &R,
        show: impl FnOnce(&R, &Many, &mut Stdout),
    ) -> Exit {
        let mut out = Stdout::default();
        if args.json {
            out.json(report);
        } else {
            show(report, &args.many, &mut out);
        }
        self.warn_of_cuts();
        out.finish(self.exit)
    }

    /// Warns of runs that a limit ended, with the number of runs per limit.
    fn warn_of_cuts(&self) {
        let mut kinds: Vec<(EndedBy, usize)> = Vec::new();
        for ended_by in self.runs.iter().map(|run| run.ended_by).filter(|by| !by.is_finished()) {
            match kinds.iter_mut().find(|(kind, _)| *kind == ended_by) {
                Some((_, count)) => *count += 1,
                None => kinds.push((ended_by, 1)),
            }
        }
        for (kind, count) in kinds {
            let all = Count(self.runs.len() as u64, "run");
            warn(format_args!(
                "{count} of {all} ended early by {kind}; only the part before it counts"
            ));
        }
    }
}

/// Runs everything. Returns the results before the first interrupted run.
fn run(pool: &ThreadPool, scenarios: &[&Scenario], seeds: Seeds, limits: &Limits) -> Vec<Measured> {
    let all = seeds.count as usize * scenarios.len();
    let next = AtomicUsize::new(0);
    let bar = Bar::new(0, all as u64, "runs");
    let mut runs: Vec<Option<Measured>> = (0..all).map(|_| None).collect();
    pool.in_place_scope(|scope| {
        let (done, arrivals) = channel();
        let next = &next;
        scope.spawn_broadcast(move |_, _| {
            let take = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < all);
            take_runs(take, scenarios, seeds, limits, &done);
        });
        for (count, (n, measured)) in arrivals.iter().enumerate() {
            if let Some(slot) = runs.get_mut::<usize>(n) {
                *slot = Some(measured);
            }
            bar.show(count as u64 + 1);
        }
    });
    bar.clear();
    runs.into_iter().map_while(|run| run).collect()
}

/// Takes one run after another until none is left or an interruption.
fn take_runs(
    take: impl Fn() -> Option<usize>,
    scenarios: &[&Scenario],
    seeds: Seeds,
    limits: &Limits,
    done: &Sender<(usize, Measured)>,
) {
    while let Some(n) = take() {
        let seed = seeds.first + (n / scenarios.len()) as u64;
        let mut scenario = scenarios[n % scenarios.len()].clone();
        scenario.seed = seed;
        let Some(measured) = measure(&scenario, limits) else { return };
        if done.send((n, measured)).is_err() {
            return;
        }
    }
}
