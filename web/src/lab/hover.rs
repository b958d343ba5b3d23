//! What the pointer is over: the same thing is lit wherever it is shown.

use super::Lab;
use crate::stage::{self, Pick};
use crate::timeline::State;
use wasm_bindgen::prelude::wasm_bindgen;

/// Hovering. Each method returns `true` if something else is lit now.
#[wasm_bindgen]
impl Lab {
    /// Lights what is at a point of the stage: a packet, the wait of a client, or the client.
    #[wasm_bindgen(js_name = hoverStage)]
    pub fn hover_stage(&mut self, which: usize, x: f64, y: f64) -> bool {
        let Some(scene) = &self.exhibits[which].scene else { return false };
        let pick = stage::pick(&scene.layout, &scene.timeline, self.at, x, y);
        let running = match pick {
            Some(Pick::Client(flow)) => scene.timeline.state(flow, self.at),
            _ => None,
        };
        let wait = match running {
            Some(State::Waiting(id)) => Some(Pick::Wait(id)),
            _ => None,
        };
        self.hover(which, wait.or(pick))
    }

    /// Lights what is at a point of the ladder, with `y` from the top of the whole ladder.
    #[wasm_bindgen(js_name = hoverLadder)]
    pub fn hover_ladder(&mut self, which: usize, x: f64, y: f64, w: f64) -> bool {
        let pick = self.exhibits[which].at_ladder(self.seen, (x, y), w);
        self.hover(which, pick)
    }

    /// Lights the subject of a record.
    #[wasm_bindgen(js_name = hoverRecord)]
    pub fn hover_record(&mut self, which: usize, record: u32) -> bool {
        let pick = self.exhibits[which].subject(record);
        self.hover(which, pick)
    }

    /// Lights nothing.
    pub fn unhover(&mut self, which: usize) -> bool {
        self.hover(which, None)
    }

    /// Returns true if the subject of a record is lit.
    #[wasm_bindgen(js_name = isLit)]
    #[must_use]
    pub fn is_lit(&self, which: usize, record: u32) -> bool {
        let exhibit = &self.exhibits[which];
        exhibit.hovered.is_some() && exhibit.hovered == exhibit.subject(record)
    }
}

impl Lab {
    fn hover(&mut self, which: usize, pick: Option<Pick>) -> bool {
        std::mem::replace(&mut self.exhibits[which].hovered, pick) != pick
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab() -> Lab {
        let mut lab = Lab::new("seed=7&clients=3&link.loss=0.3");
        lab.pin();
        for which in [0, 1] {
            while !lab.run_some(which, 1_000) {}
            assert!(lab.ready(which));
        }
        lab
    }

    fn lit(lab: &Lab, which: usize) -> Vec<u32> {
        (0..lab.exhibits[which].run.records().len() as u32)
            .filter(|record| lab.is_lit(which, *record))
            .collect()
    }

    #[test]
    fn all_records_of_a_subject_are_lit_in_their_exhibit_only() {
        let mut lab = lab();
        assert!(lit(&lab, 0).is_empty());
        assert!(lab.hover_record(0, 0));
        assert!(!lab.hover_record(0, 0), "it is lit already");
        let records = lit(&lab, 0);
        assert!(records.len() > 1 && records[0] == 0, "sent, and its end: {records:?}");
        assert!(!lab.hover_record(0, records[1]), "the same packet");
        assert!(lit(&lab, 1).is_empty());
        assert_eq!(lab.exhibits[0].selected, None);
        assert!(lab.unhover(0));
        assert!(!lab.unhover(0));
        assert!(lit(&lab, 0).is_empty());
    }

    #[test]
    fn a_client_that_waits_lights_its_wait() {
        let mut lab = lab();
        let layout = stage::Layout::new(700.0, 240.0, lab.exhibits[0].run.scenario(), 3);
        let (x, y, _) = layout.client(2);
        lab.exhibits[0].scene.as_mut().unwrap().layout = layout;
        assert!(lab.hover_stage(0, x, y));
        assert!(matches!(lab.exhibits[0].hovered, Some(Pick::Wait(_))));
        assert!(!lit(&lab, 0).is_empty());
        assert!(lab.hover_stage(0, 350.0, 1.0), "nothing is there");
        // Once the run is over, only the client is left.
        lab.seek(1.0);
        lab.hover_stage(0, x, y);
        assert_eq!(lab.exhibits[0].hovered, Some(Pick::Client(2)));
    }
}
