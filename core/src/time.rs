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

/// Parses a duration with its unit: `250us`, `100ms`, `1.5s`, `2m`, `1h`. A plain `0` needs no unit.
///
/// Returns `None` for any other text, for parts of a nanosecond, and for more than 584 years.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let split = text.find(|c: char| c != '.' && !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let (places, times) = match unit.trim_start() {
        "ns" => (0, 1),
        "us" | "µs" => (3, 1),
        "ms" => (6, 1),
        "s" => (9, 1),
        "m" | "min" => (9, 60),
        "h" => (9, 3600),
        _ => return None,
    };
    parse_scaled(number, places)?.checked_mul(times).map(Duration::from_nanos)
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
