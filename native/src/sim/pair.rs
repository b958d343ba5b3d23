//! The difference of two scenarios that ran with the same seeds, measure by measure.
//!
//! The random draws for a datagram depend only on the seed, the flow, the direction and the datagram's index, so both
//! scenarios meet the same losses and delays. The difference within a seed therefore varies less than either result.

use super::many::Runs;
use super::measure::{Better, Measure};
use super::spread::{Object, Spread, measures};
use retrylab_core::stats::differs_by_sign;
use serde::Serialize;

/// A scenario compared with another one, which is named first.
#[derive(Serialize)]
pub(super) struct Pair {
    /// The scenario to compare with.
    pub(super) with: String,
    pub(super) name: String,
    pub(super) measures: Object<&'static str, Difference>,
}

/// The difference in one measure.
#[derive(Serialize)]
pub(super) struct Difference {
    /// The scenario minus the one that it is compared with, within each seed, over all seeds in which both have a value.
    pub(super) difference: Spread,
    /// Which of two values is better; null if neither is.
    pub(super) better: Option<Better>,
    /// Number of seeds in which the scenario is higher, and in which it is lower.
    pub(super) higher: u64,
    pub(super) lower: u64,
    /// Whether one of them is larger than chance explains: the sign test at 5 %. Null for fewer than six seeds, and
    /// if some seed has no value.
    pub(super) significant: Option<bool>,
}

impl Pair {
    /// Compares the scenario with index `at` with the first one.
    pub(super) fn new(names: &[&str], at: usize, runs: &Runs) -> Self {
        let compare = |(measure_at, measure): (usize, &'static Measure)| {
            let values = runs.iter().map(|(_, run)| {
                let value = |n: usize| run.get(n)?.number(measure_at);
                (value(0), value(at))
            });
            (measure.name, Difference::new(measure, &values.collect::<Vec<_>>()))
        };
        let measures = measures().map(compare).collect();
        Self { with: names[0].to_string(), name: names[at].to_string(), measures }
    }

    /// Returns the difference in the measure of this name.
    pub(super) fn of(&self, name: &str) -> Option<&Difference> {
        self.measures.0.iter().find(|(known, _)| *known == name).map(|(_, difference)| difference)
    }
}

impl Difference {
    /// Compares the values of `measure` in each seed: those of the other scenario, then those of this one.
    fn new(measure: &Measure, values: &[(Option<f64>, Option<f64>)]) -> Self {
        let differences = || values.iter().filter_map(|pair| subtract(*pair));
        let difference: Spread = differences().collect();
        let higher = differences().filter(|by| *by > 0.0).count() as u64;
        let lower = differences().filter(|by| *by < 0.0).count() as u64;
        let finite = |value: Option<f64>| value.is_some_and(f64::is_finite);
        let complete = values.iter().all(|(other, this)| finite(*other) && finite(*this));
        let testable = complete && difference.median_95.is_some();
        let significant = testable.then(|| differs_by_sign(higher, lower));
        Self { difference, better: measure.better, higher, lower, significant }
    }

    /// Returns the number of seeds in which the scenario is better, if it can be.
    pub(super) fn times_better(&self) -> Option<u64> {
        let applies = self.difference.count + self.difference.unanswered > 0;
        match self.better.filter(|_| applies) {
            Some(Better::Higher) => Some(self.higher),
            Some(Better::Lower) => Some(self.lower),
            None => None,
        }
    }

    /// Returns whether chance does not explain the difference, or, with too few seeds for that, whether there is one.
    pub(super) fn is_clear(&self) -> bool {
        self.significant.unwrap_or(self.higher + self.lower > 0)
    }

    /// Returns whether both scenarios have the same value in every seed.
    pub(super) const fn is_none(&self) -> bool {
        self.higher + self.lower == 0
    }
}

/// Returns the second value minus the first. Two latencies that are both longer than any do not differ.
fn subtract((other, this): (Option<f64>, Option<f64>)) -> Option<f64> {
    let (other, this) = (other?, this?);
    let same = other.total_cmp(&this).is_eq();
    Some(if same { 0.0 } else { this - other })
}
