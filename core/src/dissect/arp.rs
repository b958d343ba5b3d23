//! ARP (RFC 826).

use super::{Layers, Part};
use core::net::Ipv4Addr;
use smoltcp::wire::{ArpOperation, ArpPacket, ArpRepr, EthernetAddress};

/// Length of a message about Ethernet and IPv4 addresses.
const LEN: usize = 28;

pub(super) fn read(part: Part<'_>, layers: &mut Layers) {
    let arp = ArpPacket::new_checked(part.bytes);
    let Ok(ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr,
        source_protocol_addr,
        target_hardware_addr,
        target_protocol_addr,
    }) = arp.and_then(|arp| ArpRepr::parse(&arp))
    else {
        return layers.rest("Malformed ARP", part);
    };
    let mut layer = part.cut(0, LEN).layer("ARP");
    layer.add("hardware type", 0..2, part.u16(0), "Ethernet");
    layer.add("protocol type", 2..4, "0x0800", "IPv4");
    layer.add("hardware address length", 4..5, part.u8(4), "bytes of an Ethernet address");
    layer.add("protocol address length", 5..6, part.u8(5), "bytes of an IPv4 address");
    layer.add("operation", 6..8, part.u16(6), meaning(operation, target_protocol_addr));
    layer.add("sender hardware address", 8..14, source_hardware_addr, "");
    layer.add("sender protocol address", 14..18, source_protocol_addr, "");
    let unknown = target_hardware_addr == EthernetAddress([0; 6]);
    let asked = if unknown { "unknown: it is what the request asks for" } else { "" };
    layer.add("target hardware address", 18..24, target_hardware_addr, asked);
    layer.add("target protocol address", 24..28, target_protocol_addr, "");
    layers.0.push(layer);
}

fn meaning(operation: ArpOperation, target: Ipv4Addr) -> alloc::string::String {
    match operation {
        ArpOperation::Request => alloc::format!("request: who has {target}?"),
        ArpOperation::Reply => "reply: the sender has the sender protocol address".into(),
        ArpOperation::Unknown(_) => "unknown".into(),
    }
}
