//! What is in an Ethernet frame: its layers, their fields, and the bytes of each.
//!
//! Every layer wraps the next one, so the range of a layer contains the ranges of its fields and that of the next
//! layer. Checksums are computed again and reported as right or wrong.
//!
//! ```
//! use retrylab_core::dissect;
//!
//! // An ARP request, cut off after the operation.
//! let frame = [
//!     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 10, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1,
//! ];
//! let layers = dissect::frame(&frame);
//! assert_eq!(layers[0].protocol, "Ethernet");
//! assert_eq!(layers[0].fields[2].meaning, "ARP follows");
//! assert_eq!((layers[1].protocol, layers[1].range.clone()), ("Malformed ARP", 14..22));
//! ```
//!
//! It reads Ethernet, ARP, IPv4, IPv6, ICMP, ICMPv6, UDP and TCP, and above them HTTP, DNS and plain text. Fragments are
//! not put together: what they carry is shown as bytes.

mod application;
mod arp;
mod checksum;
mod dns;
mod icmp;
mod ip;
mod printable;
mod quoted;
mod transport;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;
use core::ops::Range;
use smoltcp::wire::{ETHERNET_HEADER_LEN, EthernetAddress, EthernetFrame, EthernetProtocol};

/// One layer of a frame: a header with what it wraps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The protocol, such as `IPv4`.
    pub protocol: &'static str,
    /// Its bytes in the frame, those of the layers that it wraps included.
    pub range: Range<usize>,
    /// Its fields, in the order of their bytes.
    pub fields: Vec<Field>,
}

/// One field of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name that its standard gives it.
    pub name: String,
    /// The value as people write it.
    pub value: String,
    /// What the value means; empty if it says that itself.
    pub meaning: String,
    /// Its bytes in the frame. Fields of less than a byte share theirs.
    pub range: Range<usize>,
}

/// Returns the layers of a frame, from the Ethernet header on, the outermost first. Of a frame that ends too early or
/// contradicts itself, the last layer has all remaining bytes.
#[must_use]
pub fn frame(bytes: &[u8]) -> Vec<Layer> {
    let mut layers = Layers(Vec::new());
    let at = Part { bytes, start: 0 };
    let Ok(frame) = EthernetFrame::new_checked(bytes) else {
        layers.rest("Malformed Ethernet", at);
        return layers.0;
    };
    let (kind, follows) = match frame.ethertype() {
        EthernetProtocol::Arp => ("0x0806", "ARP follows"),
        EthernetProtocol::Ipv4 => ("0x0800", "IPv4 follows"),
        EthernetProtocol::Ipv6 => ("0x86dd", "IPv6 follows"),
        EthernetProtocol::Unknown(_) => ("", "an unknown protocol follows"),
    };
    let kind = if kind.is_empty() { format!("0x{:04x}", at.u16(12)) } else { kind.to_string() };
    let mut layer = at.layer("Ethernet");
    layer.add("destination", 0..6, frame.dst_addr(), port_of(frame.dst_addr()));
    layer.add("source", 6..12, frame.src_addr(), port_of(frame.src_addr()));
    layer.add("type", 12..14, kind, follows);
    layers.0.push(layer.done());
    let inner = at.from(ETHERNET_HEADER_LEN);
    match frame.ethertype() {
        EthernetProtocol::Arp => arp::read(inner, &mut layers),
        EthernetProtocol::Ipv4 => ip::read_v4(inner, &mut layers),
        EthernetProtocol::Ipv6 => ip::read_v6(inner, &mut layers),
        EthernetProtocol::Unknown(_) => layers.rest("Data", inner),
    }
    layers.0
}

/// Returns the layer of a message without lower layers, such as a datagram's payload.
#[must_use]
pub fn message(bytes: &[u8]) -> Vec<Layer> {
    let mut layers = Layers(Vec::new());
    application::read(Part { bytes, start: 0 }, &[], &mut layers);
    layers.0
}

/// Returns what is special about an Ethernet address.
fn port_of(address: EthernetAddress) -> &'static str {
    if address.is_broadcast() {
        "every host on the cable"
    } else if address.is_multicast() {
        "a group of hosts"
    } else {
        ""
    }
}

/// Some bytes of the frame, with their place in it.
#[derive(Clone, Copy)]
struct Part<'a> {
    bytes: &'a [u8],
    start: usize,
}

impl<'a> Part<'a> {
    /// Returns the part from `offset` on; an empty one if it is not that long.
    fn from(self, offset: usize) -> Self {
        self.cut(offset, self.bytes.len())
    }

    /// Returns the bytes from `from` to `to`, as far as they exist.
    fn cut(self, from: usize, to: usize) -> Self {
        let to = to.min(self.bytes.len());
        let from = from.min(to);
        Self { bytes: &self.bytes[from..to], start: self.start + from }
    }

    /// Returns the byte at `offset`; 0 behind the end.
    fn u8(self, offset: usize) -> u8 {
        self.bytes.get(offset).copied().unwrap_or(0)
    }

    /// Returns the 16 bits at `offset`, in network order.
    fn u16(self, offset: usize) -> u16 {
        u16::from_be_bytes([self.u8(offset), self.u8(offset + 1)])
    }

    /// Returns the 32 bits at `offset`, in network order.
    fn u32(self, offset: usize) -> u32 {
        u32::from(self.u16(offset)) << 16 | u32::from(self.u16(offset + 2))
    }

    /// Begins a layer that has all bytes of the part.
    fn layer(self, protocol: &'static str) -> Draft {
        let range = self.start..self.start + self.bytes.len();
        Draft(Layer { protocol, range, fields: Vec::new() })
    }
}

/// A layer under construction.
struct Draft(Layer);

impl Draft {
    /// Adds a field whose bytes, counted from the start of the layer, are `range`.
    fn add(
        &mut self,
        name: impl Into<String>,
        range: Range<usize>,
        value: impl Display,
        meaning: impl Into<String>,
    ) {
        let Range { start, end } = self.0.range;
        let place = |offset: usize| start.saturating_add(offset).min(end);
        let range = place(range.start)..place(range.end);
        let (name, meaning) = (name.into(), meaning.into());
        self.0.fields.push(Field { name, value: value.to_string(), meaning, range });
    }

    /// Adds a checksum that should be `right`.
    fn checksum(&mut self, range: Range<usize>, found: u16, right: u16) {
        let meaning = if found == right {
            "right".to_string()
        } else {
            format!("wrong: of these bytes it is 0x{right:04x}")
        };
        self.add("checksum", range, format!("0x{found:04x}"), meaning);
    }

    fn done(self) -> Layer {
        self.0
    }
}

/// The layers found so far.
struct Layers(Vec<Layer>);

impl Layers {
    /// Adds a layer of bytes that are not looked into; none if there are none.
    fn rest(&mut self, protocol: &'static str, part: Part<'_>) {
        if part.bytes.is_empty() {
            return;
        }
        let len = part.bytes.len();
        let mut layer = part.layer(protocol);
        let s = if len == 1 { "" } else { "s" };
        layer.add("bytes", 0..len, format!("{len} byte{s}"), "");
        self.0.push(layer.done());
    }
}
