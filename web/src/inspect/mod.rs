//! Everything known about one packet or one wait, and why it happened, for the inspector.

mod frame;
mod layers;

use crate::frames::MAX_FRAME_BYTES;
use crate::json::Json;
use crate::numbers::{clock, count, span};
use crate::run::PageRun;
use crate::timeline::{Effect, Ending, Id, Packet, Timeline};
use crate::why::{self, Chain};
use retrylab_core::machine::Label;
use retrylab_core::trace::Direction;
use retrylab_core::trace::words::Pattern;

use layers::Bytes;

/// Describes a packet, as far as it is `seen`: `title`, `shape`, `facts` (`name`, `text`), `why` (what such a frame is for, in sentences), `chain`
/// (see [`Chain::write`]), `exchange`, `view` (what the bytes are), and the bytes with their layers: see [`layers::write`].
#[inline(never)]
pub(crate) fn packet(
    run: &PageRun,
    timeline: &Timeline,
    id: Id,
    (places, seen): (u32, u64),
) -> Option<String> {
    let packet = timeline.packet(id)?;
    let which = why::which(timeline, packet);
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
    let (view, bytes) = bytes_of(run, packet, payload.as_deref());
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
                fate(json, (run, timeline), packet, (places, seen));
            }
            let size = if packet.frame.is_none() { "payload" } else { "frame" };
            fact(json, size, &count(packet.bytes.into(), "byte"));
        });
        let story = packet.frame.map(|carried| frame::story(packet, carried));
        json.texts("why", story.unwrap_or_default());
        Chain::of_packet(run, timeline, id, (places, seen)).write(json, "chain");
        exchange(json, run, timeline, (packet.flow, packet.label), seen);
        json.text("view", &view);
        layers::write(json, &bytes);
    }))
}

/// Returns the bytes of a packet, as far as they are kept, and what they are. A frame is shown as it was sent; one that the link
/// damaged, or that a router sent, as it arrived.
fn bytes_of<'a>(
    run: &'a PageRun,
    packet: &Packet,
    payload: Option<&'a [u8]>,
) -> (String, Bytes<'a>) {
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

/// Describes a wait, in the same form.
#[inline(never)]
pub(crate) fn wait(
    run: &PageRun,
    timeline: &Timeline,
    id: Id,
    (places, seen): (u32, u64),
) -> Option<String> {
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
        json.texts("why", [""; 0]);
        Chain::of_wait(run, timeline, id, (places, seen)).write(json, "chain");
        exchange(json, run, timeline, (wait.flow, wait.label), seen);
        json.text("view", "");
        layers::write(json, &Bytes::Payload(&[]));
    }))
}

/// Writes `exchange`: an array with the exchange of a packet or a wait, or an empty one. See [`why::waterfall`] and
/// [`why::states`].
fn exchange(
    json: &mut Json,
    run: &PageRun,
    timeline: &Timeline,
    (flow, label): (u32, Option<Label>),
    seen: u64,
) {
    let has_exchanges = timeline.setting().pattern != Pattern::Heartbeat;
    json.list("exchange", |json| {
        if let Some(label) = label.filter(|_| has_exchanges) {
            let of = (flow, label.exchange.get());
            json.element(|json| {
                why::waterfall(json, run, timeline, of, seen);
                why::states(json, run, timeline, of);
            });
        }
    });
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

fn fate(
    json: &mut Json,
    (run, timeline): (&PageRun, &Timeline),
    packet: &Packet,
    (places, seen): (u32, u64),
) {
    let way = span(packet.end.saturating_sub(packet.sent));
    let end = clock(packet.end, places);
    let arrived = format!("{end} s, {way} on its way");
    match packet.ending_at(seen) {
        Ending::Arrived => {
            fact(json, "arrived", &arrived);
            let effect = match (packet.effect, why::taken_by(timeline, run.records(), packet)) {
                (Effect::Answered, Some(other)) => format!("ends exchange {other}"),
                (Effect::Failed, Some(other)) => format!("reports a failure to exchange {other}"),
                (Effect::Answered, None) => "ends the exchange".to_string(),
                (Effect::Failed, None) => "reports a failure".to_string(),
                (Effect::Ignored, _) => "ignored, nothing waits for it".to_string(),
                (Effect::None, _) => return,
            };
            fact(json, "effect", &effect);
        }
        Ending::Dropped(cause) => {
            fact(json, "arrived", &arrived);
            fact(json, "fate", &cause.to_string());
        }
        // The link decides when the packet is sent; where on its way it is lost is unknown.
        Ending::Lost(cause) => fact(json, "fate", &cause.to_string()),
        Ending::Unknown => fact(json, "fate", "on its way"),
    }
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
        let text = |id| packet(&run, &timeline, id, (3, u64::MAX)).unwrap();
        assert!(text(0).contains("Send 1 began exchange 1 at 0.000 s."), "{}", text(0));
        assert!(text(1).contains(r#"{"name":"fate","text":"lost on the link"}"#), "{}", text(1));
        assert!(
            text(2).contains(
                "Send 2 left at 0.100 s, because the wait of 100 ms for a reply ran out."
            ),
            "{}",
            text(2)
        );
        assert!(text(3).contains("ends the exchange"), "{}", text(3));
        assert!(text(3).contains(r#""value":"Your data was 5 bytes""#), "{}", text(3));
        assert!(text(0).contains(r#""hex":"68656c6c6f""#), "{}", text(0));
        assert_eq!(packet(&run, &timeline, 4, (3, u64::MAX)), None);
        let first = wait(&run, &timeline, 0, (3, u64::MAX)).unwrap();
        assert!(first.contains("The wait ran to its end at 0.100 s."), "{first}");
        let second = wait(&run, &timeline, 1, (3, u64::MAX)).unwrap();
        assert!(second.contains("0.120 s, 180 ms before it would have run out"), "{second}");
    }

    #[cfg(feature = "packets")]
    #[test]
    fn a_client_has_an_address_of_its_networks_family() {
        let clients = |fragment: &str| {
            let (run, timeline) = over(fragment);
            packet(&run, &timeline, 0, (3, u64::MAX)).unwrap()
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
        let second = packet(&run, &timeline, 2, (3, u64::MAX)).unwrap();
        assert!(second.contains("The reply to send 1 was still on its way"), "{second}");
        let late = packet(&run, &timeline, 3, (3, u64::MAX)).unwrap();
        assert!(late.contains("Nothing waited for it"), "{late}");
        let (run, timeline) = over("server.drop=1");
        let second = packet(&run, &timeline, 1, (3, u64::MAX)).unwrap();
        assert!(
            second.contains("Send 1 was dropped by the server: the drop rate was 1"),
            "{second}"
        );
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
        let damaged = packet(&run, &timeline, 0, (3, u64::MAX)).unwrap();
        assert!(damaged.contains("The payload as it arrived, 5 bytes"), "{damaged}");
        assert!(!damaged.contains(r#""hex":"68656c6c6f""#), "{damaged}");
    }

    #[cfg(feature = "packets")]
    #[test]
    fn a_lookup_shows_its_messages() {
        let (run, timeline) =
            over("message=www.example&protocol=dns&dns.records=www.example%3D192.0.2.80");
        let question = packet(&run, &timeline, 0, (3, u64::MAX)).unwrap();
        assert!(question.contains("The payload, 29 bytes"), "{question}");
        assert!(
            question.contains(r#""name":"DNS""#) && question.contains("www.example"),
            "{question}"
        );
        assert!(packet(&run, &timeline, 1, (3, u64::MAX)).unwrap().contains("192.0.2.80"));
    }
}
