//! The scenario's vocabulary: every key, what it means and what it allows, in one table.
//!
//! A TOML file, the flags and `--set`, the page's controls, the page's link and the JSON output all
//! read this table, so that a key is spelled, checked and explained in one way everywhere.

use alloc::string::{String, ToString};
use core::fmt;

/// One key of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, with dots.
    pub key: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What it means, in one line.
    pub help: &'static str,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A whole number from the first to the second.
    Integer(u64, u64),
    /// Like `Integer`, or `none`.
    OptionalInteger(u64, u64),
    /// 0 to 1, at most nine decimals.
    Probability,
    /// 1 to 1000, at most six decimals.
    Factor,
    /// A time with its unit.
    Duration,
    /// A time with its unit, or `none`.
    OptionalDuration,
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text of at most this many bytes.
    Text(usize),
    /// Numbers and ranges.
    NumberList,
    /// A latency law.
    Latency,
}

impl fmt::Display for Kind {
    /// What is allowed, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(low, high) => write!(f, "a whole number from {low} to {high}"),
            Self::OptionalInteger(low, high) => {
                write!(f, "a whole number from {low} to {high}, or `none`")
            }
            Self::Probability => f.write_str("a probability from 0 to 1, at most 9 decimals"),
            Self::Factor => f.write_str("a number from 1 to 1000, at most 6 decimals"),
            Self::Duration => f.write_str("a time with its unit such as `100ms`"),
            Self::OptionalDuration => f.write_str("a time with its unit such as `2s`, or `none`"),
            Self::Bool => f.write_str("`true` or `false`"),
            Self::Choice(words) => {
                for (i, word) in words.iter().enumerate() {
                    write!(f, "{}`{word}`", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Text(most) => write!(f, "text of at most {most} bytes"),
            Self::NumberList => crate::echo::NumberListError.fmt(f),
            Self::Latency => crate::link::LatencyError.fmt(f),
        }
    }
}

const fn field(key: &'static str, kind: Kind, help: &'static str) -> Field {
    Field { key, kind, help }
}

/// Every key of a scenario, in the order in which people are shown them.
pub const FIELDS: &[Field] = &[
    field("seed", Kind::Integer(0, u64::MAX), "names every random draw of the run"),
    field("clients", Kind::Integer(1, 1_000_000), "clients that ask at the same time"),
    field(
        "exchanges",
        Kind::Integer(1, u32::MAX as u64),
        "exchanges per client, one after another",
    ),
    field(
        "message",
        Kind::Text(crate::retry::MAX_MESSAGE_IPV4),
        "the request that each client sends",
    ),
    field(
        "connected",
        Kind::Bool,
        "clients hear their server only (connect + send), not everyone (sendto)",
    ),
    field(
        "token",
        Kind::Bool,
        "each datagram begins with its own name, so that a mirrored reply tells what it answers",
    ),
    field("policy.preset", Kind::Choice(&["textbook"]), "the policy to start from"),
    field("policy.initial_timeout", Kind::Duration, "the wait after the first send"),
    field("policy.multiplier", Kind::Factor, "each wait is the one before, times this"),
    field("policy.max_timeout", Kind::OptionalDuration, "no wait is longer than this"),
    field(
        "policy.give_up_above",
        Kind::OptionalDuration,
        "give up when the next wait, before max_timeout, would be longer than this",
    ),
    field(
        "policy.max_sends",
        Kind::OptionalInteger(1, u32::MAX as u64),
        "copies sent at most, the first included",
    ),
    field(
        "policy.deadline",
        Kind::OptionalDuration,
        "the exchange ends this long after its first send at the latest",
    ),
    field("server.drop", Kind::Probability, "the server drops a request with this probability"),
    field(
        "server.drop_first",
        Kind::Integer(0, u64::MAX),
        "the server drops the first so many datagrams of its life",
    ),
    field(
        "server.drop_list",
        Kind::NumberList,
        "the server drops these datagrams, numbered from 1 over its life",
    ),
    field(
        "server.reply",
        Kind::Choice(&["report", "mirror"]),
        "report: `Your data was N bytes`; mirror: the request itself (RFC 862)",
    ),
    field("link.latency", Kind::Latency, "how long a datagram takes, one way"),
    field(
        "link.loss",
        Kind::Probability,
        "the link loses a datagram with this probability, each way",
    ),
];

/// Why a scenario was refused: one sentence that names the key, the value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// There is no such key.
    UnknownKey {
        /// The key as written.
        key: String,
        /// The key that was probably meant.
        meant: Option<&'static str>,
    },
    /// The value is not what the key takes.
    BadValue {
        /// The key.
        key: &'static str,
        /// The value as written.
        value: String,
    },
    /// Each value is fine by itself, but not with the others.
    Contradiction {
        /// The key at fault.
        key: String,
        /// The whole sentence.
        sentence: String,
    },
    /// The text is not `key=value`.
    NotAPair {
        /// The text as written.
        text: String,
    },
}

impl FieldError {
    /// The key at fault, as written.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::UnknownKey { key, .. } | Self::Contradiction { key, .. } => key,
            Self::BadValue { key, .. } => key,
            Self::NotAPair { text } => text,
        }
    }

    pub(super) fn unknown(key: &str) -> Self {
        let meant = FIELDS.iter().map(|field| (distance(key, field.key), field.key)).min();
        let meant = meant.filter(|(distance, known)| *distance <= known.len() / 3);
        Self::UnknownKey { key: key.to_string(), meant: meant.map(|(_, known)| known) }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key, meant } => {
                write!(f, "there is no key `{}`; ", Shortened(key))?;
                if let Some(meant) = meant {
                    return write!(f, "did you mean `{meant}`?");
                }
                f.write_str("the keys are ")?;
                for (i, field) in FIELDS.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { "" } else { ", " }, field.key)?;
                }
                Ok(())
            }
            Self::BadValue { key, value } => {
                write!(f, "{key} cannot be `{}`; it takes ", Shortened(value))?;
                match FIELDS.iter().find(|field| field.key == *key) {
                    Some(field) => field.kind.fmt(f),
                    None => Ok(()),
                }
            }
            Self::Contradiction { sentence, .. } => f.write_str(sentence),
            Self::NotAPair { text } => {
                write!(f, "`{}` is not of the form key=value", Shortened(text))
            }
        }
    }
}

impl core::error::Error for FieldError {}

/// Shows at most 60 characters of what somebody wrote, control characters escaped.
struct Shortened<'a>(&'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.0.chars();
        for c in chars.by_ref().take(60) {
            if c.is_control() {
                write!(f, "{}", c.escape_debug())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        f.write_str(if chars.next().is_some() { "…" } else { "" })
    }
}

/// The Levenshtein distance of two keys, bounded by their lengths.
fn distance(a: &str, b: &str) -> usize {
    if a.len() > 64 {
        return usize::MAX;
    }
    let mut row: alloc::vec::Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
