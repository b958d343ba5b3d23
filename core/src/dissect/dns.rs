//! DNS (RFC 1035).

use super::printable::{printable, size};
use super::{Layer, Part};
use alloc::format;
use alloc::string::{String, ToString};
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;

/// Length of a header.
const HEADER: usize = 12;

/// Maximum number of labels and pointers followed in one name; this ends a loop of pointers.
const MAX_STEPS: usize = 128;

/// Reads a message with a question; `None` if it is not one, or has bytes left. The bytes of text at the place of
/// QDCOUNT would be thousands of questions.
pub(super) fn read(part: Part<'_>) -> Option<Layer> {
    if part.bytes.len() < HEADER || part.u16(4) == 0 {
        return None;
    }
    let flags = part.u16(2);
    let is_reply = flags & 0x8000 != 0;
    let mut layer = part.layer("DNS");
    layer.add("ID", 0..2, format!("0x{:04x}", part.u16(0)), "the reply has the same");
    layer.add("flags", 2..4, format!("0x{flags:04x}"), flags_in_words(flags));
    if is_reply {
        layer.add("RCODE", 3..4, flags & 15, rcode(flags & 15));
    }
    for (place, name) in ["QDCOUNT", "ANCOUNT", "NSCOUNT", "ARCOUNT"].into_iter().enumerate() {
        let kind = ["questions", "answers", "name servers", "additional records"][place];
        let at = 4 + 2 * place;
        layer.add(name, at..at + 2, part.u16(at), kind);
    }
    let mut at = HEADER;
    for _ in 0..part.u16(4) {
        let (name, end) = name_at(part, at)?;
        if end + 4 > part.bytes.len() {
            return None;
        }
        layer.add("question", at..end + 4, name, kind(part.u16(end)));
        at = end + 4;
    }
    let records = u32::from(part.u16(6)) + u32::from(part.u16(8)) + u32::from(part.u16(10));
    for _ in 0..records {
        at = record(part, at, &mut layer)?;
    }
    (at == part.bytes.len()).then_some(layer)
}

/// Reads a resource record; returns where it ends.
fn record(part: Part<'_>, at: usize, layer: &mut Layer) -> Option<usize> {
    let (name, fixed) = name_at(part, at)?;
    let data = fixed + 10;
    let end = data.checked_add(usize::from(part.u16(fixed + 8)))?;
    if end > part.bytes.len() {
        return None;
    }
    let of = part.u16(fixed);
    let value = value(part, of, data..end);
    let seconds = part.u32(fixed + 4);
    // An OPT record uses this place for something else (RFC 6891, section 6.1.3).
    let life = if of == 41 { String::new() } else { format!(", for {seconds} s") };
    layer.add(format!("record {name}"), at..end, value, kind(of).to_string() + &life);
    Some(end)
}

fn value(part: Part<'_>, kind: u16, data: Range<usize>) -> String {
    let bytes = part.cut(data.start, data.end).bytes;
    match (kind, bytes.first_chunk::<4>(), bytes.first_chunk::<16>()) {
        (1, Some(octets), _) => Ipv4Addr::from(*octets).to_string(),
        (28, _, Some(octets)) => Ipv6Addr::from(*octets).to_string(),
        (2 | 5 | 12, ..) => match name_at(part, data.start) {
            Some((name, _)) => name,
            None => size(bytes.len()),
        },
        _ => size(bytes.len()),
    }
}

/// Returns the name at `at`, and where it ends there.
fn name_at(part: Part<'_>, at: usize) -> Option<(String, usize)> {
    let (mut at, mut end, mut name) = (at, None, String::new());
    for _ in 0..MAX_STEPS {
        match *part.bytes.get(at)? {
            0 => {
                let name = if name.is_empty() { ".".to_string() } else { name };
                return Some((name, end.unwrap_or(at + 1)));
            }
            len @ 1..=63 => {
                let label = part.bytes.get(at + 1..at + 1 + usize::from(len))?;
                if !name.is_empty() {
                    name.push('.');
                }
                name += &printable(Part { bytes: label, start: 0 });
                at += 1 + usize::from(len);
            }
            // A pointer to an earlier name (section 4.1.4).
            192.. => {
                end = end.or(Some(at + 2));
                part.bytes.get(at + 1)?;
                at = usize::from(part.u16(at) & 0x3FFF);
            }
            _ => return None,
        }
    }
    None
}

fn flags_in_words(flags: u16) -> String {
    let mut words = String::from(if flags & 0x8000 == 0 { "query" } else { "reply" });
    for (bit, word) in [
        (0x0400, "authoritative"),
        (0x0200, "truncated"),
        (0x0100, "recursion desired"),
        (0x0080, "recursion available"),
    ] {
        if flags & bit != 0 {
            words += ", ";
            words += word;
        }
    }
    words
}

const fn rcode(code: u16) -> &'static str {
    match code {
        0 => "no error",
        1 => "format error",
        2 => "server failure",
        3 => "the name does not exist",
        4 => "not implemented",
        5 => "refused",
        _ => "another error",
    }
}

const fn kind(kind: u16) -> &'static str {
    match kind {
        1 => "A: an IPv4 address",
        2 => "NS: a name server",
        5 => "CNAME: another name",
        6 => "SOA: about the zone",
        12 => "PTR: a name",
        16 => "TXT: text",
        28 => "AAAA: an IPv6 address",
        41 => "OPT: extensions",
        _ => "another type",
    }
}
