//! Frames of hosts that speak IPv6, read with tshark: UDP, its ICMP errors, and HTTP over TCP.

use crate::common::{Folder, tshark};
use retrylab_core::client;
use retrylab_core::protocol::echo::Reply;
use retrylab_core::scenario::{Family, Scenario};
use retrylab_core::sim::{self, SERVER_IPV6, StreamNetwork};
use retrylab_core::stream::http::{EchoHandler, Http, HttpConfig, HttpService};
use retrylab_core::stream::{Client, Limits, Server};
use retrylab_core::trace::{Record, Sink};

/// A capture file in the format of libpcap, in memory.
struct Pcap(Vec<u8>);

impl Pcap {
    fn new() -> Self {
        // Magic number of times in nanoseconds, version 2.4, no time zone, maximum length, Ethernet.
        let header = [0xA1B2_3C4D, 2 | 4 << 16, 0, 0, 1 << 18, 1_u32];
        Self(header.into_iter().flat_map(u32::to_le_bytes).collect())
    }
}

impl Sink for Pcap {
    fn record(&mut self, _: &Record) {}

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        let (nanos, len) = (record.at.as_nanos(), bytes.len() as u32);
        let header = [(nanos / 1_000_000_000) as u32, (nanos % 1_000_000_000) as u32, len, len];
        self.0.extend(header.into_iter().flat_map(u32::to_le_bytes));
        self.0.extend_from_slice(bytes);
    }
}

/// Returns the `fields` of each frame. Checks that tshark finds no frame malformed and no checksum wrong.
fn dissect(folder: &Folder, Pcap(bytes): &Pcap, fields: &[&str]) -> Vec<Vec<String>> {
    let path = folder.path("frames.pcap");
    std::fs::write(&path, bytes).unwrap();
    let judged =
        ["_ws.malformed", "udp.checksum.status", "tcp.checksum.status", "icmpv6.checksum.status"];
    let mut args = vec!["-T", "fields", "-E", "separator=|", "-d", "tcp.port==1060,http"];
    args.extend(judged.iter().chain(fields).flat_map(|field| ["-e", field]));
    let printed = tshark(&path, &args);
    let row = |line: &str| -> Vec<String> { line.split('|').map(ToString::to_string).collect() };
    let mut rows: Vec<_> = printed.lines().map(row).collect();
    for row in &mut rows {
        assert_eq!(row[0], "", "malformed: {row:?}");
        let checksums: String = row.drain(..judged.len()).skip(1).collect();
        // An error has the checksum of its own and that of the datagram that it quotes.
        assert!(!checksums.is_empty(), "each frame has a checksum: {row:?}");
        assert!(checksums.chars().all(|status| "1,".contains(status)), "{checksums} {row:?}");
    }
    rows
}

fn simulated(fragment: &str) -> Pcap {
    let fragment = format!("network=packets&family=ipv6&{fragment}");
    let (scenario, errors) = Scenario::from_fragment(&fragment);
    assert_eq!(errors, [], "{fragment}");
    sim::run(&scenario, Pcap::new()).sink
}

#[test]
fn tshark_reads_udp_over_ipv6() {
    let folder = Folder::new("frames-udp");
    let pcap = simulated("clients=20&exchanges=5&link.loss=0.2&workload.think=uniform+0s+40s");
    let rows = dissect(&folder, &pcap, &["icmpv6.type", "udp.dstport", "ipv6.hlim", "ipv6.dst"]);
    let is = |kind: &'static str| move |row: &&Vec<String>| row[0] == kind;
    let (solicitations, advertisements) =
        (rows.iter().filter(is("135")).count(), rows.iter().filter(is("136")).count());
    assert_eq!(
        solicitations, advertisements,
        "each one is sent by one end and answered by the other"
    );
    assert!(solicitations > 20, "{solicitations}");
    assert!(rows.iter().any(|row| row[1..] == ["1060", "64", "2001:db8::1"]), "{rows:?}");
    assert!(rows.iter().any(|row| row[1..] == ["40000", "63", "fd72:6574:7279::14"]), "{rows:?}");
}

#[test]
fn tshark_reads_a_port_unreachable() {
    let folder = Folder::new("frames-closed");
    let pcap = simulated("server.listening=false");
    let rows = dissect(&folder, &pcap, &["icmpv6.type", "icmpv6.code", "udp.dstport"]);
    let unreachable = rows.iter().filter(|row| row[..] == ["1", "4", "1060"]).count();
    assert_eq!(unreachable, 2, "at both hosts: {rows:?}");
}

#[test]
fn tshark_decodes_http_over_ipv6() {
    let folder = Folder::new("frames-http");
    let (scenario, _) = Scenario::from_fragment("link.mtu=1500");
    let http = Http::new("POST", "[2001:db8::1]:1060", "/echo").unwrap().with_body(&[b'x'; 4_000]);
    let config = client::Config::new(SERVER_IPV6, http).policy(scenario.policy);
    let service = HttpService::new(EchoHandler(Reply::Mirror), HttpConfig::default(), 1);
    let server = Server::new(service, Limits::default());
    let mut network =
        StreamNetwork::new([Client::new(config)], server, &scenario.link, 1, Pcap::new())
            .over(Family::Ipv6);
    while network.step().is_some() {}
    let pcap = network.into_sink();
    let fields = ["http.request.uri", "http.response.code", "tcp.flags", "tcp.analysis.flags"];
    let rows = dissect(&folder, &pcap, &fields);
    let column = |index: usize| {
        rows.iter().map(move |row| row[index].as_str()).filter(|cell| !cell.is_empty())
    };
    assert_eq!(column(0).next_back(), Some("/echo"));
    assert_eq!(column(1).next(), Some("200"));
    // Each frame is in the file where it is sent and where it arrives. SYN, SYN-ACK, ACK; FIN from both ends.
    let flags: Vec<&str> = column(2).collect();
    assert_eq!(flags[..6], ["0x0002", "0x0002", "0x0012", "0x0012", "0x0010", "0x0010"]);
    assert!(flags.iter().filter(|flags| matches!(**flags, "0x0011" | "0x0019")).count() >= 4);
    assert!(!flags.contains(&"0x0004"), "no reset: {flags:?}");
}
