//! The playhead, and what it points at.

use super::Lab;
use super::exhibit::Exhibit;
use crate::json::Json;
use crate::numbers::{clock, compact};
use crate::timeline::{after, before, usual_latency};
use crate::words;
use wasm_bindgen::prelude::wasm_bindgen;

/// The playhead.
#[wasm_bindgen]
impl Lab {
    /// Returns the time of the last thing that any exhibit shows, in seconds.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.end_nanos() as f64 / 1e9
    }

    pub(super) fn end_nanos(&self) -> u64 {
        self.exhibits.iter().map(Exhibit::end).max().unwrap_or(0)
    }

    /// Returns true if the playhead is at the end.
    #[wasm_bindgen(js_name = atEnd)]
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.at >= self.end_nanos()
    }

    /// Moves the playhead to a share of the whole, 0 to 1.
    pub fn seek(&mut self, share: f64) {
        let end = self.end_nanos();
        // Float to integer casts saturate, and a share of one is the exact end.
        self.at = if share >= 1.0 { end } else { ((share * end as f64) as u64).min(end) };
    }

    /// Returns the playhead's position as a share of the whole.
    #[must_use]
    pub fn share(&self) -> f64 {
        let end = self.end_nanos();
        if end == 0 { 1.0 } else { (self.at as f64 / end as f64).min(1.0) }
    }

    /// Advances the playhead by `seconds` of simulated time; returns `false` when it has reached the end.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let by = (seconds * 1e9).max(0.0) as u64;
        self.at = self.at.saturating_add(by).min(self.end_nanos());
        !self.at_end()
    }

    /// Moves the playhead to the next moment at which something happens in any exhibit, or with `back` to the previous
    /// one; with `own` only moments of the clients in the ladders count. Returns `false` if there is none.
    pub fn step(&mut self, back: bool, own: bool) -> bool {
        let near = |exhibit: &Exhibit| {
            let scene = exhibit.scene.as_ref()?;
            let moments = if own { scene.ladder.moments() } else { scene.timeline.moments() };
            if back { before(moments, self.at) } else { after(moments, self.at) }
        };
        let times = self.exhibits.iter().filter_map(near);
        let to = if back { times.max() } else { times.min() };
        self.at = to.unwrap_or(self.at);
        to.is_some()
    }

    /// Returns a suitable speed for watching the first exhibit's run, in simulated seconds per second.
    #[must_use]
    pub fn pace(&self) -> f64 {
        // Half a second for a flight, unless the whole would take longer than half a minute.
        let flight = usual_latency(self.exhibits[0].run.scenario()).max(1_000) as f64 / 1e9;
        (flight / 0.5).max(self.end() / 30.0)
    }

    /// Returns the playhead's time as text, in seconds. While the playhead `runs`, milliseconds are enough.
    #[must_use]
    pub fn clock(&self, runs: bool) -> String {
        clock(self.at, self.places(runs))
    }

    /// Returns the end's time as text, in seconds.
    #[wasm_bindgen(js_name = endClock)]
    #[must_use]
    pub fn end_clock(&self) -> String {
        clock(self.end_nanos(), self.places(false))
    }

    /// Returns the number of decimals of the playhead's time: two moments have different texts, unless it `runs` through a
    /// run that is not very short.
    fn places(&self, runs: bool) -> u32 {
        let places =
            self.exhibits.iter().filter_map(|exhibit| Some(exhibit.scene.as_ref()?.places));
        if runs && self.end_nanos() >= 100_000_000 { 3 } else { places.max().unwrap_or(3) }
    }

    /// Returns a sentence about the latest moment; while a crowd `runs`, its totals instead.
    #[must_use]
    pub fn moment(&self, which: usize, runs: bool) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return String::new() };
        if runs && scene.layout.is_crowd() {
            words::overview(&exhibit.run, &scene.timeline, self.at)
        } else {
            words::moment(&exhibit.run, &scene.timeline, self.at)
        }
    }

    /// Returns the heading of the counts.
    #[wasm_bindgen(js_name = countsTitle)]
    #[must_use]
    pub fn counts_title(&self, which: usize) -> String {
        let run = &self.exhibits[which].run;
        let part = run.is_cut() || run.shown() < run.scenario().clients;
        if part { "So far, of what is shown" } else { "So far" }.to_string()
    }

    /// Returns the counts up to now: an array of `name`, `value`, in the order in which to show them.
    #[must_use]
    pub fn counts(&self, which: usize) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return "[]".to_string() };
        let sum = scene.timeline.summary(exhibit.run.records(), self.at);
        let flying = scene.timeline.in_flight(self.at) as u64;
        Json::array(|json| {
            for (name, value) in [
                ("sends", sum.sends),
                ("replies", sum.replies),
                ("in flight", flying),
                ("lost", sum.lost + scene.timeline.lost_frames(self.at)),
                ("dropped", sum.server_dropped),
                ("ignored", sum.late_replies),
                ("answered", sum.answered),
                ("gave up", sum.gave_up),
            ] {
                json.element(|json| {
                    json.text("name", name);
                    json.text("value", &compact(value));
                });
            }
        })
    }
}
