//! The clock of real runs. The machines themselves have no clock.

use retrylab_core::time::{Duration, Instant, nanos};
use std::time::SystemTime;

/// A monotonic clock that starts at zero. Setting the wall clock does not affect it.
#[derive(Clone, Copy, Debug)]
pub struct Clock(std::time::Instant);

impl Clock {
    /// Starts the clock at zero.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Returns the Unix time of the start, or zero if the clock of the system is set to an earlier one.
    #[must_use]
    pub fn epoch(self) -> Duration {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        now.saturating_sub(self.0.elapsed())
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn now(self) -> Instant {
        Instant::from_nanos(nanos(self.0.elapsed()))
    }
}
