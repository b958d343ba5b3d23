//! The name server's connections: their limits, and what they report.

use super::report::Report;
use crate::pcapng::StreamCapture;
use crate::serve::follower::warn_not_accepted;
use retrylab::clock::Clock;
use retrylab::tcp::{Driver, Happened, Listener, Observer};
use retrylab_core::name::{NameService, QueryEvent, Transport, Zone};
use retrylab_core::stream::{ConnectionId, Limits, READ_AHEAD, Server, ServerEvent};
use retrylab_core::time::Instant;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Maximum number of connections, unless a flag allows fewer. A new one takes the place of the one that has been silent
/// for longest, so that clients that hold their connections cannot keep others out.
pub(crate) const MAX_CONNECTIONS: usize = 256;

/// Maximum number of bytes of queries on one connection, unless a flag allows fewer. The query that reaches it is the
/// last one.
const MAX_BYTES: usize = 128 << 10;

/// The driver of the connections.
pub(crate) type Connections = Driver<Server<NameService>, Follower>;

/// Creates the server of the connections.
pub(super) fn start(
    listener: Listener,
    zone: Arc<Zone>,
    report: Report,
    clock: Clock,
    limits: Limits,
    capture: StreamCapture,
) -> Connections {
    let max = usize::try_from(limits.bytes).unwrap_or(usize::MAX).min(MAX_BYTES);
    // The service closes a connection before this many bytes have arrived, and the client gets its replies.
    let bytes = (max + 2 * READ_AHEAD) as u64;
    let server = Server::new(NameService::new(zone, max), limits.with_bytes(bytes));
    let follower = Follower { report, peers: HashMap::new(), capture, warned: false };
    Driver::server(server, listener, clock, follower)
}

/// Reports what arrives on the connections.
pub(crate) struct Follower {
    report: Report,
    /// The connections that are open.
    peers: HashMap<ConnectionId, SocketAddr>,
    capture: StreamCapture,
    warned: bool,
}

impl Observer<Server<NameService>> for Follower {
    fn event(
        &mut self,
        _at: Instant,
        _server: &Server<NameService>,
        event: &ServerEvent<QueryEvent>,
    ) -> ControlFlow<()> {
        match event {
            ServerEvent::Service { id, event: QueryEvent { query, reply } } => {
                if reply.is_none() {
                    self.capture.comment(*id, "Ignored: not a query.");
                }
                if let Some(peer) = self.peers.get(id) {
                    self.report.query(Transport::Tcp, *peer, query, *reply);
                }
            }
            ServerEvent::Limited { id, limit } => {
                self.report.limited(*limit);
                self.capture.comment(*id, &format!("Limit reached: {}.", limit.name()));
            }
            // The driver reports these as well.
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        self.capture.happened(at, id, what);
        match what {
            Happened::Accepted { peer, .. } => {
                self.report.connected();
                self.peers.insert(id, peer);
            }
            Happened::Released | Happened::Broken(_) | Happened::Aborted => {
                self.peers.remove(&id);
            }
            _ => {}
        }
    }

    fn settled(&mut self) {
        self.capture.settle();
    }

    fn not_accepted(&mut self, _at: Instant, error: &io::Error) {
        if !std::mem::replace(&mut self.warned, true) {
            warn_not_accepted("dns", error);
        }
    }
}
