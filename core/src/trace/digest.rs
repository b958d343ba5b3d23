//! A run's fingerprint: equal digests mean that the same things happened at the same times.

use super::{Cause, Direction, Record, Sink, Timer, What};
use crate::machine::Label;
use crate::policy::Stop;
use crate::time::nanos;
use core::fmt;

/// A 64-bit fingerprint of a trace, shown as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Folds every record into a [`Digest`].
///
/// Each record becomes five 64-bit words; a multilinear hash joins them and a multiply-xorshift
/// chains the records. It is a fingerprint against accidents, not against an adversary, and cheap
/// enough to be always on: a few nanoseconds a record.
#[derive(Clone, Debug)]
pub struct DigestSink {
    state: u64,
}

impl Default for DigestSink {
    fn default() -> Self {
        Self { state: 0x7265_7472_796C_6162 } // "retrylab"
    }
}

impl DigestSink {
    /// The digest of everything recorded so far.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        Digest(self.state)
    }
}

/// Odd multipliers, from the hexadecimal digits of pi.
const KEYS: [u64; 5] = [
    0x243F_6A88_85A3_08D3,
    0x1319_8A2E_0370_7345,
    0xA409_3822_299F_31D1,
    0x082E_FA98_EC4E_6C89,
    0x4528_21E6_38D0_1377,
];

impl Sink for DigestSink {
    // Where the kind of record is known, inlining leaves a few multiplications of all this.
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        let label = record.label.map_or(0, pack);
        let (tag, detail) = encode(&record.what);
        let place = u64::from(record.flow) << 32 | (record.side as u64) << 24 | tag;
        let words = [record.at.as_nanos(), place, label, record.packet, detail];
        let mut hash = 0u64;
        for (word, key) in words.iter().zip(KEYS) {
            hash = hash.wrapping_add(word.wrapping_mul(key));
            hash = hash.rotate_left(23);
        }
        self.state = (self.state ^ hash).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        self.state ^= self.state >> 29;
    }
}

fn pack(label: Label) -> u64 {
    u64::from(label.exchange.get()) << 32 | u64::from(label.send.get())
}

/// A record's kind with its small details (24 bits), and its one large detail.
#[inline(always)]
fn encode(what: &What) -> (u64, u64) {
    let direction = |d: Direction| (d as u64) << 8;
    match *what {
        What::Sent { direction: d, bytes } => (1 | direction(d), u64::from(bytes)),
        What::Delivered { direction: d } => (2 | direction(d), 0),
        What::Dropped { direction: d, cause } => (3 | direction(d) | cause_code(cause) << 16, 0),
        What::TimerArmed { timer, deadline } => (4 | timer_code(timer) << 8, deadline.as_nanos()),
        What::TimerFired { timer } => (5 | timer_code(timer) << 8, 0),
        What::Answered { sends, answered_send, elapsed } => {
            (6 | u64::from(answered_send & 0xFFFF) << 8, nanos(elapsed) ^ u64::from(sends) << 48)
        }
        What::LateReply => (7, 0),
        What::Stranger => (8, 0),
        What::GaveUp { sends, elapsed, why } => {
            (9 | stop_code(why) << 8, nanos(elapsed) ^ u64::from(sends) << 48)
        }
        What::Refused { sends, elapsed } => (10, nanos(elapsed) ^ u64::from(sends) << 48),
        What::Note(words) => (11, fnv(words)),
        What::Failed => (12, 0),
        What::Served { arrived, begun } => {
            (13, arrived.as_nanos() ^ begun.as_nanos().rotate_left(32))
        }
        What::Duplicated { direction: d } => (14 | direction(d), 0),
    }
}

const fn cause_code(cause: Cause) -> u64 {
    match cause {
        Cause::LinkLoss => 1,
        Cause::ServerDrop => 2,
        Cause::DropFirst => 3,
        Cause::DropList => 4,
        Cause::NobodyThere => 5,
        Cause::ServerQueue => 6,
        Cause::Expired => 7,
        Cause::ServerDown => 8,
        Cause::Partition => 9,
        Cause::FaultLoss => 10,
        Cause::LinkQueue => 16,
        Cause::TooBig => 17,
        Cause::Corrupted => 18,
    }
}

/// The schedule's own stops follow from the rest of the record; brakes do not.
const fn stop_code(stop: Stop) -> u64 {
    match stop {
        Stop::MaxSends | Stop::GiveUpAbove | Stop::Deadline => 0,
        Stop::Budget => 1,
        Stop::Breaker => 2,
        Stop::PushedBack => 3,
        Stop::TooMany => 4,
    }
}

#[inline(always)]
fn timer_code(timer: Timer) -> u64 {
    match timer {
        Timer::Resend => 1,
        Timer::GiveUp => 2,
        Timer::Start => 3,
        Timer::Timeout => 4,
        Timer::Think => 5,
        Timer::Service => 6,
        Timer::Arrival => 7,
        Timer::Other(name) => 0x8000 | fnv(name) & 0x7FFF,
    }
}

/// FNV-1a, for the names that foreign machines give.
fn fnv(words: &str) -> u64 {
    words.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::super::Side;
    use super::*;
    use crate::time::{Duration, Instant};
    use alloc::vec::Vec;

    fn digest(records: &[Record]) -> Digest {
        let mut sink = DigestSink::default();
        records.iter().for_each(|record| sink.record(record));
        sink.digest()
    }

    /// Every field of a record changes the digest, and so does the order of records.
    #[test]
    fn every_field_and_the_order_count() {
        let base = Record {
            at: Instant::from_millis(1),
            flow: 1,
            side: Side::Client,
            packet: 1,
            label: Label::new(1, 1),
            what: What::Sent { direction: Direction::Request, bytes: 5 },
        };
        let elapsed = Duration::from_millis(3);
        let whats = [
            What::Sent { direction: Direction::Reply, bytes: 5 },
            What::Sent { direction: Direction::Request, bytes: 6 },
            What::Delivered { direction: Direction::Request },
            What::Dropped { direction: Direction::Request, cause: Cause::LinkLoss },
            What::Dropped { direction: Direction::Request, cause: Cause::DropList },
            What::TimerArmed { timer: Timer::Resend, deadline: Instant::ZERO },
            What::TimerArmed { timer: Timer::GiveUp, deadline: Instant::ZERO },
            What::TimerArmed { timer: Timer::Resend, deadline: Instant::from_nanos(1) },
            What::TimerFired { timer: Timer::Resend },
            What::TimerFired { timer: Timer::Other("probe") },
            What::Answered { sends: 1, answered_send: 1, elapsed },
            What::Answered { sends: 2, answered_send: 1, elapsed },
            What::Answered { sends: 2, answered_send: 2, elapsed },
            What::GaveUp { sends: 1, elapsed, why: Stop::MaxSends },
            What::GaveUp { sends: 1, elapsed, why: Stop::Budget },
            What::GaveUp { sends: 1, elapsed, why: Stop::Breaker },
            What::Refused { sends: 1, elapsed },
            What::LateReply,
            What::Stranger,
            What::Failed,
            What::Served { arrived: Instant::ZERO, begun: Instant::from_nanos(1) },
            What::Served { arrived: Instant::from_nanos(1), begun: Instant::from_nanos(1) },
            What::Duplicated { direction: Direction::Request },
            What::Duplicated { direction: Direction::Reply },
            What::Note("a"),
            What::Note("b"),
        ];
        let mut variants: Vec<Record> = whats.map(|what| Record { what, ..base }).into();
        variants.extend([
            base,
            Record { at: Instant::from_nanos(1_000_001), ..base },
            Record { flow: 2, ..base },
            Record { side: Side::Server, ..base },
            Record { packet: 2, ..base },
            Record { label: None, ..base },
            Record { label: Label::new(1, 2), ..base },
            Record { label: Label::new(2, 1), ..base },
        ]);
        let mut digests: Vec<u64> = variants.iter().map(|r| digest(&[*r]).0).collect();
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), variants.len());
        assert_ne!(digest(&[base, variants[0]]), digest(&[variants[0], base]));
        assert_ne!(digest(&[base]), digest(&[base, base]));
    }
}
