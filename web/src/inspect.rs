//! All that is known of one packet or one wait, and why it happened, for the inspector.

use crate::json::Json;
use crate::numbers::{address, clock, count, span};
use crate::run::Run;
use crate::timeline::{Effect, Fate, Id, Packet, Purpose, Timeline, Wait};
use retrylab_core::machine::Machine;
use retrylab_core::protocol::Token;
use retrylab_core::server::echo;
use retrylab_core::sim::{SERVER, client_address};
use retrylab_core::time::Instant;
use retrylab_core::trace::{Cause, Direction};

/// How many bytes of a payload are shown.
const MOST_BYTES: usize = 64;

/// A packet: `title`, `shape`, `facts` (`name`, `text`), `why` (sentences), `text`, `hex`, `flow`.
pub(crate) fn packet(run: &Run, timeline: &Timeline, id: Id, places: u32) -> Option<String> {
    let packet = timeline.packet(id)?;
    let send = packet.send();
    let (shape, title) = match packet.direction {
        Direction::Reply => ("reply", format!("Reply to send {send}")),
        Direction::Request if packet.is_retry() => ("retry", format!("Request, send {send}")),
        Direction::Request => ("request", format!("Request, send {send}")),
    };
    let payload = payload(run, packet);
    Some(Json::object(|json| {
        json.text("title", &title);
        json.text("shape", shape);
        json.number("flow", packet.flow.into());
        json.list("facts", |json| {
            owner(json, run, packet.flow, packet.exchange());
            fact(json, "sent", &format!("{} s", clock(packet.sent, places)));
            fate(json, packet, places);
            fact(json, "payload", &count(packet.bytes.into(), "byte"));
        });
        json.texts("why", why(timeline, packet));
        json.text("text", &String::from_utf8_lossy(&payload));
        json.text("hex", &hex(&payload));
    }))
}

/// A wait, in the same form.
pub(crate) fn wait(run: &Run, timeline: &Timeline, id: Id, places: u32) -> Option<String> {
    let wait = timeline.wait(id)?;
    let send = wait.label.map_or(1, |label| label.send.get());
    let (title, then) = match wait.purpose() {
        Purpose::Reply => (format!("The wait after send {send}"), "sends again"),
        Purpose::LastReply => (format!("The wait after send {send}"), "gives up"),
        Purpose::Start => ("The wait before the first send".to_string(), "sends"),
        Purpose::Rest => ("The rest of a client that may not ask".to_string(), "goes on"),
    };
    Some(Json::object(|json| {
        json.text("title", &title);
        json.text("shape", "wait");
        json.number("flow", wait.flow.into());
        json.list("facts", |json| {
            owner(json, run, wait.flow, wait.exchange());
            fact(json, "began", &format!("{} s", clock(wait.armed, places)));
            fact(json, "would end", &format!("{} s", clock(wait.deadline, places)));
            fact(json, "length", &wait.length());
            fact(json, "then", &format!("the client {then}"));
        });
        json.texts("why", wait_story(timeline, wait));
        json.text("text", "");
        json.text("hex", "");
    }))
}

fn fact(json: &mut Json, name: &str, text: &str) {
    json.element(|json| {
        json.text("name", name);
        json.text("text", text);
    });
}

fn owner(json: &mut Json, run: &Run, flow: u32, exchange: u32) {
    if run.scenario().clients > 1 {
        fact(json, "client", &format!("{flow} ({})", address(client_address(flow))));
    }
    if run.scenario().exchanges > 1 {
        fact(json, "exchange", &exchange.to_string());
    }
}

fn fate(json: &mut Json, packet: &Packet, places: u32) {
    let way = span(packet.end.saturating_sub(packet.sent));
    let end = clock(packet.end, places);
    match packet.fate {
        Fate::Arrived => {
            fact(json, "arrived", &format!("{end} s, {way} on its way"));
            match packet.effect {
                Effect::Answered => fact(json, "effect", "ends the exchange"),
                Effect::Late => fact(json, "effect", "too late, ignored"),
                Effect::None => {}
            }
        }
        Fate::Dropped(cause) => {
            fact(json, "arrived", &format!("{end} s, {way} on its way"));
            fact(json, "fate", &cause.to_string());
        }
        // The link decides when it is sent; where on its way it is lost, nobody knows.
        Fate::Lost(cause) => fact(json, "fate", &cause.to_string()),
        Fate::Unknown => fact(json, "fate", "arrives after the events that are kept"),
    }
}

/// Why it was sent, and why it was lost.
fn why(timeline: &Timeline, packet: &Packet) -> Vec<String> {
    let mut out = Vec::new();
    let send = packet.send();
    match packet.direction {
        Direction::Reply => out.push(format!(
            "The server answers each request that it does not drop; this one answers send {send}."
        )),
        Direction::Request if send == 1 => {
            out.push(format!("It begins exchange {}.", packet.exchange()));
        }
        Direction::Request => {
            let before = wait_before(timeline, packet);
            let wait = before.map_or_else(String::new, |wait| wait.length() + " ");
            let mut sentence = format!("Send {send} went out because the {wait}wait fired");
            if let Some(cause) = before.and_then(|wait| silence(timeline, wait)) {
                sentence += &format!("; {cause}");
            }
            out.push(sentence + ".");
        }
    }
    match packet.fate {
        Fate::Lost(Cause::LinkLoss) => {
            out.push(
                "The link lost it: the draw named by the seed, the client and the packet's \
                      number said so."
                    .to_string(),
            );
        }
        Fate::Lost(cause) | Fate::Dropped(cause) => out.push(format!("It was {cause}.")),
        Fate::Arrived | Fate::Unknown => {}
    }
    if packet.effect == Effect::Late {
        out.push("When it came, its exchange was over: the client ignored it.".to_string());
    }
    out
}

/// The wait whose end sent `packet`: that of the send before it.
fn wait_before<'a>(timeline: &'a Timeline, packet: &Packet) -> Option<&'a Wait> {
    let own = packet.wait.and_then(|id| timeline.wait(id))?;
    // Waits are in order of their beginning; the one that ended when this began is near.
    let until = timeline.waits().partition_point(|wait| wait.armed <= own.armed);
    timeline.waits()[..until]
        .iter()
        .rev()
        .find(|wait| wait.flow == packet.flow && wait.fired && wait.ended == packet.sent)
}

/// Why no reply came during a wait.
fn silence(timeline: &Timeline, wait: &Wait) -> Option<String> {
    let id = wait.request?;
    let request = timeline.packet(id)?;
    let send = request.send();
    let lost = |what: &str, cause: Cause| format!("{what} was {cause}");
    match request.fate {
        Fate::Lost(cause) | Fate::Dropped(cause) => Some(lost(&format!("send {send}"), cause)),
        Fate::Unknown => None,
        Fate::Arrived if request.end > wait.ended => {
            Some(format!("send {send} was still on its way"))
        }
        Fate::Arrived => {
            let replies = timeline.packets().iter();
            let first = timeline.packets().partition_point(|packet| packet.sent < request.end);
            let reply = replies.skip(first).find(|packet| packet.request == Some(id))?;
            match reply.fate {
                Fate::Lost(cause) => Some(lost(&format!("the reply to send {send}"), cause)),
                _ => Some(format!("the reply to send {send} was still on its way")),
            }
        }
    }
}

fn wait_story(timeline: &Timeline, wait: &Wait) -> Vec<String> {
    let mut out = Vec::new();
    match wait.purpose() {
        Purpose::Start => out.push("The policy delays the first copy.".to_string()),
        Purpose::Rest => out.push(
            "The policy's budget or breaker refused the exchange: nothing of it is sent."
                .to_string(),
        ),
        Purpose::Reply | Purpose::LastReply => {}
    }
    if wait.fired {
        let then = match wait.purpose() {
            Purpose::Reply => "sent again",
            Purpose::LastReply => "gave up",
            Purpose::Start => "sent",
            Purpose::Rest => "went on",
        };
        let mut sentence = format!("It fired, and the client {then}");
        if let Some(cause) = silence(timeline, wait) {
            sentence += &format!(": {cause}");
        }
        out.push(sentence + ".");
    } else if wait.ended == u64::MAX {
        out.push("It ends after the events that are kept.".to_string());
    } else {
        let early = span(wait.deadline.saturating_sub(wait.ended));
        out.push(format!("A reply ended it {early} before it would have fired."));
    }
    out
}

/// The bytes of a packet, as the core's machines make them.
fn payload(run: &Run, packet: &Packet) -> Vec<u8> {
    let scenario = run.scenario();
    let mut request = Vec::new();
    if let (true, Some(label)) = (scenario.token, packet.label) {
        Token(label).emit(&mut request);
    }
    request.extend_from_slice(scenario.message.as_bytes());
    if packet.direction == Direction::Request {
        return request;
    }
    let config = echo::Config { reply: scenario.server.reply, ..echo::Config::default() };
    let mut server = echo::Server::new(config, 0);
    server.handle_datagram(Instant::ZERO, SERVER, client_address(packet.flow), &request);
    let mut reply = Vec::new();
    let _ = server.poll_transmit(Instant::ZERO, &mut reply);
    reply
}

/// Rows of up to eight bytes in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (i, byte) in bytes.iter().take(MOST_BYTES).enumerate() {
        if i > 0 {
            out.push(if i % 8 == 0 { '\n' } else { ' ' });
        }
        out += &format!("{byte:02x}");
    }
    if bytes.len() > MOST_BYTES {
        out += "\n…";
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    fn over(fragment: &str) -> (Run, Timeline) {
        let (scenario, _) = Scenario::from_fragment(fragment);
        let mut run = Run::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(run.scenario(), run.records(), run.is_cut());
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
        assert!(text(3).contains(r#""text":"Your data was 5 bytes""#), "{}", text(3));
        assert!(text(0).contains(r#""hex":"68 65 6c 6c 6f""#), "{}", text(0));
        assert_eq!(packet(&run, &timeline, 4, 3), None);
        let first = wait(&run, &timeline, 0, 3).unwrap();
        assert!(first.contains("sent again: the reply to send 1 was lost on the link."), "{first}");
        let second = wait(&run, &timeline, 1, 3).unwrap();
        assert!(second.contains("180 ms before it would have fired"), "{second}");
    }

    #[test]
    fn other_silences_have_their_reasons() {
        let (run, timeline) = over("link.latency=60ms");
        let second = packet(&run, &timeline, 2, 3).unwrap();
        assert!(second.contains("the reply to send 1 was still on its way"), "{second}");
        let late = packet(&run, &timeline, 3, 3).unwrap();
        assert!(late.contains("its exchange was over"), "{late}");
        let (run, timeline) = over("server.drop=1");
        let second = packet(&run, &timeline, 1, 3).unwrap();
        assert!(second.contains("send 1 was dropped by the server at random"), "{second}");
    }

    #[test]
    fn payloads_are_as_long_as_the_trace_says() {
        for fragment in
            ["", "token=true", "token=true&server.reply=mirror&exchanges=12", "message="]
        {
            let (run, timeline) = over(fragment);
            for packet in timeline.packets() {
                assert_eq!(payload(&run, packet).len(), packet.bytes as usize, "{fragment}");
            }
        }
        assert_eq!(hex(&[1; 65]).lines().count(), 9);
    }
}
