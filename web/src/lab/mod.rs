//! The object that the page's JavaScript calls: exhibits under one playhead, and the pictures of each.

mod acts;
mod address;
mod charts;
mod compare;
mod course;
mod exercise;
mod exhibit;
mod fork;
mod hover;
mod link;
mod pictures;
mod playhead;
mod run;
mod select;
mod servers;
mod teach;

use crate::fold::Folds;
use crate::theme::Theme;
use crate::{fields, words};
use exercise::Task;
use exhibit::Exhibit;
use link::{link_of, runnable};
use retrylab_core::scenario::Scenario;
use wasm_bindgen::prelude::wasm_bindgen;

/// The laboratory: one or several runs, each an exhibit, and one playhead for all of them.
///
/// The methods that concern one exhibit take its index first. After a change of its scenario (`new`, `load`, `pin`) call
/// `runSome` until it returns `true`. As soon as `ready` returns `true`, its pictures can be used. If `isSample` returns
/// `true`, let parts simulate all clients, and pass on what they `report`.
#[wasm_bindgen]
pub struct Lab {
    exhibits: Vec<Exhibit>,
    theme: Theme,
    /// The playhead, in nanoseconds.
    at: u64,
    /// The latest time that the reader has seen since the last change.
    seen: u64,
    /// How the playhead moves through all exhibits.
    folds: Folds,
    /// What the first exhibit asks.
    task: Option<Task>,
}

#[wasm_bindgen]
impl Lab {
    /// Creates a lab that shows a link, as [`open`](Self::open) does.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(link: &str) -> Self {
        let mut lab = Self {
            exhibits: Vec::new(),
            theme: Theme::default(),
            at: 0,
            seen: 0,
            folds: Folds::new(&[], 0, 1),
            task: None,
        };
        lab.open(link);
        lab
    }

    /// Returns the number of exhibits.
    #[must_use]
    pub fn exhibits(&self) -> usize {
        self.exhibits.len()
    }

    /// Returns true if this module can run the scenarios of a link; if not, the module with the feature `packets` can.
    #[must_use]
    pub fn runs(link: &str) -> bool {
        runnable(link)
    }

    /// Starts the run of another scenario in an exhibit; this module [`runs`](Self::runs) it. The playhead stays. If both runs
    /// are the same up to the playhead, `same`, what is selected stays, too.
    pub fn load(&mut self, which: usize, fragment: &str, same: bool) {
        let Exhibit { flow, chosen, .. } = self.exhibits[which];
        let wanted = self.exhibits[which].selected_record().filter(|_| same);
        self.exhibits[which] = Exhibit::new(Scenario::from_fragment(fragment).0, Vec::new());
        self.exhibits[which].wanted = wanted;
        self.seen = self.at;
        self.task.take_if(|_| which == 0);
        if chosen && flow <= self.clients(which) {
            self.follow(which, flow);
        }
    }

    /// Returns the link of the scenario with one value changed in the whole run, or reset to its default without a value.
    ///
    /// # Errors
    /// If the value is invalid: one sentence that says what to type.
    #[allow(clippy::needless_pass_by_value)] // wasm-bindgen passes an optional text as a `String`
    pub fn changed(
        &self,
        which: usize,
        key: &str,
        value: Option<String>,
    ) -> Result<String, String> {
        self.may_change(which)?;
        let changed = fields::change(self.exhibits[which].run.scenario(), key, value.as_deref());
        changed.map(|scenario| link_of(&scenario))
    }

    /// Returns the key of the seed, for "the same with another seed".
    #[wasm_bindgen(js_name = seedKey)]
    #[must_use]
    pub fn seed_key() -> String {
        fields::SEED.to_string()
    }

    /// Returns what could not be read in the link, one sentence each.
    #[must_use]
    pub fn errors(&self, which: usize) -> Vec<String> {
        self.exhibits[which].errors.clone()
    }

    /// Returns the scenario as a link's fragment, without `#`; never empty, so that a reload shows the same.
    #[must_use]
    pub fn fragment(&self, which: usize) -> String {
        link_of(self.exhibits[which].run.scenario())
    }

    /// Returns the names in the legend of the marks of first sends, of later ones and of replies, in this order.
    #[must_use]
    pub fn legend(&self, which: usize) -> Vec<String> {
        let names = if self.exhibits[which].run.scenario().needs_packets() {
            ["from a client", "sent again", "from the server"]
        } else {
            ["request", "retry", "reply"]
        };
        names.map(String::from).into()
    }

    /// Returns the scenario as a command line for a shell.
    #[wasm_bindgen(js_name = commandLine)]
    #[must_use]
    pub fn command_line(&self, which: usize) -> String {
        let mut out = "retrylab sim".to_string();
        for (key, value) in self.exhibits[which].run.scenario().changes() {
            let plain = |c: char| c.is_ascii_alphanumeric() || ".,_-%/:@+".contains(c);
            let pair = format!("{key}={value}");
            let quoted = if value.chars().all(plain) {
                pair
            } else {
                format!("'{}'", pair.replace('\'', r"'\''"))
            };
            out += &format!(" --set {quoted}");
        }
        if self.exhibits[which].run.was_stopped() && !self.is_sample(which) {
            out += &format!(" --max-events {}", self.exhibits[which].run.events());
        }
        out
    }

    /// Returns the form's description: see `fields::describe`.
    #[must_use]
    pub fn fields(&self, which: usize) -> String {
        fields::describe(self.exhibits[which].run.scenario())
    }

    /// Returns what a key means: see `fields::help`.
    #[must_use]
    pub fn help(&self, which: usize, key: &str) -> String {
        fields::help(self.exhibits[which].run.scenario(), key)
    }

    /// Returns the title of the scenario, or of its exercise.
    #[must_use]
    pub fn title(&self, which: usize) -> String {
        match self.task.as_ref().filter(|_| which == 0) {
            Some(task) => task.title().to_string(),
            None => words::headline(self.exhibits[which].run.scenario()).0.to_string(),
        }
    }

    /// Returns what to look at, or what the scenario is.
    #[must_use]
    pub fn sentence(&self, which: usize) -> String {
        match self.task.as_ref().filter(|_| which == 0) {
            Some(task) => task.given(),
            None => words::headline(self.exhibits[which].run.scenario()).1,
        }
    }
}
