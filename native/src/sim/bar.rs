//! A progress bar for several runs, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// A progress bar that shows how many runs are done.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// Creates a bar. `done` of `all` were done before and do not count for the remaining time. `name` is
    /// the plural of what is counted.
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

    /// Removes the bar from the screen.
    pub(crate) fn clear(self) {
        self.0.finish_and_clear();
    }
}
