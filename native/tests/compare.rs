//! `retrylab sim --seeds` and `--versus` as scripts see them.

mod common;

use common::{Folder, Running, assert_refused, retrylab, run, run_with};
use serde_json::Value;
use std::time::Instant;

/// Returns the numeric measures.
const NUMBERS: [&str; 23] = [
    "exchanges",
    "answered",
    "gave_up",
    "refused",
    "answered_share",
    "gave_up_share",
    "sends",
    "calls",
    "amplification",
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

fn sim(args: &[&str]) -> Value {
    let finished = run(&[&["sim"], args, &["--json"]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.object()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Computes mean, ends of the 95 % interval and deviation by hand, with the quantiles of Student's t
/// distribution from a table.
fn by_hand(numbers: &[f64], t: f64) -> [f64; 4] {
    let n = numbers.len() as f64;
    let mean = numbers.iter().sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    let deviation = (squares / (n - 1.0)).sqrt();
    let reach = t * deviation / n.sqrt();
    [mean, mean - reach, mean + reach, deviation]
}

#[track_caller]
fn assert_spread(spread: &Value, expected: [f64; 4], what: &str) {
    for (name, expected) in ["mean", "low", "high", "deviation"].into_iter().zip(expected) {
        let value = number(&spread[name]);
        let within = 1e-9 * (1.0 + expected.abs());
        assert!((value - expected).abs() < within, "{what}, {name}: {value}, not {expected}");
    }
}

/// Student's t for five and for ten runs, two-sided 95 %.
const T_5: f64 = 2.776_445_105;
const T_10: f64 = 2.262_157_163;

/// Returns a measure from the JSON of one run.
fn of_sim<'a>(object: &'a Value, name: &str) -> &'a Value {
    let metrics = &object["metrics"];
    match name {
        "served" | "wasted" => &metrics["work"][name],
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
    // Three more have no value here: a hundredth gave up, and the server takes no time.
    assert_eq!(object["measures"].as_object().unwrap().len(), NUMBERS.len() + 3);
    for name in NUMBERS {
        let numbers: Vec<f64> = runs.iter().map(|row| number(&row[name])).collect();
        let spread = &object["measures"][name];
        assert_spread(spread, by_hand(&numbers, T_5), name);
        assert_eq!(number(&spread["min"]), numbers.iter().copied().fold(f64::MAX, f64::min));
        assert_eq!(number(&spread["max"]), numbers.iter().copied().fold(f64::MIN, f64::max));
        assert_eq!(spread["count"], 5);
    }
    // Wilson's interval is where (p - x)^2 = z^2 x (1 - x) / n.
    let pooled = &object["pooled"]["gave_up"];
    let gave_up: u64 = runs.iter().map(|row| row["gave_up"].as_u64().unwrap()).sum();
    assert_eq!((&pooled["count"], &pooled["of"]), (&gave_up.into(), &2_000.into()));
    let p = gave_up as f64 / 2_000.0;
    for end in ["low", "high"] {
        let x = number(&pooled[end]);
        let z = (p - x).abs() / (x * (1.0 - x) / 2_000.0).sqrt();
        assert!((z - 1.959_964).abs() < 1e-6, "{end}: {z}");
    }
}

#[test]
fn people_see_means_and_every_seed() {
    let args = ["sim", "--set", "exchanges=10", "--seeds", "3", "--each"];
    let finished = run(&args);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for line in [
        "3 seeds, 1 to 3",
        "low, high: 95 % confidence interval of the mean",
        "answered: 30 of 30, 100.0000 %, Wilson interval 88.6487 % to 100.0000 %",
        "ended by a limit: 0 of 3",
        "3           1.000000",
    ] {
        assert!(finished.stdout.lines().any(|shown| shown == line), "{line}: {finished:?}");
    }
    let one = run(&["sim", "--seeds", "1"]).stdout;
    assert!(one.contains("one seed: no interval"), "{one}");
    let object = sim(&["--seeds", "1"]);
    assert_eq!(object["measures"]["sends"]["mean"], 1.0);
    assert_eq!(object["measures"]["sends"]["low"], Value::Null);
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
    assert!(finished.stdout.contains(&format!("  of {} seeds\n", 20 - cut)), "{finished:?}");
}

#[test]
fn a_scenario_does_not_differ_from_itself() {
    let object = sim(&["textbook", "--versus", "textbook", "--seeds", "4"]);
    assert_eq!(object["differs"], serde_json::json!({}));
    for name in NUMBERS {
        let compared = &object["measures"][name];
        for part in ["mean", "low", "high", "deviation", "min", "max"] {
            assert_eq!(compared["difference"][part], 0.0, "{name}: {part}");
        }
        assert_eq!(compared["excludes_zero"], false, "{name}");
        assert_eq!(compared["a"], compared["b"], "{name}");
    }
    for row in object["runs"].as_array().unwrap() {
        assert_eq!(row["a"], row["b"]);
    }
    let people = run(&["sim", "textbook", "--versus", "textbook", "--seeds", "2"]).stdout;
    assert!(people.contains("A and B are the same scenario"), "{people}");
    assert!(!people.contains("  *"), "{people}");
}

/// Both policies send five times at most and lose the same datagrams, so every exchange ends the same way. But
/// CoAP waits at least 20 times as long.
#[test]
fn coap_and_the_textbook_answer_the_same_exchanges_at_other_times() {
    let object = sim(&["textbook", "--versus-set", "policy.preset=coap", "--seeds", "5"]);
    for name in ["answered", "gave_up", "sends", "server_dropped", "replies"] {
        let difference = &object["measures"][name]["difference"];
        assert_eq!((&difference["min"], &difference["max"]), (&0.0.into(), &0.0.into()), "{name}");
    }
    let time = &object["measures"]["simulated_s"];
    assert!(number(&time["b"]["min"]) > 15.0 * number(&time["a"]["max"]), "{time}");
    assert!(number(&time["difference"]["low"]) > 0.0, "{time}");
    assert_eq!(time["excludes_zero"], true);
    let keys: Vec<&String> = object["differs"].as_object().unwrap().keys().collect();
    assert!(keys.iter().all(|key| key.starts_with("policy.")), "{keys:?}");
    let timeout = serde_json::json!({ "a": "100ms", "b": "2s" });
    assert_eq!(object["differs"]["policy.initial_timeout"], timeout);
}

/// Five sends fail with 0.5^5, or with 0.4^5.
#[test]
fn the_difference_is_that_of_theory() {
    let a = ["--set", "server.drop=0.5", "--set", "exchanges=2000"];
    let args = ["--versus-set", "server.drop=0.4", "--seeds", "10", "--seed", "3"];
    let object = sim(&[&a[..], &args].concat());
    let compared = &object["measures"]["gave_up_share"];
    let difference = &compared["difference"];
    let theory = 0.4_f64.powi(5) - 0.5_f64.powi(5);
    assert!(number(&difference["low"]) < theory, "seeds 3 to 12: {theory}, but {difference}");
    assert!(number(&difference["high"]) > theory, "seeds 3 to 12: {theory}, but {difference}");
    assert_eq!(compared["excludes_zero"], true);
    // The paired differences, by hand.
    let value = |row: &Value, of: &str| number(&row[of]["gave_up_share"]);
    let rows = object["runs"].as_array().unwrap();
    let pairs: Vec<f64> = rows.iter().map(|row| value(row, "b") - value(row, "a")).collect();
    assert_spread(difference, by_hand(&pairs, T_10), "gave_up_share");
}

/// Every datagram lost with a loss of 0.2 is also lost with 0.3. So the difference of a client with one send is
/// at most 0, and its variance is that of a count with probability 0.8^2 - 0.7^2, not the sum of both.
#[test]
fn both_meet_the_same_fates() {
    let (clients, seeds) = (500.0_f64, 100.0_f64);
    let a = ["--set", "link.loss=0.2", "--set", "clients=500", "--set", "policy.max_sends=1"];
    let object = sim(&[&a[..], &["--versus-set", "link.loss=0.3", "--seeds", "100"]].concat());
    let difference = &object["measures"]["answered"]["difference"];
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
        (&object["scenario"]["a"]["seed"], &object["scenario"]["b"]["seed"]),
        (&4.into(), &4.into())
    );
    let keys: Vec<&String> = object["differs"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["exchanges", "server.drop"]);
    assert_eq!(versus("http://127.0.0.1:8060/#seed=9&exchanges=50&server.drop=0.25"), object);
    let finished = run(&[&["sim"], &a[..], &["--versus", &file]].concat());
    assert!(finished.stderr.contains("the seed of B, 99, is ignored"), "{finished:?}");
    // --versus-set overrides the file.
    let args = ["--versus", &file, "--versus-set", "exchanges=20", "--versus-set", "server.drop=0"];
    assert_eq!(sim(&[&a[..], &args].concat())["differs"], serde_json::json!({}));
    let stdin = run_with(&["sim", "--versus", "-", "--seeds", "1", "--json"], b"clients = 2\n");
    assert_eq!(stdin.object()["scenario"]["b"]["clients"], 2);
}

#[test]
fn one_seed_has_no_interval() {
    let args = ["--versus-set", "server.drop_first=1", "--seeds", "1"];
    let finished = run(&[&["sim"], &args[..]].concat());
    assert!(finished.stdout.contains("one seed: no interval"), "{finished:?}");
    assert!(!finished.stdout.contains("high"), "{finished:?}");
    let compared = &sim(&args)["measures"]["sends"];
    assert_eq!(
        (&compared["difference"]["mean"], &compared["difference"]["low"]),
        (&1.0.into(), &Value::Null)
    );
    assert_eq!(compared["excludes_zero"], Value::Null);
    // The default is 30 seeds.
    assert_eq!(sim(&["--versus-set", "clients=2"])["seeds"]["count"], 30);
}

#[test]
fn invalid_flags_are_refused() {
    for (args, parts) in [
        (&["--versus", "nosuch"][..], &["--versus: nosuch", "retry-storm", "textbook"][..]),
        (&["--versus", "/no/such.toml"], &["--versus: /no/such.toml cannot be read"]),
        (&["--versus", "#server.drop=3"], &["--versus: the link: server.drop", "\"3\""]),
        (
            &["--versus-set", "server.drop=2"],
            &["--versus-set: server.drop", "\"2\"", "from 0 to 1"],
        ),
        (&["--versus-set", "server.drup=0"], &["--versus-set", "did you mean server.drop?"]),
        (&["--versus-set", "drop"], &["--versus-set: \"drop\"", "key=value"]),
        (
            &["--versus-set", "seed=2"],
            &["--versus-set: both scenarios use the same seed", "--seed"],
        ),
        (&["-", "--versus", "-"], &["--versus: only one of the two scenarios can come from stdin"]),
        (&["--seeds", "2", "--seed", "18446744073709551615"], &["--seeds: 2 seeds starting at"]),
    ] {
        assert_refused(&run(&[&["sim"], args].concat()), parts);
    }
    for (args, parts) in [
        (&["--seeds", "2", "--ladder"][..], &["'--seeds <N>'", "'--ladder'"][..]),
        (&["--seeds", "2", "--trace", "x"], &["'--seeds <N>'", "'--trace <FILE>'"]),
        (&["--versus", "textbook", "--ladder"], &["'--versus <SCENARIO>'", "'--ladder'"]),
        (&["--versus-set", "clients=2", "--ladder"], &["--versus-set", "'--ladder'"]),
        (&["--seeds", "0"], &["'0'", "a whole number from 1 to 100000"]),
        (&["--threads", "2"], &["--seeds <N>", "--versus <SCENARIO>"]),
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
