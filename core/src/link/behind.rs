//! A machine behind a link: what the simulated network does between two hosts, at one host.

use super::{Delivery, Pipe, Step};
use crate::heap::OVERHEAD;
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::random::{Direction, Name};
use crate::server::Clients;
use crate::time::Instant;
use crate::trace::{Cause, What};
use alloc::borrow::Cow;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::net::SocketAddr;

/// Maximum number of bytes of the delayed datagrams, including [`EACH`].
const MAX_BYTES: usize = 1 << 27;

/// Bytes that a delayed datagram takes in addition to its payload: its place in the heap, which may have twice
/// the places that it needs, and what the allocator adds.
const EACH: usize = 2 * size_of::<Delayed>() + OVERHEAD;

/// Machine of a server whose datagrams pass a [`Pipe`]: requests before the server receives them, replies
/// after it has sent them.
///
/// On a real socket it does to each datagram what the simulated network does with the same link and seed.
/// Clients are numbered from 1 in the order in which they appear. When the delayed datagrams take 128 MiB, more are
/// dropped as by a full queue, so that memory is bounded.
///
/// ```
/// use retrylab_core::link::{Behind, Link, Pipe};
/// use retrylab_core::machine::Machine;
/// use retrylab_core::server::echo;
/// use retrylab_core::time::{Duration, Instant};
///
/// let server = echo::Server::new(echo::Config::default(), 1);
/// // The default link delays each datagram by 10 ms.
/// let mut host = Behind::new(server, Pipe::new(&Link::default(), 1));
/// let (local, client) = ("192.0.2.1:1060".parse().unwrap(), "192.0.2.2:9".parse().unwrap());
/// host.handle_datagram(Instant::ZERO, local, client, b"hello");
/// let (mut reply, mut now) = (Vec::new(), Instant::ZERO);
/// while host.poll_transmit(now, &mut reply).is_none() {
///     now = host.poll_timeout().unwrap().1;
///     host.handle_timeout(now);
/// }
/// assert_eq!((now, reply), (Instant::from_millis(20), b"Your data was 5 bytes".to_vec()));
/// ```
#[derive(Clone, Debug)]
pub struct Behind<M: Machine> {
    machine: M,
    pipe: Pipe,
    clients: Clients<()>,
    delayed: BinaryHeap<Delayed>,
    /// Number of bytes of the delayed datagrams, including [`EACH`].
    bytes: usize,
    /// Number of datagrams delayed so far: it breaks ties.
    count: u64,
    /// Replies to send.
    ready: VecDeque<(Transmit, Vec<u8>)>,
    events: VecDeque<Event<M::Event>>,
    noted: Option<Label>,
    buf: Vec<u8>,
}

/// Event of a machine behind a link, or of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<E> {
    /// What happened.
    pub happened: Happened<E>,
    /// The client and the send.
    pub about: Subject,
}

/// What happened behind a link or on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened<E> {
    /// The machine reports an event.
    Machine(E),
    /// The link dropped, duplicated or damaged a datagram.
    Link(What),
}

impl<E: Into<What>> From<Event<E>> for What {
    fn from(event: Event<E>) -> Self {
        match event.happened {
            Happened::Machine(event) => event.into(),
            Happened::Link(what) => what,
        }
    }
}

/// Datagram that is on its way until `at`.
#[derive(Clone, Debug)]
struct Delayed {
    at: Instant,
    number: u64,
    datagram: Datagram,
    bytes: Vec<u8>,
}

/// Datagram without its bytes.
#[derive(Clone, Copy, Debug)]
enum Datagram {
    Request { local: SocketAddr, from: SocketAddr, label: Option<Label> },
    Reply(Transmit),
}

impl Datagram {
    const fn direction(&self) -> Direction {
        match self {
            Self::Request { .. } => Direction::Request,
            Self::Reply(_) => Direction::Reply,
        }
    }

    /// The client and the send.
    const fn about(&self) -> Subject {
        match *self {
            Self::Request { from, label, .. } => Subject::of(from, label),
            Self::Reply(Transmit { to, label, .. }) => Subject::of(to, label),
        }
    }
}

/// The earliest is the greatest, as the heap wants it.
impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Delayed {}

impl<M: Machine> Behind<M> {
    /// Puts `machine`, a server, behind `pipe`.
    #[must_use]
    pub fn new(machine: M, pipe: Pipe) -> Self {
        Self {
            machine,
            pipe,
            clients: Clients::default(),
            delayed: BinaryHeap::new(),
            bytes: 0,
            count: 0,
            ready: VecDeque::new(),
            events: VecDeque::new(),
            noted: None,
            buf: Vec::new(),
        }
    }

    /// Returns the machine.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// Returns the number of datagrams on the link: those that are delayed, and replies ready to be sent.
    #[must_use]
    pub fn delayed(&self) -> usize {
        self.delayed.len() + self.ready.len()
    }

    /// Counts a datagram; returns its name.
    fn name(&mut self, client: SocketAddr, direction: Direction) -> Name {
        let (flow, ()) = self.clients.entry(client);
        self.pipe.name(flow, direction)
    }

    fn report(&mut self, what: What, about: Subject) {
        self.events.push_back(Event { happened: Happened::Link(what), about });
    }

    /// Passes a datagram to the link.
    fn carry(&mut self, now: Instant, datagram: Datagram, bytes: &[u8]) {
        let (direction, about) = (datagram.direction(), datagram.about());
        let Some(client) = about.peer else { return };
        let name = self.name(client, direction);
        for step in self.pipe.send(now, name, bytes.len()).steps(direction) {
            match step {
                Step::Report(what) => self.report(what, about),
                Step::Deliver(delivery) => self.deliver(now, datagram, delivery, bytes),
            }
        }
    }

    /// Delivers a datagram now or later.
    fn deliver(&mut self, now: Instant, datagram: Datagram, delivery: Delivery, bytes: &[u8]) {
        let at = delivery.at(now);
        let bytes = delivery.payload(bytes);
        if at <= now {
            return self.arrive(now, datagram, bytes);
        }
        let held = self.bytes.saturating_add(bytes.len() + EACH);
        if held > MAX_BYTES {
            let (direction, cause) = (datagram.direction(), Cause::LinkQueue);
            return self.report(What::Dropped { direction, cause }, datagram.about());
        }
        (self.bytes, self.count) = (held, self.count + 1);
        let bytes = bytes.into_owned();
        self.delayed.push(Delayed { at, number: self.count, datagram, bytes });
    }

    /// A datagram has passed the link.
    fn arrive(&mut self, now: Instant, datagram: Datagram, bytes: Cow<'_, [u8]>) {
        match datagram {
            Datagram::Request { local, from, label } => {
                self.machine.note_label(label);
                self.machine.handle_datagram(now, local, from, &bytes);
                self.drain(now, datagram.about());
            }
            Datagram::Reply(transmit) => self.ready.push_back((transmit, bytes.into_owned())),
        }
    }

    /// Collects what the machine wants after an input about `cause`.
    fn drain(&mut self, now: Instant, cause: Subject) {
        loop {
            while let Some(event) = self.machine.poll_event() {
                let own = self.machine.subject(&event);
                let about = if own.peer.is_some() { own } else { cause };
                self.events.push_back(Event { happened: Happened::Machine(event), about });
            }
            let mut buf = core::mem::take(&mut self.buf);
            buf.clear();
            let transmit = self.machine.poll_transmit(now, &mut buf);
            if let Some(transmit) = transmit {
                // A reply to the request at hand belongs to it, also when it leaves later.
                let own = cause.label.filter(|_| cause.peer == Some(transmit.to));
                let transmit = transmit.labelled(transmit.label.or(own));
                self.carry(now, Datagram::Reply(transmit), &buf);
            }
            self.buf = buf;
            if transmit.is_none() {
                return;
            }
        }
    }
}

impl<M: Machine> Machine for Behind<M> {
    type Event = Event<M::Event>;

    fn handle_start(&mut self, now: Instant) {
        self.machine.handle_start(now);
        self.drain(now, Subject::default());
    }

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        let label = self.noted.take();
        self.carry(now, Datagram::Request { local, from, label }, bytes);
    }

    fn handle_timeout(&mut self, now: Instant) {
        while self.delayed.peek().is_some_and(|delayed| delayed.at <= now) {
            let Some(Delayed { datagram, bytes, .. }) = self.delayed.pop() else { break };
            self.bytes -= bytes.len() + EACH;
            self.arrive(now, datagram, Cow::Owned(bytes));
        }
        if self.machine.poll_timeout().is_some_and(|(_, deadline)| deadline <= now) {
            self.machine.handle_timeout(now);
            self.drain(now, Subject::default());
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        self.machine.handle_refused(now, peer);
        self.drain(now, Subject::of(peer, None));
    }

    fn poll_transmit(&mut self, _now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (transmit, bytes) = self.ready.pop_front()?;
        buf.extend_from_slice(&bytes);
        Some(transmit)
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.events.pop_front()
    }

    fn subject(&self, event: &Self::Event) -> Subject {
        event.about
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let own = self.delayed.peek().map(|delayed| (Timer::Other(&"link"), delayed.at));
        match (own, self.machine.poll_timeout()) {
            (Some(own), Some(other)) if own.1 <= other.1 => Some(own),
            (own, None) => own,
            (_, other) => other,
        }
    }

    fn timer_subject(&self) -> Subject {
        match self.delayed.peek() {
            Some(delayed) => delayed.datagram.about(),
            None => self.machine.timer_subject(),
        }
    }

    fn note_label(&mut self, label: Option<Label>) {
        self.noted = label;
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.machine.label_of(payload)
    }

    fn is_finished(&self) -> bool {
        self.machine.is_finished() && self.delayed.is_empty() && self.ready.is_empty()
    }

    fn describe(&self, payload: &[u8]) -> Option<alloc::string::String> {
        self.machine.describe(payload)
    }
}
