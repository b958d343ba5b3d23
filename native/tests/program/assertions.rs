//! `sim --assert`: thresholds for scripts and CI.

use crate::common::{Folder, run};
use serde_json::Value;

/// Half of the requests are dropped, so that an exchange takes nearly two sends.
const DROP: [&str; 5] = ["sim", "--set", "server.drop=0.5", "--set", "exchanges=1000"];

fn sim(more: &[&str]) -> crate::common::Finished {
    run(&[&DROP[..], more].concat())
}

#[test]
fn the_exit_code_says_whether_all_assertions_hold() {
    let holds = sim(&["--assert", "amplification <= 2.1", "--assert", "latency_p50_s<150ms"]);
    assert_eq!(holds.code, Some(0), "{holds:?}");
    assert!(
        holds.stderr.contains("holds: amplification <= 2.1 (amplification is 2.006)"),
        "{holds:?}"
    );
    let fails = sim(&["--assert", "amplification <= 2.1", "--assert", "gave_up_share <= 0.1%"]);
    assert_eq!(fails.code, Some(5), "{fails:?}");
    assert!(fails.stderr.contains("does not hold: gave_up_share <= 0.1%: gave_up_share is 0.0"));
}

/// The command that is printed fails in the same way.
#[test]
fn the_command_repeats_the_failure() {
    for more in [
        &["--assert", "amplification < 1.5"][..],
        &["--assert", "answered == 1000 in all seeds", "--seeds", "3"],
        &["--assert", "amplification < 1.5", "--seeds", "6"],
        &["--assert", "exchanges == 1000", "--max-events", "500"],
    ] {
        let fails = sim(more);
        assert_eq!(fails.code, Some(5), "{fails:?}");
        let line = fails.stderr.lines().find_map(|line| line.strip_prefix("  repeat: retrylab "));
        let words = line.unwrap().replace('\'', "\"");
        let words = words.split('"').enumerate().flat_map(|(at, part)| match at % 2 {
            1 => vec![part],
            _ => part.split_whitespace().collect(),
        });
        let again = run(&words.collect::<Vec<_>>());
        assert_eq!(again.code, Some(5), "{again:?}");
    }
}

#[test]
fn with_seeds_the_interval_or_the_share_of_seeds_counts() {
    let json = |assertion: &str, seeds: &str| -> Value {
        let finished = sim(&["--assert", assertion, "--seeds", seeds, "--json"]);
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        let check = report["assertions"][0].clone();
        assert_eq!(finished.code, Some(if check["holds"] == true { 0 } else { 5 }));
        check
    };
    let check = json("amplification <= 2.1", "10");
    assert_eq!((&check["holds"], &check["repeat"]), (&true.into(), &Value::Null), "{check}");
    assert!(
        check["found"].as_str().unwrap().starts_with("the median of amplification is between ")
    );
    let check = json("amplification <= 1.94 in 95% of seeds", "10");
    assert_eq!(check["holds"], false, "{check}");
    assert!(check["seed"].is_u64(), "{check}");
    assert!(
        check["repeat"].as_str().unwrap().ends_with("--assert 'amplification <= 1.94'"),
        "{check}"
    );
    let check = json("answered > 900 in all seeds", "2");
    assert_eq!(
        (&check["holds"], &check["found"]),
        (&true.into(), &"it holds in 2 of 2 seeds".into())
    );
    let few = sim(&["--assert", "amplification <= 2", "--seeds", "5"]);
    assert_eq!(few.code, Some(2), "{few:?}");
    assert!(few.stderr.contains("fewer than 6 seeds"), "{few:?}");
}

#[test]
fn a_run_that_a_limit_ended_fails_unless_it_may() {
    let cut = ["--max-events", "500", "--assert", "amplification <= 3"];
    let fails = sim(&cut);
    assert_eq!(fails.code, Some(5), "{fails:?}");
    assert!(fails.stderr.contains("the run was ended by the limit on events (--max-events)"));
    assert_eq!(sim(&[&cut[..], &["--allow-cut"]].concat()).code, Some(0));
}

#[test]
fn a_latency_without_any_answer_is_longer_than_any() {
    let fails = run(&["sim", "--set", "server.drop=1", "--assert", "latency_p99_s < 1h"]);
    assert_eq!(fails.code, Some(5), "{fails:?}");
    assert!(fails.stderr.contains("latency_p99_s is longer than any"), "{fails:?}");
}

#[test]
fn texts_are_equal_or_not() {
    let digest = serde_json::from_str::<Value>(&sim(&["--json"]).stdout).unwrap()["digest"].clone();
    let is = format!("digest == {}", digest.as_str().unwrap());
    assert_eq!(sim(&["--assert", &is]).code, Some(0));
    assert_eq!(sim(&["--assert", &is, "--seed", "2"]).code, Some(5));
    assert_eq!(sim(&["--assert", "ended_by == finished"]).code, Some(0));
}

#[test]
fn what_is_no_assertion_is_refused_in_one_sentence() {
    for (assertion, sentence) in [
        ("amplification", "it has no relation; try `amplification <= 1.3`"),
        (
            "amplifcation <= 1.3",
            "there is no measure \"amplifcation\"; did you mean amplification?",
        ),
        ("banana <= 1", "there is no measure \"banana\"; the measures are exchanges, answered"),
        ("amplification <= fast", "\"fast\" is not a value of amplification"),
        ("latency_p99_s <= 5%", "\"5%\" is not a value of latency_p99_s, a time such as 500ms"),
        ("gave_up_share <= 5ms", "\"5ms\" is not a value of gave_up_share, such as 5% or 0.05"),
        ("digest < x", "digest is a text: compare it with == or !="),
        (
            "sends < 5 in most seeds",
            "\"most seeds\" is not a share of seeds; try `in 95% of seeds`",
        ),
        ("sends < nan", "\"nan\" is not a value of sends"),
    ] {
        let refused = sim(&["--assert", assertion]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(sentence), "{refused:?}");
    }
    let refused = sim(&["--assert", "sends < 5", "--versus-set", "seed=2"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

#[test]
fn junit_and_github_get_the_results() {
    let folder = Folder::new("assertions");
    let path = &*folder.path("results.xml");
    let more =
        ["--assert", "sends < 5", "--assert", "exchanges == 1000", "--junit", path, "--github"];
    let fails = sim(&more);
    assert_eq!(fails.code, Some(5), "{fails:?}");
    assert!(fails.stderr.contains("::error title=retrylab::sends < 5: sends is 2006"), "{fails:?}");
    assert!(fails.stderr.contains("%0Arepeat: retrylab sim --address"), "{fails:?}");
    assert!(fails.stderr.contains("%0Aaddress: http://127.0.0.1:8060/#"), "{fails:?}");
    let xml = std::fs::read_to_string(path).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"sends &lt; 5\">"), "{xml}");
    assert!(xml.contains("name=\"exchanges == 1000\"/>"), "{xml}");
    assert!(xml.contains("\naddress: http://127.0.0.1:8060/#"), "{xml}");
    let nowhere = sim(&["--assert", "sends > 5", "--junit", "/nowhere/x.xml"]);
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
}
