//! Tests `retrylab http`: with independent servers, with servers that fail, and on a command line that cannot
//! work.

use crate::common::{
    Finished, Folder, Running, assert_refused, free_port, numbers, retrylab, run, run_with,
};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Runs one exchange; returns its JSON object.
fn http(args: &[&str], code: i32) -> Value {
    let finished = run(&[&["http", "--json"], args].concat());
    assert_eq!(finished.code, Some(code), "{args:?}: {finished:?}");
    finished.object()
}

/// Starts a program and waits until it accepts connections on `port`.
fn start(mut command: Command, args: &[&str], port: u16) -> Running {
    command.args(args);
    let running = Running::start(command);
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody listens on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
    running
}

/// Checks files, a missing file and HEAD.
fn assert_gets_files(port: u16, long: &str) {
    let url = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    let small = run(&["http", &url("small.txt")]);
    assert_eq!((small.code, small.stdout.as_str()), (Some(0), "hello\n"), "{small:?}");
    assert!(small.stderr.starts_with("200 OK from 127.0.0.1:"), "{small:?}");
    let long_one = http(&[&url("long.txt")], 0);
    assert!(long_one["body"] == long, "{}", long_one["body_bytes"]);
    let missing = http(&[&url("missing.txt")], 1);
    assert_eq!((&missing["status"], &missing["outcome"]), (&404.into(), &"answered".into()));
    let head = http(&[&url("small.txt"), "-X", "HEAD"], 0);
    assert_eq!((&head["status"], &head["body_bytes"]), (&200.into(), &0.into()));
    for step in ["connect_s", "request_s", "first_byte_s", "response_s", "release_s"] {
        assert!(head["timings"][step].as_f64().is_some(), "{step}: {head}");
    }
    assert_eq!(head["timings"]["lookup_s"], Value::Null, "there was no name to look up");
}

#[test]
fn files_are_fetched_from_pythons_server() {
    let folder = Folder::new("http-python");
    let long = "0123456789abcde\n".repeat(1 << 14);
    std::fs::write(folder.path("small.txt"), "hello\n").unwrap();
    std::fs::write(folder.path("long.txt"), &long).unwrap();
    let port = free_port();
    let text = port.to_string();
    let args = ["-m", "http.server", "--bind", "127.0.0.1", "--directory", &folder.path(""), &text];
    let _python = start(Command::new("python3"), &args, port);
    assert_gets_files(port, &long);
}

#[test]
fn files_are_fetched_from_nginx() {
    let folder = Folder::new("http-nginx");
    let long = "0123456789abcde\n".repeat(1 << 14);
    std::fs::write(folder.path("small.txt"), "hello\n").unwrap();
    std::fs::write(folder.path("long.txt"), &long).unwrap();
    let port = free_port();
    let root = folder.path("");
    let config = format!(
        "daemon off; master_process off; pid {root}nginx.pid; error_log stderr;\n\
         events {{}}\n\
         http {{\n\
         access_log off; default_type text/plain;\n\
         client_body_temp_path {root}b; proxy_temp_path {root}p; fastcgi_temp_path {root}f;\n\
         uwsgi_temp_path {root}u; scgi_temp_path {root}s;\n\
         server {{ listen 127.0.0.1:{port}; root {root}; }}\n\
         }}\n"
    );
    let path = folder.path("nginx.conf");
    std::fs::write(&path, config).unwrap();
    // Debian keeps the program out of an ordinary user's PATH.
    let mut command = Command::new("nginx");
    command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap()));
    let _nginx = start(command, &["-c", &path, "-p", &root], port);
    assert_gets_files(port, &long);
}

#[test]
fn each_step_is_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = serve(listener, &["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"]);
    let finished = run(&["http", "-v", &format!("localhost:{port}/x")]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "hi"), "{finished:?}");
    let mut rest = finished.stderr.as_str();
    for step in [
        "localhost has the addresses ",
        "connecting to ",
        "connected to 127.0.0.1:",
        "> GET /x HTTP/1.1\n",
        "> Connection: close\n",
        "of the request sent after ",
        "of the response after ",
        "< 200 OK\n",
        "< Content-Length: 2\n",
        "response complete, with 2 bytes\n",
        "this end is closed\n",
        "connection released after ",
        "200 OK from 127.0.0.1:",
        "(lookup ",
    ] {
        let found = rest.split_once(step);
        rest = found.unwrap_or_else(|| panic!("{step:?} is not in {rest:?} of {finished:?}")).1;
    }
    server.join().unwrap();
}

/// Answers one connection after another with these bytes, after it has read a request; an empty answer breaks
/// the connection. Returns the requests.
fn serve(listener: TcpListener, answers: &[&'static str]) -> JoinHandle<Vec<String>> {
    let answers = answers.to_vec();
    std::thread::spawn(move || {
        let mut requests = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            requests.push(request(&stream));
            if answer.is_empty() {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                continue;
            }
            (&stream).write_all(answer.as_bytes()).unwrap();
            // The client may have broken the connection already.
            let _ = stream.shutdown(Shutdown::Write);
            let _ = (&stream).read_to_end(&mut Vec::new());
        }
        requests
    })
}

/// Reads a request with its body.
fn request(stream: &TcpStream) -> String {
    let (mut reader, mut text, mut length) = (BufReader::new(stream), String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return text;
        }
        text += &line;
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    text + &String::from_utf8(body).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy";
const POLICY: [&str; 2] = ["--preset", "textbook"];

/// Requests from a server that answers like this.
fn from(answers: &[&'static str], args: &[&str], code: i32) -> (Value, Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let server = serve(listener, answers);
    let result = http(&[&[url.as_str()], args].concat(), code);
    (result, server.join().unwrap())
}

#[test]
fn a_server_that_fails_is_asked_again() {
    let (result, _) =
        from(&[BUSY, "", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", OK], &[], 0);
    assert_eq!((&result["outcome"], &result["sends"]), (&"answered".into(), &4.into()), "{result}");
    let failures: Vec<&str> =
        result["failures"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(failures.len(), 3, "{result}");
    assert!(failures[1].contains("reset") && failures[2].contains("complete"), "{result}");
    // `Retry-After: 1`, and then the waits of curl.
    let times = numbers(&result["send_times_s"]);
    assert!(times[1] >= 1.0 && times[2] - times[1] >= 1.0, "{times:?}");
}

#[test]
fn the_last_failure_of_the_server_is_shown() {
    let (result, _) = from(&[BUSY, BUSY], &["--max-sends", "2"], 1);
    assert_eq!(
        (&result["outcome"], &result["status"]),
        (&"gave_up".into(), &503.into()),
        "{result}"
    );
    assert_eq!(
        (&result["why"], &result["body"]),
        (&"max_sends".into(), &"busy".into()),
        "{result}"
    );
}

#[test]
fn a_post_is_repeated_only_with_the_flag() {
    let (result, requests) = from(&[""], &["--data", "x=1"], 1);
    assert_eq!((&result["sends"], &result["why"]), (&1.into(), &"not_repeated".into()), "{result}");
    assert!(requests[0].starts_with("POST / HTTP/1.1\r\n"), "{requests:?}");
    assert!(requests[0].ends_with("\r\n\r\nx=1"), "{requests:?}");
    let args = [&["--data", "x=1", "--repeat"], &POLICY[..]].concat();
    let (result, requests) = from(&["", OK], &args, 0);
    assert_eq!((&result["sends"], &result["status"]), (&2.into(), &200.into()), "{result}");
    assert_eq!(requests[0], requests[1]);
    // An answer is an answer, even if the server failed.
    let (result, _) = from(&[BUSY], &["--data", "x=1"], 1);
    assert_eq!(
        (&result["outcome"], &result["status"]),
        (&"answered".into(), &503.into()),
        "{result}"
    );
}

#[test]
fn a_silent_server_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let result = http(&[&[address.as_str()], &POLICY[..]].concat(), 1);
    assert_eq!((&result["outcome"], &result["sends"]), (&"gave_up".into(), &5.into()), "{result}");
    assert!(result["elapsed_s"].as_f64().unwrap() >= 3.1, "{result}");
}

#[test]
fn every_form_of_a_body_is_read() {
    for (answer, status, body) in [
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.0 200 OK\r\n\r\nold", 200, "old"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n",
            200,
            "abcde",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x"),
        ("HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n", 302, ""),
    ] {
        let (result, _) = from(&[answer], &[], 0);
        assert_eq!(
            (&result["status"], &result["body"]),
            (&status.into(), &body.into()),
            "{result}"
        );
    }
}

#[test]
fn an_invalid_response_ends_the_exchange() {
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 999 Odd\r\n\r\n",
    ] {
        let (result, _) = from(&[answer], &[], 1);
        assert_eq!(result["outcome"], "invalid_response", "{answer:?}: {result}");
        assert!(result["error"].as_str().is_some_and(|error| !error.is_empty()), "{result}");
    }
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let (result, _) = from(&[long], &["--max-body", "1"], 1);
    assert_eq!(result["outcome"], "invalid_response", "{result}");
}

#[test]
fn a_port_where_nobody_listens_is_refused() {
    let address = format!("127.0.0.1:{}", free_port());
    let result = http(&[&[address.as_str()], &POLICY[..]].concat(), 3);
    assert_eq!((&result["outcome"], &result["sends"]), (&"refused".into(), &5.into()), "{result}");
    assert!(result["error"].as_str().unwrap().contains(&address), "{result}");
}

#[test]
fn a_command_line_that_cannot_work_is_refused() {
    let usage = |args: &[&str], words: &str| {
        let finished: Finished = run(&[&["http"], args].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished:?}");
        assert!(finished.stderr.contains(words), "{words}: {finished:?}");
    };
    usage(&["https://example.org/"], "no TLS");
    usage(&["ftp://example.org/"], "`ftp` is not a scheme");
    usage(&["http://a b/"], "is not a host name");
    assert_refused(&run(&["http", "localhost", "-X", "GE T"]), &["\"GE T\" is not a method"]);
    assert_refused(&run(&["http", "localhost", "-H", "no field"]), &["is not a field"]);
    assert_refused(&run(&["http", "localhost", "-H", "Content-Length: 3"]), &["cannot be set"]);
    let finished = run(&["http", "no-such-name.invalid", "--json"]);
    assert_eq!(finished.code, Some(4), "{finished:?}");
    assert_eq!(finished.object()["outcome"], "name_not_found");
}

#[test]
fn ctrl_c_ends_the_exchange() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let running =
        Running::start(retrylab(&["http", &address, "--json", "--attempt-timeout", "1m"]));
    let (stream, _) = listener.accept().unwrap();
    assert!(request(&stream).starts_with("GET / HTTP/1.1\r\n"));
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert_eq!(finished.object()["outcome"], "interrupted");
}

#[test]
fn the_body_is_read_from_stdin() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = serve(listener, &[OK]);
    let finished = run_with(&["http", &address, "-X", "PUT", "--data", "-"], b"from stdin");
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "ok"), "{finished:?}");
    assert!(server.join().unwrap()[0].ends_with("\r\n\r\nfrom stdin"));
}
