//! What is selected, and whose ladder is shown.

use super::Lab;
use crate::inspect;
use crate::ladder::Ladder;
use crate::stage::{self, Pick};
use crate::timeline::Subject;
use wasm_bindgen::prelude::wasm_bindgen;

/// Selecting.
#[wasm_bindgen]
impl Lab {
    /// Returns the number of clients whose ladder can be shown.
    #[must_use]
    pub fn clients(&self) -> u32 {
        self.run.shown()
    }

    /// Returns the client whose ladder is shown.
    #[must_use]
    pub fn flow(&self) -> u32 {
        self.flow
    }

    /// Returns true if the reader chose that client.
    #[wasm_bindgen(js_name = isChosen)]
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.chosen
    }

    /// Returns true if there are too many clients for lanes of their own: the stage shows them as a grid.
    #[wasm_bindgen(js_name = isCrowd)]
    #[must_use]
    pub fn is_crowd(&self) -> bool {
        self.scene.as_ref().is_some_and(|scene| scene.layout.is_crowd())
    }

    /// Shows the ladder of another client.
    pub fn follow(&mut self, flow: u32) {
        self.flow = flow.clamp(1, self.clients());
        self.chosen = true;
        if let Some(scene) = &mut self.scene {
            scene.ladder = Ladder::new(&self.run, &scene.timeline, self.flow);
        }
    }

    /// Selects what is at a point of the stage; returns `true` if that changed anything.
    #[wasm_bindgen(js_name = pickStage)]
    pub fn pick_stage(&mut self, x: f64, y: f64) -> bool {
        let Some(scene) = &self.scene else { return false };
        let pick = stage::pick(&scene.layout, &scene.timeline, self.at, x, y);
        self.select(pick)
    }

    /// Selects what is at a point of the ladder, with `y` from the top of the whole ladder.
    #[wasm_bindgen(js_name = pickLadder)]
    pub fn pick_ladder(&mut self, x: f64, y: f64, w: f64) -> bool {
        let Some(scene) = &self.scene else { return false };
        let columns = scene.columns(w);
        let pick = scene.ladder.pick(&self.run, &scene.timeline, &columns, (x, y));
        self.select(pick)
    }

    /// Selects the subject of a record of the table.
    #[wasm_bindgen(js_name = pickRecord)]
    pub fn pick_record(&mut self, id: u32) -> bool {
        let Some(scene) = &self.scene else { return false };
        let pick = match scene.timeline.subject(id) {
            Subject::Packet(id) => Some(Pick::Packet(id)),
            Subject::Wait(id) => Some(Pick::Wait(id)),
            Subject::Nothing => None,
        };
        self.select(pick)
    }

    /// Selects nothing.
    pub fn deselect(&mut self) {
        self.selected = None;
    }

    fn select(&mut self, pick: Option<Pick>) -> bool {
        let flow = match (pick, &self.scene) {
            (Some(Pick::Client(flow)), _) => {
                self.selected = None;
                Some(flow)
            }
            (Some(Pick::Packet(id)), Some(scene)) => {
                self.selected = pick;
                scene.timeline.packet(id).map(|packet| packet.flow)
            }
            _ => {
                let changed = self.selected != pick;
                self.selected = pick;
                return changed;
            }
        };
        // What concerns no client in particular is on the ladder of each.
        if let Some(flow) = flow.filter(|flow| ![0, self.flow].contains(flow)) {
            self.follow(flow);
        }
        true
    }

    /// Returns what is selected, for the inspector: see `inspect`; empty if nothing is selected.
    #[must_use]
    pub fn inspect(&self) -> String {
        let Some(scene) = &self.scene else { return String::new() };
        let (run, timeline, places) = (&self.run, &scene.timeline, scene.places);
        let text = match self.selected {
            Some(Pick::Packet(id)) => inspect::packet(run, timeline, id, places),
            Some(Pick::Wait(id)) => inspect::wait(run, timeline, id, places),
            _ => None,
        };
        text.unwrap_or_default()
    }
}
