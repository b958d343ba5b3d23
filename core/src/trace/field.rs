//! The trait of the types of records' fields.

use super::{Carried, Cause, Direction, Failure, FrameStep, Limit, NameStatus};
use crate::machine::Timer;
use crate::policy::Stop;
use crate::time::{Duration, Instant, Seconds, nanos};
use core::fmt;
use core::net::Ipv4Addr;

/// A type that a field of a record may have.
pub(super) trait RecordField: Copy {
    /// Writes the value as JSON.
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result;

    /// Returns the value as a word of the digest: different for different values.
    fn word(self) -> u64;
}

impl RecordField for u32 {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{self}")
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self.into()
    }
}

impl RecordField for bool {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{self}")
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self.into()
    }
}

/// Written in seconds since the run began.
impl RecordField for Instant {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{self}")
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self.as_nanos()
    }
}

/// Written in seconds.
impl RecordField for Duration {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write!(out, "{}", Seconds(self))
    }

    #[inline(always)]
    fn word(self) -> u64 {
        nanos(self)
    }
}

impl RecordField for Direction {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(
            out,
            match self {
                Self::Request => "request",
                Self::Reply => "reply",
            },
        )
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self as u64
    }
}

impl RecordField for Cause {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.name())
    }

    #[inline(always)]
    fn word(self) -> u64 {
        self.code()
    }
}

impl RecordField for Carried {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.name())
    }

    fn word(self) -> u64 {
        self.code()
    }
}

impl RecordField for FrameStep {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.name())
    }

    fn word(self) -> u64 {
        self.code()
    }
}

impl RecordField for Failure {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.key())
    }

    fn word(self) -> u64 {
        self.code()
    }
}

impl RecordField for Limit {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.key())
    }

    fn word(self) -> u64 {
        self.code()
    }
}

impl RecordField for NameStatus {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.name())
    }

    fn word(self) -> u64 {
        self.code()
    }
}

/// Null if there is none.
impl RecordField for Option<Ipv4Addr> {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Some(address) => write!(out, "\"{address}\""),
            None => out.write_str("null"),
        }
    }

    fn word(self) -> u64 {
        self.map_or(0, |address| 1 << 32 | u64::from(address.to_bits()))
    }
}

impl RecordField for Stop {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.name())
    }

    fn word(self) -> u64 {
        match self {
            Self::MaxSends => 1,
            Self::GiveUpAbove => 2,
            Self::Deadline => 3,
            Self::Budget => 4,
            Self::Breaker => 5,
            Self::PushedBack => 6,
            Self::TooMany => 7,
            Self::NotRepeated => 8,
            Self::Unreadable => 9,
        }
    }
}

impl RecordField for Timer {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self.name())
    }

    #[inline(always)]
    fn word(self) -> u64 {
        match self {
            Self::Resend => 1,
            Self::GiveUp => 2,
            Self::Start => 3,
            Self::Timeout => 4,
            Self::Think => 5,
            Self::Service => 6,
            Self::Arrival => 7,
            Self::Backoff => 8,
            Self::Hint => 9,
            Self::Limits => 10,
            Self::Outage => 11,
            Self::Recovery => 12,
            Self::Other(name) => fnv(name),
        }
    }
}

impl RecordField for &'static str {
    fn write_json(self, out: &mut dyn fmt::Write) -> fmt::Result {
        write_text(out, self)
    }

    fn word(self) -> u64 {
        fnv(self)
    }
}

/// Returns the FNV-1a hash, for the names that other crates choose.
#[cold]
fn fnv(words: &str) -> u64 {
    words.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// Writes a JSON string, escaped as in RFC 8259 section 7: other crates choose the names of their machines.
fn write_text(out: &mut dyn fmt::Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32)?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
