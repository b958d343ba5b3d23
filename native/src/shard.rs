//! A part of the work, which one machine does.

use std::fmt;

/// The points with `number % count == index`. Each shard gets cheap and expensive points, whichever key
/// is varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        numbers.ok_or_else(|| "it is not one of n parts; try 1/64 to 64/64".into())
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
    fn invalid_shards_are_refused() {
        for text in ["", "1", "0/4", "5/4", "1/0", "-1/4", "1/4/2", "a/b"] {
            assert!(Shard::parse(text).is_err(), "{text}");
        }
    }
}
