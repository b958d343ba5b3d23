//! The client: one exchange after another, each with as many sends as its policy allows.
//!
//! It sends its message, waits, sends the same bytes again when no reply comes, and either accepts a
//! reply or gives up. It does not think about what the reply says, and it does not split, encrypt or
//! acknowledge anything.

#[cfg(test)]
mod tests;
mod token;

pub use token::Token;

use crate::machine::{Label, Machine, Timer, Transmit};
use crate::policy::{Hint, Pacer, Policy, Stop, Wait};
use crate::random::Stream;
use crate::time::{Duration, Instant, nanos};
use crate::trace::What;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::NonZeroU64;

/// The largest payload of a UDP datagram over IPv4: 65,535 less 20 bytes of IP and 8 of UDP header.
pub const MAX_MESSAGE_IPV4: usize = 65_507;

/// What a [`Client`] does. Clients that do the same share one.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server.
    pub peer: SocketAddr,
    /// Accept replies from `peer` only, and hear refusals (`connect` + `send`). Otherwise (`sendto`) a
    /// datagram from anyone is looked at, and one that is not from `peer` is reported as a
    /// [stranger's](Event::Stranger).
    pub connected: bool,
    /// The request's bytes, at most [`MAX_MESSAGE_IPV4`] over IPv4.
    pub message: Arc<[u8]>,
    /// Begin each datagram with a [`Token`], so that a reply which mirrors it tells what it answers.
    pub token: bool,
    /// How many exchanges, one after another; 0 does nothing.
    pub exchanges: u32,
    /// When to send again and when to stop.
    pub policy: Policy,
    /// Names the policy's random draws.
    pub seed: u64,
}

impl Config {
    /// One exchange of `message` with `peer`, connected, under the textbook's policy.
    #[must_use]
    pub fn textbook(peer: SocketAddr, message: &[u8]) -> Arc<Self> {
        Arc::new(Self {
            peer,
            connected: true,
            message: message.into(),
            token: false,
            exchanges: 1,
            policy: Policy::textbook(),
            seed: 1,
        })
    }
}

/// What a client tells its application. Numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The datagram just handled answers this exchange.
    Answered {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Which copy it answers: as the reply's token says, else the last one sent (a guess: without
        /// a token nobody can tell, which is why Karn's rule takes no sample from it).
        answered_send: u32,
        /// Time since the first copy.
        elapsed: Duration,
    },
    /// The datagram just handled is from the server but answers no exchange in progress.
    LateReply {
        /// What it answers, when it says so.
        token: Option<Token>,
    },
    /// The datagram just handled is not from the server. (Unconnected clients only.)
    Stranger,
    /// No reply came, and the policy allows no further copy; or, with no copy sent, a brake refused the
    /// exchange, and the client rested for its first wait instead.
    GaveUp {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Time since the first copy.
        elapsed: Duration,
        /// What ended it.
        why: Stop,
    },
    /// The network said that nobody listens there. (Connected clients only.)
    Refused {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Time since the first copy.
        elapsed: Duration,
    },
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Answered { sends, answered_send, elapsed, .. } => {
                Self::Answered { sends, answered_send, elapsed }
            }
            Event::LateReply { .. } => Self::LateReply,
            Event::Stranger => Self::Stranger,
            Event::GaveUp { sends, elapsed, why, .. } => Self::GaveUp { sends, elapsed, why },
            Event::Refused { sends, elapsed, .. } => Self::Refused { sends, elapsed },
        }
    }
}

/// The client's machine.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    /// Which client it is, from 1: part of the name of its random draws.
    flow: u32,
    /// The exchange in progress, from 1.
    exchange: u32,
    pacer: Pacer,
    /// When the exchange's first copy was sent.
    started: Instant,
    state: State,
    event: Option<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// An exchange begins as soon as the time is known.
    Beginning,
    /// A copy is to be sent, followed by a wait of so many nanoseconds; `first` begins an exchange.
    Sending { wait: u64, last: bool, first: bool },
    /// Nothing to do before the deadline, in nanoseconds; it is `None` if it would lie past the last
    /// instant that can be named. A wait ends later than it begins, so that zero is free for `None`.
    Waiting { deadline: Option<NonZeroU64>, until: Until },
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
    /// The first copy is delayed.
    Start,
    /// A brake refused the exchange: the client rests.
    Refused(Stop),
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
        let pacer = Pacer::new(&config.policy);
        let (started, state) = (Instant::ZERO, State::Finished);
        let mut client = Self { config, flow, exchange: 0, pacer, started, state, event: None };
        client.begin_next();
        client
    }

    /// What it does.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The server answered the exchange in progress with a failure that may be retried, and perhaps with
    /// a hint when to come back. For drivers whose protocol can say so: a datagram does not.
    ///
    /// The next copy goes out when the wait in progress is over, or when the policy's
    /// [`hint`](Policy::hint) says; while hedging, at once. Without an exchange in progress nothing
    /// happens.
    pub fn handle_failure(&mut self, now: Instant, hint: Option<Hint>) {
        let State::Waiting { deadline, until: Until::Resend | Until::GiveUp } = self.state else {
            return;
        };
        let left = deadline.map_or(u64::MAX, |end| end.get().saturating_sub(now.as_nanos()));
        let planned = Wait { timeout: Duration::from_nanos(left), last: false };
        let (sends, elapsed) = (self.pacer.sends(), now.saturating_since(self.started));
        match self.pacer.after_failure(&self.config.policy, planned, elapsed, hint) {
            Ok(pause) => self.state = waiting(now, nanos(pause), Until::Resend),
            // The copies before may still be answered.
            Err(Stop::MaxSends | Stop::GiveUpAbove) if self.config.policy.hedging() => {}
            Err(why) => self.give_up(now, sends, why),
        }
    }

    /// Begins the next exchange, or finishes after the last.
    fn begin_next(&mut self) {
        self.state = State::Finished;
        if self.exchange < self.config.exchanges {
            self.exchange += 1;
            self.state = State::Beginning;
        }
    }

    /// Asks the brakes, and waits for the policy's first delay.
    fn begin(&mut self, now: Instant) {
        let policy = &self.config.policy;
        let stream = Stream::jitter(self.config.seed, self.flow, self.exchange);
        match self.pacer.begin(policy, now, stream) {
            Ok(Duration::ZERO) => self.open(now),
            Ok(delay) => self.state = waiting(now, nanos(delay), Until::Start),
            Err(why) => {
                self.started = now;
                self.state = waiting(now, nanos(policy.initial_timeout()), Until::Refused(why));
            }
        }
    }

    /// Sends the first copy.
    fn open(&mut self, now: Instant) {
        match self.pacer.next(&self.config.policy, now, Duration::ZERO) {
            Ok(wait) => self.state = sending(wait, true),
            // The first copy is always sent; should a policy know better, that is its end.
            Err(why) => self.give_up(now, 0, why),
        }
    }

    /// Sends one more copy, or ends the exchange.
    fn go_on(&mut self, now: Instant) {
        let (sends, elapsed) = (self.pacer.sends(), now.saturating_since(self.started));
        match self.pacer.next(&self.config.policy, now, elapsed) {
            Ok(wait) => self.state = sending(wait, false),
            Err(why) => self.give_up(now, sends, why),
        }
    }

    fn give_up(&mut self, now: Instant, sends: u32, why: Stop) {
        self.pacer.gave_up(now, sends);
        let elapsed = now.saturating_since(self.started);
        self.end_with(Event::GaveUp { exchange: self.exchange, sends, elapsed, why });
    }

    /// Ends the exchange in progress with `event`.
    fn end_with(&mut self, event: Event) {
        self.event = Some(event);
        self.begin_next();
    }

    /// Copies of the exchange in progress that are out.
    fn sent(&self) -> u32 {
        match self.state {
            State::Waiting { until: Until::Resend | Until::GiveUp, .. } => self.pacer.sends(),
            // The one to come is already counted, but not yet sent.
            State::Sending { first: false, .. } => self.pacer.sends() - 1,
            _ => 0,
        }
    }

    /// Which copy of the exchange in progress a reply answers; `None` if it answers none.
    fn answered_send(&self, token: Option<Token>) -> Option<u32> {
        let sent = self.sent();
        match token {
            None => (sent > 0).then_some(sent),
            Some(Token(label)) => {
                let send = label.send.get();
                (label.exchange.get() == self.exchange && send <= sent).then_some(send)
            }
        }
    }
}

fn sending(Wait { timeout, last }: Wait, first: bool) -> State {
    State::Sending { wait: nanos(timeout), last, first }
}

/// A wait from `now` on. A wait of nothing lasts for a nanosecond: a deadline lies later than now.
const fn waiting(now: Instant, wait: u64, until: Until) -> State {
    let wait = if wait == 0 { 1 } else { wait };
    let deadline = match now.as_nanos().checked_add(wait) {
        Some(deadline) => NonZeroU64::new(deadline),
        None => None,
    };
    State::Waiting { deadline, until }
}

impl Machine for Client {
    type Event = Event;

    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        if from != self.config.peer {
            // A connected socket never shows these to its owner.
            if !self.config.connected {
                self.event = Some(Event::Stranger);
            }
            return;
        }
        let token = if self.config.token { Token::parse(bytes) } else { None };
        let Some(answered_send) = self.answered_send(token) else {
            self.event = Some(Event::LateReply { token });
            return;
        };
        let (sends, elapsed) = (self.sent(), now.saturating_since(self.started));
        self.pacer.answered(now, sends, elapsed);
        let exchange = self.exchange;
        self.end_with(Event::Answered { exchange, sends, answered_send, elapsed });
    }

    fn handle_timeout(&mut self, now: Instant) {
        let State::Waiting { deadline: Some(deadline), until } = self.state else { return };
        if now.as_nanos() < deadline.get() {
            return;
        }
        match until {
            Until::Resend | Until::GiveUp => self.go_on(now),
            Until::Start => self.open(now),
            Until::Refused(why) => self.give_up(now, 0, why),
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let State::Waiting { until: until @ (Until::Resend | Until::GiveUp), .. } = self.state
        else {
            return;
        };
        if !self.config.connected || peer != self.config.peer {
            return;
        }
        if self.config.policy.hedging() && until == Until::Resend {
            // A failure while hedging is no end: the next copy goes out at once (gRFC A6).
            return self.go_on(now);
        }
        let (exchange, sends) = (self.exchange, self.pacer.sends());
        let elapsed = now.saturating_since(self.started);
        self.pacer.refused(now, sends);
        self.end_with(Event::Refused { exchange, sends, elapsed });
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.state == State::Beginning {
            self.begin(now);
        }
        let State::Sending { wait, last, first } = self.state else { return None };
        if first {
            self.started = now;
        }
        let until = if last { Until::GiveUp } else { Until::Resend };
        self.state = waiting(now, wait, until);
        let label = Label::new(self.exchange, self.pacer.sends());
        buf.clear();
        if let (true, Some(label)) = (self.config.token, label) {
            Token(label).emit(buf);
        }
        buf.extend_from_slice(&self.config.message);
        Some(Transmit { to: self.config.peer, label })
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    fn poll_timeout(&self) -> Option<(Timer, Instant)> {
        let State::Waiting { deadline: Some(deadline), until } = self.state else { return None };
        let timer = match until {
            Until::Resend => Timer::Resend,
            Until::GiveUp | Until::Refused(_) => Timer::GiveUp,
            Until::Start => Timer::Start,
        };
        Some((timer, Instant::from_nanos(deadline.get())))
    }

    fn is_finished(&self) -> bool {
        self.state == State::Finished
    }
}
