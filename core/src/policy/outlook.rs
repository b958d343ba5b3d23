//! The numbers behind a decision of a policy.

use super::{Adaptive, Allowance, Draw, Gate, Pacer, Policy, Rtt, Schedule, Shared};
use crate::time::{Duration, Instant};

/// What a client's policy knows when it decides whether to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outlook {
    /// Wait that would follow the send, grown, before cap and jitter: what `give_up_above` is compared with.
    pub grown: Duration,
    /// Shortest and longest wait that the jitter may draw.
    pub range: [Duration; 2],
    /// Smoothed round-trip time, of a policy that measures it.
    pub smoothed: Option<Duration>,
    /// First wait that follows from the measured round-trip times alone.
    pub measured: Option<Duration>,
    /// What is left of the retry budget.
    pub budget: Option<Allowance>,
    /// State of the circuit breaker.
    pub breaker: Option<Gate>,
}

impl Pacer {
    /// Returns what decides about the first send of an exchange that begins at `now`.
    #[must_use]
    pub fn outlook_of_first(&self, policy: &Policy, now: Instant) -> Outlook {
        let first = self.rtt().map_or(policy.initial_timeout(), |rtt| rtt.timeout(policy));
        let schedule = Schedule::drawn(policy, first, Draw::Nominal);
        self.outlook_with(&schedule, policy, now, false)
    }

    /// Returns what decides about the next send of the exchange in progress, at `now`.
    #[must_use]
    pub fn outlook(&self, policy: &Policy, now: Instant) -> Outlook {
        self.outlook_with(self.schedule(), policy, now, true)
    }

    fn outlook_with(
        &self,
        schedule: &Schedule,
        policy: &Policy,
        now: Instant,
        failed: bool,
    ) -> Outlook {
        let mut shared = self.peek_shared().cloned();
        if let (Some(shared), true) = (&mut shared, failed) {
            // The last send counts as failed before the limits are asked.
            shared.failed();
        }
        let limits = shared.as_ref();
        let adapts = policy.adaptive() != Adaptive::None;
        Outlook {
            grown: schedule.grown(),
            range: schedule.range(policy),
            smoothed: self.rtt().filter(|_| adapts).and_then(Rtt::smoothed),
            measured: self.rtt().and_then(|rtt| rtt.measured(policy)),
            budget: limits.and_then(|limits| limits.allowance(now)),
            breaker: limits.and_then(Shared::gate),
        }
    }
}
