//! Networks of packets over IPv6: neighbor discovery, ICMPv6, UDP and TCP.

use crate::packets::{Capture, Frame, capture, frames, over_ipv6, scenarios, without_frames};
use crate::packets_tcp::{answered, network, run, times};
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::{Carried, Cause, FrameStep, HostId, Record, What};

const IPV6: &str = "network=packets&family=ipv6";

/// The same exchanges, sends, outcomes, fates and times as without stacks. Where a rate is limited, longer packets take
/// longer. The header of IPv6 has 20 bytes more than that of IPv4, so `link.overhead` of the network of datagrams is 20
/// bytes higher here.
#[test]
fn a_scenario_has_the_same_records_over_ipv6_as_without_stacks() {
    let (mut compared, mut refused) = (0, 0);
    for fragment in scenarios().into_iter().step_by(7) {
        let Some(ipv6) = over_ipv6(fragment) else {
            refused += 1;
            continue;
        };
        let capture_of_packets = capture(&ipv6);
        capture_of_packets.check_frames();
        let (mut scenario, _) = Scenario::from_fragment(fragment);
        scenario.link.overhead += 20;
        let datagrams = retrylab_core::sim::run(&scenario, Capture::default()).sink.records;
        let packets = without_frames(capture_of_packets.records);
        for (packets, datagrams) in packets.iter().zip(&datagrams) {
            assert_eq!(packets, datagrams, "{fragment}");
        }
        assert_eq!(packets.len(), datagrams.len(), "{fragment}");
        compared += datagrams.len();
    }
    assert!(compared > 20_000, "{compared}");
    assert!(refused <= 6, "a few have a link without checksums or with a small MTU: {refused}");
}

#[test]
fn hosts_resolve_their_router_and_are_resolved_by_it() {
    use Carried::{NeighborAdvertisement, NeighborSolicitation, Udp};
    use FrameStep::{Received, Sent};
    let (client, server) = (HostId::Client, HostId::SERVER);
    let capture = capture(IPV6);
    assert_eq!(
        frames(&capture.records),
        [
            (client, Sent, NeighborSolicitation),
            (client, Received, NeighborAdvertisement),
            (client, Sent, Udp),
            (server, Received, NeighborSolicitation),
            (server, Sent, NeighborAdvertisement),
            (server, Received, Udp),
            (server, Sent, Udp),
            (client, Received, Udp),
        ]
    );
    let hop_limits: Vec<u8> = capture.frames.iter().map(|frame| frame.bytes[21]).collect();
    assert_eq!(hop_limits, [255, 255, 64, 255, 255, 63, 64, 63], "the router takes one");
    capture.check_frames();
    let address = |at: usize| {
        let octets: [u8; 16] = capture.frames[2].bytes[at..at + 16].try_into().unwrap();
        std::net::Ipv6Addr::from(octets).to_string()
    };
    assert_eq!([address(22), address(38)], ["fd72:6574:7279::1", "2001:db8::1"]);
}

/// Entries of hosts and router expire; both resolve them again, and no datagram waits for that.
#[test]
fn addresses_are_resolved_again_as_they_expire() {
    let records =
        capture(&format!("{IPV6}&exchanges=5&workload.think=100s&link.latency=1ms")).records;
    for host in [HostId::Client, HostId::SERVER] {
        let (step, carried) = match host {
            HostId::Client => (FrameStep::Sent, Carried::NeighborSolicitation),
            _ => (FrameStep::Sent, Carried::NeighborAdvertisement),
        };
        let asked =
            frames(&records).iter().filter(|frame| **frame == (host, step, carried)).count();
        assert_eq!(asked, 5, "{host:?}: before each exchange");
    }
    assert!(records.iter().all(|record| match record.what {
        What::Answered { elapsed, .. } => elapsed.as_millis() == 2,
        _ => true,
    }));
}

/// Neither routers nor these hosts fragment IPv6, so that a datagram above the MTU does not leave its host.
#[test]
fn a_datagram_above_the_mtu_is_not_sent() {
    // 40 bytes of IPv6 and 8 of UDP.
    for (len, fits) in [(1_452, true), (1_453, false), (20_000, false)] {
        let message = "x".repeat(len);
        let fragment = format!("{IPV6}&link.mtu=1500&server.reply=mirror&message={message}");
        let capture = capture(&fragment);
        let dropped = |record: &&Record| matches!(record.what, What::Dropped { .. });
        let dropped: Vec<_> = capture.records.iter().filter(dropped).collect();
        let udp = times(&capture.frames, HostId::Client, Carried::Udp);
        if fits {
            assert_eq!((dropped.len(), answered(&capture.records), udp.len()), (0, 1, 1));
            assert_eq!(capture.frames[2].bytes.len(), 14 + 1_500);
        } else {
            assert_eq!((dropped.len(), answered(&capture.records), udp.len()), (5, 0, 0));
            for record in dropped {
                assert!(matches!(record.what, What::Dropped { cause: Cause::TooBig, .. }));
            }
            assert!(capture.frames.is_empty(), "nothing leaves the host");
        }
    }
    // Without an MTU, the largest message of a scenario is one packet.
    let message = "x".repeat(65_507);
    let capture = capture(&format!("{IPV6}&server.reply=mirror&message={message}"));
    capture.check_frames();
    assert_eq!(answered(&capture.records), 1);
}

#[test]
fn a_closed_port_refuses_a_connected_client() {
    for len in [5, 1_000, 20_000] {
        let closed = format!("{IPV6}&server.listening=false&message={}", "x".repeat(len));
        let capture_of_closed = capture(&closed);
        capture_of_closed.check_frames();
        let unreachable = (HostId::Client, FrameStep::Received, Carried::PortUnreachable);
        let is_error = |frame: &&Frame| {
            matches!(frame.record.what, What::Frame { carried: Carried::PortUnreachable, .. })
        };
        let error = capture_of_closed.frames.iter().find(is_error).unwrap();
        assert!(error.bytes.len() <= 14 + 1_280, "an error fits the minimum MTU");
        let ends = |records: &[Record]| -> Vec<What> {
            let is_end = |what: &What| matches!(what, What::Refused { .. } | What::GaveUp { .. });
            records.iter().map(|record| record.what).filter(is_end).collect()
        };
        let [What::Refused { sends: 1, elapsed }] = ends(&capture_of_closed.records)[..] else {
            panic!("{:?}", ends(&capture_of_closed.records))
        };
        assert_eq!(elapsed.as_millis(), 20, "one round trip");

        let records = capture(&format!("{closed}&connected=false")).records;
        assert!(frames(&records).contains(&unreachable), "it arrives, but no socket sees it");
        assert!(matches!(ends(&records)[..], [What::GaveUp { sends: 5, .. }]));
    }
}

#[test]
fn contradictions_are_refused() {
    let refusal = |pairs: &[(&str, &str)]| {
        Scenario::default().apply(pairs.iter().copied()).unwrap_err().to_string()
    };
    let ipv6 = [("network", "packets"), ("family", "ipv6")];
    let with = |key, value| refusal(&[ipv6[0], ipv6[1], (key, value)]);
    assert!(refusal(&ipv6[1..]).contains("without network=packets it must be ipv4"));
    assert!(with("link.mtu", "1279").contains("at least 1280"));
    assert!(with("link.checksum", "false").contains("RFC 8200"));
    let wide = [ipv6[0], ipv6[1], ("link.mtu", "1297"), ("link.overhead", "46")];
    assert!(refusal(&wide).contains("at least 1298"));
    assert!(refusal(&[ipv6[0], ("family", "ipv5")]).contains("ipv4 or ipv6"));
}

/// The handshake, the data, and the release of both directions.
#[test]
fn a_connection_is_opened_used_and_released() {
    let capture = run(network(&format!("{IPV6}&link.mtu=1500")));
    assert_eq!(answered(&capture.records), 1);
    use Carried::{
        NeighborAdvertisement, NeighborSolicitation, TcpAck, TcpData, TcpFin, TcpSyn, TcpSynAck,
    };
    let (client, server) = (HostId::Client, HostId::SERVER);
    let sent = frames(&capture.records).into_iter().filter(|frame| frame.1 == FrameStep::Sent);
    assert_eq!(
        sent.map(|(host, _, carried)| (host, carried)).collect::<Vec<_>>(),
        [
            (client, NeighborSolicitation),
            (client, TcpSyn),
            (server, NeighborAdvertisement),
            (server, TcpSynAck),
            (client, TcpAck),
            (client, TcpData),
            (client, TcpFin),
            (server, TcpData),
            (server, TcpFin),
            (client, TcpAck),
        ]
    );
    capture.check_frames();
}

#[test]
fn a_closed_port_of_tcp_answers_with_a_reset() {
    let capture = run(network(IPV6).without_listener());
    assert_eq!(answered(&capture.records), 0);
    assert_eq!(times(&capture.frames, HostId::SERVER, Carried::TcpRst), [10]);
    capture.check_frames();
}

/// Segments fit the MTU, and TCP makes good for a link that loses, delays, duplicates and damages.
#[test]
fn tcp_retransmits_whatever_the_link_does() {
    let message = "0123456789".repeat(3_000);
    let links = [
        "link.loss=0.05",
        "link.duplicate=0.3&link.latency=uniform+1ms+40ms",
        "link.corrupt=0.05&link.rate=10mbit",
    ];
    for (mtu, link) in [1_280, 1_500].into_iter().flat_map(|mtu| links.map(|link| (mtu, link))) {
        let capture = run(network(&format!(
            "{IPV6}&clients=3&exchanges=3&link.mtu={mtu}&server.reply=mirror&message={message}&{link}"
        )));
        assert_eq!(answered(&capture.records), 9, "{link}");
        let longest = capture.frames.iter().map(|frame| frame.bytes.len()).max();
        assert_eq!(longest, Some(14 + mtu), "a full segment fills a packet");
        capture.check_frames();
    }
}
