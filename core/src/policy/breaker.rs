//! The circuit breaker: stops exchanges, or at least retries, while too many of them fail.

use super::Share;
use crate::text::words;
use crate::time::{Duration, Instant, WithUnit, parse_duration};
use crate::value::{Grammar, Value as _, phrase};
use core::fmt;

/// When a [`Breaker`] opens, and what it blocks while it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerRule {
    /// Opens after `failures` failed exchanges in a row and blocks everything for a while (Nygard,
    /// "Release It!").
    Consecutive {
        /// Number of failed exchanges in a row that opens the breaker; at least 1.
        failures: u32,
        /// Time for which it stays open.
        open_for: Duration,
    },
    /// Blocks retries while the ratio of failures to calls is above this share. A call is an exchange
    /// that began; a failure is any send that failed, so a failed retry adds a failure but no call. Both
    /// are counted over the client's lifetime, and first sends are never blocked (the breaker of
    /// Brooker's retry simulation, "Fixing retries with token buckets and circuit breakers", 2022).
    Share(Share),
}

/// Writes `5 10s` (opens for ten seconds after five failures in a row) or `share 0.1` (no retries while
/// more than a tenth fails).
impl fmt::Display for BreakerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Consecutive { failures, open_for } => {
                write!(f, "{failures} {}", WithUnit(open_for))
            }
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
    .limits("both numbers are more than 0; a share is 0 to 1 rounded to 6 decimals")
);

impl BreakerRule {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut words = words(&text);
        let rule = match (words.next()?, words.next()?) {
            ("share", share) => Self::Share(Share::parse(share)?),
            (failures, rest) => Self::Consecutive {
                failures: u32::parse(failures).filter(|failures| *failures > 0)?,
                open_for: parse_duration(rest).filter(|time| !time.is_zero())?,
            },
        };
        words.next().is_none().then_some(rule)
    }
}

/// Circuit breaker: its rule and its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker(State);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// State of the rule `Consecutive`.
    Switch { failures: u32, open_for: Duration, position: Position },
    /// State of the rule `Share`.
    Counts { share: Share, failures: u64, calls: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// Everything passes; the number counts failed exchanges in a row.
    Closed(u32),
    /// Nothing passes before this time.
    Open(Instant),
    /// One exchange probes whether the server is back.
    HalfOpen,
}

/// State of a [`Breaker`], with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Everything passes, after this many failed exchanges in a row.
    Closed(u32),
    /// Nothing passes before this time.
    Open(Instant),
    /// One exchange probes whether the server is back.
    HalfOpen,
    /// Retries pass unless failures are more than this share of calls.
    Share {
        /// Sends that failed.
        failures: u64,
        /// Exchanges that began.
        calls: u64,
        /// Maximum share.
        share: Share,
    },
}

impl Breaker {
    /// Creates a closed breaker.
    #[must_use]
    pub const fn new(rule: BreakerRule) -> Self {
        Self(match rule {
            BreakerRule::Consecutive { failures, open_for } => {
                State::Switch { failures, open_for, position: Position::Closed(0) }
            }
            BreakerRule::Share(share) => State::Counts { share, failures: 0, calls: 0 },
        })
    }

    /// Returns its rule.
    pub(super) const fn rule(self) -> BreakerRule {
        match self.0 {
            State::Switch { failures, open_for, .. } => {
                BreakerRule::Consecutive { failures, open_for }
            }
            State::Counts { share, .. } => BreakerRule::Share(share),
        }
    }

    /// Returns true if an exchange may begin. With the rule `Consecutive`, the first exchange after the
    /// open time is the probe. The rule `Share` admits every exchange.
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

    /// Records a send that got no reply, or a failure as its reply.
    pub const fn failed(&mut self) {
        if let State::Counts { failures, .. } = &mut self.0 {
            *failures = failures.saturating_add(1);
        }
    }

    /// Returns true if an exchange may retry. While the breaker is open, exchanges in progress only wait
    /// for replies.
    #[must_use]
    pub const fn allows_retry(&self) -> bool {
        match self.0 {
            State::Switch { position, .. } => !matches!(position, Position::Open(_)),
            State::Counts { share, failures, calls } => {
                failures as u128 * 1_000_000 <= calls as u128 * share.millionths() as u128
            }
        }
    }

    /// Withdraws an admitted exchange that is not sent after all: the next one may be the probe.
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

    /// Records the end of an admitted exchange.
    pub fn ended(&mut self, now: Instant, answered: bool) {
        let State::Switch { failures, open_for, position } = &mut self.0 else { return };
        *position = match (*position, answered) {
            (Position::Closed(_) | Position::HalfOpen, true) => Position::Closed(0),
            (Position::Closed(before), false) if before + 1 < *failures => {
                Position::Closed(before + 1)
            }
            (Position::Closed(_) | Position::HalfOpen, false) => {
                Position::Open(now.saturating_add(*open_for))
            }
            // This exchange began before the breaker opened.
            (open @ Position::Open(_), _) => open,
        };
    }

    /// Returns the counts and the limit that decide whether a retry may go out.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        match self.0 {
            State::Counts { share, failures, calls } => Gate::Share { failures, calls, share },
            State::Switch { position, .. } => match position {
                Position::Closed(failures) => Gate::Closed(failures),
                Position::Open(until) => Gate::Open(until),
                Position::HalfOpen => Gate::HalfOpen,
            },
        }
    }

    /// Returns the state's name: `closed`, `open` or `half-open`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.0 {
            State::Switch { position: Position::HalfOpen, .. } => "half-open",
            _ if self.allows_retry() => "closed",
            _ => "open",
        }
    }
}
