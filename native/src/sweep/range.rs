//! Ranges of values: `0..0.5/0.1`, in exact decimal arithmetic.

use super::MAX_POINTS;
use retrylab_core::time::{Duration, WithUnit, nanos, parse_duration};
use retrylab_core::value::parse_decimal;

const NO_NUMBERS: &str =
    "its minimum, maximum and step must be non-negative numbers with the same unit";

/// Number of decimals that a range counts in: more than any value stores.
const PLACES: u32 = 18;

/// Returns the values of `min..max/step`, with the maximum if a step reaches it; or why it is not a range.
pub(super) fn expand(text: &str) -> Result<Vec<String>, &'static str> {
    let (min, rest) = text.split_once("..").unwrap_or((text, ""));
    let (max, step) = rest.split_once('/').ok_or("it has no step")?;
    let parts = [min, max, step].map(str::trim);
    let (scale, [min, max, step]) = Scale::of(parts).ok_or(NO_NUMBERS)?;
    if step == 0 {
        return Err("its step is 0");
    }
    let count = max.checked_sub(min).ok_or("its maximum is below its minimum")? / step;
    if count >= MAX_POINTS.into() {
        return Err("it has more values than a sweep has points");
    }
    // `min + i * step` is at most `max`.
    Ok((0..=count).map(|i| scale.show(min + i * step)).collect())
}

/// The unit that a range counts in, so that its values are exact.
enum Scale<'a> {
    /// Decimals with [`PLACES`] places, and what follows them.
    Decimal(&'a str),
    /// Nanoseconds.
    Time,
}

impl<'a> Scale<'a> {
    /// Returns the scale of `parts`, and each of them in it.
    fn of(parts: [&'a str; 3]) -> Option<(Self, [u128; 3])> {
        let times = parts.map(|part| parse_duration(part).map(|time| u128::from(nanos(time))));
        if let [Some(min), Some(max), Some(step)] = times
            // `0` is a time and a number.
            && parts.iter().any(|part| part.ends_with(char::is_alphabetic))
        {
            return Some((Self::Time, [min, max, step]));
        }
        let parts = parts.map(|part| part.split_at(number_end(part)));
        let unit = parts.map(|(_, unit)| unit).into_iter().find(|unit| !unit.is_empty());
        let [min, max, step] = parts.map(|(number, own)| {
            // 0 needs no unit.
            let number = parse_decimal(number, PLACES)?;
            (own == unit.unwrap_or_default() || own.is_empty() && number == 0).then_some(number)
        });
        Some((Self::Decimal(unit.unwrap_or_default()), [min?, max?, step?]))
    }

    fn show(&self, number: u128) -> String {
        match self {
            Self::Time => {
                let nanos = u64::try_from(number).unwrap_or(u64::MAX);
                WithUnit(Duration::from_nanos(nanos)).to_string()
            }
            Self::Decimal(unit) => {
                let one = 10u128.pow(PLACES);
                let text =
                    format!("{}.{:0places$}", number / one, number % one, places = PLACES as usize);
                format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

/// Returns where the number at the start of `text` ends, its exponent included.
fn number_end(text: &str) -> usize {
    let digits =
        |text: &str| text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let end = usize::from(text.starts_with('+'));
    let end = end + digits(&text[end..]);
    let Some(exponent) = text[end..].strip_prefix(['e', 'E']) else { return end };
    let sign = usize::from(exponent.starts_with(['+', '-']));
    match digits(&exponent[sign..]) {
        0 => end,
        digits => end + 1 + sign + digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<String, &'static str> {
        expand(text).map(|values| values.join(" "))
    }

    #[test]
    fn ranges_are_exact() {
        for (text, expected) in [
            ("0..0.5/0.1", "0 0.1 0.2 0.3 0.4 0.5"),
            ("0.1..0.3/0.15", "0.1 0.25"),
            ("1..1/1", "1"),
            ("10ms..40ms/10ms", "10ms 20ms 30ms 40ms"),
            ("0..1s/500ms", "0s 500ms 1s"),
            ("999us..1.001ms/1us", "999us 1ms 1.001ms"),
            ("30s..1m30s/30 s", "30s 60s 90s"),
            ("1\u{b5}s..3\u{3bc}s/1us", "1us 2us 3us"),
            ("1mbit..3mbit/1mbit", "1mbit 2mbit 3mbit"),
            ("0..2e3kbit/1e3kbit", "0kbit 1000kbit 2000kbit"),
            ("0%..20%/10%", "0% 10% 20%"),
            ("0..20 %/10 %", "0 % 10 % 20 %"),
            ("0..0.000000003/0.000000001", "0 0.000000001 0.000000002 0.000000003"),
            ("0..1e-3/5e-4", "0 0.0005 0.001"),
            ("1e-05..3E-05/1e-05", "0.00001 0.00002 0.00003"),
            ("0..0.30000000000000004/0.1", "0 0.1 0.2 0.3"),
            ("0.1234567890123456..0.3/0.1", "0.1234567890123456 0.2234567890123456"),
        ] {
            assert_eq!(values(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(expand("0..1/0.000001").unwrap().len(), 1_000_001);
    }

    #[test]
    fn what_is_not_a_range_has_a_reason() {
        for (text, why) in [
            ("0..0.5", "it has no step"),
            ("0..0.5/0", "its step is 0"),
            ("0..0s/0s", "its step is 0"),
            ("0.5..0/0.1", "its maximum is below its minimum"),
            ("a..b/c", NO_NUMBERS),
            ("-1..1/1", NO_NUMBERS),
            ("0..1..2/1", NO_NUMBERS),
            ("0.1.2..1/1", NO_NUMBERS),
            ("../1", NO_NUMBERS),
            ("1ms..2s/1", NO_NUMBERS),
            ("1..2mbit/1mbit", NO_NUMBERS),
            ("0..1/1e-19", NO_NUMBERS),
            ("0..100000000/1", "it has more values than a sweep has points"),
            ("0..99999999999999999999999/1", NO_NUMBERS),
        ] {
            assert_eq!(values(text), Err(why), "{text}");
        }
    }
}
