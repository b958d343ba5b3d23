//! What is in an Ethernet frame or in a message: layers, their fields, and the bytes of each.
//!
//! Every layer wraps the next one, so the range of a layer contains the ranges of its fields and that of the next
//! layer. Checksums are computed again and reported as right or wrong.
//!
//! ```
//! use retrylab_core::dissect;
//!
//! let layers = dissect::message(b"hello");
//! assert_eq!((layers[0].protocol, layers[0].range.clone()), ("Payload", 0..5));
//! assert_eq!(layers[0].fields[0].value, "hello");
//! ```
//!
//! It reads Ethernet, ARP, IPv4, IPv6, ICMP, ICMPv6, UDP and TCP, and above them HTTP, DNS and plain text. Fragments are
//! not put together: what they carry is shown as bytes. Without the feature `packets`, it reads messages only.

mod application;
#[cfg(feature = "packets")]
mod arp;
#[cfg(feature = "packets")]
mod checksum;
mod dns;
#[cfg(feature = "packets")]
mod ethernet;
#[cfg(feature = "packets")]
mod icmp;
#[cfg(feature = "packets")]
mod ip;
mod printable;
#[cfg(feature = "packets")]
mod quoted;
#[cfg(feature = "packets")]
mod transport;

#[cfg(feature = "packets")]
pub use ethernet::frame;
#[cfg(feature = "packets")]
use printable::size;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;
use core::ops::Range;

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

/// Returns the layer of a message without lower layers, such as a datagram's payload.
#[must_use]
pub fn message(bytes: &[u8]) -> Vec<Layer> {
    let mut layers = Layers(Vec::new());
    application::read(Part { bytes, start: 0 }, &mut layers);
    layers.0
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
    fn layer(self, protocol: &'static str) -> Layer {
        let range = self.start..self.start + self.bytes.len();
        Layer { protocol, range, fields: Vec::new() }
    }
}

impl Layer {
    /// Adds a field whose bytes, counted from the start of the layer, are `range`.
    fn add(
        &mut self,
        name: impl Into<String>,
        range: Range<usize>,
        value: impl Display,
        meaning: impl Into<String>,
    ) {
        let Range { start, end } = self.range;
        let place = |offset: usize| start.saturating_add(offset).min(end);
        let range = place(range.start)..place(range.end);
        let (name, meaning) = (name.into(), meaning.into());
        self.fields.push(Field { name, value: value.to_string(), meaning, range });
    }
}

/// The layers found so far.
struct Layers(Vec<Layer>);

impl Layers {
    /// Adds a layer of bytes that are not looked into; none if there are none.
    #[cfg(feature = "packets")]
    fn rest(&mut self, protocol: &'static str, part: Part<'_>) {
        if part.bytes.is_empty() {
            return;
        }
        let len = part.bytes.len();
        let mut layer = part.layer(protocol);
        layer.add("bytes", 0..len, size(len), "");
        self.0.push(layer);
    }
}
