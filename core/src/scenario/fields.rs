//! The scenario's vocabulary: every key, what it means and what it allows, in one table.
//!
//! A TOML file, the flags and `--set`, the page's controls, the page's link and the JSON output all
//! read this table, so that a key is spelled, checked and explained in one way everywhere.

use super::Task;
use crate::link;
use crate::policy::{
    Adaptive, Backoff, BreakerError, BudgetError, DeadlineRule, HintError, JitterError, Preset,
    Timeouts,
};
use crate::server::service::{Order, Overflow};
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
    /// A latency law, or `none`.
    OptionalLatency,
    /// A law of arrivals, or `closed`.
    Arrivals,
    /// A timeline of faults.
    Faults,
    /// A latency law, or `same`.
    ReplyLatency,
    /// A loss law.
    Loss,
    /// A loss law, or `same`.
    ReplyLoss,
    /// A rate, or `none`.
    Rate,
    /// A rate, `none` or `same`.
    ReplyRate,
    /// A rule of a queue.
    QueueRule,
    /// Waits, or `none`.
    Timeouts,
    /// One time or two, or `none`.
    Delay,
    /// A law of jitter.
    Jitter,
    /// A retry budget, or `none`.
    Budget,
    /// A circuit breaker, or `none`.
    Breaker,
    /// A rule for hints.
    Hint,
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
            Self::Duration => f.write_str(
                "a time with its unit such as `100ms` (ns, us, ms, s, m, h), at most 2400h",
            ),
            Self::OptionalDuration => f.write_str(
                "a time with its unit such as `2s` (ns, us, ms, s, m, h), at most 2400h, or `none`",
            ),
            Self::Bool => f.write_str("`true` or `false`"),
            Self::Choice(words) => {
                for (i, word) in words.iter().enumerate() {
                    write!(f, "{}`{word}`", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Text(most) => write!(f, "text of at most {most} bytes"),
            Self::NumberList => crate::value::NumberListError.fmt(f),
            Self::Latency => crate::dist::DistributionError.fmt(f),
            Self::ReplyLatency => write!(f, "{}, or `same`", crate::dist::DistributionError),
            Self::Loss => link::LossError.fmt(f),
            Self::ReplyLoss => write!(f, "{}, or `same`", link::LossError),
            Self::Rate => write!(f, "{}, or `none`", link::RateError),
            Self::ReplyRate => write!(f, "{}, `none`, or `same`", link::RateError),
            Self::QueueRule => link::QueueRuleError.fmt(f),
            Self::OptionalLatency => write!(f, "`none`, {}", crate::dist::DistributionError),
            Self::Arrivals => write!(f, "`closed`, {}", crate::client::ArrivalsError),
            Self::Faults => super::FaultsError.fmt(f),
            Self::Timeouts => {
                let most = Timeouts::MAX_LEN;
                write!(f, "times with their units such as `0s, 10s, 1m`, at most {most}, or `none`")
            }
            Self::Delay => f.write_str(
                "a time such as `1s`, two such as `20ms 120ms` (least, most), or `none`",
            ),
            Self::Jitter => JitterError.fmt(f),
            Self::Budget => BudgetError.fmt(f),
            Self::Breaker => BreakerError.fmt(f),
            Self::Hint => HintError.fmt(f),
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
        Kind::Text(crate::client::MAX_MESSAGE_IPV4),
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
    field(
        "workload.arrivals",
        Kind::Arrivals,
        "when exchanges begin at each client: closed (after the one before), or an open loop",
    ),
    field(
        "workload.task",
        Kind::Choice(Task::NAMES),
        "what clients want: an answer each time, or to write one row once, against each other",
    ),
    field("workload.duration", Kind::OptionalDuration, "until when exchanges arrive (open loops)"),
    field(
        "workload.think",
        Kind::OptionalLatency,
        "how long a client rests between two exchanges (closed loops)",
    ),
    field("policy.preset", Kind::Choice(Preset::NAMES), "the policy to start from"),
    field("policy.backoff", Kind::Choice(Backoff::NAMES), "how waits grow from send to send"),
    field("policy.initial_timeout", Kind::Duration, "the wait after the first send"),
    field(
        "policy.multiplier",
        Kind::Factor,
        "exponential backoff: each wait is the one before, times this",
    ),
    field(
        "policy.increment",
        Kind::Duration,
        "linear backoff: each wait is the one before, plus this; exponential: added after multiplying",
    ),
    field("policy.timeouts", Kind::Timeouts, "list backoff: the waits; the last one repeats"),
    field(
        "policy.linear_timeouts",
        Kind::Integer(0, u32::MAX as u64),
        "so many waits are repeated before the first one grows",
    ),
    field(
        "policy.max_timeout",
        Kind::OptionalDuration,
        "no wait is longer than this, before jitter",
    ),
    field(
        "policy.attempt_timeout",
        Kind::OptionalDuration,
        "how long a copy is waited for; then it is abandoned and the backoff begins (calls); none: \
         the backoff is that wait, and every copy's reply counts (datagrams)",
    ),
    field(
        "policy.last_timeout",
        Kind::OptionalDuration,
        "the wait after the last of max_sends copies, when it differs",
    ),
    field("policy.first_delay", Kind::Delay, "how long to wait before the first copy"),
    field("policy.jitter", Kind::Jitter, "how waits are made to differ, after max_timeout"),
    field(
        "policy.adaptive",
        Kind::Choice(Adaptive::NAMES),
        "the first wait follows the measured round-trip time",
    ),
    field(
        "policy.min_timeout",
        Kind::OptionalDuration,
        "no adaptive first wait is shorter than this",
    ),
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
    field(
        "policy.deadline_rule",
        Kind::Choice(DeadlineRule::NAMES),
        "a wait that would pass the deadline is cut to end at it, or its copy is not sent",
    ),
    field(
        "policy.hedging",
        Kind::Bool,
        "copies do not replace those before; after a failure the next goes out at once",
    ),
    field("policy.budget", Kind::Budget, "how many retries all exchanges may cost together"),
    field(
        "policy.breaker",
        Kind::Breaker,
        "when too much fails: ask nothing for a while, or ask once and not again",
    ),
    field("policy.hint", Kind::Hint, "what to make of a server's word when to come back"),
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
        "server.fail",
        Kind::Probability,
        "the server answers with a failure with this probability; it is news to the client at once",
    ),
    field("server.hint", Kind::OptionalDuration, "when a failure says to come back"),
    field("server.service", Kind::Latency, "how long the work on a request takes"),
    field(
        "server.rising",
        Kind::Duration,
        "each request in work, itself included, lengthens the work that begins by this",
    ),
    field(
        "server.workers",
        Kind::OptionalInteger(1, u32::MAX as u64),
        "how many requests are worked on at once; none: all",
    ),
    field(
        "server.queue",
        Kind::OptionalInteger(0, u32::MAX as u64),
        "how many requests may wait; none: all",
    ),
    field(
        "server.order",
        Kind::Choice(Order::NAMES),
        "which waiting request is next: oldest or newest",
    ),
    field(
        "server.expire",
        Kind::OptionalDuration,
        "a request that waited for longer is dropped, not worked on; none: late work is done",
    ),
    field(
        "server.overflow",
        Kind::Choice(Overflow::NAMES),
        "what becomes of a request that finds the queue full: dropped, or answered with a failure",
    ),
    field(
        "server.reply",
        Kind::Choice(&["report", "mirror"]),
        "report: `Your data was N bytes`; mirror: the request itself (RFC 862)",
    ),
    field("link.preset", Kind::Choice(link::Preset::NAMES), "the link to start from"),
    field("link.latency", Kind::Latency, "how long a datagram takes, one way"),
    field(
        "link.correlation",
        Kind::Probability,
        "how much of a latency is carried over from the flow's last one",
    ),
    field("link.loss", Kind::Loss, "which datagrams the link loses, each way"),
    field("link.duplicate", Kind::Probability, "a datagram arrives twice with this probability"),
    field(
        "link.reorder",
        Kind::Probability,
        "a datagram goes at once, past all before it, with this probability",
    ),
    field(
        "link.reorder_gap",
        Kind::Integer(1, u32::MAX as u64),
        "after one that overtook, so many less one go in order",
    ),
    field("link.corrupt", Kind::Probability, "one bit is flipped with this probability"),
    field(
        "link.checksum",
        Kind::Bool,
        "the receiver's checksum drops what was damaged; without it, it arrives",
    ),
    field("link.rate", Kind::Rate, "bits a second; what comes faster waits in a queue"),
    field(
        "link.queue",
        Kind::Integer(1, 1_000_000),
        "the most datagrams in that queue, the one on the wire included",
    ),
    field("link.queue_rule", Kind::QueueRule, "whom the queue drops"),
    field(
        "link.overhead",
        Kind::Integer(0, 65_535),
        "bytes of headers that each datagram adds to its payload, for rate and mtu",
    ),
    field(
        "link.mtu",
        Kind::OptionalInteger(1, 1_000_000),
        "larger datagrams are dropped, headers included",
    ),
    field(
        "link.shared",
        Kind::Bool,
        "all clients share one queue and one chain of losses each way, or each has its own",
    ),
    field("link.reply_latency", Kind::ReplyLatency, "how long a reply takes"),
    field("link.reply_loss", Kind::ReplyLoss, "which replies the link loses"),
    field("link.reply_rate", Kind::ReplyRate, "bits a second of replies"),
    field("faults", Kind::Faults, "what goes wrong, when, and for how long"),
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
    /// The text is not percent-encoded UTF-8.
    BadEncoding {
        /// The text as written.
        text: String,
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
            Self::NotAPair { text } | Self::BadEncoding { text } => text,
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
                // Of the group that was meant, or an overview.
                let group = key.split_once('.').map_or("", |(group, _)| group);
                let known =
                    |field: &&Field| field.key.split_once('.').map_or("", |(g, _)| g) == group;
                let mut keys = FIELDS.iter().filter(known).map(|field| field.key).peekable();
                if group.is_empty() || keys.peek().is_none() {
                    let plain = FIELDS.iter().map(|field| field.key).filter(|k| !k.contains('.'));
                    f.write_str("the keys are ")?;
                    plain.into_iter().try_for_each(|key| write!(f, "{key}, "))?;
                    return f.write_str("workload.…, policy.…, server.… and link.…");
                }
                write!(f, "the keys of `{group}` are ")?;
                keys.enumerate()
                    .try_for_each(|(i, key)| write!(f, "{}{key}", if i == 0 { "" } else { ", " }))
            }
            Self::BadValue { key, value } => {
                write!(f, "{key} cannot be `{}`; it takes ", Shortened(value))?;
                match FIELDS.iter().find(|field| field.key == *key) {
                    Some(field) => field.kind.fmt(f),
                    None => Ok(()),
                }
            }
            Self::Contradiction { sentence, .. } => f.write_str(sentence),
            Self::BadEncoding { text } => {
                write!(f, "`{}` is not percent-encoded UTF-8", Shortened(text))
            }
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
