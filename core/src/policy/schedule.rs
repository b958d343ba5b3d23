//! The schedule of one exchange: which wait follows each send.

use super::limits::{bound, short};
use super::{Backoff, Cap, DeadlineRule, Draw, Hint, HintRule, Jitter, Policy, Stop};
use crate::random::Stream;
use crate::time::{Duration, nanos};

/// Progress of one exchange through its policy. It has no clock: the caller passes the time.
///
/// Call [`next`](Self::next) before each send: it returns the wait that follows the send, or the reason
/// to stop.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Wait after the next send, before cap and jitter, in nanoseconds.
    backoff: u64,
    /// State of the growth: the previous wait for Fibonacci, the position for a list, the drawn wait for
    /// a jitter that grows from it. Zero at the start.
    memory: u64,
    /// Random draws of this exchange, in mode `Random` only.
    stream: Stream,
    /// Number of sends so far.
    sends: u32,
    mode: Mode,
    /// Reason to stop that follows from the number of sends or the growth of the waits.
    stop: Option<Stop>,
    /// Whether the deadline comes before the next send.
    out_of_time: bool,
}

/// [`Draw`] without its stream, so that a schedule fits in 32 bytes.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Nominal,
    Least,
    Most,
    Random,
    /// Of a [plain](Policy::is_plain) policy, which draws nothing unless a hint comes: the stream is made only then.
    Plain,
}

/// Wait that follows a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Time to wait for the reply.
    pub timeout: Duration,
    /// Pause between that time and the next send: zero unless the policy has an `attempt_timeout`. If this wait is the last
    /// because of the deadline, the pause only counts after a [failure](Schedule::after_failure).
    pub pause: Duration,
    /// Whether this wait is the last: nothing is sent after it.
    pub last: bool,
}

/// [`Wait`] in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) timeout: u64,
    pub(crate) pause: u64,
    pub(crate) last: bool,
}

impl Step {
    pub(super) const fn wait(self) -> Wait {
        let Self { timeout, pause, last } = self;
        Wait { timeout: Duration::from_nanos(timeout), pause: Duration::from_nanos(pause), last }
    }
}

impl Schedule {
    /// Creates the schedule of a new exchange without jitter: each draw is [`Draw::Nominal`].
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self::drawn(policy, policy.first_timeout(), Draw::Nominal)
    }

    /// Creates the schedule of a new exchange that draws its jitter from `stream`.
    #[must_use]
    pub fn random(policy: &Policy, stream: Stream) -> Self {
        Self::drawn(policy, policy.first_timeout(), Draw::Random(stream))
    }

    /// Creates the schedule of a new exchange with `first` as its first wait, for example a measured
    /// one, and with jitter from `draw`.
    #[must_use]
    #[inline]
    pub fn drawn(policy: &Policy, first: Duration, draw: Draw) -> Self {
        let (mode, stream) = match draw {
            Draw::Nominal => (Mode::Nominal, Stream::NONE),
            Draw::Least => (Mode::Least, Stream::NONE),
            Draw::Most => (Mode::Most, Stream::NONE),
            Draw::Random(stream) => (Mode::Random, stream),
        };
        let mut schedule =
            Self { backoff: 0, memory: 0, stream, sends: 0, mode, stop: None, out_of_time: false };
        schedule.begin_waits(policy, first);
        schedule
    }

    /// Creates the schedule of a new exchange under a [plain](Policy::is_plain) policy. [Name](Self::name) it before a
    /// failure.
    #[inline]
    pub(super) fn plain(policy: &Policy) -> Self {
        Self { mode: Mode::Plain, ..Self::new(policy) }
    }

    /// Makes the stream of a plain schedule, which is like any other one from then on.
    pub(super) fn name(&mut self, stream: impl FnOnce() -> Stream) {
        if self.is_plain() {
            (self.mode, self.stream) = (Mode::Random, stream());
        }
    }

    const fn is_plain(&self) -> bool {
        matches!(self.mode, Mode::Plain)
    }

    /// Like [`step`](Self::step), if the policy is plain and allows another send: what is left of it without the fields
    /// that such a policy does not have. That is the usual case.
    #[inline(always)]
    pub(super) fn step_plain(&mut self, policy: &Policy) -> Option<Step> {
        if !self.is_plain() || self.stop.is_some() {
            return None;
        }
        let timeout = self.backoff.min(bound(policy.max_timeout()));
        self.sends = self.sends.saturating_add(1);
        let grown = policy.multiplier().times(self.backoff);
        self.backoff = grown.saturating_add(short(policy.increment()));
        self.stop = self.stops(policy);
        Some(Step { timeout, pause: 0, last: self.stop.is_some() })
    }

    /// Starts the waits, or restarts them; the number of sends is kept.
    #[inline]
    fn begin_waits(&mut self, policy: &Policy, first: Duration) {
        self.backoff = match policy.backoff() {
            Backoff::List => policy.timeouts().at(0),
            _ => nanos(first),
        };
        self.memory = 0;
        self.stop = self.stops(policy);
    }

    /// Returns the number of sends so far.
    #[must_use]
    pub const fn sends(&self) -> u32 {
        self.sends
    }

    /// Returns the delay before the first send.
    #[inline]
    pub fn first_delay(&mut self, policy: &Policy) -> Duration {
        policy.first_delay().map_or(Duration::ZERO, |delay| {
            let (least, most) = (nanos(delay.least), nanos(delay.most));
            Duration::from_nanos(self.between(least, least, most))
        })
    }

    /// Counts a send, `elapsed` after the exchange's first one, and returns the wait that follows it.
    ///
    /// # Errors
    /// The reason to stop. The first send never fails.
    #[inline]
    pub fn next(&mut self, policy: &Policy, elapsed: Duration) -> Result<Wait, Stop> {
        self.step(policy, nanos(elapsed)).map(Step::wait)
    }

    /// Like [`next`](Self::next), in nanoseconds. The speed of the simulated network depends on it.
    #[inline]
    pub(super) fn step(&mut self, policy: &Policy, elapsed: u64) -> Result<Step, Stop> {
        let left = match policy.deadline() {
            None => u64::MAX,
            Some(end) => short(end).saturating_sub(elapsed),
        };
        if left == 0 {
            return Err(Stop::Deadline);
        }
        if let Some(stop) = self.stop {
            return Err(stop);
        }
        if self.out_of_time {
            return Err(Stop::Deadline);
        }
        let wait = self.next_wait(policy);
        let (attempt, pause) = match policy.attempt_timeout() {
            None => (wait, 0),
            Some(attempt) => (short(attempt), wait),
        };
        let until_next = attempt.saturating_add(pause);
        let passes = until_next > left && policy.deadline_rule() == DeadlineRule::Before;
        if passes && self.sends > 0 {
            return Err(Stop::Deadline);
        }
        self.sends = self.sends.saturating_add(1);
        self.grow(policy);
        self.stop = self.stops(policy);
        self.out_of_time = policy.deadline().is_some() && until_next >= left;
        // After the last send, nothing follows the wait for its reply. If that is so because of the deadline, a failure
        // that comes early still leaves time for the pause.
        let pause = if self.stop.is_some() { 0 } else { pause };
        let last = self.stop.is_some() || self.out_of_time;
        Ok(Step { timeout: attempt.min(left), pause, last })
    }

    /// Handles a retryable failure that arrives `elapsed` after the first send, and returns the pause
    /// before the next send. The pause takes the server's hint into account.
    ///
    /// A pause that reaches the deadline ends the exchange, because nothing could be sent after it. A
    /// hedging policy sends again immediately.
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
        if hint == Some(Hint::Never) {
            return Err(Stop::PushedBack);
        }
        if let Some(stop) = self.stop {
            return Err(stop);
        }
        let own = match policy.attempt_timeout() {
            _ if policy.hedging() => 0,
            Some(_) => nanos(planned.pause),
            None => nanos(planned.timeout),
        };
        let pause = match hint {
            Some(Hint::After(asked)) => {
                if policy.hint() == HintRule::Exact {
                    self.begin_waits(policy, policy.initial_timeout());
                }
                let (least, most) = policy.hint().range(nanos(asked), own);
                self.between(least, least, most)
            }
            _ => own,
        };
        let left = policy.deadline().map_or(u64::MAX, |end| nanos(end.saturating_sub(elapsed)));
        if pause >= left {
            return Err(Stop::Deadline);
        }
        self.out_of_time = false;
        Ok(Duration::from_nanos(pause))
    }

    /// Ends the wait for the last send, so that the next one is due now.
    pub(super) const fn skip(&mut self) {
        self.out_of_time = false;
    }

    /// Forgets the sends of an exchange that is over, before the next one begins.
    pub(super) const fn forget_sends(&mut self) {
        self.sends = 0;
    }

    /// Continues as after `sends` sends, so that a test need not make four billion.
    #[cfg(test)]
    pub(super) const fn jump_to(&mut self, sends: u32) {
        self.sends = sends;
    }

    /// Returns the random draws of this exchange, for budgets; `None` if it draws nothing.
    pub(super) const fn stream(&mut self) -> Option<&mut Stream> {
        match self.mode {
            Mode::Random => Some(&mut self.stream),
            Mode::Nominal | Mode::Least | Mode::Most | Mode::Plain => None,
        }
    }

    /// Returns a value from `low` to `high`, both included.
    #[inline]
    const fn between(&mut self, low: u64, nominal: u64, high: u64) -> u64 {
        match self.mode {
            Mode::Nominal | Mode::Plain => nominal,
            Mode::Least => low,
            Mode::Most => high,
            Mode::Random => low.saturating_add(self.stream.up_to(high.saturating_sub(low))),
        }
    }

    /// Returns the reason to stop that follows from the number of sends or the growth of the waits. The
    /// first send has none.
    #[inline]
    fn stops(&self, policy: &Policy) -> Option<Stop> {
        if self.sends == 0 {
            None
        } else if self.backoff > bound(policy.give_up_above()) {
            Some(Stop::GiveUpAbove)
        } else if policy.max_sends().is_some_and(|most| self.sends >= most) {
            Some(Stop::MaxSends)
        } else {
            None
        }
    }

    /// Returns the wait after the next send in nanoseconds.
    #[inline]
    fn next_wait(&mut self, policy: &Policy) -> u64 {
        match policy.last_timeout() {
            Some(last) if policy.max_sends() == Some(self.sends + 1) => short(last),
            _ => self.wait(policy),
        }
    }

    /// Returns the shortest and the longest wait that may follow the next send, before a deadline cuts it.
    pub(super) fn range(&self, policy: &Policy) -> [Duration; 2] {
        [Mode::Least, Mode::Most]
            .map(|mode| Duration::from_nanos(Self { mode, ..self.clone() }.next_wait(policy)))
    }

    /// Returns the wait after the next send, grown, before cap and jitter.
    pub(super) const fn grown(&self) -> Duration {
        Duration::from_nanos(self.backoff)
    }

    /// Returns the wait after the next send in nanoseconds: grown, capped and drawn.
    #[inline]
    fn wait(&mut self, policy: &Policy) -> u64 {
        let cap = bound(policy.max_timeout());
        let v = self.backoff.min(cap);
        if policy.jitter() == Jitter::None { v } else { self.randomized(policy, v, cap) }
    }

    /// Applies cap and jitter in the policy's order. Not inlined, so that policies without jitter do not pay
    /// for it.
    #[inline(never)]
    fn randomized(&mut self, policy: &Policy, capped: u64, cap: u64) -> u64 {
        if !policy.caps_jittered_waits() {
            return self.jittered(policy, capped, cap);
        }
        let v = if policy.cap() == Cap::After { self.backoff } else { capped };
        self.jittered(policy, v, cap).min(cap)
    }

    /// Applies the policy's jitter to the wait `v`, which has grown.
    fn jittered(&mut self, policy: &Policy, v: u64, cap: u64) -> u64 {
        match policy.jitter() {
            Jitter::None => v,
            Jitter::Full => self.between(0, v, v),
            Jitter::Equal => self.between(v / 2, v, v),
            Jitter::Proportional(p) => self.around(v, p.of(v)),
            Jitter::ProportionalLater(p) => {
                if self.sends == 0 {
                    v
                } else {
                    self.around(v, p.of(v))
                }
            }
            Jitter::Additive(d) => self.around(v, nanos(d)),
            Jitter::Slots(d) => {
                let most = v / nanos(d).max(1);
                self.between(0, most, most).saturating_mul(nanos(d))
            }
            Jitter::Once(p) => {
                if self.memory == 0 {
                    // Every later wait grows from this one.
                    let first = self.backoff;
                    self.memory = self.between(first, first, first.saturating_add(p.of(first)));
                }
                self.memory.min(cap)
            }
            Jitter::Decorrelated => {
                let least = nanos(policy.initial_timeout());
                let before = if self.memory == 0 { least } else { self.memory };
                let most = before.saturating_mul(3).max(least);
                let mean = least + (most - least) / 2;
                self.memory = self.between(least, mean, most).min(cap);
                self.memory
            }
            Jitter::Compounding(p) | Jitter::CompoundingUp(p) => {
                let first = self.memory == 0;
                let up = first && matches!(policy.jitter(), Jitter::CompoundingUp(_));
                let before = if first { self.backoff } else { self.memory };
                let grown = if first { before } else { policy.multiplier().times(before) };
                let spread = p.of(before);
                let least = if up { grown.saturating_add(1) } else { grown.saturating_sub(spread) };
                let most = grown.saturating_add(spread).max(least);
                let drawn = self.between(least, grown, most);
                let wait = if drawn > cap { self.around(cap, p.of(cap)) } else { drawn };
                // A wait of 0 would never grow again.
                self.memory = wait.max(1);
                wait
            }
        }
    }

    /// Returns `v + U[-spread, spread]`, at least zero.
    #[inline]
    const fn around(&mut self, v: u64, spread: u64) -> u64 {
        self.between(v.saturating_sub(spread), v, v.saturating_add(spread))
    }

    /// Grows the wait for the next send.
    #[inline]
    fn grow(&mut self, policy: &Policy) {
        if policy.backoff() == Backoff::List {
            self.memory = self.memory.saturating_add(1);
            self.backoff = policy.timeouts().at(self.memory);
            return;
        }
        if self.sends <= policy.linear_timeouts() {
            return;
        }
        if policy.backoff() == Backoff::Fibonacci {
            let next = self.memory.saturating_add(self.backoff);
            self.memory = self.backoff;
            self.backoff = next;
            return;
        }
        self.backoff = grow(policy, self.backoff);
        if let Jitter::Once(_) = policy.jitter() {
            self.memory = grow(policy, self.memory);
        }
    }
}

/// Returns the wait that follows a wait of `wait` nanoseconds, where it depends on nothing else.
#[inline]
fn grow(policy: &Policy, wait: u64) -> u64 {
    let increment = short(policy.increment());
    match policy.backoff() {
        Backoff::Linear => wait.saturating_add(increment),
        Backoff::Exponential => policy.multiplier().times(wait).saturating_add(increment),
        Backoff::Constant | Backoff::Fibonacci | Backoff::List => wait,
    }
}

/// Send times of an exchange that gets no reply; see [`Policy::sends`].
#[derive(Clone, Debug)]
pub struct Sends<'a> {
    policy: &'a Policy,
    schedule: Schedule,
    elapsed: Duration,
    stop: Option<Stop>,
}

impl<'a> Sends<'a> {
    pub(super) const fn new(policy: &'a Policy, schedule: Schedule) -> Self {
        Self { policy, schedule, elapsed: Duration::ZERO, stop: None }
    }

    /// Returns the time from the first send to the end of the last wait so far.
    #[must_use]
    pub const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns the reason why the iterator ended; `None` until it does.
    #[must_use]
    pub const fn stop(&self) -> Option<Stop> {
        self.stop
    }
}

impl Iterator for Sends<'_> {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        if self.stop.is_some() {
            return None;
        }
        let at = self.elapsed;
        match self.schedule.next(self.policy, at) {
            Ok(wait) => {
                let pause = if wait.last { Duration::ZERO } else { wait.pause };
                self.elapsed = at.saturating_add(wait.timeout).saturating_add(pause);
                Some(at)
            }
            Err(stop) => {
                self.stop = Some(stop);
                None
            }
        }
    }
}
