//! Measures how a sweep scales with the number of cores: `cargo bench -p retrylab --bench sweep`.
//!
//! Each run is a process that sweeps 64 runs of 50,000 exchanges. The thread counts 1, 2, … take turns, so that
//! a slow phase of the machine affects all of them. The output shows the median of the rounds and its share of
//! perfect speed-up. Results from a busy machine are not meaningful.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 7;

fn sweep(threads: usize) -> Duration {
    let args = ["sweep", "--set", "exchanges=50000", "--vary", "server.drop=0.4,0.5"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrylab"));
    command.args(args).args(["--seeds", "32", "--out", "-", "--threads", &threads.to_string()]);
    let begun = Instant::now();
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("retrylab starts").success());
    begun.elapsed()
}

fn main() {
    // `cargo test --benches` only checks that it compiles.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads: Vec<usize> = (0..).map(|power| 1 << power).take_while(|n| *n <= cores).collect();
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); threads.len()];
    for _ in 0..ROUNDS {
        for (threads, times) in threads.iter().zip(&mut times) {
            times.push(sweep(*threads));
        }
    }
    println!("64 runs of 50,000 exchanges, median of {ROUNDS}, on {cores} cores");
    let mut one = Duration::ZERO;
    for (threads, times) in threads.iter().zip(&mut times) {
        times.sort_unstable();
        let median = times[ROUNDS / 2];
        if *threads == 1 {
            one = median;
        }
        let share = one.as_secs_f64() / median.as_secs_f64() / *threads as f64;
        println!("{threads:4} threads  {:8.3} s  {share:6.3} of perfect", median.as_secs_f64());
    }
}
