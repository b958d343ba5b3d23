//! `cargo xtask test`: runs all steps, even after a failure, and prints a summary.

use std::io;
use std::process::{Child, ExitCode};
use std::time::{Duration, Instant};

use crate::background::{Background, Ended};
use crate::paths::Paths;
use crate::schedulers::NotRun;
use crate::setup::Machine;
use crate::step::{self, Step};

/// The result of a step.
struct Report {
    step: Step,
    took: Duration,
    outcome: Outcome,
    /// What it printed, if that is far above in the output of a run.
    output: String,
}

enum Outcome {
    Passed,
    /// At least a part did not run, because this machine lacks something; the rest passed.
    NotRun(String),
    Failed(String),
}

/// Runs `steps` and prints the summary. The exit code is 1 if a step failed.
pub(crate) fn test(paths: &Paths, steps: &[Step], long: bool) -> ExitCode {
    let machine = Machine::new(paths);
    set_up(&machine, steps);
    let all = steps.starts_with(&Step::ALL);
    let (mut ahead, mut background): (Option<Child>, Option<Background>) = (None, None);
    let mut reports = Vec::new();
    for step in steps {
        if all && step::BACKGROUND.contains(step) {
            continue;
        }
        if all && *step == Step::Page {
            ahead = step::build_ahead(&machine, step::DEPENDENCIES).ok();
        }
        // Tests measure times: nothing else runs meanwhile. Their build is not one of them.
        if *step == Step::Test {
            if background.is_some() {
                // If it failed, the step says why.
                let _: anyhow::Result<()> = step::build_tests(&machine);
            }
            // If it failed, the step `release` says why.
            let _: Option<io::Result<_>> = ahead.as_mut().map(Child::wait);
            reports.extend(background.take().into_iter().flat_map(Background::finish).map(shown));
        }
        reports.push(run(*step, &machine, long));
        if all && *step == Step::Page {
            background = Some(Background::start(paths, &step::BACKGROUND, long));
        }
    }
    summarize(&reports, long)
}

/// Runs a step that is one part of a run of all steps, without a summary.
pub(crate) fn part(paths: &Paths, steps: &[Step], long: bool) -> ExitCode {
    let machine = Machine::new(paths);
    let failed = |step: &Step| match step.run(&machine, long) {
        Ok(()) => false,
        Err(error) => {
            eprintln!("error: {error:#}");
            true
        }
    };
    if steps.iter().any(failed) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Prints the output of a step that ran in the background, and returns its report.
fn shown(ended: Ended) -> Report {
    let Ended { step, took, result, output } = ended;
    println!("\n=== {} ===\n{output}", step.name());
    let outcome = match result {
        Ok(()) => Outcome::Passed,
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    let report = Report { step, took, outcome, output };
    println!("{}", line(&report));
    report
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
        Err(error) if error.is::<NotRun>() => Outcome::NotRun(error.to_string()),
        Err(error) => Outcome::Failed(format!("{error:#}")),
    };
    let report = Report { step, took: start.elapsed(), outcome, output: String::new() };
    println!("{}", line(&report));
    report
}

/// Returns a line such as `clippy      passed    12.3 s`.
fn line(report: &Report) -> String {
    let word = match report.outcome {
        Outcome::Passed => "passed",
        Outcome::NotRun(_) => "not run",
        Outcome::Failed(_) => "FAILED",
    };
    format!("{:<11} {word:<7} {:>7.1} s", report.step.name(), report.took.as_secs_f64())
}

fn summarize(reports: &[Report], long: bool) -> ExitCode {
    println!("\n=== summary ===");
    let (mut passed, mut not_run, mut failed) = (0, 0, 0);
    for report in reports {
        println!("{}", line(report));
        match report.outcome {
            Outcome::Passed => passed += 1,
            Outcome::NotRun(_) => not_run += 1,
            Outcome::Failed(_) => failed += 1,
        }
    }
    let long = if long { " --long" } else { "" };
    for report in reports {
        let name = report.step.name();
        match &report.outcome {
            Outcome::Passed => {}
            Outcome::NotRun(reason) => println!("{name} did not run completely: {reason}"),
            Outcome::Failed(error) => {
                println!("{name} FAILED: {error}\n  repeat: cargo xtask test{long} {name}");
                print!("{}", end(&report.output));
            }
        }
    }
    println!("{}", counts(passed, failed, not_run));
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Number of lines that the summary repeats of a step that failed in the background: a test runner ends with what failed.
const REPEATED: usize = 40;

/// Returns the last lines of a step's output, indented.
fn end(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let last = &lines[lines.len().saturating_sub(REPEATED)..];
    last.iter().map(|line| format!("  | {line}\n")).collect()
}

/// Returns the last line of a run. Programs parse it, so its format is fixed.
fn counts(passed: usize, failed: usize, not_run: usize) -> String {
    let skipped = if not_run == 0 { String::new() } else { format!(", {not_run} skipped") };
    format!("steps: {passed} passed, {failed} failed{skipped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_did_not_run_are_not_counted_as_passed() {
        assert_eq!(counts(3, 1, 0), "steps: 3 passed, 1 failed");
        assert_eq!(counts(2, 0, 1), "steps: 2 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn the_summary_repeats_how_a_failed_step_ended() {
        assert_eq!(end("first\nlast\n"), "  | first\n  | last\n");
        assert_eq!(end(""), "");
        let many: String = (1..=100).map(|i| format!("{i}\n")).collect();
        assert!(end(&many).starts_with("  | 61\n") && end(&many).ends_with("  | 100\n"));
    }
}
