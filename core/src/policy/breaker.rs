//! The circuit breaker: when too much fails, stop asking, or at least stop asking again.

use super::Share;
use crate::text::words;
use crate::time::{Duration, Instant, WithUnit, parse_duration};
use crate::value::{Grammar, Value as _, phrase};
use core::fmt;

/// When a [`Breaker`] opens, and what it then holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerRule {
    /// Opens after so many failed exchanges in a row and lets nothing pass for a while (Nygard's
    /// "Release It!").
    Consecutive {
        /// Failed exchanges in a row that open it; at least 1.
        failures: u32,
        /// How long it stays open.
        rest: Duration,
    },
    /// Retries stop while failures / calls is above this share. A call is an exchange that began, a
    /// failure is any copy that failed, so failed retries count above the line only. Both are counted
    /// over the client's life, and first copies are never held back (the breaker of Brooker's retry
    /// simulation, "Fixing retries with token buckets and circuit breakers", 2022).
    Share(Share),
}

/// `5 10s`: opens after five failures in a row, for ten seconds. `share 0.1`: no retries while more
/// than a tenth fails.
impl fmt::Display for BreakerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Consecutive { failures, rest } => write!(f, "{failures} {}", WithUnit(rest)),
            Self::Share(share) => write!(f, "share {share}"),
        }
    }
}

phrase!(
    BreakerRule,
    Phrase,
    Grammar::new(
        "a circuit breaker",
        &[
            ("5 10s", "failed exchanges in a row that open it, how long it stays open"),
            ("share 0.1", "no retries while failures / calls is above this"),
        ],
    )
    .limits("both numbers are more than 0; a share is 0 to 1 with at most 6 decimals")
);

impl BreakerRule {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut words = words(&text);
        let rule = match (words.next()?, words.next()?) {
            ("share", share) => Self::Share(Share::parse(share)?),
            (failures, rest) => Self::Consecutive {
                failures: u32::parse(failures).filter(|failures| *failures > 0)?,
                rest: parse_duration(rest).filter(|rest| !rest.is_zero())?,
            },
        };
        words.next().is_none().then_some(rule)
    }
}

/// A circuit breaker: its rule, and what it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker(State);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Of the rule `Consecutive`: how many failures open it, for how long, and where it stands.
    Switch { failures: u32, rest: Duration, position: Position },
    /// Of the rule `Share`.
    Counts { share: Share, failures: u64, calls: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Everything passes; this many exchanges failed in a row.
    Closed(u32),
    /// Nothing passes before this time.
    Open(Instant),
    /// One exchange is out to see whether the other side is back.
    HalfOpen,
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub const fn new(rule: BreakerRule) -> Self {
        Self(match rule {
            BreakerRule::Consecutive { failures, rest } => {
                State::Switch { failures, rest, position: Position::Closed(0) }
            }
            BreakerRule::Share(share) => State::Counts { share, failures: 0, calls: 0 },
        })
    }

    /// May an exchange begin? Of the rule `Consecutive` the first one after the rest is the probe that
    /// decides; the rule `Share` never says no.
    pub fn admit(&mut self, now: Instant) -> bool {
        match &mut self.0 {
            State::Counts { calls, .. } => {
                *calls = calls.saturating_add(1);
                true
            }
            State::Switch { position, .. } => match *position {
                Position::Closed(_) => true,
                Position::Open(until) if now >= until => {
                    *position = Position::HalfOpen;
                    true
                }
                Position::Open(_) | Position::HalfOpen => false,
            },
        }
    }

    /// A copy brought no reply, or a failure.
    pub const fn failed(&mut self) {
        if let State::Counts { failures, .. } = &mut self.0 {
            *failures = failures.saturating_add(1);
        }
    }

    /// May a copy be sent again? Not while it is open: whoever is out already waits and no more.
    #[must_use]
    pub const fn allows_retry(&self) -> bool {
        match self.0 {
            State::Switch { position, .. } => !matches!(position, Position::Open(_)),
            State::Counts { share, failures, calls } => {
                failures as u128 * 1_000_000 <= calls as u128 * share.millionths() as u128
            }
        }
    }

    /// An exchange that was admitted is not sent after all: the next one may be the probe.
    pub const fn withdrawn(&mut self, now: Instant) {
        match &mut self.0 {
            State::Counts { calls, .. } => *calls = calls.saturating_sub(1),
            State::Switch { position, .. } => {
                if let Position::HalfOpen = position {
                    *position = Position::Open(now);
                }
            }
        }
    }

    /// An exchange that was admitted is over.
    pub fn ended(&mut self, now: Instant, answered: bool) {
        let State::Switch { failures, rest, position } = &mut self.0 else { return };
        *position = match (*position, answered) {
            (Position::Closed(_) | Position::HalfOpen, true) => Position::Closed(0),
            (Position::Closed(before), false) if before + 1 < *failures => {
                Position::Closed(before + 1)
            }
            (Position::Closed(_) | Position::HalfOpen, false) => {
                Position::Open(now.saturating_add(*rest))
            }
            // One that began before it opened changes nothing.
            (open @ Position::Open(_), _) => open,
        };
    }

    /// The state's name: `closed`, `open` or `half-open`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.0 {
            State::Switch { position: Position::HalfOpen, .. } => "half-open",
            _ if self.allows_retry() => "closed",
            _ => "open",
        }
    }
}
