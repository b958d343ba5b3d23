//! Numbers as people read them on a page: rounded, grouped, with a unit. Integers only, which also
//! keeps the float formatter out of the module.

use std::net::SocketAddr;

/// `1,234,567`
pub(crate) fn grouped(n: u64) -> String {
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

/// A number that has room for six characters: `99,999`, `123 k`, `4.29 G`.
pub(crate) fn compact(n: u64) -> String {
    match n {
        0..100_000 => grouped(n),
        100_000..1_000_000 => format!("{} k", n / 1_000),
        1_000_000..1_000_000_000 => format!("{} M", ratio(n, 1_000_000)),
        _ => format!("{} G", ratio(n, 1_000_000_000)),
    }
}

/// `1 send`, `2 sends`, `1,000 sends`
pub(crate) fn count(n: u64, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", grouped(n))
}

/// Nanoseconds with the unit that reads best and at most three digits that count: `12.3 ms`.
pub(crate) fn span(nanos: u64) -> String {
    spread(nanos, nanos, "")
}

/// Two lengths of time, or one if they are equal, with one unit: `2–3 s` where `to` is a dash.
pub(crate) fn spread(least: u64, most: u64, to: &str) -> String {
    let (size, name) = unit(most);
    let most_text = ratio(most, size);
    if least == most {
        format!("{most_text} {name}")
    } else {
        format!("{}{to}{most_text} {name}", ratio(least, size))
    }
}

/// The unit that reads best: its nanoseconds and its name.
pub(crate) const fn unit(nanos: u64) -> (u64, &'static str) {
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

/// Nanoseconds in a unit of `size`, to the last digit where that ends: `0.0512`.
pub(crate) fn exact(nanos: u64, size: u64) -> String {
    let mut out = (nanos / size).to_string();
    let mut rest = u128::from(nanos % size) * 10;
    if rest > 0 {
        out.push('.');
    }
    for _ in 0..9 {
        if rest == 0 {
            break;
        }
        out += &(rest / u128::from(size)).to_string();
        rest = rest % u128::from(size) * 10;
    }
    out
}

/// `a / b` with at most three digits that count, and all digits before the point.
pub(crate) fn ratio(a: u64, b: u64) -> String {
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

/// `a` of `b` in percent: `37 %`, `0.25 %`; nothing that happened shows as `0 %`.
pub(crate) fn percent(a: u64, b: u64) -> String {
    match ratio(a.saturating_mul(100), b) {
        zero if zero == "0" && a > 0 => "< 0.01 %".to_string(),
        text => format!("{text} %"),
    }
}

/// `192.0.2.1:1060`; simulated hosts have no other addresses than those of IPv4.
pub(crate) fn address(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => format!("{}:{}", address.ip(), address.port()),
        SocketAddr::V6(_) => String::new(),
    }
}

/// A point in time in seconds with `places` decimals (at most 9), cut rather than rounded, so that
/// what is shown in order is in order.
pub(crate) fn clock(nanos: u64, places: u32) -> String {
    let unit = 10u64.pow(9 - places.min(9));
    let per_second = 1_000_000_000 / unit;
    let (whole, rest) = (nanos / unit / per_second, nanos / unit % per_second);
    format!("{}.{rest:0width$}", grouped(whole), width = places as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(["0", "999", "1,000", "1,234,567"], [0, 999, 1_000, 1_234_567].map(grouped));
        assert_eq!(count(1, "send"), "1 send");
        assert_eq!(count(1_000, "send"), "1,000 sends");
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(3, 10), "30 %");
        assert_eq!(percent(1, 1_000_000), "< 0.01 %");
        assert_eq!(percent(0, 5), "0 %");
        assert_eq!(percent(5, 5), "100 %");
        assert_eq!(ratio(1_975, 1_000), "1.98");
        assert_eq!(ratio(7, 0), "7", "a ratio to nothing is no panic");
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

    #[test]
    fn clocks_cut() {
        assert_eq!(clock(110_999_999, 3), "0.110");
        assert_eq!(clock(3_100_000_000, 6), "3.100000");
        assert_eq!(clock(u64::MAX, 0), "18,446,744,073.0");
    }
}
