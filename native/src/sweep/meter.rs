//! The progress bar of a sweep, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// Shows how many points are done.
pub(super) struct Meter(ProgressBar);

impl Meter {
    /// `done` of `points` were done before: the time left is reckoned from the others.
    pub(super) fn new(done: u64, points: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(points).with_position(done);
        bar.reset_eta();
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} points, {eta} left") {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn show(&self, done: u64) {
        self.0.set_position(done);
    }

    /// Takes the bar off the screen.
    pub(super) fn clear(self) {
        self.0.finish_and_clear();
    }
}
