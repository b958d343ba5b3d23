//! The waterfall of an exchange: what each of its sends was doing, and when.

use super::states::steps;
use crate::json::Json;
use crate::numbers::span;
use crate::run::PageRun;
use crate::timeline::{Effect, Ending, Id, Packet, Timeline};
use retrylab_core::exchange::State;
use retrylab_core::trace::{Direction, HostId, Record, What};

/// Maximum number of sends in it.
const MAX_SENDS: usize = 50;

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
/// `record`, `parts` (`kind`, `from`, `to`), and `text`: the parts and the end in words. It contains nothing later than `seen`,
/// and no send of which nothing is seen.
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
    let left = bars.len().saturating_sub(MAX_SENDS);
    bars.truncate(MAX_SENDS);
    bars.extend(last_wait(run.records(), timeline, of).filter(|_| left == 0));
    bars.iter_mut().for_each(|bar| bar.hide_after(seen));
    bars.retain(|bar| bar.at <= seen || bar.parts.iter().any(Part::is_long));
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
    /// Cuts what is later than `seen`. Until a loss is seen, the packet may as well arrive.
    fn hide_after(&mut self, seen: u64) {
        if self.parts.iter().any(|part| part.to > seen) {
            self.end.clear();
            self.parts.retain(|part| part.from <= seen && (part.kind != "lost" || part.to <= seen));
            self.parts.iter_mut().for_each(|part| part.to = part.to.min(seen));
        }
    }

    fn write(&self, json: &mut Json) {
        json.text("name", &self.name);
        json.number("record", self.record.into());
        let parts = self.parts.iter().filter(|part| part.is_long());
        // Where on its way a packet is lost is unknown.
        let timed = parts.clone().filter(|part| part.kind != "lost");
        let words = timed.map(|part| {
            let (before, after) = match part.kind {
                "wait" if part.to < self.at => ("a wait of", " so far"),
                "wait" => ("after a wait of", ""),
                kind => (kind, ""),
            };
            format!("{before} {}{after}", span(part.to - part.from))
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
    let own: Vec<(Id, &Packet)> = own.map(|(id, packet)| (id as Id, packet)).collect();
    let requests = own.iter().filter(|(_, packet)| packet.direction == Direction::Request);
    let mut before = None;
    requests
        .map(|(id, request)| {
            let reply = own.iter().find(|(_, reply)| reply.request == Some(*id)).map(|(_, p)| *p);
            let wait =
                Part { kind: "wait", from: before.unwrap_or(request.sent), to: request.sent };
            before = Some(request.sent);
            bar(records, timeline, request, reply, wait)
        })
        .collect()
}

fn bar(
    records: &[Record],
    timeline: &Timeline,
    request: &Packet,
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
    let way = |kind, packet: &Packet| Part { kind, from: packet.sent, to: packet.end };
    let mut parts = vec![wait];
    match request.ending {
        Ending::Lost(cause) => {
            parts.push(way("lost", request));
            return bar(parts, cause.to_string());
        }
        Ending::Unknown => return bar(parts, "arrives after the events that are kept".to_string()),
        Ending::Arrived | Ending::Dropped(_) => parts.push(way("request", request)),
    }
    let served = records.iter().skip(request.order as usize).find(|record| {
        matches!((record.host, record.what), (HostId::Server(_), What::Served { .. }))
            && record.label == request.label
            && record.flow.is_some_and(|flow| flow.get() == request.flow)
    });
    let until = reply.map_or(request.end, |reply| reply.sent);
    if let Some(Record { at, what: What::Served { begun, .. }, .. }) = served {
        let begun = begun.as_nanos();
        parts.push(Part { kind: "queue", from: request.end, to: begun });
        parts.push(Part { kind: "service", from: begun, to: at.as_nanos() });
    } else if until > request.end {
        parts.push(Part { kind: "service", from: request.end, to: until });
    }
    if let Ending::Dropped(cause) = request.ending {
        return bar(parts, cause.to_string());
    }
    let Some(reply) = reply else { return bar(parts, "no reply".to_string()) };
    let end = match (reply.ending, reply.effect) {
        (Ending::Lost(cause) | Ending::Dropped(cause), _) => {
            parts.push(way("lost", reply));
            return bar(parts, format!("the reply was {cause}"));
        }
        (Ending::Unknown, _) => return bar(parts, "the reply arrives later".to_string()),
        (Ending::Arrived, Effect::Answered) => "answered",
        (Ending::Arrived, Effect::Failed) => "failed",
        (Ending::Arrived, Effect::Ignored) => "too late",
        (Ending::Arrived, Effect::None) => "replied",
    };
    parts.push(way(if end == "too late" { "late" } else { "reply" }, reply));
    bar(parts, end.to_string())
}

/// Returns the wait after the last send, if no reply ended it.
fn last_wait(records: &[Record], timeline: &Timeline, of: (u32, u32)) -> Option<Bar> {
    let (end, state) = steps(records, of).pop()?;
    let name = match state {
        State::GaveUp => "Gave up",
        State::Refused => "Refused",
        State::Idle
        | State::Pausing
        | State::Waiting
        | State::LastWait
        | State::BackingOff
        | State::Answered => return None,
    };
    let to = records[end as usize].at.as_nanos();
    let requests = timeline.packets().iter().filter(|packet| {
        is_of(packet, of) && packet.direction == Direction::Request && packet.frame.is_none()
    });
    let from = requests.map(|packet| packet.sent).max().unwrap_or(to);
    let parts = vec![Part { kind: "wait", from, to }];
    Some(Bar { record: end, at: to, name: name.to_string(), parts, end: String::new() })
}

/// Returns the bars of an exchange over connections: each of its sends is one.
fn connections(records: &[Record], timeline: &Timeline, (flow, exchange): (u32, u32)) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    let mut last = (0, 0);
    let own = records.iter().enumerate().filter(|(_, record)| {
        record.host == HostId::Client
            && record.flow.is_some_and(|own| own.get() == flow)
            && record.label.is_some_and(|label| label.exchange.get() == exchange)
    });
    for (id, record) in own {
        let (at, send) = (record.at.as_nanos(), record.label.map_or(0, |label| label.send.get()));
        let kind = match record.what {
            What::Connecting => {
                let wait =
                    Part { kind: "wait", from: if last.1 > 0 { last.0 } else { at }, to: at };
                let (record, name, end) =
                    (id as Id, format!("Send {send}"), "no reply".to_string());
                bars.push(Bar { record, at, name, parts: vec![wait], end });
                last = (at, send);
                continue;
            }
            What::Confirmed => "connecting",
            What::Broken { .. } | What::Failed | What::Answered { .. } | What::GaveUp { .. } => {
                "connection"
            }
            _ => continue,
        };
        let name = format!("Send {send}");
        if let Some(bar) = bars.iter_mut().find(|bar| bar.name == name) {
            let from = bar.parts.last().map_or(at, |part| part.to);
            bar.parts.push(Part { kind, from, to: at });
            if kind != "connecting" {
                bar.end = timeline.words(records, id as Id).note;
            }
        }
    }
    bars
}
