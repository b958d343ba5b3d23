//! Independent clients, simulated one after another.
//!
//! Clients that cannot influence each other need not share a network. Each is a *cell*: a network of one client and the
//! servers, with an event queue of a few entries. A cell stays in the processor's cache, its memory is used again for the
//! next one, and cells can be simulated in any order, by any number of threads or machines. The machines and the link are
//! the same, and every draw has a name that does not depend on other clients, so the records are the same too; only their
//! order differs.

use super::bounds::BATCH;
use super::cell::Cell;
use super::hosting::Hosting;
use super::hosts::ScenarioClient;
use super::{Bounds, EndedBy, Merge, NetworkState, Outcome, RunSink, ScenarioNetwork};
use crate::link::Channel;
use crate::random::Direction;
use crate::scenario::Scenario;
use crate::time::Instant;
use crate::trace::Sink;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

/// The independent clients of a scenario, simulated one after another.
///
/// ```
/// use retrylab_core::scenario::Scenario;
/// use retrylab_core::sim::{self, Bounds, Cells, EndedBy};
///
/// let mut scenario = Scenario::default();
/// scenario.apply([("server.drop", "0.5"), ("clients", "100")])?;
/// assert_eq!(scenario.coupled_by(), None, "the clients are independent");
/// let [first, second] = [1..=60, 61..=100].map(|clients| {
///     let mut cells = Cells::new(&scenario, (), Bounds::default());
///     cells.simulate(clients);
///     while cells.advance().is_none() {}
///     cells.into_outcome(EndedBy::Finished)
/// });
/// assert_eq!(first.joined(second).digest, sim::run(&scenario, ()).digest);
/// # Ok::<(), retrylab_core::scenario::FieldError>(())
/// ```
pub struct Cells<K: Sink>(Kind<K>);

#[allow(clippy::large_enum_variant)] // There is one for each thread.
enum Kind<K: Sink> {
    Usual(Loop<Cell<K>>),
    Any(Loop<General<K>>),
}

/// Any machines, in a [`Network`](super::Network).
struct General<K: Sink> {
    network: ScenarioNetwork<K>,
    /// Makes the client of a number.
    maker: Box<dyn Fn(u32) -> ScenarioClient + Send>,
}

impl<K: Sink> Hosting for General<K> {
    type Sink = K;

    fn restart(&mut self, flow: u32) {
        self.network.restart(flow - 1, (self.maker)(flow));
        self.network.servers_mut().for_each(|server| server.forget_clients(flow - 1));
        let started = self.network.steps(1);
        debug_assert!(started == 1, "a client starts");
    }

    fn steps(&mut self, max: u64) -> u64 {
        self.network.steps(max)
    }

    fn end_at(&mut self, end: Instant) {
        self.network.end_at(end);
    }

    fn is_stuck(&self) -> bool {
        self.network.is_stuck()
    }

    fn has_reached_end(&mut self) -> bool {
        // What lies after the end may also be a wake-up that nobody needs any more.
        self.network.has_reached_end() && self.network.has_more()
    }

    fn has_more(&mut self) -> bool {
        self.network.has_more()
    }

    fn now(&self) -> Instant {
        self.network.now()
    }

    fn memory(&self) -> u64 {
        let clients: usize = self.network.clients().map(ScenarioClient::memory).sum();
        self.network.memory() + clients as u64
    }

    fn channel(&self) -> &Channel {
        self.network.channel()
    }

    fn sink(&self) -> &RunSink<K> {
        self.network.sink()
    }

    fn into_sink(self) -> RunSink<K> {
        self.network.into_sink()
    }
}

/// Does the same with either loop. The choice is made once for many events.
macro_rules! either {
    ($kind:expr, $cells:ident => $does:expr) => {
        match $kind {
            Kind::Usual($cells) => $does,
            Kind::Any($cells) => $does,
        }
    };
}

impl<K: Sink> Cells<K> {
    /// Prepares the simulation of clients of `scenario`, recording into `sink`.
    ///
    /// The bound on time holds for each client, and so does the bound on memory: only one client is in memory. The bound
    /// on events is one on the sum over all clients.
    ///
    /// # Panics
    /// If the clients are [coupled](Scenario::coupled_by), or if this build cannot run the scenario.
    #[must_use]
    pub fn new(scenario: &Scenario, sink: K, bounds: Bounds) -> Self {
        assert_eq!(scenario.coupled_by(), None, "the clients are coupled");
        let per_event = scenario.memory_of_event();
        if let Some((config, server)) = scenario.usual_machines() {
            let cell = Cell::new(config, server, scenario.pipe(), RunSink::new(sink));
            return Self(Kind::Usual(Loop::new(cell, bounds, per_event)));
        }
        let maker = scenario.client_maker();
        let network = scenario.network_of(core::iter::once(maker(1)), sink);
        Self(Kind::Any(Loop::new(General { network, maker }, bounds, per_event)))
    }

    /// Sets the clients to simulate next, numbered from 1.
    ///
    /// # Panics
    /// If there is a client 0 among them, or if earlier ones are not done.
    pub fn simulate(&mut self, clients: RangeInclusive<u32>) {
        either!(&mut self.0, cells => cells.simulate(clients));
    }

    /// Handles up to about four thousand events, a fraction of a millisecond of work. Returns
    /// [`Finished`](EndedBy::Finished) if all clients are done, even if the bound on time stopped one of them;
    /// otherwise what ends the run.
    pub fn advance(&mut self) -> Option<EndedBy> {
        either!(&mut self.0, cells => cells.advance())
    }

    /// Returns the number of events handled so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        either!(&self.0, cells => cells.events)
    }

    /// Returns the number of clients that are done.
    #[must_use]
    pub const fn done(&self) -> u64 {
        either!(&self.0, cells => cells.done)
    }

    /// Returns the maximum time that a client has reached.
    #[must_use]
    pub fn now(&self) -> Instant {
        either!(&self.0, cells => cells.now())
    }

    /// Returns the sink that it records into.
    #[must_use]
    pub fn sink(&self) -> &RunSink<K> {
        either!(&self.0, cells => cells.network.sink())
    }

    /// Returns the result so far; `ended_by` is what [`advance`](Self::advance) has returned.
    #[must_use]
    pub fn into_outcome(self, ended_by: EndedBy) -> Outcome<K> {
        either!(self.0, cells => cells.into_outcome(ended_by))
    }
}

/// Simulates one client after another.
struct Loop<N> {
    network: N,
    bounds: Bounds,
    /// Maximum number of events of a client between two looks at the memory.
    batch: u64,
    /// Whether a client is in progress.
    busy: bool,
    /// The clients still to be simulated: from `next` to `last`. Numbers of 64 bits cannot overflow.
    next: u64,
    last: u64,
    done: u64,
    events: u64,
    /// Number of events at which to stop, or to look at the memory: every client has the same moments for that, whatever
    /// came before it.
    until: u64,
    /// Maximum time reached by a client.
    now: Instant,
    /// Whether the bound on simulated time has stopped a client.
    out_of_time: bool,
}

impl<N: Hosting> Loop<N> {
    fn new(mut network: N, bounds: Bounds, per_event: u64) -> Self {
        network.end_at(Instant::ZERO.saturating_add(bounds.time));
        Self {
            network,
            bounds,
            batch: bounds.batch(per_event),
            busy: false,
            next: 1,
            last: 0,
            done: 0,
            events: 0,
            until: 0,
            now: Instant::ZERO,
            out_of_time: false,
        }
    }

    fn simulate(&mut self, clients: RangeInclusive<u32>) {
        assert!(*clients.start() > 0, "clients are numbered from 1");
        assert!(!self.busy && self.next > self.last, "earlier clients are not done");
        (self.next, self.last) = ((*clients.start()).into(), (*clients.end()).into());
    }

    fn advance(&mut self) -> Option<EndedBy> {
        let begun = self.events;
        loop {
            if !self.busy {
                if self.next > self.last {
                    return Some(EndedBy::Finished);
                }
                if self.events == self.bounds.events {
                    return Some(EndedBy::Events);
                }
                self.begin();
            }
            self.events += self.network.steps(self.until.saturating_sub(self.events));
            if self.events == self.until {
                return self.reach_bound();
            }
            if self.network.is_stuck() {
                return Some(EndedBy::Stuck);
            }
            self.end();
            if self.events - begun >= BATCH {
                return None;
            }
        }
    }

    /// Looks at the memory, or ends the run if there have been as many events as there may be. The last one may be the last
    /// of all.
    #[inline(never)]
    fn reach_bound(&mut self) -> Option<EndedBy> {
        if self.events < self.bounds.events {
            self.until = self.next_bound();
            return self.exceeds_memory().then_some(EndedBy::Memory);
        }
        if self.network.has_more() {
            return Some(EndedBy::Events);
        }
        self.end();
        Some(if self.next > self.last { EndedBy::Finished } else { EndedBy::Events })
    }

    /// Returns the number of events at which to look again.
    fn next_bound(&self) -> u64 {
        self.events.saturating_add(self.batch).min(self.bounds.events)
    }

    /// Begins the next client.
    fn begin(&mut self) {
        // It is the number of a client, which has 32 bits.
        let flow = self.next as u32;
        self.next += 1;
        (self.busy, self.until) = (true, self.next_bound());
        self.network.restart(flow);
        self.events += 1;
    }

    fn end(&mut self) {
        self.busy = false;
        self.done += 1;
        self.now = self.now.max(self.network.now());
        self.out_of_time |= self.network.has_reached_end();
    }

    fn exceeds_memory(&self) -> bool {
        self.network.memory() > self.bounds.memory
    }

    fn now(&self) -> Instant {
        if self.busy { self.now.max(self.network.now()) } else { self.now }
    }

    fn into_outcome(self, ended_by: EndedBy) -> Outcome<N::Sink> {
        let simulated = self.now();
        let ended_by = match ended_by {
            EndedBy::Finished if self.out_of_time => EndedBy::Time,
            ended_by => ended_by,
        };
        let channel = self.network.channel();
        let network = NetworkState {
            now: simulated,
            finished: ended_by == EndedBy::Finished,
            links: self.done + u64::from(self.busy),
            usage: [Direction::Request, Direction::Reply].map(|way| channel.usage(way)),
            stations: Vec::new(),
        };
        let RunSink { summary, digest, records: sink } = self.network.into_sink();
        let (digest, events) = (digest.digest(), self.events);
        Outcome { summary, digest, simulated, network, ended_by, events, sink }
    }
}

impl<K: Merge> Merge for Outcome<K> {
    fn merge(
        &mut self,
        Self { summary, digest, simulated, network, ended_by, events, sink }: Self,
    ) {
        self.summary.merge(summary);
        self.digest.merge(digest);
        self.simulated = self.simulated.max(simulated);
        self.network.merge(network);
        self.ended_by = match self.ended_by {
            EndedBy::Finished => ended_by,
            cut => cut,
        };
        self.events += events;
        self.sink.merge(sink);
    }
}

impl<K: Merge> Outcome<K> {
    /// Returns the result of this part of a run and of `other`.
    #[must_use]
    pub fn joined(mut self, other: Self) -> Self {
        self.merge(other);
        self
    }
}
