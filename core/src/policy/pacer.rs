//! Schedule, round-trip time and brakes put together: what one client keeps of its policy.

use super::{Adaptive, Breaker, Budget, Draw, Hint, Policy, Rtt, Schedule, Stop, Wait};
use crate::random::Stream;
use crate::time::{Duration, Instant};
use alloc::boxed::Box;

/// All that a client keeps of its policy, exchange after exchange: at most 64 bytes. What only some
/// policies need (round-trip times, brakes) is in one allocation of its own, made at the start.
///
/// In each exchange: [`begin`](Self::begin), then [`next`](Self::next) before each send, then
/// [`answered`](Self::answered) or [`gave_up`](Self::gave_up).
#[derive(Clone, Debug)]
pub struct Pacer {
    schedule: Schedule,
    memory: Option<Box<Memory>>,
}

/// What is remembered from one exchange to the next. The brakes are the judge: may another copy go
/// out, whatever the schedule says?
#[derive(Clone, Debug)]
struct Memory {
    rtt: Rtt,
    budget: Option<Budget>,
    breaker: Option<Breaker>,
}

impl Pacer {
    /// A client's state before its first exchange.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let budget = policy.budget().map(Budget::new);
        let breaker = policy.breaker().map(Breaker::new);
        let adaptive = policy.adaptive() != Adaptive::None;
        let any = adaptive || budget.is_some() || breaker.is_some();
        let memory = any.then(|| Box::new(Memory { rtt: Rtt::default(), budget, breaker }));
        Self { schedule: Schedule::new(policy), memory }
    }

    /// Begins an exchange whose draws come from `stream`; returns how long to wait before its first
    /// copy.
    ///
    /// # Errors
    /// [`Stop::Breaker`] or [`Stop::Budget`]: it is over before it began.
    pub fn begin(
        &mut self,
        policy: &Policy,
        now: Instant,
        stream: Stream,
    ) -> Result<Duration, Stop> {
        let first = self.memory.as_ref().map(|memory| memory.rtt.timeout(policy));
        let first = first.unwrap_or(policy.initial_timeout());
        self.schedule = Schedule::drawn(policy, first, Draw::Random(stream));
        if let Some(Memory { budget, breaker, .. }) = self.memory.as_deref_mut() {
            if breaker.as_mut().is_some_and(|breaker| !breaker.admit(now)) {
                return Err(Stop::Breaker);
            }
            let draw = self.schedule.stream();
            if budget.as_mut().is_some_and(|budget| !budget.first(now, draw)) {
                if let Some(breaker) = breaker {
                    breaker.withdrawn(now);
                }
                return Err(Stop::Budget);
            }
        }
        Ok(self.schedule.first_delay(policy))
    }

    /// Sends a copy, `elapsed` after the exchange's first one: how long to wait then.
    ///
    /// # Errors
    /// Why nothing more may be sent.
    #[inline]
    pub fn next(&mut self, policy: &Policy, now: Instant, elapsed: Duration) -> Result<Wait, Stop> {
        let sends = self.schedule.sends();
        let wait = self.schedule.next(policy, elapsed);
        let (Some(memory), true) = (self.memory.as_deref_mut(), sends > 0) else { return wait };
        memory.failed();
        let wait = wait?;
        if memory.breaker.is_some_and(|breaker| !breaker.allows_retry()) {
            return Err(Stop::Breaker);
        }
        let draw = self.schedule.stream();
        if memory.budget.as_mut().is_some_and(|budget| !budget.retry(now, sends > 1, draw)) {
            return Err(Stop::Budget);
        }
        // Until a sample comes, the next exchange begins where this one had to back off to.
        memory.rtt.back_off(wait.timeout);
        Ok(wait)
    }

    /// A copy was answered by a failure that may be retried: how long to pause before
    /// [`next`](Self::next); see [`Schedule::after_failure`].
    ///
    /// # Errors
    /// Why nothing more may be sent.
    pub fn after_failure(
        &mut self,
        policy: &Policy,
        planned: Wait,
        elapsed: Duration,
        hint: Option<Hint>,
    ) -> Result<Duration, Stop> {
        let pause = self.schedule.after_failure(policy, planned, elapsed, hint);
        if pause.is_err()
            && let Some(memory) = self.memory.as_deref_mut()
        {
            // No `next` follows to count it.
            memory.failed();
        }
        pause
    }

    /// Copies of this exchange so far, the one that [`next`](Self::next) was asked for included.
    #[must_use]
    pub const fn sends(&self) -> u32 {
        self.schedule.sends()
    }

    /// A reply came, `elapsed` after the first copy, when `sends` copies had been sent.
    ///
    /// Only an exchange of one copy tells its round-trip time (Karn's rule).
    pub fn answered(&mut self, now: Instant, sends: u32, elapsed: Duration) {
        if let (Some(memory), 1) = (self.memory.as_deref_mut(), sends) {
            memory.rtt.sample(elapsed);
        }
        self.ended(now, sends, true);
    }

    /// The exchange is over without a reply, after `sends` copies.
    pub fn gave_up(&mut self, now: Instant, sends: u32) {
        if sends > 0 {
            self.ended(now, sends, false);
        }
        if let Some(memory) = self.memory.as_deref_mut() {
            memory.rtt.begin_anew();
        }
    }

    /// The network refused the last of `sends` copies: a failure, and the end of the exchange.
    pub fn refused(&mut self, now: Instant, sends: u32) {
        if let Some(memory) = self.memory.as_deref_mut() {
            memory.failed();
        }
        self.gave_up(now, sends);
    }

    fn ended(&mut self, now: Instant, sends: u32, answered: bool) {
        if let Some(Memory { budget, breaker, .. }) = self.memory.as_deref_mut() {
            if let Some(budget) = budget {
                budget.ended(now, answered, sends.saturating_sub(1));
            }
            if let Some(breaker) = breaker {
                breaker.ended(now, answered);
            }
        }
    }

    /// What is known of the round-trip time; `None` if the policy does not measure it.
    #[must_use]
    pub fn rtt(&self) -> Option<&Rtt> {
        self.memory.as_ref().map(|memory| &memory.rtt)
    }
}

impl Memory {
    /// A copy brought no reply, or a failure.
    fn failed(&mut self) {
        if let Some(budget) = &mut self.budget {
            budget.failed();
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.failed();
        }
    }
}
