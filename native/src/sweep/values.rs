//! Parses `--vary`: a key with a list of values, some of them ranges.

use crate::data_file::{self, DataError};
use crate::source;
use crate::table::Vary;
use retrylab_core::scenario::{Field, FieldError};
use retrylab_core::time::{Duration, WithUnit, nanos, parse_duration};
use retrylab_core::value::Form;
use std::path::Path;

/// Maximum number of points of a sweep: the bookkeeping of more would not fit the memory of a small machine.
pub(super) const MAX_POINTS: u64 = 10_000_000;

const NO_NUMBERS: &str =
    "its minimum, maximum and step must be non-negative numbers with the same unit";

/// Reason why `--vary` is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ValuesError {
    #[error("--vary: {0}")]
    Field(#[from] FieldError),
    #[error("--vary: {0}")]
    Data(#[from] DataError),
    #[error("--vary: {key}: \"{text}\" is not a range: {why}; try 0..0.5/0.1 or 10ms..100ms/10ms")]
    Range { key: String, text: String, why: &'static str },
}

/// Reads `KEY=V1,V2,…`. If there is a `;`, it is the separator instead of the comma.
pub(super) fn read(text: &str) -> Result<Vary, ValuesError> {
    let (key, list) = source::pair(text)?;
    let form = Field::find(key).ok().map(|field| field.shape.form);
    let separator = if list.contains(';') { ';' } else { ',' };
    let mut values = Vec::new();
    for item in list.split(separator).map(str::trim) {
        // A file's name may begin with `../`.
        if data_file::is_file(key, item) {
            values.push(data_file::expand(key, item, Path::new(""))?.into_owned());
            continue;
        }
        // A message may be `1..5/1`.
        if matches!(form, Some(Form::Text { .. })) || !item.contains("..") {
            values.push(item.to_string());
            continue;
        }
        let range = |why| ValuesError::Range { key: key.to_string(), text: item.to_string(), why };
        values.extend(expand(item).map_err(range)?);
    }
    Ok(Vary { key: key.to_string(), values })
}

/// Returns the values of `min..max/step`, with the maximum if a step reaches it.
fn expand(text: &str) -> Result<Vec<String>, &'static str> {
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
    /// Decimals with this many places, and what follows them.
    Decimal(usize, &'a str),
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
        let split = |part: &'a str| {
            let end = part.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(part.len());
            part.split_at(end)
        };
        let (numbers, units) = (parts.map(|part| split(part).0), parts.map(|part| split(part).1));
        let places = |number: &str| number.split_once('.').map_or(0, |(_, after)| after.len());
        let max_places = numbers.map(places).into_iter().max()?;
        if units != [units[0]; 3] || max_places > 18 {
            return None;
        }
        let scaled = |number: &str| -> Option<u128> {
            let (whole, after) = number.split_once('.').unwrap_or((number, ""));
            if number.len() > 20 || after.contains('.') {
                return None;
            }
            format!("{whole}{after:0<max_places$}").parse().ok()
        };
        let [min, max, step] = numbers.map(scaled);
        Some((Self::Decimal(max_places, units[0]), [min?, max?, step?]))
    }

    fn show(&self, number: u128) -> String {
        match self {
            Self::Time => {
                let nanos = u64::try_from(number).unwrap_or(u64::MAX);
                WithUnit(Duration::from_nanos(nanos)).to_string()
            }
            Self::Decimal(0, unit) => format!("{number}{unit}"),
            Self::Decimal(places, unit) => {
                let one = 10u128.pow(*places as u32);
                let text = format!("{}.{:0places$}", number / one, number % one);
                format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<String, String> {
        read(text).map(|vary| vary.values.join(" ")).map_err(|error| error.to_string())
    }

    #[test]
    fn ranges_are_exact() {
        for (text, expected) in [
            ("server.drop=0..0.5/0.1", "0 0.1 0.2 0.3 0.4 0.5"),
            ("server.drop=0.1..0.3/0.15", "0.1 0.25"),
            ("clients=1..1/1", "1"),
            ("clients=8..10/1,100", "8 9 10 100"),
            ("link.latency=10ms..40ms/10ms", "10ms 20ms 30ms 40ms"),
            ("link.latency=0..1s/500ms", "0s 500ms 1s"),
            ("link.latency=999us..1.001ms/1us", "999us 1ms 1.001ms"),
            ("some.rate=1mbit..3mbit/1mbit", "1mbit 2mbit 3mbit"),
            ("server.drop=0%..20%/10%", "0% 10% 20%"),
            ("server.drop=0..0.000000003/0.000000001", "0 0.000000001 0.000000002 0.000000003"),
        ] {
            assert_eq!(values(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(read("server.drop=0..1/0.000001").unwrap().values.len(), 1_000_001);
    }

    #[test]
    fn values_with_commas_are_separated_by_semicolons() {
        assert_eq!(read("server.drop_list=;1,3;1-2").unwrap().values, ["", "1,3", "1-2"]);
        assert_eq!(read("server.drop=0.1, 0.2").unwrap().values, ["0.1", "0.2"]);
        assert_eq!(read("message=1..5/1").unwrap().values, ["1..5/1"]);
        assert_eq!(read("message=").unwrap().values, [""]);
    }

    #[test]
    fn invalid_ranges_are_refused_with_their_reason() {
        for (text, why) in [
            ("server.drop=0..0.5", "it has no step"),
            ("server.drop=0..0.5/0", "its step is 0"),
            ("server.drop=0.5..0/0.1", "its maximum is below its minimum"),
            ("server.drop=a..b/c", NO_NUMBERS),
            ("server.drop=-1..1/1", NO_NUMBERS),
            ("server.drop=0..1..2/1", NO_NUMBERS),
            ("server.drop=0.1.2..1/1", NO_NUMBERS),
            ("server.drop=../1", NO_NUMBERS),
            ("link.latency=1ms..2s/1", NO_NUMBERS),
            ("clients=0..100000000/1", "it has more values than a sweep has points"),
            ("clients=0..99999999999999999999999/1", NO_NUMBERS),
        ] {
            let error = values(text).unwrap_err();
            let (key, range) = text.split_once('=').unwrap();
            let begins =
                format!("--vary: {key}: \"{range}\" is not a range: {why}; try 0..0.5/0.1 or");
            assert!(error.starts_with(&begins), "{error}");
        }
        assert_eq!(
            values("drop"),
            Err("--vary: \"drop\" is not of the form key=value".to_string())
        );
    }
}
