//! Interoperates with independent programs: socat and ncat at either end, and the echo service of xinetd.

use crate::common::{Folder, Running, Server, free_port, run, run_command};
use std::net::{TcpStream, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

/// Starts a server program and waits until its port is taken.
pub(crate) fn start(program: &str, args: &[&str], port: u16) -> Running {
    let mut command = Command::new(program);
    command.args(args);
    let running = Running::start(command);
    let begun = Instant::now();
    while UdpSocket::bind(("127.0.0.1", port)).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(10), "{program} does not take port {port}");
        std::thread::sleep(Duration::from_millis(5));
    }
    running
}

/// Runs three exchanges with an independent echo service.
fn assert_echoes(port: u16) {
    let address = format!("127.0.0.1:{port}");
    let finished = run(&["send", &address, "hello", "--count", "3", "--token", "--json"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let exchanges = finished.exchanges();
    assert_eq!(exchanges.len(), 3);
    for (i, exchange) in exchanges.iter().enumerate() {
        assert_eq!(exchange["outcome"], "answered");
        let named = format!("#{}.", i + 1);
        assert!(exchange["reply"].as_str().unwrap().starts_with(&named), "{exchange}");
    }
}

#[test]
fn our_client_is_echoed_by_socat() {
    let port = free_port();
    let listen = format!("UDP4-RECVFROM:{port},bind=127.0.0.1,fork");
    let _socat = start("socat", &[&listen, "PIPE"], port);
    assert_echoes(port);
}

#[test]
fn our_client_is_echoed_by_ncat() {
    let port = free_port();
    let args = ["-u", "-l", "-k", "-e", "/bin/cat", "127.0.0.1", &port.to_string()];
    let _ncat = start("ncat", &args, port);
    assert_echoes(port);
}

#[test]
fn our_server_answers_socat_and_its_empty_datagram() {
    let mut server = Server::start(&[]);
    let mut command = Command::new("socat");
    // `shut-null`: socat marks the end of its input with an empty datagram.
    command.args(["-t", "0.5", "-", &format!("UDP:{},shut-null", server.address)]);
    let begun = Instant::now();
    let mut socat = Running::start(command);
    socat.write(b"hello");
    socat.close_stdin();
    let finished = socat.finish(begun);
    assert_eq!(finished.stdout, "Your data was 5 bytesYour data was 0 bytes", "{finished:?}");
    for bytes in [5, 0] {
        let line = server.running.json();
        assert_eq!((&line["event"], &line["bytes"]), (&"answered".into(), &bytes.into()));
    }
    let after = run(&["send", &server.address]);
    assert_eq!(after.code, Some(0), "the server continues: {after:?}");
}

#[test]
fn our_server_answers_ncat() {
    let server = Server::start(&["--reply", "mirror"]);
    let mut command = Command::new("ncat");
    command.args(["-u", "127.0.0.1", &server.port.to_string()]);
    let mut ncat = Running::start(command);
    // Its stdin stays open until the reply arrives, because ncat does not wait after the end of its input.
    ncat.write(b"hello\n");
    assert_eq!(ncat.line(), "hello\n");
    ncat.write(b"again\n");
    assert_eq!(ncat.line(), "again\n");
}

/// The echo service of xinetd on `port`, over UDP or TCP.
fn xinetd_service(port: u16, user: &str, socket: &str, protocol: &str, waits: &str) -> String {
    format!(
        "service echo\n{{\ntype = INTERNAL UNLISTED\nid = echo-{protocol}\nsocket_type = {socket}\n\
         protocol = {protocol}\nwait = {waits}\nuser = {user}\nbind = 127.0.0.1\nport = {port}\n\
         disable = no\n}}\n"
    )
}

#[test]
fn our_client_is_echoed_by_xinetd_over_udp_and_tcp() {
    let (port, folder) = (free_port(), Folder::new("xinetd"));
    let mut id = Command::new("id");
    id.arg("-un");
    let user = run_command(id, b"").stdout.trim().to_string();
    let services = [("dgram", "udp", "yes"), ("stream", "tcp", "no")];
    let config: String = services
        .map(|(socket, protocol, waits)| xinetd_service(port, &user, socket, protocol, waits))
        .concat();
    let [path, pid] = ["xinetd.conf", "xinetd.pid"].map(|name| folder.path(name));
    std::fs::write(&path, config).unwrap();
    // Debian keeps the program out of an ordinary user's PATH.
    let path_variable = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let mut command = Command::new("env");
    command.arg(format!("PATH={path_variable}"));
    command.args(["xinetd", "-dontfork", "-f", &path, "-pidfile", &pid]);
    let _xinetd = Running::start(command);
    let begun = Instant::now();
    while UdpSocket::bind(("127.0.0.1", port)).is_ok()
        || TcpStream::connect(("127.0.0.1", port)).is_err()
    {
        assert!(begun.elapsed() < Duration::from_secs(10), "xinetd does not take port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_echoes(port);
    let address = format!("127.0.0.1:{port}");
    let patient = ["--initial-timeout", "20s", "--give-up-above", "none", "--json"];
    for flags in [&["--tcp"][..], &["--tcp", "--no-half-close"]] {
        let args = [&["send", &address, "how are you?", "--count", "2"], flags, &patient[..]];
        let finished = run(&args.concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        for exchange in finished.exchanges() {
            assert_eq!(exchange["reply"], "how are you?", "{exchange}");
        }
    }
}
