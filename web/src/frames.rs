//! The bytes of frames and of datagrams' payloads, and what a frame says about which one it is.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Maximum number of bytes that are kept of all frames and payloads together: of later ones, the page knows only what their
/// records say.
pub(crate) const MAX_FRAME_BYTES: usize = 8 << 20;

/// Length of an Ethernet header, and of one of IPv6.
const ETHERNET: usize = 14;
const IPV6: usize = 40;

/// The protocol number of TCP in an IP header.
const TCP: u8 = 6;

/// The bytes of the first frames and payloads.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The record of each, and where its bytes end.
    ends: Vec<(u32, usize)>,
    bytes: Vec<u8>,
    full: bool,
}

impl Frames {
    /// Keeps the bytes of a record's frame or payload, unless there are [`MAX_FRAME_BYTES`]. Records come in order.
    pub(crate) fn keep(&mut self, record: u32, bytes: &[u8]) {
        self.full |= self.bytes.len() + bytes.len() > MAX_FRAME_BYTES;
        if !self.full {
            self.bytes.extend_from_slice(bytes);
            self.ends.push((record, self.bytes.len()));
        }
    }

    /// Returns the frame of a record, from its Ethernet header on, or its payload; `None` if it is not kept.
    pub(crate) fn of(&self, record: u32) -> Option<&[u8]> {
        let place = self.ends.binary_search_by_key(&record, |(record, _)| *record).ok()?;
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before].1);
        self.bytes.get(from..self.ends[place].1)
    }
}

/// Returns a hash that a frame keeps from departure to arrival: of the whole IP packet, without what a router changes.
pub(crate) fn identity(frame: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    let packet = frame.get(ETHERNET..).unwrap_or_default();
    match packet.first().map(|byte| byte >> 4) {
        // The bytes before the time to live; the router changes that and the checksum.
        Some(4) if packet.len() >= 20 => (&packet[..8], &packet[12..]).hash(&mut hasher),
        Some(6) if packet.len() >= IPV6 => (&packet[..7], &packet[8..]).hash(&mut hasher),
        _ => packet.hash(&mut hasher),
    }
    hasher.finish()
}

/// Returns the place in the stream of what a TCP segment carries: its ports, its first sequence number and its number of
/// bytes; `None` for a segment that takes no place, and for anything else. A segment at a place that another one had is
/// sent again.
pub(crate) fn place_in_stream(frame: &[u8]) -> Option<(u32, u32, usize)> {
    let packet = frame.get(ETHERNET..)?;
    let (protocol, header, end) = match packet.first()? >> 4 {
        4 => {
            let total = usize::from(u16::from_be_bytes(*packet.get(2..)?.first_chunk()?));
            (*packet.get(9)?, usize::from(packet[0] & 15) * 4, total)
        }
        6 => {
            let payload = usize::from(u16::from_be_bytes(*packet.get(4..)?.first_chunk()?));
            (*packet.get(6)?, IPV6, IPV6 + payload)
        }
        _ => return None,
    };
    let segment = packet.get(header..end).filter(|_| protocol == TCP)?;
    let ports = u32::from_be_bytes(*segment.first_chunk()?);
    let sequence = u32::from_be_bytes(*segment.get(4..)?.first_chunk()?);
    let data = segment.len().checked_sub(usize::from(segment.get(12)? >> 4) * 4)?;
    // SYN and FIN take a place of one byte each (RFC 9293, section 3.4).
    let length = data + usize::from(segment.get(13)? & 0b11 != 0);
    (length > 0).then_some((ports, sequence, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_kept_up_to_a_bound() {
        let mut frames = Frames::default();
        frames.keep(3, b"abc");
        frames.keep(7, &[0; MAX_FRAME_BYTES - 3]);
        frames.keep(9, b"x");
        frames.keep(10, b"");
        assert_eq!(frames.of(3), Some(&b"abc"[..]));
        assert_eq!(frames.of(7).map(<[u8]>::len), Some(MAX_FRAME_BYTES - 3));
        assert_eq!((frames.of(9), frames.of(10), frames.of(4)), (None, None, None));
    }

    #[test]
    fn any_bytes_are_no_panic() {
        for byte in [0x00, 0x45, 0x46, 0x60, 0xff] {
            for len in 0..80 {
                let frame = vec![byte; len];
                let _ = (identity(&frame), place_in_stream(&frame));
            }
        }
    }
}
