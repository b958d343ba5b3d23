//! Numbers as people read them on a page: rounded, grouped, with a unit. Integers only, which also
//! keeps the float formatter out of the module.

use retrylab_core::time::Instant;
pub(crate) use retrylab_core::trace::words::{capital, count, grouped, ratio, span, spread, unit};

/// Returns a number in at most six characters: `99,999`, `123 k`, `4.29 G`.
pub(crate) fn compact(n: u64) -> String {
    match n {
        0..100_000 => grouped(n),
        100_000..1_000_000 => format!("{} k", n / 1_000),
        1_000_000..1_000_000_000 => format!("{} M", ratio(n, 1_000_000)),
        _ => format!("{} G", ratio(n, 1_000_000_000)),
    }
}

/// Returns nanoseconds in a unit of `size`, with all digits: `0.0512`.
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

/// Returns `a` of `b` in percent: `37 %`, `0.25 %`. Only zero is shown as `0 %`.
pub(crate) fn percent(a: u64, b: u64) -> String {
    match ratio(a.saturating_mul(100), b) {
        zero if zero == "0" && a > 0 => "< 0.01 %".to_string(),
        text => format!("{text} %"),
    }
}

/// Returns a point in time in seconds with `places` decimals (at most 9), cut rather than rounded, so
/// that times stay in order.
pub(crate) fn clock(nanos: u64, places: u32) -> String {
    let unit = 10u64.pow(9 - places.min(9));
    let per_second = 1_000_000_000 / unit;
    let (whole, rest) = (nanos / unit / per_second, nanos / unit % per_second);
    format!("{}.{rest:0width$}", grouped(whole), width = places as usize)
}

/// Returns a period as text: "from 1 s to 3 s", or "from 1 s on".
pub(crate) fn period(from: Instant, until: Option<Instant>) -> String {
    let from = span(from.as_nanos());
    match until {
        Some(until) => format!("from {from} to {}", span(until.as_nanos())),
        None => format!("from {from} on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_read_well() {
        assert_eq!(percent(1, 3), "33.3 %");
        assert_eq!(percent(3, 10), "30 %");
        assert_eq!(percent(1, 1_000_000), "< 0.01 %");
        assert_eq!(percent(0, 5), "0 %");
        assert_eq!(percent(5, 5), "100 %");
    }

    #[test]
    fn clocks_cut() {
        assert_eq!(clock(110_999_999, 3), "0.110");
        assert_eq!(clock(3_100_000_000, 6), "3.100000");
        assert_eq!(clock(u64::MAX, 0), "18,446,744,073.0");
    }
}
