//! Limits on times that several files of the policy share.

use crate::time::{Duration, nanos};
use crate::value::MAX_DURATION;

/// Maximum length of every wait and deadline of a policy: 100 days.
pub const LONGEST: Duration = MAX_DURATION;

/// Returns an optional upper limit in nanoseconds; `u64::MAX` if there is none.
#[inline]
pub(super) fn bound(duration: Option<Duration>) -> u64 {
    duration.map_or(u64::MAX, nanos)
}
