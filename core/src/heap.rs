//! How much memory containers take: estimates for the bound of a run.

use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;

/// What an allocation takes beyond its bytes, roughly.
pub(crate) const OVERHEAD: usize = 16;

/// Bytes of a place in a tree of small keys and values, beyond their own: its share of nodes that are half full.
pub(crate) const TREE_PLACE: usize = 24;

/// A container that grows by doubling.
pub(crate) trait Held {
    /// Returns an estimate of its memory in bytes, without what its items own.
    ///
    /// The system provides a page when it is first used, so unused capacity of a large container takes no memory. Half
    /// of the capacity was used before the last growth. Small containers share pages, so all of their capacity counts.
    fn held(&self) -> usize;
}

/// Bytes of a page of memory.
const PAGE: usize = 4_096;

macro_rules! held {
    ($($container:ident: $($bound:ident)?;)*) => {$(
        impl<T $(: $bound)?> Held for $container<T> {
            #[inline]
            fn held(&self) -> usize {
                let capacity = self.capacity();
                let is_small = capacity * size_of::<T>() <= PAGE;
                let used = if is_small { capacity } else { self.len().max(capacity / 2) };
                used * size_of::<T>()
            }
        }
    )*};
}

held! {
    Vec: ;
    VecDeque: ;
    BinaryHeap: Ord;
}
