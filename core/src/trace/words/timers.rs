//! Waits.

use super::super::HostId;
use super::{Pattern, Role, Wording, Words, span};
use crate::machine::Timer;
use crate::time::{Instant, nanos};
use alloc::format;
use alloc::string::{String, ToString};

/// Returns the length of a wait in nanoseconds. A wait of 0 takes a nanosecond, because a deadline is later than now.
#[must_use]
pub fn length(nanos: u64) -> String {
    span(if nanos == 1 { 0 } else { nanos })
}

/// Returns true if such a wait comes before the first send of an exchange.
#[must_use]
pub const fn is_unsent(timer: Timer) -> bool {
    match timer {
        Timer::Start | Timer::Limits | Timer::Think | Timer::Arrival => true,
        Timer::Resend
        | Timer::GiveUp
        | Timer::Timeout
        | Timer::Backoff
        | Timer::Hint
        | Timer::Service
        | Timer::Outage
        | Timer::Recovery
        | Timer::Other(_) => false,
    }
}

/// Returns the caption below the time that is left of a wait.
#[must_use]
pub const fn countdown(timer: Timer) -> &'static str {
    match timer {
        Timer::Resend | Timer::Timeout => "for a reply",
        Timer::GiveUp => "final wait",
        Timer::Start => "to the start",
        Timer::Backoff => "of backoff",
        Timer::Hint => "after the hint",
        Timer::Limits => "of pause",
        Timer::Think => "of pause",
        Timer::Service => "of work",
        Timer::Outage => "to the outage",
        Timer::Recovery => "of outage",
        Timer::Arrival => "to the next",
        Timer::Other(_) => "left",
    }
}

pub(in super::super) fn timer_armed(
    wording: &Wording<'_>,
    timer: Timer,
    deadline: Instant,
) -> Words {
    let left = length(nanos(deadline.saturating_since(wording.record.at)));
    match timer {
        Timer::Resend if left == span(0) => sends_at_once(wording),
        Timer::Resend | Timer::Timeout => waits_for_reply(wording, "", &left),
        Timer::GiveUp => waits_for_reply(wording, "a final ", &left),
        _ => other_armed(wording, timer, &left),
    }
}

/// Returns the words for a wait that is not one for a reply. It names every timer, so a new one does not compile without words.
#[inline(never)]
fn other_armed(wording: &Wording<'_>, timer: Timer, left: &str) -> Words {
    let host = wording.host();
    let exchange = wording.exchange();
    match timer {
        Timer::Resend | Timer::Timeout | Timer::GiveUp => waits_for_reply(wording, "", left),
        Timer::Backoff | Timer::Hint => waits_to_resend(wording, timer == Timer::Hint, left),
        Timer::Limits => {
            let words = match wording.overlapping() {
                Some(exchange) => {
                    let what = format!("is not allowed to send exchange {exchange}");
                    Words::new(host, format!("{what}, which ends in {left}"))
                }
                None => Words::new(host, format!("is not allowed to send and pauses {left}")),
            };
            words.noted(format!("may not send, pauses {left}"), "pauses")
        }
        Timer::Start => {
            let predicate = match (wording.overlapping(), exchange) {
                (Some(exchange), _) => format!("will send exchange {exchange} in {left}"),
                (None, Some(exchange)) if exchange > 1 => {
                    format!("waits {left} before exchange {exchange}")
                }
                (None, _) => format!("waits {left} before its first send"),
            };
            Words::new(host, predicate).noted(format!("first send in {left}"), format!("in {left}"))
        }
        Timer::Think => {
            let next = exchange.map_or_else(
                || "its next exchange".to_string(),
                |exchange| format!("exchange {exchange}"),
            );
            Words::new(host, format!("pauses {left} before {next}"))
                .noted(format!("pauses {left}"), "pauses")
        }
        Timer::Arrival => Words::new(arrival(wording), format!("arrives in {left}"))
            .noted(format!("arrives in {left}"), format!("in {left}")),
        Timer::Service if wording.known.prompt => {
            Words::new(host, format!("works on it for {left}"))
                .noted(format!("works {left}"), format!("works {left}"))
        }
        Timer::Service => Words::new(host, format!("will finish {} in {left}", job(wording)))
            .noted(format!("done in {left}"), format!("{left} left")),
        Timer::Outage => outage(host, left),
        Timer::Recovery => Words::new(host + "'s outage", format!("ends in {left}"))
            .noted(format!("back in {left}"), format!("in {left}")),
        Timer::Other(_) if wording.setting.pattern == Pattern::Heartbeat => {
            heartbeat_timer(wording, left)
        }
        Timer::Other(name) => Words::new(host, format!("waits {left} {}", awaited(name)))
            .noted(format!("waits {left} ({name})"), format!("waits {left}")),
    }
}

/// Returns what a host waits for whose timer has this name.
#[inline(never)]
fn awaited(name: &str) -> String {
    match name {
        "release" => "for the release of its connection".to_string(),
        "idle" => "for something to arrive on a connection".to_string(),
        "total time" => "for the end of a connection".to_string(),
        name => format!("({name})"),
    }
}

/// Returns that a server will be down.
#[inline(never)]
fn outage(host: String, left: &str) -> Words {
    let (outage, then) =
        (host + "'s outage", if left == "0 s" { "now".into() } else { format!("in {left}") });
    Words::new(outage, format!("begins {then}")).noted(format!("down {then}"), then)
}

/// Returns the words for a client that waits for a reply.
fn waits_for_reply(wording: &Wording<'_>, what: &str, left: &str) -> Words {
    // The wait began with an earlier record.
    let continues = wording.known.since.is_some_and(|since| since < wording.record.at);
    let more = if continues { "another " } else { what };
    let to = match wording.which().filter(|_| continues || wording.overlapping().is_some()) {
        Some(which) => format!(" to {which}"),
        None => String::new(),
    };
    let note = format!("waits {more}{left}");
    Words::new(wording.host(), format!("{note} for a reply{to}"))
        .noted(note, format!("waits {left}"))
}

/// Returns the words for a client that does not wait for a reply.
fn sends_at_once(wording: &Wording<'_>) -> Words {
    let which = match wording.overlapping() {
        Some(exchange) => format!("sends exchange {exchange} again at once"),
        None => "sends again at once".to_string(),
    };
    Words::new(wording.host(), which).noted("sends again at once", "at once")
}

/// Returns the words for a client that waits because a send was abandoned or has failed.
fn waits_to_resend(wording: &Wording<'_>, hinted: bool, left: &str) -> Words {
    if left == span(0) && !hinted && wording.setting.pattern != Pattern::Write {
        return sends_at_once(wording);
    }
    let asked = if hinted { ", given the server's hint" } else { "" };
    let predicate = match (wording.overlapping(), wording.setting.pattern) {
        (Some(exchange), _) => format!("will send exchange {exchange} again in {left}{asked}"),
        (None, Pattern::Write) => format!("waits {left} before it reads again"),
        (None, _) => format!("waits {left} before it sends again{asked}"),
    };
    let note =
        if hinted { format!("waits {left} (server's hint)") } else { format!("backs off {left}") };
    Words::new(wording.host(), predicate).noted(note, format!("in {left}"))
}

/// Returns the words for the timers of heartbeats: the client's interval, and the server's limit of silence.
fn heartbeat_timer(wording: &Wording<'_>, left: &str) -> Words {
    let host = wording.host();
    match wording.record.host {
        HostId::Server(_) => Words::new(host, format!("allows another {left} of silence"))
            .noted(format!("{left} of silence left"), format!("{left} left")),
        _ => Words::new(host, format!("waits {left} before its next heartbeat"))
            .noted(format!("next in {left}"), format!("next in {left}")),
    }
}

/// Returns what arrives in an open loop.
fn arrival(wording: &Wording<'_>) -> String {
    match wording.exchange() {
        Some(exchange) => format!("exchange {exchange}{}", wording.whose()),
        None => format!("the next exchange{}", wording.whose()),
    }
}

/// Returns what a server works on.
fn job(wording: &Wording<'_>) -> String {
    wording.which().unwrap_or_else(|| "its next request".to_string()) + &wording.whose()
}

pub(in super::super) fn timer_fired(wording: &Wording<'_>, timer: Timer) -> Words {
    match timer {
        Timer::Resend | Timer::GiveUp | Timer::Timeout => silence(wording),
        _ => other_fired(wording, timer),
    }
}

/// Returns the words for the end of a wait that is not one for a reply, and also names every timer.
#[inline(never)]
fn other_fired(wording: &Wording<'_>, timer: Timer) -> Words {
    let dull = |subject: String, predicate: &str, note: &str| {
        Words::new(subject, predicate).noted(note, note).role(Role::Dull)
    };
    match timer {
        Timer::Resend | Timer::GiveUp | Timer::Timeout => silence(wording),
        Timer::Backoff => dull(whose_pause(wording, "backoff"), "is over", "backoff over"),
        Timer::Hint => {
            let what = "wait after the server's hint";
            dull(whose_pause(wording, what), "is over", "wait over")
        }
        Timer::Limits | Timer::Think => {
            dull(whose_pause(wording, "pause"), "is over", "pause over")
        }
        Timer::Start => dull(whose_pause(wording, "first delay"), "is over", "first delay over"),
        Timer::Arrival => dull(arrival(wording), "arrives", "arrives"),
        Timer::Service => dull(wording.host(), &format!("finishes {}", job(wording)), "work done"),
        Timer::Outage => dull(wording.host() + "'s outage", "begins", "outage begins"),
        Timer::Recovery => dull(wording.host() + "'s outage", "ends", "outage ends"),
        Timer::Other(_) if wording.setting.pattern == Pattern::Heartbeat => {
            match wording.record.host {
                HostId::Server(_) => {
                    dull(wording.host(), "looks for clients that are silent", "looks for silence")
                }
                _ => dull(whose_pause(wording, "interval"), "is over", "interval over"),
            }
        }
        Timer::Other(name) => {
            let wait = format!("the wait of {} {}", wording.host(), awaited(name));
            dull(wait, "is over", &format!("wait over ({name})"))
        }
    }
}

fn whose_pause(wording: &Wording<'_>, what: &str) -> String {
    format!("the {what}{}", wording.whose())
}

/// Returns the words for the end of a wait for a reply.
fn silence(wording: &Wording<'_>) -> Words {
    let of = wording.which().filter(|_| wording.overlapping().is_some());
    let to = of.map_or_else(String::new, |which| format!(" to {which}"));
    // After a failure it would be wrong to say that nothing came.
    let waited =
        wording.known.since.map(|since| length(nanos(wording.record.at.saturating_since(since))));
    match waited.filter(|waited| !wording.known.failure && *waited != span(0)) {
        Some(waited) => {
            let whose = wording.whose();
            let whose = whose
                .strip_prefix(" of ")
                .map_or_else(String::new, |whose| format!(" for {whose}"));
            Words::new("", format!("no reply{to}{whose} for {waited}"))
                .noted(format!("no reply for {waited}"), "no reply")
        }
        None => Words::new(whose_pause(wording, &format!("wait for a reply{to}")), "is over")
            .noted("wait over", "wait over"),
    }
    .role(Role::Lead)
}
