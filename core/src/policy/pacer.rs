//! The state of one client: schedule, round-trip time, retry budget and circuit breaker.

use super::schedule::Step;
use super::{
    Adaptive, Allowance, Breaker, Budget, Draw, Gate, Hint, Policy, Rtt, Schedule, Stop, Wait,
};
use crate::heap::OVERHEAD;
use crate::random::Stream;
use crate::time::{Duration, Instant, nanos};
use alloc::boxed::Box;
use core::num::NonZeroU32;

/// State that a client keeps for its policy, across exchanges: at most 64 bytes. What only some policies
/// need (round-trip times, budget, breaker) is in a separate allocation, made once at the start.
///
/// In each exchange, call [`begin`](Self::begin), then [`next`](Self::next) before each send, then
/// [`answered`](Self::answered) or [`gave_up`](Self::gave_up).
#[derive(Clone, Debug)]
pub struct Pacer {
    schedule: Schedule,
    memory: Option<Box<Memory>>,
}

#[derive(Clone, Debug)]
struct Memory {
    /// Pause after the wait in progress, under an attempt timeout, in nanoseconds.
    pause: u64,
    /// Nanoseconds from the first send of the exchange to the last one.
    sent: u64,
    shared: Option<Box<Shared>>,
}

/// State that outlasts an exchange, shared by all exchanges that are open at the same time. Budget and
/// breaker can forbid a send that the schedule allows.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    adaptive: Adaptive,
    rtt: Rtt,
    budget: Option<Budget>,
    breaker: Option<Breaker>,
}

impl Pacer {
    /// Creates the state of a client before its first exchange.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        let budget = policy.budget().map(Budget::new);
        let breaker = policy.breaker().map(Breaker::new);
        let adaptive = policy.adaptive();
        let any = adaptive != Adaptive::None || budget.is_some() || breaker.is_some();
        let shared = Shared { adaptive, rtt: Rtt::default(), budget, breaker };
        let shared = any.then(|| Box::new(shared));
        let memory = (any || policy.attempt_timeout().is_some())
            .then(|| Box::new(Memory { pause: 0, sent: 0, shared }));
        Self { schedule: Schedule::new(policy), memory }
    }

    /// Follows `policy` from the next exchange on. What outlasts an exchange stays as far as its rule is the same.
    pub(crate) fn adopt(&mut self, policy: &Policy) {
        let mut shared = None;
        self.swap_shared(&mut shared);
        *self = Self::new(policy);
        self.swap_shared(&mut Shared::followed(shared, policy));
    }

    /// Swaps the state that outlasts an exchange with `other`, for clients with several open exchanges.
    pub(crate) fn swap_shared(&mut self, other: &mut Option<Box<Shared>>) {
        if let Some(memory) = &mut self.memory {
            core::mem::swap(&mut memory.shared, other);
        }
    }

    /// Returns an estimate of the memory in bytes that is not in the pacer itself.
    #[must_use]
    pub fn memory(&self) -> usize {
        let Some(memory) = &self.memory else { return 0 };
        let shared = memory.shared.as_ref().map_or(0, |_| size_of::<Shared>() + OVERHEAD);
        size_of::<Memory>() + OVERHEAD + shared
    }

    fn shared(&mut self) -> Option<&mut Shared> {
        self.memory.as_deref_mut()?.shared.as_deref_mut()
    }

    pub(super) fn peek_shared(&self) -> Option<&Shared> {
        self.memory.as_deref()?.shared.as_deref()
    }

    pub(super) const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Begins an exchange that draws from `stream`, and returns the delay before its first send.
    ///
    /// # Errors
    /// [`Stop::Breaker`] or [`Stop::Budget`] if the exchange must not send anything.
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
        if let (Some(Shared { budget, breaker, .. }), Some(draw)) = (shared, schedule.stream()) {
            if breaker.as_mut().is_some_and(|breaker| !breaker.admit(now)) {
                return Err(Stop::Breaker);
            }
            if budget.as_mut().is_some_and(|budget| !budget.first(now, draw)) {
                if let Some(breaker) = breaker {
                    breaker.withdrawn(now);
                }
                return Err(Stop::Budget);
            }
        }
        Ok(self.schedule.first_delay(policy))
    }

    /// Begins an exchange and counts its first send, if the policy [is plain](Policy::is_plain): what
    /// [`begin`](Self::begin) and [`step`](Self::step) do, without a stream. Before a failure, [name](Self::name) it.
    #[inline(always)]
    pub(crate) fn begin_plain(&mut self, policy: &Policy) -> Option<Step> {
        if self.memory.is_some() || !policy.is_plain() {
            return None;
        }
        self.schedule = Schedule::plain(policy);
        self.schedule.step_plain(policy)
    }

    /// Makes the stream of the exchange in progress, unless it has it.
    pub(crate) fn name(&mut self, stream: impl FnOnce() -> Stream) {
        self.schedule.name(stream);
    }

    /// Counts a send, `elapsed` after the exchange's first one, and returns the wait that follows it.
    ///
    /// # Errors
    /// The reason to stop.
    #[inline]
    pub fn next(&mut self, policy: &Policy, now: Instant, elapsed: Duration) -> Result<Wait, Stop> {
        self.step(policy, now, nanos(elapsed)).map(Step::wait)
    }

    /// Like [`step`](Self::step), if the policy [is plain](Policy::is_plain) and allows another send; `None` otherwise.
    #[inline(always)]
    pub(crate) fn step_plain(&mut self, policy: &Policy) -> Option<Step> {
        self.schedule.step_plain(policy)
    }

    /// Like [`next`](Self::next), in nanoseconds.
    #[inline]
    pub(crate) fn step(
        &mut self,
        policy: &Policy,
        now: Instant,
        elapsed: u64,
    ) -> Result<Step, Stop> {
        if self.memory.is_none() {
            return self.schedule.step(policy, elapsed);
        }
        self.step_with_memory(policy, now, elapsed)
    }

    /// The same for policies with limits, measured round-trip times or attempts.
    #[inline(never)]
    fn step_with_memory(
        &mut self,
        policy: &Policy,
        now: Instant,
        elapsed: u64,
    ) -> Result<Step, Stop> {
        let sends = self.schedule.sends();
        let step = self.schedule.step(policy, elapsed);
        match (&mut self.memory, self.schedule.stream()) {
            (Some(memory), Some(draw)) => {
                memory.sent = elapsed;
                memory.remember(draw, now, sends, step)
            }
            // Without `begin` there is no exchange that a limit could refuse.
            _ => step,
        }
    }

    /// Handles a retryable failure and returns the pause before [`next`](Self::next); see
    /// [`Schedule::after_failure`].
    ///
    /// # Errors
    /// The reason to stop.
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
            // No `next` follows that would count the failure.
            shared.failed();
        }
        pause
    }

    /// Returns the pause between the wait in progress and the next send.
    #[must_use]
    #[inline]
    pub fn pause(&self) -> Duration {
        Duration::from_nanos(self.pause_nanos())
    }

    #[inline]
    pub(crate) fn pause_nanos(&self) -> u64 {
        self.memory.as_ref().map_or(0, |memory| memory.pause)
    }

    /// Returns the number of sends of this exchange so far, the latest call of [`next`](Self::next)
    /// included.
    #[must_use]
    #[inline]
    pub const fn sends(&self) -> u32 {
        self.schedule.sends()
    }

    /// Ends the wait for the last send, so that the next one is due now.
    pub(crate) const fn skip(&mut self) {
        self.schedule.skip();
    }

    /// Forgets the sends of an exchange that is over, before the next one [begins](Self::begin).
    pub(crate) const fn forget_sends(&mut self) {
        self.schedule.forget_sends();
    }

    /// Handles a reply that came `elapsed` after the first send, when `sends` sends had been made, and that
    /// does not say which of them it answers.
    ///
    /// Only an exchange with one send gives a round-trip time then (Karn's algorithm).
    #[inline]
    pub fn answered(&mut self, now: Instant, sends: u32, elapsed: Duration) {
        self.answered_send(now, sends, elapsed, None);
    }

    /// Like [`answered`](Self::answered), for a reply to send number `send`, from 1, if it names one.
    #[inline]
    pub fn answered_send(
        &mut self,
        now: Instant,
        sends: u32,
        elapsed: Duration,
        send: Option<NonZeroU32>,
    ) {
        if let Some(memory) = &mut self.memory {
            memory.sample(sends, elapsed, send);
        }
        self.ended(now, sends, true);
    }

    /// Records the end of an exchange without a reply, after `sends` sends.
    pub fn gave_up(&mut self, now: Instant, sends: u32) {
        if sends > 0 {
            self.ended(now, sends, false);
        }
        if let Some(shared) = self.shared() {
            shared.rtt.reset_backoff();
        }
    }

    /// Records that the network refused the last of `sends` sends, which ends the exchange with a
    /// failure.
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

    /// Returns the estimate of the round-trip time; `None` if the policy keeps none.
    #[must_use]
    pub fn rtt(&self) -> Option<&Rtt> {
        self.memory.as_ref()?.shared.as_ref().map(|shared| &shared.rtt)
    }
}

impl Memory {
    /// Adds the round-trip time of an exchange that was answered, if its reply gives one; see [`Adaptive`].
    fn sample(&mut self, sends: u32, elapsed: Duration, send: Option<NonZeroU32>) {
        let Some(Shared { adaptive, rtt, .. }) = self.shared.as_deref_mut() else { return };
        let quic = *adaptive == Adaptive::Rfc9002;
        match send.map(NonZeroU32::get) {
            _ if sends == 1 => rtt.sample(elapsed),
            Some(1) if quic => rtt.sample(elapsed),
            Some(send) if quic && send == sends => {
                rtt.sample(elapsed.saturating_sub(Duration::from_nanos(self.sent)));
            }
            _ => {}
        }
        if quic {
            rtt.reset_backoff();
        }
    }

    /// Stores what outlasts the schedule's `step` after `sends` sends, and asks breaker and budget. Not
    /// inlined, because most clients have no such state.
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
        // Until a sample arrives, the next exchange begins with the wait that this one backed off to.
        shared.rtt.back_off(Duration::from_nanos(step.timeout));
        Ok(step)
    }
}

impl Shared {
    pub(super) fn allowance(&self, now: Instant) -> Option<Allowance> {
        self.budget.as_ref().map(|budget| budget.allowance(now))
    }

    pub(super) fn gate(&self) -> Option<Gate> {
        self.breaker.as_ref().map(Breaker::gate)
    }

    /// Returns the state under `policy` after the state `before`: what has the same rule stays.
    pub(crate) fn followed(before: Option<Box<Self>>, policy: &Policy) -> Option<Box<Self>> {
        let mut shared = Pacer::new(policy).memory?.shared?;
        let Some(before) = before else { return Some(shared) };
        if shared.adaptive == before.adaptive {
            shared.rtt = before.rtt;
        }
        if shared.budget.as_ref().map(Budget::rule) == before.budget.as_ref().map(Budget::rule) {
            shared.budget = before.budget;
        }
        if shared.breaker.map(Breaker::rule) == before.breaker.map(Breaker::rule) {
            shared.breaker = before.breaker;
        }
        Some(shared)
    }

    /// Records a send that got no reply, or a failure as its reply.
    pub(super) fn failed(&mut self) {
        if let Some(budget) = &mut self.budget {
            budget.failed();
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.failed();
        }
    }
}
