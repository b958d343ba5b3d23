//! Networks of packets: hosts with TCP/IP stacks.

use retrylab_core::scenario::Scenario;
use retrylab_core::sim::run;
use retrylab_core::trace::{
    Carried, Cause, Digest, DigestSink, Direction, FrameStep, HostId, Record, Sink, What,
};
use std::fmt::Write;

/// A frame that a host has sent or received.
pub(crate) struct Frame {
    pub(crate) record: Record,
    pub(crate) bytes: Vec<u8>,
}

/// Keeps records, and the bytes of frames.
#[derive(Default)]
pub(crate) struct Capture {
    pub(crate) records: Vec<Record>,
    pub(crate) frames: Vec<Frame>,
    digest: DigestSink,
}

impl Sink for Capture {
    fn record(&mut self, record: &Record) {
        self.records.push(*record);
        self.digest.record(record);
    }

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        self.records.push(*record);
        self.digest.frame(record, bytes);
        self.frames.push(Frame { record: *record, bytes: bytes.to_vec() });
    }
}

impl Capture {
    pub(crate) fn digest(&self) -> Digest {
        self.digest.digest()
    }

    /// Checks the lengths and checksums of all frames: as the records say, and as RFC 791, 8200, 768, 792, 4443
    /// and 9293 require.
    pub(crate) fn check_frames(&self) {
        for Frame { record, bytes } in &self.frames {
            let What::Frame { bytes: len, .. } = record.what else { panic!("{record:?}") };
            assert_eq!(len as usize, bytes.len());
            match bytes[12..14] {
                [0x08, 0x00] => check_packet(&bytes[14..], record),
                [0x86, 0xDD] => check_packet_of_ipv6(&bytes[14..], record),
                _ => {}
            }
        }
    }
}

fn check_packet(packet: &[u8], record: &Record) {
    assert_eq!(usize::from(u16::from_be_bytes([packet[2], packet[3]])), packet.len(), "{record:?}");
    assert_eq!(sum(0, &packet[..20]), 0xFFFF, "header of {record:?}");
    let is_fragment = packet[6] & 0x3F != 0 || packet[7] != 0;
    let (protocol, payload) = (packet[9], &packet[20..]);
    if is_fragment {
        return;
    }
    // TCP and UDP include a pseudo header: addresses, protocol, length.
    let pseudo = match protocol {
        1 => 0,
        _ => sum(u32::from(protocol) + payload.len() as u32, &packet[12..20]),
    };
    assert_eq!(sum(pseudo, payload), 0xFFFF, "payload of {record:?}");
}

fn check_packet_of_ipv6(packet: &[u8], record: &Record) {
    let (header, payload) = packet.split_at(40);
    let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    assert_eq!((header[0] >> 4, len), (6, payload.len()), "{record:?}");
    let protocol = header[6];
    if protocol == 17 {
        assert_ne!(payload[6..8], [0, 0], "UDP over IPv6 has a checksum: {record:?}");
    }
    // ICMP has a pseudo header as well (RFC 8200, section 8.1).
    let pseudo = sum(u32::from(protocol) + payload.len() as u32, &header[8..]);
    assert_eq!(sum(pseudo, payload), 0xFFFF, "payload of {record:?}");
}

/// Returns the ones' complement sum of `bytes` (RFC 1071), begun with `begun`.
fn sum(begun: u32, bytes: &[u8]) -> u32 {
    let words = bytes.chunks(2).map(|pair| match *pair {
        [high, low] => u32::from(u16::from_be_bytes([high, low])),
        [high] => u32::from(high) << 8,
        _ => 0,
    });
    let sum = words.fold(begun, |sum, word| sum + word);
    let once = (sum & 0xFFFF) + (sum >> 16);
    (once & 0xFFFF) + (once >> 16)
}

pub(crate) fn scenario(fragment: &str) -> Scenario {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, [], "{fragment}");
    scenario
}

pub(crate) fn capture(fragment: &str) -> Capture {
    run(&scenario(fragment), Capture::default()).sink
}

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets.txt");

/// The digests that every build must produce, as in `digests.rs`. They cover the bytes of all frames. The page's tests
/// check them in Chromium, and `cargo xtask bench` in Node.
#[test]
fn the_golden_digests_of_packets_hold() {
    let mut lines = String::from(
        "# A link's fragment and its digest; see outside/packets.rs. Written by UPDATE_DIGESTS=1.\n",
    );
    let own = [
        "network=packets&exchanges=3&server.listening=false",
        "network=packets&clients=3&exchanges=2&workload.think=70s&connected=false",
        "network=packets&clients=2&exchanges=3&link.mtu=576&link.loss=0.02&server.reply=mirror&message=",
    ];
    let ipv6 = [
        "network=packets&family=ipv6&exchanges=3&server.listening=false",
        "network=packets&family=ipv6&clients=3&exchanges=2&workload.think=70s&connected=false",
        "network=packets&family=ipv6&exchanges=2&link.mtu=1500&server.reply=mirror&message=",
    ];
    let message = "0123456789".repeat(300);
    let own = own.into_iter().chain(ipv6).map(|link| match link.strip_suffix("message=") {
        Some(_) => format!("{link}{message}"),
        None => link.to_string(),
    });
    let others = scenarios().into_iter().step_by(20).map(|link| format!("{link}&network=packets"));
    let over_ipv6 = scenarios().into_iter().step_by(60).filter_map(over_ipv6);
    for fragment in others.chain(own).chain(over_ipv6) {
        for seed in [1, 2, u64::MAX / 11] {
            let mut scenario = scenario(&fragment);
            scenario.seed = seed;
            writeln!(lines, "{} {}", scenario.to_fragment(), run(&scenario, ()).digest).unwrap();
        }
    }
    if std::env::var_os("UPDATE_DIGESTS").is_some() {
        std::fs::write(GOLDEN, &lines).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(lines == golden, "UPDATE_DIGESTS=1 shows which digests differ");
}

/// Returns the frames of a run, as what carried them, where and in what order.
pub(crate) fn frames(records: &[Record]) -> Vec<(HostId, FrameStep, Carried)> {
    let frame = |record: &Record| match record.what {
        What::Frame { step, carried, .. } => Some((record.host, step, carried)),
        _ => None,
    };
    records.iter().filter_map(frame).collect()
}

/// All scenarios of the golden digests with a single server, the only kind that hosts with stacks reach.
pub(crate) fn scenarios() -> Vec<&'static str> {
    let all = include_str!("../digests.txt").lines().skip(1);
    let links = all.map(|line| line.split(' ').next().unwrap());
    links.filter(|link| !link.contains("servers=")).collect()
}

/// All records but those of frames.
pub(crate) fn without_frames(records: Vec<Record>) -> Vec<Record> {
    let is_frame = |record: &Record| matches!(record.what, What::Frame { .. });
    records.into_iter().filter(|record| !is_frame(record)).collect()
}

/// Returns the scenario over IPv6; `None` if it is refused.
pub(crate) fn over_ipv6(fragment: &str) -> Option<String> {
    let fragment = format!("{fragment}&network=packets&family=ipv6");
    Scenario::from_fragment(&fragment).1.is_empty().then_some(fragment)
}

/// The same exchanges, sends, outcomes, fates and times: all records but those of frames are equal.
#[test]
fn a_scenario_has_the_same_records_with_and_without_stacks() {
    let mut compared = 0;
    for fragment in scenarios().into_iter().step_by(7) {
        let datagrams = capture(fragment).records;
        let packets = capture(&format!("{fragment}&network=packets")).records;
        let all = packets.len();
        let rest = without_frames(packets);
        let framed = all - rest.len();
        for (packets, datagrams) in rest.iter().zip(&datagrams) {
            assert_eq!(packets, datagrams, "{fragment}");
        }
        assert_eq!(rest.len(), datagrams.len(), "{fragment}");
        let sent =
            datagrams.iter().filter(|record| matches!(record.what, What::Sent { .. })).count();
        assert!(framed > sent, "{fragment}: each datagram is in a frame");
        compared += sent;
    }
    assert!(compared > 5_000, "{compared}");
}

#[test]
fn hosts_resolve_their_router_and_are_resolved_by_it() {
    use FrameStep::{Received, Sent};
    let (client, server) = (HostId::Client, HostId::SERVER);
    let capture = capture("network=packets");
    assert_eq!(
        frames(&capture.records),
        [
            (client, Sent, Carried::ArpRequest),
            (client, Received, Carried::ArpReply),
            (client, Sent, Carried::Udp),
            (server, Received, Carried::ArpRequest),
            (server, Sent, Carried::ArpReply),
            (server, Received, Carried::Udp),
            (server, Sent, Carried::Udp),
            (client, Received, Carried::Udp),
        ]
    );
    let packets = capture.frames.iter().filter(|frame| frame.bytes[12..14] == [8, 0]);
    let hop_limits: Vec<u8> = packets.map(|frame| frame.bytes[22]).collect();
    assert_eq!(hop_limits, [64, 63, 64, 63], "the router takes one");
    capture.check_frames();
}

/// Entries of hosts and router expire; both resolve them again, and no datagram waits for that.
#[test]
fn addresses_are_resolved_again_as_they_expire() {
    let records =
        capture("network=packets&exchanges=5&workload.think=100s&link.latency=1ms").records;
    let asked = |host| {
        let asked = |frame: &&_| **frame == (host, FrameStep::Sent, Carried::ArpRequest);
        frames(&records).iter().filter(asked).count()
    };
    assert_eq!(asked(HostId::Client), 5, "before each exchange");
    assert!(records.iter().all(|record| match record.what {
        What::Answered { elapsed, .. } => elapsed.as_millis() == 2,
        _ => true,
    }));
}

const LARGE: usize = 65_507;

fn large(more: &str) -> Capture {
    let message = "x".repeat(LARGE);
    let fixed = "network=packets&link.mtu=1500&server.reply=mirror";
    capture(&format!("{fixed}&message={message}{more}"))
}

#[test]
fn the_largest_datagram_crosses_a_small_mtu_in_fragments() {
    let capture = large("");
    capture.check_frames();
    let Capture { records, frames: bytes, .. } = capture;
    let sent = |host| {
        let sent = |frame: &&_| **frame == (host, FrameStep::Sent, Carried::Fragment);
        frames(&records).iter().filter(sent).count()
    };
    // 65,515 bytes with the header of UDP, in fragments of 1,480 bytes.
    assert_eq!((sent(HostId::Client), sent(HostId::SERVER)), (45, 45));
    assert!(bytes.iter().all(|frame| frame.bytes.len() <= 14 + 1_500));
    let delivered = records.iter().filter(|r| matches!(r.what, What::Delivered { .. })).count();
    assert_eq!(delivered, 2, "a datagram arrives once, when all of it has arrived");
    assert!(records.iter().any(|record| matches!(record.what, What::Answered { sends: 1, .. })));
}

/// Any one of the 45 fragments that is lost loses the datagram, and the next send answers the exchange.
#[test]
fn a_lost_fragment_loses_the_datagram() {
    let mut lost_some = 0;
    for seed in 1..=20 {
        let records = large(&format!("&link.loss=0.02&link.reply_loss=0&seed={seed}")).records;
        let mut lost = [0; 6];
        let mut delivered = [0; 6];
        for record in &records {
            let send = record.label.map_or(0, |label| label.send.get() as usize);
            match record.what {
                What::Frame { step: FrameStep::Lost(Cause::LinkLoss), .. } => lost[send] += 1,
                What::Delivered { direction: Direction::Request } => delivered[send] += 1,
                _ => {}
            }
        }
        for send in 1..6 {
            let sent = records.iter().any(|record| {
                matches!(record.what, What::Sent { direction: Direction::Request, .. })
                    && record.label.is_some_and(|label| label.send.get() as usize == send)
            });
            if sent {
                assert_eq!(
                    delivered[send],
                    usize::from(lost[send] == 0),
                    "seed {seed} send {send}"
                );
                lost_some += usize::from(lost[send] > 0);
            }
        }
    }
    assert!(lost_some > 10, "{lost_some}");
}

/// Fragments in any order make the datagram whole.
#[test]
fn reordered_and_duplicated_fragments_are_put_together() {
    let records = capture(&format!(
        "network=packets&link.mtu=576&exchanges=30&message={}&link.latency=uniform+1ms+9ms&\
             link.duplicate=0.3&server.reply=mirror",
        "0123456789".repeat(500)
    ))
    .records;
    let answered = |record: &&Record| matches!(record.what, What::Answered { sends: 1, .. });
    assert_eq!(records.iter().filter(answered).count(), 30);
}

#[test]
fn a_closed_port_refuses_a_connected_client() {
    for message in ["hello".to_string(), "x".repeat(20_000)] {
        let closed = format!("network=packets&server.listening=false&message={message}");
        let capture_of_closed = capture(&closed);
        capture_of_closed.check_frames();
        let records = capture_of_closed.records;
        let unreachable = (HostId::Client, FrameStep::Received, Carried::PortUnreachable);
        assert!(frames(&records).contains(&unreachable));
        let ends = |records: &[Record]| -> Vec<What> {
            let is_end = |what: &What| matches!(what, What::Refused { .. } | What::GaveUp { .. });
            records.iter().map(|record| record.what).filter(is_end).collect()
        };
        let [What::Refused { sends: 1, elapsed }] = ends(&records)[..] else {
            panic!("{:?}", ends(&records))
        };
        assert_eq!(elapsed.as_millis(), 20, "one round trip");

        let records = capture(&format!("{closed}&connected=false")).records;
        assert!(frames(&records).contains(&unreachable), "it arrives, but no socket sees it");
        assert!(matches!(ends(&records)[..], [What::GaveUp { sends: 5, .. }]));
    }
}

/// Smoltcp cannot send an error in fragments.
#[test]
fn an_error_fits_the_mtu() {
    let message = "x".repeat(2_000);
    let fragment = format!("network=packets&server.listening=false&link.mtu=576&message={message}");
    let capture = capture(&fragment);
    capture.check_frames();
    let refused = |record: &Record| matches!(record.what, What::Refused { sends: 1, .. });
    assert!(capture.records.iter().any(refused));
    // A link of a program's own drops what its hosts have to send.
    let mut scenario = scenario(&fragment);
    scenario.link.mtu = Some(100);
    let records = run(&scenario, Capture::default()).sink.records;
    assert!(records.iter().any(|record| matches!(record.what, What::GaveUp { .. })));
}

#[test]
fn contradictions_are_refused() {
    let refusal = |pairs: &[(&str, &str)]| {
        Scenario::default().apply(pairs.iter().copied()).unwrap_err().to_string()
    };
    let packets = ("network", "packets");
    assert!(refusal(&[("server.listening", "false")]).contains("network=packets"));
    assert!(refusal(&[packets, ("link.mtu", "67")]).contains("at least 68"));
    let wide = [packets, ("link.mtu", "85"), ("link.overhead", "46")];
    assert!(refusal(&wide).contains("at least 86"));
    let closed = [packets, ("link.mtu", "575"), ("server.listening", "false")];
    assert!(refusal(&closed).contains("at least 576"), "{}", refusal(&closed));
    assert!(refusal(&[("network", "frames")]).contains("datagrams or packets"));
}
