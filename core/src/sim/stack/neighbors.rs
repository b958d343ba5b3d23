//! Messages with which the router and the hosts find each other's Ethernet addresses: ARP (RFC 826), and neighbor
//! discovery for IPv6 (RFC 4861).

use super::place::Place;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, ETHERNET_HEADER_LEN, EthernetAddress, EthernetFrame,
    EthernetProtocol, Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet, Ipv6Repr,
    NdiscNeighborFlags, NdiscRepr,
};

/// Ethernet address of every port of the router. Addresses that begin with 02 are locally administered (IEEE 802).
pub(super) const ROUTER: EthernetAddress = EthernetAddress([2, 0xFF, 0, 0, 0, 1]);

/// Hop limit of neighbor discovery (RFC 4861, section 4.3).
const HOP_LIMIT: u8 = 255;

/// A host's message to its router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// Asks for the router's Ethernet address.
    Request,
    /// Says what the host's own is.
    Reply,
}

/// Returns the frame in which the router asks for the Ethernet address of a host.
pub(super) fn request(host: &Place) -> Vec<u8> {
    match (host.gateway, host.address()) {
        (IpAddr::V6(gateway), IpAddr::V6(address)) => {
            let message =
                NdiscRepr::NeighborSolicit { target_addr: address, lladdr: Some(ROUTER.into()) };
            let [.., a, b, c] = address.octets();
            // The solicited-node multicast address (RFC 4291, section 2.7.1), and its Ethernet address (RFC 2464,
            // section 7).
            let low = [u16::from_be_bytes([0xFF, a]), u16::from_be_bytes([b, c])];
            let group = Ipv6Addr::new(0xFF02, 0, 0, 0, 0, 1, low[0], low[1]);
            let to = EthernetAddress([0x33, 0x33, 0xFF, a, b, c]);
            discovery(message, gateway, (to, group))
        }
        (IpAddr::V4(gateway), IpAddr::V4(address)) => {
            arp(ArpOperation::Request, gateway, (EthernetAddress::BROADCAST, address))
        }
        _ => unreachable!("{MIXED}"),
    }
}

/// Returns the frame in which the router answers a host's request.
pub(super) fn reply(host: &Place) -> Vec<u8> {
    match (host.gateway, host.address()) {
        (IpAddr::V6(gateway), IpAddr::V6(address)) => {
            use NdiscNeighborFlags as Flags;
            let message = NdiscRepr::NeighborAdvert {
                flags: Flags::ROUTER | Flags::SOLICITED | Flags::OVERRIDE,
                target_addr: gateway,
                lladdr: Some(ROUTER.into()),
            };
            discovery(message, gateway, (host.ethernet, address))
        }
        (IpAddr::V4(gateway), IpAddr::V4(address)) => {
            arp(ArpOperation::Reply, gateway, (host.ethernet, address))
        }
        _ => unreachable!("{MIXED}"),
    }
}

/// Why a host and its router never have addresses of two families.
const MIXED: &str = "both addresses of a place are made for one family";

/// Returns the message in the payload of an ARP frame, if it is for the router of `host`.
pub(super) fn read_arp(bytes: &[u8], host: &Place) -> Option<Message> {
    let ArpRepr::EthernetIpv4 { operation, target_protocol_addr, .. } =
        ArpRepr::parse(&ArpPacket::new_checked(bytes).ok()?).ok()?
    else {
        return None;
    };
    match operation {
        ArpOperation::Request if host.gateway == target_protocol_addr => Some(Message::Request),
        ArpOperation::Reply => Some(Message::Reply),
        _ => None,
    }
}

/// Returns the message of neighbor discovery in a packet, if it is for the router of `host`.
pub(super) fn read_discovery(packet: &Ipv6Packet<&[u8]>, host: &Place) -> Option<Message> {
    // A message from another network has passed a router (RFC 4861, section 7.1.1).
    if packet.next_header() != IpProtocol::Icmpv6 || packet.hop_limit() != HOP_LIMIT {
        return None;
    }
    let icmp = Icmpv6Packet::new_checked(packet.payload()).ok()?;
    let (from, to) = (packet.src_addr(), packet.dst_addr());
    match Icmpv6Repr::parse(&from, &to, &icmp, &ChecksumCapabilities::default()).ok()? {
        Icmpv6Repr::Ndisc(NdiscRepr::NeighborSolicit { target_addr, .. })
            if host.gateway == target_addr =>
        {
            Some(Message::Request)
        }
        Icmpv6Repr::Ndisc(NdiscRepr::NeighborAdvert { .. }) => Some(Message::Reply),
        _ => None,
    }
}

/// Returns a frame with an ARP message of the router, which is `gateway`.
fn arp(
    operation: ArpOperation,
    gateway: Ipv4Addr,
    (to, host): (EthernetAddress, Ipv4Addr),
) -> Vec<u8> {
    // A request does not know what it asks for (RFC 826).
    let asked = if to.is_broadcast() { EthernetAddress([0; 6]) } else { to };
    let message = ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr: ROUTER,
        source_protocol_addr: gateway,
        target_hardware_addr: asked,
        target_protocol_addr: host,
    };
    frame(to, EthernetProtocol::Arp, message.buffer_len(), |payload| {
        message.emit(&mut ArpPacket::new_unchecked(payload));
    })
}

/// Returns a frame with a message of neighbor discovery from the router, which is `gateway`.
fn discovery(
    message: NdiscRepr<'_>,
    gateway: Ipv6Addr,
    (to, host): (EthernetAddress, Ipv6Addr),
) -> Vec<u8> {
    let message = Icmpv6Repr::Ndisc(message);
    let header = Ipv6Repr {
        src_addr: gateway,
        dst_addr: host,
        next_header: IpProtocol::Icmpv6,
        payload_len: message.buffer_len(),
        hop_limit: HOP_LIMIT,
    };
    let len = header.buffer_len() + header.payload_len;
    frame(to, EthernetProtocol::Ipv6, len, |payload| {
        let mut packet = Ipv6Packet::new_unchecked(payload);
        header.emit(&mut packet);
        let mut icmp = Icmpv6Packet::new_unchecked(packet.payload_mut());
        message.emit(&gateway, &host, &mut icmp, &ChecksumCapabilities::default());
    })
}

/// Returns a frame of the router with `len` bytes of payload, which `write` fills.
fn frame(
    to: EthernetAddress,
    ethertype: EthernetProtocol,
    len: usize,
    write: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let mut bytes = vec![0; ETHERNET_HEADER_LEN + len];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes[..]);
    frame.set_src_addr(ROUTER);
    frame.set_dst_addr(to);
    frame.set_ethertype(ethertype);
    write(frame.payload_mut());
    bytes
}
