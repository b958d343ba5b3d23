//! The router between the hosts: it answers ARP requests for its addresses, and forwards packets.

use core::net::Ipv4Addr;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, ETHERNET_HEADER_LEN, EthernetAddress, EthernetFrame,
    EthernetProtocol, Ipv4Packet,
};

/// Ethernet address of every port of the router. Addresses that begin with 02 are locally administered (IEEE 802).
pub(super) const ROUTER: EthernetAddress = EthernetAddress([2, 0xFF, 0, 0, 0, 1]);

/// Length of a frame with an ARP message.
pub(super) const ARP_FRAME: usize = ETHERNET_HEADER_LEN + 28;

/// What the router does with a frame from a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answers with this frame.
    Answer([u8; ARP_FRAME]),
    /// It has learned the host's Ethernet address.
    Learned,
    /// It forwards the packet to this address.
    Forward(Ipv4Addr),
    /// It ignores the frame.
    Ignore,
}

/// Returns what the router, which is `gateway` to the host, does with its frame.
pub(super) fn judge(frame: &[u8], gateway: Ipv4Addr) -> Verdict {
    let Ok(frame) = EthernetFrame::new_checked(frame) else { return Verdict::Ignore };
    match frame.ethertype() {
        EthernetProtocol::Arp => judge_arp(frame.payload(), gateway),
        EthernetProtocol::Ipv4 => match Ipv4Packet::new_checked(frame.payload()) {
            Ok(packet) if packet.hop_limit() > 1 => Verdict::Forward(packet.dst_addr()),
            _ => Verdict::Ignore,
        },
        _ => Verdict::Ignore,
    }
}

fn judge_arp(bytes: &[u8], gateway: Ipv4Addr) -> Verdict {
    let Ok(ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr,
        source_protocol_addr,
        target_protocol_addr,
        ..
    }) = ArpPacket::new_checked(bytes).and_then(|packet| ArpRepr::parse(&packet))
    else {
        return Verdict::Ignore;
    };
    match operation {
        ArpOperation::Request if target_protocol_addr == gateway => Verdict::Answer(arp(
            ArpOperation::Reply,
            gateway,
            (source_hardware_addr, source_protocol_addr),
        )),
        ArpOperation::Reply => Verdict::Learned,
        _ => Verdict::Ignore,
    }
}

/// Returns the frame in which the router asks for the Ethernet address of a host.
pub(super) fn request(gateway: Ipv4Addr, host: Ipv4Addr) -> [u8; ARP_FRAME] {
    arp(ArpOperation::Request, gateway, (EthernetAddress::BROADCAST, host))
}

/// Returns a frame with an ARP message of the router, which is `gateway`.
fn arp(
    operation: ArpOperation,
    gateway: Ipv4Addr,
    (to, host): (EthernetAddress, Ipv4Addr),
) -> [u8; ARP_FRAME] {
    let mut bytes = [0; ARP_FRAME];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
    frame.set_src_addr(ROUTER);
    frame.set_dst_addr(to);
    frame.set_ethertype(EthernetProtocol::Arp);
    // A request does not know what it asks for (RFC 826).
    let asked = if to.is_broadcast() { EthernetAddress([0; 6]) } else { to };
    let message = ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr: ROUTER,
        source_protocol_addr: gateway,
        target_hardware_addr: asked,
        target_protocol_addr: host,
    };
    message.emit(&mut ArpPacket::new_unchecked(frame.payload_mut()));
    bytes
}

/// Changes `frame` as the router does that forwards it to the host `to`: addresses, hop limit, and the checksum of the
/// header, updated as in RFC 1624.
pub(super) fn forward(frame: &mut [u8], to: EthernetAddress) {
    let mut frame = EthernetFrame::new_unchecked(frame);
    frame.set_src_addr(ROUTER);
    frame.set_dst_addr(to);
    let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
    packet.set_hop_limit(packet.hop_limit().saturating_sub(1));
    // The hop limit is the high byte of its word, which becomes 0x100 smaller.
    let sum = u32::from(!packet.checksum()) + u32::from(!0x0100_u16);
    packet.set_checksum(!((sum & 0xFFFF) + (sum >> 16)) as u16);
}

#[cfg(test)]
mod tests {
    use super::*;
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{IpProtocol, Ipv4Repr};

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
                let mut packet = Ipv4Packet::new_unchecked(&mut bytes[ETHERNET_HEADER_LEN..]);
                repr.emit(&mut packet, &ChecksumCapabilities::default());
                forward(&mut bytes, EthernetAddress([2, 0, 0, 0, 0, 9]));
                let packet = Ipv4Packet::new_checked(&bytes[ETHERNET_HEADER_LEN..]).unwrap();
                assert!(packet.verify_checksum(), "{last} {hop_limit}");
                assert_eq!(packet.hop_limit(), hop_limit - 1);
            }
        }
    }
}
