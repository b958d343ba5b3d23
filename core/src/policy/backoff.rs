//! How waits grow from one send to the next.

use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, is_word, phrase, words};
use core::fmt;

words! {
    /// How waits grow. The first wait and the step are fields of the policy.
    #[non_exhaustive]
    Backoff {
        /// Every wait is `initial_timeout`.
        Constant = "constant",
        /// Each wait is the previous one plus `increment`.
        Linear = "linear",
        /// Each wait is the previous one times `multiplier`, plus `increment` (usually zero).
        #[default]
        Exponential = "exponential",
        /// Each wait is the sum of the previous two; the first two are `initial_timeout`.
        Fibonacci = "fibonacci",
        /// The waits are listed in `timeouts`; the last one repeats.
        List = "list",
    }
}

/// Explicit list of waits, such as `0s, 10s, 1m`. After a wait of zero, the next send is immediate.
///
/// The list is stored inline, so a policy is a plain value without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Timeouts {
    len: u8,
    nanos: [u64; Self::MAX_LEN],
}

impl Timeouts {
    /// Maximum number of waits.
    pub const MAX_LEN: usize = 16;

    /// No waits.
    pub(crate) const EMPTY: Self = Self { len: 0, nanos: [0; Self::MAX_LEN] };

    /// The list of these waits; `None` if they are more than [`MAX_LEN`](Self::MAX_LEN).
    #[must_use]
    pub fn new(waits: &[Duration]) -> Option<Self> {
        let mut list = Self { len: u8::try_from(waits.len()).ok()?, ..Self::EMPTY };
        for (place, wait) in waits.iter().enumerate() {
            *list.nanos.get_mut(place)? = nanos(*wait);
        }
        Some(list)
    }

    /// Creates a list of whole seconds, for presets.
    pub(super) const fn seconds<const N: usize>(seconds: [u64; N]) -> Self {
        let mut list = Self { len: N as u8, nanos: [0; Self::MAX_LEN] };
        let mut place = 0;
        while place < N {
            list.nanos[place] = seconds[place] * 1_000_000_000;
            place += 1;
        }
        list
    }

    /// Returns the waits in order.
    pub fn iter(&self) -> impl Iterator<Item = Duration> {
        self.nanos.iter().take(self.len.into()).map(|n| Duration::from_nanos(*n))
    }

    /// Returns true if the list is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the wait at `index`, from 0, in nanoseconds; the last one repeats.
    pub(super) fn at(&self, index: u64) -> u64 {
        let last = usize::from(self.len).saturating_sub(1);
        self.nanos[last.min(usize::try_from(index).unwrap_or(last))]
    }
}

impl fmt::Debug for Timeouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Writes `1s, 2s, 5s`, or `none`.
impl fmt::Display for Timeouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (place, wait) in self.iter().enumerate() {
            write!(f, "{}{}", if place == 0 { "" } else { ", " }, WithUnit(wait))?;
        }
        Ok(())
    }
}

phrase!(
    Timeouts,
    List,
    Grammar::new("a list of durations", &[("0s, 10s, 1m", ""), ("none", "")])
        .limits("at most 16, each at most 2400h")
        .items("", ", ")
);

impl Timeouts {
    fn read(text: &str) -> Option<Self> {
        let mut list = Self::EMPTY;
        if is_word(text, "none") {
            return Some(list);
        }
        for wait in text.split(',') {
            let slot = list.nanos.get_mut(usize::from(list.len))?;
            *slot = nanos(parse_duration(wait)?);
            list.len += 1;
        }
        Some(list)
    }
}
