//! The totals of the server, as the last line of its log.

use super::dns::Totals;
use super::follower;
use super::guard::Refusal;
use crate::output::{Count, Rounded, SCHEMA, seconds};
use retrylab_core::time::Duration;
use retrylab_core::trace::Cause;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// What the server has counted. Every datagram and every duplicate that the link makes is answered, dropped,
/// refused, not sent or waiting.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) datagrams: u64,
    pub(super) answered: u64,
    /// Answered with a failure; they count as answered as well.
    pub(super) failed: u64,
    /// By the scenario's key that caused it.
    pub(super) dropped: BTreeMap<&'static str, u64>,
    /// By the reason.
    pub(super) refused: BTreeMap<&'static str, u64>,
    /// By the link.
    pub(super) duplicated: u64,
    /// Requests at the server and datagrams on the link when the server stopped.
    pub(super) waiting: u64,
    /// Replies that the system did not send.
    pub(super) not_sent: u64,
    pub(super) receive_errors: u64,
    /// Replies that a client counts for another exchange.
    pub(super) misattributed: u64,
    /// Requests that the system lost, because the receive buffer was full.
    pub(super) overflowed: u64,
    /// Requests that were waiting in the receive buffer when the server stopped.
    pub(super) unread: u64,
    /// What the name server did, if there is one.
    pub(super) dns: Option<Totals>,
}

impl Counts {
    pub(super) fn new() -> Self {
        // Present even if nothing is dropped, so that a script finds the keys.
        let causes = [Cause::ServerDrop, Cause::DropFirst, Cause::DropList];
        Self {
            dropped: causes.into_iter().map(|cause| (cause.name(), 0)).collect(),
            refused: Refusal::ALL.into_iter().map(|refusal| (refusal.name(), 0)).collect(),
            ..Self::default()
        }
    }

    /// Returns the summary as JSON.
    pub(super) fn report(
        &self,
        elapsed: Duration,
        log_lines_left_out: u64,
        others: BTreeMap<&'static str, follower::Counts>,
    ) -> impl Serialize {
        ServeSummary {
            schema: SCHEMA,
            event: "summary",
            datagrams: self.datagrams,
            answered: self.answered,
            failed: self.failed,
            dropped: self.dropped.values().sum(),
            dropped_by: &self.dropped,
            refused: self.refused.values().sum(),
            refused_by: &self.refused,
            duplicated: self.duplicated,
            waiting: self.waiting,
            send_errors: self.not_sent,
            receive_errors: self.receive_errors,
            misattributed: self.misattributed,
            overflowed: self.overflowed,
            unread: self.unread,
            dns: self.dns.as_ref(),
            log_lines_left_out,
            elapsed_s: seconds(elapsed),
            others,
        }
    }

    /// Returns the summary as a sentence.
    pub(super) fn sentence(&self, elapsed: Duration, log_lines_left_out: u64) -> String {
        let datagrams = Count(self.datagrams, "datagram");
        let (answered, dropped) = (self.answered, By(&self.dropped, "dropped"));
        let mut text =
            format!("{datagrams} in {}: {answered} answered, {dropped}", Rounded(elapsed));
        let refused = By(&self.refused, "refused").to_string();
        for (count, words) in [
            (self.refused.values().sum(), refused),
            (self.waiting, format!("{} still waiting", self.waiting)),
            (self.failed, format!("{} of the answers were failures", self.failed)),
            (self.duplicated, format!("{} duplicated by the link", self.duplicated)),
            (self.not_sent, format!("{} not sent", self.not_sent)),
            (self.receive_errors, Count(self.receive_errors, "receive error").to_string()),
            (
                self.misattributed,
                format!(
                    "{} sent after their client had begun another exchange",
                    self.misattributed
                ),
            ),
            (self.overflowed, format!("{} lost in the full receive buffer", self.overflowed)),
            (self.unread, format!("{} not read", self.unread)),
            (
                log_lines_left_out,
                format!("{} left out of the log", Count(log_lines_left_out, "line")),
            ),
        ] {
            if count > 0 {
                text += &format!(", {words}");
            }
        }
        if let Some(dns) = &self.dns {
            text += &format!("; {dns}");
        }
        text
    }
}

/// A count with its reasons: `3 dropped (2 by server.drop, 1 by link.loss)`.
struct By<'a>(&'a BTreeMap<&'static str, u64>, &'static str);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(counts, verb) = self;
        write!(f, "{} {verb}", counts.values().sum::<u64>())?;
        let by = counts.iter().filter(|(_, count)| **count > 0);
        let by: Vec<String> = by.map(|(reason, count)| format!("{count} by {reason}")).collect();
        if by.is_empty() { Ok(()) } else { write!(f, " ({})", by.join(", ")) }
    }
}

/// The last object of the JSON output.
#[derive(Serialize)]
struct ServeSummary<'a> {
    schema: u32,
    event: &'static str,
    datagrams: u64,
    answered: u64,
    /// Included in `answered`.
    failed: u64,
    dropped: u64,
    dropped_by: &'a BTreeMap<&'static str, u64>,
    refused: u64,
    refused_by: &'a BTreeMap<&'static str, u64>,
    duplicated: u64,
    waiting: u64,
    send_errors: u64,
    receive_errors: u64,
    /// Included in `answered`: their client had begun another exchange, and counts them for that. Known only of
    /// requests with tokens.
    misattributed: u64,
    /// Not included in `datagrams`: the system lost them, because the receive buffer was full.
    overflowed: u64,
    /// Not included in `datagrams`: they were waiting in the receive buffer at the end.
    unread: u64,
    /// Null without a name server.
    dns: Option<&'a Totals>,
    log_lines_left_out: u64,
    elapsed_s: f64,
    /// The services over connections that there are: `tcp`, `http`.
    #[serde(flatten)]
    others: BTreeMap<&'static str, follower::Counts>,
}
