//! The run: advanced in slices, summarized when it is over.

use super::{Lab, Scene};
use crate::ladder::Ladder;
use crate::numbers::grouped;
use crate::report::Report;
use crate::stage::Layout;
use crate::words;
use retrylab_core::sim::EndedBy;
use retrylab_core::trace::write_json;
use wasm_bindgen::prelude::wasm_bindgen;

/// The run.
#[wasm_bindgen]
impl Lab {
    /// Advances the run by up to `steps` events; returns `true` when there is nothing left to simulate here.
    #[wasm_bindgen(js_name = runSome)]
    pub fn run_some(&mut self, steps: u32) -> bool {
        self.run.advance(steps)
    }

    /// Returns true if only a sample of the clients is simulated here, for the pictures. Then [`Part`](crate::Part)s simulate
    /// all of them, and `report` takes what they report.
    #[wasm_bindgen(js_name = isSample)]
    #[must_use]
    pub fn is_sample(&self) -> bool {
        self.run.all().is_some()
    }

    /// Takes the last reports of all parts, one after another; returns `true` when the run is over.
    pub fn report(&mut self, reports: &[u64]) -> bool {
        self.run.report(Report::of_all(reports))
    }

    /// Returns the number of clients of the run.
    #[wasm_bindgen(js_name = allClients)]
    #[must_use]
    pub fn all_clients(&self) -> u32 {
        self.run.scenario().clients
    }

    /// Returns the number of clients that are done, of all that parts simulate.
    #[wasm_bindgen(js_name = clientsDone)]
    #[must_use]
    pub fn clients_done(&self) -> f64 {
        self.run.all().map_or(0, |all| all.clients) as f64
    }

    /// Returns how many of all clients are done, in words.
    #[must_use]
    pub fn progress(&self) -> String {
        let done = self.run.all().map_or(0, |all| all.clients);
        format!("{} of {} clients", grouped(done), grouped(self.all_clients().into()))
    }

    /// Returns which clients the pictures show, in words; empty if they show all.
    #[must_use]
    pub fn sample(&self) -> String {
        if self.is_sample() {
            format!("The pictures show a sample: {}.", self.shown())
        } else {
            String::new()
        }
    }

    /// Returns the clients that the pictures show, of very many.
    fn shown(&self) -> String {
        let [shown, all] = [self.clients(), self.all_clients()].map(|n| grouped(n.into()));
        format!("clients 1 to {shown} of {all}")
    }

    /// Stops the run: what has been simulated can be looked at.
    pub fn stop(&mut self) {
        self.run.stop();
    }

    /// Returns true if the run can be looked at. (A long run can be before it is over.)
    pub fn ready(&mut self) -> bool {
        if self.scene.is_none()
            && let Some(timeline) = self.run.take_timeline()
        {
            let run = &self.run;
            let whole = timeline.moments().iter().all(|at| at.is_multiple_of(1_000_000));
            let layout = Layout::new(1.0, 1.0, run.scenario(), run.shown());
            if !self.chosen {
                self.flow = if layout.is_crowd() { timeline.busiest() } else { 1 };
            }
            let ladder = Ladder::new(run, &timeline, self.flow);
            let places = if whole { 3 } else { 6 };
            self.scene = Some(Scene { timeline, ladder, layout, places });
        }
        self.scene.is_some()
    }

    /// Returns the number of events simulated so far.
    #[must_use]
    pub fn events(&self) -> f64 {
        self.run.events() as f64
    }

    /// Returns the run's fingerprint; empty while it is in progress or if it ended early.
    #[must_use]
    pub fn digest(&self) -> String {
        self.run.digest().map_or_else(String::new, |digest| digest.to_string())
    }

    /// Returns a summary of the run, in words.
    #[must_use]
    pub fn outcome(&self) -> String {
        words::outcome(&self.run)
    }

    /// Returns what the pictures leave out, in words; empty if they show everything.
    #[must_use]
    pub fn notice(&self) -> String {
        let kept = grouped(self.run.records().len() as u64);
        let showing = match (self.run.is_cut(), self.run.shown() < self.run.scenario().clients) {
            (false, false) => return String::new(),
            (false, true) => self.shown(),
            (true, true) => format!("the first {kept} events of {}", self.shown()),
            (true, false) if self.run.is_over() => {
                format!("the first {kept} of {} events", grouped(self.run.events()))
            }
            (true, false) => format!("the first {kept} of all events"),
        };
        let cover = match self.run.ended_by() {
            Some(EndedBy::Finished) => "The outcome and the digest cover the whole run.",
            None if !self.run.is_over() => "The run continues.",
            _ => "The outcome is that of the part that ran; only a whole run has a digest.",
        };
        format!("Showing {showing}. {cover}")
    }

    /// Returns true if events are missing at the end of those that the pictures show.
    #[wasm_bindgen(js_name = isCut)]
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.run.is_cut()
    }

    /// Returns the number of records kept, which is the number of lines of `trace`.
    #[must_use]
    pub fn kept(&self) -> u32 {
        self.run.records().len() as u32
    }

    /// Returns at most `max` records from index `from` as JSON, one per line.
    #[must_use]
    pub fn trace(&self, from: u32, max: u32) -> String {
        let mut out = String::new();
        for record in self.run.records().iter().skip(from as usize).take(max as usize) {
            // Writing to a string does not fail.
            let _ = write_json(&mut out, record);
            out.push('\n');
        }
        out
    }
}
