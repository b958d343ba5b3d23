//! Exact decimal text: numbers are parsed as integers, never as floats, so that the same text gives the
//! same bits on every platform.

use core::fmt;

/// Reads an unsigned decimal such as `12`, `0.25`, `+3` or `1e-05` and multiplies it by `10^places`.
///
/// Returns `None` if the text is not such a number, if it has more than `places` decimals (it is never
/// rounded silently), or if the result does not fit.
pub(crate) fn parse_scaled(text: &str, places: u32) -> Option<u64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    // Zeros at the end of a whole number count as a power of ten: `10e-1` is 1.
    let shorter = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
    let mut value: u64 = 0;
    for digit in shorter.bytes().chain(fraction.bytes()) {
        value = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    if value == 0 {
        return Some(0);
    }
    let zeros = i64::try_from(whole.len() - shorter.len()).ok()?;
    let decimals = i64::try_from(fraction.len()).ok()?;
    let power = u32::try_from(i64::from(places) + exponent + zeros - decimals).ok()?;
    value.checked_mul(10u64.checked_pow(power)?)
}

/// Reads the exponent of a number: `-05`, `+3`, `3`.
fn parse_exponent(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse::<i64>().ok().filter(|n| plain && *n <= 1_000).map(|n| sign * n)
}

/// Reads a share of a whole, such as `0.3` or `30%`, and multiplies it by `10^places`, at least two.
pub(crate) fn parse_share(text: &str, places: u32) -> Option<u64> {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => parse_scaled(percent.trim_end(), places.checked_sub(2)?),
        None => parse_scaled(text, places),
    }
}

/// Reads a whole number such as `12`, `1e3` or `0xff`.
pub(crate) fn parse_whole(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => parse_scaled(text, 0),
    }
}

/// Units that may be separated from their number: in `uniform 5 ms 15 ms` there are three words.
const UNITS: [&str; 9] = ["%", "ns", "us", "\u{b5}s", "\u{3bc}s", "ms", "s", "h", "min"];

/// Splits `text` at blanks into words; a unit belongs to the number before it.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = |text: &str| text.find(char::is_whitespace).unwrap_or(text.len());
        let mut length = end(rest);
        let after = rest[length..].trim_start();
        let next = &after[..end(after)];
        let number = rest[..length].ends_with(|c: char| c.is_ascii_digit() || c == '.');
        let unit = next == "m" || UNITS.iter().any(|unit| unit.eq_ignore_ascii_case(next));
        if number && unit {
            length = rest.len() - after.len() + next.len();
        }
        let word = &rest[..length];
        rest = rest[length..].trim_start();
        Some(word)
    })
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
            ("1e3", 1, Some(10_000)),
            ("1e-05", 9, Some(10_000)),
            ("1E+2", 0, Some(100)),
            ("10e-1", 0, Some(1)),
            ("2.50e1", 0, Some(25)),
            ("+7", 0, Some(7)),
            ("0e-99", 0, Some(0)),
            ("100000000000000000000e-20", 0, Some(1)),
            ("0.000000000000000000000001e24", 0, Some(1)),
            ("1e-1", 0, None),
            ("1e20", 0, None),
            ("1e", 0, None),
            ("e3", 0, None),
            ("1e1.0", 0, None),
            ("1e++1", 0, None),
            ("++1", 0, None),
            ("+-1", 0, None),
            ("1e9999999999", 0, None),
            ("18446744073709551615", 0, Some(u64::MAX)),
            ("18446744073709551616", 0, None),
            ("18446744073709551615", 1, None),
        ] {
            assert_eq!(parse_scaled(text, places), value, "{text}");
        }
    }

    #[test]
    fn shares_may_be_percentages_and_whole_numbers_hexadecimal() {
        for (text, value) in [
            ("0.3", Some(300)),
            ("30%", Some(300)),
            (" 30 % ", Some(300)),
            ("+30%", Some(300)),
            ("3e1%", Some(300)),
            ("0.1%", Some(1)),
            ("0.01%", None),
            ("%", None),
            ("30%%", None),
        ] {
            assert_eq!(parse_share(text, 3), value, "{text}");
        }
        for (text, value) in [
            ("0xff", Some(255)),
            (" 0XfF ", Some(255)),
            ("1e3", Some(1_000)),
            ("2.0", Some(2)),
            ("0x", None),
            ("0x+1", None),
            ("0x1_0", None),
            ("2.5", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(parse_whole(text), value, "{text}");
        }
    }

    #[test]
    fn a_unit_belongs_to_the_number_before_it() {
        for (text, expected) in [
            ("", &[][..]),
            (" uniform 5ms  15 ms ", &["uniform", "5ms", "15 ms"]),
            ("proportional 20 % later", &["proportional", "20 %", "later"]),
            ("1 m 30 s", &["1 m", "30 s"]),
            ("5 10 s", &["5", "10 s"]),
            ("a ms", &["a", "ms"]),
            ("1 \u{3bc}s 2\u{b5}s", &["1 \u{3bc}s", "2\u{b5}s"]),
            ("1 M 2", &["1", "M", "2"]),
        ] {
            assert_eq!(words(text).collect::<alloc::vec::Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn decimals_are_shown_without_trailing_zeros() {
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
