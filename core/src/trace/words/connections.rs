//! Connections: asked for, open, over.

use super::super::{Failure, HostId, Limit};
use super::{Wording, Words, count};
use alloc::format;
use alloc::string::{String, ToString};

/// Returns the connection as the subject of a sentence, with what has to follow the verb: "the connection of client 3"
/// and " (send 1)".
fn connection(wording: &Wording<'_>) -> (String, String) {
    let which = wording.which().map_or_else(String::new, |which| format!(" ({which})"));
    (format!("the connection{}", wording.whose()), which)
}

/// Returns the connection as the object of a sentence: "the connection of client 3 (send 1)".
fn object(wording: &Wording<'_>) -> String {
    let (connection, which) = connection(wording);
    connection + &which
}

pub(in super::super) fn connecting(wording: &Wording<'_>) -> Words {
    let host = wording.host();
    let Some(send) = wording.send() else { return Words::new(host, "asks for a connection") };
    let predicate = match (send, wording.exchange()) {
        (1, Some(exchange)) if exchange > 1 => {
            format!("asks for a connection for exchange {exchange}")
        }
        (1, _) => "asks for a connection".to_string(),
        _ => format!("asks for another connection (send {send})"),
    };
    Words::new(host, predicate)
        .noted(format!("send {send}: connects"), format!("connects ({send})"))
}

pub(in super::super) fn confirmed(wording: &Wording<'_>) -> Words {
    let (connection, which) = connection(wording);
    let predicate = format!("is open{which}, and {} sends its request", wording.host());
    Words::new(connection, predicate).noted("connection open, sends request", "connected")
}

pub(in super::super) fn broken(wording: &Wording<'_>, why: Failure) -> Words {
    let (connection, which) = connection(wording);
    let (what, note, brief) = match (wording.record.host, why) {
        (HostId::Server(_), _) => ("breaks", "connection broken", "broken"),
        (_, Failure::Refused) => ("is refused", "connection refused", "refused"),
        (_, Failure::Reset) => ("is reset", "connection reset", "reset"),
        (_, Failure::Incomplete) => (
            "is closed before the reply is complete",
            "closed before the reply was complete",
            "closed",
        ),
        (_, Failure::Reply) => ("brings a failure", "the server failed", "failed"),
        (_, Failure::Unreadable) => {
            ("brings something that is not a reply", "not a reply", "unreadable")
        }
        (_, Failure::TimedOut) => ("is given up", "connection given up", "given up"),
    };
    Words::new(connection, format!("{what}{which}")).noted(note, brief)
}

pub(in super::super) fn released(wording: &Wording<'_>) -> Words {
    let object = object(wording);
    Words::new(wording.host(), format!("releases {object}: both directions are closed"))
        .noted("connection released", "released")
}

pub(in super::super) fn not_released(wording: &Wording<'_>) -> Words {
    let (connection, which) = connection(wording);
    Words::new(connection, format!("ends without a release{which}"))
        .noted("connection ends without a release", "not released")
}

pub(in super::super) fn accepted(wording: &Wording<'_>) -> Words {
    Words::new(wording.host(), format!("accepts {}", object(wording)))
        .noted("accepts the connection", "accepts")
}

pub(in super::super) fn replied(wording: &Wording<'_>, bytes: u32) -> Words {
    let which = wording.which().unwrap_or_else(|| "the request".to_string());
    let note =
        wording.send().map_or_else(|| "answers".to_string(), |n| format!("answers send {n}"));
    Words::new(wording.host(), format!("answers {which}{}", wording.whose()))
        .noted(note, "answers")
        .detailed(count(bytes.into(), "byte"))
}

pub(in super::super) fn rejected(wording: &Wording<'_>) -> Words {
    let (connection, which) = connection(wording);
    let predicate = format!("refuses what arrives on {connection}{which}: it is not a request");
    Words::new(wording.host(), predicate).noted("refuses what arrives", "refuses")
}

pub(in super::super) fn limited(wording: &Wording<'_>, limit: Limit) -> Words {
    let (why, note) = match limit {
        Limit::Connections => ("there are too many, and it was silent for longest", "too many"),
        Limit::Bytes => ("too many bytes have arrived on it", "too many bytes"),
        Limit::Idle => ("it was silent for too long", "silent for too long"),
        Limit::Total => ("it was open for too long", "open for too long"),
        Limit::Release => ("it was not released in time", "not released in time"),
    };
    Words::new(wording.host(), format!("closes {}: {why}", object(wording)))
        .noted(format!("closes connection: {note}"), "closes")
}

/// Returns the words for a server that does not answer a connection on purpose. `why` begins with a blank or a colon.
pub(super) fn unanswered(wording: &Wording<'_>, why: &str, note: &str) -> Words {
    let it = wording.which().unwrap_or_else(|| "the request".to_string());
    let whose = wording.whose();
    let short = wording.send().map_or_else(|| "it".to_string(), |send| format!("send {send}"));
    Words::new(wording.host(), format!("does not answer {it}{whose}{why}"))
        .noted(format!("no answer to {short}{note}"), "no answer")
}
