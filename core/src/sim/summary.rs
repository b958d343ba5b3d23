//! The totals of a run, counted from its records.

use super::Merge;
use crate::trace::{Direction, FrameStep, HostId, Record, Sink, What};
use core::num::NonZeroU32;

/// Counts of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Summary {
    /// Exchanges that a reply ended.
    pub answered: u64,
    /// Exchanges that ended without one.
    pub gave_up: u64,
    /// Exchanges that a refusal ended.
    pub refused: u64,
    /// Requests sent, each send counted; over connections, connections asked for.
    pub sends: u64,
    /// Sends that finished exchanges report; in contention, writes.
    pub calls: u64,
    /// Replies sent; over connections, requests answered.
    pub replies: u64,
    /// Replies that arrived after their exchange was over.
    pub late_replies: u64,
    /// Datagrams lost on the link, either way; over connections, packets.
    pub lost: u64,
    /// Datagrams that the server dropped; over connections, requests that it does not answer on purpose, and packets
    /// that arrive while it is down.
    pub server_dropped: u64,
    /// Replies and failures that a client took for those of another exchange. Without a token, a client
    /// cannot see which exchange a reply belongs to; the network knows.
    pub misattributed: u64,
    /// Times that a server declared a client dead, because no heartbeat came.
    pub declared_dead: u64,
    /// The client and the exchange of the reply that arrived last.
    #[cfg_attr(feature = "serde", serde(skip))]
    reply: Option<(u32, NonZeroU32)>,
}

impl Summary {
    /// Returns the counts, for another process: see [`from_counts`](Self::from_counts).
    #[must_use]
    pub const fn counts(&self) -> [u64; 11] {
        // All fields are named: a new one does not compile until it is added.
        let Self {
            answered,
            gave_up,
            refused,
            sends,
            calls,
            replies,
            late_replies,
            lost,
            server_dropped,
            misattributed,
            declared_dead,
            reply: _,
        } = *self;
        [
            answered,
            gave_up,
            refused,
            sends,
            calls,
            replies,
            late_replies,
            lost,
            server_dropped,
            misattributed,
            declared_dead,
        ]
    }

    /// Returns the summary with these [`counts`](Self::counts), which is complete: it has no record to come.
    #[must_use]
    pub const fn from_counts(counts: [u64; 11]) -> Self {
        let [
            answered,
            gave_up,
            refused,
            sends,
            calls,
            replies,
            late_replies,
            lost,
            server_dropped,
            misattributed,
            declared_dead,
        ] = counts;
        Self {
            answered,
            gave_up,
            refused,
            sends,
            calls,
            replies,
            late_replies,
            lost,
            server_dropped,
            misattributed,
            declared_dead,
            reply: None,
        }
    }

    /// Returns the number of exchanges that are over.
    #[must_use]
    pub const fn finished(&self) -> u64 {
        self.answered + self.gave_up + self.refused
    }

    /// Counts a reply that ended or changed another exchange than its own: it is the one that arrived last.
    #[inline]
    fn follow(&mut self, record: &Record) {
        if let (Some((flow, exchange)), Some(label)) = (self.reply, record.label)
            && flow == record.flow_number()
            && exchange != label.exchange
        {
            self.misattributed += 1;
        }
    }

    /// Counts an answer of `sends` sends.
    #[inline(always)]
    fn answer(&mut self, record: &Record, sends: u32) {
        self.follow(record);
        self.answered += 1;
        self.calls += u64::from(sends);
    }

    /// Counts a datagram or packet that its server drops, or that is lost before.
    #[inline(always)]
    const fn lose(&mut self, host: HostId) {
        match host {
            HostId::Server(_) => self.server_dropped += 1,
            HostId::Client | HostId::Link => self.lost += 1,
        }
    }

    /// Returns the sends per exchange; 0 before the first exchange is over.
    #[must_use]
    pub fn amplification(&self) -> f64 {
        if self.finished() == 0 { 0.0 } else { self.sends as f64 / self.finished() as f64 }
    }
}

impl Merge for Summary {
    fn merge(&mut self, other: Self) {
        let mut counts = self.counts();
        for (own, more) in counts.iter_mut().zip(other.counts()) {
            *own += more;
        }
        *self = Self { reply: self.reply, ..Self::from_counts(counts) };
    }
}

impl Sink for Summary {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        match record.what {
            What::Sent { direction: Direction::Request, .. } | What::Connecting => self.sends += 1,
            What::Sent { direction: Direction::Reply, .. } | What::Replied { .. } => {
                self.replies += 1;
            }
            What::Dropped { .. } => self.lose(record.host),
            What::Delivered { direction: Direction::Reply } => {
                self.reply = record.label.map(|label| (record.flow_number(), label.exchange));
            }
            What::Failed if matches!(record.host, HostId::Client) => self.follow(record),
            What::Answered { sends, .. } => self.answer(record, sends),
            What::LateReply => self.late_replies += 1,
            What::GaveUp { sends, .. } => {
                self.gave_up += 1;
                self.calls += u64::from(sends);
            }
            What::Refused { sends, .. } => {
                self.refused += 1;
                self.calls += u64::from(sends);
            }
            What::Frame { step: FrameStep::Lost(_), carried, .. } if carried.is_tcp() => {
                self.lose(record.host);
            }
            What::Dead { .. } => self.declared_dead += 1,
            // Not counted here: the metrics count them, or they follow from other counts.
            What::Delivered { direction: Direction::Request }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::Frame { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Failed
            | What::Stranger
            | What::Served { .. }
            | What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Missing { .. }
            | What::Reordered
            | What::Repeated
            | What::Alive
            | What::Confirmed
            | What::Broken { .. }
            | What::Released
            | What::NotReleased
            | What::Accepted
            | What::Rejected
            | What::Limited { .. }
            | What::NameAnswered { .. }
            | What::NameResolved { .. }
            | What::Note { .. } => {}
        }
    }
}
