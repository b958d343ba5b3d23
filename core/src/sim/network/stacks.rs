//! A network whose hosts have TCP/IP stacks.

use super::super::packets::Packet;
use super::super::stack::{Received, Stacks};
use super::super::wire::Happening;
use super::{Network, arrived};
use crate::drive::{Arrival, Output, Role, Visit};
use crate::machine::Machine;
use crate::random::Direction;
use crate::scenario::Family;
use crate::time::Instant;
use crate::trace::{HostId, Sink, What};
use alloc::boxed::Box;

/// How the hosts of a network of packets are set up; see [`Network::with_packets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketConfig {
    /// Whether the sockets of the clients are connected. Their machines then learn from an ICMP port unreachable that nobody
    /// listens on the server's port.
    pub connected: bool,
    /// Whether the server has a socket on its port. If not, its host answers with ICMP port unreachable.
    pub listening: bool,
    /// Address family of the hosts. Over IPv6, the server's address is [`SERVER_IPV6`](crate::sim::SERVER_IPV6), and
    /// the clients have those of [`CLIENTS_IPV6`](crate::sim::CLIENTS_IPV6).
    pub family: Family,
}

/// Clients are connected, the server listens, and both speak IPv4.
impl Default for PacketConfig {
    fn default() -> Self {
        Self { connected: true, listening: true, family: Family::Ipv4 }
    }
}

impl PacketConfig {
    /// Sets whether the sockets of the clients are [`connected`](Self::connected).
    #[must_use]
    pub const fn connected(self, connected: bool) -> Self {
        Self { connected, ..self }
    }

    /// Sets whether the server is [`listening`](Self::listening).
    #[must_use]
    pub const fn listening(self, listening: bool) -> Self {
        Self { listening, ..self }
    }

    /// Sets the address [`family`](Self::family) of the hosts.
    #[must_use]
    pub const fn family(self, family: Family) -> Self {
        Self { family, ..self }
    }
}

impl<C, S, K> Network<C, S, K>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
    K: Sink,
{
    /// The same network, in which each host has a TCP/IP stack, and the link carries packets; see the documentation of
    /// `core/src/sim/stack`. Hosts have their usual addresses only.
    ///
    /// # Panics
    /// If the network has run already, if a host has [several addresses](Self::with_address), if there are
    /// [several servers](Self::with_server) or more than 16,777,213 clients, or if the hosts speak IPv6 over a link
    /// without [checksums](crate::link::Link::checksum).
    #[must_use]
    pub fn with_packets(mut self, config: PacketConfig) -> Self {
        let clients = self.clients.len();
        assert!(self.started == 0, "the network has run already");
        assert!(
            self.extra.is_empty(),
            "a network of packets has one server, and its hosts have one address"
        );
        assert!(clients <= Stacks::MAX_CLIENTS, "too many clients with stacks: {clients}");
        let (link, seed) = (self.link(), self.wire.seed());
        let PacketConfig { connected, listening, family } = config;
        let stacks = Stacks::new(link, seed, family, (connected, listening));
        self.stacks = Some(Box::new(stacks));
        self.special = true;
        self
    }

    /// The rest of a step where hosts have stacks.
    #[inline(never)]
    pub(super) fn step_with_stacks(&mut self) -> Option<Instant> {
        loop {
            let (at, happening) = self.wire.next()?;
            let visited = match happening {
                Happening::Wake(host) => match self.wake(host, at) {
                    Some(visit) => Some((host, visit)),
                    None => continue,
                },
                Happening::Arrival(packet) => self.arrive_in_frame(packet, at),
            };
            if let Some((host, visit)) = visited {
                self.drain_with_stack(host, &visit);
            }
            return Some(at);
        }
    }

    /// Delivers a frame; returns its host and what follows, if that is anything for the host's machine.
    fn arrive_in_frame(&mut self, packet: Packet, at: Instant) -> Option<(u32, Visit)> {
        self.wire.now = at;
        let Self { clients, server, wire, stacks, .. } = self;
        let stacks = stacks.as_mut()?;
        let (flow, direction) = (packet.flow, packet.direction());
        let arrival = Arrival { flow, packet: packet.number, label: packet.label, server: None };
        let (host, id) = match direction {
            Direction::Request => (0, HostId::SERVER),
            Direction::Reply => (flow, HostId::Client),
        };
        let context = arrived(arrival, id);
        let visit = match stacks.receive(wire, packet, context) {
            Received::Nothing => return None,
            Received::Datagram => {
                let (bytes, way) = stacks.datagram(host)?;
                wire.record(context, What::Delivered { direction });
                match host {
                    0 => server.host.deliver(at, arrival, way, bytes),
                    flow => clients[flow as usize - 1].host.deliver(at, arrival, way, bytes),
                }
            }
            Received::Refused(peer) => {
                clients[flow as usize - 1].host.refuse(Role::Client(flow), at, peer)
            }
        };
        Some((host, visit))
    }

    /// Does what a host's machine wants after an input.
    pub(super) fn drain_with_stack(&mut self, id: u32, visit: &Visit) {
        let Self { clients, server, wire, buf, stacks, .. } = self;
        let Some(stacks) = stacks else { return };
        let (known, addresses) = (clients.len(), stacks.family().clients());
        let flow_of = |peer| addresses.flow_of(peer).filter(|flow| *flow as usize <= known);
        let now = wire.now;
        let wait = match id {
            0 => loop {
                match server.host.poll(Role::SERVER, visit, now, buf, flow_of) {
                    Output::Event(context, event) => wire.record(context, event.into()),
                    Output::Transmit(context, transmit) => {
                        stacks.send(wire, Role::SERVER, context, &transmit, buf);
                    }
                    Output::Wait(wait) => {
                        server.wait(0, wait.deadline(), wire);
                        break wait;
                    }
                }
            },
            flow => loop {
                let slot = &mut clients[flow as usize - 1];
                let role = Role::Client(flow);
                match slot.host.poll(role, visit, now, buf, |_| None) {
                    Output::Event(context, event) => wire.report(visit, context, event),
                    Output::Transmit(context, transmit) => {
                        stacks.send(wire, role, context, &transmit, buf);
                    }
                    Output::Wait(wait) => {
                        slot.wait(flow, wait.deadline(), wire);
                        break wait;
                    }
                }
            },
        };
        wire.record_timer(&wait);
    }
}
