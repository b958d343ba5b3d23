//! Lines for stdout or stderr that a thread of their own writes, so that a reader that stops reading does not
//! stop the program.
//!
//! The queue is bounded. When it is full, further lines are left out and counted, and a note in their place
//! states how many are missing.

use retrylab_core::value::printable_json;
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that a line takes in addition to its text: its place in the queue, which may have twice the places that
/// it needs, and what the allocator adds.
const OVERHEAD: usize = 2 * size_of::<String>() + 16;

/// Maximum number of bytes to write with one system call.
const BATCH: usize = 1 << 16;

/// Time for which the end of the program waits for a reader that accepts nothing.
const LAST_WAIT: Duration = Duration::from_millis(400);

/// Where the lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }

    fn write(self, text: &str) -> io::Result<()> {
        match self {
            Self::Stdout => write_to(anstream::stdout().lock(), text),
            Self::Stderr => write_to(anstream::stderr().lock(), text),
        }
    }
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// What a queue does when it is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WhenFull {
    /// Maximum number of bytes in the queue, its bookkeeping included.
    pub(crate) max_bytes: usize,
    /// Time for which a line waits for a reader before it is left out. After such a wait, lines do not wait until
    /// the reader has read again.
    pub(crate) patience: Duration,
    /// Returns the note that a number of lines is left out.
    pub(crate) note: fn(u64) -> String,
}

/// A bounded queue of lines for one stream. Clones share the queue.
#[derive(Clone, Debug)]
pub(crate) struct LineQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    stream: Stream,
    when_full: WhenFull,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<String>,
    /// Bytes of the queued lines and of those that are being written.
    bytes: usize,
    /// Lines left out since the last queued line.
    missing: u64,
    left_out: u64,
    /// A line has been left out after a wait, and nothing was written since.
    stalled: bool,
    failure: Option<io::Error>,
}

impl LineQueue {
    /// Creates a queue and starts the thread that writes its lines.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub(crate) fn start(stream: Stream, when_full: WhenFull) -> io::Result<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { stream, when_full, state, changed });
        let queue = Self(Arc::clone(&shared));
        // The thread ends with the process: it may be waiting for a reader.
        std::thread::Builder::new()
            .name(stream.name().to_string())
            .spawn(move || shared.write())?;
        Ok(queue)
    }

    /// Queues a line, or leaves it out if the queue stays full.
    pub(crate) fn line(&self, line: impl fmt::Display) {
        let line = format!("{line}\n");
        let WhenFull { max_bytes, patience, note } = self.0.when_full;
        let full = |state: &mut State| {
            state.bytes + line.len() + OVERHEAD > max_bytes && state.failure.is_none()
        };
        let mut state = self.0.lock();
        if !patience.is_zero() && !state.stalled && full(&mut state) {
            let waited = self.0.changed.wait_timeout_while(state, patience, full);
            let (waited, result) = waited.unwrap_or_else(PoisonError::into_inner);
            state = waited;
            state.stalled = result.timed_out();
        }
        if full(&mut state) {
            (state.missing, state.left_out) = (state.missing + 1, state.left_out + 1);
            return;
        }
        state.note(note);
        state.push(line);
        self.0.changed.notify_all();
    }

    /// Queues the last line, even if the queue is full.
    pub(crate) fn last_line(&self, line: impl fmt::Display) {
        let mut state = self.0.lock();
        state.note(self.0.when_full.note);
        state.push(format!("{line}\n"));
        self.0.changed.notify_all();
    }

    /// Queues `value` as JSON on one line.
    pub(crate) fn json(&self, value: &impl Serialize) {
        match serde_json::to_string(value) {
            Ok(line) => self.line(printable_json(&line)),
            Err(error) => self.0.lock().failure = Some(error.into()),
        }
    }

    /// Returns the number of lines that were left out.
    pub(crate) fn left_out(&self) -> u64 {
        self.0.lock().left_out
    }

    /// Returns whether writing has failed, for example because the reader has closed the pipe. Later lines are
    /// discarded.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.lock().failure.is_some()
    }

    /// Waits until everything is written or writing has failed.
    pub(crate) async fn written(&self) {
        let is_open = || {
            let state = self.0.lock();
            state.bytes > 0 && state.failure.is_none()
        };
        while is_open() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until everything is written, but not for a reader that accepts nothing.
    ///
    /// # Errors
    /// If writing has failed, or the reader accepts nothing.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let end = Instant::now() + LAST_WAIT;
        let mut state = self.0.lock();
        while state.bytes > 0 && state.failure.is_none() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let stopped =
                    io::Error::new(io::ErrorKind::TimedOut, "its reader has stopped reading");
                state.failure = Some(stopped);
            }
            let waited = self.0.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.failure.take().map_or(Ok(()), Err)
    }
}

impl State {
    fn push(&mut self, line: String) {
        if self.failure.is_none() {
            self.bytes += line.len() + OVERHEAD;
            self.lines.push_back(line);
        }
    }

    /// Queues the note on the lines left out before the next one.
    fn note(&mut self, note: fn(u64) -> String) {
        match std::mem::take(&mut self.missing) {
            0 => {}
            missing => self.push(format!("{}\n", note(missing))),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // A line is queued completely or not at all, so a panic elsewhere does no harm.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the lines until a write fails.
    fn write(&self) {
        let mut batch = String::new();
        loop {
            batch.clear();
            let mut bytes = 0;
            let mut state = self.lock();
            while batch.len() < BATCH {
                let Some(line) = state.lines.pop_front() else { break };
                batch.push_str(&line);
                bytes += line.len() + OVERHEAD;
            }
            if batch.is_empty() {
                drop(self.changed.wait(state));
                continue;
            }
            drop(state);
            let written = self.stream.write(&batch);
            let mut state = self.lock();
            state.bytes -= bytes;
            state.stalled = false;
            if let Err(error) = written {
                *state =
                    State { failure: Some(error), left_out: state.left_out, ..State::default() };
            }
            self.changed.notify_all();
            if state.failure.is_some() {
                return;
            }
        }
    }
}

/// Queues what is written as lines, for a ladder.
#[derive(Debug)]
pub(crate) struct Lines(pub(crate) LineQueue);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.line(text.strip_suffix('\n').unwrap_or(&text));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
