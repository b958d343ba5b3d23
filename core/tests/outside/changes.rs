//! Keys that change during a run: what was before stays as it was, and the draws stay the same.

use crate::arbitrary::{Source, from_bytes, value};
use crate::digests::SCENARIOS;
use retrylab_core::random::{Direction, Name, Purpose, Stream};
use retrylab_core::scenario::{FIELDS, Field, FieldError, Scenario};
use retrylab_core::sim::{Bounds, run, run_within};
use retrylab_core::time::{Duration, Instant, nanos};
use retrylab_core::trace::{Record, What};

const BOUNDS: Bounds = Bounds::NONE.with_events(1_500).with_memory(64 << 20);

fn scenario(link: &str) -> Scenario {
    let (scenario, errors) = Scenario::from_fragment(link);
    assert_eq!(errors, [], "{link}");
    scenario
}

fn draws(case: u64) -> Stream {
    Name { seed: case, flow: 3, direction: Direction::Request, index: 0 }.stream(Purpose::Jitter)
}

fn records(scenario: &Scenario) -> Vec<Record> {
    run_within(scenario, Vec::new(), BOUNDS).sink
}

/// Returns a random key with a value, of those that can change.
fn setting(draws: &mut Stream) -> (&'static Field, String) {
    let mut fields = FIELDS.iter().filter(|field| field.is_fixed().is_none()).cycle();
    let field = fields.nth(draws.up_to(99) as usize).unwrap();
    let bytes: Vec<u8> = (0..9).map(|_| draws.up_to(255) as u8).collect();
    (field, value(field, &mut Source(&bytes)))
}

/// Returns the scenario in which the key has another value from `at` on.
fn forked(
    scenario: &Scenario,
    at: Duration,
    field: &Field,
    value: &str,
) -> Result<Scenario, FieldError> {
    let mut other = scenario.clone();
    other.changes = other.changes.without(field.key);
    other.apply([(field.key, value)])?;
    scenario.forked(at, &other)
}

/// Forks the run at random times, compares the records before them, and returns the number of forks, and of those that
/// changed something.
fn forks(scenario: &Scenario, draws: &mut Stream) -> [u32; 2] {
    let before = records(scenario);
    let Some(end) = before.last().map(|record| record.at.as_nanos()) else { return [0; 2] };
    let (mut forks, mut changed) = (0, 0);
    for _ in 0..6 {
        let (field, value) = setting(draws);
        let at = Duration::from_nanos(draws.up_to(end));
        let Ok(forked) = forked(scenario, at, field, &value) else { continue };
        let after = records(&forked);
        let early = |records: &[Record]| -> Vec<Record> {
            let begun = Instant::ZERO.saturating_add(at);
            records.iter().take_while(|record| record.at < begun).copied().collect()
        };
        let link = forked.to_fragment();
        assert_eq!(early(&after), early(&before), "{link}");
        assert_eq!(scenario_of(&link), forked, "{link}");
        (forks, changed) = (forks + 1, changed + u32::from(after != before));
    }
    [forks, changed]
}

fn scenario_of(link: &str) -> Scenario {
    Scenario::from_fragment(link).0
}

#[test]
fn the_past_of_a_golden_scenario_does_not_change() {
    let streams = [
        "exchanges=9&link.loss=0.2&network=packets&protocol=tcp",
        "exchanges=9&link.loss=0.2&network=packets",
    ];
    let mut all = [0; 2];
    for (case, link) in (0..).zip(SCENARIOS.into_iter().chain(streams)) {
        let [forks, changed] = forks(&scenario(link), &mut draws(case));
        all = [all[0] + forks, all[1] + changed];
    }
    assert!(all[0] > 80 && all[1] > 20, "{all:?}");
}

#[test]
fn the_past_of_a_random_scenario_does_not_change() {
    let mut all = [0; 2];
    for case in 0..40 {
        let mut draws = draws(1_000 + case);
        let bytes: Vec<u8> = (0..draws.up_to(60)).map(|_| draws.up_to(255) as u8).collect();
        let mut scenario = from_bytes(&bytes);
        scenario.clients = scenario.clients.min(9);
        let [forks, changed] = forks(&scenario, &mut draws);
        all = [all[0] + forks, all[1] + changed];
    }
    assert!(all[0] > 100 && all[1] > 30, "{all:?}");
}

/// A key that changes at time 0 is as if it had that value.
#[test]
fn a_change_at_time_0_is_the_setting() {
    let (mut compared, mut changed) = (0, 0);
    for case in 0..60 {
        let mut draws = draws(2_000 + case);
        let bytes: Vec<u8> = (0..draws.up_to(40)).map(|_| draws.up_to(255) as u8).collect();
        let mut before = from_bytes(&bytes);
        before.clients = before.clients.min(9);
        let (field, value) = setting(&mut draws);
        before.changes = before.changes.without(field.key);
        let mut set = before.clone();
        let (Ok(forked), Ok(())) =
            (forked(&before, Duration::ZERO, field, &value), set.apply([(field.key, &value)]))
        else {
            continue;
        };
        let digest = |scenario: &Scenario| run_within(scenario, (), BOUNDS).digest;
        let digests = [&forked, &set, &before].map(digest);
        assert_eq!(digests[0], digests[1], "{}", forked.to_fragment());
        compared += 1;
        changed += u32::from(digests[1] != digests[2]);
    }
    assert!(compared > 30 && changed > 6, "{compared} {changed}");
}

/// The policy is that with which an exchange begins, the link that of the time at which a packet is sent, and the server
/// that of the time at which a request arrives.
#[test]
fn each_key_changes_at_its_own_moment() {
    let sends = |link: &str| -> Vec<(u64, u32)> {
        let records = run(&scenario(link), Vec::<Record>::new()).sink.into_iter();
        let sends = records.filter(|record| {
            matches!(record.what, What::Sent { direction: Direction::Request, .. })
        });
        sends
            .map(|record| {
                (
                    nanos(record.at.saturating_since(Instant::ZERO)) / 1_000_000,
                    record.label.unwrap().exchange.get(),
                )
            })
            .collect()
    };
    let link = "exchanges=2&policy.multiplier=1&policy.max_sends=2&policy.initial_timeout=100ms";
    let policy = "changes=50ms+policy.initial_timeout%3D1s";
    assert_eq!(
        sends(&format!("{link}&server.drop=1&{policy}")),
        [(0, 1), (100, 1), (200, 2), (1_200, 2)],
        "the exchange in progress keeps its policy"
    );
    let thinks =
        format!("{link}&server.drop=1&workload.think=1s&changes=500ms+policy.initial_timeout%3D1s");
    assert_eq!(
        sends(&thinks),
        [(0, 1), (100, 1), (1_200, 2), (2_200, 2)],
        "it begins after its pause"
    );
    // Latency is 10 ms: the request is in flight, and its reply is not lost.
    let lost = |changes: &str| sends(&format!("{link}&changes={changes}"));
    assert_eq!(lost("5ms+link.reply_loss%3D1").len(), 4);
    assert_eq!(lost("15ms+link.loss%3D1"), [(0, 1), (20, 2), (120, 2)]);
    assert_eq!(lost("10ms+server.drop%3D1").len(), 4);
    assert_eq!(lost("11ms+server.drop%3D1"), [(0, 1), (20, 2), (120, 2)]);
}

/// A budget that is the same rule before and after a change remembers what it has.
#[test]
fn limits_stay_unless_their_rule_changes() {
    let sends = |changes: &str| {
        let link = "exchanges=30&server.drop=1&policy.max_sends=3&policy.budget=throttle+10+0.1";
        run(&scenario(&format!("{link}&changes={changes}")), ()).summary.sends
    };
    let same = sends("none");
    assert_eq!(sends("1s+policy.max_timeout%3D1h"), same);
    let more = sends("1s+policy.budget%3Dthrottle+10+0.2");
    assert!(more > same, "a new budget is full: {more} {same}");
}

/// More workers take what waits; work in progress takes as long as planned.
#[test]
fn a_station_changes_with_the_next_request() {
    let served = |changes: &str| -> Vec<u64> {
        let link = "clients=4&server.service=100ms&policy.initial_timeout=9s&policy.give_up_above=none&link.latency=0s";
        let records =
            run(&scenario(&format!("{link}&changes={changes}")), Vec::<Record>::new()).sink;
        let served = records.iter().filter(|record| matches!(record.what, What::Served { .. }));
        served.map(|record| record.at.as_nanos() / 1_000_000).collect()
    };
    assert_eq!(served("none"), [100, 200, 300, 400]);
    assert_eq!(served("50ms+server.workers%3D3"), [100, 200, 200, 200]);
    assert_eq!(
        served("150ms+server.service%3D0s"),
        [100, 200, 300, 400],
        "work is drawn on arrival"
    );
}

#[test]
fn a_change_that_cannot_be_is_refused_with_its_reason() {
    for (link, changes, sentence) in [
        (
            "",
            "1s clients=2",
            "changes has \"1s clients=2\": clients cannot change during the run, because hosts and load",
        ),
        (
            "",
            "1s seed=2",
            "changes has \"1s seed=2\": seed cannot change during the run, because every draw",
        ),
        (
            "",
            "1s link.shared=true",
            "changes has \"1s link.shared=true\": link.shared cannot change during the run, because it",
        ),
        (
            "",
            "1s link.los=1",
            "changes has \"1s link.los=1\": unknown key \"link.los\"; did you mean link.loss?",
        ),
        (
            "",
            "1s link.loss=2",
            "changes has \"1s link.loss=2\": link.loss: \"2\" is not a loss model",
        ),
        ("", "1s policy.backoff=list", "changes has \"1s policy.backoff=list\": "),
        (
            "protocol=dns&message=a",
            "1s policy.jitter=full",
            "changes has \"1s policy.jitter=full\": policy.jitter cannot",
        ),
        (
            "workload.task=heartbeat",
            "1s server.drop=1",
            "changes has \"1s server.drop=1\": server.drop is \"1\"; with",
        ),
        (
            "workload.task=write&policy.give_up_above=none",
            "1s policy.jitter=full",
            "changes is \"1s policy.jitter=full\"; with",
        ),
        (
            "network=packets",
            "1s link.mtu=500",
            "changes has \"1s link.mtu=500\": with network=packets link.mtu, link.overhead",
        ),
        (
            "network=packets&protocol=tcp",
            "1s server.drop=1",
            "changes has \"1s server.drop=1\": server.drop cannot change",
        ),
    ] {
        let error = scenario(link).apply([("changes", changes)]).unwrap_err();
        assert!(error.to_string().starts_with(sentence), "{error}");
        assert_eq!(error.key(), "changes");
    }
}

/// What contradicts itself alone may be fine together.
#[test]
fn changes_at_the_same_time_are_one() {
    let mut both = Scenario::default();
    both.apply([(
        "changes",
        "1s policy.backoff=list; 1s policy.timeouts=1000ms,3s; 2s link.loss=30%",
    )])
    .unwrap();
    assert_eq!(
        both.value("changes").unwrap(),
        "1s policy.backoff=list; 1s policy.timeouts=1s, 3s; 2s link.loss=0.3"
    );
}
