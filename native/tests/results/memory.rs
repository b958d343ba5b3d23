//! The limit of `sim --max-memory`, compared with what the system counts.

use crate::common::{Running, retrylab};
use std::time::{Duration, Instant};

/// Returns the peak of a process's memory in KiB (`VmHWM`); `None` if it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Runs `sim` with a limit of 32 MiB until it ends, or for a second, and returns the peak of its memory in MiB.
fn peak_of_sim(sets: &[&str]) -> f64 {
    let sets = sets.iter().flat_map(|set| ["--set", set]);
    let args: Vec<&str> = ["sim", "--max-memory", "32", "--json"].into_iter().chain(sets).collect();
    // A run that is refused may be gone before it is looked at.
    let most = (0..5).map(|_| peak_of_run(&args)).find(|most| *most > 0);
    most.expect("the process was gone before it could be measured, five times") as f64 / 1024.0
}

/// Returns the peak in KiB, or 0 if the process was never seen.
fn peak_of_run(args: &[&str]) -> u64 {
    let running = Running::start(retrylab(args));
    let begun = Instant::now();
    let mut most = 0;
    while let Some(now) = peak(running.id()) {
        most = most.max(now);
        if begun.elapsed() > Duration::from_secs(1) {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

/// Where the limit cannot be met, the run ends before its clients are created.
#[test]
fn the_limit_holds_for_every_shape_of_a_scenario() {
    let message = format!("message={}", "x".repeat(60_000));
    let open =
        ["token=true", "server.reply=mirror", "policy.give_up_above=none", "exchanges=100000000"];
    let patient = ["policy.initial_timeout=100s", "policy.max_sends=3"];
    let once = ["policy.initial_timeout=1ms", "policy.max_sends=1"];
    let fast = "workload.arrivals=poisson 100000";
    let cases = [
        ("time stands still", vec!["exchanges=4294967295", "link.latency=0s"]),
        ("a million clients", vec!["clients=1000000"]),
        ("clients with jitter", vec!["clients=110000", "exchanges=9", "policy.jitter=full"]),
        ("clients with a limit", vec!["clients=40000", "exchanges=9", "policy.breaker=3 2s"]),
        ("bursts of losses", vec!["clients=90000", "exchanges=9", "link.loss=burst 0.1 3"]),
        ("queues on links", vec!["clients=70000", "exchanges=9", "link.rate=1mbit"]),
        ("open exchanges", [&open[..], &patient, &[fast, "server.drop=1"]].concat()),
        (
            "open clients",
            [
                &open[..],
                &patient,
                &["clients=9000", "workload.arrivals=poisson 99", "server.drop=1"],
            ]
            .concat(),
        ),
        ("large messages", [&open[..], &patient, &[fast, "link.latency=10s", &message]].concat()),
        (
            "large replies in a queue",
            [&open[..], &patient, &[fast, "server.service=1s", &message]].concat(),
        ),
        ("a queue", [&open[..], &once, &[fast, "server.service=1s"]].concat()),
        (
            "many workers",
            [&open[..], &once, &[fast, "server.service=99s", "server.workers=none"]].concat(),
        ),
        (
            "duplicates",
            [&open[..], &once, &[fast, "link.duplicate=1", "link.latency=exponential 9s"]].concat(),
        ),
    ];
    // A few at a time, so that each has a part of the processors.
    for cases in cases.chunks(4) {
        std::thread::scope(|scope| {
            for (name, sets) in cases {
                scope.spawn(move || {
                    let most = peak_of_sim(sets);
                    println!("{name}: {most:.1} MiB");
                    assert!(most < 1.2 * 32.0, "{name}: {most:.1} MiB");
                });
            }
        });
    }
}
