//! How exchanges go and end.

use super::super::HostId;
use super::packets::reply;
use super::{Pattern, Role, Told, Words, count, reason, span};
use crate::policy::Stop;
use crate::time::{Duration, nanos};
use alloc::format;
use alloc::string::{String, ToString};

/// "100 ms and 2 sends".
fn effort(told: &Told<'_>, sends: u32, elapsed: Duration) -> String {
    let noun = if told.setting.pattern == Pattern::Write { "write" } else { "send" };
    format!("{} and {}", span(nanos(elapsed)), count(sends.into(), noun))
}

pub(in super::super) fn answered(
    told: &Told<'_>,
    sends: u32,
    _answered_send: u32,
    elapsed: Duration,
) -> Words {
    let effort = effort(told, sends, elapsed);
    let time = span(nanos(elapsed));
    let writes = told.setting.pattern == Pattern::Write;
    let (what, brief) = if writes { ("row written", "written") } else { ("answered", "answered") };
    let words = match told.overlapping() {
        Some(exchange) => {
            Words::new(format!("exchange {exchange}"), format!("is answered after {effort}"))
        }
        None => Words::new("", format!("{what} after {effort}")),
    };
    let noun = if writes { "write" } else { "send" };
    words.noted(format!("{what} in {time}"), brief).summed(count(sends.into(), noun))
}

pub(in super::super) fn failed(told: &Told<'_>) -> Words {
    let which = told.which().unwrap_or_else(|| "the request".to_string());
    match told.record.host {
        HostId::Server(_) => {
            let it = told.it();
            let note = if told.known.prompt {
                "fails to serve it".to_string()
            } else {
                format!("fails to serve {which}")
            };
            Words::new(told.host(), format!("fails to serve {it}")).noted(note, "fails")
        }
        HostId::Client | HostId::Link => {
            let send = told.send().map_or_else(|| which.clone(), |send| format!("send {send}"));
            Words::new(told.host(), format!("learns that {which} failed"))
                .noted(format!("{send} failed"), "failed")
        }
    }
}

pub(in super::super) fn late_reply(told: &Told<'_>) -> Words {
    let subject = reply(told, told.which());
    Words::new(subject, "is ignored: nothing waits for it").noted("reply ignored", "ignored")
}

pub(in super::super) fn stranger(told: &Told<'_>) -> Words {
    Words::new(told.host(), "ignores a datagram from a stranger")
        .noted("stranger ignored", "stranger")
}

pub(in super::super) fn gave_up(
    told: &Told<'_>,
    sends: u32,
    elapsed: Duration,
    why: Stop,
) -> Words {
    let reason = reason(why, told.known.failure);
    let exchange = told.overlapping().map_or_else(String::new, |n| format!(" exchange {n}"));
    if sends == 0 {
        return Words::new(told.host(), format!("did not send{exchange}: {reason}"))
            .noted(format!("not sent: {reason}"), "not sent");
    }
    let time = span(nanos(elapsed));
    let effort = effort(told, sends, elapsed);
    let note = match why {
        Stop::MaxSends | Stop::GiveUpAbove => format!("gave up after {time}"),
        Stop::Deadline | Stop::Budget | Stop::Breaker | Stop::PushedBack | Stop::TooMany => {
            format!("gave up after {time}: {reason}")
        }
    };
    Words::new(told.host(), format!("gave up{exchange} after {effort}; {reason}"))
        .noted(note, "gave up")
        .summed(count(sends.into(), "send"))
}

pub(in super::super) fn refused(told: &Told<'_>, sends: u32, elapsed: Duration) -> Words {
    let (effort, time) = (effort(told, sends, elapsed), span(nanos(elapsed)));
    let words = match told.overlapping() {
        Some(exchange) => {
            let subject = format!("exchange {exchange}");
            Words::new(subject, format!("is refused after {effort}: nobody listens there"))
        }
        None => Words::new("", format!("refused after {effort}: nobody listens there")),
    };
    words.noted(format!("refused after {time}"), "refused")
}

pub(in super::super) fn stale(told: &Told<'_>) -> Words {
    match told.record.host {
        HostId::Server(_) => Words::new(told.host(), "refuses the write: the row has changed")
            .noted("refuses the write", "refuses"),
        HostId::Client | HostId::Link => Words::new(told.host(), "learns that the row had changed")
            .noted("write refused", "refused"),
    }
}

pub(in super::super) fn note(told: &Told<'_>, words: &'static str) -> Words {
    let words = words.trim().trim_end_matches(['.', ',', ':', ';']);
    if words.is_empty() {
        return Words::new(told.host(), "reports something").role(Role::Dull);
    }
    Words::new(told.host(), format!("reports: {words}")).noted(words, words)
}
