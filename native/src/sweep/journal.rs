//! The part file: the finished points, one line per point, so that an interrupted sweep can resume.
//!
//! The first line names the process that writes the file and identifies the sweep. The points follow as they finish,
//! in any order. Each line has a checksum, which covers the identity of the sweep too. A line whose checksum is wrong
//! is ignored and its point runs again, as does that of an incomplete last line after a kill or a power cut. Memory
//! holds only the offset of each line.

use super::part::{self, PartError, SIGNATURE};
use crate::fingerprint::fingerprint;
use crate::output::OutputError;
use crate::shard::Shard;
use crate::table::Cell;
use serde::Serialize;
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Maximum time between flushes. A kill loses at most the points of this time.
pub(super) const FLUSH: Duration = Duration::from_millis(100);

/// Maximum number of bytes by which a line may exceed the first line of this sweep. A longer one is damaged.
const SLACK: u64 = 1 << 20;

/// Error that opening, reading or writing a part file returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error(transparent)]
    Part(#[from] PartError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    #[error(
        "{name} is the part file of a different sweep ({differs} differs); rerun that sweep's command, \
         or use --restart to discard the file"
    )]
    Other { name: String, differs: String },
    #[error(
        "{0} was written by an earlier version of retrylab; finish the sweep with that version, or use \
         --restart to discard the file"
    )]
    Earlier(String),
    #[error("{0}:1 is not a line of a part file; use --restart to discard the file")]
    Malformed(String),
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
    /// The identity of the sweep, as in the first line.
    header: String,
    /// Number of damaged lines that were ignored.
    damaged: u64,
}

/// A line: a point and its measures.
type Line = (u64, Vec<Cell>);

/// Returns the line of a point, without its checksum.
pub(super) fn line(point: u64, cells: &[Cell]) -> String {
    serde_json::to_string(&(point, cells)).unwrap_or_default()
}

/// Returns the identity of the sweep, without its checksum.
fn header_line(identity: &impl Serialize, shard: Shard) -> String {
    let mut header = serde_json::json!(identity);
    header["shard"] = shard.to_string().into();
    header.to_string()
}

/// Adds the checksum and the line feed to `text`. Lines of a different sweep, with another `header`, have other
/// checksums.
fn with_checksum(header: &str, text: &str) -> String {
    format!("{:016x} {text}\n", checksum(header, text.as_bytes()))
}

fn checksum(header: &str, text: &[u8]) -> u64 {
    fingerprint(header.as_bytes().iter().chain(text))
}

/// Returns the text of a line if its checksum is right.
fn checked<'a>(header: &str, line: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, text) = line.strip_suffix(b"\n")?.split_at_checked(17)?;
    let sum = u64::from_str_radix(str::from_utf8(sum).ok()?.strip_suffix(' ')?, 16).ok()?;
    (sum == checksum(header, text)).then_some(text)
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
        let header = String::new();
        Self { name, storage, offsets, done: 0, end: 0, flushed, shard, header, damaged: 0 }
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
        let file = part::open(path)?;
        let writer = file.try_clone().map_err(failed)?;
        let mut journal = Self::new(&name, Box::new(writer), shard, points);
        journal.header = header_line(identity, shard);
        let end = if restart { 0 } else { journal.read(&file, width)? };
        file.set_len(end).map_err(failed)?;
        part::sign(&file).map_err(failed)?;
        journal.end = end.max(SIGNATURE as u64);
        journal.storage.seek(SeekFrom::Start(journal.end)).map_err(failed)?;
        if end == 0 {
            let header = with_checksum("", &journal.header);
            journal.write(&header).map_err(failed)?;
            journal.flush()?;
        }
        Ok(journal)
    }

    /// Reads a part file. Returns the offset at which its last complete line ends.
    fn read(&mut self, file: &File, width: usize) -> Result<u64, JournalError> {
        let (mut file, mut text) = (BufReader::new(file), Vec::new());
        let longest = self.header.len() as u64 + SLACK;
        let (mut end, mut known, mut begins) = (0, false, true);
        loop {
            text.clear();
            let failed = |error| JournalError::Read(self.name.clone(), error);
            let length = (&mut file).take(longest).read_until(b'\n', &mut text).map_err(failed)?;
            let ends = text.last() == Some(&b'\n');
            if !ends && (length as u64) < longest {
                break;
            }
            // The rest of a line that is too long is damaged as well.
            let line = std::mem::replace(&mut begins, ends).then_some(text.as_slice());
            match line {
                Some(line) if end == 0 && line.starts_with(b"{") => {
                    return Err(JournalError::Earlier(self.name.clone()));
                }
                Some(line) if end == 0 && self.is_header(line)? => known = true,
                Some(line) if self.point(line, width, end) => known = true,
                Some(_) => self.damaged += 1,
                None => {}
            }
            end += length as u64;
        }
        if known {
            return Ok(end);
        }
        // Nothing shows that the lines belong to this sweep.
        let is_new = end == 0 && part::begins_part_file(&text);
        if is_new { Ok(0) } else { Err(JournalError::Malformed(self.name.clone())) }
    }

    /// Returns whether the first line identifies this sweep.
    fn is_header(&self, line: &[u8]) -> Result<bool, JournalError> {
        let identity = line.get(SIGNATURE..).unwrap_or_default();
        let found: Option<Value> =
            checked("", identity).and_then(|text| serde_json::from_slice(text).ok());
        let Some(found) = found else { return Ok(false) };
        let header = serde_json::from_str(&self.header).unwrap_or_default();
        match difference(&header, &found) {
            None => Ok(true),
            Some(differs) => Err(JournalError::Other { name: self.name.clone(), differs }),
        }
    }

    /// Notes the point of a line at `offset`. Returns false if the line is damaged.
    fn point(&mut self, line: &[u8], width: usize, offset: u64) -> bool {
        let line: Option<Line> =
            checked(&self.header, line).and_then(|text| serde_json::from_slice(text).ok());
        let slot = line.filter(|(_, cells)| cells.len() == width);
        let slot = slot.and_then(|(point, _)| self.shard.slot(point));
        let slot = slot.filter(|slot| *slot < self.offsets.len() as u64);
        slot.inspect(|slot| self.note(*slot, offset)).is_some()
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

    /// Adds the line of a point of the shard, as [`line`] returns it.
    pub(super) fn add(&mut self, slot: u64, line: &str) -> Result<(), OutputError> {
        if self.end == 0 {
            // A journal in memory has no first line. An empty line keeps any point from beginning at 0.
            self.write("\n").map_err(|error| self.failed(error))?;
        }
        let (offset, line) = (self.end, with_checksum(&self.header, line));
        self.write(&line).map_err(|error| self.failed(error))?;
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

    /// Returns the number of damaged lines that were ignored.
    pub(super) const fn damaged(&self) -> u64 {
        self.damaged
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
        let Self { name, storage, offsets, shard, header, .. } = self;
        let failed = |error| OutputError { name: name.clone(), error };
        let mut storage = storage.into_inner().map_err(|error| failed(error.into_error()))?;
        storage.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (mut reader, mut at) = (BufReader::with_capacity(1 << 16, storage), 0u64);
        let mut text = Vec::new();
        Ok((0..).zip(offsets).map(move |(slot, offset)| {
            let failed = |error| JournalError::Read(name.clone(), error);
            // The points are almost in order, so most seeks stay within the buffer.
            reader.seek_relative(offset.wrapping_sub(at).cast_signed()).map_err(failed)?;
            text.clear();
            at = offset + reader.read_until(b'\n', &mut text).map_err(failed)? as u64;
            let text = checked(&header, &text);
            let line: Option<Line> = text.and_then(|text| serde_json::from_slice(text).ok());
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

    /// A part file of three points in a folder for the test.
    struct Part(std::path::PathBuf);

    impl Part {
        fn new(name: &str) -> Self {
            let name = format!("retrylab-{}-{name}.part", std::process::id());
            Self(std::env::temp_dir().join(name))
        }

        fn open_as(&self, seeds: u64) -> Result<Journal, JournalError> {
            let identity = serde_json::json!({ "version": "1", "seeds": seeds });
            Journal::open(&self.0, &identity, Shard::default(), 3, 1, false)
        }

        fn open(&self) -> Journal {
            self.open_as(3).unwrap()
        }

        /// Opens it, runs the open points and returns all rows.
        fn complete(&self) -> Vec<Line> {
            let mut journal = self.open();
            for slot in journal.open_slots() {
                journal.add(slot, &line(slot, &[Cell::Integer(7 * slot)])).unwrap();
            }
            rows(journal)
        }

        fn bytes(&self) -> Vec<u8> {
            std::fs::read(&self.0).unwrap()
        }

        fn write(&self, bytes: &[u8]) {
            std::fs::write(&self.0, bytes).unwrap();
        }
    }

    impl Drop for Part {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    /// A file that was cut at any byte resumes and gives the same rows.
    #[test]
    fn a_file_that_was_cut_anywhere_resumes() {
        let part = Part::new("cut");
        let whole = part.complete();
        let bytes = part.bytes();
        for length in 0..=bytes.len() {
            part.write(&bytes[..length]);
            let lines = bytes[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
            assert_eq!(part.open().done(), lines.saturating_sub(1), "cut at {length}");
            assert_eq!(part.complete(), whole, "cut at {length}");
        }
    }

    /// Any byte may change, disappear or appear: the other points are kept, and no wrong one is believed.
    #[test]
    fn a_damaged_line_is_done_again() {
        let part = Part::new("damage");
        let whole = part.complete();
        let bytes = part.bytes();
        for at in 0..bytes.len() {
            let mut changes = Vec::new();
            for other in [bytes[at] ^ 1, bytes[at] ^ 0x80, b'\n', 0] {
                let mut changed = bytes.clone();
                changed[at] = other;
                changes.push(changed);
            }
            changes.push([&bytes[..at], &bytes[at + 1..]].concat());
            changes.push([&bytes[..at], b"7", &bytes[at..]].concat());
            for changed in changes.into_iter().filter(|changed| *changed != bytes) {
                part.write(&changed);
                // This is how part files of earlier versions begin.
                let journal = match part.open_as(3) {
                    Err(JournalError::Earlier(_)) if changed[0] == b'{' => continue,
                    opened => opened.unwrap(),
                };
                // A change may damage two lines: that of the byte, and the next one.
                assert!(journal.done() >= 1, "byte {at}: {} of 3", journal.done());
                drop(journal);
                assert_eq!(part.complete(), whole, "byte {at}");
            }
        }
    }

    #[test]
    fn lines_of_other_sweeps_and_repeated_lines_do_no_harm() {
        let (part, other) = (Part::new("own"), Part::new("other"));
        let whole = part.complete();
        drop(other.open_as(4).unwrap());
        let lines = |bytes: &[u8]| -> Vec<Vec<u8>> {
            bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
        };
        let own = lines(&part.bytes());
        // The same point, with another value and the checksum of another sweep.
        let foreign = with_checksum(
            &header_line(&serde_json::json!({"seeds": 4}), Shard::default()),
            "[1,[99]]",
        );
        let unsigned = b"[1,[99]]\n".to_vec();
        for inserted in [foreign.into_bytes(), unsigned, b"\n".to_vec(), vec![b'x'; 3 << 20]] {
            let mut changed = own.clone();
            changed.insert(2, own[3].clone());
            changed.insert(3, [&inserted[..], b"\n"].concat());
            part.write(&changed.concat());
            let journal = part.open();
            assert_eq!(journal.done(), 3);
            assert!(journal.damaged() >= 1);
            drop(journal);
            assert_eq!(part.complete(), whole);
        }
        assert!(matches!(other.open_as(3), Err(JournalError::Other { .. })));
    }

    #[test]
    fn what_is_not_a_part_file_of_this_sweep_is_refused() {
        let part = Part::new("notes");
        for (bytes, shown) in [
            ("my notes", ":1 is not a line of a part file"),
            ("my notes\n", ":1 is not a line of a part file"),
            ("{\"version\":\"1\",\"seeds\":3,\"shard\":\"1/1\"}\n[0,[0]]\n", "earlier version"),
        ] {
            part.write(bytes.as_bytes());
            let error = part.open_as(3).err().unwrap().to_string();
            assert!(error.contains(shown) && error.contains("--restart"), "{error}");
            assert_eq!(part.bytes(), bytes.as_bytes());
        }
    }

    #[test]
    fn only_one_process_has_the_file() {
        let part = Part::new("lock");
        let journal = part.open();
        let error = part.open_as(3).err().unwrap().to_string();
        let holder = format!("process {} has been writing it for ", std::process::id());
        assert!(error.contains("is in use: ") && error.contains(&holder), "{error}");
        drop(journal);
        assert_eq!(part.open().done(), 0);
    }
}
