//! `cargo xtask test`: runs all steps, even after a failure, and prints a summary.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::paths::Paths;
use crate::setup::Machine;
use crate::step::{Done, Step};

/// The result of a step.
struct Report {
    step: Step,
    took: Duration,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(&'static str),
}

/// Runs `steps` and prints the summary. The exit code is 1 if a step failed.
pub(crate) fn test(paths: &Paths, steps: &[Step], long: bool) -> ExitCode {
    let machine = Machine::new(paths);
    set_up(&machine, steps);
    let reports: Vec<Report> = steps.iter().map(|step| run(*step, &machine, long)).collect();
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
        Ok(Done::Passed) => Outcome::Passed,
        Ok(Done::Skipped(reason)) => Outcome::Skipped(reason),
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
        Outcome::Skipped(_) => "skipped",
    };
    format!("{:<11} {word:<7} {:>7.1} s", report.step.name(), report.took.as_secs_f64())
}

fn summarize(reports: &[Report], long: bool) -> ExitCode {
    println!("\n=== summary ===");
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for report in reports {
        println!("{}", line(report));
        match report.outcome {
            Outcome::Passed => passed += 1,
            Outcome::Failed(_) => failed += 1,
            Outcome::Skipped(_) => skipped += 1,
        }
    }
    let long = if long { " --long" } else { "" };
    for report in reports {
        let name = report.step.name();
        match &report.outcome {
            Outcome::Passed => {}
            Outcome::Skipped(reason) => println!("{name} skipped: {reason}"),
            Outcome::Failed(error) => {
                println!("{name} FAILED: {error}\n  repeat: cargo xtask test{long} {name}");
            }
        }
    }
    println!("{}", counts(passed, failed, skipped));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns the last line of a run. Programs parse it, so its format is fixed.
fn counts(passed: usize, failed: usize, skipped: usize) -> String {
    let counts = format!("steps: {passed} passed, {failed} failed");
    if skipped == 0 { counts } else { format!("{counts}, {skipped} skipped") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_skips_only_when_there_are_any() {
        assert_eq!(counts(9, 1, 0), "steps: 9 passed, 1 failed");
        assert_eq!(counts(9, 0, 1), "steps: 9 passed, 0 failed, 1 skipped");
    }
}
