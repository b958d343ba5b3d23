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
/// `fragment` and `current`.
pub(crate) fn menu(fragment: &str, exercise: Option<Kind>) -> String {
    // The reset of a connection is a lesson and also ships: only the first entry is the current one.
    let mut current = Some(fragment).filter(|_| exercise.is_none());
    let mut entry = |json: &mut Json, (title, link): (&str, &str)| {
        let is_current = current.take_if(|current| *current == link).is_some();
        json.element(|json| {
            json.text("title", title);
            json.text("fragment", link);
            json.flag("current", is_current);
        });
    };
    type Entries<'a> = &'a mut dyn Iterator<Item = (&'static str, &'static str)>;
    let mut group = |json: &mut Json, name: &str, entries: Entries<'_>| {
        json.element(|json| {
            json.text("name", name);
            json.list("entries", |json| entries.for_each(|one| entry(json, one)));
        });
    };
    let lesson = |lesson: &Lesson| (lesson.title, lesson.fragment);
    Json::array(|json| {
        group(json, "Course", &mut COURSE.iter().map(|step| lesson(&step.lesson)));
        exercises(json, exercise);
        group(json, "Layers and protocols", &mut LAYERS.iter().map(lesson));
        for (name, scenarios) in SHIPPED {
            group(json, name, &mut scenarios.iter().map(|one| (one.name, one.fragment)));
        }
    })
}

/// Returns the question of each entry of the menu, with how it differs from the scenario that ships. That of an exercise is
/// empty.
pub(crate) fn questions() -> Vec<String> {
    let mut all: Vec<String> =
        COURSE.iter().map(|step| step.lesson.question().to_string()).collect();
    all.extend(Kind::ALL.iter().map(|_| String::new()));
    all.extend(LAYERS.iter().map(|lesson| lesson.question().to_string()));
    let shipped = SHIPPED.iter().flat_map(|(_, scenarios)| *scenarios);
    all.extend(
        shipped.map(|one| format!("{} {}", one.question(), one.note()).trim_end().to_string()),
    );
    all
}

/// Writes the group of the exercises.
fn exercises(json: &mut Json, current: Option<Kind>) {
    json.element(|json| {
        json.text("name", "Exercises");
        json.list("entries", |json| {
            for kind in Kind::ALL {
                json.element(|json| {
                    json.text("title", kind.title());
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

/// Returns a lesson of the course by its place: an object of `number`, `of`, `title`, `act` (what to try), `key` and `value`
/// (the change that it names), `next` and `nextTitle` (link and title of the next lesson; empty after the last one). `None`
/// if there is no such place.
pub(crate) fn describe(place: usize) -> Option<String> {
    let step = COURSE.get(place)?;
    let next = COURSE.get(place + 1).map(|step| step.lesson);
    Some(Json::object(|json| {
        json.number("number", place as u64 + 1);
        json.number("of", COURSE.len() as u64);
        json.text("title", step.lesson.title);
        json.text("act", &step.act());
        json.text("key", step.change.0);
        json.text("value", step.change.1);
        json.text("next", next.map_or("", |next| next.fragment));
        json.text("nextTitle", next.map_or("", |next| next.title));
    }))
}
