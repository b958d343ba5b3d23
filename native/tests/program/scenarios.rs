//! The shipped scenarios: each runs by its name, and so does every variant that its file mentions.

use crate::common::run;
use serde_json::Value;

/// Splits a line into words like a shell: at blanks outside double quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars().chain([' ']) {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    words
}

/// Returns the flags of each variant that a file's comments mention: lines with `--set`, and quoted values.
fn variants(toml: &str) -> Vec<Vec<String>> {
    let comments = toml.lines().filter_map(|line| line.strip_prefix('#'));
    let variants = comments.filter(|line| line.trim_start().starts_with("--set "));
    let flags = variants.map(|line| {
        let mut flags = Vec::new();
        let mut words = words(line).into_iter();
        while let Some(word) = words.next() {
            if word != "--set" {
                break; // What the variant is, in words.
            }
            flags.extend([word, words.next().expect("--set has a value")]);
        }
        flags
    });
    flags.collect()
}

#[test]
fn every_scenario_runs_by_name_and_so_does_every_variant() {
    let list = run(&["scenarios", "--json"]).object();
    let scenarios = list["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 22);
    let mut tried = 0;
    for scenario in scenarios {
        let name = scenario["name"].as_str().unwrap();
        assert!(scenario["question"].as_str().unwrap().ends_with('?'), "{name}");
        let variants = variants(scenario["toml"].as_str().unwrap());
        assert!(variants.len() >= 3, "{name}: {variants:?}");
        for variant in std::iter::once(Vec::new()).chain(variants) {
            let variant: Vec<&str> = variant.iter().map(String::as_str).collect();
            let args = [&["sim", name, "--json", "--max-events", "20000"], &variant[..]].concat();
            let finished = run(&args);
            assert_eq!(finished.code, Some(0), "{args:?}: {}", finished.stderr);
            // Heartbeats are not exchanges.
            let counted = if name == "udp-heartbeat" { "sends" } else { "exchanges" };
            assert!(finished.object()[counted].as_u64().unwrap() > 0, "{args:?}");
            tried += 1;
        }
    }
    assert!(tried > 50, "{tried}");
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    for args in [&["sim", "retry-strom"][..], &["scenarios", "retry-strom"]] {
        let finished = run(args);
        assert_eq!(finished.code, Some(2));
        for part in ["retry-strom", "retry-storm", "textbook"] {
            assert!(finished.stderr.contains(part), "{}", finished.stderr);
        }
    }
}

#[test]
fn a_scenario_is_printed_as_its_file_and_runs_as_such() {
    let printed = run(&["scenarios", "metastable"]).stdout;
    let by_name = run(&["sim", "metastable", "--json"]).object();
    let by_file = crate::common::run_with(&["sim", "-", "--json"], printed.as_bytes()).object();
    assert_eq!(by_name["digest"], by_file["digest"]);
    assert_ne!(by_name["digest"], Value::Null);
}

#[test]
fn what_was_probably_meant_is_suggested() {
    for (args, sentence) in [
        (
            &["sim", "textbok"][..],
            "textbok is neither a file nor a built-in scenario; did you mean textbook?",
        ),
        (&["sim", "banana"], "the built-in ones are textbook, udp-pinger"),
        (
            &["sim", "--set", "policy.preset=coop"],
            "curl, wget, envoy or ethernet; did you mean coap?",
        ),
        (
            &["sim", "--set", "server.reply=mirorr"],
            "is not one of report, mirror or upper; did you mean mirror?",
        ),
        (&["sim", "--set", "server.drup=0.5"], "did you mean server.drop?"),
        (&["sim", "--preset", "coop"], "a similar value exists: 'coap'"),
        (&["sweep", "--preset", "coop", "--dry-run"], "a similar value exists: 'coap'"),
        (&["keys", "jiter"], "no key and no meaning of a key contains \"jiter\""),
        (&["keys", "server.drup"], "did you mean server.drop?"),
    ] {
        let refused = run(args);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(sentence), "{refused:?}");
    }
}

#[test]
fn keys_are_found_by_a_part_of_their_names_or_meanings() {
    let found = run(&["keys", "Jitter"]);
    assert_eq!(found.code, Some(0), "{found:?}");
    assert!(found.stdout.contains("policy.jitter"), "{found:?}");
    assert!(!found.stdout.contains("server.drop "), "{found:?}");
    let all = run(&["keys", "--json"]).object()["keys"].as_array().unwrap().len();
    let some = run(&["keys", "server.", "--json"]).object()["keys"].as_array().unwrap().len();
    assert!(0 < some && some < all, "{some} of {all}");
}

/// `--preset` replaces the policy of the scenario, and `--set` changes it.
#[test]
fn a_preset_is_a_flag_of_sim_and_sweep() {
    let link = |args: &[&str]| run(args).object()["link"].clone();
    let set = ["sim", "--set", "policy.preset=coap", "--set", "policy.max_sends=3", "--json"];
    let flag = ["sim", "--set", "policy.max_sends=3", "--preset", "coap", "--json"];
    assert_eq!(link(&set), link(&flag));
    let file = ["sim", "retry-storm", "--preset", "COAP", "--json"];
    assert!(link(&file).as_str().unwrap().contains("policy.preset=coap"));
    let sweep = ["sweep", "--preset", "coap", "--vary", "server.drop=0.1", "--out", "-"];
    let csv = run(&sweep);
    assert_eq!(csv.code, Some(0), "{csv:?}");
}
