//! What is in a frame.

use crate::trace::Carried;
use core::net::SocketAddr;
use smoltcp::wire::{
    ArpOperation, ArpPacket, EthernetFrame, EthernetProtocol, Icmpv4DstUnreachable, Icmpv4Message,
    Icmpv4Packet, IpProtocol, Ipv4Packet, TcpPacket,
};

/// Bytes of the headers of Ethernet, IPv4 and UDP: where the payload of a UDP datagram begins.
pub(super) const HEADERS: usize = 14 + 20 + 8;

/// Returns what `frame` carries.
pub(super) fn carried(frame: &[u8]) -> Carried {
    let Ok(frame) = EthernetFrame::new_checked(frame) else { return Carried::Other };
    match frame.ethertype() {
        EthernetProtocol::Arp => match ArpPacket::new_checked(frame.payload()) {
            Ok(arp) if arp.operation() == ArpOperation::Request => Carried::ArpRequest,
            Ok(_) => Carried::ArpReply,
            Err(_) => Carried::Other,
        },
        EthernetProtocol::Ipv4 => ipv4(frame.payload()),
        _ => Carried::Other,
    }
}

fn ipv4(bytes: &[u8]) -> Carried {
    let Ok(packet) = Ipv4Packet::new_checked(bytes) else { return Carried::Other };
    if packet.more_frags() || packet.frag_offset() > 0 {
        return Carried::Fragment;
    }
    match packet.next_header() {
        IpProtocol::Udp => Carried::Udp,
        IpProtocol::Tcp => tcp(packet.payload()),
        IpProtocol::Icmp => Icmpv4Packet::new_checked(packet.payload())
            .map_or(Carried::Other, |icmp| carried_by_icmp(&icmp)),
        _ => Carried::Other,
    }
}

fn tcp(bytes: &[u8]) -> Carried {
    let Ok(segment) = TcpPacket::new_checked(bytes) else { return Carried::Other };
    if segment.rst() {
        Carried::TcpRst
    } else if segment.syn() {
        if segment.ack() { Carried::TcpSynAck } else { Carried::TcpSyn }
    } else if segment.fin() {
        if segment.payload().is_empty() { Carried::TcpFin } else { Carried::TcpDataFin }
    } else if segment.payload().is_empty() {
        Carried::TcpAck
    } else {
        Carried::TcpData
    }
}

/// Returns the port that a TCP SYN comes from; `None` if the frame carries anything else.
pub(in crate::sim) fn port_of_syn(frame: &[u8]) -> Option<u16> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    let is_syn = ipv4(frame.payload()) == Carried::TcpSyn;
    let segment = TcpPacket::new_checked(packet.payload()).ok()?;
    is_syn.then(|| segment.src_port())
}

/// Returns the ports of a TCP segment, its source first; `None` if the frame carries anything else.
pub(super) fn ports_of_tcp(frame: &[u8]) -> Option<(u16, u16)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    if !ipv4(frame.payload()).is_tcp() {
        return None;
    }
    let segment = TcpPacket::new_checked(packet.payload()).ok()?;
    Some((segment.src_port(), segment.dst_port()))
}

/// Returns who sent the datagram that an ICMP port unreachable reports, and the address where nobody listens; `None` if
/// the frame is not one, or is damaged. (A socket of smoltcp sees such an error only if it quotes the whole datagram;
/// eight bytes of it are enough by RFC 792.)
pub(super) fn refused(frame: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    let packet = Ipv4Packet::new_checked(frame.payload()).ok()?;
    let icmp = Icmpv4Packet::new_checked(packet.payload()).ok()?;
    if carried_by_icmp(&icmp) != Carried::PortUnreachable || !icmp.verify_checksum() {
        return None;
    }
    // The quotation may end after eight bytes of the datagram, so its length cannot be checked.
    let quoted = icmp.data();
    let &[_, _, _, _, _, _, _, _, _, protocol, ..] = quoted else { return None };
    let header = usize::from(quoted[0] & 0xF) * 4;
    let (addresses, ports) = (quoted.get(12..20)?, quoted.get(header..header + 4)?);
    if IpProtocol::from(protocol) != IpProtocol::Udp {
        return None;
    }
    let end = |address: usize, port: usize| {
        let [a, b, c, d] = *addresses[address..].first_chunk()?;
        let port = u16::from_be_bytes(*ports[port..].first_chunk()?);
        Some(SocketAddr::from(([a, b, c, d], port)))
    };
    Some((end(0, 0)?, end(4, 2)?))
}

fn carried_by_icmp(icmp: &Icmpv4Packet<&[u8]>) -> Carried {
    let code = Icmpv4DstUnreachable::from(icmp.msg_code());
    match (icmp.msg_type(), code) {
        (Icmpv4Message::DstUnreachable, Icmpv4DstUnreachable::PortUnreachable) => {
            Carried::PortUnreachable
        }
        _ => Carried::Icmp,
    }
}
