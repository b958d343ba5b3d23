//! Time as integer nanoseconds since the start of the run, and durations as text (`100ms`).
//!
//! This module has no clock: a driver or the simulated network passes the time. All arithmetic is
//! checked or saturating, so time never wraps.

use crate::text::{Decimal, Scaled, time_unit};
use core::fmt;
pub use core::time::Duration;

/// Point in time: nanoseconds since the start of the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Instant(u64);

impl Instant {
    /// Start of the run.
    pub const ZERO: Self = Self(0);
    /// Latest point in time, 584 years after the start.
    pub const MAX: Self = Self(u64::MAX);

    /// Creates the instant `nanos` nanoseconds after the start.
    #[must_use]
    #[inline]
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
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Returns `self + duration`, or `None` past [`Instant::MAX`].
    #[must_use]
    #[inline]
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
    #[inline]
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

/// The decimals of a second and the seconds of each unit of time; see [`time_unit`].
const SCALES: [(u32, u128); 6] = [(9, 3_600), (9, 60), (9, 1), (6, 1), (3, 1), (0, 1)];

/// Reads a duration with its unit: `250us`, `100 ms`, `1.5s`, `1m30s`, `1h 5m`; a plain `0` needs none.
///
/// Parts are added, from the longest unit to the shortest. Units may be in upper case, except `M`,
/// which could be a month. Each part is rounded to the nearest nanosecond.
///
/// Returns `None` for any other text, for a part between zero and a nanosecond, and for more than 584
/// years.
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
        let at = time_unit(unit)?;
        // A part of `1m 30s` is a plain number: only the first may have a sign.
        if at < allowed || allowed > 0 && number.starts_with('+') {
            return None;
        }
        sum = sum.checked_add(parse_part(number, SCALES[at])?)?;
        allowed = at + 1;
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(Duration::from_nanos(sum));
        }
    }
}

/// Reads the number of a unit and returns it in nanoseconds, rounded.
fn parse_part(number: &str, (places, seconds): (u32, u128)) -> Option<u64> {
    // Millionths of a nanosecond, so that a part of an hour is not rounded before it is multiplied.
    const MILLION: u128 = 1_000_000;
    let decimal = Decimal::parse(number, places + 6)?;
    let fine = decimal.value.checked_mul(seconds)?;
    let fits = fine >= MILLION || fine == 0 && decimal.is_exact;
    u64::try_from(fine.checked_add(MILLION / 2)? / MILLION).ok().filter(|_| fits)
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
            ("0", 0),
            ("0s", 0),
            ("7ns", 7),
            ("250us", 250_000),
            ("100ms", 100_000_000),
            ("100 ms", 100_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            (" 1 h ", 3_600_000_000_000),
            ("1H", 3_600_000_000_000),
            ("100MS", 100_000_000),
            ("2min", 120_000_000_000),
            ("2 Min", 120_000_000_000),
            ("1\u{b5}s", 1_000),
            ("1\u{3bc}s", 1_000),
            ("1 \u{3bc}s", 1_000),
            ("1m30s", 90_000_000_000),
            ("1m 30s", 90_000_000_000),
            ("1h 5m", 3_900_000_000_000),
            ("1h 2m 3s 4ms 5us 6ns", 3_723_004_005_006),
            ("1.5m 0.5s", 90_500_000_000),
            ("1e-05s", 10_000),
            ("1e-05 s", 10_000),
            ("1.5e3ms", 1_500_000_000),
            ("1e+2ms", 100_000_000),
            ("+5s", 5_000_000_000),
            ("12.300000000000001ms", 12_300_000),
            ("0.30000000000000004s", 300_000_000),
            ("0.016666666666666666h", 60_000_000_000),
            ("1.5ns", 2),
            ("0e-99s", 0),
            ("5 sec", 5_000_000_000),
            ("5 Seconds", 5_000_000_000),
            ("1 hour 2 minutes 3 msec", 3_720_003_000_000),
            ("7 usecs", 7_000),
        ] {
            assert_eq!(parse_duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_not_a_duration() {
        for text in [
            "30s1m",
            "10ms 5ms",
            "1m +30s",
            "1m 30",
            "1M",
            "1e5",
            "1es",
            "++1s",
            "1 s x",
            "1.2.3s",
            "0.9ns",
            "1s 0.1ns",
            "1e-99s",
            "100",
            "ms",
            "-1s",
            "1 day",
            "99999999999999999999s",
            "18446744074s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
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
