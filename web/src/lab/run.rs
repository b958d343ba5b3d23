//! The run: advanced in slices, summarized when it is over.

use super::{Lab, Scene};
use crate::ladder::Ladder;
use crate::numbers::grouped;
use crate::run::MAX_FLOWS;
use crate::stage::Layout;
use crate::timeline::Timeline;
use crate::words;
use retrylab_core::trace::write_json;
use wasm_bindgen::prelude::wasm_bindgen;

/// The run.
#[wasm_bindgen]
impl Lab {
    /// Advances the run by up to `steps` events; returns `true` when it is over.
    #[wasm_bindgen(js_name = runSome)]
    pub fn run_some(&mut self, steps: u32) -> bool {
        self.run.advance(steps)
    }

    /// Stops the run: what has been simulated can be looked at.
    pub fn stop(&mut self) {
        self.run.stop();
    }

    /// Returns true if the run can be looked at. (A long run can be before it is over.)
    pub fn ready(&mut self) -> bool {
        if self.scene.is_none() && self.run.is_drawable() {
            let run = &self.run;
            let timeline = Timeline::new(run);
            let whole = timeline.moments().iter().all(|at| at.is_multiple_of(1_000_000));
            let layout = Layout::new(1.0, 1.0, run.scenario());
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

    /// Returns the run's fingerprint; empty while it is in progress or if it was stopped.
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
        let (kept, events) = (self.run.records().len() as u64, self.run.events());
        let clients = self.run.scenario().clients;
        let mut parts = Vec::new();
        if self.run.is_cut() {
            let of = if self.run.is_over() { grouped(events) } else { "all".to_string() };
            parts.push(format!("the first {} of {of} events", grouped(kept)));
        }
        if clients > MAX_FLOWS {
            let (shown, of) = (grouped(MAX_FLOWS.into()), grouped(clients.into()));
            parts.push(format!("clients 1 to {shown} of {of}"));
        }
        if parts.is_empty() {
            return String::new();
        }
        let cover = if self.run.was_stopped() {
            "The outcome is that of the part that ran; only a whole run has a digest."
        } else {
            "The outcome and the digest cover the whole run."
        };
        format!("Showing {}. {cover}", parts.join(", "))
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
