//! How often the interval that `--seeds` prints contains the true median, for every built-in scenario.

use crate::{run, sim};
use retrylab_core::random::{Name, Purpose};
use retrylab_core::stats;
use serde_json::Value;

/// Number of runs that stand for all runs of a scenario: samples are drawn from them.
const POPULATION: usize = 200;

/// Number of samples of each size.
const REPETITIONS: u32 = 2_000;

/// Returns the results of one measure; a missing latency is longer than any.
fn results(runs: &[Value], measure: &str) -> Vec<f64> {
    let result = |run: &Value| match run[measure].as_f64() {
        None if measure.ends_with("_s") => Some(f64::INFINITY),
        result => result,
    };
    runs.iter().filter_map(result).collect()
}

/// Samples of 10 and of 30 seeds. The interval of the median must contain the median of the population in at least 93
/// of 100 cases for each measure.
#[test]
#[ignore = "long: cargo xtask test --long"]
fn intervals_contain_the_median_in_every_scenario() {
    let names = run(&["scenarios"]).stdout;
    for name in names.lines().filter_map(|line| line.split_whitespace().next()) {
        let object = sim(&[name, "--seeds", &POPULATION.to_string()], &[]);
        let runs = object["runs"].as_array().unwrap();
        for measure in object["measures"].as_object().unwrap().keys() {
            let population = results(runs, measure);
            if population.len() < POPULATION {
                assert!(population.is_empty(), "{name}: {measure} has a value in some runs only");
                continue;
            }
            let sample: stats::Sample = population.iter().copied().collect();
            let median = sample.median().unwrap();
            for size in [10, 30] {
                let share = coverage(&population, median, size);
                println!("{name}, {measure}, {size} seeds: {share}");
                assert!(share >= 0.93, "{name}, {measure}, {size} seeds: {share}");
            }
        }
    }
}

/// Returns the share of samples whose interval contains `median`.
fn coverage(population: &[f64], median: f64, size: u32) -> f64 {
    let mut stream = Name::exchange(1, 1, size).stream(Purpose::Think);
    let contains = |_: &u32| {
        let mut draw = |_| population[stream.up_to(population.len() as u64 - 1) as usize];
        let sample: stats::Sample = (0..size).map(&mut draw).collect();
        let (low, high) = sample.median_interval().unwrap();
        low <= median && median <= high
    };
    (0..REPETITIONS).filter(contains).count() as f64 / f64::from(REPETITIONS)
}
