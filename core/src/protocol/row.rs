//! The messages between clients and server: a word, and for all but `read` a version in decimal.

use core::fmt;

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// `read`: which version has the row?
    Read,
    /// `write 7`: write the row, if its version is still 7.
    Write(u64),
}

/// What the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// `version 7`: the row's version, to a read.
    Version(u64),
    /// `ok 7`: the write with version 7 was done.
    Done(u64),
    /// `stale 7`: the write with version 7 was refused, the row has moved on.
    Stale(u64),
}

impl Request {
    /// Returns the request in `bytes`; `None` if they are anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes {
            b"read" => Some(Self::Read),
            _ => version(bytes, b"write ").map(Self::Write),
        }
    }
}

impl Reply {
    /// Returns the reply in `bytes`; `None` if they are anything else.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        None.or_else(|| version(bytes, b"version ").map(Self::Version))
            .or_else(|| version(bytes, b"ok ").map(Self::Done))
            .or_else(|| version(bytes, b"stale ").map(Self::Stale))
    }
}

/// Returns the version that follows `word`, if that is all of `bytes`.
fn version(bytes: &[u8], word: &[u8]) -> Option<u64> {
    let digits = bytes.strip_prefix(word)?;
    // `parse` would accept a plus sign.
    let plain = digits.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// Writes the request's bytes.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read => f.write_str("read"),
            Self::Write(version) => write!(f, "write {version}"),
        }
    }
}

/// Writes the reply's bytes.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "version {version}"),
            Self::Done(version) => write!(f, "ok {version}"),
            Self::Stale(version) => write!(f, "stale {version}"),
        }
    }
}
