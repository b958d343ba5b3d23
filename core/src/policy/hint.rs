//! What to do when the server says when to retry (Retry-After, gRPC's push-back).

use super::Share;
use crate::text::words;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, phrase};
use core::fmt;

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
    /// Waits as long as the hint says, but at least as long as the schedule, and at most this much longer
    /// (AWS: `x-amz-retry-after`, 5 s).
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
                let wait = asked.clamp(own, own.saturating_add(nanos(later)));
                (wait, wait)
            }
        }
    }
}

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

phrase!(
    HintRule,
    Phrase,
    Grammar::new(
        "a hint rule",
        &[
            ("ignore", ""),
            ("exact", ""),
            ("jitter 0.5", "at most this share of the hint later"),
            ("clamp 5s", "at least the schedule's own wait, at most this much longer"),
        ],
    )
);

impl HintRule {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut words = words(&text);
        let rule = match (words.next()?, words.next()) {
            ("ignore", None) => Self::Ignore,
            ("exact", None) => Self::Exact,
            ("jitter", Some(share)) => Self::Jitter(Share::parse(share)?),
            ("clamp", Some(later)) => Self::Clamp(parse_duration(later)?),
            _ => return None,
        };
        words.next().is_none().then_some(rule)
    }
}
