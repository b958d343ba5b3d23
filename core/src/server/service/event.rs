//! What a station reports.

use crate::machine::Subject;
use crate::random::Direction;
use crate::server::echo;
use crate::time::Instant;
use crate::trace::{Cause, What};
use alloc::boxed::Box;

/// What a station reports to its application. The client and the send are boxed to keep events small:
/// handling a datagram passes an event on each time, although most have little to report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// What the server inside reports about the datagram just handled.
    Server(echo::Event),
    /// A request is lost.
    Dropped {
        /// Why.
        cause: Cause,
        /// Which client and send it belongs to.
        about: Box<Subject>,
    },
    /// The work on a request is done.
    Served {
        /// When it arrived.
        arrived: Instant,
        /// When the work began.
        begun: Instant,
        /// Which client and send it belongs to.
        about: Box<Subject>,
    },
    /// The server goes down.
    Down {
        /// Whether the queue survives.
        keeps_queue: bool,
    },
    /// The server comes back.
    Up,
}

impl From<Event> for What {
    #[inline]
    fn from(event: Event) -> Self {
        match event {
            Event::Server(event) => event.into(),
            Event::Dropped { cause, .. } => Self::Dropped { direction: Direction::Request, cause },
            Event::Served { arrived, begun, .. } => Self::Served { arrived, begun },
            Event::Down { keeps_queue } => Self::Down { keeps_queue },
            Event::Up => Self::Up,
        }
    }
}
