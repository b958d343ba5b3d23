//! Builds the contenders' programs, and returns the commands that run them.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::paths::Paths;
use crate::run::Cmd;
use crate::toolchain::{Std, Toolchain};

/// Number of clients, and of exchanges per client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) clients: u32,
    pub(super) exchanges: u32,
}

/// The same number of exchanges with few clients and with many.
pub(super) const FEW: Size = Size::new(1_000, 1_000);
pub(super) const MANY: Size = Size::new(1_000_000, 1);

/// More clients than there is memory for in one network.
pub(super) const HUGE: Size = Size::new(100_000_000, 1);

impl Size {
    pub(super) const fn new(clients: u32, exchanges: u32) -> Self {
        Self { clients, exchanges }
    }

    /// Returns the total number of exchanges.
    pub(super) fn total(self) -> f64 {
        f64::from(self.clients) * f64::from(self.exchanges)
    }

    pub(super) fn words(self) -> [String; 2] {
        [self.clients.to_string(), self.exchanges.to_string()]
    }
}

/// Builds the contenders of `bench/`.
pub(super) fn build(paths: &Paths) -> Result<()> {
    Cmd::cargo(paths)
        .words("build --release -p retrylab-bench --bins")
        .env("CARGO_TARGET_DIR", &paths.target)
        .run()
}

/// Builds the simulated network with the symbols of its files and lines, and returns the program.
pub(super) fn build_with_symbols(paths: &Paths) -> Result<PathBuf> {
    Cmd::cargo(paths).words("build --profile symbols -p retrylab-bench --bin simulation").run()?;
    Ok(built(paths, "symbols", "simulation"))
}

/// Builds the simulated network for wasm, for speed (the page is built for size), and returns the module.
pub(super) fn build_wasm(paths: &Paths) -> Result<PathBuf> {
    let toolchain = Toolchain::find(paths)?;
    toolchain
        .cargo(paths, "build", Std::Full)
        .words("--profile wasm --config profile.wasm.opt-level=3 -p retrylab-bench --lib")
        .run()?;
    Ok(toolchain.target_dir(paths).join("wasm32-unknown-unknown/wasm/retrylab_bench.wasm"))
}

/// Builds the peer with cargo's own settings.
pub(super) fn build_plain_peer(paths: &Paths) -> Result<()> {
    Cmd::cargo(paths).words("build --profile plain -p retrylab-bench --bin tokio_paused").run()
}

/// Builds the command-line program.
pub(super) fn build_retrylab(paths: &Paths) -> Result<()> {
    Cmd::cargo(paths).words("build --release -p retrylab").run()
}

/// Returns the `retrylab sim` command, which also works by hand, with this number of threads or one for each core.
pub(super) fn retrylab(paths: &Paths, size: Size, threads: Option<u32>) -> Cmd {
    let Size { clients, exchanges } = size;
    let cmd = Cmd::new(paths.release_binary(), &paths.root)
        .words("sim --json --set server.drop=0.5 --set")
        .arg(format!("clients={clients}"))
        .arg("--set")
        .arg(format!("exchanges={exchanges}"));
    match threads {
        Some(threads) => cmd.arg("--threads").arg(threads.to_string()),
        None => cmd,
    }
}

/// Returns the command for `seeds` runs of a scenario that ships, on one thread.
pub(super) fn shipped(paths: &Paths, name: &str, seeds: u32) -> Cmd {
    Cmd::new(paths.release_binary(), &paths.root)
        .words("sim --json --threads 1")
        .arg(name)
        .arg("--seeds")
        .arg(seeds.to_string())
}

/// Returns the command for the simulated network in a process that reports its own time and memory.
pub(super) fn simulation(paths: &Paths, size: Size) -> Cmd {
    Cmd::new(release(paths, "simulation"), &paths.root).args(size.words())
}

/// Returns the command for the peer, built with this project's settings.
pub(super) fn tokio_paused(paths: &Paths, size: Size) -> Cmd {
    Cmd::new(release(paths, "tokio_paused"), &paths.root).args(size.words())
}

/// Returns the command for the peer, built with cargo's own settings.
pub(super) fn plain_tokio_paused(paths: &Paths, size: Size) -> Cmd {
    Cmd::new(built(paths, "plain", "tokio_paused"), &paths.root).args(size.words())
}

/// Returns the command for the simulated network in `module` under Node.
pub(super) fn node(paths: &Paths, module: &PathBuf, size: Size) -> Cmd {
    Cmd::new("node", &paths.root).arg("bench/wasm/run.mjs").arg(module).args(size.words())
}

/// Returns the same command with the clients shared among `workers` threads.
pub(super) fn node_workers(paths: &Paths, module: &PathBuf, size: Size, workers: u32) -> Cmd {
    node(paths, module, size).arg(workers.to_string())
}

fn release(paths: &Paths, name: &str) -> PathBuf {
    built(paths, "release", name)
}

fn built(paths: &Paths, profile: &str, name: &str) -> PathBuf {
    paths.target.join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
}
