//! Scenarios in which clients look up a name.

use crate::protocols::records;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{Outcome, run};
use retrylab_core::trace::words::Narrator;
use retrylab_core::trace::{Direction, NameStatus, Record, What};
use std::fmt::Write;
use std::net::Ipv4Addr;

const TWO: &str = "servers=first=192.0.2.1:53,second=192.0.2.2:53";
const THREE: &str = "servers=first=192.0.2.1:53,second=192.0.2.2:53,third=192.0.2.3:53";

fn lookup(keys: &[&str]) -> Scenario {
    let mut scenario = Scenario::default();
    let keys = ["protocol=dns"].iter().chain(keys);
    scenario.apply(keys.map(|pair| pair.split_once('=').unwrap())).unwrap();
    scenario
}

/// Returns the server of each question, and when it was sent in seconds.
fn asked(scenario: &Scenario) -> Vec<(u16, u64)> {
    let sent =
        |record: &&Record| matches!(record.what, What::Sent { direction: Direction::Request, .. });
    records(scenario)
        .iter()
        .filter(sent)
        .map(|record| (record.server().unwrap_or(1), record.at.as_nanos() / 1_000_000_000))
        .collect()
}

/// Returns the results that clients report.
fn results(scenario: &Scenario) -> Vec<(NameStatus, Option<Ipv4Addr>)> {
    let result = |record: &Record| match record.what {
        What::NameResolved { status, address } => Some((status, address)),
        _ => None,
    };
    records(scenario).iter().filter_map(result).collect()
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lookups.txt");

/// The digests that every build must produce, as in `digests.rs`. The page's first module has no DNS, so
/// `cargo xtask bench` checks them in wasm.
#[test]
fn the_golden_digests_of_lookups_hold() {
    let mut lines = String::from(
        "# A link's fragment and its digest; see outside/lookups.rs. Written by UPDATE_DIGESTS=1.\n",
    );
    let scenarios: [&[&str]; 5] = [
        &[],
        &[TWO, "faults=0s 7s server-down at first", "message=www.example"],
        &[THREE, "clients=20", "link.loss=0.4", "dns.options=timeout:1 rotate", "server.drop=0.2"],
        &[
            TWO,
            "clients=20",
            "dns.options=policy",
            "policy.preset=coap",
            "link.loss=0.4",
            "server.service=10ms",
        ],
        &["clients=50", "link.corrupt=0.5", "link.checksum=false", "link.duplicate=0.2"],
    ];
    for keys in scenarios {
        for seed in [1, 2, u64::MAX / 11] {
            let mut scenario = lookup(keys);
            scenario.seed = seed;
            let digest = run(&scenario, ()).digest;
            writeln!(lines, "{} {digest}", scenario.to_fragment()).unwrap();
        }
    }
    if std::env::var_os("UPDATE_DIGESTS").is_some() {
        std::fs::write(GOLDEN, &lines).unwrap();
    }
    assert_eq!(std::fs::read_to_string(GOLDEN).unwrap_or_default(), lines);
}

#[test]
fn a_name_is_looked_up_at_the_first_server() {
    let plain = lookup(&[]);
    let address = Some(Ipv4Addr::new(192, 0, 2, 80));
    assert_eq!(results(&plain), [(NameStatus::Found, address)]);
    let Outcome { summary, simulated, .. } = run(&plain, ());
    assert_eq!((summary.answered, summary.sends, summary.replies), (1, 1, 1));
    assert_eq!(simulated.to_string(), "0.02", "there and back");
    assert_eq!(asked(&plain), [(1, 0)]);

    let spelled = lookup(&["message=WWW.Example", "dns.records=www.example=192.0.2.9,b=192.0.2.8"]);
    assert_eq!(results(&spelled), [(NameStatus::Found, Some(Ipv4Addr::new(192, 0, 2, 9)))]);
}

#[test]
fn a_name_that_does_not_exist_is_an_answer() {
    for (records, status) in [
        ("none", NameStatus::NoSuchName),
        ("www.example=192.0.2.9", NameStatus::NoSuchName),
        // A name exists if one below it does.
        ("www.hello=192.0.2.9", NameStatus::NoAddress),
    ] {
        let scenario = lookup(&[TWO, &format!("dns.records={records}")]);
        assert_eq!(results(&scenario), [(status, None)], "{records}");
        assert_eq!(asked(&scenario), [(1, 0)], "no other server is asked");
    }
}

/// The numbers of glibc, from `core/src/name/options.rs`.
#[test]
fn silent_servers_are_asked_in_turn_at_the_times_of_resolv_conf() {
    let silent = "server.drop=1";
    assert_eq!(asked(&lookup(&[silent])), [(1, 0), (1, 5)]);
    assert_eq!(asked(&lookup(&[TWO, silent])), [(1, 0), (2, 5), (1, 10), (2, 15)]);
    let three = lookup(&[THREE, silent]);
    assert_eq!(asked(&three), [(1, 0), (2, 5), (3, 8), (1, 14), (2, 19), (3, 22)]);
    let Outcome { summary, simulated, .. } = run(&three, ());
    assert_eq!((summary.gave_up, simulated.to_string().as_str()), (1, "28"));
    let quick = lookup(&[TWO, silent, "dns.options=timeout:1 attempts:1"]);
    assert_eq!(asked(&quick), [(1, 0), (2, 1)]);
}

#[test]
fn a_policy_may_decide_instead() {
    let policy = lookup(&[
        TWO,
        "server.drop=1",
        "dns.options=policy",
        "policy.preset=coap",
        "policy.jitter=none",
    ]);
    assert_eq!(asked(&policy), [(1, 0), (2, 2), (1, 6), (2, 14), (1, 30)]);
}

#[test]
fn rotation_spreads_the_first_question() {
    let rotate = lookup(&[THREE, "clients=300", "dns.options=rotate"]);
    let first = |number: u16| asked(&rotate).iter().filter(|(server, _)| *server == number).count();
    assert!((1..=3).all(|number| (70..130).contains(&first(number))));
    assert_eq!(run(&rotate, ()).summary.answered, 300);
}

/// Queries wait for the server as requests of other protocols do.
#[test]
fn a_name_server_may_take_time_and_drop_queries() {
    let busy = lookup(&["clients=5", "server.service=1s", "server.queue=2"]);
    let Outcome { summary, .. } = run(&busy, ());
    // Three are answered after 1, 2 and 3 s; two find the queue full, and are answered when they repeat them after 5 s.
    assert_eq!((summary.answered, summary.server_dropped, summary.sends), (5, 2, 7));
    let dropped = lookup(&["server.drop_first=1"]);
    assert_eq!(asked(&dropped), [(1, 0), (1, 5)]);
    assert_eq!(run(&dropped, ()).summary.answered, 1);
}

/// A damaged query asks for another name, or cannot be read; a damaged reply belongs to no query.
#[test]
fn damaged_messages_end_in_records() {
    let damaged = lookup(&[TWO, "clients=2000", "link.corrupt=0.3", "link.checksum=false"]);
    let outcome = run(&damaged, Vec::<Record>::new());
    let names =
        |name: &str| outcome.sink.iter().filter(|record| record.what.name() == name).count();
    assert_eq!(outcome.summary.finished(), 2_000);
    assert!(outcome.summary.answered > 1_800, "{:?}", outcome.summary);
    assert!(names("failed") > 0 && names("note") > 0);
    let unanswered = outcome.sink.iter().filter(|record| {
        matches!(record.what, What::NameAnswered { status: NameStatus::NotAnswered, .. })
    });
    assert!(unanswered.count() > 0);
}

#[test]
fn lookups_in_a_network_of_packets_are_the_same() {
    let datagrams = lookup(&["clients=20", "link.loss=0.3", "connected=false"]);
    let packets = lookup(&["clients=20", "link.loss=0.3", "connected=false", "network=packets"]);
    assert_eq!(results(&datagrams), results(&packets));
    let [datagrams, packets] = [datagrams, packets].map(|scenario| run(&scenario, ()).summary);
    assert_eq!(datagrams, packets);
    // A closed port: a connected client learns that at once, and asks as often as the options allow.
    let closed = run(&lookup(&["network=packets", "server.listening=false"]), ());
    assert_eq!((closed.summary.refused, closed.summary.sends), (1, 2));
    assert_eq!(closed.simulated.to_string(), "0.04");
}

#[test]
fn what_is_said_is_about_names() {
    let down = lookup(&[TWO, "faults=0s 7s server-down at first"]);
    let mut narrator = Narrator::new(down.setting());
    let said: Vec<String> =
        records(&down).iter().map(|record| narrator.describe(record).sentence()).collect();
    for sentence in [
        "The client asks server “first” for the address of the name.",
        "The question to server “first” arrives (send 1).",
        "Server “first” is down and loses it.",
        "No reply for 5 s.",
        "The client asks server “second” for the address of the name (send 2).",
        "Server “second” knows an address of the name.",
        "The reply of server “second” to send 2 arrives.",
        "Answered after 5.02 s and 2 sends.",
        "The name has the address 192.0.2.80 (as a number, 3221226064).",
    ] {
        assert!(said.iter().any(|said| said == sentence), "{sentence}\n{}", said.join("\n"));
    }
}
