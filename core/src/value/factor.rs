//! Factors and shares as integers, so that waits are the same on every platform.

use crate::text::{Scaled, parse_rounded, parse_share};
use core::fmt;

const MILLION: u64 = 1_000_000;

/// Returns `nanos * millionths / 10^6`, rounded to the nearest nanosecond, saturating.
#[inline]
const fn scale(nanos: u64, millionths: u32) -> u64 {
    // For waits below an hour and a factor of 2, the product fits in 64 bits, and a 64-bit division by a
    // constant costs a tenth of a 128-bit one.
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

/// Factor that waits are multiplied by: 1 to 1000 in steps of a millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u32);

impl Factor {
    /// Factor that leaves waits unchanged.
    pub const ONE: Self = Self(MILLION as u32);
    /// Factor that doubles waits.
    pub const TWO: Self = Self(2 * MILLION as u32);

    /// Creates the factor `millionths / 10^6`; `None` outside 1 to 1000.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        match millionths as u64 {
            MILLION..=1_000_000_000 => Some(Self(millionths)),
            _ => None,
        }
    }

    /// Creates the factor `tenths / 10`, for presets.
    pub(crate) const fn tenths(tenths: u32) -> Self {
        Self(tenths * 100_000)
    }

    /// Returns the factor in millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// Reads `1` to `1000`, rounded to six decimals. No percentage: `50%` could mean 0.5 or 1.5.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_millionths(u32::try_from(parse_rounded(text.trim(), 6)?).ok()?)
    }

    /// Returns the factor as a float, for formulas.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / MILLION as f64
    }

    /// Returns `nanos` times this factor, rounded to the nearest nanosecond, saturating.
    #[must_use]
    #[inline]
    pub const fn times(self, nanos: u64) -> u64 {
        if self.0 == Self::TWO.0 {
            return nanos.saturating_mul(2); // Most policies double their waits.
        }
        scale(nanos, self.0)
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(u64::from(self.0), 6).fmt(f)
    }
}

/// Share of a whole: 0 to 1 in steps of a millionth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(u32);

impl Share {
    /// Creates the share `millionths / 10^6`; `None` above 1.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths as u64 <= MILLION { Some(Self(millionths)) } else { None }
    }

    /// Creates the share `hundredths / 100`, for presets.
    pub(crate) const fn percent(hundredths: u32) -> Self {
        Self(hundredths * 10_000)
    }

    /// Reads `0` to `1`, `0%` to `100%`, or a fraction such as `4/11`, rounded to six decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_millionths(u32::try_from(parse_share(text, 6)?).ok()?)
    }

    /// Returns this share of `nanos`, rounded to the nearest nanosecond.
    #[must_use]
    #[inline]
    pub const fn of(self, nanos: u64) -> u64 {
        scale(nanos, self.0)
    }

    /// Returns the share in millionths.
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
        /// Covers products that fit in 64 bits and products that do not.
        #[test]
        fn a_wait_is_scaled_to_the_nearest_nanosecond(nanos: u64, shift in 0u32..64, millionths: u32) {
            let nanos = nanos >> shift;
            proptest::prop_assert_eq!(Factor::TWO.times(nanos), scale(nanos, 2_000_000));
            let wide = u128::from(nanos) * u128::from(millionths) + 500_000;
            let wanted = u64::try_from(wide / 1_000_000).unwrap_or(u64::MAX);
            proptest::prop_assert_eq!(scale(nanos, millionths), wanted);
        }
    }
}
