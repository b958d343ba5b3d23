//! Heartbeats in the simulated network: what the server reports is what the link did.

use retrylab_core::client::heartbeat::{self as beating, Client};
use retrylab_core::link::{Fault, FaultEffect, Link};
use retrylab_core::random::Direction;
use retrylab_core::scenario::Scenario;
use retrylab_core::server::heartbeat::{Config, Counts, Server};
use retrylab_core::sim::{Network, SERVER};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::words::{Known, Setting, describe};
use retrylab_core::trace::{HostId, Record, What};

const COUNT: u32 = 200;

/// Runs clients that send a heartbeat every 100 ms; the server declares them dead after 1 s.
fn run(clients: usize, link: Link, faults: Vec<Fault>) -> (Counts, Vec<Record>) {
    let config = beating::Config::new(SERVER, Duration::from_millis(100)).count(Some(COUNT));
    let clients = (0..clients).map(|_| Client::new(config.clone()));
    let server = Server::new(Config::new(Duration::from_secs(1)));
    let mut network =
        Network::new(clients, server, link, 7, Vec::<Record>::new()).with_faults(faults);
    while network.step().is_some() {}
    let counts = network.server().counts();
    (counts, network.into_sink())
}

/// Returns the link that these keys of a scenario describe.
fn link(pairs: &[(&str, &str)]) -> Link {
    let mut scenario = Scenario::default();
    scenario.apply(pairs.iter().copied()).unwrap();
    scenario.link.clone()
}

/// Numbers of heartbeats of a client that reach the server, in the order of their arrival.
fn arrivals(records: &[Record]) -> Vec<u32> {
    let arrived = What::Delivered { direction: Direction::Request };
    let arrived = records.iter().filter(|record| record.what == arrived);
    arrived.map(|record| record.label.unwrap().exchange.get()).collect()
}

#[test]
fn over_a_perfect_link_nothing_is_missing_and_silence_means_the_end() {
    let (counts, records) = run(3, link(&[]), Vec::new());
    assert_eq!((counts.received, counts.missing, counts.reordered), (600, 0, 0));
    assert_eq!((counts.repeated, counts.dead), (0, 3));
    let last = records.last().unwrap();
    // The last heartbeat leaves at 19.9 s, arrives 10 ms later, and is followed by 1 s of silence.
    assert_eq!(last.at.to_string(), "20.91");
    let silence = Duration::from_secs(1);
    assert_eq!((last.host, last.what), (HostId::SERVER, What::Dead { silence }));
    let setting = Setting { clients: true, ..Setting::default() };
    let sentence = describe(last, setting, Known::default()).sentence();
    assert_eq!(sentence, "The server declares client 3 dead after 1 s without a heartbeat.");
}

/// The counts follow from the arrivals: a second way to compute them.
#[test]
fn loss_reordering_and_duplicates_are_those_of_the_link() {
    let keys =
        [("link.loss", "0.2"), ("link.duplicate", "0.1"), ("link.latency", "uniform 0s 350ms")];
    let (counts, records) = run(1, link(&keys), Vec::new());
    let arrivals = arrivals(&records);
    let (mut seen, mut late, mut repeated, mut newest) = (vec![arrivals[0]], 0, 0, arrivals[0]);
    for seq in &arrivals[1..] {
        if seen.contains(seq) {
            repeated += 1;
            continue;
        }
        seen.push(*seq);
        late += u64::from(*seq < newest);
        newest = newest.max(*seq);
    }
    let missing = (arrivals[0]..=newest).filter(|seq| !seen.contains(seq)).count() as u64;
    assert!(missing > 10 && late > 10 && repeated > 5, "{missing} {late} {repeated}");
    assert_eq!((counts.received, counts.missing), (seen.len() as u64, missing));
    assert_eq!((counts.reordered, counts.repeated), (late, repeated));
    let reported =
        |what: fn(&What) -> bool| records.iter().filter(|r| what(&r.what)).count() as u64;
    assert_eq!(reported(|what| matches!(what, What::Reordered)), late);
    assert_eq!(reported(|what| matches!(what, What::Repeated)), repeated);
}

/// A partition of three seconds looks like a death, and the end of the run like another one.
#[test]
fn a_partition_looks_like_a_death_until_the_client_returns() {
    let (from, until) = (Instant::from_millis(5_000), Instant::from_millis(8_000));
    let partition = Fault { from, until, effect: FaultEffect::Partition(None) };
    let (counts, records) = run(1, link(&[]), vec![partition]);
    let reported: Vec<(String, What)> = records
        .iter()
        .filter(|r| matches!(r.what, What::Dead { .. } | What::Alive | What::Missing { .. }))
        .map(|record| (record.at.to_string(), record.what))
        .collect();
    let dead = What::Dead { silence: Duration::from_secs(1) };
    let expected = [
        ("5.91".to_string(), dead),
        ("8.01".to_string(), What::Alive),
        ("8.01".to_string(), What::Missing { count: 30 }),
        ("20.91".to_string(), dead),
    ];
    assert_eq!(reported, expected);
    assert_eq!((counts.missing, counts.dead), (30, 2));
}

/// The scenario `udp-heartbeat`, whose comment makes these claims.
#[test]
fn a_scenario_has_heartbeats_and_the_server_declares_clients_dead() {
    let scenario = of_scenario(&[("faults", "5500ms 5s partition")]);
    let outcome = retrylab_core::sim::run(&scenario, Vec::<Record>::new());
    let said = |record: &Record| {
        let what = matches!(record.what, What::Missing { .. } | What::Dead { .. } | What::Alive);
        let millis = record.at.as_nanos() / 1_000_000;
        what.then(|| (millis, record.what, record.label.unwrap().exchange.get()))
    };
    let dead = What::Dead { silence: Duration::from_secs(3) };
    let expected = [
        (8_010, dead, 6),
        (11_010, What::Alive, 12),
        (11_010, What::Missing { count: 5 }, 12),
        (22_010, dead, 20),
    ];
    assert_eq!(outcome.sink.iter().filter_map(said).collect::<Vec<_>>(), expected);
    assert_eq!((outcome.summary.sends, outcome.summary.lost), (20, 5));
    assert_eq!((outcome.summary.finished(), outcome.summary.replies), (0, 0));
    assert_eq!(outcome.simulated, Instant::from_millis(22_010));

    let patient = of_scenario(&[("faults", "5500ms 5s partition"), ("workload.dead_after", "10s")]);
    let records = retrylab_core::sim::run(&patient, Vec::<Record>::new()).sink;
    let deaths = records.iter().filter(|record| matches!(record.what, What::Dead { .. }));
    assert_eq!(deaths.map(|record| record.at).collect::<Vec<_>>(), [Instant::from_millis(29_010)]);
}

fn of_scenario(pairs: &[(&str, &str)]) -> Scenario {
    let mut scenario = Scenario::default();
    let task = [("workload.task", "heartbeat"), ("exchanges", "20")];
    scenario.apply(task.into_iter().chain(pairs.iter().copied())).unwrap();
    scenario
}

#[test]
fn what_is_said_is_about_heartbeats() {
    let scenario = of_scenario(&[("clients", "2"), ("faults", "5500ms 5s partition")]);
    let records = retrylab_core::sim::run(&scenario, Vec::<Record>::new()).sink;
    let mut narrator = retrylab_core::trace::words::Narrator::new(scenario.setting());
    let said: Vec<String> =
        records.iter().map(|record| narrator.describe(record).sentence()).collect();
    for sentence in [
        "Client 2 sends heartbeat 1.",
        "Client 2 waits 1 s before its next heartbeat.",
        "Heartbeat 1 of client 1 arrives.",
        "The server allows another 3 s of silence.",
        "Heartbeat 7 of client 1 is lost: the link is cut.",
        "The server declares client 1 dead after 3 s without a heartbeat.",
        "Client 1 is alive again.",
        "Heartbeat 12 of client 1 shows that 5 heartbeats before it are missing.",
    ] {
        assert!(said.iter().any(|said| said == sentence), "{sentence}\n{}", said.join("\n"));
    }
    assert!(!said.iter().any(|said| said.contains("request") || said.contains("reply")));
}

#[test]
fn contradictions_with_heartbeats_are_refused() {
    for (pairs, sentence) in [
        (
            &[("workload.interval", "1s")][..],
            "workload.interval is \"1s\"; without workload.task=heartbeat it must be none, because only",
        ),
        (
            &[("workload.dead_after", "1s")],
            "workload.dead_after is \"1s\"; without workload.task=heartbeat",
        ),
        (
            &[("workload.task", "heartbeat"), ("workload.interval", "0s")],
            "workload.interval is \"0s\"; it must be longer than 0s",
        ),
        (
            &[("workload.task", "heartbeat"), ("workload.think", "1s")],
            "workload.think is \"1s\"; with workload.task=heartbeat it must be none",
        ),
        (
            &[("workload.task", "heartbeat"), ("workload.arrivals", "poisson 1")],
            "workload.arrivals is \"poisson 1\"; with workload.task=heartbeat it must be closed",
        ),
        (
            &[("workload.task", "heartbeat"), ("message", "x")],
            "message is \"x\"; with workload.task=heartbeat it must be hello, because a heartbeat has a text of",
        ),
        (
            &[("workload.task", "heartbeat"), ("policy.max_sends", "3")],
            "policy.max_sends is \"3\"; with workload.task=heartbeat it must be none",
        ),
        (
            &[("workload.task", "heartbeat"), ("server.drop", "0.5")],
            "server.drop is \"0.5\"; with workload.task=heartbeat it must be 0",
        ),
        (
            &[("workload.task", "heartbeat"), ("faults", "1s 1s server-down")],
            "faults has a fault \"1s 1s server-down\"; with workload.task=heartbeat there must be faults of the",
        ),
        (
            &[("workload.task", "heartbeat"), ("servers", "a=192.0.2.1:1,b=192.0.2.2:1")],
            "servers is \"a=192.0.2.1:1,b=192.0.2.2:1\"; with workload.task=heartbeat it must be one server",
        ),
        (
            &[("workload.task", "heartbeat"), ("protocol", "dns")],
            "workload.task is \"heartbeat\"; with protocol=dns it must be ask",
        ),
    ] {
        let error = Scenario::default().apply(pairs.iter().copied()).unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{error}");
    }
}
