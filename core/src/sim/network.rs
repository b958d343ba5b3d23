//! The simulated network: clients, one server, and the link between them, under one event loop.
//!
//! The loop jumps from event to event. It is the driver of the machines, and keeps their law: one
//! input, drain, read the deadline. It is generic over the machines, so anyone's run in it.

use super::packets::Packet;
use super::wire::{Context, Happening, Wire};
use super::{MOST_CLIENTS, SERVER, client_address, flow_of};
use crate::link::{Channel, Link};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::random::Direction;
use crate::scenario::Fault;
use crate::time::Instant;
use crate::trace::{Side, Sink, What};
use alloc::vec::Vec;

/// A machine with what the loop keeps for it.
#[derive(Clone, Debug)]
struct Host<M> {
    machine: M,
    /// The queue entry that will wake it, if any: entries are not moved when a deadline is, the
    /// machine is woken early and asked again. In nanoseconds; `u64::MAX` for none.
    wake: u64,
    /// What it sent last: its timers and events refer to that, unless it says otherwise.
    label: Option<Label>,
}

/// No entry will wake the host. (The last instant that can be named is as good as never.)
const NEVER: u64 = u64::MAX;

impl<M> Host<M> {
    const fn new(machine: M) -> Self {
        Self { machine, wake: NEVER, label: None }
    }
}

/// A simulated network of clients `C` around one server `S`, which records into `K`.
///
/// ```
/// use retrylab_core::{client, link::Link, server::echo, sim::{Network, SERVER}, trace::Record};
///
/// let client = client::Client::new(client::Config::textbook(SERVER, b"hello"));
/// let server = echo::Server::new(echo::Config { drop_first: 2, ..Default::default() }, 1);
/// let mut network = Network::new(vec![client], server, Link::default(), 1, Vec::<Record>::new());
/// while network.step().is_some() {}
/// assert_eq!(network.now().to_string(), "0.32", "sent at 0, 0.1 and 0.3, answered 20 ms later");
/// ```
#[derive(Debug)]
pub struct Network<C: Machine, S: Machine, K> {
    clients: Vec<Host<C>>,
    server: Host<S>,
    wire: Wire<K>,
    /// Clients that have been started; the rest start at time 0, in order, one a step.
    started: u32,
    /// Are there more clients than are near the processor?
    far: bool,
    /// Events to come that have been looked at.
    looked_at: usize,
    buf: Vec<u8>,
}

/// So many clients are near the processor anyway.
const NEAR: usize = 4_096;

/// So many events are looked at together.
const TOGETHER: usize = 64;

/// A machine's timer, before and after what it was told.
type Deadline = Option<(Timer, Instant)>;

impl<C, S, K> Network<C, S, K>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
    K: Sink,
{
    /// A network at time 0. The clients' addresses are [`client_address`] of 1, 2, …; the server's is
    /// [`SERVER`]. All clients start at once.
    ///
    /// # Panics
    /// With more than [`MOST_CLIENTS`] clients.
    #[must_use]
    pub fn new(
        clients: impl IntoIterator<Item = C>,
        server: S,
        link: Link,
        seed: u64,
        sink: K,
    ) -> Self {
        let clients: Vec<Host<C>> = clients.into_iter().map(Host::new).collect();
        assert!(clients.len() <= MOST_CLIENTS as usize, "too many clients: {}", clients.len());
        let wire = Wire::new(&link, seed, clients.len(), sink);
        let far = clients.len() > NEAR;
        Self {
            clients,
            server: Host::new(server),
            wire,
            started: 0,
            far,
            looked_at: 0,
            buf: Vec::new(),
        }
    }

    /// The same with faults of the link; those of others are not its business.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.wire.set_faults(faults);
        self
    }

    /// Handles the next thing that happens and says when it did; `None` when nothing is left.
    pub fn step(&mut self) -> Option<Instant> {
        if (self.started as usize) < self.clients.len() {
            return self.start();
        }
        if self.wire.is_untidy() {
            self.tidy();
        }
        loop {
            if self.far {
                match self.looked_at.checked_sub(1) {
                    Some(left) => self.looked_at = left,
                    None => self.look_ahead(),
                }
            }
            let (at, happening) = self.wire.next()?;
            // Waking a host whose deadline has moved meanwhile is no happening: it takes no time.
            let happened = match happening {
                Happening::Wake(0) => self.wake_server(at),
                Happening::Wake(flow) => self.wake_client(flow, at),
                Happening::Arrival(packet) => self.arrive(packet, at),
            };
            if happened {
                return Some(at);
            }
        }
    }

    /// With a million clients every event finds its datagram and its host far from the processor. Looking
    /// at those of some events together lets these waits overlap; nothing else comes of it.
    #[inline(never)]
    fn look_ahead(&mut self) {
        let mut looks = 0;
        let hosts = self.wire.upcoming_hosts(TOGETHER);
        self.looked_at = hosts.len().saturating_sub(1);
        for host in hosts.filter_map(|host| self.clients.get((host as usize).wrapping_sub(1))) {
            // Nothing is decided by what is seen: a decision would wait for it.
            looks ^= host.wake ^ u64::from(host.machine.is_finished());
        }
        core::hint::black_box(looks);
    }

    /// Starts the next client; the server, which may have timers of its own, before the first.
    #[cold]
    fn start(&mut self) -> Option<Instant> {
        if self.started == 0 {
            self.drain_server(Context { flow: 0, packet: 0, label: None }, None);
        }
        self.started += 1;
        self.drain_client(Context { flow: self.started, packet: 0, label: None }, None);
        Some(self.wire.now)
    }

    /// Drops entries that would wake nobody. A host that is given an earlier entry leaves the later one
    /// behind: answered after 20 ms of a wait of an hour, it would leave one with every exchange.
    #[cold]
    fn tidy(&mut self) {
        let Self { wire, server, clients, .. } = self;
        wire.tidy(|host, at| match host {
            0 => server.wake == at.as_nanos(),
            flow => clients[flow as usize - 1].wake == at.as_nanos(),
        });
    }

    /// Lets nothing happen after `end`: [`step`](Self::step) returns `None` then.
    pub const fn end_at(&mut self, end: Instant) {
        self.wire.end_at(end);
    }

    /// Was something left to happen after the end that was set?
    #[must_use]
    pub const fn has_reached_end(&self) -> bool {
        self.wire.has_reached_end()
    }

    /// Is anything left to happen, be it after the end that was set? Looks at every host.
    #[must_use]
    pub fn has_more(&mut self) -> bool {
        (self.started as usize) < self.clients.len()
            || self.in_flight() > 0
            || self.server.machine.poll_timeout().is_some()
            || self.clients_mut().any(|client| client.poll_timeout().is_some())
    }

    /// The time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.wire.now
    }

    /// The datagrams that are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.wire.in_flight()
    }

    /// Bytes of memory, about: the hosts, what is on its way, and what is to happen. What the machines
    /// hold outside of themselves is not known here.
    #[must_use]
    pub fn memory(&self) -> u64 {
        (self.clients.len() * size_of::<Host<C>>() + self.wire.memory()) as u64
    }

    /// The clients' machines, in order.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = &C> {
        self.clients.iter().map(|host| &host.machine)
    }

    /// The clients' machines, in order, to be changed between two steps.
    pub fn clients_mut(&mut self) -> impl ExactSizeIterator<Item = &mut C> {
        self.clients.iter_mut().map(|host| &mut host.machine)
    }

    /// The server's machine, to be changed between two steps.
    pub const fn server_mut(&mut self) -> &mut S {
        &mut self.server.machine
    }

    /// The server's machine.
    pub const fn server(&self) -> &S {
        &self.server.machine
    }

    /// The link as it runs.
    pub const fn channel(&self) -> &Channel {
        self.wire.channel()
    }

    /// The link.
    pub const fn link(&self) -> &Link {
        self.wire.channel().link()
    }

    /// What it records into.
    pub const fn sink(&self) -> &K {
        &self.wire.sink
    }

    /// Ends the run and returns what was recorded.
    pub fn into_sink(self) -> K {
        self.wire.sink
    }

    #[inline]
    fn wake_client(&mut self, flow: u32, at: Instant) -> bool {
        let host = &mut self.clients[flow as usize - 1];
        let Some(due) = host.wake(flow, at, &mut self.wire) else { return false };
        self.wire.now = at;
        let context = Context { flow, packet: 0, label: host.timer_label() };
        host.machine.handle_timeout(at);
        self.wire.record(context, Side::Client, What::TimerFired { timer: due.0 });
        self.drain_client(context, Some(due));
        true
    }

    fn wake_server(&mut self, at: Instant) -> bool {
        let Some(due) = self.server.wake(0, at, &mut self.wire) else { return false };
        self.wire.now = at;
        let context = Context { flow: 0, packet: 0, label: None };
        self.server.machine.handle_timeout(at);
        self.wire.record(context, Side::Server, What::TimerFired { timer: due.0 });
        self.drain_server(context, Some(due));
        true
    }

    #[inline]
    fn arrive(&mut self, packet: Packet, at: Instant) -> bool {
        self.wire.now = at;
        let (flow, direction) = (packet.flow(), packet.direction());
        let context = Context { flow, packet: packet.number, label: packet.label };
        let what = What::Delivered { direction };
        if direction == Direction::Request {
            self.wire.record(context, Side::Server, what);
            let machine = &mut self.server.machine;
            let before = machine.poll_timeout();
            machine.handle_datagram(at, SERVER, client_address(flow), self.wire.bytes(packet));
            self.wire.release(packet);
            self.drain_server(context, before);
        } else {
            self.wire.record(context, Side::Client, what);
            let machine = &mut self.clients[flow as usize - 1].machine;
            let before = machine.poll_timeout();
            machine.handle_datagram(at, client_address(flow), SERVER, self.wire.bytes(packet));
            self.wire.release(packet);
            self.drain_client(context, before);
        }
        true
    }

    fn drain_client(&mut self, context: Context, before: Deadline) {
        let Context { flow, packet, .. } = context;
        let Self { clients, wire, buf, .. } = self;
        let host = &mut clients[flow as usize - 1];
        host.hear(flow, packet, wire);
        let mut sent = false;
        while let Some(transmit) = next_transmit(&mut host.machine, wire.now, buf) {
            sent = true;
            host.label = transmit.label;
            let context = Context { flow, packet: 0, label: transmit.label };
            wire.send(context, Direction::Request, transmit.to == SERVER, buf);
        }
        if sent {
            // Beginning to send may be the end of something else.
            host.hear(flow, packet, wire);
        }
        if let Some((label, what)) = host.follow_timer(flow, before, wire) {
            wire.record(Context { flow, packet: 0, label }, Side::Client, what);
        }
    }

    fn drain_server(&mut self, context: Context, before: Deadline) {
        let Self { clients, server, wire, buf, .. } = self;
        while let Some(event) = server.machine.poll_event() {
            wire.record(
                context_of(server.machine.subject(&event), context),
                Side::Server,
                event.into(),
            );
        }
        while let Some(transmit) = next_transmit(&mut server.machine, wire.now, buf) {
            let flow = flow_of(transmit.to).filter(|flow| *flow as usize <= clients.len());
            // A reply to the client whose request is being handled belongs to that request.
            let own = context.label.filter(|_| flow == Some(context.flow));
            let label = transmit.label.or(own);
            let context = Context { flow: flow.unwrap_or(0), label, ..context };
            wire.send(context, Direction::Reply, flow.is_some(), buf);
        }
        if let Some((_, what)) = server.follow_timer(0, before, wire) {
            wire.record(Context { flow: 0, packet: 0, label: None }, Side::Server, what);
        }
    }
}

#[inline(always)]
fn next_transmit<M: Machine>(machine: &mut M, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
    buf.clear();
    machine.poll_transmit(now, buf)
}

/// What a server's event is about, when it was caused by `context`.
#[inline]
fn context_of(about: Subject, context: Context) -> Context {
    let Subject { peer: Some(peer), label, .. } = about else {
        return Context { label: about.label.or(context.label), ..context };
    };
    let flow = flow_of(peer).unwrap_or(0);
    let own = flow == context.flow;
    let packet = if own { context.packet } else { 0 };
    Context { flow, packet, label: label.or(context.label.filter(|_| own)) }
}

impl<M: Machine<Event: Into<What>>> Host<M> {
    /// Records what a client has to tell: most often nothing.
    #[inline(always)]
    fn hear<K: Sink>(&mut self, flow: u32, packet: u64, wire: &mut Wire<K>) {
        while let Some(event) = self.machine.poll_event() {
            self.tell(event, flow, packet, wire);
        }
    }

    #[inline(never)]
    fn tell<K: Sink>(&mut self, event: M::Event, flow: u32, packet: u64, wire: &mut Wire<K>) {
        // What a client tells is about its own last send, whatever the packet was about.
        let label = self.machine.subject(&event).label.or(self.label);
        wire.record(Context { flow, packet, label }, Side::Client, event.into());
    }

    /// The send that its timer refers to.
    #[inline(always)]
    fn timer_label(&self) -> Option<Label> {
        self.machine.timer_label().or(self.label)
    }

    /// Takes the queue's entry at `at`: the timer that is due, if any is.
    #[inline(always)]
    fn wake<K: Sink>(
        &mut self,
        id: u32,
        at: Instant,
        wire: &mut Wire<K>,
    ) -> Option<(Timer, Instant)> {
        if self.wake != at.as_nanos() {
            return None; // The host was given an earlier entry since, and has been woken by it.
        }
        self.wake = NEVER;
        let (timer, deadline) = self.machine.poll_timeout()?;
        if deadline <= at {
            return Some((timer, deadline));
        }
        self.wake = deadline.as_nanos();
        wire.wake_at(id, deadline);
        None
    }

    /// Sees to it that it is woken at its deadline; returns what to record, and of which send, if its
    /// timer is another one than `before`.
    #[inline(always)]
    fn follow_timer<K: Sink>(
        &mut self,
        id: u32,
        before: Deadline,
        wire: &mut Wire<K>,
    ) -> Option<(Option<Label>, What)> {
        let (timer, deadline) = self.machine.poll_timeout()?;
        let label = self.timer_label();
        if deadline.as_nanos() < self.wake {
            self.wake = deadline.as_nanos();
            wire.wake_at(id, deadline);
        }
        // The time first: it nearly always tells, and names of timers are long to compare.
        let changed = before.is_none_or(|(was, at)| at != deadline || was != timer);
        changed.then_some((label, What::TimerArmed { timer, deadline }))
    }
}
