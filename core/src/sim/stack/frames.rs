//! What is in a frame.

use crate::trace::Carried;
use core::net::{IpAddr, SocketAddr};
use smoltcp::wire::{
    ArpOperation, ArpPacket, EthernetFrame, EthernetProtocol, Icmpv4DstUnreachable, Icmpv4Message,
    Icmpv4Packet, Icmpv6DstUnreachable, Icmpv6Message, Icmpv6Packet, IpProtocol, Ipv4Packet,
    Ipv6Packet, TcpPacket,
};

/// Bytes of the headers of Ethernet, IPv4 and UDP: where the payload of a UDP datagram over IPv4 begins.
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
        EthernetProtocol::Ipv6 => ipv6(frame.payload()),
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

fn ipv6(bytes: &[u8]) -> Carried {
    let Ok(packet) = Ipv6Packet::new_checked(bytes) else { return Carried::Other };
    match packet.next_header() {
        IpProtocol::Udp => Carried::Udp,
        IpProtocol::Tcp => tcp(packet.payload()),
        IpProtocol::Icmpv6 => Icmpv6Packet::new_checked(packet.payload())
            .map_or(Carried::Other, |icmp| carried_by_icmpv6(&icmp)),
        IpProtocol::Ipv6Frag => Carried::Fragment,
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
    if carried(frame) != Carried::TcpSyn {
        return None;
    }
    Some(segment(frame)?.src_port())
}

/// Returns the ports of a TCP segment, its source first; `None` if the frame carries anything else.
pub(super) fn ports_of_tcp(frame: &[u8]) -> Option<(u16, u16)> {
    let segment = segment(frame)?;
    Some((segment.src_port(), segment.dst_port()))
}

/// Returns the TCP segment in a frame; `None` if it carries anything else.
fn segment(frame: &[u8]) -> Option<TcpPacket<&[u8]>> {
    let bytes = EthernetFrame::new_checked(frame).ok()?.payload();
    let payload = match carried(frame).is_tcp().then(|| bytes[0] >> 4)? {
        4 => Ipv4Packet::new_checked(bytes).ok()?.payload(),
        _ => Ipv6Packet::new_checked(bytes).ok()?.payload(),
    };
    TcpPacket::new_checked(payload).ok()
}

/// Returns who sent the datagram that an ICMP port unreachable reports, and the address where nobody listens; `None` if
/// the frame is not one, or is damaged. (A socket of smoltcp sees such an error only if it quotes the whole datagram;
/// eight bytes of it are enough by RFC 792.)
pub(super) fn refused(frame: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let frame = EthernetFrame::new_checked(frame).ok()?;
    match frame.ethertype() {
        EthernetProtocol::Ipv4 => refused_over_ipv4(frame.payload()),
        EthernetProtocol::Ipv6 => refused_over_ipv6(frame.payload()),
        _ => None,
    }
}

fn refused_over_ipv4(bytes: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let packet = Ipv4Packet::new_checked(bytes).ok()?;
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
    let [from, to] =
        [0, 4].map(|at| addresses[at..].first_chunk::<4>().map(|ip| IpAddr::from(*ip)));
    ends((from?, to?), ports)
}

fn refused_over_ipv6(bytes: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let packet = Ipv6Packet::new_checked(bytes).ok()?;
    let icmp = Icmpv6Packet::new_checked(packet.payload()).ok()?;
    if carried_by_icmpv6(&icmp) != Carried::PortUnreachable
        || !icmp.verify_checksum(&packet.src_addr(), &packet.dst_addr())
    {
        return None;
    }
    // The quotation may end before the datagram does, so its length cannot be checked.
    let (header, ports) = (icmp.payload().first_chunk::<40>()?, icmp.payload().get(40..44)?);
    if IpProtocol::from(header[6]) != IpProtocol::Udp {
        return None;
    }
    let [from, to] = [8, 24].map(|at| header[at..].first_chunk::<16>().map(|ip| IpAddr::from(*ip)));
    ends((from?, to?), ports)
}

/// Returns the ends of the datagram between these addresses, with the `ports` with which its header begins.
fn ends((from, to): (IpAddr, IpAddr), ports: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let &[a, b, c, d, ..] = ports else { return None };
    let [source, destination] = [[a, b], [c, d]].map(u16::from_be_bytes);
    Some((SocketAddr::new(from, source), SocketAddr::new(to, destination)))
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

fn carried_by_icmpv6(icmp: &Icmpv6Packet<&[u8]>) -> Carried {
    let code = Icmpv6DstUnreachable::from(icmp.msg_code());
    match (icmp.msg_type(), code) {
        (Icmpv6Message::DstUnreachable, Icmpv6DstUnreachable::PortUnreachable) => {
            Carried::PortUnreachable
        }
        (Icmpv6Message::NeighborSolicit, _) => Carried::NeighborSolicitation,
        (Icmpv6Message::NeighborAdvert, _) => Carried::NeighborAdvertisement,
        _ => Carried::Icmp,
    }
}
