use super::*;
use crate::scenario::{FIELDS, FieldError, LINK_KEYS};
use crate::time::Duration;
use crate::trace::{Digest, DigestSink, HostId, Ladder, Record, What};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::num::NonZeroU32;
use proptest::prelude::*;

fn scenario(pairs: &[(&str, &str)]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.apply(pairs.iter().copied()).unwrap();
    scenario
}

fn records(scenario: &Scenario) -> Vec<Record> {
    run(scenario, Vec::new()).sink
}

fn sent_at_ms(records: &[Record]) -> Vec<u64> {
    let sent = |r: &&Record| r.host == HostId::Client && matches!(r.what, What::Sent { .. });
    records.iter().filter(sent).map(|r| r.at.as_nanos() / 1_000_000).collect()
}

/// What happens before an exchange's first send belongs to it, not to the previous exchange.
#[test]
fn a_refused_exchange_has_its_own_number() {
    let keys = [("exchanges", "8"), ("server.drop", "1"), ("policy.breaker", "3 2s")];
    let records = records(&scenario(&keys));
    let exchanges = |pick: fn(&What) -> bool| -> Vec<u32> {
        let picked = records.iter().filter(|r| r.host == HostId::Client && pick(&r.what));
        picked.map(|r| r.label.expect("it has a label").exchange.get()).collect()
    };
    let ends = exchanges(|what| matches!(what, What::GaveUp { .. }));
    assert_eq!(ends, [1, 2, 3, 4, 5, 6, 7, 8]);
    let refused = exchanges(|what| matches!(what, What::GaveUp { sends: 0, .. }));
    assert_eq!(refused[..2], [4, 5], "the breaker opens after three failures");
    let mut armed = exchanges(|what| matches!(what, What::TimerArmed { .. }));
    armed.dedup();
    assert_eq!(armed, ends);
    let mut fired = exchanges(|what| matches!(what, What::TimerFired { .. }));
    fired.dedup();
    assert_eq!(fired, ends);
}

#[test]
fn two_dropped_requests_are_sent_again_at_100_and_300_ms() {
    let scenario = scenario(&[("server.drop_list", "1-2")]);
    let outcome = run(&scenario, Vec::new());
    assert_eq!(sent_at_ms(&outcome.sink), [0, 100, 300]);
    assert_eq!((outcome.summary.answered, outcome.summary.sends), (1, 3));
    assert_eq!(outcome.simulated.to_string(), "0.32");
    let mut ladder = Ladder::default();
    let ladder: String = outcome.sink.iter().map(|r| format!("{}\n", ladder.line(r))).collect();
    let expected = "    0.000000  send 1, 5 bytes                    ──────▶
    0.000000  waits 100 ms
    0.010000                                          ─▶  request arrives
    0.010000                                          ─✕  drops it, on its list
    0.100000  no reply for 100 ms
    0.100000  send 2, 5 bytes                    ──────▶
    0.100000  waits 200 ms
    0.110000                                          ─▶  request arrives
    0.110000                                          ─✕  drops it, on its list
    0.300000  no reply for 200 ms
    0.300000  send 3, 5 bytes                    ──────▶
    0.300000  waits 400 ms
    0.310000                                          ─▶  request arrives
    0.310000                                     ◀──────  replies to send 3, 21 bytes
    0.320000  reply arrives                      ◀─
    0.320000  answered in 320 ms, 3 sends
";
    assert_eq!(ladder, expected);
}

/// Without loss the number of sends is the number of send times before the round trip;
/// a reply that arrives exactly when a wait ends is in time.
#[test]
fn a_slow_link_costs_needless_sends() {
    for (round_trip, sends, answered) in [
        ("25ms", 1, true),
        ("50ms", 1, true),
        ("75ms", 2, true),
        ("175ms", 3, true),
        ("500ms", 4, true),
        ("1s", 5, true),
        ("1525ms", 5, true),
        ("1600ms", 5, false),
    ] {
        let scenario = scenario(&[("link.latency", round_trip)]);
        let summary = run(&scenario, ()).summary;
        assert_eq!((summary.sends, summary.answered == 1), (sends, answered), "{round_trip}");
        assert_eq!(summary.late_replies, summary.replies - summary.answered, "{round_trip}");
    }
}

/// One exchange in 32 fails, and 31/16 sends are made, within four standard errors.
#[test]
fn half_of_the_requests_dropped_gives_the_textbooks_numbers() {
    let n = 100_000.0;
    let scenario = scenario(&[("server.drop", "0.5"), ("exchanges", "100000")]);
    let summary = run(&scenario, ()).summary;
    assert_eq!(summary.finished(), 100_000);
    let share = summary.gave_up as f64 / n;
    let q: f64 = 1.0 / 32.0;
    assert!((share - q).abs() < 4.0 * (q * (1.0 - q) / n).sqrt(), "{share}");
    // The number of sends is geometric, cut at 5: E = 31/16, E[X^2] from the same five terms.
    let second: f64 = (1..=5).map(|k| f64::from(k * k) * p_sends(k)).sum();
    let deviation = (second - (31.0f64 / 16.0).powi(2)).sqrt();
    let sends = summary.amplification();
    assert!((sends - 31.0 / 16.0).abs() < 4.0 * deviation / n.sqrt(), "{sends}");
}

/// Returns the probability of exactly `k` sends when each is answered with probability one half.
fn p_sends(k: i32) -> f64 {
    if k == 5 { 0.5f64.powi(4) } else { 0.5f64.powi(k) }
}

/// What happens to client 1 does not depend on how many others there are.
#[test]
fn a_clients_fates_do_not_depend_on_the_others() {
    let with = |clients: &str| -> Vec<(u64, What)> {
        let pairs = [
            ("clients", clients),
            ("exchanges", "20"),
            ("link.loss", "0.2"),
            ("link.latency", "normal 10ms 4ms"),
            ("server.drop", "0.3"),
        ];
        let of_first = |record: &Record| (record.at.as_nanos(), record.what);
        records(&scenario(&pairs))
            .iter()
            .filter(|r| r.flow == NonZeroU32::new(1))
            .map(of_first)
            .collect()
    };
    // Not `assert_eq`: the difference would fill the screen.
    assert!(with("1") == with("2"));
    assert!(with("1") == with("57"));
}

#[test]
fn the_digest_is_that_of_the_records_and_the_same_each_time() {
    let scenario = scenario(&[("link.loss", "0.3"), ("clients", "9"), ("exchanges", "9")]);
    let outcome = run(&scenario, Vec::new());
    let mut sink = DigestSink::default();
    outcome.sink.iter().for_each(|record: &Record| sink.record(record));
    assert_eq!(sink.digest(), outcome.digest);
    assert_eq!(run(&scenario, ()).digest, outcome.digest);
    let reseeded = Scenario { seed: 2, ..scenario };
    assert_ne!(run(&reseeded, ()).digest, outcome.digest);
}

#[test]
fn every_datagram_sent_is_delivered_or_lost_once() {
    let scenario = scenario(&[("link.loss", "0.3"), ("clients", "20"), ("exchanges", "20")]);
    let (mut sent, mut arrived, mut lost) = (0, 0, 0);
    let mut counts = [[0; 2]; 20];
    for record in records(&scenario) {
        match record.what {
            What::Sent { .. } => {
                sent += 1;
                let packet = record.packet().unwrap();
                let count = &mut counts[packet.flow.get() as usize - 1][packet.direction as usize];
                *count += 1;
                assert_eq!(packet.number.get(), *count, "numbered in the order of sending");
            }
            What::Delivered { .. } => arrived += 1,
            What::Dropped { .. } if record.host == HostId::Link => lost += 1,
            _ => {}
        }
    }
    assert_eq!(sent, arrived + lost);
    assert!(lost > 0);
}

#[test]
fn time_never_goes_back_in_a_trace() {
    let scenario = scenario(&[
        ("link.latency", "uniform 0s 300ms"),
        ("link.loss", "0.1"),
        ("clients", "30"),
        ("exchanges", "5"),
    ]);
    assert!(records(&scenario).is_sorted_by_key(|record| record.at));
}

#[test]
fn a_bad_key_or_value_is_refused_in_one_sentence_and_changes_nothing() {
    let mut scenario = Scenario::default();
    for (key, value, sentence) in [
        ("server.dorp", "0.5", "unknown key \"server.dorp\"; did you mean server.drop?"),
        (
            "server.drop",
            "150%",
            "server.drop: \"150%\" is not a probability from 0 to 1; try 0.3 or 30%",
        ),
        ("clients", "0", "clients: \"0\" is not a whole number from 1 to 4294967295"),
        (
            "policy.max_timeout",
            "0.1",
            "policy.max_timeout: \"0.1\" is not a duration of at most 2400h; try 100ms or 1m30s, or \
             none",
        ),
        (
            "policy.give_up_above",
            "50ms",
            "policy.give_up_above is 50ms; it must not be below policy.initial_timeout, 100ms; raise it, or use none",
        ),
        ("server.reply", "echo", "server.reply: \"echo\" is not one of report, mirror or upper"),
    ] {
        let error = scenario.apply([("seed", "9"), (key, value)]).unwrap_err();
        assert_eq!(error.to_string(), sentence);
        assert_eq!(error.key(), key);
        assert_eq!(scenario, Scenario::default(), "all or nothing");
    }
    let unknown = scenario.apply([("whatever", "1")]).unwrap_err().to_string();
    assert!(unknown.contains("the keys are seed, clients,"), "{unknown}");
    assert!(unknown.ends_with("workload.…, policy.…, server.…, dns.…, link.…"), "{unknown}");
    let of_group = scenario.apply([("server.unknown", "1")]).unwrap_err().to_string();
    assert!(of_group.contains("the keys of server are server."), "{of_group}");
    assert!(of_group.contains(", server.drop_first, "), "{of_group}");
    let full = "x".repeat(crate::client::MAX_MESSAGE_IPV4);
    scenario.apply([("message", &full)]).unwrap();
    let with_token = scenario.apply([("token", "true")]).unwrap_err().to_string();
    assert_eq!(with_token, "message is 65507 bytes long; with token=true it must be at most 65484");
    let long = scenario.apply([("connected", "x".repeat(100))]).unwrap_err().to_string();
    assert!(long.len() < 140, "{long}");
}

#[test]
fn every_field_has_a_value_that_it_takes_back() {
    let scenario = Scenario::default();
    for field in FIELDS {
        let value = scenario.value(field.key).unwrap_or_else(|| panic!("{}", field.key));
        let mut same = Scenario::default();
        same.apply([(field.key, &value)]).unwrap();
        assert_eq!(same, scenario, "{}", field.key);
    }
    assert_eq!(scenario.pairs().count(), FIELDS.len());
}

#[test]
fn a_preset_comes_before_the_keys_that_change_it() {
    let mut scenario = Scenario::default();
    scenario.apply([("policy.multiplier", "3"), ("policy.preset", "textbook")]).unwrap();
    assert_eq!(scenario.to_fragment(), "policy.multiplier=3");
    scenario.apply([("policy.preset", "textbook")]).unwrap();
    assert_eq!(scenario.to_fragment(), "", "a preset of a later layer resets the policy");
}

#[test]
fn a_link_that_is_no_text_is_refused_pair_by_pair() {
    for bad in ["message=%FF", "message=%zz", "message=%", "%80=1"] {
        let (scenario, errors) = Scenario::from_fragment(&alloc::format!("seed=7&{bad}"));
        assert_eq!(errors, [FieldError::BadEncoding { text: bad.to_string() }]);
        assert_eq!(scenario.seed, 7);
    }
}

/// Every preset, and each part of its policy, survives the link.
#[test]
fn presets_survive_their_link() {
    for name in crate::policy::Preset::NAMES {
        let mut scenario = Scenario::default();
        scenario.apply([("policy.preset", *name)]).unwrap();
        let fragment = scenario.to_fragment();
        assert_eq!(Scenario::from_fragment(&fragment), (scenario.clone(), alloc::vec![]));
        let mut spelled = Scenario::default();
        let parts = scenario.pairs().filter(|(key, _)| *key != "policy.preset");
        spelled.apply(parts).unwrap();
        assert_eq!(spelled.policy, scenario.policy, "{name}");
    }
}

#[test]
fn a_link_with_mistakes_names_them_and_loads_the_rest() {
    let (scenario, errors) = Scenario::from_fragment(
        "http://127.0.0.1:8060/#seed=7&server.dorp=1&link.loss=2&junk&server.drop=0.5",
    );
    assert_eq!(scenario.to_fragment(), "seed=7&server.drop=0.5");
    let keys: Vec<&str> = errors.iter().map(FieldError::key).collect();
    assert_eq!(keys, ["server.dorp", "link.loss", "junk"]);
    // A contradiction with a value that the link does not name.
    let (scenario, errors) = Scenario::from_fragment("seed=7&policy.initial_timeout=5s");
    assert_eq!(scenario.seed, 7);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(scenario.policy, Scenario::default().policy);
}

/// Returns any scenario, made from keys and values as users do.
fn any_scenario() -> impl Strategy<Value = Scenario> {
    let probability = || (0u32..=1_000_000_000).prop_map(|n| format!("{}", f64::from(n) / 1e9));
    let ms = |low: u64, high: u64| (low..high).prop_map(|n| format!("{n}us"));
    let latency = prop_oneof![
        ms(0, 100_000),
        (0u64..9_999, 10_000u64..99_999).prop_map(|(a, b)| format!("uniform {a}us {b}us")),
        (0u64..99_999, 0u64..9_999).prop_map(|(a, b)| format!("normal {a}us {b}us")),
    ];
    let list = prop::collection::vec((1u64..99, 0u64..9), 0..4).prop_map(|ranges| {
        let ranges: Vec<String> = ranges.iter().map(|(a, n)| format!("{a}-{}", a + n)).collect();
        ranges.join(",")
    });
    let basics = (any::<u64>(), 1u32..9, 1u32..9, any::<String>(), any::<bool>(), any::<bool>());
    let policy = (ms(1, 1_000_000), 1.0f64..9.0, prop::option::of(1u32..9));
    let server = (probability(), 0u64..4, list, any::<bool>());
    (basics, policy, server, latency, probability()).prop_map(
        |(basics, policy, server, latency, loss)| {
            let (seed, clients, exchanges, message, connected, token) = basics;
            let (first, multiplier, sends) = policy;
            let (drop, drop_first, drop_list, mirror) = server;
            let mut scenario = Scenario::default();
            let pairs = [
                ("seed", seed.to_string()),
                ("clients", clients.to_string()),
                ("exchanges", exchanges.to_string()),
                ("message", message),
                ("connected", connected.to_string()),
                ("token", token.to_string()),
                ("policy.initial_timeout", first),
                ("policy.multiplier", format!("{multiplier:.4}")),
                ("policy.max_sends", sends.map_or("none".into(), |n| n.to_string())),
                ("server.drop", drop),
                ("server.drop_first", drop_first.to_string()),
                ("server.drop_list", drop_list),
                ("server.reply", if mirror { "mirror" } else { "report" }.into()),
                ("link.latency", latency),
                ("link.loss", loss),
            ];
            scenario.apply(pairs).unwrap();
            scenario
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_scenario_survives_its_link(scenario in any_scenario()) {
        let fragment = scenario.to_fragment();
        prop_assert!(fragment.bytes().all(|b| b.is_ascii_graphic() && b != b'#'), "{}", fragment);
        let (back, errors) = Scenario::from_fragment(&fragment);
        prop_assert_eq!(errors, Vec::new());
        prop_assert_eq!(back, scenario);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_scenario_survives_serde(scenario in any_scenario()) {
        let json = serde_json::to_string(&scenario).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scenario>(&json).unwrap(), scenario);
    }

    #[test]
    fn an_arbitrary_link_is_no_panic(link: String) {
        let (scenario, _) = Scenario::from_fragment(&link);
        prop_assert_eq!(Scenario::from_fragment(&scenario.to_fragment()).0, scenario);
    }

    #[test]
    fn arbitrary_pairs_are_no_panic(which in 0..FIELDS.len(), value: String) {
        let _ = Scenario::default().apply([(FIELDS[which].key, value)]);
    }

    /// Any scenario runs to its end with every exchange accounted for.
    #[test]
    fn every_exchange_of_any_scenario_ends(scenario in any_scenario()) {
        let summary = run(&scenario, ()).summary;
        let exchanges = u64::from(scenario.clients) * u64::from(scenario.max_exchanges());
        prop_assert_eq!(summary.finished(), exchanges);
        prop_assert!(summary.sends >= exchanges);
    }
}

#[test]
fn a_zero_latency_link_delivers_at_once() {
    let outcome = run(&scenario(&[("link.latency", "0s"), ("exchanges", "3")]), ());
    assert_eq!(outcome.simulated.as_nanos(), 0);
    assert_eq!(outcome.summary.answered, 3);
    assert_eq!(outcome.summary.sends, 3);
    assert_eq!(Duration::ZERO, outcome.simulated.saturating_since(Instant::ZERO));
}

/// A bound cannot interrupt a single event.
#[test]
fn a_burst_that_would_fill_the_memory_at_once_is_refused() {
    let times = alloc::format!("times {}", ["1s"; 5_000].join(", "));
    let message = "x".repeat(60_000);
    let mut scenario = Scenario::default();
    let pairs = [
        ("token", "true"),
        ("server.reply", "mirror"),
        ("message", message.as_str()),
        ("workload.arrivals", times.as_str()),
    ];
    let error = scenario.apply(pairs).unwrap_err();
    assert_eq!(error.key(), "workload.arrivals");
    assert!(error.to_string().contains("begins 5000 exchanges at the same moment"), "{error}");
    scenario
        .apply(pairs.map(|(key, value)| (key, if key == "message" { "x" } else { value })))
        .unwrap();
}

/// With every feature on, both ways of sharing, and every preset: each exchange ends, twice alike.
#[test]
fn every_exchange_over_any_link_ends() {
    let presets = crate::link::Preset::NAMES.iter().map(|name| [("link.preset", *name)].to_vec());
    let all = [LINK_KEYS.to_vec(), [&LINK_KEYS[..], &[("link.shared", "false")]].concat()];
    for link in presets.chain(all) {
        let basics = [("clients", "20"), ("exchanges", "20"), ("server.reply", "mirror")];
        let scenario = scenario(&[link.as_slice(), &basics].concat());
        let (once, again) = (run(&scenario, ()), run(&scenario, ()));
        assert_eq!(once.summary.finished(), 400, "{link:?}");
        assert_eq!(once.digest, again.digest, "{link:?}");
    }
}

/// Clients that share nothing may be simulated separately: their merged digests are that of the whole run.
#[test]
fn flows_simulated_one_by_one_have_the_digest_of_all_together() {
    let pairs = [
        ("clients", "12"),
        ("exchanges", "6"),
        ("link.loss", "0.2"),
        ("link.latency", "normal 10ms 4ms"),
        ("server.drop", "0.3"),
        ("policy.jitter", "full"),
    ];
    let scenario = scenario(&pairs);
    let whole = run(&scenario, ()).digest;
    let alone = |flow: u32| {
        // The other clients exist, but have nothing to do.
        let idle = Scenario { exchanges: Some(0), ..scenario.clone() };
        let client = |of: u32| {
            let scenario = if of == flow { &scenario } else { &idle };
            crate::client::Client::numbered(scenario.client_config(SERVER), of)
        };
        let clients = (1..=scenario.clients).map(client);
        let server = crate::server::echo::Server::numbered(scenario.server.clone(), 1, CLIENTS);
        let sink = DigestSink::default();
        let mut network = Network::new(clients, server, scenario.link.clone(), 1, sink);
        while network.step().is_some() {}
        network.sink().digest()
    };
    assert_eq!((1..=12).map(alone).sum::<Digest>(), whole);
    assert_eq!((1..=12).rev().map(alone).sum::<Digest>(), whole);
}
