//! Heads of messages, and what they say about the body.

use super::HttpError;
use super::body::Body;
use super::message::{Fields, is_bodiless};
use alloc::string::String;
use alloc::vec::Vec;

/// Maximum number of fields.
const MAX_FIELDS: usize = 100;

/// The head of a request.
#[derive(Clone, Debug)]
pub(super) struct RequestHead {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) fields: Fields,
    pub(super) body: Body,
    /// Whether the client asks for the connection to stay open.
    pub(super) keeps_open: bool,
    /// Whether the client waits for permission to send the body (RFC 9110 section 10.1.1).
    pub(super) expects_continue: bool,
}

/// The head of a response.
#[derive(Clone, Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) fields: Fields,
    pub(super) body: Body,
}

/// Reads a request's head; returns its length, too. `None` if more bytes have to arrive.
pub(super) fn request(bytes: &[u8], max: usize) -> Result<Option<(usize, RequestHead)>, HttpError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Request::new(&mut fields);
    let bytes = within(bytes, max);
    let Some(len) = complete(head.parse(bytes), bytes, max)? else { return Ok(None) };
    let (method, target) = (head.method.unwrap_or_default(), head.path.unwrap_or_default());
    let version = head.version;
    let (method, target) = (method.into(), target.into());
    let fields = owned(head.headers);
    let hosts = fields.all("Host").count();
    if hosts > 1 || hosts == 0 && version == Some(1) {
        return Err(HttpError::Host);
    }
    let body = match length(version, &fields)? {
        Length::Chunked => Body::chunked(),
        Length::Bytes(len) => Body::of_length(len),
        Length::Unknown => Body::of_length(0),
    };
    // HTTP/1.1 keeps connections open unless a message says otherwise; this server closes them unless asked.
    let keeps_open = fields.has("Connection", "keep-alive") && !fields.has("Connection", "close");
    let expects_continue = version == Some(1) && fields.has("Expect", "100-continue");
    Ok(Some((len, RequestHead { method, target, fields, body, keeps_open, expects_continue })))
}

/// Reads the head of a response to a request; returns its length, too. `None` if more bytes have to arrive.
pub(super) fn response(
    bytes: &[u8],
    max: usize,
    to_head: bool,
) -> Result<Option<(usize, ResponseHead)>, HttpError> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let bytes = within(bytes, max);
    let mut config = httparse::ParserConfig::default();
    // A client replaces a folded line by a blank (RFC 9112 section 5.2); a server refuses it.
    config.allow_obsolete_multiline_headers_in_responses(true);
    let parsed = config.parse_response(&mut head, bytes);
    let Some(len) = complete(parsed, bytes, max)? else { return Ok(None) };
    let (version, status) = (head.version, head.code.unwrap_or_default());
    // Nobody has asked the server to switch protocols.
    if !(100..600).contains(&status) || status == 101 {
        return Err(HttpError::Status);
    }
    let fields = owned(head.headers);
    let body = if to_head || is_bodiless(status) {
        Body::of_length(0)
    } else {
        match length(version, &fields)? {
            Length::Chunked => Body::chunked(),
            Length::Bytes(len) => Body::of_length(len),
            Length::Unknown => Body::until_the_end(),
        }
    };
    Ok(Some((len, ResponseHead { status, fields, body })))
}

/// Returns the part of `bytes` in which a head of at most `max` bytes must end.
fn within(bytes: &[u8], max: usize) -> &[u8] {
    &bytes[..bytes.len().min(max)]
}

/// Returns the length of the head at the start of `bytes`, if it is complete.
fn complete(
    parsed: httparse::Result<usize>,
    bytes: &[u8],
    max: usize,
) -> Result<Option<usize>, HttpError> {
    match parsed? {
        httparse::Status::Complete(len) => Ok(Some(len)),
        httparse::Status::Partial if bytes.len() < max => Ok(None),
        httparse::Status::Partial if bytes.contains(&b'\n') => Err(HttpError::LongHead),
        httparse::Status::Partial => Err(HttpError::LongTarget),
    }
}

/// Stores the fields, with their folded lines joined by a blank.
fn owned(headers: &[httparse::Header<'_>]) -> Fields {
    let mut fields = Fields::default();
    for header in headers {
        let unfolded = |line: &[u8]| line.trim_ascii().to_vec();
        let lines = header.value.split(|byte| *byte == b'\n').map(unfolded);
        fields.push(header.name, &lines.collect::<Vec<_>>().join(&b' '));
    }
    fields
}

/// What the fields say about the length of the body.
enum Length {
    Chunked,
    Bytes(u64),
    Unknown,
}

/// Reads the length of a body (RFC 9112 section 6.3). What two recipients could understand in two ways is refused.
fn length(version: Option<u8>, fields: &Fields) -> Result<Length, HttpError> {
    let lengths =
        || fields.all("Content-Length").flat_map(|value| value.split(|byte| *byte == b','));
    if fields.all("Transfer-Encoding").next().is_some() {
        if lengths().next().is_some() {
            return Err(HttpError::Length);
        }
        let mut codings = fields.elements("Transfer-Encoding");
        let chunked = codings.next().is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
        if !chunked || codings.next().is_some() || version != Some(1) {
            return Err(HttpError::TransferEncoding);
        }
        return Ok(Length::Chunked);
    }
    let mut length = Length::Unknown;
    for value in lengths() {
        let value = decimal(value.trim_ascii()).ok_or(HttpError::Length)?;
        match length {
            Length::Bytes(other) if other != value => return Err(HttpError::Length),
            _ => length = Length::Bytes(value),
        }
    }
    Ok(length)
}

/// Reads digits and nothing else.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let plain = digits.iter().all(u8::is_ascii_digit);
    core::str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}
