//! What the pointer is over: the same thing is lit wherever it is shown.

use super::Lab;
use crate::charts::{End, Pointed, exchange_of};
use crate::stage::{self, Pick};
use crate::timeline::State;
use retrylab_core::trace::Record;
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
        let is_hovered = exhibit.hovered.is_some() && exhibit.hovered == exhibit.subject(record);
        let of_chart = |record| exhibit.pointed.covers(nanos_of(record), exchange_of(record));
        is_hovered || exhibit.run.records().get(record as usize).is_some_and(of_chart)
    }

    /// Lights what happens in an interval, in seconds: from its first time to the first one after it.
    #[wasm_bindgen(js_name = pointTimes)]
    pub fn point_times(&mut self, which: usize, from: f64, to: f64) -> bool {
        self.point(which, Pointed::Times(nanos(from), nanos(to)))
    }

    /// Lights the exchanges that have ended with a number of sends from `least` to `most`; with `within`, only those that were
    /// answered within `within` seconds.
    #[wasm_bindgen(js_name = pointEnds)]
    pub fn point_ends(&mut self, which: usize, least: u32, most: u32, within: Option<f64>) -> bool {
        let records = self.exhibits[which].run.records();
        let pointed = Pointed::ended(records, self.at, (least, most), within.map(nanos));
        self.point(which, pointed)
    }

    /// Lights nothing of what charts point at.
    #[wasm_bindgen(js_name = pointNothing)]
    pub fn point_nothing(&mut self, which: usize) -> bool {
        self.point(which, Pointed::Nothing)
    }

    /// Returns where the charts show the exchange that is under the pointer or else selected: the time in seconds of what was
    /// pointed at, and 1 if that is a wait, or else 0; and, once the exchange has ended, its number of sends and the time to its reply,
    /// or NaN without one. Empty if there is none.
    #[wasm_bindgen(js_name = chartMark)]
    #[must_use]
    pub fn chart_mark(&self, which: usize) -> Vec<f64> {
        self.marked(which).unwrap_or_default()
    }
}

fn nanos(seconds: f64) -> u64 {
    // Rounded, because charts compute with floating-point numbers.
    (seconds * 1e9 + 0.5) as u64
}

fn nanos_of(record: &Record) -> u64 {
    record.at.as_nanos()
}

impl Lab {
    fn hover(&mut self, which: usize, pick: Option<Pick>) -> bool {
        std::mem::replace(&mut self.exhibits[which].hovered, pick) != pick
    }

    fn point(&mut self, which: usize, pointed: Pointed) -> bool {
        let before = &mut self.exhibits[which].pointed;
        let changed = *before != pointed;
        *before = pointed;
        changed
    }

    fn marked(&self, which: usize) -> Option<Vec<f64>> {
        let exhibit = &self.exhibits[which];
        let timeline = &exhibit.scene.as_ref()?.timeline;
        let pick = exhibit.hovered.or(exhibit.selected)?;
        let began = match pick {
            Pick::Packet(id) => timeline.packet(id)?.sent,
            Pick::Wait(id) => timeline.wait(id)?.armed,
            Pick::Client(_) => return None,
        };
        let own = pick.exchange(timeline)?;
        let waits = matches!(pick, Pick::Wait(_));
        let mut mark = vec![began as f64 / 1e9, f64::from(u8::from(waits))];
        let passed = |record: &&Record| nanos_of(record) <= self.at;
        let mut records = exhibit.run.records().iter().take_while(passed);
        let end =
            records.find_map(|record| End::of(record).filter(|_| exchange_of(record) == Some(own)));
        if let Some(End { sends, answered }) = end {
            mark.push(sends.into());
            mark.push(answered.map_or(f64::NAN, |nanos| nanos as f64 / 1e9));
        }
        Some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lab() -> Lab {
        let mut lab = Lab::new("seed=7&clients=3&link.loss=0.3");
        lab.pin();
        lab.finish();
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
    fn a_chart_lights_what_it_counts_and_marks_what_is_lit() {
        let mut lab = lab();
        lab.seek(1.0);
        assert!(lab.point_ends(0, 1, 1, None));
        assert!(!lab.point_ends(0, 1, 1, None), "it is lit already");
        let once = lit(&lab, 0);
        assert!(lab.point_ends(0, 2, 9, None));
        let more = lit(&lab, 0);
        assert_eq!(once.len() + more.len(), lab.exhibits[0].run.records().len());
        for (records, sends) in [(once, 1.0..=1.0), (more, 2.0..=9.0)] {
            lab.hover_record(0, records[0]);
            let mark = lab.chart_mark(0);
            assert_eq!(mark[0], 0.0, "it is sent at the start");
            assert_eq!(mark[1], 0.0, "it is not a wait");
            assert!(sends.contains(&mark[2]), "{mark:?}");
            assert!(mark[3] > 0.0, "answered");
        }
        lab.unhover(0);
        assert!(lab.point_times(0, 0.0, 0.01));
        let records = lab.exhibits[0].run.records();
        let early = records.iter().filter(|record| nanos_of(record) < 10_000_000).count();
        assert_eq!(lit(&lab, 0).len(), early);
        assert_eq!(lab.chart_mark(0), [] as [f64; 0]);
        assert!(lab.point_nothing(0));
        lab.seek(0.0);
        lab.hover_record(0, 0);
        assert_eq!(lab.chart_mark(0), [0.0, 0.0], "it has not ended yet");
        lab.exhibits[0].hovered = Some(Pick::Wait(0));
        assert_eq!(lab.chart_mark(0), [0.0, 1.0], "a wait");
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
