//! Independent clients, divided among threads.

use super::bounds::EndedBy;
use super::{Bounds, Cells, Outcome};
use crate::scenario::Scenario;
use crate::trace::Sink;
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Maximum number of clients that a thread takes at once.
const CHUNK: u64 = 1_024;

/// Minimum number of clients from whose events those of all clients are estimated.
const MIN_SAMPLE: u64 = 1_000;

/// Independent clients that several threads simulate together. The threads are the caller's.
///
/// Each thread calls [`work`](Self::work) with a sink of its own, and the results are [merged](super::Merge). The result
/// does not depend on the number of threads, nor on which of them simulates which client.
///
/// The bounds are those of [`Cells`]. The one on events is one on the sum over all clients of the scenario: the work also
/// ends as soon as it is clear that they have more. The one on memory is divided among the threads. If one of these two
/// [is exceeded](Self::is_exceeded), the results are of no use, because they depend on the threads. Then
/// [`in_order`](Self::in_order), on a single thread, finds the client that exceeds it, if there is one.
///
/// ```
/// use retrylab_core::scenario::Scenario;
/// use retrylab_core::sim::{self, Bounds, Division, Outcome};
///
/// let mut scenario = Scenario::default();
/// scenario.apply([("server.drop", "0.5"), ("clients", "1000")])?;
/// let division = Division::new(1..=1_000, Bounds::default(), 4);
/// let outcome = std::thread::scope(|scope| {
///     let work = || division.work(&scenario, (), |_| true);
///     let threads = [(); 4].map(|()| scope.spawn(work));
///     threads.map(|thread| thread.join().unwrap()).into_iter().reduce(Outcome::joined).unwrap()
/// });
/// assert!(!division.is_exceeded());
/// assert_eq!(outcome.digest, sim::run(&scenario, ()).digest);
/// # Ok::<(), retrylab_core::scenario::FieldError>(())
/// ```
#[derive(Debug)]
pub struct Division {
    /// The next client that nobody has taken, and the last one.
    next: AtomicU64,
    last: u64,
    chunk: u64,
    /// The bounds; that on memory is one on each thread.
    bounds: Bounds,
    /// Events, exchanges and clients so far.
    events: AtomicU64,
    over: AtomicU64,
    done: AtomicU64,
    stop: AtomicBool,
    exceeded: AtomicBool,
    too_many_events: AtomicBool,
}

impl Division {
    /// Creates the division of these clients, numbered from 1, among `threads` threads.
    #[must_use]
    pub fn new(clients: RangeInclusive<u32>, bounds: Bounds, threads: usize) -> Self {
        let (first, last) = (u64::from(*clients.start()), u64::from(*clients.end()));
        let count = (last + 1).saturating_sub(first);
        let threads = threads.max(1) as u64;
        Self {
            next: AtomicU64::new(first),
            last,
            // Small enough that no thread works long after the others.
            chunk: (count / (16 * threads)).clamp(1, CHUNK),
            bounds: bounds.with_memory(bounds.memory / threads),
            events: AtomicU64::new(0),
            over: AtomicU64::new(0),
            done: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            exceeded: AtomicBool::new(false),
            too_many_events: AtomicBool::new(false),
        }
    }

    /// Simulates clients of `scenario` that no other thread has taken, until none is left. Returns the result of this
    /// thread.
    ///
    /// `go_on` is called again and again, about every millisecond, with the number of exchanges that are over in all
    /// threads. If it returns false, all threads stop, and their results are those of what was done.
    ///
    /// # Panics
    /// If the clients are [coupled](Scenario::coupled_by), or if this build cannot run the scenario.
    pub fn work<K: Sink>(
        &self,
        scenario: &Scenario,
        sink: K,
        go_on: impl FnMut(u64) -> bool,
    ) -> Outcome<K> {
        let cells = Cells::new(scenario, sink, self.bounds.with_events(u64::MAX));
        self.simulate(cells, scenario.clients, go_on)
    }

    /// Returns whether a bound on events or memory has ended the work.
    #[must_use]
    pub fn is_exceeded(&self) -> bool {
        self.exceeded.load(Relaxed)
    }

    /// Returns whether that bound is the one on events.
    #[must_use]
    pub fn has_too_many_events(&self) -> bool {
        self.too_many_events.load(Relaxed)
    }

    /// Simulates clients of `scenario` on the calling thread. If one of them exceeds the bound on events or memory, the
    /// result is that of all clients before it, and of that one up to there. `go_on` is that of [`work`](Self::work).
    ///
    /// # Panics
    /// As [`work`](Self::work).
    pub fn in_order<K: Sink>(
        scenario: &Scenario,
        clients: RangeInclusive<u32>,
        sink: K,
        bounds: Bounds,
        go_on: impl FnMut(u64) -> bool,
    ) -> Outcome<K> {
        let cells = Cells::new(scenario, sink, bounds);
        Self::new(clients, Bounds::NONE, 1).simulate(cells, scenario.clients, go_on)
    }

    /// Takes clients and simulates them until none is left, a bound is exceeded, or `go_on` returns false. `all` is the
    /// number of clients of the scenario.
    fn simulate<K: Sink>(
        &self,
        mut cells: Cells<K>,
        all: u32,
        mut go_on: impl FnMut(u64) -> bool,
    ) -> Outcome<K> {
        let mut ended_by = EndedBy::Finished;
        while !self.stop.load(Relaxed)
            && let Some(clients) = self.take()
        {
            cells.simulate(clients);
            loop {
                let ended = self.count(&mut cells, all);
                if !go_on(self.over.load(Relaxed)) {
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
        let mut outcome = cells.into_outcome(ended_by);
        outcome.network.finished &= !self.stop.load(Relaxed);
        outcome
    }

    /// Advances `cells` and counts what happens.
    fn count<K: Sink>(&self, cells: &mut Cells<K>, all: u32) -> Option<EndedBy> {
        let before = (cells.events(), cells.sink().summary.finished(), cells.done());
        let ended = cells.advance();
        self.over.fetch_add(cells.sink().summary.finished() - before.1, Relaxed);
        let new = (cells.events() - before.0, cells.done() - before.2);
        let events = self.events.fetch_add(new.0, Relaxed) + new.0;
        let done = self.done.fetch_add(new.1, Relaxed) + new.1;
        if events <= self.bounds.events && !self.expects_more_events(events, done, all) {
            return ended;
        }
        self.too_many_events.store(true, Relaxed);
        Some(EndedBy::Events)
    }

    /// Returns whether the events of `done` clients show that those of `all` clients exceed the bound: by more than a
    /// sixteenth, because the others may have fewer.
    fn expects_more_events(&self, events: u64, done: u64, all: u32) -> bool {
        let [events, done, all, bound] =
            [events, done, all.into(), self.bounds.events].map(u128::from);
        done >= MIN_SAMPLE.into() && 16 * events * all > 17 * bound * done
    }

    fn take(&self) -> Option<RangeInclusive<u32>> {
        let first = self.next.fetch_add(self.chunk, Relaxed);
        let last = self.last.min(first + self.chunk - 1);
        // Both are at most the largest number of a client.
        (first <= self.last).then_some(first as u32..=last as u32)
    }
}
