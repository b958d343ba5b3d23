//! Conversion between times and floats, with the cut that all distributions share.

use crate::time::{Duration, nanos};

/// Maximum time that a distribution draws: an hour. Longer draws are cut to it.
pub const MAX_TIME: Duration = Duration::from_secs(3_600);

/// Converts nanoseconds to a time. Casts from float to integer saturate.
pub(super) fn latency(nanos: f64) -> Duration {
    Duration::from_nanos(libm::round(nanos) as u64).min(MAX_TIME)
}

pub(super) fn float(duration: Duration) -> f64 {
    nanos(duration) as f64
}
