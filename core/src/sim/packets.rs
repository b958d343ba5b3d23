//! Datagrams in flight, and their bytes.

use crate::heap::{Held as _, OVERHEAD};
use crate::machine::Label;
use crate::random::Direction;
use alloc::vec::Vec;

/// Datagram in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet {
    /// Its number within its flow and direction, from 1.
    pub(super) number: u32,
    pub(super) label: Option<Label>,
    /// Number of the client.
    pub(super) flow: u32,
    /// Index of the payload, with the highest bit set for a reply; in a free slot, the next free slot.
    payload: u32,
}

const REPLY: u32 = 1 << 31;

/// End of the list of free slots.
const NONE: u32 = u32::MAX;

impl Packet {
    pub(super) const fn direction(&self) -> Direction {
        if self.payload & REPLY == 0 { Direction::Request } else { Direction::Reply }
    }

    const fn payload(&self) -> u32 {
        self.payload & !REPLY
    }
}

/// Bytes that `carriers` datagrams share: the same request of a million clients is stored once.
#[derive(Clone, Debug, Default)]
struct Payload {
    bytes: Vec<u8>,
    carriers: u32,
}

/// All datagrams in flight. Memory grows with the maximum number in flight and is not released.
#[derive(Clone, Debug)]
pub(super) struct Packets {
    packets: Vec<Packet>,
    /// First free slot; each free slot contains the next one.
    free: u32,
    in_flight: usize,
    payloads: Vec<Payload>,
    free_payloads: Vec<u32>,
    /// Capacity of all payloads in bytes, free ones included.
    held: usize,
    /// Last payload sent in each direction; it counts as one carrier.
    last: [Option<u32>; 2],
}

impl Default for Packets {
    fn default() -> Self {
        Self {
            packets: Vec::new(),
            free: NONE,
            in_flight: 0,
            payloads: Vec::new(),
            free_payloads: Vec::new(),
            held: 0,
            last: [None; 2],
        }
    }
}

impl Packets {
    /// Returns the number of datagrams in flight.
    pub(super) const fn len(&self) -> usize {
        self.in_flight
    }

    /// Returns an estimate of the memory in bytes.
    pub(super) fn memory(&self) -> usize {
        let lists = self.packets.held() + self.payloads.held() + self.free_payloads.held();
        lists + self.held + self.payloads.len() * OVERHEAD
    }

    /// Drops all datagrams.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Stores a datagram and returns its slot.
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
        let packet = Packet { number, label, flow, payload: payload | reply };
        self.in_flight += 1;
        let slot = self.free;
        if let Some(place) = self.packets.get_mut(slot as usize) {
            self.free = place.payload;
            *place = packet;
            return slot;
        }
        self.packets.push(packet);
        self.packets.len() as u32 - 1
    }

    /// Removes the datagram from `slot` and returns it. Its bytes stay until [`release`](Self::release).
    #[inline]
    pub(super) fn take(&mut self, slot: u32) -> Packet {
        self.in_flight -= 1;
        let place = &mut self.packets[slot as usize];
        let packet = *place;
        place.payload = core::mem::replace(&mut self.free, slot);
        packet
    }

    /// Returns the client of the datagram in `slot`, and reads all of the slot to load it into the cache.
    #[inline]
    pub(super) fn look_at(&self, slot: u32) -> u32 {
        let packet = &self.packets[slot as usize];
        // A slot may span two cache lines.
        core::hint::black_box(packet.number);
        packet.flow
    }

    #[inline]
    pub(super) fn bytes(&self, packet: Packet) -> &[u8] {
        &self.payloads[packet.payload() as usize].bytes
    }

    /// Releases the bytes of a datagram.
    #[inline]
    pub(super) fn release(&mut self, packet: Packet) {
        self.put_down(packet.payload());
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

    /// Stores bytes that differ from the last ones sent.
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
