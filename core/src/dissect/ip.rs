//! IPv4 (RFC 791) and IPv6 (RFC 8200).

use super::checksum::{Pseudo, checksum_at};
use super::quoted::name;
use super::{Layer, Layers, Part, icmp, transport};
use alloc::format;
use alloc::string::String;
use smoltcp::wire::{IPV6_HEADER_LEN, IpProtocol, Ipv4Packet, Ipv6Packet};

pub(super) fn read_v4(part: Part<'_>, layers: &mut Layers) {
    let Ok(packet) = Ipv4Packet::new_checked(part.bytes) else {
        return layers.rest("Malformed IPv4", part);
    };
    let (header, total) = (usize::from(packet.header_len()), usize::from(packet.total_len()));
    if packet.version() != 4 || header < 20 {
        return layers.rest("Malformed IPv4", part);
    }
    let part = part.cut(0, total);
    let mut layer = part.layer("IPv4");
    layer.add("version", 0..1, packet.version(), "");
    layer.add("header length", 0..1, format!("{header} bytes"), "");
    layer.add("type of service", 1..2, format!("0x{:02x}", part.u8(1)), "");
    layer.add("total length", 2..4, format!("{total} bytes"), "header and data");
    layer.add(
        "identification",
        4..6,
        format!("0x{:04x}", packet.ident()),
        "the same in all fragments",
    );
    fragmentation(&mut layer, &packet);
    layer.add("time to live", 8..9, packet.hop_limit(), "each router takes one off");
    let protocol = packet.next_header();
    layer.add("protocol", 9..10, part.u8(9), follows(protocol));
    let right = checksum_at(0, part.cut(0, header).bytes, 10);
    layer.checksum(10..12, packet.checksum(), right);
    layer.add("source", 12..16, packet.src_addr(), "");
    layer.add("destination", 16..20, packet.dst_addr(), "");
    if header > 20 {
        layer.add("options", 20..header, format!("{} bytes", header - 20), "");
    }
    layers.0.push(layer);
    let data = part.from(header);
    if packet.more_frags() || packet.frag_offset() > 0 {
        return layers.rest("Fragment", data);
    }
    let pseudo = Pseudo::new(part.cut(12, 20).bytes, part.u8(9), data.bytes.len());
    read_next(protocol, data, pseudo, layers);
}

fn fragmentation(layer: &mut Layer, packet: &Ipv4Packet<&[u8]>) {
    let (more, offset) = (packet.more_frags(), packet.frag_offset());
    let flags = match (packet.dont_frag(), more) {
        (true, false) => "don't fragment",
        (false, true) => "more fragments follow",
        (true, true) => "don't fragment; more fragments follow",
        (false, false) if offset > 0 => "the last fragment",
        (false, false) => "not a fragment",
    };
    let bits = u8::from(packet.dont_frag()) << 1 | u8::from(more);
    layer.add("flags", 6..7, format!("{bits:03b}"), flags);
    layer.add("fragment offset", 6..8, format!("{offset} bytes"), "");
}

pub(super) fn read_v6(part: Part<'_>, layers: &mut Layers) {
    let Ok(packet) = Ipv6Packet::new_checked(part.bytes) else {
        return layers.rest("Malformed IPv6", part);
    };
    if packet.version() != 6 {
        return layers.rest("Malformed IPv6", part);
    }
    let len = usize::from(packet.payload_len());
    let part = part.cut(0, IPV6_HEADER_LEN + len);
    let mut layer = part.layer("IPv6");
    layer.add("version", 0..1, packet.version(), "");
    layer.add("traffic class", 0..2, format!("0x{:02x}", packet.traffic_class()), "");
    layer.add("flow label", 1..4, format!("0x{:05x}", packet.flow_label()), "");
    layer.add("payload length", 4..6, format!("{len} bytes"), "without this header");
    let protocol = packet.next_header();
    layer.add("next header", 6..7, part.u8(6), follows(protocol));
    layer.add("hop limit", 7..8, packet.hop_limit(), "each router takes one off");
    layer.add("source", 8..24, packet.src_addr(), "");
    layer.add("destination", 24..40, packet.dst_addr(), "");
    layers.0.push(layer);
    let data = part.from(IPV6_HEADER_LEN);
    let pseudo = Pseudo::new(part.cut(8, 40).bytes, part.u8(6), data.bytes.len());
    read_next(protocol, data, pseudo, layers);
}

fn read_next(protocol: IpProtocol, data: Part<'_>, pseudo: Pseudo, layers: &mut Layers) {
    match protocol {
        IpProtocol::Icmp => icmp::read_v4(data, layers),
        IpProtocol::Icmpv6 => icmp::read_v6(data, pseudo, layers),
        IpProtocol::Udp => transport::read_udp(data, pseudo, layers),
        IpProtocol::Tcp => transport::read_tcp(data, pseudo, layers),
        _ => layers.rest("Data", data),
    }
}

fn follows(protocol: IpProtocol) -> String {
    format!("{} follows", name(protocol))
}
