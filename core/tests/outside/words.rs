//! Sentences about records are true for every scenario: a property over arbitrary valid ones.
//!
//! Each sentence is checked against the records themselves: it names only clients that exist, says
//! "again" only if there was an earlier send, and names the send that caused a reply. Counts in sentences
//! add up to the summary.

use crate::arbitrary::from_bytes;
use proptest::prelude::*;
use retrylab_core::machine::{Label, Timer};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{Bounds, Summary, run_within};
use retrylab_core::time::Duration;
use retrylab_core::trace::words::{Narrator, Words, crowd, story};
use retrylab_core::trace::{Digest, DigestSink, Direction, HostId, Record, Sink, What};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

const BOUNDS: Bounds =
    Bounds::NONE.with_events(1_500).with_time(Duration::from_secs(3_600)).with_memory(1 << 26);

/// Asserts that a text is not empty and has no dangling punctuation.
fn assert_tidy(text: &str, record: &Record) {
    assert!(!text.trim_end_matches('.').is_empty(), "{record:?}: {text:?}");
    for wrong in ["  ", " ,", " .", ",.", ":.", ";.", "..", ": :", "()", ", ,"] {
        assert!(!text.contains(wrong), "{wrong:?} in {text:?} of {record:?}");
    }
    let dangling = text.ends_with([' ', ',', ':', ';']) || text.starts_with(' ');
    assert!(!dangling, "{record:?}: {text:?}");
}

/// Returns the numbers that follow `word` in a text.
fn numbers_after(text: &str, word: &str) -> Vec<u32> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>();
    text.split(word).skip(1).filter_map(|rest| digits(rest).parse().ok()).collect()
}

#[derive(Default)]
struct Watch {
    /// Sends of each client: one that is described as "again" must follow an earlier one.
    sent: BTreeMap<u32, BTreeSet<Label>>,
    /// What caused each reply, by client and number.
    causes: BTreeMap<(u32, u32), Option<Label>>,
}

impl Watch {
    fn check(&mut self, scenario: &Scenario, record: &Record, words: &Words) {
        let sentence = words.sentence();
        for text in [&sentence, &words.whole(), &words.line(), &words.note, &words.brief] {
            assert_tidy(text, record);
        }
        for client in numbers_after(&sentence, "lient ") {
            assert!((1..=scenario.clients).contains(&client), "{sentence}");
            assert_eq!(Some(client), record.flow.map(NonZeroU32::get), "{sentence}");
        }
        for exchange in numbers_after(&sentence, "xchange ") {
            assert!((1..=scenario.max_exchanges()).contains(&exchange), "{sentence}");
        }
        let flow = record.flow.map_or(0, NonZeroU32::get);
        let number = record.packet.map_or(0, NonZeroU32::get);
        match record.what {
            What::Sent { direction: Direction::Request, .. } => {
                let label = record.label.unwrap();
                let first = self.sent.entry(flow).or_default().insert(label);
                let write =
                    scenario.setting().pattern == retrylab_core::trace::words::Pattern::Write;
                assert!(first || write, "{label:?} twice");
                assert!(!sentence.contains("again") || label.send.get() > 1, "{sentence}");
                assert_eq!(record.host, HostId::Client);
            }
            What::Sent { direction: Direction::Reply, .. } => {
                let sent = self.sent.get(&flow);
                let label = record.label;
                assert!(label.is_some_and(|label| sent.unwrap().contains(&label)), "{sentence}");
                self.causes.insert((flow, number), label);
            }
            What::Delivered { direction: Direction::Reply } | What::LateReply => {
                let cause = self.causes[&(flow, number)];
                assert_eq!(record.label, cause, "{sentence}");
                let send = numbers_after(&sentence, "the reply to send ");
                assert!(send.iter().all(|send| Some(*send) == cause.map(|l| l.send.get())));
            }
            What::Connecting => {
                let label = record.label.unwrap();
                assert!(self.sent.entry(flow).or_default().insert(label), "{label:?} twice");
                assert!(!sentence.contains("another") || label.send.get() > 1, "{sentence}");
            }
            What::Confirmed | What::Accepted | What::Replied { .. } | What::Broken { .. } => {
                let sent = self.sent.get(&flow);
                let label = record.label.unwrap();
                assert!(sent.is_some_and(|sent| sent.contains(&label)), "{sentence}");
                assert!(!sentence.contains("datagram"), "{sentence}");
            }
            What::TimerArmed { timer, .. } | What::TimerFired { timer } => {
                let reply = matches!(timer, Timer::Resend | Timer::GiveUp | Timer::Timeout);
                assert!(reply || !sentence.contains("o reply"), "{timer:?}: {sentence}");
                // The limits of a server of connections have names of their own, a client's release, and heartbeats.
                let limit = matches!(timer, Timer::Other(_));
                let server = matches!(timer, Timer::Service | Timer::Outage | Timer::Recovery);
                assert!(limit || server == matches!(record.host, HostId::Server(_)), "{sentence}");
            }
            _ => {}
        }
    }
}

/// Counts from the words of all records; they must equal the summary's.
fn counted(wording: &[(Record, Words)]) -> Summary {
    let mut sum = Summary::default();
    for (record, _) in wording {
        sum.record(record);
    }
    sum
}

/// Checks how a run is described; returns the names of its records.
fn check(scenario: &Scenario) -> BTreeSet<&'static str> {
    let outcome = run_within(scenario, Vec::<Record>::new(), BOUNDS);
    let mut narrator = Narrator::new(scenario.setting());
    let mut watch = Watch::default();
    let mut wording = Vec::new();
    for record in &outcome.sink {
        let words = narrator.describe(record);
        watch.check(scenario, record, &words);
        wording.push((*record, words));
    }
    assert_eq!(counted(&wording), outcome.summary);
    for moment in wording.chunk_by(|(a, _), (b, _)| a.at == b.at) {
        let words: Vec<Words> = moment.iter().map(|(_, words)| words.clone()).collect();
        assert_tidy(&story(&words), &moment[0].0);
        let records = moment.iter().map(|(record, _)| record);
        assert_tidy(&crowd(records, scenario.setting()), &moment[0].0);
    }
    outcome.sink.iter().map(|record| record.what.name()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn every_sentence_of_every_run_is_true(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        check(&from_bytes(&bytes));
    }
}

/// Together these runs have every kind of record, so the property is checked for all of them.
#[test]
fn the_kinds_of_runs_that_were_described_wrongly_are_described_correctly() {
    let mut seen = BTreeSet::new();
    for fragment in [
        "seed=7&exchanges=3&workload.think=500ms",
        "exchanges=4&token=true&workload.arrivals=constant+20&server.reply=mirror",
        "exchanges=90&token=true&workload.arrivals=poisson+50&server.reply=mirror\
         &server.service=30ms&server.queue=3&server.overflow=fail&policy.first_delay=5ms",
        "seed=3&server.fail=1",
        "seed=3&server.fail=1&server.hint=1s",
        "clients=3&server.service=50ms&server.queue=1",
        "clients=4&server.service=50ms&server.queue=4&server.expire=60ms&server.order=lifo",
        "link.duplicate=1&link.reorder=0.3",
        "exchanges=9&link.corrupt=0.4&link.checksum=false&token=true&server.reply=mirror",
        "exchanges=9&link.corrupt=0.4",
        "link.mtu=30&message=0123456789",
        "clients=6&link.rate=8kbit&link.queue=2&link.queue_rule=red+1+2+0.9&link.shared=true",
        "exchanges=40&faults=100ms+300ms+partition;+600ms+200ms+server-down;+1s+300ms+loss+0.7",
        "exchanges=40&server.service=5ms&faults=40ms+300ms+server-down+keep",
        "clients=3&workload.task=write&policy.give_up_above=none",
        "clients=5&exchanges=3&policy.preset=envoy&policy.hedging=true&server.service=80ms",
        "exchanges=4&policy.attempt_timeout=50ms&policy.jitter=full&link.latency=40ms",
        "exchanges=3&policy.max_sends=1&policy.breaker=1+9s&server.drop=1",
        "exchanges=3&policy.budget=quota+500+501+1&server.drop=1",
        "policy.deadline=250ms&server.drop=1",
        "exchanges=9&policy.preset=tcp-rfc6298&link.loss=0.3&policy.max_sends=8",
        "connected=false&exchanges=2&link.latency=60ms",
        "clients=2&exchanges=2&network=packets&server.listening=false",
        "clients=3&exchanges=4&network=packets&link.mtu=68&message=0123456789012345678901234567890123456789&link.loss=0.1\
         &link.duplicate=0.2&link.corrupt=0.2&link.checksum=false&server.reply=mirror",
        "clients=3&exchanges=3&network=packets&protocol=tcp&server.drop=0.3&server.fail=0.3",
        "exchanges=3&network=packets&protocol=tcp&server.listening=false",
        "exchanges=3&network=packets&protocol=http&policy.initial_timeout=9s&policy.give_up_above=none&policy.max_sends=2&link.latency=600ms&server.drop_first=1",
        "exchanges=20&network=packets&protocol=http&link.corrupt=0.5&link.checksum=false&policy.initial_timeout=3s\
         &policy.give_up_above=none&policy.max_sends=3",
        "exchanges=9&network=packets&protocol=tcp&faults=30ms+300ms+server-down;+1s+1s+server-down+keep",
        "clients=3&exchanges=9&servers=a%3D192.0.2.1:7,b%3D192.0.2.2:7&server.drop=0.3&faults=50ms+300ms+server-down+at+b",
        "clients=3&protocol=dns&servers=a%3D192.0.2.1:53,b%3D192.0.2.2:53&faults=0s+7s+server-down+at+a",
        "clients=2&exchanges=3&acts=drop+client+1+request+1;+delay+client+1+reply+1+by+80ms;+duplicate+client+2+request+1;\
         +duplicate+client+2+reply+1",
        "clients=2&exchanges=3&network=packets&link.mtu=68&message=0123456789012345678901234567890123456789\
         &acts=drop+client+1+request+1;+delay+client+1+request+2+by+80ms;+duplicate+client+2+request+1",
        "clients=2&exchanges=3&network=packets&protocol=tcp&policy.initial_timeout=9s&policy.give_up_above=none\
         &policy.max_sends=2&acts=drop+client+1+request+1;+delay+client+1+reply+2+by+80ms;+duplicate+client+2+request+3",
        "exchanges=30&workload.task=heartbeat&workload.interval=100ms&workload.dead_after=250ms&link.loss=0.2\
         &link.duplicate=0.2&link.latency=normal+100ms+80ms&faults=1s+600ms+partition",
    ] {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        seen.extend(check(&scenario));
    }
    let unseen: Vec<_> = What::NAMES.iter().filter(|name| !seen.contains(*name)).collect();
    // No machine of a scenario makes these: the simulated network has no strangers, and notes are for other crates'
    // machines.
    assert_eq!(unseen.into_iter().copied().collect::<Vec<_>>(), ["stranger", "note"]);
}

/// A round trip of 120 ms and a wait of 100 ms: the reply to exchange 1 arrives when exchange 2 has begun, and
/// without a token it counts for that one.
#[test]
fn a_reply_that_counts_for_another_exchange_is_described_as_such() {
    let late = "exchanges=2&server.drop=0&link.latency=60ms&policy.max_sends=1";
    let notes = |fragment: &str| {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, []);
        let outcome = run_within(&scenario, Vec::<Record>::new(), BOUNDS);
        let mut narrator = Narrator::new(scenario.setting());
        let records = outcome.sink.iter().map(|record| narrator.describe(record).note);
        (outcome.summary.misattributed, records.collect::<Vec<_>>())
    };
    let (count, without) = notes(late);
    assert_eq!(count, 1, "{without:?}");
    let answered = "answered in 20 ms (by the reply to exchange 1)";
    assert!(without.iter().any(|note| note == answered), "{without:?}");
    let (count, named) = notes(&format!("{late}&token=true&server.reply=mirror"));
    assert_eq!(count, 0);
    assert!(!named.iter().any(|note| note.contains("by the reply")), "{named:?}");
}

/// Digests of each client's records.
#[derive(Default)]
struct Apart(BTreeMap<u32, DigestSink>);

impl Sink for Apart {
    fn record(&mut self, record: &Record) {
        self.0.entry(record.flow.map_or(0, NonZeroU32::get)).or_default().record(record);
    }
}

/// The digests of parts merge to that of the whole, in any order; another seed gives another digest.
#[test]
fn the_digests_of_the_clients_merge_to_that_of_the_run() {
    let fragment =
        "clients=20&exchanges=5&link.loss=0.2&link.latency=uniform+5ms+60ms&server.drop=0.2";
    let (scenario, _) = Scenario::from_fragment(fragment);
    let outcome = run_within(&scenario, Apart::default(), Bounds::default());
    let parts = outcome.sink.0.values().map(DigestSink::digest);
    assert_eq!(parts.clone().sum::<Digest>(), outcome.digest);
    assert_eq!(parts.rev().sum::<Digest>(), outcome.digest);
    let mut other = scenario;
    other.seed = 2;
    let other = run_within(&other, (), Bounds::default());
    assert_ne!(other.digest, outcome.digest);
}
