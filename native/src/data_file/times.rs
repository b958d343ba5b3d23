//! Reads the times of a file: a plain list, a table, or what `ping` prints.

use super::collect::{Collector, Refused, Why, shown};
use super::{replies, table};
use retrylab_core::time::{Duration, parse_duration};
use retrylab_core::value::TimeList;

/// The times of a file.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) list: Vec<Duration>,
    /// Whether a program measured them as round trips.
    pub(super) are_round_trips: bool,
}

/// Reads the times of a file. `column` selects a table's column.
pub(super) fn read(text: &str, column: Option<&str>, series: &TimeList) -> Result<Times, Refused> {
    // Some programs begin a file with a byte order mark.
    let text = text.trim_start_matches('\u{feff}');
    let mut times = Collector { series, list: Vec::new() };
    let first = text.lines().find(|line| !content(line).is_empty()).unwrap_or_default();
    let replies = if series.ordered { Vec::new() } else { replies::read(text) };
    let are_round_trips = column.is_none() && !replies.is_empty();
    if !series.ordered && replies.is_empty() && replies::begins(first) {
        return Err((None, Why::NoReplies));
    }
    if are_round_trips {
        add_replies(&mut times, text, &replies)?;
    } else if column.is_some() || table::begins(first, series) {
        table::read(text, column, &mut times)?;
    } else {
        add_lines(&mut times, text)?;
    }
    let list = times.list;
    if list.is_empty() { Err((None, Why::Empty)) } else { Ok(Times { list, are_round_trips }) }
}

/// Returns a line without its comment.
fn content(line: &str) -> &str {
    line.split('#').next().unwrap_or_default().trim()
}

/// Adds the times of a list: each with its unit, or all below their unit.
fn add_lines(times: &mut Collector<'_>, text: &str) -> Result<(), Refused> {
    let mut unit = "";
    for (n, line) in (1..).zip(text.lines()) {
        let written = content(line);
        if written.is_empty() {
            continue;
        }
        if times.list.is_empty() && unit.is_empty() && ["ns", "us", "ms", "s"].contains(&written) {
            unit = written;
            continue;
        }
        // Below a unit, a line must not have its own: `5ms` becomes `5msms`.
        let time = parse_duration(&format!("{written}{unit}"));
        if time.is_none() && !unit.is_empty() {
            return Err((Some(n), Why::NoNumber(shown(written), unit.to_string())));
        }
        times.add(n, written, time)?;
    }
    Ok(())
}

/// Adds the times of all replies, which must be of one host.
fn add_replies(
    times: &mut Collector<'_>,
    text: &str,
    replies: &[replies::Reply<'_>],
) -> Result<(), Refused> {
    let mut lines = (1..).zip(text.lines());
    if let Some((n, line)) = lines.find(|(_, line)| parse_duration(content(line)).is_some()) {
        return Err((Some(n), Why::Mixed(shown(line))));
    }
    let host = replies.iter().find_map(|reply| reply.host);
    for reply in replies {
        if let (Some(first), Some(other)) = (host, reply.host.filter(|other| Some(*other) != host))
        {
            return Err((Some(reply.line), Why::Hosts(shown(first), shown(other))));
        }
        times.add(reply.line, &reply.time, parse_duration(&reply.time))?;
    }
    Ok(())
}
