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
