//! Connections in a network of packets: TCP between endpoints.

use crate::packets::{Capture, Frame};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::StreamNetwork;
use retrylab_core::stream::{Client, EchoService, Limits, Server};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Carried, Failure, FrameStep, HostId, Record, What};

/// One attempt, which waits as long as TCP does.
const PATIENT: &str = "policy.initial_timeout=10000s&policy.max_timeout=none&policy.give_up_above=none\
                       &policy.max_sends=1";

pub(crate) type Network =
    StreamNetwork<Client<retrylab_core::protocol::Echo>, Server<EchoService>, Capture>;

/// Returns a network of echo clients and their server, which has time for them.
pub(crate) fn network(fragment: &str) -> Network {
    let patient = if fragment.contains("policy.") { "" } else { PATIENT };
    let (scenario, errors) = Scenario::from_fragment(&format!("{fragment}&{patient}"));
    assert_eq!(errors, [], "{fragment}");
    let config = std::sync::Arc::new(scenario.client_config(scenario.family.server()));
    let clients = (1..=scenario.clients).map(|flow| Client::numbered(config.clone(), flow));
    let service = EchoService::new(scenario.server.clone(), scenario.seed);
    let hour = Duration::from_secs(3_600);
    let limits = Limits::default().with_idle(hour).with_total(hour).with_release(hour);
    let server = Server::new(service, limits);
    StreamNetwork::new(clients, server, &scenario.link, scenario.seed, Capture::default())
        .over(scenario.family)
}

pub(crate) fn run(mut network: Network) -> Capture {
    while network.step().is_some() {}
    assert_eq!(network.sockets(), 0, "every socket is closed in the end");
    network.into_sink()
}

/// Returns the frames of one exchange over a connection, with an MTU of 1,500 bytes.
pub(crate) fn one_exchange() -> Capture {
    run(network("link.mtu=1500"))
}

pub(crate) fn answered(records: &[Record]) -> usize {
    records.iter().filter(|record| matches!(record.what, What::Answered { .. })).count()
}

/// Times at which a host sends frames of a kind, in milliseconds.
pub(crate) fn times(frames: &[Frame], host: HostId, kind: Carried) -> Vec<u64> {
    let sent = |frame: &&Frame| {
        matches!(frame.record.what, What::Frame { step: FrameStep::Sent, carried, .. } if carried == kind)
            && frame.record.host == host
    };
    frames.iter().filter(sent).map(|frame| frame.record.at.as_nanos() / 1_000_000).collect()
}

/// The handshake, the data, and the release of both directions.
#[test]
fn a_connection_is_opened_used_and_released() {
    let capture = one_exchange();
    assert_eq!(answered(&capture.records), 1);
    let sent =
        |frame: &&Frame| matches!(frame.record.what, What::Frame { step: FrameStep::Sent, .. });
    let kinds: Vec<(HostId, Carried)> = capture
        .frames
        .iter()
        .filter(sent)
        .map(|frame| match frame.record.what {
            What::Frame { carried, .. } => (frame.record.host, carried),
            other => panic!("{other:?}"),
        })
        .collect();
    use Carried::{ArpReply, ArpRequest, TcpAck, TcpData, TcpFin, TcpSyn, TcpSynAck};
    let (client, server) = (HostId::Client, HostId::SERVER);
    assert_eq!(
        kinds,
        [
            (client, ArpRequest),
            (client, TcpSyn),
            (server, ArpReply),
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

/// Smoltcp's times: the first wait is 1 s, each is twice the previous one, and none is longer than 60 s.
#[test]
fn a_lost_syn_is_sent_again() {
    let mut network = network("link.loss=first+8");
    network.end_at(Instant::from_millis(200_000));
    while network.step().is_some() {}
    let frames = network.into_sink().frames;
    let syns = times(&frames, HostId::Client, Carried::TcpSyn);
    assert_eq!(syns, [0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000]);
    // The ninth arrives.
    assert_eq!(times(&frames, HostId::SERVER, Carried::TcpSynAck)[0], 183_010);
}

#[test]
fn a_closed_port_answers_with_a_reset() {
    let capture = run(network("").without_listener());
    assert_eq!(answered(&capture.records), 0);
    assert_eq!(times(&capture.frames, HostId::SERVER, Carried::TcpRst), [10]);
    let refused = What::Broken { why: Failure::Refused };
    let at: Vec<u64> = capture
        .records
        .iter()
        .filter(|record| record.what == refused)
        .map(|record| record.at.as_nanos() / 1_000_000)
        .collect();
    assert_eq!(at, [20], "one round trip");
    capture.check_frames();
}

/// TCP makes good for a link that loses, delays, duplicates and damages.
#[test]
fn tcp_retransmits_whatever_the_link_does() {
    let message = "0123456789".repeat(3_000);
    for (seed, link) in [
        "link.loss=0.05",
        "link.duplicate=0.3&link.latency=uniform+1ms+40ms",
        "link.corrupt=0.05",
        "link.corrupt=0.05&link.rate=10mbit",
    ]
    .iter()
    .enumerate()
    {
        let capture = run(network(&format!(
            "clients=3&exchanges=3&seed={seed}&link.mtu=1500&server.reply=mirror&message={message}&{link}"
        )));
        let notes: Vec<What> = capture
            .records
            .iter()
            .map(|record| record.what)
            .filter(|what| matches!(what, What::Broken { .. } | What::GaveUp { .. }))
            .collect();
        assert_eq!(answered(&capture.records), 9, "{link}: {notes:?}");
        capture.check_frames();
    }
}

#[test]
fn a_server_accepts_many_connections_at_once() {
    let capture = run(network("clients=300&exchanges=2"));
    assert_eq!(answered(&capture.records), 600);
}

/// A run depends on its seed alone: sequence numbers are drawn from it.
#[test]
fn the_same_seed_gives_the_same_frames() {
    let digest =
        |seed: u64| run(network(&format!("seed={seed}&link.loss=0.2&exchanges=3"))).digest();
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

/// A policy that does not wait for TCP aborts its attempt, and the server learns of it.
#[test]
fn an_impatient_client_resets_its_connection() {
    let capture = run(network(
        "policy.initial_timeout=15ms&policy.max_sends=3&policy.multiplier=1&policy.give_up_above=none",
    ));
    assert_eq!(answered(&capture.records), 0);
    assert_eq!(times(&capture.frames, HostId::Client, Carried::TcpSyn), [0, 15, 30]);
    let resets = times(&capture.frames, HostId::Client, Carried::TcpRst);
    assert!(resets.starts_with(&[15]), "{resets:?}");
}
