//! The load as a number: `workload.rate`, the rates that a run measures, and times that are given by quantiles.

use crate::common::{Folder, run};
use serde_json::Value;

/// A server that can process 500 requests per second, and clients that send up to five times.
const SERVER: [&str; 4] = ["--set", "server.service=2ms", "--set", "workload.duration=4s"];

fn json(args: &[&str]) -> Value {
    let finished = run(&[args, &["--json"]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    serde_json::from_str(&finished.stdout).unwrap()
}

#[test]
fn a_rate_is_all_that_an_open_loop_needs() {
    let args = [&["sim", "--set", "workload.rate=200"][..], &SERVER].concat();
    let finished = run(&args);
    let line = |name: &str| finished.stdout.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("offered load").ends_with(" sends in one second"), "{finished:?}");
    assert!(line("goodput").ends_with(" per second; capacity 500 per second"), "{finished:?}");
    let report = json(&args);
    let load = &report["metrics"]["load"];
    assert_eq!(
        (&load["span_s"], &report["metrics"]["work"]["capacity_per_s"]),
        (&4.0.into(), &500.0.into())
    );
    let of = |name: &str| load[name].as_f64().unwrap();
    // Five standard deviations of 800 arrivals, in 4 s.
    assert!((of("offered_per_s") - 200.0).abs() < 36.0, "{load}");
    assert!(of("goodput_per_s") > 0.98 * of("offered_per_s"), "{load}");
    assert_eq!(of("offered_with_retries_per_s"), of("offered_per_s"), "{load}");
    // The link, and the scenario as a file, are the same run.
    let link = run(&["sim", report["link"].as_str().unwrap()]);
    assert_eq!(link.stdout, finished.stdout);
    let folder = Folder::new("rate");
    let toml = "[workload]\nrate = 200\nduration = '4s'\n[server]\nservice = '2ms'\n";
    let file = folder.path("rate.toml");
    std::fs::write(&file, toml).unwrap();
    assert_eq!(run(&["sim", &file]).stdout, finished.stdout);
    assert_eq!(report["scenario"]["workload"]["rate"], 200.0);
}

/// The question of a melting point: goodput follows the offered load up to the capacity, and then retries take it.
#[test]
fn a_sweep_over_the_rate_shows_the_collapse() {
    let args =
        ["sweep", "--vary", "workload.rate=200,400,1000", "--set", "clients=20", "--out", "-"];
    let finished = run(&[&args[..], &SERVER].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let mut lines = finished.stdout.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|column| *column == name).unwrap();
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |name: &str| {
        rows.iter().map(|row| row[at(name)].parse::<f64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(column("workload.rate"), [200.0, 400.0, 1_000.0]);
    assert_eq!(column("capacity_per_s"), [500.0; 3]);
    let (offered, goodput) = (column("offered_per_s"), column("goodput_per_s"));
    for (offered, goodput) in offered.iter().zip(&goodput).take(2) {
        assert!(*goodput > 0.97 * offered, "{goodput} of {offered}");
    }
    assert!(goodput[2] < 300.0, "{goodput:?}");
    assert!(column("offered_with_retries_per_s")[2] > 3.0 * offered[2]);
    assert!(column("amplification")[2] > 4.0 && column("utilisation")[2] > 0.99);
}

#[test]
fn a_rate_replaces_that_of_a_file() {
    let args = ["sim", "metastable", "--set", "faults=none", "--set", "workload.duration=9s"];
    let each = run(&[&args[..], &["--set", "workload.arrivals=poisson 20"]].concat());
    let rate = run(&[&args[..], &["--set", "workload.rate=20"]].concat());
    let digest =
        |text: &str| text.lines().find(|line| line.starts_with("digest")).unwrap().to_string();
    assert_eq!(digest(&each.stdout), digest(&rate.stdout), "there is one client");
    let steps = run(&["sim", "brooker-collapse", "--set", "workload.rate=20"]);
    assert_eq!(steps.code, Some(2), "{steps:?}");
    assert!(
        steps.stderr.contains("workload.arrivals=\"poisson 40, 20s 80, 25s 40\" it must be none"),
        "{steps:?}"
    );
}

#[test]
fn quantiles_give_a_log_normal_and_the_output_says_so() {
    let args = [
        "sim",
        "--set",
        "exchanges=2000",
        "--set",
        "policy.preset=coap",
        "--set",
        "link.latency=0s",
    ];
    let service = "server.service=quantiles p99=60ms p50=8ms";
    let finished = run(&[&args[..], &["--set", service]].concat());
    let fit = "server.service        quantiles p50=8ms p99=60ms: log-normal, median 8 ms, mean 11.6 ms, sigma 0.866\n";
    assert!(finished.stdout.contains(fit), "{finished:?}");
    let report = json(&[&args[..], &["--set", service]].concat());
    assert_eq!(report["scenario"]["server"]["service"], "quantiles p50=8ms p99=60ms");
    let latency = |name: &str| report["metrics"]["latency_s"][name].as_f64().unwrap();
    assert!((latency("p50") / 0.008 - 1.0).abs() < 0.1, "{report}");
    assert!((latency("p99") / 0.06 - 1.0).abs() < 0.35, "{report}");
    let three = run(&["sim", "--set", "server.service=quantiles p50=8ms p90=20ms p99=60ms"]);
    assert_eq!(three.code, Some(2), "{three:?}");
    assert!(
        three.stderr.contains("`quantiles p50=8ms p99=60ms` (two quantiles of a log-normal)"),
        "{three:?}"
    );
}

#[test]
fn an_immediate_send_is_called_one() {
    let zero = ["sim", "--ladder", "--set", "policy.initial_timeout=0s"];
    let ends = ["--set", "policy.max_sends=2", "--set", "policy.attempt_timeout=50ms"];
    let failing = run(&[&zero[..], &ends, &["--set", "server.fail=1"]].concat()).stdout;
    assert!(failing.contains("sends again at once") && !failing.contains("0 s\n"), "{failing}");
    let duplicate = ["--set", "policy.backoff=linear", "--set", "policy.increment=1s"];
    let grows = run(&[&zero[..], &duplicate].concat()).stdout;
    assert!(grows.contains("sends again at once") && !grows.contains("for 0 s"), "{grows}");
    let endless = run(&zero);
    assert_eq!(endless.code, Some(2), "{endless:?}");
    assert!(
        endless.stderr.contains("every wait would be 0s; limit the sends, or set an increment"),
        "{endless:?}"
    );
}
