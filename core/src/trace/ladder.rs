//! The text ladder: time down, the client on the left, the server on the right, one line a record.

use super::{Direction, Record, Side, What};
use crate::time::{Instant, Seconds};
use alloc::format;
use alloc::string::String;
use core::fmt;

/// Renders records as lines of a ladder.
///
/// ```text
///       time s  client                                       server
///     0.000000  send 1, 5 bytes                    ──────▶
///     0.010000                                           ─▶  dropped by the server, on its list
///     0.100000  timer fired: resend
///     0.100000  send 2, 5 bytes                    ──────▶
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Ladder {
    /// Say which client a line belongs to (for runs with more than one).
    pub name_clients: bool,
    /// Say which exchange a line belongs to (for runs with more than one).
    pub name_exchanges: bool,
}

impl Ladder {
    /// The line above the first record.
    #[must_use]
    pub const fn header(&self) -> &'static str {
        "      time s  client                                       server"
    }

    /// The line of one record.
    #[must_use]
    pub fn line(&self, record: &Record) -> impl fmt::Display {
        let (left, wire, right) = self.columns(record);
        let at = fixed(record.at);
        // Trailing blanks would make golden files fragile.
        String::from(format!("{at:>12}  {left:<34} {wire:<8} {right}").trim_end())
    }

    /// What stands in the client's column, on the wire, and in the server's column.
    fn columns(&self, record: &Record) -> (String, &'static str, String) {
        let none = String::new;
        let name = self.name(record);
        match record.what {
            What::Sent { direction: Direction::Request, bytes } => {
                let send = record.label.map_or(1, |label| label.send.get());
                (format!("{name}send {send}, {bytes} bytes"), "──────▶", none())
            }
            What::Sent { direction: Direction::Reply, bytes } => {
                (none(), "◀──────", format!("{name}reply, {bytes} bytes"))
            }
            What::Delivered { direction: Direction::Request } => {
                (none(), "     ─▶", format!("{name}request arrives"))
            }
            What::Delivered { direction: Direction::Reply } => {
                (format!("{name}reply arrives"), "◀─", none())
            }
            What::Dropped { direction, cause } => match (record.side, direction) {
                (Side::Link, Direction::Request) => (none(), "───✕", format!("{name}{cause}")),
                (Side::Link, Direction::Reply) => (format!("{name}{cause}"), "   ✕───", none()),
                (_, Direction::Request) => (none(), "     ─✕", format!("{name}{cause}")),
                (_, Direction::Reply) => (format!("{name}{cause}"), "✕─", none()),
            },
            What::TimerArmed { timer, deadline } => {
                in_column(record, format!("{name}waits until {} to {timer}", fixed(deadline)))
            }
            What::TimerFired { timer } => in_column(record, format!("{name}timer fired: {timer}")),
            What::Answered { sends, elapsed, .. } => {
                let text = format!("{name}answered in {} s, {}", Seconds(elapsed), count(sends));
                in_column(record, text)
            }
            What::GaveUp { sends, elapsed, why } => {
                let (at, sends) = (Seconds(elapsed), count(sends));
                in_column(record, format!("{name}gave up at {at} s, {sends}: {why}"))
            }
            What::Refused { sends, elapsed } => {
                let text = format!("{name}refused at {} s, {}", Seconds(elapsed), count(sends));
                in_column(record, text)
            }
            What::Failed if record.side == Side::Server => {
                in_column(record, format!("{name}answers with a failure"))
            }
            What::Failed => in_column(record, format!("{name}heard of a failure")),
            What::Served { arrived, begun } => {
                let waited = Seconds(begun.saturating_since(arrived));
                let worked = Seconds(record.at.saturating_since(begun));
                let text = format!("{name}served in {worked} s after {waited} s in the queue");
                in_column(record, text)
            }
            What::Duplicated { .. } => (none(), "  ═══  ", format!("{name}duplicated")),
            What::LateReply => in_column(record, format!("{name}late reply, ignored")),
            What::Stranger => in_column(record, format!("{name}not from the server, ignored")),
            What::Note(words) => in_column(record, format!("{name}{words}")),
        }
    }

    fn name(&self, record: &Record) -> String {
        let mut name = String::new();
        if self.name_clients && record.flow != 0 {
            name += &format!("client {} ", record.flow);
        }
        if let (true, Some(label)) = (self.name_exchanges, record.label) {
            name += &format!("#{} ", label.exchange);
        }
        name
    }
}

/// Puts `text` into the column of the side where it happened.
fn in_column(record: &Record, text: String) -> (String, &'static str, String) {
    match record.side {
        Side::Server => (String::new(), "", text),
        Side::Client | Side::Link => (text, "", String::new()),
    }
}

fn count(sends: u32) -> String {
    format!("{sends} send{}", if sends == 1 { "" } else { "s" })
}

/// Seconds with exactly six decimals, cut rather than rounded so that lines stay in order.
fn fixed(at: Instant) -> String {
    let micros = at.as_nanos() / 1_000;
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::Cause;
    use super::*;
    use crate::machine::Label;
    use alloc::string::ToString;

    #[test]
    fn each_side_has_its_column() {
        let record = |side, what| Record {
            at: Instant::from_millis(110),
            flow: 2,
            side,
            packet: 1,
            label: Label::new(1, 3),
            what,
        };
        let sent = record(Side::Client, What::Sent { direction: Direction::Request, bytes: 5 });
        let dropped = record(
            Side::Server,
            What::Dropped { direction: Direction::Request, cause: Cause::DropList },
        );
        let plain = Ladder::default();
        assert_eq!(
            plain.line(&sent).to_string(),
            "    0.110000  send 3, 5 bytes                    ──────▶"
        );
        assert_eq!(
            plain.line(&dropped).to_string(),
            "    0.110000                                          ─✕  dropped by the server, on its list"
        );
        let named = Ladder { name_clients: true, name_exchanges: true };
        assert!(named.line(&sent).to_string().contains("client 2 #1 send 3, 5 bytes"));
    }
}
