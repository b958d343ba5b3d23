//! Echo over a connection (RFC 862): the server returns the bytes that it gets, or reports how many there
//! were.
//!
//! A connection has no message boundaries: a message ends where its sender finishes.

use super::verdict::{Verdict, Verdicts};
use super::{Codec, ConnectionId, Reaction, Reading, Service};
use crate::machine::Label;
use crate::protocol::echo::{Reply, report};
use crate::protocol::{self, Echo, FAILURE, ServerCodec as _, parse_failure};
use crate::server::echo::Config;
use crate::time::Instant;
use crate::trace::{Cause, Direction, What};
use alloc::vec::Vec;

/// Maximum number of bytes by which a reply may be longer than its request: enough for a report, a failure
/// and a hint.
const MAX_EXTRA: usize = 1_024;

/// What has arrived of the reply to a message.
#[derive(Clone, Debug)]
pub struct EchoReader {
    request: Vec<u8>,
    reply: Vec<u8>,
}

impl EchoReader {
    /// Returns the bytes that the server has sent.
    #[must_use]
    pub fn reply(&self) -> &[u8] {
        &self.reply
    }
}

/// The client's half: it sends its message, finishes, and reads what comes back. A mirrored message is complete
/// when its last byte is back, any other reply when the server finishes.
///
/// Without [`half_close`](Echo::half_close), it finishes only when the reply is complete. A server that waits for the
/// end of the message then does not answer.
impl Codec for Echo {
    type Reader = EchoReader;

    fn reader(&self, label: Label) -> EchoReader {
        self.reader_at(label, Instant::ZERO)
    }

    fn reader_at(&self, label: Label, began: Instant) -> EchoReader {
        let mut request = Vec::new();
        protocol::Codec::request_at(self, label, began, &mut request);
        EchoReader { request, reply: Vec::new() }
    }

    fn request(&self, label: Label, buf: &mut Vec<u8>) {
        protocol::Codec::request(self, label, buf);
    }

    fn request_at(&self, label: Label, began: Instant, buf: &mut Vec<u8>) {
        protocol::Codec::request_at(self, label, began, buf);
    }

    fn finishes(&self) -> bool {
        self.half_close
    }

    fn read(&self, reader: &mut EchoReader, bytes: &[u8]) -> Reading {
        let EchoReader { request, reply } = reader;
        let room = (request.len() + MAX_EXTRA).saturating_sub(reply.len());
        reply.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            return Reading::Unreadable;
        }
        let is_back = if self.half_close {
            reply == request
        } else {
            // A server that answers in upper case does not end the connection, either.
            reply.eq_ignore_ascii_case(request)
        };
        if !reply.is_empty() && is_back { Reading::Answer } else { Reading::More }
    }

    fn finished(&self, EchoReader { request, reply }: &mut EchoReader) -> Reading {
        if let Some((hint, _)) = parse_failure(reply) {
            return Reading::Failure { hint };
        }
        let is_part = |whole: &[u8]| reply.len() < whole.len() && whole.starts_with(reply);
        if is_part(request) || !reply.is_empty() && is_part(FAILURE) {
            return Reading::More;
        }
        Reading::Answer
    }
}

/// The server's half. Its configuration is that of the server for datagrams: what it answers, and which
/// connections it fails or leaves without an answer, numbered from 1 over its life.
#[derive(Clone, Debug)]
pub struct EchoService {
    verdicts: Verdicts,
    event: Option<EchoEvent>,
}

/// What an [`EchoService`] reports, once for each connection on which something was sent or finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EchoEvent {
    /// The client has finished, and its bytes are answered.
    Answered {
        /// Bytes received.
        bytes: u64,
        /// Bytes of the answer.
        sent: u64,
    },
    /// The connection is left without an answer, as configured.
    Dropped {
        /// What the configuration says.
        cause: Cause,
    },
    /// The connection is answered with a failure, as configured.
    Failed,
}

impl From<EchoEvent> for What {
    fn from(event: EchoEvent) -> Self {
        match event {
            EchoEvent::Answered { sent, .. } => {
                Self::Replied { bytes: u32::try_from(sent).unwrap_or(u32::MAX) }
            }
            EchoEvent::Dropped { cause } => Self::Dropped { direction: Direction::Request, cause },
            EchoEvent::Failed => Self::Failed,
        }
    }
}

/// What the service remembers of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoSession {
    verdict: Option<Verdict>,
    received: u64,
}

impl EchoService {
    /// Creates a service with `seed` for its random draws.
    #[must_use]
    pub const fn new(config: Config, seed: u64) -> Self {
        Self { verdicts: Verdicts::new(config, seed), event: None }
    }

    /// Decides about a connection when its client first does something; carries out what is not an answer.
    fn react(&mut self, session: &mut EchoSession, out: &mut Vec<u8>) -> Reaction {
        let verdict = match session.verdict {
            Some(verdict) => verdict,
            None => *session.verdict.insert(self.verdicts.next().1),
        };
        match verdict {
            Verdict::Answer => Reaction::Continue,
            Verdict::Drop(cause) => {
                self.event = Some(EchoEvent::Dropped { cause });
                Reaction::Silence
            }
            Verdict::Fail => {
                self.event = Some(EchoEvent::Failed);
                self.verdicts.reply().failure(&[], self.verdicts.hint(), out);
                Reaction::Finish
            }
        }
    }
}

impl Service for EchoService {
    type Session = EchoSession;
    type Event = EchoEvent;

    fn accept(&mut self, _id: ConnectionId) -> EchoSession {
        EchoSession::default()
    }

    fn handle_bytes(
        &mut self,
        session: &mut EchoSession,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> (usize, Reaction) {
        let reaction = self.react(session, out);
        if reaction == Reaction::Continue {
            session.received += bytes.len() as u64;
            match self.verdicts.reply() {
                Reply::Mirror => out.extend_from_slice(bytes),
                Reply::Upper => out.extend(bytes.iter().map(u8::to_ascii_uppercase)),
                Reply::Report => {}
            }
        }
        (bytes.len(), reaction)
    }

    fn handle_finished(
        &mut self,
        session: &mut EchoSession,
        _rest: &[u8],
        out: &mut Vec<u8>,
    ) -> Reaction {
        let reaction = self.react(session, out);
        if reaction != Reaction::Continue {
            return reaction;
        }
        let bytes = session.received;
        let mut sent = bytes;
        if self.verdicts.reply() == Reply::Report {
            let before = out.len();
            report(usize::try_from(bytes).unwrap_or(usize::MAX), out);
            sent = (out.len() - before) as u64;
        }
        self.event = Some(EchoEvent::Answered { bytes, sent });
        Reaction::Finish
    }

    fn is_idle(&self, session: &EchoSession) -> bool {
        session.received == 0
    }

    fn poll_event(&mut self) -> Option<EchoEvent> {
        self.event.take()
    }
}
