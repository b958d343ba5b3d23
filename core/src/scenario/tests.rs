//! Each key by itself: its text, its refusals, its presets.

use super::{FIELDS, Field, FieldError, Scenario, Workload};
use crate::link::{Link, Preset};
use crate::random::Direction;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Every key of the link but `link.rtt`, which takes the place of two, with a value that is not its default.
pub(crate) const LINK_KEYS: [(&str, &str); 18] = [
    ("link.preset", "mobile-4g"),
    ("link.latency", "lognormal 10ms 2ms"),
    ("link.correlation", "0.25"),
    ("link.loss", "burst 0.04 4"),
    ("link.duplicate", "0.01"),
    ("link.reorder", "0.02"),
    ("link.reorder_gap", "5"),
    ("link.corrupt", "0.03"),
    ("link.checksum", "false"),
    ("link.rate", "1.5mbit"),
    ("link.queue", "20"),
    ("link.queue_rule", "red 5 15 0.1"),
    ("link.overhead", "48"),
    ("link.mtu", "1500"),
    ("link.shared", "true"),
    ("link.reply_latency", "table 9ms 10ms"),
    ("link.reply_loss", "0.5"),
    ("link.reply_rate", "none"),
];

fn scenario(pairs: &[(&str, &str)]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.apply(pairs.iter().copied()).unwrap();
    scenario
}

#[test]
fn every_key_of_the_link_survives_its_text() {
    let known = FIELDS.iter().map(|field| field.key).filter(|key| key.starts_with("link."));
    let known = known.filter(|key| *key != "link.rtt");
    assert_eq!(known.collect::<Vec<_>>(), LINK_KEYS.map(|(key, _)| key));
    let all = scenario(&LINK_KEYS);
    for (key, value) in LINK_KEYS {
        assert_eq!(all.value(key).unwrap(), value);
        assert_ne!(Scenario::default().value(key).unwrap(), value, "{key}");
    }
    let (back, errors) = Scenario::from_fragment(&all.to_fragment());
    assert_eq!((back, errors), (all, Vec::new()));
}

#[cfg(feature = "serde")]
#[test]
fn every_key_of_the_link_survives_serde() {
    let all = scenario(&LINK_KEYS);
    let json = serde_json::to_value(&all).unwrap();
    assert_eq!(json["link"]["loss"], "burst 0.04 4");
    assert_eq!(json["link"]["reply_loss"], 0.5, "a plain number stays one");
    assert_eq!(json["link"]["mtu"], 1_500);
    assert_eq!(serde_json::from_value::<Scenario>(json).unwrap(), all);
}

#[cfg(feature = "serde")]
#[test]
fn every_list_can_be_an_array() {
    let read = |json| serde_json::from_value::<Scenario>(json).map_err(|error| error.to_string());
    let json = serde_json::json!({
        "server": { "drop_list": [1, "3-5"] },
        "link": { "latency": ["9ms", "10 ms"], "loss": [2] },
        "policy": { "timeouts": [] },
        "faults": ["1s 1s partition"],
    });
    let pairs = [
        ("server.drop_list", "1,3-5"),
        ("link.latency", "table 9ms 10ms"),
        ("link.loss", "list 2"),
        ("faults", "1s 1s partition"),
    ];
    assert_eq!(read(json), Ok(scenario(&pairs)));
    for (json, sentence) in [
        (serde_json::json!({ "clients": [1] }), "clients: an array is not a whole number"),
        (serde_json::json!({ "faults": [{ "a": 1 }] }), "faults: an array is not a timeline"),
        (serde_json::json!({ "x": [] }), "unknown key \"x\""),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.starts_with(sentence), "{error}");
    }
}

#[test]
fn presets_come_first_and_survive_their_link() {
    for (preset, name) in Preset::ALL.iter().zip(Preset::NAMES) {
        let named = scenario(&[("link.preset", *name)]);
        assert_eq!(named.link, preset.link());
        let fragment = named.to_fragment();
        let expected =
            if *name == "default" { String::new() } else { format!("link.preset={name}") };
        assert_eq!(fragment, expected);
        let spelled: Vec<_> = named.pairs().filter(|(key, _)| *key != "link.preset").collect();
        let mut other = Scenario::default();
        other.apply(spelled).unwrap();
        assert_eq!(other.link, named.link, "{name}");
    }
    let changed = scenario(&[("link.latency", "1ms"), ("link.preset", "very-bad")]);
    assert_eq!(changed.value("link.latency").unwrap(), "1ms", "whatever the order");
    assert_eq!(changed.value("link.loss").unwrap(), "0.1");
    assert_eq!(changed.to_fragment(), "link.preset=very-bad&link.latency=1ms");
    // A preset resets what was there before.
    let mut again = scenario(&LINK_KEYS);
    again.apply([("link.preset", "default")]).unwrap();
    assert_eq!(again.link, Link::default());
}

#[test]
fn a_refusal_names_the_key_the_value_and_what_is_allowed() {
    for (key, value, allowed) in [
        ("link.preset", "wifi", "one of default, "),
        ("link.latency", "pareto 1ms", "`pareto 5ms 3` (minimum, shape)"),
        ("link.loss", "burst 0.9 1", "`burst 0.04 4` (share, mean length)"),
        ("link.reply_loss", "x", "or same"),
        ("link.rate", "10", "a rate of at most 1000gbit; try 10mbit or 750kbit, or none"),
        ("link.rate", "same", "or none"),
        ("link.reply_rate", "x", "or none, or same"),
        ("link.queue", "0", "a whole number from 1 to 1000000"),
        ("link.queue_rule", "codel", "a queue rule; try `tail` or `red 5 15 0.1`"),
        ("link.reorder_gap", "0", "a whole number from 1 to 4294967295"),
        ("link.overhead", "65536", "a whole number from 0 to 65535"),
        ("link.mtu", "0", "a whole number from 1 to 1000000, or none"),
        ("link.correlation", "1.1", "a probability from 0 to 1; try 0.3 or 30%"),
        ("policy.max_timeout", "100", "a duration of at most 2400h; try 100ms or 1m30s, or none"),
        ("policy.increment", "2401h", "a duration of at most 2400h; try 100ms or 1m30s"),
        ("policy.multiplier", "150%", "a number from 1 to 1000; try 2 or 1.5"),
        ("server.reply", "echo", "one of report, mirror or upper"),
        ("server.drop_list", "0", "a list of numbers from 1 and ascending ranges; try `1,3-5`"),
        ("workload.arrivals", "x", "or closed"),
    ] {
        let error = Scenario::default().apply([(key, value)]).unwrap_err();
        let shape = &Field::find(key).unwrap().shape;
        assert_eq!(error, FieldError::BadValue { key, value: value.to_string(), shape });
        let sentence = error.to_string();
        let begin = format!("{key}: \"{value}\" is not ");
        assert!(sentence.starts_with(&begin) && sentence.contains(allowed), "{sentence}");
        assert!(!sentence.contains('\n'), "{sentence}");
    }
    let checksum = Scenario::default().apply([("link.checksum", "yes")]).unwrap_err();
    assert_eq!(checksum.to_string(), "link.checksum: \"yes\" is neither true nor false");
    let message = Scenario::default().apply([("message", "x".repeat(65_508))]).unwrap_err();
    let begins =
        format!("message: \"{}… (65508 bytes)\" is longer than 65507 bytes", "x".repeat(60));
    assert_eq!(message.to_string(), begins);
}

#[test]
fn a_latency_is_one_way_or_a_round_trip() {
    let link = |pairs: &[(&str, &str)]| scenario(pairs).link;
    let both_ways = |pairs: &[(&str, &str)]| {
        let link = link(pairs);
        [Direction::Request, Direction::Reply].map(|way| link.latency_of(way).to_string())
    };
    for (rtt, there, back) in [
        ("20ms", "10ms", "10ms"),
        ("1ns", "0s", "1ns"),
        ("uniform 10ms 30ms", "uniform 5ms 15ms", "uniform 5ms 15ms"),
        ("normal 20ms 4ms", "normal 10ms 2ms", "normal 10ms 2ms"),
        ("lognormal 1ns 4ms", "lognormal 1ns 2ms", "lognormal 1ns 2ms"),
        (
            "quantiles p50=8ms p99=15ms",
            "quantiles p50=4ms p99=7.5ms",
            "quantiles p50=4ms p99=7.5ms",
        ),
        ("pareto 10ms 3", "pareto 5ms 3", "pareto 5ms 3"),
        ("exponential 20ms", "exponential 10ms", "exponential 10ms"),
        ("table 9ms 12.3ms", "table 4.5ms 6.15ms", "table 4.5ms 6.15ms"),
    ] {
        assert_eq!(both_ways(&[("link.rtt", rtt)]), [there, back], "{rtt}");
        let whole = scenario(&[("link.preset", "mobile-4g"), ("link.rtt", rtt)]);
        assert_eq!(
            (whole.value("link.rtt").unwrap(), whole.value("link.latency").unwrap()),
            (rtt.into(), "none".into())
        );
        let (back, errors) = Scenario::from_fragment(&whole.to_fragment());
        assert_eq!((&back, errors), (&whole, Vec::new()));
        let mut pairs = Scenario::default();
        pairs.apply(whole.pairs()).unwrap();
        assert_eq!(pairs, whole);
    }
}

#[test]
fn a_latency_and_a_round_trip_contradict_each_other() {
    let rtt = scenario(&[("link.rtt", "20ms")]);
    assert_eq!(rtt.to_fragment(), "link.rtt=20ms");
    let then = |pairs: &[(&str, &str)]| {
        let mut changed = rtt.clone();
        changed.apply(pairs.iter().copied()).map_err(|error| error.to_string())?;
        Ok(changed.to_fragment())
    };
    // What is set later replaces what was there, from a file for example.
    assert_eq!(then(&[("link.latency", "5ms")]), Ok("link.latency=5ms".to_string()));
    assert_eq!(then(&[("link.rtt", "none")]), Ok(String::new()));
    assert_eq!(
        then(&[("link.rtt", "none"), ("link.preset", "datacentre")]),
        Ok("link.preset=datacentre".to_string())
    );
    assert_eq!(then(&[("link.preset", "default")]), Ok(String::new()));
    assert_eq!(then(&[("link.latency", "none")]), Ok("link.rtt=20ms".to_string()));
    let reply = "link.reply_latency is \"1ms\"; with link.rtt it must be same, because each direction takes \
                 half of the round trip";
    assert_eq!(then(&[("link.reply_latency", "1ms")]), Err(reply.to_string()));
    for (pairs, sentence) in [
        (
            &[("link.latency", "10ms"), ("link.rtt", "20ms")][..],
            "link.latency is \"10ms\" and link.rtt is \"20ms\"; set only one of them: link.latency is one \
             way, link.rtt there and back",
        ),
        (&[("link.reply_latency", "1ms"), ("link.rtt", "20ms")], reply),
        (&[("link.latency", "none")], "link.latency is none; without link.rtt it must be a time"),
        (
            &[("link.latency", "none"), ("link.rtt", "none")],
            "link.latency is none; without link.rtt it",
        ),
    ] {
        let error = Scenario::default().apply(pairs.iter().copied()).unwrap_err().to_string();
        assert!(error.starts_with(sentence), "{error}");
    }
}

/// A probability or a share may be a fraction, wherever it is read.
#[test]
fn fractions_are_read_everywhere() {
    for (key, text, canonical) in [
        ("server.drop", "4/11", "0.363636364"),
        ("server.fail", " 1 / 3 ", "0.333333333"),
        ("link.loss", "4/11", "0.363636364"),
        ("link.loss", "gilbert-elliott 1/10 2/5", "gilbert-elliott 0.1 0.4"),
        ("policy.budget", "deposits 1/5 10 10s", "deposits 0.2 10 10s"),
        ("policy.jitter", "proportional 1/5", "proportional 0.2"),
        ("faults", "1s 1s loss 1/2", "1s 1s loss 0.5"),
    ] {
        let mut scenario = Scenario::default();
        scenario.apply([(key, text)]).unwrap();
        assert_eq!(scenario.value(key).as_deref(), Some(canonical), "{text}");
        let mut again = Scenario::default();
        again.apply([(key, canonical)]).unwrap();
        assert_eq!(again, scenario, "{text}");
    }
}

/// Pairs each spelling with an obvious meaning with the canonical spelling.
#[test]
fn reading_is_lenient_and_writing_is_canonical() {
    for (key, text, canonical) in [
        ("seed", "0xFF", "255"),
        ("seed", " +7 ", "7"),
        ("clients", "1e3", "1000"),
        ("message", " as it is ", " as it is "),
        ("connected", " TRUE ", "true"),
        ("server.drop", "30%", "0.3"),
        ("server.drop", "30 %", "0.3"),
        ("server.drop", "1e-05", "0.00001"),
        ("server.drop", "0.30000000000000004", "0.3"),
        ("policy.deadline", "12.300000000000001 ms", "12.3ms"),
        ("policy.deadline", "1 min 30 seconds", "90s"),
        ("link.rate", "1.0000000000000002mbit", "1mbit"),
        ("policy.budget", "deposits 0.20000000000000001 10 10s", "deposits 0.2 10 10s"),
        ("workload.arrivals", "poisson 33.333333333333336", "poisson 33.333"),
        ("server.drop", "+.5", "0.5"),
        ("server.drop_first", "1E2", "100"),
        ("server.drop_list", " 3 - 5 , 1 ", "1,3-5"),
        ("server.drop_list", "", "none"),
        ("server.reply", "Mirror", "mirror"),
        ("server.reply", "UPPER", "upper"),
        ("server.hint", "None", "none"),
        ("server.service", "Exponential 5 ms", "exponential 5ms"),
        ("server.rising", "1\u{b5}s", "1us"),
        ("server.rising", "1 \u{3bc}s", "1us"),
        ("policy.initial_timeout", "10 ms", "10ms"),
        ("policy.initial_timeout", "10MS", "10ms"),
        ("policy.deadline", "1m30s", "90s"),
        ("policy.deadline", "1h 5m", "3900s"),
        ("policy.deadline", "1e-05s", "10us"),
        ("policy.multiplier", "+1.50", "1.5"),
        ("policy.timeouts", "0s,1 m", "0s, 60s"),
        ("policy.first_delay", "20 ms 120 ms", "20ms 120ms"),
        ("policy.first_delay", "1s 1s", "1s"),
        ("policy.jitter", " Proportional 20% Later", "proportional 0.2 later"),
        ("policy.budget", "deposits 20 % 10 10 s", "deposits 0.2 10 10s"),
        ("policy.breaker", "Share 10%", "share 0.1"),
        ("policy.hint", "clamp 5 s", "clamp 5s"),
        ("policy.preset", "CoAP", "coap"),
        ("workload.arrivals", "Closed", "closed"),
        ("workload.arrivals", "Poisson 40,20 s 80", "poisson 40, 20s 80"),
        ("workload.arrivals", "times  0s,10 ms", "times 0s, 10ms"),
        ("workload.think", "uniform 0s 1m30s", "uniform 0s 90s"),
        ("link.loss", "10%", "0.1"),
        ("link.loss", "Burst 4% 4", "burst 0.04 4"),
        ("link.loss", "LIST 3, 1-2", "list 1-3"),
        ("link.rate", "10 Mbit/s", "10mbit"),
        ("link.rate", "1e3kbit", "1mbit"),
        ("link.reply_rate", "SAME", "same"),
        ("link.reply_rate", "None", "none"),
        ("link.queue_rule", "RED 5 15 10%", "red 5 15 0.1"),
        ("faults", "20 s 5 s LOSS 30 %", "20s 5s loss 0.3"),
        ("faults", "1m30s 5s server-down Keep", "90s 5s server-down keep"),
    ] {
        let field = Field::find(key).unwrap();
        assert_eq!(field.canonical(text).as_deref(), Ok(canonical), "{key}={text}");
        assert_eq!(field.canonical(canonical).as_deref(), Ok(canonical), "{key}");
    }
}

#[test]
fn text_that_could_mean_two_things_is_refused() {
    for (key, text) in [
        ("policy.deadline", "100"),
        ("policy.deadline", "1M"),
        ("policy.deadline", "30s 1m"),
        ("policy.multiplier", "50%"),
        ("clients", "1,000"),
        ("clients", "1.5"),
        ("clients", "-1"),
        ("link.rate", "10mb"),
        ("link.rate", "10mbps"),
        ("link.checksum", "1"),
        ("server.drop", "0,3"),
        ("server.drop", "1e-10"),
        ("policy.deadline", "0.1ns"),
        ("clients", "2.0000000000000004"),
        ("server.hint", "-"),
        ("link.reply_loss", "none"),
        ("link.rate", ""),
    ] {
        assert!(Field::find(key).unwrap().canonical(text).is_err(), "{key}={text}");
    }
}

#[test]
fn a_workload_is_of_one_kind() {
    let open = [("token", "true"), ("server.reply", "mirror")];
    let poisson = ("workload.arrivals", "poisson 10");
    for (pairs, key, sentence) in [
        (
            &[poisson, ("workload.think", "1s")][..],
            "workload.think",
            "workload.think is \"1s\"; with workload.arrivals it must be none, because exchanges \
             that arrive do not wait for earlier ones",
        ),
        (
            &[("workload.duration", "1s")],
            "workload.duration",
            "workload.duration is \"1s\"; without workload.rate or workload.arrivals it must be none, because it \
             ends arrivals",
        ),
        (
            &[("workload.task", "write"), poisson],
            "workload.arrivals",
            "workload.arrivals is \"poisson 10\"; with workload.task=write it must be closed, because \
             each client writes once",
        ),
        (
            &[("workload.task", "write"), ("workload.think", "1s")],
            "workload.think",
            "workload.think is \"1s\"; with workload.task=write it must be none, because each client \
             writes once",
        ),
    ] {
        let mut refused = scenario(&open);
        let error = refused.apply(pairs.iter().copied()).unwrap_err();
        assert_eq!((error.key(), error.to_string().as_str()), (key, sentence));
        assert_eq!(refused, scenario(&open), "all or nothing");
    }
    // The order of the keys does not matter, and each kind can replace another one.
    let mut changing = scenario(&open);
    changing.apply([("workload.duration", "2s"), poisson]).unwrap();
    assert!(matches!(changing.workload, Workload::Open { duration: Some(_), .. }));
    let closed =
        [("workload.think", "1s"), ("workload.duration", "none"), ("workload.arrivals", "closed")];
    changing.apply(closed).unwrap();
    assert!(matches!(changing.workload, Workload::Closed { think: Some(_) }));
    let mut writing = Scenario::default();
    writing.apply([("workload.task", "write")]).unwrap();
    assert_eq!(writing.workload, Workload::Write);
    assert_eq!(writing.value("workload.arrivals").unwrap(), "closed");
}

#[test]
fn a_shape_of_each_key_is_explained() {
    for field in FIELDS {
        let allowed = field.shape.to_string();
        assert!(!allowed.contains('\n') && !allowed.is_empty(), "{}", field.key);
        // The examples are values of the key, in canonical form or close to it.
        for (example, _) in field.shape.grammar().map_or(&[][..], |grammar| grammar.examples) {
            assert!(field.canonical(example).is_ok(), "{}: {example}", field.key);
        }
        for word in field.shape.words() {
            assert_eq!(field.canonical(word).as_deref(), Ok(word), "{}", field.key);
        }
        if let Some(series) = field.shape.series() {
            let text = format!("{} 1s{}2s", series.keyword, series.separator);
            assert_eq!(field.canonical(&text), Ok(text), "{}", field.key);
        }
        assert!(!field.help().is_empty() && !field.help().ends_with('.'), "{}", field.key);
    }
}

#[test]
fn each_key_has_its_own_help() {
    let help = |key| Field::find(key).unwrap().help();
    assert!(help("seed").starts_with("seed of all random draws"));
    assert_eq!(help("link.duplicate"), "probability that a datagram arrives twice");
    assert_eq!(FIELDS.last().unwrap().key, "changes");
    assert!(help("changes").ends_with("all draws stay the same"));
}
