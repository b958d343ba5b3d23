//! The JSON log: one object a line, numbers as numbers, the unit in the key.

use super::{Direction, Record, What};
use crate::time::Seconds;
use core::fmt;

/// Writes `record` as one JSON object, without a line end.
///
/// Keys: `at_s`, `event`, `side`, `flow`, then `exchange`, `send` and `packet` where known, then the
/// event's own (`direction`, `bytes`, `cause`, `timer`, `deadline_s`, `sends`, `answered_send`,
/// `elapsed_s`, `why`, `note`).
///
/// # Errors
/// Those of `out`.
pub fn write_json(out: &mut impl fmt::Write, record: &Record) -> fmt::Result {
    let Record { at, flow, side, packet, label, what } = record;
    write!(out, r#"{{"at_s":{at},"event":"{}","side":"{}"#, what.name(), side.name())?;
    write!(out, r#"","flow":{flow}"#)?;
    if let Some(label) = label {
        write!(out, r#","exchange":{},"send":{}"#, label.exchange, label.send)?;
    }
    if *packet != 0 {
        write!(out, r#","packet":{packet}"#)?;
    }
    match what {
        What::Sent { direction, bytes } => {
            write!(out, r#","direction":"{}","bytes":{bytes}"#, name(*direction))?;
        }
        What::Delivered { direction } => {
            write!(out, r#","direction":"{}""#, name(*direction))?;
        }
        What::Dropped { direction, cause } => {
            write!(out, r#","direction":"{}","cause":"{}""#, name(*direction), cause.name())?;
        }
        What::TimerArmed { timer, deadline } => {
            write_field(out, "timer", timer.name())?;
            write!(out, r#","deadline_s":{deadline}"#)?;
        }
        What::TimerFired { timer } => write_field(out, "timer", timer.name())?,
        What::Answered { sends, answered_send, elapsed } => {
            write!(out, r#","sends":{sends},"answered_send":{answered_send}"#)?;
            write!(out, r#","elapsed_s":{}"#, Seconds(*elapsed))?;
        }
        What::GaveUp { sends, elapsed, why } => {
            write!(out, r#","sends":{sends},"elapsed_s":{}"#, Seconds(*elapsed))?;
            write!(out, r#","why":"{}""#, why.name())?;
        }
        What::Refused { sends, elapsed } => {
            write!(out, r#","sends":{sends},"elapsed_s":{}"#, Seconds(*elapsed))?;
        }
        What::Note(words) => write_field(out, "note", words)?,
        What::Served { arrived, begun } => {
            let waited = Seconds(begun.saturating_since(*arrived));
            let worked = Seconds(record.at.saturating_since(*begun));
            write!(out, r#","waited_s":{waited},"worked_s":{worked}"#)?;
        }
        What::Duplicated { direction } => write_field(out, "direction", name(*direction))?,
        What::Failed | What::LateReply | What::Stranger => {}
    }
    out.write_char('}')
}

const fn name(direction: Direction) -> &'static str {
    match direction {
        Direction::Request => "request",
        Direction::Reply => "reply",
    }
}

/// Writes `,"key":"text"`, escaped as in RFC 8259 section 7: names of foreign machines are not ours.
fn write_field(out: &mut impl fmt::Write, key: &str, text: &str) -> fmt::Result {
    write!(out, r#","{key}":""#)?;
    for c in text.chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32)?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, Side};
    use super::*;
    use crate::machine::{Label, Timer};
    use crate::policy::Stop;
    use crate::time::{Duration, Instant};
    use alloc::string::String;

    fn json(what: What) -> String {
        let record = Record {
            at: Instant::from_millis(100),
            flow: 3,
            side: Side::Client,
            packet: 9,
            label: Label::new(1, 2),
            what,
        };
        let mut out = String::new();
        write_json(&mut out, &record).unwrap();
        out
    }

    #[test]
    fn records_are_valid_json_with_units_in_their_keys() {
        let elapsed = Duration::from_millis(320);
        for what in [
            What::Sent { direction: Direction::Request, bytes: 5 },
            What::Delivered { direction: Direction::Reply },
            What::Dropped { direction: Direction::Request, cause: Cause::DropList },
            What::TimerArmed { timer: Timer::Resend, deadline: Instant::from_millis(300) },
            What::TimerFired { timer: Timer::Other("a \"quoted\" name") },
            What::Answered { sends: 3, answered_send: 3, elapsed },
            What::LateReply,
            What::Stranger,
            What::GaveUp { sends: 5, elapsed, why: Stop::Budget },
            What::Refused { sends: 1, elapsed },
            What::Note("with \"quotes\",\n\\ and a line"),
        ] {
            let text = json(what);
            let value: serde_json::Value =
                serde_json::from_str(&text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(value["at_s"], 0.1);
            assert_eq!(value["event"], what.name());
            assert_eq!((&value["flow"], &value["exchange"]), (&3.into(), &1.into()));
        }
        assert_eq!(
            json(What::Answered { sends: 3, answered_send: 3, elapsed }),
            r#"{"at_s":0.1,"event":"answered","side":"client","flow":3,"exchange":1,"send":2,"packet":9,"sends":3,"answered_send":3,"elapsed_s":0.32}"#
        );
    }
}
