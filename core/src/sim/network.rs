//! The simulated network: clients, one server, and the link between them, under one event loop.
//!
//! The loop jumps from event to event. It is the driver of the machines, and keeps their law: one
//! input, drain, read the deadline. It is generic over the machines, so anyone's run in it.

use super::queue::Queue;
use crate::link::{Channel, Delivery, Fate, Link};
use crate::machine::{Label, Machine, Timer};
use crate::random::Direction;
use crate::time::Instant;
use crate::trace::{Cause, Record, Side, Sink, What};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the server listens: a documentation address (RFC 5737) with the textbook's port.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1060);

/// The most clients: their addresses come from 10.0.0.0/8.
pub const MOST_CLIENTS: u32 = (1 << 24) - 1;

/// The address of client `flow`, numbered from 1.
#[must_use]
pub const fn client_address(flow: u32) -> SocketAddr {
    let [_, a, b, c] = flow.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 40_000)
}

/// The client's number of an address that [`client_address`] made.
#[must_use]
pub fn flow_of(address: SocketAddr) -> Option<u32> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    let [net, a, b, c] = ip.octets();
    let flow = u32::from_be_bytes([0, a, b, c]);
    (net == 10 && address.port() == 40_000 && flow >= 1).then_some(flow)
}

/// A machine with what the loop keeps for it.
#[derive(Clone, Debug)]
struct Host<M> {
    machine: M,
    /// Its timer as last seen, for the trace.
    timer: Option<(Timer, Instant)>,
    /// The queue entry that will wake it, if any: entries are not moved when a deadline is, the
    /// machine is woken early and asked again.
    wake: Option<Instant>,
    /// What it sent last: its timers and events are about that.
    label: Option<Label>,
    /// Datagrams sent by it and to it: the index that names a datagram's fate.
    sent: [u32; 2],
}

impl<M> Host<M> {
    const fn new(machine: M) -> Self {
        Self { machine, timer: None, wake: None, label: None, sent: [0; 2] }
    }
}

/// What the queue holds.
#[derive(Clone, Copy, Debug)]
enum Due {
    /// Host `0` is the server, others are clients.
    Wake(u32),
    /// The datagram in this slot arrives.
    Arrival(u32),
}

/// A datagram on its way.
#[derive(Clone, Debug, Default)]
struct Packet {
    number: u64,
    flow: u32,
    to_server: bool,
    label: Option<Label>,
    bytes: Vec<u8>,
}

/// A simulated network of clients `C` around one server `S`, which records into `K`.
///
/// ```
/// use retrylab_core::{echo, link::Link, retry, sim::{Network, SERVER}, trace::Record};
///
/// let client = retry::Client::new(retry::Config::textbook(SERVER, b"hello"));
/// let server = echo::Server::new(echo::Config { drop_first: 2, ..Default::default() }, 1);
/// let mut network = Network::new(vec![client], server, Link::default(), 1, Vec::<Record>::new());
/// while network.step().is_some() {}
/// assert_eq!(network.now().to_string(), "0.32", "sent at 0, 0.1 and 0.3, answered 20 ms later");
/// ```
#[derive(Debug)]
pub struct Network<C: Machine, S: Machine, K> {
    clients: Vec<Host<C>>,
    server: Host<S>,
    channel: Channel,
    seed: u64,
    sink: K,
    now: Instant,
    queue: Queue<Due>,
    packets: Vec<Packet>,
    free: Vec<u32>,
    sent: u64,
    /// Clients that have been started; the rest start at time 0, in order, one a step.
    started: u32,
    buf: Vec<u8>,
}

/// What a host's handler is about: for the records that it causes.
#[derive(Clone, Copy)]
struct Context {
    flow: u32,
    packet: u64,
    label: Option<Label>,
}

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
    pub fn new(clients: Vec<C>, server: S, link: Link, seed: u64, sink: K) -> Self {
        assert!(clients.len() <= MOST_CLIENTS as usize, "too many clients: {}", clients.len());
        Self {
            clients: clients.into_iter().map(Host::new).collect(),
            server: Host::new(server),
            channel: Channel::new(&link),
            seed,
            sink,
            now: Instant::ZERO,
            queue: Queue::default(),
            packets: Vec::new(),
            free: Vec::new(),
            sent: 0,
            started: 0,
            buf: Vec::new(),
        }
    }

    /// Handles the next thing that happens and says when it did; `None` when nothing is left.
    pub fn step(&mut self) -> Option<Instant> {
        if (self.started as usize) < self.clients.len() {
            self.started += 1;
            self.drain_client(Context { flow: self.started, packet: 0, label: None });
            return Some(self.now);
        }
        loop {
            let (key, due) = self.queue.pop()?;
            let at = time_of(key);
            // Waking a host whose deadline has moved meanwhile is no happening: it takes no time.
            let happened = match due {
                Due::Wake(0) => self.wake_server(at),
                Due::Wake(flow) => self.wake_client(flow, at),
                Due::Arrival(slot) => self.arrive(slot, at),
            };
            if happened {
                return Some(self.now);
            }
        }
    }

    /// The time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The datagrams that are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.packets.len() - self.free.len()
    }

    /// The clients' machines, in order.
    pub fn clients(&self) -> impl Iterator<Item = &C> {
        self.clients.iter().map(|host| &host.machine)
    }

    /// The server's machine.
    pub const fn server(&self) -> &S {
        &self.server.machine
    }

    /// What it records into.
    pub const fn sink(&self) -> &K {
        &self.sink
    }

    /// Ends the run and returns what was recorded.
    pub fn into_sink(self) -> K {
        self.sink
    }

    fn wake_client(&mut self, flow: u32, at: Instant) -> bool {
        let host = &mut self.clients[flow as usize - 1];
        let Some(timer) = wake(host, flow, at, &mut self.queue) else { return false };
        self.now = at;
        let context = Context { flow, packet: 0, label: host.label };
        host.machine.handle_timeout(at);
        self.record(context, Side::Client, What::TimerFired { timer });
        self.drain_client(context);
        true
    }

    fn wake_server(&mut self, at: Instant) -> bool {
        let Some(timer) = wake(&mut self.server, 0, at, &mut self.queue) else { return false };
        self.now = at;
        let context = Context { flow: 0, packet: 0, label: None };
        self.server.machine.handle_timeout(at);
        self.record(context, Side::Server, What::TimerFired { timer });
        self.drain_server(context);
        true
    }

    fn arrive(&mut self, slot: u32, at: Instant) -> bool {
        self.now = at;
        let mut packet = core::mem::take(&mut self.packets[slot as usize]);
        let Packet { number, flow, label, .. } = packet;
        let context = Context { flow, packet: number, label };
        if packet.to_server {
            let what = What::Delivered { direction: Direction::Request };
            self.record(context, Side::Server, what);
            self.server.machine.handle_datagram(self.now, client_address(flow), &packet.bytes);
            self.drain_server(context);
        } else {
            let what = What::Delivered { direction: Direction::Reply };
            self.record(context, Side::Client, what);
            let machine = &mut self.clients[flow as usize - 1].machine;
            machine.handle_datagram(self.now, SERVER, &packet.bytes);
            self.drain_client(context);
        }
        // The slot's buffer is used again. Slots are freed last so that a reply gets its own.
        packet.bytes.clear();
        self.packets[slot as usize] = packet;
        self.free.push(slot);
        true
    }

    fn drain_client(&mut self, context: Context) {
        let Context { flow, packet, .. } = context;
        let index = flow as usize - 1;
        while let Some(event) = self.clients[index].machine.poll_event() {
            // What a client tells is about its own last send, whatever the packet was about.
            let context = Context { flow, packet, label: self.clients[index].label };
            self.record(context, Side::Client, event.into());
        }
        let mut buf = core::mem::take(&mut self.buf);
        while let Some(transmit) = self.clients[index].machine.poll_transmit(self.now, &mut buf) {
            self.clients[index].label = transmit.label;
            let context = Context { flow, packet: 0, label: transmit.label };
            self.send(context, Direction::Request, transmit.to == SERVER, &buf);
        }
        self.buf = buf;
        let host = &mut self.clients[index];
        let context = Context { flow, packet: 0, label: host.label };
        if let Some(what) = follow_timer(host, flow, &mut self.queue) {
            self.record(context, Side::Client, what);
        }
    }

    fn drain_server(&mut self, context: Context) {
        let mut buf = core::mem::take(&mut self.buf);
        while let Some(event) = self.server.machine.poll_event() {
            self.record(context, Side::Server, event.into());
        }
        while let Some(transmit) = self.server.machine.poll_transmit(self.now, &mut buf) {
            let flow = flow_of(transmit.to).filter(|flow| *flow as usize <= self.clients.len());
            // A reply to the client whose request is being handled belongs to that request.
            let label = if flow == Some(context.flow) { context.label } else { transmit.label };
            let context = Context { flow: flow.unwrap_or(0), label, ..context };
            self.send(context, Direction::Reply, flow.is_some(), &buf);
        }
        self.buf = buf;
        if let Some(what) = follow_timer(&mut self.server, 0, &mut self.queue) {
            let context = Context { flow: 0, packet: 0, label: None };
            self.record(context, Side::Server, what);
        }
    }

    /// Puts a datagram on the link, if anyone is at the other end.
    fn send(&mut self, context: Context, direction: Direction, known: bool, bytes: &[u8]) {
        self.sent += 1;
        let context = Context { packet: self.sent, ..context };
        let side = match direction {
            Direction::Request => Side::Client,
            Direction::Reply => Side::Server,
        };
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.record(context, side, What::Sent { direction, bytes: len });
        if !known {
            let what = What::Dropped { direction, cause: Cause::NobodyThere };
            return self.record(context, Side::Link, what);
        }
        let flow = context.flow;
        let index = &mut self.clients[flow as usize - 1].sent[direction as usize];
        let (name, now) = (u64::from(*index), self.now);
        *index = index.wrapping_add(1);
        match self.channel.send(self.seed, now, flow, direction, name, bytes.len()) {
            Fate::Drop(cause) => {
                self.record(context, Side::Link, What::Dropped { direction, cause });
            }
            Fate::Deliver(delivery) => self.deliver(context, direction, bytes, delivery),
            Fate::Twice(first, second) => {
                self.deliver(context, direction, bytes, first);
                self.deliver(context, direction, bytes, second);
            }
        }
    }

    fn deliver(&mut self, context: Context, direction: Direction, bytes: &[u8], how: Delivery) {
        let slot = self.store(context, direction, bytes);
        how.damage(&mut self.packets[slot as usize].bytes);
        let at = self.now.saturating_add(how.after);
        self.queue.push(arrival_key(at), Due::Arrival(slot));
    }

    fn store(&mut self, context: Context, direction: Direction, bytes: &[u8]) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.packets.push(Packet::default());
            self.packets.len() as u32 - 1
        });
        let packet = &mut self.packets[slot as usize];
        packet.number = context.packet;
        packet.flow = context.flow;
        packet.to_server = direction == Direction::Request;
        packet.label = context.label;
        packet.bytes.clear();
        packet.bytes.extend_from_slice(bytes);
        slot
    }

    #[inline]
    fn record(&mut self, context: Context, side: Side, what: What) {
        let Context { flow, packet, label } = context;
        self.sink.record(&Record { at: self.now, flow, side, packet, label, what });
    }
}

/// Takes the queue's entry for `host` at `at`: the timer that is due, if any is.
fn wake<M: Machine>(
    host: &mut Host<M>,
    id: u32,
    at: Instant,
    queue: &mut Queue<Due>,
) -> Option<Timer> {
    if host.wake != Some(at) {
        return None; // The host was given an earlier entry since, and has been woken by it.
    }
    host.wake = None;
    let (timer, deadline) = host.machine.poll_timeout()?;
    if deadline <= at {
        return Some(timer);
    }
    arm(host, id, deadline, queue);
    None
}

/// Sees to it that `host` is woken at its deadline; returns what to record if its timer changed.
fn follow_timer<M: Machine>(host: &mut Host<M>, id: u32, queue: &mut Queue<Due>) -> Option<What> {
    let timer = host.machine.poll_timeout();
    if let Some((_, deadline)) = timer
        && host.wake.is_none_or(|wake| deadline < wake)
    {
        arm(host, id, deadline, queue);
    }
    let changed = timer != host.timer;
    host.timer = timer;
    let (timer, deadline) = timer.filter(|_| changed)?;
    Some(What::TimerArmed { timer, deadline })
}

fn arm<M>(host: &mut Host<M>, id: u32, deadline: Instant, queue: &mut Queue<Due>) {
    host.wake = Some(deadline);
    queue.push(wake_key(deadline), Due::Wake(id));
}

/// Arrivals come before the timers of the same instant: a reply that arrives exactly when the wait
/// ends is in time. The queue's key is therefore twice the time, plus one for a timer.
const fn arrival_key(at: Instant) -> u64 {
    at.as_nanos().saturating_mul(2)
}

const fn wake_key(at: Instant) -> u64 {
    arrival_key(at).saturating_add(1)
}

const fn time_of(key: u64) -> Instant {
    Instant::from_nanos(key / 2)
}
