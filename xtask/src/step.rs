//! The steps of `cargo xtask test`: their names, what each needs, and what each runs.

use std::process::Child;

use anyhow::Result;

use crate::digests;
use crate::node;
use crate::page;
use crate::readers;
use crate::run::Cmd;
use crate::schedulers;
use crate::setup::{Machine, Need};
use crate::tidy;
use crate::toolchain::Std;

/// One step. A step can run alone, without the previous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Fmt,
    Tidy,
    Page,
    Clippy,
    NoStd,
    Test,
    Doc,
    Types,
    Release,
    Browser,
    Schedulers,
}

/// The list of steps in `cargo xtask test --help`.
pub(crate) const HELP: &str = "\
Steps in the order in which they run; a failed step does not stop the others:
  fmt         the formatting of all Rust code
  tidy        the layers of core, cycles between modules, lengths, and phrases that are not plain
              English; `cargo xtask tidy` runs it alone
  page        the page build of `cargo xtask page`, and what a visitor downloads against its limits
  release     the release binary, with the built page in it; its digests; and the tests that need many
              events: published results, and the memory of large runs
  browser     the page's tests, in Chromium and Firefox, against the release binary; with --long more of each
  clippy      lints of all Rust code; warnings are errors
  no-std      core without the standard library, alone and with all its other features, for wasm
  doc         the documentation builds without a warning
  types       the page's modules and tests type-check against the built page
  test        all Rust tests: unit, property, integration, documentation; with --long also the
              ignored ones, which are all among the published results, in a release build
  schedulers  Slurm, GNU parallel, Kubernetes' indexed jobs and Dask run and merge shards with the
              files in examples/; runs only with --long, or if it is named

If all steps run, `release` and `browser` run in the background, during those from `clippy` to `types`.
`types` and `browser` use the last output of `page` and `release`.";

impl Step {
    /// Steps of a usual run in the order in which they run: quick ones first, each after the steps whose output it uses, and
    /// last the tests that measure times.
    pub(crate) const ALL: [Self; 10] = [
        Self::Fmt,
        Self::Tidy,
        Self::Page,
        Self::Release,
        Self::Browser,
        Self::Clippy,
        Self::NoStd,
        Self::Doc,
        Self::Types,
        Self::Test,
    ];

    /// Steps that run after those, but only with `--long` or by name: what they install is large.
    pub(crate) const LONG: [Self; 1] = [Self::Schedulers];

    /// Returns the name on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Tidy => "tidy",
            Self::Clippy => "clippy",
            Self::NoStd => "no-std",
            Self::Page => "page",
            Self::Test => "test",
            Self::Doc => "doc",
            Self::Types => "types",
            Self::Release => "release",
            Self::Browser => "browser",
            Self::Schedulers => "schedulers",
        }
    }

    /// Returns what the step needs on the machine.
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Self::Fmt
            | Self::Tidy
            | Self::Clippy
            | Self::Doc
            | Self::Release
            | Self::Schedulers => &[],
            Self::NoStd => &[Need::Wasm],
            Self::Page => &[Need::Wasm, Need::Node],
            Self::Test => &[Need::Peers],
            Self::Types => &[Need::Node],
            Self::Browser => &[Need::Node, Need::Browsers],
        }
    }

    /// Runs the step. Its commands are printed and share this program's output.
    pub(crate) fn run(self, machine: &Machine<'_>, long: bool) -> Result<()> {
        let paths = machine.paths;
        let cargo = |words| Cmd::cargo(paths).words(words);
        match self {
            Self::Fmt => cargo("fmt --all --check").run()?,
            Self::Tidy => tidy::check(paths)?,
            Self::Clippy => {
                // The page's code has nothing that is compiled for wasm only, so it is checked natively like the rest.
                // What is compiled only without a feature is compiled by `page` and `no-std`, but not linted.
                cargo("clippy --workspace --all-targets --all-features -- -D warnings").run()?;
            }
            Self::NoStd => no_std(machine)?,
            Self::Page => {
                machine.node()?;
                page::build(paths, machine.wasm()?)?;
            }
            Self::Test => {
                machine.peers()?;
                cargo(TESTS)
                    .words("--no-fail-fast")
                    .env("RUST_TEST_THREADS", test_threads().to_string())
                    .run()?;
                // On its own, it is built with the features with which it runs now.
                cargo("test -p xtask --no-fail-fast").run()?;
                if long {
                    // Optimized: in a debug build they take ten times as long. All long tests are in this file, because
                    // to build each test file takes longer than to run them.
                    cargo("test --release -p retrylab --test results -- --ignored")
                        .env("RETRYLAB_READERS", readers::install(paths)?)
                        .run()?;
                }
            }
            // `--examples` gives dependencies the same features as in `clippy`, so they are not checked again.
            Self::Doc => cargo("doc --workspace --no-deps --all-features --lib --examples")
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()?,
            Self::Types => {
                machine.node()?;
                node::types(paths)?;
            }
            Self::Release => {
                cargo(RELEASE).run()?;
                digests::check(paths)?;
                cargo("test --release -p retrylab --test results").run()?;
            }
            Self::Browser => {
                node::browser(paths, machine.node()?, &machine.browsers()?, long)?;
            }
            Self::Schedulers => schedulers::check(paths)?,
        }
        Ok(())
    }
}

/// The tests of everything but xtask, which has features of its own.
const TESTS: &str = "test --workspace --exclude xtask --all-features";

/// Builds the tests without running them. The step itself shows its errors.
pub(crate) fn build_tests(machine: &Machine<'_>) -> Result<()> {
    Cmd::cargo(machine.paths).words(TESTS).words("--no-run").run()
}

/// Of all steps, those that run in the background: they use one processor, and wait for the browser.
pub(crate) const BACKGROUND: [Step; 2] = [Step::Release, Step::Browser];

/// Tests of the program wait most of the time, so more of them run at once than there are processors.
fn test_threads() -> usize {
    3 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// The build that takes longest. The program contains the page, which must be finished.
const RELEASE: &str = "build --release -p retrylab";

/// The part of it that needs no page: the dependencies. The page's build leaves a processor idle.
pub(crate) const DEPENDENCIES: &str = "build --release -p retrylab --lib";

/// Starts a part of the step `release`. It runs silently: the step itself shows its errors.
pub(crate) fn build_ahead(machine: &Machine<'_>, build: &str) -> Result<Child> {
    Cmd::cargo(machine.paths).words(build).start()
}

/// The core without its standard library: the machines and policies alone, and with everything else.
const CORE_FEATURES: [&str; 2] = ["", "--features dns,packets,serde"];

/// Checks it for wasm, where a standard library that is built from its source has no `std` to use.
fn no_std(machine: &Machine<'_>) -> Result<()> {
    let toolchain = machine.wasm()?;
    for features in CORE_FEATURES {
        toolchain
            .cargo(machine.paths, "check", Std::Alloc)
            .words("-p retrylab-core --no-default-features")
            .words(features)
            .run()?;
    }
    Ok(())
}

/// Returns the named steps in their usual order without duplicates, or all steps if none is named. The error
/// lists the known steps.
pub(crate) fn parse(names: &[String], long: bool) -> Result<Vec<Step>, String> {
    let all = [&Step::ALL[..], &Step::LONG].concat();
    let allowed: Vec<&str> = all.iter().map(|step| step.name()).collect();
    if let Some(unknown) = names.iter().find(|name| !allowed.contains(&name.as_str())) {
        return Err(format!("unknown step `{unknown}`; the steps are {}", allowed.join(", ")));
    }
    if names.is_empty() {
        return Ok(if long { all } else { Step::ALL.to_vec() });
    }
    let named = |step: &Step| names.iter().any(|name| name == step.name());
    Ok(all.into_iter().filter(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &str) -> Result<Vec<Step>, String> {
        parse(&words.split_whitespace().map(String::from).collect::<Vec<_>>(), false)
    }

    #[test]
    fn steps_run_in_their_order_and_once() {
        assert_eq!(parse_words("").unwrap(), Step::ALL);
        assert_eq!(parse(&[], true).unwrap(), [&Step::ALL[..], &[Step::Schedulers]].concat());
        assert_eq!(parse_words("schedulers fmt").unwrap(), [Step::Fmt, Step::Schedulers]);
        assert_eq!(parse_words("clippy fmt clippy").unwrap(), [Step::Fmt, Step::Clippy]);
    }

    #[test]
    fn an_unknown_step_is_answered_with_the_known_ones() {
        let sentence = parse_words("fmt tset").unwrap_err();
        assert_eq!(
            sentence,
            "unknown step `tset`; the steps are fmt, tidy, page, release, browser, clippy, \
             no-std, doc, types, test, schedulers"
        );
    }

    #[test]
    fn help_lists_every_step_in_order() {
        let mut rest = HELP;
        for step in parse(&[], true).unwrap() {
            let line = format!("\n  {} ", step.name());
            let at = rest.find(&line).unwrap_or_else(|| panic!("{line:?} is missing in {rest}"));
            rest = &rest[at + 1..];
        }
    }
}
