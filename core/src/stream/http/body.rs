//! Bodies: of a known length, in chunks, or until the connection ends (RFC 9112 sections 6 and 7).

use super::HttpError;
use alloc::vec::Vec;

/// Maximum length of a chunk's first line with its extensions, and of the trailer section, in bytes.
const MAX_LINE: usize = 4_096;

/// Reads a body, however its bytes are split.
#[derive(Clone, Debug)]
pub(super) struct Body {
    part: Part,
    /// The line in progress: a chunk's size or a trailer field.
    line: Vec<u8>,
    /// Bytes of the trailer section so far.
    trailers: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// This many bytes of the body, then its end.
    Bytes(u64),
    /// Bytes of the body until the connection ends.
    UntilTheEnd,
    /// The line with a chunk's size.
    Size,
    /// This many bytes of a chunk.
    Chunk(u64),
    /// The end of the line after a chunk.
    ChunkEnd,
    /// Trailer fields, which are ignored, and an empty line.
    Trailers,
    /// Nothing.
    Over,
}

impl Body {
    pub(super) const fn of_length(bytes: u64) -> Self {
        Self::starting(if bytes == 0 { Part::Over } else { Part::Bytes(bytes) })
    }

    pub(super) const fn chunked() -> Self {
        Self::starting(Part::Size)
    }

    pub(super) const fn until_the_end() -> Self {
        Self::starting(Part::UntilTheEnd)
    }

    const fn starting(part: Part) -> Self {
        Self { part, line: Vec::new(), trailers: 0 }
    }

    pub(super) fn is_over(&self) -> bool {
        self.part == Part::Over
    }

    /// Returns true if the end of the connection ends the body as it should.
    pub(super) fn may_end(&self) -> bool {
        matches!(self.part, Part::Over | Part::UntilTheEnd)
    }

    /// Returns false if the body is known to be longer than `max` bytes.
    pub(super) const fn fits(&self, max: usize) -> bool {
        !matches!(self.part, Part::Bytes(bytes) if bytes > max as u64)
    }

    /// Reads bytes up to the end of the body, and appends what they contain to `out`; returns how many
    /// it has read.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<usize, HttpError> {
        let mut at = 0;
        while at < bytes.len() && !self.is_over() {
            let rest = &bytes[at..];
            at += match self.part {
                Part::Bytes(left) => {
                    let len = take(rest, left, out, max)?;
                    let left = left - len as u64;
                    self.part = if left == 0 { Part::Over } else { Part::Bytes(left) };
                    len
                }
                Part::UntilTheEnd => take(rest, u64::MAX, out, max)?,
                Part::Chunk(left) => {
                    let len = take(rest, left, out, max)?;
                    let left = left - len as u64;
                    self.part = if left == 0 { Part::ChunkEnd } else { Part::Chunk(left) };
                    len
                }
                Part::Size | Part::ChunkEnd | Part::Trailers => self.read_line(rest)?,
                Part::Over => 0,
            };
        }
        Ok(at)
    }

    /// Reads up to the end of a line, and acts on the line if it is complete.
    fn read_line(&mut self, bytes: &[u8]) -> Result<usize, HttpError> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let len = end.map_or(bytes.len(), |end| end + 1);
        self.line.extend_from_slice(&bytes[..len]);
        if self.line.len() > MAX_LINE {
            return Err(HttpError::Chunk);
        }
        if end.is_some() {
            let line = core::mem::take(&mut self.line);
            self.part = self.after(&line)?;
        }
        Ok(len)
    }

    /// Returns what follows a line. A line feed alone does not end one: a recipient that does not expect it would
    /// find another body.
    fn after(&mut self, line: &[u8]) -> Result<Part, HttpError> {
        let text = line.strip_suffix(b"\r\n").ok_or(HttpError::Chunk)?;
        match self.part {
            Part::Size => match httparse::parse_chunk_size(line) {
                // The parser accepts a line without any digit as 0.
                Ok(httparse::Status::Complete((_, size)))
                    if text.first().is_some_and(u8::is_ascii_hexdigit) =>
                {
                    Ok(if size == 0 { Part::Trailers } else { Part::Chunk(size) })
                }
                _ => Err(HttpError::Chunk),
            },
            Part::ChunkEnd if text.is_empty() => Ok(Part::Size),
            Part::ChunkEnd => Err(HttpError::Chunk),
            _ if text.is_empty() => Ok(Part::Over),
            _ => {
                self.trailers += line.len();
                if self.trailers > MAX_LINE { Err(HttpError::Chunk) } else { Ok(Part::Trailers) }
            }
        }
    }
}

/// Appends at most `left` bytes to `out`, which may have `max` in all.
fn take(bytes: &[u8], left: u64, out: &mut Vec<u8>, max: usize) -> Result<usize, HttpError> {
    let len = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
    let room = max.saturating_sub(out.len());
    out.extend_from_slice(&bytes[..len.min(room)]);
    if len > room { Err(HttpError::LongBody) } else { Ok(len) }
}
