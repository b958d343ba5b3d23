//! `retrylab sim --seeds` and `--versus` as scripts see them.

use crate::common::{Folder, Running, assert_refused, retrylab, run, run_with};
use serde_json::Value;
use std::time::Instant;

/// Returns the numeric measures.
const NUMBERS: [&str; 27] = [
    "exchanges",
    "answered",
    "gave_up",
    "refused",
    "answered_share",
    "gave_up_share",
    "sends",
    "calls",
    "amplification",
    "offered_per_s",
    "offered_with_retries_per_s",
    "peak_sends_per_s",
    "goodput_per_s",
    "replies",
    "late_replies",
    "misattributed",
    "lost",
    "server_dropped",
    "simulated_s",
    "latency_mean_s",
    "latency_p50_s",
    "latency_p90_s",
    "latency_p99_s",
    "latency_p999_s",
    "served",
    "wasted",
    "events",
];

pub(crate) fn sim(args: &[&str]) -> Value {
    let finished = run(&[&["sim"], args, &["--json"]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.object()
}

/// Returns the comparison of the second scenario with the first one.
fn compared<'a>(object: &'a Value, name: &str) -> &'a Value {
    &object["comparisons"][0]["measures"][name]
}

/// Returns the statistics of a measure in one of the scenarios.
pub(crate) fn spread<'a>(object: &'a Value, variant: usize, name: &str) -> &'a Value {
    &object["variants"][variant]["measures"][name]
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Ranks of the ends of the 95 % interval of a median: none for five numbers, the second from either end for ten,
/// from binomial probabilities of a fair coin.
const RANKS: [(usize, usize); 2] = [(10, 2), (30, 10)];

/// Asserts that a spread is that of `numbers`, computed by hand.
#[track_caller]
fn assert_spread(spread: &Value, numbers: &[f64], what: &str) {
    let n = numbers.len();
    let mean = numbers.iter().sum::<f64>() / n as f64;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let near = |name: &str, value: &Value, expected: f64| {
        let within = 1e-9 * (1.0 + expected.abs());
        let off = (number(value) - expected).abs();
        assert!(off < within, "{what}, {name}: {value}, not {expected}");
    };
    near("mean", &spread["mean"], mean);
    near("deviation", &spread["deviation"], (squares / (n as f64 - 1.0)).sqrt());
    near("min", &spread["min"], sorted[0]);
    near("max", &spread["max"], sorted[n - 1]);
    near("median", &spread["median"], f64::midpoint(sorted[(n - 1) / 2], sorted[n / 2]));
    match RANKS.iter().find(|(count, _)| *count == n) {
        Some((_, rank)) => {
            near("low", &spread["median_95"][0], sorted[rank - 1]);
            near("high", &spread["median_95"][1], sorted[n - rank]);
        }
        None => assert_eq!(spread["median_95"], Value::Null, "{what}"),
    }
    assert_eq!((&spread["count"], &spread["unanswered"]), (&n.into(), &0.into()), "{what}");
}

/// Returns a measure from the JSON of one run.
fn of_sim<'a>(object: &'a Value, name: &str) -> &'a Value {
    let metrics = &object["metrics"];
    match name {
        "served" | "wasted" => &metrics["work"][name],
        _ if metrics["load"].get(name).is_some() => &metrics["load"][name],
        _ => match name.strip_prefix("latency_").and_then(|name| name.strip_suffix("_s")) {
            Some(quantile) => &metrics["latency_s"][quantile],
            None => &object[name],
        },
    }
}

#[test]
fn means_are_those_of_the_runs_and_runs_are_those_of_sim() {
    let scenario = ["--set", "exchanges=400", "--set", "server.drop=0.5"];
    let object = sim(&[&scenario[..], &["--seed", "7", "--seeds", "5"]].concat());
    assert_eq!(object["schema"], 1);
    assert_eq!(object["seeds"], serde_json::json!({ "first": 7, "count": 5 }));
    assert_eq!((&object["cut"], &object["scenario"]["seed"]), (&0.into(), &7.into()));
    let runs = object["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 5);
    for (row, seed) in runs.iter().zip(7..) {
        let alone = sim(&[&scenario[..], &["--seed", &seed.to_string()]].concat());
        for name in NUMBERS.iter().chain(&["seed", "digest", "ended_by"]) {
            assert_eq!(row[name], *of_sim(&alone, name), "seed {seed}: {name}");
        }
    }
    // Four more have no value here: a hundredth gave up, and the server takes no time.
    assert_eq!(object["measures"].as_object().unwrap().len(), NUMBERS.len() + 4);
    for name in NUMBERS {
        let numbers: Vec<f64> = runs.iter().map(|row| number(&row[name])).collect();
        assert_spread(&object["measures"][name], &numbers, name);
    }
    // Wilson's interval is where (p - x)^2 = z^2 x (1 - x) / n.
    let pooled = &object["pooled"]["gave_up"];
    let gave_up: u64 = runs.iter().map(|row| row["gave_up"].as_u64().unwrap()).sum();
    assert_eq!((&pooled["count"], &pooled["of"]), (&gave_up.into(), &2_000.into()));
    let p = gave_up as f64 / 2_000.0;
    for end in [0, 1] {
        let x = number(&pooled["share_95"][end]);
        let z = (p - x).abs() / (x * (1.0 - x) / 2_000.0).sqrt();
        assert!((z - 1.959_964).abs() < 1e-6, "{end}: {z}");
    }
    assert_eq!((&object["no_interval"], &object["modes"]), (&Value::Null, &Value::Null));
}

/// Each of these keys couples exchanges, so the Wilson interval of all exchanges together would be too narrow.
#[test]
fn dependent_exchanges_have_no_common_interval() {
    for (sets, why) in [
        (&["server.service=1ms"][..], "requests wait for each other at the server"),
        (&["server.drop_first=1"], "the server drops requests by number"),
        (&["policy.budget=bucket 5 0.1"], "a retry budget or a circuit breaker"),
        (&["policy.breaker=3 2s"], "a retry budget or a circuit breaker"),
        (&["policy.adaptive=rfc6298"], "a wait depends on earlier round trips"),
        (&["link.loss=burst 0.1 3"], "losses depend on earlier datagrams"),
        (&["link.rate=1mbit"], "datagrams wait for each other on the link"),
        (&["faults=1s 1s partition"], "a fault affects all exchanges of its time"),
        (&["link.latency=normal 10ms 1ms", "link.correlation=0.5"], "latencies depend on"),
        (&["link.latency=60ms", "policy.max_sends=3"], "clients took some replies for those of"),
    ] {
        let sets = sets.iter().flat_map(|set| ["--set", *set]);
        let args: Vec<&str> = ["--set", "exchanges=20"].into_iter().chain(sets).collect();
        let one = sim(&args);
        let said = one["no_interval"].as_str().unwrap_or_else(|| panic!("{args:?}: {one}"));
        assert!(said.starts_with(why), "{args:?}: {said}");
        assert_eq!(
            (&one["answered_share_95"], &one["gave_up_share_95"]),
            (&Value::Null, &Value::Null)
        );
        let many = sim(&[&args[..], &["--seeds", "6"]].concat());
        assert_eq!(many["no_interval"], one["no_interval"], "{args:?}");
        assert_eq!(many["pooled"]["answered"]["share_95"], Value::Null, "{args:?}");
        let shown = run(&[&["sim"], &args[..]].concat()).stdout;
        assert!(shown.contains(&format!("confidence interval   none: {why}")), "{shown}");
        assert!(!shown.contains(" to 100.0000)"), "{shown}");
    }
    let one = sim(&["--set", "exchanges=20", "--set", "server.drop=0.5"]);
    assert!(one["answered_share_95"][0].is_number(), "{one}");
}

/// Published: a run of `brooker-collapse` stays collapsed or recovers. The mean of both describes neither, and
/// no interval leaves the range of a share.
#[test]
fn two_modes_are_reported_with_the_mean_of_each() {
    let object = sim(&["brooker-collapse", "--seeds", "20"]);
    let modes = &object["modes"];
    let (collapsed, others) = (&modes["collapsed"], &modes["others"]);
    let count = |mode: &Value| mode["seeds"].as_u64().unwrap();
    assert_eq!(count(collapsed) + count(others), 20, "{modes}");
    assert!(count(collapsed) >= 6 && count(others) >= 1, "seeds 1 to 20: {modes}");
    assert!(number(&collapsed["max"]) < 0.6 && number(&others["min"]) > 0.9, "{modes}");
    let spread = &object["measures"]["answered_share"];
    for end in [0, 1] {
        let end = number(&spread["median_95"][end]);
        assert!((number(&spread["min"])..=number(&spread["max"])).contains(&end), "{spread}");
    }
    let shown = run(&["sim", "brooker-collapse", "--seeds", "20"]).stdout;
    let line = format!("collapsed in {} of 20 seeds: ", count(collapsed));
    assert!(shown.lines().any(|shown| shown.starts_with(&line)), "{shown}");
    // Without retries every run recovers.
    let object = sim(&["brooker-collapse", "--set", "policy.max_sends=1", "--seeds", "6"]);
    assert_eq!(object["modes"], Value::Null);
}

/// A policy that gives up early answers only the exchanges that are quick. Where one of 40 exchanges gives up, the
/// 99th percentile of all is longer than any, and the more patient policy is better, not slower.
#[test]
fn a_latency_without_a_reply_is_longer_than_any() {
    let a = ["--set", "exchanges=40", "--set", "server.drop=0.15", "--set", "policy.max_sends=2"];
    let object = sim(&[&a[..], &["--versus-set", "policy.max_sends=8"]].concat());
    let (a_spread, compared) = (spread(&object, 0, "all_p99_s"), compared(&object, "all_p99_s"));
    let count = |value: &Value| value.as_u64().unwrap();
    let unanswered = count(&a_spread["unanswered"]);
    assert!((9..=27).contains(&unanswered), "seeds 1 to 30: {a_spread}");
    assert_eq!(count(&a_spread["count"]) + unanswered, 30);
    assert!(count(&compared["lower"]) >= unanswered, "{compared}");
    assert_eq!((&compared["better"], &compared["significant"]), (&"lower".into(), &Value::Null));
    assert_eq!(a_spread["mean"], Value::Null);
    let shown = run(&[&["sim"], &a[..], &["--versus-set", "policy.max_sends=8"]].concat()).stdout;
    let line = shown.lines().find(|line| line.starts_with("all_p99_s")).unwrap();
    let said = format!("{} of 30", count(&compared["lower"]));
    assert!(line.contains(&said) && !line.contains('*'), "{line}");
    assert!(line.contains(&format!("base: without a reply in {unanswered} of 30 seeds")), "{line}");
}

#[test]
fn people_see_means_and_every_seed() {
    let args = ["sim", "--set", "exchanges=5", "--seeds", "6", "--each"];
    let finished = run(&args);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for line in [
        "6 seeds, 1 to 6",
        "low, high: 95 % confidence interval of the median",
        "answered: 30 of 30, 100.0 %, 95 % confidence interval 88.6 to 100.0 %",
        "ended by a limit: 0 of 6",
        "3             1.0000",
    ] {
        assert!(finished.stdout.lines().any(|shown| shown == line), "{line}: {finished:?}");
    }
    let few = run(&["sim", "--seeds", "5"]).stdout;
    assert!(few.contains("fewer than six seeds: no confidence interval"), "{few}");
    assert!(!few.contains("high"), "{few}");
    let object = sim(&["--seeds", "1"]);
    assert_eq!(object["measures"]["sends"]["mean"], 1.0);
    assert_eq!(object["measures"]["sends"]["median_95"], Value::Null);
}

#[test]
fn runs_that_a_limit_ends_are_counted_and_reported() {
    // A run is 1 + 2 events long if nothing is dropped, and longer otherwise.
    let args = ["--set", "server.drop=0.5", "--max-events", "3", "--seeds", "20"];
    let object = sim(&args);
    let runs = object["runs"].as_array().unwrap();
    let cut = runs.iter().filter(|row| row["ended_by"] == "event_limit").count();
    assert!((1..20).contains(&cut), "seeds 1 to 20: {cut}");
    assert_eq!(object["cut"], cut);
    // None of their exchanges has finished, so there is no share.
    assert_eq!(object["measures"]["answered_share"]["count"], 20 - cut);
    let finished = run(&[&["sim"], &args[..]].concat());
    let warning = format!("{cut} of 20 runs ended early by the limit on events (--max-events)");
    assert!(finished.stderr.contains(&warning), "{finished:?}");
    assert!(finished.stdout.contains(&format!("ended by a limit: {cut} of 20\n")), "{finished:?}");
    assert!(
        finished.stdout.contains(&format!("  no value in {cut} of 20 seeds\n")),
        "{finished:?}"
    );
}

#[test]
fn a_scenario_does_not_differ_from_itself() {
    let object = sim(&["textbook", "--versus", "textbook", "--seeds", "6"]);
    assert_eq!(object["differs"], serde_json::json!({}));
    for name in NUMBERS {
        let compared = compared(&object, name);
        for part in ["mean", "median", "deviation", "min", "max"] {
            assert_eq!(compared["difference"][part], 0.0, "{name}: {part}");
        }
        assert_eq!(compared["difference"]["median_95"], serde_json::json!([0.0, 0.0]), "{name}");
        assert_eq!((&compared["higher"], &compared["lower"]), (&0.into(), &0.into()), "{name}");
        assert_eq!(compared["significant"], false, "{name}");
        assert_eq!(spread(&object, 0, name), spread(&object, 1, name), "{name}");
    }
    assert_eq!(object["variants"][0]["runs"], object["variants"][1]["runs"]);
    let people = run(&["sim", "textbook", "--versus", "textbook", "--seeds", "2"]).stdout;
    assert!(people.starts_with("B and textbook do not differ in any measure\n"), "{people}");
    assert!(people.contains("textbook and B are the same scenario"), "{people}");
    assert!(!people.contains("  *"), "{people}");
}

/// Both policies send five times at most and lose the same datagrams, so every exchange ends the same way. But
/// CoAP waits at least 20 times as long.
#[test]
fn coap_and_the_textbook_answer_the_same_exchanges_at_other_times() {
    let object = sim(&["textbook", "--versus-set", "policy.preset=coap", "--seeds", "6"]);
    for name in ["answered", "gave_up", "sends", "server_dropped", "replies"] {
        let difference = &compared(&object, name)["difference"];
        assert_eq!((&difference["min"], &difference["max"]), (&0.0.into(), &0.0.into()), "{name}");
    }
    let time = compared(&object, "simulated_s");
    let [a, b] = [0, 1].map(|variant| spread(&object, variant, "simulated_s"));
    assert!(number(&b["min"]) > 15.0 * number(&a["max"]), "{a}, {b}");
    assert!(number(&time["difference"]["median_95"][0]) > 0.0, "{time}");
    assert_eq!((&time["higher"], &time["significant"]), (&6.into(), &true.into()));
    // Neither a shorter nor a longer run is better.
    assert_eq!(time["better"], Value::Null);
    let keys: Vec<&String> = object["differs"].as_object().unwrap().keys().collect();
    assert!(keys.iter().all(|key| key.starts_with("policy.")), "{keys:?}");
    let timeout = serde_json::json!({ "textbook": "100ms", "coap": "2s" });
    assert_eq!(object["differs"]["policy.initial_timeout"], timeout);
    let median = number(&compared(&object, "latency_p99_s")["difference"]["median"]);
    let said = format!(
        "coap and textbook answer the same share of exchanges; \
         the p99 latency of coap, among answered exchanges, is {median:.2} s higher"
    );
    assert_eq!(object["conclusions"], serde_json::json!([said]));
}

/// Five sends fail with 0.5^5, or with 0.4^5.
#[test]
fn the_difference_is_that_of_theory() {
    let a = ["--set", "server.drop=0.5", "--set", "exchanges=2000"];
    let args = ["--versus-set", "server.drop=0.4", "--seeds", "10", "--seed", "3"];
    let object = sim(&[&a[..], &args].concat());
    let compared = compared(&object, "gave_up_share");
    let difference = &compared["difference"];
    let theory = 0.4_f64.powi(5) - 0.5_f64.powi(5);
    let interval = &difference["median_95"];
    assert!(number(&interval[0]) < theory, "seeds 3 to 12: {theory}, but {difference}");
    assert!(number(&interval[1]) > theory, "seeds 3 to 12: {theory}, but {difference}");
    assert_eq!((&compared["significant"], &compared["better"]), (&true.into(), &"lower".into()));
    // The paired differences, by hand.
    let runs = |variant: usize| object["variants"][variant]["runs"].as_array().unwrap();
    let value = |row: &Value| number(&row["gave_up_share"]);
    let pairs: Vec<f64> = runs(0).iter().zip(runs(1)).map(|(a, b)| value(b) - value(a)).collect();
    assert_spread(difference, &pairs, "gave_up_share");
}

/// Every datagram lost with a loss of 0.2 is also lost with 0.3. So the difference of a client with one send is
/// at most 0, and its variance is that of a count with probability 0.8^2 - 0.7^2, not the sum of both.
#[test]
fn both_meet_the_same_fates() {
    let (clients, seeds) = (500.0_f64, 100.0_f64);
    let a = ["--set", "link.loss=0.2", "--set", "clients=500", "--set", "policy.max_sends=1"];
    let object = sim(&[&a[..], &["--versus-set", "link.loss=0.3", "--seeds", "100"]].concat());
    let difference = &compared(&object, "answered")["difference"];
    let chance: f64 = 0.8 * 0.8 - 0.7 * 0.7;
    let paired = (clients * chance * (1.0 - chance)).sqrt();
    let unpaired = (clients * (0.64 * 0.36 + 0.49 * 0.51)).sqrt();
    let (mean, deviation) = (number(&difference["mean"]), number(&difference["deviation"]));
    let off = (mean + clients * chance).abs();
    assert!(off < 5.0 * paired / seeds.sqrt(), "seeds 1 to 100: {difference}");
    let error = paired / (2.0 * (seeds - 1.0)).sqrt();
    assert!((deviation - paired).abs() < 5.0 * error, "seeds 1 to 100: {difference}");
    assert!(paired + 5.0 * error < unpaired, "the test can fail");
}

#[test]
fn threads_do_not_show() {
    for args in [
        &["--seeds", "7", "--each"][..],
        &["--seeds", "7", "--json"],
        &["--versus-set", "server.drop=0.3", "--seeds", "7"],
        &["--versus-set", "server.drop=0.3", "--seeds", "7", "--json"],
    ] {
        let base = ["sim", "textbook", "--set", "exchanges=300", "--threads"];
        let with = |threads| run(&[&base[..], &[threads], args].concat());
        let one = with("1");
        assert_eq!(one.code, Some(0), "{one:?}");
        for threads in ["2", "8"] {
            assert_eq!(with(threads).stdout, one.stdout, "{args:?}, {threads} threads");
        }
    }
}

/// B is a file, a link or a name; it has its own keys, and the seeds of A.
#[test]
fn the_other_scenario_can_be_a_file_a_link_or_a_name() {
    let folder = Folder::new("versus");
    let file = folder.path("b.toml");
    std::fs::write(&file, "seed = 99\nexchanges = 50\n[server]\ndrop = 0.25\n").unwrap();
    let a = ["--set", "exchanges=20", "--seed", "4", "--seeds", "2"];
    let versus = |b: &str| sim(&[&a[..], &["--versus", b]].concat());
    let object = versus(&file);
    assert_eq!(object["seeds"], serde_json::json!({ "first": 4, "count": 2 }));
    assert_eq!(
        (&object["variants"][0]["scenario"]["seed"], &object["variants"][1]["scenario"]["seed"]),
        (&4.into(), &4.into())
    );
    let keys: Vec<&String> = object["differs"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["exchanges", "server.drop"]);
    let link = versus("http://127.0.0.1:8060/#seed=9&exchanges=50&server.drop=0.25");
    assert_eq!(link["variants"][1]["runs"], object["variants"][1]["runs"]);
    assert_eq!(
        (&object["variants"][1]["name"], &link["variants"][1]["name"]),
        (&"b".into(), &"B".into())
    );
    let finished = run(&[&["sim"], &a[..], &["--versus", &file]].concat());
    assert!(finished.stderr.contains("b.toml, 99, is ignored"), "{finished:?}");
    // --versus-set overrides the file.
    let args = ["--versus", &file, "--versus-set", "exchanges=20", "--versus-set", "server.drop=0"];
    assert_eq!(sim(&[&a[..], &args].concat())["differs"], serde_json::json!({}));
    let stdin = run_with(&["sim", "--versus", "-", "--seeds", "1", "--json"], b"clients = 2\n");
    assert_eq!(stdin.object()["variants"][1]["scenario"]["clients"], 2);
}

#[test]
fn one_seed_has_no_interval() {
    let args = ["--versus-set", "server.drop_first=1", "--seeds", "1"];
    let finished = run(&[&["sim"], &args[..]].concat());
    assert!(finished.stdout.contains("fewer than six seeds: no interval"), "{finished:?}");
    assert!(!finished.stdout.contains("high "), "{finished:?}");
    let object = sim(&args);
    let compared = compared(&object, "sends");
    assert_eq!(
        (&compared["difference"]["mean"], &compared["difference"]["median_95"]),
        (&1.0.into(), &Value::Null)
    );
    assert_eq!(compared["significant"], Value::Null);
    // The default is 30 seeds.
    assert_eq!(sim(&["--versus-set", "clients=2"])["seeds"]["count"], 30);
}

#[test]
fn invalid_flags_are_refused() {
    for (args, parts) in [
        (&["--versus", "nosuch"][..], &["--versus: nosuch", "retry-storm", "textbook"][..]),
        (&["--versus", "/no/such.toml"], &["--versus: /no/such.toml cannot be read"]),
        (&["--versus", "#server.drop=3"], &["--versus: the address: server.drop", "\"3\""]),
        (
            &["--versus-set", "server.drop=2"],
            &["--versus-set: server.drop", "\"2\"", "from 0 to 1"],
        ),
        (&["--versus-set", "server.drup=0"], &["--versus-set", "did you mean server.drop?"]),
        (&["--versus-set", "drop"], &["--versus-set: \"drop\"", "key=value"]),
        (
            &["--versus-set", "seed=2"],
            &["--versus-set: all scenarios use the same seeds", "--seed"],
        ),
        (&["-", "--versus", "-"], &["--versus: only one of the scenarios can come from stdin"]),
        (&["--seeds", "2", "--seed", "18446744073709551615"], &["--seeds: 2 seeds starting at"]),
    ] {
        assert_refused(&run(&[&["sim"], args].concat()), parts);
    }
    for (args, parts) in [
        (&["--seeds", "2", "--ladder"][..], &["'--seeds <N>'", "'--ladder'"][..]),
        (&["--seeds", "2", "--trace", "x"], &["'--seeds <N>'", "'--trace <FILE>'"]),
        (&["--variant", "a=clients=2", "--ladder"], &["'--variant <NAME=CHANGES>'", "'--ladder'"]),
        (&["--versus", "textbook", "--ladder"], &["'--versus <SCENARIO>'", "'--ladder'"]),
        (&["--versus-set", "clients=2", "--ladder"], &["--versus-set", "'--ladder'"]),
        (&["--seeds", "0"], &["'0'", "a whole number from 1 to 100000"]),
        (&["--each"], &["--seeds <N>"]),
    ] {
        let finished = run(&[&["sim"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert_eq!(finished.stdout, "");
        for part in parts {
            assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
        }
    }
}

/// After an interrupt, the results up to the first unfinished seed are reported.
#[test]
fn ctrl_c_reports_the_finished_seeds() {
    let args = ["sim", "--set", "exchanges=5000", "--seeds", "100000", "--json"];
    let running = Running::start(retrylab(&args));
    std::thread::sleep(std::time::Duration::from_secs(2));
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(130), "{}", finished.stderr);
    assert!(finished.stderr.contains("interrupted"), "{}", finished.stderr);
    let object = finished.object();
    let count = object["seeds"]["count"].as_u64().unwrap();
    assert!((1..100_000).contains(&count), "{count}");
    let runs = object["runs"].as_array().unwrap();
    assert_eq!(runs.len() as u64, count);
    assert!(runs.iter().zip(1..).all(|(row, seed)| row["seed"] == seed));
    // An interrupt during the first run leaves nothing to report.
    let endless = ["sim", "--set", "exchanges=4294967295", "--seeds", "2", "--json"];
    let running = Running::start(retrylab(&endless));
    std::thread::sleep(std::time::Duration::from_millis(500));
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(130), ""), "{}", finished.stderr);
}
