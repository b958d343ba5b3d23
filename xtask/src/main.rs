//! `cargo xtask`: set-up, page build and tests, the one entry for a laptop and for CI.
//!
//! It does not replace cargo: every step prints the command that it runs, and each of those
//! commands can be run by hand. What it adds is the order, the wasm toolchain (see [`toolchain`]),
//! the assembly of the page (see [`page`]) and the set-up of the programs that tests need (see
//! [`install`]).
//!
//! ```text
//! cargo xtask lab     page, then the release binary, then `retrylab lab`
//! cargo xtask page    web/ + www/  ->  www/dist/, which the binary embeds
//! cargo xtask test    everything that guards the project, step by step
//! cargo xtask tidy    the step of that name alone, and lists of what is left to rewrite
//! cargo xtask fuzz    a fuzzer on what reads scenarios and what runs them
//! cargo xtask bench   its speed and its memory, beside others and beside what is wanted
//! ```

mod bench;
mod dist;
mod fuzz;
mod install;
mod lab;
mod node;
mod page;
mod paths;
mod run;
mod screenshot;
mod setup;
mod step;
mod test;
mod tidy;
mod toolchain;

use std::ffi::OsString;
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
        /// Flags for `retrylab lab`, passed on as they are: --port N, --open, …
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FLAG")]
        flags: Vec<OsString>,
    },
    /// Build the page into www/dist, where the program embeds it from
    Page,
    /// Run everything that guards the project, or only the named steps
    #[command(after_help = step::HELP)]
    Test {
        /// Run the long tests too: the ignored ones of core and the program, in a release build, and
        /// the page's, which RETRYLAB_LONG=1 turns on
        #[arg(long)]
        long: bool,
        /// The steps to run; all of them when none is named
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
    },
    /// Check layers, cycles, lengths and phrases, or list the phrases that are left to rewrite
    Tidy {
        /// List every phrase in files whose paths begin with PATH, whatever the budget
        #[arg(value_name = "PATH")]
        paths: Vec<String>,
        /// Lower the budget of phrases to what is there, instead of checking
        #[arg(long, conflicts_with = "paths")]
        update: bool,
    },
    /// Let a fuzzer look for input that breaks the project
    #[command(after_help = fuzz::HELP)]
    Fuzz {
        /// How long each target runs
        #[arg(long, value_name = "N", default_value_t = 180)]
        seconds: u32,
        /// The target to run
        #[arg(value_name = "TARGET")]
        target: Option<String>,
    },
    /// Measure speed and memory, beside a peer and beside what is wanted
    #[command(after_help = bench::HELP)]
    Bench(bench::Flags),
    /// Run the page's tests and keep their picture of the lab as docs/lab.png
    Screenshot,
}

const AFTER_HELP: &str = "\
Start here:
  cargo xtask lab --open      see it: builds what is missing, serves the page, opens it
  cargo xtask test            what CI runs: every step, its time, and a summary
  cargo xtask test fmt clippy only these steps; `cargo xtask test --help` lists them
  cargo xtask bench --quick   speed and memory, in a minute; without --quick, in earnest

What is missing on the machine (the wasm target, socat, ncat, chromium) is installed when
that needs no question: by rustup, or by apt as root. Otherwise one command is printed.
Node 20 or newer runs the page's tests; building the page needs Rust only.
Build output goes to target/, or to CARGO_TARGET_DIR when that is set.";

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
        Command::Page => page::page(&paths).map(|()| ExitCode::SUCCESS),
        Command::Test { long, steps } => match step::parse(&steps) {
            Ok(steps) => Ok(test::test(&paths, &steps, long)),
            Err(sentence) => {
                eprintln!("error: {sentence}");
                Ok(ExitCode::from(2))
            }
        },
        Command::Tidy { update, paths: prefixes } => {
            match (update, prefixes.is_empty()) {
                (true, _) => tidy::update(&paths),
                (false, true) => tidy::check(&paths),
                (false, false) => tidy::list(&paths, &prefixes),
            }?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Fuzz { seconds, target } => fuzz::fuzz(&paths, target.as_deref(), seconds),
        Command::Bench(flags) => bench::bench(&paths, &flags),
        Command::Screenshot => screenshot::screenshot(&paths),
    }
}
