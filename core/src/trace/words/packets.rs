//! Datagrams.

use super::super::{Cause, Direction, HostId};
use super::{Pattern, Told, Words, count};
use alloc::format;
use alloc::string::{String, ToString};

pub(in super::super) fn sent(told: &Told<'_>, direction: Direction, bytes: u32) -> Words {
    let words = match direction {
        Direction::Request => request_sent(told),
        Direction::Reply => reply_sent(told),
    };
    words.detailed(count(bytes.into(), "byte"))
}

fn request_sent(told: &Told<'_>) -> Words {
    let host = told.host();
    let Some(send) = told.send() else { return Words::new(host, "sends a request") };
    let open = told.overlapping();
    let predicate = match told.setting.pattern {
        Pattern::Write => return attempt(told, send),
        Pattern::Closed | Pattern::Open => match (open, send, told.exchange()) {
            (Some(exchange), 1, _) => format!("sends the request of exchange {exchange}"),
            (Some(exchange), ..) => {
                format!("sends the request of exchange {exchange} again (send {send})")
            }
            (None, 1, Some(exchange)) if exchange > 1 => format!("begins exchange {exchange}"),
            (None, 1, _) => "sends its request".to_string(),
            (None, ..) => format!("sends its request again (send {send})"),
        },
    };
    Words::new(host, predicate).noted(format!("send {send}"), format!("send {send}"))
}

/// A writer's datagram.
fn attempt(told: &Told<'_>, number: u32) -> Words {
    let (what, again) = match (request_name(told), number) {
        ("read", 1) => ("reads", String::new()),
        ("read", _) => ("reads", format!(" again (attempt {number})")),
        (_, 1) => ("writes", String::new()),
        _ => ("writes", format!(" (attempt {number})")),
    };
    let note = format!("{what} the row, attempt {number}");
    Words::new(told.host(), format!("{what} the row{again}"))
        .noted(note, format!("{what} ({number})"))
}

fn reply_sent(told: &Told<'_>) -> Words {
    let (host, failure, prompt) = (told.host(), told.known.failure, told.known.prompt);
    let Some(send) = told.send() else {
        let what = if failure { "replies with a failure" } else { "sends a reply" };
        return Words::new(host, what);
    };
    let to = told.which().unwrap_or_default();
    let predicate = match (failure, prompt) {
        (true, true) => "replies with a failure".to_string(),
        (true, false) => format!("replies to {to}{} with a failure", told.whose()),
        (false, true) => "replies".to_string(),
        (false, false) => format!("replies to {to}{}", told.whose()),
    };
    let name = if told.setting.pattern == Pattern::Write { "attempt" } else { "send" };
    let note = if failure {
        format!("reply {send}: failure")
    } else {
        format!("replies to {name} {send}")
    };
    let brief = if failure { "failure" } else { "reply" };
    Words::new(host, predicate).noted(note, format!("{brief} {send}"))
}

/// What a request is: a writer's datagrams are its read and its write by turns, since it sends nothing
/// twice (see [`contention`](crate::client::contention)).
fn request_name(told: &Told<'_>) -> &'static str {
    match (told.setting.pattern, told.record.packet) {
        (Pattern::Write, Some(number)) if number.get() % 2 == 1 => "read",
        (Pattern::Write, Some(_)) => "write",
        _ => "request",
    }
}

/// A datagram as the subject of a sentence, with what has to follow the verb.
fn packet(told: &Told<'_>, direction: Direction) -> (String, String) {
    let (whose, which) = (told.whose(), told.which());
    match (direction, which) {
        (Direction::Request, Some(which)) => {
            (format!("the {}{whose}", request_name(told)), format!(" ({which})"))
        }
        (Direction::Request, None) => (format!("a request{whose}"), String::new()),
        (Direction::Reply, which) => (reply(told, which), String::new()),
    }
}

/// A reply as the subject of a sentence.
pub(super) fn reply(told: &Told<'_>, which: Option<String>) -> String {
    match which {
        Some(which) => format!("the reply to {which}{}", told.whose()),
        None => format!("a reply{}", told.whose()),
    }
}

pub(in super::super) fn delivered(told: &Told<'_>, direction: Direction) -> Words {
    let (subject, which) = packet(told, direction);
    let note = match direction {
        Direction::Request => format!("{} arrives", request_name(told)),
        Direction::Reply => "reply arrives".to_string(),
    };
    Words::new(subject, format!("arrives{which}")).noted(note, "arrives")
}

pub(in super::super) fn dropped(told: &Told<'_>, direction: Direction, cause: Cause) -> Words {
    if let (HostId::Server(_), Direction::Request) = (told.record.host, direction) {
        let (verb, why, short) = cause.of_host();
        let it = told.it();
        let verb_of_note = verb.split(' ').next_back().unwrap_or(verb);
        let note = match told.send() {
            Some(send) if !told.known.prompt => format!("{verb_of_note} send {send}{short}"),
            _ => format!("{verb_of_note} it{short}"),
        };
        return Words::new(told.host(), format!("{verb} {it}{why}")).noted(note, "drops it");
    }
    let (subject, which) = packet(told, direction);
    let (what, why) = cause.of_packet();
    let colon = if why.is_empty() { "" } else { ": " };
    let first = what.split(' ').next().unwrap_or("lost");
    Words::new(subject, format!("is {what}{which}{colon}{why}"))
        .noted(format!("{what}{colon}{why}"), first)
}

pub(in super::super) fn duplicated(told: &Told<'_>, direction: Direction) -> Words {
    let (subject, which) = packet(told, direction);
    Words::new(told.host(), format!("duplicates {subject}{which}"))
        .noted("duplicated", "duplicated")
}

pub(in super::super) fn damaged(told: &Told<'_>, direction: Direction, bit: u32) -> Words {
    let (subject, which) = packet(told, direction);
    Words::new(told.host(), format!("damages {subject}{which}"))
        .noted("damaged", "damaged")
        .detailed(format!("bit {bit} is flipped"))
}
