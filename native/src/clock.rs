//! The clock that real runs read: the machines have none.

use retrylab_core::time::{Instant, nanos};

/// Measures time since the run began. Monotonic: setting the wall clock does not move it.
#[derive(Clone, Copy, Debug)]
pub struct Clock(std::time::Instant);

impl Clock {
    /// Begins the run: [`now`](Self::now) counts from here.
    #[must_use]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the run began.
    #[must_use]
    pub fn now(self) -> Instant {
        Instant::from_nanos(nanos(self.0.elapsed()))
    }
}
