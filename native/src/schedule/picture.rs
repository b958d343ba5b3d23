//! Draws the schedule as text: one line per send, time to the right.

use super::times::{End, Times};
use retrylab_core::time::{Duration, nanos};

/// Width of the drawing in columns.
const WIDTH: usize = 40;

/// A time axis from 0 to the end of the last send that is shown.
pub(super) struct Picture {
    end: u64,
}

impl Picture {
    pub(super) fn new(times: &Times) -> Self {
        let last = times.sends.last();
        let shown = last.map_or(Duration::ZERO, |send| send.band.most.max(send.at + send.wait));
        let end = match &times.end {
            // The end of the exchange is drawn if its last send is.
            End::At { at, band, sends, .. } if *sends == times.sends.len() => band.most.max(*at),
            _ => shown,
        };
        Self { end: nanos(end).max(1) }
    }

    /// Returns the time at the right end.
    pub(super) fn end(&self) -> Duration {
        Duration::from_nanos(self.end)
    }

    /// Returns the column of a time.
    fn column(&self, at: Duration) -> usize {
        let column = u128::from(nanos(at)) * (WIDTH as u128 - 1) / u128::from(self.end);
        usize::try_from(column).unwrap_or(WIDTH).min(WIDTH - 1)
    }

    /// Returns the line of send `place`, counted from 0: `●` is its time without jitter, `░` is the range
    /// with jitter, and `━` is its wait.
    pub(super) fn line(&self, times: &Times, place: usize) -> String {
        let send = &times.sends[place];
        let mut line = vec![' '; WIDTH];
        let (at, over) = (self.column(send.at), self.column(send.at.saturating_add(send.wait)));
        line[at..=over].fill('━');
        if times.random {
            let band = self.column(send.band.least)..=self.column(send.band.most);
            for cell in &mut line[band] {
                *cell = if *cell == '━' { '▒' } else { '░' };
            }
        }
        line[at] = '●';
        line.into_iter().collect::<String>().trim_end().to_string()
    }
}
