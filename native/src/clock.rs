//! The clock of real runs. The machines themselves have no clock.

use retrylab_core::time::{Instant, nanos};

/// A monotonic clock that starts at zero. Setting the wall clock does not affect it.
#[derive(Clone, Copy, Debug)]
pub struct Clock(std::time::Instant);

impl Clock {
    /// Starts the clock at zero.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Returns the time since the start.
    #[must_use]
    pub fn now(self) -> Instant {
        Instant::from_nanos(nanos(self.0.elapsed()))
    }
}
