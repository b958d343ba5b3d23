//! Keys that get another value during the run, as a scenario writes them.

use super::list;
use crate::text::words;
use crate::time::{Duration, Instant, WithUnit, parse_duration};
use crate::value::{Grammar, phrase};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// Maximum number of changes in a scenario.
const MAX_CHANGES: usize = 100;

/// A key that gets another value during the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Duration,
    /// The key.
    pub key: String,
    /// Its value from then on.
    pub value: String,
}

impl Change {
    /// Returns when the value begins.
    #[must_use]
    pub fn from(&self) -> Instant {
        Instant::ZERO.saturating_add(self.at)
    }
}

/// Changes in the order of their times; at most one of each key at a time.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// Returns all changes.
    #[must_use]
    pub fn as_slice(&self) -> &[Change] {
        &self.0
    }

    /// Returns true if there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the changes with values that `read` has made of theirs.
    pub(super) fn try_map<E>(
        &self,
        read: impl Fn(&Change) -> Result<Change, E>,
    ) -> Result<Self, E> {
        self.0.iter().map(read).collect::<Result<_, E>>().map(Self)
    }

    /// Returns the changes and another one. What it discards is the future of its key: the changes of the same key at
    /// its time and later.
    #[must_use]
    pub fn with(mut self, change: Change) -> Self {
        self.0.retain(|other| other.key != change.key || other.at < change.at);
        self.0.insert(self.0.partition_point(|other| other.at <= change.at), change);
        self
    }

    /// Returns the changes without those of `key`.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.0.retain(|change| change.key != key);
        self
    }
}

/// Changes such as `1.5s link.loss=0.1`, separated by `; `, or `none`.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list::write(f, &self.0)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}={}", WithUnit(self.at), self.key, self.value)
    }
}

phrase!(
    Changes,
    Phrase,
    Grammar::new(
        "a list of changes separated by `;`, each with its time, a key and the key's value from then on",
        &[
            ("none", ""),
            ("1.5s link.loss=0.1", "packets that are sent from 1.5 s on"),
            ("2s policy.backoff=list; 2s policy.timeouts=1s, 3s", "exchanges that begin from 2 s on"),
            ("3s server.drop=0", "requests that arrive from 3 s on"),
        ],
    )
    .limits("at most 100; each key once at a time")
    .items("", "; ")
);

impl Changes {
    fn read(text: &str) -> Option<Self> {
        let changes = list::read(text, MAX_CHANGES, Change::read, |change| change.at)?;
        let is_twice = |i: usize| {
            let is_same =
                |other: &Change| (other.at, &other.key) == (changes[i].at, &changes[i].key);
            changes[..i].iter().any(is_same)
        };
        (!(0..changes.len()).any(is_twice)).then_some(Self(changes))
    }
}

impl Change {
    fn read(text: &str) -> Option<Self> {
        let (when, value) = text.split_once('=')?;
        let [at, key] = words(when).collect::<Vec<_>>()[..] else { return None };
        let (at, value) = (parse_duration(at)?, value.trim());
        (!value.is_empty()).then(|| Self { at, key: key.to_string(), value: value.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueError;
    use alloc::format;

    #[test]
    fn changes_are_read_and_shown() {
        for text in [
            "none",
            "1.5s link.loss=0.1",
            "0s link.loss=0.1; 1ms policy.timeouts=1s, 2s; 1ms link.latency=quantiles p50=8ms p99=60ms",
        ] {
            assert_eq!(text.parse::<Changes>().unwrap().to_string(), text);
        }
        let sorted: Changes =
            " 2000 ms  server.drop = 0 ;1s link.loss=burst 0.1 4;2s link.rate=none "
                .parse()
                .unwrap();
        assert_eq!(
            sorted.to_string(),
            "1s link.loss=burst 0.1 4; 2s server.drop=0; 2s link.rate=none"
        );
        for bad in [
            "",
            "1s",
            "link.loss=0.1",
            "1s link.loss",
            "1s link.loss=",
            "1 link.loss=0.1",
            "1s 2s link.loss=0.1",
            "1s link.loss=0.1;",
            "1s link.loss=0.1; 1000ms link.loss=0.1",
        ] {
            assert_eq!(bad.parse::<Changes>(), Err(ValueError::of::<Changes>()), "{bad}");
        }
        let many = |count: u32| {
            let one = |at| format!("{at}s seed=1");
            (1..=count).map(one).collect::<Vec<String>>().join(";")
        };
        assert_eq!(many(100).parse::<Changes>().unwrap().as_slice().len(), 100);
        assert!(many(101).parse::<Changes>().is_err());
    }

    #[test]
    fn another_change_discards_the_future_of_its_key() {
        let changes: Changes = "1s a=1; 2s a=2; 2s b=2; 3s a=3".parse().unwrap();
        let two = Duration::from_secs(2);
        let change = Change { at: two, key: "a".to_string(), value: "9".to_string() };
        let changes = changes.with(change);
        assert_eq!(changes.to_string(), "1s a=1; 2s b=2; 2s a=9");
        assert_eq!(changes.without("a").to_string(), "2s b=2");
    }
}
