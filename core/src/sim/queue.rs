//! The event queue: a radix heap (Ahuja, Mehlhorn, Orlin, Tarjan 1990).
//!
//! Simulated time never goes back, so the queue does not need a full ordering. An entry is in the bucket
//! of the highest bit in which its time differs from the current time, and only the lowest non-empty
//! bucket is ever redistributed. A push takes a few instructions for any size, an entry moves at most 64
//! times, and a million waiting clients cost the loop little more than ten.
//!
//! Entries with the same time leave in the order in which they were pushed: they are always in the same
//! bucket, and redistribution keeps their order, so the queue stores no counter to break ties. Neighbours
//! with the same time share one time stamp: a million clients that wait for the same instant take four
//! bytes each.
//!
//! A few entries are kept in a sorted list instead, as long as they are few: a network of one client never has
//! more.

use crate::heap::Held as _;
use alloc::vec::Vec;

const BUCKETS: usize = 65;

/// Maximum number of entries in the sorted list.
const FEW: usize = 8;

/// Maximum capacity that an empty bucket keeps.
const KEPT: usize = 1 << 12;

/// Monotone priority queue of `T` by `u64` time.
#[derive(Clone, Debug)]
pub(super) struct Queue<T> {
    /// Bucket 0 holds entries at the current time, starting at `head`. Bucket b holds entries whose time
    /// differs from the current time in bit b - 1 and in no higher bit.
    buckets: [Bucket<T>; BUCKETS],
    /// Number of entries of bucket 0 that have left.
    head: usize,
    /// Bit b - 1 is set if bucket b is not empty. (Bucket 0 is checked first.)
    occupied: u64,
    /// Current time: that of the last entry that left.
    reached: u64,
    /// Number of entries in the buckets.
    len: usize,
    /// All entries, while the buckets are empty: the one that leaves next is the last.
    few: [(u64, T); FEW],
    few_len: usize,
}

/// Entries in the order in which they were pushed. Each run is a time and the number of entries with it.
#[derive(Clone, Debug)]
struct Bucket<T> {
    items: Vec<T>,
    runs: Vec<(u64, u32)>,
}

impl<T> Bucket<T> {
    const EMPTY: Self = Self { items: Vec::new(), runs: Vec::new() };

    /// Counts `n` more entries with `time`.
    #[inline]
    fn lengthen(&mut self, time: u64, n: u32) {
        match self.runs.last_mut() {
            Some((last, count)) if *last == time && count.checked_add(n).is_some() => *count += n,
            _ => self.runs.push((time, n)),
        }
    }

    /// Returns true if another entry needs more memory.
    #[inline]
    const fn is_full(&self) -> bool {
        self.items.len() == self.items.capacity()
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

impl<T: Copy + Default> Default for Queue<T> {
    fn default() -> Self {
        let buckets = [const { Bucket::EMPTY }; BUCKETS];
        let few = [Default::default(); FEW];
        Self { buckets, head: 0, occupied: 0, reached: 0, len: 0, few, few_len: 0 }
    }
}

impl<T: Copy + Default> Queue<T> {
    /// Adds `item` at `time`, or at the current time if `time` is in the past.
    #[inline]
    pub(super) fn push(&mut self, time: u64, item: T) {
        let time = time.max(self.reached);
        if self.len == 0 {
            if self.few_len < FEW {
                return self.push_to_few(time, item);
            }
            self.spread();
        }
        self.push_to_bucket(time, item);
    }

    /// Adds an entry to the sorted list, behind those that leave before it.
    #[inline]
    fn push_to_few(&mut self, time: u64, item: T) {
        let mut place = self.few_len;
        while let Some(before) = place.checked_sub(1)
            && self.few[before].0 <= time
        {
            self.few[place] = self.few[before];
            place = before;
        }
        self.few[place] = (time, item);
        self.few_len += 1;
    }

    /// Moves the entries of the sorted list to the buckets.
    #[cold]
    fn spread(&mut self) {
        for place in (0..core::mem::take(&mut self.few_len)).rev() {
            let (time, item) = self.few[place];
            self.push_to_bucket(time, item);
        }
    }

    #[inline]
    fn push_to_bucket(&mut self, time: u64, item: T) {
        let bucket = self.bucket_of(time);
        if bucket == 0 && self.buckets[0].is_full() {
            self.reuse();
        }
        let bucket = &mut self.buckets[bucket];
        bucket.items.push(item);
        bucket.lengthen(time, 1);
        self.len += 1;
    }

    /// Frees the places of the entries of bucket 0 that have left, if they are half of it. While time stands
    /// still, the bucket is never empty, and would grow with every entry.
    #[cold]
    fn reuse(&mut self) {
        let bucket = &mut self.buckets[0];
        if self.head * 2 < bucket.items.len() {
            return;
        }
        bucket.items.drain(..self.head);
        self.head = 0;
        bucket.runs.clear();
        let mut left = bucket.items.len();
        while left > 0 {
            let run = u32::try_from(left).unwrap_or(u32::MAX);
            bucket.lengthen(self.reached, run);
            left -= run as usize;
        }
    }

    /// Returns an estimate of the memory in bytes.
    pub(super) fn memory(&self) -> usize {
        self.buckets.iter().map(|bucket| bucket.items.held() + bucket.runs.held()).sum()
    }

    /// Removes the earliest entry; of entries with the same time, the one that was pushed first.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<(u64, T)> {
        if let Some(last) = self.few_len.checked_sub(1) {
            let (time, item) = self.few[last];
            (self.few_len, self.reached) = (last, time);
            return Some((time, item));
        }
        if self.head == self.buckets[0].items.len() {
            self.refill()?;
        }
        let item = self.buckets[0].items[self.head];
        self.head += 1;
        self.len -= 1;
        Some((self.reached, item))
    }

    /// Returns the next entries that have the same time as the last removed one.
    #[inline]
    pub(super) fn upcoming(&self) -> &[T] {
        &self.buckets[0].items[self.head..]
    }

    /// Drops all entries and goes back to time 0.
    pub(super) fn restart(&mut self) {
        if self.len > 0 || self.head > 0 {
            *self = Self::default();
        }
        (self.few_len, self.reached) = (0, 0);
    }

    /// Removes the entries for which `keep` returns false; the others keep their order.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u64, &T) -> bool) {
        self.spread();
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

    /// Returns the number of entries.
    pub(super) const fn len(&self) -> usize {
        self.len + self.few_len
    }

    /// Returns the bucket of an entry with `time` and marks it as occupied.
    #[inline]
    const fn bucket_of(&mut self, time: u64) -> usize {
        let bucket = (u64::BITS - (time ^ self.reached).leading_zeros()) as usize;
        if bucket > 0 {
            self.occupied |= 1 << (bucket - 1);
        }
        bucket
    }

    /// Advances to the earliest queued time and fills bucket 0 with its entries.
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
            // All entries have the same time: the bucket is moved as a whole.
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
        // Every entry moved to a lower bucket, so this one is still empty: it keeps its memory.
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
        /// Compares with a map sorted by (time, order of pushes), for any mix of pushes, pops and retains.
        #[test]
        fn it_orders_like_a_sorted_map(
            ops in prop::collection::vec((any::<bool>(), any::<u64>(), 0u32..64), 0..500),
        ) {
            let (mut queue, mut model) = (Queue::default(), BTreeMap::new());
            let mut now = 0;
            for (i, (push, time, shift)) in ops.into_iter().enumerate() {
                if push {
                    // Near times, distant times, and ties.
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
            prop_assert!(queue.len() == 0 && queue.pop().is_none());
        }
    }

    #[test]
    fn entries_that_leave_while_time_stands_still_make_room() {
        let mut queue = Queue::default();
        let mut waiting = alloc::collections::VecDeque::new();
        for i in 0..1_000_000_u32 {
            queue.push(7, i);
            waiting.push_back(i);
            // Never empty, and up to a thousand at once.
            while waiting.len() > 1 + (i as usize / 7) % 1_000 {
                assert_eq!(queue.pop(), waiting.pop_front().map(|i| (7, i)));
            }
            assert_eq!(queue.len(), waiting.len());
        }
        assert!(queue.memory() < 100_000, "{}", queue.memory());
        assert!(waiting.iter().all(|i| queue.pop() == Some((7, *i))));
    }

    #[test]
    fn an_entry_in_the_past_is_due_now() {
        let mut queue = Queue::default();
        queue.push(10, 'a');
        assert_eq!(queue.pop(), Some((10, 'a')));
        queue.push(3, 'b');
        queue.push(10, 'c');
        assert_eq!(queue.pop(), Some((10, 'b')));
        assert_eq!(queue.pop(), Some((10, 'c')));
    }
}
