//! A part of the work, which one machine does.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;

/// One of the parts into which a sweep or a run is divided.
///
/// Of a sweep, these are the points with `number % count == index`: each shard gets cheap and expensive points, whichever
/// key is varied. Of a run, these are consecutive clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Shard {
    /// Counted from 0.
    index: u64,
    count: u64,
}

impl Default for Shard {
    fn default() -> Self {
        Self { index: 0, count: 1 }
    }
}

impl Shard {
    /// Reads `i/n`, with `i` from 1 to `n`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            let (index, count) = (index.parse::<u64>().ok()?, count.parse::<u64>().ok()?);
            (1..=count).contains(&index).then(|| Self { index: index - 1, count })
        });
        numbers.ok_or_else(|| "it is not I/N with I from 1 to N; try 1/64 to 64/64".into())
    }

    pub(crate) fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Returns how many of `points` are in the shard.
    pub(crate) const fn len(self, points: u64) -> u64 {
        if self.index < points { (points - self.index - 1) / self.count + 1 } else { 0 }
    }

    /// Returns the number of the shard's `slot`-th point, counted from 0.
    pub(crate) const fn point(self, slot: u64) -> u64 {
        slot * self.count + self.index
    }

    /// Returns the slot of `point`, or `None` if it belongs to another shard.
    pub(crate) fn slot(self, point: u64) -> Option<u64> {
        (point % self.count == self.index).then_some(point / self.count)
    }
}

impl Shard {
    /// Returns the shard's place, from 1, and the number of shards.
    pub(crate) const fn place(self) -> (u64, u64) {
        (self.index + 1, self.count)
    }

    /// Returns the clients in the shard, of `clients` that are numbered from 1.
    pub(crate) fn clients(self, clients: u32) -> RangeInclusive<u32> {
        let before = |index: u64| {
            let share = u128::from(index) * u128::from(clients) / u128::from(self.count);
            // At most `clients`, because the index is at most the number of shards.
            share as u32
        };
        before(self.index) + 1..=before(self.index + 1)
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> Self {
        shard.to_string()
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_disjoint_and_cover_all_points() {
        for (count, points) in [(1, 5), (2, 5), (3, 9), (64, 10), (7, 0)] {
            let mut seen = vec![0; points as usize];
            for index in 1..=count {
                let shard = Shard::parse(&format!("{index}/{count}")).unwrap();
                for slot in 0..shard.len(points) {
                    let point = shard.point(slot);
                    assert_eq!(shard.slot(point), Some(slot));
                    seen[point as usize] += 1;
                }
            }
            assert!(seen.iter().all(|times| *times == 1), "{count} of {points}: {seen:?}");
        }
    }

    #[test]
    fn shards_divide_all_clients() {
        for (count, clients) in [(1, 5), (2, 5), (7, 3), (64, u32::MAX)] {
            let mut next = 1;
            for index in 1..=count {
                let range = Shard::parse(&format!("{index}/{count}")).unwrap().clients(clients);
                assert_eq!(u64::from(*range.start()), next);
                next = u64::from(*range.end()) + 1;
                assert!(next - u64::from(*range.start()) <= u64::from(clients).div_ceil(count));
            }
            assert_eq!(next, u64::from(clients) + 1);
        }
        let last = Shard { index: u64::MAX - 1, count: u64::MAX };
        assert_eq!(last.clients(u32::MAX), u32::MAX..=u32::MAX);
    }

    #[test]
    fn invalid_shards_are_refused() {
        for text in ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b"] {
            assert!(Shard::parse(text).is_err(), "{text}");
        }
    }
}
