//! Building a policy, and rejecting one that contradicts itself.

use super::limits::{LONGEST, bound};
use super::{Adaptive, Backoff, BreakerRule, BudgetRule, Delay, Jitter, Policy};
use crate::time::{Duration, WithUnit, nanos};
use core::fmt;

/// Makes a [`Policy`]; [`build`](Self::build) validates it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct PolicyBuilder(pub(super) Policy);

impl PolicyBuilder {
    /// Returns the policy, if its fields are valid and do not contradict each other.
    ///
    /// # Errors
    /// The first [`PolicyError`]. It names the field, its value and what is allowed.
    pub fn build(self) -> Result<Policy, PolicyError> {
        let policy = self.0;
        policy.check_ranges()?;
        policy.check_bounds()?;
        policy.check_growth()?;
        policy.check_chained_jitter()?;
        policy.check_timeouts()?;
        policy.check_first_wait()?;
        policy.check_pace()?;
        Ok(policy)
    }
}

impl Policy {
    /// Checks each duration by itself.
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
        let open_for = match self.breaker {
            Some(BreakerRule::Consecutive { open_for, .. }) => Some(open_for),
            _ => None,
        };
        let bounds = [
            ("max_timeout", self.max_timeout),
            ("attempt_timeout", self.attempt_timeout),
            ("last_timeout", self.last_timeout),
            ("min_timeout", self.min_timeout),
            ("give_up_above", self.give_up_above),
            ("deadline", self.deadline),
            ("jitter", slot),
            ("budget", window),
            ("breaker", open_for),
        ];
        for (name, value) in bounds {
            if let Some(value) = value.filter(|value| value.is_zero() || *value > LONGEST) {
                return Err(PolicyError::OutOfRange(name, value));
            }
        }
        let delay = self.first_delay.map_or(Duration::ZERO, |Delay { most, .. }| most);
        let others = [
            ("initial_timeout", self.initial_timeout),
            ("increment", self.increment),
            ("first_delay", delay),
            ("jitter", additive),
        ];
        let waits = self.timeouts.iter().map(|wait| ("timeouts", wait));
        match others.into_iter().chain(waits).find(|(_, value)| *value > LONGEST) {
            Some((name, value)) => Err(PolicyError::TooLong(name, value)),
            None => Ok(()),
        }
    }

    /// Checks limits against each other.
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

    /// Checks the fields that say how waits grow against the backoff.
    fn check_growth(&self) -> Result<(), PolicyError> {
        let backoff = ("backoff", self.backoff.name());
        let list = self.backoff == Backoff::List;
        if list && self.timeouts.iter().all(|wait| wait.is_zero()) {
            return contradiction("timeouts", backoff, "it must contain a wait above zero");
        }
        if !list && !self.timeouts.is_empty() {
            return contradiction("timeouts", backoff, "use policy.backoff=list with it, or none");
        }
        let grows = matches!(self.backoff, Backoff::Linear | Backoff::Exponential);
        if !grows && !self.increment.is_zero() {
            return contradiction("increment", backoff, "it must be 0s");
        }
        let fits = match self.jitter {
            Jitter::Decorrelated | Jitter::Compounding(_) | Jitter::CompoundingUp(_) => {
                self.backoff == Backoff::Exponential
            }
            Jitter::Once(_) => !list && self.backoff != Backoff::Fibonacci,
            _ => true,
        };
        if !fits {
            return contradiction("jitter", backoff, "use another jitter mode");
        }
        if list && self.linear_timeouts > 0 {
            return contradiction("linear_timeouts", backoff, "it must be 0");
        }
        Ok(())
    }

    /// Checks a jitter whose waits grow from the wait drawn before: it ignores these fields.
    fn check_chained_jitter(&self) -> Result<(), PolicyError> {
        let jitter = match self.jitter {
            Jitter::Decorrelated => ("jitter", "decorrelated"),
            Jitter::Compounding(_) | Jitter::CompoundingUp(_) => ("jitter", "compounding"),
            _ => return Ok(()),
        };
        if !self.increment.is_zero() {
            return contradiction("increment", jitter, "it must be 0s");
        }
        if self.linear_timeouts > 0 {
            return contradiction("linear_timeouts", jitter, "it must be 0");
        }
        Ok(())
    }

    /// Checks timeouts that have no effect, or no meaning, next to another field.
    fn check_timeouts(&self) -> Result<(), PolicyError> {
        let must_be_none = |field, with| contradiction(field, with, "it must be none");
        if self.backoff == Backoff::List && self.adaptive != Adaptive::None {
            return must_be_none("adaptive", ("backoff", self.backoff.name()));
        }
        if self.last_timeout.is_some() && self.max_sends.is_none() {
            return must_be_none("last_timeout", ("max_sends", "none"));
        }
        if self.attempt_timeout.is_some() {
            if self.hedging {
                return must_be_none("attempt_timeout", ("hedging", "true"));
            }
            if self.adaptive != Adaptive::None {
                return must_be_none("attempt_timeout", ("adaptive", "a measured first wait"));
            }
            if self.last_timeout.is_some() {
                let last = ("last_timeout", "the wait after the last send");
                return must_be_none("attempt_timeout", last);
            }
        }
        if self.adaptive == Adaptive::None && self.min_timeout.is_some() {
            return must_be_none("min_timeout", ("adaptive", "none"));
        }
        Ok(())
    }

    /// Checks that a first wait of 0, after which the next send is immediate, is used as such a wait only.
    fn check_first_wait(&self) -> Result<(), PolicyError> {
        if !self.initial_timeout.is_zero() {
            return Ok(());
        }
        let must_last = |with, allowed| contradiction("initial_timeout", with, allowed);
        if self.adaptive != Adaptive::None {
            let until =
                "it must be above zero, because clients wait that long until they have measured";
            return must_last(("adaptive", "a measured first wait"), until);
        }
        let refused = "it must be above zero, because an exchange that may not send ends after it";
        if let Some(BreakerRule::Consecutive { .. }) = self.breaker {
            return must_last(("breaker", "which refuses first sends"), refused);
        }
        if let Some(BudgetRule::Adaptive { .. }) = self.budget {
            return must_last(("budget", "which refuses first sends"), refused);
        }
        Ok(())
    }

    /// Checks that waits keep taking time if the number of sends is unlimited. Otherwise a client would
    /// send without a pause.
    fn check_pace(&self) -> Result<(), PolicyError> {
        if self.max_sends.is_some() {
            return Ok(());
        }
        let at_last = self.last_growth().min(bound(self.max_timeout));
        let unlimited = ("max_sends", "none");
        if at_last == 0 {
            let (field, allowed) = if self.backoff == Backoff::List {
                ("timeouts", "the last wait, which repeats, must be above zero")
            } else {
                ("initial_timeout", "every wait would be 0s; limit the sends, or set an increment")
            };
            return contradiction(field, unlimited, allowed);
        }
        match self.jitter {
            Jitter::Slots(slot) if nanos(slot) > at_last => {
                let allowed = "a slot must not be longer than the longest wait";
                contradiction("jitter", unlimited, allowed)
            }
            _ => Ok(()),
        }
    }

    /// Returns the wait that waits grow to before the cap, in nanoseconds.
    pub(super) fn last_growth(&self) -> u64 {
        let first = nanos(self.initial_timeout);
        match self.backoff {
            Backoff::List => self.timeouts.at(u64::MAX),
            Backoff::Constant => first,
            Backoff::Linear if self.increment.is_zero() => first,
            // A short wait times a factor just above 1 rounds to itself.
            Backoff::Exponential
                if self.increment.is_zero() && self.multiplier.times(first) == first =>
            {
                first
            }
            Backoff::Fibonacci if first == 0 => 0,
            Backoff::Linear | Backoff::Exponential | Backoff::Fibonacci => u64::MAX,
        }
    }
}

fn contradiction(
    field: &'static str,
    with: (&'static str, &'static str),
    allowed: &'static str,
) -> Result<(), PolicyError> {
    Err(PolicyError::Contradiction { field, with, allowed })
}

/// Error that [`PolicyBuilder::build`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// A duration that is zero or above [`LONGEST`].
    OutOfRange(&'static str, Duration),
    /// A duration above [`LONGEST`], where zero is allowed.
    TooLong(&'static str, Duration),
    /// A limit below the first wait: nothing would be sent, or no wait would be as configured.
    BelowFirstWait {
        /// The field of the limit.
        field: &'static str,
        /// The limit.
        value: Duration,
        /// The field of the first wait.
        name: &'static str,
        /// The first wait.
        first: Duration,
    },
    /// `min_timeout` is above `max_timeout`.
    AboveCap(Duration, Duration),
    /// The lower bound of `first_delay` is above the upper one.
    Backwards(Duration, Duration),
    /// `max_sends` is 0.
    NoSends,
    /// `breaker` opens after 0 failures.
    NoFailures,
    /// A field that has no meaning next to the value of another one.
    Contradiction {
        /// The field.
        field: &'static str,
        /// The other field and its value.
        with: (&'static str, &'static str),
        /// What the field allows next to that value.
        allowed: &'static str,
    },
}

impl PolicyError {
    /// Returns the name of the invalid field.
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
                write!(f, "policy.{field} contains {value}; a time may be at most {longest}")
            }
            Self::BelowFirstWait { field, value, name, first } => {
                let (value, first) = (WithUnit(value), WithUnit(first));
                write!(
                    f,
                    "policy.{field} is {value}; it must not be below {name}, {first}; raise it, or use none"
                )
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
                write!(
                    f,
                    "policy.first_delay is {least} {most}; the second time must be at least the first"
                )
            }
            Self::NoSends => f.write_str("policy.max_sends is 0; it must be at least 1"),
            Self::NoFailures => {
                f.write_str("policy.breaker opens after 0 failures; use at least 1")
            }
            Self::Contradiction { field, with: (other, value), allowed } => {
                write!(f, "policy.{field} does not fit policy.{other}, {value}: {allowed}")
            }
        }
    }
}

impl core::error::Error for PolicyError {}
