//! `cargo xtask fuzz`: runs each target of `fuzz/` for some time.
//!
//! The project's code is safe Rust, so a fuzzer can find only panics, endless runs and unbounded memory. A
//! sanitizer would find nothing more, and without one the stable toolchain is enough.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::install;
use crate::paths::Paths;
use crate::run::{Cmd, find_program};

/// A target, the folder with inputs to start from, and the longest input.
struct Target {
    name: &'static str,
    seeds: Option<&'static str>,
    longest: u32,
}

const TARGETS: [Target; 9] = [
    Target { name: "scenario_text", seeds: Some("core/scenarios"), longest: 4_096 },
    Target { name: "scenario_link", seeds: None, longest: 1_024 },
    Target { name: "scenario_set", seeds: None, longest: 256 },
    Target { name: "data_file", seeds: None, longest: 1_024 },
    Target { name: "sweep_values", seeds: None, longest: 256 },
    Target { name: "scenario_run", seeds: None, longest: 256 },
    Target { name: "http_response", seeds: None, longest: 1_024 },
    Target { name: "http_requests", seeds: None, longest: 1_024 },
    Target { name: "dns", seeds: None, longest: 1_024 },
];

/// The targets in `cargo xtask fuzz --help`.
pub(crate) const HELP: &str = "\
Targets (if none is named, all of them run one after another):
  scenario_text   any text is a scenario file, or is refused with file name and line number
  scenario_link   any text is accepted as a link; unreadable parts are reported
  scenario_set    any text is the value of a key, or is refused; what is written is read as the same value
  data_file       any text is a file of times, or is refused with its line number
  sweep_values    any text is the list of values of a sweep, or is refused
  scenario_run    any valid scenario ends within its limits and reports the reason
  http_response   any bytes are a response or are refused, however they are split
  http_requests   any bytes are answered with readable responses, however they are split
  dns             any message gets a bounded reply or none, and any reply is accepted or rejected

Failing inputs are saved in fuzz/artifacts/, interesting ones in fuzz/corpus/.";

/// The command that installs the fuzzer.
const INSTALL: &str = "cargo install cargo-fuzz --root target/tools";

/// Runs each target for `seconds`. The exit code is 2 if no target could run.
pub(crate) fn fuzz(paths: &Paths, name: Option<&str>, seconds: u32) -> Result<ExitCode> {
    let known = TARGETS.map(|target| target.name);
    if let Some(unknown) = name.filter(|name| !known.contains(name)) {
        let known = known.join(", ");
        eprintln!("error: unknown target `{unknown}`; the targets are {known}");
        return Ok(ExitCode::from(2));
    }
    if let Err(error) = install::programs(&[&install::CXX]) {
        eprintln!("error: {error:#}");
        return Ok(ExitCode::from(2));
    }
    if !has_cargo_fuzz(paths) {
        eprintln!("error: cargo-fuzz not found; run: {INSTALL}");
        return Ok(ExitCode::from(2));
    }
    let path = search_path(paths)?;
    for target in TARGETS.iter().filter(|target| name.is_none_or(|name| name == target.name)) {
        target.run(paths, &path, seconds)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Target {
    fn run(&self, paths: &Paths, path: &OsStr, seconds: u32) -> Result<()> {
        let fuzz = paths.root.join("fuzz");
        let corpus = fuzz.join("corpus").join(self.name);
        fs::create_dir_all(&corpus).context("cannot create fuzz/corpus")?;
        // The fuzzer writes new inputs to the first folder.
        let folders = [Some(corpus), self.seeds.map(|seeds| paths.root.join(seeds))];
        Cmd::cargo(paths)
            .env("PATH", path)
            .words("fuzz run --sanitizer none --fuzz-dir")
            .arg(&fuzz)
            .arg("--target-dir")
            .arg(paths.target.join("fuzz"))
            .arg(self.name)
            .args(folders.into_iter().flatten())
            .arg("--")
            .arg(format!("-dict={}", fuzz.join("keys.dict").display()))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={}", self.longest))
            // Limits on one input in seconds and mebibytes, far above what any input needs.
            .words("-timeout=20 -rss_limit_mb=2048 -len_control=0")
            .run()
    }
}

/// Returns the folder that [`INSTALL`] fills.
fn tools(paths: &Paths) -> PathBuf {
    paths.root.join("target").join("tools").join("bin")
}

fn has_cargo_fuzz(paths: &Paths) -> bool {
    let name = format!("cargo-fuzz{}", env::consts::EXE_SUFFIX);
    tools(paths).join(name).is_file() || find_program("cargo-fuzz").is_some()
}

/// Returns `PATH` with the tools' folder in front: cargo looks for its subcommands there.
fn search_path(paths: &Paths) -> Result<OsString> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let all = iter::once(tools(paths)).chain(env::split_paths(&inherited));
    env::join_paths(all).context("cannot extend PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_target_and_each_has_its_file() {
        let root = Paths::find().unwrap().root;
        let manifest = fs::read_to_string(root.join("fuzz/Cargo.toml")).unwrap();
        for Target { name, seeds, .. } in TARGETS {
            assert!(HELP.contains(&format!("\n  {name} ")), "{name}");
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(root.join(format!("fuzz/fuzz_targets/{name}.rs")).is_file(), "{name}");
            assert!(seeds.is_none_or(|seeds| root.join(seeds).is_dir()), "{name}");
        }
    }
}
