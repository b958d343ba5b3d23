//! `retrylab sim --variant`, and `--versus` with several scenarios.

use crate::common::run;
use crate::compare::{sim, spread};
use serde_json::Value;

/// Three policies under one name each. Without retries a client sends once; three of the keys differ.
#[test]
fn variants_are_compared_with_the_first_one() {
    let base = ["textbook", "--set", "exchanges=200", "--seeds", "8"];
    let variants =
        ["--variant", "one=policy.max_sends=1", "--variant", "two=policy.max_sends=2,clients=2"];
    let coap = ["--variant", "coap=policy.preset=coap"];
    let args = [&base[..], &variants, &coap].concat();
    let object = sim(&args);
    let names: Vec<&Value> =
        object["variants"].as_array().unwrap().iter().map(|variant| &variant["name"]).collect();
    assert_eq!(names, ["one", "two", "coap"]);
    let clients = serde_json::json!({ "one": "1", "two": "2", "coap": "1" });
    assert_eq!(object["differs"]["clients"], clients);
    assert_eq!(spread(&object, 0, "amplification")["max"], 1.0);
    let comparisons = object["comparisons"].as_array().unwrap();
    let pairs: Vec<_> = comparisons.iter().map(|pair| (&pair["name"], &pair["with"])).collect();
    assert_eq!(pairs, [(&"two".into(), &"one".into()), (&"coap".into(), &"one".into())]);
    // A variant has the same fields as a run by itself, and one run the same as several.
    let alone =
        sim(&["textbook", "--set", "exchanges=200", "--set", "policy.max_sends=1", "--seeds", "8"]);
    let one = sim(&["textbook", "--set", "exchanges=200", "--set", "policy.max_sends=1"]);
    for name in ["measures", "runs", "pooled", "cut", "modes", "no_interval", "link", "scenario"] {
        assert_eq!(object["variants"][0][name], alone[name], "{name}");
        assert!(one.get(name).is_some(), "{name}");
    }
    assert_eq!(one["runs"][0], alone["runs"][0]);
    assert_eq!(one["measures"]["sends"]["median"], one["runs"][0]["sends"].as_f64().unwrap());
    // The text leads with a sentence for each.
    let shown = run(&[&["sim"], &args[..]].concat()).stdout;
    let lines: Vec<&str> = shown.lines().collect();
    assert!(
        lines[0].starts_with("two answers ")
            && lines[0].contains(" more than one, in 8 of 8 seeds"),
        "{shown}"
    );
    assert!(lines[1].starts_with("coap answers ") && lines[2].is_empty(), "{shown}");
    assert!(!lines.iter().any(|line| line.starts_with("misattributed")), "{shown}");
    let all = run(&[&["sim"], &args[..], &["--all"]].concat()).stdout;
    assert!(all.lines().any(|line| line.starts_with("misattributed")), "{all}");
    // A single variant is compared with the scenario itself.
    let object = sim(&[&base[..], &variants[..2]].concat());
    assert_eq!(object["variants"][0]["name"], "textbook");
    assert_eq!(object["variants"][1]["name"], "one");
}

/// With three scenarios, `--versus` is given twice, and an assertion holds for each of them or says for which it
/// does not.
#[test]
fn several_scenarios_are_compared_and_asserted() {
    let args = ["sim", "textbook", "--set", "exchanges=100", "--seeds", "6"];
    let versus = ["--versus", "#server.drop=0.9&exchanges=100", "--versus", "#exchanges=100"];
    let bound = ["--assert", "answered_share >= 0.5 in all seeds"];
    let finished = run(&[&args[..], &versus, &bound, &["--json"]].concat());
    assert_eq!(finished.code, Some(5), "{finished:?}");
    let object = finished.object();
    let results: Vec<_> = object["assertions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| (check["variant"].as_str().unwrap(), check["holds"].as_bool().unwrap()))
        .collect();
    assert_eq!(results, [("textbook", true), ("B", false), ("C", true)]);
    assert!(finished.stderr.contains("B: answered_share >= 0.5 in all seeds"), "{finished:?}");
}
