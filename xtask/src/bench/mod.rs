//! `cargo xtask bench`: measures speed and memory, so that anyone can repeat the figures.
//!
//! The speed of a machine drifts by tens of per cent within minutes. The programs that
//! are compared therefore take turns, and ratios are taken within each round (see [`rounds`]). A slow result is
//! not an error; only a program that cannot run is one, and a page that misses a limit (see [`page`]).

mod against;
mod callgrind;
mod criterion;
mod figure;
mod instructions;
mod memory;
mod page;
mod process;
mod programs;
mod rounds;
mod simulation;
mod trace;
mod wasm;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::paths::Paths;
use figure::Figure;

/// The flags of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Flags {
    /// Benchmarks to run [default: all]
    #[arg(value_name = "WHAT")]
    what: Vec<What>,
    /// Number of rounds
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Run few and short rounds, to check that the benchmarks work
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// Compare with another checkout, in DIR, instead: speed natively and in wasm, and memory
    #[arg(long, value_name = "DIR", conflicts_with = "what")]
    against: Option<PathBuf>,
    /// Also write the figures to FILE as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Exchanges per second with 1,000 and 1,000,000 clients, compared with tokio's paused clock
    Simulation,
    /// Resident bytes per client and per further exchange
    Memory,
    /// The simulated network in wasm under Node, compared with the native one, and in four workers
    Wasm,
    /// The cost of keeping the full trace
    Trace,
    /// Instructions per exchange by module of the core, with valgrind
    Instructions,
    /// The parts of the core, with criterion
    Criterion,
    /// The page in Chromium: loading, Lighthouse, frames, seeking and sizes, with their goals and limits
    Page,
}

/// The last lines of `cargo xtask bench --help`.
pub(crate) const HELP: &str = "\
Workload: N clients make M exchanges each over a link of 10 ms with the policy `textbook`, and the
server drops half of the requests. The programs take turns. The table shows the median, minimum and
maximum of the rounds; ratios are taken within each round. The exit code is 1 if a program could not
run, or if the page misses a limit, never because something else is slow.

The page is built, served by `retrylab lab` and measured in Chromium without a graphics card: three
times, or once with --quick. Lighthouse is installed by npm into target/ when it is first needed.

Examples:
  cargo xtask bench                        everything: about fifteen minutes
  cargo xtask bench simulation --rounds 15
  cargo xtask bench instructions           where do they go, module by module?
  cargo xtask bench page                   does the page meet its goals?
  cargo xtask bench --quick --json figures.json
  cargo xtask bench --against ../old --rounds 9     what did a change cost?

Close other programs while measuring. Each round runs the programs one after another, on one thread
unless the figure says otherwise.";

/// Amount of measurement.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: u32,
    quick: bool,
}

/// Runs the benchmarks that `flags` name and prints the figures.
pub(crate) fn bench(paths: &Paths, flags: &Flags) -> Result<ExitCode> {
    let what = if flags.what.is_empty() { What::value_variants() } else { &flags.what };
    let effort = Effort { rounds: if flags.quick { 2 } else { flags.rounds }, quick: flags.quick };
    let (mut figures, mut failed) = (Vec::new(), false);
    if let Some(other) = &flags.against {
        figures = against::measure(paths, effort, other)?;
    }
    let what = if flags.against.is_some() { &[] } else { what };
    // In the order of the list, each once, whatever the order of the flags.
    for what in What::value_variants().iter().filter(|known| what.contains(known)) {
        match what.measure(paths, effort) {
            Ok(measured) => figures.extend(measured),
            Err(error) => {
                eprintln!("error: {}: {error:#}", what.name());
                failed = true;
            }
        }
    }
    print!("{}", figure::table(&figures));
    failed |= figures.iter().any(Figure::fails);
    if let Some(file) = &flags.json {
        let json = figure::json(&figures, effort.rounds);
        fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl What {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn measure(self, paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
        eprintln!("=== {} ===", self.name());
        match self {
            Self::Simulation => simulation::measure(paths, effort),
            Self::Memory => memory::measure(paths, effort),
            Self::Wasm => wasm::measure(paths, effort),
            Self::Trace => trace::measure(paths, effort),
            Self::Instructions => instructions::measure(paths),
            Self::Criterion => criterion::measure(paths, effort),
            Self::Page => page::measure(paths, effort),
        }
    }
}
