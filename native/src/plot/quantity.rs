//! What a column measures: its name in words, its unit, and how its numbers are written.

use crate::output::seconds;
use crate::sim::words::{Unit, WORDS};
use retrylab_core::time::parse_duration;
use retrylab_core::value::Printable;

/// The varied keys that appear most often in plots; others keep their names.
const KEYS: &[(&str, Unit, &str, &str)] = &[
    ("workload.rate", Unit::Number, "offered load", "exchanges per second"),
    ("workload.think", Unit::Seconds, "pause between two exchanges", ""),
    ("exchanges", Unit::Number, "exchanges per client", ""),
    ("policy.preset", Unit::Unknown, "policy", ""),
    ("policy.initial_timeout", Unit::Seconds, "first wait", ""),
    ("policy.max_timeout", Unit::Seconds, "longest wait", ""),
    ("policy.deadline", Unit::Seconds, "deadline of an exchange", ""),
    ("policy.max_sends", Unit::Number, "maximum number of sends", ""),
    ("policy.jitter", Unit::Unknown, "jitter", ""),
    ("policy.budget", Unit::Unknown, "retry budget", ""),
    ("server.drop", Unit::Share, "requests dropped by the server", ""),
    ("server.fail", Unit::Share, "requests answered with a failure", ""),
    ("server.service", Unit::Seconds, "service time", ""),
    ("server.workers", Unit::Number, "workers of the server", ""),
    ("server.capacity", Unit::Number, "capacity of the server", "requests per second"),
    ("link.loss", Unit::Share, "datagrams lost on the link", ""),
    ("link.latency", Unit::Seconds, "latency of the link", "one way"),
    ("link.rtt", Unit::Seconds, "round-trip time of the link", ""),
];

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantity {
    pub(super) name: String,
    pub(super) label: String,
    detail: String,
    pub(super) unit: Unit,
}

impl Quantity {
    /// Returns the measure of a run or of a series in the column `name`.
    pub(super) fn measure(name: &str) -> Self {
        match WORDS.iter().find(|words| words.name == name) {
            Some(words) => Self::new(name, words.unit, words.label, words.detail),
            None => Self::unknown(name),
        }
    }

    /// Returns the varied key in the column `name`. Those of durations end in their unit.
    pub(super) fn key(name: &str) -> Self {
        let in_seconds = name.strip_suffix("_s");
        let key = in_seconds.unwrap_or(name);
        match KEYS.iter().find(|(known, ..)| *known == key) {
            Some((_, unit, label, detail)) => {
                let unit = if in_seconds.is_some() { Unit::Seconds } else { *unit };
                Self::new(name, unit, label, detail)
            }
            None => Self::unknown(name),
        }
    }

    fn unknown(name: &str) -> Self {
        match name.strip_suffix("_s").filter(|rest| !rest.ends_with("_per")) {
            Some(rest) => Self::new(name, Unit::Seconds, rest, ""),
            None => Self::new(name, Unit::Unknown, name, ""),
        }
    }

    pub(super) fn new(name: &str, unit: Unit, label: &str, detail: &str) -> Self {
        let name = Printable::short(name).to_string();
        Self { name, label: Printable::short(label).to_string(), detail: detail.to_string(), unit }
    }

    /// Returns the quantity of lines that are drawn over one axis.
    pub(super) fn common(all: &[Self]) -> Self {
        let [first, others @ ..] = all else { return Self::unknown("") };
        if others.is_empty() {
            return first.clone();
        }
        let label =
            if all.iter().all(|one| one.name.ends_with("_per_s")) { "per second" } else { "" };
        Self::new("", first.unit, label, "")
    }

    /// Returns the smallest and the largest possible number.
    pub(super) const fn bounds(&self) -> (f64, f64) {
        match self.unit {
            Unit::Share => (0.0, 1.0),
            Unit::Seconds | Unit::Number => (0.0, f64::INFINITY),
            Unit::Unknown => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Returns the label with what is counted and the unit: `p99 latency (ms)`.
    pub(super) fn title(&self, unit: &str) -> String {
        let remarks: Vec<&str> =
            [self.detail.as_str(), unit].into_iter().filter(|text| !text.is_empty()).collect();
        match (self.label.as_str(), remarks.join(", ")) {
            (label, remarks) if remarks.is_empty() => label.to_string(),
            ("", remarks) => remarks,
            (label, remarks) => format!("{label} ({remarks})"),
        }
    }

    /// Returns the size of the unit in which numbers up to `high` are written, and its name.
    pub(super) fn scaled(&self, high: f64) -> (f64, String) {
        let powers = |high: f64| match high {
            1e7..1e10 => (1e6, "millions".to_string()),
            1e10..1e16 => (1e9, "billions".to_string()),
            0.0 | 1e-4..1e7 => (1.0, String::new()),
            high => {
                let power = high.log10().floor() as i32;
                (10f64.powi(power), format!("1e{power}"))
            }
        };
        match self.unit {
            Unit::Share => (0.01, String::new()),
            Unit::Seconds => {
                let (size, name) = duration_unit(high);
                (size, name.to_string())
            }
            Unit::Number | Unit::Unknown => powers(high.abs()),
        }
    }

    /// Writes a tick of an axis whose ticks are `step` apart, both in the unit of [`scaled`](Self::scaled).
    pub(super) fn tick(&self, number: f64, step: f64) -> String {
        let places = (-(step.abs() * 1.000_001).log10().floor()).clamp(0.0, 15.0) as usize;
        // The tick at 0 may differ from 0 by rounding.
        let number = if number.abs() < step / 2.0 { 0.0 } else { number };
        let percent = if self.unit == Unit::Share { " %" } else { "" };
        format!("{}{percent}", grouped(&format!("{number:.places$}")))
    }

    /// Writes a number with three digits and its unit: `12.3 %`, `1.5 ms`.
    pub(super) fn shown(&self, number: f64) -> String {
        match self.unit {
            Unit::Share => format!("{} %", digits(number * 100.0)),
            Unit::Seconds => {
                let (size, name) = duration_unit(number);
                format!("{} {name}", digits(number / size))
            }
            Unit::Number | Unit::Unknown => digits(number),
        }
    }

    /// Writes a value of the key, as the results have it: a number with its unit, another text as it is.
    pub(super) fn value(&self, text: &str) -> String {
        match number(text) {
            Some(number) if matches!(self.unit, Unit::Share | Unit::Seconds) => self.shown(number),
            Some(number) if number.abs() >= 10_000.0 => grouped(text),
            _ => Printable::short(text).to_string(),
        }
    }
}

/// Reads a number, a rate per second, or a duration in seconds.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.strip_suffix("/s").unwrap_or(text);
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.or_else(|| parse_duration(text).map(seconds))
}

fn duration_unit(high: f64) -> (f64, &'static str) {
    match high {
        7200.0.. => (3600.0, "h"),
        600.0.. => (60.0, "min"),
        1.0.. => (1.0, "s"),
        1e-3.. => (1e-3, "ms"),
        1e-6.. => (1e-6, "\u{b5}s"),
        0.0 => (1.0, "s"),
        _ => (1e-9, "ns"),
    }
}

/// Writes a number with at least three digits.
fn digits(number: f64) -> String {
    if number == 0.0 {
        return "0".to_string();
    }
    let power = number.abs().log10().floor();
    if !(-4.0..12.0).contains(&power) {
        return format!("{number:.2e}");
    }
    let places = (2.0 - power).max(0.0) as usize;
    let text = format!("{number:.places$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    };
    grouped(&text)
}

/// Writes a comma after each thousand of a number from 10,000 up.
fn grouped(text: &str) -> String {
    let whole = text.find('.').unwrap_or(text.len());
    let first = usize::from(text.starts_with('-'));
    if whole - first < 5 || !text[first..whole].bytes().all(|b| b.is_ascii_digit()) {
        return text.to_string();
    }
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        if at > first && at < whole && (whole - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units_and_three_digits() {
        let shown = |name: &str, number: f64| Quantity::measure(name).shown(number);
        assert_eq!(shown("gave_up_share", 0.1234), "12.3 %");
        assert_eq!(shown("gave_up_share", 1.0), "100 %");
        assert_eq!(shown("latency_p99_s", 0.0015), "1.5 ms");
        assert_eq!(shown("latency_p99_s", 0.000_25), "250 \u{b5}s");
        assert_eq!(shown("latency_p99_s", 90.0), "90 s");
        assert_eq!(shown("latency_p99_s", 900.0), "15 min");
        assert_eq!(shown("sends", 1_234_567.0), "1,234,567");
        assert_eq!(shown("sends", 1234.0), "1234");
        assert_eq!(shown("sends", 0.0), "0");
        assert_eq!(shown("amplification", 1.0 / 3.0), "0.333");
        assert_eq!(shown("unheard_of", -12.0), "-12");
        assert_eq!(shown("sends", 1e13), "1.00e13");
    }

    #[test]
    fn columns_have_words() {
        let title = |name: &str, unit: &str| Quantity::measure(name).title(unit);
        assert_eq!(title("latency_p99_s", "ms"), "p99 latency (ms)");
        assert_eq!(title("amplification", ""), "amplification (sends per exchange)");
        assert_eq!(title("unheard_of", ""), "unheard_of");
        assert_eq!(
            Quantity::key("link.latency_s").title("ms"),
            "latency of the link (one way, ms)"
        );
        assert_eq!(Quantity::key("faults").title(""), "faults");
        assert_eq!(Quantity::key("server.hint_s").label, "server.hint");
        assert_eq!(Quantity::key("server.drop").value("0.05"), "5 %");
        assert_eq!(Quantity::key("server.drop").value("none"), "none");
        assert_eq!(Quantity::key("link.latency").value("12ms"), "12 ms");
        assert_eq!(Quantity::key("clients").value("100000"), "100,000");
    }

    #[test]
    fn values_are_read_with_their_units() {
        assert_eq!(number("0.1"), Some(0.1));
        assert_eq!(number("50/s"), Some(50.0));
        assert_eq!(number("10ms"), Some(0.01));
        assert_eq!(number("grpc"), None);
        assert_eq!(number("inf"), None);
    }
}
