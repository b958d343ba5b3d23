//! The name server over connections: queries one after another, each with its length in front (RFC 7766).

use super::framing::frame;
use super::zone::{Handled, Transport, Zone};
use crate::stream::{ConnectionId, Reaction, Service};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a [`NameService`] reports: a message that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryEvent {
    /// The message, without its length.
    pub query: Vec<u8>,
    /// How it was handled, and the length of the reply in bytes; `None` if the message is not a query.
    pub reply: Option<(Handled, usize)>,
}

/// Answers DNS queries for a [`Server`](crate::stream::Server), in the order of their arrival.
///
/// It closes a connection on which something else arrives, or as many bytes as it allows.
#[derive(Clone, Debug)]
pub struct NameService {
    zone: Arc<Zone>,
    max_bytes: usize,
    events: VecDeque<QueryEvent>,
}

/// What the service remembers of a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct NameSession {
    /// The length of the message that is arriving.
    length: Option<u16>,
    /// Bytes of the messages so far.
    received: usize,
}

impl NameService {
    /// Creates the service for the names of `zone`. The query that completes `max_bytes` bytes on a connection is the
    /// last one that is answered there.
    #[must_use]
    pub fn new(zone: impl Into<Arc<Zone>>, max_bytes: usize) -> Self {
        Self { zone: zone.into(), max_bytes, events: VecDeque::new() }
    }

    /// Handles a whole message.
    fn answer(&mut self, session: &mut NameSession, query: &[u8], out: &mut Vec<u8>) -> Reaction {
        session.length = None;
        session.received += query.len() + LENGTH;
        let replied = self.zone.reply(query, Transport::Tcp);
        let reply = replied.as_ref().map(|(reply, handled)| (*handled, reply.len()));
        self.events.push_back(QueryEvent { query: query.to_vec(), reply });
        // After something that is not a query, the rest of the connection cannot be understood either.
        let Some(reply) = replied.and_then(|(reply, _)| frame(&reply)) else {
            return Reaction::Finish;
        };
        out.extend_from_slice(&reply);
        if session.received < self.max_bytes { Reaction::Continue } else { Reaction::Finish }
    }
}

/// Bytes of the length in front of a message.
const LENGTH: usize = 2;

impl Service for NameService {
    type Session = NameSession;
    type Event = QueryEvent;

    fn accept(&mut self, _id: ConnectionId) -> NameSession {
        NameSession::default()
    }

    fn handle_bytes(
        &mut self,
        session: &mut NameSession,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> (usize, Reaction) {
        let Some(length) = session.length else {
            // The length is handled alone: with it, the longest message would exceed what a server reads ahead.
            let Some((length, _)) = bytes.split_first_chunk::<LENGTH>() else {
                return (0, Reaction::Continue);
            };
            let length = u16::from_be_bytes(*length);
            session.length = Some(length);
            let reaction =
                if length == 0 { self.answer(session, &[], out) } else { Reaction::Continue };
            return (LENGTH, reaction);
        };
        match bytes.get(..length.into()) {
            Some(query) => (query.len(), self.answer(session, query, out)),
            None => (0, Reaction::Continue),
        }
    }

    fn handle_finished(
        &mut self,
        _session: &mut NameSession,
        _rest: &[u8],
        _out: &mut Vec<u8>,
    ) -> Reaction {
        Reaction::Finish
    }

    fn is_idle(&self, session: &NameSession) -> bool {
        session.length.is_none()
    }

    fn poll_event(&mut self) -> Option<QueryEvent> {
        self.events.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// A query for the address of `a`, as `id`.
    fn query(id: u8) -> Vec<u8> {
        [&[0, id][..], b"\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01"].concat()
    }

    /// Passes `stream` to a new service in pieces of `size` bytes, as a server does. Returns the ids of the replies, the
    /// number of events, and the last reaction.
    fn serve(stream: &[u8], size: usize, max_bytes: usize) -> (Vec<u8>, usize, Reaction) {
        let mut zone = Zone::default();
        zone.add("a".parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
        let mut service = NameService::new(zone, max_bytes);
        let mut session = service.accept(ConnectionId(1));
        let (mut inbox, mut out, mut events) = (Vec::new(), Vec::new(), 0);
        let mut last = Reaction::Continue;
        for piece in stream.chunks(size) {
            inbox.extend_from_slice(piece);
            while last == Reaction::Continue && !inbox.is_empty() {
                let (used, reaction) = service.handle_bytes(&mut session, &inbox, &mut out);
                inbox.drain(..used);
                events += usize::from(service.poll_event().is_some());
                last = reaction;
                if used == 0 {
                    break;
                }
            }
        }
        let (mut ids, mut rest) = (Vec::new(), &out[..]);
        while let Some((reply, more)) = super::super::split_frame(rest) {
            ids.push(reply[1]);
            rest = more;
        }
        assert!(rest.is_empty());
        (ids, events, last)
    }

    #[test]
    fn queries_are_answered_in_order_however_they_are_split() {
        let stream: Vec<u8> = (1..=5).flat_map(|id| frame(&query(id)).unwrap()).collect();
        for size in 1..=stream.len() {
            let answered = serve(&stream, size, usize::MAX);
            assert_eq!(answered, (vec![1, 2, 3, 4, 5], 5, Reaction::Continue), "{size}");
        }
        // A part of a query is not answered.
        assert_eq!(serve(&stream[..stream.len() - 1], 7, usize::MAX).0, [1, 2, 3, 4]);
    }

    #[test]
    fn something_else_and_too_many_bytes_end_the_connection() {
        let one = frame(&query(1)).unwrap();
        for other in [&b"\0\0"[..], b"\0\x03abc", b"\0\x0c\0\x01\x80\0\0\0\0\0\0\0\0\0"] {
            let stream = [&one, other, &one].concat();
            assert_eq!(serve(&stream, 5, usize::MAX), (vec![1], 2, Reaction::Finish));
        }
        let three = one.repeat(3);
        assert_eq!(serve(&three, 9, 2 * one.len()), (vec![1, 1], 2, Reaction::Finish));
    }

    /// What a server reads ahead holds the longest message.
    #[test]
    fn the_longest_message_is_handled() {
        let mut longest = query(1);
        longest.resize(usize::from(u16::MAX), 0);
        let stream = frame(&longest).unwrap();
        let (_, events, _) = serve(&stream, crate::stream::READ_AHEAD / 4, usize::MAX);
        assert_eq!(events, 1);
        assert!(longest.len() <= crate::stream::READ_AHEAD);
    }
}
