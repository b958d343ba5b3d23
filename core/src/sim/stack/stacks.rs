//! The stacks of all hosts, the router between them, and their way to the link.

use super::super::packets::Packet;
use super::super::wire::Wire;
use super::frames::{self, HEADERS, refused};
use super::host::{Stack, TCP_BUFFER};
use super::labels::Labels;
use super::neighbors;
use super::place::{Place, Sizes};
use super::port::{Frames, Limits};
use super::router::{self, Verdict};
use crate::drive::{Context, NOT_ITS_ADDRESS, Role};
use crate::link::{Action, Delivery, Link, Step};
use crate::machine::Transmit;
use crate::random::{Direction, Name, Purpose};
use crate::scenario::Family;
use crate::time::Duration;
use crate::trace::{Carried, Cause, FrameStep, HostId, Sink, What};
use alloc::vec::Vec;
use core::net::SocketAddr;

/// How long the router uses what it has learned of a host. Hosts forget after twice that time, and learn from the router's
/// requests, so a host that is spoken to always knows its router.
const KNOWN: Duration = Duration::from_secs(30);

/// Note about a datagram that is not sent, because UDP has no room for it.
const TOO_LONG: &str = "not sent: a UDP datagram has at most 65507 bytes (65527 over IPv6)";

/// The stacks of the hosts: that of the server for datagrams, and then, for each client, its own and, if there are
/// connections, one of the server for them.
///
/// A stack takes tens of kilobytes, and the stacks of many clients take seconds to make. They are made when their clients
/// start, because a run can be stopped between two events, and its memory is bounded.
pub(in crate::sim) struct Stacks {
    pub(super) hosts: Vec<Stack>,
    /// The server has a stack for the connections of each client.
    has_connections: bool,
    family: Family,
    seed: u64,
    limits: Limits,
    /// Bytes of the buffers of TCP sockets, each way.
    tcp_buffer: usize,
    sizes: Sizes,
    /// Clients learn that nobody listens on the server's port.
    connected: bool,
    /// Frames that a host has just sent.
    leaving: Frames,
    /// The frame that is arriving.
    pub(super) arriving: Vec<u8>,
    /// Memory of all stacks in bytes, without that of TCP sockets.
    memory: usize,
    /// Which sends connections are for.
    pub(super) labels: Labels,
}

/// What a frame that has arrived means to the host's machine.
pub(in crate::sim) enum Received {
    /// Nothing yet, or nothing at all.
    Nothing,
    /// Perhaps a datagram, which [`Stacks::datagram`] returns.
    Datagram,
    /// Nobody listens at this address.
    Refused(SocketAddr),
}

/// How the packets are named that a host sends.
enum Names {
    /// The next fragment of the datagram with this name, from 0.
    Datagram(Name, u16),
    /// The answer of the stack to the packet with this name.
    Answer(Name),
    /// By their order in their flow and direction.
    Counted,
}

impl Names {
    fn next<K: Sink>(&mut self, wire: &mut Wire<K>, flow: u32, direction: Direction) -> Name {
        match self {
            Self::Datagram(name, fragment) => {
                let next = name.fragment(*fragment);
                *fragment += 1;
                next
            }
            Self::Answer(name) => name.answer(),
            Self::Counted => wire.next_name(flow, direction),
        }
    }
}

impl core::fmt::Debug for Stacks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stacks").field("hosts", &self.hosts.len()).finish_non_exhaustive()
    }
}

impl Stacks {
    /// Maximum number of clients: the addresses of the router and for broadcasts are not a client's.
    pub(in crate::sim) const MAX_CLIENTS: usize = (1 << 24) - 3;

    /// Bytes of a host's stack at first.
    pub(in crate::sim) const MEMORY_OF_HOST: usize = size_of::<Stack>() + 1_024;

    /// Creates the stacks of a server, which may be listening, and of clients, which may be connected.
    pub(in crate::sim) fn new(
        link: &Link,
        seed: u64,
        family: Family,
        (connected, listening): (bool, bool),
    ) -> Self {
        assert!(family == Family::Ipv4 || link.checksum, "IPv6 needs checksums");
        let sizes = Sizes::new(family, link, listening);
        let mut stacks = Self {
            hosts: Vec::new(),
            has_connections: false,
            family,
            seed,
            limits: Limits { mtu: sizes.mtu, checks: link.checksum },
            tcp_buffer: TCP_BUFFER,
            sizes,
            connected,
            leaving: Frames::default(),
            arriving: Vec::new(),
            memory: 0,
            labels: Labels::default(),
        };
        stacks.add(Place::of_server(family), listening, 0, Direction::Reply);
        stacks
    }

    /// Creates the stacks of clients, and one of the server for each of them.
    pub(in crate::sim) fn for_streams(link: &Link, seed: u64, family: Family) -> Self {
        // No UDP datagram arrives, whoever listens.
        let stacks = Self::new(link, seed, family, (false, true));
        Self { has_connections: true, ..stacks }
    }

    /// Makes the stacks of the clients up to `flow` that have none yet.
    pub(in crate::sim) fn make(&mut self, flow: u32) {
        while self.hosts.len() <= self.client(flow) {
            let next = ((self.hosts.len() - 1) / self.per_client()) as u32 + 1;
            self.add(Place::of_client(self.family, next), true, next, Direction::Request);
            if self.has_connections {
                self.add(Place::of_server(self.family), false, next, Direction::Reply);
            }
        }
    }

    /// Adds the stack of a host that sends in `direction`.
    fn add(&mut self, place: Place, listens: bool, flow: u32, direction: Direction) {
        // Smoltcp draws identifiers of packets and sequence numbers.
        let name = Name { seed: self.seed, flow, direction, index: 0 };
        let seed = name.stream(Purpose::Stack).next_u64();
        let mut stack = Stack::new(place, self.limits, listens, seed);
        stack.set_tcp_buffer(self.tcp_buffer);
        self.memory += stack.memory();
        self.hosts.push(stack);
    }

    /// Returns the address family of the hosts.
    pub(in crate::sim) const fn family(&self) -> Family {
        self.family
    }

    /// Returns the stack of client `flow`.
    pub(in crate::sim) fn client_stack(&mut self, flow: u32) -> &mut Stack {
        let host = self.client(flow);
        &mut self.hosts[host]
    }

    /// Returns the server's stack for the connections of client `flow`.
    pub(in crate::sim) fn server_stack(&mut self, flow: u32) -> &mut Stack {
        let host = self.server_of(flow);
        &mut self.hosts[host]
    }

    /// Sets the bytes of the buffers of TCP sockets, each way. Stacks that are made already keep theirs.
    pub(in crate::sim) const fn set_tcp_buffer(&mut self, bytes: usize) {
        self.tcp_buffer = bytes;
    }

    /// Sends what a stack has ready for its connections: that of the client of `context`, or of its server.
    pub(in crate::sim) fn transmit<K: Sink>(&mut self, wire: &mut Wire<K>, context: Context) {
        let host = match context.host {
            HostId::Client => self.client(context.flow),
            HostId::Server(_) | HostId::Link => self.server_of(context.flow),
        };
        self.flush(wire, host, context, Names::Counted);
    }

    /// Returns the number of stacks that are made for a client.
    const fn per_client(&self) -> usize {
        if self.has_connections { 2 } else { 1 }
    }

    /// Returns the host of client `flow`.
    pub(super) const fn client(&self, flow: u32) -> usize {
        (flow as usize - 1) * self.per_client() + 1
    }

    /// Returns the host of the server that client `flow` reaches.
    const fn server_of(&self, flow: u32) -> usize {
        if self.has_connections { 2 * flow as usize } else { 0 }
    }

    const fn is_server(&self, host: usize) -> bool {
        host == 0 || self.has_connections && host.is_multiple_of(2)
    }

    /// Returns the memory in bytes.
    pub(in crate::sim) const fn memory(&self) -> usize {
        self.memory
    }

    /// Sends a machine's datagram.
    pub(in crate::sim) fn send<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        role: Role,
        context: Context,
        &Transmit { from, to, .. }: &Transmit,
        bytes: &[u8],
    ) {
        let (host, direction) = match role {
            Role::Client(flow) => (self.client(flow), Direction::Request),
            Role::Server(_) => (0, Direction::Reply),
        };
        if context.flow > 0 {
            self.make(context.flow);
        }
        if from.is_some_and(|from| from != self.hosts[host].place.socket) {
            return wire.record(context, What::from(NOT_ITS_ADDRESS));
        }
        let peer = if host == 0 { context.flow as usize } else { 0 };
        if context.flow == 0 || self.hosts.get(peer).is_none_or(|peer| to != peer.place.socket) {
            return wire.send_to_nobody(context, direction, bytes);
        }
        if bytes.len() > self.sizes.datagram {
            return wire.record(context, What::from(TOO_LONG));
        }
        let (name, context) = wire.number(context, direction, bytes.len());
        if self.sizes.is_too_big(bytes.len()) {
            let what = What::Dropped { direction, cause: Cause::TooBig };
            return wire.record(Context { host: HostId::Link, ..context }, what);
        }
        self.memory += self.hosts[host].reserve(bytes.len());
        self.hosts[host].send(to, bytes);
        self.flush(wire, host, context, Names::Datagram(name, 0));
    }

    /// Receives the frame with which `packet` arrives at its host.
    pub(in crate::sim) fn receive<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        packet: Packet,
        context: Context,
    ) -> Received {
        let direction = packet.direction();
        let host = match direction {
            Direction::Request => self.server_of(packet.flow),
            Direction::Reply => self.client(packet.flow),
        };
        self.resolve(wire, host, context, direction);
        self.arriving.clear();
        self.arriving.extend_from_slice(wire.bytes(packet));
        wire.release(packet);
        let mut carried = frames::carried(&self.arriving);
        wire.frame(context, FrameStep::Received, direction, carried, &self.arriving);
        if carried == Carried::Fragment {
            let reassembly = &mut self.hosts[host].reassembly;
            let before = reassembly.memory();
            let whole = reassembly.add(wire.now, &self.arriving);
            self.memory = self.memory + reassembly.memory() - before;
            let Some(whole) = whole else { return Received::Nothing };
            self.arriving = whole;
            carried = frames::carried(&self.arriving);
        }
        let longest = self.arriving.len().saturating_sub(HEADERS);
        self.memory += self.hosts[host].reserve(longest);
        self.hosts[host].receive(wire.now, &self.arriving, &mut self.leaving);
        // As in an operating system, what the stack answers by itself leaves before the host's machine reacts.
        if self.leaving.len() > 0 || self.has_connections {
            let answer = Names::Answer(wire.name_of(packet, back(direction)));
            let names = if self.has_connections { Names::Counted } else { answer };
            self.flush(wire, host, Context { packet: 0, ..context }, names);
        }
        match carried {
            Carried::Udp => Received::Datagram,
            Carried::PortUnreachable if self.connected && !self.is_server(host) => {
                let own = self.hosts[host].place.socket;
                let peer = refused(&self.arriving).filter(|(from, _)| *from == own);
                peer.map_or(Received::Nothing, |(_, to)| Received::Refused(to))
            }
            _ => Received::Nothing,
        }
    }

    /// Returns the datagram that has arrived at a host, with the addresses to which and from which it was sent.
    pub(in crate::sim) fn datagram(
        &mut self,
        host: u32,
    ) -> Option<(&[u8], (SocketAddr, SocketAddr))> {
        self.hosts[host as usize].datagram()
    }

    /// Lets the router ask for the Ethernet address of a host, unless it knows it.
    fn resolve<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        host: usize,
        context: Context,
        direction: Direction,
    ) {
        let is_server = self.is_server(host);
        let stack = &mut self.hosts[host];
        if wire.now < stack.known_until {
            return;
        }
        let request = neighbors::request(&stack.place);
        let own = of_host(is_server, context);
        wire.frame(own, FrameStep::Received, direction, frames::carried(&request), &request);
        stack.receive(wire.now, &request, &mut self.leaving);
        // A segment that is due leaves with the reply.
        let answer = Names::Answer(Name { seed: 0, flow: 0, direction, index: 0 });
        let names = if self.has_connections { Names::Counted } else { answer };
        self.flush(wire, host, context, names);
    }

    /// Sends the frames that a host has ready, until it has no more.
    fn flush<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        host: usize,
        context: Context,
        mut names: Names,
    ) {
        let mut next = 0;
        loop {
            while next < self.leaving.len() {
                let carried = self.leave(wire, host, next, context, &mut names);
                next += 1;
                // A machine's datagram is alone in its socket, and has left in one packet.
                if carried == Carried::Udp && matches!(names, Names::Datagram(..)) {
                    return self.leaving.clear();
                }
            }
            self.hosts[host].transmit(wire.now, &mut self.leaving);
            if next == self.leaving.len() {
                break self.leaving.clear();
            }
        }
    }

    /// Brings a frame from a host to the router, and from there to the link; returns what it carries.
    fn leave<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        host: usize,
        index: usize,
        context: Context,
        names: &mut Names,
    ) -> Carried {
        let is_server = self.is_server(host);
        let direction = if is_server { Direction::Reply } else { Direction::Request };
        let peer = if is_server { self.client(context.flow) } else { self.server_of(context.flow) };
        let carried = frames::carried(self.leaving.get(index));
        let mut context = context;
        if self.has_connections && carried.is_tcp() {
            let frame = self.leaving.get(index);
            context.label = self.label_of_segment(frame, context.flow, direction);
        }
        let frame = self.leaving.get_mut(index);
        let name = match carried {
            Carried::ArpRequest
            | Carried::ArpReply
            | Carried::NeighborSolicitation
            | Carried::NeighborAdvertisement => None,
            _ => Some(names.next(wire, context.flow, direction)),
        };
        let own = match (name, &names) {
            (None, _) => of_host(is_server, context),
            (Some(name), Names::Counted) => {
                Context { packet: (name.index as u32).wrapping_add(1), ..context }
            }
            (Some(_), _) => context,
        };
        wire.frame(own, FrameStep::Sent, direction, carried, frame);
        match router::judge(frame, &self.hosts[host].place) {
            Verdict::Answer(reply) => {
                let back = back(direction);
                wire.frame(own, FrameStep::Received, back, frames::carried(&reply), &reply);
                self.hosts[host].known_until = wire.now.saturating_add(KNOWN);
                self.hosts[host].receive(wire.now, &reply, &mut self.leaving);
            }
            Verdict::Learned => self.hosts[host].known_until = wire.now.saturating_add(KNOWN),
            Verdict::Forward(to) => {
                match (name, self.hosts.get(peer).filter(|peer| peer.place.address() == to)) {
                    (Some(name), Some(peer)) => {
                        router::forward(frame, peer.place.ethernet);
                        carry(wire, own, direction, carried, name, frame);
                    }
                    _ => lose(wire, own, direction, carried, frame),
                }
            }
            Verdict::Ignore => lose(wire, own, direction, carried, frame),
        }
        carried
    }
}

/// Puts a packet on the link.
fn carry<K: Sink>(
    wire: &mut Wire<K>,
    context: Context,
    direction: Direction,
    carried: Carried,
    name: Name,
    frame: &mut [u8],
) {
    // To the link, every packet is a datagram; it adds the headers of IPv4 and UDP to the payload.
    let payload = frame.len().saturating_sub(HEADERS);
    match wire.carry(name, payload) {
        Action::Deliver(whole) if whole.flipped.is_none() => {
            wire.deliver(context, direction, frame, whole.at(wire.now));
        }
        action => {
            for step in action.steps(direction) {
                match step {
                    Step::Report(what) => {
                        let what = of_frame(what, carried, frame.len() as u32);
                        wire.record(Context { host: HostId::Link, ..context }, what);
                    }
                    Step::Deliver(delivery) => deliver(wire, context, direction, frame, delivery),
                }
            }
        }
    }
}

/// Delivers a packet that may be damaged.
fn deliver<K: Sink>(
    wire: &mut Wire<K>,
    context: Context,
    direction: Direction,
    frame: &mut [u8],
    delivery: Delivery,
) {
    let payload = frame.len().min(HEADERS);
    delivery.damage(&mut frame[payload..]);
    wire.deliver(context, direction, frame, delivery.at(wire.now));
    // A second delivery is damaged, or not, by itself.
    delivery.damage(&mut frame[payload..]);
}

/// Returns the record of what the link does to a packet: that of the datagram, if it is a whole one.
fn of_frame(what: What, carried: Carried, bytes: u32) -> What {
    if carried == Carried::Udp {
        return what;
    }
    match what {
        What::Dropped { direction, cause } => {
            What::Frame { step: FrameStep::Lost(cause), direction, carried, bytes }
        }
        What::Duplicated { direction } => {
            What::Frame { step: FrameStep::Duplicated, direction, carried, bytes }
        }
        What::Damaged { direction, .. } => {
            What::Frame { step: FrameStep::Damaged, direction, carried, bytes }
        }
        other => other,
    }
}

/// Records the loss of a packet that the router cannot forward.
fn lose<K: Sink>(
    wire: &mut Wire<K>,
    context: Context,
    direction: Direction,
    carried: Carried,
    frame: &[u8],
) {
    let what = What::Dropped { direction, cause: Cause::NobodyThere };
    let what = of_frame(what, carried, frame.len() as u32);
    wire.record(Context { host: HostId::Link, ..context }, what);
}

/// Returns what the records of a host's messages to its router refer to: no datagram, and at the server, no client.
const fn of_host(is_server: bool, context: Context) -> Context {
    let flow = if is_server { 0 } else { context.flow };
    Context { flow, packet: 0, label: None, ..context }
}

const fn back(direction: Direction) -> Direction {
    match direction {
        Direction::Request => Direction::Reply,
        Direction::Reply => Direction::Request,
    }
}
