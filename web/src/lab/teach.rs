//! For teachers: pictures of a whole run for paper and files, and scenarios from files.

use super::Lab;
use crate::words;
use retrylab_core::scenario::{Field, Scenario};
use wasm_bindgen::prelude::wasm_bindgen;

/// Pictures of the whole run, and files.
#[wasm_bindgen]
impl Lab {
    /// Shows everything, without a playhead, until [`conceal`](Self::conceal) takes what this returns.
    #[must_use]
    pub fn reveal(&mut self) -> Vec<u64> {
        let before = vec![self.at, self.seen];
        (self.at, self.seen) = (u64::MAX, u64::MAX);
        before
    }

    /// Shows again what was shown before.
    pub fn conceal(&mut self, before: &[u64]) {
        if let [at, seen] = *before {
            (self.at, self.seen) = (at, seen);
        }
    }

    /// Returns where the whole ladder can be cut, so that each row stays whole: from its top to its bottom.
    #[wasm_bindgen(js_name = ladderCuts)]
    #[must_use]
    pub fn ladder_cuts(&self, which: usize) -> Vec<f64> {
        let Some(scene) = &self.exhibits[which].scene else { return Vec::new() };
        let mut cuts = vec![0.0];
        cuts.extend(scene.ladder.rows.windows(2).map(|pair| f64::midpoint(pair[0].y, pair[1].y)));
        cuts.push(scene.ladder.height);
        cuts
    }

    /// Returns the subject of the first exhibit, for paper, on which nothing moves: its question, or what it is.
    #[must_use]
    pub fn topic(&self) -> String {
        match &self.task {
            Some(task) => task.on_paper(),
            None => words::topic(self.exhibits[0].run.scenario()),
        }
    }

    /// Returns the text of a key's value that has these items; empty if the value is not a list.
    #[must_use]
    pub fn joined(key: &str, items: Vec<String>) -> String {
        let field = Field::find(key).ok().filter(|field| field.shape.is_list());
        field.and_then(|field| field.shape.join(&items)).unwrap_or_default()
    }

    /// Returns what cannot be read in a link, one sentence each.
    #[must_use]
    pub fn problems(link: &str) -> Vec<String> {
        Scenario::from_fragment(link).1.iter().map(ToString::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_is_shown_for_a_moment() {
        let mut lab = Lab::finished("seed=7&link.loss=0.3");
        let so_far = lab.outcome(0);
        let before = lab.reveal();
        assert!(lab.at_end() && lab.outcome(0).starts_with("Answered"), "{}", lab.outcome(0));
        lab.conceal(&before);
        assert_eq!((lab.at, lab.seen, lab.outcome(0)), (0, 0, so_far));
        let cuts = lab.ladder_cuts(0);
        assert_eq!((cuts.first(), cuts.last()), (Some(&0.0), Some(&lab.ladder_height(0))));
        assert!(cuts.is_sorted() && cuts.len() > 3);
    }

    #[test]
    fn paper_has_the_question_and_not_what_moves() {
        let topic = |link| Lab::new(link).topic();
        assert_eq!(
            topic("seed=7&link.loss=0.3"),
            "What does a client do when no reply comes? One client asks. A packet takes 10 ms and is lost with probability 0.3. \
             With the textbook policy, the client waits 100 ms, then twice as long after each timeout, and gives up at 3.1 s."
        );
        assert!(topic("seed=7&clients=3").starts_with("3 clients ask at once."));
        let exercise = topic("view.exercise=next-send.1");
        assert!(exercise.starts_with("The server drops every request."), "{exercise}");
        assert!(exercise.ends_with("At which time does send 3 leave?"), "{exercise}");
    }

    #[test]
    fn lists_of_files_are_values() {
        let joined =
            |key, items: &[&str]| Lab::joined(key, items.iter().map(ToString::to_string).collect());
        assert_eq!(joined("server.drop_list", &["1", "3-5"]), "1,3-5");
        assert_eq!(
            joined("faults", &["1s 1s loss 0.3", "5s 1s partition"]),
            "1s 1s loss 0.3; 5s 1s partition"
        );
        assert_eq!(
            (joined("seed", &["1"]), joined("nothing", &["1"])),
            (String::new(), String::new())
        );
        assert_eq!(Lab::problems("seed=1"), Vec::<String>::new());
        assert!(Lab::problems("server.dorp=1")[0].contains("server.drop"));
    }
}
