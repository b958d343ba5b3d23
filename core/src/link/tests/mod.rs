//! Compares distributions with formulas, faults with their rates, and queues with a clock.

mod checks;
mod faults;
mod latencies;
mod losses;
mod netem;
mod pipe;
mod queues;
mod text;

use super::{Action, Channel, Link};
use crate::random::{Direction, Name};
use crate::time::{Duration, Instant};
use crate::trace::Cause;
use alloc::vec::Vec;

/// The seed of every statistical test here.
const SEED: u64 = 7;

const MS: Duration = Duration::from_millis(1);

/// Maximum distance of a measured mean from theory. The chance of more is below 10^-5 per comparison, and
/// the seed is fixed.
const ERRORS: f64 = 4.5;

fn name(flow: u32, direction: Direction, index: u64) -> Name {
    Name { seed: SEED, flow, direction, index }
}

/// Returns what the link does with the first `count` requests of client 1, of 100 bytes, one every `gap`.
fn actions(link: &Link, count: u64, gap: Duration) -> Vec<Action> {
    let mut channel = Channel::new(link);
    let mut now = Instant::ZERO;
    (0..count)
        .map(|index| {
            let action = channel.send(now, name(1, Direction::Request, index), 100);
            now = now.saturating_add(gap);
            action
        })
        .collect()
}

/// A mean and its standard error, from the means of 200 batches: correlated values are in the same batch.
fn mean(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.into_iter().collect();
    let size = values.len() / 200;
    let means: Vec<f64> =
        values.chunks_exact(size).map(|batch| batch.iter().sum::<f64>() / size as f64).collect();
    let n = means.len() as f64;
    let mean = means.iter().sum::<f64>() / n;
    let variance = means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

/// Asserts that the mean of `values` is `expected` within its errors, and that those are small enough
/// to detect a difference.
fn close(what: &str, values: impl IntoIterator<Item = f64>, expected: f64) {
    let (mean, error) = mean(values);
    let context = alloc::format!("{what}, seed {SEED}: {mean} +- {error}, not {expected}");
    assert!((mean - expected).abs() <= ERRORS * error + 1e-9 * expected.abs(), "{context}");
    assert!(error <= 0.03 * expected.abs(), "too few samples: {context}");
}

fn is_lost(action: &Action) -> bool {
    matches!(action, Action::Drop(Cause::LinkLoss))
}

/// Returns the latency of a datagram that arrives once.
fn after(action: &Action) -> Duration {
    match action {
        Action::Deliver(delivery) => delivery.after,
        other => panic!("not delivered once: {other:?}"),
    }
}
