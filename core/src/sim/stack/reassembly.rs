//! Puts the fragments of IPv4 datagrams together before a host's stack sees them (RFC 791, section 3.2).
//!
//! Smoltcp could do that. It has a fixed number of places in each stack, and looks at all of them whenever a frame
//! arrives: with 32 places that is most of the memory that a packet touches.

use crate::time::{Duration, Instant};
use alloc::vec::Vec;
use core::net::Ipv4Addr;
use core::ops::Range;
use smoltcp::wire::{ETHERNET_HEADER_LEN, EthernetFrame, IpProtocol, Ipv4Packet};

/// Maximum number of datagrams that a host puts together at a time.
const MAX_DATAGRAMS: usize = 32;

/// How long a host keeps the fragments of an incomplete datagram. Linux has the same time.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The datagrams of which a host has received some fragments.
#[derive(Debug, Default)]
pub(super) struct Reassembly(Vec<Incomplete>);

/// What the fragments of a datagram have in common.
type Key = (Ipv4Addr, Ipv4Addr, IpProtocol, u16);

#[derive(Debug)]
struct Incomplete {
    key: Key,
    expires: Instant,
    /// The headers of Ethernet and IP, and the payload as far as it has arrived.
    frame: Vec<u8>,
    /// Length of the headers.
    headers: usize,
    /// Parts of the payload that have arrived, in order, with gaps between them.
    parts: Vec<Range<usize>>,
    /// Length of the payload, when the last fragment has arrived.
    total: Option<usize>,
}

impl Reassembly {
    /// Returns the memory in bytes of the fragments that wait for others.
    pub(super) fn memory(&self) -> usize {
        self.0.iter().map(|datagram| size_of::<Incomplete>() + datagram.frame.capacity()).sum()
    }

    /// Adds the fragment in `frame`; returns the frame of its datagram if that is complete.
    pub(super) fn add(&mut self, now: Instant, frame: &[u8]) -> Option<Vec<u8>> {
        let ip = EthernetFrame::new_checked(frame).ok()?.payload();
        let packet = Ipv4Packet::new_checked(ip).ok()?;
        let first = usize::from(packet.frag_offset());
        let part = first..first + packet.payload().len();
        let headers = ETHERNET_HEADER_LEN + usize::from(packet.header_len());
        // A packet has at most 65,535 bytes.
        if !packet.verify_checksum() || headers + part.end > ETHERNET_HEADER_LEN + 65_535 {
            return None;
        }
        self.0.retain(|datagram| datagram.expires >= now);
        let key = (packet.src_addr(), packet.dst_addr(), packet.next_header(), packet.ident());
        let found = self.0.iter().position(|datagram| datagram.key == key);
        let place = match found {
            Some(place) => place,
            None if self.0.len() == MAX_DATAGRAMS => return None,
            None => {
                let expires = now.saturating_add(TIMEOUT);
                let frame = frame[..headers].to_vec();
                self.0.push(Incomplete {
                    key,
                    expires,
                    frame,
                    headers,
                    parts: Vec::new(),
                    total: None,
                });
                self.0.len() - 1
            }
        };
        let datagram = &mut self.0[place];
        if !packet.more_frags() && *datagram.total.get_or_insert(part.end) != part.end {
            return None;
        }
        datagram.insert(part, packet.payload());
        datagram.is_complete().then(|| self.0.swap_remove(place).whole())
    }
}

impl Incomplete {
    /// Adds `part` of the payload.
    fn insert(&mut self, part: Range<usize>, bytes: &[u8]) {
        let range = self.headers + part.start..self.headers + part.end;
        if self.frame.len() < range.end {
            self.frame.resize(range.end, 0);
        }
        self.frame[range].copy_from_slice(bytes);
        // Parts that touch the new one become one with it.
        let begin = self.parts.partition_point(|other| other.end < part.start);
        let end = self.parts.partition_point(|other| other.start <= part.end);
        let touched = &self.parts[begin..end];
        let first = touched.first().map_or(part.start, |other| other.start.min(part.start));
        let last = touched.last().map_or(part.end, |other| other.end.max(part.end));
        self.parts.splice(begin..end, core::iter::once(first..last));
    }

    fn is_complete(&self) -> bool {
        match (&self.parts[..], self.total) {
            ([part], Some(total)) => part.start == 0 && part.end == total,
            _ => false,
        }
    }

    /// Returns the frame with the header of a datagram that was never in fragments.
    fn whole(self) -> Vec<u8> {
        let mut frame = self.frame;
        let len = frame.len() - ETHERNET_HEADER_LEN;
        let mut packet = Ipv4Packet::new_unchecked(&mut frame[ETHERNET_HEADER_LEN..]);
        // The length of a packet was checked as each part arrived.
        packet.set_total_len(len as u16);
        packet.set_more_frags(false);
        packet.set_frag_offset(0);
        packet.fill_checksum();
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{EthernetAddress, EthernetProtocol, Ipv4Repr};

    const PAYLOAD: [u8; 40] = {
        let mut payload = [0; 40];
        let mut at = 0;
        while at < payload.len() {
            payload[at] = at as u8;
            at += 1;
        }
        payload
    };

    /// Returns the fragment `part` of [`PAYLOAD`].
    fn fragment(ident: u16, part: Range<usize>) -> Vec<u8> {
        fragment_of(&PAYLOAD[part.clone()], ident, part.start, part.end < PAYLOAD.len())
    }

    fn fragment_of(payload: &[u8], ident: u16, offset: usize, more: bool) -> Vec<u8> {
        let header = Ipv4Repr {
            src_addr: Ipv4Addr::new(10, 0, 0, 1),
            dst_addr: Ipv4Addr::new(192, 0, 2, 1),
            next_header: IpProtocol::Udp,
            payload_len: payload.len(),
            hop_limit: 63,
        };
        let mut bytes = vec![0; ETHERNET_HEADER_LEN + 20 + payload.len()];
        let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
        frame.set_dst_addr(EthernetAddress([2, 0, 0, 0, 0, 1]));
        frame.set_ethertype(EthernetProtocol::Ipv4);
        let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
        header.emit(&mut packet, &ChecksumCapabilities::default());
        packet.set_ident(ident);
        packet.set_more_frags(more);
        packet.set_frag_offset(offset as u16);
        packet.payload_mut().copy_from_slice(payload);
        packet.fill_checksum();
        bytes
    }

    fn check_whole(frame: Option<Vec<u8>>) {
        let frame = frame.expect("a whole datagram");
        let packet = Ipv4Packet::new_checked(&frame[ETHERNET_HEADER_LEN..]).unwrap();
        assert!(packet.verify_checksum() && !packet.more_frags());
        assert_eq!((packet.frag_offset(), packet.hop_limit()), (0, 63));
        assert_eq!(packet.payload(), PAYLOAD);
    }

    /// Each order, with each fragment once and twice.
    #[test]
    fn fragments_in_any_order_make_the_datagram_whole() {
        let parts = [0..8, 8..24, 24..32, 32..40];
        for order in 0..256_usize {
            let indices = [order % 4, order / 4 % 4, order / 16 % 4, order / 64];
            let mut host = Reassembly::default();
            let mut seen = [false; 4];
            for index in indices.iter().chain(&indices) {
                let whole = host.add(Instant::ZERO, &fragment(7, parts[*index].clone()));
                seen[*index] = true;
                if seen == [true; 4] {
                    check_whole(whole);
                    assert!(host.0.is_empty());
                    break;
                }
                assert_eq!(whole, None, "{indices:?}");
            }
        }
    }

    #[test]
    fn overlapping_fragments_join_and_those_of_other_datagrams_do_not() {
        let mut host = Reassembly::default();
        let mut add = |ident, part| host.add(Instant::ZERO, &fragment(ident, part));
        assert_eq!(add(1, 0..24), None);
        assert_eq!(add(2, 0..24), None);
        assert_eq!(add(1, 32..40), None);
        check_whole(add(1, 16..40));
        check_whole(add(2, 24..40));
        assert!(host.0.is_empty());
    }

    #[test]
    fn the_memory_of_incomplete_datagrams_is_counted() {
        let mut host = Reassembly::default();
        for ident in 0..10 {
            host.add(Instant::ZERO, &fragment_of(&[1; 1000], ident, 8, true));
        }
        assert!((10_080..20_000).contains(&host.memory()), "{}", host.memory());
        host.add(Instant::from_millis(31_000), &fragment(11, 0..24));
        assert!(host.memory() < 500, "{}", host.memory());
    }

    #[test]
    fn an_incomplete_datagram_is_forgotten_after_30_seconds() {
        let mut host = Reassembly::default();
        let at = |seconds: u64| Instant::from_millis(seconds * 1_000);
        assert_eq!(host.add(at(0), &fragment(1, 0..24)), None);
        assert_eq!(host.add(at(31), &fragment(1, 24..40)), None);
        check_whole(host.add(at(61), &fragment(1, 0..24)));
    }

    #[test]
    fn a_host_is_safe_from_fragments_that_contradict_each_other_or_are_too_many() {
        let mut host = Reassembly::default();
        let mut add = |frame: Vec<u8>| host.add(Instant::ZERO, &frame);
        assert_eq!(add(fragment_of(&[1; 16], 1, 65_528, false)), None, "beyond the largest packet");
        assert_eq!(add(fragment(1, 24..40)), None);
        assert_eq!(add(fragment_of(&[1; 8], 1, 16, false)), None, "another end");
        check_whole(add(fragment(1, 0..24)));
        let mut damaged = fragment(1, 0..24);
        damaged[ETHERNET_HEADER_LEN + 8] ^= 1;
        assert_eq!(add(damaged), None);
        for ident in 0..40 {
            assert_eq!(add(fragment(ident, 0..24)), None);
        }
        assert_eq!(host.0.len(), MAX_DATAGRAMS);
        check_whole(host.add(Instant::ZERO, &fragment(31, 24..40)));
        assert_eq!(host.add(Instant::ZERO, &fragment(39, 24..40)), None);
    }
}
