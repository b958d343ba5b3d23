//! Requests as a server reads them: answered in order, or refused.

use retrylab_core::protocol::echo::Reply;
use retrylab_core::stream::http::{
    EchoHandler, HttpConfig, HttpError, HttpEvent, HttpService, Request, Response,
};
use retrylab_core::stream::{Command, ConnectionId, Endpoint, Input, Limits, Server, ServerEvent};
use retrylab_core::time::Instant;

/// The answers of a server to bytes that arrive in pieces of a size, and to the end of them if `finishes`.
fn serve(pieces: &[&[u8]], finishes: bool, config: HttpConfig) -> (String, Vec<HttpEvent>, bool) {
    let handler = |request: &Request| {
        let mut response = Response::new(200, request.body.clone());
        response.fields.add("X-Target", &request.target).unwrap();
        response
    };
    let mut server = Server::new(HttpService::new(handler, config, 1), Limits::default());
    let (now, id, mut buf) = (Instant::ZERO, ConnectionId(1), Vec::new());
    let (mut out, mut finished) = (Vec::new(), false);
    server.handle_input(now, id, Input::Accepted { peer: "192.0.2.7:9".parse().unwrap() });
    let inputs = pieces.iter().map(|piece| Input::Bytes(piece));
    for input in inputs.chain(finishes.then_some(Input::Finished)) {
        server.handle_input(now, id, input);
        while let Some((_, command)) = server.poll_command(now, &mut buf) {
            match command {
                Command::Send => {
                    out.extend_from_slice(&buf);
                    server.handle_input(now, id, Input::Written(buf.len()));
                    buf.clear();
                }
                Command::Finish => finished = true,
                Command::Connect { .. } | Command::Abort => panic!("{command:?}"),
            }
        }
    }
    let events = std::iter::from_fn(|| server.poll_event()).filter_map(|event| match event {
        ServerEvent::Service { event, .. } => Some(event),
        _ => None,
    });
    (String::from_utf8(out).unwrap(), events.collect(), finished)
}

/// The statuses of the answers to bytes, which are the same in one piece and byte by byte.
fn statuses(bytes: &str) -> (Vec<u16>, bool) {
    let whole = serve(&[bytes.as_bytes()], false, HttpConfig::default());
    let single: Vec<&[u8]> = bytes.as_bytes().chunks(1).collect();
    let (out, _, finished) = serve(&single, false, HttpConfig::default());
    assert_eq!((&out, finished), (&whole.0, whole.2), "{bytes:?}");
    let lines = out.split("HTTP/1.1 ").skip(1);
    (lines.map(|line| line[..3].parse().unwrap()).collect(), finished)
}

#[test]
fn a_server_answers_requests_and_refuses_what_is_not_one() {
    let keep = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n";
    let close = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nHost: x\r\n";
    let long = "x".repeat(9_000);
    for (bytes, expected, finished) in [
        (close.to_string(), vec![200], true),
        (keep.to_string(), vec![200], false),
        // Pipelined requests are answered in order, until the connection is closed.
        (format!("{keep}{keep}{close}{keep}"), vec![200; 3], true),
        (format!("\r\n{close}"), vec![200], true),
        ("GET / HTTP/1.0\r\n\r\n".into(), vec![200], true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(), vec![200], false),
        (
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, close\r\n\r\n".into(),
            vec![200],
            true,
        ),
        (format!("{post}Content-Length: 3\r\n\r\nabc"), vec![200], true),
        (
            format!("{post}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n"),
            vec![200],
            true,
        ),
        (
            format!("{post}Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"),
            vec![100, 200],
            true,
        ),
        (format!("{post}Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"), vec![100], false),
        (format!("{post}Expect: 100-continue\r\nContent-Length: 3000000\r\n\r\n"), vec![413], true),
        (format!("{post}Content-Length: 3\r\n\r\nab"), vec![], false),
        ("GET / HTTP/1.1\r\nHo".into(), vec![], false),
        ("GET / HTTP/1.1\r\n\r\n".into(), vec![400], true),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n".into(), vec![400], true),
        ("GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n".into(), vec![400], true),
        ("GET / HTTP/1.1\r\nHost : x\r\n\r\n".into(), vec![400], true),
        ("GET / HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n".into(), vec![400], true),
        ("GET /\u{0} HTTP/1.1\r\nHost: x\r\n\r\n".into(), vec![400], true),
        ("GET / HTTP/2.0\r\n\r\n".into(), vec![505], true),
        (format!("{post}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"), vec![400], true),
        (
            format!("{post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            vec![400],
            true,
        ),
        (format!("{post}Content-Length: -3\r\n\r\n"), vec![400], true),
        (format!("{post}Transfer-Encoding: gzip\r\n\r\n"), vec![501], true),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\nx\r\n"), vec![400], true),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n"), vec![400], true),
        (format!("GET /{long}"), vec![414], true),
        (format!("GET / HTTP/1.1\r\nX: {long}"), vec![431], true),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(101)), vec![431], true),
    ] {
        assert_eq!(statuses(&bytes), (expected, finished), "{bytes:.80?}");
    }
}

#[test]
fn a_request_that_ends_too_early_is_refused_and_one_that_ends_early_is_answered() {
    let whole = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let (out, _, finished) = serve(&[whole], true, HttpConfig::default());
    assert!(out.starts_with("HTTP/1.1 200 OK\r\n") && finished);
    let (out, events, finished) = serve(&[&whole[..20]], true, HttpConfig::default());
    assert!(out.starts_with("HTTP/1.1 400 Bad Request\r\n") && finished);
    let why = Some(HttpError::Incomplete);
    assert_eq!(events, [HttpEvent::Refused { status: 400, why }]);
    let (out, events, finished) = serve(&[], true, HttpConfig::default());
    assert_eq!((out.as_str(), events.len(), finished), ("", 0, true));
}

#[test]
fn a_connection_carries_a_limited_number_of_requests() {
    let keep = b"GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n".repeat(5);
    let (out, events, finished) =
        serve(&[&keep], false, HttpConfig::default().with_max_requests(3));
    assert_eq!((events.len(), finished), (3, true));
    assert_eq!(out.matches("Connection: keep-alive").count(), 2);
    assert_eq!(out.matches("Connection: close").count(), 1);
}

#[test]
fn a_slow_request_is_answered_with_408_and_an_idle_connection_without_a_word() {
    for (bytes, expected) in [(&b"GET / HTTP"[..], true), (b"", false)] {
        let service = HttpService::new(EchoHandler(Reply::Mirror), HttpConfig::default(), 1);
        let mut server = Server::new(service, Limits::default());
        let (id, mut buf) = (ConnectionId(1), Vec::new());
        let peer = "192.0.2.7:9".parse().unwrap();
        server.handle_input(Instant::ZERO, id, Input::Accepted { peer });
        if !bytes.is_empty() {
            server.handle_input(Instant::ZERO, id, Input::Bytes(bytes));
        }
        let (_, deadline) = server.poll_timeout().unwrap();
        assert_eq!(deadline, Instant::from_millis(10_000));
        server.handle_timeout(deadline);
        let command = server.poll_command(deadline, &mut buf).map(|(_, command)| command);
        assert_eq!(command, Some(if expected { Command::Send } else { Command::Abort }));
        assert_eq!(buf.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"), expected);
    }
}
