//! The part file: the finished points, one line per point, so that an interrupted sweep can resume.
//!
//! The first line identifies the sweep. The points follow as they finish, in any order. Memory holds
//! only the offset of each line. After a kill or a power cut the last line may be incomplete; it is
//! removed and its point runs again.

use super::shard::Shard;
use crate::output::OutputError;
use crate::table::Cell;
use serde::Serialize;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Maximum time between flushes. A kill loses at most the points of this time.
pub(super) const FLUSH: Duration = Duration::from_millis(100);

/// Maximum number of bytes by which a line may exceed the first line of this sweep. A longer line shows
/// that the file is not a part file; it may even be endless.
const SLACK: u64 = 1 << 20;

/// Error that opening, reading or writing a part file returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    #[error(
        "{name} is the part file of a different sweep ({differs} differs); rerun that sweep's command, \
         or use --restart to discard the file"
    )]
    Other { name: String, differs: String },
    #[error("{name}:{line} is not a line of a part file; use --restart to discard the file")]
    Malformed { name: String, line: u64 },
}

/// Storage of a journal.
trait Storage: Read + Write + Seek + Send {}
impl<T: Read + Write + Seek + Send> Storage for T {}

pub(super) struct Journal {
    name: String,
    storage: BufWriter<Box<dyn Storage>>,
    /// Offset of each point's line; 0, the offset of the first line, if the point is not done.
    offsets: Vec<u64>,
    done: u64,
    end: u64,
    flushed: Instant,
    shard: Shard,
}

/// A line: a point and its measures.
type Line = (u64, Vec<Cell>);

/// Returns the line of a point, including the line feed.
pub(super) fn line(point: u64, cells: &[Cell]) -> String {
    let mut line = serde_json::to_string(&(point, cells)).unwrap_or_default();
    line.push('\n');
    line
}

/// Returns the first line, including the line feed.
fn first_line(identity: &impl Serialize, shard: Shard) -> (Value, String) {
    let mut header = serde_json::json!(identity);
    header["shard"] = shard.to_string().into();
    let line = format!("{header}\n");
    (header, line)
}

impl Journal {
    /// Creates a journal in memory, for results that go to stdout.
    pub(super) fn in_memory(shard: Shard, points: u64) -> Self {
        let storage: Box<dyn Storage> = Box::new(Cursor::new(Vec::new()));
        Self::new("memory", storage, shard, points)
    }

    fn new(name: &str, storage: Box<dyn Storage>, shard: Shard, points: u64) -> Self {
        let offsets = vec![0; shard.len(points) as usize];
        let storage = BufWriter::with_capacity(1 << 16, storage);
        let (name, flushed) = (name.to_string(), Instant::now());
        // Offset 0 means "not done", so no point may begin there, even without a first line.
        Self { name, storage, offsets, done: 0, end: 0, flushed, shard }
    }

    /// Opens the part file at `path` to resume it, or creates it. `width` is the number of measures.
    pub(super) fn open(
        path: &Path,
        identity: &impl Serialize,
        shard: Shard,
        points: u64,
        width: usize,
        restart: bool,
    ) -> Result<Self, JournalError> {
        let name = path.display().to_string();
        let failed = |error| OutputError { name: name.clone(), error };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(restart)
            .open(path)
            .map_err(failed)?;
        let writer = file.try_clone().map_err(failed)?;
        let mut journal = Self::new(&name, Box::new(writer), shard, points);
        let (header, first) = first_line(identity, shard);
        let longest = first.len() as u64 + SLACK;
        let end = if restart {
            0
        } else {
            journal.read(BufReader::new(&file), &header, longest, width)?
        };
        file.set_len(end).map_err(failed)?;
        journal.end = end;
        journal.storage.seek(SeekFrom::Start(end)).map_err(failed)?;
        if end == 0 {
            journal.write(&first).map_err(failed)?;
            journal.flush()?;
        }
        Ok(journal)
    }

    /// Reads a file with lines of at most `longest` bytes. Returns the offset at which its last complete
    /// line ends.
    fn read(
        &mut self,
        mut file: impl BufRead,
        header: &Value,
        longest: u64,
        width: usize,
    ) -> Result<u64, JournalError> {
        let (mut end, mut number, mut text) = (0, 0, Vec::new());
        loop {
            text.clear();
            let failed = |error| JournalError::Read(self.name.clone(), error);
            let length = (&mut file).take(longest).read_until(b'\n', &mut text).map_err(failed)?;
            number += 1;
            if text.last() != Some(&b'\n') && (length as u64) < longest {
                return Ok(end);
            }
            let malformed = || JournalError::Malformed { name: self.name.clone(), line: number };
            if number == 1 {
                let found: Value = serde_json::from_slice(&text).map_err(|_| malformed())?;
                if let Some(differs) = difference(header, &found) {
                    return Err(JournalError::Other { name: self.name.clone(), differs });
                }
            } else {
                let line: Result<Line, _> = serde_json::from_slice(&text);
                let (point, cells) = line.map_err(|_| malformed())?;
                let slot = self.shard.slot(point).filter(|slot| *slot < self.offsets.len() as u64);
                let Some(slot) = slot.filter(|_| cells.len() == width) else {
                    return Err(malformed());
                };
                self.note(slot, end);
            }
            end += length as u64;
        }
    }

    fn note(&mut self, slot: u64, offset: u64) {
        let place = &mut self.offsets[slot as usize];
        self.done += u64::from(*place == 0);
        *place = offset;
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.storage.write_all(text.as_bytes())?;
        self.end += text.len() as u64;
        Ok(())
    }

    /// Adds the line of a point of the shard.
    pub(super) fn add(&mut self, slot: u64, line: &str) -> Result<(), OutputError> {
        if self.end == 0 {
            // A journal in memory has no first line. An empty line keeps any point from beginning at 0.
            self.write("\n").map_err(|error| self.failed(error))?;
        }
        let offset = self.end;
        self.write(line).map_err(|error| self.failed(error))?;
        self.note(slot, offset);
        if self.flushed.elapsed() >= FLUSH { self.flush() } else { Ok(()) }
    }

    /// Passes all lines to the system, which keeps them if this process is killed.
    pub(super) fn flush(&mut self) -> Result<(), OutputError> {
        self.flushed = Instant::now();
        self.storage.flush().map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> OutputError {
        OutputError { name: self.name.clone(), error }
    }

    /// Returns the number of points that are done.
    pub(super) const fn done(&self) -> u64 {
        self.done
    }

    /// Returns the slots of the points that are not done.
    pub(super) fn open_slots(&self) -> Vec<u64> {
        let slots = (0..).zip(&self.offsets);
        slots.filter_map(|(slot, offset)| (*offset == 0).then_some(slot)).collect()
    }

    /// Returns the points in order, with their measures. All points must be done.
    pub(super) fn rows(
        self,
    ) -> Result<impl Iterator<Item = Result<Line, JournalError>>, JournalError> {
        let Self { name, storage, offsets, shard, .. } = self;
        let failed = |error| OutputError { name: name.clone(), error };
        let mut storage = storage.into_inner().map_err(|error| failed(error.into_error()))?;
        storage.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (mut reader, mut at) = (BufReader::with_capacity(1 << 16, storage), 0u64);
        let mut text = String::new();
        Ok((0..).zip(offsets).map(move |(slot, offset)| {
            let failed = |error| JournalError::Read(name.clone(), error);
            // The points are almost in order, so most seeks stay within the buffer.
            reader.seek_relative(offset.wrapping_sub(at).cast_signed()).map_err(failed)?;
            text.clear();
            at = offset + reader.read_line(&mut text).map_err(failed)? as u64;
            let line: Option<Line> = serde_json::from_str(&text).ok();
            line.filter(|(point, _)| *point == shard.point(slot)).ok_or_else(|| {
                let error = io::Error::other("another program has changed it");
                JournalError::Read(name.clone(), error)
            })
        }))
    }
}

/// Returns the name of the first part of the header that differs.
fn difference(header: &Value, found: &Value) -> Option<String> {
    let (Some(header), Some(found)) = (header.as_object(), found.as_object()) else {
        return Some("first line".to_string());
    };
    // The most likely difference comes first.
    let names = ["version", "shard", "seeds", "vary", "set", "scenario", "max_events"];
    let differs = |name: &&str| header.get(*name) != found.get(*name);
    names.into_iter().find(differs).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(journal: Journal) -> Vec<Line> {
        journal.rows().unwrap().collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn points_are_returned_in_order_whenever_they_were_done() {
        let shard = Shard::parse("2/3").unwrap();
        let mut journal = Journal::in_memory(shard, 12);
        assert_eq!(journal.open_slots(), [0, 1, 2, 3]);
        let cells = |n: u64| vec![Cell::Integer(n), Cell::Number(0.1 + 0.2), Cell::Empty];
        for slot in [2, 0, 3, 1] {
            let point = shard.point(slot);
            journal.add(slot, &line(point, &cells(slot))).unwrap();
        }
        assert_eq!((journal.done(), journal.open_slots()), (4, Vec::new()));
        let expected: Vec<Line> = (0..4).map(|n| (3 * n + 1, cells(n))).collect();
        assert_eq!(rows(journal), expected);
    }

    /// A file that was cut at any byte resumes and gives the same rows.
    #[test]
    fn a_file_that_was_cut_anywhere_resumes() {
        let path = std::env::temp_dir().join(format!("retrylab-{}.part", std::process::id()));
        let identity = serde_json::json!({ "version": "1", "seeds": 3 });
        let open = || Journal::open(&path, &identity, Shard::default(), 3, 1, false);
        let fill = |mut journal: Journal| {
            for slot in journal.open_slots() {
                journal.add(slot, &line(slot, &[Cell::Integer(7 * slot)])).unwrap();
            }
            journal
        };
        let whole = rows(fill(open().unwrap()));
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let journal = open().unwrap();
            let lines = bytes[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
            assert_eq!(journal.done(), lines.saturating_sub(1), "cut at {length}");
            assert_eq!(rows(fill(journal)), whole, "cut at {length}");
        }
        std::fs::remove_file(&path).unwrap();
    }
}
