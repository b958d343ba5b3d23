//! Frames become packets: a frame that a host sends is paired with what happens to it.
//!
//! A frame that carries a whole datagram is not a packet of its own, because its datagram is one.

use super::order::{Map, flow_of};
use super::{Ending, Id, Packet, Side, Timeline};
use crate::frames::{identity, place_in_stream};
use retrylab_core::trace::{Carried, Cause, Direction, FrameStep, HostId, Record};
use std::collections::VecDeque;
use std::num::NonZeroU32;

/// A record that a timeline takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pushed<'a> {
    pub(super) id: Id,
    pub(super) record: &'a Record,
    /// The bytes of its frame, if it has one.
    pub(super) frame: Option<&'a [u8]>,
}

/// What frames on their way have in common with the record of their arrival.
type Key = (u32, Direction, Option<NonZeroU32>, Carried);

/// A frame on its way, and its [`identity`].
type Open = (Id, Option<u64>);

/// A place in a stream: see [`place_in_stream`].
type Place = (u32, u32, usize);

/// The frames on their way.
#[derive(Debug, Default)]
pub(super) struct Flying {
    open: Map<Key, VecDeque<Open>>,
    /// The frame sent last: what the link does to a frame is recorded right after its departure.
    last: Option<(Key, Open)>,
    /// The places in streams that segments had.
    seen: Map<(u32, Direction, Place), ()>,
}

impl Flying {
    /// Returns the packet of a frame that a host sends; it will be the packet `id`.
    fn sent(&mut self, id: Id, pushed: Pushed<'_>, frame: (Direction, Carried, u32)) -> Packet {
        let mut packet = packet(pushed, frame);
        packet.frames[0] = Some(pushed.id);
        let place = pushed.frame.and_then(place_in_stream);
        packet.again = place.is_some_and(|place| {
            self.seen.insert((packet.flow, packet.direction, place), ()).is_some()
        });
        if packet.local.is_none() {
            let key = (packet.flow, packet.direction, pushed.record.packet, frame.1);
            let open = (id, pushed.frame.map(identity));
            self.open.entry(key).or_default().push_back(open);
            self.last = Some((key, open));
        }
        packet
    }

    /// Takes the frame that a host receives; `None` if no host has sent it.
    fn received(
        &mut self,
        Pushed { record, frame, .. }: Pushed<'_>,
        (direction, carried): (Direction, Carried),
    ) -> Option<Id> {
        let open = self.open.get_mut(&(flow_of(record), direction, record.packet, carried))?;
        let own = frame.map(identity);
        let same = open.iter().position(|(_, other)| own.is_some() && *other == own);
        // Damage changes the identity: take the frame that left first.
        open.remove(same.unwrap_or(0)).map(|(id, _)| id)
    }

    /// Takes a frame that is lost: the link loses the one sent last, and a host that is down one that arrives.
    fn lost(
        &mut self,
        record: &Record,
        (direction, carried): (Direction, Carried),
        cause: Cause,
    ) -> Option<(Id, Ending)> {
        if record.host != HostId::Link {
            let key = (flow_of(record), direction, record.packet, carried);
            let (id, _) = self.open.get_mut(&key)?.pop_front()?;
            return Some((id, Ending::Dropped(cause)));
        }
        let (key, (id, _)) = self.last?;
        if let Some(open) = self.open.get_mut(&key) {
            open.retain(|(other, _)| *other != id);
        }
        Some((id, Ending::Lost(cause)))
    }

    /// Duplicates the frame sent last; the duplicate will be the packet `twin`.
    fn duplicated(&mut self, twin: Id) -> Option<Id> {
        let (key, (id, identity)) = self.last?;
        self.open.entry(key).or_default().push_back((twin, identity));
        Some(id)
    }
}

impl Timeline {
    /// Handles what happens to a frame, as [`change`](Self::change) does.
    #[inline(never)]
    pub(super) fn framed(
        &mut self,
        pushed: Pushed<'_>,
        step: FrameStep,
        frame: (Direction, Carried, u32),
    ) -> (u64, Option<Id>) {
        let Pushed { id, record, .. } = pushed;
        let is_lost = matches!(step, FrameStep::Lost(_)) && record.host == HostId::Link;
        let delay = if is_lost { self.growth.half_way } else { 0 };
        let shown = record.at.as_nanos().saturating_add(delay);
        let about = match frame.1 {
            Carried::Udp => self.datagrams_frame(id, record, step),
            _ => self.frame(pushed, step, frame, shown),
        };
        (shown, about)
    }

    /// Notes the frame that carries a whole datagram.
    fn datagrams_frame(&mut self, id: Id, record: &Record, step: FrameStep) -> Option<Id> {
        let packet = match step {
            // Its datagram arrives, even if nobody listens there.
            FrameStep::Received => self.end_packet(record, Ending::Arrived, record.at.as_nanos()),
            _ => self.named(record),
        }?;
        let Packet { frames, order, .. } = &mut self.packets[packet as usize];
        match step {
            FrameStep::Sent => (frames[0], *order) = (Some(id), id),
            FrameStep::Received => {
                frames[1] = Some(id);
                self.growth.landed = Some(packet);
            }
            FrameStep::Lost(_) | FrameStep::Duplicated | FrameStep::Damaged => {}
        }
        Some(packet)
    }

    /// Handles a frame that carries no whole datagram. A loss is shown at `shown`.
    fn frame(
        &mut self,
        pushed: Pushed<'_>,
        step: FrameStep,
        frame: (Direction, Carried, u32),
        shown: u64,
    ) -> Option<Id> {
        let (record, at) = (pushed.record, pushed.record.at.as_nanos());
        let datagram = self.named(record).filter(|_| frame.1 == Carried::Fragment);
        match step {
            FrameStep::Sent => {
                if let Some(datagram) = datagram {
                    self.hide(datagram);
                }
                let packet = self.growth.flying.sent(self.packets.len() as Id, pushed, frame);
                let id = self.add(packet);
                if packet.local.is_some() {
                    self.end_at(id, Ending::Arrived, at);
                }
                Some(id)
            }
            FrameStep::Received => {
                let own = self.growth.flying.received(pushed, (frame.0, frame.1));
                // One that no host has sent is the router's.
                let id = own.unwrap_or_else(|| self.add(packet(pushed, frame)));
                self.packets[id as usize].frames[1] = Some(pushed.id);
                self.end_at(id, Ending::Arrived, at);
                Some(id)
            }
            FrameStep::Lost(cause) => {
                // A datagram is lost with any of its fragments.
                if let Some(whole) = datagram
                    && self.packets[whole as usize].ending == Ending::Unknown
                {
                    self.end_at(whole, Ending::Lost(cause), shown);
                }
                let (id, ending) = self.growth.flying.lost(record, (frame.0, frame.1), cause)?;
                self.end_at(id, ending, shown);
                Some(id)
            }
            FrameStep::Duplicated => {
                let id = self.growth.flying.duplicated(self.packets.len() as Id)?;
                self.add(Packet { duplicate: true, ..self.packets[id as usize] });
                Some(id)
            }
            FrameStep::Damaged => {
                let (_, (id, _)) = self.growth.flying.last?;
                self.packets[id as usize].damaged = true;
                Some(id)
            }
        }
    }
}

/// Returns the packet of a frame at its departure.
fn packet(
    Pushed { id, record, .. }: Pushed<'_>,
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
        ..Packet::new((id, record), direction, bytes)
    }
}
