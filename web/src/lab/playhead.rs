//! The playhead, and what it points at.

use super::Lab;
use crate::json::Json;
use crate::numbers::{clock, compact};
use crate::timeline::{after, before, usual_latency};
use crate::words;
use wasm_bindgen::prelude::wasm_bindgen;

/// The playhead.
#[wasm_bindgen]
impl Lab {
    /// Returns the playhead's time in seconds.
    #[must_use]
    pub fn now(&self) -> f64 {
        self.at as f64 / 1e9
    }

    /// Returns the time of the last thing shown, in seconds.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.end_nanos() as f64 / 1e9
    }

    fn end_nanos(&self) -> u64 {
        self.scene.as_ref().map_or(0, |scene| scene.timeline.end())
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
        if self.end_nanos() == 0 { 1.0 } else { self.at as f64 / self.end_nanos() as f64 }
    }

    /// Advances the playhead by `seconds` of simulated time; returns `false` when it has reached the end.
    pub fn advance(&mut self, seconds: f64) -> bool {
        let by = (seconds * 1e9).max(0.0) as u64;
        self.at = self.at.saturating_add(by).min(self.end_nanos());
        !self.at_end()
    }

    /// Moves the playhead to the next moment at which something happens, or with `back` to the previous
    /// one; with `own` only the shown client's moments count. Returns `false` if there is none.
    pub fn step(&mut self, back: bool, own: bool) -> bool {
        let Some(scene) = &self.scene else { return false };
        let moments = if own { scene.ladder.moments() } else { scene.timeline.moments() };
        let to = if back { before(moments, self.at) } else { after(moments, self.at) };
        if let Some(to) = to {
            self.at = to;
        }
        to.is_some()
    }

    /// Returns a suitable speed for watching this run, in simulated seconds per second.
    #[must_use]
    pub fn pace(&self) -> f64 {
        // Half a second for a flight, unless the whole would take longer than half a minute.
        let flight = usual_latency(self.run.scenario()).max(1_000) as f64 / 1e9;
        (flight / 0.5).max(self.end() / 30.0)
    }

    /// Returns the playhead's time as text, in seconds.
    #[must_use]
    pub fn clock(&self) -> String {
        clock(self.at, self.clock_places())
    }

    /// Returns the end's time as text, in seconds.
    #[wasm_bindgen(js_name = endClock)]
    #[must_use]
    pub fn end_clock(&self) -> String {
        clock(self.end_nanos(), self.clock_places())
    }

    /// Returns the number of decimals of the playhead's time: three, or more for very short runs.
    fn clock_places(&self) -> u32 {
        let long = self.end_nanos() >= 100_000_000;
        self.scene.as_ref().map_or(3, |scene| if long { 3 } else { scene.places })
    }

    /// Returns a sentence about the latest moment; while a crowd `runs`, its totals instead.
    #[must_use]
    pub fn moment(&self, runs: bool) -> String {
        let Some(scene) = &self.scene else { return String::new() };
        if runs && scene.layout.is_crowd() {
            words::overview(&self.run, &scene.timeline, self.at)
        } else {
            words::moment(&self.run, &scene.timeline, self.at)
        }
    }

    /// Returns the heading of the counts.
    #[wasm_bindgen(js_name = countsTitle)]
    #[must_use]
    pub fn counts_title(&self) -> String {
        let part = self.run.is_cut() || self.run.shown() < self.run.scenario().clients;
        if part { "So far, of what is shown" } else { "So far" }.to_string()
    }

    /// Returns the counts up to now: an array of `name`, `value`, in the order in which to show them.
    #[must_use]
    pub fn counts(&self) -> String {
        let Some(scene) = &self.scene else { return "[]".to_string() };
        let sum = scene.timeline.summary(self.run.records(), self.at);
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
