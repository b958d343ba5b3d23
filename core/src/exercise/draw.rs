//! Draws instances: values, scenarios and their runs.

use super::Simulate;
use crate::random::{Direction, Stream};
use crate::scenario::Scenario;
use crate::time::{Duration, Instant, WithUnit};
use crate::trace::{HostId, Record, What};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Keys of a scenario with their values.
pub(super) type Pairs = Vec<(&'static str, String)>;

/// What an instance is drawn with.
pub(super) struct Draw<'a> {
    pub(super) stream: Stream,
    pub(super) simulate: Simulate<'a>,
}

impl Draw<'_> {
    /// Returns one of several values.
    pub(super) fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.stream.up_to(values.len() as u64 - 1) as usize]
    }

    /// Returns a whole multiple of `step` milliseconds within bounds.
    pub(super) fn millis(&mut self, from: u64, to: u64, step: u64) -> u64 {
        from + step * self.stream.up_to((to - from) / step)
    }

    /// Returns the scenario with these values, and a seed.
    pub(super) fn scenario(&mut self, mut pairs: Pairs) -> Option<Scenario> {
        pairs.push(("seed", (1 + self.stream.up_to(9_998)).to_string()));
        let mut scenario = Scenario::default();
        scenario.apply(pairs).ok()?;
        Some(scenario)
    }

    pub(super) fn run(&self, scenario: &Scenario) -> Vec<Record> {
        (self.simulate)(scenario)
    }
}

/// A policy without jitter, as exercises give it.
pub(super) struct Backoff {
    /// The first wait in milliseconds.
    pub(super) first: u64,
    factor: &'static str,
    /// The longest wait in milliseconds.
    most: Option<u64>,
    sends: u32,
}

impl Backoff {
    /// Draws one that sends at most `sends` times.
    pub(super) fn draw(draw: &mut Draw<'_>, sends: u32) -> Self {
        let first = draw.of(&[50, 80, 100, 120, 150, 200, 250, 400]);
        let factor = draw.of(&["1", "1.5", "2", "2", "3"]);
        let most = draw.of(&[None, None, Some(4 * first)]).filter(|_| factor != "1");
        Self { first, factor, most, sends }
    }

    pub(super) fn pairs(&self) -> Pairs {
        let mut pairs = alloc::vec![
            ("policy.initial_timeout", millis(self.first)),
            ("policy.multiplier", self.factor.to_string()),
            ("policy.give_up_above", "none".to_string()),
            ("policy.max_sends", self.sends.to_string()),
        ];
        pairs.extend(self.most.map(|most| ("policy.max_timeout", millis(most))));
        pairs
    }

    /// Returns its rules in sentences.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = alloc::vec![match self.factor {
            "1" => format!("After each send, the client waits {} ms for a reply.", self.first),
            factor => {
                let times =
                    if factor == "2" { "twice".to_string() } else { format!("{factor} times") };
                format!(
                    "After the first send, the client waits {} ms for a reply. Each further wait is {times} as long as the \
                     previous one.",
                    self.first
                )
            }
        }];
        words.extend(self.most.map(|most| format!("No wait is longer than {most} ms.")));
        words.push(format!(
            "There is no jitter. The client gives up when the wait after send {} is over.",
            self.sends
        ));
        words
    }
}

/// Returns a value in milliseconds.
pub(super) fn millis(n: u64) -> String {
    format!("{n}ms")
}

/// Returns a length of time, exactly: `237.5 ms`.
pub(super) fn length(time: Duration) -> String {
    let text = WithUnit(time).to_string();
    let unit = text.find(char::is_alphabetic).unwrap_or(text.len());
    format!("{} {}", &text[..unit], &text[unit..])
}

/// Returns a time since the run began, exactly.
pub(super) fn clock(at: Instant) -> String {
    length(Duration::from_nanos(at.as_nanos()))
}

/// Returns the places of the records of a client that satisfy a condition.
pub(super) fn places(records: &[Record], flow: u32, is: fn(&Record) -> bool) -> Vec<usize> {
    let of = |record: &Record| record.flow.is_some_and(|own| own.get() == flow) && is(record);
    (0..records.len()).filter(|place| of(&records[*place])).collect()
}

/// A request left its client.
pub(super) fn is_send(record: &Record) -> bool {
    matches!(record.what, What::Sent { direction: Direction::Request, .. })
}

/// A reply reached its client.
pub(super) fn is_reply(record: &Record) -> bool {
    record.host == HostId::Client
        && matches!(record.what, What::Delivered { direction: Direction::Reply })
}

/// A client began or ended a wait.
pub(super) fn is_wait(record: &Record) -> bool {
    record.host == HostId::Client
        && matches!(record.what, What::TimerArmed { .. } | What::TimerFired { .. })
}

/// An exchange is over.
pub(super) fn is_end(record: &Record) -> bool {
    matches!(record.what, What::Answered { .. } | What::GaveUp { .. })
}

/// A client gave up.
pub(super) fn is_given_up(record: &Record) -> bool {
    matches!(record.what, What::GaveUp { .. })
}

/// Returns `a, b and c`.
pub(super) fn listed(parts: &[String]) -> String {
    match parts {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => parts.concat(),
    }
}
