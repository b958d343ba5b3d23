//! Callbacks while an endpoint runs over sockets.

use retrylab_core::machine::Timer;
use retrylab_core::stream::{ConnectionId, Endpoint};
use retrylab_core::time::Instant;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Callbacks for the events of a run, with what the events themselves do not contain. The default methods do
/// nothing; `()` ignores everything.
pub trait Observer<E: Endpoint> {
    /// Called for an event of the endpoint. The observer can stop the driver.
    fn event(&mut self, at: Instant, endpoint: &E, event: &E::Event) -> ControlFlow<()> {
        let _ = (at, endpoint, event);
        ControlFlow::Continue(())
    }

    /// Called when the timer of the endpoint changes.
    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        let _ = (at, timer, deadline);
    }

    /// Called for what happens to a connection.
    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        let _ = (at, id, what);
    }

    /// Called when everything that follows from an input is done. The next input may be long in coming. Not called if
    /// the observer stops the driver.
    fn settled(&mut self) {}

    /// Called when a connection could not be accepted. The driver continues after a pause.
    fn not_accepted(&mut self, at: Instant, error: &io::Error) {
        let _ = (at, error);
    }
}

impl<E: Endpoint> Observer<E> for () {}

impl<E: Endpoint, O: Observer<E> + ?Sized> Observer<E> for &mut O {
    fn event(&mut self, at: Instant, endpoint: &E, event: &E::Event) -> ControlFlow<()> {
        (**self).event(at, endpoint, event)
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        (**self).armed(at, timer, deadline);
    }

    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        (**self).happened(at, id, what);
    }

    fn settled(&mut self) {
        (**self).settled();
    }

    fn not_accepted(&mut self, at: Instant, error: &io::Error) {
        (**self).not_accepted(at, error);
    }
}

/// What happens to a connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Happened<'a> {
    /// The endpoint asks for the connection.
    Asked,
    /// An attempt to connect to an address starts.
    Trying {
        /// Address of this end; `None` if the system refuses the attempt.
        local: Option<SocketAddr>,
        /// Address to connect to.
        peer: SocketAddr,
    },
    /// An attempt to connect to an address has failed.
    Failed(SocketAddr, &'a io::Error),
    /// The connection is open.
    Connected {
        /// Address of this end.
        local: SocketAddr,
        /// Address of the other end.
        peer: SocketAddr,
    },
    /// A listening socket has accepted the connection.
    Accepted {
        /// Address of this end.
        local: SocketAddr,
        /// Address of the other end.
        peer: SocketAddr,
    },
    /// The system has taken these bytes.
    Sent(&'a [u8]),
    /// These bytes have arrived.
    Received(&'a [u8]),
    /// This end has closed its direction.
    Finished,
    /// The other end has closed its direction.
    PeerFinished,
    /// Both directions are closed.
    Released,
    /// The connection broke.
    Broken(&'a io::Error),
    /// This end has given the connection up.
    Aborted,
}
