//! The simulated network as a benchmark: `simulation CLIENTS EXCHANGES [THREADS|network|trace|packets|tcp]`.
//!
//! It does the same as `retrylab sim`, metrics included, and reports what only the process itself can measure: the time
//! of the workload alone and its peak memory. The clients are simulated one after another, by a number of threads (1
//! unless it is given); with `network`, all of them in one network. With `trace`, that also keeps every record in memory. With `packets`, all hosts have TCP/IP stacks. With `tcp`, each exchange has a TCP connection, and nothing
//! is lost.

use retrylab_bench::{Report, metrics, packets, scenario, streams};
use retrylab_core::scenario::{Family, FieldError, Scenario};
use retrylab_core::sim::{Bounds, Division, Outcome, Summary, run};
use retrylab_core::trace::{Digest, DigestSink, Record, Sink};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: simulation CLIENTS EXCHANGES [THREADS|network|trace|packets|tcp]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let (clients, exchanges, mode) = match words[..] {
        [clients, exchanges] => (clients, exchanges, "1"),
        [clients, exchanges, mode] => (clients, exchanges, mode),
        _ => return refuse(USAGE),
    };
    let (Ok(clients), Ok(exchanges)) = (clients.parse(), exchanges.parse()) else {
        return refuse("CLIENTS and EXCHANGES must be whole numbers");
    };
    let report = match mode {
        "trace" => {
            let records = Vec::<Record>::new();
            report(scenario(clients, exchanges), (metrics(), records))
        }
        "tcp" => connections(clients, exchanges),
        "packets" => report(packets(clients, exchanges), ()),
        "network" => report(scenario(clients, exchanges), metrics()),
        threads => match threads.parse() {
            Ok(threads) => cells(clients, exchanges, threads),
            Err(_) => return refuse(USAGE),
        },
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
    Ok(of_run(&summary, digest, wall))
}

fn cells(clients: u32, exchanges: u32, threads: usize) -> Result<Report, FieldError> {
    let scenario = scenario(clients, exchanges)?;
    let begun = Instant::now();
    let division = Division::new(1..=clients, Bounds::default(), threads);
    let work = || division.work(&scenario, metrics(), |_| true);
    let outcome = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let others = others.into_iter().map(|other| other.join().expect("it does not panic"));
        others.fold(work(), Outcome::joined)
    });
    Ok(of_run(&outcome.summary, outcome.digest, begun.elapsed()))
}

fn of_run(summary: &Summary, digest: Digest, wall: Duration) -> Report {
    Report {
        exchanges: summary.finished(),
        sends: summary.sends,
        failures: summary.gave_up,
        wall,
        digest: Some(digest.to_string()),
    }
}

fn connections(clients: u32, exchanges: u32) -> Result<Report, FieldError> {
    let begun = Instant::now();
    let sinks = (Summary::default(), DigestSink::default());
    let mut network = streams(Family::Ipv4, (clients, exchanges), "0", sinks)?;
    while network.step().is_some() {}
    let (summary, digest) = network.into_sink();
    Ok(of_run(&summary, digest.digest(), begun.elapsed()))
}

fn refuse(sentence: &str) -> ExitCode {
    eprintln!("error: {sentence}");
    ExitCode::from(2)
}
