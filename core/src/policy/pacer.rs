//! Schedule, round-trip time and brakes put together: what one client keeps of its policy.

use super::schedule::Step;
use super::{Adaptive, Breaker, Budget, Draw, Hint, Policy, Rtt, Schedule, Stop, Wait};
use crate::random::Stream;
use crate::time::{Duration, Instant, nanos};
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

#[derive(Clone, Debug)]
struct Memory {
    /// The pause that follows the wait in progress, under an attempt timeout, in nanoseconds.
    pause: u64,
    shared: Option<Box<Shared>>,
}

/// What is remembered from one exchange to the next, and shared by those that are open at once. The
/// brakes are the judge: may another copy go out, whatever the schedule says?
#[derive(Clone, Debug)]
pub(crate) struct Shared {
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
        let any = policy.adaptive() != Adaptive::None || budget.is_some() || breaker.is_some();
        let shared = any.then(|| Box::new(Shared { rtt: Rtt::default(), budget, breaker }));
        let memory = (any || policy.attempt_timeout().is_some())
            .then(|| Box::new(Memory { pause: 0, shared }));
        Self { schedule: Schedule::new(policy), memory }
    }

    /// Exchanges what is remembered from exchange to exchange, for clients with several open at once.
    pub(crate) fn swap_shared(&mut self, other: &mut Option<Box<Shared>>) {
        if let Some(memory) = &mut self.memory {
            core::mem::swap(&mut memory.shared, other);
        }
    }

    fn shared(&mut self) -> Option<&mut Shared> {
        self.memory.as_deref_mut()?.shared.as_deref_mut()
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
        let first = self.rtt().map_or(policy.initial_timeout(), |rtt| rtt.timeout(policy));
        self.schedule = Schedule::drawn(policy, first, Draw::Random(stream));
        let Self { schedule, memory } = self;
        let shared = memory.as_deref_mut().and_then(|memory| memory.shared.as_deref_mut());
        if let Some(Shared { budget, breaker, .. }) = shared {
            if breaker.as_mut().is_some_and(|breaker| !breaker.admit(now)) {
                return Err(Stop::Breaker);
            }
            let draw = schedule.stream();
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
        self.step(policy, now, nanos(elapsed)).map(Step::wait)
    }

    /// The same in nanoseconds.
    #[inline]
    pub(crate) fn step(
        &mut self,
        policy: &Policy,
        now: Instant,
        elapsed: u64,
    ) -> Result<Step, Stop> {
        let sends = self.schedule.sends();
        let step = self.schedule.step(policy, elapsed);
        match &mut self.memory {
            None => step,
            Some(memory) => memory.remember(self.schedule.stream(), now, sends, step),
        }
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
            && let Some(shared) = self.shared()
        {
            // No `next` follows to count it.
            shared.failed();
        }
        pause
    }

    /// How long to pause after the wait in progress, before the next copy.
    #[must_use]
    #[inline]
    pub fn pause(&self) -> Duration {
        Duration::from_nanos(self.pause_nanos())
    }

    #[inline]
    pub(crate) fn pause_nanos(&self) -> u64 {
        self.memory.as_ref().map_or(0, |memory| memory.pause)
    }

    /// Copies of this exchange so far, the one that [`next`](Self::next) was asked for included.
    #[must_use]
    pub const fn sends(&self) -> u32 {
        self.schedule.sends()
    }

    /// Forgets the sends of an exchange that is over, before the next one [begins](Self::begin).
    pub(crate) const fn forget_sends(&mut self) {
        self.schedule.forget_sends();
    }

    /// A reply came, `elapsed` after the first copy, when `sends` copies had been sent.
    ///
    /// Only an exchange of one copy tells its round-trip time (Karn's rule).
    #[inline]
    pub fn answered(&mut self, now: Instant, sends: u32, elapsed: Duration) {
        if let (Some(shared), 1) = (self.shared(), sends) {
            shared.rtt.sample(elapsed);
        }
        self.ended(now, sends, true);
    }

    /// The exchange is over without a reply, after `sends` copies.
    pub fn gave_up(&mut self, now: Instant, sends: u32) {
        if sends > 0 {
            self.ended(now, sends, false);
        }
        if let Some(shared) = self.shared() {
            shared.rtt.begin_anew();
        }
    }

    /// The network refused the last of `sends` copies: a failure, and the end of the exchange.
    pub fn refused(&mut self, now: Instant, sends: u32) {
        if let Some(shared) = self.shared() {
            shared.failed();
        }
        self.gave_up(now, sends);
    }

    fn ended(&mut self, now: Instant, sends: u32, answered: bool) {
        if let Some(Shared { budget, breaker, .. }) = self.shared() {
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
        self.memory.as_ref()?.shared.as_ref().map(|shared| &shared.rtt)
    }
}

impl Memory {
    /// Keeps what outlasts the schedule's `step` after `sends` copies, and asks the brakes. Apart, because
    /// most clients remember nothing.
    #[inline(never)]
    fn remember(
        &mut self,
        draw: &mut Stream,
        now: Instant,
        sends: u32,
        step: Result<Step, Stop>,
    ) -> Result<Step, Stop> {
        self.pause = step.map_or(0, |step| step.pause);
        let (Some(shared), true) = (self.shared.as_deref_mut(), sends > 0) else { return step };
        shared.failed();
        let step = step?;
        if shared.breaker.is_some_and(|breaker| !breaker.allows_retry()) {
            return Err(Stop::Breaker);
        }
        if shared.budget.as_mut().is_some_and(|budget| !budget.retry(now, sends > 1, draw)) {
            return Err(Stop::Budget);
        }
        // Until a sample comes, the next exchange begins where this one had to back off to.
        shared.rtt.back_off(Duration::from_nanos(step.timeout));
        Ok(step)
    }
}

impl Shared {
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
