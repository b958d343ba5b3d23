//! The playhead, and what it points at.

use super::Lab;
use super::exhibit::{Exhibit, Scene};
use crate::fold::Folds;
use crate::json::Json;
use crate::numbers::{clock, compact, span};
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

    /// Moves the playhead to a share of the whole, 0 to 1, in play time.
    pub fn seek(&mut self, share: f64) {
        // A share of one is the exact end.
        let end = self.end_nanos();
        self.go(if share >= 1.0 {
            end
        } else {
            self.folds.at(share * self.folds.length()).min(end)
        });
    }

    /// Returns the playhead's position as a share of the whole, in play time.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.share_of(self.at)
    }

    /// Returns the share of the whole that the reader has seen, in play time.
    #[must_use]
    pub fn seen(&self) -> f64 {
        self.share_of(self.seen)
    }

    fn share_of(&self, at: u64) -> f64 {
        if at >= self.end_nanos() { 1.0 } else { self.folds.share(at) }
    }

    /// Advances the playhead by `seconds` of play at `rate` times the usual pace, which folds long stretches in which nothing
    /// happens; returns `false` when it has reached the end.
    pub fn advance(&mut self, seconds: f64, rate: f64) -> bool {
        self.go(self.folds.advance(self.at, seconds.max(0.0), rate).min(self.end_nanos()));
        !self.at_end()
    }

    /// Advances the playhead by `seconds` of simulated time; returns `false` when it has reached the end.
    #[wasm_bindgen(js_name = advanceReal)]
    pub fn advance_real(&mut self, seconds: f64) -> bool {
        let by = (seconds * 1e9).max(0.0) as u64;
        self.go(self.at.saturating_add(by).min(self.end_nanos()));
        !self.at_end()
    }

    pub(super) fn go(&mut self, at: u64) {
        self.at = at;
        self.seen = self.seen.max(at);
    }

    /// Arranges the play time of all exhibits, if all of them can be shown, and keeps the playhead within them.
    pub(super) fn fold(&mut self) {
        let scenes: Vec<&Scene> =
            self.exhibits.iter().filter_map(|one| one.scene.as_ref()).collect();
        if scenes.len() < self.exhibits.len() {
            return;
        }
        let end = self.end_nanos();
        let flight = usual_latency(self.exhibits[0].run.scenario());
        self.folds = match scenes.as_slice() {
            [scene] => Folds::new(scene.timeline.moments(), end, flight),
            _ => {
                let mut moments: Vec<u64> =
                    scenes.iter().flat_map(|scene| scene.timeline.moments()).copied().collect();
                moments.sort_unstable();
                Folds::new(&moments, end, flight)
            }
        };
        // A link, or a longer run before, may have put the playhead after the end.
        (self.at, self.seen) = (self.at.min(end), self.seen.min(end));
    }

    /// Returns the length of the folded stretch in which the playhead is, in words; empty if it is in none. While the playhead
    /// `runs`, they say that it plays faster.
    #[must_use]
    pub fn folded(&self, runs: bool) -> String {
        let fold = self.folds.folds().iter().find(|fold| (fold.from..fold.to).contains(&self.at));
        fold.map_or_else(String::new, |fold| {
            let pace = if runs { ", played faster" } else { "" };
            span(fold.length()) + " without an event" + pace
        })
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
        self.go(to.unwrap_or(self.at));
        to.is_some()
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

    /// Returns the time of what [`moment`](Self::moment) says as text, in seconds: that of the latest moment, which can be
    /// earlier than the playhead's, or the playhead's for totals and after something has gone wrong since.
    #[wasm_bindgen(js_name = momentClock)]
    #[must_use]
    pub fn moment_clock(&self, which: usize, runs: bool) -> String {
        let scene = self.exhibits[which].scene.as_ref();
        let described = scene.filter(|scene| !scene.has_totals(runs) && !self.is_late(scene));
        let moment = described.and_then(|scene| scene.timeline.moment(self.at));
        clock(moment.unwrap_or(self.at), self.places(runs))
    }

    /// Returns sentences about the latest moment, with its time.
    #[inline(never)]
    fn earlier(&self, exhibit: &Exhibit, scene: &Scene, runs: bool) -> String {
        let Some(moment) = scene.timeline.moment(self.at) else { return String::new() };
        let words = words::moment(&exhibit.run, &scene.timeline, self.at);
        format!("At {} s: {words}", clock(moment, self.places(runs)))
    }

    /// Returns true if something has gone wrong since the latest moment: a fault of the link is not an event.
    fn is_late(&self, Scene { timeline, .. }: &Scene) -> bool {
        let moment = timeline.moment(self.at);
        timeline.servers().troubles_at(self.at).any(|trouble| Some(trouble.from) > moment)
    }

    /// Returns sentences about the latest moment and the servers; while a crowd `runs`, its totals instead of the moment.
    #[must_use]
    pub fn moment(&self, which: usize, runs: bool) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return String::new() };
        let mut out = if scene.has_totals(runs) {
            words::overview(&exhibit.run, &scene.timeline, self.at)
        } else if self.is_late(scene) {
            self.earlier(exhibit, scene, runs)
        } else {
            words::moment(&exhibit.run, &scene.timeline, self.at)
        };
        let servers = self.servers(which);
        if !servers.is_empty() {
            out = out + " " + &servers;
        }
        out
    }

    /// Returns the heading of the counts.
    #[wasm_bindgen(js_name = countsTitle)]
    #[must_use]
    pub fn counts_title(&self, which: usize) -> String {
        let run = &self.exhibits[which].run;
        let part = run.is_cut() || run.shown() < run.scenario().clients;
        match (part, self.at_end() && run.ended_by().is_some()) {
            (true, _) => "So far, of what is shown",
            (false, false) => "So far",
            (false, true) => "In all",
        }
        .to_string()
    }

    /// Returns the counts up to now: an array of `name`, `value`, in the order in which to show them.
    #[must_use]
    pub fn counts(&self, which: usize) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return "[]".to_string() };
        let sum = scene.timeline.summary(exhibit.run.records(), self.at);
        let flying = scene.timeline.in_flight(self.at) as u64;
        Json::array(|json| {
            let rows = [
                (if sum.sends == 1 { "send" } else { "sends" }, sum.sends),
                (if sum.replies == 1 { "reply" } else { "replies" }, sum.replies),
                ("in flight", flying),
                ("lost", sum.lost + scene.timeline.lost_frames(self.at)),
                ("dropped", sum.server_dropped),
                ("ignored", sum.late_replies),
                ("answered", sum.answered),
                ("gave up", sum.gave_up),
                ("refused", sum.refused),
            ];
            // Only networks of packets refuse.
            for &(name, value) in &rows[..rows.len() - usize::from(sum.refused == 0)] {
                json.element(|json| {
                    json.text("name", name);
                    json.text("value", &compact(value));
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_own_time() {
        let lab = Lab::finished("seed=7&link.loss=0.3&view.at=0.09&view.against=server.drop%3D1");
        assert_eq!(lab.clock(false), "0.090");
        let pairs = [0, 1].map(|which| (lab.moment(which, false), lab.moment_clock(which, false)));
        let pairs = pairs.each_ref().map(|(words, at)| (words.as_str(), at.as_str()));
        assert_eq!(
            pairs,
            [
                ("The reply to send 1 is lost on the link.", "0.015"),
                ("The request arrives (send 1); the server drops it.", "0.010"),
            ]
        );
    }

    #[test]
    fn a_fault_that_is_no_event_has_the_time_of_the_playhead() {
        let caption = |at: &str| {
            let lab =
                Lab::finished(&format!("server.drop=1&faults=150ms+1s+partition&view.at={at}"));
            (lab.moment_clock(0, false), lab.moment(0, false))
        };
        let (at, before) = caption("0.12");
        assert_eq!(at, "0.110");
        let (at, after) = caption("0.16");
        assert_eq!(at, "0.160");
        assert_eq!(after, format!("At 0.110 s: {before} Link cut since 150 ms."));
        // From the next event on, both have its time.
        assert_eq!(caption("0.3").0, "0.300");
    }

    #[test]
    fn totals_are_those_of_the_playhead() {
        let lab = Lab::finished("clients=40&view.at=0.09");
        assert_eq!((lab.moment_clock(0, true).as_str(), lab.at_end()), ("0.020", true));
        let lab = Lab::finished("clients=40&server.drop=1&view.at=0.09");
        assert!(lab.moment(0, true).starts_with("0 of 40"), "{}", lab.moment(0, true));
        assert_eq!([lab.moment_clock(0, true), lab.moment_clock(0, false)], ["0.090", "0.010"]);
    }
}
