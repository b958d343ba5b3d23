//! Some of the independent clients of a run, simulated one after another, in a web worker or in the page itself.
//!
//! The pictures show a sample of very many clients; the counts and the digest are those of all. Every worker has a
//! [`Part`], takes clients from the page, and sends [`Report`]s, which the page adds up.

use crate::report::Report;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{Bounds, Cells, EndedBy};
use std::collections::VecDeque;
use wasm_bindgen::prelude::wasm_bindgen;

/// Maximum memory of a client in bytes. There may be eight workers.
const MEMORY: u64 = 256 << 20;

/// Clients simulated one after another.
#[wasm_bindgen]
pub struct Part {
    cells: Cells<()>,
    /// The first and the last client of those that are still to be simulated.
    waiting: VecDeque<(u32, u32)>,
    /// Whether a client is in progress.
    busy: bool,
    /// What ended the run early.
    cut_by: Option<EndedBy>,
}

#[wasm_bindgen]
impl Part {
    /// Prepares the simulation of clients of a link's scenario, of which the page shows a sample.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(link: &str) -> Self {
        let (scenario, _) = Scenario::from_fragment(link);
        let cells = Cells::new(&scenario, (), Bounds::NONE.with_memory(MEMORY));
        Self { cells, waiting: VecDeque::new(), busy: false, cut_by: None }
    }

    /// Adds the clients from `first` to `last`, numbered from 1.
    pub fn take(&mut self, first: u32, last: u32) {
        self.waiting.push_back((first, last));
    }

    /// Handles a fraction of a millisecond of work; returns `true` if there is none left.
    pub fn advance(&mut self) -> bool {
        if self.cut_by.is_some() {
            return true;
        }
        if !self.busy {
            let Some((first, last)) = self.waiting.pop_front() else { return true };
            self.cells.simulate(first..=last);
            self.busy = true;
        }
        match self.cells.advance() {
            None => {}
            Some(EndedBy::Finished) => self.busy = false,
            cut_by => self.cut_by = cut_by,
        }
        false
    }

    /// Returns the number of clients that are done.
    #[must_use]
    pub fn done(&self) -> f64 {
        self.cells.done() as f64
    }

    /// Returns what it has done so far, for `Lab.report`.
    #[must_use]
    pub fn report(&self) -> Vec<u64> {
        let sink = self.cells.sink();
        let report = Report {
            clients: self.cells.done(),
            events: self.cells.events(),
            simulated: self.cells.now(),
            digest: sink.digest.digest(),
            summary: sink.summary,
            cut_by: self.cut_by,
        };
        report.words().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::sim::run;
    use retrylab_core::time::Instant;

    #[test]
    fn parts_come_to_the_same_as_the_whole() {
        let link = "seed=3&clients=500&exchanges=3&link.loss=0.3";
        let [mut one, mut two] = [Part::new(link), Part::new(link)];
        one.take(1, 99);
        one.take(400, 500);
        two.take(100, 399);
        while !one.advance() {}
        while !two.advance() {}
        let reports = [one.report(), two.report()].concat();
        let sum = Report::of_all(&reports);
        let whole = run(&Scenario::from_fragment(link).0, ());
        assert_eq!((sum.clients, sum.cut_by), (500, None));
        assert_eq!((sum.digest, sum.events), (whole.digest, whole.events));
        assert_eq!(sum.simulated, whole.simulated);
        assert_eq!(sum.summary.counts(), whole.summary.counts());
    }

    #[test]
    fn a_client_that_never_ends_is_reported_meanwhile() {
        let mut part = Part::new("clients=20000&server.drop=1&policy.multiplier=1");
        part.take(1, 20_000);
        assert!((0..10).all(|_| !part.advance()));
        let report = Report::of_all(&part.report());
        assert_eq!(report.clients, 0);
        assert!(report.summary.sends > 1_000 && report.simulated > Instant::ZERO);
    }
}
