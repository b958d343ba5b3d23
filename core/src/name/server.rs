//! The name server's machine: answers queries about the names of its zone.

use super::message;
use super::zone::{Handled, Transport, Zone};
use crate::machine::{Machine, Timer, Transmit};
use crate::time::Instant;
use crate::trace::{NameStatus, What};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// What a [`NameServer`] reports to its application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// The datagram just handled is a query, and a reply follows.
    Handled(Handled),
    /// The datagram just handled is ignored: it is too short, or a response itself.
    Ignored,
}

impl From<ServerEvent> for What {
    fn from(event: ServerEvent) -> Self {
        match event {
            ServerEvent::Ignored => Self::from("not a query, ignored"),
            ServerEvent::Handled(Handled { is_truncated: true, .. }) => {
                Self::from("the reply is truncated")
            }
            ServerEvent::Handled(Handled { code, answers, .. }) => {
                let status = match (code, answers) {
                    (0, 1..) => NameStatus::Found,
                    (0, 0) => NameStatus::NoAddress,
                    (3, _) => NameStatus::NoSuchName,
                    _ => NameStatus::NotAnswered,
                };
                let addresses = u32::try_from(answers).unwrap_or(u32::MAX);
                Self::NameAnswered { status, addresses }
            }
        }
    }
}

/// The machine of an authoritative name server over UDP. It keeps no state between two queries.
///
/// [`NameService`](super::NameService) answers queries over TCP.
///
/// ```
/// use retrylab_core::machine::Machine;
/// use retrylab_core::name::{NameServer, Zone};
/// use retrylab_core::time::Instant;
///
/// let mut zone = Zone::default();
/// zone.add("www.example".parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
/// let mut server = NameServer::new(zone);
/// // The query that `dig www.example A +noedns` sends.
/// let query = b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\0\x03www\x07example\0\0\x01\0\x01";
/// let [local, client] = ["192.0.2.53:53", "192.0.2.1:40000"].map(|text| text.parse().unwrap());
/// server.handle_datagram(Instant::ZERO, local, client, query);
/// let mut reply = Vec::new();
/// assert_eq!(server.poll_transmit(Instant::ZERO, &mut reply).unwrap().to, client);
/// assert_eq!(reply[..2], query[..2], "the same id");
/// assert_eq!(reply[reply.len() - 4..], [192, 0, 2, 9]);
/// ```
#[derive(Clone, Debug)]
pub struct NameServer {
    zone: Arc<Zone>,
    /// The reply to send, from which address and to whom.
    reply: Option<(Transmit, Vec<u8>)>,
    event: Option<ServerEvent>,
}

impl NameServer {
    /// Creates the server of `zone`.
    #[must_use]
    pub fn new(zone: impl Into<Arc<Zone>>) -> Self {
        Self { zone: zone.into(), reply: None, event: None }
    }
}

impl Machine for NameServer {
    type Event = ServerEvent;

    fn handle_datagram(
        &mut self,
        _now: Instant,
        local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        let replied = self.zone.reply(bytes, Transport::Udp);
        self.event = Some(match &replied {
            Some((_, handled)) => ServerEvent::Handled(*handled),
            None => ServerEvent::Ignored,
        });
        // A client does not accept a reply from an address that it did not ask.
        let back = Transmit::to(from).sent_from(local);
        self.reply = replied.map(|(bytes, _)| (back, bytes));
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_transmit(&mut self, _now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (transmit, bytes) = self.reply.take()?;
        buf.extend_from_slice(&bytes);
        Some(transmit)
    }

    fn poll_event(&mut self) -> Option<ServerEvent> {
        self.event.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }

    fn describe(&self, payload: &[u8]) -> Option<String> {
        message::describe(payload)
    }
}
