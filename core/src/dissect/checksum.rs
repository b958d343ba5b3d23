//! The Internet checksum (RFC 1071).

use super::Layer;
use alloc::format;
use alloc::string::ToString;
use core::ops::Range;

/// The sum of the words of the pseudo header, which the checksums of the next layer include.
#[derive(Clone, Copy)]
pub(super) struct Pseudo(pub(super) u32);

impl Pseudo {
    pub(super) fn new(addresses: &[u8], protocol: u8, len: usize) -> Self {
        let sum =
            addresses.chunks_exact(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1]));
        Self(sum.sum::<u32>() + u32::from(protocol) + (len >> 16) as u32 + (len & 0xFFFF) as u32)
    }
}

/// Returns the Internet checksum (RFC 1071) of `bytes`, after `pseudo`, the sum of the words of a pseudo header. The
/// checksum itself must be zero or left out.
fn checksum(pseudo: u32, parts: [&[u8]; 2]) -> u16 {
    let mut sum = u64::from(pseudo);
    for part in parts {
        for pair in part.chunks(2) {
            sum += match *pair {
                [high, low] => u64::from(u16::from_be_bytes([high, low])),
                [high] => u64::from(high) << 8,
                _ => 0,
            };
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

/// Returns the checksum of a message whose own checksum is in the two bytes at `offset`, which is even.
pub(super) fn checksum_at(pseudo: u32, message: &[u8], offset: usize) -> u16 {
    let (before, after) = message.split_at(offset.min(message.len()));
    checksum(pseudo, [before, after.get(2..).unwrap_or(&[])])
}

impl Layer {
    /// Adds a checksum that should be `right`.
    pub(super) fn checksum(&mut self, range: Range<usize>, found: u16, right: u16) {
        let meaning = if found == right {
            "right".to_string()
        } else {
            format!("wrong: of these bytes it is 0x{right:04x}")
        };
        self.add("checksum", range, format!("0x{found:04x}"), meaning);
    }
}
