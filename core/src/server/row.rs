//! The keeper of the row.

use crate::machine::{Machine, Timer, Transmit};
use crate::protocol::row::{Reply, Request};
use crate::time::Instant;
use crate::trace::What;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// One row with a version. It answers at once, and ignores anything but a [`Request`].
#[derive(Clone, Debug, Default)]
pub struct Server {
    version: u64,
    refused: u64,
    reply: Option<(Transmit, Reply)>,
    verdict: Option<Verdict>,
}

/// The result of a write: the server's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The row was written.
    Written,
    /// The write came with a version that the row no longer has.
    Stale,
}

impl From<Verdict> for What {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Written => Self::Written,
            Verdict::Stale => Self::Stale,
        }
    }
}

impl Server {
    /// Returns the number of writes done. It is also the row's version, because each write increments it.
    #[must_use]
    pub const fn written(&self) -> u64 {
        self.version
    }

    /// Returns the number of writes requested, done or refused: what the AWS experiment calls *calls*.
    #[must_use]
    pub const fn calls(&self) -> u64 {
        self.version.saturating_add(self.refused)
    }

    fn answer(&mut self, request: Request) -> Reply {
        match request {
            Request::Read => Reply::Version(self.version),
            Request::Write(version) if version == self.version => {
                self.version = self.version.wrapping_add(1);
                self.verdict = Some(Verdict::Written);
                Reply::Done(version)
            }
            Request::Write(version) => {
                self.refused = self.refused.saturating_add(1);
                self.verdict = Some(Verdict::Stale);
                Reply::Stale(version)
            }
        }
    }
}

impl Machine for Server {
    type Event = Verdict;

    fn handle_datagram(
        &mut self,
        _now: Instant,
        local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if let Some(request) = Request::parse(bytes) {
            let back = Transmit::to(from).sent_from(local);
            self.reply = Some((back, self.answer(request)));
        }
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_transmit(&mut self, _now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (transmit, reply) = self.reply.take()?;
        buf.extend_from_slice(reply.to_string().as_bytes());
        Some(transmit)
    }

    fn poll_event(&mut self) -> Option<Verdict> {
        self.verdict.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }
}
