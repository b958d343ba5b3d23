//! Scenarios worth looking at: a course, lessons about layers and protocols, and the scenarios that ship.
//!
//! The tests check what each text claims, so that a lesson cannot silently become wrong.

mod course;
mod layers;
mod menu;
mod shipped;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use menu::lessons;
pub(crate) use menu::{describe, find, find_shipped, link_of, menu, place};

use crate::fields;
use course::COURSE;

/// A scenario with what to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lesson {
    pub(crate) title: &'static str,
    /// The question that it answers.
    pub(crate) question: &'static str,
    pub(crate) fragment: &'static str,
    /// What to watch, without the outcome.
    pub(crate) watch: &'static str,
}

/// A lesson of the course, with one thing to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) lesson: Lesson,
    /// The key to change, and its new value.
    pub(crate) change: (&'static str, &'static str),
    /// What happens then.
    pub(crate) then: &'static str,
}

impl Step {
    /// Returns what to try, with the control's name on the page: "set Loss to 0: …".
    pub(crate) fn act(&self) -> String {
        let (key, value) = self.change;
        let (set, label) = (
            if fields::is_folded(key) { "under More settings, set" } else { "set" },
            fields::label_of(key),
        );
        format!("{set} {label} to {value}: {}", self.then)
    }
}

/// The scenario of a first visit.
pub(crate) const OPENING: Lesson = COURSE[0].lesson;
