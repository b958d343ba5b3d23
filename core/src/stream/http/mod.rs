//! HTTP/1.1 (RFC 9112), one exchange: a request, its response, and the release of the connection.
//!
//! [`Http`] is the client's half, for a [`stream::Client`](super::Client), and [`HttpService`] the server's, for a
//! [`stream::Server`](super::Server). Both read bodies with a length, in chunks, and, for responses, until the connection
//! ends. What two recipients could understand in different ways is refused: conflicting lengths, a length next to
//! a transfer encoding, line feeds without carriage return in a chunk.
//!
//! There is no TLS, no cache, no redirect, and no second exchange of a client on one connection. Trailer
//! fields are read and ignored. Responses have no `Date`, because a machine has no clock (RFC 9110 section 6.6.1).
//!
//! ```
//! use retrylab_core::client::Config;
//! use retrylab_core::policy::Preset;
//! use retrylab_core::stream::http::{Http, HttpConfig, HttpService, Request, Response};
//! use retrylab_core::stream::{Client, Limits, Server};
//!
//! let request = Http::new("GET", "192.0.2.1", "/").unwrap();
//! let config = Config::new("192.0.2.1:80".parse().unwrap(), request);
//! let client = Client::new(config.policy(Preset::AwsStandard.policy()));
//!
//! let hello = |_: &Request| Response::new(200, "hello\n");
//! let server = Server::new(HttpService::new(hello, HttpConfig::default(), 1), Limits::default());
//! ```

mod body;
mod client;
mod date;
mod error;
mod head;
mod message;
mod service;

pub use client::{Http, HttpReader, RequestError};
pub use error::HttpError;
pub use message::{FieldError, Fields, Request, Response, reason};
pub use service::{EchoHandler, Handler, HttpConfig, HttpEvent, HttpService, HttpSession};
