//! Output: results on stdout, progress messages on stderr, colours only on a terminal.

use crate::exit::Exit;
use crate::queue::{LineQueue, Stream, WhenFull};
use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use retrylab_core::time::{Duration, nanos};
use retrylab_core::value::{Printable, printable_json};
use serde::Serialize;
use serde_json::json;
use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::time::Duration as Wait;

/// Style of success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Style of losses and refusals.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// Style of waits.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Style of warnings.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// Style of the word `error:`, the same as clap's.
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// `schema` in every JSON object. It changes when a key changes its meaning or disappears.
pub(crate) const SCHEMA: u32 = 1;

/// The queue of the progress messages, if a command must not wait for the reader of stderr.
static PROGRESS: OnceLock<LineQueue> = OnceLock::new();

/// Returns whether lines on `stream` have colours: on a terminal, unless the user does not want them.
pub(crate) fn has_colours(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// Writes a progress message to stderr. Errors are ignored, for example if stderr is closed.
macro_rules! narrate {
    ($($arg:tt)*) => {
        $crate::output::progress(format_args!($($arg)*))
    };
}
pub(crate) use narrate;

/// Writes one line to stderr.
pub(crate) fn progress(line: fmt::Arguments<'_>) {
    match PROGRESS.get() {
        Some(queue) => queue.line(line),
        None => {
            let _ = writeln!(anstream::stderr(), "{line}");
        }
    }
}

/// Queues all later progress messages, so that the program never waits for the reader of stderr.
///
/// # Errors
/// If the system starts no thread.
pub(crate) fn queue_progress() -> io::Result<LineQueue> {
    if let Some(queue) = PROGRESS.get() {
        return Ok(queue.clone());
    }
    let note = |missing| format!("({} left out)", Count(missing, "progress message"));
    let when_full = WhenFull { max_bytes: 1 << 20, patience: Wait::ZERO, note };
    let queue = LineQueue::start(Stream::Stderr, when_full)?;
    Ok(PROGRESS.get_or_init(|| queue).clone())
}

/// Waits until the queued progress messages are written, but not for a reader that accepts nothing.
pub(crate) fn finish_progress() {
    if let Some(queue) = PROGRESS.get() {
        // As for all messages on stderr, nothing can be done about an error.
        let _ = queue.finish();
    }
}

/// Maximum number of characters of a sentence. No sentence of this program is that long by itself.
const MAX_SENTENCE: usize = 10_000;

/// Prints an error message. Whatever it quotes cannot control the terminal.
pub(crate) fn complain(sentence: impl fmt::Display) {
    say(ERROR, "error", sentence);
}

/// Prints a warning. Whatever it quotes cannot control the terminal.
pub(crate) fn warn(sentence: impl fmt::Display) {
    say(WARNING, "warning", sentence);
}

fn say(style: Style, kind: &str, sentence: impl fmt::Display) {
    let sentence = sentence.to_string();
    narrate!("{style}{kind}:{style:#} {}", Printable::new(&sentence).at_most(MAX_SENTENCE));
}

/// Returns the JSON object that stands for log lines that were left out.
pub(crate) fn left_out(lines: u64) -> String {
    json!({ "schema": SCHEMA, "event": "left_out", "lines": lines }).to_string()
}

/// Standard output, flushed after each line, so that a script can read along.
///
/// After the first failure nothing more is written. A closed pipe, as from `head`, is not an error. A
/// full disk is one, and [`finish`](Self::finish) reports it.
#[derive(Debug, Default)]
pub(crate) struct Stdout {
    failure: Option<io::Error>,
}

impl Stdout {
    /// Writes one line.
    pub(crate) fn line(&mut self, line: impl fmt::Display) {
        if self.failure.is_none() {
            let mut out = anstream::stdout().lock();
            self.failure = writeln!(out, "{line}").and_then(|()| out.flush()).err();
        }
    }

    /// Writes `value` as JSON on one line.
    pub(crate) fn json(&mut self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(line) => self.line(printable_json(&line)),
            Err(error) => self.failure = Some(error.into()),
        }
    }

    /// Reports a failure and returns the exit code.
    pub(crate) fn finish(self, exit: Exit) -> Exit {
        let failure = self.failure.map(|error| OutputError { name: "stdout".to_string(), error });
        exit_after(failure, exit)
    }
}

/// Waits until the lines of `stdout` are written, but not for a reader that accepts nothing; returns the failure.
pub(crate) fn finish_stdout(stdout: &LineQueue) -> Option<OutputError> {
    stdout.finish().err().map(|error| OutputError { name: "stdout".to_string(), error })
}

/// Error for an output that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {name}: {error}")]
pub(crate) struct OutputError {
    /// The file, or `stdout`.
    pub(crate) name: String,
    /// The cause.
    pub(crate) error: io::Error,
}

impl OutputError {
    /// Returns whether the reader has closed the pipe.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Reports `failure` and returns the exit code. Success becomes failure; any other exit code stays,
/// because it is more informative.
pub(crate) fn exit_after(failure: Option<OutputError>, exit: Exit) -> Exit {
    match failure {
        Some(failure) if !failure.is_broken_pipe() => {
            complain(failure);
            if exit == Exit::Success { Exit::Failed } else { exit }
        }
        _ => exit,
    }
}

/// Returns the length of the longest cell of each column. Rows may be shorter than the longest one.
pub(crate) fn column_widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let length = |at: usize| rows.iter().filter_map(move |row| Some(row.get(at)?.chars().count()));
    (0..columns).map(|at| length(at).max().unwrap_or_default()).collect()
}

/// A count with its noun: `1 send`, `2 sends`.
pub(crate) struct Count<'a>(pub(crate) u64, pub(crate) &'a str);

impl fmt::Display for Count<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// Returns seconds for JSON. A single division of whole nanoseconds prints 0.32 s as 0.32.
pub(crate) fn seconds(duration: Duration) -> f64 {
    nanos(duration) as f64 / 1e9
}

/// A time rounded for people: `3.1 s`, `0.301 s`, `0.34 ms`. The resolution is 10 ms for one second or
/// more, 1 ms for 10 ms or more, and 10 µs below.
pub(crate) struct Rounded(pub(crate) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let (text, unit) = match seconds {
            1.0.. => (format!("{seconds:.2}"), "s"),
            0.01.. => (format!("{seconds:.3}"), "s"),
            _ => (format!("{:.2}", seconds * 1e3), "ms"),
        };
        write!(f, "{} {unit}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_for_people() {
        for (micros, shown) in [
            (3_100_412, "3.1 s"),
            (10_000_000, "10 s"),
            (300_712, "0.301 s"),
            (300_112, "0.3 s"),
            (100_000, "0.1 s"),
            (9_996, "10 ms"),
            (341, "0.34 ms"),
            (0, "0 ms"),
        ] {
            assert_eq!(Rounded(Duration::from_micros(micros)).to_string(), shown);
        }
        // `as_secs_f64` says 1.5058666939999998.
        assert_eq!(seconds(Duration::from_nanos(1_505_866_694)).to_string(), "1.505866694");
    }
}
