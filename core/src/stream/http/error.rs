//! Why a message is refused.

use core::fmt;

/// Why a message is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpError {
    /// The first line or a field is malformed (RFC 9112 sections 3, 4 and 5).
    Head(&'static str),
    /// The version is not 1.0 or 1.1.
    Version,
    /// The first line is longer than the limit.
    LongTarget,
    /// The head is longer than the limit, or has too many fields.
    LongHead,
    /// There is not exactly one `Host` field (RFC 9112 section 3.2).
    Host,
    /// `Content-Length` is not a number, or its values differ, or there is a `Transfer-Encoding`, too (RFC
    /// 9112 section 6.3).
    Length,
    /// The `Transfer-Encoding` is not `chunked` alone, or the version is 1.0 (RFC 9112 section 6.1).
    TransferEncoding,
    /// A chunk is malformed (RFC 9112 section 7.1).
    Chunk,
    /// The body is longer than the limit.
    LongBody,
    /// The connection ended before the message did.
    Incomplete,
    /// The status is not between 100 and 599, or the server switches to another protocol unasked.
    Status,
}

impl HttpError {
    /// Returns the status with which a server answers such a request.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(_)
            | Self::Host
            | Self::Length
            | Self::Chunk
            | Self::Incomplete
            | Self::Status => 400,
            Self::LongBody => 413,
            Self::LongTarget => 414,
            Self::LongHead => 431,
            Self::TransferEncoding => 501,
            Self::Version => 505,
        }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head(what) => return write!(f, "malformed head: {what}"),
            Self::Version => "the version is not HTTP/1.0 or HTTP/1.1",
            Self::LongTarget => "the first line is too long",
            Self::LongHead => "the header section is too long",
            Self::Host => "there is not exactly one Host field",
            Self::Length => "the length of the body is not clear",
            Self::TransferEncoding => "the transfer encoding is not \"chunked\" alone",
            Self::Chunk => "malformed chunk",
            Self::LongBody => "the body is too long",
            Self::Incomplete => "the connection ended before the message did",
            Self::Status => "unexpected status",
        })
    }
}

impl core::error::Error for HttpError {}

impl From<httparse::Error> for HttpError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::HeaderName => Self::Head("invalid field name"),
            httparse::Error::HeaderValue => Self::Head("invalid field value"),
            httparse::Error::NewLine => Self::Head("invalid end of line"),
            httparse::Error::Status => Self::Head("invalid status line"),
            httparse::Error::Token => Self::Head("invalid character in the first line"),
            httparse::Error::TooManyHeaders => Self::LongHead,
            httparse::Error::Version => Self::Version,
        }
    }
}
