//! The menu and the course.

use super::Lab;
use super::exercise::Task;
use crate::lessons;
use wasm_bindgen::prelude::wasm_bindgen;

/// The menu and the course.
#[wasm_bindgen]
impl Lab {
    /// Returns the menu for the first exhibit: see `lessons::menu`.
    #[must_use]
    pub fn menu(&self) -> String {
        let fragment = self.exhibits[0].run.scenario().to_fragment();
        lessons::menu(&fragment, self.task.as_ref().map(Task::kind))
    }

    /// Returns the question of each entry of the menu: see `lessons::questions`.
    #[must_use]
    pub fn questions() -> Vec<String> {
        lessons::questions()
    }

    /// Returns the place in the course, from 0, of the lesson that the first exhibit shows; nothing if it is none.
    #[wasm_bindgen(js_name = coursePlace)]
    #[must_use]
    pub fn course_place(&self) -> Option<usize> {
        let is_lesson = self.task.is_none();
        is_lesson.then(|| lessons::place(&self.exhibits[0].run.scenario().to_fragment())).flatten()
    }

    /// Returns the lesson at a place in the course: see `lessons::describe`; nothing if there is none.
    #[wasm_bindgen(js_name = courseLesson)]
    #[must_use]
    pub fn course_lesson(place: usize) -> Option<String> {
        lessons::describe(place)
    }
}
