//! Networks with several servers, and hosts with several addresses.

use super::super::extra::{AddressError, number_of};
use super::super::packets::Packet;
use super::super::wire::Way;
use super::slot::Slot;
use super::{Network, arrived};
use crate::drive::{Arrival, Role, Timeouts, Visit};
use crate::machine::Machine;
use crate::time::Instant;
use crate::trace::{HostId, Sink, What};
use core::net::SocketAddr;

impl<C, S, K> Network<C, S, K>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
    K: Sink,
{
    /// The same network with one more server at `address`. Servers are numbered from 1 in the order in which they are
    /// added; the first one is that of [`new`](Self::new). A client has one link, whichever server it asks.
    ///
    /// # Errors
    /// If a host owns the address already, or if there are too many servers.
    ///
    /// # Panics
    /// If the network has run already, or if its hosts have [stacks](Self::with_packets).
    pub fn with_server(mut self, address: SocketAddr, server: S) -> Result<Self, AddressError> {
        self.check_unstarted();
        self.extra.add_server(address)?;
        self.others.push(Slot::new(server));
        self.timeouts = Timeouts::of_hosts((self.clients.len() + self.extra.servers()) as u64);
        self.special = true;
        Ok(self)
    }

    /// The same network with the first server at `address` instead of [`SERVER`](super::SERVER).
    ///
    /// # Errors
    /// If a host owns the address already.
    ///
    /// # Panics
    /// If the network has run already, or if its hosts have [stacks](Self::with_packets).
    pub fn with_first_server_at(mut self, address: SocketAddr) -> Result<Self, AddressError> {
        self.check_unstarted();
        self.extra.set_server(address)?;
        self.special |= !self.extra.is_empty();
        Ok(self)
    }

    /// The same network, in which the host of `role` owns `address` as well. It can send from it
    /// ([`sent_from`](crate::machine::Transmit::sent_from)) and receives what is sent to it. The link, the flow and the numbers of
    /// datagrams belong to the host, not to its addresses.
    ///
    /// The network is a star: clients reach the servers' addresses, and the servers reach the clients'.
    ///
    /// # Errors
    /// If another host, or this one, owns the address already, or if there is no such client or server.
    pub fn with_address(mut self, role: Role, address: SocketAddr) -> Result<Self, AddressError> {
        self.extra.add(self.clients.len(), role, address)?;
        self.special = true;
        Ok(self)
    }

    fn check_unstarted(&self) {
        assert!(self.started == 0, "the network has run already");
        #[cfg(feature = "packets")]
        assert!(self.stacks.is_none(), "hosts with stacks reach a single server");
    }

    /// Returns the first server's machine, to change it between two steps.
    pub const fn server_mut(&mut self) -> &mut S {
        self.server.host.machine_mut()
    }

    /// Returns the first server's machine.
    pub const fn server(&self) -> &S {
        self.server.host.machine()
    }

    /// Returns the servers' machines, in order.
    pub fn servers(&self) -> impl Iterator<Item = &S> {
        core::iter::once(&self.server).chain(&self.others).map(|slot| slot.host.machine())
    }

    /// Returns the servers' machines, in order, to change them between two steps.
    pub(in crate::sim) fn servers_mut(&mut self) -> impl Iterator<Item = &mut S> {
        core::iter::once(&mut self.server)
            .chain(&mut self.others)
            .map(|slot| slot.host.machine_mut())
    }

    /// Returns the place of the server with this number as a host, from 0; `None` for a client.
    pub(super) fn server_place(&self, host: u32) -> Option<usize> {
        match host as usize {
            0 => Some(0),
            host => host.checked_sub(self.clients.len()).filter(|place| *place > 0),
        }
    }

    /// Returns the number as a host of the server in this place: clients come between the first one and the others.
    pub(super) const fn host_of_server(&self, place: usize) -> u32 {
        if place == 0 { 0 } else { (self.clients.len() + place) as u32 }
    }

    /// Returns the server in this place.
    pub(super) fn server_slot(&mut self, place: usize) -> &mut Slot<S> {
        match place.checked_sub(1) {
            None => &mut self.server,
            Some(other) => &mut self.others[other],
        }
    }

    /// Fires the timer of the server in this place, which is not the first one; see [`wake`](Network::wake).
    #[cold]
    pub(super) fn wake_other(&mut self, place: usize, at: Instant) -> Option<Visit> {
        let (role, host) = (Role::Server(number_of(place)), self.host_of_server(place));
        let (context, visit) = self.others[place - 1].wake(role, host, at, &mut self.wire)?;
        self.fired(context, &visit, at).then_some(visit)
    }

    /// Delivers a request; see [`arrive`](Network::arrive).
    #[cold]
    pub(super) fn arrive_at_server(
        &mut self,
        packet: Packet,
        at: Instant,
        way: Way,
    ) -> (u32, Visit) {
        let place = self.extra.server_at(way.0).unwrap_or(0);
        let server = self.extra.server_of_record(place);
        let arrival =
            Arrival { flow: packet.flow, packet: packet.number, label: packet.label, server };
        let host = HostId::Server(number_of(place));
        self.wire.record_arrival(arrived(arrival, host), packet, way);
        let Self { server, others, wire, .. } = self;
        let slot = place.checked_sub(1).map_or(server, |other| &mut others[other]);
        let visit = slot.host.deliver(at, arrival, way, wire.bytes(packet));
        self.wire.release(packet);
        (self.host_of_server(place), visit)
    }

    /// Does the rest of a step if there are several servers or hosts have other addresses than their usual ones.
    #[inline(never)]
    pub(super) fn step_with_addresses(&mut self) -> Option<Instant> {
        loop {
            let (at, happening) = self.wire.next()?;
            if self.happen::<true>(happening, at) {
                return Some(at);
            }
        }
    }

    /// Starts the servers, which may have timers of their own.
    pub(super) fn start_servers(&mut self, now: Instant) {
        for place in 0..self.extra.servers() {
            let role = Role::Server(number_of(place));
            let visit = self.server_slot(place).host.start(role, now);
            self.drain(self.host_of_server(place), &visit);
        }
    }
}
