//! Independent clients on several threads.

use super::bounds::EndedBy;
use super::{Bounds, Cells, Merge, Outcome};
use crate::scenario::Scenario;
use crate::trace::Sink;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

/// Maximum number of clients that a thread takes at once.
const CHUNK: u64 = 1_024;

/// Simulates independent clients on up to `threads` threads, one of which is the calling one. The result does not depend
/// on their number. Each thread records into a sink of its own, which `sink` makes; they are merged.
///
/// `watch` is called on the calling thread again and again, about every millisecond, with the number of exchanges that are
/// over. If it returns false, the run ends early, and the result is that of what was done.
///
/// The bounds are those of [`Cells`]. If one on events or memory ends the run, clients count in their order: the result is
/// that of all clients before the one that exceeds the bound, and of that one up to there. Finding out which one it is
/// takes a second pass on a single thread.
///
/// # Panics
/// If the clients are [coupled](Scenario::coupled_by), if there is a client 0 among them, or if this build cannot run the
/// scenario.
pub fn run_cells<K: Sink + Merge + Send>(
    scenario: &Scenario,
    clients: RangeInclusive<u32>,
    sink: impl Fn() -> K + Sync,
    bounds: Bounds,
    threads: usize,
    mut watch: impl FnMut(u64) -> bool,
) -> Outcome<K> {
    let all = Shared::new(clients.clone(), bounds, threads);
    // The bound on events is one on all threads together.
    let cells = || Cells::new(scenario, sink(), bounds.with_events(u64::MAX));
    let outcome = thread::scope(|scope| {
        // A system that starts fewer threads still runs all clients.
        let others: Vec<_> = (1..threads)
            .map_while(|_| {
                let work = || all.work(cells(), || true);
                thread::Builder::new().spawn_scoped(scope, work).ok()
            })
            .collect();
        let own = all.work(cells(), || watch(all.over.load(Relaxed)));
        others.into_iter().fold(own, |joined, other| match other.join() {
            Ok(other) => joined.joined(other),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    });
    if !all.exceeded.load(Relaxed) {
        return outcome;
    }
    drop(outcome);
    let alone = Shared::new(clients, Bounds::NONE, 1);
    alone.work(Cells::new(scenario, sink(), bounds), || watch(alone.over.load(Relaxed)))
}

/// What the threads of a run share.
struct Shared {
    /// The next client that nobody has taken, and the last one.
    next: AtomicU64,
    last: u64,
    chunk: u64,
    max_events: u64,
    /// Events and exchanges so far.
    events: AtomicU64,
    over: AtomicU64,
    stop: AtomicBool,
    /// Whether a bound has been exceeded.
    exceeded: AtomicBool,
}

impl Shared {
    fn new(clients: RangeInclusive<u32>, bounds: Bounds, threads: usize) -> Self {
        let (first, last) = (u64::from(*clients.start()), u64::from(*clients.end()));
        let count = (last + 1).saturating_sub(first);
        Self {
            next: AtomicU64::new(first),
            last,
            // Small enough that no thread works long after the others.
            chunk: (count / (16 * threads.max(1) as u64)).clamp(1, CHUNK),
            max_events: bounds.events,
            events: AtomicU64::new(0),
            over: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            exceeded: AtomicBool::new(false),
        }
    }

    /// Takes clients and simulates them until none is left, a bound is exceeded, or `go_on` returns false.
    fn work<K: Sink>(&self, mut cells: Cells<K>, mut go_on: impl FnMut() -> bool) -> Outcome<K> {
        let mut ended_by = EndedBy::Finished;
        while !self.stop.load(Relaxed)
            && let Some(clients) = self.take()
        {
            cells.simulate(clients);
            loop {
                let ended = self.count(&mut cells);
                if !go_on() {
                    self.stop.store(true, Relaxed);
                }
                match ended {
                    Some(EndedBy::Finished) => break,
                    Some(bound) => {
                        ended_by = bound;
                        self.exceeded.store(true, Relaxed);
                        self.stop.store(true, Relaxed);
                    }
                    None => {}
                }
                if self.stop.load(Relaxed) {
                    break;
                }
            }
        }
        cells.into_outcome(ended_by)
    }

    /// Advances `cells` and counts what happens.
    fn count<K: Sink>(&self, cells: &mut Cells<K>) -> Option<EndedBy> {
        let before = (cells.events(), cells.sink().summary.finished());
        let ended = cells.advance();
        self.over.fetch_add(cells.sink().summary.finished() - before.1, Relaxed);
        let new = cells.events() - before.0;
        let events = self.events.fetch_add(new, Relaxed) + new;
        if events > self.max_events { Some(EndedBy::Events) } else { ended }
    }

    fn take(&self) -> Option<RangeInclusive<u32>> {
        let first = self.next.fetch_add(self.chunk, Relaxed);
        let last = self.last.min(first + self.chunk - 1);
        // Both are at most the largest number of a client.
        (first <= self.last).then_some(first as u32..=last as u32)
    }
}
