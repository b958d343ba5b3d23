//! Multipliers and shares as integers, so that waits are the same on every platform.

use crate::text::{Scaled, parse_scaled, parse_share};
use core::fmt;

const MILLION: u64 = 1_000_000;

/// `nanos * millionths / 10^6`, rounded to the nearest nanosecond, saturating.
const fn scale(nanos: u64, millionths: u32) -> u64 {
    // Doubled, waits below an hour fit 63 bits, and a 64-bit division by a constant costs a tenth of a
    // 128-bit one.
    if nanos.leading_zeros() + (millionths as u64).leading_zeros() > 64 {
        return (nanos * millionths as u64 + MILLION / 2) / MILLION;
    }
    scale_wide(nanos, millionths)
}

#[cold]
const fn scale_wide(nanos: u64, millionths: u32) -> u64 {
    let wide = (nanos as u128 * millionths as u128 + MILLION as u128 / 2) / MILLION as u128;
    if wide > u64::MAX as u128 { u64::MAX } else { wide as u64 }
}

/// What a wait is multiplied by: 1 to 1000 in steps of a millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u32);

impl Factor {
    /// Waits stay as they are.
    pub const ONE: Self = Self(MILLION as u32);
    /// Waits double.
    pub const TWO: Self = Self(2 * MILLION as u32);

    /// `millionths / 10^6`, or `None` outside 1 to 1000.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        match millionths as u64 {
            MILLION..=1_000_000_000 => Some(Self(millionths)),
            _ => None,
        }
    }

    /// `tenths / 10`, for presets.
    pub(crate) const fn tenths(tenths: u32) -> Self {
        Self(tenths * 100_000)
    }

    /// Millionths of one.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Reads `1` to `1000` with at most six decimals. No percentage: `50%` could mean 0.5 or 1.5.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_millionths(u32::try_from(parse_scaled(text.trim(), 6)?).ok()?)
    }

    /// The factor as a float, for formulas.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / MILLION as f64
    }

    /// `nanos` times this factor, rounded to the nearest nanosecond, saturating.
    #[must_use]
    pub const fn times(self, nanos: u64) -> u64 {
        scale(nanos, self.0)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(u64::from(self.0), 6).fmt(f)
    }
}

/// A part of a whole: 0 to 1 in steps of a millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    /// `millionths / 10^6`, or `None` above 1.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths as u64 <= MILLION { Some(Self(millionths)) } else { None }
    }

    /// `hundredths / 100`, for presets.
    pub(crate) const fn percent(hundredths: u32) -> Self {
        Self(hundredths * 10_000)
    }

    /// Reads `0` to `1` with at most six decimals, or `0%` to `100%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_millionths(u32::try_from(parse_share(text, 6)?).ok()?)
    }

    /// This share of `nanos`, rounded to the nearest nanosecond.
    #[must_use]
    pub const fn of(self, nanos: u64) -> u64 {
        scale(nanos, self.0)
    }

    /// Millionths of the whole.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(u64::from(self.0), 6).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Where the product fits 64 bits, and where it does not.
        #[test]
        fn a_wait_is_scaled_to_the_nearest_nanosecond(nanos: u64, shift in 0u32..64, millionths: u32) {
            let nanos = nanos >> shift;
            let wide = u128::from(nanos) * u128::from(millionths) + 500_000;
            let wanted = u64::try_from(wide / 1_000_000).unwrap_or(u64::MAX);
            proptest::prop_assert_eq!(scale(nanos, millionths), wanted);
        }
    }
}
