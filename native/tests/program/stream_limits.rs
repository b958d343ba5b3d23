//! The limits of `serve --tcp`, `--http` and `--dns`: each is documented, ends a client that exceeds it, and costs no
//! other client its exchange.

use crate::common::run;
use crate::streams::{Services, assert_serves, connect, read_to_the_end};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// What an ill-behaved client does at an address of a service, and which limit the summary counts.
type Client = (&'static str, &'static str, fn(&str), &'static str);

/// Sends the bytes one by one until the server has had enough; returns what it says.
fn trickle(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.set_nodelay(true).unwrap();
    for byte in bytes.iter().cycle() {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
        stream.set_nonblocking(true).unwrap();
        let silent =
            stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
        if !silent {
            break;
        }
    }
    read_to_the_end(&mut stream)
}

fn is_silent(address: &str) {
    assert_eq!(read_to_the_end(&mut connect(address)), b"");
}

/// Opens connections until the server ends the first one.
fn opens_many(address: &str) {
    let mut held: Vec<_> = (0..9).map(|_| connect(address)).collect();
    assert_eq!(read_to_the_end(&mut held[0]), b"");
}

/// Reads everything that the server says and keeps its own direction open.
fn does_not_close(address: &str, request: &[u8]) {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
    std::thread::sleep(Duration::from_millis(1_500));
}

fn assert_times_out(reply: &[u8]) {
    assert!(reply.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(reply));
}

const CLIENTS: &[Client] = &[
    ("silent", "tcp", is_silent, "idle_time"),
    ("silent", "http", is_silent, "idle_time"),
    ("silent", "dns", is_silent, "idle_time"),
    ("slow", "tcp", |tcp| drop(trickle(tcp, b"x")), "total_time"),
    ("slow head", "http", |http| assert_times_out(&trickle(http, b"G")), "total_time"),
    // A message of 65,535 bytes begins.
    ("slow", "dns", |dns| drop(trickle(dns, &[0xFF])), "total_time"),
    (
        "slow body",
        "http",
        |http| {
            let mut stream = connect(http);
            stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12").unwrap();
            assert_times_out(&read_to_the_end(&mut stream));
        },
        "idle_time",
    ),
    (
        "half a query",
        "dns",
        |dns| {
            let mut stream = connect(dns);
            stream.write_all(b"\0\x40abc").unwrap();
            assert_eq!(read_to_the_end(&mut stream), b"");
        },
        "idle_time",
    ),
    ("many", "tcp", opens_many, "connections"),
    ("many", "http", opens_many, "connections"),
    ("many", "dns", opens_many, "connections"),
    (
        "too much",
        "tcp",
        |tcp| {
            let mut stream = connect(tcp);
            // The server breaks the connection at some point.
            while stream.write_all(&[7; 10_000]).is_ok() {}
        },
        "bytes",
    ),
    (
        "does not close",
        "http",
        |http| does_not_close(http, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        "release_time",
    ),
    // Not a query: the server closes its end.
    ("does not close", "dns", |dns| does_not_close(dns, b"\0\x03abc"), "release_time"),
];

const LIMITS: [&str; 8] = [
    "--idle-timeout",
    "700ms",
    "--total-timeout",
    "2s",
    "--max-bytes",
    "1000000",
    "--max-connections",
    "8",
];

#[test]
fn ill_behaved_clients_reach_a_limit_and_cost_no_other_its_exchange() {
    let test = |&(name, service, client, limit): &Client| {
        let services = Services::start_some(&["--tcp", "0", "--http", "0", "--dns", "0"], &LIMITS);
        let address = match service {
            "tcp" => services.tcp.clone(),
            "http" => services.http.clone(),
            _ => services.dns.clone(),
        };
        let ill = std::thread::spawn(move || client(&address));
        while !ill.is_finished() {
            assert_serves(&services.http);
            std::thread::sleep(Duration::from_millis(50));
        }
        ill.join().unwrap_or_else(|_| panic!("{name}, {service}"));
        let totals = services.summary()[service].take();
        let limited = totals["limited_by"][limit].as_u64().unwrap_or_default();
        // The good clients of the same service need a place, too.
        let is_exact = limit != "connections" || service != "http";
        assert!(limited >= 1 && (limited == 1 || !is_exact), "{name}, {service}: {totals}");
        let others =
            totals["limited_by"].as_object().unwrap().iter().filter(|(key, _)| *key != limit);
        assert!(limit == "connections" || others.clone().all(|(_, count)| *count == 0), "{totals}");
    };
    // Four at a time: most of them wait.
    for clients in CLIENTS.chunks(4) {
        std::thread::scope(|scope| {
            clients.iter().for_each(|client| drop(scope.spawn(move || test(client))));
        });
    }
}

/// A client that exceeds the bytes of a name server gets its replies and the end of the connection.
#[test]
fn the_bytes_of_queries_are_limited_by_the_flag() {
    let services = Services::start_some(&["--dns", "0"], &["--max-bytes", "100"]);
    let query = b"\0\x1b\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x07example\0\0\x01\0\x01";
    let mut stream = connect(&services.dns);
    // 29 bytes each: the fourth one is the last one.
    stream.write_all(&query.repeat(10)).unwrap();
    let replies = read_to_the_end(&mut stream);
    let reply = 2 + usize::from(u16::from_be_bytes([replies[0], replies[1]]));
    assert_eq!(replies.len(), 4 * reply, "{replies:?}");
    drop(stream);
    assert_eq!(services.summary()["dns"]["tcp"], 4);
}

#[test]
fn every_limit_is_in_the_help() {
    let help = run(&["serve", "--help"]).stdout;
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "--max-connections <N>",
        "of each service, and at most 256 for DNS",
        "[default: 1024]",
        "--max-bytes <N>",
        "at most 131072 for DNS",
        "[default: 16777216]",
        "--max-head <N>",
        "[default: 8192]",
        "--idle-timeout <DURATION>",
        "[default: 10s]",
        "--total-timeout <DURATION>",
        "[default: 1m]",
        "1 s to close its end",
        "have 5 s to finish",
        "at most 1232",
    ] {
        assert!(help.contains(part), "{part} is not in the help");
    }
}

/// The defaults hold without a flag: a silent client is ended after 10 s.
#[test]
fn the_default_idle_time_ends_silent_clients_of_each_service() {
    let services = Services::start_some(&["--tcp", "0", "--http", "0", "--dns", "0"], &[]);
    std::thread::scope(|scope| {
        for address in [&services.tcp, &services.http, &services.dns] {
            scope.spawn(move || {
                let begun = Instant::now();
                is_silent(address);
                let took = begun.elapsed().as_secs();
                assert!((9..40).contains(&took), "{address}: {took} s");
            });
        }
    });
    let summary = services.summary();
    for service in ["tcp", "http", "dns"] {
        assert_eq!(summary[service]["limited_by"]["idle_time"], 1, "{summary}");
    }
}
