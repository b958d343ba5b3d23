//! Detection of stuck machines, which ask for endless time-outs.

use crate::machine::MAX_TIMEOUTS_AT_ONCE;
use crate::time::Instant;

/// Counts time-outs in a row without progress: each was due when the previous one was handled.
///
/// ```
/// use retrylab_core::drive::Timeouts;
/// use retrylab_core::machine::MAX_TIMEOUTS_AT_ONCE;
/// use retrylab_core::time::Instant;
///
/// let mut timeouts = Timeouts::of_hosts(1);
/// let now = Instant::from_millis(10);
/// assert!((0..MAX_TIMEOUTS_AT_ONCE).all(|_| !timeouts.is_stuck(now, now)));
/// assert!(timeouts.is_stuck(now, now));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// When the last one was handled.
    at: Instant,
    count: u64,
    limit: u64,
}

impl Timeouts {
    /// Creates the counter for a driver of this many hosts, each of which may have
    /// [`MAX_TIMEOUTS_AT_ONCE`].
    #[must_use]
    pub const fn of_hosts(hosts: u64) -> Self {
        let limit = hosts.saturating_mul(MAX_TIMEOUTS_AT_ONCE as u64);
        Self { at: Instant::ZERO, count: 0, limit }
    }

    /// Counts a time-out for `deadline`, handled at `now`. Returns true when there are too many.
    #[inline]
    pub const fn is_stuck(&mut self, now: Instant, deadline: Instant) -> bool {
        let at_once = deadline.as_nanos() <= self.at.as_nanos();
        self.count = if at_once { self.count + 1 } else { 1 };
        self.at = now;
        self.count > self.limit
    }
}
