//! A client that shows that it is alive: it sends a heartbeat in each interval, and expects no reply.
//!
//! ```
//! use retrylab_core::client::heartbeat::{Client, Config};
//! use retrylab_core::machine::Machine;
//! use retrylab_core::time::{Duration, Instant};
//!
//! let server = "192.0.2.1:1060".parse().unwrap();
//! let mut client = Client::new(Config::new(server, Duration::from_millis(500)).count(Some(2)));
//! let (mut now, mut sent, mut buf) = (Instant::ZERO, Vec::new(), Vec::new());
//! client.handle_start(now);
//! while client.poll_transmit(now, &mut buf).is_some() {
//!     sent.push(String::from_utf8(std::mem::take(&mut buf)).unwrap());
//!     let Some((_, deadline)) = client.poll_timeout() else { break };
//!     now = deadline;
//!     client.handle_timeout(now);
//! }
//! assert_eq!(sent, ["Heartbeat 1 0", "Heartbeat 2 0.5"]);
//! ```

use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::protocol::heartbeat::MESSAGE;
use crate::protocol::{Codec, Echo};
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::NonZeroU32;

/// What a [`Client`] does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The server.
    pub peer: SocketAddr,
    /// The bytes of a heartbeat; `{seq}` is its number.
    pub codec: Echo,
    /// Time from one heartbeat to the next; at least a nanosecond.
    pub interval: Duration,
    /// Number of heartbeats; `None` for no end.
    pub count: Option<u32>,
}

impl Config {
    /// Returns endless heartbeats with the usual message.
    #[must_use]
    pub fn new(peer: SocketAddr, interval: Duration) -> Self {
        let codec = Echo::new(MESSAGE.as_bytes()).with_placeholders();
        Self { peer, codec, interval, count: None }
    }

    /// Sets the bytes of a heartbeat.
    #[must_use]
    pub fn codec(self, codec: Echo) -> Self {
        Self { codec, ..self }
    }

    /// Sets the number of heartbeats, or no end.
    #[must_use]
    pub fn count(self, count: Option<u32>) -> Self {
        Self { count, ..self }
    }
}

/// What a client reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The network reported that the server cannot be reached. The client continues: the server may come back.
    Refused,
}

impl From<Event> for What {
    fn from(event: Event) -> Self {
        match event {
            Event::Refused => Self::from("the server cannot be reached"),
        }
    }
}

/// The client's machine.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<Config>,
    /// Number of the last heartbeat; 0 before the first one.
    sent: u32,
    /// When the next one is due; `None` after the last one.
    next: Option<Instant>,
    /// The next one is due.
    is_due: bool,
    event: Option<Event>,
}

impl Client {
    /// Creates a client that sends its first heartbeat at once.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config>>) -> Self {
        let config = config.into();
        let is_due = config.count != Some(0);
        Self { config, sent: 0, next: None, is_due, event: None }
    }

    /// Returns the number of heartbeats sent.
    #[must_use]
    pub const fn sent(&self) -> u32 {
        self.sent
    }

    /// Returns when the heartbeat after this one, sent at `now`, is due. Intervals do not add up their delays. What a
    /// program has missed that was stopped is left out.
    fn after(&self, now: Instant) -> Option<Instant> {
        if self.config.count.is_some_and(|count| self.sent >= count) || self.sent == u32::MAX {
            return None;
        }
        let interval = self.config.interval.max(Duration::from_nanos(1));
        let planned = self.next.unwrap_or(now).saturating_add(interval);
        let next = if planned > now { planned } else { now.saturating_add(interval) };
        // At the end of time there is no next one.
        (next > now).then_some(next)
    }
}

impl Machine for Client {
    type Event = Event;

    fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, _: &[u8]) {}

    fn handle_timeout(&mut self, now: Instant) {
        self.is_due |= self.next.is_some_and(|next| next <= now);
    }

    fn handle_refused(&mut self, _now: Instant, peer: SocketAddr) {
        if peer == self.config.peer {
            self.event = Some(Event::Refused);
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if !core::mem::take(&mut self.is_due) {
            return None;
        }
        self.sent += 1;
        self.next = self.after(now);
        let label = Label { exchange: NonZeroU32::new(self.sent)?, send: NonZeroU32::MIN };
        self.config.codec.request_at(label, now, buf);
        Some(Transmit::to(self.config.peer).labelled(Some(label)))
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.event.take()
    }

    fn subject(&self, _: &Event) -> Subject {
        Subject::send(Label::new(self.sent, 1))
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        Some((Timer::Other(&"heartbeat"), self.next?))
    }

    fn is_finished(&self) -> bool {
        !self.is_due && self.next.is_none()
    }
}
