//! What to do when the server says when to come back (Retry-After, push-back).

use super::Share;
use crate::text::words;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, phrase};
use core::fmt;

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
            ("clamp 5s", "the schedule's own wait, from the hint to this much later"),
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
