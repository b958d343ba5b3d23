//! Division of many times by one length.

/// A divisor with its reciprocal: a multiplication and a comparison take less time than a division.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "u64", into = "u64")
)]
pub(super) struct Divisor {
    value: u64,
    /// 2^64 - 1 divided by the value, rounded down.
    reciprocal: u64,
}

impl Divisor {
    /// Creates a divisor; 1 if it is zero.
    pub(super) fn new(value: u64) -> Self {
        let value = value.max(1);
        Self { value, reciprocal: u64::MAX / value }
    }

    pub(super) const fn value(self) -> u64 {
        self.value
    }

    /// Returns `dividend` divided by it, rounded down.
    #[inline(always)]
    pub(super) fn divide(self, dividend: u64) -> u64 {
        // Wasm has no multiplication with a result of 128 bits.
        if cfg!(target_family = "wasm") {
            return dividend / self.value;
        }
        // At most one too low: the reciprocal is too low by less than one part in 2^64 of a dividend.
        let low = ((u128::from(dividend) * u128::from(self.reciprocal)) >> u64::BITS) as u64;
        low + u64::from(dividend - low * self.value >= self.value)
    }
}

impl From<u64> for Divisor {
    fn from(value: u64) -> Self {
        Self::new(value)
    }
}

impl From<Divisor> for u64 {
    fn from(divisor: Divisor) -> Self {
        divisor.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn it_divides(dividend: u64, value: u64, shifts in (0u32..64, 0u32..64)) {
            let (dividend, value) = (dividend >> shifts.0, (value >> shifts.1).max(1));
            let multiple = dividend / value * value;
            for dividend in [dividend, multiple, multiple.saturating_sub(1), u64::MAX] {
                proptest::prop_assert_eq!(Divisor::new(value).divide(dividend), dividend / value);
            }
        }
    }

    #[test]
    fn the_least_and_the_largest_numbers_are_divided() {
        for value in [1, 2, 3, u64::MAX - 1, u64::MAX] {
            for dividend in [0, 1, 2, 3, u64::MAX - 1, u64::MAX] {
                assert_eq!(Divisor::new(value).divide(dividend), dividend / value);
            }
        }
        assert_eq!(Divisor::new(0).divide(7), 7);
    }
}
