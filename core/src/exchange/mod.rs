//! One request with all its sends: when the next send is due, which send a reply answers, and how the
//! exchange ends.
//!
//! It knows no bytes, no addresses and no datagrams. A client asks it what to do and carries that out:
//! over UDP, over a connection, or in a table of numbers as below.
//!
//! ```text
//!               begin             next_send            answered
//!   beginning ─────────▶ sending ───────────▶ waiting ──────────▶ over
//!       │ postpone          ▲                    │ ▲   refused,      ▲
//!       ▼                   │        due, failed │ │   gave up       │
//!    waiting ───────────────┴────────────────────┘ └── failed ───────┘
//! ```
//!
//! ```
//! use retrylab_core::exchange::{Ending, Exchange, Rules};
//! use retrylab_core::policy::Policy;
//! use retrylab_core::time::Instant;
//! use std::num::NonZeroU32;
//!
//! let policy = Policy::textbook();
//! let rules = Rules::new(&policy, 1, 1);
//! let mut exchange = Exchange::new(&policy);
//! exchange.prepare(NonZeroU32::MIN);
//! let mut now = Instant::ZERO;
//! assert_eq!(exchange.begin(rules, now), None);
//! while let Some(label) = exchange.next_send(now) {
//!     println!("{now}: send {}", label.send);
//!     let (_, deadline) = exchange.deadline().expect("it waits for a reply");
//!     if label.send.get() == 3 {
//!         break;
//!     }
//!     now = deadline;
//!     assert_eq!(exchange.due(rules, now), None);
//! }
//! // A reply that does not name its send answers the last one.
//! let reply = exchange.send_answered(rules, None).expect("a send is out");
//! let outcome = exchange.answered(now, reply);
//! assert_eq!((outcome.sends, outcome.how), (3, Ending::Answered { send: reply.send }));
//! assert!(exchange.is_over());
//! ```

mod outcome;
mod phase;
mod recall;
mod state;
#[cfg(test)]
mod tests;

pub use outcome::{Ending, Outcome};
use phase::{Phase, Until};
pub use recall::Recall;
pub use state::State;

use crate::machine::{Label, Timer};
use crate::policy::{Hint, HintRule, Outlook, Pacer, Policy, Shared, Step, Stop, Wait};
use crate::random::{Name, Purpose, Stream};
use crate::time::{Duration, Instant, nanos};
use alloc::boxed::Box;
use core::num::{NonZeroU32, NonZeroU64};

/// Rules of an exchange: its client's policy, and the seed and number that select its random draws.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Rules<'a> {
    /// When to send again and when to stop. The same one in every call about an exchange.
    pub policy: &'a Policy,
    /// The run's seed.
    pub seed: u64,
    /// The client's number, from 1.
    pub flow: u32,
}

impl<'a> Rules<'a> {
    /// Creates the rules of client number `flow`, from 1.
    #[must_use]
    #[inline]
    pub const fn new(policy: &'a Policy, seed: u64, flow: u32) -> Self {
        Self { policy, seed, flow }
    }

    /// Returns the random draws of exchange `number`.
    fn stream(self, number: NonZeroU32) -> Stream {
        Name::exchange(self.seed, self.flow, number.get()).stream(Purpose::Jitter)
    }
}

/// The send that a reply answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its number, from 1.
    pub send: NonZeroU32,
    /// Whether the reply names it. Otherwise it is the last send, which is only an assumption.
    pub named: bool,
}

/// An exchange, and what its client remembers for the next one. See the [module](self) for an example.
#[derive(Clone, Debug)]
pub struct Exchange {
    pacer: Pacer,
    /// The time of its first send; of one that is refused, of the refusal.
    started: Instant,
    /// In nanoseconds. While sending: how long to wait afterwards. While waiting: the deadline; `None` if
    /// it is later than [`Instant::MAX`].
    clock: Option<NonZeroU64>,
    number: NonZeroU32,
    phase: Phase,
}

impl Exchange {
    /// Creates the state without an exchange: [`prepare`](Self::prepare) the first one.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        Self {
            pacer: Pacer::new(policy),
            started: Instant::ZERO,
            clock: None,
            number: NonZeroU32::MIN,
            phase: Phase::Over,
        }
    }

    /// Makes it exchange `number`, ready to [`begin`](Self::begin), whatever its state was.
    #[inline]
    pub const fn prepare(&mut self, number: NonZeroU32) {
        self.number = number;
        self.phase = Phase::Beginning;
    }

    /// Follows `policy` from now on, if it is yet to begin. What its client remembers of earlier exchanges stays as far as
    /// the policy's rules are the same.
    pub(crate) fn adopt(&mut self, policy: &Policy) {
        self.pacer.adopt(policy);
    }

    /// Returns an estimate of the memory in bytes that is not in the exchange itself.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.pacer.memory()
    }

    /// Returns its number, from 1.
    #[must_use]
    #[inline]
    pub const fn number(&self) -> NonZeroU32 {
        self.number
    }

    /// Returns the time of the last first send: of this exchange, or of the previous one until this one has begun.
    #[must_use]
    #[inline]
    pub const fn started(&self) -> Instant {
        self.started
    }

    /// Returns true if it is prepared, and neither begun nor postponed.
    #[must_use]
    #[inline]
    pub fn is_beginning(&self) -> bool {
        self.phase == Phase::Beginning
    }

    /// Returns true if it is prepared and has not begun.
    pub(crate) fn is_to_begin(&self) -> bool {
        matches!(self.phase, Phase::Beginning | Phase::Waiting(Until::Beginning))
    }

    /// Returns true if it has ended.
    #[must_use]
    #[inline]
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Begins after a pause of `nanos` nanoseconds, the client's think time.
    pub fn postpone(&mut self, now: Instant, nanos: u64) {
        self.pacer.forget_sends();
        self.wait(now, nanos, Until::Beginning);
    }

    /// Begins, if the policy [is plain](Policy::is_plain): the usual case of [`begin`](Self::begin) in short. Returns false
    /// if the policy is not.
    #[inline(always)]
    pub(crate) fn begin_plain(&mut self, policy: &Policy) -> bool {
        let step = self.pacer.begin_plain(policy);
        if let Some(step) = step {
            self.make_due(step);
        }
        step.is_some()
    }

    /// Begins: asks the policy's limits, and waits for its first delay.
    ///
    /// A refused exchange waits as long as its first timeout would have been, and then ends. If it ended
    /// at once, its client would run through its exchanges without a pause.
    #[must_use = "an exchange may end before it begins"]
    pub fn begin(&mut self, rules: Rules<'_>, now: Instant) -> Option<Outcome> {
        let policy = rules.policy;
        if self.begin_plain(policy) {
            return None;
        }
        match self.pacer.begin(policy, now, rules.stream(self.number)) {
            Ok(Duration::ZERO) => return self.start(policy, now),
            Ok(delay) => self.wait(now, nanos(delay), Until::Start),
            Err(why) => {
                self.started = now;
                self.wait(now, nanos(policy.initial_timeout()), Until::Refused(why));
            }
        }
        None
    }

    /// Does whatever is due at `now`. Early calls do nothing.
    #[inline(always)]
    #[must_use = "an exchange may end when its deadline passes"]
    pub fn due(&mut self, rules: Rules<'_>, now: Instant) -> Option<Outcome> {
        let (until, deadline) = self.wait_in_progress()?;
        if now < deadline {
            return None;
        }
        match until {
            Until::Resend if self.pacer.pause_nanos() > 0 => {
                self.wait(now, self.pacer.pause_nanos(), Until::Backoff { hinted: false });
                None
            }
            Until::Resend | Until::GiveUp | Until::Backoff { .. } | Until::Failed { .. } => {
                let Some(step) = self.pacer.step_plain(rules.policy) else {
                    return self.go_on(rules.policy, now);
                };
                self.make_due(step);
                None
            }
            Until::Start => self.start(rules.policy, now),
            Until::Beginning => self.begin(rules, now),
            Until::Refused(why) => Some(self.give_up(now, 0, why)),
        }
    }

    /// Returns what its policy knows at `now` about its next send.
    #[must_use]
    pub fn outlook(&self, rules: Rules<'_>, now: Instant) -> Outlook {
        if self.sends() == 0 {
            self.pacer.outlook_of_first(rules.policy, now)
        } else {
            self.pacer.outlook(rules.policy, now)
        }
    }

    /// Makes the next send, if one is due, and waits for its reply: returns which send it is.
    #[inline(always)]
    #[must_use = "the request has to be sent"]
    pub fn next_send(&mut self, now: Instant) -> Option<Label> {
        let Phase::Sending { last } = self.phase else { return None };
        let send = NonZeroU32::new(self.pacer.sends())?;
        if send == NonZeroU32::MIN {
            self.started = now;
        }
        let until = if last { Until::GiveUp } else { Until::Resend };
        self.clock = self.clock.and_then(|wait| wait.checked_add(now.as_nanos()));
        self.phase = Phase::Waiting(until);
        Some(Label { exchange: self.number, send })
    }

    /// Returns when [`due`](Self::due) has something to do, and why it waits.
    #[must_use]
    #[inline(always)]
    pub fn deadline(&self) -> Option<(Timer, Instant)> {
        let (until, deadline) = self.wait_in_progress()?;
        let timer = match until {
            Until::Resend if self.pacer.pause_nanos() > 0 => Timer::Timeout,
            // A comparison takes less than a jump through a table, and most waits are for a resend.
            Until::Resend => Timer::Resend,
            rarer => rarer.timer(),
        };
        Some((timer, deadline))
    }

    /// Returns the send that its wait refers to: the last one made, or the first one while that is still
    /// to come.
    #[must_use]
    #[inline(always)]
    pub fn label(&self) -> Label {
        let send = NonZeroU32::new(self.pacer.sends()).unwrap_or(NonZeroU32::MIN);
        Label { exchange: self.number, send }
    }

    /// Returns the sends that are out.
    #[must_use]
    #[inline]
    pub fn sends(&self) -> u32 {
        match self.phase {
            Phase::Waiting(
                Until::Resend | Until::GiveUp | Until::Backoff { .. } | Until::Failed { .. },
            ) => self.pacer.sends(),
            // The one to come is already counted, but not yet sent.
            Phase::Sending { .. } => self.pacer.sends() - 1,
            _ => 0,
        }
    }

    /// Returns which send a reply answers, given the `label` that it names, if any; `None` if it answers
    /// no send of this exchange.
    ///
    /// A reply without a label counts as an answer to the last send. Under an
    /// [`attempt_timeout`](Policy::attempt_timeout) an attempt that is over can no longer be answered.
    #[must_use]
    #[inline]
    pub fn send_answered(&self, rules: Rules<'_>, label: Option<Label>) -> Option<Reply> {
        let sent = NonZeroU32::new(self.sends())?;
        let send = match label {
            None => sent,
            Some(Label { exchange, send }) if exchange == self.number && send <= sent => send,
            Some(_) => return None,
        };
        let attempts = rules.policy.attempt_timeout().is_some();
        let paused = matches!(self.phase, Phase::Waiting(Until::Backoff { .. }));
        let over = attempts && (send < sent || paused);
        (!over).then_some(Reply { send, named: label.is_some() })
    }

    /// Ends the exchange with a reply.
    #[inline(always)]
    #[must_use]
    pub fn answered(&mut self, now: Instant, Reply { send, named }: Reply) -> Outcome {
        let (sends, elapsed) = (self.sends(), self.elapsed(now));
        let named = named.then_some(send);
        self.pacer.answered_send(now, sends, Duration::from_nanos(elapsed), named);
        self.end(sends, elapsed, Ending::Answered { send })
    }

    /// Handles a failure of `send`, perhaps with a hint about when to come back.
    ///
    /// The next send goes out when the wait in progress is over (under an
    /// [`attempt_timeout`](Policy::attempt_timeout), after the backoff), or when the policy's
    /// [`hint`](Policy::hint) says; while hedging, at once. The failure of a send that was followed by
    /// another one changes nothing.
    #[must_use = "a failure may end the exchange"]
    pub fn failed(
        &mut self,
        rules: Rules<'_>,
        now: Instant,
        send: NonZeroU32,
        hint: Option<Hint>,
    ) -> Option<Outcome> {
        let waiting = matches!(
            self.phase,
            Phase::Waiting(Until::Resend | Until::GiveUp | Until::Failed { .. })
        );
        if !waiting || send.get() != self.sends() {
            return None;
        }
        let (policy, number) = (rules.policy, self.number);
        self.pacer.name(|| rules.stream(number));
        let left = self.clock.map_or(u64::MAX, NonZeroU64::get).saturating_sub(now.as_nanos());
        let timeout = Duration::from_nanos(left);
        let planned = Wait { timeout, pause: self.pacer.pause(), last: false };
        let elapsed = now.saturating_since(self.started);
        match self.pacer.after_failure(policy, planned, elapsed, hint) {
            Ok(pause) => {
                // Earlier sends of a datagram may still be answered; an attempt that failed is over.
                let abandoned = policy.attempt_timeout().is_some();
                let hinted = hint.is_some() && policy.hint() != HintRule::Ignore;
                let until =
                    if abandoned { Until::Backoff { hinted } } else { Until::Failed { hinted } };
                self.wait(now, nanos(pause), until);
                None
            }
            // Earlier sends may still be answered.
            Err(Stop::MaxSends | Stop::GiveUpAbove) if policy.hedging() => None,
            Err(why) => {
                let outcome = self.give_up(now, self.pacer.sends(), why);
                Some(outcome.ended(Ending::Failed(why)))
            }
        }
    }

    /// Ends the wait for the last send, because its server has failed and another one may not: the next send is
    /// due at once, unless the policy allows none.
    #[must_use = "the policy may end the exchange"]
    pub fn skip(&mut self, rules: Rules<'_>, now: Instant) -> Option<Outcome> {
        match self.phase {
            Phase::Waiting(Until::Resend | Until::GiveUp | Until::Failed { .. }) => {
                self.pacer.skip();
                self.go_on(rules.policy, now)
            }
            _ => None,
        }
    }

    /// Handles a refusal of the last send by the network: the server cannot be reached. That ends the exchange,
    /// unless the policy hedges and allows another send, which then goes out at once (gRFC A6).
    #[must_use = "a refusal may end the exchange"]
    pub fn refused(&mut self, rules: Rules<'_>, now: Instant) -> Option<Outcome> {
        let Phase::Waiting(until @ (Until::Resend | Until::GiveUp | Until::Failed { .. })) =
            self.phase
        else {
            return None;
        };
        if rules.policy.hedging() && until != Until::GiveUp {
            return self.go_on(rules.policy, now);
        }
        let sends = self.pacer.sends();
        self.pacer.refused(now, sends);
        Some(self.end(sends, self.elapsed(now), Ending::Refused))
    }

    /// Ends an exchange that has made a send, because another one is not allowed or would not help; returns
    /// `None` for any other.
    #[must_use = "the exchange has ended"]
    pub fn stop(&mut self, now: Instant, why: Stop) -> Option<Outcome> {
        let sends = self.sends();
        (sends > 0).then(|| self.give_up(now, sends, why))
    }

    /// Swaps what a client remembers from one exchange to the next (round-trip times and limits) with
    /// `other`: clients with several exchanges in progress lend it to the one that acts.
    pub(crate) fn swap_shared(&mut self, other: &mut Option<Box<Shared>>) {
        self.pacer.swap_shared(other);
    }

    /// Makes the first send due.
    #[inline(never)]
    fn start(&mut self, policy: &Policy, now: Instant) -> Option<Outcome> {
        match self.pacer.step(policy, now, 0) {
            Ok(step) => self.make_due(step),
            // The first send is always allowed; if a policy refuses it nevertheless, the exchange ends.
            Err(why) => return Some(self.give_up(now, 0, why)),
        }
        None
    }

    /// Makes one more send due, or ends the exchange.
    #[inline(never)]
    fn go_on(&mut self, policy: &Policy, now: Instant) -> Option<Outcome> {
        let sends = self.pacer.sends();
        match self.pacer.step(policy, now, self.elapsed(now)) {
            Ok(step) => self.make_due(step),
            Err(why) => return Some(self.give_up(now, sends, why)),
        }
        None
    }

    #[inline]
    fn make_due(&mut self, Step { timeout, last, .. }: Step) {
        self.clock = Some(at_least_one(timeout));
        self.phase = Phase::Sending { last };
    }

    #[inline]
    fn wait(&mut self, now: Instant, nanos: u64, until: Until) {
        self.clock = at_least_one(nanos).checked_add(now.as_nanos());
        self.phase = Phase::Waiting(until);
    }

    fn give_up(&mut self, now: Instant, sends: u32, why: Stop) -> Outcome {
        self.pacer.gave_up(now, sends);
        self.end(sends, self.elapsed(now), Ending::GaveUp(why))
    }

    #[inline(always)]
    fn end(&mut self, sends: u32, elapsed: u64, how: Ending) -> Outcome {
        self.phase = Phase::Over;
        Outcome::new(sends, elapsed, how)
    }

    /// Returns the nanoseconds since the first send.
    #[inline]
    const fn elapsed(&self, now: Instant) -> u64 {
        now.as_nanos().saturating_sub(self.started.as_nanos())
    }

    #[inline(always)]
    fn wait_in_progress(&self) -> Option<(Until, Instant)> {
        let Phase::Waiting(until) = self.phase else { return None };
        let at = self.clock?;
        Some((until, Instant::from_nanos(at.get())))
    }
}

/// Returns a wait of at least a nanosecond, because a deadline is later than now.
#[inline]
fn at_least_one(nanos: u64) -> NonZeroU64 {
    NonZeroU64::new(nanos).unwrap_or(NonZeroU64::MIN)
}
