//! `cargo xtask bench`: the project's figures of speed and memory, measured so that anyone can repeat
//! them.
//!
//! The speed of a machine drifts by tens of per cent within minutes. Contenders that are compared
//! therefore take turns, and what is told is the ratio within each turn (see [`rounds`]). A slow
//! result is a result: only what cannot run is an error.

mod criterion;
mod figure;
mod memory;
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
    /// What to measure; everything when nothing is named
    #[arg(value_name = "WHAT")]
    what: Vec<What>,
    /// How many turns the contenders take
    #[arg(long, default_value_t = 7, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Few turns and short ones: is anything broken, not how fast is it
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// Write the figures to FILE as JSON too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Exchanges a second at 1,000 and 1,000,000 clients, beside tokio's paused clock
    Simulation,
    /// Resident bytes per client, and what a longer run adds
    Memory,
    /// The simulated network in wasm under Node, beside the same natively
    Wasm,
    /// What keeping the full trace costs
    Trace,
    /// The parts by themselves: criterion's benches of the core
    Criterion,
}

/// The last lines of `cargo xtask bench --help`.
pub(crate) const HELP: &str = "\
The work: N clients make M exchanges each over a link of 10 ms, the server drops half of the
requests, the policy is the textbook's. Contenders take turns; a figure is the median of the turns
with its least and most, and a ratio is taken within each turn. The exit code is 1 only when
something could not run, never because something is slow.

Examples:
  cargo xtask bench                        everything: about ten minutes
  cargo xtask bench simulation --rounds 15
  cargo xtask bench --quick --json figures.json

Close what else the machine is doing. A turn runs its contenders one after another on one thread.";

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: u32,
    quick: bool,
}

/// Measures what `flags` name and shows the figures.
pub(crate) fn bench(paths: &Paths, flags: &Flags) -> Result<ExitCode> {
    let what = if flags.what.is_empty() { What::value_variants() } else { &flags.what };
    let effort = Effort { rounds: if flags.quick { 2 } else { flags.rounds }, quick: flags.quick };
    let (mut figures, mut failed) = (Vec::new(), false);
    // In the order of the list, each once, whatever the order of the names.
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
            Self::Memory => memory::measure(paths),
            Self::Wasm => wasm::measure(paths, effort),
            Self::Trace => trace::measure(paths, effort),
            Self::Criterion => criterion::measure(paths, effort),
        }
    }
}
