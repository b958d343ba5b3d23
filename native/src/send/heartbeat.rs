//! `send --heartbeat`: one datagram per interval, which nobody answers.

use super::Error;
use crate::exit::Exit;
use crate::output::{Count, SCHEMA, exit_after, narrate, warn};
use crate::pcapng::{self, Capture};
use crate::peers::Peers;
use crate::queue::LineQueue;
use crate::signals::Signals;
use retrylab::clock::Clock;
use retrylab::udp::{self, Observer, Trouble};
use retrylab_core::client::heartbeat::{Client, Config, Event};
use retrylab_core::machine::Transmit;
use retrylab_core::time::Instant;
use serde::Serialize;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Where and how to report.
pub(super) struct Reporting<'a> {
    pub(super) json: bool,
    pub(super) out: &'a LineQueue,
    pub(super) clock: Clock,
    pub(super) capture: Option<Capture>,
}

/// Sends heartbeats until their number is reached or a signal arrives.
pub(super) async fn send(
    peers: &Peers,
    config: Config,
    reporting: Reporting<'_>,
    signals: &mut Signals,
) -> Result<Exit, Error> {
    let Reporting { json, out, clock, mut capture } = reporting;
    let (peer, endless) = (config.peer, config.count.is_none());
    let mut client = Client::new(config);
    let mut log = Log { json, peer, sent: 0, refused: 0, unsent: 0, cause: String::new() };
    let ended = tokio::select! {
        biased;
        () = signals.recv() => None,
        ended = udp::drive(&mut client, &peers.socket, clock, &mut capture, &mut log) => Some(ended),
    };
    if let Some(Err(error)) = ended {
        return Err(Error::Unreachable(peer, error));
    }
    log.summary(out);
    let exit = match ended {
        None if !endless => Exit::Interrupted,
        _ if log.refused > 0 || log.unsent > 0 => Exit::Refused,
        _ => Exit::Success,
    };
    Ok(exit_after(pcapng::finish(capture), exit))
}

/// Follows the client.
struct Log {
    json: bool,
    peer: SocketAddr,
    sent: u64,
    /// Reports of the network that the server cannot be reached.
    refused: u64,
    /// Heartbeats that the system did not send.
    unsent: u64,
    /// The last cause of trouble: it is reported once in a row.
    cause: String,
}

/// The result as JSON.
#[derive(Serialize)]
struct Summary {
    schema: u32,
    event: &'static str,
    peer: String,
    heartbeats: u64,
    refused: u64,
    unsent: u64,
}

impl Log {
    fn summary(&self, out: &LineQueue) {
        let Self { peer, sent, refused, unsent, .. } = *self;
        if self.json {
            let (schema, event, peer) = (SCHEMA, "summary", peer.to_string());
            return out.json(&Summary { schema, event, peer, heartbeats: sent, refused, unsent });
        }
        let mut text = format!("{} sent to {peer}", Count(sent, "heartbeat"));
        if refused > 0 {
            text += &format!(", {} that nobody can be reached there", Count(refused, "report"));
        }
        if unsent > 0 {
            text += &format!(", {unsent} not sent by the system");
        }
        out.line(text);
    }
}

impl Observer<Event> for Log {
    fn sent(&mut self, _at: Instant, transmit: &Transmit, bytes: &[u8]) {
        self.sent += 1;
        self.cause.clear();
        let number = transmit.label.map_or(0, |label| label.exchange.get());
        narrate!("heartbeat {number}: {} to {}", Count(bytes.len() as u64, "byte"), transmit.to);
    }

    fn trouble(&mut self, _at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        match trouble {
            Trouble::Send { .. } => self.unsent += 1,
            _ => self.refused += 1,
        }
        let cause = trouble.to_string();
        if cause != self.cause {
            warn(format_args!("{}: {cause}; the next heartbeat follows as planned", self.peer));
        }
        self.cause = cause;
        ControlFlow::Continue(())
    }
}
