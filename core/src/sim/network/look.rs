//! What a network lets its owner see.

use super::Network;
use super::slot::Slot;
use crate::heap::Held as _;
use crate::link::{Channel, Link};
use crate::machine::Machine;
use crate::sim::wire::Wire;
use crate::time::Instant;
use crate::trace::{Sink, What};

impl<C, S, K> Network<C, S, K>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
    K: Sink,
{
    /// Returns whether the hosts have TCP/IP stacks.
    pub(in crate::sim) const fn has_stacks(&self) -> bool {
        #[cfg(feature = "packets")]
        let has_stacks = self.stacks.is_some();
        #[cfg(not(feature = "packets"))]
        let has_stacks = false;
        has_stacks
    }

    /// Lets nothing happen after `end`: [`step`](Self::step) returns `None` then.
    pub const fn end_at(&mut self, end: Instant) {
        self.wire.end_at(end);
    }

    /// Returns true if machines asked for endless time-outs, each due when the previous one was handled.
    /// [`step`](Self::step) then returns `None`.
    #[must_use]
    pub const fn is_stuck(&self) -> bool {
        self.stuck
    }

    /// Returns true if something was left to happen after the end that was set.
    #[must_use]
    pub const fn has_reached_end(&self) -> bool {
        self.wire.has_reached_end()
    }

    /// Returns true if anything is left to happen, even after the end that was set. Looks at every host.
    #[must_use]
    pub fn has_more(&mut self) -> bool {
        (self.started as usize) < self.clients.len()
            || self.in_flight() > 0
            || self.server.host.machine_mut().poll_timeout().is_some()
            || self.others.iter_mut().any(|slot| slot.host.machine_mut().poll_timeout().is_some())
            || self.clients_mut().any(|client| client.poll_timeout().is_some())
    }

    /// Returns the time reached.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.wire.now
    }

    /// Returns the number of datagrams in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.wire.in_flight()
    }

    /// Returns the approximate memory in bytes of the hosts, the datagrams in flight, the link and the event
    /// queue. What the machines allocate is not included.
    #[must_use]
    pub fn memory(&self) -> u64 {
        #[cfg(feature = "packets")]
        let stacks = self.stacks.as_ref().map_or(0, |stacks| stacks.memory());
        #[cfg(not(feature = "packets"))]
        let stacks = 0;
        (self.clients.held() + self.others.held() + self.wire.memory() + stacks) as u64
    }

    /// Returns the approximate memory in bytes that a client takes before it starts, with the timer that it will
    /// set and the datagram that it will send.
    pub(in crate::sim) const fn memory_of_client() -> usize {
        size_of::<Slot<C>>() + Wire::<K>::MEMORY_OF_CLIENT
    }

    /// Returns the clients' machines, in order.
    pub fn clients(&self) -> impl ExactSizeIterator<Item = &C> {
        self.clients.iter().map(|slot| slot.host.machine())
    }

    /// Returns the clients' machines, in order, to change them between two steps.
    pub fn clients_mut(&mut self) -> impl ExactSizeIterator<Item = &mut C> {
        self.clients.iter_mut().map(|slot| slot.host.machine_mut())
    }

    /// Returns the running link.
    pub const fn channel(&self) -> &Channel {
        self.wire.channel()
    }

    /// Returns the link.
    pub const fn link(&self) -> &Link {
        self.wire.channel().link()
    }

    /// Returns the sink that it records into.
    pub const fn sink(&self) -> &K {
        &self.wire.sink
    }

    /// Ends the run and returns what was recorded.
    pub fn into_sink(self) -> K {
        self.wire.sink
    }

    /// Ends the run and returns what was recorded, and all that takes much memory.
    pub(in crate::sim) fn into_sink_and_rest(self) -> (K, impl Sized + use<C, S, K>) {
        let Self { clients, wire, .. } = self;
        #[cfg(feature = "packets")]
        let clients = (clients, self.stacks);
        let (sink, wire) = wire.into_sink_and_rest();
        (sink, (clients, wire))
    }
}
