//! `retrylab lab` serves the page on the loopback interface, to this machine only.
//!
//! The program contains the page only if `cargo xtask page` ran before it was built. Without the page, the
//! test checks the error instead. The unit tests check the responses without a page.

use crate::common::{Running, page_is_built, retrylab, run};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Starts the lab on a free port; returns it with its address.
fn start() -> (Running, String) {
    let mut lab = Running::start(retrylab(&["lab", "--port", "0"]));
    let line = lab.line();
    let url = line.trim_end().strip_prefix("the lab is at http://").expect(&line);
    (lab, url.trim_end_matches('/').to_string())
}

/// Returns the head and the body of the response to `GET path`.
fn get(address: &str, path: &str, host: &str) -> (String, Vec<u8>) {
    get_with(address, path, &format!("Host: {host}\r\n"))
}

/// Returns the head, in lower case, and the body of the response to `GET path` with these headers.
fn get_with(address: &str, path: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(crate::common::PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let body = answer.split_off(end + 4);
    (String::from_utf8(answer).unwrap().to_lowercase(), body)
}

#[test]
fn the_page_is_served_or_how_to_build_it_is_said() {
    if !page_is_built() {
        let finished = run(&["lab", "--port", "0"]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("cargo xtask lab"), "{finished:?}");
        return;
    }
    let (lab, address) = start();
    let (head, body) = get(&address, "/", &address);
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/html; charset=utf-8"), "{head}");
    assert!(head.contains("content-security-policy: default-src 'self'"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    assert!(head.contains("cache-control: no-cache"), "{head}");
    assert!(head.contains("etag: "), "{head}");
    let page = String::from_utf8(body).unwrap().to_lowercase();
    assert!(page.contains("<!doctype html>"), "{page}");
    let (head, _) = get(&address, "/", "evil.example");
    assert!(head.starts_with("http/1.1 403"), "{head}");
    let (head, _) = get(&address, "/no-such-file", &address);
    assert!(head.starts_with("http/1.1 404"), "{head}");
    lab.signal("INT");
    assert_eq!(lab.finish(Instant::now()).code, Some(0));
}

/// Returns the files of a folder and its subfolders, without hidden ones.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !path.file_name().unwrap().to_str().unwrap().starts_with('.') {
            found.push(path);
        }
    }
    found
}

/// Every built file is served, compressed and as it is, WebAssembly with its own media type.
#[test]
fn every_file_of_the_page_is_served() {
    if !page_is_built() {
        return the_page_is_served_or_how_to_build_it_is_said();
    }
    let (_lab, address) = start();
    let www = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../www"));
    let packed = www.join("packed");
    let mut modules = 0;
    for path in files(&packed) {
        let name = path.strip_prefix(&packed).unwrap().to_str().unwrap();
        let (name, form) = name.rsplit_once('.').unwrap();
        let coding = if form == "br" { "br" } else { "gzip" };
        let headers = format!("Host: localhost\r\nAccept-Encoding: {coding}\r\n");
        let (head, body) = get_with(&address, &format!("/{name}"), &headers);
        assert!(head.starts_with("http/1.1 200"), "{name}: {head}");
        assert!(head.contains(&format!("content-encoding: {coding}\r\n")), "{name}: {head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{name}: {head}");
        assert_eq!(body, std::fs::read(&path).unwrap(), "{name}");

        let (plain, body) = get(&address, &format!("/{name}"), "localhost");
        assert!(!plain.contains("content-encoding"), "{name}: {plain}");
        assert_eq!(body, std::fs::read(www.join("dist").join(name)).unwrap(), "{name}");
        for head in [head, plain] {
            if name.ends_with(".wasm") {
                modules += 1;
                assert!(head.contains("content-type: application/wasm"), "{head}");
            }
            if name.ends_with(".js") {
                assert!(head.contains("content-type: text/javascript"), "{head}");
            }
        }
    }
    // Twice for each form: both parts of that of a first visit, and that with TCP/IP stacks and name lookups.
    assert_eq!(modules, 2 * 2 * 3);
}

#[test]
fn a_taken_port_is_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = run(&["lab", "--port", &port]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(finished.stderr.trim_end().lines().count(), 1, "{finished:?}");
    if page_is_built() {
        assert!(finished.stderr.contains(&format!("port {port} is in use")), "{finished:?}");
        assert!(finished.stderr.contains("--port"), "{finished:?}");
    } else {
        assert!(finished.stderr.contains("cargo xtask lab"), "{finished:?}");
    }
}

/// Opens connections that send `bytes` and then nothing.
fn hold(address: &str, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let open = |_| {
        let mut stream = TcpStream::connect(address).unwrap();
        // The lab may have closed it already.
        let _ = stream.write_all(bytes);
        stream
    };
    (0..count).map(open).collect()
}

/// Returns whether the lab closes the connection.
fn is_closed(mut stream: TcpStream) -> bool {
    stream.set_read_timeout(Some(crate::common::PATIENCE)).unwrap();
    let read = stream.read_to_end(&mut Vec::new());
    read.map_or_else(|error| error.kind() == ErrorKind::ConnectionReset, |_| true)
}

/// Connections without a complete request keep nobody out, and they are closed after a while.
#[test]
fn half_requests_do_not_block_others() {
    if !page_is_built() {
        return the_page_is_served_or_how_to_build_it_is_said();
    }
    let (_lab, address) = start();
    for bytes in [&b""[..], b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"GET"] {
        let held = hold(&address, 400, bytes);
        let begun = Instant::now();
        for _ in 0..5 {
            let (head, _) = get(&address, "/", &address);
            assert!(head.starts_with("http/1.1 200"), "{head}");
        }
        // Before, everybody waited for as long as the half requests were held.
        assert!(begun.elapsed() < crate::common::PATIENCE / 2, "{:?}", begun.elapsed());
        assert!(held.into_iter().all(is_closed));
    }
    // So is a connection without another request after a response.
    let mut idle = hold(&address, 1, b"GET /icon.svg HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(is_closed(idle.remove(0)));
}

/// The lab says once that descriptors run out, and serves on.
#[test]
fn the_lab_survives_without_descriptors() {
    if !page_is_built() {
        return the_page_is_served_or_how_to_build_it_is_said();
    }
    let program = retrylab(&["lab", "--port", "0"]);
    let mut command = std::process::Command::new("bash");
    command.args(["-c", "ulimit -n 20; exec \"$0\" \"$@\""]);
    command.arg(program.get_program()).args(program.get_args());
    let mut lab = Running::start(command);
    let line = lab.line();
    let address = line.trim_end().strip_prefix("the lab is at http://").expect(&line);
    let address = address.trim_end_matches('/').to_string();
    let held = hold(&address, 60, b"GET / HTTP/1.1\r\n");
    for _ in 0..5 {
        let (head, _) = get(&address, "/", &address);
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
    drop(held);
    lab.signal("INT");
    let finished = lab.finish(Instant::now());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.stderr.matches("cannot accept a connection").count(), 1, "{finished:?}");
    assert!(finished.stderr.contains("to accept a connection\n"), "{finished:?}");
}
