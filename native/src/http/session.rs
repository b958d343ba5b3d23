//! Follows the client: measures each step and reports it to people on stderr.

use super::report::Timings;
use crate::output::{BAD, Count, GOOD, Rounded, narrate, seconds};
use crate::pcapng::StreamCapture;
use crate::unreached::Unreached;
use retrylab::tcp::{Happened, Observer};
use retrylab_core::machine::Timer;
use retrylab_core::policy::Stop;
use retrylab_core::stream::http::{Http, Response, reason};
use retrylab_core::stream::{Client, ConnectionId, Event, Failure};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::value::Printable;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// One attempt: a connection, the request and its response.
#[derive(Debug)]
pub(super) struct Send {
    id: ConnectionId,
    pub(super) began: Instant,
    pub(super) peer: Option<SocketAddr>,
    connected: Option<Instant>,
    /// When the last byte of the request was gone.
    requested: Option<Instant>,
    first_byte: Option<Instant>,
    /// When the response was complete.
    responded: Option<Instant>,
    ended: Option<Instant>,
    /// Addresses that could not be reached.
    pub(super) unreached: Vec<Unreached>,
    pub(super) failure: Option<Failure>,
}

/// Follows the client of one exchange.
pub(super) struct Session {
    verbose: bool,
    capture: StreamCapture,
    pub(super) sends: Vec<Send>,
    /// The number of the send that was answered, from 1, and when.
    pub(super) answered: Option<u32>,
    pub(super) why: Option<Stop>,
    pub(super) elapsed: Duration,
}

impl Session {
    pub(super) fn new(verbose: bool, capture: StreamCapture) -> Self {
        Self {
            verbose,
            capture,
            sends: Vec::new(),
            answered: None,
            why: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Returns the send that was answered, or the last one.
    pub(super) fn last(&self) -> Option<&Send> {
        match self.answered {
            Some(send) => self.sends.get(send as usize - 1),
            None => self.sends.last(),
        }
    }

    /// Returns how long each step of the last send took.
    pub(super) fn timings(&self, lookup: Option<Duration>) -> Timings {
        let lookup_s = lookup.map(seconds);
        let Some(send) = self.last() else { return Timings { lookup_s, ..Timings::default() } };
        let between = |from: Option<Instant>, to: Option<Instant>| {
            from.zip(to).map(|(from, to)| seconds(to.saturating_since(from)))
        };
        Timings {
            lookup_s,
            connect_s: between(Some(send.began), send.connected),
            request_s: between(send.connected, send.requested),
            first_byte_s: between(send.requested, send.first_byte),
            response_s: between(send.requested, send.responded),
            release_s: between(send.responded, send.ended),
        }
    }

    /// Returns true if the last reply of the client is that of the last send.
    pub(super) fn is_reply_of_last(&self) -> bool {
        let is_reply = |why| matches!(why, Failure::Reply | Failure::Unreadable);
        self.answered.is_some()
            || self.last().is_some_and(|send| send.failure.is_some_and(is_reply))
    }

    /// Handles Ctrl-C before the end of the exchange.
    pub(super) fn interrupted(&mut self, now: Instant) {
        let began = self.sends.first().map_or(now, |send| send.began);
        self.elapsed = now.saturating_since(began);
        self.why = None;
    }

    fn place(&mut self, at: Instant, id: ConnectionId) -> usize {
        if let Some(place) = self.sends.iter().rposition(|send| send.id == id) {
            return place;
        }
        self.sends.push(Send {
            id,
            began: at,
            peer: None,
            connected: None,
            requested: None,
            first_byte: None,
            responded: None,
            ended: None,
            unreached: Vec::new(),
            failure: None,
        });
        self.sends.len() - 1
    }

    /// Notes that the send with this number has a complete response.
    fn responded(&mut self, at: Instant, send: u32, response: Option<&Response>) {
        if let Some(send) = self.sends.get_mut(send as usize - 1) {
            send.responded = Some(at);
        }
        let Some(response) = response.filter(|_| self.verbose) else { return };
        narrate!("< {}", status(response.status));
        for (name, value) in response.fields.iter() {
            narrate!("< {}: {}", Printable::new(name), Printable::bytes(value));
        }
        narrate!("<");
        narrate!(
            "send {send}: response complete, with {}",
            Count(response.body.len() as u64, "byte")
        );
    }

    fn failed(&mut self, send: u32, why: Failure, response: Option<&Response>) {
        let Some(failed) = self.sends.get_mut(send as usize - 1) else { return };
        failed.failure = Some(why);
        let cause = describe(failed, why, response);
        self.capture.comment(failed.id, &format!("Send {send} failed: {cause}."));
        narrate!("send {send} {BAD}failed{BAD:#}: {cause}");
    }
}

/// Returns what happened to a send that failed.
pub(super) fn describe(send: &Send, why: Failure, response: Option<&Response>) -> String {
    match (why, response) {
        (Failure::Refused, _) => {
            let list = send.unreached.iter().map(ToString::to_string);
            list.collect::<Vec<_>>().join("; ")
        }
        (Failure::Reply, Some(response)) => {
            format!("the server answered {}", status(response.status))
        }
        _ => why.name().to_string(),
    }
}

/// Returns a status with its reason phrase: `200 OK`.
pub(super) fn status(status: u16) -> String {
    format!("{status} {}", reason(status)).trim_end().to_string()
}

impl Observer<Client<Http>> for Session {
    fn event(&mut self, at: Instant, client: &Client<Http>, event: &Event) -> ControlFlow<()> {
        let response = client.reply().and_then(|reply| reply.response());
        match *event {
            Event::Answered { answered_send, elapsed, .. } => {
                self.answered = Some(answered_send);
                self.elapsed = elapsed;
                self.responded(at, answered_send, response);
            }
            Event::Failed { send, why, .. } => {
                let response = response.filter(|_| why == Failure::Reply);
                if response.is_some() {
                    self.responded(at, send, response);
                }
                self.failed(send, why, response);
            }
            Event::GaveUp { elapsed, why, .. } => {
                self.why = Some(why);
                self.elapsed = elapsed;
            }
            Event::NotReleased { send, .. } if self.verbose => {
                narrate!("send {send}: the server did not close the connection: given up");
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        let wait = Rounded(deadline.saturating_since(at));
        match timer {
            Timer::Backoff => narrate!("sending again in {wait}"),
            Timer::Hint => narrate!("sending again in {wait}, as the server asks"),
            _ => {}
        }
    }

    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        self.capture.happened(at, id, what);
        let verbose = self.verbose;
        let place = self.place(at, id);
        let (number, send) = (place + 1, &mut self.sends[place]);
        let since = |from: Option<Instant>| Rounded(at.saturating_since(from.unwrap_or(at)));
        let step = match what {
            Happened::Trying { peer, .. } => format!("connecting to {peer}"),
            Happened::Failed(address, error) => {
                send.unreached.push(Unreached::new(address, error));
                format!("{address} {BAD}cannot be reached{BAD:#}: {error}")
            }
            Happened::Connected { local, peer } => {
                (send.connected, send.peer) = (Some(at), Some(peer));
                let took = since(Some(send.began));
                format!("{GOOD}connected{GOOD:#} to {peer} from {local} after {took}")
            }
            Happened::Sent(bytes) => {
                if verbose && send.requested.is_none() {
                    show_head(bytes);
                }
                send.requested = Some(at);
                let bytes = Count(bytes.len() as u64, "byte");
                format!("{bytes} of the request sent after {}", since(send.connected))
            }
            Happened::Received(bytes) => {
                send.first_byte.get_or_insert(at);
                let bytes = Count(bytes.len() as u64, "byte");
                format!("{bytes} of the response after {}", since(send.requested))
            }
            Happened::Finished => "this end is closed".to_string(),
            Happened::PeerFinished => "the server has closed its end".to_string(),
            Happened::Released => {
                send.ended = Some(at);
                format!("connection {GOOD}released{GOOD:#} after {}", since(send.responded))
            }
            Happened::Broken(error) => {
                send.ended = Some(at);
                format!("connection {BAD}broken{BAD:#}: {error}")
            }
            Happened::Aborted => {
                send.ended = Some(at);
                "connection given up".to_string()
            }
            _ => return,
        };
        if verbose {
            narrate!("send {number}: {step}");
        }
    }

    fn settled(&mut self) {
        self.capture.settle();
    }
}

/// Shows the head of a request.
fn show_head(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    for line in head.split("\r\n") {
        narrate!("> {}", Printable::new(line));
    }
    narrate!(">");
}
