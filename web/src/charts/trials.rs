//! A scenario with one value changed, run with one seed after another, in a web worker.

use super::{Ends, interval};
use crate::run::PageRun;
use retrylab_core::scenario::Scenario;
use retrylab_core::stats::Mean;
use retrylab_core::theory::independent;
use wasm_bindgen::prelude::wasm_bindgen;

/// Runs of a scenario with different seeds, and how their exchanges ended.
#[wasm_bindgen]
pub struct Trials {
    scenario: Scenario,
    run: PageRun,
    /// The exchanges of all runs that are over.
    ends: Ends,
    /// Number of runs that are over.
    runs: u32,
    /// What the runs in which an exchange ended came to, each a number: the share that was answered, and the sends per exchange.
    shares: Mean,
    sends: Mean,
}

#[wasm_bindgen]
impl Trials {
    /// Begins the first run of a link's scenario with another value of a key.
    ///
    /// # Errors
    /// If the value is invalid: one sentence that names the key.
    #[wasm_bindgen(constructor)]
    pub fn new(link: &str, key: &str, value: &str) -> Result<Self, String> {
        let (scenario, _) = Scenario::from_fragment(link);
        let scenario = scenario.adapted(key, value).map_err(|error| error.to_string())?;
        let run = PageRun::new(scenario.clone());
        let (shares, sends) = (Mean::default(), Mean::default());
        Ok(Self { scenario, run, ends: Ends::default(), runs: 0, shares, sends })
    }

    /// Advances the run by up to `steps` events; returns `true` when it is over, and begins the next one with the next seed.
    pub fn advance(&mut self, steps: u32) -> bool {
        // What is not kept is not counted: such a run is measured by its beginning.
        if !self.run.advance(steps) && !self.run.is_cut() {
            return false;
        }
        let mut own = Ends::default();
        for record in self.run.records() {
            own.add(record);
            self.ends.add(record);
        }
        let [share, _, _, sends, ..] = own.means(false);
        self.runs += 1;
        if own.finished > 0 {
            self.shares.add(share);
            self.sends.add(sends);
        }
        self.scenario.seed = self.scenario.seed.wrapping_add(1);
        self.run = PageRun::new(self.scenario.clone());
        true
    }

    /// Returns the number of runs that are over, then of all their exchanges: the share that was answered with its 95 % interval,
    /// the sends per exchange with its interval, and the time in seconds within which 99 % were answered. Numbers that do not
    /// exist are NaN. If exchanges of a run depend on each other, the intervals are those of the runs' means.
    #[must_use]
    pub fn measures(&mut self) -> Vec<f64> {
        let mut out = vec![f64::from(self.runs)];
        if independent(&self.scenario).is_ok() {
            out.extend(self.ends.means(true));
        } else {
            out.extend(interval(&self.shares, true));
            out.extend(interval(&self.sends, true));
        }
        out.push(self.ends.p99());
        out
    }
}
