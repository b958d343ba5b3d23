//! The packet that an ICMP error quotes.

use super::{Layers, Part};
use alloc::format;
use alloc::string::String;
use smoltcp::wire::{IPV6_HEADER_LEN, IpProtocol};

/// Reads the packet that an ICMP error quotes: its header and at least eight bytes of what follows.
pub(super) fn read(part: Part<'_>, layers: &mut Layers) {
    // Where the protocol and the addresses are, and how long an address is.
    let (header, protocol, addresses, size) = match part.u8(0) >> 4 {
        4 => (usize::from(part.u8(0) & 15) * 4, 9, 12, 4),
        6 => (IPV6_HEADER_LEN, 6, 8, 16),
        _ => return layers.rest("Quoted data", part),
    };
    if header < 20 || part.bytes.len() < header + 4 {
        return layers.rest("Quoted data", part);
    }
    let mut layer = part.layer("Quoted packet");
    let named = IpProtocol::from(part.u8(protocol));
    layer.add("protocol", protocol..protocol + 1, part.u8(protocol), name(named));
    for (place, name) in ["source", "destination"].into_iter().enumerate() {
        let from = addresses + place * size;
        layer.add(name, from..from + size, address(part.cut(from, from + size)), "");
    }
    if matches!(named, IpProtocol::Udp | IpProtocol::Tcp) {
        layer.add("source port", header..header + 2, part.u16(header), "");
        layer.add("destination port", header + 2..header + 4, part.u16(header + 2), "");
    }
    layers.0.push(layer);
}

fn address(part: Part<'_>) -> String {
    match part.bytes.first_chunk::<16>() {
        Some(octets) => format!("{}", core::net::Ipv6Addr::from(*octets)),
        None => format!("{}.{}.{}.{}", part.u8(0), part.u8(1), part.u8(2), part.u8(3)),
    }
}

/// Returns the name of a protocol above IP.
pub(super) const fn name(protocol: IpProtocol) -> &'static str {
    match protocol {
        IpProtocol::Icmp => "ICMP",
        IpProtocol::Icmpv6 => "ICMPv6",
        IpProtocol::Udp => "UDP",
        IpProtocol::Tcp => "TCP",
        _ => "another protocol",
    }
}
