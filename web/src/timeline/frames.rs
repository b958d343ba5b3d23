//! Frames become packets: a frame that a host sends is paired with what happens to it.
//!
//! A frame that carries a whole datagram is not a packet of its own, because its datagram is one.

use super::order::flow_of;
use super::{Ending, Id, Packet, Side};
use crate::frames::{Frames, identity, place_in_stream};
use retrylab_core::trace::{Carried, Cause, Direction, HostId, Record};
use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroU32;

/// What frames on their way have in common with the record of their arrival.
type Key = (u32, Direction, Option<NonZeroU32>, Carried);

/// The frames on their way.
pub(super) struct Flying<'a> {
    bytes: &'a Frames,
    open: HashMap<Key, VecDeque<(Id, Option<u64>)>>,
    /// The frame sent last: what the link does to a frame is recorded right after its departure.
    last: Option<(Key, Id)>,
    /// The places in streams that segments had.
    seen: HashSet<(u32, Direction, (u32, u32, usize))>,
}

impl<'a> Flying<'a> {
    pub(super) fn new(bytes: &'a Frames) -> Self {
        Self { bytes, open: HashMap::new(), last: None, seen: HashSet::new() }
    }

    /// Adds the frame that `record`, the one with the index `id`, sends.
    pub(super) fn sent(
        &mut self,
        packets: &mut Vec<Packet>,
        (id, record): (Id, &Record),
        (direction, carried, bytes): (Direction, Carried, u32),
    ) -> Id {
        let mut packet = packet((id, record), (direction, carried, bytes));
        packet.frames[0] = Some(id);
        let key = (packet.flow, direction, record.packet, carried);
        let frame = self.bytes.of(id);
        let place = frame.and_then(place_in_stream);
        packet.again =
            place.is_some_and(|place| !self.seen.insert((packet.flow, direction, place)));
        let name = packets.len() as Id;
        if carried.is_local() {
            arrive(&mut packet, record, None);
        } else {
            self.open.entry(key).or_default().push_back((name, frame.map(identity)));
            self.last = Some((key, name));
        }
        packets.push(packet);
        name
    }

    /// Ends the frame that `record` receives; one that no host has sent is the router's.
    pub(super) fn received(
        &mut self,
        packets: &mut Vec<Packet>,
        (id, record): (Id, &Record),
        (direction, carried, bytes): (Direction, Carried, u32),
    ) -> Id {
        let flow = flow_of(record);
        let open = self.open.get_mut(&(flow, direction, record.packet, carried));
        let own = self.bytes.of(id).map(identity);
        let found = open.and_then(|open| {
            let same = open.iter().position(|(_, other)| own.is_some() && *other == own);
            // Damage changes the identity: take the frame that left first.
            open.remove(same.unwrap_or(0))
        });
        if let Some((name, _)) = found {
            arrive(&mut packets[name as usize], record, Some(id));
            return name;
        }
        let mut packet = packet((id, record), (direction, carried, bytes));
        arrive(&mut packet, record, Some(id));
        packets.push(packet);
        packets.len() as Id - 1
    }

    /// Ends a frame that is lost, which is shown at `end`: the link loses the one sent last, and a host that is down one that
    /// arrives.
    pub(super) fn lost(
        &mut self,
        packets: &mut [Packet],
        record: &Record,
        (direction, carried): (Direction, Carried),
        (cause, end): (Cause, u64),
    ) -> Option<Id> {
        if record.host != HostId::Link {
            let key = (flow_of(record), direction, record.packet, carried);
            let (name, _) = self.open.get_mut(&key)?.pop_front()?;
            let packet = packets.get_mut(name as usize)?;
            (packet.ending, packet.end) = (Ending::Dropped(cause), end);
            return Some(name);
        }
        let (key, name) = self.last?;
        if let Some(open) = self.open.get_mut(&key) {
            open.retain(|(other, _)| *other != name);
        }
        let packet = packets.get_mut(name as usize)?;
        (packet.ending, packet.end) = (Ending::Lost(cause), end);
        Some(name)
    }

    /// Duplicates the frame sent last.
    pub(super) fn duplicated(&mut self, packets: &mut Vec<Packet>) -> Option<Id> {
        let (key, name) = self.last?;
        let copy = Packet { duplicate: true, ..*packets.get(name as usize)? };
        let same = copy.frames[0].and_then(|id| self.bytes.of(id)).map(identity);
        self.open.entry(key).or_default().push_back((packets.len() as Id, same));
        packets.push(copy);
        Some(name)
    }

    /// Damages the frame sent last.
    pub(super) fn damaged(&self, packets: &mut [Packet]) -> Option<Id> {
        let (_, name) = self.last?;
        packets.get_mut(name as usize)?.damaged = true;
        Some(name)
    }
}

/// Returns the packet of a frame at its departure; `order` is the index of `record`.
fn packet(
    (order, record): (Id, &Record),
    (direction, carried, bytes): (Direction, Carried, u32),
) -> Packet {
    let side = match record.host {
        HostId::Client => Side::Client,
        HostId::Server(_) | HostId::Link => Side::Server,
    };
    Packet {
        server: 0,
        frame: Some(carried),
        local: carried.is_local().then_some(side),
        ..Packet::new((order, record), direction, bytes)
    }
}

fn arrive(packet: &mut Packet, record: &Record, received: Option<Id>) {
    (packet.ending, packet.end) = (Ending::Arrived, record.at.as_nanos());
    packet.frames[1] = received;
}
