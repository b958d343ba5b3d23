//! The server's half of a protocol over connections.

use super::ConnectionId;
use alloc::vec::Vec;

/// What a server answers to the bytes of its clients.
///
/// A service knows nothing of sockets, time limits and other connections: that is the
/// [server's](super::Server) part.
pub trait Service {
    /// What it remembers of one connection.
    type Session;

    /// What it reports to the application.
    type Event;

    /// Returns the session of a new connection.
    fn accept(&mut self, id: ConnectionId) -> Self::Session;

    /// Handles the first of `bytes`, appends what it answers to `out`, and returns how many bytes it has
    /// handled.
    ///
    /// The server calls it again with the rest, and with more bytes. It must handle some of
    /// [`READ_AHEAD`](super::READ_AHEAD) bytes, because the server keeps no more.
    fn handle_bytes(
        &mut self,
        session: &mut Self::Session,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> (usize, Reaction);

    /// Handles the end of the client's bytes, of which it has not handled `rest`, and appends what it
    /// answers to `out`. [`Reaction::Continue`] is the same as [`Reaction::Finish`] here.
    fn handle_finished(
        &mut self,
        session: &mut Self::Session,
        rest: &[u8],
        out: &mut Vec<u8>,
    ) -> Reaction;

    /// Handles the end of the time that the client has, and appends what it answers to that to `out`: nothing,
    /// if the connection must be broken without an answer.
    fn handle_time_limit(&mut self, session: &mut Self::Session, rest: &[u8], out: &mut Vec<u8>) {
        let _ = (session, rest, out);
    }

    /// Returns true if the client is not in the middle of a request, so that a server that stops may close the
    /// connection.
    fn is_idle(&self, session: &Self::Session) -> bool;

    /// Returns the next event of the call just made.
    fn poll_event(&mut self) -> Option<Self::Event>;
}

/// What a server does with a connection next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Continue to read.
    Continue,
    /// Send what is written, then nothing more, and ignore what the client still sends.
    Finish,
    /// Break the connection at once.
    Abort,
    /// Neither answer nor close: the client has to find out by itself, as over a network that loses everything.
    Silence,
}
