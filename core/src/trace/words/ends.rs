//! How exchanges go and end.

use super::super::HostId;
use super::packets::reply;
use super::{Pattern, Role, Wording, Words, count, reason, span};
use crate::policy::Stop;
use crate::time::{Duration, nanos};
use alloc::format;
use alloc::string::{String, ToString};

/// "100 ms and 2 sends".
fn effort(wording: &Wording<'_>, sends: u32, elapsed: Duration) -> String {
    let noun = if wording.setting.pattern == Pattern::Write { "write" } else { "send" };
    format!("{} and {}", time(sends, elapsed), count(sends.into(), noun))
}

/// Returns the time that an exchange took. Each wait of 0 takes a nanosecond: see [`length`](super::length).
fn time(sends: u32, elapsed: Duration) -> String {
    let nanos = nanos(elapsed);
    span(if nanos <= sends.into() { 0 } else { nanos })
}

pub(in super::super) fn answered(
    wording: &Wording<'_>,
    sends: u32,
    _answered_send: u32,
    elapsed: Duration,
) -> Words {
    let effort = effort(wording, sends, elapsed);
    let time = time(sends, elapsed);
    let writes = wording.setting.pattern == Pattern::Write;
    let (what, brief) = if writes { ("row written", "written") } else { ("answered", "answered") };
    let by = by_another(wording);
    let words = match wording.overlapping() {
        Some(exchange) => {
            Words::new(format!("exchange {exchange}"), format!("is answered after {effort}{by}"))
        }
        None => Words::new("", format!("{what} after {effort}{by}")),
    };
    let noun = if writes { "write" } else { "send" };
    words.noted(format!("{what} in {time}{by}"), brief).summed(count(sends.into(), noun))
}

/// " (by the reply to exchange 1)", if the client took a reply for that of another exchange.
fn by_another(wording: &Wording<'_>) -> String {
    let other = wording.known.other;
    other.map_or_else(String::new, |other| format!(" (by the reply to exchange {other})"))
}

pub(in super::super) fn failed(wording: &Wording<'_>) -> Words {
    let which = wording.which().unwrap_or_else(|| "the request".to_string());
    match wording.record.host {
        HostId::Server(_) => {
            let it = wording.it();
            let (fails, brief) = match wording.setting.works {
                true => ("will not serve", "will fail"),
                false => ("fails to serve", "fails"),
            };
            let what = if wording.known.prompt { "it" } else { &which };
            Words::new(wording.host(), format!("{fails} {it}"))
                .noted(format!("{fails} {what}"), brief)
        }
        HostId::Client | HostId::Link => {
            let send = wording.send().map_or_else(|| which.clone(), |send| format!("send {send}"));
            let Some(other) = wording.known.other else {
                return Words::new(wording.host(), format!("learns that {which} failed"))
                    .noted(format!("{send} failed"), "failed");
            };
            let taken = format!("counts the failure of {which} for exchange {other}");
            Words::new(wording.host(), taken)
                .noted(format!("{send} failed (counts for exchange {other})"), "failed")
        }
    }
}

pub(in super::super) fn late_reply(wording: &Wording<'_>) -> Words {
    let subject = reply(wording, wording.which());
    Words::new(subject, "is ignored: nothing waits for it").noted("reply ignored", "ignored")
}

pub(in super::super) fn stranger(wording: &Wording<'_>) -> Words {
    Words::new(wording.host(), "ignores a datagram from a stranger")
        .noted("stranger ignored", "stranger")
}

pub(in super::super) fn gave_up(
    wording: &Wording<'_>,
    sends: u32,
    elapsed: Duration,
    why: Stop,
) -> Words {
    let failed = wording.known.failure;
    let reason = match why {
        Stop::GiveUpAbove if wording.setting.servers.is_several() && !failed => {
            "it assumes that all servers are down"
        }
        why => reason(why, failed),
    };
    let exchange = wording.overlapping().map_or_else(String::new, |n| format!(" exchange {n}"));
    if sends == 0 {
        return Words::new(wording.host(), format!("did not send{exchange}: {reason}"))
            .noted(format!("not sent: {reason}"), "not sent");
    }
    let (time, effort) = (time(sends, elapsed), effort(wording, sends, elapsed));
    let note = match why {
        Stop::MaxSends | Stop::GiveUpAbove => format!("gave up after {time}"),
        Stop::Deadline
        | Stop::Budget
        | Stop::Breaker
        | Stop::PushedBack
        | Stop::TooMany
        | Stop::NotRepeated
        | Stop::Unreadable => format!("gave up after {time}: {reason}"),
    };
    let what = format!("{exchange} after {effort}; {reason}");
    Words::new(wording.host(), format!("gives up{what}"))
        .past(format!("gave up{what}"))
        .noted(note, "gave up")
        .summed(count(sends.into(), "send"))
}

pub(in super::super) fn refused(wording: &Wording<'_>, sends: u32, elapsed: Duration) -> Words {
    let (effort, time) = (effort(wording, sends, elapsed), time(sends, elapsed));
    let words = match wording.overlapping() {
        Some(exchange) => {
            let subject = format!("exchange {exchange}");
            Words::new(subject, format!("is refused by the network after {effort}"))
        }
        None => Words::new("", format!("refused by the network after {effort}")),
    };
    words.noted(format!("refused after {time}"), "refused")
}

pub(in super::super) fn stale(wording: &Wording<'_>) -> Words {
    match wording.record.host {
        HostId::Server(_) => Words::new(wording.host(), "refuses the write: the row has changed")
            .noted("refuses the write", "refuses"),
        HostId::Client | HostId::Link => {
            Words::new(wording.host(), "learns that the row had changed")
                .noted("write refused", "refused")
        }
    }
}

pub(in super::super) fn note(wording: &Wording<'_>, words: &'static str) -> Words {
    let words = words.trim().trim_end_matches(['.', ',', ':', ';']);
    if words.is_empty() {
        return Words::new(wording.host(), "reports something").role(Role::Dull);
    }
    Words::new(wording.host(), format!("reports: {words}")).noted(words, words)
}
