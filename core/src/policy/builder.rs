//! Making a policy, and refusing one that makes no sense.

use super::{Adaptive, Backoff, Delay, Jitter, Policy};
use crate::time::{Duration, WithUnit};
use core::fmt;

/// The longest wait and deadline that a policy may name: 100 days.
pub const LONGEST: Duration = Duration::from_secs(100 * 86_400);

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
        let initial = ("initial_timeout", Some(self.initial_timeout));
        let bounds = [
            initial,
            ("max_timeout", self.max_timeout),
            ("last_timeout", self.last_timeout),
            ("min_timeout", self.min_timeout),
            ("give_up_above", self.give_up_above),
            ("deadline", self.deadline),
        ];
        for (name, value) in bounds {
            if let Some(value) = value.filter(|value| value.is_zero() || *value > LONGEST) {
                return Err(PolicyError::OutOfRange(name, value));
            }
        }
        let additive = match self.jitter {
            Jitter::Additive(spread) | Jitter::Slots(spread) => spread,
            _ => Duration::ZERO,
        };
        let delay = self.first_delay.map_or(Duration::ZERO, |Delay { most, .. }| most);
        let rest = self.breaker.map_or(Duration::ZERO, |rule| rule.rest);
        let others = [
            ("increment", self.increment),
            ("first_delay", delay),
            ("jitter", additive),
            ("breaker", rest),
        ];
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
        if self.max_sends == Some(0) {
            return Err(PolicyError::NoSends);
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
        if list && self.adaptive != Adaptive::None {
            return wrong("adaptive", backoff, "it must be none");
        }
        if self.last_timeout.is_some() && self.max_sends.is_none() {
            return wrong("last_timeout", ("max_sends", "none"), "it must be none");
        }
        if self.adaptive == Adaptive::None && self.min_timeout.is_some() {
            return wrong("min_timeout", ("adaptive", "none"), "it must be none");
        }
        Ok(())
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
    /// `max_sends` is 0.
    NoSends,
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
            Self::NoSends => "max_sends",
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
            Self::NoSends => f.write_str("policy.max_sends is 0; it must be at least 1"),
            Self::Contradiction { field, with: (other, value), allowed } => {
                write!(f, "policy.{field} does not fit policy.{other}, {value}: {allowed}")
            }
        }
    }
}

impl core::error::Error for PolicyError {}
