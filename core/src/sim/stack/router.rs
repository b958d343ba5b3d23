//! The router between the hosts: it answers what they ask for its Ethernet address, and forwards packets.

use super::neighbors::{self, Message, ROUTER};
use super::place::Place;
use alloc::vec::Vec;
use core::net::IpAddr;
use smoltcp::wire::{EthernetAddress, EthernetFrame, EthernetProtocol, Ipv4Packet, Ipv6Packet};

/// What the router does with a frame from a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answers with this frame.
    Answer(Vec<u8>),
    /// It has learned the host's Ethernet address.
    Learned,
    /// It forwards the packet to this address.
    Forward(IpAddr),
    /// It ignores the frame.
    Ignore,
}

/// Returns what the router does with a frame of `host`.
pub(super) fn judge(frame: &[u8], host: &Place) -> Verdict {
    let Ok(frame) = EthernetFrame::new_checked(frame) else { return Verdict::Ignore };
    let message = match frame.ethertype() {
        EthernetProtocol::Arp => neighbors::read_arp(frame.payload(), host),
        EthernetProtocol::Ipv4 => match Ipv4Packet::new_checked(frame.payload()) {
            Ok(packet) if packet.hop_limit() > 1 => {
                return Verdict::Forward(packet.dst_addr().into());
            }
            _ => None,
        },
        EthernetProtocol::Ipv6 => match Ipv6Packet::new_checked(frame.payload()) {
            // What is for the router or a group does not leave the host's network.
            Ok(packet) if packet.dst_addr().is_multicast() || host.gateway == packet.dst_addr() => {
                neighbors::read_discovery(&packet, host)
            }
            Ok(packet) if packet.hop_limit() > 1 => {
                return Verdict::Forward(packet.dst_addr().into());
            }
            _ => None,
        },
        _ => None,
    };
    match message {
        Some(Message::Request) => Verdict::Answer(neighbors::reply(host)),
        Some(Message::Reply) => Verdict::Learned,
        None => Verdict::Ignore,
    }
}

/// Changes `frame` as the router does that forwards it to the host with the Ethernet address `to`: addresses, hop limit,
/// and the checksum of a header of IPv4, updated as in RFC 1624. A header of IPv6 has none.
pub(super) fn forward(frame: &mut [u8], to: EthernetAddress) {
    let mut frame = EthernetFrame::new_unchecked(frame);
    frame.set_src_addr(ROUTER);
    frame.set_dst_addr(to);
    if frame.ethertype() == EthernetProtocol::Ipv6 {
        let mut packet = Ipv6Packet::new_unchecked(frame.payload_mut());
        return packet.set_hop_limit(packet.hop_limit().saturating_sub(1));
    }
    let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
    packet.set_hop_limit(packet.hop_limit().saturating_sub(1));
    // The hop limit is the high byte of its word, which becomes 0x100 smaller.
    let sum = u32::from(!packet.checksum()) + u32::from(!0x0100_u16);
    packet.set_checksum(!((sum & 0xFFFF) + (sum >> 16)) as u16);
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{ETHERNET_HEADER_LEN, IpProtocol, Ipv4Repr};

    /// The updated checksum is the one that is computed from the whole header.
    #[test]
    fn forwarding_keeps_the_checksum_right() {
        for last in 0..=255 {
            for hop_limit in [2, 3, 64, 255] {
                let repr = Ipv4Repr {
                    src_addr: Ipv4Addr::new(10, 0, 0, last),
                    dst_addr: Ipv4Addr::new(192, 0, 2, 1),
                    next_header: IpProtocol::Udp,
                    payload_len: 0,
                    hop_limit,
                };
                let mut bytes = [0; ETHERNET_HEADER_LEN + 20];
                let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
                frame.set_ethertype(EthernetProtocol::Ipv4);
                let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
                repr.emit(&mut packet, &ChecksumCapabilities::default());
                forward(&mut bytes, EthernetAddress([2, 0, 0, 0, 0, 9]));
                let packet = Ipv4Packet::new_checked(&bytes[ETHERNET_HEADER_LEN..]).unwrap();
                assert!(packet.verify_checksum(), "{last} {hop_limit}");
                assert_eq!(packet.hop_limit(), hop_limit - 1);
            }
        }
    }
}
