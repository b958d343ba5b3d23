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
use crate::policy::{Policy, Schedule, Wait};
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

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
    Stranger {
        /// Whose it is.
        from: SocketAddr,
    },
    /// No reply came, and the policy allows no further copy.
    GaveUp {
        /// Which exchange.
        exchange: u32,
        /// Copies sent.
        sends: u32,
        /// Time since the first copy.
        elapsed: Duration,
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
            Event::Stranger { .. } => Self::Stranger,
            Event::GaveUp { sends, elapsed, .. } => Self::GaveUp { sends, elapsed },
            Event::Refused { sends, elapsed, .. } => Self::Refused { sends, elapsed },
        }
    }
}

/// The client's machine.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    /// The exchange in progress, from 1.
    exchange: u32,
    schedule: Schedule,
    /// When the exchange's first copy was sent.
    started: Instant,
    state: State,
    event: Option<Event>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A copy is to be sent, followed by this wait; `first` begins an exchange.
    Sending { wait: Wait, first: bool },
    /// A copy is out. Without a deadline if that would lie past the last instant that can be named.
    Waiting { deadline: Option<Instant>, last: bool },
    /// Every exchange is over.
    Finished,
}

impl Client {
    /// A client that sends its first copy at the first `poll_transmit`.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let schedule = Schedule::new(&config.policy);
        let mut client = Self {
            config,
            exchange: 0,
            schedule,
            started: Instant::ZERO,
            state: State::Finished,
            event: None,
        };
        client.begin_next();
        client
    }

    /// What it does.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Begins the next exchange, or finishes after the last.
    fn begin_next(&mut self) {
        self.state = State::Finished;
        if self.exchange < self.config.exchanges {
            self.schedule = Schedule::new(&self.config.policy);
            if let Some(wait) = self.schedule.next(&self.config.policy, Duration::ZERO) {
                self.exchange += 1;
                self.state = State::Sending { wait, first: true };
            }
        }
    }

    /// Ends the exchange in progress with `event`.
    fn end_with(&mut self, event: Event) {
        self.event = Some(event);
        self.begin_next();
    }

    /// Which copy of the exchange in progress a reply answers; `None` if it answers none.
    fn answered_send(&self, token: Option<Token>) -> Option<u32> {
        // Between two copies the one to come is already counted, but not yet sent.
        let sent = match self.state {
            State::Waiting { .. } => self.schedule.sends(),
            State::Sending { first: false, .. } => self.schedule.sends() - 1,
            State::Sending { first: true, .. } | State::Finished => return None,
        };
        match token {
            None => Some(sent),
            Some(Token(label)) => {
                let send = label.send.get();
                (label.exchange.get() == self.exchange && send <= sent).then_some(send)
            }
        }
    }
}

impl Machine for Client {
    type Event = Event;

    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        if from != self.config.peer {
            // A connected socket never shows these to its owner.
            if !self.config.connected {
                self.event = Some(Event::Stranger { from });
            }
            return;
        }
        let token = if self.config.token { Token::parse(bytes) } else { None };
        let Some(answered_send) = self.answered_send(token) else {
            self.event = Some(Event::LateReply { token });
            return;
        };
        let sends = match self.state {
            State::Sending { .. } => self.schedule.sends() - 1,
            _ => self.schedule.sends(),
        };
        let elapsed = now.saturating_since(self.started);
        let exchange = self.exchange;
        self.end_with(Event::Answered { exchange, sends, answered_send, elapsed });
    }

    fn handle_timeout(&mut self, now: Instant) {
        let State::Waiting { deadline: Some(deadline), .. } = self.state else { return };
        if now < deadline {
            return;
        }
        let (sends, elapsed) = (self.schedule.sends(), now.saturating_since(self.started));
        match self.schedule.next(&self.config.policy, elapsed) {
            Some(wait) => self.state = State::Sending { wait, first: false },
            None => self.end_with(Event::GaveUp { exchange: self.exchange, sends, elapsed }),
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let waiting = matches!(self.state, State::Waiting { .. });
        if waiting && self.config.connected && peer == self.config.peer {
            let (exchange, sends) = (self.exchange, self.schedule.sends());
            let elapsed = now.saturating_since(self.started);
            self.end_with(Event::Refused { exchange, sends, elapsed });
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let State::Sending { wait, first } = self.state else { return None };
        if first {
            self.started = now;
        }
        let deadline = now.checked_add(wait.timeout);
        self.state = State::Waiting { deadline, last: wait.last };
        let label = Label::new(self.exchange, self.schedule.sends());
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
        let State::Waiting { deadline: Some(deadline), last } = self.state else { return None };
        Some((if last { Timer::GiveUp } else { Timer::Resend }, deadline))
    }

    fn is_finished(&self) -> bool {
        self.state == State::Finished
    }
}
