//! Means and deviations, for tests against published numbers.

/// The mean of some values and the standard deviation of one of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) mean: f64,
    pub(crate) deviation: f64,
}

impl Sample {
    /// Returns the sample of at least two values.
    pub(crate) fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
        Self { mean, deviation: variance.sqrt() }
    }
}
