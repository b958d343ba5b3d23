//! Tests `retrylab send --tcp`: with our server and with independent ones.

use crate::common::{Running, free_port, numbers, retrylab, run, run_with};
use serde_json::Value;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// Returns the result of `send --tcp --json`.
fn send(address: &str, args: &[&str], code: i32) -> Vec<Value> {
    let finished = run(&[&["send", address, "--tcp", "--json"], args].concat());
    assert_eq!(finished.code, Some(code), "{args:?}: {finished:?}");
    finished.json()
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
    let mut running =
        Running::start(retrylab(&["serve", "0", "--json", "--tcp", "0", "--drop-first", "2"]));
    let tcp = running.json()["tcp"].as_str().unwrap().to_string();
    let exchange = send(&tcp, &[], 0).remove(0);
    assert_eq!(
        (&exchange["sends"], &exchange["answered_send"]),
        (&3.into(), &3.into()),
        "{exchange}"
    );
    assert_eq!(exchange["reply"], "Your data was 5 bytes");
    let times = numbers(&exchange["send_times_s"]);
    assert!(times[1] >= 0.1 && times[2] >= 0.3, "{times:?}");
    // More than a datagram carries.
    let finished = run_with(&["send", &tcp, "-", "--tcp", "--preset", "coap"], &[b'x'; 1_000_000]);
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
