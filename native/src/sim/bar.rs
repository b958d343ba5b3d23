//! The progress bar of many runs, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Shows how many of them are done.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// `done` of `all` were done before: the time left is reckoned from the others. `name` is what they
    /// are called, many of them.
    pub(crate) fn new(done: u64, all: u64, name: &str) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(all).with_position(done);
        bar.reset_eta();
        let template = format!("{{bar:30}} {{pos}}/{{len}} {name}, {{eta}} left");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(crate) fn show(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(self) {
        self.0.finish_and_clear();
    }
}
