//! What programs say to each other: HTTP (RFC 9112), DNS (RFC 1035), or anything else as text.

use super::printable::{printable, size};
use super::{Layer, Layers, Part, dns};

/// Maximum number of header fields that are named one by one.
const MAX_HEADERS: usize = 32;

/// Reads a message, whatever its port: none of these protocols can be taken for another one. It adds nothing if there
/// are no bytes.
pub(super) fn read(part: Part<'_>, layers: &mut Layers) {
    if part.bytes.is_empty() {
        return;
    }
    let layer = dns::read(part).or_else(|| http(part)).unwrap_or_else(|| text(part));
    layers.0.push(layer);
}

fn text(part: Part<'_>) -> Layer {
    let len = part.bytes.len();
    let mut layer = part.layer("Payload");
    layer.add("message", 0..len, printable(part), size(len));
    layer
}

/// Reads the head of a request or a response, and what of the body is here.
fn http(part: Part<'_>) -> Option<Layer> {
    let is_response = part.bytes.starts_with(b"HTTP/1.");
    let end = part.bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let parsed = if is_response {
        httparse::Response::new(&mut headers).parse(part.bytes)
    } else {
        httparse::Request::new(&mut headers).parse(part.bytes)
    };
    let Ok(httparse::Status::Complete(head)) = parsed else { return None };
    let mut layer = part.layer("HTTP");
    let line = part.cut(0, end);
    let name = if is_response { "status line" } else { "request line" };
    layer.add(name, 0..end + 2, printable(line), if is_response { status(line) } else { "" });
    let mut at = end + 2;
    while at + 2 < head {
        let rest = part.cut(at, head);
        let len =
            rest.bytes.windows(2).position(|pair| pair == b"\r\n").unwrap_or(rest.bytes.len());
        let line = printable(part.cut(at, at + len));
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        layer.add(name.trim(), at..at + len + 2, value.trim(), meaning(name.trim()));
        at += len + 2;
    }
    layer.add("end of the head", head - 2..head, "empty line", "");
    let body = part.from(head);
    if !body.bytes.is_empty() {
        let len = body.bytes.len();
        layer.add("body", head..head + len, printable(body), size(len));
    }
    Some(layer)
}

/// Returns the class of a response (RFC 9110, section 15).
fn status(line: Part<'_>) -> &'static str {
    match line.u8(9) {
        b'2' => "success",
        b'3' => "redirection",
        b'4' => "error of the client",
        b'5' => "error of the server",
        _ => "",
    }
}

fn meaning(header: &str) -> &'static str {
    let known = [
        ("host", "the name that the client asked for"),
        ("connection", "whether the connection stays open after the exchange"),
        ("content-length", "bytes of the body"),
        ("retry-after", "when to retry"),
        ("transfer-encoding", "how the body is delimited"),
    ];
    let found = known.iter().find(|(name, _)| header.eq_ignore_ascii_case(name));
    found.map_or("", |(_, meaning)| meaning)
}
