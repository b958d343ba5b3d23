//! A run's fingerprint: equal digests mean that the same things happened at the same times.

use super::{HostId, Record, Sink};
use core::fmt;
use core::num::NonZeroU32;
use core::ops::{Add, AddAssign};

/// A 64-bit fingerprint of a trace, shown as 16 hexadecimal digits.
///
/// It is the sum of the records' hashes, so it does not depend on the order in which flows are simulated:
/// the digests of two parts of a run, [added](Self::merge), are the digest of the whole. The digest of no
/// records is 0.
///
/// ```
/// use retrylab_core::trace::Digest;
///
/// let parts = [Digest(3), Digest(u64::MAX)];
/// assert_eq!(parts.into_iter().sum::<Digest>(), Digest(2), "sums wrap");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Digest(pub u64);

impl Digest {
    /// Adds the digest of another part of the same run.
    pub const fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl Add for Digest {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self.merge(other);
        self
    }
}

impl AddAssign for Digest {
    fn add_assign(&mut self, other: Self) {
        self.merge(other);
    }
}

impl core::iter::Sum for Digest {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Self::add)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Sums the hashes of records to a [`Digest`].
///
/// A record's hash covers all of it. It detects accidents, not an adversary, and is cheap enough to be
/// always on: a few nanoseconds per record.
#[derive(Clone, Debug, Default)]
pub struct DigestSink {
    sum: Digest,
}

impl DigestSink {
    /// Returns the digest of everything recorded so far.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.sum
    }

    /// Adds the digest of another part of the run.
    #[cfg(feature = "sim")]
    pub(crate) const fn add(&mut self, other: Digest) {
        self.sum.merge(other);
    }
}

impl Sink for DigestSink {
    // If the kind of record is known at compile time, inlining reduces this to a few multiplications.
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        let number = |number: Option<NonZeroU32>| u64::from(number.map_or(0, NonZeroU32::get));
        let mut mix = Mix::new(host_code(record.host) | server_code(record));
        mix.word(record.at.as_nanos());
        mix.word(number(record.flow));
        mix.word(number(record.packet));
        mix.word(number(record.label.map(|label| label.exchange)));
        mix.word(number(record.label.map(|label| label.send)));
        record.what.mix(&mut mix);
        self.sum.0 = self.sum.0.wrapping_add(mix.finish());
    }

    /// The digest covers the bytes of frames.
    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        self.record(record);
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        // The time keeps equal frames of different moments apart.
        let mut hash = record.at.as_nanos();
        for word in words.iter().chain([&last]) {
            // An odd multiplier loses nothing, and the rotation brings high bits down.
            hash = (hash ^ u64::from_le_bytes(*word)).wrapping_mul(FRAME_KEY).rotate_left(29);
        }
        self.sum.0 = self.sum.0.wrapping_add(Mix { hash, words: 0 }.finish());
    }
}

/// Odd multiplier of 64 bits, from the hexadecimal digits of pi.
const FRAME_KEY: u64 = 0xBE54_66CF_34E9_0C6D;

#[inline(always)]
const fn host_code(host: HostId) -> u64 {
    match host {
        HostId::Client => 1 << 16,
        HostId::Link => 2 << 16,
        HostId::Server(number) => 3 << 16 | number.get() as u64,
    }
}

/// Returns the number of the server that a client's or a link's record concerns; 0 where there is a single server.
#[inline(always)]
const fn server_code(record: &Record) -> u64 {
    match (record.host, record.server) {
        (HostId::Client | HostId::Link, Some(number)) => number.get() as u64,
        _ => 0,
    }
}

/// Odd multipliers of 31 bits, from the hexadecimal digits of pi: an x86 multiplication takes them as
/// operands.
const KEYS: [u64; 9] = [
    0x243F_6A89,
    0x05A3_08D3,
    0x1319_8A2F,
    0x0370_7345,
    0x2409_3823,
    0x299F_31D1,
    0x082E_FA99,
    0x6C4E_6C89,
    0x3F84_D5B5,
];
const HOST_KEY: u64 = 0x4528_21E7;
const KIND_KEY: u64 = 0x38D0_1377;

/// One record's hash: a multilinear hash joins its words, and a multiplication between two xorshifts
/// spreads them over all bits, so that sums of hashes do not cancel. Each word has a key of its own and
/// numbers are in the low bits of their words: two records that differ collide by accident only.
/// Multiplications have 64 bits: a wider one would be a function call in wasm.
pub(super) struct Mix {
    hash: u64,
    words: usize,
}

impl Mix {
    #[inline(always)]
    const fn new(host: u64) -> Self {
        Self { hash: host.wrapping_mul(HOST_KEY), words: 0 }
    }

    /// Mixes in the number of the record's kind.
    #[inline(always)]
    pub(super) const fn kind(&mut self, code: u8) {
        self.hash = self.hash.wrapping_add((code as u64).wrapping_mul(KIND_KEY));
    }

    /// Mixes in one word; a record has at most nine.
    #[inline(always)]
    pub(super) const fn word(&mut self, word: u64) {
        self.hash = self.hash.wrapping_add(word.wrapping_mul(KEYS[self.words]));
        self.words += 1;
    }

    #[inline(always)]
    const fn finish(self) -> u64 {
        let hash = self.hash ^ self.hash >> 32;
        // No two values share a result: the permutation polynomial of RC6 (Rivest et al. 1998).
        hash.wrapping_mul(hash << 1 | 1)
    }
}
