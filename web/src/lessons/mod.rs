//! Scenarios worth looking at: a course, lessons about layers and protocols, and the scenarios that ship.
//!
//! The tests check what each text claims, so that a lesson cannot silently become wrong.

#[macro_use]
mod texts;
mod course;
mod layers;
mod menu;
mod shipped;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use menu::lessons;
pub(crate) use menu::{describe, find, find_shipped, link_of, menu, place, questions};

use crate::fields;
use course::COURSE;
use texts::Texts;

/// A scenario with what to look at.
#[derive(Clone, Copy)]
pub(crate) struct Lesson {
    pub(crate) title: &'static str,
    pub(crate) fragment: &'static str,
    texts: Texts,
}

impl Lesson {
    /// Returns the question that it answers.
    pub(crate) fn question(&self) -> &'static str {
        self.texts.line(0)
    }

    /// Returns what to watch, without the outcome.
    pub(crate) fn watch(&self) -> &'static str {
        self.texts.line(1)
    }
}

/// A lesson of the course, with one thing to try.
pub(crate) struct Step {
    pub(crate) lesson: Lesson,
    /// The key to change, and its new value.
    pub(crate) change: (&'static str, &'static str),
}

impl Step {
    /// Returns what to try, with the control's name on the page: "set Loss to 0: …".
    pub(crate) fn act(&self) -> String {
        let (key, value) = self.change;
        let place = if fields::is_folded(key) { " (under More settings)" } else { "" };
        format!("set {}{place} to {value}: {}", fields::label_of(key), self.lesson.texts.line(2))
    }
}

/// The scenario of a first visit.
pub(crate) const OPENING: Lesson = COURSE[0].lesson;
