//! `cargo xtask`: set-up, page build, tests and benchmarks, the same on a laptop and in CI.
//!
//! It does not replace cargo: every step prints the commands that it runs, and you can run each of them
//! yourself. It adds the order, the wasm toolchain (see [`toolchain`]),
//! the assembly of the page (see [`page`]) and the set-up of the programs that tests need (see
//! [`install`]).
//!
//! ```text
//! cargo xtask lab     page, then the release binary, then `retrylab lab`
//! cargo xtask page    web/ + www/  ->  www/dist/ and, compressed for the binary to embed, www/packed/
//! cargo xtask man     writes the program's manual pages to target/man
//! cargo xtask test    runs all checks, step by step
//! cargo xtask tidy    checks the layout of the code and its wording
//! cargo xtask fuzz    fuzzes what reads scenarios and HTTP, and runs of scenarios
//! cargo xtask bench   measures speed and memory, and compares them with a peer and the targets
//! ```

mod background;
mod bench;
mod digests;
mod dist;
mod fuzz;
mod install;
mod lab;
mod man;
mod node;
mod page;
mod paths;
mod readers;
mod run;
mod schedulers;
mod screenshot;
mod setup;
mod step;
mod test;
mod tidy;
mod toolchain;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::paths::Paths;

/// Set-up, page build and tests of retrylab.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the page and the program, then serve the lab
    Lab {
        /// Flags to pass to `retrylab lab`: --port N, --open, …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FLAG")]
        flags: Vec<OsString>,
    },
    /// Build the page into www/dist and, compressed for the program to embed, into www/packed
    Page,
    /// Write the program's manual pages
    Man {
        /// Folder for the pages [default: man/ in the folder of the build]
        folder: Option<PathBuf>,
    },
    /// Run all checks, or only the named steps
    #[command(after_help = step::HELP)]
    Test {
        /// Run the long tests too: the ignored ones of the published results, in a release build; the
        /// page's, which RETRYLAB_LONG=1 turns on; and the step `schedulers`
        #[arg(long)]
        long: bool,
        /// Leave out set-up and summary
        #[arg(long, hide = true)]
        part: bool,
        /// Steps to run [default: all]
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
    /// Check layers, cycles, lengths and phrases, or only the phrases in some files
    Tidy {
        /// Check only the phrases, in files whose paths begin with PATH
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
    },
    /// Search for inputs that break the project
    #[command(after_help = fuzz::HELP)]
    Fuzz {
        /// Seconds to run each target
        #[arg(long, value_name = "N", default_value_t = 180)]
        seconds: u32,
        /// Target to run [default: all]
        #[arg(value_name = "TARGET")]
        target: Option<String>,
    },
    /// Measure speed and memory, and compare them with a peer and with the targets
    #[command(after_help = bench::HELP)]
    Bench(bench::Flags),
    /// Run the page's tests and save their screenshot as docs/lab.png
    Screenshot,
}

const AFTER_HELP: &str = "\
Start here:
  cargo xtask lab --open      build the page and the program, and open the page
  cargo xtask test            run what CI runs: all steps, then a summary
  cargo xtask test fmt clippy run only these steps; `cargo xtask test --help` lists them
  cargo xtask bench --quick   try the benchmarks in a minute; omit --quick to measure

Missing tools (the wasm target, socat, zsh, mandoc, browsers and others) are installed through rustup,
or through apt if you are root; `test --long` also installs R, Slurm, GNU parallel and, through pip into
target/, pandas, polars, duckdb and Dask. Otherwise the install command is printed. The page, to build and to test, needs
Node 20 or newer. Build output goes to target/, or to CARGO_TARGET_DIR if it is set.";

fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    let paths = Paths::find()?;
    match command {
        Command::Lab { flags } => lab::lab(&paths, &flags),
        Command::Man { folder } => man::man(&paths, folder.as_deref()).map(|()| ExitCode::SUCCESS),
        Command::Page => page::page(&paths).map(|()| ExitCode::SUCCESS),
        Command::Test { long, part, steps } => match step::parse(&steps, long) {
            Ok(steps) if part => Ok(test::part(&paths, &steps, long)),
            Ok(steps) => Ok(test::test(&paths, &steps, long)),
            Err(sentence) => {
                eprintln!("error: {sentence}");
                Ok(ExitCode::from(2))
            }
        },
        Command::Tidy { paths: prefixes } => {
            let checked = if prefixes.is_empty() {
                tidy::check(&paths)
            } else {
                tidy::list(&paths, &prefixes)
            };
            checked.map(|()| ExitCode::SUCCESS)
        }
        Command::Fuzz { seconds, target } => fuzz::fuzz(&paths, target.as_deref(), seconds),
        Command::Bench(flags) => bench::bench(&paths, &flags),
        Command::Screenshot => screenshot::screenshot(&paths),
    }
}
