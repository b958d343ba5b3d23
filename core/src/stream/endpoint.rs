//! The contract of a machine that uses connections.

use crate::machine::{Label, Timer};
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

/// Number of a connection at its endpoint, never used twice by one endpoint.
///
/// An endpoint numbers the connections that it asks for, and its driver those that it accepts. An endpoint
/// does either the one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connection {}", self.0)
    }
}

/// What an endpoint asks its driver to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Open the connection.
    Connect {
        /// The server.
        to: SocketAddr,
    },
    /// Send the bytes in the buffer, at least one, after all earlier ones.
    Send,
    /// Send nothing more: when all bytes are sent, close this direction (TCP: FIN). The peer may continue to
    /// send.
    Finish,
    /// Give the connection up at once, unsent bytes included (TCP: RST). The driver forgets it.
    Abort,
}

/// What happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input<'a> {
    /// The listening host has accepted a connection.
    Accepted {
        /// The client.
        peer: SocketAddr,
    },
    /// The connection asked for is open.
    Confirmed,
    /// The connection asked for cannot be opened: nobody listens there, no way leads there, or this host has no
    /// resources left.
    Refused,
    /// These bytes arrived: at least one, and at most the [window](Endpoint::window).
    Bytes(&'a [u8]),
    /// The network has taken this many of the bytes to send. What is not yet taken is the driver's to
    /// keep.
    Written(usize),
    /// The peer sends nothing more. This host may continue to send.
    Finished,
    /// Both directions are closed, and everything was delivered. The driver forgets the connection.
    Released,
    /// The peer or the network broke the connection. The driver forgets it.
    Reset,
}

impl Input<'_> {
    /// Returns true if the driver forgets the connection: an abort that it has not collected is void.
    #[must_use]
    pub const fn ends(&self) -> bool {
        matches!(self, Self::Refused | Self::Released | Self::Reset)
    }
}

/// What an event of an endpoint refers to, as far as it knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Subject {
    /// The connection.
    pub connection: Option<ConnectionId>,
    /// The send.
    pub label: Option<Label>,
}

/// One end of connections: a client that opens them, or a server that accepts them. See the
/// [module](super) for how to drive it.
///
/// The trait is object-safe: `Box<dyn Endpoint<Event = E>>` is an endpoint, too.
pub trait Endpoint {
    /// What the application wants to know.
    type Event;

    /// Starts the endpoint. Called once, before every other input.
    fn handle_start(&mut self, now: Instant) {
        let _ = now;
    }

    /// Handles what happened to a connection. What is impossible in the connection's
    /// [state](super::State) changes nothing.
    fn handle_input(&mut self, now: Instant, id: ConnectionId, input: Input<'_>);

    /// Handles a time-out: time has reached the deadline. Early calls do nothing.
    fn handle_timeout(&mut self, now: Instant);

    /// Returns the next command. For [`Command::Send`], it writes the bytes into `buf`, which is empty.
    ///
    /// Call it again until it returns `None`.
    #[must_use = "the driver has to carry the command out"]
    fn poll_command(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<(ConnectionId, Command)>;

    /// Returns the next event for the application.
    ///
    /// Call it again until it returns `None`.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// Returns when to call [`handle_timeout`](Self::handle_timeout), and why; `None` if no timer runs.
    #[must_use]
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)>;

    /// Returns the maximum number of bytes that the driver may read from this connection now. At 0, the driver
    /// stops reading until an input or a time-out has changed that, so that a peer which sends and never reads
    /// is slowed down by TCP itself.
    #[must_use]
    fn window(&self, id: ConnectionId) -> usize {
        let _ = id;
        usize::MAX
    }

    /// Returns the send for which a client has asked for this connection, as long as it knows the connection.
    #[must_use]
    fn label(&self, id: ConnectionId) -> Option<Label> {
        let _ = id;
        None
    }

    /// Returns the send that the timer refers to, if it refers to one.
    #[must_use]
    fn timer_label(&self) -> Option<Label> {
        None
    }

    /// Returns what an event refers to.
    #[must_use]
    fn subject(&self, event: &Self::Event) -> Subject {
        let _ = event;
        Subject::default()
    }

    /// Returns true when the endpoint will do nothing more on its own.
    ///
    /// A server is never finished.
    #[must_use]
    fn is_finished(&self) -> bool {
        false
    }
}

/// Declares that a pointer to an endpoint is an endpoint, too.
macro_rules! pointer {
    ($(#[$doc:meta])* $pointer:ty) => {
        $(#[$doc])*
        impl<E: Endpoint + ?Sized> Endpoint for $pointer {
            type Event = E::Event;

            fn handle_start(&mut self, now: Instant) {
                (**self).handle_start(now);
            }

            fn handle_input(&mut self, now: Instant, id: ConnectionId, input: Input<'_>) {
                (**self).handle_input(now, id, input);
            }

            fn handle_timeout(&mut self, now: Instant) {
                (**self).handle_timeout(now);
            }

            fn poll_command(
                &mut self,
                now: Instant,
                buf: &mut Vec<u8>,
            ) -> Option<(ConnectionId, Command)> {
                (**self).poll_command(now, buf)
            }

            fn poll_event(&mut self) -> Option<E::Event> {
                (**self).poll_event()
            }

            fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
                (**self).poll_timeout()
            }

            fn window(&self, id: ConnectionId) -> usize {
                (**self).window(id)
            }

            fn label(&self, id: ConnectionId) -> Option<Label> {
                (**self).label(id)
            }

            fn timer_label(&self) -> Option<Label> {
                (**self).timer_label()
            }

            fn subject(&self, event: &E::Event) -> Subject {
                (**self).subject(event)
            }

            fn is_finished(&self) -> bool {
                (**self).is_finished()
            }
        }
    };
}

pointer! {
    /// Endpoints of different kinds fit one driver as `Box<dyn Endpoint<Event = E>>`.
    Box<E>
}

pointer! {
    /// A driver may borrow an endpoint for as long as it runs.
    &mut E
}
