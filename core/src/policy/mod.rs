//! When to send again, and when to stop.
//!
//! A [`Policy`] is a validated description; a [`Schedule`] walks it for one exchange. Both are pure:
//! no clock, no allocation, integer nanoseconds.
//!
//! ```
//! use retrylab_core::policy::Policy;
//! use retrylab_core::time::Duration;
//!
//! let policy = Policy::textbook();
//! let sends: Vec<f64> = policy.sends().map(|at| at.as_secs_f64()).collect();
//! assert_eq!(sends, [0.0, 0.1, 0.3, 0.7, 1.5]);
//! assert_eq!(policy.gives_up_after(), Some(Duration::from_millis(3_100)));
//! ```

mod factor;
mod preset;
mod schedule;
#[cfg(test)]
mod tests;

pub use factor::Factor;
pub use preset::Preset;
pub use schedule::{Schedule, Sends, Wait};

use crate::time::{Duration, WithUnit, nanos};
use core::fmt;

/// The longest wait and deadline that a policy may name: 100 days.
pub const LONGEST: Duration = Duration::from_secs(100 * 86_400);

/// A retry policy: exponential growth with its bounds. Every value of this type has been validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    initial_timeout: Duration,
    multiplier: Factor,
    max_timeout: Option<Duration>,
    give_up_above: Option<Duration>,
    max_sends: Option<u32>,
    deadline: Option<Duration>,
}

impl Policy {
    /// The textbook UDP client: waits 0.1 s, doubles the wait after each silence, and gives up when
    /// the next wait would exceed 2.0 s. Sends at 0, 0.1, 0.3, 0.7, 1.5 s; gives up at 3.1 s.
    ///
    /// Its first wait is a tenth of what RFC 8085 section 3.1.1 asks for on the Internet (1 s): for a
    /// laboratory and a local network only.
    #[must_use]
    pub const fn textbook() -> Self {
        Self {
            initial_timeout: Duration::from_millis(100),
            multiplier: Factor::TWO,
            max_timeout: None,
            give_up_above: Some(Duration::from_secs(2)),
            max_sends: None,
            deadline: None,
        }
    }

    /// Starts a policy of your own: this first wait, doubling, without any stop.
    pub const fn exponential(initial_timeout: Duration) -> PolicyBuilder {
        PolicyBuilder(Self { initial_timeout, give_up_above: None, ..Self::textbook() })
    }

    /// This policy as a builder, to change parts of it.
    pub const fn to_builder(self) -> PolicyBuilder {
        PolicyBuilder(self)
    }

    /// The wait after the first send.
    #[must_use]
    pub const fn initial_timeout(&self) -> Duration {
        self.initial_timeout
    }

    /// What each wait is multiplied by to give the next.
    #[must_use]
    pub const fn multiplier(&self) -> Factor {
        self.multiplier
    }

    /// No wait is longer than this.
    #[must_use]
    pub const fn max_timeout(&self) -> Option<Duration> {
        self.max_timeout
    }

    /// The client gives up instead of starting a wait that would be longer than this, judged before
    /// `max_timeout` shortens it.
    #[must_use]
    pub const fn give_up_above(&self) -> Option<Duration> {
        self.give_up_above
    }

    /// The number of copies sent at most, the first included.
    #[must_use]
    pub const fn max_sends(&self) -> Option<u32> {
        self.max_sends
    }

    /// The exchange ends this long after its first send at the latest: no copy is sent at or after
    /// it, and the wait in progress is cut short to end exactly there.
    #[must_use]
    pub const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// The times at which copies are sent when no reply ever comes, from the first at 0.
    ///
    /// Endless for a policy without a stop.
    #[must_use]
    pub const fn sends(&self) -> Sends<'_> {
        Sends::new(self)
    }

    /// How long after its first send an exchange without any reply ends; `None` when the policy never
    /// gives up.
    ///
    /// Walks the schedule: a policy that allows billions of sends takes as many steps.
    #[must_use]
    pub fn gives_up_after(&self) -> Option<Duration> {
        if self.never_gives_up() {
            return None;
        }
        let mut sends = self.sends();
        sends.by_ref().for_each(drop);
        Some(sends.elapsed())
    }

    /// Does this policy go on for ever?
    #[must_use]
    pub fn never_gives_up(&self) -> bool {
        let stops_by_growth = self.give_up_above.is_some() && self.multiplier > Factor::ONE;
        self.max_sends.is_none() && self.deadline.is_none() && !stops_by_growth
    }

    fn validate(self) -> Result<Self, PolicyError> {
        use PolicyError as E;
        let longest = |duration: &Duration| *duration > LONGEST || duration.is_zero();
        if longest(&self.initial_timeout) {
            return Err(E::OutOfRange("initial_timeout", self.initial_timeout));
        }
        for (name, value) in [
            ("max_timeout", self.max_timeout),
            ("give_up_above", self.give_up_above),
            ("deadline", self.deadline),
        ] {
            if let Some(value) = value.filter(longest) {
                return Err(E::OutOfRange(name, value));
            }
        }
        for (name, value) in
            [("max_timeout", self.max_timeout), ("give_up_above", self.give_up_above)]
        {
            if let Some(value) = value.filter(|value| *value < self.initial_timeout) {
                return Err(E::BelowFirstWait(name, value, self.initial_timeout));
            }
        }
        if self.max_sends == Some(0) {
            return Err(E::NoSends);
        }
        Ok(self)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::textbook()
    }
}

/// Makes a [`Policy`]; [`build`](Self::build) validates it.
#[derive(Clone, Copy, Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct PolicyBuilder(Policy);

impl PolicyBuilder {
    /// Sets the wait after the first send: more than 0, at most [`LONGEST`].
    pub const fn initial_timeout(mut self, wait: Duration) -> Self {
        self.0.initial_timeout = wait;
        self
    }

    /// Sets what each wait is multiplied by.
    pub const fn multiplier(mut self, multiplier: Factor) -> Self {
        self.0.multiplier = multiplier;
        self
    }

    /// Sets the cap of the waits; not below `initial_timeout`.
    pub const fn max_timeout(mut self, cap: Option<Duration>) -> Self {
        self.0.max_timeout = cap;
        self
    }

    /// Sets the wait above which the client gives up; not below `initial_timeout`.
    pub const fn give_up_above(mut self, wait: Option<Duration>) -> Self {
        self.0.give_up_above = wait;
        self
    }

    /// Sets the number of copies at most, the first included; at least 1.
    pub const fn max_sends(mut self, sends: Option<u32>) -> Self {
        self.0.max_sends = sends;
        self
    }

    /// Sets the time from the first send at which the exchange ends at the latest.
    pub const fn deadline(mut self, deadline: Option<Duration>) -> Self {
        self.0.deadline = deadline;
        self
    }

    /// The policy, if its parts make sense together.
    ///
    /// # Errors
    /// One [`PolicyError`], which names the field, its value and what is allowed.
    pub fn build(self) -> Result<Policy, PolicyError> {
        self.0.validate()
    }
}

/// Why a policy was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyError {
    /// A duration that is zero or above [`LONGEST`].
    OutOfRange(&'static str, Duration),
    /// A bound below the first wait: nothing would be sent, or no wait would be as asked.
    BelowFirstWait(&'static str, Duration, Duration),
    /// `max_sends` is 0.
    NoSends,
}

impl PolicyError {
    /// The name of the field that is at fault.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::OutOfRange(field, _) | Self::BelowFirstWait(field, ..) => field,
            Self::NoSends => "max_sends",
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::OutOfRange(field, value) => write!(
                f,
                "policy.{field} is {}; it must be more than 0 and at most {}",
                WithUnit(value),
                WithUnit(LONGEST)
            ),
            Self::BelowFirstWait(field, value, first) => write!(
                f,
                "policy.{field} is {}; it must not be below policy.initial_timeout, {}",
                WithUnit(value),
                WithUnit(first)
            ),
            Self::NoSends => f.write_str("policy.max_sends is 0; it must be at least 1"),
        }
    }
}

impl core::error::Error for PolicyError {}

/// Nanoseconds of an optional bound.
fn bound(duration: Option<Duration>) -> u64 {
    duration.map_or(u64::MAX, nanos)
}
