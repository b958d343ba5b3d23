//! The JSON log: one object per line, numbers as numbers, the unit in the key.

use super::Record;
use core::fmt;

/// Writes `record` as one JSON object, without a line end.
///
/// Keys: `at_s`, `event`, `host`, `server` (its number, if the host is a server; with several servers, also the one
/// that a client's or a link's record concerns), then `flow`, `exchange`, `send` and `packet` where known, then the event's own, as the table of
/// [`What`](super::What) names them.
///
/// # Errors
/// Those of `out`.
pub fn write_json(out: &mut impl fmt::Write, record: &Record) -> fmt::Result {
    let Record { at, host, flow, packet, label, server: _, what } = record;
    write!(out, r#"{{"at_s":{at},"event":"{}","host":"{}""#, what.name(), host.name())?;
    if let Some(number) = record.server() {
        write!(out, r#","server":{number}"#)?;
    }
    if let Some(flow) = flow {
        write!(out, r#","flow":{flow}"#)?;
    }
    if let Some(label) = label {
        write!(out, r#","exchange":{},"send":{}"#, label.exchange, label.send)?;
    }
    if let Some(packet) = packet {
        write!(out, r#","packet":{packet}"#)?;
    }
    what.write_fields(out)?;
    out.write_char('}')
}
