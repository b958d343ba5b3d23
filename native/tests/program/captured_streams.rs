//! Captures of TCP connections, read with tshark: as conversations, with HTTP and DNS in them.

use crate::common::{Folder, free_port, run, run_with, tshark};
use crate::streams::{Services, connect};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

/// Returns the packets as `flags|length|interface|comment`, after a check that each is well-formed, that its checksums
/// are correct, and that TCP has nothing to complain about.
fn packets(path: &str) -> Vec<[String; 4]> {
    let bad = "_ws.malformed || tcp.checksum.status == \"Bad\" || ip.checksum.status == \"Bad\" || \
               udp.checksum.status == \"Bad\" || tcp.analysis.lost_segment || \
               tcp.analysis.ack_lost_segment || frame.time_delta < 0 || tcp.analysis.out_of_order || tcp.analysis.window_full";
    assert_eq!(tshark(path, &["-Y", bad]), "");
    let fields = ["tcp.flags.str", "tcp.len", "frame.interface_name", "frame.comment"];
    let mut args = vec!["-T", "fields", "-E", "separator=|"];
    args.extend(fields.iter().flat_map(|field| ["-e", field]));
    let rows = tshark(path, &args);
    let row = |line: &str| {
        let cells: Vec<String> = line.split('|').map(|cell| cell.replace('·', "")).collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    };
    rows.lines().map(row).collect()
}

/// Returns the flags of the packets: `S SA A PA FA`.
fn flags(packets: &[[String; 4]]) -> String {
    let letters = |[flags, ..]: &[String; 4]| {
        let pick = |letter: char| flags.contains(letter).then_some(letter);
        ['S', 'F', 'R', 'P', 'A'].into_iter().filter_map(pick).collect::<String>()
    };
    packets.iter().map(letters).collect::<Vec<_>>().join(" ")
}

fn comments(packets: &[[String; 4]]) -> Vec<&str> {
    packets.iter().map(|[.., comment]| comment.as_str()).filter(|text| !text.is_empty()).collect()
}

const RECONSTRUCTED: &str = "The headers of this interface's packets are reconstructed";

/// Starts the services on free ports, with a capture.
fn serve(path: &str, args: &[&str]) -> Services {
    Services::start_some(args, &["--pcapng", path])
}

#[test]
fn an_http_exchange_is_a_conversation_at_both_ends() {
    let folder = Folder::new("streams-http");
    let [ours, theirs] = ["client.pcapng", "server.pcapng"].map(|name| folder.path(name));
    // A body that is longer than a packet, and is sent in pieces.
    let body = "0123456789abcde\n".repeat(1 << 14);
    for host in ["127.0.0.1:0", "[::1]:0"] {
        let services = serve(&theirs, &["--http", host, "--reply", "mirror"]);
        let url = format!("http://{}/", services.http);
        let finished = run_with(&["http", &url, "-d", "-", "--pcapng", &ours], body.as_bytes());
        assert_eq!((finished.code, finished.stdout == body), (Some(0), true), "{finished:?}");
        services.summary();
        for (path, interface) in [(&ours, "client, TCP"), (&theirs, "http server, TCP")] {
            let packets = packets(path);
            let shown = flags(&packets);
            assert!(shown.starts_with("S SA A PA ") && shown.matches("FA").count() == 2, "{shown}");
            assert!(packets.iter().all(|[_, _, name, _]| name == interface), "{packets:?}");
            assert_eq!(comments(&packets).len(), 1, "{packets:?}");
            assert!(packets[0][3].starts_with(RECONSTRUCTED), "{packets:?}");
            let args = ["-Y", "http", "-T", "fields", "-e", "http.request.method"];
            let more = ["-e", "http.response.code", "-e", "http.content_length"];
            let http = tshark(path, &[&args[..], &more].concat());
            assert_eq!(http, format!("POST\t\t{0}\n\t200\t{0}\n", body.len()));
            let stream = tshark(path, &["-q", "-z", "follow,tcp,ascii,0"]);
            assert!(stream.contains("POST / HTTP/1.1") && stream.contains("HTTP/1.1 200 OK"));
        }
    }
}

#[test]
fn dns_over_udp_and_tcp_is_in_one_file() {
    let folder = Folder::new("streams-dns");
    let [ours, theirs] = ["client.pcapng", "server.pcapng"].map(|name| folder.path(name));
    let records: Vec<String> = (0..100).map(|last| format!("big.example=192.0.2.{last}")).collect();
    let records = records.iter().flat_map(|record| ["--record", record]);
    let args: Vec<&str> = ["--dns", "0"].into_iter().chain(records).collect();
    let services = serve(&theirs, &args);
    let dns = services.dns.clone();
    let finished =
        run(&["lookup", "big.example", "-4", "--server", &dns, "--json", "--pcapng", &ours]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.object()["addresses"].as_array().unwrap().len(), 100);
    services.summary();
    let port = dns.rsplit_once(':').unwrap().1;
    for (path, names) in
        [(&ours, ["client", "client, TCP"]), (&theirs, ["dns server", "dns server, TCP"])]
    {
        let packets = packets(path);
        for name in names {
            assert!(packets.iter().any(|[_, _, other, _]| other == name), "{name}: {packets:?}");
        }
        assert_eq!(comments(&packets).len(), 1, "{packets:?}");
        let (udp, tcp) = (format!("udp.port=={port},dns"), format!("tcp.port=={port},dns"));
        let decode = ["-d", &udp, "-d", &tcp, "-Y", "dns", "-T", "fields"];
        let fields =
            ["-e", "dns.flags.response", "-e", "dns.flags.truncated", "-e", "dns.count.answers"];
        let shown = tshark(path, &[&decode[..], &fields].concat());
        let rows = ["False\tFalse\t0", "True\tTrue\t0", "False\tFalse\t0", "True\tFalse\t100"];
        let numbers = rows.map(|row| row.replace("False", "0").replace("True", "1"));
        let shown: Vec<&str> = shown.lines().collect();
        assert!(shown == rows || shown == numbers, "{shown:?}");
    }
}

#[test]
fn an_echo_over_tcp_and_its_failures_have_comments() {
    let folder = Folder::new("streams-echo");
    let [ours, theirs] = ["client.pcapng", "server.pcapng"].map(|name| folder.path(name));
    let services = serve(&theirs, &["--tcp", "0", "--drop-list", "1"]);
    let policy = ["--initial-timeout", "400ms", "--max-sends", "3"];
    let finished =
        run(&[&["send", &services.tcp, "--tcp", "--pcapng", &ours][..], &policy].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    services.summary();
    let client = packets(&ours);
    assert_eq!(flags(&client), "S SA A PA FA RA S SA A PA FA PA FA A");
    let said = comments(&client);
    assert_eq!(said.len(), 2, "{said:?}");
    for part in ["Send 1 failed: no reply in time", "This end breaks the connection."] {
        assert!(said[1].contains(part), "{part}: {said:?}");
    }
    assert_eq!(client[5][3], said[1], "at the reset: {client:?}");
    let server = packets(&theirs);
    let said = comments(&server);
    assert!(said.contains(&"The server drops the request on purpose."), "{said:?}");
    // The server has read everything and notices the reset at its end only, or at once.
    let ends = ["This end breaks the connection.", "The connection is broken: "];
    assert!(said.iter().any(|text| ends.iter().any(|end| text.contains(end))), "{said:?}");
    assert_eq!(flags(&server).matches("SA").count(), 2);
}

#[test]
fn refused_and_silent_servers_are_captured() {
    let folder = Folder::new("streams-refused");
    let path = folder.path("client.pcapng");
    let closed = format!("127.0.0.1:{}", free_port());
    let policy = ["--initial-timeout", "200ms", "--max-sends", "2"];
    let finished = run(&[&["send", &closed, "--tcp", "--pcapng", &path][..], &policy].concat());
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let refused = packets(&path);
    assert_eq!(flags(&refused), "S RA S RA", "{refused:?}");
    for at in [1, 3] {
        let comment = &refused[at][3];
        assert!(comment.starts_with("The connection cannot be opened: "), "{comment}");
    }
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let url = format!("http://{address}/");
    let policy = ["--preset", "textbook", "--max-sends", "2", "--initial-timeout", "200ms"];
    let finished = run(&[&["http", &url, "--pcapng", &path][..], &policy].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let packets = packets(&path);
    assert_eq!(flags(&packets).matches("RA").count(), 2, "{packets:?}");
    assert_eq!(tshark(&path, &["-Y", "http.request"]).lines().count(), 2);
}

/// What a limit ends is captured with the limit, and what the server refuses with the reason.
#[test]
fn limits_and_refusals_have_comments() {
    let folder = Folder::new("streams-limits");
    let path = folder.path("server.pcapng");
    let limits = ["--idle-timeout", "300ms", "--max-head", "1000"];
    let services = serve(&path, &[&["--http", "0", "--tcp", "0"], &limits[..]].concat());
    let mut silent = connect(&services.tcp);
    let _ = silent.read_to_end(&mut Vec::new());
    let mut long = connect(&services.http);
    long.write_all(format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(2_000)).as_bytes())
        .unwrap();
    let _ = long.read_to_end(&mut Vec::new());
    drop(long);
    std::thread::sleep(Duration::from_millis(100));
    services.summary();
    let packets = packets(&path);
    let said = comments(&packets).join("\n");
    assert!(said.contains("Limit reached: closed: silent for too long."), "{said}");
    assert!(said.contains("Refused with 431: "), "{said}");
}

/// A disk that is full ends the capture, and the exchange takes place.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_cannot_be_written_is_reported() {
    let services = Services::start_some(&["--http", "0"], &[]);
    let url = format!("http://{}/", services.http);
    for (path, code) in [("/dev/full", 1), ("/nowhere/file", 1)] {
        let finished = run(&["http", &url, "--pcapng", path]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.stderr.contains(&format!("cannot write {path}: ")), "{finished:?}");
        let finished = run(&["lookup", "a", "--server", "127.0.0.1:1", "--pcapng", path]);
        assert_eq!(finished.code, Some(code), "{finished:?}");
    }
    services.summary();
    let finished = run(&["lookup", "localhost", "--pcapng", "a.pcapng"]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("--pcapng needs --server"), "{finished:?}");
}

/// A script that asks for JSON gets an object even if the capture cannot begin.
#[test]
fn a_file_that_cannot_be_created_is_in_the_json() {
    for args in [
        &["http", "127.0.0.1:1"][..],
        &["lookup", "a", "--server", "127.0.0.1:1"],
        &["send", "127.0.0.1:1"],
        &["send", "127.0.0.1:1", "--tcp"],
    ] {
        let finished = run(&[args, &["--json", "--pcapng", "/nowhere/file"]].concat());
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let object = finished.object();
        assert_eq!(object["outcome"], "failed", "{object}");
        let error = object["error"].as_str().unwrap();
        assert!(error.starts_with("cannot write /nowhere/file: "), "{error}");
    }
}

/// The help says what is in the file, and what is not.
#[test]
fn the_help_says_what_is_captured() {
    for command in ["http", "lookup", "send", "serve"] {
        let help =
            run(&[command, "--help"]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["packets are reconstructed", "segments and repeats them is not captured"] {
            assert!(help.contains(part), "{command}: {part}");
        }
    }
}
