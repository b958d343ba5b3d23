//! The pictures and the table.

use super::Lab;
use super::exhibit::Exhibit;
use crate::ladder;
use crate::paint::Paint;
use crate::stage::{self, Layout, Pick};
use crate::theme::{self, Theme};
use crate::timeline::Subject;
use crate::{schedule, strip, table};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::CanvasRenderingContext2d;

/// The pictures. Sizes are in CSS pixels; `ratio` is the number of device pixels per CSS pixel.
#[wasm_bindgen]
impl Lab {
    /// Returns the style sheet's custom properties that `paint` expects, in order.
    #[wasm_bindgen(js_name = themeNames)]
    #[must_use]
    pub fn theme_names() -> Vec<String> {
        theme::NAMES.map(String::from).into()
    }

    /// Sets colours and fonts: the values of `themeNames`.
    pub fn paint(&mut self, values: Vec<String>) {
        self.theme = Theme::new(values);
    }

    /// Draws the client's schedule, which is known before the run is.
    #[wasm_bindgen(js_name = drawSchedule)]
    pub fn draw_schedule(
        &self,
        which: usize,
        ctx: &CanvasRenderingContext2d,
        w: f64,
        h: f64,
        ratio: f64,
    ) {
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        if let Some(schedule) = self.exhibits[which].plan.schedule() {
            schedule::draw(&paint, schedule, w, h);
        }
    }

    /// Returns the client's schedule in words: see `schedule`.
    #[must_use]
    pub fn schedule(&self, which: usize) -> String {
        self.exhibits[which].plan.words()
    }

    /// Returns true if the client never gives up.
    #[must_use]
    pub fn endless(&self, which: usize) -> bool {
        self.exhibits[which].plan.schedule().is_some_and(schedule::Schedule::is_endless)
    }

    /// Draws the stage.
    #[wasm_bindgen(js_name = drawStage)]
    pub fn draw_stage(
        &mut self,
        which: usize,
        ctx: &CanvasRenderingContext2d,
        w: f64,
        h: f64,
        ratio: f64,
    ) {
        let exhibit = &mut self.exhibits[which];
        let Some(scene) = &mut exhibit.scene else { return };
        if (scene.layout.w, scene.layout.h) != (w, h) {
            scene.layout = Layout::new(w, h, exhibit.run.scenario(), exhibit.run.shown());
        }
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        stage::draw(
            &paint,
            &stage::Scene {
                layout: &scene.layout,
                timeline: &scene.timeline,
                scenario: exhibit.run.scenario(),
                at: self.at,
                summary: scene.timeline.summary(exhibit.run.records(), self.at),
                selected: exhibit.selected,
                hovered: exhibit.hovered,
                pointed: &exhibit.pointed,
                client: exhibit.flow,
            },
        );
    }

    /// Draws the visible part of the ladder, scrolled to `top`.
    #[wasm_bindgen(js_name = drawLadder)]
    pub fn draw_ladder(
        &self,
        which: usize,
        ctx: &CanvasRenderingContext2d,
        w: f64,
        h: f64,
        ratio: f64,
        top: f64,
    ) {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return };
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        ladder::draw(
            &paint,
            &ladder::View {
                run: &exhibit.run,
                timeline: &scene.timeline,
                ladder: &scene.ladder,
                columns: scene.columns(w),
                h,
                top,
                at: self.at,
                seen: self.seen,
                places: scene.places,
                selected: exhibit.selected,
                hovered: exhibit.hovered,
                own: exhibit.selected.and_then(|pick| pick.exchange(&scene.timeline)),
            },
        );
    }

    /// Draws the strip of the whole run.
    #[wasm_bindgen(js_name = drawStrip)]
    pub fn draw_strip(
        &self,
        which: usize,
        ctx: &CanvasRenderingContext2d,
        w: f64,
        h: f64,
        ratio: f64,
    ) {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return };
        let paint = Paint::new(ctx, &self.theme, (w, h), ratio);
        let run = (&scene.timeline, &exhibit.run);
        strip::draw(&paint, run, &self.folds, &exhibit.pointed, (w, h));
    }

    /// Returns the height of the whole ladder.
    #[wasm_bindgen(js_name = ladderHeight)]
    #[must_use]
    pub fn ladder_height(&self, which: usize) -> f64 {
        self.exhibits[which].scene.as_ref().map_or(0.0, |scene| scene.ladder.height)
    }

    /// Returns how far the ladder, of which a part `h` high is visible, must be scrolled from `top` for a clear view of the
    /// playhead.
    #[wasm_bindgen(js_name = ladderTop)]
    #[must_use]
    pub fn ladder_top(&self, which: usize, top: f64, h: f64) -> f64 {
        let Exhibit { run, scene: Some(scene), .. } = &self.exhibits[which] else { return 0.0 };
        scene.ladder.scrolled((run, &scene.timeline), self.at, (top, h))
    }

    /// Filters the table by the words of a text: see `table::Filter`. Returns the number of its rows, of the events that match,
    /// and of all events that the reader has seen.
    #[wasm_bindgen(js_name = filterTable)]
    pub fn filter_table(&mut self, which: usize, text: &str) -> Vec<u32> {
        let exhibit = &mut self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return vec![0; 3] };
        let length = table::length(&scene.ladder, self.seen);
        let counts =
            exhibit.filter.update((&exhibit.run, &scene.timeline, &scene.ladder), text, length);
        counts.map(|count| count as u32).into()
    }

    /// Returns rows of the filtered table: see `table::rows`.
    #[must_use]
    pub fn table(&self, which: usize, from: u32, most: u32) -> String {
        let exhibit = &self.exhibits[which];
        let Some(scene) = &exhibit.scene else { return "[]".to_string() };
        let now = (self.at, scene.places);
        let selected = match exhibit.selected {
            Some(Pick::Packet(id)) => Subject::Packet(id),
            Some(Pick::Wait(id)) => Subject::Wait(id),
            Some(Pick::Client(_)) | None => Subject::Nothing,
        };
        let page = exhibit.filter.page(from as usize, most as usize);
        table::rows((&exhibit.run, &scene.timeline, &scene.ladder), &page, now, selected)
    }

    /// Returns the row of the filtered table with the latest moment, or the next one after it.
    #[wasm_bindgen(js_name = tableNow)]
    #[must_use]
    pub fn table_now(&self, which: usize) -> u32 {
        let exhibit = &self.exhibits[which];
        exhibit
            .scene
            .as_ref()
            .map_or(0, |scene| exhibit.filter.row(table::place(&scene.ladder, self.at)) as u32)
    }
}
