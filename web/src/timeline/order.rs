//! Orders and finds what a timeline holds.

use retrylab_core::machine::Label;
use retrylab_core::trace::Record;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::num::NonZeroU32;

/// A map from small keys that nobody chooses to do harm, so that a fast hash suffices.
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// The hash of a [`Map`]: each number is mixed in by a multiplication.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn write_u32(&mut self, number: u32) {
        // The multiplier is 2^64 divided by the golden ratio (Knuth, volume 3, section 6.4).
        self.0 = (self.0.rotate_left(32) ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32((*byte).into());
        }
    }

    fn finish(&self) -> u64 {
        // A multiplication mixes the high bits best, and a map uses the low ones.
        self.0.rotate_left(26)
    }
}

/// Returns the client that a record concerns, from 1; 0 for none.
pub(super) fn flow_of(record: &Record) -> u32 {
    record.flow.map_or(0, NonZeroU32::get)
}

/// Returns the client and the send that a record concerns.
pub(super) fn send_of(record: &Record) -> Option<(u32, Label)> {
    Some((flow_of(record), record.label?))
}

/// Adds a time to those in order. It is seldom before the last one.
pub(super) fn insert(times: &mut Vec<u64>, at: u64) {
    let place = if times.last().is_none_or(|last| *last <= at) {
        times.len()
    } else {
        times.partition_point(|time| *time <= at)
    };
    times.insert(place, at);
}

/// How long something takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Span {
    /// It ended, and took this time.
    Ended(u64),
    /// It began at this time.
    Open(u64),
}

/// The longest of things that begin one after another and end in any order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Longest {
    /// Of all that come earlier than the first open one.
    passed: u64,
    /// The place of that one.
    place: usize,
    /// When it began; later ones began later.
    began: Option<u64>,
}

impl Longest {
    /// Passes those of `all` that have ended since.
    pub(super) fn pass<T>(&mut self, all: &[T], span: impl Fn(&T) -> Span) {
        self.began = None;
        while let Some(next) = all.get(self.place) {
            match span(next) {
                Span::Ended(length) => self.passed = self.passed.max(length),
                Span::Open(began) => {
                    self.began = Some(began);
                    return;
                }
            }
            self.place += 1;
        }
    }

    /// Notes that something that has ended lasted this long after all.
    pub(super) fn at_least(&mut self, length: u64) {
        self.passed = self.passed.max(length);
    }

    /// Returns a time that none of them takes longer than until `now`.
    pub(super) fn until(&self, now: u64) -> u64 {
        self.passed.max(self.began.map_or(0, |began| now.saturating_sub(began)))
    }
}
