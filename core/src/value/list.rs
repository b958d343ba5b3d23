//! A list of numbers as people write it: `1,3-5`.

use super::basic::is_word;
use super::shape::Grammar;
use super::words::phrase;
use crate::text::parse_whole;
use alloc::vec::Vec;
use core::fmt;

/// Numbers from 1 in ascending ranges that do not touch.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NumberList {
    /// First and last of each range.
    ranges: Vec<(u64, u64)>,
}

impl NumberList {
    /// Maximum number of ranges.
    pub(crate) const MAX_RANGES: usize = 10_000;

    /// Returns true if `number` is on the list.
    #[must_use]
    #[inline]
    pub fn contains(&self, number: u64) -> bool {
        !self.ranges.is_empty() && self.finds(number)
    }

    fn finds(&self, number: u64) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= number);
        after > 0 && number <= self.ranges[after - 1].1
    }

    /// Returns true if the list is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

phrase!(
    NumberList,
    List,
    Grammar::new("a list of numbers from 1 and ascending ranges", &[("1,3-5", "")])
        .limits("at most 10000 of them")
        .items("", ",")
);

impl NumberList {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut ranges = Vec::new();
        let none = text.is_empty() || is_word(text, "none");
        for part in text.split(',').filter(|_| !none) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (parse_whole(first)?, parse_whole(last)?);
            if first == 0 || last < first || ranges.len() == Self::MAX_RANGES {
                return None;
            }
            ranges.push((first, last));
        }
        ranges.sort_unstable();
        ranges.dedup_by(|next, before| {
            let touches = next.0 <= before.1.saturating_add(1);
            if touches {
                before.1 = before.1.max(next.1);
            }
            touches
        });
        Some(Self { ranges })
    }
}

/// `1,3-5`, or `none`.
impl fmt::Display for NumberList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (i, &(first, last)) in self.ranges.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
        }
        Ok(())
    }
}
