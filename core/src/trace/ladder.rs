//! The text ladder: time runs down, the client on the left, the server on the right, one line per record.

use super::words::{Narrator, Setting};
use super::{Direction, FrameStep, HostId, Record, What};
use crate::time::Instant;
use alloc::format;
use alloc::string::String;

/// Renders records as lines of a ladder, in the order in which they were made.
///
/// ```text
///       time s  client                                       server
///     0.000000  send 1, 5 bytes                    ──────▶
///     0.010000                                           ─▶  request arrives
///     0.010000                                           ─✕  drops it
///     0.100000  no reply for 100 ms
///     0.100000  send 2, 5 bytes                    ──────▶
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ladder {
    narrator: Narrator,
}

impl Ladder {
    /// Creates the ladder of a run of this kind.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self { narrator: Narrator::new(setting) }
    }

    /// Returns the line above the first record.
    #[must_use]
    pub const fn header(&self) -> &'static str {
        "      time s  client                                       server"
    }

    /// Returns the line of the next record.
    #[must_use]
    pub fn line(&mut self, record: &Record) -> String {
        let words = self.narrator.describe(record);
        let text = self.narrator.setting().tag(record) + &words.line();
        let (wire, right) = wire(record);
        let (left, right) = if right { (String::new(), text) } else { (text, String::new()) };
        let at = fixed(record.at);
        // Trailing blanks would make golden files fragile.
        String::from(format!("{at:>12}  {left:<34} {wire:<8} {right}").trim_end())
    }
}

/// Returns what is drawn between the columns, and whether the words are in the server's column.
const fn wire(record: &Record) -> (&'static str, bool) {
    use Direction::{Reply, Request};
    let server = matches!(record.host, HostId::Server(_));
    match record.what {
        What::Sent { direction: Request, .. } => ("──────▶", server),
        What::Sent { direction: Reply, .. } => ("◀──────", server),
        What::Delivered { direction: Request } => ("     ─▶", server),
        What::Delivered { direction: Reply } => ("◀─", server),
        What::Dropped { direction: Request, .. } if server => ("     ─✕", true),
        What::Dropped { direction: Request, .. } => ("───✕", true),
        What::Dropped { direction: Reply, .. } if server => ("✕─", true),
        What::Dropped { direction: Reply, .. } => ("   ✕───", false),
        What::Duplicated { .. } => ("  ═══  ", true),
        What::Damaged { .. } => ("  ~~~  ", true),
        What::DelayedByHand { .. } => ("  ···  ", true),
        What::DuplicatedByHand { .. } => ("  ═══  ", true),
        What::Frame { step, direction, .. } => frame(step, direction, server),
        What::TimerArmed { .. }
        | What::TimerFired { .. }
        | What::Answered { .. }
        | What::Failed
        | What::LateReply
        | What::Stranger
        | What::GaveUp { .. }
        | What::Refused { .. }
        | What::Served { .. }
        | What::Down { .. }
        | What::Up
        | What::Written
        | What::Stale
        | What::Missing { .. }
        | What::Reordered
        | What::Repeated
        | What::Dead { .. }
        | What::Alive
        | What::Connecting
        | What::Confirmed
        | What::Broken { .. }
        | What::Released
        | What::NotReleased
        | What::Accepted
        | What::Replied { .. }
        | What::Rejected
        | What::Limited { .. }
        | What::NameAnswered { .. }
        | What::NameResolved { .. }
        | What::Note { .. } => ("", server),
    }
}

/// Returns the same for a frame.
const fn frame(step: FrameStep, direction: Direction, server: bool) -> (&'static str, bool) {
    match (step, direction) {
        (FrameStep::Sent, Direction::Request) => ("────···", server),
        (FrameStep::Sent, Direction::Reply) => ("···────", server),
        (FrameStep::Received, Direction::Request) => ("    ··▷", true),
        (FrameStep::Received, Direction::Reply) => ("◁··", false),
        (FrameStep::Lost(_), Direction::Request) => ("───✕", true),
        (FrameStep::Lost(_), Direction::Reply) => ("   ✕───", false),
        (FrameStep::Duplicated, _) => ("  ═══  ", true),
        (FrameStep::Damaged, _) => ("  ~~~  ", true),
    }
}

/// Shows seconds with exactly six decimals, cut rather than rounded so that lines stay in order.
fn fixed(at: Instant) -> String {
    let micros = at.as_nanos() / 1_000;
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::Cause;
    use super::super::tests::record;
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn each_host_has_its_column() {
        let sent = record(HostId::Client, What::Sent { direction: Direction::Request, bytes: 5 });
        let dropped = record(
            HostId::SERVER,
            What::Dropped { direction: Direction::Request, cause: Cause::DropList },
        );
        let mut plain = Ladder::default();
        assert_eq!(
            plain.line(&sent).to_string(),
            "    0.110000  send 3, 5 bytes                    ──────▶"
        );
        assert_eq!(
            plain.line(&dropped).to_string(),
            "    0.110000                                          ─✕  drops send 3, on its list"
        );
        let several = Setting { clients: true, exchanges: true, ..Setting::default() };
        let line = Ladder::new(several).line(&sent);
        assert!(line.contains("client 2 #1 send 3, 5 bytes"), "{line}");
    }
}
