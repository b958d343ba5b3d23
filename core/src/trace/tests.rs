use super::*;
use crate::machine::Timer;
use crate::policy::Stop;
use crate::time::Duration;
use crate::value::{ServerName, ServerNames};
use alloc::string::String;
use alloc::vec;
use core::net::Ipv4Addr;

/// A record of client 2, send 3 of exchange 1.
pub(super) fn record(host: HostId, what: What) -> Record {
    Record {
        at: Instant::from_millis(110),
        host,
        flow: NonZeroU32::new(2),
        packet: NonZeroU32::new(9),
        label: Label::new(1, 3),
        server: None,
        what,
    }
}

/// Records of lookups.
fn names() -> impl Iterator<Item = What> {
    let address = Some(Ipv4Addr::new(192, 0, 2, 1));
    let answered = NameStatus::ALL.map(|status| What::NameAnswered { status, addresses: 1 });
    let resolved = NameStatus::ALL.map(|status| What::NameResolved { status, address });
    let found = NameStatus::Found;
    let others = [
        What::NameAnswered { status: found, addresses: 2 },
        What::NameResolved { status: found, address: None },
        What::NameResolved { status: found, address: Some(Ipv4Addr::UNSPECIFIED) },
    ];
    answered.into_iter().chain(resolved).chain(others)
}

fn digest(records: &[Record]) -> Digest {
    let mut sink = DigestSink::default();
    records.iter().for_each(|record| sink.record(record));
    sink.digest()
}

/// Records of every kind, and for each field one that differs in that field alone.
fn whats() -> Vec<What> {
    use Direction::{Reply, Request};
    let (elapsed, longer) = (Duration::from_millis(3), Duration::from_millis(4));
    let resend = Timer::Resend;
    let (arrived, begun, why) = (Instant::ZERO, Instant::from_nanos(1), Stop::MaxSends);
    let mut whats = vec![
        What::Sent { direction: Request, bytes: 5 },
        What::Sent { direction: Reply, bytes: 5 },
        What::Sent { direction: Request, bytes: 6 },
        What::Delivered { direction: Request },
        What::Delivered { direction: Reply },
        What::Dropped { direction: Reply, cause: Cause::LinkLoss },
        What::Duplicated { direction: Request },
        What::Duplicated { direction: Reply },
        What::Damaged { direction: Request, bit: 0 },
        What::Damaged { direction: Reply, bit: 0 },
        What::Damaged { direction: Request, bit: 1 },
        What::Frame { step: FrameStep::Sent, direction: Request, carried: Carried::Udp, bytes: 5 },
        What::Frame { step: FrameStep::Sent, direction: Reply, carried: Carried::Udp, bytes: 5 },
        What::Frame { step: FrameStep::Sent, direction: Request, carried: Carried::Udp, bytes: 6 },
        What::TimerArmed { timer: resend, deadline: Instant::from_nanos(1) },
        What::Answered { sends: 1, answered_send: 1, elapsed },
        What::Answered { sends: 2, answered_send: 1, elapsed },
        What::Answered { sends: 2, answered_send: 2, elapsed },
        What::Answered { sends: 2, answered_send: 2, elapsed: longer },
        What::Failed,
        What::LateReply,
        What::Stranger,
        What::GaveUp { sends: 2, elapsed, why },
        What::GaveUp { sends: 2, elapsed: longer, why },
        What::Refused { sends: 1, elapsed },
        What::Refused { sends: 2, elapsed },
        What::Refused { sends: 2, elapsed: longer },
        What::Served { arrived, begun },
        What::Served { arrived: begun, begun },
        What::Served { arrived, begun: Instant::from_nanos(2) },
        What::Down { keeps_queue: false },
        What::Down { keeps_queue: true },
        What::Up,
        What::Written,
        What::Stale,
        What::Missing { count: 1 },
        What::Missing { count: 2 },
        What::Reordered,
        What::Repeated,
        What::Dead { silence: elapsed },
        What::Dead { silence: longer },
        What::Alive,
        What::Note { words: "a" },
        What::Note { words: "b" },
    ];
    whats
        .extend(Cause::ALL.iter().map(|cause| What::Dropped { direction: Request, cause: *cause }));
    whats.extend(by_hand(elapsed, longer));
    whats.extend(frames());
    whats.extend(connections());
    whats.extend(names());
    whats.extend(waits_and_ends(elapsed));
    whats
}

/// Records of what a person does.
fn by_hand(by: Duration, longer: Duration) -> [What; 5] {
    use Direction::{Reply, Request};
    [
        What::DelayedByHand { direction: Request, by },
        What::DelayedByHand { direction: Reply, by },
        What::DelayedByHand { direction: Request, by: longer },
        What::DuplicatedByHand { direction: Request },
        What::DuplicatedByHand { direction: Reply },
    ]
}

/// Records of everything that happens to connections.
fn connections() -> Vec<What> {
    let mut whats = vec![
        What::Connecting,
        What::Confirmed,
        What::Released,
        What::NotReleased,
        What::Accepted,
        What::Replied { bytes: 5 },
        What::Replied { bytes: 6 },
        What::Rejected,
    ];
    whats.extend(Failure::ALL.iter().map(|why| What::Broken { why: *why }));
    whats.extend(Limit::ALL.iter().map(|limit| What::Limited { limit: *limit }));
    whats
}

/// Records of everything that a frame may carry, and of everything that happens to one.
fn frames() -> Vec<What> {
    let (direction, bytes, step) = (Direction::Request, 42, FrameStep::Sent);
    let lost = Cause::ALL.iter().map(|cause| FrameStep::Lost(*cause));
    let steps = [FrameStep::Received, FrameStep::Duplicated, FrameStep::Damaged].into_iter();
    let carried = Carried::ALL.iter().map(|carried| (step, *carried));
    let happened = steps.chain(lost).map(|step| (step, Carried::Other));
    let frame = |(step, carried)| What::Frame { step, direction, carried, bytes };
    carried.chain(happened).map(frame).collect()
}

/// Records of every timer and of every reason to give up.
fn waits_and_ends(elapsed: Duration) -> Vec<What> {
    let (resend, deadline, mut whats) = (Timer::Resend, Instant::ZERO, Vec::new());
    for timer in [
        resend,
        Timer::GiveUp,
        Timer::Start,
        Timer::Timeout,
        Timer::Backoff,
        Timer::Hint,
        Timer::Limits,
        Timer::Think,
        Timer::Service,
        Timer::Outage,
        Timer::Recovery,
        Timer::Arrival,
        Timer::Other(&"probe"),
    ] {
        whats.extend([What::TimerArmed { timer, deadline }, What::TimerFired { timer }]);
    }
    for why in [
        Stop::MaxSends,
        Stop::GiveUpAbove,
        Stop::Deadline,
        Stop::Budget,
        Stop::Breaker,
        Stop::PushedBack,
        Stop::TooMany,
        Stop::NotRepeated,
        Stop::Unreadable,
    ] {
        whats.extend([
            What::GaveUp { sends: 0, elapsed, why },
            What::GaveUp { sends: 1, elapsed, why },
        ]);
    }
    whats
}

#[test]
fn the_list_of_this_test_has_every_record() {
    for name in What::NAMES {
        assert!(whats().iter().any(|what| what.name() == *name), "{name}");
    }
}

/// Every field of a record changes the digest.
#[test]
fn every_field_counts() {
    let base = record(HostId::Client, whats()[0]);
    let mut variants: Vec<Record> =
        whats().into_iter().map(|what| Record { what, ..base }).collect();
    variants.extend([
        Record { at: Instant::from_nanos(1_000_001), ..base },
        Record { flow: NonZeroU32::new(3), ..base },
        Record { flow: None, ..base },
        Record { host: HostId::Link, ..base },
        Record { host: HostId::SERVER, ..base },
        Record { host: HostId::Server(NonZeroU16::MAX), ..base },
        Record { packet: NonZeroU32::new(2), ..base },
        Record { packet: None, ..base },
        Record { label: None, ..base },
        Record { label: Label::new(1, 2), ..base },
        Record { label: Label::new(2, 3), ..base },
        Record { server: NonZeroU16::new(1), ..base },
        Record { server: NonZeroU16::new(2), ..base },
    ]);
    let mut digests: Vec<u64> = variants.iter().map(|r| digest(&[*r]).0).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), variants.len());
    assert!(!digests.contains(&0), "a record that does not count");
}

#[test]
fn the_order_of_records_does_not_count_but_their_number_does() {
    let [a, b] = [whats()[0], whats()[3]].map(|what| record(HostId::Client, what));
    let b = Record { flow: NonZeroU32::new(7), ..b };
    assert_eq!(digest(&[a, b]), digest(&[b, a]));
    assert_ne!(digest(&[a]), digest(&[a, a]));
    assert_ne!(digest(&[a, a]), digest(&[b, b]));
    assert_eq!(digest(&[a]) + digest(&[b]), digest(&[a, b]));
    let mut merged = digest(&[a, b]);
    merged.merge(digest(&[a]));
    assert_eq!(merged, digest(&[a, b, a]));
    assert_eq!(digest(&[]), Digest::default());
}

/// Records with swapped fields, or with swapped times and numbers, have different hashes.
#[test]
fn sums_of_hashes_do_not_cancel() {
    let base = record(HostId::Client, whats()[0]);
    let of = |at: u64, flow: u32| Record {
        at: Instant::from_nanos(at),
        flow: NonZeroU32::new(flow),
        ..base
    };
    // The same times and the same flows, in other pairs.
    assert_ne!(digest(&[of(1, 1), of(2, 2)]), digest(&[of(1, 2), of(2, 1)]));
    let mut sums: Vec<u64> = (0..1_000).map(|n| digest(&[of(n, 1), of(1_000 - n, 2)]).0).collect();
    sums.sort_unstable();
    sums.dedup();
    assert_eq!(sums.len(), 1_000);
}

/// Retry schedules are regular: the same things at the same times, at other clients, are another run.
/// (Sums of squares alone would not see all of these.)
#[test]
fn permutations_of_a_regular_schedule_differ() {
    let base = record(HostId::Client, whats()[0]);
    for step in [1, 1_000, 1 << 20, 100_000_000, 1 << 32] {
        let mut sums: Vec<u64> = permutations(&[0, 1, 2, 3, 4, 5, 6])
            .iter()
            .map(|order| {
                let records = order.iter().zip(1..).map(|(slot, flow)| Record {
                    at: Instant::from_nanos(slot * step),
                    flow: NonZeroU32::new(flow),
                    ..base
                });
                digest(&records.collect::<Vec<_>>()).0
            })
            .collect();
        sums.sort_unstable();
        sums.dedup();
        assert_eq!(sums.len(), 5_040, "7! schedules with steps of {step} ns");
    }
}

fn permutations(items: &[u64]) -> Vec<Vec<u64>> {
    let [first, rest @ ..] = items else { return vec![Vec::new()] };
    let shorter = permutations(rest);
    (0..items.len())
        .flat_map(|place| {
            shorter.iter().map(move |order| {
                let (before, after) = order.split_at(place);
                [before, &[*first], after].concat()
            })
        })
        .collect()
}

fn json(what: What) -> String {
    let mut out = String::new();
    write_json(&mut out, &record(HostId::Client, what)).unwrap();
    out
}

#[test]
fn records_are_valid_json_with_units_in_their_keys() {
    let more = [
        What::TimerFired { timer: Timer::Other(&"a \"quoted\" name") },
        What::Note { words: "with \"quotes\",\n\\ and a line" },
    ];
    for what in whats().into_iter().chain(more) {
        let text = json(what);
        let value: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(value["at_s"], 0.11);
        assert_eq!(value["event"], what.name());
        assert_eq!((&value["flow"], &value["exchange"]), (&2.into(), &1.into()));
    }
    assert_eq!(
        json(What::Answered { sends: 3, answered_send: 3, elapsed: Duration::from_millis(320) }),
        r#"{"at_s":0.11,"event":"answered","host":"client","flow":2,"exchange":1,"send":3,"packet":9,"sends":3,"answered_send":3,"elapsed_s":0.32}"#
    );
    let mut server = String::new();
    let up = Record { flow: None, packet: None, label: None, ..record(HostId::SERVER, What::Up) };
    write_json(&mut server, &up).unwrap();
    assert_eq!(server, r#"{"at_s":0.11,"event":"up","host":"server","server":1}"#);
}

/// Every record of every host has something to say, in every kind of run, known and unknown.
#[test]
fn every_record_has_words() {
    use words::{Known, Pattern, Setting, describe};
    let mut wording = 0;
    for host in [HostId::Client, HostId::Link, HostId::SERVER] {
        for what in whats() {
            for pattern in [
                Pattern::Closed,
                Pattern::Open,
                Pattern::Write,
                Pattern::Lookup,
                Pattern::Heartbeat,
            ] {
                for bits in 0u8..=255 {
                    let is = |bit: u8| bits >> bit & 1 == 1;
                    let servers = if is(7) { two_servers() } else { ServerNames::default() };
                    let (clients, exchanges, connections) = (is(0), is(1), is(2));
                    let setting =
                        Setting { clients, exchanges, pattern, connections, servers, works: is(3) };
                    let since = is(4).then_some(Instant::ZERO);
                    let other = NonZeroU32::new(2).filter(|_| is(6));
                    let known = Known { since, failure: is(2), prompt: is(3), other };
                    let label = if is(5) { Label::new(1, 3) } else { None };
                    let server = NonZeroU16::new(2).filter(|_| is(7));
                    let record = Record { label, server, ..record(host, what) };
                    let words = describe(&record, setting, known);
                    for text in
                        [words.sentence(), words.whole(), words.line(), words.note, words.brief]
                    {
                        assert_tidy(&text);
                        wording += 1;
                    }
                }
            }
        }
    }
    assert!(wording > 50_000);
}

fn two_servers() -> ServerNames {
    ServerNames::new(["first", "second"].map(|name| ServerName::parse(name).unwrap()))
}

/// Asserts that a text is not empty and has no dangling punctuation.
fn assert_tidy(text: &str) {
    assert!(!text.trim_end_matches('.').is_empty(), "{text:?}");
    for wrong in ["  ", " ,", " .", ",.", ":.", ";.", "..", ": :", "()", ", ,"] {
        assert!(!text.contains(wrong), "{wrong:?} in {text:?}");
    }
    assert!(!text.ends_with([' ', ',', ':', ';']) && !text.starts_with(' '), "{text:?}");
}

/// Runs keep millions of records: each should fit in a cache line.
#[test]
fn a_record_is_small() {
    assert!(size_of::<Record>() <= 64, "{}", size_of::<Record>());
}
