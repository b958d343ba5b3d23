//! Exact decimal text: numbers are parsed as integers, never as floats, so that the same text gives the
//! same bits on every platform.

use core::fmt;

/// Parses an unsigned decimal such as `12` or `0.25` and multiplies it by `10^places`.
///
/// Returns `None` if the text is not such a number, if it has more than `places` decimals (it is never
/// rounded silently), or if the result does not fit.
pub(crate) fn parse_scaled(text: &str, places: u32) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let missing = places.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    let mut value: u64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    value.checked_mul(10u64.checked_pow(missing)?)
}

/// Displays `value / 10^places` as the shortest exact decimal: `Scaled(1_500, 3)` is `1.5`.
pub(crate) struct Scaled(pub(crate) u64, pub(crate) u32);

impl fmt::Display for Scaled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10u64.pow(self.1);
        write!(f, "{}", self.0 / unit)?;
        let (mut fraction, mut places) = (self.0 % unit, self.1 as usize);
        if fraction == 0 {
            return Ok(());
        }
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            places -= 1;
        }
        write!(f, ".{fraction:0places$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn decimals_are_parsed_exactly_or_rejected() {
        for (text, places, value) in [
            ("0", 9, Some(0)),
            ("0.5", 9, Some(500_000_000)),
            ("1.000000001", 9, Some(1_000_000_001)),
            ("1.0000000001", 9, None),
            ("1.50", 1, Some(15)),
            (".5", 1, Some(5)),
            ("5.", 1, Some(50)),
            (".", 1, None),
            ("", 1, None),
            ("-1", 1, None),
            ("1e3", 1, None),
            ("18446744073709551615", 0, Some(u64::MAX)),
            ("18446744073709551616", 0, None),
            ("18446744073709551615", 1, None),
        ] {
            assert_eq!(parse_scaled(text, places), value, "{text}");
        }
    }

    #[test]
    fn decimals_are_displayed_without_trailing_zeros() {
        assert_eq!(Scaled(1_500, 3).to_string(), "1.5");
        assert_eq!(Scaled(1_005, 3).to_string(), "1.005");
        assert_eq!(Scaled(2_000, 3).to_string(), "2");
        assert_eq!(Scaled(7, 0).to_string(), "7");
        assert_eq!(Scaled(u64::MAX, 9).to_string(), "18446744073.709551615");
    }

    proptest::proptest! {
        #[test]
        fn a_displayed_decimal_parses_back(value: u64, places in 0u32..=9) {
            let text = Scaled(value, places).to_string();
            proptest::prop_assert_eq!(parse_scaled(&text, places), Some(value));
        }
    }
}
