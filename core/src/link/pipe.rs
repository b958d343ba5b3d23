//! A link at run time, with faults: the machine that a simulation, a server and a proxy share.

use super::check::Check;
use super::counts::Counts;
use super::{Act, ActKind, Action, Channel, Delivery, Fault, Link};
use crate::dist::Distribution;
use crate::eras::Eras;
use crate::random::{Direction, Name};
use crate::time::{Duration, Instant};
use crate::trace::PacketId;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// Machine that runs a [`Link`] in both directions.
///
/// It decides what happens to each datagram when it is sent, and stores no datagram: the driver keeps
/// the bytes until they are due. A pipe needs no timer, no clock and no socket, so a simulated network,
/// a server on a real socket and a proxy can all use it.
///
/// A pipe counts the datagrams of each flow in each direction. The count completes the [`Name`] that
/// every draw depends on. Therefore the same seed drops, delays and duplicates the same datagrams
/// everywhere, and flows do not influence each other. Counters grow as flows appear.
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
/// let link = Link::default().with_duplicate(Probability::ALWAYS);
/// let mut pipe = Pipe::new(&link, 42);
/// let mut due: Vec<(Instant, Vec<u8>)> = Vec::new();
///
/// let (now, datagram) = (Instant::from_millis(5), b"hello");
/// let name = pipe.name(1, Direction::Request);
/// match pipe.send(now, name, datagram.len()) {
///     Action::Drop(cause) => println!("dropped: {cause}"),
///     Action::Deliver(delivery) => {
///         due.push((delivery.at(now), delivery.payload(datagram).into_owned()));
///     }
///     Action::DeliverTwice(first, second) => {
///         for delivery in [first, second] {
///             due.push((delivery.at(now), delivery.payload(datagram).into_owned()));
///         }
///     }
///     Action::ByHand(..) => unreachable!("no acts were added"),
/// }
/// assert_eq!(due, vec![(Instant::from_millis(15), b"hello".to_vec()); 2]);
/// ```
#[derive(Clone, Debug)]
pub struct Pipe {
    /// Delay of each direction, if it is the same for all datagrams and nothing else happens to them.
    constant: [Option<Duration>; 2],
    seed: u64,
    channel: Channel,
    /// The links that follow each other.
    eras: Eras<Link>,
    faults: Vec<Fault>,
    /// In the order of their packets.
    acts: Vec<Act>,
    /// Whether the channel decides alone: there are no eras, faults and acts.
    plain: bool,
    /// Number of datagrams so far, by flow and direction, of the flows after number `before`.
    counts: Counts,
    before: u32,
}

impl Pipe {
    /// Creates a pipe through which nothing has been sent. It draws from `seed`.
    #[must_use]
    pub fn new(link: &Link, seed: u64) -> Self {
        let channel = Channel::new(link);
        let constant = [Direction::Request, Direction::Reply].map(|way| channel.constant(way));
        let (eras, faults, acts) = (Eras::NONE, Vec::new(), Vec::new());
        let (counts, before, plain) = (Counts::NONE, 0, true);
        Self { constant, seed, channel, eras, faults, acts, plain, counts, before }
    }

    /// Returns the pipe with `eras`; see [`set_eras`](Self::set_eras).
    pub(crate) fn with_eras(mut self, eras: Eras<Link>) -> Self {
        self.set_eras(eras);
        self
    }

    /// Sets links that follow each other, each for the datagrams that are sent from its time on. Those in a queue leave
    /// as planned, and a different loss model starts in its initial state.
    pub(crate) fn set_eras(&mut self, eras: Eras<Link>) {
        if !eras.is_empty() {
            self.channel.count_all();
            self.eras = eras;
            self.is_special();
        }
    }

    /// Notes that there is more than the channel.
    const fn is_special(&mut self) {
        (self.constant, self.plain) = ([None; 2], false);
    }

    /// Returns the pipe with `faults`; see [`add_faults`](Self::add_faults).
    #[must_use]
    pub fn with_faults(mut self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.add_faults(faults);
        self
    }

    /// Adds `faults`. Where several last at once, the first that drops a datagram names the cause, and
    /// their delays add up.
    pub fn add_faults(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
        if !self.faults.is_empty() {
            self.is_special();
        }
    }

    /// Returns the pipe with `acts`; see [`add_acts`](Self::add_acts).
    #[must_use]
    pub fn with_acts(mut self, acts: impl IntoIterator<Item = Act>) -> Self {
        self.add_acts(acts);
        self
    }

    /// Adds acts by hand, at most one for each packet. Their packets pass faults, loss and queue as all others do, so that
    /// what happens to the others stays the same; the act comes last.
    pub fn add_acts(&mut self, acts: impl IntoIterator<Item = Act>) {
        self.acts.extend(acts);
        self.acts.sort_unstable_by_key(|act| act.packet);
        if !self.acts.is_empty() {
            self.is_special();
        }
    }

    /// Makes room for the counters of flows 1 to `flows`.
    pub fn reserve(&mut self, flows: u32) {
        self.counts.reserve(flows as usize);
    }

    /// Forgets all flows, of which no datagram is on the way. The next ones have numbers above `before`.
    #[cfg(feature = "sim")]
    pub(crate) fn forget_flows(&mut self, before: u32) {
        self.before = before;
        self.counts.clear();
        self.channel.forget_flows(before);
        self.eras.restart();
    }

    /// Returns an estimate of the memory in bytes of the state of all flows.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.counts.memory() + self.channel.memory()
    }

    /// Counts a datagram that `flow` sends in `direction`; returns its name.
    ///
    /// Flows are numbered from 1 without large gaps, because memory grows with the largest number.
    #[inline]
    pub fn name(&mut self, flow: u32, direction: Direction) -> Name {
        let index = self.counts.next(flow.wrapping_sub(self.before), direction).into();
        Name { seed: self.seed, flow, direction, index }
    }

    /// Decides what happens to the datagram of this [`name`](Self::name), with `payload` bytes, that is sent
    /// at `now`.
    ///
    /// A `now` that goes back is harmless; a queue and a timed loss then see no time pass.
    #[inline]
    #[must_use]
    pub fn send(&mut self, now: Instant, name: Name, payload: usize) -> Action {
        match self.constant[name.direction as usize] {
            Some(delay) => Action::Deliver(Delivery::whole(delay)),
            None => self.carry(now, name, payload),
        }
    }

    /// Returns the checks that [`send`](Self::send) with the same arguments makes, in order, up to the first one that
    /// drops the datagram. Nothing is sent. Of a datagram that the link duplicates, they are those of the first one.
    ///
    /// ```
    /// use retrylab_core::link::{Action, Link, Pipe};
    /// use retrylab_core::random::Direction;
    /// use retrylab_core::time::Instant;
    ///
    /// let mut pipe = Pipe::new(&Link::default().with_loss("0.5".parse()?), 42);
    /// let name = pipe.name(1, Direction::Request);
    /// let lost = pipe.checks(Instant::ZERO, name, 5).iter().find_map(|check| check.drops());
    /// let action = pipe.send(Instant::ZERO, name, 5);
    /// assert_eq!(lost.map(Action::Drop), Some(action).filter(|action| matches!(action, Action::Drop(_))));
    /// # Ok::<(), retrylab_core::value::ValueError>(())
    /// ```
    #[must_use]
    pub fn checks(&self, now: Instant, name: Name, payload: usize) -> Vec<Check> {
        let faults = self.faults.iter().filter(|fault| fault.is_on(now));
        let mut checks: Vec<Check> = faults.filter_map(|fault| Check::by(fault, name)).collect();
        let mut changed = None;
        if let Some(link) = self.eras.next(now) {
            changed.insert(self.channel.clone()).change(link);
        }
        let channel = changed.as_ref().unwrap_or(&self.channel);
        checks.extend(channel.checks(now, name, payload as u64));
        let end = checks.iter().position(|check| check.drops().is_some());
        checks.truncate(end.map_or(checks.len(), |end| end + 1));
        checks
    }

    /// Returns true if each datagram that it does not drop arrives at the moment in which it is sent.
    #[must_use]
    pub fn is_instant(&self) -> bool {
        let link = self.link();
        let at_once = |way| {
            link.latency_of(way) == Distribution::Constant(Duration::ZERO)
                && link.rate_of(way).is_none()
        };
        self.plain && at_once(Direction::Request) && at_once(Direction::Reply)
    }

    /// Returns the state of the link without its faults and acts.
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

    /// Returns the number of datagrams that `flow` has sent in `direction`.
    #[must_use]
    #[inline]
    pub fn sent(&self, flow: u32, direction: Direction) -> u32 {
        self.counts.get(flow.wrapping_sub(self.before), direction)
    }

    fn carry(&mut self, now: Instant, name: Name, payload: usize) -> Action {
        if self.plain {
            return self.channel.send(now, name, payload);
        }
        if let Some(link) = self.eras.begin(now) {
            self.channel.change(link);
        }
        let action = self.carry_with_faults(now, name, payload);
        match self.act(name) {
            Some(act) => action.by_hand(act, name.direction),
            None => action,
        }
    }

    /// Returns what is done by hand to the packet of this name.
    fn act(&self, name: Name) -> Option<ActKind> {
        let (flow, number) = (NonZeroU32::new(name.flow)?, name.packet_number()?);
        let packet = PacketId { flow, direction: name.direction, number };
        let place = self.acts.binary_search_by_key(&packet, |act| act.packet).ok()?;
        Some(self.acts[place].kind)
    }

    #[cold]
    fn carry_with_faults(&mut self, now: Instant, name: Name, payload: usize) -> Action {
        let on = || self.faults.iter().filter(|fault| fault.is_on(now));
        if let Some(cause) = on().find_map(|fault| Check::by(fault, name)?.drops()) {
            return Action::Drop(cause);
        }
        let delay = on().fold(Duration::ZERO, |sum, fault| sum.saturating_add(fault.delay()));
        self.channel.send(now, name, payload).later_by(delay)
    }
}
