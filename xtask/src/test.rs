//! `cargo xtask test`: runs all steps, even after a failure, and prints a summary.

use std::io;
use std::process::{Child, ExitCode};
use std::time::{Duration, Instant};

use crate::paths::Paths;
use crate::setup::Machine;
use crate::step::{self, Step};

/// The result of a step.
struct Report {
    step: Step,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed(String),
}

/// Runs `steps` and prints the summary. The exit code is 1 if a step failed.
pub(crate) fn test(paths: &Paths, steps: &[Step], long: bool) -> ExitCode {
    let machine = Machine::new(paths);
    set_up(&machine, steps);
    let builds_ahead =
        [Step::Page, Step::Test, Step::Release].iter().all(|step| steps.contains(step));
    let mut ahead: Vec<Child> = Vec::new();
    let mut reports = Vec::new();
    for step in steps {
        // Tests measure times: nothing runs in the background meanwhile.
        if *step == Step::Test {
            for mut build in ahead.drain(..) {
                // If it failed, the step `release` says why.
                let _: io::Result<_> = build.wait();
            }
        }
        if *step == Step::Page && builds_ahead {
            ahead.extend(step::build_ahead(&machine, step::DEPENDENCIES));
        }
        reports.push(run(*step, &machine, long));
        if *step == Step::Page && builds_ahead {
            ahead.extend(step::build_ahead(&machine, step::RELEASE));
        }
    }
    summarize(&reports, long)
}

/// Meets all needs before the first step, so that a failed installation is visible at once and does not
/// delay a step. An unmet need fails only the steps that have it.
fn set_up(machine: &Machine<'_>, steps: &[Step]) {
    println!("=== set-up ===");
    let mut needs = Vec::new();
    for need in steps.iter().flat_map(|step| step.needs()) {
        if !needs.contains(need) {
            needs.push(*need);
            if let Err(error) = machine.set_up(*need) {
                println!("{error:#}");
            }
        }
    }
}

fn run(step: Step, machine: &Machine<'_>, long: bool) -> Report {
    println!("\n=== {} ===", step.name());
    let start = Instant::now();
    let outcome = match step.run(machine, long) {
        Ok(()) => Outcome::Passed,
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    let report = Report { step, took: start.elapsed(), outcome };
    println!("{}", line(&report));
    report
}

/// Returns a line such as `clippy      passed    12.3 s`.
fn line(report: &Report) -> String {
    let word = match report.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed(_) => "FAILED",
    };
    format!("{:<11} {word:<7} {:>7.1} s", report.step.name(), report.took.as_secs_f64())
}

fn summarize(reports: &[Report], long: bool) -> ExitCode {
    println!("\n=== summary ===");
    let (mut passed, mut failed) = (0, 0);
    for report in reports {
        println!("{}", line(report));
        match report.outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(_) => failed += 1,
        }
    }
    let long = if long { " --long" } else { "" };
    for report in reports {
        let name = report.step.name();
        match &report.outcome {
            Outcome::Passed => {}
            Outcome::Failed(error) => {
                println!("{name} FAILED: {error}\n  repeat: cargo xtask test{long} {name}");
            }
        }
    }
    println!("{}", counts(passed, failed));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the last line of a run. Programs parse it, so its format is fixed.
fn counts(passed: usize, failed: usize) -> String {
    format!("steps: {passed} passed, {failed} failed")
}
