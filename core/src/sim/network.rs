//! The simulated network: clients, a server or several, and the link between them, under one event loop.
//!
//! The loop jumps from event to event. It drives the machines as their contract requires: one input,
//! drain, read the deadline. It is generic over the machines, so it also runs those of other crates.

mod conditions;
mod look;
mod servers;
mod slot;
#[cfg(feature = "packets")]
mod stacks;
#[cfg(feature = "packets")]
pub use stacks::PacketConfig;

use super::extra::{Extra, number_of, send_by_way};
use super::lookahead::LookAhead;
use super::packets::Packet;
#[cfg(feature = "packets")]
use super::stack::Stacks;
use super::wire::{Happening, Way, Wire};
use super::{MAX_CLIENTS, SERVER, client_address, flow_of};
use crate::drive::{Arrival, Context, Output, Role, Timeouts, Visit};
use crate::link::Link;
use crate::machine::{Machine, Transmit};
use crate::random::Direction;
use crate::time::Instant;
use crate::trace::{HostId, Sink, What};
#[cfg(feature = "packets")]
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;
use slot::Slot;

/// A simulated network of clients `C` around a server `S`, or [several](Self::with_server), which records into `K`.
///
/// ```
/// use retrylab_core::{client, link::Link, server::echo, sim::{Network, SERVER}, trace::Record};
///
/// let client = client::Client::new(client::Config::textbook(SERVER, b"hello"));
/// let server = echo::Server::new(echo::Config::default().with_drop_first(2), 1);
/// let mut network = Network::new(vec![client], server, Link::default(), 1, Vec::<Record>::new());
/// while network.step().is_some() {}
/// assert_eq!(network.now().to_string(), "0.32", "sent at 0, 0.1 and 0.3, answered 20 ms later");
/// ```
#[derive(Debug)]
pub struct Network<C: Machine, S: Machine, K> {
    clients: Vec<Slot<C>>,
    server: Slot<S>,
    /// Servers other than the first one.
    others: Vec<Slot<S>>,
    /// Addresses beyond the usual ones.
    extra: Extra,
    /// The hosts' stacks; `None` if the network carries datagrams.
    #[cfg(feature = "packets")]
    stacks: Option<Box<Stacks>>,
    wire: Wire<K>,
    /// Number of clients that have been started; the rest start at time 0, in order, one per step.
    started: u32,
    /// There are many clients, several servers, hosts with other addresses, or hosts with stacks: a step has more to do.
    special: bool,
    ahead: LookAhead,
    buf: Vec<u8>,
    timeouts: Timeouts,
    /// Machines asked for time-outs without end.
    stuck: bool,
}

impl<C, S, K> Network<C, S, K>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
    K: Sink,
{
    /// Creates a network at time 0. The clients' addresses are [`client_address`] of 1, 2, …; the server's is
    /// [`SERVER`]. All clients start at once.
    ///
    /// # Panics
    /// If there are more than [`MAX_CLIENTS`] clients.
    #[must_use]
    pub fn new(
        clients: impl IntoIterator<Item = C>,
        server: S,
        link: Link,
        seed: u64,
        sink: K,
    ) -> Self {
        let clients: Vec<Slot<C>> = clients.into_iter().map(Slot::new).collect();
        assert!(clients.len() <= MAX_CLIENTS as usize, "too many clients: {}", clients.len());
        let wire = Wire::new(&link, seed, clients.len(), sink);
        let ahead = LookAhead::new(clients.len());
        let timeouts = Timeouts::of_hosts(clients.len() as u64 + 1);
        Self {
            clients,
            server: Slot::new(server),
            others: Vec::new(),
            extra: Extra::default(),
            #[cfg(feature = "packets")]
            stacks: None,
            wire,
            started: 0,
            special: ahead.is_on(),
            ahead,
            buf: Vec::new(),
            timeouts,
            stuck: false,
        }
    }

    /// Replaces the clients by one, which has the number after `before`, and returns to time 0. The servers and the sink
    /// stay as they are.
    ///
    /// # Panics
    /// If hosts have stacks.
    pub(super) fn restart(&mut self, before: u32, client: C) {
        #[cfg(feature = "packets")]
        assert!(self.stacks.is_none(), "a stack does not restart");
        self.clients.clear();
        self.clients.push(Slot::new(client));
        for server in core::iter::once(&mut self.server).chain(&mut self.others) {
            server.wake = slot::NEVER;
        }
        self.wire.restart(before);
        self.timeouts = Timeouts::of_hosts((self.clients.len() + self.extra.servers()) as u64);
        (self.started, self.stuck) = (0, false);
    }

    /// Handles the next event and returns its time; `None` if no event is left.
    #[inline(always)]
    pub fn step(&mut self) -> Option<Instant> {
        if (self.started as usize) < self.clients.len() {
            return self.start();
        }
        if self.wire.is_untidy() {
            self.tidy();
        }
        loop {
            if self.special {
                #[cfg(feature = "packets")]
                if self.stacks.is_some() {
                    return self.step_with_stacks();
                }
                if self.ahead.is_due() {
                    self.look_ahead();
                }
                if !self.extra.is_empty() {
                    return self.step_with_addresses();
                }
            }
            let (at, happening) = self.wire.next()?;
            // If the host's deadline has moved meanwhile, nothing happens: the next event follows.
            if self.happen::<false>(happening, at) {
                return Some(at);
            }
        }
    }

    /// Handles up to `max` events; returns how many there were, fewer only if none is left.
    #[inline(never)]
    pub(super) fn steps(&mut self, max: u64) -> u64 {
        let mut handled = 0;
        while handled < max && self.step().is_some() {
            handled += 1;
        }
        handled
    }

    /// Handles what is due; returns false if that is nothing. `SEVERAL`: hosts may have several addresses.
    /// (Where they do not, the possibility must cost nothing.)
    #[inline(always)]
    fn happen<const SEVERAL: bool>(&mut self, happening: Happening, at: Instant) -> bool {
        let (host, visit) = match happening {
            Happening::Wake(id) if SEVERAL && id as usize > self.clients.len() => {
                match self.happen_elsewhere(id, at) {
                    Some(happened) => happened,
                    None => return false,
                }
            }
            Happening::Wake(host) => match self.wake(host, at) {
                Some(visit) => (host, visit),
                None => return false,
            },
            Happening::Arrival(packet) => {
                self.arrive::<SEVERAL>(packet, at, |local, from| (local, from))
            }
        };
        match host {
            host if SEVERAL => self.drain(host, &visit),
            0 => self.drain_server::<false>(0, &visit),
            client => self.drain_client::<false>(client, &visit),
        }
        true
    }

    /// Wakes another server than the first one, or delivers a datagram that has a way of its own: both have numbers
    /// above those of clients.
    #[cold]
    fn happen_elsewhere(&mut self, id: u32, at: Instant) -> Option<(u32, Visit)> {
        match id as usize - self.clients.len() {
            place if place < self.extra.servers() => Some((id, self.wake_other(place, at)?)),
            _ => {
                let (packet, way) = self.wire.take_routed(id)?;
                Some(self.arrive::<true>(packet, at, |_, _| way))
            }
        }
    }

    /// Prefetches the hosts of the next events.
    #[inline(never)]
    fn look_ahead(&mut self) {
        let Self { clients, wire, ahead, .. } = self;
        ahead.look(wire.upcoming_hosts(LookAhead::MAX), |host| {
            let slot = clients.get((host as usize).wrapping_sub(1));
            let slot =
                slot.map_or(0, |slot| slot.wake ^ u64::from(slot.host.machine().is_finished()));
            slot ^ u64::from(wire.sent_by(host))
        });
    }

    /// Starts the next client; before the first one, the servers.
    #[cold]
    fn start(&mut self) -> Option<Instant> {
        let now = self.wire.now;
        if self.started == 0 {
            self.start_servers(now);
        }
        self.started += 1;
        let host = self.started;
        let role = Role::Client(self.wire.flow_of_host(host));
        #[cfg(feature = "packets")]
        if let Some(stacks) = &mut self.stacks {
            stacks.make(host);
        }
        let visit = self.clients[host as usize - 1].host.start(role, now);
        self.drain(host, &visit);
        Some(now)
    }

    /// Drains a host that has started, or any host if there are several servers or addresses. Out of line, because it has
    /// all ways to do that.
    #[inline(never)]
    fn drain(&mut self, host: u32, visit: &Visit) {
        #[cfg(feature = "packets")]
        if self.stacks.is_some() {
            return self.drain_with_stack(host, visit);
        }
        match self.server_place(host) {
            Some(place) => self.drain_server::<true>(place, visit),
            // A million starts are worth the short way as well.
            None if !self.special || self.extra.is_empty() => {
                self.drain_client::<false>(host, visit);
            }
            None => self.drain_client::<true>(host, visit),
        }
    }

    /// Drops entries that would wake nobody. A host that gets an earlier entry leaves the later one behind:
    /// if each wait of an hour ends after 20 ms with a reply, every exchange leaves one.
    #[cold]
    fn tidy(&mut self) {
        let Self { wire, server, others, clients, .. } = self;
        wire.tidy(|host, at| match host as usize {
            0 => server.wake == at.as_nanos(),
            flow if flow <= clients.len() => clients[flow - 1].wake == at.as_nanos(),
            other => others[other - clients.len() - 1].wake == at.as_nanos(),
        });
    }

    /// Fires the timer of a host: 0 is the first server, others are clients. Returns `None` if it is not due any
    /// more, or if the machines are stuck.
    #[inline(always)]
    fn wake(&mut self, host: u32, at: Instant) -> Option<Visit> {
        let (context, visit) = match host {
            0 => self.server.wake(Role::SERVER, 0, at, &mut self.wire)?,
            client => {
                let slot = &mut self.clients[client as usize - 1];
                let flow = self.wire.flow_of_host(client);
                slot.wake(Role::Client(flow), client, at, &mut self.wire)?
            }
        };
        self.fired(context, &visit, at).then_some(visit)
    }

    /// Records a timer that has fired. Returns false when the machines are stuck: nothing happens after
    /// that.
    #[inline]
    fn fired(&mut self, context: Context, visit: &Visit, at: Instant) -> bool {
        self.wire.now = at;
        if let Some(timer) = visit.timer() {
            self.wire.record(context, What::TimerFired { timer });
        }
        if self.timeouts.is_stuck(at, at) {
            self.stuck = true;
            self.wire.clear();
        }
        !self.stuck
    }

    /// Delivers a datagram; returns its host, as in [`wake`](Self::wake), and what follows.
    #[inline(always)]
    fn arrive<const SEVERAL: bool>(
        &mut self,
        packet: Packet,
        at: Instant,
        way: impl FnOnce(SocketAddr, SocketAddr) -> Way,
    ) -> (u32, Visit) {
        self.wire.now = at;
        let (flow, direction) = (packet.flow, packet.direction());
        let arrival = Arrival { flow, packet: packet.number, label: packet.label, server: None };
        let arrived = if direction == Direction::Request {
            let way = way(SERVER, client_address(flow));
            if SEVERAL {
                return self.arrive_at_server(packet, at, way);
            }
            self.wire.record_arrival(arrived(arrival, HostId::SERVER), packet, way);
            let bytes = self.wire.bytes(packet);
            (0, self.server.host.deliver(at, arrival, way, bytes))
        } else {
            let way = way(client_address(flow), SERVER);
            let place = if SEVERAL { self.extra.server_at(way.1) } else { None };
            let server = place.and_then(|place| self.extra.server_of_record(place));
            let arrival = Arrival { server, ..arrival };
            self.wire.record_arrival(arrived(arrival, HostId::Client), packet, way);
            let bytes = self.wire.bytes(packet);
            let client = self.wire.host_of_flow(flow);
            let host = &mut self.clients[client as usize - 1].host;
            (client, host.deliver(at, arrival, way, bytes))
        };
        self.wire.release(packet);
        arrived
    }

    #[inline(always)]
    fn drain_client<const SEVERAL: bool>(&mut self, client: u32, visit: &Visit) {
        let Self { clients, wire, buf, extra, .. } = self;
        let slot = &mut clients[client as usize - 1];
        let role = Role::Client(wire.flow_of_host(client));
        let unusual = |transmit: &Transmit| {
            let usual = !SEVERAL && transmit.from.is_none() && transmit.to == SERVER;
            if usual { None } else { Some(*transmit) }
        };
        loop {
            match slot.host.poll_map(role, visit, wire.now, buf, |_| None, unusual) {
                Output::Event(context, event) => wire.report(visit, context, event),
                Output::Transmit(context, None) => wire.send(context, Direction::Request, buf),
                Output::Transmit(context, Some(transmit)) => {
                    send_by_way(extra, wire, context, role, &transmit, buf);
                }
                Output::Wait(wait) => {
                    slot.wait(client, wait.deadline(), wire);
                    break wire.record_timer(&wait);
                }
            }
        }
    }

    #[inline(always)]
    fn drain_server<const SEVERAL: bool>(&mut self, place: usize, visit: &Visit) {
        let id = if SEVERAL { self.host_of_server(place) } else { 0 };
        let Self { clients, server, others, wire, buf, extra, .. } = self;
        let (server, role) = match place.checked_sub(1).filter(|_| SEVERAL) {
            None => (server, Role::SERVER),
            Some(other) => (&mut others[other], Role::Server(number_of(place))),
        };
        let (known, before) = (clients.len(), wire.before());
        let flow_of = |peer| {
            let usual = flow_of(peer).filter(|flow| is_among(*flow, before, known));
            if SEVERAL { usual.or_else(|| extra.client_at(peer)) } else { usual }
        };
        let unusual = |transmit: &Transmit| {
            let usual = !SEVERAL && transmit.from.is_none_or(|from| from == SERVER);
            if usual { None } else { Some(*transmit) }
        };
        loop {
            match server.host.poll_map(role, visit, wire.now, buf, flow_of, unusual) {
                Output::Event(context, event) => wire.record(context, event.into()),
                Output::Transmit(context, Some(transmit)) => {
                    send_by_way(extra, wire, context, role, &transmit, buf);
                }
                Output::Transmit(context, None) if context.flow != 0 => {
                    wire.send(context, Direction::Reply, buf);
                }
                Output::Transmit(context, None) => {
                    wire.send_to_nobody(context, Direction::Reply, buf);
                }
                Output::Wait(wait) => {
                    server.wait(id, wait.deadline(), wire);
                    break wire.record_timer(&wait);
                }
            }
        }
    }
}

/// Returns whether `flow` is one of `clients` flows after `before`.
#[inline(always)]
const fn is_among(flow: u32, before: u32, clients: usize) -> bool {
    (flow.wrapping_sub(before).wrapping_sub(1) as usize) < clients
}

/// Returns what the arrival of a datagram refers to.
#[inline(always)]
const fn arrived(Arrival { flow, packet, label, server }: Arrival, host: HostId) -> Context {
    Context { host, flow, packet, label, server }
}
