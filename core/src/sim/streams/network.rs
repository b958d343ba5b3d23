//! The network: clients, a server, and the event loop.

use super::super::packets::Packet;
use super::super::stack::{Stacks, port_of_syn};
use super::super::wire::{Happening, Wire};
use super::host::Host;
use super::outages::Outages;
use super::side::Side;
use crate::drive::{Context, Timeouts};
use crate::eras::Eras;
use crate::link::{Act, Fault, Link};
use crate::machine::Label;
use crate::random::Direction;
use crate::scenario::Family;
use crate::server::service::Outage;
use crate::stream::{Command, ConnectionId, Endpoint};
use crate::time::Instant;
use crate::trace::{HostId, Sink, What};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// A simulated network of clients `C` that connect to a server `S` over TCP, which records into `K`.
pub struct StreamNetwork<C: Endpoint, S: Endpoint, K> {
    pub(super) clients: Vec<Host<C>>,
    pub(super) server: Host<S>,
    /// The server's connections, by client, for those that have started.
    pub(super) sides: Vec<Side>,
    /// The client of each of the server's connections, and the send that it is for.
    pub(super) flows: BTreeMap<ConnectionId, (u32, Option<Label>)>,
    /// Number of connections that the server has accepted.
    accepted: u64,
    /// The server accepts connections.
    pub(super) listens: bool,
    pub(super) outages: Outages,
    pub(super) stacks: Stacks,
    pub(super) wire: Wire<K>,
    /// Number of hosts that have started; the server is the first.
    pub(super) started: usize,
    buf: Vec<u8>,
    timeouts: Timeouts,
    /// Endpoints asked for time-outs without end.
    pub(super) stuck: bool,
    /// Returns the record of a server event, if it has one.
    as_record: fn(S::Event) -> Option<What>,
}

impl<C, S, K> StreamNetwork<C, S, K>
where
    C: Endpoint<Event: Into<What>>,
    S: Endpoint,
    K: Sink,
{
    /// Creates a network at time 0 with the addresses of [`Network::new`](crate::sim::Network::new). All clients start at
    /// once.
    ///
    /// # Panics
    /// If there are more than 16,777,213 clients.
    #[must_use]
    pub fn new(
        clients: impl IntoIterator<Item = C>,
        server: S,
        link: &Link,
        seed: u64,
        sink: K,
    ) -> Self {
        let clients: Vec<Host<C>> = clients.into_iter().map(Host::new).collect();
        let count = clients.len();
        assert!(count <= Stacks::MAX_CLIENTS, "too many clients with stacks: {count}");
        let stacks = Stacks::for_streams(link, seed, Family::Ipv4);
        Self {
            clients,
            server: Host::new(server),
            sides: Vec::with_capacity(count),
            flows: BTreeMap::new(),
            accepted: 0,
            listens: true,
            outages: Outages::default(),
            stacks,
            wire: Wire::new(link, seed, 2 * count, sink),
            started: 0,
            buf: Vec::new(),
            timeouts: Timeouts::of_hosts(count as u64 + 1),
            stuck: false,
            as_record: |_| None,
        }
    }

    /// The same network of another address family, over which the clients connect to
    /// [`SERVER_IPV6`](crate::sim::SERVER_IPV6).
    ///
    /// # Panics
    /// If the network has run already, or if the hosts speak IPv6 over a link without
    /// [checksums](crate::link::Link::checksum).
    #[must_use]
    pub fn over(mut self, family: Family) -> Self {
        assert!(self.started == 0, "the network has run already");
        if family == self.stacks.family() {
            return self;
        }
        let (link, seed) = (self.wire.channel().link(), self.wire.seed());
        self.stacks = Stacks::for_streams(link, seed, family);
        self
    }

    /// Sets how events of the server become records; without this, they have none.
    #[must_use]
    pub fn recording(mut self, as_record: fn(S::Event) -> Option<What>) -> Self {
        self.as_record = as_record;
        self
    }

    /// The same network, in which nobody listens on the server's port: its host answers with a reset.
    #[must_use]
    pub const fn without_listener(mut self) -> Self {
        self.listens = false;
        self
    }

    /// The same network, whose TCP sockets have buffers of this many bytes in each direction.
    #[must_use]
    pub fn with_buffers(mut self, bytes: usize) -> Self {
        self.stacks.set_tcp_buffer(bytes.max(1));
        self
    }

    /// Adds outages of the server: its host loses what arrives and sends nothing. Unless it keeps them, it also loses its
    /// connections, and answers the segments of each with a reset when it is back. (It has no other work: outages that
    /// slow it down have no effect.)
    #[must_use]
    pub fn with_outages(mut self, outages: &[Outage]) -> Self {
        self.outages = Outages::new(outages);
        self
    }

    /// Adds faults of the link.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.wire.set_faults(faults);
        self
    }

    /// Sets the links that follow each other.
    #[must_use]
    pub(in crate::sim) fn with_link_eras(mut self, eras: Eras<Link>) -> Self {
        self.wire.set_eras(eras);
        self
    }

    /// Adds acts by hand: see [`Pipe::add_acts`](crate::link::Pipe::add_acts).
    #[must_use]
    pub fn with_acts(mut self, acts: &[Act]) -> Self {
        self.wire.set_acts(acts);
        self
    }

    /// Returns the number that stands for outages among those of hosts.
    pub(super) fn id_of_outage(&self) -> u32 {
        2 * self.clients.len() as u32 + 1
    }

    /// Handles up to `max` events; returns how many there were, fewer only if none is left.
    pub(in crate::sim) fn steps(&mut self, max: u64) -> u64 {
        let mut handled = 0;
        while handled < max && self.step().is_some() {
            handled += 1;
        }
        handled
    }

    /// Handles the next event and returns its time; `None` if no event is left.
    pub fn step(&mut self) -> Option<Instant> {
        if self.started <= self.clients.len() {
            return Some(self.start());
        }
        loop {
            let (at, happening) = self.wire.next()?;
            match happening {
                Happening::Arrival(packet) => self.arrive(packet, at),
                Happening::Wake(id) if id == self.id_of_outage() => {
                    self.wire.now = at;
                    self.switch();
                }
                Happening::Wake(id) => {
                    let count = self.clients.len() as u32;
                    let side = self.side(id);
                    if side.wake != Some(at) {
                        continue; // It was given an earlier entry since, and has been woken by it.
                    }
                    side.wake = None;
                    let is_server = id == 0 || id > count;
                    if is_server && self.outages.is_down() {
                        continue; // It continues when it is back.
                    }
                    self.wire.now = at;
                    self.wake(id, count);
                    if self.stuck {
                        self.wire.clear();
                        return None;
                    }
                }
            }
            if self.wire.is_untidy() {
                self.tidy();
            }
            return Some(at);
        }
    }

    /// Returns what the queue wakes as `id`: the server's endpoint, a client, or the server's stack for a client.
    fn side(&mut self, id: u32) -> &mut Side {
        let count = self.clients.len() as u32;
        match id {
            0 => &mut self.server.side,
            flow if flow <= count => &mut self.clients[flow as usize - 1].side,
            other => &mut self.sides[(other - count) as usize - 1],
        }
    }

    fn start(&mut self) -> Instant {
        let (now, started) = (self.wire.now, self.started);
        self.started += 1;
        if started == 0 {
            self.server.endpoint.handle_start(now);
            self.settle_server(0);
            self.switch();
        } else {
            let flow = started as u32;
            self.stacks.make(flow);
            let mut side = Side::default();
            if self.listens && !self.outages.has_lost_connections() {
                side.listen(self.stacks.server_stack(flow));
            }
            self.sides.push(side);
            self.clients[started - 1].endpoint.handle_start(now);
            self.settle_client(flow);
        }
        now
    }

    fn wake(&mut self, id: u32, count: u32) {
        let wire = &mut self.wire;
        let now = wire.now;
        match id {
            0 => {
                if self.server.fire(wire, context(HostId::SERVER, 0)) {
                    self.stuck = self.timeouts.is_stuck(now, now);
                }
                self.settle_server(0);
            }
            flow if flow <= count => {
                if self.clients[flow as usize - 1].fire(wire, context(HostId::Client, flow)) {
                    self.stuck = self.timeouts.is_stuck(now, now);
                }
                self.settle_client(flow);
            }
            other => self.settle_server(other - count),
        }
    }

    fn arrive(&mut self, packet: Packet, at: Instant) {
        self.wire.now = at;
        let (flow, direction) = (packet.flow, packet.direction());
        let to_server = direction == Direction::Request;
        let host = if to_server { HostId::SERVER } else { HostId::Client };
        let (number, label) = (packet.number, packet.label);
        let context = Context { host, flow, packet: number, label, server: None };
        let Self { sides, stacks, wire, .. } = self;
        if to_server && self.outages.is_down() {
            return stacks.lose(wire, packet, context);
        }
        let side = &mut sides[flow as usize - 1];
        let port = port_of_syn(wire.bytes(packet)).filter(|_| to_server);
        let is_hidden =
            port.is_some_and(|port| side.hide_listener(stacks.server_stack(flow), port));
        stacks.receive(wire, packet, context);
        if is_hidden {
            side.listen(stacks.server_stack(flow));
        }
        if to_server { self.settle_server(flow) } else { self.settle_client(flow) }
    }

    /// Does what a client wants after an input of it or of its stack.
    fn settle_client(&mut self, flow: u32) {
        let Self { clients, stacks, wire, buf, .. } = self;
        let Host { endpoint, side, .. } = &mut clients[flow as usize - 1];
        let (now, context) = (wire.now, context(HostId::Client, flow));
        loop {
            // A client accepts no connections.
            side.advance(stacks.client_stack(flow), endpoint, now, buf, &mut 0);
            let mut is_done = true;
            loop {
                while let Some(event) = endpoint.poll_event() {
                    let label = endpoint.subject(&event).label;
                    wire.record(Context { label, ..context }, event.into());
                }
                buf.clear();
                let Some(command) = endpoint.poll_command(now, buf) else { break };
                let label = endpoint.label(command.0);
                if matches!(command.1, Command::Connect { .. }) {
                    wire.record(Context { label, ..context }, What::Connecting);
                }
                let stack = stacks.client_stack(flow);
                let port = side.carry_out(stack, endpoint, now, command, buf);
                if let (Some(port), Some(label)) = (port, label) {
                    stacks.labels_mut().set(flow, port, label);
                }
                is_done = false;
            }
            if is_done {
                break;
            }
        }
        stacks.transmit(wire, context);
        if side.finish(stacks.client_stack(flow)) {
            stacks.transmit(wire, context);
        }
        let stack = stacks.client_stack(flow);
        side.forget(stack, |_| {});
        let due = stack.poll_at(now);
        let host = &mut clients[flow as usize - 1];
        let label = host.endpoint.timer_label();
        let deadline = host.record_timer(wire, Context { label, ..context });
        host.side.wait(flow, earlier(due, deadline), wire);
    }

    /// Does what the server wants after an input of it, or of its stack for client `flow`; 0 stands for none.
    pub(super) fn settle_server(&mut self, flow: u32) {
        if self.outages.is_down() {
            return;
        }
        let mut touched = BTreeSet::from_iter(Some(flow).filter(|flow| *flow > 0));
        let context = context(HostId::SERVER, flow);
        loop {
            for flow in &touched {
                self.advance_server(*flow);
            }
            let mut is_done = true;
            loop {
                self.record_server_events(context);
                let Self { server, sides, flows, stacks, wire, buf, .. } = self;
                let (endpoint, now) = (&mut server.endpoint, wire.now);
                buf.clear();
                let Some(command) = endpoint.poll_command(now, buf) else { break };
                // A server asks for no connections, and may speak of one that has just ended.
                let Some(&(flow, _)) = flows.get(&command.0) else { continue };
                let (side, stack) = (&mut sides[flow as usize - 1], stacks.server_stack(flow));
                side.carry_out(stack, endpoint, now, command, buf);
                touched.insert(flow);
                is_done = false;
            }
            if is_done {
                break;
            }
        }
        for flow in touched {
            self.release_server(flow);
        }
        // What its limits wait for says nothing about an exchange. A limit that is reached is recorded.
        let deadline = self.server.endpoint.poll_timeout().map(|(_, deadline)| deadline);
        self.server.side.wait(0, deadline, &mut self.wire);
    }

    /// Records what the server reports. What refers to none of its connections refers to `context`.
    pub(super) fn record_server_events(&mut self, context: Context) {
        let Self { server, flows, wire, as_record, .. } = self;
        while let Some(event) = server.endpoint.poll_event() {
            let connection = server.endpoint.subject(&event).connection;
            let known = connection.and_then(|id| flows.get(&id).copied());
            let of = |(flow, label)| Context { flow, label, ..context };
            if let Some(what) = as_record(event) {
                wire.record(known.map_or(context, of), what);
            }
        }
    }

    fn advance_server(&mut self, flow: u32) {
        let Self { server, sides, flows, accepted, stacks, wire, buf, .. } = self;
        let side = &mut sides[flow as usize - 1];
        let stack = stacks.server_stack(flow);
        let begun = side.advance(stack, &mut server.endpoint, wire.now, buf, accepted);
        if let Some((id, port)) = begun {
            flows.insert(id, (flow, stacks.labels().of(flow, port)));
        }
    }

    /// Sends what the server's stack for client `flow` has ready, and waits.
    fn release_server(&mut self, flow: u32) {
        let Self { sides, flows, stacks, wire, clients, .. } = self;
        let context = context(HostId::SERVER, flow);
        stacks.transmit(wire, context);
        if sides[flow as usize - 1].finish(stacks.server_stack(flow)) {
            stacks.transmit(wire, context);
        }
        let (side, stack) = (&mut sides[flow as usize - 1], stacks.server_stack(flow));
        side.forget(stack, |id| {
            flows.remove(&id);
        });
        let due = stack.poll_at(wire.now);
        side.wait(clients.len() as u32 + flow, due, wire);
    }

    /// Drops entries of the queue that would wake nobody.
    #[cold]
    fn tidy(&mut self) {
        let Self { wire, server, clients, sides, .. } = self;
        let count = clients.len() as u32;
        wire.tidy(|id, at| {
            let side = match id {
                0 => &server.side,
                flow if flow <= count => &clients[flow as usize - 1].side,
                other => match sides.get((other - count) as usize - 1) {
                    Some(side) => side,
                    // An outage.
                    None => return true,
                },
            };
            side.wake == Some(at)
        });
    }
}

pub(super) const fn context(host: HostId, flow: u32) -> Context {
    Context { host, flow, packet: 0, label: None, server: None }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
