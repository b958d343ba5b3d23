//! Messages with placeholders: each send fills in the number of its exchange and the time.
//!
//! | placeholder | is replaced by |
//! |---|---|
//! | `{seq}` | the number of the exchange, from 1: the sequence number of a ping |
//! | `{time}` | the time of the send in seconds, with up to nine decimals |
//!
//! Anything else in braces stays as it is.

use crate::machine::Label;
use crate::time::Instant;
use alloc::string::ToString;
use alloc::vec::Vec;

/// A placeholder.
#[derive(Clone, Copy)]
enum Placeholder {
    Seq,
    Time,
}

impl Placeholder {
    const ALL: [Self; 2] = [Self::Seq, Self::Time];

    const fn text(self) -> &'static [u8] {
        match self {
            Self::Seq => b"{seq}",
            Self::Time => b"{time}",
        }
    }

    /// Returns the length of its longest value: 4294967295 or 18446744073.709551615.
    const fn max_len(self) -> usize {
        match self {
            Self::Seq => 10,
            Self::Time => 21,
        }
    }
}

/// Returns true if `message` has a placeholder.
#[must_use]
pub fn has_placeholders(message: &[u8]) -> bool {
    next(message).is_some()
}

/// Returns the length in bytes of the longest message that `message` becomes.
#[must_use]
pub fn max_len(message: &[u8]) -> usize {
    let (mut rest, mut longest) = (message, message.len());
    while let Some((at, placeholder)) = next(rest) {
        let written = placeholder.text().len();
        longest += placeholder.max_len() - written;
        rest = &rest[at + written..];
    }
    longest
}

/// Appends `message` to `buf`, with its placeholders replaced for the send that `label` names, at `time`.
pub fn fill(message: &[u8], label: Label, time: Instant, buf: &mut Vec<u8>) {
    let mut rest = message;
    while let Some((at, placeholder)) = next(rest) {
        buf.extend_from_slice(&rest[..at]);
        let value = match placeholder {
            Placeholder::Seq => label.exchange.to_string(),
            Placeholder::Time => time.to_string(),
        };
        buf.extend_from_slice(value.as_bytes());
        rest = &rest[at + placeholder.text().len()..];
    }
    buf.extend_from_slice(rest);
}

/// Returns the first placeholder of `message`, and its place.
fn next(message: &[u8]) -> Option<(usize, Placeholder)> {
    (0..message.len()).filter(|at| message[*at] == b'{').find_map(|at| {
        let is_here = |one: &Placeholder| message[at..].starts_with(one.text());
        Placeholder::ALL.into_iter().find(is_here).map(|one| (at, one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(message: &str) -> Vec<u8> {
        let mut buf = Vec::new();
        fill(
            message.as_bytes(),
            Label::new(7, 2).unwrap(),
            Instant::from_nanos(1_250_000_000),
            &mut buf,
        );
        buf
    }

    #[test]
    fn placeholders_are_replaced_and_other_braces_stay() {
        for (message, expected) in [
            ("Ping {seq} {time}", "Ping 7 1.25"),
            ("{seq}{seq}", "77"),
            ("{time}", "1.25"),
            ("", ""),
            ("hello", "hello"),
            ("{\"seq\": {seq}}", "{\"seq\": 7}"),
            ("{SEQ} {seq {sequence} {", "{SEQ} {seq {sequence} {"),
            ("{{seq}}", "{7}"),
        ] {
            assert_eq!(filled(message), expected.as_bytes(), "{message}");
            let changed = expected != message;
            assert_eq!(has_placeholders(message.as_bytes()), changed, "{message}");
        }
    }

    #[test]
    fn the_longest_message_has_the_longest_values() {
        let (label, last) = (Label::new(u32::MAX, 1).unwrap(), Instant::from_nanos(u64::MAX));
        for message in ["Ping {seq} {time}", "{time}{time}", "hello", ""] {
            let mut buf = Vec::new();
            fill(message.as_bytes(), label, last, &mut buf);
            assert_eq!(buf.len(), max_len(message.as_bytes()), "{message}");
        }
    }
}
