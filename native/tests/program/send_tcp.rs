//! Tests `retrylab send --tcp`: with our server and with independent ones.

use crate::common::{Running, free_port, numbers, retrylab, run, run_with};
use crate::streams::Services;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// Returns the exchanges of `send --tcp --json`, without the summary.
fn send(address: &str, args: &[&str], code: i32) -> Vec<Value> {
    let finished = run(&[&["send", address, "--tcp", "--json"], args].concat());
    assert_eq!(finished.code, Some(code), "{args:?}: {finished:?}");
    finished.exchanges()
}

/// Starts an echo server and waits until it accepts connections on `port`.
fn start(program: &str, args: &[&str], port: u16) -> Running {
    let mut command = Command::new(program);
    command.args(args);
    let running = Running::start(command);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{program} does not listen on {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

#[test]
fn socat_returns_the_message() {
    let port = free_port();
    let listen = format!("TCP4-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr");
    let _socat = start("socat", &[&listen, "PIPE"], port);
    let patient = ["--initial-timeout", "20s", "--give-up-above", "none"];
    let args = [&["how are you?", "--count", "3"], &patient[..]].concat();
    let exchanges = send(&format!("127.0.0.1:{port}"), &args, 0);
    assert_eq!(exchanges.len(), 3);
    for exchange in exchanges {
        assert_eq!(exchange["reply"], "how are you?", "{exchange}");
    }
}

#[test]
fn what_only_datagrams_have_is_refused() {
    for flag in ["--unconnected", "--ladder"] {
        let finished = run(&["send", "127.0.0.1", "--tcp", flag]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains("cannot be used with"), "{finished:?}");
    }
}

#[test]
fn a_server_that_drops_and_fails_is_asked_again() {
    let services = Services::start_some(&["--tcp", "0"], &["--drop-first", "2"]);
    let exchange = send(&services.tcp, &[], 0).remove(0);
    assert_eq!(
        (&exchange["sends"], &exchange["answered_send"]),
        (&3.into(), &3.into()),
        "{exchange}"
    );
    assert_eq!(exchange["reply"], "Your data was 5 bytes");
    let times = numbers(&exchange["send_times_s"]);
    assert!(times[1] >= 0.1 && times[2] >= 0.3, "{times:?}");
    // More than a datagram carries.
    let args = ["send", &services.tcp, "-", "--tcp", "--preset", "coap"];
    let finished = run_with(&args, &[b'x'; 1_000_000]);
    assert_eq!(finished.stdout, "Your data was 1000000 bytes\n", "{finished:?}");
}

#[test]
fn refused_and_silent_servers_have_their_exit_codes() {
    let exchange = send(&format!("127.0.0.1:{}", free_port()), &[], 3).remove(0);
    assert_eq!(
        (&exchange["outcome"], &exchange["sends"]),
        (&"refused".into(), &5.into()),
        "{exchange}"
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let exchange = send(&address, &[], 1).remove(0);
    assert_eq!(
        (&exchange["outcome"], &exchange["sends"]),
        (&"gave_up".into(), &5.into()),
        "{exchange}"
    );
    assert!(exchange["elapsed_s"].as_f64().unwrap() >= 3.1, "{exchange}");
}

#[test]
fn ctrl_c_ends_the_exchange() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let running =
        Running::start(retrylab(&["send", &address, "--tcp", "--json", "--preset", "coap"]));
    let (mut stream, _) = silent.accept().unwrap();
    let mut message = String::new();
    stream.read_to_string(&mut message).unwrap();
    assert_eq!(message, "hello");
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!((finished.code, &finished.object()["outcome"]), (Some(130), &"interrupted".into()));
}

const PATIENT: [&str; 4] = ["--initial-timeout", "20s", "--give-up-above", "none"];

#[test]
fn ncat_answers_if_this_end_stays_open() {
    let port = free_port();
    let args = ["-l", "-k", "-e", "/bin/cat", "127.0.0.1", &port.to_string()];
    let _ncat = start("ncat", &args, port);
    let args = [&["--no-half-close", "--count", "3"], &PATIENT[..]].concat();
    for exchange in send(&format!("127.0.0.1:{port}"), &args, 0) {
        assert_eq!((&exchange["reply"], &exchange["sends"]), (&"hello".into(), &1.into()));
    }
    let finished = run(&["send", "127.0.0.1", "--no-half-close"]);
    assert_eq!(finished.code, Some(2), "it is a flag of --tcp: {finished:?}");
}

/// Without a half-close, a reply is complete when all bytes are back, in any case of letters, or at the end.
#[test]
fn our_server_answers_without_a_half_close_if_it_returns_the_message() {
    for (reply, back) in [("mirror", "hello"), ("upper", "HELLO")] {
        let services = Services::start_some(&["--tcp", "0"], &["--reply", reply]);
        let args = [&["--no-half-close"], &PATIENT[..]].concat();
        let exchange = send(&services.tcp, &args, 0).remove(0);
        assert_eq!(exchange["reply"], back, "{exchange}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 5]).unwrap();
        stream.write_all(b"welcome").unwrap();
    });
    let exchange = send(&address, &[&["--no-half-close"], &PATIENT[..]].concat(), 0).remove(0);
    assert_eq!(exchange["reply"], "welcome", "{exchange}");
    server.join().unwrap();
}

#[test]
fn several_exchanges_end_with_the_summary_of_datagrams() {
    let services = Services::start_some(&["--tcp", "0"], &["--drop-list", "2"]);
    let args = ["send", &services.tcp, "--tcp", "--count", "3", "--max-sends", "1"];
    let patient = ["--initial-timeout", "1s", "--json"];
    let finished = run(&[&args[..], &patient].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let summary = finished.json().pop().unwrap();
    assert_eq!((&summary["event"], &summary["exchanges"]), (&"summary".into(), &3.into()));
    assert_eq!((&summary["answered"], &summary["rtt_count"]), (&2.into(), &2.into()), "{summary}");
    let rtts: Vec<f64> =
        finished.exchanges().iter().filter_map(|one| one["rtt_s"].as_f64()).collect();
    assert_eq!(rtts.len(), 2, "{finished:?}");
    assert_eq!(summary["rtt_max_s"], rtts[0].max(rtts[1]));
    let ping = ["--preset", "udp-pinger"];
    let finished = run(&[&["send", &services.tcp, "--tcp", "--count", "2"][..], &ping].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let lines: Vec<&str> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{finished:?}");
    assert!(lines[0].starts_with("Your data was ") && lines[0].contains(": RTT "), "{lines:?}");
    assert_eq!(lines[2], "2 exchanges, 2 answered, 0 % loss, 2 sends, 0 retries");
    assert!(lines[3].starts_with("RTT min/mean/p50/p99/max "), "{lines:?}");
}

/// Exchanges over connections begin an interval apart as well, and a share of them may fail.
#[test]
fn connections_keep_an_interval_and_accept_a_loss() {
    let services = Services::start_some(&["--tcp", "0"], &["--drop-list", "2"]);
    let args = ["send", &services.tcp, "--tcp", "--count", "3", "--interval", "150ms"];
    let patient = ["--initial-timeout", "100ms", "--max-sends", "1", "--max-loss", "1/3"];
    let begun = Instant::now();
    let finished = run(&[&args[..], &patient].concat());
    assert!(begun.elapsed() >= Duration::from_millis(300), "{finished:?}");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains("3 exchanges, 2 answered, 33.3 % loss"), "{finished:?}");
}

/// `{time}` is the time at which each send began, in each exchange and for each attempt.
#[test]
fn the_time_in_a_message_is_that_of_its_send() {
    let faults = ["--drop-list", "1", "--reply", "mirror"];
    let services = Services::start_some(&["--tcp", "0"], &faults);
    let unix = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let before = unix();
    let args = ["{time}", "--count", "2", "--initial-timeout", "500ms", "--give-up-above", "none"];
    let exchanges = send(&services.tcp, &args, 0);
    let after = unix();
    let times: Vec<f64> =
        exchanges.iter().map(|one| one["reply"].as_str().unwrap().parse().unwrap()).collect();
    // The first reply is that of the second send.
    assert!(times[0] >= before + 0.5 && times[0] < times[1] && times[1] <= after, "{times:?}");
    assert_eq!(exchanges[0]["answered_send"], 2, "{exchanges:?}");
}
