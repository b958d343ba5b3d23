//! A query over TCP, after a truncated reply: one connection, and one message each way (RFC 7766).

use crate::pcapng::StreamCapture;
use retrylab::clock::Clock;
use retrylab::tcp::{Driver, Happened, Observer};
use retrylab_core::client::Config;
use retrylab_core::machine::Label;
use retrylab_core::name::split_frame;
use retrylab_core::policy::Policy;
use retrylab_core::stream::{Client, Codec, ConnectionId, Endpoint, Event, Reading};
use retrylab_core::time::Instant;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::time::Duration;
use tokio::time::timeout;

/// Maximum time for the connection and the answer.
const TIME: Duration = Duration::from_secs(10);

/// Maximum time for the release of the connection, which delays the answer. Most servers close it at once.
const RELEASE: Duration = Duration::from_millis(50);

/// Returns the answer of `server` to `query`, which begins with its length; `None` without one.
pub(super) async fn ask(
    server: SocketAddr,
    query: Vec<u8>,
    clock: Clock,
    capture: StreamCapture,
) -> Option<Vec<u8>> {
    let policy = Policy::exponential(TIME).max_sends(Some(1)).build().ok()?;
    let client = Client::new(Config::new(server, Query(query)).policy(policy));
    let mut driver = Driver::client(client, &[server], clock, Follower { capture });
    driver.run().await;
    let reply = driver.endpoint().reply().and_then(|reply| split_frame(reply));
    let answer = reply.map(|(answer, _)| answer.to_vec());
    if answer.is_some() {
        let _ = timeout(RELEASE, driver.run()).await;
    }
    answer
}

/// Sends a message, and waits for one.
struct Query(Vec<u8>);

impl Codec for Query {
    type Reader = Vec<u8>;

    fn reader(&self, _label: Label) -> Vec<u8> {
        Vec::new()
    }

    fn request(&self, _label: Label, buf: &mut Vec<u8>) {
        buf.extend_from_slice(&self.0);
    }

    fn finishes(&self) -> bool {
        false
    }

    fn read(&self, reader: &mut Vec<u8>, bytes: &[u8]) -> Reading {
        reader.extend_from_slice(bytes);
        if split_frame(reader).is_some() { Reading::Answer } else { Reading::More }
    }

    fn finished(&self, _reader: &mut Vec<u8>) -> Reading {
        Reading::More
    }
}

/// Stops the driver at the answer.
struct Follower {
    capture: StreamCapture,
}

impl<E: Endpoint<Event = Event>> Observer<E> for Follower {
    fn event(&mut self, _at: Instant, _endpoint: &E, event: &Event) -> ControlFlow<()> {
        match event {
            Event::Answered { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        self.capture.happened(at, id, what);
    }

    fn settled(&mut self) {
        self.capture.settle();
    }
}
