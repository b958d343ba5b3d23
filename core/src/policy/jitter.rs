//! Jitter: random variation of the waits, so that clients that fail together do not retry together.
//!
//! The wait grows, `max_timeout` caps it, and the jitter is drawn; [`Cap`] says in which order. Each mode
//! documents the longest wait that it can produce when the cap comes first.

use super::Share;
use crate::random::Stream;
use crate::text::words as split;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, phrase, words};
use core::fmt;

words! {
    /// Whether `max_timeout` cuts a wait before its jitter is drawn, afterwards, or both.
    ///
    /// Libraries differ. After the cap, jitter spreads clients that have reached it, but can pass it; before
    /// the cap, the waits never pass it, but many clients can end up with exactly the cap.
    #[non_exhaustive]
    Cap {
        /// The wait is capped, then drawn (gRPC, AWS, RFC 8415).
        #[default]
        Before = "before",
        /// The wait is drawn, then capped.
        After = "after",
        /// The wait is capped, then drawn, then capped again (Kafka).
        Both = "both",
    }
}

/// Jitter mode. `v` is the wait after growth and cap, `U[a, b]` a uniform draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Jitter {
    /// The wait is `v`. Bound: the cap.
    #[default]
    None,
    /// `U[0, v]`, mean `v/2`: the fewest calls in the AWS experiment of 2015. Bound: the cap.
    Full,
    /// `v/2 + U[0, v/2]`, mean `3v/4`: at least half of the wait. Bound: the cap.
    Equal,
    /// `v U[1-p, 1+p]` (gRPC, Kafka). Bound: the cap times `1 + p`.
    Proportional(Share),
    /// Like `Proportional`, but the first wait is exact (gRPC's connection backoff).
    ProportionalLater(Share),
    /// `min(cap, U[initial_timeout, 3 x previous wait])`; the first draw uses `initial_timeout` as the
    /// previous wait (AWS 2015). While uncapped, the mean grows by a factor of 1.5, not 3:
    /// `2b 1.5^n - b`. Once waits reach the cap, two draws in three are the cap itself. Bound: the cap.
    Decorrelated,
    /// The first wait is `initial_timeout U[1, 1+p]`, drawn once per exchange; later waits grow from it
    /// (CoAP's ACK_RANDOM_FACTOR, RFC 7252 section 4.2). Bound: the cap.
    Once(Share),
    /// `RAND` of RFC 8415 section 15: each wait is the previous drawn wait times `multiplier + r`, with
    /// `r` from `U[-p, p]`; at the cap it is the cap times `1 + r`. Bound: the cap times `1 + p`.
    Compounding(Share),
    /// Like `Compounding`, but the first `r` is above zero (a DHCPv6 Solicit).
    CompoundingUp(Share),
    /// `v + U[-d, d]`, never below zero (DHCPv4, RFC 2131 section 4.1). Bound: the cap plus `d`.
    Additive(Duration),
    /// A whole number of slots, uniform from 0 to `v / d` (Ethernet, Envoy). Bound: the cap.
    Slots(Duration),
}

impl Jitter {
    /// Returns why [`Cap`] has no effect on this mode; `None` if it has one.
    pub(super) const fn caps_itself(self) -> Option<&'static str> {
        match self {
            Self::None => Some("jitter is none"),
            Self::Decorrelated | Self::Once(_) | Self::Compounding(_) | Self::CompoundingUp(_) => {
                Some("this jitter has its own rule for the cap")
            }
            Self::Full
            | Self::Equal
            | Self::Proportional(_)
            | Self::ProportionalLater(_)
            | Self::Additive(_)
            | Self::Slots(_) => None,
        }
    }

    /// Returns the longest wait that this mode makes of waits that were capped at `cap` nanoseconds before.
    #[must_use]
    pub fn bound(self, cap: u64) -> u64 {
        match self {
            Self::Proportional(p)
            | Self::ProportionalLater(p)
            | Self::Compounding(p)
            | Self::CompoundingUp(p) => cap.saturating_add(p.of(cap)),
            Self::Additive(d) => cap.saturating_add(nanos(d)),
            _ => cap,
        }
    }
}

/// How a wait is chosen from the range that its jitter allows.
#[derive(Clone, Debug)]
pub enum Draw {
    /// The wait without jitter, as tables of schedules show it.
    Nominal,
    /// The lower end of the range. (A compounding wait that grows above the cap is drawn again around
    /// the cap, and can then be shorter than one that stays just below it.)
    Least,
    /// The upper end of the range.
    Most,
    /// A random wait, from a named stream.
    Random(Stream),
}

/// `none`, `full`, `proportional 0.2`, `additive 1s`: what `FromStr` reads.
impl fmt::Display for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None => f.write_str("none"),
            Self::Full => f.write_str("full"),
            Self::Equal => f.write_str("equal"),
            Self::Decorrelated => f.write_str("decorrelated"),
            Self::Proportional(p) => write!(f, "proportional {p}"),
            Self::ProportionalLater(p) => write!(f, "proportional {p} later"),
            Self::Once(p) => write!(f, "once {p}"),
            Self::Compounding(p) => write!(f, "compounding {p}"),
            Self::CompoundingUp(p) => write!(f, "compounding {p} up"),
            Self::Additive(d) => write!(f, "additive {}", WithUnit(d)),
            Self::Slots(d) => write!(f, "slots {}", WithUnit(d)),
        }
    }
}

phrase!(
    Jitter,
    Phrase,
    Grammar::new(
        "a jitter mode",
        &[
            ("none", ""),
            ("full", ""),
            ("equal", ""),
            ("decorrelated", ""),
            ("proportional 0.2", "share"),
            ("proportional 0.2 later", "share, first wait exact"),
            ("once 0.5", "share"),
            ("compounding 0.1", "share"),
            ("compounding 0.1 up", "share, first draw above zero"),
            ("additive 1s", "either way"),
            ("slots 51.2us", "slot length"),
        ],
    )
    .limits("a share is 0 to 1 rounded to 6 decimals; a slot is longer than 0")
);

impl Jitter {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut words = split(&text);
        let (mode, amount, more) = (words.next()?, words.next(), words.next());
        let share = || Share::parse(amount?);
        let time = || parse_duration(amount?);
        let jitter = match (mode, amount, more) {
            ("none", None, None) => Self::None,
            ("full", None, None) => Self::Full,
            ("equal", None, None) => Self::Equal,
            ("decorrelated", None, None) => Self::Decorrelated,
            ("proportional", Some(_), None) => Self::Proportional(share()?),
            ("proportional", Some(_), Some("later")) => Self::ProportionalLater(share()?),
            ("once", Some(_), None) => Self::Once(share()?),
            ("compounding", Some(_), None) => Self::Compounding(share()?),
            ("compounding", Some(_), Some("up")) => Self::CompoundingUp(share()?),
            ("additive", Some(_), None) => Self::Additive(time()?),
            ("slots", Some(_), None) => Self::Slots(time().filter(|slot| !slot.is_zero())?),
            _ => return None,
        };
        words.next().is_none().then_some(jitter)
    }
}
