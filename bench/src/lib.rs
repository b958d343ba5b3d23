//! The work that every contender of `cargo xtask bench` does, and the line in which it reports.
//!
//! N clients make M exchanges each, one after another, over a link of 10 ms each way, with a server
//! that drops half of the requests, under the textbook's policy: waits of 0.1, 0.2, 0.4, 0.8 and
//! 1.6 s, then the exchange has failed. Of many exchanges 1/32 fail, and each costs 1.9375 sends.

use retrylab_core::scenario::{FieldError, Scenario};
use retrylab_core::sim::{Outcome, run};
use retrylab_core::trace::Sink;
use std::time::Duration;

/// The seed of every contender that has one.
pub const SEED: u64 = 1;

/// The work as a scenario; the rest of it is what a scenario is by default.
///
/// # Errors
/// When the simulated network refuses one of the two numbers.
pub fn scenario(clients: u32, exchanges: u32) -> Result<Scenario, FieldError> {
    let mut scenario = Scenario::default();
    scenario.apply([
        ("clients", clients.to_string().as_str()),
        ("exchanges", exchanges.to_string().as_str()),
        ("server.drop", "0.5"),
        ("seed", SEED.to_string().as_str()),
    ])?;
    Ok(scenario)
}

/// Does the work, with its counts and its digest, and records what happens into `sink`.
///
/// # Errors
/// When the simulated network refuses one of the two numbers.
pub fn work<K: Sink>(clients: u32, exchanges: u32, sink: K) -> Result<Outcome<K>, FieldError> {
    Ok(run(&scenario(clients, exchanges)?, sink))
}

/// [`work`] as the wasm module exports it: returns the run's digest, to be compared with a native
/// run's; 0 if the numbers are refused.
// Exporting is unsafe because two symbols of one name would be one: the module has no other.
#[cfg(target_family = "wasm")]
#[unsafe(export_name = "work")]
pub extern "C" fn digest_of_work(clients: u32, exchanges: u32) -> u64 {
    work(clients, exchanges, ()).map_or(0, |outcome| outcome.digest.0)
}

/// What a contender did, and how long it took.
#[derive(Clone, Debug)]
pub struct Report {
    /// Exchanges that are over.
    pub exchanges: u64,
    /// Copies of requests sent.
    pub sends: u64,
    /// Exchanges that ended without a reply.
    pub failures: u64,
    /// The time it took, without the start of the process.
    pub wall: Duration,
    /// The run's digest, of a contender that has one.
    pub digest: Option<String>,
}

impl Report {
    /// The report as one line of JSON, with the most memory that this process has had resident so
    /// far (`null` where the system does not tell).
    #[must_use]
    pub fn json(&self) -> String {
        let Self { exchanges, sends, failures, wall, digest } = self;
        let wall = wall.as_secs_f64();
        let rate = *exchanges as f64 / wall;
        let digest = digest.as_ref().map_or("null".to_owned(), |digest| format!("\"{digest}\""));
        let peak = peak_bytes().map_or("null".to_owned(), |bytes| bytes.to_string());
        format!(
            "{{\"exchanges\":{exchanges},\"sends\":{sends},\"failures\":{failures},\
             \"wall_seconds\":{wall:.6},\"exchanges_per_second\":{rate:.0},\
             \"digest\":{digest},\"peak_bytes\":{peak}}}"
        )
    }
}

/// The most memory that this process has had resident: Linux tells it.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five standard errors over 20,000 exchanges, seed [`SEED`].
    #[test]
    fn the_work_is_what_it_says() {
        let summary = work(1_000, 20, ()).unwrap().summary;
        assert_eq!(summary.finished(), 20_000);
        let n = 20_000_f64;
        let failed = summary.gave_up as f64 / n;
        assert!((failed - 1.0 / 32.0).abs() < 5.0 * (31.0_f64 / 1024.0 / n).sqrt(), "{failed}");
        // Sends of an exchange have the variance 1.4336.
        let sends = summary.sends as f64 / n;
        assert!((sends - 1.9375).abs() < 5.0 * (1.4336 / n).sqrt(), "{sends}");
    }

    #[test]
    fn impossible_numbers_are_refused() {
        assert!(scenario(0, 1).is_err() && scenario(u32::MAX, 1).is_err());
    }
}
