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

/// A client and a server under one virtual clock, with a link between them. The client finds the server
/// at [`SERVER`](crate::sim::SERVER) and has the address
/// [`client_address(1)`](crate::sim::client_address).
///
/// Whenever a machine breaks a law that can be seen from outside, the run panics and says which: a
/// an endless run of time-outs at one instant (more than [`MAX_TIMEOUTS_AT_ONCE`](crate::machine::MAX_TIMEOUTS_AT_ONCE)), a drain that does not end
/// (more than [`MAX_PER_INPUT`](super::MAX_PER_INPUT) answers to one input), a finished machine that
/// waits.
#[derive(Debug)]
pub struct Pair<C: Machine, S: Machine> {
    network: Network<Watched<C>, Watched<S>, Vec<Record>>,
}

impl<C, S> Pair<C, S>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
{
    /// A pair at time 0. The fates of its datagrams are those of `seed`.
    #[must_use]
    pub fn new(client: C, server: S, link: Link, seed: u64) -> Self {
        let client = Watched::new(client, "client");
        let server = Watched::new(server, "server");
        Self { network: Network::new(Vec::from([client]), server, link, seed, Vec::new()) }
    }

    /// Handles the next event, an arrival or a deadline, and says when it was; `None` when nothing is
    /// left to happen. The first step starts the client.
    pub fn step(&mut self) -> Option<Instant> {
        self.network.step()
    }

    /// Steps until nothing is left to happen; returns how many events that were.
    ///
    /// # Errors
    /// [`NoEnd`], when there are more than `most`: what both machines then wait for.
    pub fn drive_bounded(&mut self, most: u64) -> Result<u64, NoEnd> {
        for events in 0..=most {
            if self.step().is_none() {
                return Ok(events);
            }
        }
        let (at, in_flight) = (self.now(), self.network.in_flight());
        let client = self.network.clients_mut().next().and_then(Machine::poll_timeout);
        let server = self.network.server_mut().poll_timeout();
        Err(NoEnd { most, at, client, server, in_flight })
    }

    /// The client's machine.
    #[must_use]
    pub fn client(&self) -> &C {
        self.network.clients().next().expect("a pair has one client").inner()
    }

    /// The server's machine.
    #[must_use]
    pub const fn server(&self) -> &S {
        self.network.server().inner()
    }

    /// The time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.network.now()
    }

    /// What has happened so far.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        self.network.sink()
    }

    /// The same as text, one line a record: what a failed assertion wants to show.
    #[must_use]
    pub fn ladder(&self) -> String {
        let ladder = Ladder::default();
        let mut text = String::from(ladder.header());
        for record in self.records() {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{}", ladder.line(record));
        }
        text
    }
}

/// A run that went on beyond its bound. `Debug` is `Display`, so that `unwrap` shows the sentence.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoEnd {
    /// The bound, in events.
    pub most: u64,
    /// The time reached.
    pub at: Instant,
    /// What the client waits for, and until when.
    pub client: Option<(Timer, Instant)>,
    /// What the server waits for, and until when.
    pub server: Option<(Timer, Instant)>,
    /// The datagrams that are on their way.
    pub in_flight: usize,
}

impl fmt::Display for NoEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { most, at, client, server, in_flight } = self;
        write!(f, "the run did not end within {most} events: at {at} s ")?;
        for (name, timer) in [("client", client), ("server", server)] {
            match timer {
                Some((timer, until)) => write!(f, "the {name} waits until {until} s ({timer}), ")?,
                None => write!(f, "the {name} waits for no timer, ")?,
            }
        }
        write!(f, "datagrams on their way: {in_flight}")
    }
}

impl fmt::Debug for NoEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for NoEnd {}
