//! Heartbeats: datagrams with a sequence number and the time at which they were sent, which nobody answers.
//!
//! The UDP Heartbeat is the variant of the UDP Pinger in the textbook by Kurose and Ross. It leaves the format to
//! the student, so a reader takes any: `3 1732579200.5`, `Heartbeat 3 12.5` and `Ping,3,12.5` all work.

use crate::text::{parse_exact, parse_rounded};
use crate::time::Instant;

/// The message of a heartbeat, with the placeholders of a [template](super::template).
pub const MESSAGE: &str = "Heartbeat {seq} {time}";

/// Maximum length of a heartbeat in bytes: longer datagrams are not read.
const MAX_LEN: usize = 512;

/// What a heartbeat says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Its sequence number: the first whole number of its text.
    pub seq: u32,
    /// When it was sent, by the clock of its sender: the next number of its text, in seconds.
    pub time: Option<Instant>,
}

impl Heartbeat {
    /// Reads a heartbeat; `None` if the text has no sequence number.
    ///
    /// ```
    /// use retrylab_core::protocol::heartbeat::Heartbeat;
    /// use retrylab_core::time::Instant;
    ///
    /// let heartbeat = Heartbeat::parse(b"Heartbeat 3 1.5").unwrap();
    /// assert_eq!((heartbeat.seq, heartbeat.time), (3, Some(Instant::from_millis(1_500))));
    /// ```
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_LEN)?;
        let is_separator = |c: char| c.is_whitespace() || [',', ';', ':', '='].contains(&c);
        let mut words = text.split(is_separator).filter(|word| !word.is_empty());
        let seq = words.by_ref().find_map(|word| u32::try_from(parse_exact(word, 0)?).ok())?;
        let time = words.find_map(|word| parse_rounded(word, 9)).map(Instant::from_nanos);
        Some(Self { seq, time })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_formats_are_read() {
        let at = |millis| Some(Instant::from_millis(millis));
        for (text, seq, time) in [
            ("Heartbeat 3 1.5", 3, at(1_500)),
            ("3 1.5", 3, at(1_500)),
            ("3,1.5", 3, at(1_500)),
            ("seq=3 time=1.5", 3, at(1_500)),
            ("Ping 3 Thu Nov 26 2026", 3, at(26_000)),
            ("3", 3, None),
            ("0 soon", 0, None),
            (" 4294967295 0 \n", u32::MAX, at(0)),
        ] {
            let expected = Heartbeat { seq, time };
            assert_eq!(Heartbeat::parse(text.as_bytes()), Some(expected), "{text}");
        }
        let long = [b'1'; MAX_LEN + 1];
        for bytes in [&b""[..], b"hello", b"-1", b"1.5", b"4294967296", b"\xff 1", &long] {
            assert_eq!(Heartbeat::parse(bytes), None, "{bytes:?}");
        }
    }
}
