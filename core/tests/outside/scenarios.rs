//! Every scenario is either refused in one sentence, or its run ends within its bounds.

use crate::arbitrary::{Source, check_run, check_text, from_bytes, value};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use retrylab_core::scenario::{FIELDS, Scenario};
use retrylab_core::sim::{Bounds, EndedBy, run_within};
use retrylab_core::time::Duration;
use std::collections::BTreeSet;

/// Small bounds, so that a debug build can run a few hundred scenarios.
const BOUNDS: Bounds =
    Bounds::NONE.with_events(2_000).with_time(Duration::from_secs(600)).with_memory(1 << 20);

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_scenario_ends_within_its_bounds(bytes in bytes()) {
        let scenario = from_bytes(&bytes);
        check_text(&scenario);
        check_run(&scenario, BOUNDS);
    }

    #[test]
    fn every_text_is_a_link_as_far_as_it_can_be_read(
        text in any::<String>(),
        pairs in prop::collection::vec((prop::sample::select(FIELDS), any::<String>()), 0..6),
    ) {
        let pairs: Vec<String> =
            pairs.iter().map(|(field, value)| format!("{}={value}", field.key)).collect();
        for link in [&text, &pairs.join("&")] {
            let (scenario, errors) = Scenario::from_fragment(link);
            check_text(&scenario);
            for error in errors {
                let sentence = error.to_string();
                prop_assert!(!sentence.is_empty() && !sentence.contains('\n'), "{:?}", sentence);
            }
        }
    }

    #[test]
    fn every_value_is_taken_or_refused(
        field in prop::sample::select(FIELDS),
        (text, bytes) in (any::<String>(), bytes()),
    ) {
        for value in [text, value(&field, &mut Source(&bytes))] {
            let mut scenario = Scenario::default();
            match scenario.apply([(field.key, &value)]) {
                Ok(()) => check_text(&scenario),
                Err(error) => prop_assert!(error.to_string().contains(field.key.split('.').next().unwrap())),
            }
        }
    }
}

/// A thousand scenarios survive their links. The generator must not leave out keys, kinds of clients or endings.
#[test]
fn arbitrary_scenarios_reach_every_key_and_every_ending() {
    let mut runner = TestRunner::deterministic();
    let (mut keys, mut endings) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..1_000 {
        let bytes = bytes().new_tree(&mut runner).unwrap().current();
        let scenario = from_bytes(&bytes);
        check_text(&scenario);
        keys.extend(scenario.changes().map(|(key, _)| key));
        if endings.len() < 3 {
            endings.insert(check_run(&scenario, BOUNDS).name());
        }
    }
    let missing: Vec<&str> =
        FIELDS.iter().map(|field| field.key).filter(|key| !keys.contains(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // Memory is checked at longer intervals than these runs last.
    assert_eq!(endings.len(), 3, "{endings:?}");
}

/// A fuzzer without sanitizers cannot discover the texts that input is compared with.
#[test]
fn the_fuzzer_knows_every_key() {
    let words = include_str!("../../../fuzz/keys.dict");
    for field in FIELDS {
        let line = format!("\n\"{}\"\n", field.key);
        assert!(words.contains(&line), "fuzz/keys.dict lacks {}", field.key);
    }
}

fn scenario(pairs: &[(&str, &str)]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.apply(pairs.iter().copied()).unwrap();
    scenario
}

fn ended(pairs: &[(&str, &str)], bounds: Bounds) -> (EndedBy, u64) {
    let outcome = run_within(&scenario(pairs), (), bounds);
    (outcome.ended_by, outcome.events)
}

#[test]
fn each_bound_ends_a_run_and_says_so() {
    let wide = Bounds::default();
    // A start, then a request and a reply for each exchange.
    let long = [("exchanges", "1000")];
    assert_eq!(ended(&long, wide), (EndedBy::Finished, 2_001));
    assert_eq!(ended(&long, wide.with_events(2_001)), (EndedBy::Finished, 2_001));
    assert_eq!(ended(&long, wide.with_events(2_000)), (EndedBy::Events, 2_000));
    assert_eq!(ended(&long, wide.with_events(0)), (EndedBy::Events, 0));

    // An exchange takes 20 ms: the last reply of the thousand comes at 20 s.
    let second = Duration::from_secs(1);
    assert_eq!(ended(&long, wide.with_time(20 * second)), (EndedBy::Finished, 2_001));
    assert_eq!(ended(&long, wide.with_time(second)), (EndedBy::Time, 101));
    assert_eq!(ended(&long, wide.with_time(Duration::ZERO)), (EndedBy::Time, 1));
}

/// Each exchange ends long before its deadline, and the pause after it is shorter than the deadline.
#[test]
fn what_is_over_takes_no_memory() {
    let scenario = scenario(&[
        ("exchanges", "1000000"),
        ("workload.think", "1ms"),
        ("policy.initial_timeout", "1h"),
        ("policy.give_up_above", "none"),
        ("policy.max_sends", "2"),
    ]);
    let mut run = scenario.begin((), Bounds::default().with_events(200_000));
    while run.advance().is_none() {}
    assert_eq!(run.events(), 200_000);
    let memory = run.network().unwrap().memory();
    assert!(memory < 1 << 20, "{memory}");
}

/// Each of these accumulates something forever: open exchanges, requests that wait, and datagrams on
/// their way, which are heavier the longer they are.
#[test]
fn whatever_piles_up_ends_a_run_by_its_memory() {
    let heavy = "x".repeat(60_000);
    let open = [("token", "true"), ("server.reply", "mirror"), ("exchanges", "4000000000")];
    let constant = ("workload.arrivals", "constant 100000");
    let heaps: [&[(&str, &str)]; 4] = [
        &[constant, ("server.drop", "1"), ("policy.preset", "dns-stub")],
        &[constant, ("server.service", "1s")],
        &[constant, ("link.latency", "1h")],
        &[("workload.arrivals", "constant 100"), ("link.latency", "1h"), ("message", &heavy)],
    ];
    let most = [1_000_000, 1_000_000, 1_000_000, 5_000];
    for (more, most) in heaps.into_iter().zip(most) {
        let bounds = Bounds::default().with_memory(8 << 20);
        let pairs = [&open[..], more].concat();
        let (ended_by, events) = ended(&pairs, bounds);
        let key = more[1].0;
        assert_eq!(ended_by, EndedBy::Memory, "{key}");
        assert!(events < most, "{key}: {events}");
    }
}

/// A thousand exchanges arrive at once at each of a thousand clients: one event may begin a thousand of them.
#[test]
fn memory_is_looked_at_in_time_when_exchanges_arrive_in_bursts() {
    let times = format!("times 0s{}", ", 0s".repeat(999));
    let pairs = [
        ("token", "true"),
        ("server.reply", "mirror"),
        ("exchanges", "1000"),
        ("clients", "1000"),
        ("policy.first_delay", "1s"),
        ("workload.arrivals", &times),
    ];
    let bounds = Bounds::default().with_memory(4 << 20);
    let (ended_by, events) = ended(&pairs, bounds);
    assert_eq!(ended_by, EndedBy::Memory);
    // All clients start; then every arrival takes 256 of the remaining 3 MB.
    assert!((1_001..1_050).contains(&events), "{events}");
}
