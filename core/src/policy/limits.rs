//! Limits on times that several files of the policy share.

use crate::time::{Duration, nanos};

/// Maximum length of every wait and deadline of a policy: 100 days.
pub const LONGEST: Duration = Duration::from_secs(100 * 86_400);

/// Returns an optional upper limit in nanoseconds; `u64::MAX` if there is none.
#[inline]
pub(super) fn bound(duration: Option<Duration>) -> u64 {
    duration.map_or(u64::MAX, nanos)
}
