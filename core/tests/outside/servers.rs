//! Scenarios with several servers: who is asked when, which one is down, and what is said about it.

use crate::protocols::records;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{EndedBy, Outcome, run};
use retrylab_core::trace::words::Narrator;
use retrylab_core::trace::{Cause, Direction, HostId, Ladder, Record, What, write_json};

const TWO: &str = "servers=first=192.0.2.1:1060,second=192.0.2.2:1060";

fn scenario(keys: &[&str]) -> Scenario {
    let mut scenario = Scenario::default();
    let pairs = keys.iter().map(|pair| pair.split_once('=').unwrap());
    scenario.apply(pairs).unwrap();
    scenario
}

/// Returns the server of each request, and when it was sent in milliseconds.
fn asked(records: &[Record]) -> Vec<(u16, u64)> {
    let request =
        |record: &&Record| matches!(record.what, What::Sent { direction: Direction::Request, .. });
    let sent = records.iter().filter(request);
    sent.map(|record| (record.server().unwrap(), record.at.as_nanos() / 1_000_000)).collect()
}

#[test]
fn each_further_send_goes_to_the_next_server() {
    let three = "servers=a=192.0.2.1:1060,b=192.0.2.2:1060,c=198.51.100.7:7";
    let silent = scenario(&[three, "server.drop=1"]);
    assert_eq!(asked(&records(&silent)), [(1, 0), (2, 100), (3, 300), (1, 700), (2, 1_500)]);
    // Each server drops what reaches it, and says so itself.
    let dropped: Vec<HostId> = records(&silent)
        .iter()
        .filter(|record| matches!(record.what, What::Dropped { .. }))
        .map(|record| record.host)
        .collect();
    let numbers: Vec<u16> = dropped.iter().map(|host| host.server().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 1, 2]);
}

#[test]
fn the_next_exchange_begins_with_the_server_that_replied() {
    let down = scenario(&[TWO, "exchanges=3", "faults=0s 1h server-down at first"]);
    let records = records(&down);
    assert_eq!(asked(&records), [(1, 0), (2, 100), (2, 120), (2, 140)]);
    let lost = records.iter().find(|record| matches!(record.what, What::Dropped { .. })).unwrap();
    assert_eq!(
        lost.what,
        What::Dropped { direction: Direction::Request, cause: Cause::ServerDown }
    );
    assert_eq!(lost.host, HostId::SERVER);
    // Only one of the servers goes down.
    let downs = records.iter().filter(|record| matches!(record.what, What::Down { .. }));
    assert_eq!(downs.map(|record| record.host).collect::<Vec<_>>(), [HostId::SERVER]);
    let summary = run(&down, ()).summary;
    assert_eq!((summary.answered, summary.sends, summary.server_dropped), (3, 4, 1));
}

#[test]
fn every_server_draws_for_itself_and_works_for_itself() {
    let half = scenario(&[TWO, "clients=400", "server.drop=0.5", "policy.max_sends=2"]);
    let dropped = |number: u16| {
        let by = |record: &&Record| {
            record.host.server() == Some(number) && matches!(record.what, What::Dropped { .. })
        };
        records(&half).iter().filter(by).count()
    };
    // Of 400 first sends about 200 are dropped, of 200 second ones about 100.
    assert!((160..240).contains(&dropped(1)) && (70..130).contains(&dropped(2)));

    // Two requests at once: each server has its own worker.
    let busy = scenario(&[TWO, "server.service=50ms", "policy.initial_timeout=10ms"]);
    let served: Vec<(u16, u64)> = records(&busy)
        .iter()
        .filter(|record| matches!(record.what, What::Served { .. }))
        .map(|record| (record.server().unwrap(), record.at.as_nanos() / 1_000_000))
        .collect();
    assert_eq!(served[..2], [(1, 60), (2, 70)]);
}

#[test]
fn a_single_server_may_have_another_name_and_address() {
    let elsewhere = scenario(&["servers=echo=203.0.113.9:7", "server.drop_first=1", "exchanges=2"]);
    let usual = scenario(&["server.drop_first=1", "exchanges=2"]);
    let [elsewhere, usual] =
        [elsewhere, usual].map(|scenario| run(&scenario, Vec::<Record>::new()));
    assert_eq!(elsewhere.digest, usual.digest);
    assert_eq!(elsewhere.sink, usual.sink);
}

#[test]
fn what_is_said_names_the_server() {
    let down = scenario(&[TWO, "exchanges=2", "faults=0s 1h server-down at first"]);
    let records = records(&down);
    let mut narrator = Narrator::new(down.setting());
    let said: Vec<String> =
        records.iter().map(|record| narrator.describe(record).sentence()).collect();
    for sentence in [
        "Server “first” goes down and loses its queue.",
        "The client sends its request to server “first”.",
        "The request to server “first” arrives (send 1 of exchange 1).",
        "Server “first” is down and loses it.",
        "The client sends its request again to server “second” (send 2).",
        "The request to server “second” arrives (send 2 of exchange 1).",
        "Server “second” replies.",
        "The reply of server “second” to send 2 of exchange 1 arrives.",
        "The client begins exchange 2 with a request to server “second”.",
    ] {
        assert!(said.iter().any(|said| said == sentence), "{sentence}\n{}", said.join("\n"));
    }
    let mut ladder = Ladder::new(down.setting());
    let lines: Vec<String> = records.iter().map(|record| ladder.line(record)).collect();
    let shown = lines.join("\n");
    for part in
        ["#1 send 2 to second, 5 bytes", "second: #1 request arrives", "reply of second arrives"]
    {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    let mut json = String::new();
    write_json(&mut json, records.iter().rfind(|record| record.host == HostId::Client).unwrap())
        .unwrap();
    assert!(json.contains(r#""host":"client","server":2"#), "{json}");
}

#[test]
fn several_servers_survive_a_link() {
    let down = scenario(&[TWO, "faults=0s 1h server-down at first; 1s 1s slow 2 at second"]);
    let fragment = down.to_fragment();
    assert_eq!(
        fragment,
        "servers=first%3D192.0.2.1%3A1060,second%3D192.0.2.2%3A1060&\
         faults=0s+1h+server-down+at+first%3B+1s+1s+slow+2+at+second"
    );
    assert_eq!(Scenario::from_fragment(&fragment), (down, Vec::new()));
}

/// Many events, other servers' timers included, within one event queue that is tidied.
#[test]
fn long_runs_end_and_repeat() {
    let busy = scenario(&[
        TWO,
        "clients=200",
        "exchanges=50",
        "server.service=exponential 300us",
        "server.drop=0.3",
        "link.latency=exponential 20ms",
        "link.duplicate=0.1",
        "policy.initial_timeout=30ms",
        "faults=1s 1s server-down at second; 2s 1s slow 3",
    ]);
    let [first, again]: [Outcome<()>; 2] = [run(&busy, ()), run(&busy, ())];
    assert_eq!((first.ended_by, first.summary.finished()), (EndedBy::Finished, 10_000));
    assert_eq!(first.digest, again.digest);
}
