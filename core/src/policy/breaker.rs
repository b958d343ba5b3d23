//! The circuit breaker: after enough failures in a row, stop asking for a while.

use crate::time::{Duration, Instant, WithUnit, parse_duration};
use core::fmt;
use core::str::FromStr;

/// When a [`Breaker`] opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BreakerRule {
    /// Failed exchanges in a row that open it; at least 1.
    pub failures: u32,
    /// How long it stays open.
    pub rest: Duration,
}

/// `5 10s`: opens after five failures in a row, for ten seconds.
impl fmt::Display for BreakerRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.failures, WithUnit(self.rest))
    }
}

impl FromStr for BreakerRule {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (failures, rest) = text.trim().split_once(' ').ok_or(())?;
        let failures = failures.parse().ok().filter(|n| *n > 0).ok_or(())?;
        let rest = parse_duration(rest).filter(|d| !d.is_zero()).ok_or(())?;
        Ok(Self { failures, rest })
    }
}

/// A circuit breaker, after the pattern of Nygard's "Release It!".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    rule: BreakerRule,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
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
        Self { rule, state: State::Closed(0) }
    }

    /// May an exchange begin? The first one after the rest is the probe that decides.
    pub fn admit(&mut self, now: Instant) -> bool {
        match self.state {
            State::Closed(_) => true,
            State::Open(until) if now >= until => {
                self.state = State::HalfOpen;
                true
            }
            State::Open(_) | State::HalfOpen => false,
        }
    }

    /// May a copy be sent again? Not while it is open: whoever is out already waits and no more.
    #[must_use]
    pub const fn allows_retry(&self) -> bool {
        !matches!(self.state, State::Open(_))
    }

    /// An exchange that was admitted is not sent after all: the next one may be the probe.
    pub const fn withdrawn(&mut self, now: Instant) {
        if let State::HalfOpen = self.state {
            self.state = State::Open(now);
        }
    }

    /// An exchange that was admitted is over.
    pub fn ended(&mut self, now: Instant, answered: bool) {
        self.state = match (self.state, answered) {
            (State::Closed(_) | State::HalfOpen, true) => State::Closed(0),
            (State::Closed(before), false) if before + 1 < self.rule.failures => {
                State::Closed(before + 1)
            }
            (State::Closed(_) | State::HalfOpen, false) => {
                State::Open(now.saturating_add(self.rule.rest))
            }
            // One that began before it opened changes nothing.
            (open @ State::Open(_), _) => open,
        };
    }

    /// The state's name: `closed`, `open` or `half-open`.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self.state {
            State::Closed(_) => "closed",
            State::Open(_) => "open",
            State::HalfOpen => "half-open",
        }
    }
}
