//! Bytes against the HTTP endpoints: what they mean does not depend on how they are split.

use retrylab_core::machine::Label;
use retrylab_core::stream::http::{Http, HttpConfig, HttpReader, HttpService, Request, Response};
use retrylab_core::stream::{
    Codec, Command, ConnectionId, Endpoint, Input, Limits, Reading, Server, ServerEvent,
};
use retrylab_core::time::Instant;

/// Limits that short inputs reach.
const MAX_HEAD: usize = 200;
const MAX_BODY: usize = 100;

/// Splits `bytes` into pieces of these sizes, in turn.
fn pieces<'a>(bytes: &'a [u8], sizes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    std::iter::from_fn(move || {
        let size = sizes.next().map_or(rest.len(), |size| usize::from(*size).max(1));
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Reads `bytes` as the response to a request.
fn read(http: &Http, bytes: &[u8], sizes: &[u8]) -> (Reading, HttpReader) {
    let mut reader = http.reader(Label::new(1, 1).unwrap());
    for piece in pieces(bytes, sizes) {
        match http.read(&mut reader, piece) {
            Reading::More => {}
            reading => return (reading, reader),
        }
    }
    (http.finished(&mut reader), reader)
}

/// Checks a client against any response.
pub(crate) fn check_response(to_head: bool, sizes: &[u8], bytes: &[u8]) {
    let method = if to_head { "HEAD" } else { "GET" };
    let http = Http::new(method, "x", "/").unwrap().with_max_body(MAX_BODY);
    let (whole, whole_reader) = read(&http, bytes, &[]);
    let (split, split_reader) = read(&http, bytes, sizes);
    assert_eq!(whole, split);
    assert_eq!(whole_reader.response(), split_reader.response());
    assert_eq!(whole_reader.error(), split_reader.error());
    let is_complete = matches!(whole, Reading::Answer | Reading::Failure { .. });
    assert_eq!(is_complete, whole_reader.error().is_none());
    if let Some(response) = whole_reader.response() {
        assert!((200..600).contains(&response.status) && response.body.len() <= MAX_BODY);
    }
}

/// Serves `bytes`; returns the answers, the server's commands at their end, and its events.
fn serve(bytes: &[u8], sizes: &[u8], finishes: bool) -> (Vec<u8>, Vec<Command>, String) {
    let handler = |request: &Request| Response::new(200, request.body.clone());
    let config = HttpConfig::default().with_max_head(MAX_HEAD).with_max_body(MAX_BODY);
    let mut server = Server::new(HttpService::new(handler, config, 1), Limits::default());
    let (now, id, mut buf) = (Instant::ZERO, ConnectionId(1), Vec::new());
    let (mut out, mut ends, mut events) = (Vec::new(), Vec::new(), String::new());
    server.handle_input(now, id, Input::Accepted { peer: "192.0.2.7:9".parse().unwrap() });
    let inputs = pieces(bytes, sizes).map(Input::Bytes);
    for input in inputs.chain(finishes.then_some(Input::Finished)) {
        if let Input::Bytes(bytes) = input {
            assert!(server.window(id) >= bytes.len(), "everything that was sent is written");
        }
        server.handle_input(now, id, input);
        while let Some((_, command)) = server.poll_command(now, &mut buf) {
            if command == Command::Send {
                assert!(ends.is_empty() && !buf.is_empty(), "nothing is sent after the end");
                out.append(&mut buf);
                server.handle_input(now, id, Input::Written(out.len()));
            } else {
                ends.push(command);
            }
        }
        while let Some(event) = server.poll_event() {
            if let ServerEvent::Service { event, .. } = event {
                events.push_str(&format!("{event:?}\n"));
            }
        }
    }
    assert!(ends.len() <= 1);
    (out, ends, events)
}

/// Checks a server against any requests. Its answers are responses that a client can read.
pub(crate) fn check_requests(sizes: &[u8], finishes: bool, bytes: &[u8]) {
    let bytes = &bytes[..bytes.len().min(4_096)];
    let whole = serve(bytes, &[], finishes);
    assert_eq!(whole, serve(bytes, sizes, finishes));
    if !whole.0.is_empty() {
        let http = Http::new("GET", "x", "/").unwrap();
        let is_interim = whole.0.starts_with(b"HTTP/1.1 100");
        let to_head = whole.2.contains("method: \"HEAD\"");
        let (reading, reader) = read(&http, &whole.0, &[]);
        assert!(reading != Reading::Unreadable, "{:?}", reader.error());
        assert!(is_interim || to_head || reading != Reading::More, "{:?}", whole.2);
    }
}
