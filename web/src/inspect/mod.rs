//! Everything known about one packet or one wait, and why it happened, for the inspector.

mod frame;
mod layers;

use crate::frames::MAX_FRAME_BYTES;
use crate::json::Json;
use crate::numbers::{clock, count, span};
use crate::run::PageRun;
use crate::timeline::{Effect, Ending, Id, Packet, Timeline, Wait, WaitEnd};
use retrylab_core::machine::Timer;
use retrylab_core::trace::words::Pattern;
use retrylab_core::trace::{Cause, Direction};

use layers::Bytes;

/// Describes a packet: `title`, `shape`, `facts` (`name`, `text`), `why` (sentences), `view` (what the bytes are), and the
/// bytes with their layers: see [`layers::write`].
pub(crate) fn packet(run: &PageRun, timeline: &Timeline, id: Id, places: u32) -> Option<String> {
    let packet = timeline.packet(id)?;
    let which = which(timeline, packet);
    let shape = match packet.direction {
        _ if packet.is_retry() => "retry",
        Direction::Reply => "reply",
        Direction::Request => "request",
    };
    let title = match (packet.frame, packet.direction) {
        (Some(carried), _) => frame::title(packet, carried),
        (None, Direction::Reply) => format!("Reply to {which}"),
        (None, Direction::Request) => match timeline.setting().pattern {
            Pattern::Heartbeat => format!("Heartbeat {}", packet.exchange()),
            Pattern::Lookup => format!("Question, {which}"),
            Pattern::Closed | Pattern::Open | Pattern::Write => format!("Request, {which}"),
        },
    };
    let payload = if packet.frame.is_none() { payload(run, packet) } else { None };
    let (view, bytes) = seen(run, packet, payload.as_deref());
    Some(Json::object(|json| {
        json.text("title", &title);
        json.text("shape", shape);
        json.list("facts", |json| {
            let servers = &run.scenario().servers;
            if let Some(server) =
                servers.as_slice().get(usize::from(packet.server)).filter(|_| servers.is_several())
            {
                fact(json, "server", &format!("{} ({})", server.name, server.address));
            }
            if packet.flow > 0 {
                owner(json, run, packet);
            }
            fact(json, "sent", &format!("{} s", clock(packet.sent, places)));
            if packet.local.is_none() {
                fate(json, packet, places);
            }
            let size = if packet.frame.is_none() { "payload" } else { "frame" };
            fact(json, size, &count(packet.bytes.into(), "byte"));
        });
        json.texts("why", why(timeline, packet));
        json.text("view", &view);
        layers::write(json, &bytes);
    }))
}

/// Returns the bytes of a packet, as far as they are kept, and what they are. A frame is shown as it was sent; one that the link
/// damaged, or that a router sent, as it arrived.
fn seen<'a>(run: &'a PageRun, packet: &Packet, payload: Option<&'a [u8]>) -> (String, Bytes<'a>) {
    let [sent, received] = packet.frames;
    let arrived = received.filter(|_| packet.damaged || sent.is_none());
    let (what, bytes) = match arrived.or(sent) {
        Some(record) => {
            let when = if arrived.is_some() { "as it arrived" } else { "as it was sent" };
            let what = format!("The frame {when}");
            (what, run.frames().of(record).map(Bytes::Frame))
        }
        None if payload.is_some_and(<[u8]>::is_empty) => {
            return ("The payload is empty".to_string(), Bytes::Payload(&[]));
        }
        None => {
            let when = if packet.flipped.is_some() { " as it arrived" } else { "" };
            (format!("The payload{when}"), payload.map(Bytes::Payload))
        }
    };
    match bytes {
        Some(bytes) => {
            let (Bytes::Frame(all) | Bytes::Payload(all)) = bytes;
            (format!("{what}, {}", count(all.len() as u64, "byte")), bytes)
        }
        None => {
            let most = MAX_FRAME_BYTES >> 20;
            let why = format!("Not kept: only the first {most} MiB of all frames and payloads are");
            (why, Bytes::Payload(&[]))
        }
    }
}

/// Returns `send 2`; `attempt 2` for a writer.
fn which(timeline: &Timeline, packet: &Packet) -> String {
    let write = timeline.setting().pattern == Pattern::Write;
    format!("{} {}", if write { "attempt" } else { "send" }, packet.send())
}

/// Describes a wait, in the same form.
pub(crate) fn wait(run: &PageRun, timeline: &Timeline, id: Id, places: u32) -> Option<String> {
    let wait = timeline.wait(id)?;
    let words = timeline.words(run.records(), wait.record);
    Some(Json::object(|json| {
        json.text("title", words.sentence().trim_end_matches('.'));
        json.text("shape", "wait");
        json.list("facts", |json| {
            whose(json, run, wait.flow, Some(wait.exchange()));
            fact(json, "began", &format!("{} s", clock(wait.armed, places)));
            fact(json, "would end", &format!("{} s", clock(wait.deadline, places)));
            fact(json, "length", &wait.length());
        });
        json.texts("why", wait_story(timeline, wait));
        json.text("view", "");
        layers::write(json, &Bytes::Payload(&[]));
    }))
}

fn fact(json: &mut Json, name: &str, text: &str) {
    json.element(|json| {
        json.text("name", name);
        json.text("text", text);
    });
}

fn owner(json: &mut Json, run: &PageRun, packet: &Packet) {
    // Of a frame without a label, the exchange is unknown.
    let known = packet.frame.is_none() || packet.label.is_some();
    whose(json, run, packet.flow, known.then(|| packet.exchange()));
}

fn whose(json: &mut Json, run: &PageRun, flow: u32, exchange: Option<u32>) {
    if run.scenario().clients > 1 {
        let address = run.scenario().family.clients().address(flow);
        fact(json, "client", &format!("{flow} ({address})"));
    }
    if let Some(exchange) = exchange.filter(|_| run.scenario().max_exchanges() > 1) {
        fact(json, "exchange", &exchange.to_string());
    }
}

fn fate(json: &mut Json, packet: &Packet, places: u32) {
    let way = span(packet.end.saturating_sub(packet.sent));
    let end = clock(packet.end, places);
    let arrived = format!("{end} s, {way} on its way");
    match packet.ending {
        Ending::Arrived => {
            fact(json, "arrived", &arrived);
            match packet.effect {
                Effect::Answered => fact(json, "effect", "ends the exchange"),
                Effect::Failed => fact(json, "effect", "reports a failure"),
                Effect::Ignored => fact(json, "effect", "ignored, nothing waits for it"),
                Effect::None => {}
            }
        }
        Ending::Dropped(cause) => {
            fact(json, "arrived", &arrived);
            fact(json, "fate", &cause.to_string());
        }
        // The link decides when the packet is sent; where on its way it is lost is unknown.
        Ending::Lost(cause) => fact(json, "fate", &cause.to_string()),
        Ending::Unknown => fact(json, "fate", "arrives after the events that are kept"),
    }
}

/// Returns why it was sent, and why it was lost.
fn why(timeline: &Timeline, packet: &Packet) -> Vec<String> {
    let mut out = match (packet.frame, packet.direction) {
        (Some(carried), _) => frame::story(packet, carried),
        (None, Direction::Reply) => vec![reply_story(timeline, packet)],
        (None, Direction::Request) => vec![request_story(timeline, packet)],
    };
    if packet.duplicate {
        out.push("The link duplicated it: this is the second of two.".to_string());
    }
    if packet.damaged {
        let caught = packet.frame.is_some() || packet.frames[1].is_some();
        let no = if caught { "" } else { ", and no checksum caught that" };
        out.push(format!("The link flipped one bit of it{no}."));
    }
    match packet.ending {
        Ending::Lost(Cause::LinkLoss) => {
            out.push(
                "The link lost it: the draw named by the seed, the client and the packet's \
                      number said so."
                    .to_string(),
            );
        }
        Ending::Lost(cause) | Ending::Dropped(cause) => out.push(format!("It was {cause}.")),
        Ending::Arrived | Ending::Unknown => {}
    }
    if packet.effect == Effect::Ignored {
        out.push("Nothing waited for it when it came: the client ignored it.".to_string());
    }
    out
}

fn reply_story(timeline: &Timeline, packet: &Packet) -> String {
    let which = which(timeline, packet);
    if packet.failure {
        format!("The server failed to serve {which}, and says so.")
    } else {
        format!("It answers {which}.")
    }
}

fn request_story(timeline: &Timeline, packet: &Packet) -> String {
    if timeline.setting().pattern == Pattern::Heartbeat {
        return "The client sends one in each interval. Nobody answers it.".to_string();
    }
    let exchange = packet.exchange();
    if timeline.setting().pattern == Pattern::Write {
        let name = which(timeline, packet);
        return match packet.name.map_or(1, |name| name.number.get()) % 2 {
            1 => format!("It reads the row: {name} begins."),
            _ => format!("It writes the row, with the version that {name} has read."),
        };
    }
    if packet.send() == 1 {
        return format!("It begins exchange {exchange}.");
    }
    let send = packet.send();
    let Some(wait) = packet.after.and_then(|id| timeline.wait(id)) else {
        return format!("It repeats the request of exchange {exchange}.");
    };
    let length = wait.length();
    match wait.timer {
        Timer::Backoff | Timer::Hint => {
            format!("Send {send} went out because the {length} that the client waited are over.")
        }
        Timer::Resend
        | Timer::GiveUp
        | Timer::Timeout
        | Timer::Start
        | Timer::Limits
        | Timer::Think
        | Timer::Service
        | Timer::Outage
        | Timer::Recovery
        | Timer::Arrival
        | Timer::Other(_) => {
            let cause = silence(timeline, wait).map_or(String::new(), |cause| format!("; {cause}"));
            format!("Send {send} went out because the {length} wait fired{cause}.")
        }
    }
}

/// Returns why no reply came during a wait.
fn silence(timeline: &Timeline, wait: &Wait) -> Option<String> {
    let id = wait.request?;
    let request = timeline.packet(id)?;
    let send = request.send();
    let lost = |what: &str, cause: Cause| format!("{what} was {cause}");
    match request.ending {
        Ending::Lost(cause) | Ending::Dropped(cause) => Some(lost(&format!("send {send}"), cause)),
        Ending::Unknown => None,
        Ending::Arrived if request.end > wait.ended => {
            Some(format!("send {send} was still on its way"))
        }
        Ending::Arrived => {
            let replies = timeline.packets().iter();
            let first = timeline.packets().partition_point(|packet| packet.sent < request.end);
            let replies = replies.skip(first).take_while(|packet| packet.sent <= wait.ended);
            let Some(reply) = replies.into_iter().find(|packet| packet.request == Some(id)) else {
                return Some(format!("the server had not replied to send {send} yet"));
            };
            match reply.ending {
                Ending::Lost(cause) => Some(lost(&format!("the reply to send {send}"), cause)),
                Ending::Unknown | Ending::Dropped(_) => None,
                Ending::Arrived if reply.end > wait.ended => {
                    Some(format!("the reply to send {send} was still on its way"))
                }
                Ending::Arrived if reply.effect == Effect::Failed => {
                    Some(format!("send {send} failed"))
                }
                Ending::Arrived => Some(format!("the reply to send {send} was ignored")),
            }
        }
    }
}

fn wait_story(timeline: &Timeline, wait: &Wait) -> Vec<String> {
    let mut out = Vec::new();
    let reason = match wait.timer {
        Timer::Start => "The policy delays the first send.",
        Timer::Limits => {
            "The policy's retry budget or circuit breaker refused the exchange: nothing of it is sent."
        }
        Timer::Think => "The workload pauses between two exchanges.",
        Timer::Arrival => "The workload says when exchanges arrive.",
        Timer::Backoff => "The last send was abandoned or has failed.",
        Timer::Hint => "The server said when to come back.",
        Timer::Timeout => "The policy abandons a send that is not answered in this time.",
        Timer::Resend
        | Timer::GiveUp
        | Timer::Service
        | Timer::Outage
        | Timer::Recovery
        | Timer::Other(_) => "",
    };
    if !reason.is_empty() {
        out.push(reason.to_string());
    }
    out.push(match wait.end {
        WaitEnd::Fired => match silence(timeline, wait) {
            Some(cause) => format!("It ran to its end: {cause}."),
            None => "It ran to its end.".to_string(),
        },
        WaitEnd::Unknown => "It ends after the events that are kept.".to_string(),
        WaitEnd::Replaced => "Another wait took its place.".to_string(),
        WaitEnd::Answered => {
            let early = span(wait.deadline.saturating_sub(wait.ended));
            format!("A reply ended it {early} before it would have fired.")
        }
        WaitEnd::Over => "The exchange ended without a reply.".to_string(),
    });
    out
}

/// Returns the payload of a datagram as it arrived, or as it was sent if it did not arrive; `None` if it is not kept.
fn payload(run: &PageRun, packet: &Packet) -> Option<Vec<u8>> {
    let mut bytes = run.frames().of(packet.order)?.to_vec();
    if let Some(bit) = packet.flipped
        && let Some(byte) = bytes.get_mut(bit as usize / 8)
    {
        *byte ^= 1 << (bit % 8);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    fn over(fragment: &str) -> (PageRun, Timeline) {
        let (scenario, _) = Scenario::from_fragment(fragment);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        (run, timeline)
    }

    #[test]
    fn every_packet_says_why() {
        let (run, timeline) = over(crate::lessons::OPENING.fragment);
        let text = |id| packet(&run, &timeline, id, 3).unwrap();
        assert!(text(0).contains("It begins exchange 1."), "{}", text(0));
        assert!(text(1).contains(r#"{"name":"fate","text":"lost on the link"}"#), "{}", text(1));
        assert!(
            text(2).contains(
                "Send 2 went out because the 100 ms wait fired; the reply to send 1 was lost on \
                 the link."
            ),
            "{}",
            text(2)
        );
        assert!(text(3).contains("ends the exchange"), "{}", text(3));
        assert!(text(3).contains(r#""value":"Your data was 5 bytes""#), "{}", text(3));
        assert!(text(0).contains(r#""hex":"68656c6c6f""#), "{}", text(0));
        assert_eq!(packet(&run, &timeline, 4, 3), None);
        let first = wait(&run, &timeline, 0, 3).unwrap();
        assert!(first.contains("to its end: the reply to send 1 was lost on the link."), "{first}");
        let second = wait(&run, &timeline, 1, 3).unwrap();
        assert!(second.contains("180 ms before it would have fired"), "{second}");
    }

    #[cfg(feature = "packets")]
    #[test]
    fn a_client_has_an_address_of_its_networks_family() {
        let clients = |fragment: &str| {
            let (run, timeline) = over(fragment);
            packet(&run, &timeline, 0, 3).unwrap()
        };
        let (ipv4, ipv6) = (
            clients("network=packets&clients=2"),
            clients("network=packets&family=ipv6&clients=2"),
        );
        assert!(ipv4.contains("1 (10.0.0.1:40000)"), "{ipv4}");
        assert!(ipv6.contains("1 ([fd72:6574:7279::1]:40000)"), "{ipv6}");
    }

    #[test]
    fn other_silences_have_their_reasons() {
        let (run, timeline) = over("link.latency=60ms");
        let second = packet(&run, &timeline, 2, 3).unwrap();
        assert!(second.contains("the reply to send 1 was still on its way"), "{second}");
        let late = packet(&run, &timeline, 3, 3).unwrap();
        assert!(late.contains("Nothing waited for it"), "{late}");
        let (run, timeline) = over("server.drop=1");
        let second = packet(&run, &timeline, 1, 3).unwrap();
        assert!(second.contains("send 1 was dropped by the server at random"), "{second}");
    }

    #[test]
    fn every_payload_is_kept() {
        for fragment in [
            "",
            "token=true&server.reply=mirror&exchanges=12",
            "message=",
            "link.corrupt=1&link.checksum=false&exchanges=5",
            "link.duplicate=1",
            "workload.task=heartbeat&exchanges=3",
            "workload.task=write&clients=3&policy.give_up_above=none",
            #[cfg(feature = "packets")]
            "protocol=dns&message=www.example",
        ] {
            let (run, timeline) = over(fragment);
            assert!(!timeline.packets().is_empty(), "{fragment}");
            for packet in timeline.packets() {
                let length = payload(&run, packet).map(|bytes| bytes.len());
                assert_eq!(length, Some(packet.bytes as usize), "{fragment}");
            }
        }
    }

    #[test]
    fn a_payload_is_shown_as_it_arrived() {
        let (run, timeline) = over("link.corrupt=1&link.checksum=false&policy.max_sends=1");
        let damaged = packet(&run, &timeline, 0, 3).unwrap();
        assert!(damaged.contains("The payload as it arrived, 5 bytes"), "{damaged}");
        assert!(!damaged.contains(r#""hex":"68656c6c6f""#), "{damaged}");
    }

    #[cfg(feature = "packets")]
    #[test]
    fn a_lookup_shows_its_messages() {
        let (run, timeline) =
            over("message=www.example&protocol=dns&dns.records=www.example%3D192.0.2.80");
        let question = packet(&run, &timeline, 0, 3).unwrap();
        assert!(question.contains("The payload, 29 bytes"), "{question}");
        assert!(
            question.contains(r#""name":"DNS""#) && question.contains("www.example"),
            "{question}"
        );
        assert!(packet(&run, &timeline, 1, 3).unwrap().contains("192.0.2.80"));
    }
}
