//! A progress bar for a single long run, on a terminal only.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Time before the bar appears.
const PATIENCE: Duration = Duration::from_millis(500);

/// A progress bar that counts exchanges.
pub(super) struct Meter {
    bar: Option<ProgressBar>,
    /// Total number of exchanges; `None` in an open loop, where it is not known in advance.
    exchanges: Option<u64>,
    begun: Instant,
    wanted: bool,
}

impl Meter {
    /// Creates a meter for this number of exchanges.
    pub(super) fn new(exchanges: Option<u64>) -> Self {
        let wanted = std::io::stderr().is_terminal();
        Self { bar: None, exchanges, begun: Instant::now(), wanted }
    }

    /// Updates the number of finished exchanges.
    pub(super) fn show(&mut self, finished: u64) {
        if !self.wanted {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.set_position(finished);
        } else if self.begun.elapsed() >= PATIENCE {
            let bar = self.exchanges.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
            let bar = bar.with_elapsed(self.begun.elapsed());
            let template = match self.exchanges {
                Some(_) => "{bar:30} {human_pos}/{human_len} exchanges, {eta} left",
                None => "{spinner} {human_pos} exchanges",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            self.bar = Some(bar);
        }
    }

    /// Removes the bar from the screen.
    pub(super) fn clear(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
