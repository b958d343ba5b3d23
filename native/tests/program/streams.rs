//! Tests `retrylab serve --tcp` and `--http`: with independent clients, within its limits, and at its end.

use crate::common::{PATIENCE, Running, Server, retry, run_command, within_three_tries};
use serde_json::Value;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// `retrylab serve` with its services over connections on free ports.
pub(crate) struct Services {
    server: Server,
    pub(crate) tcp: String,
    pub(crate) http: String,
    pub(crate) dns: String,
}

impl Services {
    fn start(args: &[&str]) -> Self {
        Self::start_some(&["--tcp", "0", "--http", "0"], args)
    }

    pub(crate) fn start_some(services: &[&str], args: &[&str]) -> Self {
        let base = [&["serve", "0", "--json"], services].concat();
        let mut running = Running::start(crate::common::retrylab(&[&base, args].concat()));
        let listening = running.json();
        let text = |key: &str| listening[key].as_str().unwrap_or_default().to_string();
        let (tcp, http, dns, address) = (text("tcp"), text("http"), text("dns"), text("addr"));
        let port = u16::try_from(listening["port"].as_u64().unwrap()).unwrap();
        Self { server: Server { running, address, port }, tcp, http, dns }
    }

    /// Ends it; returns the summary.
    pub(crate) fn summary(self) -> Value {
        self.server.stop().pop().unwrap()
    }

    /// Ends it; returns the lines of its log and the totals of `tcp` and `http`.
    fn stop(self) -> (Vec<Value>, Value, Value) {
        let mut lines = self.server.stop();
        let mut summary = lines.pop().unwrap();
        (lines, summary["tcp"].take(), summary["http"].take())
    }
}

pub(crate) fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends `bytes` and returns everything that comes back until the server closes.
fn exchange(address: &str, bytes: &[u8]) -> String {
    let mut stream = connect(address);
    stream.write_all(bytes).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

/// Asserts that another client's exchange takes place now.
pub(crate) fn assert_serves(http: &str) {
    let reply = exchange(http, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    assert!(reply.ends_with("\r\n\r\nYour data was 5 bytes"), "{reply}");
}

fn program(name: &str, args: &[&str], input: &[u8]) -> String {
    let mut command = Command::new(name);
    command.args(args);
    let finished = run_command(command, input);
    assert_eq!(finished.code, Some(0), "{name} {args:?}: {finished:?}");
    finished.stdout
}

#[test]
fn socat_and_ncat_are_echoed_over_tcp() {
    for (reply, back) in [("report", "Your data was 5 bytes"), ("mirror", "hello")] {
        let services = Services::start(&["--reply", reply]);
        let [host, port] = services.tcp.split(':').collect::<Vec<_>>()[..] else {
            panic!("a port")
        };
        let socat =
            program("socat", &["-t", "30", "-", &format!("TCP:{}", services.tcp)], b"hello");
        let ncat = program("ncat", &[host, port], b"hello");
        assert_eq!((socat.as_str(), ncat.as_str()), (back, back));
        let (lines, tcp, http) = services.stop();
        assert_eq!((&tcp["connections"], &tcp["answered"]), (&2.into(), &2.into()), "{tcp}");
        assert_eq!((&tcp["received_bytes"], &http["connections"]), (&10.into(), &0.into()));
        for line in lines {
            assert_eq!((&line["service"], &line["event"]), (&"tcp".into(), &"answered".into()));
            assert_eq!((&line["bytes"], &line["reply_bytes"]), (&5.into(), &back.len().into()));
        }
    }
}

#[test]
fn a_megabyte_is_mirrored_to_socat() {
    let services = Services::start(&["--reply", "mirror"]);
    let message = "0123456789abcde\n".repeat(1 << 16);
    let to = format!("TCP:{}", services.tcp);
    assert!(program("socat", &["-t", "30", "-", &to], message.as_bytes()) == message);
}

#[test]
fn curl_is_answered_whatever_the_form_of_its_request() {
    let services = Services::start(&[]);
    let url = format!("http://{}/", services.http);
    let long = "x".repeat(100_000);
    let cases: [(&[&str], usize); 6] = [
        (&[], 0),
        (&["-d", "hello"], 5),
        (&["-T", "-"], 7),
        (&["--http1.0", "-d", "hello"], 5),
        // curl waits for `100 Continue` before it sends a long body.
        (&["-H", "Expect: 100-continue", "--data-binary", "@-"], 100_000),
        (&["-H", "Transfer-Encoding: chunked", "-d", "hello"], 5),
    ];
    for (args, bytes) in cases {
        let input = if bytes > 7 { long.as_bytes() } else { b"stdin: " };
        let args = [&["-sS", "--fail", "--max-time", "30"], args, &[&url]].concat();
        let back = program("curl", &args, input);
        assert_eq!(back, format!("Your data was {bytes} bytes"), "{args:?}");
    }
    let head = program("curl", &["-sS", "-I", &url], b"");
    assert!(head.contains("Content-Length: 21"), "{head}");
    let two = [&url, &url].map(String::as_str);
    let trace = ["-sS", "-v", "--stderr", "-", "-H", "Connection: keep-alive"];
    let reused = program("curl", &[&trace[..], &two[..]].concat(), b"");
    assert!(reused.contains("Re-using existing connection"), "{reused}");
    let (lines, _, http) = services.stop();
    assert_eq!(
        (http["answered"].as_u64(), http["connections"].as_u64()),
        (Some(9), Some(8)),
        "{http}"
    );
    assert_eq!((&lines[0]["method"], &lines[0]["status"]), (&"GET".into(), &200.into()));
}

#[test]
fn wrk_gets_only_good_responses() {
    for (field, reuses) in [("Connection: close", false), ("Connection: keep-alive", true)] {
        let services = Services::start(&["--quiet"]);
        let url = format!("http://{}/hello", services.http);
        let report = program("wrk", &["-t1", "-c4", "-d1s", "-H", field, &url], b"");
        assert!(!report.contains("Socket errors") && !report.contains("Non-2xx"), "{report}");
        let line = report.lines().find(|line| line.contains(" requests in ")).unwrap();
        let requests: u64 = line.split_whitespace().next().unwrap().parse().unwrap();
        let (_, _, http) = services.stop();
        let [answered, connections] =
            ["answered", "connections"].map(|key| http[key].as_u64().unwrap());
        assert!(requests > 0 && answered >= requests, "{requests} of {http}");
        assert_eq!(answered > 2 * connections, reuses, "{http}");
    }
}

/// Reads until the server closes or breaks the connection.
pub(crate) fn read_to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let (mut all, mut buf) = (Vec::new(), [0; 4_096]);
    loop {
        match retry(|| stream.read(&mut buf)) {
            Ok(0) => return all,
            Ok(count) => all.extend(&buf[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return all,
            Err(error) => panic!("the server neither closes nor breaks the connection: {error}"),
        }
    }
}

#[test]
fn a_request_that_is_too_large_or_unclear_is_refused_with_its_status() {
    let services = Services::start(&["--max-head", "1000", "--max-bytes", "5000"]);
    let long = "a".repeat(2_000);
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), 414),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n".to_string(), 413),
        ("GET / HTTP/1.1\r\n\r\n".to_string(), 400),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
                .to_string(),
            400,
        ),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_string(), 505),
        ("\u{0}\u{1}\u{2}\r\n\r\n".to_string(), 400),
    ] {
        let reply = exchange(&services.http, request.as_bytes());
        assert!(reply.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {reply}");
        assert_serves(&services.http);
    }
    let (lines, _, http) = services.stop();
    assert_eq!(http["refused"], 7, "{http}");
    assert!(lines.iter().any(|line| line["event"] == "refused" && line["status"] == 431));
}

#[test]
fn half_open_connections_are_answered_or_released() {
    let services = Services::start(&[]);
    // An end, and no request.
    let stream = connect(&services.http);
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(retry(|| (&stream).read(&mut [0; 9])).unwrap(), 0);
    // A request, and an end at once.
    let mut stream = connect(&services.http);
    stream.write_all(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
    // A client that leaves in the middle: it closes without reading, which sends a reset.
    let mut stream = connect(&services.http);
    stream.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n12").unwrap();
    drop(stream);
    assert_serves(&services.http);
    let (_, _, http) = services.stop();
    assert_eq!((&http["answered"], &http["open"]), (&2.into(), &0.into()), "{http}");
}

/// Allows this process, and the programs that it starts, this many descriptors.
#[cfg(target_os = "linux")]
fn allow_descriptors(count: u64) -> bool {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    soft >= count
        || setrlimit(Resource::RLIMIT_NOFILE, count.min(hard), hard).is_ok() && hard >= count
}

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_connections_cost_no_other_client_its_exchange() {
    const COUNT: usize = 10_000;
    // 5 s for exchanges in progress, and twice the second that a connection has to close.
    const END: Duration = Duration::from_secs(5 + 2);
    if !allow_descriptors(COUNT as u64 + 2_000) {
        eprintln!("skipped: the system does not permit {COUNT} connections");
        return;
    }
    // As many as the server allows, and many more.
    for max in ["10100", "1024"] {
        let limits = ["--idle-timeout", "2m", "--total-timeout", "3m"];
        let args = [&["--quiet", "--max-connections", max], &limits[..]].concat();
        let services = Services::start_some(&["--http", "0"], &args);
        let mut connections = Vec::with_capacity(COUNT);
        for number in 0..COUNT {
            let mut stream = connect(&services.http);
            // Some are silent, the others begin a request.
            if number % 2 == 0 {
                // The server may have ended it already.
                let _ = stream.write_all(b"GET / HT");
            }
            connections.push(stream);
            if number % 500 == 0 {
                assert_serves(&services.http);
            }
        }
        for _ in 0..20 {
            assert_serves(&services.http);
        }
        services.server.running.signal("TERM");
        let finished = services.server.running.finish(Instant::now());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let http = finished.json().pop().unwrap()["http"].take();
        assert_eq!(http["answered"], 40, "{http}");
        assert_eq!(http["connections"], COUNT + 40, "{http}");
        // At the end, the server answers those that have begun a request; those that it broke are gone.
        let [refused, ended] = [&http["refused"], &http["limited_by"]["connections"]];
        let [refused, ended] = [refused, ended].map(|count| count.as_u64().unwrap() as usize);
        // A connection of the 40 that is just being released still counts.
        let most = if max == "1024" { COUNT - 1_024 } else { 0 };
        assert!((most..=most + 40).contains(&ended), "{http}");
        assert!(refused.abs_diff((COUNT - most) / 2) <= 20, "{http}");
        // Those that do not end in the time that the server has for its end are cut off, and counted.
        assert!(http["open"] == 0 || finished.took >= END, "{:?}: {http}", finished.took);
        assert_eq!(http["not_accepted"], 0, "{http}");
    }
}

#[test]
fn exchanges_in_progress_finish_after_a_signal() {
    for signal in ["INT", "TERM"] {
        let services = Services::start(&["--reply", "mirror"]);
        let mut http = connect(&services.http);
        http.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha").unwrap();
        let mut tcp = connect(&services.tcp);
        tcp.write_all(b"ha").unwrap();
        tcp.read_exact(&mut [0; 2]).unwrap();
        let mut idle = connect(&services.http);
        assert_serves_mirror(&services.http);
        services.server.running.signal(signal);
        // The connection without a request is closed at once.
        assert_eq!(read_to_the_end(&mut idle), b"");
        drop(idle);
        http.write_all(b"lf").unwrap();
        let mut reply = String::new();
        http.read_to_string(&mut reply).unwrap();
        assert!(reply.ends_with("\r\n\r\nhalf"), "{reply}");
        drop(http);
        tcp.write_all(b"lf").unwrap();
        tcp.shutdown(Shutdown::Write).unwrap();
        reply.clear();
        tcp.read_to_string(&mut reply).unwrap();
        assert_eq!(reply, "lf");
        drop(tcp);
        let finished = services.server.running.finish(Instant::now());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let summary = finished.json().pop().unwrap();
        assert_eq!(
            (&summary["http"]["answered"], &summary["tcp"]["answered"]),
            (&2.into(), &1.into())
        );
        assert_eq!((&summary["http"]["open"], &summary["tcp"]["open"]), (&0.into(), &0.into()));
    }
}

fn assert_serves_mirror(http: &str) {
    let reply = exchange(http, b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(reply.ends_with("\r\n\r\nhello"), "{reply}");
}

#[test]
fn an_exchange_that_does_not_end_delays_the_end_for_a_bounded_time() {
    for second_signal in [false, true] {
        within_three_tries(|| {
            let services = Services::start(&[]);
            let mut stream = connect(&services.tcp);
            stream.write_all(b"half").unwrap();
            assert_serves(&services.http);
            services.server.running.signal("TERM");
            let begun = Instant::now();
            if second_signal {
                std::thread::sleep(Duration::from_millis(300));
                services.server.running.signal("TERM");
            }
            let finished = services.server.running.finish(begun);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            let tcp = finished.json().pop().unwrap()["tcp"].take();
            let (open, limited) = (tcp["open"].as_u64(), tcp["limited_by"]["total_time"].as_u64());
            assert_eq!(open.unwrap() + limited.unwrap(), 1, "{tcp}");
            let (least, most) = if second_signal { (0, 4) } else { (4, 7) };
            let took = finished.took.as_secs();
            if (least..=most).contains(&took) { Ok(()) } else { Err(format!("{took} s")) }
        });
    }
}

#[test]
fn datagrams_are_answered_while_connections_are_busy() {
    let services = Services::start(&["--quiet"]);
    let url = format!("http://{}/hello", services.http);
    let wrk = std::thread::spawn(move || program("wrk", &["-t1", "-c8", "-d2s", &url], b""));
    let mut exchanges = 0;
    while !wrk.is_finished() {
        let finished = crate::common::run(&["send", &services.server.address, "--max-sends", "9"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        exchanges += 1;
    }
    wrk.join().unwrap();
    assert!(exchanges > 2, "{exchanges}");
}
