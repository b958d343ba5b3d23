//! Independent clients that are simulated one after another give the same results as in one network.
//!
//! `cells.txt` contains random scenarios and the digests that every build must produce, in cells and in one network. The
//! page's tests check the same file in wasm, and `cargo xtask test release` with the release build.

use crate::arbitrary::from_bytes;
use crate::digests::SCENARIOS;
use retrylab_core::random::{Direction, Name, Purpose};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::Metrics;
use retrylab_core::sim::{Bounds, Cells, Division, EndedBy, Merge, Outcome, run, run_within};
use retrylab_core::time::Duration;
use retrylab_core::trace::Sink;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cells.txt");

fn metrics(scenario: &Scenario) -> Metrics {
    // Short enough that most runs double the intervals.
    Metrics::new(Duration::from_millis(1)).with_max_intervals(64).with_load_of(scenario)
}

fn simulate<K: Sink>(cells: &mut Cells<K>, clients: RangeInclusive<u32>) -> EndedBy {
    cells.simulate(clients);
    loop {
        if let Some(ended_by) = cells.advance() {
            return ended_by;
        }
    }
}

/// Simulates every `parts`-th client in a part of its own, and joins the results in reverse.
fn in_parts<K: Sink + Merge>(
    scenario: &Scenario,
    parts: u32,
    sink: impl Fn() -> K,
    bounds: Bounds,
) -> Outcome<K> {
    let outcomes = (1..=parts).map(|first| {
        let mut cells = Cells::new(scenario, sink(), bounds);
        for client in (first..=scenario.clients).step_by(parts as usize) {
            assert_eq!(simulate(&mut cells, client..=client), EndedBy::Finished);
        }
        cells.into_outcome(EndedBy::Finished)
    });
    let outcomes: Vec<_> = outcomes.collect();
    outcomes.into_iter().rev().reduce(Outcome::joined).unwrap()
}

/// Compares everything that a run of independent clients reports.
fn check(scenario: &Scenario, bounds: Bounds) {
    let link = scenario.to_fragment();
    let whole = run_within(scenario, metrics(scenario), bounds);
    for parts in [1, 7] {
        let joined = in_parts(scenario, parts, || metrics(scenario), bounds);
        assert_eq!(joined.digest, whole.digest, "{link} in {parts}");
        assert_eq!((joined.events, joined.simulated), (whole.events, whole.simulated), "{link}");
        assert_eq!(joined.ended_by, whole.ended_by, "{link}");
        let reports = [&joined, &whole].map(|outcome| outcome.sink.report(&outcome.network));
        assert_eq!(reports[0], reports[1], "{link} in {parts}");
        let by_hand = [&joined, &whole].map(|outcome| {
            let packets = outcome.sink.by_hand().iter().copied();
            packets.collect::<BTreeSet<_>>()
        });
        assert_eq!(by_hand[0], by_hand[1], "{link} in {parts}");
    }
}

/// Returns random scenarios of independent clients that have few events within `bounds`, and what ends their runs.
fn random(bounds: Bounds) -> impl Iterator<Item = (Scenario, EndedBy)> {
    (0..20_000).filter_map(move |case| {
        let name = Name { seed: case, flow: 1, direction: Direction::Request, index: 0 };
        let mut draws = name.stream(Purpose::Jitter);
        let bytes: Vec<u8> = (0..draws.up_to(120)).map(|_| draws.up_to(255) as u8).collect();
        let mut scenario = from_bytes(&bytes);
        scenario.seed = draws.next_u64();
        scenario.clients = scenario.clients.clamp(2, 40);
        scenario.exchanges = Some(scenario.max_exchanges().min(20));
        if scenario.coupled_by().is_some() {
            return None;
        }
        let ended_by = run_within(&scenario, (), bounds.with_events(5_000)).ended_by;
        // A bound on memory stops all clients together, but not one by one.
        let is_whole = matches!(ended_by, EndedBy::Finished | EndedBy::Time);
        is_whole.then_some((scenario, ended_by))
    })
}

#[test]
fn two_hundred_random_scenarios_are_the_same_in_cells() {
    let bounds = Bounds::NONE.with_time(Duration::from_secs(60)).with_memory(64 << 20);
    let (mut independent, mut cut, mut by_hand) = (0, 0, 0);
    for (scenario, ended_by) in random(bounds).take(200) {
        check(&scenario, bounds);
        independent += 1;
        cut += u64::from(ended_by == EndedBy::Time);
        by_hand += u64::from(!scenario.acts.as_slice().is_empty());
    }
    assert_eq!(independent, 200);
    assert!(cut > 5 && by_hand > 5, "{cut} {by_hand}");
}

/// Returns the lines of `cells.txt`: links of random scenarios that end by themselves, in which something is sent
/// again, and their digests.
fn lines() -> String {
    let golden = random(Bounds::default()).filter_map(|(scenario, ended_by)| {
        let Outcome { summary, digest, .. } = run(&scenario, ());
        let has_retries = summary.sends > summary.finished();
        let link = scenario.to_fragment();
        let is_wanted = ended_by == EndedBy::Finished && has_retries && link.len() <= 500;
        is_wanted.then(|| format!("{link} {digest}\n"))
    });
    let head = "# A link's fragment and its digest; see cells.rs. Written by UPDATE_DIGESTS=1.\n";
    [head.to_owned()].into_iter().chain(golden.take(200)).collect()
}

/// The scenarios are those of the file: a new key changes which ones are random, but not what these do.
#[test]
fn the_golden_digests_of_random_cells_hold() {
    if std::env::var_os("UPDATE_DIGESTS").is_some() {
        std::fs::write(PATH, lines()).unwrap();
    }
    let file = std::fs::read_to_string(PATH).expect("UPDATE_DIGESTS=1 writes it");
    let golden: Vec<_> = file.lines().skip(1).map(|line| line.rsplit_once(' ').unwrap()).collect();
    assert_eq!(golden.len(), 200);
    let bounds = Bounds::default();
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    for (link, golden) in golden {
        let (scenario, errors) = Scenario::from_fragment(link);
        assert_eq!(errors, [], "{link}");
        let digest = run(&scenario, ()).digest.to_string();
        assert_eq!(digest, golden, "{link} in one network, {build} build");
        for threads in [1, 2, 8] {
            let cells =
                run_cells(&scenario, 1..=scenario.clients, || (), bounds, threads, |_| true);
            let digest = cells.digest.to_string();
            assert_eq!(digest, golden, "{link} with {threads} threads, {build} build");
        }
        for parts in [1, 2, 7] {
            let digest = in_parts(&scenario, parts, || (), bounds).digest.to_string();
            assert_eq!(digest, golden, "{link} with {parts} parts, {build} build");
        }
    }
}

#[test]
fn the_golden_scenarios_are_the_same_in_cells() {
    let mut independent = 0;
    for link in SCENARIOS {
        let (scenario, errors) = Scenario::from_fragment(link);
        assert_eq!(errors, [], "{link}");
        if scenario.coupled_by().is_none() {
            check(&scenario, Bounds::default());
            independent += 1;
        }
    }
    assert_eq!(independent, 11);
}

/// Simulates clients on `threads` threads.
#[expect(clippy::disallowed_methods, reason = "the test is a caller with threads")]
fn run_cells<K: Sink + Merge + Send>(
    scenario: &Scenario,
    clients: RangeInclusive<u32>,
    sink: impl Fn() -> K + Sync,
    bounds: Bounds,
    threads: usize,
    mut go_on: impl FnMut(u64) -> bool,
) -> Outcome<K> {
    let division = Division::new(clients.clone(), bounds, threads);
    let outcome = std::thread::scope(|scope| {
        let others =
            (1..threads).map(|_| scope.spawn(|| division.work(scenario, sink(), |_| true)));
        let others: Vec<_> = others.collect();
        let own = division.work(scenario, sink(), &mut go_on);
        others
            .into_iter()
            .fold(own, |all, other| all.joined(other.join().expect("it does not panic")))
    });
    match division.is_exceeded() {
        true => Division::in_order(scenario, clients, sink(), bounds, go_on),
        false => outcome,
    }
}

/// The scenario of the benchmarks, with a few clients.
fn textbook(clients: u32) -> Scenario {
    let mut scenario = Scenario::default();
    let clients = clients.to_string();
    scenario
        .apply([("clients", clients.as_str()), ("exchanges", "10"), ("server.drop", "0.5")])
        .unwrap();
    scenario
}

#[test]
fn threads_change_nothing() {
    let scenario = textbook(1_000);
    let whole = run_within(&scenario, metrics(&scenario), Bounds::default());
    for threads in [1, 2, 8] {
        let (mut seen, sink) = (0, || metrics(&scenario));
        let outcome = run_cells(&scenario, 1..=1_000, sink, Bounds::default(), threads, |over| {
            assert!(seen <= over && over <= 10_000, "{seen} {over}");
            seen = over;
            true
        });
        assert_eq!((outcome.digest, outcome.events), (whole.digest, whole.events));
        assert_eq!(outcome.sink.report(&outcome.network), whole.sink.report(&whole.network));
    }
}

/// The result is that of the first clients, however many threads there are.
#[test]
fn a_bound_on_events_cuts_the_clients_in_their_order() {
    let scenario = textbook(300);
    let all = run_cells(&scenario, 1..=300, || (), Bounds::default(), 2, |_| true);
    let first = run_cells(&scenario, 1..=100, || (), Bounds::default(), 2, |_| true);
    for (events, ended_by) in [
        (first.events, EndedBy::Events),
        (first.events + 7, EndedBy::Events),
        (all.events - 1, EndedBy::Events),
        (all.events, EndedBy::Finished),
    ] {
        let bounds = Bounds::default().with_events(events);
        let [one, two] =
            [1, 2].map(|threads| run_cells(&scenario, 1..=300, || (), bounds, threads, |_| true));
        assert_eq!((one.events, one.ended_by), (events, ended_by));
        assert_eq!((one.digest, one.network), (two.digest, two.network));
        if events == first.events {
            assert_eq!(one.digest, first.digest);
        }
    }
    // Memory is looked at after some events of a client.
    let (mut long, little) = (scenario, Bounds::default().with_memory(100));
    long.exchanges = Some(1_000);
    let outcomes =
        [1, 2].map(|threads| run_cells(&long, 1..=300, || (), little, threads, |_| true));
    assert_eq!(outcomes[0].ended_by, EndedBy::Memory);
    assert_eq!(outcomes[0].digest, outcomes[1].digest);
}

/// That four billion clients have more than ten billion events is clear after a few thousand of them, and so it is to one
/// who simulates a part of them.
#[test]
fn a_bound_on_events_that_is_out_of_reach_is_noticed_early() {
    let scenario = textbook(u32::MAX);
    for clients in [1..=u32::MAX, 900_001..=1_000_000] {
        let division = Division::new(clients, Bounds::default(), 1);
        let outcome = division.work(&scenario, (), |_| true);
        assert!(division.is_exceeded() && division.has_too_many_events());
        assert!((20_000..200_000).contains(&outcome.events), "{}", outcome.events);
    }
    let (few, bounds) = (textbook(2_000), Bounds::default().with_events(80_000));
    let division = Division::new(1..=2_000, bounds, 1);
    let outcome = division.work(&few, (), |_| true);
    assert!(!division.is_exceeded(), "{} events", outcome.events);
}

/// A client of a thousand events that sends 65,000 bytes again and again, all of which are on the link at once.
#[test]
fn a_bound_on_memory_holds_for_a_few_large_datagrams() {
    let mut large = textbook(2);
    let message = "x".repeat(65_000);
    let keys = [("message", message.as_str()), ("exchanges", "1"), ("link.latency", "20s")];
    large.apply(keys).unwrap();
    let sends = [("policy.backoff", "list"), ("policy.timeouts", "1ms")];
    large.apply(sends).unwrap();
    large.apply([("policy.give_up_above", "none"), ("policy.max_sends", "100")]).unwrap();
    let within = |mib: u64, threads| {
        let bounds = Bounds::default().with_memory(mib << 20);
        let division = Division::new(1..=2, bounds, threads);
        let outcome = division.work(&large, (), |_| true);
        (outcome.ended_by, division.is_exceeded(), division.has_too_many_events())
    };
    assert_eq!(within(4, 1), (EndedBy::Memory, true, false));
    // A client takes 6.2 MiB. Several threads divide the memory.
    assert_eq!(within(8, 1), (EndedBy::Finished, false, false));
    assert_eq!(within(8, 2), (EndedBy::Memory, true, false));
    assert_eq!(within(16, 2), (EndedBy::Finished, false, false));
}

#[test]
fn a_run_that_is_stopped_reports_what_was_done() {
    let scenario = textbook(100_000);
    let outcome =
        run_cells(&scenario, 1..=100_000, || (), Bounds::default(), 2, |over| over < 5_000);
    assert!((5_000..50_000).contains(&outcome.summary.finished()), "{:?}", outcome.summary);
}

/// The number of clients changes neither what happens to one of them nor the memory.
#[test]
fn the_last_of_four_billion_clients_is_like_any_other() {
    let mut scenario = textbook(u32::MAX);
    scenario.exchanges = Some(200);
    let last = run_cells(&scenario, u32::MAX..=u32::MAX, || (), Bounds::default(), 1, |_| true);
    let before =
        run_cells(&scenario, u32::MAX - 1..=u32::MAX, || (), Bounds::default(), 1, |_| true);
    assert_eq!((last.summary.finished(), before.summary.finished()), (200, 400));
    assert_ne!(last.digest, before.digest);
}
