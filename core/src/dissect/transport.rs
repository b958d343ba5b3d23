//! UDP (RFC 768) and TCP (RFC 9293).

use super::checksum::{Pseudo, checksum_at};
use super::printable::size;
use super::{Layer, Layers, Part, application};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use smoltcp::wire::{TcpOption, TcpPacket, UdpPacket};

/// Length of a TCP header without options.
const TCP_HEADER: usize = 20;

pub(super) fn read_udp(part: Part<'_>, pseudo: Pseudo, layers: &mut Layers) {
    let Ok(datagram) = UdpPacket::new_checked(part.bytes) else {
        return layers.rest("Malformed UDP", part);
    };
    let len = usize::from(datagram.len());
    let part = part.cut(0, len);
    let mut layer = part.layer("UDP");
    layer.add("source port", 0..2, part.u16(0), "");
    layer.add("destination port", 2..4, part.u16(2), "");
    layer.add("length", 4..6, format!("{len} bytes"), "header and data");
    match (datagram.checksum(), checksum_at(pseudo.0, part.bytes, 6)) {
        // A sum of zero is sent as 0xffff, because zero means that there is none.
        (0, _) => layer.add("checksum", 6..8, "0x0000", "not used"),
        (found, 0) => layer.checksum(6..8, found, 0xFFFF),
        (found, right) => layer.checksum(6..8, found, right),
    }
    layers.0.push(layer);
    application::read(part.from(8), layers);
}

pub(super) fn read_tcp(part: Part<'_>, pseudo: Pseudo, layers: &mut Layers) {
    let Ok(segment) = TcpPacket::new_checked(part.bytes) else {
        return layers.rest("Malformed TCP", part);
    };
    let header = usize::from(segment.header_len());
    if header < TCP_HEADER {
        return layers.rest("Malformed TCP", part);
    }
    let data = part.from(header);
    let mut layer = part.layer("TCP");
    layer.add("source port", 0..2, part.u16(0), "");
    layer.add("destination port", 2..4, part.u16(2), "");
    let first = if segment.syn() {
        "the initial sequence number"
    } else {
        "the place of the first byte in the stream"
    };
    layer.add("sequence number", 4..8, part.u32(4), first);
    let next =
        if segment.ack() { "the byte that is expected next" } else { "not used without ACK" };
    layer.add("acknowledgment number", 8..12, part.u32(8), next);
    layer.add("data offset", 12..13, format!("{header} bytes"), "length of this header");
    flags(&mut layer, &segment);
    layer.add("window", 14..16, part.u16(14), "room for bytes that the sender has, before scaling");
    layer.checksum(16..18, segment.checksum(), checksum_at(pseudo.0, part.bytes, 16));
    layer.add("urgent pointer", 18..20, part.u16(18), if segment.urg() { "" } else { "not used" });
    options(&mut layer, part.cut(TCP_HEADER, header));
    layers.0.push(layer);
    application::read(data, layers);
}

fn flags(layer: &mut Layer, segment: &TcpPacket<&[u8]>) {
    let all = [
        (segment.syn(), "SYN", "asks for a connection"),
        (segment.fin(), "FIN", "ends this side of the connection"),
        (segment.rst(), "RST", "refuses or aborts the connection"),
        (segment.psh(), "PSH", "hand the bytes over at once"),
        (segment.ack(), "ACK", "acknowledges"),
        (segment.urg(), "URG", "urgent"),
    ];
    let set: Vec<_> = all.iter().filter(|(is_set, ..)| *is_set).collect();
    let names: Vec<&str> = set.iter().map(|(_, name, _)| *name).collect();
    let meaning = match (segment.syn(), segment.ack()) {
        (true, true) => "accepts the connection".to_string(),
        _ => set.iter().map(|(.., meaning)| *meaning).collect::<Vec<_>>().join("; "),
    };
    let names = if names.is_empty() { "none".to_string() } else { names.join(", ") };
    layer.add("flags", 12..14, names, meaning);
}

fn options(layer: &mut Layer, part: Part<'_>) {
    let mut rest = part;
    while !rest.bytes.is_empty() {
        let at = TCP_HEADER + part.bytes.len() - rest.bytes.len();
        let left = rest.bytes.len();
        let Ok((after, option)) = TcpOption::parse(rest.bytes) else {
            return layer.add("options", at..at + left, size(left), "malformed");
        };
        // What follows the end of the options is padding.
        let ends = option == TcpOption::EndOfList;
        let len = if ends { left } else { left - after.len() };
        let (name, value, meaning) = said(&option);
        layer.add(name, at..at + len, value, meaning);
        rest = rest.from(len);
    }
}

/// Returns the name, the value and the meaning of an option.
fn said(option: &TcpOption<'_>) -> (&'static str, String, &'static str) {
    let none = String::new();
    match option {
        TcpOption::EndOfList => ("end of options", none, "the rest is padding"),
        TcpOption::NoOperation => ("no operation", none, "padding"),
        TcpOption::MaxSegmentSize(size) => (
            "maximum segment size",
            format!("{size} bytes"),
            "limit for the data of a segment to this host",
        ),
        TcpOption::WindowScale(shift) => {
            ("window scale", shift.to_string(), "number of bits by which windows are shifted")
        }
        TcpOption::SackPermitted => ("SACK permitted", none, "ranges may be acknowledged"),
        TcpOption::SackRange(_) => ("SACK", none, "ranges that have arrived"),
        TcpOption::TimeStamp { tsval, tsecr } => ("timestamps", format!("{tsval}, {tsecr}"), ""),
        TcpOption::Unknown { kind, .. } => ("option", kind.to_string(), "unknown"),
    }
}
