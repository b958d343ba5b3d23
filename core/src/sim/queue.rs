//! The event queue: a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990).
//!
//! Simulated time never goes back, so a full ordering is more than the loop needs: an entry lies in the
//! bucket of the highest bit in which its time differs from the time reached, and only the lowest
//! non-empty bucket is ever sorted out. A push is a few instructions whatever the size, an entry moves
//! at most 64 times in its life, and a million waiting clients cost the loop little more than ten.
//!
//! Entries of the same time leave in the order in which they came: they share a bucket at every moment
//! and each redistribution keeps their order. No tie-breaking counter is stored. Neighbours of the same
//! time share one time stamp: a million clients that wait for the same moment cost four bytes each.

use alloc::vec::Vec;

const BUCKETS: usize = 65;

/// A bucket that was once larger than this gives its memory back when it is empty.
const KEPT: usize = 1 << 14;

/// A monotone priority queue of `T` by `u64` time.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    /// Bucket 0: entries of exactly the time reached, from `head` on. Bucket b: those whose highest
    /// bit that differs from it is bit b - 1.
    buckets: [Bucket<T>; BUCKETS],
    /// Entries of bucket 0 that have left already.
    head: usize,
    /// Bit b - 1 is set when bucket b holds something (bucket 0 is looked at first).
    occupied: u64,
    /// The time of the last entry that left.
    reached: u64,
    len: usize,
}

/// Entries in the order in which they came, with their times: each run is so many of the same time.
#[derive(Clone, Debug)]
struct Bucket<T> {
    items: Vec<T>,
    runs: Vec<(u64, u32)>,
}

impl<T> Bucket<T> {
    const EMPTY: Self = Self { items: Vec::new(), runs: Vec::new() };

    /// Counts `n` more entries of `time`.
    #[inline]
    fn lengthen(&mut self, time: u64, n: u32) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == time && count.checked_add(n).is_some() => *count += n,
            _ => self.runs.push((time, n)),
        }
    }

    fn clear(&mut self) {
        if self.items.capacity() > KEPT {
            *self = Self::EMPTY;
        } else {
            self.items.clear();
            self.runs.clear();
        }
    }
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let buckets = [const { Bucket::EMPTY }; BUCKETS];
        Self { buckets, head: 0, occupied: 0, reached: 0, len: 0 }
    }
}

impl<T: Copy> Queue<T> {
    /// Adds `item` at `time`, or at the time reached if that is later: nothing happens in the past.
    #[inline]
    pub fn push(&mut self, time: u64, item: T) {
        let time = time.max(self.reached);
        let bucket = self.bucket_of(time);
        let bucket = &mut self.buckets[bucket];
        bucket.items.push(item);
        bucket.lengthen(time, 1);
        self.len += 1;
    }

    /// Takes the earliest entry; among those of the same time, the one that came first.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<(u64, T)> {
        if self.head == self.buckets[0].items.len() {
            self.refill()?;
        }
        let item = self.buckets[0].items[self.head];
        self.head += 1;
        self.len -= 1;
        Some((self.reached, item))
    }

    /// The entries that leave next, as far as they have the time of the one taken last.
    #[inline]
    #[must_use]
    pub fn upcoming(&self) -> &[T] {
        &self.buckets[0].items[self.head..]
    }

    /// Drops the entries of which `keep` says no; the others keep their order.
    pub fn retain(&mut self, mut keep: impl FnMut(u64, &T) -> bool) {
        self.len = 0;
        for (b, bucket) in self.buckets.iter_mut().enumerate() {
            let old = core::mem::replace(bucket, Bucket::EMPTY);
            let times = old.runs.iter().flat_map(|(at, n)| core::iter::repeat_n(*at, *n as usize));
            let left = if b == 0 { core::mem::take(&mut self.head) } else { 0 };
            for (time, item) in times.zip(&old.items).skip(left) {
                if keep(time, item) {
                    bucket.items.push(*item);
                    bucket.lengthen(time, 1);
                }
            }
            self.len += bucket.items.len();
            if b > 0 && bucket.items.is_empty() {
                self.occupied &= !(1 << (b - 1));
            }
        }
    }

    /// The number of entries.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Is it empty?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where an entry of `time` lies, noted as occupied.
    #[inline]
    const fn bucket_of(&mut self, time: u64) -> usize {
        let bucket = (u64::BITS - (time ^ self.reached).leading_zeros()) as usize;
        if bucket > 0 {
            self.occupied |= 1 << (bucket - 1);
        }
        bucket
    }

    /// Advances to the earliest time that is queued and fills bucket 0 with it.
    #[inline(never)]
    fn refill(&mut self) -> Option<()> {
        self.buckets[0].clear();
        self.head = 0;
        if self.occupied == 0 {
            return None;
        }
        let lowest = self.occupied.trailing_zeros() as usize + 1;
        self.occupied &= self.occupied - 1;
        let mut entries = core::mem::replace(&mut self.buckets[lowest], Bucket::EMPTY);
        self.reached = entries.runs.iter().map(|run| run.0).min()?;
        if entries.runs.len() == 1 {
            // All of the same time: they need not be moved.
            core::mem::swap(&mut self.buckets[0], &mut entries);
        } else {
            let mut from = 0;
            for (time, count) in &entries.runs {
                let items = &entries.items[from..from + *count as usize];
                from += *count as usize;
                let bucket = self.bucket_of(*time);
                self.buckets[bucket].items.extend_from_slice(items);
                self.buckets[bucket].lengthen(*time, *count);
            }
        }
        // Every entry went to a lower bucket, so this one is still empty: keep its memory.
        entries.clear();
        self.buckets[lowest] = entries;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        /// Against a sorted map by (time, order of arrival), for any mix of pushes and pops, and now and
        /// then a clearing.
        #[test]
        fn it_orders_like_a_sorted_map(
            ops in prop::collection::vec((any::<bool>(), any::<u64>(), 0u32..64), 0..500),
        ) {
            let (mut queue, mut model) = (Queue::default(), BTreeMap::new());
            let mut now = 0;
            for (i, (push, time, shift)) in ops.into_iter().enumerate() {
                if push {
                    // Near and far times alike, and ties.
                    let time = now + (time >> shift).min(u64::MAX - now);
                    queue.push(time, i);
                    model.insert((time, i), ());
                } else {
                    let expected = model.pop_first().map(|((time, i), ())| (time, i));
                    prop_assert_eq!(queue.pop(), expected);
                    now = expected.map_or(now, |(time, _)| time);
                }
                if i % 64 == 63 {
                    let keep = |time: u64, i: usize| !(time ^ i as u64).is_multiple_of(3);
                    queue.retain(|time, i| keep(time, *i));
                    model.retain(|(time, i), ()| keep(*time, *i));
                }
                prop_assert_eq!(queue.len(), model.len());
            }
            while let Some(((time, i), ())) = model.pop_first() {
                prop_assert_eq!(queue.pop(), Some((time, i)));
            }
            prop_assert!(queue.is_empty() && queue.pop().is_none());
        }
    }

    #[test]
    fn the_past_becomes_now() {
        let mut queue = Queue::default();
        queue.push(10, 'a');
        assert_eq!(queue.pop(), Some((10, 'a')));
        queue.push(3, 'b');
        queue.push(10, 'c');
        assert_eq!(queue.pop(), Some((10, 'b')));
        assert_eq!(queue.pop(), Some((10, 'c')));
    }
}
