//! What to do when the server says when to retry (Retry-After, gRPC's push-back).

use super::Share;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use core::fmt;
use core::str::FromStr;

/// Hint that a server sends with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Retry after this time.
    After(Duration),
    /// Do not retry (gRPC: a negative push-back).
    Never,
}

/// How a client follows a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HintRule {
    /// Ignores it: the schedule continues.
    Ignore,
    /// Waits exactly as long as the hint says and restarts the schedule (gRPC's push-back, gRFC A6).
    /// Clients that get the same hint retry together.
    Exact,
    /// Waits `U[h, h (1 + p)]` for a hint of `h`: never less than the hint, and not all clients at once.
    Jitter(Share),
    /// Keeps the schedule's wait, raised to at least the hint and cut to at most this much more (AWS:
    /// `x-amz-retry-after`, 5 s).
    Clamp(Duration),
}

/// Adds up to half of the hint, so that clients with the same hint do not retry together.
impl Default for HintRule {
    fn default() -> Self {
        Self::Jitter(Share::percent(50))
    }
}

impl HintRule {
    /// Returns the minimum and the maximum wait for a hint of `asked` nanoseconds, where the schedule
    /// alone would wait `own`.
    pub(super) fn range(self, asked: u64, own: u64) -> (u64, u64) {
        match self {
            Self::Ignore => (own, own),
            Self::Exact => (asked, asked),
            Self::Jitter(p) => (asked, asked.saturating_add(p.of(asked))),
            Self::Clamp(later) => {
                let wait = own.clamp(asked, asked.saturating_add(nanos(later)));
                (wait, wait)
            }
        }
    }
}

/// Error of a text that is not a hint rule; its message lists the accepted forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HintError;

impl fmt::Display for HintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`ignore`, `exact`, `jitter 0.5` (a share of the hint) or `clamp 5s`")
    }
}

impl core::error::Error for HintError {}

impl fmt::Display for HintRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Ignore => f.write_str("ignore"),
            Self::Exact => f.write_str("exact"),
            Self::Jitter(p) => write!(f, "jitter {p}"),
            Self::Clamp(later) => write!(f, "clamp {}", WithUnit(later)),
        }
    }
}

impl FromStr for HintRule {
    type Err = HintError;

    fn from_str(text: &str) -> Result<Self, HintError> {
        let (rule, amount) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let rule = match (rule, amount) {
            ("ignore", "") => Some(Self::Ignore),
            ("exact", "") => Some(Self::Exact),
            ("jitter", share) => Share::parse(share).map(Self::Jitter),
            ("clamp", later) => parse_duration(later).map(Self::Clamp),
            _ => None,
        };
        rule.ok_or(HintError)
    }
}
