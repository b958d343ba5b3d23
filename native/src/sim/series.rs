//! Writes the time series of runs: one line per interval of simulated time.

use super::cells::Cells;
use super::run::{self, Limits};
use super::{Args, Error, predicted};
use crate::output::{OutputError, warn};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::SeriesReport;
use retrylab_core::time::{Duration, WithUnit};
use retrylab_core::value::Printable;
use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Maximum number of lines.
pub(super) const MAX_INTERVALS: usize = 1_000_000;

/// Bytes that are written at a time.
const BUFFER: usize = 256 << 10;

/// The columns. A name ends in its unit; columns without one are counts of the interval. In a comparison, the column
/// `variant` follows.
const HEAD: &str = "from_s,interval_s,offered_per_s,offered_with_retries_per_s,goodput_per_s,gave_up_per_s,\
                    failed_per_s,served_per_s,begun,sends,answered,gave_up,failed,served";

/// The file of `--series`. It is opened before the run, so that a wrong name fails at once.
pub(super) struct SeriesFile {
    name: String,
    out: Box<dyn Write>,
}

impl SeriesFile {
    /// Creates the file at `path`; `-` is stdout.
    pub(super) fn create(path: &str) -> Result<Self, OutputError> {
        if path == "-" {
            return Ok(Self { name: "stdout".to_string(), out: Box::new(io::stdout()) });
        }
        let name = path.to_string();
        match File::create(path) {
            Ok(file) => Ok(Self { name, out: Box::new(file) }),
            Err(error) => Err(OutputError { name, error }),
        }
    }

    /// Writes the series of a run as CSV. Warns if its intervals had to be longer than `wanted`.
    pub(super) fn write(self, series: &SeriesReport, wanted: Duration) -> Result<(), OutputError> {
        self.write_all(&[("", series)], wanted)
    }

    /// Writes the series of several runs, or of one whose name is empty.
    fn write_all(self, all: &[(&str, &SeriesReport)], wanted: Duration) -> Result<(), OutputError> {
        let longest = all.iter().map(|(_, series)| series.interval_s).fold(0.0, f64::max);
        let interval = Duration::from_secs_f64(longest);
        if interval > wanted {
            warn(format_args!(
                "--series has intervals of {} instead of {}: the run is longer than {MAX_INTERVALS} of them",
                WithUnit(interval),
                WithUnit(wanted)
            ));
        }
        write(BufWriter::with_capacity(BUFFER, self.out), all)
            .map_err(|error| OutputError { name: self.name, error })
    }
}

/// Opens the file of `--series` for several runs, if it is wanted. Their results go to stdout.
pub(super) fn open_for_many(args: &Args) -> Result<Option<SeriesFile>, Error> {
    match args.series.as_deref() {
        Some("-") => Err(Error::SeriesOfMany),
        path => Ok(path.map(SeriesFile::create).transpose()?),
    }
}

/// Runs each of `scenarios` again, with the first seed, and writes its series to `file`. Nothing is written after an
/// interrupt.
pub(super) fn write_first(
    file: Option<SeriesFile>,
    args: &Args,
    scenarios: &[(&str, &Scenario)],
    limits: &Limits,
) -> Result<(), Error> {
    let Some(file) = file else { return Ok(()) };
    let mut all = Vec::new();
    for (name, scenario) in scenarios {
        let metrics = predicted::metrics(scenario, args.series_interval(), limits)
            .with_max_intervals(MAX_INTERVALS);
        let cells = Cells::new(scenario, limits.cells);
        let result = run::measure(scenario, metrics, cells, limits, |_| ());
        if !result.is_complete() {
            return Ok(());
        }
        all.push((*name, result.metrics.series));
    }
    let all: Vec<_> = all.iter().map(|(name, series)| (*name, series)).collect();
    Ok(file.write_all(&all, args.series_interval())?)
}

fn write(mut out: impl Write, all: &[(&str, &SeriesReport)]) -> io::Result<()> {
    let named = all.iter().any(|(name, _)| !name.is_empty());
    writeln!(out, "{HEAD}{}", if named { ",variant" } else { "" })?;
    for (name, series) in all {
        let SeriesReport { interval_s, begun, sends, answered, gave_up, failed, served } = series;
        // Whole nanoseconds avoid rounding: an interval begins at 0.3, not at 0.30000000000000004.
        let nanos = (interval_s * 1e9).round() as u64;
        let interval = interval_s.to_string();
        let mut digits = itoa::Buffer::new();
        for n in 0..begun.len() {
            let counts = [begun[n], sends[n], answered[n], gave_up[n], failed[n], served[n]];
            write!(out, "{},{interval}", Seconds(n as u64 * nanos))?;
            for count in counts {
                out.write_all(b",")?;
                // Most rates are whole, and those are many times as fast to write as others: a million lines must not
                // hold up the end of an interrupted run.
                let rate = count as f64 / interval_s;
                let whole = rate as u64;
                if whole as f64 == rate {
                    out.write_all(digits.format(whole).as_bytes())?;
                } else {
                    write!(out, "{rate}")?;
                }
            }
            for count in counts {
                out.write_all(b",")?;
                out.write_all(digits.format(count).as_bytes())?;
            }
            if named {
                write!(out, ",{}", quoted(name))?;
            }
            writeln!(out)?;
        }
    }
    out.flush()
}

/// Nanoseconds, written in seconds with as many digits as they need.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut fraction, mut digits) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000, 9);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        while fraction.is_multiple_of(10) {
            (fraction, digits) = (fraction / 10, digits - 1);
        }
        write!(f, "{whole}.{fraction:0digits$}")
    }
}

/// Quotes a text as RFC 4180 says, if necessary.
fn quoted(text: &str) -> String {
    let plain = Printable::new(text).to_string();
    if plain.contains([',', '"']) { format!("\"{}\"", plain.replace('"', "\"\"")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_each_interval() {
        let series = SeriesReport {
            interval_s: 0.1,
            begun: vec![4, 0, 0, 1],
            sends: vec![5, 0, 0, 1],
            answered: vec![2, 1, 0, 1],
            gave_up: vec![0, 0, 1, 0],
            failed: vec![0, 0, 0, 7],
            served: vec![3, 1, 0, 1],
        };
        let mut out = Vec::new();
        write(&mut out, &[("", &series)]).unwrap();
        let lines = format!(
            "{HEAD}\n\
             0,0.1,40,50,20,0,0,30,4,5,2,0,0,3\n\
             0.1,0.1,0,0,10,0,0,10,0,0,1,0,0,1\n\
             0.2,0.1,0,0,0,10,0,0,0,0,0,1,0,0\n\
             0.3,0.1,10,10,10,0,70,10,1,1,1,0,7,1\n"
        );
        assert_eq!(String::from_utf8(out).unwrap(), lines);
        let mut out = Vec::new();
        write(&mut out, &[("a", &series), ("b, \"c\"", &series)]).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with(&format!("{HEAD},variant\n0,0.1,40,50,20,0,0,30,4,5,2,0,0,3,a\n")));
        assert!(out.ends_with(",7,1,\"b, \"\"c\"\"\"\n") && out.lines().count() == 9, "{out}");
    }
}
