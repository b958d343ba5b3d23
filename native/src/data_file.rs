//! Values from a file: `@FILE` in place of a law stands for the times that the file lists.
//!
//! For a latency they are samples, each as likely as the others; for arrivals, when exchanges begin. A
//! scenario then holds the numbers, not the file's name: its link tells the whole run.

use crate::output::Printable;
use retrylab_core::dist::MAX_TIME;
use retrylab_core::dist::Samples;
use retrylab_core::scenario::{FIELDS, Kind};
use retrylab_core::time::{Duration, parse_duration};
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Longer than the most times, each with a comment of its own.
const MOST_BYTES: u64 = 1 << 23;

/// The most arrivals that the core takes.
const MOST_ARRIVALS: usize = 100_000;

/// How much of a line an error shows.
const SHOWN: usize = 40;

/// Why a file has no such value: one sentence that names the key, the file and its line.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct DataError(Box<str>);

/// The line, where it is one's.
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
    #[error("names no file")]
    NoName,
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("is longer than {MOST_BYTES} bytes, and no list of times is")]
    TooLong,
    #[error("has no time; it takes one a line")]
    Empty,
    #[error("has more than {0} times, which is the most")]
    TooMany(usize),
    #[error(
        "`{0}` is no time; a line has a time with its unit such as `12.5ms` (ns, us, ms, s, m, h)"
    )]
    NoTime(String),
    #[error("`{0}` is no number of {1} from 0, with no digit finer than a nanosecond")]
    NoNumber(String, &'static str),
    #[error("`{0}` is too long; a latency is at most 1h")]
    Distribution(String),
    #[error("`{0}` is earlier than the time before; arrivals are in order")]
    Order(String),
}

/// What a key takes, and that a file may have it.
pub(crate) fn takes(kind: Kind) -> String {
    match law(kind) {
        Some(_) => format!("{kind}, or `@FILE` with times, one a line"),
        None => kind.to_string(),
    }
}

/// The law that a list of times is, for a key of this kind.
const fn law(kind: Kind) -> Option<Law> {
    match kind {
        Kind::Latency | Kind::OptionalLatency | Kind::ReplyLatency => Some(Law::Table),
        Kind::Arrivals => Some(Law::Times),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Law {
    Table,
    Times,
}

/// Is it a file, for this key? A message may well begin with an `@`.
pub(crate) fn is_file(key: &str, value: &str) -> bool {
    find(key, value).is_some()
}

/// The key, its law and the file's name, if `value` is one.
fn find<'a>(key: &str, value: &'a str) -> Option<(&'static str, Law, &'a str)> {
    let file = value.trim().strip_prefix('@')?;
    let field = FIELDS.iter().find(|field| field.key == key)?;
    Some((field.key, law(field.kind)?, file))
}

/// The value of `key`, from the file if it is `@FILE`, which is sought in `folder`.
pub(crate) fn expand<'a>(
    key: &str,
    value: &'a str,
    folder: &Path,
) -> Result<Cow<'a, str>, DataError> {
    let Some((key, law, name)) = find(key, value) else { return Ok(Cow::Borrowed(value)) };
    let shown = if name.is_empty() { "`@`" } else { name };
    let file = || Printable(shown.as_bytes()).to_string();
    let wrong = |(at, why)| DataError(format!("{key}: {}{}{why}", file(), At(at)).into());
    if name.is_empty() {
        return Err(wrong((None, Why::NoName)));
    }
    let text = read(&folder.join(name)).map_err(|why| wrong((None, why)))?;
    let times = times(&text, law).map_err(wrong)?;
    Ok(Cow::Owned(match law {
        Law::Table => format!("table {}", times.join(" ")),
        Law::Times => format!("times {}", times.join(", ")),
    }))
}

fn read(path: &Path) -> Result<String, Why> {
    let file = File::open(path).map_err(Why::Read)?;
    let mut text = String::new();
    let length = file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(Why::Read)?;
    if length as u64 > MOST_BYTES { Err(Why::TooLong) } else { Ok(text) }
}

/// The times of a file, each with its unit.
fn times(text: &str, law: Law) -> Result<Vec<String>, (Option<usize>, Why)> {
    let most = match law {
        Law::Table => Samples::MAX_LEN,
        Law::Times => MOST_ARRIVALS,
    };
    let mut unit = None;
    let mut times = Vec::new();
    let mut before = Duration::ZERO;
    // Some programs begin a file with a mark of its byte order.
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
        // Below a unit, one of a line's own makes no sense: `5ms` would be `5msms`.
        let time = parse_duration(&with_unit).ok_or_else(|| {
            wrong(unit.map_or_else(|| Why::NoTime(shown()), |unit| Why::NoNumber(shown(), unit)))
        })?;
        match law {
            Law::Table if time > MAX_TIME => return Err(wrong(Why::Distribution(shown()))),
            Law::Times if time < before => return Err(wrong(Why::Order(shown()))),
            Law::Table | Law::Times => before = time,
        }
        if times.len() == most {
            return Err((None, Why::TooMany(most)));
        }
        times.push(with_unit);
    }
    if times.is_empty() { Err((None, Why::Empty)) } else { Ok(times) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    fn read(text: &str, law: Law) -> Result<String, String> {
        times(text, law)
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
            assert_eq!(read(text, Law::Table).as_deref(), Ok(expected), "{text:?}");
        }
        assert_eq!(read("s\n0\n0.5\n0.5\n", Law::Times).as_deref(), Ok("0s 0.5s 0.5s"));
    }

    #[test]
    fn what_is_no_list_is_one_sentence_with_its_line() {
        let long = "x".repeat(100);
        for (text, law, sentence) in [
            ("", Law::Table, "x has no time; it takes one a line"),
            ("# nothing\nms\n", Law::Times, "x has no time; it takes one a line"),
            ("1ms\n12\n", Law::Table, "x:2: `12` is no time; a line has a time with its unit such"),
            ("1ms,2ms\n", Law::Table, "x:1: `1ms,2ms` is no time"),
            ("ms\n1\nms\n", Law::Table, "x:3: `ms` is no number of ms from 0"),
            ("ms\n1ms\n", Law::Table, "x:2: `1ms` is no number of ms from 0"),
            ("us\n-1\n", Law::Table, "x:2: `-1` is no number of us from 0"),
            (
                "us\n1.2345\n",
                Law::Table,
                "x:2: `1.2345` is no number of us from 0, with no digit finer",
            ),
            ("1h\n61m\n", Law::Table, "x:2: `61m` is too long; a latency is at most 1h"),
            ("2ms\n1ms\n", Law::Times, "x:2: `1ms` is earlier than the time before; arrivals are"),
            ("\x1b[2J\n", Law::Table, "x:1: `\\u{1b}[2J` is no time"),
            (&long, Law::Table, &format!("x:1: `{}` is no time", &long[..SHOWN])),
        ] {
            let error = read(text, law).unwrap_err();
            assert!(error.starts_with(sentence) && !error.contains('\n'), "{error}");
        }
    }

    /// As many as the core takes, and not one more.
    #[test]
    fn the_most_times_are_the_cores() {
        let lines = |count: usize| "1ms\n".repeat(count);
        for (law, most) in [(Law::Table, Samples::MAX_LEN), (Law::Times, MOST_ARRIVALS)] {
            let apply = |times: &str| {
                let value = match law {
                    Law::Table => format!("table {times}"),
                    Law::Times => format!("times {}", times.replace(' ', ", ")),
                };
                let key = if law == Law::Table { "link.latency" } else { "workload.arrivals" };
                let mut scenario = Scenario::default();
                let pairs = [("token", "true"), ("server.reply", "mirror"), (key, &value)];
                scenario.apply(pairs).map_err(|error| error.to_string())
            };
            let times = read(&lines(most), law).unwrap();
            assert_eq!(apply(&times), Ok(()));
            assert!(apply(&format!("{times} 1ms")).is_err());
            let error = read(&lines(most + 1), law).unwrap_err();
            assert_eq!(error, format!("x has more than {most} times, which is the most"));
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
            let told = FIELDS.iter().find(|field| field.key == key);
            assert_eq!(
                told.is_some_and(|field| takes(field.kind).contains("`@FILE`")),
                is,
                "{key}"
            );
        }
        assert_eq!(expand("message", "@x", Path::new("")).unwrap(), "@x");
        assert_eq!(expand("link.latency", "5ms", Path::new("")).unwrap(), "5ms");
    }
}
