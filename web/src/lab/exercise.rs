//! An exercise: the first exhibit shows its run up to what is asked, until the reader has answered.

use super::Lab;
use super::exhibit::Exhibit;
use crate::json::Json;
use crate::lessons::link_of;
use crate::numbers::clock;
use crate::run::PageRun;
use crate::timeline::Id;
use retrylab_core::exercise::{Answer, Exercise, Kind, NameError, Score};
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::Record;
use wasm_bindgen::prelude::wasm_bindgen;

/// An exercise, and how far the reader is.
pub(super) struct Task {
    exercise: Exercise,
    /// The time of the last record that may be shown before the answer, in nanoseconds.
    end: u64,
    /// Whether there are more records.
    has_more: bool,
    attempts: u8,
    /// The result, once the solution is shown.
    score: Option<Score>,
}

impl Task {
    /// Creates the exercise with a name such as `sends.7`.
    pub(super) fn new(name: &str) -> Result<Self, NameError> {
        let (kind, number) = Kind::read(name)?;
        let exercise = Exercise::new(kind, number, &simulate);
        let records = simulate(&exercise.scenario);
        let end = records[..exercise.shown].last().map_or(0, |record| record.at.as_nanos());
        let has_more = exercise.shown < records.len();
        Ok(Self { exercise, end, has_more, attempts: 0, score: None })
    }

    /// Returns its exhibit before the solution.
    pub(super) fn exhibit(&self) -> Exhibit {
        let Exercise { shown, scenario, .. } = &self.exercise;
        Exhibit::of(PageRun::beginning(*shown, scenario.clone()), Vec::new())
    }

    /// Returns the time at which it opens, in nanoseconds: its question refers to that moment.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn kind(&self) -> Kind {
        self.exercise.kind
    }

    pub(super) fn title(&self) -> &'static str {
        self.exercise.kind.title()
    }

    /// Returns what the reader has to know.
    pub(super) fn given(&self) -> String {
        let mut given = self.exercise.given.join(" ");
        if self.has_more && self.score.is_none() {
            given += " How the run continues is hidden until you solve it or show the solution.";
        }
        given
    }

    /// Returns what the reader has to know, and the question, for paper.
    pub(super) fn on_paper(&self) -> String {
        self.exercise.given.join(" ") + " " + &self.exercise.question
    }

    /// Returns the fragment of its link.
    pub(super) fn link(&self) -> String {
        link_of(self.exercise.kind, self.exercise.number)
    }

    /// Writes what is asked, and once the solution is shown, also that.
    #[inline(never)]
    fn describe(&self, json: &mut Json) {
        let Exercise { kind, number, question, answer, why, .. } = &self.exercise;
        json.text("name", &kind.named(*number));
        json.text("question", question);
        let (form, options) = match answer {
            Answer::Time(_) => ("time", &[][..]),
            Answer::Number(_) => ("number", &[][..]),
            Answer::Choice { options, .. } => ("choice", options.as_slice()),
        };
        json.text("form", form);
        json.texts("options", options);
        json.text("next", &link_of(*kind, number.wrapping_add(1)));
        json.flag("open", self.score.is_none());
        if let Some(score) = self.score {
            json.flag("solved", score.solved);
            json.text("answer", &answer.words());
            json.text("why", why);
            let code = score.code(&self.exercise);
            json.text("code", &code);
            json.text("check", &format!("retrylab check {code} {}", self.link()));
            json.list("steps", |json| self.steps(json));
        }
    }

    /// Writes the records that show why: `record` (its place), `at` and `text`.
    fn steps(&self, json: &mut Json) {
        let mut whole = Exhibit::new(self.exercise.scenario.clone(), Vec::new());
        while !whole.advance(1_000) {}
        whole.is_ready();
        let (records, Some(scene)) = (whole.run.records(), &whole.scene) else { return };
        for (place, record) in records.iter().enumerate() {
            if self.exercise.reasons.contains(&place) {
                json.element(|json| {
                    json.number("record", place as u64);
                    json.text("at", &clock(record.at.as_nanos(), scene.places));
                    let words = scene.timeline.words(records, place as Id);
                    json.text("text", &words.sentence());
                });
            }
        }
    }
}

/// Returns all records of a run.
fn simulate(scenario: &Scenario) -> Vec<Record> {
    let mut run = PageRun::new(scenario.clone());
    while !run.advance(1_000) {}
    run.records().to_vec()
}

/// The exercise.
#[wasm_bindgen]
impl Lab {
    /// Returns what the first exhibit asks: an object of `name`, `question`, `form` (`time`, `number` or `choice`), `options`
    /// (of a choice), `next` (the link to another one) and `open`; once the solution is shown, also of `solved`, `answer` (the
    /// right one), `why`, `code` (of the result), `check` (the command that verifies the code) and `steps` (records that show why: `record`, `at`, `text`). Empty if the
    /// first exhibit is not an exercise.
    #[must_use]
    pub fn exercise(&self) -> String {
        self.task.as_ref().map_or_else(String::new, |task| Json::object(|json| task.describe(json)))
    }

    /// Returns true if an exercise hides how the run of an exhibit continues.
    pub fn hides(&self, which: usize) -> bool {
        which == 0 && self.task.as_ref().is_some_and(|task| task.score.is_none())
    }

    /// Checks an answer: the time or number as text, or the number of the option, from 1. If it is right, the solution is
    /// shown.
    ///
    /// # Errors
    /// If it is not an answer: a sentence that says what would be one.
    pub fn answer(&mut self, text: &str) -> Result<bool, String> {
        let Some(task) = &mut self.task else { return Ok(false) };
        let right = task.exercise.check(text).map_err(|error| error.to_string())?;
        task.attempts = task.attempts.saturating_add(1);
        if right {
            self.solve(true);
        }
        Ok(right)
    }

    /// Shows the solution to a reader who gives up. After this, the whole run begins.
    #[wasm_bindgen(js_name = showSolution)]
    pub fn show_solution(&mut self) {
        self.solve(false);
    }

    /// Selects the subject of a record, and moves the playhead to it.
    #[wasm_bindgen(js_name = goTo)]
    pub fn go_to(&mut self, record: u32) {
        let exhibit = &mut self.exhibits[0];
        let Some(Record { at, flow, .. }) = exhibit.run.records().get(record as usize).copied()
        else {
            return;
        };
        if let Some(flow) = flow.filter(|flow| flow.get() != exhibit.flow) {
            exhibit.follow(flow.get());
        }
        exhibit.select_record(record);
        self.go(at.as_nanos());
    }

    /// Refuses to change an exhibit's scenario while an exercise hides it.
    pub(super) fn may_change(&self, which: usize) -> Result<(), String> {
        if self.hides(which) {
            return Err(
                "The exercise hides the settings until it is solved or its solution is shown."
                    .to_string(),
            );
        }
        Ok(())
    }

    fn solve(&mut self, solved: bool) {
        if let Some(task) = &mut self.task {
            task.score = Some(Score { solved, attempts: task.attempts });
            self.exhibits[0] = Exhibit::new(task.exercise.scenario.clone(), Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_run_is_hidden_until_the_answer_is_right() {
        for kind in Kind::ALL {
            let link = link_of(*kind, 3);
            let mut lab = Lab::finished(&link);
            let right = lab.task.as_ref().unwrap().exercise.answer.to_string();
            let shown = lab.task.as_ref().unwrap().exercise.shown;
            assert_eq!((lab.kept(0) as usize, lab.hides(0)), (shown, true));
            assert_eq!((lab.notice(0).as_str(), lab.errors(0)), ("", vec![]));
            assert!(lab.at_end(), "it opens at the moment that it asks about");
            assert_eq!(lab.address(), link);
            assert!(!lab.exercise().contains("\"answer\""));
            lab.seek(1.0);
            assert!(lab.outcome(0).starts_with("So far") || *kind == Kind::Policy);
            lab.pick_record(0, 0);
            assert_eq!(lab.inspect(0), "");
            assert!(lab.answer("?").is_err() && lab.hides(0));
            let says_so = |lab: &Lab| {
                lab.sentence(0).contains("is hidden until you solve it or show the solution.")
            };
            assert_eq!(says_so(&lab), *kind != Kind::Policy);
            assert_eq!(lab.answer(&right), Ok(true));
            lab.finish();
            assert!(lab.kept(0) as usize > shown || *kind == Kind::Policy);
            assert!(!lab.hides(0) && !says_so(&lab) && !lab.digest(0).is_empty());
            assert!(lab.exercise().contains("\"steps\":[{"), "{}", lab.exercise());
        }
    }

    #[test]
    fn an_exercise_opens_where_its_question_is() {
        for kind in Kind::ALL {
            for number in 1..30 {
                let link = link_of(*kind, number);
                let mut lab = Lab::finished(&link);
                assert_eq!((lab.at_end(), lab.address()), (true, link.clone()));
                lab.seek(0.0);
                assert_eq!(lab.address() == link, lab.at_end(), "{}", lab.address());
            }
        }
        let mut lab = Lab::finished("view.exercise=next-send.1");
        assert!(lab.exercise().contains("Send 2 has just left, at 250 ms."), "{}", lab.exercise());
        assert_eq!(lab.clock(false), "0.250");
        assert!(lab.moment(0, false).contains("(send 2)"), "{}", lab.moment(0, false));
        lab.seek(0.0);
        assert_eq!(lab.address(), "view.exercise=next-send.1&view.at=0");
        let again = Lab::finished(&lab.address());
        assert_eq!((again.now(), again.hides(0)), (0.0, true));
    }

    #[test]
    fn steps_have_the_digits_of_the_clock() {
        let mut lab = Lab::finished("view.exercise=next-send.1");
        lab.show_solution();
        lab.finish();
        assert_eq!(lab.clock(false), "0.250000");
        assert!(lab.exercise().contains(r#""at":"0.250000""#), "{}", lab.exercise());
    }

    #[test]
    fn a_wrong_answer_counts_and_the_solution_can_be_shown() {
        let mut lab = Lab::finished("view.exercise=sends.2");
        assert_eq!(lab.answer("99"), Ok(false));
        assert!(lab.answer("many").is_err(), "this one does not count");
        assert!(lab.hides(0) && lab.changed(0, "seed", Some("1".into())).is_err());
        lab.show_solution();
        let task = lab.task.as_ref().unwrap();
        let code = Score { solved: false, attempts: 1 }.code(&task.exercise);
        assert!(lab.exercise().contains(&code), "{}", lab.exercise());
        // Another scenario is not an exercise.
        let changed = lab.changed(0, "link.loss", Some("0.5".into())).unwrap();
        lab.load(0, &changed, false);
        assert_eq!((lab.exercise().as_str(), lab.address()), ("", changed));
    }

    #[test]
    fn an_unknown_exercise_is_an_error_of_the_link() {
        let lab = Lab::finished("view.exercise=nothing.1&seed=5");
        assert_eq!((lab.exercise().as_str(), lab.address().as_str()), ("", "seed=5"));
        assert!(lab.errors(0)[0].starts_with("`view.exercise`: there is no exercise \"nothing\""));
    }
}
