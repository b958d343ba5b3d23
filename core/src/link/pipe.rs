//! A link at run time, with faults: the machine that a simulation, a server and a proxy share.

use super::{Action, Channel, Delivery, Fault, Link};
use crate::random::{Direction, Name};
use crate::time::{Duration, Instant};
use alloc::vec::Vec;

/// Machine that runs a [`Link`] in both directions.
///
/// It decides what happens to each datagram when it is sent, and stores no datagram: the driver keeps
/// the bytes until they are due. A pipe needs no timer, no clock and no socket, so a simulated network,
/// a server on a real socket and a proxy can all use it.
///
/// A pipe counts the datagrams of each flow in each direction. The count is part of the [`Name`] that
/// every draw depends on, so the same seed gives the same result everywhere, and flows do not affect each
/// other. Counters exist only if the link or one of its [faults](Fault) depends on random draws, and grow
/// as flows appear.
///
/// # Example
///
/// A proxy asks the pipe and keeps datagrams that are not due yet:
///
/// ```
/// use retrylab_core::link::{Action, Link, Pipe};
/// use retrylab_core::random::{Direction, Probability};
/// use retrylab_core::time::{Duration, Instant};
///
/// let link = Link { duplicate: Probability::ALWAYS, ..Link::default() };
/// let mut pipe = Pipe::new(&link, 42);
/// let mut due: Vec<(Instant, Vec<u8>)> = Vec::new();
///
/// let (now, datagram) = (Instant::from_millis(5), b"hello");
/// match pipe.send(now, 1, Direction::Request, datagram.len()) {
///     Action::Drop(cause) => println!("dropped: {cause}"),
///     Action::Deliver(delivery) => {
///         due.push((delivery.at(now), delivery.payload(datagram).into_owned()));
///     }
///     Action::DeliverTwice(first, second) => {
///         for delivery in [first, second] {
///             due.push((delivery.at(now), delivery.payload(datagram).into_owned()));
///         }
///     }
/// }
/// assert_eq!(due, vec![(Instant::from_millis(15), b"hello".to_vec()); 2]);
/// ```
#[derive(Clone, Debug)]
pub struct Pipe {
    /// Delay of each direction, if it is the same for all datagrams and nothing else happens to them.
    constant: [Option<Duration>; 2],
    seed: u64,
    channel: Channel,
    faults: Vec<Fault>,
    /// Number of datagrams so far, by flow and direction.
    counts: Vec<[u32; 2]>,
    /// Whether anything depends on these numbers.
    counting: bool,
}

impl Pipe {
    /// Creates a pipe through which nothing has been sent. It draws from `seed`.
    #[must_use]
    pub fn new(link: &Link, seed: u64) -> Self {
        let channel = Channel::new(link);
        let constant = [Direction::Request, Direction::Reply].map(|way| channel.constant(way));
        let counting = link.draws();
        Self { constant, seed, channel, faults: Vec::new(), counts: Vec::new(), counting }
    }

    /// Returns the pipe with `faults`; see [`add_faults`](Self::add_faults).
    #[must_use]
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.add_faults(faults);
        self
    }

    /// Adds `faults`. If several are active, the first one that drops a datagram gives the cause, and
    /// delays add up. A flow whose datagrams were not counted so far starts at 0.
    pub fn add_faults(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
        if !self.faults.is_empty() {
            self.constant = [None; 2];
        }
        self.counting |= self.faults.iter().any(Fault::draws);
    }

    /// Reserves the counters of flows 1 to `flows`, if the pipe counts datagrams.
    pub fn reserve(&mut self, flows: u32) {
        if self.counting {
            self.counts.resize(self.counts.len().max(flows as usize + 1), [0; 2]);
        }
    }

    /// Decides what happens to a datagram of `payload` bytes that `flow` sends in `direction` at `now`.
    ///
    /// Number flows from 1 without large gaps, because memory grows with the largest number. A `now` that
    /// goes back is harmless: for a queue or a timed loss, no time passes.
    #[inline]
    #[must_use]
    pub fn send(
        &mut self,
        now: Instant,
        flow: u32,
        direction: Direction,
        payload: usize,
    ) -> Action {
        match self.constant[direction as usize] {
            Some(delay) => Action::Deliver(Delivery::whole(delay)),
            None => self.carry(now, flow, direction, payload),
        }
    }

    /// Returns the state of the link without its faults.
    #[must_use]
    pub const fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Returns the link.
    #[must_use]
    pub const fn link(&self) -> &Link {
        self.channel.link()
    }

    /// Returns the number of counters; flow 0 has one too.
    #[cfg(test)]
    pub(super) const fn counters(&self) -> usize {
        self.counts.len()
    }

    fn carry(&mut self, now: Instant, flow: u32, direction: Direction, payload: usize) -> Action {
        let index = if self.counting { self.count(flow, direction) } else { 0 };
        let name = Name { seed: self.seed, flow, direction, index };
        if self.faults.is_empty() {
            return self.channel.send(now, name, payload);
        }
        self.carry_with_faults(now, name, payload)
    }

    /// Counts a datagram and returns the number of earlier ones.
    #[inline]
    fn count(&mut self, flow: u32, direction: Direction) -> u64 {
        let flow = flow as usize;
        if flow >= self.counts.len() {
            self.counts.resize(flow + 1, [0; 2]);
        }
        let count = &mut self.counts[flow][direction as usize];
        let index = *count;
        *count = index.wrapping_add(1);
        index.into()
    }

    #[cold]
    fn carry_with_faults(&mut self, now: Instant, name: Name, payload: usize) -> Action {
        let on = || self.faults.iter().filter(|fault| fault.is_on(now));
        if let Some(cause) = on().find_map(|fault| fault.drops(name)) {
            return Action::Drop(cause);
        }
        let delay = on().fold(Duration::ZERO, |sum, fault| sum.saturating_add(fault.delay()));
        match self.channel.send(now, name, payload) {
            Action::Deliver(delivery) => Action::Deliver(delivery.later_by(delay)),
            Action::DeliverTwice(first, second) => {
                Action::DeliverTwice(first.later_by(delay), second.later_by(delay))
            }
            Action::Drop(cause) => Action::Drop(cause),
        }
    }
}
