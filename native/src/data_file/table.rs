//! Tables: one column of a CSV file, with commas, semicolons or tabs.

use super::collect::{Collector, Refused, Why, shown};
use csv::{ReaderBuilder, StringRecord, Trim};
use retrylab_core::time::{Duration, parse_duration};
use retrylab_core::value::TimeList;

/// Cells of an exchange without a reply.
const LOST: [&str; 9] = ["", "-", "*", "nan", "na", "n/a", "none", "null", "timeout"];

/// Returns whether `line` begins a table: it names a column of times, and has no time itself.
pub(super) fn begins(line: &str, series: &TimeList) -> bool {
    let cells: Vec<&str> = line.split(separator(line)).map(unquoted).collect();
    let is_time = |cell: &&str| parse_duration(cell).is_some() || cell.parse::<f64>().is_ok();
    let named = |cell: &&str| rank(cell, series.ordered) > 0;
    !cells.iter().any(is_time) && (cells.len() > 1 || cells.iter().any(named))
}

/// Adds the times of a column: the one of that name or number, or the only one whose name fits.
pub(super) fn read(
    text: &str,
    column: Option<&str>,
    times: &mut Collector<'_>,
) -> Result<(), Refused> {
    let is_row = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    let first = text.lines().find(is_row).unwrap_or_default();
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(Trim::All).comment(Some(b'#'));
    let mut reader = builder.delimiter(separator(first) as u8).from_reader(text.as_bytes());
    let (mut lines, mut record) = (Lines { text, byte: 0, line: 1 }, StringRecord::new());
    let mut chosen: Option<(usize, String)> = None;
    loop {
        let line = lines.next(reader.position().byte());
        let is_row = reader.read_record(&mut record);
        if !is_row.map_err(|error| (Some(line), Why::Table(shown(&error.to_string()))))? {
            return Ok(());
        }
        if record.len() == 1 && record[0].is_empty() {
            // A line of blanks.
            continue;
        }
        let Some((at, unit)) = &chosen else {
            let at = choose(&record, column, times.series).map_err(|why| (Some(line), why))?;
            let name = record.get(at).unwrap_or_default();
            // A column that is given by its number may have no name.
            if let Some(time) = parse_duration(name) {
                times.add(line, name, Some(time))?;
            }
            chosen = Some((at, unit_of(name).unwrap_or_default().to_string()));
            continue;
        };
        let cell = record.get(*at).unwrap_or_default();
        if LOST.iter().any(|lost| cell.eq_ignore_ascii_case(lost)) {
            continue;
        }
        let time = parse_duration(&format!("{cell}{unit}")).or_else(|| parse_duration(cell));
        times.add_cell(line, cell, unit, time)?;
    }
}

/// Finds the lines of rows: the reader's own count leaves out empty lines and comments.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: usize,
}

impl Lines<'_> {
    /// Returns the line of the first row from `byte` on, which is at a row's end.
    fn next(&mut self, byte: u64) -> usize {
        let byte = byte as usize;
        let passed = &self.text.as_bytes()[self.byte..byte];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.byte = byte;
        let rest = self.text.get(byte..).unwrap_or_default();
        // The line feed after a carriage return belongs to the row before.
        let rest = rest.strip_prefix('\n').map_or((self.line, rest), |rest| (self.line + 1, rest));
        rest.0 + rest.1.lines().take_while(|line| is_skipped(line)).count()
    }
}

/// Returns whether the reader skips a line.
fn is_skipped(line: &str) -> bool {
    line.is_empty() || line.starts_with('#')
}

fn separator(line: &str) -> char {
    ['\t', ';', ','].into_iter().find(|separator| line.contains(*separator)).unwrap_or(',')
}

fn unquoted(cell: &str) -> &str {
    cell.trim().trim_matches('"')
}

/// Returns the place of the column to read.
fn choose(names: &StringRecord, column: Option<&str>, series: &TimeList) -> Result<usize, Why> {
    let list = || shown(&names.iter().collect::<Vec<_>>().join(", "));
    if let Some(wanted) = column {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
        let number = || wanted.parse().ok().filter(|n| (1..=names.len()).contains(n));
        let place = named.or_else(|| number().map(|n: usize| n - 1));
        return place.ok_or_else(|| Why::NoColumn(shown(wanted), list()));
    }
    let ranks: Vec<u8> = names.iter().map(|name| rank(name, series.ordered)).collect();
    let best = ranks.iter().copied().max().unwrap_or_default();
    let mut places = (0..ranks.len()).filter(|place| ranks[*place] == best);
    match (best, places.next(), places.next()) {
        (1.., Some(place), None) => Ok(place),
        (1.., ..) => Err(Why::Ambiguous(list())),
        _ => Err(Why::NoTimes(list())),
    }
}

/// Returns how well a name fits a column of times; 0 if it does not.
fn rank(name: &str, arrivals: bool) -> u8 {
    let name = name.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    if arrivals {
        return (has(&["time", "arriv", "start", "offset"])
            || ["at", "t"].contains(&name.as_str()))
        .into();
    }
    let response_time = has(&["response"]) && has(&["time"]);
    if response_time || has(&["rtt", "latency", "ping", "elapsed", "duration"]) {
        return 2;
    }
    // `timestamp` and `timeout` are something else.
    let time = has(&["time"]) && !has(&["timestamp", "datetime", "timeout"]);
    (time || has(&["delay"])).into()
}

/// Returns the unit at the end of a column's name: `rtt_ms`, `Latency (us)`.
fn unit_of(name: &str) -> Option<&str> {
    let name = name.trim_end_matches(|c: char| !c.is_alphabetic());
    let at = name.rfind(|c: char| !c.is_alphabetic())?;
    let unit = name[at..].trim_start_matches(|c: char| !c.is_alphabetic());
    // `1ms` is a time, `1rtt` is not.
    parse_duration(&format!("1{unit}")).map(|_: Duration| unit)
}
