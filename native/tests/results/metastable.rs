//! `metastable`: a load, a spike, and where the server is afterwards. The model gives 20 a second one
//! state, 50 two and 80 one; it is an approximation, so that no digits are compared.

use crate::{each, rate};

const SEEDS: u32 = 20;
const NO_SPIKE: &str = "faults=none";

/// Is goodput what is offered, is it nothing, or between the two, from `from_s` on for 10 s?
fn states(sets: &[&str], load: f64, from_s: f64) -> [usize; 3] {
    let mut states = [0; 3];
    for run in each(&["metastable"], sets, SEEDS) {
        let goodput = rate(&run, "answered", from_s, from_s + 10.0);
        states[if goodput > 0.6 * load { 0 } else { usize::from(goodput >= 0.02 * load) + 1 }] += 1;
    }
    let [good, none, between] = states;
    println!("{sets:?}: after {from_s} s good {good}, none {none}, between {between}");
    [good, none, between]
}

#[test]
fn a_low_load_recovers_from_the_spike() {
    let low = "workload.arrivals=poisson 20";
    assert_eq!(states(&[low], 20.0, 60.0), [20, 0, 0], "seeds 1 to {SEEDS}");
}

#[test]
fn a_high_load_collapses_without_a_spike() {
    let high = "workload.arrivals=poisson 80";
    assert_eq!(states(&[high, NO_SPIKE], 80.0, 60.0), [0, 20, 0], "seeds 1 to {SEEDS}");
}

/// The same load at the same time, and the past decides: after the spike nobody is well, without it
/// many are. (Not all: at so small a server chance alone makes a queue of 100 ms within minutes, and from
/// the collapse no run comes back.)
#[test]
fn between_them_the_spike_decides() {
    for at in [40.0, 100.0] {
        assert_eq!(states(&[], 50.0, at), [0, 20, 0], "seeds 1 to {SEEDS}");
    }
    let [before, _, _] = states(&[], 50.0, 10.0);
    assert!(before >= 10, "{before} of the seeds 1 to {SEEDS} are well before the spike");
    let [without, _, _] = states(&[NO_SPIKE], 50.0, 40.0);
    assert!(without >= 5, "{without} of the seeds 1 to {SEEDS} are well without a spike");
}
