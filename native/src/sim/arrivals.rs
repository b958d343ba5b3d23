//! When the last exchange of an open loop arrives, which the rates of a run need in advance.

use super::run::Limits;
use retrylab_core::scenario::Scenario;
use retrylab_core::time::Instant;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Number of clients that a thread takes at once.
const CHUNK: u64 = 64;

/// Time between two looks at Ctrl-C.
const PATIENCE: Duration = Duration::from_millis(10);

/// Returns [`Scenario::last_arrival`], computed on the threads of `limits`; `None` as well after an interrupt.
pub(super) fn last_arrival(scenario: &Scenario, limits: &Limits) -> Option<Instant> {
    // Every client has at least one event, so the limit on events is one on clients.
    let clients = u64::from(scenario.distinct_arrivals()).min(limits.bounds.events);
    if clients == 0 {
        return None;
    }
    let (sender, results) = channel();
    let shared = Arc::new(Shared { scenario: scenario.clone(), clients, next: AtomicU64::new(1) });
    let threads = limits.threads.min(clients.div_ceil(CHUNK) as usize);
    let begun = (0..threads).map_while(|_| {
        let (shared, sender) = (Arc::clone(&shared), sender.clone());
        thread::Builder::new().spawn(move || shared.work(&sender)).ok()
    });
    if begun.count() == 0 {
        shared.work(&sender);
    }
    drop(sender);
    let mut last = Instant::ZERO;
    // One client may have billions of arrivals, and many clients may have few: neither holds up an interrupt. The
    // threads are not waited for.
    while !limits.interrupted.load(Ordering::Relaxed) {
        match results.recv_timeout(PATIENCE) {
            Ok(part) => last = last.max(part?),
            Err(RecvTimeoutError::Disconnected) => return Some(last),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    None
}

/// What the threads share.
struct Shared {
    scenario: Scenario,
    clients: u64,
    /// The next client that no thread has taken.
    next: AtomicU64,
}

impl Shared {
    /// Takes clients and sends the last arrival among them, until none is left or nobody receives it.
    fn work(&self, results: &Sender<Option<Instant>>) {
        loop {
            let first = self.next.fetch_add(CHUNK, Ordering::Relaxed);
            let last = self.clients.min(first + CHUNK - 1);
            // Both are numbers of clients, which have 32 bits.
            let clients = first as u32..=last as u32;
            if first > last || results.send(self.scenario.last_arrival_of(clients)).is_err() {
                return;
            }
        }
    }
}
