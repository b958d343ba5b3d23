//! Arbitrary valid scenarios, and the properties of every run, for the property test and the fuzz target.

use retrylab_core::random::Direction;
use retrylab_core::scenario::{FIELDS, Field, Scenario, Workload};
use retrylab_core::sim::{Bounds, EndedBy, Outcome, run_within};
use retrylab_core::time::Instant;
use retrylab_core::trace::{Record, Sink, What};
use retrylab_core::value::Form;

/// Groups of keys that are valid only together: changing single keys would rarely find them.
const BEGINNINGS: [&[(&str, &str)]; 15] = [
    &[],
    &[("policy.backoff", "list"), ("policy.timeouts", "0s, 10ms, 1s")],
    &[("exchanges", "1000")],
    &[
        ("token", "true"),
        ("server.reply", "mirror"),
        ("exchanges", "1000"),
        ("workload.arrivals", "poisson 100"),
    ],
    &[("clients", "3"), ("workload.rate", "200"), ("workload.duration", "2s")],
    &[
        ("policy.initial_timeout", "0s"),
        ("policy.max_sends", "3"),
        ("policy.attempt_timeout", "50ms"),
    ],
    &[("network", "packets"), ("family", "ipv6"), ("exchanges", "20")],
    &[("workload.task", "write"), ("policy.give_up_above", "none"), ("clients", "10")],
    &[("network", "packets"), ("protocol", "tcp"), ("exchanges", "10")],
    &[("network", "packets"), ("protocol", "http"), ("exchanges", "10")],
    &[
        ("protocol", "dns"),
        ("servers", "first=192.0.2.1:53,second=192.0.2.2:53,third=192.0.2.3:53"),
        ("faults", "0s 7s server-down at first; 1s 20s slow 2 at third"),
    ],
    &[
        ("servers", "a=192.0.2.1:1060,b=198.51.100.2:7"),
        ("exchanges", "100"),
        ("faults", "1s 1s server-down at a; 3s 1s server-down keep"),
    ],
    &[("workload.task", "heartbeat"), ("exchanges", "100"), ("workload.interval", "100ms")],
    &[
        ("clients", "3"),
        ("exchanges", "9"),
        (
            "acts",
            "drop client 1 request 1; delay client 2 reply 1 by 90ms; duplicate client 1 request 2",
        ),
    ],
    &[
        ("clients", "3"),
        ("exchanges", "9"),
        (
            "changes",
            "50ms link.loss=0.5; 200ms policy.budget=throttle 3 0.1; 1s server.drop=0.5; 2s link.rate=64kbit",
        ),
    ],
];

/// Returns the scenario that `bytes` describe: one of the [`BEGINNINGS`], then key after key. Refused values
/// are left out.
pub(crate) fn from_bytes(bytes: &[u8]) -> Scenario {
    let mut source = Source(bytes);
    let mut scenario = Scenario::default();
    // If a later version renames these keys, the property test fails, but not this function.
    let _ = scenario.apply(source.pick(&BEGINNINGS).iter().copied());
    while !source.0.is_empty() {
        let field = source.pick(FIELDS);
        let value = value(&field, &mut source);
        let _ = scenario.apply([(field.key, value)]);
    }
    scenario
}

/// The remaining bytes, followed by endless zeros.
pub(crate) struct Source<'a>(pub(crate) &'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn two(&mut self) -> u64 {
        u64::from(self.byte()) << 8 | u64::from(self.byte())
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }
}

/// Returns a value for `field`, which may still be refused.
pub(crate) fn value(field: &Field, source: &mut Source<'_>) -> String {
    let words: Vec<&str> = field.shape.words().collect();
    if !words.is_empty() && source.byte().is_multiple_of(4) {
        return source.pick(&words).to_string();
    }
    match field.shape.form {
        Form::Bool => source.pick(&["true", "false"]).to_string(),
        Form::Choice(words) => source.pick(words).to_string(),
        // All clients are made before the first event, so bounds do not limit their number.
        Form::Integer { .. } if field.key == "clients" => (1 + source.two() % 300).to_string(),
        Form::Integer { min, max } => integer(min, max, source),
        Form::Text { max } => match source.byte() % 8 {
            0 => "x".repeat(max - 64),
            _ => (0..source.byte() % 16).map(|_| char::from(source.byte())).collect(),
        },
        // Every grammar has examples, so future ones are covered too.
        _ => {
            let examples = field.shape.grammar().map_or(&[][..], |grammar| grammar.examples);
            let mut value = varied(source.pick(examples).0, source);
            if ["faults", "acts", "changes", "servers"].contains(&field.key) {
                for _ in 0..source.byte() % 3 {
                    value += if field.key == "servers" { "," } else { "; " };
                    value += &varied(source.pick(examples).0, source);
                }
            }
            value
        }
    }
}

fn integer(low: u64, high: u64, source: &mut Source<'_>) -> String {
    let more = match source.byte() % 8 {
        0..4 => u64::from(source.byte() % 8),
        4..6 => u64::from(source.byte()),
        6 => source.two(),
        _ => u64::MAX,
    };
    low.saturating_add(more).min(high).to_string()
}

fn number(source: &mut Source<'_>) -> String {
    match source.byte() % 8 {
        0 => source.two().to_string(),
        1 => format!("{}.{}", source.byte() % 4, source.byte()),
        _ => {
            source.pick(&["0", "1", "2", "3", "5", "10", "0.1", "0.5", "0.001", "1000"]).to_string()
        }
    }
}

/// Returns the example with some of its numbers and units of time changed.
fn varied(example: &str, source: &mut Source<'_>) -> String {
    let mut out = String::new();
    let mut rest = example;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(from.len());
        let (old, after) = from.split_at(end);
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        out += before;
        if source.byte().is_multiple_of(4) {
            out += old;
            out += unit;
        } else {
            out += &number(source);
            let is_time = ["ns", "us", "ms", "s", "m", "h"].contains(&unit);
            out += if is_time {
                source.pick(&["ms", "s", "ms", "s", "us", "ns", "m", "h"])
            } else {
                unit
            };
        }
        rest = after;
    }
    out + rest
}

/// Counts that the summary does not contain.
#[derive(Debug, Default)]
struct Watch {
    last: Instant,
    replies_delivered: u64,
    went_back: bool,
}

impl Sink for Watch {
    fn record(&mut self, record: &Record) {
        self.went_back |= record.at < self.last;
        self.last = record.at;
        let reply = What::Delivered { direction: Direction::Reply };
        self.replies_delivered += u64::from(record.what == reply);
    }
}

/// Runs `scenario` twice within `bounds` and checks that it ends, why, and that its counts add up.
///
/// # Panics
/// If they do not.
pub(crate) fn check_run(scenario: &Scenario, bounds: Bounds) -> EndedBy {
    let Outcome { summary, digest, simulated, ended_by, events, sink, .. } =
        run_within(scenario, Watch::default(), bounds);
    let again = run_within(scenario, (), bounds);
    assert_eq!((again.summary, again.digest), (summary, digest));
    assert_eq!((again.simulated, again.ended_by, again.events), (simulated, ended_by, events));

    assert!(!sink.went_back, "time goes back");
    assert!(events <= bounds.events, "{events} events");
    assert!(simulated <= Instant::ZERO.saturating_add(bounds.time), "{simulated:?}");
    if ended_by == EndedBy::Events {
        assert_eq!(events, bounds.events);
    }
    let each = match scenario.workload {
        Workload::Write => 1,
        Workload::Heartbeat { .. } => 0,
        Workload::Closed { .. } | Workload::Open { .. } => scenario.max_exchanges(),
    };
    let most = u64::from(scenario.clients) * u64::from(each);
    assert!(summary.finished() <= most, "{summary:?}");
    if ended_by == EndedBy::Finished && scenario.workload.arrivals().is_none() {
        assert_eq!(summary.finished(), most, "{summary:?}");
    }
    assert!(summary.calls <= summary.sends, "{summary:?}");
    let arrived = summary.answered + summary.late_replies;
    // Over connections, bytes are delivered, not replies.
    let streams = scenario.protocol.has_connections();
    assert!(streams || arrived <= sink.replies_delivered, "{summary:?} {sink:?}");
    ended_by
}

/// Checks that `scenario` survives a round trip through its text and through a link, and that each of its
/// values is written canonically.
///
/// # Panics
/// If it does not.
pub(crate) fn check_text(scenario: &Scenario) {
    let mut again = Scenario::default();
    let read = again.apply(scenario.pairs());
    assert_eq!(read, Ok(()), "{:?}", scenario.to_fragment());
    assert_eq!(again, *scenario);
    let fragment = scenario.to_fragment();
    assert_eq!(Scenario::from_fragment(&fragment), (again, Vec::new()), "{fragment}");
    for field in FIELDS {
        let value = field.value(scenario);
        assert_eq!(field.canonical(&value).as_ref(), Ok(&value), "{}", field.key);
    }
}
