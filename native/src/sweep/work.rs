//! Runs every open point on all cores.
//!
//! The threads take the points in order and pass each result to the thread that writes the journal. The
//! measures of a point depend only on its scenario, not on the number of threads or on the thread that
//! ran it.

use super::journal::{self, FLUSH, Journal};
use super::plan::Plan;
use crate::output::OutputError;
use crate::shard::Shard;
use crate::sim::bar::Bar;
use crate::sim::measure::measure;
use crate::sim::run::Limits;
use rayon::ThreadPool;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};

/// Capacity of the channel to the journal, large enough that threads do not wait for it.
const ON_THE_WAY: usize = 4_096;

/// A point's slot in the shard, and its line.
type Done = (u64, String);

/// Runs the points that `journal` does not have yet, until all are done or the program is interrupted.
pub(super) fn work(
    pool: &ThreadPool,
    plan: &Plan,
    shard: Shard,
    limits: &Limits,
    journal: &mut Journal,
) -> Result<(), OutputError> {
    let open = journal.open_slots();
    let next = AtomicUsize::new(0);
    let bar = Bar::new(journal.done(), shard.len(plan.points()), "points");
    let kept = pool.in_place_scope(|scope| {
        let (lines, arrivals) = sync_channel(ON_THE_WAY);
        let (open, next) = (&open, &next);
        scope.spawn_broadcast(move |_, _| {
            take_points(open, next, plan, shard, limits, &lines);
        });
        let kept = keep(arrivals, journal, &bar);
        if kept.is_err() {
            // The results of the remaining runs could not be kept.
            limits.interrupted.store(true, Ordering::Relaxed);
        }
        kept
    });
    bar.clear();
    kept.and_then(|()| journal.flush())
}

/// Runs one open point after another until none is left or the journal is gone.
fn take_points(
    open: &[u64],
    next: &AtomicUsize,
    plan: &Plan,
    shard: Shard,
    limits: &Limits,
    lines: &SyncSender<Done>,
) {
    while let Some(slot) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
        let point = shard.point(*slot);
        // The plan has checked every point.
        let Ok(scenario) = plan.scenario(point) else { return };
        let Some(measured) = measure(&scenario, limits) else { return };
        if lines.send((*slot, journal::line(point, &measured.cells))).is_err() {
            return;
        }
    }
}

/// Writes the arriving lines to the journal until all threads have ended.
fn keep(arrivals: Receiver<Done>, journal: &mut Journal, bar: &Bar) -> Result<(), OutputError> {
    loop {
        match arrivals.recv_timeout(FLUSH) {
            Ok((slot, line)) => journal.add(slot, &line)?,
            Err(RecvTimeoutError::Timeout) => journal.flush()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        bar.show(journal.done());
    }
}
