//! The machines that a scenario may ask for, as one type of client and one of server.

use crate::machine::{About, Machine, Timer, Transmit};
use crate::retry::{Client, Event, OpenClient};
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// A client of a scenario.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ScenarioClient {
    /// One exchange after another.
    Closed(Client),
    /// As many as arrive.
    Open(Box<OpenClient>),
}

impl ScenarioClient {
    /// Exchanges that are open beside each other.
    #[must_use]
    pub fn open(&self) -> usize {
        match self {
            Self::Closed(_) => 0,
            Self::Open(client) => client.open(),
        }
    }
}

/// Calls the verb of whichever machine it is.
macro_rules! either {
    ($self:ident, $machine:ident => $call:expr) => {
        match $self {
            Self::Closed($machine) => $call,
            Self::Open($machine) => $call,
        }
    };
}

impl Machine for ScenarioClient {
    type Event = Event;

    #[inline]
    fn handle_datagram(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) {
        either!(self, machine => machine.handle_datagram(now, from, bytes));
    }

    #[inline]
    fn handle_timeout(&mut self, now: Instant) {
        either!(self, machine => machine.handle_timeout(now));
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        either!(self, machine => machine.handle_refused(now, peer));
    }

    #[inline]
    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        either!(self, machine => machine.poll_transmit(now, buf))
    }

    #[inline]
    fn poll_event(&mut self) -> Option<Event> {
        either!(self, machine => machine.poll_event())
    }

    #[inline]
    fn about(event: &Event) -> About {
        OpenClient::about(event)
    }

    #[inline]
    fn poll_timeout(&self) -> Option<(Timer, Instant)> {
        either!(self, machine => machine.poll_timeout())
    }

    fn is_finished(&self) -> bool {
        either!(self, machine => machine.is_finished())
    }
}
