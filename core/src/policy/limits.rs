//! Limits on times that several files of the policy share.

use crate::time::Duration;
use crate::value::MAX_DURATION;

/// Maximum length of every wait and deadline of a policy: 100 days.
pub const LONGEST: Duration = MAX_DURATION;

/// Returns a duration of a policy in nanoseconds. It is at most [`LONGEST`], so that nothing can overflow, and the
/// schedule, which converts several of them before each send, need not check.
#[inline]
pub(super) const fn short(duration: Duration) -> u64 {
    duration.as_secs().wrapping_mul(1_000_000_000).wrapping_add(duration.subsec_nanos() as u64)
}

/// Returns an optional upper limit of a policy in nanoseconds; `u64::MAX` if there is none.
#[inline]
pub(super) fn bound(duration: Option<Duration>) -> u64 {
    duration.map_or(u64::MAX, short)
}
