//! Two machines, a virtual clock and a link.

use super::watched::Watched;
use crate::link::Link;
use crate::machine::{Machine, Timer};
use crate::sim::Network;
use crate::time::Instant;
use crate::trace::{Ladder, Record, What};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

/// Client and server with one virtual clock and a link between them. The server's address is
/// [`SERVER`](crate::sim::SERVER), and the client's is
/// [`client_address(1)`](crate::sim::client_address).
///
/// The run panics when a machine breaks a rule that the driver can check:
/// - more than [`MAX_TIMEOUTS_AT_ONCE`](crate::machine::MAX_TIMEOUTS_AT_ONCE) time-outs at one instant,
/// - more than [`MAX_PER_INPUT`](super::MAX_PER_INPUT) transmits and events after one input,
/// - a finished machine that waits for a timer.
#[derive(Debug)]
pub struct Pair<C: Machine, S: Machine> {
    network: Network<Watched<C>, Watched<S>, Vec<Record>>,
}

impl<C, S> Pair<C, S>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
{
    /// Creates a pair at time 0. All random draws come from `seed`.
    #[must_use]
    pub fn new(client: C, server: S, link: Link, seed: u64) -> Self {
        let client = Watched::new(client, "client");
        let server = Watched::new(server, "server");
        Self { network: Network::new(Vec::from([client]), server, link, seed, Vec::new()) }
    }

    /// Handles the next event, an arrival or a deadline, and returns its time; `None` if no event is
    /// left. The first step starts the client.
    pub fn step(&mut self) -> Option<Instant> {
        self.network.step()
    }

    /// Steps until no event is left; returns the number of events.
    ///
    /// # Errors
    /// [`NoEnd`] after more than `max` events. It says what both machines wait for.
    pub fn drive_bounded(&mut self, max: u64) -> Result<u64, NoEnd> {
        for events in 0..=max {
            if self.step().is_none() {
                return Ok(events);
            }
        }
        let (at, in_flight) = (self.now(), self.network.in_flight());
        let client = self.network.clients_mut().next().and_then(Machine::poll_timeout);
        let server = self.network.server_mut().poll_timeout();
        Err(NoEnd { max, at, client, server, in_flight })
    }

    /// Returns the client's machine.
    #[must_use]
    pub fn client(&self) -> &C {
        self.network.clients().next().expect("a pair has one client").inner()
    }

    /// Returns the server's machine.
    #[must_use]
    pub const fn server(&self) -> &S {
        self.network.server().inner()
    }

    /// Returns the current time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.network.now()
    }

    /// Returns the records so far.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        self.network.sink()
    }

    /// Returns the records as text, one line per record, for the message of an assertion.
    #[must_use]
    pub fn ladder(&self) -> String {
        let mut ladder = Ladder::default();
        let mut text = String::from(ladder.header());
        for record in self.records() {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{}", ladder.line(record));
        }
        text
    }
}

/// Error of a run that exceeds its limit of events. `Debug` is the same as `Display`, so that `unwrap`
/// prints the sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoEnd {
    /// Maximum number of events.
    pub max: u64,
    /// Time of the last event.
    pub at: Instant,
    /// Timer that the client waits for, and its deadline.
    pub client: Option<(Timer, Instant)>,
    /// Timer that the server waits for, and its deadline.
    pub server: Option<(Timer, Instant)>,
    /// Number of datagrams in flight.
    pub in_flight: usize,
}

impl fmt::Display for NoEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { max, at, client, server, in_flight } = self;
        write!(f, "the run did not end within {max} events: at {at} s ")?;
        for (name, timer) in [("client", client), ("server", server)] {
            match timer {
                Some((timer, until)) => write!(f, "the {name} waits until {until} s ({timer}), ")?,
                None => write!(f, "the {name} waits for no timer, ")?,
            }
        }
        write!(f, "datagrams in flight: {in_flight}")
    }
}

impl fmt::Debug for NoEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for NoEnd {}
