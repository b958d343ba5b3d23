//! Published and derived results, reproduced with the program: the built-in scenarios and the variants in
//! their comments; and the memory of large runs.
//!
//! The core tests single machines and formulas; these tests run the whole network. They need many events, so the
//! step `release` of `cargo xtask test` runs them with the optimized program:
//! `cargo test --release -p retrylab --test results`.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../core/tests/support/sample.rs"]
mod sample;

mod chances;
mod collapse;
mod contention;
mod coverage;
#[cfg(target_os = "linux")]
mod memory;
mod metastable;
mod predictions;
mod questions;
mod queues;
mod readers;
mod retries;
mod texts;

use common::run;
use sample::Sample;
use serde_json::Value;

/// Runs `retrylab sim ARGS… --json`, with a `--set` for each of `sets`.
fn sim(args: &[&str], sets: &[&str]) -> Value {
    let sets = sets.iter().flat_map(|set| ["--set", *set]);
    let args: Vec<&str> =
        ["sim"].into_iter().chain(args.iter().copied()).chain(sets).chain(["--json"]).collect();
    let finished = run(&args);
    assert_eq!(finished.code, Some(0), "{args:?}: {}", finished.stderr);
    finished.object()
}

/// Returns one run for each of the seeds 1 to `seeds`, with all its measures.
fn each(args: &[&str], sets: &[&str], seeds: u32) -> Vec<Value> {
    let one = |seed: u32| sim(&[args, &["--seed", &seed.to_string()]].concat(), sets);
    (1..=seeds).map(one).collect()
}

/// Returns a run's number at `path`, which consists of names separated by dots.
fn number(run: &Value, path: &str) -> f64 {
    let found = path.split('.').fold(run, |value, name| &value[name]);
    found.as_f64().unwrap_or_else(|| panic!("{path} is {found}"))
}

/// Returns the number at `path` of all runs.
fn numbers(runs: &[Value], path: &str) -> Sample {
    Sample::of(&runs.iter().map(|run| number(run, path)).collect::<Vec<_>>())
}

/// Returns a measure of `--seeds`.
fn measure(seeds: &Value, name: &str) -> Sample {
    let at = |what: &str| number(&seeds["measures"][name], what);
    Sample { mean: at("mean"), deviation: at("deviation") }
}

/// Asserts that the mean of `seeds` runs, from seed 1, is within four standard errors of `expected`.
fn within_four(name: &str, sample: Sample, seeds: u32, expected: f64) {
    let error = sample.deviation / f64::from(seeds).sqrt();
    let mean = sample.mean;
    println!("{name}: {mean:.6} +- {error:.6}, expected {expected}");
    // A share that cannot vary between runs must match except for rounding errors.
    assert!(
        (mean - expected).abs() <= 4.0 * error + 1e-9,
        "{name}, seeds 1 to {seeds}: {mean} +- {error}, not {expected}",
    );
}

/// Returns the counts of `what` per second in a run's series, between two times in seconds.
fn rate(run: &Value, what: &str, from_s: f64, until_s: f64) -> f64 {
    let series = &run["metrics"]["series"];
    let interval = number(series, "interval_s");
    let counts = series[what].as_array().unwrap().iter().map(|count| count.as_f64().unwrap());
    let within = |n: usize| (from_s..until_s - interval / 2.0).contains(&(n as f64 * interval));
    let (mut sum, mut intervals) = (0.0, 0.0);
    for (n, count) in counts.enumerate() {
        if within(n) {
            sum += count;
            intervals += 1.0;
        }
    }
    assert!(intervals > 0.0, "nothing of {from_s} to {until_s} s is in the series");
    sum / (intervals * interval)
}
