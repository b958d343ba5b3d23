//! The client of a closed loop: the next exchange begins when the one before is over.

use super::{Config, Event};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::policy::{Hint, Pacer, Step, Stop, Wait};
use crate::protocol::{Token, parse_failure};
use crate::random::{Name, Purpose, Stream};
use crate::time::{Duration, Instant, nanos};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// The client's machine. A million of them fit the memory of a laptop: 96 bytes each.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    pub(super) pacer: Pacer,
    /// When the exchange's first copy was sent.
    started: Instant,
    /// In nanoseconds. While sending: how long to wait then. While waiting: until when; 0 if that would
    /// lie past the last instant that can be named (a wait ends later than it begins, so 0 is free).
    clock: u64,
    /// Which client it is, from 1: part of the name of its random draws.
    flow: u32,
    /// The exchange in progress, from 1; the last one when finished.
    exchange: u32,
    told: Told,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// An exchange begins as soon as the time is known.
    Beginning,
    /// A copy is to be sent; `first` begins an exchange.
    Sending { last: bool, first: bool },
    /// Nothing to do before the deadline.
    Waiting(Until),
    /// Every exchange is over.
    Finished,
}

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// A copy is out, and another one will be.
    Resend,
    /// The last copy is out.
    GiveUp,
    /// The copies so far are abandoned or have failed; the next one will be sent.
    Paused,
    /// The first copy is delayed.
    Start,
    /// The client rests between two exchanges.
    Thought,
    /// A brake refused the exchange: the client rests.
    Refused(Stop),
}

/// The event that is to be told next, without what the client knows anyway.
#[derive(Clone, Copy, Debug)]
enum Told {
    Nothing,
    Answered { end: End, answered_send: u32 },
    Failed { send: u32 },
    LateReply(Option<Token>),
    Stranger,
    GaveUp { end: End, why: Stop },
    Refused(End),
}

/// How an exchange ended. The time is kept in halves so that the client stays small.
#[derive(Clone, Copy, Debug)]
struct End {
    sends: u32,
    elapsed: [u32; 2],
}

impl End {
    const fn new(sends: u32, elapsed: u64) -> Self {
        Self { sends, elapsed: [(elapsed >> 32) as u32, elapsed as u32] }
    }

    const fn elapsed(self) -> Duration {
        let [high, low] = self.elapsed;
        Duration::from_nanos((high as u64) << 32 | low as u64)
    }
}

impl Client {
    /// A client that sends its first copy at the first `poll_transmit`, unless its policy delays that.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        Self::numbered(config, 1)
    }

    /// Client `flow` of several, from 1: each has random draws of its own.
    #[must_use]
    pub fn numbered(config: Arc<Config>, flow: u32) -> Self {
        let mut client = Self {
            pacer: Pacer::new(&config.policy),
            config,
            started: Instant::ZERO,
            clock: 0,
            flow,
            exchange: 0,
            told: Told::Nothing,
            phase: Phase::Finished,
        };
        client.begin_next();
        client
    }

    /// What it does.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The server answered the exchange in progress with a failure that may be retried, and perhaps with
    /// a hint when to come back. For drivers whose protocol says so in its own way; a datagram that is
    /// a [failure](parse_failure) is understood anyway.
    ///
    /// The next copy goes out when the wait in progress is over (under the policy's
    /// [`attempt_timeout`](crate::policy::Policy::attempt_timeout), after the backoff), or when the
    /// policy's [`hint`](crate::policy::Policy::hint) says; while hedging, at once. Without an exchange
    /// in progress nothing happens.
    pub fn handle_failure(&mut self, now: Instant, hint: Option<Hint>) {
        if !matches!(self.phase, Phase::Waiting(Until::Resend | Until::GiveUp)) {
            return;
        }
        let policy = &self.config.policy;
        let left = if self.clock == 0 { u64::MAX } else { self.clock };
        let left = Duration::from_nanos(left.saturating_sub(now.as_nanos()));
        let planned = Wait { timeout: left, pause: self.pacer.pause(), last: false };
        let elapsed = now.saturating_since(self.started);
        match self.pacer.after_failure(policy, planned, elapsed, hint) {
            Ok(pause) => {
                // A datagram's earlier copies may still be answered; an attempt that failed is over.
                let abandoned = policy.attempt_timeout().is_some();
                let until = if abandoned { Until::Paused } else { Until::Resend };
                self.wait(now, nanos(pause), until);
            }
            // The copies before may still be answered.
            Err(Stop::MaxSends | Stop::GiveUpAbove) if policy.hedging() => {}
            Err(why) => self.give_up(now, self.pacer.sends(), why),
        }
    }

    /// Begins exchange `exchange` now, whatever went before: for who decides when exchanges begin.
    pub(super) fn open_exchange(&mut self, exchange: u32) {
        self.exchange = exchange;
        self.phase = Phase::Beginning;
        self.told = Told::Nothing;
    }

    /// Begins the next exchange, or finishes after the last.
    #[inline]
    fn begin_next(&mut self) {
        self.phase = Phase::Finished;
        if self.exchange < self.config.exchanges {
            self.exchange += 1;
            self.phase = Phase::Beginning;
        }
    }

    /// Rests before every exchange but the first, where it is asked to.
    #[inline]
    fn think(&mut self, now: Instant) {
        let think = self.config.think.as_ref().filter(|_| self.exchange > 1);
        let Some(think) = think else { return self.begin(now) };
        let name = Name::exchange(self.config.seed, self.flow, self.exchange);
        let rest = nanos(think.draw(&mut name.stream(Purpose::Think)));
        self.wait(now, rest, Until::Thought);
    }

    /// Asks the brakes, and waits for the policy's first delay.
    #[inline]
    fn begin(&mut self, now: Instant) {
        let policy = &self.config.policy;
        let Config { seed, .. } = *self.config;
        // A policy that draws nothing needs no stream.
        let stream = if policy.draws() {
            Name::exchange(seed, self.flow, self.exchange).stream(Purpose::Jitter)
        } else {
            Stream::from_state(0)
        };
        match self.pacer.begin(policy, now, stream) {
            Ok(Duration::ZERO) => self.open(now),
            Ok(delay) => self.wait(now, nanos(delay), Until::Start),
            Err(why) => {
                self.started = now;
                let rest = nanos(policy.initial_timeout());
                self.wait(now, rest, Until::Refused(why));
            }
        }
    }

    /// Sends the first copy.
    #[inline]
    fn open(&mut self, now: Instant) {
        match self.pacer.step(&self.config.policy, now, 0) {
            Ok(wait) => self.send(wait, true),
            // The first copy is always sent; should a policy know better, that is its end.
            Err(why) => self.give_up(now, 0, why),
        }
    }

    /// Sends one more copy, or ends the exchange.
    #[inline]
    fn go_on(&mut self, now: Instant) {
        let sends = self.pacer.sends();
        match self.pacer.step(&self.config.policy, now, self.elapsed(now)) {
            Ok(wait) => self.send(wait, false),
            Err(why) => self.give_up(now, sends, why),
        }
    }

    #[inline]
    fn send(&mut self, Step { timeout, last, .. }: Step, first: bool) {
        self.clock = timeout;
        self.phase = Phase::Sending { last, first };
    }

    /// Waits from `now` on. A wait of nothing lasts for a nanosecond: a deadline lies later than now.
    #[inline]
    fn wait(&mut self, now: Instant, wait: u64, until: Until) {
        self.clock = now.as_nanos().checked_add(wait.max(1)).unwrap_or(0);
        self.phase = Phase::Waiting(until);
    }

    fn give_up(&mut self, now: Instant, sends: u32, why: Stop) {
        self.pacer.gave_up(now, sends);
        let end = End::new(sends, self.elapsed(now));
        self.end_with(Told::GaveUp { end, why });
    }

    /// Ends the exchange in progress.
    #[inline]
    fn end_with(&mut self, told: Told) {
        self.told = told;
        self.begin_next();
    }

    /// Nanoseconds since the first copy of the exchange in progress.
    const fn elapsed(&self, now: Instant) -> u64 {
        now.as_nanos().saturating_sub(self.started.as_nanos())
    }

    /// Copies of the exchange in progress that are out.
    #[inline]
    fn sent(&self) -> u32 {
        match self.phase {
            Phase::Waiting(Until::Resend | Until::GiveUp | Until::Paused) => self.pacer.sends(),
            // The one to come is already counted, but not yet sent.
            Phase::Sending { first: false, .. } => self.pacer.sends() - 1,
            _ => 0,
        }
    }

    /// Which copy of the exchange in progress a reply answers; `None` if it answers none.
    #[inline]
    fn answered_send(&self, token: Option<Token>) -> Option<u32> {
        let sent = self.sent();
        let send = match token {
            None => Some(sent).filter(|sent| *sent > 0),
            Some(Token(label)) => Some(label.send.get())
                .filter(|send| label.exchange.get() == self.exchange && *send <= sent),
        }?;
        // An attempt that is over is not listened to any more.
        let attempts = self.config.policy.attempt_timeout().is_some();
        let over = attempts && (send < sent || self.phase == Phase::Waiting(Until::Paused));
        (!over).then_some(send)
    }

    #[inline(always)]
    pub(super) fn timer(&self) -> Option<(Timer, Instant)> {
        let (until, deadline) = self.deadline()?;
        let timer = match until {
            Until::Resend if self.pacer.pause_nanos() > 0 => Timer::Timeout,
            Until::Resend | Until::Paused => Timer::Resend,
            Until::GiveUp | Until::Refused(_) => Timer::GiveUp,
            Until::Start => Timer::Start,
            Until::Thought => Timer::Think,
        };
        Some((timer, deadline))
    }

    fn deadline(&self) -> Option<(Until, Instant)> {
        match self.phase {
            Phase::Waiting(until) if self.clock > 0 => {
                Some((until, Instant::from_nanos(self.clock)))
            }
            _ => None,
        }
    }
}

impl Machine for Client {
    type Event = Event;

    #[inline(always)]
    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if from != self.config.peer {
            // A connected socket never shows these to its owner.
            if !self.config.connected {
                self.told = Told::Stranger;
            }
            return;
        }
        let failure = parse_failure(bytes);
        let bytes = failure.map_or(bytes, |(_, request)| request);
        let token = if self.config.token { Token::parse(bytes) } else { None };
        let Some(answered_send) = self.answered_send(token) else {
            self.told = Told::LateReply(token);
            return;
        };
        let (sends, elapsed) = (self.sent(), self.elapsed(now));
        if let Some((hint, _)) = failure {
            self.told = Told::Failed { send: answered_send };
            // Of copies that were sent again meanwhile, only the last one's failure is news.
            if answered_send == sends {
                self.handle_failure(now, hint);
            }
            return;
        }
        self.pacer.answered(now, sends, Duration::from_nanos(elapsed));
        self.end_with(Told::Answered { end: End::new(sends, elapsed), answered_send });
    }

    #[inline(always)]
    fn handle_timeout(&mut self, now: Instant) {
        let Some((until, deadline)) = self.deadline() else { return };
        if now < deadline {
            return;
        }
        match until {
            Until::Resend if self.pacer.pause_nanos() > 0 => {
                self.wait(now, self.pacer.pause_nanos(), Until::Paused);
            }
            Until::Resend | Until::GiveUp | Until::Paused => self.go_on(now),
            Until::Start => self.open(now),
            Until::Thought => self.begin(now),
            Until::Refused(why) => self.give_up(now, 0, why),
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let Phase::Waiting(until @ (Until::Resend | Until::GiveUp)) = self.phase else { return };
        if !self.config.connected || peer != self.config.peer {
            return;
        }
        if self.config.policy.hedging() && until == Until::Resend {
            // A failure while hedging is no end: the next copy goes out at once (gRFC A6).
            return self.go_on(now);
        }
        let sends = self.pacer.sends();
        self.pacer.refused(now, sends);
        self.end_with(Told::Refused(End::new(sends, self.elapsed(now))));
    }

    #[inline(always)]
    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.phase == Phase::Beginning {
            self.think(now);
        }
        let Phase::Sending { last, first } = self.phase else { return None };
        if first {
            self.started = now;
        }
        let until = if last { Until::GiveUp } else { Until::Resend };
        self.wait(now, self.clock, until);
        let label = Label::new(self.exchange, self.pacer.sends());
        if let (true, Some(label)) = (self.config.token, label) {
            Token(label).emit(buf);
        }
        buf.extend_from_slice(&self.config.message);
        Some(Transmit::to(self.config.peer).labelled(label))
    }

    #[inline(always)]
    fn poll_event(&mut self) -> Option<Event> {
        if let Told::Nothing = self.told {
            return None;
        }
        let told = core::mem::replace(&mut self.told, Told::Nothing);
        // When an exchange has ended, the next one counts already, if there is one.
        let ended = self.exchange - u32::from(self.phase != Phase::Finished);
        Some(match told {
            Told::Nothing => return None,
            Told::Answered { end, answered_send } => Event::Answered {
                exchange: ended,
                sends: end.sends,
                answered_send,
                elapsed: end.elapsed(),
            },
            Told::Failed { send } => Event::Failed { exchange: self.exchange, send },
            Told::LateReply(token) => Event::LateReply { token },
            Told::Stranger => Event::Stranger,
            Told::GaveUp { end, why } => {
                Event::GaveUp { exchange: ended, sends: end.sends, elapsed: end.elapsed(), why }
            }
            Told::Refused(end) => {
                Event::Refused { exchange: ended, sends: end.sends, elapsed: end.elapsed() }
            }
        })
    }

    fn subject(&self, event: &Event) -> Subject {
        subject(event)
    }

    #[inline(always)]
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.timer()
    }

    #[inline]
    fn is_finished(&self) -> bool {
        self.phase == Phase::Finished
    }
}

/// The send that an event refers to.
pub(super) fn subject(event: &Event) -> Subject {
    let label = match *event {
        Event::Answered { exchange, sends, .. }
        | Event::Failed { exchange, send: sends }
        | Event::GaveUp { exchange, sends, .. }
        | Event::Refused { exchange, sends, .. } => Label::new(exchange, sends),
        // One that says what it answers is about that, not about the last copy sent.
        Event::LateReply { token } => token.map(|Token(label)| label),
        Event::Stranger => None,
    };
    Subject::send(label)
}
