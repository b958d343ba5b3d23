//! Blocks of a pcapng file: draft-ietf-opsawg-pcapng, sections 4.1 (section header), 4.2 (interface description) and
//! 4.3 (enhanced packet).
//!
//! The file is written in little-endian order, and times have a resolution of a nanosecond.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

/// Link-layer header type of packets that begin with an IPv4 or IPv6 header (LINKTYPE_RAW).
pub const RAW: u16 = 101;

/// Link-layer header type of Ethernet frames (LINKTYPE_ETHERNET).
pub const ETHERNET: u16 = 1;

/// Type of a section header block, which looks the same in both byte orders.
const SECTION_HEADER: u32 = 0x0A0D_0D0A;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

/// Value from which a reader learns the byte order.
const BYTE_ORDER: u32 = 0x1A2B_3C4D;

/// Codes of options: sections 3.5, 4.1, 4.2 and 4.3.
const COMMENT: u16 = 1;
const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const INTERFACE_DESCRIPTION_TEXT: u16 = 3;
const TIME_RESOLUTION: u16 = 9;
const PACKET_FLAGS: u16 = 2;

/// Which way a packet passes its interface: bits 0 and 1 of the packet flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The host receives it.
    In = 1,
    /// The host sends it.
    Out = 2,
}

/// A packet of an interface.
#[derive(Clone, Debug)]
pub struct Packet {
    /// The number of the interface.
    pub interface: u32,
    /// Nanoseconds since 1970-01-01, or since the start of a simulation.
    pub nanos: u64,
    /// Which way it passes the interface.
    pub way: Way,
    /// The packet, from its link-layer header on.
    pub bytes: Vec<u8>,
    /// Sentences about it.
    pub comments: Vec<String>,
}

/// Writes blocks into memory. Each is whole, so that a program that writes them to a file and is killed leaves a readable one.
#[derive(Debug)]
pub struct Writer {
    blocks: Vec<u8>,
    /// The number of each interface, by its link-layer header type and name.
    interfaces: BTreeMap<(u16, String), u32>,
}

impl Default for Writer {
    /// Begins a file.
    fn default() -> Self {
        let mut writer = Self { blocks: Vec::new(), interfaces: BTreeMap::new() };
        writer.block(SECTION_HEADER, |block| {
            block.extend_from_slice(&BYTE_ORDER.to_le_bytes());
            // Version 1.0, and a section of unknown length.
            block.extend_from_slice(&[1, 0, 0, 0]);
            block.extend_from_slice(&(-1i64).to_le_bytes());
            let program = concat!("retrylab ", env!("CARGO_PKG_VERSION"));
            option(block, USER_APPLICATION, program.as_bytes());
            end_of_options(block);
        });
        writer
    }
}

impl Writer {
    /// Returns the number of the interface with this link-layer header type and name, and whether it is new.
    pub fn interface(&mut self, link_type: u16, name: &str, description: &str) -> (u32, bool) {
        let key = (link_type, name.to_string());
        if let Some(number) = self.interfaces.get(&key) {
            return (*number, false);
        }
        self.block(INTERFACE_DESCRIPTION, |block| {
            block.extend_from_slice(&link_type.to_le_bytes());
            block.extend_from_slice(&[0; 2]);
            // No limit on the length of a packet.
            block.extend_from_slice(&[0; 4]);
            option(block, INTERFACE_NAME, name.as_bytes());
            option(block, INTERFACE_DESCRIPTION_TEXT, description.as_bytes());
            // Times are multiples of 10^-9 s.
            option(block, TIME_RESOLUTION, &[9]);
            end_of_options(block);
        });
        let number = self.interfaces.len() as u32;
        self.interfaces.insert(key, number);
        (number, true)
    }

    /// Adds a packet.
    pub fn packet(&mut self, packet: &Packet) {
        let Packet { interface, nanos, way, bytes, comments } = packet;
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.block(ENHANCED_PACKET, |block| {
            block.extend_from_slice(&interface.to_le_bytes());
            block.extend_from_slice(&((nanos >> 32) as u32).to_le_bytes());
            block.extend_from_slice(&(*nanos as u32).to_le_bytes());
            // The captured length and the original one: nothing is cut.
            block.extend_from_slice(&length);
            block.extend_from_slice(&length);
            padded(block, bytes);
            comments.iter().for_each(|comment| option(block, COMMENT, comment.as_bytes()));
            option(block, PACKET_FLAGS, &(*way as u32).to_le_bytes());
            end_of_options(block);
        });
    }

    /// Returns the blocks since the beginning, or since they were last taken.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.blocks)
    }

    /// Returns the number of bytes that [`take`](Self::take) would return.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.blocks.len()
    }

    /// Adds a block with the body that `fill` appends, whose length is a multiple of 4.
    fn block(&mut self, kind: u32, fill: impl FnOnce(&mut Vec<u8>)) {
        let begin = self.blocks.len();
        self.blocks.extend_from_slice(&kind.to_le_bytes());
        self.blocks.extend_from_slice(&[0; 4]);
        fill(&mut self.blocks);
        // The length is both at the beginning and at the end.
        let length = u32::try_from(self.blocks.len() + 4 - begin).unwrap_or(u32::MAX).to_le_bytes();
        self.blocks[begin + 4..begin + 8].copy_from_slice(&length);
        self.blocks.extend_from_slice(&length);
    }
}

/// Appends an option; longer values are cut to 65,535 bytes.
fn option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    block.extend_from_slice(&code.to_le_bytes());
    block.extend_from_slice(&length.to_le_bytes());
    padded(block, &value[..usize::from(length)]);
}

fn end_of_options(block: &mut Vec<u8>) {
    block.extend_from_slice(&[0; 4]);
}

/// Appends `bytes` and zeros up to a multiple of 4.
fn padded(block: &mut Vec<u8>, bytes: &[u8]) {
    block.extend_from_slice(bytes);
    block.resize(block.len() + bytes.len().next_multiple_of(4) - bytes.len(), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    /// Returns the type and the body of each block.
    fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
        let word = |at: &[u8]| u32::from_le_bytes(at[..4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !file.is_empty() {
            let length = word(&file[4..]) as usize;
            assert_eq!(word(&file[length - 4..]) as usize, length);
            assert_eq!(length % 4, 0);
            blocks.push((word(file), &file[8..length - 4]));
            file = &file[length..];
        }
        blocks
    }

    #[test]
    fn a_file_is_a_sequence_of_whole_blocks() {
        let mut writer = Writer::default();
        assert_eq!(writer.interface(RAW, "client 1", "a simulated host"), (0, true));
        assert_eq!(writer.interface(ETHERNET, "client 1", "another"), (1, true));
        assert_eq!(writer.interface(RAW, "client 1", "the same"), (0, false));
        let nanos = 0x0123_4567_89AB_CDEF;
        let comments = vec!["lost".to_string()];
        let bytes = vec![0x45, 1, 2, 3, 4];
        writer.packet(&Packet { interface: 0, nanos, way: Way::Out, bytes, comments });
        let (waiting, file) = (writer.waiting(), writer.take());
        assert_eq!((waiting, writer.waiting()), (file.len(), 0));
        let blocks = blocks(&file);
        let kinds: Vec<u32> = blocks.iter().map(|(kind, _)| *kind).collect();
        let interfaces = [INTERFACE_DESCRIPTION; 2];
        assert_eq!(kinds, [&[SECTION_HEADER][..], &interfaces, &[ENHANCED_PACKET]].concat());
        let expected = [
            &[0, 0, 0, 0][..],
            // Time: the high half first.
            &[0x67, 0x45, 0x23, 0x01, 0xEF, 0xCD, 0xAB, 0x89],
            &[5, 0, 0, 0, 5, 0, 0, 0],
            &[0x45, 1, 2, 3, 4, 0, 0, 0],
            &[1, 0, 4, 0, b'l', b'o', b's', b't'],
            &[2, 0, 4, 0, 2, 0, 0, 0],
            &[0, 0, 0, 0],
        ];
        assert_eq!(blocks[3].1, expected.concat());
    }
}
