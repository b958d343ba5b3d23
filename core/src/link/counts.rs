//! How many datagrams each flow has sent in each direction.

use crate::heap::Held as _;
use crate::random::Direction;
use alloc::vec::Vec;

/// Counters by flow and direction.
///
/// They are 16 bits wide until one of them overflows: a million clients then take half the memory, and few
/// of them send that much.
#[derive(Clone, Debug)]
pub(super) enum Counts {
    Narrow(Vec<[u16; 2]>),
    Wide(Vec<[u32; 2]>),
}

impl Counts {
    pub(super) const NONE: Self = Self::Narrow(Vec::new());

    /// Makes room for flows 0 to `flows`.
    pub(super) fn reserve(&mut self, flows: usize) {
        match self {
            Self::Narrow(counts) => lengthen(counts, flows + 1),
            Self::Wide(counts) => lengthen(counts, flows + 1),
        }
    }

    /// Sets all counters to zero.
    #[cfg(feature = "sim")]
    pub(super) fn clear(&mut self) {
        match self {
            Self::Narrow(counts) => counts.fill([0; 2]),
            Self::Wide(counts) => counts.fill([0; 2]),
        }
    }

    /// Counts a datagram; returns the number of earlier ones, modulo 2^32.
    #[inline]
    pub(super) fn next(&mut self, flow: u32, direction: Direction) -> u32 {
        let (flow, way) = (flow as usize, direction as usize);
        match self {
            Self::Narrow(counts) => {
                if let Some(counts) = counts.get_mut(flow)
                    && let Some(next) = counts[way].checked_add(1)
                {
                    counts[way] = next;
                    return u32::from(next - 1);
                }
            }
            Self::Wide(counts) => {
                if let Some(counts) = counts.get_mut(flow) {
                    counts[way] = counts[way].wrapping_add(1);
                    return counts[way].wrapping_sub(1);
                }
            }
        }
        self.make_room(flow);
        self.next(flow as u32, direction)
    }

    /// Returns the number of datagrams so far.
    #[inline]
    pub(super) fn get(&self, flow: u32, direction: Direction) -> u32 {
        let (flow, way) = (flow as usize, direction as usize);
        match self {
            Self::Narrow(counts) => counts.get(flow).map_or(0, |counts| counts[way].into()),
            Self::Wide(counts) => counts.get(flow).map_or(0, |counts| counts[way]),
        }
    }

    /// Returns an estimate of the memory in bytes.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Narrow(counts) => counts.held(),
            Self::Wide(counts) => counts.held(),
        }
    }

    /// Returns the number of flows with counters, flow 0 included.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        match self {
            Self::Narrow(counts) => counts.len(),
            Self::Wide(counts) => counts.len(),
        }
    }

    /// Adds counters for a new flow, or widens all if that of a known flow is full.
    #[cold]
    fn make_room(&mut self, flow: usize) {
        match self {
            Self::Narrow(counts) if flow < counts.len() => {
                *self = Self::Wide(counts.iter().map(|ways| ways.map(u32::from)).collect());
            }
            Self::Narrow(counts) => counts.resize(flow + 1, [0; 2]),
            Self::Wide(counts) => counts.resize(flow + 1, [0; 2]),
        }
    }
}

fn lengthen<T: Copy + Default>(counts: &mut Vec<[T; 2]>, len: usize) {
    counts.reserve_exact(len.saturating_sub(counts.len()));
    counts.resize(len.max(counts.len()), [T::default(); 2]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Reply, Request};

    #[test]
    fn counting_goes_past_16_bits_and_past_32() {
        let mut counts = Counts::NONE;
        for expected in 0..200_000 {
            assert_eq!(counts.next(3, Request), expected);
        }
        assert!(matches!(counts, Counts::Wide(_)));
        assert_eq!((counts.get(3, Request), counts.get(3, Reply)), (200_000, 0));
        assert_eq!((counts.next(3, Reply), counts.next(9, Request)), (0, 0));
        let Counts::Wide(wide) = &mut counts else { unreachable!() };
        wide[3][0] = u32::MAX;
        assert_eq!((counts.next(3, Request), counts.next(3, Request)), (u32::MAX, 0));
    }

    #[test]
    fn widening_keeps_the_others() {
        let mut counts = Counts::NONE;
        assert_eq!(counts.next(1, Reply), 0);
        for _ in 0..=u32::from(u16::MAX) {
            counts.next(2, Request);
        }
        assert_eq!((counts.get(1, Reply), counts.get(2, Request)), (1, 65_536));
        assert_eq!(counts.len(), 3);
    }
}
