//! Numbers as people read them: times of one line in one unit, and shares with the digits that mean something.

/// The unit of the times of a line: that of the longest one.
#[derive(Clone, Copy)]
pub(super) struct TimeUnit {
    name: &'static str,
    /// Number of these units in a second.
    per_second: f64,
}

impl TimeUnit {
    /// Returns the unit of these numbers of seconds.
    pub(super) fn of(seconds: impl IntoIterator<Item = f64>) -> Self {
        let (name, per_second) = match seconds.into_iter().fold(0.0, f64::max) {
            1.0.. => ("s", 1.0),
            0.001.. => ("ms", 1e3),
            _ => ("µs", 1e6),
        };
        Self { name, per_second }
    }

    /// Formats a time with three digits, or with all of its whole ones.
    pub(super) fn show(self, seconds: f64) -> String {
        let number = seconds * self.per_second;
        let decimals = if number > 0.0 { 2.0 - number.log10().floor() } else { 0.0 };
        let text = format!("{number:.*}", decimals.clamp(0.0, 6.0) as usize);
        let text = match text.contains('.') {
            true => text.trim_end_matches('0').trim_end_matches('.'),
            false => &text,
        };
        format!("{text} {}", self.name)
    }
}

/// Formats a share in percent: `96.89`. The width of its interval says how many decimals it has; without an interval, its
/// distance from 0 or 100 %.
pub(super) fn percent(share: f64, interval: Option<(f64, f64)>) -> String {
    format!("{:.*}", decimals(share, interval), 100.0 * share)
}

/// Formats an interval in percent, with the digits of its share: `96.78 to 97.00`.
pub(super) fn percents(share: f64, (low, high): (f64, f64), between: &str) -> String {
    let decimals = decimals(share, Some((low, high)));
    format!("{:.decimals$}{between}{:.decimals$}", 100.0 * low, 100.0 * high)
}

fn decimals(share: f64, interval: Option<(f64, f64)>) -> usize {
    let scale = interval.map_or(share.min(1.0 - share), |(low, high)| high - low);
    // A share of exactly 0 or 1 needs no decimals.
    let decimals = 1.0 - (100.0 * scale).log10().floor();
    if decimals.is_finite() { decimals.clamp(1.0, 6.0) as usize } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_a_line_have_one_unit() {
        let line = |times: &[f64]| {
            let unit = TimeUnit::of(times.iter().copied());
            times.iter().map(|time| unit.show(*time)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(line(&[0.020_005, 0.320_1, 1.52]), "0.02 s, 0.32 s, 1.52 s");
        assert_eq!(line(&[0.004_493, 0.023_1, 0.068]), "4.49 ms, 23.1 ms, 68 ms");
        assert_eq!(line(&[0.0, 0.000_012_34]), "0 µs, 12.3 µs");
        assert_eq!(line(&[40.288_8, 1_234.5]), "40.3 s, 1234 s");
    }

    #[test]
    fn shares_have_digits_that_mean_something() {
        let wide = Some((0.967_836, 0.969_988));
        assert_eq!(percent(0.968_93, wide), "96.89");
        assert_eq!(percents(0.968_93, (0.967_836, 0.969_988), " to "), "96.78 to 97.00");
        assert_eq!(percent(1.0, Some((0.206_549, 1.0))), "100.0");
        assert_eq!(percent(0.999_989, None), "99.9989");
        assert_eq!(percent(0.000_011, None), "0.0011");
        assert_eq!(percent(0.031_07, None), "3.1");
        assert_eq!((percent(1.0, None), percent(0.0, None)), ("100".into(), "0".into()));
    }
}
