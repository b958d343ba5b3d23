//! Exact decimal text: numbers are parsed as integers, never as floats, so that the same text gives the
//! same bits on every platform.

use core::fmt;

/// Reads an unsigned decimal such as `12`, `0.25`, `+3` or `1e-05` and multiplies it by `10^places`.
///
/// Returns `None` if the text is not such a number, if it has more than `places` decimals, or if the result
/// does not fit.
pub(crate) fn parse_exact(text: &str, places: u32) -> Option<u64> {
    let decimal = Decimal::parse(text, places)?;
    u64::try_from(decimal.value).ok().filter(|_| decimal.is_exact)
}

/// Like [`parse_exact`], but rounds as [`parse_decimal`]: programs print floats with up to 17 digits, such
/// as `0.30000000000000004`.
pub(crate) fn parse_rounded(text: &str, places: u32) -> Option<u64> {
    u64::try_from(parse_decimal(text, places)?).ok()
}

/// Reads an unsigned decimal such as `0.25` or `1e-05`, multiplies it by `10^places` and rounds it to the
/// nearest whole number.
///
/// Returns `None` if the text is not such a number, if it is between zero and `10^-places`, or if the
/// result does not fit.
#[must_use]
pub fn parse_decimal(text: &str, places: u32) -> Option<u128> {
    let Decimal { value, is_exact, rounds_up } = Decimal::parse(text, places)?;
    let fits = value > 0 || is_exact;
    value.checked_add(rounds_up.into()).filter(|_| fits)
}

/// A decimal as a whole number of units.
pub(crate) struct Decimal {
    /// Rounded down to whole units.
    pub(crate) value: u128,
    /// Whether nothing was rounded.
    pub(crate) is_exact: bool,
    /// Whether the next digit is at least 5.
    rounds_up: bool,
}

impl Decimal {
    /// Reads an unsigned decimal in units of `10^-places`.
    pub(crate) fn parse(text: &str, places: u32) -> Option<Self> {
        let text = text.strip_prefix('+').unwrap_or(text);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        // Number of digits up to the last unit; the number may have fewer.
        let kept = i64::try_from(whole.len()).ok()? + exponent + i64::from(places);
        let (mut value, mut missing, mut is_exact, mut rounds_up) = (0u128, kept, true, false);
        for (digit, at) in whole.bytes().chain(fraction.bytes()).zip(0i64..) {
            let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
            if at < kept {
                value = value.checked_mul(10)?.checked_add(digit.into())?;
                missing -= 1;
            } else {
                is_exact &= digit == 0;
                rounds_up |= at == kept && digit >= 5;
            }
        }
        if value > 0 && missing > 0 {
            value = value.checked_mul(10u128.checked_pow(u32::try_from(missing).ok()?)?)?;
        }
        Some(Self { value, is_exact, rounds_up })
    }
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

/// Reads a share of a whole, such as `0.3`, `30%` or `4/11`, multiplies it by `10^places`, at least two, and
/// rounds like [`parse_rounded`].
pub(crate) fn parse_share(text: &str, places: u32) -> Option<u64> {
    let text = text.trim();
    if let Some((part, whole)) = text.split_once('/') {
        return parse_fraction(part.trim_end(), whole.trim_start(), places);
    }
    match text.strip_suffix('%') {
        Some(percent) => parse_rounded(percent.trim_end(), places.checked_sub(2)?),
        None => parse_rounded(text, places),
    }
}

/// Divides two whole numbers, multiplies the result by `10^places` and rounds it to the nearest whole number, but
/// never to zero.
fn parse_fraction(part: &str, whole: &str, places: u32) -> Option<u64> {
    let (part, whole) = (u128::from(parse_exact(part, 0)?), u128::from(parse_exact(whole, 0)?));
    let value = part.checked_mul(10u128.pow(places))?;
    let rounded = value.checked_add(whole / 2)?.checked_div(whole)?;
    u64::try_from(rounded).ok().filter(|rounded| *rounded > 0 || part == 0)
}

/// Reads a whole number such as `12`, `1e3` or `0xff`.
pub(crate) fn parse_whole(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => parse_exact(text, 0),
    }
}

/// The names of the units of time, longest unit first.
const TIME_UNITS: [&[&str]; 6] = [
    &["h", "hr", "hrs", "hour", "hours"],
    &["m", "min", "mins", "minute", "minutes"],
    &["s", "sec", "secs", "second", "seconds"],
    &["ms", "msec", "msecs", "millisecond", "milliseconds"],
    // The micro sign (U+00B5) and the Greek letter (U+03BC) look alike.
    &["us", "\u{b5}s", "\u{3bc}s", "usec", "usecs", "microsecond", "microseconds"],
    &["ns", "nsec", "nsecs", "nanosecond", "nanoseconds"],
];

/// Returns the place of a unit of time, in upper or lower case, among hours, minutes, seconds,
/// milliseconds, microseconds and nanoseconds. `M` is not a unit: it could be a month.
pub(crate) fn time_unit(word: &str) -> Option<usize> {
    let is = |name: &&str| word != "M" && word.eq_ignore_ascii_case(name);
    TIME_UNITS.iter().position(|names| names.iter().any(is))
}

/// Splits `text` at blanks into words; a unit belongs to the number before it: in `uniform 5 ms 15 ms`
/// there are three words.
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
        if number && (next == "%" || time_unit(next).is_some()) {
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
    fn whole_units_are_parsed_exactly_or_rejected() {
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
            assert_eq!(parse_exact(text, places), value, "{text}");
        }
    }

    #[test]
    fn the_noise_of_floats_is_rounded_but_never_to_zero() {
        for (text, places, value) in [
            ("0.30000000000000004", 9, Some(300_000_000)),
            ("0.1234567890123456", 9, Some(123_456_789)),
            ("0.9999999999999999", 9, Some(1_000_000_000)),
            ("1.4999999", 0, Some(1)),
            ("1.5", 0, Some(2)),
            ("3.0000000000000000000000000000000000000000000000000000001", 1, Some(30)),
            ("1.5e-9", 9, Some(2)),
            ("9.9e-10", 9, None),
            ("1e-99", 9, None),
            ("0.0e-99", 9, Some(0)),
            ("18446744073709551615.4", 0, Some(u64::MAX)),
            ("18446744073709551615.5", 0, None),
            ("0.1x", 9, None),
            ("0.1234567890x", 9, None),
            ("1.2.3", 9, None),
        ] {
            assert_eq!(parse_rounded(text, places), value, "{text}");
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
            ("0.16%", Some(2)),
            ("%", None),
            ("30%%", None),
            ("33.333333333333336%", Some(333)),
            ("4/11", Some(364)),
            (" 1 / 4 ", Some(250)),
            ("2/3", Some(667)),
            ("0/5", Some(0)),
            ("7/7", Some(1_000)),
            ("3/2", Some(1_500)),
            ("1/10000", None),
            ("1/0", None),
            ("0/0", None),
            ("1/", None),
            ("/2", None),
            ("1/2/3", None),
            ("-1/2", None),
            ("1/2%", None),
            ("0.5/2", None),
            ("18446744073709551615/18446744073709551615", Some(1_000)),
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
            ("5 msec 2 Seconds", &["5 msec", "2 Seconds"]),
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
            proptest::prop_assert_eq!(parse_exact(&text, places), Some(value));
        }
    }
}
