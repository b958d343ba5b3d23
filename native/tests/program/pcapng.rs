//! Capture files, read with tshark.

use crate::common::{
    Folder, Running, Server, late_mirror, retry, retrylab, run, run_command, socket, tshark,
};
use std::process::Command;
use std::time::{Duration, Instant};

/// A packet as tshark shows it.
#[derive(Debug)]
struct Packet {
    time: f64,
    interface: String,
    source: String,
    port: String,
    udp_length: usize,
    comment: String,
}

/// Reads a capture. Checks that each packet is well-formed and that its checksums are correct.
fn packets(path: &str) -> Vec<Packet> {
    let fields = [
        "frame.time_epoch",
        "frame.interface_name",
        "ip.src",
        "ipv6.src",
        "udp.dstport",
        "udp.length",
        "udp.checksum.status",
        "ip.checksum.status",
        "frame.comment",
        "_ws.malformed",
        "_ws.expert.message",
    ];
    let mut args = vec!["-T", "fields", "-E", "separator=|"];
    // The port of a client may be that of some protocol, whose message this is not.
    args.extend(["-d", "udp.port==1-65535,data"]);
    args.extend(fields.iter().flat_map(|field| ["-e", field]));
    let packet = |line: &str| {
        let cells: Vec<&str> = line.split('|').collect();
        assert_eq!(cells.len(), fields.len(), "{line}");
        assert_eq!(cells[6], "1", "the checksum of UDP: {line}");
        assert_eq!(cells[7], if cells[3].is_empty() { "1" } else { "" }, "that of IPv4: {line}");
        assert_eq!(cells[9], "", "malformed: {line}");
        // The comment is an expert item of its own.
        let complaint = cells[10].replace(cells[8], "").replace(',', "");
        assert_eq!(complaint.trim(), "", "{line}");
        Packet {
            time: cells[0].parse().unwrap(),
            interface: cells[1].to_string(),
            source: format!("{}{}", cells[2], cells[3]),
            port: cells[4].to_string(),
            udp_length: cells[5].parse().unwrap(),
            comment: cells[8].to_string(),
        }
    };
    tshark(path, &args).lines().map(packet).collect()
}

/// Runs `sim` with a capture; returns its result and the packets.
fn simulated(folder: &Folder, args: &[&str]) -> (serde_json::Value, Vec<Packet>) {
    let path = folder.path("run.pcapng");
    let finished = run(&[&["sim", "--json", "--pcapng", &path], args].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    (finished.object(), packets(&path))
}

#[test]
fn a_simulated_exchange_is_captured_at_both_hosts() {
    let folder = Folder::new("pcapng-both");
    let (_, packets) = simulated(&folder, &["--set", "server.drop_first=1"]);
    let shown: Vec<(f64, &str, &str, &str)> = packets
        .iter()
        .map(|p| (p.time, p.interface.as_str(), p.source.as_str(), p.comment.as_str()))
        .collect();
    let (client, server) = ("10.0.0.1", "192.0.2.1");
    let dropped = "The server drops send 1: it drops the first requests of its life.";
    assert_eq!(
        shown,
        [
            (0.0, "client", client, ""),
            (0.01, "server", client, dropped),
            (0.1, "client", client, ""),
            (0.11, "server", client, ""),
            (0.11, "server", server, ""),
            (0.12, "client", server, ""),
        ]
    );
    assert_eq!((packets[0].port.as_str(), packets[0].udp_length), ("1060", 8 + 5));
}

/// Every drop and every late reply of the run has a comment with its cause.
#[test]
fn comments_are_as_many_as_the_drops() {
    let folder = Folder::new("pcapng-counts");
    let sets = ["clients=20", "exchanges=5", "link.loss=0.2", "server.drop=0.2", "token=true"];
    let more = ["server.reply=upper", "link.latency=uniform 10ms 90ms", "link.duplicate=0.05"];
    let sets: Vec<&str> = sets.iter().chain(&more).flat_map(|set| ["--set", set]).collect();
    let (result, packets) = simulated(&folder, &sets);
    let trace = folder.path("run.jsonl");
    let finished = run(&[&["sim", "--trace", &trace][..], &sets].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let trace = std::fs::read_to_string(trace).unwrap();
    let events = |name: &str| trace.matches(&format!("\"event\":\"{name}\"")).count();
    let comments = |word: &str| packets.iter().filter(|p| p.comment.contains(word)).count();
    assert_eq!(packets.len(), events("sent") + events("delivered"), "{result}");
    assert!(events("dropped") > 0 && events("late_reply") > 0 && events("duplicated") > 0);
    assert_eq!(comments("lost on the link") + comments("drops"), events("dropped"));
    assert_eq!(comments("is ignored: nothing waits for it"), events("late_reply"));
    assert_eq!(comments("duplicates"), events("duplicated"));
    for packet in packets.iter().filter(|packet| packet.comment.contains("drops")) {
        assert!(packet.comment.contains("of exchange"), "it names its send: {packet:?}");
    }
    let mut interfaces: Vec<&str> = packets.iter().map(|p| p.interface.as_str()).collect();
    interfaces.sort_unstable();
    interfaces.dedup();
    assert_eq!(interfaces.len(), 21, "{interfaces:?}");
    let same = run(&[&["sim", "--json"][..], &sets].concat()).object();
    assert_eq!(same["digest"], result["digest"], "the capture changes nothing");
}

/// A request that the server drops after it has waited is captured again when that happens.
#[test]
fn a_request_that_waits_too_long_has_a_comment() {
    let folder = Folder::new("pcapng-waits");
    let sets = ["clients=5", "server.service=40ms", "server.expire=50ms", "policy.max_sends=1"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let (_, packets) = simulated(&folder, &sets);
    let late: Vec<&Packet> =
        packets.iter().filter(|p| p.comment.contains("the request waited too long")).collect();
    assert!(!late.is_empty(), "{packets:?}");
    for packet in late {
        assert!(packet.time > 0.05 && packet.interface == "server", "{packet:?}");
    }
}

#[test]
fn damaged_and_long_datagrams_are_well_formed() {
    let folder = Folder::new("pcapng-damaged");
    let long = format!("message={}", "x".repeat(65_400));
    for sets in [
        &["link.corrupt=1", "link.checksum=false", "server.reply=mirror", "exchanges=3"][..],
        &["message=", "exchanges=2"],
        &[&long, "server.reply=mirror", "server.fail=1", "policy.max_sends=1"],
    ] {
        let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
        let (_, packets) = simulated(&folder, &sets);
        assert!(packets.len() >= 4, "{packets:?}");
    }
}

/// Frames follow each other in time, as Wireshark expects.
#[test]
fn many_clients_are_captured_in_the_order_of_time() {
    let folder = Folder::new("pcapng-many");
    let (result, packets) = simulated(&folder, &["--set", "clients=2000"]);
    assert_eq!(packets.len(), 8_000, "{result}");
    assert!(packets.windows(2).all(|pair| pair[0].time <= pair[1].time));
}

#[test]
fn several_runs_and_two_outputs_on_stdout_are_refused() {
    let folder = Folder::new("pcapng-refused");
    let path = folder.path("run.pcapng");
    for (args, part) in [
        (&["--pcapng", &path, "--seeds", "3"][..], "--pcapng"),
        (&["--pcapng", &path, "--versus-set", "policy.preset=coap"], "--pcapng"),
        (&["--pcapng", "-", "--trace", "-"], "--trace and --pcapng: only one of them"),
        (&["--pcapng", "-", "--series", "-"], "--series and --pcapng: only one of them"),
    ] {
        let finished = run(&[&["sim"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
    assert!(folder.names().is_empty());
    let finished = run(&["sim", "--pcapng", &folder.path("no/such/folder")]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("no/such/folder"), "{finished:?}");
    for command in ["send", "serve"] {
        let finished = run(&[command, "127.0.0.1:1", "--pcapng", "-"]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("name a file"), "{finished:?}");
    }
}

#[test]
fn a_capture_goes_to_stdout() {
    let folder = Folder::new("pcapng-stdout");
    let path = folder.path("run.pcapng");
    let script = format!("'{}' sim --pcapng - > '{path}'", env!("CARGO_BIN_EXE_retrylab"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]);
    let finished = run_command(shell, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("answered"), "the result goes to stderr: {finished:?}");
    assert_eq!(packets(&path).len(), 4);
}

/// What the client and the server capture of the same exchange is the same.
#[test]
fn both_ends_of_a_real_exchange_capture_it() {
    let folder = Folder::new("pcapng-real");
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let (ours, theirs) = (folder.path("client.pcapng"), folder.path("server.pcapng"));
        let drops = ["--drop-list", "2", "--reply", "upper", "--pcapng", &theirs];
        let server = Server::start_at(address, &drops);
        let host = address.rsplit_once(':').unwrap().0.trim_matches(['[', ']']).to_string();
        let unix = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
        let before = unix();
        let finished = run(&[
            "send",
            &server.address,
            "--token",
            "--count",
            "2",
            "--initial-timeout",
            "300ms",
            "--pcapng",
            &ours,
        ]);
        let after = unix();
        assert_eq!(finished.code, Some(0), "{finished:?}");
        server.stop();
        let (ours, theirs) = (packets(&ours), packets(&theirs));
        assert_eq!((ours.len(), theirs.len()), (5, 5), "{ours:?} {theirs:?}");
        let dropped =
            "The server drops send 1 of exchange 2 of client 1: its drop list names the request.";
        for (i, (our, their)) in ours.iter().zip(&theirs).enumerate() {
            assert_eq!((&our.source, &our.port), (&their.source, &their.port));
            assert_eq!(our.source, host);
            assert_eq!(our.udp_length, their.udp_length);
            assert!(before - 0.01 <= our.time && our.time <= after + 0.01, "{our:?}");
            assert_eq!(their.comment, if i == 2 { dropped } else { "" });
            assert_eq!(our.interface, "client");
            assert_eq!(their.interface, "server");
        }
    }
}

/// A reply that comes too late has a comment, also in the capture of a real client.
#[test]
fn a_late_reply_has_a_comment() {
    let folder = Folder::new("pcapng-late");
    let path = folder.path("client.pcapng");
    let (answering, address) = late_mirror();
    let policy = ["--max-sends", "1", "--count", "2", "--initial-timeout", "500ms"];
    let args = ["send", &address, "--token", "--unconnected", "--pcapng", &path];
    let finished = run(&[&args[..], &policy].concat());
    answering.join().unwrap();
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let packets = packets(&path);
    assert_eq!(packets.len(), 4, "{packets:?}");
    assert!(packets[2].comment.contains("send 1 of exchange 1"), "{packets:?}");
    assert!(packets[2].comment.ends_with("is ignored: nothing waits for it."), "{packets:?}");
    assert!(packets.iter().all(|packet| packet.source == "127.0.0.1"), "{packets:?}");
}

/// A server that is killed leaves every packet in its file, the last one and its comment included.
#[test]
fn a_killed_server_leaves_a_readable_file() {
    let folder = Folder::new("pcapng-killed");
    let path = folder.path("server.pcapng");
    let server = Server::start(&["--drop-list", "2-9", "--pcapng", &path]);
    let policy = ["--max-sends", "3", "--initial-timeout", "50ms", "--count", "2"];
    let finished = run(&[&["send", &server.address][..], &policy].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    server.running.signal("KILL");
    let packets = packets(&path);
    assert_eq!(packets.len(), 5, "{packets:?}");
    assert!(packets[4].comment.contains("drops"), "{packets:?}");
}

/// What the link of a real server drops has a comment: a request has its own, a reply that is never sent is named at
/// its request.
#[test]
fn the_drops_of_a_real_servers_link_have_comments() {
    let folder = Folder::new("pcapng-link");
    let path = folder.path("server.pcapng");
    for (set, comment) in [
        ("link.loss=1", "The request of client 1 is lost on the link (send 1 of exchange 1)."),
        ("link.reply_loss=1", "The reply to send 1 of exchange 1 of client 1 is lost on the link."),
    ] {
        let server = Server::start(&["--set", set, "--pcapng", &path]);
        let quick = ["--token", "--max-sends", "1", "--initial-timeout", "50ms"];
        run(&[&["send", &server.address][..], &quick].concat());
        server.stop();
        let packets = packets(&path);
        assert_eq!(packets.len(), 1, "{packets:?}");
        assert_eq!(packets[0].comment, comment);
    }
}

/// What the server refuses to handle is in the capture as well.
#[test]
fn refused_datagrams_have_comments() {
    let folder = Folder::new("pcapng-refused-datagrams");
    let path = folder.path("server.pcapng");
    let server = Server::start(&["--reply", "mirror", "--pcapng", &path]);
    let (client, _) = socket();
    client.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    // A peer that sends each reply back looks like another server.
    let answered = (0..20_000)
        .take_while(|_| {
            client.send_to(b"again", &server.address).unwrap();
            retry(|| client.recv(&mut [0; 16])).is_ok()
        })
        .count();
    assert!(answered < 20_000, "the server refuses it at some time");
    server.stop();
    let packets = packets(&path);
    assert_eq!(packets.len(), 2 * answered + 1);
    assert_eq!(packets[2 * answered].comment, "Refused: no machine handles it.");
}

/// A disk that is full ends the capture, not the server.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_capture_only() {
    // The file's header already fails.
    let finished = run(&["sim", "--pcapng", "/dev/full", "--set", "clients=10000"]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("cannot write /dev/full"), "{finished:?}");
    let running = Running::start(retrylab(&["serve", "0", "--pcapng", "/dev/full"]));
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("/dev/full"), "{finished:?}");
}

/// Reads fields of the frames of a capture, each as a line of cells. Checks that tshark finds no malformed frame and no wrong
/// checksum.
fn frames(path: &str, fields: &[&str]) -> Vec<Vec<String>> {
    let checked =
        ["_ws.malformed", "ip.checksum.status", "tcp.checksum.status", "udp.checksum.status"];
    let mut args = vec!["-T", "fields", "-E", "separator=|", "-E", "occurrence=f"];
    args.extend(["-d", "tcp.port==1060,http"]);
    args.extend(checked.iter().chain(fields).flat_map(|field| ["-e", field]));
    let line = |line: &str| {
        let cells: Vec<String> = line.split('|').map(str::to_string).collect();
        assert_eq!(cells[0], "", "malformed: {line}");
        assert!(cells[1..4].iter().all(|status| status.is_empty() || status == "1"), "{line}");
        cells[4..].to_vec()
    };
    tshark(path, &args).lines().map(line).collect()
}

/// Runs `sim` with a capture and returns these fields of its frames.
fn simulated_frames(folder: &Folder, args: &[&str], fields: &[&str]) -> Vec<Vec<String>> {
    let path = folder.path("frames.pcapng");
    let finished = run(&[&["sim", "--json", "--pcapng", &path], args].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    frames(&path, fields)
}

/// Handshake, request, response and release: tshark decodes the whole conversation.
#[test]
fn an_http_exchange_is_captured_in_frames() {
    let folder = Folder::new("pcapng-http");
    let fields = [
        "frame.interface_name",
        "tcp.flags.syn",
        "tcp.flags.fin",
        "http.request.uri",
        "http.response.code",
        "arp.opcode",
        "tcp.analysis.flags",
    ];
    let shown = simulated_frames(&folder, &["http-exchange"], &fields);
    let count =
        |column: usize, value: &str| shown.iter().filter(|cells| cells[column] == value).count();
    // Some versions of tshark write 1, others True.
    let flags = |column| count(column, "True") + count(column, "1");
    assert_eq!(flags(1), 2, "SYN and SYN-ACK: {shown:?}");
    assert_eq!(flags(2), 2, "a FIN of each: {shown:?}");
    assert_eq!((count(3, "/"), count(4, "200")), (1, 1), "{shown:?}");
    assert_eq!(
        (count(5, "1"), count(5, "2")),
        (2, 2),
        "ARP, between the client and its router, and between the server and its router: {shown:?}"
    );
    assert!(shown.iter().all(|cells| cells[6].is_empty()), "nothing is sent twice: {shown:?}");
    assert!(count(0, "client") > 4 && count(0, "server") > 4, "{shown:?}");
}

/// Each frame that is lost has a comment with the reason.
#[test]
fn lost_segments_have_comments() {
    let folder = Folder::new("pcapng-lost");
    let lost = |args: &[&str]| {
        let shown = simulated_frames(
            &folder,
            args,
            &["frame.time_epoch", "tcp.flags.syn", "frame.comment"],
        );
        let comments = shown.into_iter().map(|cells| cells[2].clone());
        comments.filter(|comment| !comment.is_empty()).collect::<Vec<_>>()
    };
    assert_eq!(lost(&["tcp-lost-syn"]), ["A TCP SYN is lost on the link."]);
    let down = lost(&["tcp-silence"]);
    assert_eq!(down.len(), 6, "four SYNs and the resets of two attempts: {down:?}");
    assert!(down.iter().all(|comment| comment.contains("lost: the server is down")), "{down:?}");
    let sets = ["clients=3", "exchanges=3", "link.loss=0.1", "network=packets", "link.mtu=200"];
    let message = format!("message={}", "x".repeat(400));
    let sets: Vec<&str> = sets.into_iter().chain([message.as_str()]).collect();
    for protocol in ["protocol=udp", "protocol=tcp", "protocol=http"] {
        let sets: Vec<&str> = sets.iter().copied().chain([protocol]).collect();
        let args: Vec<&str> = sets.into_iter().flat_map(|set| ["--set", set]).collect();
        assert!(!lost(&args).is_empty(), "{protocol}");
    }
}
