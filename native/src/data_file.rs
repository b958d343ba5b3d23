//! Values from a file: `@FILE` stands for the times that the file lists.
//!
//! For a latency they are samples, each equally likely; for arrivals, the times at which exchanges
//! begin. The scenario then holds the numbers, not the file's name, so its link describes the whole
//! run.

use crate::output::Printable;
use retrylab_core::scenario::Field;
use retrylab_core::time::{Duration, WithUnit, parse_duration};
use retrylab_core::value::TimeList;
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Maximum size of a file: enough for the longest list of times with a comment on each.
const MAX_BYTES: u64 = 1 << 23;

/// Maximum number of characters of a line that an error shows.
const SHOWN: usize = 40;

/// Reason why a file is refused: one sentence that names the key, the file and the line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DataError(Box<str>);

/// The line, if the error is in one.
#[derive(Debug)]
struct At(Option<usize>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(line) => write!(f, ":{line}: "),
            None => f.write_str(" "),
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("does not name a file")]
    NoName,
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("is longer than {MAX_BYTES} bytes, the maximum for a list of times")]
    TooLarge,
    #[error("has no times; write one per line")]
    Empty,
    #[error("has more than {0} times, the maximum")]
    TooMany(usize),
    #[error("\"{0}\" is not a duration; try 12.5ms (units: ns, us, ms, s, m, h)")]
    NoTime(String),
    #[error("\"{0}\" is not a number of {1} from 0, with no digit finer than a nanosecond")]
    NoNumber(String, &'static str),
    #[error("\"{0}\" is too long; a time is at most {max}", max = WithUnit(*.1))]
    TooLong(String, Duration),
    #[error("\"{0}\" is earlier than the previous time; times must be in ascending order")]
    Order(String),
}

/// Returns what is allowed for a key, a file of times included.
pub(crate) fn allowed(field: &Field) -> String {
    let file =
        if field.shape.series().is_some() { ", or `@FILE` with times, one per line" } else { "" };
    format!("{}{file}", field.shape)
}

/// Returns why a value of a key is refused, with a file of times as an alternative: `is not a distribution of times; try …`.
pub(crate) fn refusal(field: &Field) -> String {
    let file =
        if field.shape.series().is_some() { ", or @FILE with times, one per line" } else { "" };
    format!("{}{file}", field.shape.refusal())
}

/// Returns true if the value is a file for this key. A message may begin with an `@` too.
pub(crate) fn is_file(key: &str, value: &str) -> bool {
    find(key, value).is_some()
}

/// Returns the key, the series that a file can replace, and the file's name, if `value` is a file.
fn find<'a>(key: &str, value: &'a str) -> Option<(&'static str, TimeList, &'a str)> {
    let file = value.trim().strip_prefix('@')?;
    let field = Field::find(key).ok()?;
    Some((field.key, field.shape.series()?, file))
}

/// Returns the value of `key`, read from the file in `folder` if it is `@FILE`.
pub(crate) fn expand<'a>(
    key: &str,
    value: &'a str,
    folder: &Path,
) -> Result<Cow<'a, str>, DataError> {
    let Some((key, series, name)) = find(key, value) else { return Ok(Cow::Borrowed(value)) };
    let shown = if name.is_empty() { "`@`" } else { name };
    let file = || Printable(shown.as_bytes()).to_string();
    let wrong = |(at, why)| DataError(format!("{key}: {}{}{why}", file(), At(at)).into());
    if name.is_empty() {
        return Err(wrong((None, Why::NoName)));
    }
    let text = read(&folder.join(name)).map_err(|why| wrong((None, why)))?;
    let times = times(&text, &series).map_err(wrong)?;
    Ok(Cow::Owned(format!("{} {}", series.keyword, times.join(series.separator))))
}

fn read(path: &Path) -> Result<String, Why> {
    let file = File::open(path).map_err(Why::Read)?;
    let mut text = String::new();
    let length = file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(Why::Read)?;
    if length as u64 > MAX_BYTES { Err(Why::TooLarge) } else { Ok(text) }
}

/// Returns the times of a file, each with its unit.
fn times(text: &str, series: &TimeList) -> Result<Vec<String>, (Option<usize>, Why)> {
    let mut unit = None;
    let mut times = Vec::new();
    let mut before = Duration::ZERO;
    // Some programs begin a file with a byte order mark.
    for (n, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let written = line.split('#').next().unwrap_or_default().trim();
        if written.is_empty() {
            continue;
        }
        let wrong = |why| (Some(n + 1), why);
        let shown =
            || Printable(written.chars().take(SHOWN).collect::<String>().as_bytes()).to_string();
        if times.is_empty() && unit.is_none() {
            unit = ["ns", "us", "ms", "s"].into_iter().find(|unit| *unit == written);
            if unit.is_some() {
                continue;
            }
        }
        let with_unit = format!("{written}{}", unit.unwrap_or_default());
        // With a unit at the top of the file, a line must not have its own: `5ms` would become `5msms`.
        let time = parse_duration(&with_unit).ok_or_else(|| {
            wrong(unit.map_or_else(|| Why::NoTime(shown()), |unit| Why::NoNumber(shown(), unit)))
        })?;
        if time > series.max_time {
            return Err(wrong(Why::TooLong(shown(), series.max_time)));
        }
        if series.ordered && time < before {
            return Err(wrong(Why::Order(shown())));
        }
        before = time;
        if times.len() == series.max_len {
            return Err((None, Why::TooMany(series.max_len)));
        }
        times.push(with_unit);
    }
    if times.is_empty() { Err((None, Why::Empty)) } else { Ok(times) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::{FIELDS, Scenario};

    /// Returns the series of a key.
    fn series(key: &str) -> TimeList {
        Field::find(key).unwrap().shape.series().unwrap()
    }

    const TABLE: &str = "link.latency";
    const TIMES: &str = "workload.arrivals";

    fn read(text: &str, key: &str) -> Result<String, String> {
        times(text, &series(key))
            .map(|times| times.join(" "))
            .map_err(|(at, why)| format!("x{}{why}", At(at)))
    }

    #[test]
    fn times_are_read_with_their_unit_or_below_it() {
        for (text, expected) in [
            ("12.5ms\n9us\n", "12.5ms 9us"),
            ("# of a day\r\n\r\n 1s # the first\r\n2 s", "1s 2 s"),
            ("ms\n12.5\n0\n", "12.5ms 0ms"),
            ("\u{feff}# measured\n us # unit\n7\n", "7us"),
            ("0\n", "0"),
        ] {
            assert_eq!(read(text, TABLE).as_deref(), Ok(expected), "{text:?}");
        }
        assert_eq!(read("s\n0\n0.5\n0.5\n", TIMES).as_deref(), Ok("0s 0.5s 0.5s"));
    }

    #[test]
    fn what_is_no_list_is_one_sentence_with_its_line() {
        let long = "x".repeat(100);
        for (text, key, sentence) in [
            ("", TABLE, "x has no times; write one per line"),
            ("# nothing\nms\n", TIMES, "x has no times; write one per line"),
            ("1ms\n12\n", TABLE, "x:2: \"12\" is not a duration; try 12.5ms"),
            ("1ms,2ms\n", TABLE, "x:1: \"1ms,2ms\" is not a duration"),
            ("ms\n1\nms\n", TABLE, "x:3: \"ms\" is not a number of ms from 0"),
            ("ms\n1ms\n", TABLE, "x:2: \"1ms\" is not a number of ms from 0"),
            ("us\n-1\n", TABLE, "x:2: \"-1\" is not a number of us from 0"),
            (
                "us\n1.2345\n",
                TABLE,
                "x:2: \"1.2345\" is not a number of us from 0, with no digit finer",
            ),
            ("1h\n61m\n", TABLE, "x:2: \"61m\" is too long; a time is at most 1h"),
            ("2ms\n1ms\n", TIMES, "x:2: \"1ms\" is earlier than the previous time; times must be"),
            ("\x1b[2J\n", TABLE, "x:1: \"\\u{1b}[2J\" is not a duration"),
            (&long, TABLE, &format!("x:1: \"{}\" is not a duration", &long[..SHOWN])),
        ] {
            let error = read(text, key).unwrap_err();
            assert!(error.starts_with(sentence) && !error.contains('\n'), "{error}");
        }
    }

    /// The limit is that of the core, exactly.
    #[test]
    fn the_maximum_number_of_times_is_the_cores() {
        let lines = |count: usize| "1ms\n".repeat(count);
        for (key, max) in [(TABLE, 10_000), (TIMES, 100_000)] {
            let apply = |times: &str| {
                let TimeList { keyword, separator, .. } = series(key);
                let value = format!("{keyword} {}", times.replace(' ', separator));
                let mut scenario = Scenario::default();
                let pairs = [("token", "true"), ("server.reply", "mirror"), (key, &value)];
                scenario.apply(pairs).map_err(|error| error.to_string())
            };
            let times = read(&lines(max), key).unwrap();
            assert_eq!(apply(&times), Ok(()));
            assert!(apply(&format!("{times} 1ms")).is_err());
            let error = read(&lines(max + 1), key).unwrap_err();
            assert_eq!(error, format!("x has more than {max} times, the maximum"));
        }
    }

    #[test]
    fn only_keys_that_take_times_take_a_file() {
        for (key, is) in [
            ("link.latency", true),
            ("link.reply_latency", true),
            ("server.service", true),
            ("workload.think", true),
            ("workload.arrivals", true),
            ("message", false),
            ("link.loss", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_file(key, "@x"), is, "{key}");
            let field = FIELDS.iter().find(|field| field.key == key);
            assert_eq!(field.is_some_and(|field| allowed(field).contains("`@FILE`")), is, "{key}");
            assert_eq!(field.is_some_and(|field| refusal(field).contains("@FILE")), is, "{key}");
        }
        assert_eq!(expand("message", "@x", Path::new("")).unwrap(), "@x");
        assert_eq!(expand("link.latency", "5ms", Path::new("")).unwrap(), "5ms");
    }
}
