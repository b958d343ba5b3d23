//! What a network of connections lets its owner see.

use super::super::stack::{Stacks, memory_of_tcp_socket};
use super::super::wire::Wire;
use super::StreamNetwork;
use super::connection::Connection;
use super::host::Host;
use super::side::Side;
use crate::heap::Held as _;
use crate::link::Channel;
use crate::stream::Endpoint;
use crate::time::Instant;
use crate::trace::{Sink, What};
use core::fmt;

impl<C, S, K> StreamNetwork<C, S, K>
where
    C: Endpoint<Event: Into<What>>,
    S: Endpoint,
    K: Sink,
{
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

    /// Returns the running link.
    pub const fn channel(&self) -> &Channel {
        self.wire.channel()
    }

    /// Returns the sink that it records into.
    pub const fn sink(&self) -> &K {
        &self.wire.sink
    }

    /// Returns true if endpoints asked for endless time-outs, each due when the previous one was handled.
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
        let Self { clients, server, stacks, wire, outages, .. } = self;
        let (now, count) = (wire.now, clients.len());
        self.started <= count
            || wire.in_flight() > 0
            || outages.next().is_some()
            || server.endpoint.poll_timeout().is_some()
            || clients.iter_mut().any(|client| client.endpoint.poll_timeout().is_some())
            || (1..=count as u32).any(|flow| {
                let [client, server] = stacks.both(flow);
                client.poll_at(now).is_some() || server.poll_at(now).is_some()
            })
    }

    /// Returns the approximate memory in bytes of the hosts, their stacks and sockets, the packets in flight, the link and
    /// the event queue. What the endpoints allocate is not included.
    #[must_use]
    pub fn memory(&self) -> u64 {
        let stacks = self.stacks.memory() + self.stacks.memory_of_connections();
        let connections = self.sockets() * size_of::<Connection>();
        let sides = self.clients.held() + self.sides.held() + connections;
        (sides + stacks + self.wire.memory()) as u64
    }

    /// Returns the approximate memory in bytes that a client takes before it starts, with its stacks and the buffers of
    /// its first connection.
    pub(in crate::sim) const fn memory_of_client(buffer: usize) -> usize {
        // The socket that listens, and both ends of a connection.
        let sockets = 3 * memory_of_tcp_socket(buffer);
        let sides = size_of::<Host<C>>() + size_of::<Side>() + 2 * size_of::<Connection>();
        2 * Stacks::MEMORY_OF_HOST + sockets + sides + 2 * Wire::<K>::MEMORY_OF_CLIENT
    }

    /// Ends the run and returns what was recorded.
    pub fn into_sink(self) -> K {
        self.wire.sink
    }

    /// Ends the run and returns what was recorded, and all that takes much memory.
    pub(in crate::sim) fn into_sink_and_rest(self) -> (K, impl Sized + use<C, S, K>) {
        let Self { clients, sides, flows, stacks, wire, .. } = self;
        let (sink, wire) = wire.into_sink_and_rest();
        (sink, (clients, sides, flows, stacks, wire))
    }
}

impl<C: Endpoint, S: Endpoint, K> fmt::Debug for StreamNetwork<C, S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamNetwork")
            .field("clients", &self.clients.len())
            .finish_non_exhaustive()
    }
}
