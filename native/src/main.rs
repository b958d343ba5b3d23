//! The `retrylab` program: a command line for the machines of `retrylab_core`.

mod address;
mod check;
mod cli;
mod completion;
mod config;
mod data_file;
mod descriptors;
mod existing;
mod exit;
mod filter;
mod fingerprint;
mod flags;
mod help;
mod hints;
mod http;
mod keys;
mod lab;
mod ladder;
mod lookup;
mod man;
mod merge;
mod output;
mod pcapng;
mod peers;
mod plot;
mod presets;
mod queue;
mod runtime;
mod scenario_file;
mod scenarios;
mod schedule;
mod seed;
mod send;
mod serve;
mod shard;
mod signals;
mod sim;
mod source;
mod sweep;
mod table;
mod theory;
mod threads;
mod unreached;
mod variant;
mod whole_file;

use std::process::ExitCode;

fn main() -> ExitCode {
    let exit = match cli::Cli::read() {
        Ok(cli) => cli.run(),
        Err(refused) => refused.explain(),
    };
    output::finish_progress();
    exit.into()
}
