//! The menu, and the texts of one lesson.

use super::layers::LAYERS;
use super::shipped::{SHIPPED, Shipped};
use super::{COURSE, Lesson};
use crate::json::Json;
use retrylab_core::exercise::{Kind, NAME};
use retrylab_core::scenario::Link;

/// Returns the lesson with this link, of the course or about layers.
pub(crate) fn find(fragment: &str) -> Option<&'static Lesson> {
    lessons().find(|lesson| lesson.fragment == fragment)
}

/// Returns the scenario that ships with this link.
pub(crate) fn find_shipped(fragment: &str) -> Option<&'static Shipped> {
    SHIPPED
        .iter()
        .flat_map(|(_, scenarios)| *scenarios)
        .find(|shipped| shipped.fragment == fragment)
}

/// Returns every lesson: the course, then those about layers.
pub(crate) fn lessons() -> impl Iterator<Item = &'static Lesson> {
    COURSE.iter().map(|step| &step.lesson).chain(LAYERS)
}

/// Returns the place in the course, from 0, of the lesson with this link.
pub(crate) fn place(fragment: &str) -> Option<usize> {
    COURSE.iter().position(|step| step.lesson.fragment == fragment)
}

/// Returns the menu for a page that shows `fragment` or an exercise: an array of groups with `name` and `entries`, which have `title`,
/// `question`, `note` (how it differs from the scenario that ships; may be empty), `fragment` and `current`.
pub(crate) fn menu(fragment: &str, exercise: Option<Kind>) -> String {
    // The reset of a connection is a lesson and also ships: only the first entry is the current one.
    let mut current = Some(fragment).filter(|_| exercise.is_none());
    let mut entry = |json: &mut Json, entry: Shipped| {
        let is_current = current.take_if(|current| *current == entry.fragment).is_some();
        json.element(|json| {
            json.text("title", entry.name);
            json.text("question", entry.question);
            json.text("note", entry.note);
            json.text("fragment", entry.fragment);
            json.flag("current", is_current);
        });
    };
    let mut group = |json: &mut Json, name: &str, entries: &mut dyn Iterator<Item = Shipped>| {
        json.element(|json| {
            json.text("name", name);
            json.list("entries", |json| entries.for_each(|one| entry(json, one)));
        });
    };
    Json::array(|json| {
        group(json, "Course", &mut COURSE.iter().map(|step| step.lesson.into()));
        exercises(json, exercise);
        group(json, "Layers and protocols", &mut LAYERS.iter().copied().map(Shipped::from));
        for (name, scenarios) in SHIPPED {
            group(json, name, &mut scenarios.iter().copied());
        }
    })
}

/// Writes the group of the exercises.
fn exercises(json: &mut Json, current: Option<Kind>) {
    json.element(|json| {
        json.text("name", "Exercises");
        json.list("entries", |json| {
            for kind in Kind::ALL {
                json.element(|json| {
                    json.text("title", kind.title());
                    json.text("question", "");
                    json.text("note", "");
                    json.text("fragment", &link_of(*kind, 1));
                    json.flag("current", current == Some(*kind));
                });
            }
        });
    });
}

/// Returns the fragment of the link to an exercise.
pub(crate) fn link_of(kind: Kind, number: u32) -> String {
    Link::view_pair(NAME, &kind.named(number))
}

impl From<Lesson> for Shipped {
    fn from(lesson: Lesson) -> Self {
        let Lesson { title, question, fragment, .. } = lesson;
        Self { name: title, question, fragment, note: "" }
    }
}

/// Returns a lesson of the course by its place: an object of `number`, `of`, `title`, `question`, `watch`, `act` (what to
/// try), `key` and `value` (the change that it names), `next` and `nextTitle` (link and title of the next lesson; empty
/// after the last one). `None` if there is no such place.
pub(crate) fn describe(place: usize) -> Option<String> {
    let step = COURSE.get(place)?;
    let next = COURSE.get(place + 1).map(|step| step.lesson);
    Some(Json::object(|json| {
        json.number("number", place as u64 + 1);
        json.number("of", COURSE.len() as u64);
        json.text("title", step.lesson.title);
        json.text("question", step.lesson.question);
        json.text("watch", step.lesson.watch);
        json.text("act", &step.act());
        json.text("key", step.change.0);
        json.text("value", step.change.1);
        json.text("next", next.map_or("", |next| next.fragment));
        json.text("nextTitle", next.map_or("", |next| next.title));
    }))
}
