//! The address bar: a link says which runs are shown, and at which moment.
//!
//! | key | what it says |
//! |---|---|
//! | `view.at` | the playhead's time: seconds, or with a unit; without it, the start, or the end of what an exercise shows |
//! | `view.select` | what is selected, by the event that began it: its place in the trace, from 0 |
//! | `view.client` | the client of the ladder |
//! | `view.against` | the scenario of the run that is compared with |
//! | `view.exercise` | an exercise, which has a scenario of its own |
//!
//! All other keys are the scenario's.

use super::Lab;
use super::exercise::Task;
use super::exhibit::Exhibit;
use super::link::{AGAINST, link_of};
use crate::lessons::OPENING;
use retrylab_core::exercise::{NAME as EXERCISE, NameError};
use retrylab_core::scenario::{Link, Scenario};
use retrylab_core::time::{nanos, parse_duration};
use wasm_bindgen::prelude::wasm_bindgen;

const AT: &str = "at";
const SELECT: &str = "select";
const CLIENT: &str = "client";

/// The address bar.
#[wasm_bindgen]
impl Lab {
    /// Shows a link's query and fragment, or the opening scenario if they are empty. This module [`runs`](Self::runs) it.
    /// `errors` then returns what could not be read.
    pub fn open(&mut self, link: &str) {
        let is_empty = link.trim_start_matches(['#', '?']).is_empty();
        let Link { scenario, errors, view, .. } =
            Scenario::from_link(if is_empty { OPENING.fragment } else { link });
        let mut errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        let task = view
            .iter()
            .find(|(name, _)| name == EXERCISE)
            .and_then(|(_, name)| take_right(Task::new(name), &mut errors));
        let mut first = match &task {
            Some(task) => task.exhibit(),
            None => Exhibit::new(scenario, Vec::new()),
        };
        let (mut others, mut at) = (Vec::new(), task.as_ref().map_or(0, Task::end));
        for (name, value) in &view {
            let wrong = match name.as_str() {
                AT => take(moment(value), |time| at = time)
                    .then_some("a time, for example 0.12 in seconds or 120ms"),
                SELECT => take(value.parse().ok(), |record| first.wanted = Some(record))
                    .then_some("the number of an event, for example 3"),
                CLIENT => take(value.parse().ok(), |flow| first.follow(flow))
                    .then_some("the number of a client, for example 3"),
                AGAINST => {
                    let (scenario, wrong) = Scenario::from_fragment(value);
                    errors.extend(wrong.iter().map(ToString::to_string));
                    // One run can be compared with.
                    others = vec![Exhibit::new(scenario, Vec::new())];
                    None
                }
                EXERCISE => None,
                _ => {
                    errors.push(format!("`view.{name}` is not known"));
                    None
                }
            };
            if let Some(right) = wrong {
                errors.push(format!("`view.{name}` is {right}, not `{value}`"));
            }
        }
        first.errors = errors;
        self.exhibits = vec![first];
        self.exhibits.append(&mut others);
        (self.at, self.seen, self.task) = (at, at, task);
    }

    /// Returns the fragment of the link that shows what is shown now, without `#`.
    #[must_use]
    pub fn address(&self) -> String {
        let first = &self.exhibits[0];
        let mut out = match &self.task {
            Some(task) => task.link(),
            None => link_of(first.run.scenario()),
        };
        let mut add =
            |name: &str, value: &str| out = format!("{out}&{}", Link::view_pair(name, value));
        if self.at != self.task.as_ref().map_or(0, Task::end) {
            add(AT, &seconds(self.at));
        }
        match first.selected_record().or(first.wanted) {
            Some(record) => add(SELECT, &record.to_string()),
            None if first.chosen => add(CLIENT, &first.flow.to_string()),
            None => {}
        }
        for other in &self.exhibits[1..] {
            add(AGAINST, &link_of(other.run.scenario()));
        }
        out
    }
}

/// Returns a value, or nothing and adds a sentence about what is wrong.
fn take_right<T>(value: Result<T, NameError>, errors: &mut Vec<String>) -> Option<T> {
    value.map_err(|error| errors.push(format!("`view.{EXERCISE}`: {error}"))).ok()
}

/// Reads a time, in seconds if it has no unit, and returns it in nanoseconds.
fn moment(value: &str) -> Option<u64> {
    let has_unit = !value.ends_with(|last: char| last.is_ascii_digit() || last == '.');
    let text = if has_unit { value.to_string() } else { value.to_string() + "s" };
    parse_duration(&text).map(nanos)
}

/// Hands a value on, if there is one; returns true if not.
fn take<T>(value: Option<T>, hand: impl FnOnce(T)) -> bool {
    let is_wrong = value.is_none();
    value.map(hand);
    is_wrong
}

/// Returns a time in seconds, without zeros at its end.
fn seconds(at: u64) -> String {
    let text = format!("{}.{:09}", at / 1_000_000_000, at % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::everywhere::arbitrary;

    #[test]
    fn a_link_keeps_the_moment_the_selection_and_the_comparison() {
        for link in [
            "seed=7&link.loss=0.3",
            "seed=7&link.loss=0.3&view.at=0.015",
            "seed=7&link.loss=0.3&view.at=0.0000001&view.select=0",
            "seed=7&clients=5&link.loss=0.3&view.client=3",
            "seed=7&link.loss=0.3&view.at=0.1&view.against=seed%3D7%26link.loss%3D0.5",
        ] {
            let lab = Lab::finished(link);
            assert_eq!((lab.address().as_str(), lab.errors(0)), (link, vec![]));
        }
        let two = Lab::finished("clients=2&view.against=clients%3D3");
        assert_eq!((two.exhibits(), two.clients(0), two.clients(1)), (2, 2, 3));
    }

    #[test]
    fn a_time_has_a_unit_or_is_in_seconds() {
        for at in ["0.02", "20ms", "20 ms", "0.02s"] {
            let lab = Lab::finished(&format!("seed=7&link.loss=0.3&view.at={at}"));
            assert_eq!(lab.address(), "seed=7&link.loss=0.3&view.at=0.02", "{at}");
        }
    }

    #[test]
    fn a_unit_is_not_completed() {
        for at in ["3u", "100n", "5 m s", "s"] {
            assert!(
                Lab::finished(&format!("view.at={at}")).errors(0)[0].contains("`view.at`"),
                "{at}"
            );
        }
    }

    #[test]
    fn a_time_after_the_end_is_the_end() {
        assert!(
            Lab::finished("seed=7&link.loss=0.3&view.at=1m").at_end(),
            "a minute is not a millisecond"
        );
        let lab = Lab::finished("seed=7&link.loss=0.3&view.at=99");
        assert!(lab.at_end());
        assert_eq!(lab.address(), "seed=7&link.loss=0.3&view.at=0.12");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let lab = Lab::finished(
            "view.at=soon&view.select=x&view.client=-1&view.zoom=3&view.against=cleints%3D3",
        );
        let errors = lab.errors(0);
        assert_eq!(errors.len(), 5, "{errors:?}");
        assert!(errors.contains(
            &"`view.at` is a time, for example 0.12 in seconds or 120ms, not `soon`".into()
        ));
        assert!(errors.contains(&"`view.zoom` is not known".into()), "{errors:?}");
        // There is no such event.
        let nothing = Lab::finished("seed=1&view.select=4294967295");
        assert_eq!(nothing.address(), "seed=1");
    }

    #[test]
    fn arbitrary_links_stay_the_same() {
        let mut count = 0;
        let mut before = link_of(&Scenario::default());
        for scenario in arbitrary(1_600) {
            let link = link_of(&scenario);
            // Every eighth with a moment, and compared with the previous one.
            let view = if count % 8 == 0 {
                format!("&view.at=0.25&{}", Link::view_pair("against", &before))
            } else {
                String::new()
            };
            let shown = link.clone() + &view;
            let lab = Lab::new(&shown);
            assert_eq!((lab.errors(0), lab.address()), (Vec::new(), shown));
            (before, count) = (link, count + 1);
        }
        assert!(count >= 1_000, "{count}");
    }
}
