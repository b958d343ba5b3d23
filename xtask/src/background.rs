//! Steps that run in the background while others run, each in a process of its own.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::paths::Paths;
use crate::step::Step;

/// Steps that run one after another in the background.
pub(crate) struct Background(JoinHandle<Vec<Ended>>);

/// A step that has ended.
pub(crate) struct Ended {
    pub(crate) step: Step,
    pub(crate) took: Duration,
    pub(crate) result: Result<()>,
    /// What it printed.
    pub(crate) output: String,
}

impl Background {
    /// Starts `steps`. Their output is kept in the target folder until [`finish`](Self::finish) returns it.
    pub(crate) fn start(paths: &Paths, steps: &'static [Step], long: bool) -> Self {
        let folder = paths.target.clone();
        let run = move |step: &Step| {
            let (start, log) = (Instant::now(), folder.join(format!("{}.log", step.name())));
            let result = run(*step, &log, long);
            let output = fs::read_to_string(&log).unwrap_or_default();
            Ended { step: *step, took: start.elapsed(), result, output }
        };
        Self(thread::spawn(move || steps.iter().map(run).collect()))
    }

    /// Waits for the steps.
    pub(crate) fn finish(self) -> Vec<Ended> {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// Runs a step in a process of its own. Its output goes to the file `log`.
fn run(step: Step, log: &PathBuf, long: bool) -> Result<()> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(env::current_exe()?);
    command.args(["test", "--part", step.name()]).args(long.then_some("--long"));
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status().context("the step did not start")?;
    if !status.success() {
        bail!("it failed; its output is above, and ends with the lines below");
    }
    Ok(())
}
