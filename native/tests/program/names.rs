//! `lookup` and `serve --dns`, with independent programs at the other end: dig, dnsmasq and unbound.

use crate::common::{
    Finished, Folder, PATIENCE, Running, assert_refused, close, free_port, numbers, retry,
    retrylab, run, run_command, socket, within_three_tries,
};
use crate::interop::start;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

/// `retrylab serve --dns` on free ports.
struct NameServer {
    running: Running,
    address: String,
    port: String,
}

impl NameServer {
    fn start(records: &[&str]) -> Self {
        let records = records.iter().flat_map(|record| ["--record", record]);
        let args: Vec<&str> =
            ["serve", "0", "--json", "--dns", "0"].into_iter().chain(records).collect();
        let mut running = Running::start(retrylab(&args));
        let listening = running.json();
        let address = listening["dns"].as_str().unwrap().to_string();
        let port = address.rsplit_once(':').unwrap().1.to_string();
        Self { running, address, port }
    }

    fn with_many_addresses() -> Self {
        let big: Vec<String> = (0..100).map(|last| format!("big.example=192.0.2.{last}")).collect();
        let records = ["a.example=192.0.2.9", "a.example=192.0.2.10", "a.example=2001:db8::9"];
        let big = big.iter().map(String::as_str);
        Self::start(&records.into_iter().chain(big).collect::<Vec<_>>())
    }

    /// Runs dig; returns the status and the data of the records in the answer.
    fn dig(&self, args: &[&str]) -> (String, Vec<String>, String) {
        let mut command = Command::new("dig");
        let port = ["@127.0.0.1", "-p", &self.port];
        command.args(port).args(["+noall", "+comments", "+answer", "+tries=1", "+time=20"]);
        command.args(args);
        let finished = run_command(command, b"");
        let text = finished.stdout;
        let status = text.split_once("status: ").map_or("", |(_, rest)| rest).split(',').next();
        let records = text.lines().filter(|line| !line.starts_with(';'));
        let records = records.filter_map(|line| line.split_whitespace().last());
        (status.unwrap().to_string(), records.map(str::to_string).collect(), text.clone())
    }

    /// Stops it; returns the summary of the name server.
    fn stop(self) -> Value {
        self.running.signal("TERM");
        let finished = self.running.finish(Instant::now());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        finished.json().pop().unwrap()["dns"].clone()
    }
}

#[test]
fn dig_is_answered_over_udp_and_tcp() {
    let server = NameServer::with_many_addresses();
    for transport in ["+notcp", "+tcp"] {
        for edns in ["+edns=0", "+noedns"] {
            for (question, status, answers) in [
                ("a.example A", "NOERROR", &["192.0.2.9", "192.0.2.10"][..]),
                ("A.EXAMPLE AAAA", "NOERROR", &["2001:db8::9"]),
                ("a.example ANY", "NOERROR", &["192.0.2.9", "192.0.2.10", "2001:db8::9"]),
                ("a.example MX", "NOERROR", &[]),
                ("a.example TYPE65280", "NOERROR", &[]),
                ("example A", "NOERROR", &[]),
                ("none.example A", "NXDOMAIN", &[]),
                ("version.bind CH TXT", "REFUSED", &[]),
            ] {
                let question: Vec<&str> = question.split(' ').collect();
                let (got, records, text) =
                    server.dig(&[&[transport, edns], &question[..]].concat());
                assert_eq!((got.as_str(), &records), (status, &owned(answers)), "{text}");
                assert!(!text.contains("malformed") && !text.contains("expected"), "{text}");
            }
        }
    }
    let (status, _, text) = server.dig(&["+edns=1", "+noednsneg", "a.example"]);
    assert_eq!(status, "BADVERS", "{text}");
    let (status, _, text) = server.dig(&["+opcode=STATUS", "a.example"]);
    assert_eq!(status, "NOTIMP", "{text}");
    let totals = server.stop();
    assert_eq!(totals["answered_by"]["NXDOMAIN"], 4, "{totals}");
    // dig asks ANY over TCP by itself.
    assert_eq!(totals["udp"].as_u64().unwrap() + totals["tcp"].as_u64().unwrap(), 34, "{totals}");
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

#[test]
fn dig_gets_long_answers_and_long_names() {
    let (a, b) = ("a".repeat(63), "b".repeat(61));
    let longest = format!("{a}.{a}.{a}.{b}");
    let record = format!("{longest}=192.0.2.9");
    let server = NameServer::start(&[&record]);
    let (status, records, text) = server.dig(&[&longest]);
    assert_eq!((status.as_str(), records), ("NOERROR", owned(&["192.0.2.9"])), "{text}");
    server.stop();

    let server = NameServer::with_many_addresses();
    for (args, truncated, answers) in [
        // dig retries over TCP.
        (&["big.example"][..], true, 100),
        (&["+noedns", "big.example"], true, 100),
        (&["+ignore", "+noedns", "big.example"], false, 0),
        (&["+ignore", "+bufsize=4096", "big.example"], false, 0),
        (&["+tcp", "big.example"], false, 100),
    ] {
        let (status, records, text) = server.dig(args);
        assert_eq!((status.as_str(), records.len()), ("NOERROR", answers), "{text}");
        assert_eq!(text.contains("Truncated, retrying in TCP mode"), truncated, "{text}");
        assert_eq!(text.contains("flags: qr aa tc"), args.contains(&"+ignore"), "{text}");
    }
    assert_eq!(server.stop()["truncated"], 4);
}

/// Runs `retrylab lookup` with one name server.
fn lookup(name: &str, server: &str, more: &[&str]) -> Finished {
    run(&[&["lookup", name, "--server", server, "--json"], more].concat())
}

/// Returns the outcome, the addresses and the exit code.
fn found(finished: &Finished) -> (String, Vec<String>, Option<i32>) {
    let report = finished.object();
    let addresses = report["addresses"].as_array().unwrap().iter();
    let addresses = addresses.map(|found| found["address"].as_str().unwrap().to_string());
    (report["outcome"].as_str().unwrap().to_string(), addresses.collect(), finished.code)
}

#[test]
fn dnsmasq_answers_our_lookup() {
    let port = free_port();
    let args = [
        "-k",
        "--no-resolv",
        "--no-hosts",
        &format!("--port={port}"),
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--pid-file=",
        "--address=/a.example/192.0.2.9",
        "--address=/a.example/2001:db8::9",
        "--local=/example/",
        "--host-record=b.example,192.0.2.10",
        "--cname=www.b.example,b.example",
    ];
    let _dnsmasq = start("dnsmasq", &args, port);
    let server = format!("127.0.0.1:{port}");
    for (name, outcome, addresses, code) in [
        ("A.example", "answered", &["192.0.2.9", "2001:db8::9"][..], 0),
        ("b.example.", "answered", &["192.0.2.10"], 0),
        ("www.b.example", "answered", &["192.0.2.10"], 0),
        ("none.example", "no_such_name", &[], 4),
        // It is not responsible for other names, and knows nobody else to ask.
        ("www.test", "server_failed", &[], 1),
    ] {
        let finished = lookup(name, &server, &[]);
        let expected = (outcome.to_string(), owned(addresses), Some(code));
        assert_eq!(found(&finished), expected, "{finished:?}");
    }
    let report = lookup("www.b.example", &server, &["-4"]).object();
    assert_eq!(report["aliases"][0], "b.example", "{report}");
    assert_eq!(report["addresses"][0]["number"], 3_221_225_994_u32);
    assert_eq!((&report["server"], &report["sends"]), (&server.as_str().into(), &1.into()));
    let finished = run(&["lookup", "a.example", "--server", &server]);
    assert_eq!(finished.stdout, "192.0.2.9 3221225993\n2001:db8::9\n");
    let finished = lookup("b.example", &server, &["-6"]);
    assert_eq!(found(&finished), ("no_address".to_string(), vec![], Some(4)), "{finished:?}");
}

#[test]
fn unbound_answers_our_lookup_over_udp_and_tcp() {
    let port = free_port();
    let folder = Folder::new("unbound");
    let mut text = format!(
        "server:\n interface: 127.0.0.1\n port: {port}\n do-daemonize: no\n username: \"\"\n \
         chroot: \"\"\n directory: \"/\"\n pidfile: \"\"\n use-syslog: no\n do-not-query-localhost: no\n \
         module-config: \"iterator\"\n local-zone: \"example.\" static\n \
         local-data: \"a.example. A 192.0.2.9\"\n local-data: \"a.example. AAAA 2001:db8::9\"\n"
    );
    for last in 0..100 {
        text += &format!(" local-data: \"big.example. A 192.0.2.{last}\"\n");
    }
    text += "remote-control:\n control-enable: no\n";
    let config = folder.path("unbound.conf");
    std::fs::write(&config, text).unwrap();
    let _unbound = start("unbound", &["-d", "-c", &config], port);
    let server = format!("127.0.0.1:{port}");
    let finished = lookup("a.example", &server, &[]);
    let both = owned(&["192.0.2.9", "2001:db8::9"]);
    assert_eq!(found(&finished), ("answered".to_string(), both, Some(0)), "{finished:?}");
    let finished = lookup("none.example", &server, &[]);
    assert_eq!(found(&finished).0, "no_such_name", "{finished:?}");
    // Without EDNS, 100 addresses do not fit into a datagram.
    let finished = lookup("big.example", &server, &[]);
    let report = finished.object();
    assert_eq!((found(&finished).1.len(), &report["truncated"]), (100, &1.into()), "{report}");
}

#[test]
fn our_lookup_is_answered_by_our_server() {
    let server = NameServer::with_many_addresses();
    let finished = lookup("big.example", &server.address, &["--preset", "textbook"]);
    assert_eq!(found(&finished).1.len(), 100, "{finished:?}");
    assert_eq!(finished.object()["truncated"], 1);
    let finished = lookup("none.example", &server.address, &[]);
    assert_eq!(found(&finished), ("no_such_name".to_string(), vec![], Some(4)));
    server.stop();
}

/// A silent server, then a live one: the times are those of resolv.conf.
#[test]
fn a_dead_server_costs_its_wait() {
    let live = NameServer::with_many_addresses();
    within_three_tries(|| {
        let (_silent, dead) = socket();
        let args = ["--server", &live.address, "--options", "timeout:1"];
        let finished = lookup("a.example", &dead, &args);
        let report = finished.object();
        assert_eq!((&report["outcome"], finished.code), (&"answered".into(), Some(0)), "{report}");
        assert_eq!(
            (&report["answered_send"], &report["server"]),
            (&2.into(), &live.address.as_str().into())
        );
        close(&numbers(&report["send_times_s"]), &[0.0, 1.0])
    });
    // Nobody listens at the first one: no wait.
    let closed = format!("127.0.0.1:{}", free_port());
    let finished = lookup("a.example", &closed, &["--server", &live.address]);
    assert_eq!(found(&finished).0, "answered", "{finished:?}");
    let report = finished.object();
    assert!(report["elapsed_s"].as_f64().unwrap() < 5.0, "{report}");
    live.stop();
}

#[test]
fn a_lookup_without_an_answer_says_why() {
    let (_silent, dead) = socket();
    let finished = lookup("a.example", &dead, &["--options", "timeout:0 attempts:1"]);
    assert_eq!(found(&finished), ("gave_up".to_string(), vec![], Some(1)), "{finished:?}");
    assert!(finished.stderr.contains("no server answered after 1 send in 1"), "{finished:?}");

    within_three_tries(|| {
        let finished = lookup("a.example", &dead, &["--preset", "textbook"]);
        let report = finished.object();
        assert_eq!((&report["outcome"], finished.code), (&"gave_up".into(), Some(1)));
        close(&numbers(&report["send_times_s"]), &[0.0, 0.1, 0.3, 0.7, 1.5])
    });

    let closed = format!("127.0.0.1:{}", free_port());
    let finished = lookup("a.example", &closed, &[]);
    assert_eq!(found(&finished), ("unreachable".to_string(), vec![], Some(3)), "{finished:?}");
    let finished = lookup("a.example", "none.invalid", &[]);
    assert_eq!(found(&finished), ("name_not_found".to_string(), vec![], Some(4)), "{finished:?}");
}

/// A server whose first reply has another id and whose second reply asks another question.
#[test]
fn forged_replies_are_counted_and_ignored() {
    let (server, address) = socket();
    let fake = std::thread::spawn(move || {
        let mut query = [0; 512];
        let (len, client) = retry(|| server.recv_from(&mut query)).unwrap();
        let mut reply = query[..len].to_vec();
        // A response with the code NXDOMAIN.
        (reply[2], reply[3]) = (0x84, 0x03);
        let mut forged = reply.clone();
        forged[0] ^= 0xFF;
        server.send_to(&forged, client).unwrap();
        let mut other = reply.clone();
        other[13] = b'b';
        server.send_to(&other, client).unwrap();
        server.send_to(b"hello", client).unwrap();
        server.send_to(&reply, client).unwrap();
    });
    let finished = lookup("a.example", &address, &["-4"]);
    fake.join().unwrap();
    let report = finished.object();
    assert_eq!((&report["outcome"], &report["strangers"]), (&"no_such_name".into(), &3.into()));
    for why in ["(id), ignored", "(question), ignored", "(message), ignored"] {
        assert!(finished.stderr.contains(why), "{why}: {finished:?}");
    }
}

#[test]
fn the_system_resolves_names_and_addresses_are_converted() {
    let finished = run(&["lookup", "localhost", "-4"]);
    assert_eq!((finished.stdout.as_str(), finished.code), ("127.0.0.1 2130706433\n", Some(0)));
    for (text, shown) in [
        ("192.0.2.9", "192.0.2.9 3221225993\n"),
        ("3221225993", "192.0.2.9 3221225993\n"),
        ("0", "0.0.0.0 0\n"),
        ("2001:DB8::0:9", "2001:db8::9\n"),
    ] {
        let finished = run(&["lookup", text]);
        assert_eq!((finished.stdout.as_str(), finished.code), (shown, Some(0)), "{text}");
    }
    let finished = run(&["lookup", "none.invalid", "--json"]);
    assert_eq!(found(&finished), ("name_not_found".to_string(), vec![], Some(4)));
}

#[test]
fn what_cannot_be_looked_up_is_refused() {
    for (args, parts) in [
        (&["1.2.3"][..], &["it has 3 numbers"][..]),
        (&["1.2.3.256"], &["its fourth number is 256"]),
        (&["a b"], &["it contains ' '"]),
        (&["a..b"], &["two dots follow each other"]),
        (&[""], &["the name is empty"]),
        (&["a", "--options", "rotate"], &["--options needs --server"]),
        (&["a", "--max-sends", "2"], &["a policy flag needs --server"]),
    ] {
        assert_refused(&run(&[&["lookup"], args].concat()), parts);
    }
    for (args, part) in [
        (&["a", "--server", "53"][..], "is a port without a host"),
        (&["a", "--server", "::1", "--options", "timeout:31"], "`timeout:31` is not an option"),
        (&["a", "-4", "-6"], "cannot be used with"),
    ] {
        let finished = run(&[&["lookup"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
    let four = ["--server", "::1"].repeat(4);
    let finished = run(&[&["lookup", "a"][..], &four].concat());
    assert_refused(&finished, &["--server is given 4 times; use at most 3"]);
    for (args, part) in [
        (&["--record", "a=192.0.2.1"][..], "--dns <ADDR>"),
        (&["--dns", "0", "--record", "a=192.0.2"], "it has 3 numbers"),
        (&["--dns", "localhost"], "`localhost` has no port"),
    ] {
        let finished = run(&[&["serve", "0"], args].concat());
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
}

/// A query for the address of `a.example`, with its length in front.
fn framed_query() -> Vec<u8> {
    let query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01";
    [&[0, query.len() as u8][..], query].concat()
}

fn connect(server: &NameServer) -> TcpStream {
    let stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Returns the next message on a connection; empty at its end.
fn read_message(mut stream: &TcpStream) -> Vec<u8> {
    let mut len = [0; 2];
    match stream.read_exact(&mut len) {
        Ok(()) => {
            let mut message = vec![0; u16::from_be_bytes(len).into()];
            stream.read_exact(&mut message).unwrap();
            message
        }
        Err(_) => Vec::new(),
    }
}

/// Clients that connect and say nothing, or that stop within a query, keep nobody out.
#[test]
fn silent_connections_keep_nobody_out() {
    let server = NameServer::with_many_addresses();
    let mut held = Vec::new();
    for number in 0..600 {
        let mut stream = connect(&server);
        if number % 2 == 0 {
            stream.write_all(&framed_query()[..9]).unwrap();
        }
        held.push(stream);
    }
    let (status, records, text) = server.dig(&["+tcp", "a.example"]);
    assert_eq!((status.as_str(), records.len()), ("NOERROR", 2), "{text}");
    let totals = server.stop();
    assert_eq!(totals["connections"], 601, "{totals}");
    assert_eq!(totals["closed_early"], 601 - 256, "{totals}");
    assert_eq!(totals["limited_by"]["connections"], totals["closed_early"], "{totals}");
    // A script finds the limits that were not reached as well.
    assert_eq!(totals["limited_by"]["bytes"], 0, "{totals}");
}

#[test]
fn queries_on_one_connection_are_answered_in_order() {
    let server = NameServer::with_many_addresses();
    let mut stream = connect(&server);
    let mut other = framed_query();
    other[2] = 0x56;
    // Two at once, and a third one in two parts.
    stream.write_all(&[framed_query(), other, framed_query()[..7].to_vec()].concat()).unwrap();
    assert_eq!(read_message(&stream)[..2], [0x12, 0x34]);
    assert_eq!(read_message(&stream)[..2], [0x56, 0x34]);
    stream.write_all(&framed_query()[7..]).unwrap();
    assert_eq!(read_message(&stream)[..2], [0x12, 0x34]);
    // What is not a query ends the connection; a malformed query does not.
    let mut malformed = framed_query()[..16].to_vec();
    malformed[1] = 14;
    stream.write_all(&malformed).unwrap();
    assert_eq!(read_message(&stream)[3] & 0x0F, 1, "FORMERR");
    stream.write_all(b"\0\x03abc").unwrap();
    assert!(read_message(&stream).is_empty());
    // A reply is not answered, over UDP either.
    let (client, _) = socket();
    let mut response = framed_query()[2..].to_vec();
    response[2] |= 0x80;
    client.send_to(&response, &server.address).unwrap();
    client.send_to(&framed_query()[2..], &server.address).unwrap();
    let mut reply = [0; 512];
    let len = retry(|| client.recv(&mut reply)).unwrap();
    assert_eq!(reply[..len][len - 4..], [192, 0, 2, 10], "that of the query");
    let totals = server.stop();
    assert_eq!((&totals["ignored"], &totals["answered_by"]["FORMERR"]), (&2.into(), &1.into()));
}

#[test]
fn bytes_on_one_connection_are_limited() {
    let server = NameServer::with_many_addresses();
    let stream = connect(&server);
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        // 31 bytes each, 310 kB in all: the server closes the connection before the end.
        (0..10_000).take_while(|_| writer.write_all(&framed_query()).is_ok()).count()
    });
    let mut replies = 0;
    while !read_message(&stream).is_empty() {
        replies += 1;
    }
    let _ = writing.join().unwrap();
    let limit = (128 << 10) / framed_query().len() + 1;
    assert!(replies <= limit && replies > 0, "{replies} of at most {limit}");
    assert_eq!(server.stop()["tcp"], limit);
}

/// SIGTERM while a query is arriving: it is still answered.
#[test]
fn a_query_that_has_begun_is_answered_before_the_end() {
    let server = NameServer::with_many_addresses();
    let (idle, mut stream) = (connect(&server), connect(&server));
    stream.write_all(&framed_query()[..9]).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    server.running.signal("TERM");
    assert!(read_message(&idle).is_empty(), "closed at once");
    stream.write_all(&framed_query()[9..]).unwrap();
    assert_eq!(read_message(&stream)[..2], [0x12, 0x34]);
    let finished = server.running.finish(Instant::now());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.json().pop().unwrap()["dns"]["tcp"], 1, "{finished:?}");
}

#[test]
fn a_port_in_use_is_reported() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let finished = run(&["serve", "0", "--dns", &address]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(&format!("cannot listen on {address}")), "{finished:?}");
}
