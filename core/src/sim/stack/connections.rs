//! What stacks do for connections, beyond what they do for datagrams.

use super::super::packets::Packet;
use super::super::wire::Wire;
use super::frames::{carried, ports_of_tcp};
use super::host::Stack;
use super::labels::Labels;
use super::stacks::Stacks;
use crate::drive::Context;
use crate::machine::Label;
use crate::random::Direction;
use crate::trace::{Cause, FrameStep, Sink};

impl Stacks {
    /// Returns the stack of client `flow`, and that of the server for its connections.
    pub(in crate::sim) fn both(&mut self, flow: u32) -> [&mut Stack; 2] {
        let first = self.client(flow);
        let (clients, servers) = self.hosts.split_at_mut(first + 1);
        [&mut clients[first], &mut servers[0]]
    }

    /// Returns the memory in bytes of all TCP sockets, and of what is known about connections.
    pub(in crate::sim) fn memory_of_connections(&self) -> usize {
        self.hosts.iter().map(Stack::memory_of_tcp).sum::<usize>() + self.labels.memory()
    }

    /// Returns which sends connections are for.
    pub(in crate::sim) const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Returns the same, to add to it.
    pub(in crate::sim) const fn labels_mut(&mut self) -> &mut Labels {
        &mut self.labels
    }

    /// Returns the send that a segment from or to the client of `context` belongs to.
    pub(super) fn label_of_segment(
        &self,
        frame: &[u8],
        flow: u32,
        direction: Direction,
    ) -> Option<Label> {
        let (source, destination) = ports_of_tcp(frame)?;
        let port = if direction == Direction::Request { source } else { destination };
        self.labels.of(flow, port)
    }

    /// Records that the server, which is down, loses the frame with which `packet` arrives.
    pub(in crate::sim) fn lose<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        packet: Packet,
        context: Context,
    ) {
        self.arriving.clear();
        self.arriving.extend_from_slice(wire.bytes(packet));
        wire.release(packet);
        let (step, frame) = (FrameStep::Lost(Cause::ServerDown), &self.arriving);
        wire.frame(context, step, packet.direction(), carried(frame), frame);
    }
}
