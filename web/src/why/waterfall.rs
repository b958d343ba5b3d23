//! The waterfall of an exchange: what each of its sends was doing, and when.

#[cfg(test)]
mod tests;

use super::at_server;
use super::reply::{furthest, taken_by};
use super::states::steps;
use crate::json::Json;
use crate::rest::text;
use crate::run::PageRun;
use crate::stage::end_of;
use crate::timeline::{Effect, Ending, Id, Packet, Timeline};
use retrylab_core::exchange::State;
use retrylab_core::trace::words;
use retrylab_core::trace::{Direction, HostId, Record, What};

/// Maximum number of sends in it.
const MAX_SENDS: usize = 50;

/// The end of what has none among the records.
fn after_all() -> String {
    text!("arrives after the events that are kept").to_string()
}

/// A part of a send's bar, from one time to another.
struct Part {
    kind: &'static str,
    from: u64,
    to: u64,
}

impl Part {
    fn is_long(&self) -> bool {
        self.to > self.from
    }
}

/// One send with its bar, or the end of the exchange with the wait before it.
struct Bar {
    record: Id,
    /// The time of the send or the end.
    at: u64,
    name: String,
    parts: Vec<Part>,
    end: String,
}

/// Writes `from` and `to` in nanoseconds, `rows`, and `left`, the number of sends that are not among them. A row has `name`,
/// `record`, `parts` (`kind`, `from`, `to`), and `text`: the parts and the end in words. It contains nothing later than `seen`.
pub(crate) fn waterfall(
    json: &mut Json,
    run: &PageRun,
    timeline: &Timeline,
    of: (u32, u32),
    seen: u64,
) {
    let mut bars = if timeline.setting().connections {
        connections(run.records(), timeline, of)
    } else {
        datagrams(run.records(), timeline, of)
    };
    bars.extend(last_wait(run.records(), timeline, of));
    bars.retain(|bar| bar.at <= seen);
    let left = bars.len().saturating_sub(MAX_SENDS);
    bars.truncate(MAX_SENDS);
    bars.iter_mut().for_each(|bar| bar.hide_after(seen));
    let parts = || bars.iter().flat_map(|bar| &bar.parts);
    json.number("from", parts().map(|part| part.from).min().unwrap_or(0));
    json.number("to", parts().map(|part| part.to).max().unwrap_or(0));
    json.number("left", left as u64);
    json.list("rows", |json| {
        for bar in &bars {
            json.element(|json| bar.write(json));
        }
    });
}

impl Bar {
    /// Cuts what is later than `seen`. Until its end is seen, a packet that is lost or late is like any other.
    fn hide_after(&mut self, seen: u64) {
        if self.parts.iter().any(|part| part.to > seen) {
            self.end.clear();
            self.parts.retain(|part| part.from <= seen);
        }
        for (place, part) in self.parts.iter_mut().enumerate().filter(|(_, part)| part.to > seen) {
            part.to = seen;
            if matches!(part.kind, "lost" | "late") {
                // The request is what follows the wait.
                part.kind = if place == 1 { "request" } else { "reply" };
            }
        }
    }

    /// Adds what a connection does until `to`: first it is asked for.
    fn goes_on(&mut self, to: u64) {
        let (before, from) = self.parts.last().map_or(("", to), |part| (part.kind, part.to));
        let kind = if before == "wait" { "connecting" } else { "connection" };
        self.parts.push(Part { kind, from, to });
    }

    fn write(&self, json: &mut Json) {
        json.text("name", &self.name);
        json.number("record", self.record.into());
        let parts = self.parts.iter().filter(|part| part.is_long());
        // Where on its way a packet is lost is unknown.
        let timed = parts.clone().filter(|part| part.kind != "lost");
        let words = timed.map(|part| {
            let what = if part.kind == "wait" { "after a wait of" } else { part.kind };
            format!("{what} {}", words::length(part.to - part.from))
        });
        let mut text: Vec<String> = words.collect();
        text.extend((!self.end.is_empty()).then(|| self.end.clone()));
        json.text("text", &text.join(", "));
        json.list("parts", |json| {
            for part in parts {
                json.element(|json| {
                    json.text("kind", part.kind);
                    json.number("from", part.from);
                    json.number("to", part.to);
                });
            }
        });
    }
}

fn is_of(packet: &Packet, (flow, exchange): (u32, u32)) -> bool {
    packet.flow == flow && packet.label.is_some_and(|label| label.exchange.get() == exchange)
}

/// Returns the bars of an exchange over datagrams.
fn datagrams(records: &[Record], timeline: &Timeline, of: (u32, u32)) -> Vec<Bar> {
    let own = timeline
        .packets()
        .iter()
        .enumerate()
        .filter(|(_, packet)| is_of(packet, of) && packet.frame.is_none() && !packet.duplicate);
    let requests = own.filter(|(_, packet)| packet.direction == Direction::Request);
    let mut before = None;
    requests
        .filter_map(|(id, request)| {
            let wait =
                Part { kind: "wait", from: before.unwrap_or(request.sent), to: request.sent };
            before = Some(request.sent);
            let (id, reply) = furthest(timeline, id as Id, u64::MAX);
            Some(bar(records, timeline, (id, timeline.packet(id)?), reply, wait))
        })
        .collect()
}

fn bar(
    records: &[Record],
    timeline: &Timeline,
    (id, request): (Id, &Packet),
    reply: Option<&Packet>,
    wait: Part,
) -> Bar {
    let bar = |parts, end: String| Bar {
        record: request.order,
        at: request.sent,
        name: super::subject(timeline, request),
        parts,
        end,
    };
    let way =
        |kind, packet: &Packet| Part { kind, from: packet.sent, to: end_of(packet, timeline) };
    let mut parts = vec![wait];
    if let Ending::Lost(cause) = request.ending {
        parts.push(way("lost", request));
        return bar(parts, cause.to_string());
    }
    parts.push(way("request", request));
    if request.ending == Ending::Unknown {
        return bar(parts, after_all());
    }
    parts.extend(stay(records, timeline, (id, request), reply));
    if let Ending::Dropped(cause) = request.ending {
        return bar(parts, cause.to_string());
    }
    let Some(reply) = reply else {
        let is_there = at_server::job(timeline, id).is_some();
        return bar(parts, if is_there { "" } else { "no reply" }.to_string());
    };
    let (kind, end) = match reply.ending {
        Ending::Lost(cause) | Ending::Dropped(cause) => ("lost", format!("the reply was {cause}")),
        Ending::Unknown => ("reply", after_all()),
        Ending::Arrived => arrived(records, timeline, reply),
    };
    parts.push(way(kind, reply));
    bar(parts, end)
}

/// Returns what a request that arrived does at its server: it waits, and then it is worked on.
fn stay(
    records: &[Record],
    timeline: &Timeline,
    (id, request): (Id, &Packet),
    reply: Option<&Packet>,
) -> [Part; 2] {
    let served = records.iter().skip(request.order as usize).find(|record| {
        let is_of_stay = matches!(record.what, What::Served { arrived, .. } if arrived.as_nanos() == request.end);
        is_of_stay && record.host.server().is_some()
            && record.label == request.label
            && record.flow.is_some_and(|flow| flow.get() == request.flow)
            && reply.is_none_or(|reply| reply.sent == record.at.as_nanos())
    });
    let (begun, until) = match (served, at_server::job(timeline, id), reply) {
        (Some(Record { at, what: What::Served { begun, .. }, .. }), ..) => {
            (begun.as_nanos(), at.as_nanos())
        }
        (_, _, Some(reply)) => (request.end, reply.sent),
        // It is dropped, or still there.
        (_, Some(job), None) => (job.begun, job.ended.min(timeline.end())),
        (_, None, None) => (request.settled, request.settled),
    };
    let begun = begun.min(until);
    [
        Part { kind: "queue", from: request.end, to: begun },
        Part { kind: "service", from: begun, to: until },
    ]
}

/// Returns the kind of a reply's part, and what its arrival did.
fn arrived(records: &[Record], timeline: &Timeline, reply: &Packet) -> (&'static str, String) {
    if let Some(other) = taken_by(timeline, records, reply) {
        return ("reply", format!("counted for exchange {other}"));
    }
    let (kind, end) = match reply.effect {
        Effect::Answered => ("reply", "answered"),
        Effect::Failed => ("reply", "failed"),
        Effect::Ignored => ("late", "too late"),
        Effect::None => ("reply", "replied"),
    };
    (kind, end.to_string())
}

/// Returns the wait after the last send, if no reply to this exchange ended it.
fn last_wait(records: &[Record], timeline: &Timeline, of: (u32, u32)) -> Option<Bar> {
    let (end, state) = steps(records, of).pop()?;
    let (name, how) = match state {
        State::GaveUp => ("Gave up", String::new()),
        State::Refused => ("Refused", String::new()),
        State::Answered => {
            let reply = records[end as usize].packet().and_then(|name| timeline.packet_named(name));
            let exchange = timeline.packet(reply?)?.exchange();
            if exchange == of.1 {
                return None;
            }
            ("Answered", format!("by the reply to exchange {exchange}"))
        }
        State::Idle | State::Pausing | State::Waiting | State::LastWait | State::BackingOff => {
            return None;
        }
    };
    let to = records[end as usize].at.as_nanos();
    let requests = timeline.packets().iter().filter(|packet| {
        is_of(packet, of) && packet.direction == Direction::Request && packet.frame.is_none()
    });
    let from = requests.map(|packet| packet.sent).max().unwrap_or(to);
    let wait = Part { kind: "wait", from, to };
    // Over connections, the last send lasts until the end.
    wait.is_long().then(|| Bar {
        record: end,
        at: to,
        name: name.to_string(),
        parts: vec![wait],
        end: how,
    })
}

/// Returns the bars of an exchange over connections: each of its sends is one.
fn connections(records: &[Record], timeline: &Timeline, (flow, exchange): (u32, u32)) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    let mut last = None;
    let own = records.iter().enumerate().filter(|(_, record)| {
        record.host == HostId::Client
            && record.flow.is_some_and(|own| own.get() == flow)
            && record.label.is_some_and(|label| label.exchange.get() == exchange)
    });
    for (id, record) in own {
        let at = record.at.as_nanos();
        let name = |send: u32| format!("Send {send}");
        let send = record.label.map_or(0, |label| label.send.get());
        let (send, others) = match record.what {
            What::Connecting => {
                let wait = Part { kind: "wait", from: last.replace(at).unwrap_or(at), to: at };
                let (record, end) = (id as Id, String::new());
                bars.push(Bar { record, at, name: name(send), parts: vec![wait], end });
                continue;
            }
            What::Confirmed | What::Broken { .. } | What::Failed => (send, None),
            What::Answered { answered_send, .. } => {
                (answered_send, Some(text!("closed: another send was answered")))
            }
            What::GaveUp { .. } => (send, Some(text!("closed with the exchange"))),
            _ => continue,
        };
        let open = bars.iter_mut().filter(|bar| bar.end.is_empty());
        for bar in open {
            if bar.name == name(send) {
                bar.goes_on(at);
                if !matches!(record.what, What::Confirmed) {
                    bar.end = timeline.words(records, id as Id).note;
                }
            } else if let Some(end) = others {
                bar.goes_on(at);
                bar.end = end.to_string();
            }
        }
    }
    bars.iter_mut().filter(|bar| bar.end.is_empty()).for_each(|bar| bar.goes_on(timeline.end()));
    bars
}
