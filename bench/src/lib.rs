//! The workload of every program that `cargo xtask bench` compares, and its report.
//!
//! N clients make M exchanges each, one after another, over a link with a latency of 10 ms, to a server
//! that drops half of the requests. The policy is `textbook`: waits of 0.1, 0.2, 0.4, 0.8 and 1.6 s, after
//! which the exchange fails. On average 1/32 of the exchanges fail, and each costs 1.9375 sends.

use retrylab_core::protocol::Echo;
use retrylab_core::scenario::{Family, FieldError, Scenario};
use retrylab_core::sim::metrics::Metrics;
use retrylab_core::sim::{Bounds, Division, Outcome, StreamNetwork, run};
use retrylab_core::stream::{Client, EchoService, Limits, Server};
use retrylab_core::trace::{DigestSink, Sink};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// Seed of every program that takes one.
pub const SEED: u64 = 1;

/// Returns the workload as a scenario. All other keys have their default values.
///
/// # Errors
/// If one of the numbers is out of range.
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

/// Returns the metrics of `retrylab sim`, with its intervals.
#[must_use]
pub fn metrics() -> Metrics {
    Metrics::new(Duration::from_millis(10))
}

/// Simulates some clients of the workload one after another, with metrics.
#[must_use]
pub fn simulate(scenario: &Scenario, clients: RangeInclusive<u32>) -> Outcome<Metrics> {
    Division::new(clients, Bounds::default(), 1).work(scenario, metrics(), |_| true)
}

/// Returns the workload of [`scenario`] in a network of packets: all hosts have TCP/IP stacks.
///
/// # Errors
/// If one of the numbers is out of range.
pub fn packets(clients: u32, exchanges: u32) -> Result<Scenario, FieldError> {
    let mut scenario = scenario(clients, exchanges)?;
    scenario.apply([("network", "packets")])?;
    Ok(scenario)
}

/// Returns a network of echo clients over TCP and their server, with a latency of 10 ms and this loss.
///
/// # Errors
/// If one of the numbers is out of range.
pub fn streams<K: Sink>(
    family: Family,
    (clients, exchanges): (u32, u32),
    loss: &str,
    sink: K,
) -> Result<StreamNetwork<Client<Echo>, Server<EchoService>, K>, FieldError> {
    let mut scenario = Scenario::default();
    scenario.apply([
        ("clients", clients.to_string().as_str()),
        ("exchanges", exchanges.to_string().as_str()),
        ("link.loss", loss),
        ("link.mtu", "1500"),
        // Longer than TCP needs to send what is lost again.
        ("policy.initial_timeout", "1000s"),
        ("policy.give_up_above", "none"),
    ])?;
    let config = Arc::new(scenario.client_config(family.server()));
    let clients = (1..=clients).map(|flow| Client::numbered(Arc::clone(&config), flow));
    let server = Server::new(EchoService::new(scenario.server, SEED), Limits::default());
    Ok(StreamNetwork::new(clients, server, &scenario.link, SEED, sink).over(family))
}

/// Digests of networks of connections that every build must produce, their frames included.
const STREAMS: [(Family, &str); 2] =
    [(Family::Ipv4, "978ea9e30f2a5c13"), (Family::Ipv6, "060299ac02de268f")];

/// Returns the digest of the network of connections of a family.
fn digest_of_streams(family: Family) -> Result<String, FieldError> {
    let mut network = streams(family, (5, 4), "0.1", DigestSink::default())?;
    while network.step().is_some() {}
    Ok(network.into_sink().digest().to_string())
}

/// Digests of networks of packets and of name lookups that every build must produce: links and their digests.
const DIGESTS: [&str; 2] =
    [include_str!("../../core/tests/packets.txt"), include_str!("../../core/tests/lookups.txt")];

/// Returns the number of golden digests of networks of packets and of name lookups that this build does not produce.
#[must_use]
pub fn differing() -> usize {
    let lines = DIGESTS.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#'));
    let differs = |line: &&str| match line.split_once(' ') {
        Some((link, golden)) => {
            let (scenario, errors) = Scenario::from_fragment(link);
            !errors.is_empty() || run(&scenario, ()).digest.to_string() != golden
        }
        None => true,
    };
    let streams = STREAMS
        .iter()
        .filter(|(family, golden)| digest_of_streams(*family).as_deref() != Ok(*golden));
    lines.filter(differs).count() + streams.count()
}

/// [`differing`] as an export of the wasm module.
// Exporting is unsafe because symbol names must be unique. This module has no other symbol of this name.
#[cfg(target_family = "wasm")]
#[unsafe(export_name = "differing")]
pub extern "C" fn differing_in_wasm() -> u32 {
    differing() as u32
}

/// The whole workload as an export of the wasm module. Returns the digest of the run, for comparison with a native run,
/// or 0 if a number is out of range.
// Exporting is unsafe because symbol names must be unique. This module has no other symbol of this name.
#[cfg(target_family = "wasm")]
#[unsafe(export_name = "work")]
pub extern "C" fn digest_of_work(clients: u32, exchanges: u32) -> u64 {
    digest_of_part(1, clients, exchanges)
}

/// The clients from `first` to `last` of the workload as an export of the wasm module. Returns their part of the digest, or 0
/// if a number is out of range.
// As above.
#[cfg(target_family = "wasm")]
#[unsafe(export_name = "part")]
pub extern "C" fn digest_of_part(first: u32, last: u32, exchanges: u32) -> u64 {
    scenario(last, exchanges).map_or(0, |scenario| simulate(&scenario, first..=last).digest.0)
}

/// The result of one program.
#[derive(Clone, Debug)]
pub struct Report {
    /// Finished exchanges.
    pub exchanges: u64,
    /// Requests sent, including retries.
    pub sends: u64,
    /// Exchanges that ended without a reply.
    pub failures: u64,
    /// Wall time without the start of the process.
    pub wall: Duration,
    /// The digest of the run, if the program computes one.
    pub digest: Option<String>,
}

impl Report {
    /// Returns the report as one line of JSON, with the peak resident memory of this process (`null` if the
    /// system does not report it).
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

/// Returns the peak resident memory of this process, on Linux.
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
    fn the_workload_has_the_documented_failures_and_sends() {
        let summary = simulate(&scenario(1_000, 20).unwrap(), 1..=1_000).summary;
        assert_eq!(summary.finished(), 20_000);
        let n = 20_000_f64;
        let failed = summary.gave_up as f64 / n;
        assert!((failed - 1.0 / 32.0).abs() < 5.0 * (31.0_f64 / 1024.0 / n).sqrt(), "{failed}");
        // Sends of an exchange have the variance 1.4336.
        let sends = summary.sends as f64 / n;
        assert!((sends - 1.9375).abs() < 5.0 * (1.4336 / n).sqrt(), "{sends}");
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        assert!(scenario(0, 1).is_err() && scenario(1, 0).is_err());
    }

    /// `cargo xtask bench` checks the same in wasm.
    #[test]
    fn the_golden_digests_of_packets_and_connections_hold() {
        for (family, golden) in STREAMS {
            assert_eq!(digest_of_streams(family).as_deref(), Ok(golden));
        }
        assert_eq!(differing(), 0);
    }
}
