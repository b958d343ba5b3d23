//! Datagrams on their way, and their bytes.

use crate::machine::Label;
use crate::random::Direction;
use alloc::vec::Vec;

/// A datagram on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// Its number within its flow and direction, from 1.
    pub(super) number: u32,
    pub(super) label: Option<Label>,
    /// The client's number; the highest bit says that it is a reply.
    flow: u32,
    /// The payload's place; in a free slot, the next free slot.
    payload: u32,
}

const REPLY: u32 = 1 << 31;

/// No slot is free.
const NONE: u32 = u32::MAX;

impl Packet {
    pub(super) const fn flow(&self) -> u32 {
        self.flow & !REPLY
    }

    pub(super) const fn direction(&self) -> Direction {
        if self.flow & REPLY == 0 { Direction::Request } else { Direction::Reply }
    }
}

/// Bytes that so many datagrams carry: the same request of a million clients is kept once.
#[derive(Clone, Debug, Default)]
struct Payload {
    bytes: Vec<u8>,
    carriers: u32,
}

/// All datagrams on their way: as much memory as there ever were at once.
#[derive(Clone, Debug)]
pub(super) struct Packets {
    packets: Vec<Packet>,
    /// The slot that became free last: it names the one before it, and so on.
    free: u32,
    on_their_way: usize,
    payloads: Vec<Payload>,
    free_payloads: Vec<u32>,
    /// Bytes that the payloads hold, those that are free included.
    held: usize,
    /// What was last sent in each direction, kept as if one more carried it.
    last: [Option<u32>; 2],
}

impl Default for Packets {
    fn default() -> Self {
        Self {
            packets: Vec::new(),
            free: NONE,
            on_their_way: 0,
            payloads: Vec::new(),
            free_payloads: Vec::new(),
            held: 0,
            last: [None; 2],
        }
    }
}

impl Packets {
    /// Datagrams on their way.
    pub(super) const fn len(&self) -> usize {
        self.on_their_way
    }

    /// Bytes of memory, about.
    pub(super) fn memory(&self) -> usize {
        let payloads = self.payloads.len() * size_of::<Payload>();
        self.packets.len() * size_of::<Packet>() + payloads + self.held
    }

    /// Keeps a datagram; returns its slot.
    #[inline(always)]
    pub(super) fn store(
        &mut self,
        number: u32,
        flow: u32,
        direction: Direction,
        label: Option<Label>,
        bytes: &[u8],
    ) -> u32 {
        let payload = self.payload(direction, bytes);
        let reply = if direction == Direction::Reply { REPLY } else { 0 };
        let packet = Packet { number, label, flow: flow | reply, payload };
        self.on_their_way += 1;
        let slot = self.free;
        if let Some(place) = self.packets.get_mut(slot as usize) {
            self.free = place.payload;
            *place = packet;
            return slot;
        }
        self.packets.push(packet);
        self.packets.len() as u32 - 1
    }

    /// The datagram in `slot`, which is free from now on; its bytes until [`release`](Self::release).
    #[inline]
    pub(super) fn take(&mut self, slot: u32) -> Packet {
        self.on_their_way -= 1;
        let place = &mut self.packets[slot as usize];
        let packet = *place;
        place.payload = core::mem::replace(&mut self.free, slot);
        packet
    }

    /// The client of the datagram in `slot`, all of which is looked at.
    #[inline]
    pub(super) fn look_at(&self, slot: u32) -> u32 {
        let packet = &self.packets[slot as usize];
        // It may begin in one line of the cache and end in the next.
        core::hint::black_box(packet.number);
        packet.flow()
    }

    #[inline]
    pub(super) fn bytes(&self, packet: Packet) -> &[u8] {
        &self.payloads[packet.payload as usize].bytes
    }

    /// Nobody needs the datagram's bytes any more.
    #[inline]
    pub(super) fn release(&mut self, packet: Packet) {
        self.put_down(packet.payload);
    }

    #[inline]
    fn put_down(&mut self, payload: u32) {
        let entry = &mut self.payloads[payload as usize];
        entry.carriers -= 1;
        if entry.carriers == 0 {
            self.free_payloads.push(payload);
        }
    }

    #[inline]
    fn payload(&mut self, direction: Direction, bytes: &[u8]) -> u32 {
        let last = self.last[direction as usize];
        if let Some(last) = last {
            let entry = &mut self.payloads[last as usize];
            if entry.bytes == bytes && entry.carriers < u32::MAX {
                entry.carriers += 1;
                return last;
            }
        }
        self.new_payload(direction, last, bytes)
    }

    /// Keeps bytes that are not those sent last.
    #[inline(never)]
    fn new_payload(&mut self, direction: Direction, last: Option<u32>, bytes: &[u8]) -> u32 {
        let payload = self.free_payloads.pop().unwrap_or_else(|| {
            self.payloads.push(Payload::default());
            self.payloads.len() as u32 - 1
        });
        let entry = &mut self.payloads[payload as usize];
        self.held -= entry.bytes.capacity();
        entry.bytes.clear();
        entry.bytes.extend_from_slice(bytes);
        self.held += entry.bytes.capacity();
        entry.carriers = 2;
        self.last[direction as usize] = Some(payload);
        if let Some(last) = last {
            self.put_down(last);
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_small() {
        assert_eq!(size_of::<Packet>(), 20);
    }
}
