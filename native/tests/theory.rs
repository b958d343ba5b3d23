//! `retrylab theory`, as people and scripts see it.

mod common;

use common::run;

#[test]
fn a_model_is_evaluated_with_its_inputs() {
    let finished = run(&["theory", "mm1k", "load=0.8", "k=10", "--json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let object = finished.object();
    assert_eq!((&object["model"], &object["inputs"]["k"]), (&"mm1k".into(), &"10".into()));
    let blocked = object["results"]["blocked"].as_f64().unwrap();
    assert!((blocked - 0.023_492_86).abs() < 1e-8, "{blocked}");

    let state = run(&["theory", "metastable", "load=20", "--json"]).object();
    assert_eq!(state["results"]["state"], "stable");
    assert!(state["results"]["tipping"].is_null());
}

/// The formula stands beside the simulated network: the same policy, the same loss.
#[test]
fn theory_and_simulation_agree() {
    let theory = run(&["theory", "bernoulli", "loss=0.1", "drop=0.5", "--json"]).object();
    let (drop, loss) = ("server.drop=0.5", "link.loss=0.1");
    let sets = ["--set", drop, "--set", loss, "--set", "exchanges=100000"];
    let sim = run(&[&["sim", "--json"][..], &sets].concat()).object();
    let share = sim["gave_up_share"].as_f64().unwrap();
    let expected = theory["results"]["gave_up"].as_f64().unwrap();
    let error = (expected * (1.0 - expected) / 100_000.0).sqrt();
    assert!((share - expected).abs() < 4.0 * error, "{share} and {expected}");
}

#[test]
fn models_are_listed_and_wrong_inputs_are_refused_in_one_sentence() {
    let text = run(&["theory"]).stdout;
    assert!(text.contains("bernoulli: an exchange") && text.contains("drop=0.5"), "{text}");
    let listed = run(&["theory", "--json"]).object();
    assert_eq!(listed["models"].as_array().unwrap().len(), 10);
    for (args, sentence) in [
        (&["bernoulli", "x=1"][..], "there is no input `x`; it takes preset, loss, drop, rtt"),
        (&["bernoulli", "drop=2"], "drop cannot be `2`; it takes a number from 0 to 1"),
        (&["bernoulli", "preset=dtls"], "never gives up"),
        (&["erlang-c", "offered=3"], "`offered` must be below `servers`"),
        (&["bernoulli", "drop"], "it is not of the form KEY=VALUE"),
        (&["nothing"], "possible values: bernoulli"),
    ] {
        let finished = run(&[&["theory"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(sentence), "{sentence}\n{}", finished.stderr);
    }
}

#[test]
fn a_run_stands_beside_its_prediction_or_says_why_there_is_none() {
    let sim = |sets: &[&str]| {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        run(&[&["sim", "--json"][..], &sets].concat()).object()["theory"].clone()
    };
    let predicted = sim(&["server.drop=0.5", "exchanges=20000"]);
    assert_eq!(predicted["gave_up_share"], 0.03125);
    assert_eq!(predicted["amplification"], 1.9375);
    for key in ["gave_up_standard_errors", "amplification_standard_errors"] {
        assert!(predicted[key].as_f64().unwrap().abs() < 4.0, "{predicted}");
    }
    let jittered = sim(&["policy.jitter=full"]);
    assert!(jittered["gave_up_share"].is_null());
    assert_eq!(jittered["not_predicted"], "the waits are drawn or measured");
    let text = run(&["sim", "--set", "link.latency=60ms"]).stdout;
    let sentence = "not predicted: the round trip may be longer than a wait";
    assert!(text.contains(sentence), "{text}");
}
