//! The run: advanced in slices, summarized when it is over.

use super::Lab;
use super::exhibit::Exhibit;
use crate::numbers::grouped;
use crate::report::Report;
use crate::words;
use retrylab_core::sim::EndedBy;
use retrylab_core::trace::write_json;
use wasm_bindgen::prelude::wasm_bindgen;

/// The run of an exhibit.
#[wasm_bindgen]
impl Lab {
    /// Advances the run by up to `steps` events; returns `true` when there is nothing left to simulate here.
    #[wasm_bindgen(js_name = runSome)]
    pub fn run_some(&mut self, which: usize, steps: u32) -> bool {
        self.exhibits[which].advance(steps)
    }

    /// Returns true if only a sample of the clients is simulated here, for the pictures. Then [`Part`](crate::Part)s simulate
    /// all of them, and `report` takes what they report.
    #[wasm_bindgen(js_name = isSample)]
    #[must_use]
    pub fn is_sample(&self, which: usize) -> bool {
        self.exhibits[which].run.all().is_some()
    }

    /// Takes the last reports of all parts, one after another; returns `true` when the run is over.
    pub fn report(&mut self, which: usize, reports: &[u64]) -> bool {
        self.exhibits[which].run.report(Report::of_all(reports))
    }

    /// Returns the number of clients of the run.
    #[wasm_bindgen(js_name = allClients)]
    #[must_use]
    pub fn all_clients(&self, which: usize) -> u32 {
        self.exhibits[which].run.scenario().clients
    }

    /// Returns the number of clients that are done, of all that parts simulate.
    #[wasm_bindgen(js_name = clientsDone)]
    #[must_use]
    pub fn clients_done(&self, which: usize) -> f64 {
        self.exhibits[which].run.all().map_or(0, |all| all.clients) as f64
    }

    /// Returns how many of all clients are done, in words.
    #[must_use]
    pub fn progress(&self, which: usize) -> String {
        let done = self.exhibits[which].run.all().map_or(0, |all| all.clients);
        format!("{} of {} clients", grouped(done), grouped(self.all_clients(which).into()))
    }

    /// Returns which clients the pictures show, in words; empty if they show all.
    #[must_use]
    pub fn sample(&self, which: usize) -> String {
        if self.is_sample(which) {
            format!("The pictures show a sample: {}.", self.shown(which))
        } else {
            String::new()
        }
    }

    /// Returns the clients that the pictures show, of very many.
    fn shown(&self, which: usize) -> String {
        let [shown, all] =
            [self.clients(which), self.all_clients(which)].map(|n| grouped(n.into()));
        format!("clients 1 to {shown} of {all}")
    }

    /// Stops the run: what has been simulated can be looked at.
    pub fn stop(&mut self, which: usize) {
        self.exhibits[which].run.stop();
    }

    /// Returns true if the run can be looked at. (A long run can be before it is over.)
    pub fn ready(&mut self, which: usize) -> bool {
        let is_new = self.exhibits[which].scene.is_none();
        let is_ready = self.exhibits[which].is_ready();
        if is_new && is_ready {
            self.fold();
        }
        is_ready
    }

    /// Returns the number of events simulated so far.
    #[must_use]
    pub fn events(&self, which: usize) -> f64 {
        self.exhibits[which].run.events() as f64
    }

    /// Returns the run's fingerprint; empty while it is in progress or if it ended early.
    #[must_use]
    pub fn digest(&self, which: usize) -> String {
        self.exhibits[which].run.digest().map_or_else(String::new, |digest| digest.to_string())
    }

    /// Returns a summary of the run up to the playhead, in words.
    #[must_use]
    pub fn outcome(&self, which: usize) -> String {
        let Exhibit { run, scene, .. } = &self.exhibits[which];
        match scene {
            Some(scene) => words::outcome_so_far(run, &scene.timeline, self.at),
            None => words::outcome(run),
        }
    }

    /// Returns what the pictures leave out, in words; empty if they show everything, or if an exercise hides the rest.
    #[must_use]
    pub fn notice(&self, which: usize) -> String {
        let run = &self.exhibits[which].run;
        let shows_all = !run.is_cut() && run.shown() == run.scenario().clients;
        if shows_all || self.hides(which) { String::new() } else { self.shown_part(which) }
    }

    /// Returns true if events are missing at the end of those that the pictures show.
    #[wasm_bindgen(js_name = isCut)]
    #[must_use]
    pub fn is_cut(&self, which: usize) -> bool {
        self.exhibits[which].run.is_cut()
    }

    /// Returns the number of records kept, which is the number of lines of `trace`.
    #[must_use]
    pub fn kept(&self, which: usize) -> u32 {
        self.exhibits[which].run.records().len() as u32
    }

    /// Returns at most `max` records from index `from` as JSON, one per line.
    #[must_use]
    pub fn trace(&self, which: usize, from: u32, max: u32) -> String {
        let mut out = String::new();
        for record in
            self.exhibits[which].run.records().iter().skip(from as usize).take(max as usize)
        {
            // Writing to a string does not fail.
            let _ = write_json(&mut out, record);
            out.push('\n');
        }
        out
    }
}
impl Lab {
    /// Returns which part of the run the pictures show, in words.
    #[inline(never)]
    fn shown_part(&self, which: usize) -> String {
        let run = &self.exhibits[which].run;
        let kept = grouped(run.records().len() as u64);
        let shows_all_clients = run.shown() == run.scenario().clients;
        let showing = match (run.is_cut(), shows_all_clients) {
            (false, _) => self.shown(which),
            (true, false) => format!("the first {kept} events of {}", self.shown(which)),
            (true, true) if run.is_over() => {
                format!("the first {kept} of {} events", grouped(run.events()))
            }
            (true, true) => format!("the first {kept} of all events"),
        };
        let cover = match run.ended_by() {
            Some(EndedBy::Finished) => "The outcome and the digest cover the whole run.",
            None if !run.is_over() => "The run continues.",
            _ => "The outcome is that of the part that ran; only a whole run has a digest.",
        };
        format!("Showing {showing}. {cover}")
    }
}

#[cfg(test)]
impl Lab {
    /// Creates a lab whose runs are over.
    pub(super) fn finished(link: &str) -> Self {
        let mut lab = Self::new(link);
        lab.finish();
        lab
    }

    /// Simulates all runs to their ends.
    pub(super) fn finish(&mut self) {
        for which in 0..self.exhibits() {
            while !self.run_some(which, 1_000) {}
            assert!(self.ready(which));
        }
    }
}
