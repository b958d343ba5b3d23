//! The client's half: writes one request, and reads its response.

use super::body::Body;
use super::date::retry_after;
use super::head;
use super::message::{Fields, Response, emit_field, emit_length, is_token};
use super::{FieldError, HttpError};
use crate::machine::Label;
use crate::stream::{Codec, Reading};
use crate::value::Printable;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

/// Default of [`Http::max_head`]: 16 KiB.
const MAX_HEAD: usize = 16 << 10;

/// Default of [`Http::max_body`]: 16 MiB.
const MAX_BODY: usize = 16 << 20;

/// Maximum number of interim responses (status 1xx) before the final one.
const MAX_INTERIM: u32 = 16;

/// One request, as often as the policy sends it.
///
/// The response is an answer, unless its status is 408, 429, 502, 503 or 504: then the server failed, and the
/// policy decides whether to send the request again; it follows `Retry-After` as its
/// [`hint`](crate::policy::Policy::hint) says. A machine has no clock, so a date in `Retry-After` counts from the
/// `Date` of the same response, and is ignored without one. A request that is not repeatable takes any response as its answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Http {
    /// The method: `GET`.
    pub method: Arc<str>,
    /// The value of `Host`: the name or address of the server, and its port if it is not 80.
    pub host: Arc<str>,
    /// The target: the path and the query.
    pub target: Arc<str>,
    /// More fields.
    pub fields: Fields,
    /// The body.
    pub body: Option<Arc<[u8]>>,
    /// Whether the body is sent in chunks instead of with its length.
    pub chunked: bool,
    /// Whether the connection should be closed after the response.
    pub close: bool,
    /// Whether the request may be sent again when the result of an attempt is unknown. By default, this
    /// follows from the method (RFC 9110 section 9.2.2): POST and PATCH are not repeated.
    pub repeatable: bool,
    /// Maximum length of the response's head, in bytes.
    pub max_head: usize,
    /// Maximum length of the response's body, in bytes.
    pub max_body: usize,
}

impl Http {
    /// Creates a request without a body.
    ///
    /// # Errors
    /// [`RequestError`] names the part that cannot be sent.
    ///
    /// ```
    /// use retrylab_core::stream::http::Http;
    ///
    /// let request = Http::new("GET", "example.org", "/").unwrap();
    /// assert!(request.repeatable);
    /// let error = Http::new("GET", "example.org", "/a b").unwrap_err();
    /// assert_eq!(error.to_string(), "\"/a b\" is not a target; try /path, without blanks");
    /// ```
    pub fn new(method: &str, host: &str, target: &str) -> Result<Self, RequestError> {
        let visible = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        if !is_token(method) || method == "CONNECT" {
            return Err(RequestError::Method(method.into()));
        }
        if !visible(host) || host.contains(['/', '@', ',']) {
            return Err(RequestError::Host(host.into()));
        }
        if !visible(target) || !target.starts_with('/') && target != "*" || target.contains('#') {
            return Err(RequestError::Target(target.into()));
        }
        Ok(Self::unchecked(method, host, target))
    }

    /// Creates a GET of `/` from a server that has no name.
    #[must_use]
    pub fn get(server: SocketAddr) -> Self {
        Self::unchecked("GET", &server.to_string(), "/")
    }

    fn unchecked(method: &str, host: &str, target: &str) -> Self {
        Self {
            method: method.into(),
            host: host.into(),
            target: target.into(),
            fields: Fields::default(),
            body: None,
            chunked: false,
            close: true,
            repeatable: is_idempotent(method),
            max_head: MAX_HEAD,
            max_body: MAX_BODY,
        }
    }

    /// Adds a field.
    ///
    /// # Errors
    /// [`FieldError`] if it cannot be sent.
    pub fn with_field(mut self, name: &str, value: &str) -> Result<Self, FieldError> {
        self.fields.add(name, value)?;
        Ok(self)
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(self, body: &[u8]) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    /// Sets whether the body is sent in chunks.
    #[must_use]
    pub fn with_chunked(self, chunked: bool) -> Self {
        Self { chunked, ..self }
    }

    /// Sets whether the connection should be closed after the response.
    #[must_use]
    pub fn with_close(self, close: bool) -> Self {
        Self { close, ..self }
    }

    /// Sets whether the request may be sent again, whatever its method is.
    #[must_use]
    pub fn with_repeatable(self, repeatable: bool) -> Self {
        Self { repeatable, ..self }
    }

    /// Sets the maximum length of the response's body, in bytes.
    #[must_use]
    pub fn with_max_body(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    fn emit_body(&self, out: &mut Vec<u8>) {
        let body = self.body.as_deref().unwrap_or_default();
        if self.chunked && self.body.is_some() {
            emit_field("Transfer-Encoding", b"chunked", out);
            out.extend_from_slice(b"\r\n");
            if !body.is_empty() {
                out.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
                out.extend_from_slice(body);
                out.extend_from_slice(b"\r\n");
            }
            return out.extend_from_slice(b"0\r\n\r\n");
        }
        // A server expects a length with these methods (RFC 9110 section 8.6).
        if self.body.is_some() || matches!(&*self.method, "POST" | "PUT" | "PATCH") {
            emit_length(body.len(), out);
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
    }
}

/// Returns true if a repeated request has the same effect as one (RFC 9110 section 9.2.2).
fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

/// Part of a request that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The method is not a token, or CONNECT.
    Method(String),
    /// The host is empty or contains what a host cannot contain.
    Host(String),
    /// The target is not a path.
    Target(String),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, expected) = match self {
            Self::Method(text) => (text, "a method; try GET, HEAD, POST, PUT or DELETE"),
            Self::Host(text) => (text, "a host; try example.org or 192.0.2.1:8080"),
            Self::Target(text) => (text, "a target; try /path, without blanks"),
        };
        write!(f, "\"{}\" is not {expected}", Printable::short(text))
    }
}

impl core::error::Error for RequestError {}

/// What has arrived of a response.
#[derive(Clone, Debug, Default)]
pub struct HttpReader {
    /// Bytes of a head that is not complete.
    head: Vec<u8>,
    interim: u32,
    /// The final response, as far as it has arrived, with the rest of its body.
    response: Option<(Response, Body)>,
    error: Option<HttpError>,
}

impl HttpReader {
    /// Returns the response: after [`Event::Answered`](crate::stream::Event::Answered), the whole of it.
    #[must_use]
    pub fn response(&self) -> Option<&Response> {
        self.response.as_ref().map(|(response, _)| response)
    }

    /// Returns what is wrong with the response.
    #[must_use]
    pub const fn error(&self) -> Option<HttpError> {
        self.error
    }

    /// Reads heads until the final one is complete; returns the bytes after it.
    fn read_heads(&mut self, http: &Http, bytes: &[u8]) -> Result<Option<Vec<u8>>, HttpError> {
        self.head.extend_from_slice(bytes);
        loop {
            let to_head = &*http.method == "HEAD";
            let found = head::response(&self.head, http.max_head, to_head)?;
            let Some((len, head::ResponseHead { status, fields, body })) = found else {
                return Ok(None);
            };
            self.head.drain(..len);
            if status < 200 {
                self.interim += 1;
                if self.interim > MAX_INTERIM {
                    return Err(HttpError::Status);
                }
                continue;
            }
            self.response = Some((Response { status, fields, body: Vec::new() }, body));
            return Ok(Some(core::mem::take(&mut self.head)));
        }
    }

    /// Reads bytes; returns true if the response is complete.
    fn read(&mut self, http: &Http, bytes: &[u8]) -> Result<bool, HttpError> {
        let after_head;
        let bytes = if self.response.is_some() {
            bytes
        } else {
            match self.read_heads(http, bytes)? {
                Some(rest) => after_head = rest,
                None => return Ok(false),
            }
            &after_head
        };
        let Some((response, body)) = &mut self.response else { return Ok(false) };
        if !body.fits(http.max_body) {
            return Err(HttpError::LongBody);
        }
        body.read(bytes, &mut response.body, http.max_body)?;
        Ok(body.is_over())
    }

    /// Returns what a complete response means.
    fn meaning(&self) -> Reading {
        match self.response() {
            Some(Response { status: 408 | 429 | 502 | 503 | 504, fields, .. }) => {
                Reading::Failure { hint: retry_after(fields) }
            }
            _ => Reading::Answer,
        }
    }
}

impl Codec for Http {
    type Reader = HttpReader;

    fn reader(&self, _label: Label) -> HttpReader {
        HttpReader::default()
    }

    fn request(&self, _label: Label, buf: &mut Vec<u8>) {
        buf.extend_from_slice(format!("{} {} HTTP/1.1\r\n", self.method, self.target).as_bytes());
        emit_field("Host", self.host.as_bytes(), buf);
        self.fields.emit(buf);
        emit_field("Connection", if self.close { b"close" } else { b"keep-alive" }, buf);
        self.emit_body(buf);
    }

    /// Some servers assume that a client which closes its direction has given up.
    fn finishes(&self) -> bool {
        false
    }

    fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    fn read(&self, reader: &mut HttpReader, bytes: &[u8]) -> Reading {
        match reader.read(self, bytes) {
            Ok(true) => reader.meaning(),
            Ok(false) => Reading::More,
            Err(error) => {
                reader.error = Some(error);
                Reading::Unreadable
            }
        }
    }

    fn finished(&self, reader: &mut HttpReader) -> Reading {
        if reader.response.as_ref().is_some_and(|(_, body)| body.may_end()) {
            return reader.meaning();
        }
        reader.error = Some(HttpError::Incomplete);
        Reading::More
    }
}
