//! Scenarios over connections: their keys, records, bounds and results.

use crate::packets::Capture;
use retrylab_core::scenario::{Scenario, Shipped};
use retrylab_core::sim::{Bounds, EndedBy, run, run_within};
use retrylab_core::time::Duration;
use retrylab_core::trace::words::Narrator;
use retrylab_core::trace::{Carried, Failure, FrameStep, HostId, Record, What};

/// Returns the default scenario over TCP with this fragment.
fn tcp(fragment: &str) -> Scenario {
    let (scenario, errors) =
        Scenario::from_fragment(&format!("network=packets&protocol=tcp&{fragment}"));
    assert_eq!(errors, [], "{fragment}");
    scenario
}

pub(crate) fn records(scenario: &Scenario) -> Vec<Record> {
    run(scenario, Vec::new()).sink
}

fn shipped(name: &str) -> Scenario {
    let toml = Shipped::find(name).unwrap().toml;
    // The core reads no TOML; these files have simple values only.
    let (mut group, mut pairs) = (String::new(), Vec::new());
    for line in toml.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        match line.strip_prefix('[') {
            Some(name) => group = format!("{}.", name.trim_end_matches(']')),
            None => {
                let (key, value) = line.split_once(" = ").unwrap();
                pairs.push((format!("{group}{key}"), value.trim_matches('"').to_string()));
            }
        }
    }
    let mut scenario = Scenario::default();
    scenario.apply(pairs).unwrap();
    scenario
}

/// Returns what endpoints do, with the time in milliseconds.
fn story(scenario: &Scenario) -> Vec<(u64, String)> {
    let mut narrator = Narrator::new(scenario.setting());
    let records = records(scenario);
    let lines = records.iter().map(|record| {
        let is_event = !matches!(
            record.what,
            What::Frame { .. } | What::TimerArmed { .. } | What::TimerFired { .. }
        );
        let at = record.at.as_nanos() / 1_000_000;
        (is_event, (at, narrator.describe(record).sentence()))
    });
    lines.filter(|(is_event, _)| *is_event).map(|(_, lines)| lines).collect()
}

/// Returns when hosts send frames of a kind, in milliseconds.
fn sent(records: &[Record], host: HostId, kind: Carried) -> Vec<u64> {
    let of_kind = |what| matches!(what, What::Frame { step: FrameStep::Sent, carried, .. } if carried == kind);
    let all = records.iter().filter(|record| record.host == host && of_kind(record.what));
    all.map(|record| record.at.as_nanos() / 1_000_000).collect()
}

#[test]
fn tcp_connect_opens_uses_and_releases_a_connection() {
    let lines = story(&shipped("tcp-connect"));
    let lines: Vec<(u64, &str)> = lines.iter().map(|(at, lines)| (*at, lines.as_str())).collect();
    assert_eq!(
        lines,
        [
            (0, "The client asks for a connection."),
            (20, "The connection is open (send 1), and the client sends its request."),
            (30, "The server accepts the connection (send 1)."),
            (30, "The server answers send 1."),
            (40, "Answered after 40 ms and 1 send."),
            (40, "The client releases the connection (send 1): both directions are closed."),
            (60, "The server releases the connection (send 1): both directions are closed."),
        ]
    );
}

#[test]
fn tcp_lost_syn_is_sent_again_by_tcp() {
    let mut scenario = shipped("tcp-lost-syn");
    for (lost, syns, answered) in
        [("first 1", vec![0, 1_000], 1_040), ("first 2", vec![0, 1_000, 3_000], 3_040)]
    {
        scenario.apply([("link.loss", lost)]).unwrap();
        let records = records(&scenario);
        assert_eq!(sent(&records, HostId::Client, Carried::TcpSyn), syns);
        let asked = records.iter().filter(|record| record.what == What::Connecting).count();
        assert_eq!(asked, 1, "the client asks once");
        let answer = records.iter().find(|r| matches!(r.what, What::Answered { .. })).unwrap();
        assert_eq!(answer.at.as_nanos() / 1_000_000, answered);
    }
}

#[test]
fn tcp_reset_is_known_after_one_round_trip() {
    let lines = story(&shipped("tcp-reset"));
    let refused: Vec<u64> =
        lines.iter().filter(|(_, lines)| lines.contains("is refused")).map(|(at, _)| *at).collect();
    assert_eq!(refused, [20, 120], "{lines:?}");
    let (at, last) = lines.last().unwrap();
    assert!(
        *at == 120 && last.starts_with("The client gives up after 120 ms and 2 sends"),
        "{last}"
    );
}

#[test]
fn tcp_silence_ends_when_the_policy_says_so() {
    let mut scenario = shipped("tcp-silence");
    let records = run(&scenario, Vec::new());
    assert_eq!(
        sent(&records.sink, HostId::Client, Carried::TcpSyn),
        [0, 1_000, 3_000, 4_000],
        "each attempt sends its SYN again"
    );
    let timed_out = What::Broken { why: Failure::TimedOut };
    let at = records.sink.iter().filter(|r| r.what == timed_out).map(|r| r.at.as_nanos());
    assert_eq!(at.collect::<Vec<_>>(), [3_000_000_000]);
    let lines = story(&scenario);
    let end = lines.iter().find(|(_, lines)| lines.contains("gives up after")).unwrap();
    assert_eq!(end.0, 6_000, "{lines:?}");
    assert_eq!(records.summary.gave_up, 1);
    // The server comes back: the SYN of 4 s arrives.
    scenario.apply([("faults", "0s 4s server-down")]).unwrap();
    let lines = story(&scenario);
    assert!(
        lines.iter().any(|(at, lines)| *at == 4_040 && lines.starts_with("Answered")),
        "{lines:?}"
    );
}

#[test]
fn http_exchange_is_one_request_and_one_response() {
    let mut scenario = shipped("http-exchange");
    let lines = story(&scenario);
    assert!(
        lines.iter().any(|(at, lines)| *at == 40 && lines.starts_with("Answered")),
        "{lines:?}"
    );
    assert_eq!(
        lines.iter().filter(|(_, lines)| lines.contains("releases")).count(),
        2,
        "{lines:?}"
    );
    scenario
        .apply([("server.fail", "1"), ("server.hint", "2s"), ("policy.hint", "exact")])
        .unwrap();
    let asked: Vec<u64> = story(&scenario)
        .iter()
        .filter(|(_, lines)| lines.contains("asks for"))
        .map(|(at, _)| *at)
        .collect();
    assert_eq!(asked, [0, 2_040, 4_080], "Retry-After is followed");
}

/// Every key either has its default, or is refused with both keys named, or is supported.
#[test]
fn what_connections_cannot_have_is_refused() {
    for (protocol, key, value) in [
        ("tcp", "connected", "false"),
        ("http", "token", "true"),
        ("tcp", "workload.task", "write"),
        ("http", "server.service", "1ms"),
        ("tcp", "server.rising", "1ms"),
        ("tcp", "server.workers", "2"),
        ("tcp", "server.queue", "2"),
        ("http", "server.order", "lifo"),
        ("tcp", "server.expire", "1s"),
        ("tcp", "server.overflow", "fail"),
        ("tcp", "faults", "1s 1s slow 3"),
        ("http", "message", "a b"),
        ("http", "message", "a#b"),
        ("http", "message", "{seq}"),
        ("http", "message", "é"),
        ("http", "server.hint", "1500ms"),
    ] {
        let mut scenario = Scenario::default();
        let pairs = [("network", "packets"), ("protocol", protocol)];
        scenario.apply(pairs).unwrap();
        let error = scenario.apply([(key, value)]).unwrap_err();
        assert_eq!(error.key(), key);
        let sentence = error.to_string();
        assert!(sentence.starts_with(key), "{sentence}");
        assert!(sentence.contains(&format!("with protocol={protocol} ")), "{sentence}");
    }
    let mut scenario = Scenario::default();
    let error = scenario.apply([("protocol", "tcp")]).unwrap_err().to_string();
    assert_eq!(
        error,
        "protocol is \"tcp\"; with network=datagrams it must be udp, because connections need the TCP/IP stacks of \
         network=packets"
    );
    let open = [("token", "true"), ("server.reply", "mirror"), ("workload.arrivals", "poisson 9")];
    scenario.apply(open).unwrap();
    let error = scenario.apply([("network", "packets"), ("protocol", "tcp"), ("token", "false")]);
    assert!(error.is_err());
}

/// The time is that at which the client asks for the connection; a reply that mirrors it is accepted.
#[test]
fn a_message_over_a_connection_has_the_time_of_its_send() {
    let mut scenario = tcp("exchanges=2&server.reply=mirror&workload.think=1s&server.drop_first=1");
    scenario.apply([("message", "{seq} at {time}")]).unwrap();
    let capture = run(&scenario, Capture::default()).sink;
    let sent = capture.frames.iter().filter_map(|frame| match frame.record.what {
        What::Frame { step: FrameStep::Sent, carried: Carried::TcpData, .. }
            if frame.record.host == HostId::Client =>
        {
            Some(String::from_utf8_lossy(&frame.bytes[54..]).into_owned())
        }
        _ => None,
    });
    assert_eq!(sent.collect::<Vec<_>>(), ["1 at 0", "1 at 0.1", "2 at 1.14"]);
    let answered = capture.records.iter().filter(|r| matches!(r.what, What::Answered { .. }));
    assert_eq!(answered.count(), 2);
}

#[test]
fn the_same_scenario_gives_the_same_run() {
    for (protocol, fragment) in [
        (
            "tcp",
            "clients=5&exchanges=4&link.loss=0.1&server.drop=0.2&server.fail=0.2&workload.think=10ms",
        ),
        ("http", "clients=3&exchanges=4&link.latency=uniform+1ms+60ms&policy.jitter=full"),
        ("tcp", "exchanges=9&faults=100ms+200ms+server-down;+1s+1s+loss+0.3&server.reply=upper"),
    ] {
        let mut scenario = tcp(fragment);
        scenario.apply([("protocol", protocol)]).unwrap();
        let (one, two) = (run(&scenario, ()), run(&scenario, ()));
        assert_eq!((one.digest, one.summary, one.events), (two.digest, two.summary, two.events));
        let mut other = scenario.clone();
        other.seed += 1;
        assert_ne!(run(&other, ()).digest, one.digest);
        assert_eq!(one.summary.finished(), scenario.total().unwrap(), "{fragment}");
    }
}

#[test]
fn bounds_end_a_run_over_connections() {
    let scenario = tcp("clients=20&exchanges=1000");
    let within = |bounds| run_within(&scenario, (), bounds);
    let few = within(Bounds::default().with_events(500));
    assert_eq!((few.ended_by, few.events), (EndedBy::Events, 500));
    let short = within(Bounds::default().with_time(Duration::from_secs(1)));
    assert_eq!(short.ended_by, EndedBy::Time);
    // Neither the clients nor their stacks are created.
    let many = tcp("clients=1000000");
    let none = run_within(&many, (), Bounds::default().with_memory(1 << 30));
    assert_eq!((none.ended_by, none.events), (EndedBy::Memory, 0));
    // Sockets that wait for late segments take memory.
    let tight = within(Bounds::default().with_memory(4 << 20));
    assert_eq!(tight.ended_by, EndedBy::Memory);
    assert!(tight.events > 0);
}

/// A server that loses its connections answers later segments with a reset; one that keeps them continues.
#[test]
fn an_outage_loses_or_keeps_connections() {
    let patient = "policy.initial_timeout=60s&policy.give_up_above=none&policy.max_sends=2";
    for (keep, whys) in [("", vec![Failure::Reset]), ("+keep", vec![])] {
        // The outage begins when the connection is open and its request is on the way.
        let scenario = tcp(&format!("{patient}&faults=29ms+500ms+server-down{keep}"));
        let records = records(&scenario);
        let broken: Vec<Failure> = records
            .iter()
            .filter(|record| record.host == HostId::Client)
            .filter_map(|record| match record.what {
                What::Broken { why } => Some(why),
                _ => None,
            })
            .collect();
        assert_eq!(broken, whys, "{keep}: {:?}", story(&scenario));
        assert!(records.iter().any(|record| matches!(record.what, What::Answered { .. })));
    }
}

/// Frames of a connection name the send that it is for.
#[test]
fn frames_have_the_label_of_their_connection() {
    let scenario = tcp("clients=2&exchanges=3&link.loss=0.05&policy.initial_timeout=2s");
    let records = records(&scenario);
    let segments: Vec<&Record> = records
        .iter()
        .filter(|r| matches!(r.what, What::Frame { carried, .. } if carried.is_tcp()))
        .collect();
    assert!(segments.len() > 50);
    assert!(segments.iter().all(|record| record.flow.is_some() && record.label.is_some()));
    let syns = segments.iter().filter(|record| {
        matches!(record.what, What::Frame { step: FrameStep::Sent, carried: Carried::TcpSyn, .. })
    });
    for syn in syns {
        let asked = records
            .iter()
            .find(|r| r.what == What::Connecting && r.label == syn.label && r.flow == syn.flow);
        assert!(asked.is_some_and(|asked| asked.at <= syn.at), "{syn:?}");
    }
}

/// The router asks for the server's address again when a segment of the server is due: that one is not lost.
#[test]
fn a_segment_that_leaves_with_an_arp_reply_arrives() {
    let patient = "policy.initial_timeout=1000s&policy.give_up_above=none&policy.max_sends=1";
    let scenario = tcp(&format!("{patient}&link.latency=20s"));
    let outcome = run(&scenario, Vec::<Record>::new());
    assert_eq!((outcome.summary.answered, outcome.summary.lost), (1, 0));
    let strays = outcome.sink.iter().filter(|record| match record.what {
        What::Frame { carried, .. } => carried.is_tcp() && record.flow.is_none(),
        _ => false,
    });
    assert_eq!(strays.count(), 0);
}
