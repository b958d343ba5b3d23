//! Values from a file: `@FILE` stands for the times that the file lists, `@FILE:COLUMN` for those of a
//! table's column.
//!
//! For a latency they are samples, each equally likely; for arrivals, the times at which exchanges
//! begin. The scenario then holds the numbers, not the file's name, so its link describes the whole
//! run.

mod collect;
mod replies;
mod table;
mod times;

use crate::output::warn;
use retrylab_core::scenario::Field;
use retrylab_core::time::WithUnit;
use retrylab_core::value::{Printable, TimeList};
use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use times::Times;

/// Maximum size of a file: enough for a million lines of `ping`.
const MAX_BYTES: u64 = 1 << 27;

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

/// Reason why a file cannot be read.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("cannot be read: {0}")]
    Read(io::Error),
    #[error("is longer than {MAX_BYTES} bytes, the maximum for a list of times; keep a part of it")]
    TooLarge,
}

/// Returns what is allowed for a key, a file of times included.
pub(crate) fn allowed(field: &Field) -> String {
    let file = if field.shape.series().is_some() { ", or `@FILE` with measured times" } else { "" };
    format!("{}{file}", field.shape)
}

/// Returns why a value of a key is refused, with a file of times as an alternative: `is not a distribution of times; try …`.
pub(crate) fn refusal(field: &Field) -> String {
    let file = if field.shape.series().is_some() { ", or @FILE with measured times" } else { "" };
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
    if name.is_empty() {
        return Err(DataError(format!("{key}: `@` does not name a file; write @FILE").into()));
    }
    let (name, column) = split(name, folder);
    let shown = Printable::short(name);
    let text = read(&folder.join(name))
        .map_err(|error| DataError(format!("{key}: {shown} {error}").into()))?;
    let Times { list, are_round_trips } = times::read(&text, column, &series)
        .map_err(|(at, why)| DataError(format!("{key}: {shown}{}{why}", At(at)).into()))?;
    if are_round_trips && key == "link.latency" {
        warn(format_args!(
            "{key} is a one-way time, but {shown} has round-trip times; use link.rtt=@{shown} instead"
        ));
    }
    let list: Vec<String> = list.into_iter().map(|time| WithUnit(time).to_string()).collect();
    Ok(Cow::Owned(format!("{} {}", series.keyword, list.join(series.separator))))
}

/// Splits `FILE:COLUMN`. A file's name may contain a colon too.
fn split<'a>(name: &'a str, folder: &Path) -> (&'a str, Option<&'a str>) {
    match name.rsplit_once(':') {
        Some((file, column)) if !folder.join(name).exists() && folder.join(file).exists() => {
            (file, Some(column))
        }
        _ => (name, None),
    }
}

fn read(path: &Path) -> Result<String, Unreadable> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Unreadable::Read)?;
    let length = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(Unreadable::Read)?;
    if length as u64 > MAX_BYTES {
        return Err(Unreadable::TooLarge);
    }
    Ok(decode(&bytes))
}

/// Returns the text of a file. PowerShell writes what a program prints in UTF-16, and `ping` prints names
/// in the code page of its language; its numbers are readable in any.
fn decode(bytes: &[u8]) -> String {
    let (is_wide, read): (bool, fn([u8; 2]) -> u16) = match bytes {
        [0xFF, 0xFE, ..] => (true, u16::from_le_bytes),
        [0xFE, 0xFF, ..] => (true, u16::from_be_bytes),
        _ => (false, u16::from_le_bytes),
    };
    if !is_wide {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::dist::Samples;
    use retrylab_core::scenario::FIELDS;

    /// Returns the series of a key.
    fn series(key: &str) -> TimeList {
        Field::find(key).unwrap().shape.series().unwrap()
    }

    const TABLE: &str = "link.latency";
    const TIMES: &str = "workload.arrivals";

    fn read(text: &str, key: &str) -> Result<String, String> {
        read_column(text, None, key)
    }

    fn read_column(text: &str, column: Option<&str>, key: &str) -> Result<String, String> {
        let times = times::read(text, column, &series(key))
            .map_err(|(at, why)| format!("x{}{why}", At(at)))?;
        let list = times.list.into_iter().map(|time| WithUnit(time).to_string());
        Ok(list.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn times_are_read_with_their_unit_or_below_it() {
        for (text, expected) in [
            ("12.5ms\n9us\n", "12.5ms 9us"),
            ("12.3 ms\n1e-3 s\n1m30s\n1\u{b5}s\n1 \u{3bc}s\n", "12.3ms 1ms 90s 1us 1us"),
            ("12.300000000000001ms\n", "12.3ms"),
            ("# of a day\r\n\r\n 1s # the first\r\n2 s", "1s 2s"),
            ("ms\n12.5\n0\n", "12.5ms 0s"),
            ("us\n1.2345\n", "1.235us"),
            ("\u{feff}# measured\n us # unit\n7\n", "7us"),
            ("0\n", "0s"),
        ] {
            assert_eq!(read(text, TABLE).as_deref(), Ok(expected), "{text:?}");
        }
        assert_eq!(read("s\n0\n0.5\n0.5\n", TIMES).as_deref(), Ok("0s 500ms 500ms"));
    }

    #[test]
    fn what_ping_prints_is_read() {
        let ping = "PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.\n\
            64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=12.3 ms\n\
            no answer yet for icmp_seq=2\n\
            64 bytes from 192.0.2.1: icmp_seq=3 ttl=57 time=9.05 ms\n";
        assert_eq!(read(ping, TABLE).as_deref(), Ok("12.3ms 9.05ms"));
        assert_eq!(read("a : 12.3 - 9\n", TABLE).as_deref(), Ok("12.3ms 9ms"));
        let wide = |text: &str, order: fn(u16) -> [u8; 2]| {
            let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
            decode(&units.flat_map(order).collect::<Vec<u8>>())
        };
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            assert_eq!(read(&wide(ping, order), TABLE).as_deref(), Ok("12.3ms 9.05ms"));
        }
        for (text, key, sentence) in [
            ("a : 1 2\nb : 3\n", TABLE, "x:2: the times are of two hosts, \"a\" and \"b\"; keep"),
            ("time=5 ms\n7ms\n", TABLE, "x:2: \"7ms\" is a time between lines of ping; keep"),
            (
                "PING a (a): 56 data bytes\n--- a ping statistics ---\n",
                TABLE,
                "x has no reply in ping's output: every request was lost",
            ),
            // Round trips are not times of arrival.
            (
                ping,
                TIMES,
                "x:1: \"PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.\" is not a duration",
            ),
        ] {
            let error = read(text, key).unwrap_err();
            assert!(error.starts_with(sentence), "{error}");
        }
    }

    #[test]
    fn one_column_of_a_table_is_read() {
        for (text, column, key, expected) in [
            ("seq,rtt_ms\n1,12.3\n2,\n3,9.5\n", None, TABLE, "12.3ms 9.5ms"),
            ("\u{feff}seq;Latency (us);note\r\n1;12;a\r\n2;-;b\r\n", None, TABLE, "12us"),
            ("time\trtt\n1732645422\t12.3ms\n1732645423\t9 ms\n", None, TABLE, "12.3ms 9ms"),
            ("timestamp,response-time\n7,1e-3s\n", None, TABLE, "1ms"),
            ("\"n\",\"rtt, one\",\"x\"\n1,\"5ms\",2\n", None, TABLE, "5ms"),
            ("# measured\nlatency_s\n0.30000000000000004\nNaN\n", None, TABLE, "300ms"),
            (" \nrtt_ms\n \n\n5\n", None, TABLE, "5ms"),
            ("a,b\n1ms,2ms\n3ms,4ms\n", Some("b"), TABLE, "2ms 4ms"),
            ("a,b\n1ms,2ms\n3ms,4ms\n", Some("1"), TABLE, "1ms 3ms"),
            ("1ms,2ms\n3ms,4ms\n", Some("2"), TABLE, "2ms 4ms"),
            ("rtt_ms,rtt_us\n1,2\n", Some("RTT_US"), TABLE, "2us"),
            ("time_s,rtt_ms\n1,12\n2.5,9\n", None, TIMES, "1s 2.5s"),
        ] {
            assert_eq!(read_column(text, column, key).as_deref(), Ok(expected), "{text:?}");
        }
        for (text, column, sentence) in [
            (
                "a,b\n1ms,2ms\n",
                None,
                "x:1: no column is named like a time; select one of a, b with @FILE:COLUMN",
            ),
            (
                "p50_rtt_ms,p99_rtt_ms\n1,2\n",
                None,
                "x:1: several columns could be meant; select one of p50_rtt_ms, p99_rtt_ms with",
            ),
            (
                "a,b\n1ms,2ms\n",
                Some("c"),
                "x:1: the table has no column \"c\"; its columns are a, b",
            ),
            ("a,b\n1ms,2ms\n", Some("3"), "x:1: the table has no column \"3\""),
            (
                "n,rtt\n1,12.3\n",
                None,
                "x:2: \"12.3\" has no unit; write 12.5ms, or end the column's name",
            ),
            ("n,rtt_ms\n1,2\n\n2,x\n", None, "x:4: \"x\" is not a number of ms from 0"),
            ("n,rtt\n1,x\n", None, "x:2: \"x\" is not a duration; try 12.5ms"),
            ("n,rtt_ms\n1,-5\n", None, "x:2: \"-5\" is not a number of ms from 0"),
            ("n,rtt_ms\n1,\n", None, "x has no times; write one per line"),
        ] {
            let error = read_column(text, column, TABLE).unwrap_err();
            assert!(error.starts_with(sentence), "{error}");
        }
    }

    #[test]
    fn what_is_no_list_is_one_sentence_with_its_line() {
        let long = "x".repeat(100);
        for (text, key, sentence) in [
            ("", TABLE, "x has no times; write one per line"),
            ("# nothing\nms\n", TIMES, "x has no times; write one per line"),
            ("1ms\n12\n", TABLE, "x:2: \"12\" is not a duration; try 12.5ms, or put the unit"),
            ("1ms,2ms\n", TABLE, "x:1: \"1ms,2ms\" is not a duration"),
            ("ms\n1\nms\n", TABLE, "x:3: \"ms\" is not a number of ms from 0"),
            ("ms\n1ms\n", TABLE, "x:2: \"1ms\" is not a number of ms from 0"),
            ("us\n-1\n", TABLE, "x:2: \"-1\" is not a number of us from 0"),
            ("ns\n0.1\n", TABLE, "x:2: \"0.1\" is not a number of ns from 0"),
            ("1h\n61m\n", TABLE, "x:2: \"61m\" is too long; a time is at most 1h"),
            ("2ms\n1ms\n", TIMES, "x:2: \"1ms\" is earlier than the previous time; times must be"),
            ("\x1b[2J\n", TABLE, "x:1: \"\\u{1b}[2J\" is not a duration"),
            (
                &long,
                TABLE,
                &format!("x:1: \"{}\u{2026} (100 bytes)\" is not a duration", &long[..60]),
            ),
        ] {
            let error = read(text, key).unwrap_err();
            assert!(error.starts_with(sentence) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn the_maximum_number_of_times_is_the_cores() {
        assert_eq!(series(TABLE).max_len, Samples::MAX_LEN);
        for key in [TABLE, TIMES] {
            let short = TimeList { max_len: 3, ..series(key) };
            assert_eq!(times::read("s\n1\n1\n1\n", None, &short).unwrap().list.len(), 3);
            let error = times::read("s\n1\n1\n1\n1\n", None, &short).unwrap_err();
            let sentence =
                "has more than 3 times, the maximum; keep fewer of them, for example every tenth"
                    .to_string();
            assert_eq!((error.0, error.1.to_string()), (None, sentence));
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
