//! The event queue: a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990).
//!
//! Simulated time never goes back, so a full ordering is more than the loop needs: an entry lies in the
//! bucket of the highest bit in which its time differs from the time reached, and only the lowest
//! non-empty bucket is ever sorted out. A push is a few instructions whatever the size, an entry moves
//! at most 64 times in its life, and a million waiting clients cost the loop little more than ten.
//!
//! Entries of the same time leave in the order in which they came: they share a bucket at every moment
//! and each redistribution keeps their order. No tie-breaking counter is stored.

use alloc::vec::Vec;

const BUCKETS: usize = 65;

/// A monotone priority queue of `T` by `u64` time.
#[derive(Clone, Debug)]
pub struct Queue<T> {
    /// Bucket 0: entries of exactly the time reached, from `head` on. Bucket b: those whose highest
    /// bit that differs from it is bit b - 1.
    buckets: [Vec<(u64, T)>; BUCKETS],
    /// Entries of bucket 0 that have left already.
    head: usize,
    /// Bit b - 1 is set when bucket b holds something (bucket 0 is looked at first).
    occupied: u64,
    /// The time of the last entry that left.
    reached: u64,
    len: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let buckets = core::array::from_fn(|_| Vec::new());
        Self { buckets, head: 0, occupied: 0, reached: 0, len: 0 }
    }
}

impl<T: Copy> Queue<T> {
    /// Adds `item` at `time`, or at the time reached if that is later: nothing happens in the past.
    pub fn push(&mut self, time: u64, item: T) {
        let time = time.max(self.reached);
        self.place(time, item);
        self.len += 1;
    }

    /// Takes the earliest entry; among those of the same time, the one that came first.
    pub fn pop(&mut self) -> Option<(u64, T)> {
        if self.head == self.buckets[0].len() {
            self.refill()?;
        }
        let entry = self.buckets[0][self.head];
        self.head += 1;
        self.len -= 1;
        Some(entry)
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

    fn place(&mut self, time: u64, item: T) {
        let bucket = (u64::BITS - (time ^ self.reached).leading_zeros()) as usize;
        if bucket > 0 {
            self.occupied |= 1 << (bucket - 1);
        }
        self.buckets[bucket].push((time, item));
    }

    /// Advances to the earliest time that is queued and fills bucket 0 with it.
    fn refill(&mut self) -> Option<()> {
        self.buckets[0].clear();
        self.head = 0;
        if self.occupied == 0 {
            return None;
        }
        let bucket = self.occupied.trailing_zeros() as usize + 1;
        self.occupied &= self.occupied - 1;
        let mut entries = core::mem::take(&mut self.buckets[bucket]);
        self.reached = entries.iter().map(|entry| entry.0).min()?;
        for (time, item) in entries.drain(..) {
            self.place(time, item);
        }
        // Every entry went to a lower bucket, so this one is still empty: keep its memory.
        self.buckets[bucket] = entries;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    proptest! {
        /// Against a sorted map by (time, order of arrival), for any mix of pushes and pops.
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
