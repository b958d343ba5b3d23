//! A list of numbers as people write it: `1,3-5`.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// Numbers from 1 in ascending ranges that do not touch.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NumberList {
    /// First and last of each range.
    ranges: Vec<(u64, u64)>,
}

impl NumberList {
    /// The most ranges that a list may have.
    pub const MOST_RANGES: usize = 10_000;

    /// Is `number` on the list?
    #[must_use]
    #[inline]
    pub fn contains(&self, number: u64) -> bool {
        !self.ranges.is_empty() && self.finds(number)
    }

    fn finds(&self, number: u64) -> bool {
        let after = self.ranges.partition_point(|&(first, _)| first <= number);
        after > 0 && number <= self.ranges[after - 1].1
    }

    /// Is the list empty?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

/// What a list of numbers has to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberListError;

impl fmt::Display for NumberListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "numbers from 1 and ascending ranges such as `1,3-5`, at most {} of them",
            NumberList::MOST_RANGES
        )
    }
}

impl core::error::Error for NumberListError {}

impl FromStr for NumberList {
    type Err = NumberListError;

    fn from_str(text: &str) -> Result<Self, NumberListError> {
        let mut ranges = Vec::new();
        for part in text.split(',').map(str::trim).filter(|_| !text.trim().is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<u64>().map_err(|_| NumberListError);
            let (first, last) = (number(first)?, number(last)?);
            if first == 0 || last < first || ranges.len() == Self::MOST_RANGES {
                return Err(NumberListError);
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
        Ok(Self { ranges })
    }
}

impl fmt::Display for NumberList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
