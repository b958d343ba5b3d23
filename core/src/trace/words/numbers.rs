//! Numbers as people read them: rounded, grouped, with a unit. Integers only, which also keeps the float
//! formatter out of the page's module.

use alloc::format;
use alloc::string::{String, ToString};

/// Returns `1,234,567`.
#[must_use]
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns `1 send`, `2 sends`, `1,000 sends`.
#[must_use]
pub fn count(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(n))
}

/// Returns nanoseconds in the most readable unit, with at most three significant digits: `12.3 ms`.
#[must_use]
pub fn span(nanos: u64) -> String {
    spread(nanos, nanos, "")
}

/// Returns two lengths of time, or one if they are equal, with one unit: `2–3 s` where `to` is a dash.
#[must_use]
pub fn spread(min: u64, max: u64, to: &str) -> String {
    let (size, name) = unit(max);
    let max_text = ratio(max, size);
    if min == max {
        format!("{max_text} {name}")
    } else {
        format!("{}{to}{max_text} {name}", ratio(min, size))
    }
}

/// Returns the most readable unit: its length in nanoseconds and its name.
#[must_use]
pub const fn unit(nanos: u64) -> (u64, &'static str) {
    match nanos {
        0 => (1_000_000_000, "s"),
        1..1_000 => (1, "ns"),
        1_000..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        1_000_000_000..300_000_000_000 => (1_000_000_000, "s"),
        300_000_000_000..18_000_000_000_000 => (60_000_000_000, "min"),
        _ => (3_600_000_000_000, "h"),
    }
}

/// Returns `a / b` with at most three significant digits, and all digits before the decimal point.
#[must_use]
pub fn ratio(a: u64, b: u64) -> String {
    let (a, b) = (u128::from(a), u128::from(b.max(1)));
    let places = match a / b {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let scale = 10u128.pow(places);
    let rounded = (a * scale + b / 2) / b;
    let whole = grouped(u64::try_from(rounded / scale).unwrap_or(u64::MAX));
    let fraction = format!("{:0width$}", rounded % scale, width = places as usize);
    match fraction.trim_end_matches('0') {
        "" => whole,
        fraction => format!("{whole}.{fraction}"),
    }
}

/// Returns the text with its first letter capitalized, if that is ASCII.
#[must_use]
pub fn capital(text: &str) -> String {
    let mut text = text.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(grouped));
        assert_eq!(count(1, "send"), "1 send");
        assert_eq!(count(1_000, "send"), "1,000 sends");
        assert_eq!(ratio(1_975, 1_000), "1.98");
        assert_eq!(ratio(7, 0), "7", "a ratio to zero does not panic");
        assert_eq!(capital("the client"), "The client");
    }

    #[test]
    fn spans_choose_their_unit() {
        for (nanos, text) in [
            (0, "0 s"),
            (7, "7 ns"),
            (1_500, "1.5 µs"),
            (12_345_678, "12.3 ms"),
            (100_000_000, "100 ms"),
            (3_100_000_000, "3.1 s"),
            (90_000_000_000, "90 s"),
            (600_000_000_000, "10 min"),
            (360_000_000_000_000, "100 h"),
        ] {
            assert_eq!(span(nanos), text);
        }
    }
}
