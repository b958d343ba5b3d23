//! Datagrams, and what a person does to packets.

use super::super::{Cause, Direction, HostId};
use super::connections::unanswered;
use super::{Pattern, Wording, Words, count, span};
use crate::time::{Duration, nanos};
use alloc::format;
use alloc::string::{String, ToString};

pub(in super::super) fn sent(wording: &Wording<'_>, direction: Direction, bytes: u32) -> Words {
    let words = match direction {
        Direction::Request => request_sent(wording),
        Direction::Reply => reply_sent(wording),
    };
    words.detailed(count(bytes.into(), "byte"))
}

fn request_sent(wording: &Wording<'_>) -> Words {
    let host = wording.host();
    let (to, noted_to) = (wording.with_server("to server"), wording.note_server("to"));
    let Some(send) = wording.send() else {
        return Words::new(host, format!("sends a request{to}"));
    };
    let open = wording.overlapping();
    let predicate = match wording.setting.pattern {
        Pattern::Write => return attempt(wording, send),
        Pattern::Heartbeat => {
            let name = wording.which().unwrap_or_default();
            return Words::new(host, format!("sends {name}")).noted(name.clone(), name);
        }
        Pattern::Lookup => {
            let whom =
                wording.server().map_or("the server".into(), |name| format!("server {name}"));
            let again = if send > 1 { format!(" (send {send})") } else { String::new() };
            format!("asks {whom} for the address of the name{again}")
        }
        Pattern::Closed | Pattern::Open => match (open, send, wording.exchange()) {
            (Some(exchange), 1, _) => format!("sends the request of exchange {exchange}{to}"),
            (Some(exchange), ..) => {
                format!("sends the request of exchange {exchange} again{to} (send {send})")
            }
            (None, 1, Some(exchange)) if exchange > 1 => match to.as_str() {
                "" => format!("begins exchange {exchange}"),
                to => format!("begins exchange {exchange} with a request{to}"),
            },
            (None, 1, _) => format!("sends its request{to}"),
            (None, ..) => format!("sends its request again{to} (send {send})"),
        },
    };
    let note = format!("send {send}{noted_to}");
    Words::new(host, predicate).noted(note.clone(), note)
}

/// Returns the words for a writer's datagram.
fn attempt(wording: &Wording<'_>, number: u32) -> Words {
    let (what, again) = match (request_name(wording), number) {
        ("read", 1) => ("reads", String::new()),
        ("read", _) => ("reads", format!(" again (attempt {number})")),
        (_, 1) => ("writes", String::new()),
        _ => ("writes", format!(" (attempt {number})")),
    };
    let note = format!("{what} the row, attempt {number}");
    Words::new(wording.host(), format!("{what} the row{again}"))
        .noted(note, format!("{what} ({number})"))
}

fn reply_sent(wording: &Wording<'_>) -> Words {
    let (host, failure, prompt) = (wording.host(), wording.known.failure, wording.known.prompt);
    let Some(send) = wording.send() else {
        let what = if failure { "replies with a failure" } else { "sends a reply" };
        return Words::new(host, what);
    };
    let to = wording.which().unwrap_or_default();
    let predicate = match (failure, prompt) {
        (true, true) => "replies with a failure".to_string(),
        (true, false) => format!("replies to {to}{} with a failure", wording.whose()),
        (false, true) => "replies".to_string(),
        (false, false) => format!("replies to {to}{}", wording.whose()),
    };
    let name = if wording.setting.pattern == Pattern::Write { "attempt" } else { "send" };
    let note = if failure {
        format!("reply {send}: failure")
    } else {
        format!("replies to {name} {send}")
    };
    let brief = if failure { "failure" } else { "reply" };
    Words::new(host, predicate).noted(note, format!("{brief} {send}"))
}

/// Returns the kind of request: a writer's datagrams are alternately reads and writes, since it sends
/// nothing twice (see [`contention`](crate::client::contention)).
fn request_name(wording: &Wording<'_>) -> &'static str {
    match (wording.setting.pattern, wording.record.packet) {
        (Pattern::Write, Some(number)) if number.get() % 2 == 1 => "read",
        (Pattern::Write, Some(_)) => "write",
        (Pattern::Lookup, _) => "question",
        (Pattern::Heartbeat, _) => "heartbeat",
        _ => "request",
    }
}

/// Returns a datagram as the subject of a sentence, with what has to follow the verb.
fn packet(wording: &Wording<'_>, direction: Direction) -> (String, String) {
    let (whose, which) = (wording.whose(), wording.which());
    match (direction, which) {
        (Direction::Request, Some(which)) if wording.setting.pattern == Pattern::Heartbeat => {
            (format!("{which}{whose}"), String::new())
        }
        (Direction::Request, Some(which)) => {
            let subject =
                format!("the {}{whose}{}", request_name(wording), wording.with_server("to server"));
            (subject, format!(" ({which})"))
        }
        (Direction::Request, None) => (
            format!("a {}{whose}{}", request_name(wording), wording.with_server("to server")),
            String::new(),
        ),
        (Direction::Reply, which) => (reply(wording, which), String::new()),
    }
}

/// Returns a reply as the subject of a sentence.
pub(super) fn reply(wording: &Wording<'_>, which: Option<String>) -> String {
    match which {
        Some(which) => {
            format!("the reply{} to {which}{}", wording.with_server("of server"), wording.whose())
        }
        None => format!("a reply{}{}", wording.with_server("of server"), wording.whose()),
    }
}

pub(in super::super) fn delivered(wording: &Wording<'_>, direction: Direction) -> Words {
    let (subject, which) = packet(wording, direction);
    let note = match direction {
        Direction::Request => format!("{} arrives", request_name(wording)),
        Direction::Reply => format!("reply{} arrives", wording.note_server("of")),
    };
    Words::new(subject, format!("arrives{which}")).noted(note, "arrives")
}

pub(in super::super) fn dropped(
    wording: &Wording<'_>,
    direction: Direction,
    cause: Cause,
) -> Words {
    if let (HostId::Server(_), Direction::Request) = (wording.record.host, direction) {
        let (verb, why, short) = cause.of_host();
        if wording.setting.connections {
            return unanswered(wording, why, short);
        }
        let it = wording.it();
        let verb_of_note = verb.split(' ').next_back().unwrap_or(verb);
        let note = match wording.send() {
            Some(send) if !wording.known.prompt => format!("{verb_of_note} send {send}{short}"),
            _ => format!("{verb_of_note} it{short}"),
        };
        return Words::new(wording.host(), format!("{verb} {it}{why}")).noted(note, "drops it");
    }
    let (subject, which) = packet(wording, direction);
    let (what, why) = cause.of_packet();
    let colon = if why.is_empty() { "" } else { ": " };
    let first = what.split(' ').next().unwrap_or("lost");
    Words::new(subject, format!("is {what}{which}{colon}{why}"))
        .noted(format!("{what}{colon}{why}"), first)
}

pub(in super::super) fn duplicated(wording: &Wording<'_>, direction: Direction) -> Words {
    let (subject, which) = packet(wording, direction);
    Words::new(wording.host(), format!("duplicates {subject}{which}"))
        .noted("duplicated", "duplicated")
}

pub(in super::super) fn damaged(wording: &Wording<'_>, direction: Direction, bit: u32) -> Words {
    let (subject, which) = packet(wording, direction);
    Words::new(wording.host(), format!("damages {subject}{which}"))
        .noted("damaged", "damaged")
        .detailed(format!("bit {bit} is flipped"))
}

/// Returns a packet that a person changes, as the subject of a sentence. Over connections, packets are segments of
/// TCP, and no requests or replies.
fn by_hand(wording: &Wording<'_>, direction: Direction) -> (String, String) {
    if !wording.setting.connections {
        return packet(wording, direction);
    }
    let way = match direction {
        Direction::Request => "to",
        Direction::Reply => "from",
    };
    (format!("a packet{} {way} the server", wording.whose()), String::new())
}

pub(in super::super) fn delayed_by_hand(
    wording: &Wording<'_>,
    direction: Direction,
    by: Duration,
) -> Words {
    let ((subject, which), by) = (by_hand(wording, direction), span(nanos(by)));
    Words::new(subject, format!("is delayed by hand{which}, by {by}"))
        .noted(format!("delayed by hand, by {by}"), "delayed")
}

pub(in super::super) fn duplicated_by_hand(wording: &Wording<'_>, direction: Direction) -> Words {
    let (subject, which) = by_hand(wording, direction);
    Words::new(subject, format!("is duplicated by hand{which}"))
        .noted("duplicated by hand", "by hand")
}
