//! What to do when the server says when to come back (Retry-After, push-back).

use super::Share;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use core::fmt;
use core::str::FromStr;

/// What a server said with its failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Come back after this long.
    After(Duration),
    /// Do not come back (gRPC: a negative push-back).
    Never,
}

/// How a hint is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HintRule {
    /// Not at all: the schedule goes on.
    Ignore,
    /// To the letter, and the schedule begins anew (gRPC's push-back, gRFC A6). Clients that were told
    /// the same time come back together.
    Exact,
    /// `U[h, h (1 + p)]`: never earlier than asked for, and not all at once.
    Jitter(Share),
    /// The schedule's own wait, but not earlier than the hint and at most this much later (AWS:
    /// `x-amz-retry-after`, 5 s).
    Clamp(Duration),
}

/// Half of the hint on top of it, at most: a herd that a hint gathered is spread again.
impl Default for HintRule {
    fn default() -> Self {
        Self::Jitter(Share::percent(50))
    }
}

impl HintRule {
    /// The waits that a hint of `asked` nanoseconds makes of the schedule's `own` one: the least and
    /// the most.
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

/// What a hint rule has to look like.
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
