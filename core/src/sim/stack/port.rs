//! A host's end of its cable: at most one frame arrives at a time, and any number leave.

use alloc::vec::Vec;
use core::ops::Range;
use smoltcp::phy::{self, Checksum, ChecksumCapabilities, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::ETHERNET_HEADER_LEN;

/// Frames that a host has sent, in order. Their memory is used again.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Frames {
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn get_mut(&mut self, index: usize) -> &mut [u8] {
        let range = self.range(index);
        &mut self.bytes[range]
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.range(index)]
    }

    fn range(&self, index: usize) -> Range<usize> {
        let begin = index.checked_sub(1).map_or(0, |previous| self.ends[previous]);
        begin..self.ends[index]
    }

    fn push<R>(&mut self, len: usize, write: impl FnOnce(&mut [u8]) -> R) -> R {
        let begin = self.bytes.len();
        self.bytes.resize(begin + len, 0);
        self.ends.push(begin + len);
        write(&mut self.bytes[begin..])
    }
}

/// What is the same for all frames of a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Maximum size of an IP packet in bytes.
    pub(super) mtu: usize,
    /// Whether the host drops packets with a wrong checksum.
    pub(super) checks: bool,
}

/// The device that a stack sees for the time of one call.
pub(super) struct Port<'a> {
    pub(super) arriving: Option<&'a [u8]>,
    pub(super) leaving: &'a mut Frames,
    pub(super) limits: Limits,
}

impl phy::Device for Port<'_> {
    type RxToken<'t>
        = Arriving<'t>
    where
        Self: 't;
    type TxToken<'t>
        = Leaving<'t>
    where
        Self: 't;

    fn receive(&mut self, _: Instant) -> Option<(Arriving<'_>, Leaving<'_>)> {
        let frame = self.arriving.take()?;
        Some((Arriving(frame), Leaving(self.leaving)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let checksum = if self.limits.checks { Checksum::Both } else { Checksum::Tx };
        let mut checksums = ChecksumCapabilities::default();
        (checksums.udp, checksums.tcp) = (checksum, checksum);
        (checksums.icmpv4, checksums.icmpv6) = (checksum, checksum);
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.limits.mtu + ETHERNET_HEADER_LEN;
        capabilities.checksum = checksums;
        capabilities
    }
}

/// A frame that a host receives.
pub(super) struct Arriving<'a>(&'a [u8]);

impl phy::RxToken for Arriving<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// The place of the next frame that a host sends.
pub(super) struct Leaving<'a>(&'a mut Frames);

impl phy::TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        self.0.push(len, write)
    }
}
