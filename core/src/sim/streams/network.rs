//! The network: clients, a server, and the event loop.

use super::super::packets::Packet;
use super::super::stack::{Stacks, port_of_syn};
use super::super::wire::{Happening, Wire};
use super::side::Side;
use crate::drive::Context;
use crate::link::{Fault, Link};
use crate::machine::Timer;
use crate::random::Direction;
use crate::stream::{ConnectionId, Endpoint};
use crate::time::Instant;
use crate::trace::{HostId, Sink, What};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// A simulated network of clients `C` that connect to a server `S` over TCP, which records into `K`.
pub struct StreamNetwork<C: Endpoint, S: Endpoint, K> {
    clients: Vec<Host<C>>,
    server: Host<S>,
    /// The server's connections, by client.
    sides: Vec<Side>,
    /// The client of each of the server's connections.
    flows: BTreeMap<ConnectionId, u32>,
    /// Number of connections that the server has accepted.
    accepted: u64,
    stacks: Stacks,
    wire: Wire<K>,
    /// Number of hosts that have started; the server is the first.
    started: usize,
    buf: Vec<u8>,
    /// Returns the record of a server event, if it has one.
    as_record: fn(S::Event) -> Option<What>,
}

/// An endpoint with its connections; those of the server are elsewhere.
#[derive(Debug)]
struct Host<E> {
    endpoint: E,
    side: Side,
    /// The timer when it was last recorded.
    timer: Option<(Timer, Instant)>,
}

impl<E> Host<E> {
    fn new(endpoint: E) -> Self {
        Self { endpoint, side: Side::default(), timer: None }
    }
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
        let mut stacks = Stacks::for_streams(count, link, seed);
        let mut sides: Vec<Side> = (0..count).map(|_| Side::default()).collect();
        for (side, flow) in sides.iter_mut().zip(1..) {
            side.listen(stacks.server_stack(flow));
        }
        Self {
            clients,
            server: Host::new(server),
            sides,
            flows: BTreeMap::new(),
            accepted: 0,
            stacks,
            wire: Wire::new(link, seed, 2 * count, sink),
            started: 0,
            buf: Vec::new(),
            as_record: |_| None,
        }
    }

    /// Sets how events of the server become records; without this, they have none.
    #[must_use]
    pub fn recording(mut self, as_record: fn(S::Event) -> Option<What>) -> Self {
        self.as_record = as_record;
        self
    }

    /// The same network, in which nobody listens on the server's port: its host answers with a reset.
    #[must_use]
    pub fn without_listener(mut self) -> Self {
        for (side, flow) in self.sides.iter_mut().zip(1..) {
            side.refuse(self.stacks.server_stack(flow));
        }
        self
    }

    /// Adds faults of the link.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.wire.set_faults(faults);
        self
    }

    /// Lets nothing happen after `end`: [`step`](Self::step) returns `None` then.
    pub const fn end_at(&mut self, end: Instant) {
        self.wire.end_at(end);
    }

    /// Returns the time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.wire.now
    }

    /// Returns the clients, in order.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = &C> {
        self.clients.iter().map(|host| &host.endpoint)
    }

    /// Returns the server.
    pub const fn server(&self) -> &S {
        &self.server.endpoint
    }

    /// Returns the number of TCP sockets that are not closed, at both ends, without those that listen.
    #[must_use]
    pub fn sockets(&self) -> usize {
        let clients = self.clients.iter().map(|host| host.side.len()).sum::<usize>();
        clients + self.sides.iter().map(Side::len).sum::<usize>()
    }

    /// Ends the run and returns what was recorded.
    pub fn into_sink(self) -> K {
        self.wire.sink
    }

    /// Handles the next event and returns its time; `None` if no event is left.
    pub fn step(&mut self) -> Option<Instant> {
        if self.started <= self.clients.len() {
            return Some(self.start());
        }
        loop {
            let (at, happening) = self.wire.next()?;
            let count = self.clients.len() as u32;
            match happening {
                Happening::Arrival(packet) => self.arrive(packet, at),
                Happening::Wake(id) => {
                    let side = match id {
                        0 => &mut self.server.side,
                        flow if flow <= count => &mut self.clients[flow as usize - 1].side,
                        other => &mut self.sides[(other - count) as usize - 1],
                    };
                    if side.wake != Some(at) {
                        continue; // It was given an earlier entry since, and has been woken by it.
                    }
                    side.wake = None;
                    self.wire.now = at;
                    self.wake(id, count);
                }
            }
            if self.wire.is_untidy() {
                self.tidy();
            }
            return Some(at);
        }
    }

    fn start(&mut self) -> Instant {
        let (now, started) = (self.wire.now, self.started);
        self.started += 1;
        if started == 0 {
            self.server.endpoint.handle_start(now);
            self.settle_server(0);
        } else {
            self.clients[started - 1].endpoint.handle_start(now);
            self.settle_client(started as u32);
        }
        now
    }

    fn wake(&mut self, id: u32, count: u32) {
        let wire = &mut self.wire;
        match id {
            0 => {
                self.server.fire(wire, context(HostId::SERVER, 0));
                self.settle_server(0);
            }
            flow if flow <= count => {
                self.clients[flow as usize - 1].fire(wire, context(HostId::Client, flow));
                self.settle_client(flow);
            }
            other => self.settle_server(other - count),
        }
    }

    fn arrive(&mut self, packet: Packet, at: Instant) {
        self.wire.now = at;
        let (flow, direction) = (packet.flow(), packet.direction());
        let to_server = direction == Direction::Request;
        let host = if to_server { HostId::SERVER } else { HostId::Client };
        let context = Context { packet: packet.number, ..context(host, flow) };
        let Self { sides, stacks, wire, .. } = self;
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
                    wire.record(context, event.into());
                }
                buf.clear();
                let Some(command) = endpoint.poll_command(now, buf) else { break };
                side.carry_out(stacks.client_stack(flow), endpoint, now, command, buf);
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
        let deadline = host.record_timer(wire, context);
        host.side.wait(flow, earlier(due, deadline), wire);
    }

    /// Does what the server wants after an input of it, or of its stack for client `flow`; 0 stands for none.
    fn settle_server(&mut self, flow: u32) {
        let mut touched = BTreeSet::from_iter(Some(flow).filter(|flow| *flow > 0));
        let context = context(HostId::SERVER, flow);
        loop {
            for flow in &touched {
                self.advance_server(*flow);
            }
            let Self { server, sides, flows, stacks, wire, buf, as_record, .. } = self;
            let endpoint = &mut server.endpoint;
            let (now, mut is_done) = (wire.now, true);
            loop {
                while let Some(event) = endpoint.poll_event() {
                    if let Some(what) = as_record(event) {
                        wire.record(context, what);
                    }
                }
                buf.clear();
                let Some(command) = endpoint.poll_command(now, buf) else { break };
                // A server asks for no connections, and may speak of one that has just ended.
                let Some(&flow) = flows.get(&command.0) else { continue };
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
        let deadline = self.server.record_timer(&mut self.wire, context);
        self.server.side.wait(0, deadline, &mut self.wire);
    }

    fn advance_server(&mut self, flow: u32) {
        let Self { server, sides, flows, accepted, stacks, wire, buf, .. } = self;
        let (side, before) = (&mut sides[flow as usize - 1], *accepted);
        let stack = stacks.server_stack(flow);
        side.advance(stack, &mut server.endpoint, wire.now, buf, accepted);
        if *accepted > before {
            flows.insert(ConnectionId(*accepted), flow);
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
                other => &sides[(other - count) as usize - 1],
            };
            side.wake == Some(at)
        });
    }
}

impl<E: Endpoint> Host<E> {
    /// Fires the endpoint's timer, if it is due.
    fn fire<K: Sink>(&mut self, wire: &mut Wire<K>, context: Context) {
        let Some((timer, deadline)) = self.endpoint.poll_timeout() else { return };
        if deadline <= wire.now {
            wire.record(context, What::TimerFired { timer });
            self.timer = None;
            self.endpoint.handle_timeout(wire.now);
        }
    }

    /// Records the endpoint's timer if it has changed; returns its deadline.
    fn record_timer<K: Sink>(&mut self, wire: &mut Wire<K>, context: Context) -> Option<Instant> {
        let timer = self.endpoint.poll_timeout();
        if timer != self.timer {
            self.timer = timer;
            if let Some((timer, deadline)) = timer {
                wire.record(context, What::TimerArmed { timer, deadline });
            }
        }
        timer.map(|(_, deadline)| deadline)
    }
}

const fn context(host: HostId, flow: u32) -> Context {
    Context { host, flow, packet: 0, label: None }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
