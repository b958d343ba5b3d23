//! `metastable`: a load, a spike, and the server's state afterwards. By the model, loads of 20 and 80 per second
//! have one state, and 50 has two. The model is an approximation, so no digits are compared.

use crate::{each, number, rate};
use serde_json::Value;

const SEEDS: u32 = 10;
const NO_SPIKE: &str = "faults=none";

fn runs(sets: &[&str]) -> Vec<Value> {
    each(&["metastable"], sets, SEEDS)
}

/// Returns how many runs have a goodput of about the load in the 10 s from `from_s`, and how many have none.
fn good_and_gone(runs: &[Value], load: f64, from_s: f64) -> (usize, usize) {
    let goodputs = runs.iter().map(|run| rate(run, "answered", from_s, from_s + 10.0));
    let goodputs: Vec<f64> = goodputs.collect();
    println!("load {load}, from {from_s} s: {goodputs:.1?}");
    let good = goodputs.iter().filter(|goodput| **goodput > 0.6 * load).count();
    let gone = goodputs.iter().filter(|goodput| **goodput < 0.02 * load).count();
    (good, gone)
}

/// The queue of the spike is worked off at 40 a second, for some runs until after 70 s.
#[test]
fn a_low_load_recovers_from_the_spike() {
    let runs = runs(&["workload.arrivals=poisson 20"]);
    assert_eq!(good_and_gone(&runs, 20.0, 32.0), (0, 10), "seeds 1 to {SEEDS}");
    assert_eq!(good_and_gone(&runs, 20.0, 105.0), (10, 0), "seeds 1 to {SEEDS}");
}

#[test]
fn a_high_load_collapses_without_a_spike() {
    let runs = runs(&["workload.arrivals=poisson 80", NO_SPIKE]);
    assert_eq!(good_and_gone(&runs, 80.0, 60.0), (0, 10), "seeds 1 to {SEEDS}");
}

/// With the same load at the same time, the past decides: after the spike no run is healthy, and without it many
/// are. (Not all: with such a small server, chance alone makes a queue of 100 ms within minutes, and no run
/// recovers from the collapse.)
#[test]
fn between_them_the_spike_decides() {
    let with = runs(&[]);
    let (before, _) = good_and_gone(&with, 50.0, 5.0);
    assert!(before >= 6, "{before} of the seeds 1 to {SEEDS} are well before the spike");
    for from_s in [40.0, 105.0] {
        assert_eq!(good_and_gone(&with, 50.0, from_s), (0, 10), "seeds 1 to {SEEDS}");
    }
    let without = runs(&[NO_SPIKE]);
    let (well, _) = good_and_gone(&without, 50.0, 32.0);
    assert!(well >= 4, "{well} of the seeds 1 to {SEEDS} are well without a spike");
}

/// Returns the time in seconds of the last answer: a collapsed server works only on requests whose clients have
/// given up.
fn life(run: &Value) -> f64 {
    let series = &run["metrics"]["series"];
    let answered = series["answered"].as_array().unwrap();
    let last = answered.iter().rposition(|count| count.as_u64() > Some(0)).unwrap_or_default();
    number(series, "interval_s") * (last + 1) as f64
}

/// Chance alone collapses a vulnerable server. At 50 per second half of the runs live 40 s, at 66 per second 6 s (24
/// seeds: 3 to 243 s, 0 to 19 s). The estimate of the mean is too small by a factor of 1.5 to 2.2.
#[test]
fn a_vulnerable_server_collapses_by_chance() {
    for (load, duration, medians) in [(50.0, 600, 20.0..80.0), (66.0, 60, 2.0..12.0)] {
        let arrivals = format!("workload.arrivals=poisson {load}");
        let time = format!("workload.duration={duration}s");
        let runs = each(&["metastable"], &[NO_SPIKE, &arrivals, &time], 24);
        let mut lives: Vec<f64> = runs.iter().map(life).collect();
        lives.sort_by(f64::total_cmp);
        println!("{load} per second: {lives:?}");
        assert!(lives.iter().all(|life| *life < f64::from(duration)), "seeds 1 to 24: {lives:?}");
        assert!(medians.contains(&lives[12]), "seeds 1 to 24: {lives:?}");
        let estimate = number(&runs[0], "theory.metastable.mean_life_s");
        let mean = lives.iter().sum::<f64>() / 24.0;
        assert!((1.0..3.5).contains(&(mean / estimate)), "seeds 1 to 24: {mean}, not {estimate}");
    }
}
