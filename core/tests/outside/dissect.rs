//! The layers of frames: of real ones, of damaged ones, and of any bytes.

use crate::packets::{Frame, capture};
use crate::packets_tcp;
use proptest::collection::vec;
use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use retrylab_core::dissect::{self, Field, Layer};

/// Checks that ranges lie inside the bytes and nest, and that every field says something.
fn check(layers: &[Layer], len: usize) {
    let mut outer = 0..len;
    for layer in layers {
        assert!(
            layer.range.start >= outer.start && layer.range.end <= outer.end,
            "{layer:?} in {outer:?}"
        );
        assert!(!layer.range.is_empty() && !layer.fields.is_empty(), "{layer:?}");
        for Field { name, value, range, .. } in &layer.fields {
            let inside = layer.range.start <= range.start && range.end <= layer.range.end;
            assert!(inside && range.start <= range.end, "{name} {range:?} in {:?}", layer.range);
            assert!(!name.is_empty() || !value.is_empty());
        }
        outer = layer.range.clone();
    }
}

fn protocols(frame: &Frame) -> String {
    let layers = dissect::frame(&frame.bytes);
    check(&layers, frame.bytes.len());
    layers.iter().map(|layer| layer.protocol).collect::<Vec<_>>().join(" ")
}

fn field<'a>(layers: &'a [Layer], protocol: &str, name: &str) -> &'a Field {
    let layer = layers.iter().find(|layer| layer.protocol == protocol).unwrap();
    layer.fields.iter().find(|field| field.name == name).unwrap()
}

#[test]
fn a_datagram_is_wrapped_layer_by_layer() {
    let frames = capture("network=packets").frames;
    assert_eq!(
        frames.iter().map(protocols).collect::<Vec<_>>(),
        [
            "Ethernet ARP",
            "Ethernet ARP",
            "Ethernet IPv4 UDP Payload",
            "Ethernet ARP",
            "Ethernet ARP",
            "Ethernet IPv4 UDP Payload",
            "Ethernet IPv4 UDP Payload",
            "Ethernet IPv4 UDP Payload",
        ]
    );
    let layers = dissect::frame(&frames[2].bytes);
    let ranges: Vec<_> = layers.iter().map(|layer| layer.range.clone()).collect();
    assert_eq!(ranges, [0..47, 14..47, 34..47, 42..47]);
    for (protocol, name, value, meaning, range) in [
        ("Ethernet", "type", "0x0800", "IPv4 follows", 12..14),
        ("IPv4", "total length", "33 bytes", "header and data", 16..18),
        ("IPv4", "time to live", "64", "each router takes one off", 22..23),
        ("IPv4", "protocol", "17", "UDP follows", 23..24),
        ("IPv4", "destination", "192.0.2.1", "", 30..34),
        ("UDP", "destination port", "1060", "", 36..38),
        ("Payload", "message", "hello", "5 bytes", 42..47),
    ] {
        let found = field(&layers, protocol, name);
        let expected = (value, meaning, range);
        assert_eq!((found.value.as_str(), found.meaning.as_str(), found.range.clone()), expected);
    }
    let arp = dissect::frame(&frames[0].bytes);
    assert_eq!(field(&arp, "ARP", "operation").meaning, "request: who has 10.255.255.254?");
    assert_eq!(field(&arp, "Ethernet", "destination").meaning, "every host on the cable");
}

#[test]
fn a_wrong_checksum_is_reported_with_the_right_one() {
    let frames = capture("network=packets").frames;
    let right = &frames[2].bytes;
    for (protocol, at) in [("IPv4", 22), ("UDP", 45)] {
        let mut wrong = right.clone();
        wrong[at] ^= 1;
        let layers = dissect::frame(&wrong);
        let meaning = &field(&layers, protocol, "checksum").meaning;
        assert!(meaning.starts_with("wrong: of these bytes it is 0x"), "{protocol}: {meaning}");
        let layers = dissect::frame(right);
        assert_eq!(field(&layers, protocol, "checksum").meaning, "right");
    }
}

#[test]
fn errors_fragments_and_connections_are_read() {
    let refused = capture("network=packets&server.listening=false").frames;
    let error = refused.iter().find(|frame| protocols(frame).contains("ICMP")).unwrap();
    assert_eq!(protocols(error), "Ethernet IPv4 ICMP Quoted packet");
    let layers = dissect::frame(&error.bytes);
    let what = &field(&layers, "ICMP", "type").meaning;
    assert_eq!(what, "destination unreachable: nobody listens on the port");
    assert_eq!(field(&layers, "ICMP", "checksum").meaning, "right");
    assert_eq!(field(&layers, "Quoted packet", "destination port").value, "1060");

    let long = format!("network=packets&link.mtu=576&message={}", "x".repeat(1_000));
    let fragments = capture(&long).frames;
    let of = |what: &str| fragments.iter().filter(|frame| protocols(frame) == what).count();
    assert_eq!((of("Ethernet IPv4 Fragment"), of("Ethernet IPv4 UDP Payload")), (4, 2));
    let last =
        fragments.iter().rfind(|frame| protocols(frame) == "Ethernet IPv4 Fragment").unwrap();
    let layers = dissect::frame(&last.bytes);
    assert_eq!(field(&layers, "IPv4", "flags").meaning, "the last fragment");

    let stream = packets_tcp::one_exchange().frames;
    let syn = stream.iter().find(|frame| protocols(frame) == "Ethernet IPv4 TCP").unwrap();
    let layers = dissect::frame(&syn.bytes);
    assert_eq!(field(&layers, "TCP", "flags").value, "SYN");
    assert_eq!(field(&layers, "TCP", "maximum segment size").value, "1460 bytes");
    assert!(stream.iter().any(|frame| protocols(frame) == "Ethernet IPv4 TCP Payload"));
    for frame in stream.iter().chain(&refused).chain(&fragments) {
        for layer in dissect::frame(&frame.bytes) {
            for field in layer.fields.iter().filter(|field| field.name == "checksum") {
                assert_eq!(field.meaning, "right", "{} of {:?}", layer.protocol, frame.record);
            }
        }
    }
}

/// Puts a message into a UDP datagram from `port` to port 9. Its checksums are not right.
fn datagram(port: u16, message: &[u8]) -> Vec<u8> {
    let mut frame = capture("network=packets").frames[2].bytes[..42].to_vec();
    frame.extend_from_slice(message);
    frame[16..18].copy_from_slice(&(28 + message.len() as u16).to_be_bytes());
    frame[34..36].copy_from_slice(&port.to_be_bytes());
    frame[38..40].copy_from_slice(&(8 + message.len() as u16).to_be_bytes());
    frame
}

#[test]
fn messages_of_programs_are_read() {
    let response =
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy";
    let layers = dissect::message(response);
    check(&layers, response.len());
    assert_eq!(field(&layers, "HTTP", "status line").meaning, "error of the server");
    assert_eq!(field(&layers, "HTTP", "Retry-After").value, "2");
    let body = field(&layers, "HTTP", "body");
    assert_eq!((body.value.as_str(), &response[body.range.clone()]), ("busy", &b"busy"[..]));

    // A reply with one address; the name of the answer points at that of the question.
    let reply = b"\x12\x34\x84\x00\0\x01\0\x01\0\0\0\0\x07example\x03net\0\0\x01\0\x01\
                  \xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\x04\xc0\0\x02\x07";
    let frame = datagram(53, reply);
    let layers = dissect::frame(&frame);
    check(&layers, frame.len());
    assert_eq!(field(&layers, "DNS", "question").value, "example.net");
    assert_eq!(field(&layers, "DNS", "record example.net").value, "192.0.2.7");
    assert_eq!(field(&layers, "DNS", "flags").meaning, "reply, authoritative");
    // A name that points at itself has no end, so this is not a message of DNS.
    let mut endless = reply.to_vec();
    endless[12..14].copy_from_slice(&[0xc0, 0x0c]);
    let layers = dissect::frame(&datagram(53, &endless));
    assert_eq!(layers.last().unwrap().protocol, "Payload");
}

/// The servers of a scenario with stacks have port 1060: messages are recognized by what they contain.
#[test]
fn lookups_over_packets_are_messages_of_dns() {
    let frames = capture("network=packets&protocol=dns&message=www.example").frames;
    let messages: Vec<_> = frames.iter().filter(|frame| protocols(frame).contains("UDP")).collect();
    assert_eq!(messages.len(), 4, "the query and the reply, sent and received");
    for frame in messages {
        assert_eq!(protocols(frame), "Ethernet IPv4 UDP DNS");
        let layers = dissect::frame(&frame.bytes);
        assert_eq!(field(&layers, "UDP", "checksum").meaning, "right");
        assert_eq!(field(&layers, "DNS", "question").value, "www.example");
        let message = &frame.bytes[42..];
        assert_eq!(dissect::message(message)[0].protocol, "DNS", "without lower layers, too");
        // One byte more or less is not a message of DNS.
        assert_eq!(dissect::message(&message[..message.len() - 1])[0].protocol, "Payload");
        assert_eq!(dissect::message(&[message, b"!"].concat())[0].protocol, "Payload");
    }
}

proptest! {
    #[test]
    fn any_bytes_have_layers_that_nest(bytes in vec(any::<u8>(), 0..200)) {
        check(&dissect::frame(&bytes), bytes.len());
        check(&dissect::message(&bytes), bytes.len());
    }

    /// Real headers with some bytes changed and cut off reach every branch.
    #[test]
    fn damaged_frames_have_layers_that_nest(
        which in any::<prop::sample::Index>(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let frames = frames();
        let mut bytes = frames[which.index(frames.len())].clone();
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&dissect::frame(&bytes), bytes.len());
    }

    #[test]
    fn every_byte_of_a_frame_has_a_field(which in any::<prop::sample::Index>()) {
        let frames = frames();
        let bytes = &frames[which.index(frames.len())];
        let layers = dissect::frame(bytes);
        let fields = layers.iter().flat_map(|layer| &layer.fields);
        let mut bare = vec![true; bytes.len()];
        fields.for_each(|field| bare[field.range.clone()].fill(false));
        let of_quoted = layers.last().is_some_and(|layer| layer.protocol == "Quoted packet");
        let end = if of_quoted { layers[layers.len() - 1].range.start } else { bytes.len() };
        // Four bytes of an ICMP error are not used.
        let unused = if of_quoted { 38..42 } else { 0..0 };
        for (place, bare) in bare[..end].iter().enumerate() {
            prop_assert!(!bare || unused.contains(&place), "byte {place} of {layers:?}");
        }
        prop_assert_eq!(layers[0].protocol, "Ethernet");
    }
}

/// Frames of every kind that hosts send, and two messages.
fn frames() -> &'static [Vec<u8>] {
    static FRAMES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    FRAMES.get_or_init(|| {
        let long = format!("network=packets&link.mtu=576&message={}", "x".repeat(1_000));
        let runs =
            ["network=packets", "network=packets&server.listening=false", &long].map(capture);
        let frames = runs.into_iter().chain([packets_tcp::one_exchange()]);
        let mut all: Vec<_> = frames.flat_map(|run| run.frames).map(|frame| frame.bytes).collect();
        all.push(datagram(80, b"GET / HTTP/1.1\r\nHost: example.net\r\n\r\n"));
        all.push(datagram(53, b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x01a\0\0\x01\0\x01"));
        all
    })
}
