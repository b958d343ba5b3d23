//! The server's half: reads requests, and writes what its handler responds.

use super::HttpError;
use super::head::{self, RequestHead};
use super::message::{Request, Response};
use crate::protocol::echo::{Reply, report};
use crate::server::echo;
use crate::stream::verdict::{Verdict, Verdicts};
use crate::stream::{ConnectionId, Reaction, Service};
use crate::time::Duration;
use crate::trace::{Cause, Direction, What};
use crate::value::setters;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What an [`HttpService`] allows its clients, and what it does to their requests on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Maximum length of a request's head, in bytes; at most half of [`READ_AHEAD`](crate::stream::READ_AHEAD).
    pub max_head: usize,
    /// Maximum length of a request's body, in bytes.
    pub max_body: usize,
    /// Maximum number of requests on one connection.
    pub max_requests: u32,
    /// Which requests are not answered or answered with status 503, counted over the server's life. Its
    /// `reply` is not used here.
    pub faults: echo::Config,
}

/// Returns heads of 8 KiB, bodies of 1 MiB, 100 requests per connection, and no faults.
impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            max_head: 8 << 10,
            max_body: 1 << 20,
            max_requests: 100,
            faults: echo::Config::default(),
        }
    }
}

setters! {
    HttpConfig {
        with_max_head: max_head: usize,
        with_max_body: max_body: usize,
        with_max_requests: max_requests: u32,
        with_faults: faults: echo::Config,
    }
}

/// Responds to requests. A closure is a handler, too.
pub trait Handler {
    /// Returns the response to a request.
    fn respond(&mut self, request: &Request) -> Response;
}

impl<F: FnMut(&Request) -> Response> Handler for F {
    fn respond(&mut self, request: &Request) -> Response {
        self(request)
    }
}

/// The echo service over HTTP: the data is the body of a POST or PUT, and the target of a GET or HEAD without its
/// first `/`. Any other method gets status 405.
#[derive(Clone, Copy, Debug)]
pub struct EchoHandler(pub Reply);

impl Handler for EchoHandler {
    fn respond(&mut self, request: &Request) -> Response {
        let data = match &*request.method {
            "GET" | "HEAD" => {
                request.target.strip_prefix('/').unwrap_or(&request.target).as_bytes()
            }
            "POST" | "PUT" => &request.body,
            _ => {
                let mut response = Response::new(405, "only GET, HEAD, POST and PUT\n");
                response.fields.push("Allow", b"GET, HEAD, POST, PUT");
                return response;
            }
        };
        let mut body = Vec::new();
        match self.0 {
            Reply::Mirror => body.extend_from_slice(data),
            Reply::Upper => body.extend(data.to_ascii_uppercase()),
            Reply::Report => report(data.len(), &mut body),
        }
        let mut response = Response::new(200, body);
        // A browser must not run what somebody else has sent.
        response.fields.push("Content-Type", b"text/plain");
        response.fields.push("X-Content-Type-Options", b"nosniff");
        response
    }
}

/// What an [`HttpService`] reports. Texts are the client's: make them
/// [printable](crate::value::Printable) before you show them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpEvent {
    /// A request was answered by the handler.
    Answered {
        /// The method.
        method: String,
        /// The target.
        target: String,
        /// The status.
        status: u16,
        /// Bytes of the request's body.
        received: usize,
        /// Bytes of the response's body.
        sent: usize,
    },
    /// A request was refused.
    Refused {
        /// The status.
        status: u16,
        /// Why; `None` if the client took too long.
        why: Option<HttpError>,
    },
    /// A request is left without an answer, as configured.
    Dropped {
        /// What the configuration says.
        cause: Cause,
    },
    /// A request was answered with status 503, as configured.
    Failed,
}

impl HttpEvent {
    /// Returns its record. The limit that a client reaches has one of its own.
    #[cfg_attr(
        not(feature = "packets"),
        expect(dead_code, reason = "only the network of packets records it")
    )]
    pub(crate) fn what(self) -> Option<What> {
        match self {
            Self::Answered { sent, .. } => {
                Some(What::Replied { bytes: u32::try_from(sent).unwrap_or(u32::MAX) })
            }
            Self::Refused { why, .. } => why.map(|_| What::Rejected),
            Self::Dropped { cause } => Some(What::Dropped { direction: Direction::Request, cause }),
            Self::Failed => Some(What::Failed),
        }
    }
}

/// HTTP/1.1 for a [`Server`](crate::stream::Server).
///
/// It closes the connection after each response, unless the request asks for `Connection: keep-alive`. Pipelined
/// requests are answered in order. A request whose end is not clear is refused, and the connection closed.
#[derive(Clone, Debug)]
pub struct HttpService<H> {
    handler: H,
    config: HttpConfig,
    verdicts: Verdicts,
    events: VecDeque<HttpEvent>,
}

/// What the service remembers of a connection.
#[derive(Clone, Debug, Default)]
pub struct HttpSession {
    requests: u32,
    /// The request whose body is arriving, and that body so far.
    request: Option<(RequestHead, Vec<u8>)>,
}

impl<H: Handler> HttpService<H> {
    /// Creates a service with `seed` for its random draws.
    #[must_use]
    pub fn new(handler: H, mut config: HttpConfig, seed: u64) -> Self {
        config.max_head = config.max_head.min(crate::stream::READ_AHEAD / 2);
        let verdicts = Verdicts::new(config.faults.clone(), seed);
        Self { handler, config, verdicts, events: VecDeque::new() }
    }

    /// Returns its handler.
    #[must_use]
    pub const fn handler(&self) -> &H {
        &self.handler
    }

    /// Handles a head: answers, or waits for the body.
    fn begin(
        &mut self,
        session: &mut HttpSession,
        head: RequestHead,
        out: &mut Vec<u8>,
    ) -> Reaction {
        if !head.body.fits(self.config.max_body) {
            return self.refuse(HttpError::LongBody, out);
        }
        session.requests += 1;
        if head.body.is_over() {
            return self.respond(session, head, Vec::new(), out);
        }
        if head.expects_continue {
            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        session.request = Some((head, Vec::new()));
        Reaction::Continue
    }

    /// Answers a complete request.
    fn respond(
        &mut self,
        session: &HttpSession,
        head: RequestHead,
        body: Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Reaction {
        let RequestHead { method, target, fields, keeps_open, .. } = head;
        let to_head = method == "HEAD";
        match self.verdicts.next().1 {
            Verdict::Answer => {}
            Verdict::Drop(cause) => {
                self.events.push_back(HttpEvent::Dropped { cause });
                return Reaction::Silence;
            }
            Verdict::Fail => {
                self.events.push_back(HttpEvent::Failed);
                let mut response = Response::new(503, "failed on purpose\n");
                if let Some(hint) = self.verdicts.hint() {
                    response.fields.push("Retry-After", seconds(hint).to_string().as_bytes());
                }
                response.emit(to_head, false, out);
                return Reaction::Finish;
            }
        }
        let request = Request { method, target, fields, body };
        let response = self.handler.respond(&request);
        let keeps_open = keeps_open && session.requests < self.config.max_requests;
        response.emit(to_head, keeps_open, out);
        let Request { method, target, body, .. } = request;
        let (received, sent) = (body.len(), response.body.len());
        let status = response.status;
        self.events.push_back(HttpEvent::Answered { method, target, status, received, sent });
        if keeps_open { Reaction::Continue } else { Reaction::Finish }
    }

    /// Answers a request that cannot be served, and whose end may not be clear.
    fn refuse(&mut self, why: HttpError, out: &mut Vec<u8>) -> Reaction {
        let status = why.status();
        self.events.push_back(HttpEvent::Refused { status, why: Some(why) });
        Response::new(status, format!("{why}\n")).emit(false, false, out);
        Reaction::Finish
    }
}

/// Returns whole seconds, rounded up: a client that comes back too early fails again.
fn seconds(hint: Duration) -> u64 {
    hint.as_secs().saturating_add(u64::from(hint.subsec_nanos() > 0))
}

impl<H: Handler> Service for HttpService<H> {
    type Session = HttpSession;
    type Event = HttpEvent;

    fn accept(&mut self, _id: ConnectionId) -> HttpSession {
        HttpSession::default()
    }

    fn handle_bytes(
        &mut self,
        session: &mut HttpSession,
        bytes: &[u8],
        out: &mut Vec<u8>,
    ) -> (usize, Reaction) {
        let Some((RequestHead { body, .. }, content)) = &mut session.request else {
            return match head::request(bytes, self.config.max_head) {
                Ok(None) => (0, Reaction::Continue),
                Ok(Some((len, head))) => (len, self.begin(session, head, out)),
                Err(error) => (bytes.len(), self.refuse(error, out)),
            };
        };
        match body.read(bytes, content, self.config.max_body) {
            Ok(used) if body.is_over() => {
                let Some((head, content)) = session.request.take() else {
                    return (used, Reaction::Continue);
                };
                (used, self.respond(session, head, content, out))
            }
            Ok(used) => (used, Reaction::Continue),
            Err(error) => (bytes.len(), self.refuse(error, out)),
        }
    }

    fn handle_finished(
        &mut self,
        session: &mut HttpSession,
        rest: &[u8],
        out: &mut Vec<u8>,
    ) -> Reaction {
        if session.request.is_none() && rest.is_empty() {
            return Reaction::Finish;
        }
        self.refuse(HttpError::Incomplete, out)
    }

    fn handle_time_limit(&mut self, session: &mut HttpSession, rest: &[u8], out: &mut Vec<u8>) {
        if session.request.is_some() || !rest.is_empty() {
            let status = 408;
            self.events.push_back(HttpEvent::Refused { status, why: None });
            Response::new(status, "the request took too long\n").emit(false, false, out);
        }
    }

    fn is_idle(&self, session: &HttpSession) -> bool {
        session.request.is_none()
    }

    fn poll_event(&mut self) -> Option<HttpEvent> {
        self.events.pop_front()
    }
}
