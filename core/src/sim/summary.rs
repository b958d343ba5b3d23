//! The totals of a run, counted from its records.

use crate::trace::{Direction, HostId, Record, Sink, What};

/// Counts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Summary {
    /// Exchanges that a reply ended.
    pub answered: u64,
    /// Exchanges that ended without one.
    pub gave_up: u64,
    /// Exchanges that a refusal ended.
    pub refused: u64,
    /// Requests sent, each send counted.
    pub sends: u64,
    /// Sends that finished exchanges report; in contention, writes.
    pub calls: u64,
    /// Replies sent.
    pub replies: u64,
    /// Replies that arrived after their exchange was over.
    pub late_replies: u64,
    /// Datagrams lost on the link, either way.
    pub lost: u64,
    /// Datagrams that the server dropped.
    pub server_dropped: u64,
}

impl Summary {
    /// Returns the number of exchanges that are over.
    #[must_use]
    pub const fn finished(&self) -> u64 {
        self.answered + self.gave_up + self.refused
    }

    /// Returns the sends per exchange; 0 before the first exchange is over.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        if self.finished() == 0 { 0.0 } else { self.sends as f64 / self.finished() as f64 }
    }
}

impl Sink for Summary {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        match record.what {
            What::Sent { direction: Direction::Request, .. } => self.sends += 1,
            What::Sent { direction: Direction::Reply, .. } => self.replies += 1,
            What::Dropped { .. } if matches!(record.host, HostId::Server(_)) => {
                self.server_dropped += 1;
            }
            What::Dropped { .. } => self.lost += 1,
            What::Answered { sends, .. } => {
                self.answered += 1;
                self.calls += u64::from(sends);
            }
            What::LateReply => self.late_replies += 1,
            What::GaveUp { sends, .. } => {
                self.gave_up += 1;
                self.calls += u64::from(sends);
            }
            What::Refused { sends, .. } => {
                self.refused += 1;
                self.calls += u64::from(sends);
            }
            // Not counted here: the metrics count them, or they follow from other counts.
            What::Delivered { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Failed
            | What::Stranger
            | What::Served { .. }
            | What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Note { .. } => {}
        }
    }
}
