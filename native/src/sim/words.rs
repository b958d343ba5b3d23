//! The measures and the columns of series in words, for plots: what they are and in which unit.
//!
//! A measure without words does not compile.

use super::measure::MEASURES;

/// What the numbers of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// From 0 to 1, shown in percent.
    Share,
    /// From 0 s.
    Seconds,
    /// From 0.
    Number,
    /// Any number, of a column that has no words.
    Unknown,
}

/// A column in words.
pub(crate) struct Words {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    /// What is counted, unless the label says it; or empty.
    pub(crate) detail: &'static str,
    pub(crate) unit: Unit,
}

const fn words(name: &'static str, unit: Unit, label: &'static str, detail: &'static str) -> Words {
    Words { name, label, detail, unit }
}

/// Every measure of a run and every column of a series.
pub(crate) const WORDS: &[Words] = &{
    use Unit::{Number, Seconds, Share};
    [
        words("exchanges", Number, "exchanges", ""),
        words("answered", Number, "answered exchanges", ""),
        words("gave_up", Number, "exchanges that gave up", ""),
        words("refused", Number, "refused exchanges", ""),
        words("answered_share", Share, "share of exchanges answered", ""),
        words("gave_up_share", Share, "share of exchanges that gave up", ""),
        words("sends", Number, "sends", ""),
        words("calls", Number, "calls", ""),
        words("amplification", Number, "amplification", "sends per exchange"),
        words("replies", Number, "replies", ""),
        words("late_replies", Number, "late replies", ""),
        words("misattributed", Number, "replies taken for the answer to another request", ""),
        words("lost", Number, "datagrams lost on the link", ""),
        words("server_dropped", Number, "requests dropped by the server", ""),
        words("simulated_s", Seconds, "simulated time", ""),
        words("latency_mean_s", Seconds, "mean latency", ""),
        words("latency_p50_s", Seconds, "median latency", ""),
        words("latency_p90_s", Seconds, "p90 latency", ""),
        words("latency_p99_s", Seconds, "p99 latency", ""),
        words("latency_p999_s", Seconds, "p99.9 latency", ""),
        words("all_p99_s", Seconds, "p99 latency of all exchanges", ""),
        words("served", Number, "requests served", ""),
        words("wasted", Number, "wasted work", "requests served without effect"),
        words("utilisation", Share, "utilisation of the server", ""),
        words("mean_queue", Number, "mean queue", "requests waiting"),
        words("events", Number, "events of the simulation", ""),
        words("digest", Unit::Unknown, "digest", ""),
        words("ended_by", Unit::Unknown, "end of the run", ""),
        words("offered_per_s", Number, "offered load", "exchanges per second"),
        words(
            "offered_with_retries_per_s",
            Number,
            "offered load with retries",
            "sends per second",
        ),
        words("peak_sends_per_s", Number, "peak load", "sends in the busiest second"),
        words("capacity_per_s", Number, "capacity of the server", "requests per second"),
        words("goodput_per_s", Number, "goodput", "answered exchanges per second"),
        words("gave_up_per_s", Number, "exchanges that gave up", "per second"),
        words("failed_per_s", Number, "failures", "per second"),
        words("served_per_s", Number, "requests served", "per second"),
        words("begun", Number, "exchanges begun", ""),
        words("failed", Number, "failures", ""),
    ]
};

const _: () = {
    let mut at = 0;
    while at < MEASURES.len() {
        assert!(has_words(MEASURES[at].name), "a measure has no words in WORDS");
        at += 1;
    }
};

const fn has_words(name: &str) -> bool {
    let mut at = 0;
    while at < WORDS.len() {
        if same(WORDS[at].name.as_bytes(), name.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

/// Compares texts in a constant, where `==` cannot.
const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}
