//! What is selected, and whose ladder is shown.

use super::Lab;
use crate::inspect;
use crate::stage::{self, Pick};
use wasm_bindgen::prelude::wasm_bindgen;

/// Selecting.
#[wasm_bindgen]
impl Lab {
    /// Returns the number of clients whose ladder can be shown.
    #[must_use]
    pub fn clients(&self, which: usize) -> u32 {
        self.exhibits[which].run.shown()
    }

    /// Returns the client whose ladder is shown.
    #[must_use]
    pub fn flow(&self, which: usize) -> u32 {
        self.exhibits[which].flow
    }

    /// Returns true if there are too many clients for lanes of their own: the stage shows them as a grid.
    #[wasm_bindgen(js_name = isCrowd)]
    #[must_use]
    pub fn is_crowd(&self, which: usize) -> bool {
        self.exhibits[which].scene.as_ref().is_some_and(|scene| scene.layout.is_crowd())
    }

    /// Shows the ladder of another client.
    pub fn follow(&mut self, which: usize, flow: u32) {
        self.exhibits[which].follow(flow);
    }

    /// Selects what is at a point of the stage; returns `true` if that changed anything.
    #[wasm_bindgen(js_name = pickStage)]
    pub fn pick_stage(&mut self, which: usize, x: f64, y: f64) -> bool {
        let Some(scene) = &self.exhibits[which].scene else { return false };
        let pick = stage::pick(&scene.layout, &scene.timeline, self.at, x, y);
        self.exhibits[which].select(pick)
    }

    /// Selects what is at a point of the ladder, with `y` from the top of the whole ladder.
    #[wasm_bindgen(js_name = pickLadder)]
    pub fn pick_ladder(&mut self, which: usize, x: f64, y: f64, w: f64) -> bool {
        let pick = self.exhibits[which].at_ladder(self.seen, (x, y), w);
        self.exhibits[which].select(pick)
    }

    /// Selects the subject of a record of the table.
    #[wasm_bindgen(js_name = pickRecord)]
    pub fn pick_record(&mut self, which: usize, id: u32) -> bool {
        self.exhibits[which].select_record(id)
    }

    /// Selects nothing.
    pub fn deselect(&mut self, which: usize) {
        self.exhibits[which].selected = None;
    }

    /// Returns what is selected, for the inspector: see `inspect`; empty if nothing is selected, or if it could answer
    /// an exercise.
    #[must_use]
    pub fn inspect(&self, which: usize) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = exhibit.scene.as_ref().filter(|_| !self.hides(which)) else {
            return String::new();
        };
        let (run, timeline, now) = (&exhibit.run, &scene.timeline, (scene.places, self.seen));
        let text = match exhibit.selected {
            Some(Pick::Packet(id)) => inspect::packet(run, timeline, id, now),
            Some(Pick::Wait(id)) => inspect::wait(run, timeline, id, now),
            _ => None,
        };
        text.unwrap_or_default()
    }
}
