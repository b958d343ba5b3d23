//! The distributions that were fitted to quantiles, in words.

use super::figures::TimeUnit;
use retrylab_core::dist::{Distribution, Quantiles};
use retrylab_core::scenario::Scenario;

/// Returns a line for each key whose value is two quantiles: the key, and the distribution that has them.
pub(super) fn lines(scenario: &Scenario) -> impl Iterator<Item = (&'static str, String)> {
    scenario.pairs().filter_map(|(key, value)| match value.parse() {
        Ok(Distribution::Quantiles(quantiles)) => Some((key, words(&quantiles))),
        _ => None,
    })
}

/// `quantiles p50=8ms p99=60ms: log-normal, median 8 ms, mean 11.6 ms, sigma 0.866`
fn words(quantiles: &Quantiles) -> String {
    let times = [quantiles.median(), quantiles.mean()].map(|time| time.as_secs_f64());
    let unit = TimeUnit::of(times);
    let [median, mean] = times.map(|time| unit.show(time));
    format!("{quantiles}: log-normal, median {median}, mean {mean}, sigma {:.3}", quantiles.sigma())
}
