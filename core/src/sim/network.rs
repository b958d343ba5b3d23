//! The simulated network: clients, one server, and the link between them, under one event loop.
//!
//! The loop jumps from event to event. It is the driver of the machines, and keeps their law: one
//! input, drain, read the deadline. It is generic over the machines, so anyone's run in it.

use super::faults::{Fault, FaultKind};
use super::packets::Packets;
use super::queue::Queue;
use crate::link::{Channel, Delivery, Fate, Link};
use crate::machine::{About, Label, Machine, Timer};
use crate::random::{Direction, Purpose, Stream};
use crate::time::{Duration, Instant};
use crate::trace::{Cause, Record, Side, Sink, What};
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the server listens: a documentation address (RFC 5737) with the textbook's port.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1060);

/// The most clients: their addresses come from 10.0.0.0/8.
pub const MOST_CLIENTS: u32 = (1 << 24) - 1;

/// The address of client `flow`, numbered from 1.
#[must_use]
#[inline]
pub const fn client_address(flow: u32) -> SocketAddr {
    let [_, a, b, c] = flow.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 40_000)
}

/// The client's number of an address that [`client_address`] made.
#[must_use]
#[inline]
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
    /// The queue entry that will wake it, if any: entries are not moved when a deadline is, the
    /// machine is woken early and asked again. In nanoseconds; `u64::MAX` for none.
    wake: u64,
    /// What it sent last: its timers and events are about that.
    label: Option<Label>,
}

/// No entry will wake the host. (The last instant that can be named is as good as never.)
const NEVER: u64 = u64::MAX;

impl<M> Host<M> {
    const fn new(machine: M) -> Self {
        Self { machine, wake: NEVER, label: None }
    }
}

/// So many entries of the queue are never tidied.
const SPARE_ENTRIES: usize = 1 << 14;

/// What the queue holds: the number of the host to wake (0 is the server, others are clients), or the
/// slot of the datagram that arrives.
#[derive(Clone, Copy, Debug)]
struct Due(u32);

impl Due {
    const ARRIVAL: u32 = 1 << 31;

    const fn wake(host: u32) -> Self {
        Self(host)
    }

    const fn arrival(slot: u32) -> Self {
        Self(slot | Self::ARRIVAL)
    }
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
    faults: Vec<Fault>,
    seed: u64,
    sink: K,
    now: Instant,
    queue: Queue<Due>,
    /// With more entries than this the queue is tidied.
    tidy_at: usize,
    packets: Packets,
    /// Datagrams sent by each client and to it: the index that names a datagram's fate. Empty while the
    /// link draws nothing.
    counts: Vec<[u32; 2]>,
    sent: u64,
    /// Clients that have been started; the rest start at time 0, in order, one a step.
    started: u32,
    /// Nothing happens after this.
    end: Instant,
    buf: Vec<u8>,
}

/// What a host's handler is about: for the records that it causes.
#[derive(Clone, Copy)]
struct Context {
    flow: u32,
    packet: u64,
    label: Option<Label>,
}

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
        // A wait and a datagram for each client, with room: that is no disorder yet.
        let tidy_at = 4 * clients.len() + SPARE_ENTRIES;
        let counts = if link.draws() { vec![[0; 2]; clients.len()] } else { Vec::new() };
        Self {
            clients,
            counts,
            server: Host::new(server),
            channel: Channel::new(&link),
            faults: Vec::new(),
            seed,
            sink,
            now: Instant::ZERO,
            queue: Queue::default(),
            tidy_at,
            packets: Packets::default(),
            sent: 0,
            started: 0,
            end: Instant::MAX,
            buf: Vec::new(),
        }
    }

    /// The same with faults of the link; those of others are not its business.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        if !faults.is_empty() && self.counts.is_empty() {
            self.counts = vec![[0; 2]; self.clients.len()];
        }
        self.faults = faults;
        self
    }

    /// Handles the next thing that happens and says when it did; `None` when nothing is left.
    pub fn step(&mut self) -> Option<Instant> {
        if (self.started as usize) < self.clients.len() {
            return self.start();
        }
        if self.queue.len() > self.tidy_at {
            self.tidy();
        }
        loop {
            let (key, due) = self.queue.pop()?;
            let at = time_of(key);
            if at > self.end {
                self.queue.push(key, due);
                return None;
            }
            // Waking a host whose deadline has moved meanwhile is no happening: it takes no time.
            let happened = match due.0 {
                0 => self.wake_server(at),
                flow if flow < Due::ARRIVAL => self.wake_client(flow, at),
                slot => self.arrive(slot & !Due::ARRIVAL, at),
            };
            if happened {
                return Some(self.now);
            }
        }
    }

    /// Starts the next client; the server, which may have timers of its own, before the first.
    #[cold]
    fn start(&mut self) -> Option<Instant> {
        if self.started == 0 {
            self.drain_server(Context { flow: 0, packet: 0, label: None }, None);
        }
        self.started += 1;
        self.drain_client(Context { flow: self.started, packet: 0, label: None }, None);
        Some(self.now)
    }

    /// Drops entries that would wake nobody. A host that is given an earlier entry leaves the later one
    /// behind: answered after 20 ms of a wait of an hour, it would leave one with every exchange.
    #[cold]
    fn tidy(&mut self) {
        let Self { queue, server, clients, .. } = self;
        queue.retain(|key, due| {
            let at = time_of(key).as_nanos();
            match due.0 {
                0 => server.wake == at,
                flow if flow < Due::ARRIVAL => clients[flow as usize - 1].wake == at,
                _ => true,
            }
        });
        // As many may come again: so tidying costs each entry little.
        self.tidy_at = 2 * self.queue.len() + SPARE_ENTRIES;
    }

    /// Lets nothing happen after `end`: [`step`](Self::step) returns `None` then.
    pub const fn end_at(&mut self, end: Instant) {
        self.end = end;
    }

    /// Is anything left to happen, be it after the end that was set? Looks at every host.
    #[must_use]
    pub fn has_more(&self) -> bool {
        (self.started as usize) < self.clients.len()
            || self.in_flight() > 0
            || self.server.machine.poll_timeout().is_some()
            || self.clients().any(|client| client.poll_timeout().is_some())
    }

    /// The time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The datagrams that are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.packets.len()
    }

    /// Bytes of memory, about: the hosts, what is on its way, and what is to happen. What the machines
    /// hold outside of themselves is not known here.
    #[must_use]
    pub fn memory(&self) -> u64 {
        // A queued entry and its time stamp; buckets grow by doubling.
        let queue = self.queue.len() * 2 * (size_of::<Due>() + size_of::<(u64, u32)>());
        (self.clients.len() * size_of::<Host<C>>() + self.packets.memory() + queue) as u64
    }

    /// The clients' machines, in order.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = &C> {
        self.clients.iter().map(|host| &host.machine)
    }

    /// The server's machine.
    pub const fn server(&self) -> &S {
        &self.server.machine
    }

    /// The link as it runs.
    pub const fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The link.
    pub const fn link(&self) -> &Link {
        self.channel.link()
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
        self.record(context, Side::Client, What::TimerFired { timer: timer.0 });
        self.drain_client(context, Some(timer));
        true
    }

    fn wake_server(&mut self, at: Instant) -> bool {
        let Some(timer) = wake(&mut self.server, 0, at, &mut self.queue) else { return false };
        self.now = at;
        let context = Context { flow: 0, packet: 0, label: None };
        self.server.machine.handle_timeout(at);
        self.record(context, Side::Server, What::TimerFired { timer: timer.0 });
        self.drain_server(context, Some(timer));
        true
    }

    fn arrive(&mut self, slot: u32, at: Instant) -> bool {
        self.now = at;
        let packet = self.packets.take(slot);
        let (flow, direction) = (packet.flow(), packet.direction());
        let context = Context { flow, packet: packet.number, label: packet.label };
        let what = What::Delivered { direction };
        if direction == Direction::Request {
            self.record(context, Side::Server, what);
            let before = self.server.machine.poll_timeout();
            let bytes = self.packets.bytes(packet);
            self.server.machine.handle_datagram(at, client_address(flow), bytes);
            self.packets.release(packet);
            self.drain_server(context, before);
        } else {
            self.record(context, Side::Client, what);
            let machine = &mut self.clients[flow as usize - 1].machine;
            let before = machine.poll_timeout();
            machine.handle_datagram(at, SERVER, self.packets.bytes(packet));
            self.packets.release(packet);
            self.drain_client(context, before);
        }
        true
    }

    fn drain_client(&mut self, context: Context, before: Deadline) {
        let Context { flow, packet, .. } = context;
        let index = flow as usize - 1;
        self.hear_client(flow, packet);
        let mut buf = core::mem::take(&mut self.buf);
        let mut sent = false;
        while let Some(transmit) = self.clients[index].machine.poll_transmit(self.now, &mut buf) {
            sent = true;
            self.clients[index].label = transmit.label;
            let context = Context { flow, packet: 0, label: transmit.label };
            self.send(context, Direction::Request, transmit.to == SERVER, &buf);
        }
        self.buf = buf;
        if sent {
            // Beginning to send may be the end of something else.
            self.hear_client(flow, packet);
        }
        let host = &mut self.clients[index];
        let context = Context { flow, packet: 0, label: host.label };
        if let Some(what) = follow_timer(host, flow, before, &mut self.queue) {
            self.record(context, Side::Client, what);
        }
    }

    /// Records what a client has to tell.
    #[inline]
    fn hear_client(&mut self, flow: u32, packet: u64) {
        let index = flow as usize - 1;
        while let Some(event) = self.clients[index].machine.poll_event() {
            // What a client tells is about its own last send, whatever the packet was about.
            let label = C::about(&event).label.or(self.clients[index].label);
            self.record(Context { flow, packet, label }, Side::Client, event.into());
        }
    }

    fn drain_server(&mut self, context: Context, before: Deadline) {
        let mut buf = core::mem::take(&mut self.buf);
        while let Some(event) = self.server.machine.poll_event() {
            let context = match S::about(&event) {
                About { peer: None, label } => {
                    Context { label: label.or(context.label), ..context }
                }
                About { peer: Some(peer), label } => {
                    let flow = flow_of(peer).unwrap_or(0);
                    let own = flow == context.flow;
                    let packet = if own { context.packet } else { 0 };
                    let label = label.or(context.label.filter(|_| own));
                    Context { flow, packet, label }
                }
            };
            self.record(context, Side::Server, event.into());
        }
        while let Some(transmit) = self.server.machine.poll_transmit(self.now, &mut buf) {
            let flow = flow_of(transmit.to).filter(|flow| *flow as usize <= self.clients.len());
            // A reply to the client whose request is being handled belongs to that request.
            let own = context.label.filter(|_| flow == Some(context.flow));
            let label = transmit.label.or(own);
            let context = Context { flow: flow.unwrap_or(0), label, ..context };
            self.send(context, Direction::Reply, flow.is_some(), &buf);
        }
        self.buf = buf;
        if let Some(what) = follow_timer(&mut self.server, 0, before, &mut self.queue) {
            let context = Context { flow: 0, packet: 0, label: None };
            self.record(context, Side::Server, what);
        }
    }

    /// Puts a datagram on the link, if anyone is at the other end.
    #[inline]
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
        let index = self.counts.get_mut(context.flow as usize - 1).map_or(0, |counts| {
            let count = &mut counts[direction as usize];
            *count = count.wrapping_add(1);
            u64::from(count.wrapping_sub(1))
        });
        if !self.faults.is_empty()
            && let Some(cause) = self.fault(context.flow, direction, index)
        {
            return self.record(context, Side::Link, What::Dropped { direction, cause });
        }
        let (flow, now, size) = (context.flow, self.now, bytes.len());
        if let (Some(after), true) = (self.channel.constant(direction), self.faults.is_empty()) {
            // Nothing to draw and nothing to remember.
            let Context { flow, packet, label } = context;
            let slot = self.packets.store(packet, flow, direction, label, bytes);
            let at = Instant::from_nanos(now.as_nanos().saturating_add(after));
            return self.queue.push(arrival_key(at), Due::arrival(slot));
        }
        match self.channel.send(self.seed, now, flow, direction, index, size) {
            Fate::Drop(cause) => {
                self.record(context, Side::Link, What::Dropped { direction, cause });
            }
            Fate::Deliver(delivery) => self.deliver(context, direction, bytes, delivery),
            Fate::Twice(first, second) => {
                self.record(context, Side::Link, What::Duplicated { direction });
                self.deliver(context, direction, bytes, first);
                self.deliver(context, direction, bytes, second);
            }
        }
    }

    #[inline]
    fn deliver(&mut self, context: Context, direction: Direction, bytes: &[u8], how: Delivery) {
        let Context { flow, packet, label } = context;
        let slot = if how.flipped.is_some() {
            let mut damaged = bytes.to_vec();
            how.damage(&mut damaged);
            self.packets.store(packet, flow, direction, label, &damaged)
        } else {
            self.packets.store(packet, flow, direction, label, bytes)
        };
        let delay = if self.faults.is_empty() { Duration::ZERO } else { self.delay() };
        let at = self.now.saturating_add(how.after).saturating_add(delay);
        self.queue.push(arrival_key(at), Due::arrival(slot));
    }

    /// The fault that takes a datagram now, if one does.
    #[cold]
    fn fault(&self, flow: u32, direction: Direction, index: u64) -> Option<Cause> {
        let on = self.faults.iter().filter(|fault| fault.is_on(self.now));
        on.filter_map(|fault| match fault.kind {
            FaultKind::Partition(only) if only.is_none_or(|only| only == direction) => {
                Some(Cause::Partition)
            }
            FaultKind::Loss(loss) => {
                Stream::new(self.seed, Purpose::FaultLoss, flow, direction, index)
                    .chance(loss)
                    .then_some(Cause::FaultLoss)
            }
            _ => None,
        })
        .next()
    }

    /// What faults add to the latency now.
    fn delay(&self) -> Duration {
        let on = self.faults.iter().filter(|fault| fault.is_on(self.now));
        on.fold(Duration::ZERO, |delay, fault| match fault.kind {
            FaultKind::Latency(more) => delay.saturating_add(more),
            _ => delay,
        })
    }

    #[inline(always)]
    fn record(&mut self, context: Context, side: Side, what: What) {
        let Context { flow, packet, label } = context;
        self.sink.record(&Record { at: self.now, flow, side, packet, label, what });
    }
}

/// Takes the queue's entry for `host` at `at`: the timer that is due, if any is.
#[inline(always)]
fn wake<M: Machine>(
    host: &mut Host<M>,
    id: u32,
    at: Instant,
    queue: &mut Queue<Due>,
) -> Option<(Timer, Instant)> {
    if host.wake != at.as_nanos() {
        return None; // The host was given an earlier entry since, and has been woken by it.
    }
    host.wake = NEVER;
    let (timer, deadline) = host.machine.poll_timeout()?;
    if deadline <= at {
        return Some((timer, deadline));
    }
    arm(host, id, deadline, queue);
    None
}

/// Sees to it that `host` is woken at its deadline; returns what to record if its timer is another one
/// than `before`.
#[inline(always)]
fn follow_timer<M: Machine>(
    host: &mut Host<M>,
    id: u32,
    before: Deadline,
    queue: &mut Queue<Due>,
) -> Option<What> {
    let (timer, deadline) = host.machine.poll_timeout()?;
    if deadline.as_nanos() < host.wake {
        arm(host, id, deadline, queue);
    }
    // The time first: it nearly always tells, and names of timers are long to compare.
    let changed = before.is_none_or(|(was, at)| at != deadline || was != timer);
    changed.then_some(What::TimerArmed { timer, deadline })
}

fn arm<M>(host: &mut Host<M>, id: u32, deadline: Instant, queue: &mut Queue<Due>) {
    host.wake = deadline.as_nanos();
    queue.push(wake_key(deadline), Due::wake(id));
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
