//! The run: stepped in slices, told when it is over.

use super::{Lab, Scene};
use crate::ladder::Ladder;
use crate::numbers::grouped;
use crate::run::MOST_FLOWS;
use crate::stage::Layout;
use crate::timeline::Timeline;
use crate::words;
use retrylab_core::trace::write_json;
use wasm_bindgen::prelude::wasm_bindgen;

/// The run.
#[wasm_bindgen]
impl Lab {
    /// Lets up to `steps` things happen; `true` when the run is over.
    #[wasm_bindgen(js_name = runSome)]
    pub fn run_some(&mut self, steps: u32) -> bool {
        self.run.advance(steps)
    }

    /// Ends the run where it is: what was simulated can be looked at.
    pub fn stop(&mut self) {
        self.run.stop();
    }

    /// Can it be looked at? (A long run can before it is over.)
    pub fn ready(&mut self) -> bool {
        if self.scene.is_none() && self.run.is_drawable() {
            let run = &self.run;
            let timeline = Timeline::new(run.scenario(), run.records(), run.is_cut());
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

    /// Events simulated so far.
    #[must_use]
    pub fn events(&self) -> f64 {
        self.run.events() as f64
    }

    /// The run's fingerprint; empty while it goes on, or when it was stopped.
    #[must_use]
    pub fn digest(&self) -> String {
        self.run.digest().map_or_else(String::new, |digest| digest.to_string())
    }

    /// What came out, in words.
    #[must_use]
    pub fn outcome(&self) -> String {
        words::outcome(&self.run)
    }

    /// What the pictures leave out, in words; empty when they show everything.
    #[must_use]
    pub fn notice(&self) -> String {
        let (kept, events) = (self.run.records().len() as u64, self.run.events());
        let clients = self.run.scenario().clients;
        let mut parts = Vec::new();
        if self.run.is_cut() {
            let of = if self.run.is_over() { grouped(events) } else { "all".to_string() };
            parts.push(format!("the first {} of {of} events", grouped(kept)));
        }
        if clients > MOST_FLOWS {
            let (shown, of) = (grouped(MOST_FLOWS.into()), grouped(clients.into()));
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

    /// Records kept: the lines of `trace`.
    #[must_use]
    pub fn kept(&self) -> u32 {
        self.run.records().len() as u32
    }

    /// The records from `from` on, at most `most`, as JSON, one a line.
    #[must_use]
    pub fn trace(&self, from: u32, most: u32) -> String {
        let mut out = String::new();
        for record in self.run.records().iter().skip(from as usize).take(most as usize) {
            // Writing to a string does not fail.
            let _ = write_json(&mut out, record);
            out.push('\n');
        }
        out
    }
}
