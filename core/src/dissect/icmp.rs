//! ICMP (RFC 792) and ICMPv6 (RFC 4443, RFC 4861).

use super::checksum::{Pseudo, checksum_at};
use super::printable::size;
use super::{Layers, Part, quoted};
use core::net::Ipv6Addr;

/// Length of a header, with the four bytes whose meaning depends on the type.
const HEADER: usize = 8;

pub(super) fn read_v4(part: Part<'_>, layers: &mut Layers) {
    let what = match (part.u8(0), part.u8(1)) {
        (0, _) => "echo reply",
        (3, 0) => "destination unreachable: network",
        (3, 1) => "destination unreachable: host",
        (3, 2) => "destination unreachable: protocol",
        (3, 3) => "destination unreachable: nobody listens on the port",
        (3, 4) => "destination unreachable: fragmentation needed",
        (3, _) => "destination unreachable",
        (8, _) => "echo request",
        (11, _) => "time exceeded",
        _ => "another message",
    };
    let is_error = matches!(part.u8(0), 3 | 11);
    read(part, "ICMP", (what, is_error), Pseudo(0), layers);
}

pub(super) fn read_v6(part: Part<'_>, pseudo: Pseudo, layers: &mut Layers) {
    let what = match (part.u8(0), part.u8(1)) {
        (1, 4) => "destination unreachable: nobody listens on the port",
        (1, _) => "destination unreachable",
        (2, _) => "packet too big",
        (3, _) => "time exceeded",
        (128, _) => "echo request",
        (129, _) => "echo reply",
        (133, _) => "router solicitation",
        (134, _) => "router advertisement",
        (135, _) => "neighbor solicitation: who has the target address?",
        (136, _) => "neighbor advertisement: the sender has the target address",
        (143, _) => "multicast listener report",
        _ => "another message",
    };
    let is_error = part.u8(0) < 128;
    read(part, "ICMPv6", (what, is_error), pseudo, layers);
}

fn read(
    part: Part<'_>,
    protocol: &'static str,
    (what, is_error): (&'static str, bool),
    pseudo: Pseudo,
    layers: &mut Layers,
) {
    if part.bytes.len() < HEADER {
        let malformed = if protocol == "ICMP" { "Malformed ICMP" } else { "Malformed ICMPv6" };
        return layers.rest(malformed, part);
    }
    let mut layer = part.layer(protocol);
    layer.add("type", 0..1, part.u8(0), what);
    layer.add("code", 1..2, part.u8(1), "");
    layer.checksum(2..4, part.u16(2), checksum_at(pseudo.0, part.bytes, 2));
    let data = part.from(HEADER);
    let is_neighbor = protocol == "ICMPv6" && matches!(part.u8(0), 135 | 136);
    let target = data.bytes.first_chunk::<16>().filter(|_| is_neighbor);
    if let Some(target) = target {
        layer.add("target address", 8..24, Ipv6Addr::from(*target), "");
        let options = data.bytes.len() - 16;
        if options > 0 {
            layer.add("options", 24..24 + options, size(options), "the Ethernet address");
        }
    }
    layers.0.push(layer);
    match target {
        Some(_) => {}
        None if is_error => quoted::read(data, layers),
        None => layers.rest("Data", data),
    }
}
