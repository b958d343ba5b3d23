//! Time as integer nanoseconds since the start of the run, and durations as text (`100ms`).
//!
//! This module has no clock: a driver or the simulated network passes the time. All arithmetic is
//! checked or saturating, so time never wraps.

use crate::text::{Scaled, parse_scaled};
use core::fmt;
pub use core::time::Duration;

/// Point in time: nanoseconds since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(u64);

impl Instant {
    /// Start of the run.
    pub const ZERO: Self = Self(0);
    /// Latest point in time, 584 years after the start.
    pub const MAX: Self = Self(u64::MAX);

    /// Creates the instant `nanos` nanoseconds after the start.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Creates the instant `millis` milliseconds after the start, or [`Instant::MAX`].
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Returns the nanoseconds since the start.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns `self + duration`, or `None` past [`Instant::MAX`].
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(u64::try_from(duration.as_nanos()).ok()?).map(Self)
    }

    /// Returns `self + duration`, or [`Instant::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }

    /// Returns the time from `earlier` to `self`; zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Writes exact decimal seconds: `0.1`.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(self.0, 9).fmt(f)
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}s")
    }
}

/// Returns a duration in nanoseconds, or `u64::MAX` (584 years).
#[must_use]
#[inline]
pub const fn nanos(duration: Duration) -> u64 {
    // A checked multiplication would be a function call on targets without a wide one, such as wasm.
    if duration.as_secs() > u64::MAX / 1_000_000_000 {
        return u64::MAX;
    }
    (duration.as_secs() * 1_000_000_000).saturating_add(duration.subsec_nanos() as u64)
}

/// Displays a duration as exact decimal seconds, for tables and JSON: `0.1`.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(nanos(self.0), 9).fmt(f)
    }
}

/// Displays a duration exactly, with a suitable unit: `100ms`, `1.5s`, `0s`, `2h`.
#[derive(Clone, Copy, Debug)]
pub struct WithUnit(pub Duration);

impl fmt::Display for WithUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = nanos(self.0);
        let (places, unit) = match n {
            0 => (9, "s"),
            1..1_000 => (0, "ns"),
            1_000..1_000_000 => (3, "us"),
            1_000_000..1_000_000_000 => (6, "ms"),
            _ if n.is_multiple_of(3_600_000_000_000) => {
                return write!(f, "{}h", n / 3_600_000_000_000);
            }
            _ => (9, "s"),
        };
        write!(f, "{}{unit}", Scaled(n, places))
    }
}

/// The units of a duration, longest first: names, decimals of a second, seconds.
const UNITS: [(&[&str], u32, u64); 6] = [
    (&["h"], 9, 3_600),
    (&["m", "min"], 9, 60),
    (&["s"], 9, 1),
    (&["ms"], 6, 1),
    // The micro sign (U+00B5) and the Greek letter (U+03BC) look alike.
    (&["us", "\u{b5}s", "\u{3bc}s"], 3, 1),
    (&["ns"], 0, 1),
];

/// Reads a duration with its unit: `250us`, `100 ms`, `1.5s`, `1m30s`, `1h 5m`; a plain `0` needs none.
///
/// Parts are added, from the longest unit to the shortest. Units may be in upper case, except `M`,
/// which could be a month.
///
/// Returns `None` for any other text, for parts of a nanosecond, and for more than 584 years.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let (mut sum, mut allowed) = (0u64, 0);
    loop {
        let (number, after) = rest.split_at(number_end(rest)?);
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let at = UNITS.iter().position(|(names, ..)| {
            names.iter().any(|name| unit != "M" && unit.eq_ignore_ascii_case(name))
        })?;
        // A part of `1m 30s` is a plain number: only the first may have a sign.
        if at < allowed || allowed > 0 && number.starts_with('+') {
            return None;
        }
        let (_, places, seconds) = UNITS[at];
        sum = sum.checked_add(parse_scaled(number, places)?.checked_mul(seconds)?)?;
        allowed = at + 1;
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(Duration::from_nanos(sum));
        }
    }
}

/// Where the number at the start of `text` ends, its exponent included; `None` if nothing follows.
fn number_end(text: &str) -> Option<usize> {
    let digits = |from: usize| {
        let end = text[from..].find(|c: char| c != '.' && !c.is_ascii_digit());
        end.map(|end| from + end)
    };
    let end = digits(usize::from(text.starts_with('+')))?;
    let Some(exponent) = text[end..].strip_prefix(['e', 'E']) else { return Some(end) };
    let sign = usize::from(exponent.starts_with(['+', '-']));
    digits(end + 1 + sign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn durations_are_parsed_with_their_unit() {
        for (text, nanos) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("7ns", Some(7)),
            ("250us", Some(250_000)),
            ("100ms", Some(100_000_000)),
            ("100 ms", Some(100_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("2m", Some(120_000_000_000)),
            ("1h", Some(3_600_000_000_000)),
            (" 1 h ", Some(3_600_000_000_000)),
            ("1H", Some(3_600_000_000_000)),
            ("100MS", Some(100_000_000)),
            ("2min", Some(120_000_000_000)),
            ("2 Min", Some(120_000_000_000)),
            ("1\u{b5}s", Some(1_000)),
            ("1\u{3bc}s", Some(1_000)),
            ("1 \u{3bc}s", Some(1_000)),
            ("1m30s", Some(90_000_000_000)),
            ("1m 30s", Some(90_000_000_000)),
            ("1h 5m", Some(3_900_000_000_000)),
            ("1h 2m 3s 4ms 5us 6ns", Some(3_723_004_005_006)),
            ("1.5m 0.5s", Some(90_500_000_000)),
            ("1e-05s", Some(10_000)),
            ("1e-05 s", Some(10_000)),
            ("1.5e3ms", Some(1_500_000_000)),
            ("1e+2ms", Some(100_000_000)),
            ("+5s", Some(5_000_000_000)),
            ("30s1m", None),
            ("10ms 5ms", None),
            ("1m +30s", None),
            ("1m 30", None),
            ("1M", None),
            ("1e5", None),
            ("1es", None),
            ("++1s", None),
            ("1 s x", None),
            ("1.2.3s", None),
            ("0.5ns", None),
            ("100", None),
            ("ms", None),
            ("-1s", None),
            ("1 day", None),
            ("99999999999999999999s", None),
            ("18446744074s", None),
        ] {
            assert_eq!(parse_duration(text), nanos.map(Duration::from_nanos), "{text}");
        }
    }

    #[test]
    fn instants_saturate_and_never_wrap() {
        assert_eq!(Instant::MAX.saturating_add(Duration::from_nanos(1)), Instant::MAX);
        assert_eq!(Instant::MAX.checked_add(Duration::from_nanos(1)), None);
        assert_eq!(Instant::ZERO.checked_add(Duration::MAX), None);
        assert_eq!(Instant::ZERO.saturating_since(Instant::MAX), Duration::ZERO);
        assert_eq!(Instant::from_millis(u64::MAX), Instant::MAX);
        assert_eq!(Instant::from_millis(1_500).to_string(), "1.5");
    }

    proptest::proptest! {
        #[test]
        fn a_displayed_duration_parses_back(nanos: u64) {
            let duration = Duration::from_nanos(nanos);
            let text = WithUnit(duration).to_string();
            proptest::prop_assert_eq!(parse_duration(&text), Some(duration), "{}", text);
        }

        #[test]
        fn arbitrary_text_never_panics(text: alloc::string::String) {
            let _ = parse_duration(&text);
        }
    }
}
