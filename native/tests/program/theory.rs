//! `retrylab theory`, as people and scripts see it.

use crate::common::run;

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

/// The UDP Pinger's server drops 4 of 11 requests: (7/11)^10 = 0.01089 for ten answers.
#[test]
fn theory_answers_the_question_of_the_udp_pinger() {
    let args = ["theory", "bernoulli", "preset=udp-pinger", "drop=4/11", "exchanges=10", "--json"];
    let results = run(&args).object()["results"].clone();
    let all = results["all_answered"].as_f64().unwrap();
    assert!((all - (7.0_f64 / 11.0).powi(10)).abs() < 1e-12, "{all}");
    assert!((all - 0.01089).abs() < 1e-5, "{all}");
}

/// Compares the formula with the simulated network for the same policy and loss.
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
        (
            &["bernoulli", "x=1"][..],
            "there is no input `x`; the inputs are preset, loss, drop, rtt, exchanges",
        ),
        (&["bernoulli", "drop=2"], "drop is `2`; it must be a number from 0 to 1"),
        (&["bernoulli", "preset=dtls"], "never gives up"),
        (&["erlang-c", "offered=3"], "`offered` must be below `servers`"),
        (&["bernoulli", "drop"], "not of the form KEY=VALUE"),
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

/// M/M/1/K at a load of 0.8 with at most 10 requests: a request that finds the queue full is lost.
const QUEUE: [&str; 14] = [
    "--set",
    "token=true",
    "--set",
    "server.reply=mirror",
    "--set",
    "policy.max_sends=1",
    "--set",
    "workload.arrivals=poisson 80",
    "--set",
    "server.service=exponential 10ms",
    "--set",
    "server.queue=9",
    "--set",
    "link.latency=5ms",
];

/// Over 16 seeds, runs of 100,000 arrivals have a standard deviation of 4.6 % of the share refused, 1 % of
/// the wait and the queue, and 0.3 % of the busy share. The tolerance here is more than four of them.
#[test]
fn a_queue_is_compared_with_its_prediction() {
    let exchanges = ["--set", "exchanges=100000"];
    let object = run(&[&["sim", "--json"], &QUEUE[..], &exchanges].concat()).object();
    let queue = &object["theory"]["queue"];
    assert_eq!(queue["model"], "M/M/1/K");
    assert!((queue["load"].as_f64().unwrap() - 0.8).abs() < 1e-12);
    for (name, predicted, tolerance) in [
        ("refused_share", 0.023_492_86, 20.0),
        ("mean_wait_s", 0.027_970_975, 5.0),
        ("mean_queue", 2.185_108_56, 5.0),
        ("utilisation", 0.781_205_71, 1.5),
    ] {
        let number = |key: &str| queue[name][key].as_f64().unwrap();
        assert!((number("predicted") - predicted).abs() < 1e-8, "{queue}");
        let off = 100.0 * (number("measured") / number("predicted") - 1.0);
        assert!((number("difference_percent") - off).abs() < 1e-9, "{queue}");
        assert!(off.abs() < tolerance, "seed {}: {name} {queue}", object["seed"]);
    }
    // The first tenth of the arrivals is left out.
    let steady = &object["metrics"]["steady"];
    assert_eq!(queue["mean_wait_s"]["measured"], steady["mean_wait_s"]);
    assert_eq!(queue["warm_up_s"], steady["warm_up_s"]);
    let mean = &object["metrics"]["work"]["mean_wait_s"];
    assert_ne!(*mean, steady["mean_wait_s"]);
    assert!(object["theory"]["queue_not_predicted"].is_null());
    assert_eq!(object["theory"]["metastable_not_predicted"], "the server is not M/M/1");

    let few = ["--set", "exchanges=20"];
    let text = run(&[&["sim"], &QUEUE[..], &few].concat()).stdout;
    assert!(text.contains("\ntheory of the queue   M/M/1/K after "), "{text}");
    let cut = run(&[&["sim", "--json", "--max-events", "50"], &QUEUE[..], &few].concat()).object();
    assert_eq!(cut["theory"]["queue_not_predicted"], "the run did not finish");
}

#[test]
fn only_seeds_have_standard_errors_of_a_queue() {
    let seeds = ["--set", "exchanges=10000", "--seeds", "12"];
    let object = run(&[&["sim", "--json"], &QUEUE[..], &seeds].concat()).object();
    let queue = &object["theory"]["queue"];
    for name in ["refused_share", "mean_wait_s", "mean_queue", "utilisation"] {
        let number = |key: &str| queue[name][key].as_f64().unwrap();
        let off = (number("mean") - number("predicted")) / number("standard_error");
        assert!((number("standard_errors") - off).abs() < 1e-9, "{queue}");
        assert!(off.abs() < 5.0, "seeds 1 to 12: {name} {queue}");
    }
    let one = ["--set", "exchanges=100", "--seeds", "1", "--json"];
    let one = run(&[&["sim"], &QUEUE[..], &one].concat()).object();
    assert!(one["theory"]["queue"]["utilisation"]["standard_errors"].is_null());
    let none = run(&["sim", "--seeds", "2", "--json"]).object();
    assert!(none["theory"]["queue"].is_null());
}

#[test]
fn a_collapse_is_predicted() {
    let text = run(&["sim", "metastable"]).stdout;
    let line = "\nmetastable            vulnerable: 50.4 sends/s while healthy, above 94.3 it collapses to 150.0, \
                without a spike by chance after about 40 s; stable below 33.3 first sends/s, collapsed above 69.5\n";
    assert!(text.contains(line), "{text}");
    let args = ["sim", "metastable", "--set", "workload.arrivals=poisson 20", "--json"];
    let theory = run(&args).object()["theory"].clone();
    let state = &theory["metastable"];
    assert_eq!(state["state"], "stable");
    assert!((state["healthy"].as_f64().unwrap() - 20.006_716_01).abs() < 1e-8, "{state}");
    assert!(state["tipping"].is_null() && state["collapsed"].is_null(), "{state}");
    assert!(state["mean_life_s"].is_null(), "{state}");
    assert_eq!(theory["queue_not_predicted"], "an exchange may be sent more than once");
}
