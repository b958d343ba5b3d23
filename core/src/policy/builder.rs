//! Making a policy, and refusing one that makes no sense.

use super::{Adaptive, Backoff, BreakerRule, BudgetRule, Delay, Jitter, Policy, bound};
use crate::time::{Duration, WithUnit, nanos};
use crate::value::MAX_DURATION;
use core::fmt;

/// The longest wait and deadline that a policy may name: 100 days.
pub const LONGEST: Duration = MAX_DURATION;

/// Makes a [`Policy`]; [`build`](Self::build) validates it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct PolicyBuilder(pub(super) Policy);

impl PolicyBuilder {
    /// The policy, if its parts make sense together.
    ///
    /// # Errors
    /// One [`PolicyError`], which names the field, its value and what is allowed.
    pub fn build(self) -> Result<Policy, PolicyError> {
        let policy = self.0;
        policy.check_ranges()?;
        policy.check_bounds()?;
        policy.check_laws()?;
        Ok(policy)
    }
}

impl Policy {
    /// Each duration by itself.
    fn check_ranges(&self) -> Result<(), PolicyError> {
        let (additive, slot) = match self.jitter {
            Jitter::Additive(spread) => (spread, None),
            Jitter::Slots(slot) => (Duration::ZERO, Some(slot)),
            _ => (Duration::ZERO, None),
        };
        let window = match self.budget {
            Some(BudgetRule::Deposits { ttl, .. }) => Some(ttl),
            Some(BudgetRule::Adaptive { window, .. }) => Some(window),
            _ => None,
        };
        let rest = match self.breaker {
            Some(BreakerRule::Consecutive { rest, .. }) => Some(rest),
            _ => None,
        };
        let bounds = [
            ("initial_timeout", Some(self.initial_timeout)),
            ("max_timeout", self.max_timeout),
            ("attempt_timeout", self.attempt_timeout),
            ("last_timeout", self.last_timeout),
            ("min_timeout", self.min_timeout),
            ("give_up_above", self.give_up_above),
            ("deadline", self.deadline),
            ("jitter", slot),
            ("budget", window),
            ("breaker", rest),
        ];
        for (name, value) in bounds {
            if let Some(value) = value.filter(|value| value.is_zero() || *value > LONGEST) {
                return Err(PolicyError::OutOfRange(name, value));
            }
        }
        let delay = self.first_delay.map_or(Duration::ZERO, |Delay { most, .. }| most);
        let others = [("increment", self.increment), ("first_delay", delay), ("jitter", additive)];
        let waits = self.timeouts.iter().map(|wait| ("timeouts", wait));
        match others.into_iter().chain(waits).find(|(_, value)| *value > LONGEST) {
            Some((name, value)) => Err(PolicyError::TooLong(name, value)),
            None => Ok(()),
        }
    }

    /// Bounds against each other.
    fn check_bounds(&self) -> Result<(), PolicyError> {
        let (first, name) = match self.backoff {
            Backoff::List => {
                (self.timeouts.iter().next().unwrap_or_default(), "the first of policy.timeouts")
            }
            _ => (self.initial_timeout, "policy.initial_timeout"),
        };
        let mut bounds = [
            ("max_timeout", self.max_timeout),
            ("give_up_above", self.give_up_above),
            ("deadline", None),
        ];
        if self.deadline_rule == super::DeadlineRule::Before {
            bounds[2].1 = self.deadline;
        }
        for (field, value) in bounds {
            if let Some(value) = value.filter(|value| *value < first) {
                return Err(PolicyError::BelowFirstWait { field, value, name, first });
            }
        }
        if let (Some(least), Some(most)) = (self.min_timeout, self.max_timeout)
            && least > most
        {
            return Err(PolicyError::AboveCap(least, most));
        }
        if let Some(Delay { least, most }) = self.first_delay
            && least > most
        {
            return Err(PolicyError::Backwards(least, most));
        }
        if self.max_sends == Some(0) {
            return Err(PolicyError::NoSends);
        }
        if let Some(BreakerRule::Consecutive { failures: 0, .. }) = self.breaker {
            return Err(PolicyError::NoFailures);
        }
        Ok(())
    }

    /// Fields that another field leaves without a meaning.
    fn check_laws(&self) -> Result<(), PolicyError> {
        let wrong = |field, with, allowed| Err(PolicyError::Contradiction { field, with, allowed });
        let backoff = ("backoff", self.backoff.name());
        let list = self.backoff == Backoff::List;
        if list && self.timeouts.iter().all(|wait| wait.is_zero()) {
            return wrong("timeouts", backoff, "it must name a wait above zero");
        }
        if !list && !self.timeouts.is_empty() {
            return wrong("timeouts", backoff, "it must be none");
        }
        let grows = matches!(self.backoff, Backoff::Linear | Backoff::Exponential);
        if !grows && !self.increment.is_zero() {
            return wrong("increment", backoff, "it must be 0s");
        }
        let fits = match self.jitter {
            Jitter::Decorrelated | Jitter::Compounding(_) | Jitter::CompoundingUp(_) => {
                self.backoff == Backoff::Exponential
            }
            Jitter::Once(_) => !list && self.backoff != Backoff::Fibonacci,
            _ => true,
        };
        if !fits {
            return wrong("jitter", backoff, "it must be another law");
        }
        if list && self.linear_timeouts > 0 {
            return wrong("linear_timeouts", backoff, "it must be 0");
        }
        // Waits that go on from what was drawn follow neither of these.
        let chain = match self.jitter {
            Jitter::Decorrelated => Some(("jitter", "decorrelated")),
            Jitter::Compounding(_) | Jitter::CompoundingUp(_) => Some(("jitter", "compounding")),
            _ => None,
        };
        if let Some(jitter) = chain {
            if !self.increment.is_zero() {
                return wrong("increment", jitter, "it must be 0s");
            }
            if self.linear_timeouts > 0 {
                return wrong("linear_timeouts", jitter, "it must be 0");
            }
        }
        if list && self.adaptive != Adaptive::None {
            return wrong("adaptive", backoff, "it must be none");
        }
        if self.last_timeout.is_some() && self.max_sends.is_none() {
            return wrong("last_timeout", ("max_sends", "none"), "it must be none");
        }
        if self.attempt_timeout.is_some() {
            if self.hedging {
                return wrong("attempt_timeout", ("hedging", "true"), "it must be none");
            }
            if self.adaptive != Adaptive::None {
                let adaptive = ("adaptive", "a measured first wait");
                return wrong("attempt_timeout", adaptive, "it must be none");
            }
            if self.last_timeout.is_some() {
                let last = ("last_timeout", "the wait after the last copy");
                return wrong("attempt_timeout", last, "it must be none");
            }
        }
        if self.adaptive == Adaptive::None && self.min_timeout.is_some() {
            return wrong("min_timeout", ("adaptive", "none"), "it must be none");
        }
        self.check_pace()
    }

    /// Without an end of the sends, waits have to go on taking time: else copies would follow each other
    /// without a pause.
    fn check_pace(&self) -> Result<(), PolicyError> {
        if self.max_sends.is_some() {
            return Ok(());
        }
        let at_last = self.last_growth().min(bound(self.max_timeout));
        let wrong = |field, allowed| {
            Err(PolicyError::Contradiction { field, with: ("max_sends", "none"), allowed })
        };
        if at_last == 0 {
            return wrong("timeouts", "the last wait, which repeats, must be above zero");
        }
        match self.jitter {
            Jitter::Slots(slot) if nanos(slot) > at_last => {
                wrong("jitter", "a slot must not be longer than the wait that waits grow to")
            }
            _ => Ok(()),
        }
    }

    /// What waits grow to before the cap, in nanoseconds.
    pub(super) fn last_growth(&self) -> u64 {
        let first = nanos(self.initial_timeout);
        match self.backoff {
            Backoff::List => self.timeouts.at(u64::MAX),
            Backoff::Constant => first,
            Backoff::Linear if self.increment.is_zero() => first,
            // A short wait times hardly more than 1 is rounded to itself.
            Backoff::Exponential
                if self.increment.is_zero() && self.multiplier.times(first) == first =>
            {
                first
            }
            Backoff::Linear | Backoff::Exponential | Backoff::Fibonacci => u64::MAX,
        }
    }
}

/// Why a policy was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// A duration that is zero or above [`LONGEST`].
    OutOfRange(&'static str, Duration),
    /// A duration above [`LONGEST`], where zero is allowed.
    TooLong(&'static str, Duration),
    /// A bound below the first wait: nothing would be sent, or no wait would be as asked.
    BelowFirstWait {
        /// The bound.
        field: &'static str,
        /// What it is.
        value: Duration,
        /// Where the first wait stands.
        name: &'static str,
        /// The first wait.
        first: Duration,
    },
    /// `min_timeout` is above `max_timeout`.
    AboveCap(Duration, Duration),
    /// `first_delay` is longer at its shortest than at its longest.
    Backwards(Duration, Duration),
    /// `max_sends` is 0.
    NoSends,
    /// `breaker` opens after 0 failures.
    NoFailures,
    /// A field that another one leaves without a meaning.
    Contradiction {
        /// The field.
        field: &'static str,
        /// The other one, and its value.
        with: (&'static str, &'static str),
        /// What is allowed then.
        allowed: &'static str,
    },
}

impl PolicyError {
    /// The name of the field that is at fault.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::OutOfRange(field, _)
            | Self::TooLong(field, _)
            | Self::BelowFirstWait { field, .. }
            | Self::Contradiction { field, .. } => field,
            Self::AboveCap(..) => "min_timeout",
            Self::Backwards(..) => "first_delay",
            Self::NoSends => "max_sends",
            Self::NoFailures => "breaker",
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = WithUnit(LONGEST);
        match *self {
            Self::OutOfRange(field, value) => {
                let value = WithUnit(value);
                write!(f, "policy.{field} is {value}; it must be more than 0 and at most {longest}")
            }
            Self::TooLong(field, value) => {
                let value = WithUnit(value);
                write!(f, "policy.{field} has {value}; no time may be longer than {longest}")
            }
            Self::BelowFirstWait { field, value, name, first } => {
                let (value, first) = (WithUnit(value), WithUnit(first));
                write!(f, "policy.{field} is {value}; it must not be below {name}, {first}")
            }
            Self::AboveCap(least, most) => {
                let (least, most) = (WithUnit(least), WithUnit(most));
                write!(
                    f,
                    "policy.min_timeout is {least}; it must not be above policy.max_timeout, {most}"
                )
            }
            Self::Backwards(least, most) => {
                let (least, most) = (WithUnit(least), WithUnit(most));
                write!(f, "policy.first_delay is {least} {most}; the second must not be below")
            }
            Self::NoSends => f.write_str("policy.max_sends is 0; it must be at least 1"),
            Self::NoFailures => {
                f.write_str("policy.breaker opens after 0 failures; it must be at least 1")
            }
            Self::Contradiction { field, with: (other, value), allowed } => {
                write!(f, "policy.{field} does not fit policy.{other}, {value}: {allowed}")
            }
        }
    }
}

impl core::error::Error for PolicyError {}
