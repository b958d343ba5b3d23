//! Which policies draw nothing, and which have waits that only grow.

use super::{Backoff, BudgetRule, HintRule, Jitter, Policy};

impl Policy {
    /// Returns true if the waits of an exchange depend on random draws: without a hint, or with one if `hinted`.
    #[must_use]
    pub fn draws(&self, hinted: bool) -> bool {
        // Every field is named, so that a new one cannot be forgotten.
        let Self {
            backoff: _,
            initial_timeout: _,
            multiplier: _,
            increment: _,
            timeouts: _,
            linear_timeouts: _,
            max_timeout: _,
            cap: _,
            attempt_timeout: _,
            last_timeout: _,
            first_delay,
            jitter,
            adaptive: _,
            min_timeout: _,
            give_up_above: _,
            max_sends: _,
            deadline: _,
            deadline_rule: _,
            hedging: _,
            budget,
            breaker: _,
            hint,
        } = *self;
        jitter != Jitter::None
            || first_delay.is_some_and(|delay| delay.least < delay.most)
            || matches!(budget, Some(BudgetRule::Adaptive { .. }))
            || hinted && matches!(hint, HintRule::Jitter(share) if share.millionths() > 0)
    }

    /// Returns true if waits only grow by the multiplier, up to a maximum: nothing is drawn, and neither a deadline nor a
    /// timeout of another kind interferes.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        // Every field is named, so that a new one cannot be forgotten.
        let Self {
            backoff,
            initial_timeout: _,
            multiplier: _,
            increment: _,
            timeouts: _,
            linear_timeouts,
            max_timeout: _,
            cap: _,
            attempt_timeout,
            last_timeout,
            first_delay,
            jitter,
            adaptive: _,
            min_timeout: _,
            give_up_above: _,
            max_sends: _,
            deadline,
            deadline_rule: _,
            hedging: _,
            budget: _,
            breaker: _,
            hint: _,
        } = self;
        *backoff == Backoff::Exponential
            && *linear_timeouts == 0
            && attempt_timeout.is_none()
            && last_timeout.is_none()
            && first_delay.is_none()
            && *jitter == Jitter::None
            && deadline.is_none()
    }
}
