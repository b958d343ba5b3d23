//! Responses as a client reads them: every kind of body, and what is refused.

use retrylab_core::machine::Label;
use retrylab_core::policy::Hint;
use retrylab_core::stream::http::{Http, HttpError, HttpReader};
use retrylab_core::stream::{Codec, Reading};
use retrylab_core::time::Duration;

fn get(target: &str) -> Http {
    Http::new("GET", "192.0.2.1", target).unwrap()
}

/// What a client reads from `bytes`, split in every way that two pieces allow, then the end of the connection.
fn read(http: &Http, bytes: &[u8]) -> (Reading, HttpReader) {
    let label = Label::new(1, 1).unwrap();
    let once = |pieces: &[&[u8]]| {
        let mut reader = http.reader(label);
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            match http.read(&mut reader, piece) {
                Reading::More => {}
                reading => return (reading, reader),
            }
        }
        (http.finished(&mut reader), reader)
    };
    let whole = once(&[bytes]);
    for at in 0..bytes.len() {
        let split = once(&[&bytes[..at], &bytes[at..]]);
        assert_eq!((split.0, split.1.response()), (whole.0, whole.1.response()), "split at {at}");
        assert_eq!(split.1.error(), whole.1.error());
    }
    whole
}

fn body_of(http: &Http, bytes: &str) -> Result<(u16, String), Option<HttpError>> {
    let (reading, reader) = read(http, bytes.as_bytes());
    match reading {
        Reading::Answer | Reading::Failure { .. } => {
            let response = reader.response().unwrap();
            Ok((response.status, String::from_utf8(response.body.clone()).unwrap()))
        }
        Reading::More | Reading::Unreadable => Err(reader.error()),
    }
}

#[test]
fn a_client_reads_every_kind_of_body() {
    let http = get("/");
    for (bytes, status, body) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", 200, "hello"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"),
        ("HTTP/1.0 200 OK\r\n\r\n", 200, ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""),
        ("HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx", 404, "x"),
        ("HTTP/1.1 204 No Content\r\n\r\nnot a body", 204, ""),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, ""),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            200,
            "x",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;ext=\"1\"\r\n0123456789\r\n0\r\n\r\n",
            200,
            "abc0123456789",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0001\r\nx\r\n0\r\nTrailer: 1\r\nOther: 2\r\n\r\n",
            200,
            "x",
        ),
        // A line feed alone ends a line of the head (RFC 9112 section 2.2), but not one of a chunk.
        ("HTTP/1.1 200 OK\nContent-Length: 1\n\nx", 200, "x"),
    ] {
        assert_eq!(body_of(&http, bytes), Ok((status, body.into())), "{bytes:?}");
    }
    let head = Http::new("HEAD", "x", "/").unwrap();
    let bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(body_of(&head, bytes), Ok((200, String::new())));
    let bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(body_of(&head, bytes), Ok((200, String::new())));
}

#[test]
fn a_client_refuses_what_could_be_understood_in_two_ways() {
    let http = get("/").with_max_body(10);
    for (bytes, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            HttpError::Length,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello", HttpError::Length),
        ("HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", HttpError::Length),
        ("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nhello", HttpError::Length),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nhello", HttpError::Length),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            HttpError::Length,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            HttpError::TransferEncoding,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            HttpError::TransferEncoding,
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            HttpError::TransferEncoding,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", HttpError::Chunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;x\r\n", HttpError::Chunk),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n", HttpError::Chunk),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a\nb\r\nx\r\n0\r\n\r\n",
            HttpError::Chunk,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
            HttpError::Chunk,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", HttpError::Chunk),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
            HttpError::Chunk,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n",
            HttpError::LongBody,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", HttpError::LongBody),
        ("HTTP/1.1 200 OK\r\n\r\n0123456789a", HttpError::LongBody),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", HttpError::Status),
        ("HTTP/1.1 999 What\r\n\r\n", HttpError::Status),
        ("HTTP/2.0 200 OK\r\n\r\n", HttpError::Version),
        ("SSH-2.0-OpenSSH_9.2p1\r\n", HttpError::Version),
    ] {
        assert_eq!(body_of(&http, bytes), Err(Some(expected)), "{bytes:?}");
    }
}

#[test]
fn a_response_that_ends_too_early_is_incomplete() {
    let http = get("/");
    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nContent-Len",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "",
    ] {
        assert_eq!(read(&http, bytes.as_bytes()).0, Reading::More, "{bytes:?}");
        assert_eq!(body_of(&http, bytes), Err(Some(HttpError::Incomplete)), "{bytes:?}");
    }
}

#[test]
fn a_folded_field_of_a_response_is_one_line() {
    let http = get("/");
    let folded = "HTTP/1.1 200 OK\r\nX: a\r\n  b\r\n\tc\r\nContent-Length: 0\r\n\r\n";
    let (_, reader) = read(&http, folded.as_bytes());
    assert_eq!(reader.response().unwrap().fields.first("x"), Some(&b"a b c"[..]));
}

#[test]
fn heads_and_interim_responses_are_bounded() {
    let http = get("/");
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    let mut reader = http.reader(Label::new(1, 1).unwrap());
    assert_eq!(http.read(&mut reader, long.as_bytes()), Reading::Unreadable);
    assert_eq!(reader.error(), Some(HttpError::LongHead));
    let many = "HTTP/1.1 200 OK\r\n".to_owned() + &"X: y\r\n".repeat(200) + "\r\n";
    let mut reader = http.reader(Label::new(1, 1).unwrap());
    assert_eq!(http.read(&mut reader, many.as_bytes()), Reading::Unreadable);
    let interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(17);
    assert_eq!(body_of(&http, &interim), Err(Some(HttpError::Status)));
}

#[test]
fn retry_after_is_seconds_or_a_date_that_counts_from_the_servers_own() {
    let hint = |fields: &str| {
        let bytes = format!("HTTP/1.1 503 x\r\nContent-Length: 0\r\n{fields}\r\n");
        match read(&get("/"), bytes.as_bytes()).0 {
            Reading::Failure { hint } => hint,
            reading => panic!("{reading:?}"),
        }
    };
    let after = |seconds| Some(Hint::After(Duration::from_secs(seconds)));
    assert_eq!(hint(""), None);
    for (value, seconds) in [("0", 0), ("120", 120), ("99999999999999999999", u64::MAX)] {
        assert_eq!(hint(&format!("Retry-After: {value}\r\n")), after(seconds), "{value}");
    }
    for (value, seconds) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:51:39 GMT", Some(122)),
        ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
        ("Mon, 06 Mar 1995 08:49:37 GMT", Some(120 * 86_400)),
        ("Wed, 06 Mar 1996 08:49:37 GMT", Some((120 + 366) * 86_400)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 CET", None),
        ("Sun, 06 Foo 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 25:49:37 GMT", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
    ] {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        let fields = format!("{date}Retry-After: {value}\r\n");
        assert_eq!(hint(&fields), seconds.and_then(after), "{value}");
        assert_eq!(hint(&format!("Retry-After: {value}\r\n")), None, "without a Date: {value}");
    }
}

#[test]
fn only_statuses_of_a_server_in_trouble_are_failures() {
    for status in 200..600 {
        let bytes = format!("HTTP/1.1 {status} x\r\nContent-Length: 0\r\n\r\n");
        let fails = matches!(read(&get("/"), bytes.as_bytes()).0, Reading::Failure { .. });
        assert_eq!(fails, [408, 429, 502, 503, 504].contains(&status), "{status}");
    }
}

#[test]
fn requests_that_could_smuggle_bytes_cannot_be_made() {
    for method in ["", "GET ", "G\r\nX: y", "CONNECT", "GÉT"] {
        assert!(Http::new(method, "x", "/").is_err(), "{method:?}");
    }
    for host in ["", "a b", "a\r\nX: y", "user@host", "a/b"] {
        assert!(Http::new("GET", host, "/").is_err(), "{host:?}");
    }
    for target in ["", "x", "/a b", "/\r\n", "/#x", "/é", "http://x/"] {
        assert!(Http::new("GET", "x", target).is_err(), "{target:?}");
    }
    for (name, value) in [
        ("", "x"),
        ("A B", "x"),
        ("A", "x\r\nB: y"),
        ("A", "x\0"),
        ("content-length", "5"),
        ("Transfer-Encoding", "chunked"),
        ("HOST", "x"),
    ] {
        assert!(get("/").with_field(name, value).is_err(), "{name:?}: {value:?}");
    }
    assert!(get("/").with_field("User-Agent", "retrylab").is_ok());
    let error = get("/").with_field("Host", "x").unwrap_err();
    let expected = "\"Host: x\" cannot be set: the program writes this field itself";
    assert_eq!(error.to_string(), expected);
}
