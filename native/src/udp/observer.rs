//! What a program hears while a machine runs over a socket.

use retrylab_core::machine::{Timer, Transmit};
use retrylab_core::time::Instant;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Hears what happens, with the payloads that a [`Record`](retrylab_core::trace::Record) does not
/// carry, and may stop the driver. Every method does nothing unless it is overridden; `()` ignores
/// everything.
pub trait Observer<E> {
    /// A datagram arrived and is about to be given to the machine.
    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        let _ = (at, datagram);
    }

    /// A datagram was taken by the system.
    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        let _ = (at, transmit, bytes);
    }

    /// The machine waits, and why; called when that changes.
    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        let _ = (at, timer, deadline);
    }

    /// The machine tells something; `datagram` is the one that made it, if one did.
    fn event(&mut self, at: Instant, event: &E, datagram: Option<Datagram<'_>>) -> ControlFlow<()> {
        let _ = (at, event, datagram);
        ControlFlow::Continue(())
    }

    /// The system failed to do something that the machine cannot know of.
    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        let _ = (at, trouble);
        ControlFlow::Continue(())
    }
}

impl<E> Observer<E> for () {}

impl<E, O: Observer<E> + ?Sized> Observer<E> for &mut O {
    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        (**self).received(at, datagram);
    }

    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        (**self).sent(at, transmit, bytes);
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        (**self).armed(at, timer, deadline);
    }

    fn event(&mut self, at: Instant, event: &E, datagram: Option<Datagram<'_>>) -> ControlFlow<()> {
        (**self).event(at, event, datagram)
    }

    fn trouble(&mut self, at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        (**self).trouble(at, trouble)
    }
}

/// A datagram that arrived.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// Whose it is.
    pub from: SocketAddr,
    /// Its payload.
    pub bytes: &'a [u8],
}

/// What the system failed to do. The driver goes on unless the observer stops it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Trouble {
    /// A datagram was not sent, and is lost.
    Send {
        /// Whom it was for.
        to: SocketAddr,
        /// Why.
        error: io::Error,
    },
    /// The socket told of an error instead of a datagram.
    Receive(io::Error),
}
