//! Senders that do not listen: a herd that returns spread over a window, and ALOHA. The server here is a
//! medium that counts frames without a collision.

use crate::sample::Sample;
use retrylab_core::client::Client;
use retrylab_core::link::Link;
use retrylab_core::machine::{Machine, Timer, Transmit};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{Network, SERVER};
use retrylab_core::time::Instant;
use retrylab_core::trace::What;
use std::net::SocketAddr;
use std::sync::Arc;

const RUNS: u32 = 20;
/// Run r has the seed `SEED + r`.
const SEED: u64 = 1_970;
/// All clients send once, at a time from 0 to 10 s.
const WINDOW_S: f64 = 10.0;
/// Each occupies the medium for 1 ms.
const FRAME: u64 = 1_000_000;

/// Counts frames that overlap no other frame.
#[derive(Default)]
struct Medium {
    /// Frames begin at whole milliseconds only.
    slotted: bool,
    /// The last frame: when it began, and whether it was alone until then.
    last: Option<(u64, bool)>,
    untouched: u32,
}

impl Medium {
    /// Returns the count, the very last frame included.
    fn untouched(&self) -> f64 {
        f64::from(self.untouched + u32::from(self.last.is_some_and(|(_, alone)| alone)))
    }
}

impl Machine for Medium {
    type Event = What;

    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        _from: SocketAddr,
        _bytes: &[u8],
    ) {
        // A frame waits for its slot.
        let now = now.as_nanos();
        let begun = if self.slotted { now.div_ceil(FRAME) * FRAME } else { now };
        let apart = self.last.is_none_or(|(last, _)| begun - last >= FRAME);
        if apart && self.last.is_some_and(|(_, alone)| alone) {
            self.untouched += 1;
        }
        self.last = Some((begun, apart));
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_transmit(&mut self, _now: Instant, _buf: &mut Vec<u8>) -> Option<Transmit> {
        None
    }

    fn poll_event(&mut self) -> Option<What> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }
}

/// Returns the number of clients without a collision.
fn untouched(clients: u32, slotted: bool, seed: u64) -> f64 {
    let mut scenario = Scenario::default();
    scenario.seed = seed;
    scenario.apply([("policy.first_delay", "0s 10s"), ("policy.max_sends", "1")]).unwrap();
    let config = Arc::new(scenario.client_config(SERVER));
    let clients: Vec<_> =
        (1..=clients).map(|flow| Client::numbered(config.clone(), flow)).collect();
    let medium = Medium { slotted, ..Medium::default() };
    let mut network = Network::new(clients, medium, Link::default(), seed, ());
    while network.step().is_some() {}
    network.server().untouched()
}

/// Asserts that the mean of all runs, each multiplied by `factor`, is within four standard errors of the
/// expected value. (The edges of the window, and N clients instead of a Poisson number, change it by a
/// ten-thousandth.)
fn agrees(name: &str, clients: u32, slotted: bool, factor: f64, expected: f64) {
    let runs = (0..RUNS).map(|run| factor * untouched(clients, slotted, SEED + u64::from(run)));
    let Sample { mean, deviation } = Sample::of(&runs.collect::<Vec<_>>());
    let error = deviation / f64::from(RUNS).sqrt();
    println!("{name}: {mean:.5} +- {error:.5}, expected {expected}");
    assert!(
        (mean - expected).abs() <= 4.0 * error,
        "{name}, seeds from {SEED}: {mean} +- {error}, not {expected}",
    );
}

/// e^(-2 N tau / W).
#[test]
fn a_herd_has_the_expected_share_without_collisions() {
    agrees("herd", 1_000, false, 1.0 / 1_000.0, 0.818_878_15);
}

/// S = G e^(-2G), and with slots G e^(-G), at the optimal G.
#[test]
fn aloha_has_the_expected_throughput() {
    let frames = WINDOW_S * 1e9 / FRAME as f64;
    agrees("ALOHA, G = .5", 5_000, false, 1.0 / frames, 0.183_939_72);
    agrees("slotted, G = 1", 10_000, true, 1.0 / frames, 0.367_879_44);
}
