//! Requests and responses.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// The fields of a message, in order. Names are compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Fields(Vec<(String, Vec<u8>)>);

impl Fields {
    /// Returns the value of the first field with this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Returns the values of all fields with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }

    /// Returns the elements of a list whose fields have this name, without white space around them (RFC 9110
    /// section 5.6.1). Empty elements are left out.
    pub fn elements<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let values = self.all(name).flat_map(|value| value.split(|byte| *byte == b','));
        values.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
    }

    /// Returns true if the list has this element, without regard to case.
    #[must_use]
    pub fn has(&self, name: &str, element: &str) -> bool {
        self.elements(name).any(|other| other.eq_ignore_ascii_case(element.as_bytes()))
    }

    /// Returns all names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    pub(super) fn push(&mut self, name: &str, value: &[u8]) {
        self.0.push((name.into(), value.into()));
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`FieldError`] if the name is not a token, or the value contains a control character, or the field
    /// belongs to the message's framing, which the endpoint writes.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), FieldError> {
        let valid = is_token(name)
            && !value.bytes().any(|byte| byte < b' ' && byte != b'\t' || byte == 0x7F);
        let framing = FRAMING.iter().any(|other| other.eq_ignore_ascii_case(name));
        if !valid || framing {
            let field = format!("{name}: {value}");
            return Err(FieldError { field, framing });
        }
        self.push(name, value.trim().as_bytes());
        Ok(())
    }

    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            emit_field(name, value, out);
        }
    }
}

/// The fields that the endpoints write themselves.
const FRAMING: [&str; 6] =
    ["Connection", "Content-Length", "Expect", "Host", "Transfer-Encoding", "Upgrade"];

pub(super) fn emit_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Appends `Content-Length` and the line that ends the head.
pub(super) fn emit_length(len: usize, out: &mut Vec<u8>) {
    emit_field("Content-Length", len.to_string().as_bytes(), out);
}

/// A field that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The name and the value.
    pub field: String,
    /// Whether the endpoint writes this field itself.
    pub framing: bool,
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = crate::value::Printable::short(&self.field);
        if self.framing {
            return write!(f, "\"{field}\" cannot be set: the program writes this field itself");
        }
        write!(f, "\"{field}\" is not a field; try \"Name: value\" without control characters")
    }
}

impl core::error::Error for FieldError {}

/// Returns true if `text` is a token (RFC 9110 section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// A request that a server has received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method, in its own case: `GET`.
    pub method: String,
    /// The target as the client sent it: `/path?query`.
    pub target: String,
    /// The fields, those of the framing included.
    pub fields: Fields,
    /// The body, decoded.
    pub body: Vec<u8>,
}

/// A response: a client has received it, or a server sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The status, 100 to 599.
    pub status: u16,
    /// The fields. A received response has those of its framing, too.
    pub fields: Fields,
    /// The body, decoded.
    pub body: Vec<u8>,
}

impl Response {
    /// Creates a response without fields.
    ///
    /// # Panics
    /// If the status is not between 200 and 599.
    #[must_use]
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        assert!((200..600).contains(&status), "not the status of a final response: {status}");
        Self { status, fields: Fields::default(), body: body.into() }
    }

    /// Appends the response to `out`. A response to HEAD has the fields of the body, but no body (RFC 9110
    /// section 9.3.2).
    pub(super) fn emit(&self, to_head: bool, keeps_open: bool, out: &mut Vec<u8>) {
        let line = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        out.extend_from_slice(line.as_bytes());
        self.fields.emit(out);
        let has_body = !is_bodiless(self.status);
        if has_body {
            emit_length(self.body.len(), out);
        }
        let connection: &[u8] = if keeps_open { b"keep-alive" } else { b"close" };
        emit_field("Connection", connection, out);
        out.extend_from_slice(b"\r\n");
        if has_body && !to_head {
            out.extend_from_slice(&self.body);
        }
    }
}

/// Returns true if a response with this status never has a body (RFC 9110 section 6.4.1).
pub(super) const fn is_bodiless(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

/// Returns the reason phrase of a status (RFC 9110 section 15); empty for one that has none here.
#[must_use]
pub const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}
