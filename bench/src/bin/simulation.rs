//! The simulated network as a benchmark: `simulation CLIENTS EXCHANGES [metrics|trace|packets|tcp]`.
//!
//! It does the same as `retrylab sim`, and reports what only the process itself can measure: the time of
//! the workload alone and its peak memory. With `metrics` it measures durations and loads, as `retrylab sim` does;
//! with `trace` it keeps every record in memory. With `packets`, all hosts have TCP/IP stacks. With `tcp`, each exchange has a TCP connection, and nothing is lost.

use retrylab_bench::{Report, packets, scenario, streams};
use retrylab_core::scenario::{Family, FieldError, Scenario};
use retrylab_core::sim::metrics::Metrics;
use retrylab_core::sim::{Outcome, Summary, run};
use retrylab_core::trace::{DigestSink, Record, Sink};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Length of an interval of the counts over time, as in `retrylab sim`.
const INTERVAL: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (clients, exchanges, mode) = match words[..] {
        [clients, exchanges] => (clients, exchanges, ""),
        [clients, exchanges, mode @ ("metrics" | "trace" | "packets" | "tcp")] => {
            (clients, exchanges, mode)
        }
        _ => return refuse("usage: simulation CLIENTS EXCHANGES [metrics|trace|packets|tcp]"),
    };
    let (Ok(clients), Ok(exchanges)) = (clients.parse(), exchanges.parse()) else {
        return refuse("CLIENTS and EXCHANGES must be whole numbers");
    };
    let report = match mode {
        "metrics" => report(scenario(clients, exchanges), Metrics::new(INTERVAL)),
        "trace" => report(scenario(clients, exchanges), Vec::<Record>::new()),
        "tcp" => connections(clients, exchanges),
        "packets" => report(packets(clients, exchanges), ()),
        _ => report(scenario(clients, exchanges), ()),
    };
    match report {
        Ok(report) => println!("{}", report.json()),
        Err(error) => return refuse(&error.to_string()),
    }
    ExitCode::SUCCESS
}

fn report<K: Sink>(scenario: Result<Scenario, FieldError>, sink: K) -> Result<Report, FieldError> {
    let scenario = scenario?;
    let begun = Instant::now();
    // The records are freed after the clock has stopped, because freeing them is not part of recording.
    let Outcome { summary, digest, sink, .. } = run(&scenario, sink);
    let wall = begun.elapsed();
    drop(sink);
    Ok(Report {
        exchanges: summary.finished(),
        sends: summary.sends,
        failures: summary.gave_up,
        wall,
        digest: Some(digest.to_string()),
    })
}

fn connections(clients: u32, exchanges: u32) -> Result<Report, FieldError> {
    let begun = Instant::now();
    let sinks = (Summary::default(), DigestSink::default());
    let mut network = streams(Family::Ipv4, (clients, exchanges), "0", sinks)?;
    while network.step().is_some() {}
    let (summary, digest) = network.into_sink();
    Ok(Report {
        exchanges: summary.finished(),
        sends: summary.sends,
        failures: summary.gave_up,
        wall: begun.elapsed(),
        digest: Some(digest.digest().to_string()),
    })
}

fn refuse(sentence: &str) -> ExitCode {
    eprintln!("error: {sentence}");
    ExitCode::from(2)
}
