//! The walk through one exchange: which wait follows the next send.

use super::{Policy, bound};
use crate::time::{Duration, nanos};

/// Where an exchange stands in its policy's schedule.
///
/// Ask [`next`](Self::next) before each send: it returns the wait that follows it, or `None` when
/// nothing more is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The wait after the next send, before the cap, in nanoseconds.
    backoff: u64,
    /// Copies sent so far.
    sends: u32,
}

/// What follows a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// How long to wait for the reply.
    pub timeout: Duration,
    /// Nothing will be sent after this wait.
    pub last: bool,
}

impl Schedule {
    /// The schedule of a new exchange.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self { backoff: nanos(policy.initial_timeout), sends: 0 }
    }

    /// Copies sent so far.
    #[must_use]
    pub const fn sends(&self) -> u32 {
        self.sends
    }

    /// May a copy be sent, `elapsed` after the exchange's first send? If so: how long to wait then.
    pub fn next(&mut self, policy: &Policy, elapsed: Duration) -> Option<Wait> {
        let left = policy.deadline.map_or(u64::MAX, |end| nanos(end.saturating_sub(elapsed)));
        if !self.allows(policy) || left == 0 {
            return None;
        }
        let timeout = self.backoff.min(bound(policy.max_timeout)).min(left);
        self.sends = self.sends.saturating_add(1);
        self.backoff = policy.multiplier.times(self.backoff);
        let last = !self.allows(policy) || policy.deadline.is_some() && timeout == left;
        Some(Wait { timeout: Duration::from_nanos(timeout), last })
    }

    /// May one more copy be sent, as far as numbers and waits go?
    fn allows(&self, policy: &Policy) -> bool {
        self.backoff <= bound(policy.give_up_above)
            && policy.max_sends.is_none_or(|most| self.sends < most)
    }
}

/// The send times of an exchange that is never answered. See [`Policy::sends`].
#[derive(Clone, Debug)]
pub struct Sends<'a> {
    policy: &'a Policy,
    schedule: Option<Schedule>,
    elapsed: Duration,
}

impl<'a> Sends<'a> {
    pub(super) const fn new(policy: &'a Policy) -> Self {
        Self { policy, schedule: None, elapsed: Duration::ZERO }
    }

    /// The time from the first send to the end of the last wait that was walked.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl Iterator for Sends<'_> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let schedule = self.schedule.get_or_insert_with(|| Schedule::new(self.policy));
        let at = self.elapsed;
        let wait = schedule.next(self.policy, at)?;
        self.elapsed = at.saturating_add(wait.timeout);
        Some(at)
    }
}
