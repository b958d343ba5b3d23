//! The server: accepts many connections, and keeps each of them within its limits.

use super::limits::timer_of;
use super::peer::Peer;
use super::{Action, MAX_EVENTS};
use super::{Command, ConnectionId, Endpoint, Failure, Input, Limit, Limits, Service, Subject};
use crate::machine::Timer;
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;

/// What a [`Server`] reports to its application: what happened to connections, and what its service says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent<E> {
    /// A connection was accepted.
    Accepted {
        /// Which one.
        id: ConnectionId,
        /// The client.
        peer: SocketAddr,
    },
    /// The service reports something.
    Service {
        /// The connection.
        id: ConnectionId,
        /// What it reports.
        event: E,
    },
    /// The connection is closed in both directions.
    Released {
        /// Which one.
        id: ConnectionId,
    },
    /// The client or the network broke the connection.
    Reset {
        /// Which one.
        id: ConnectionId,
    },
    /// The client reached a limit. The server breaks the connection, unless its service answers.
    Limited {
        /// The connection.
        id: ConnectionId,
        /// Which limit.
        limit: Limit,
    },
    /// The server broke the connection, because its service wanted that or because the server stops.
    Aborted {
        /// Which one.
        id: ConnectionId,
    },
}

/// The server's endpoint. Its [`Service`] answers; the server itself keeps the connections within their
/// [`Limits`].
///
/// A slow or silent client costs the others nothing: each connection has its own buffers, at most
/// [`READ_AHEAD`](super::READ_AHEAD) bytes in each direction and what the service answers to them, and time limits.
#[derive(Clone, Debug)]
pub struct Server<S: Service> {
    service: S,
    limits: Limits,
    /// Whether [`shut_down`](Self::shut_down) was called.
    stops: bool,
    peers: BTreeMap<ConnectionId, Peer<S::Session>>,
    /// When the time of each connection is over, in order.
    deadlines: BTreeSet<(Instant, ConnectionId)>,
    /// Connections that may have a command.
    ready: VecDeque<ConnectionId>,
    /// Connections that the driver has to break.
    aborts: BTreeSet<ConnectionId>,
    events: VecDeque<ServerEvent<S::Event>>,
}

/// Maximum number of connections whose time is over to handle at a time: their events must not push out each
/// other. The deadline of the next one is due at once.
const MAX_TIME_OUTS: usize = MAX_EVENTS / 4;

impl<S: Service> Server<S> {
    /// Creates a server without connections.
    #[must_use]
    pub const fn new(service: S, limits: Limits) -> Self {
        Self {
            service,
            limits,
            stops: false,
            peers: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            ready: VecDeque::new(),
            aborts: BTreeSet::new(),
            events: VecDeque::new(),
        }
    }

    /// Returns the service.
    #[must_use]
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// Returns the number of connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.peers.len()
    }

    /// Prepares the end of the server: connections on which no request is in progress are closed, and all
    /// others have at most `grace` left. The driver accepts no more, and may stop when there are no
    /// [`connections`](Self::connections) left.
    pub fn shut_down(&mut self, now: Instant, grace: Duration) {
        self.stops = true;
        let end = now.saturating_add(grace);
        for id in self.peers.keys().copied().collect::<Vec<_>>() {
            let Some(peer) = self.peers.get_mut(&id) else { continue };
            peer.finish_if_idle(&self.service);
            peer.end_by(end);
            self.settle(now, id);
        }
    }

    fn report(&mut self, event: ServerEvent<S::Event>) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    fn report_service(&mut self, id: ConnectionId) {
        while let Some(event) = self.service.poll_event() {
            self.report(ServerEvent::Service { id, event });
        }
    }

    fn accept(&mut self, now: Instant, id: ConnectionId, peer: SocketAddr) {
        if self.peers.contains_key(&id) {
            return;
        }
        if self.peers.len() >= self.limits.connections
            && let Some((_, first)) = self.deadlines.first().copied()
        {
            self.report(ServerEvent::Limited { id: first, limit: Limit::Connections });
            self.abort(first);
        }
        let session = self.service.accept(id);
        self.peers.insert(id, Peer::new(now, &self.limits, session));
        self.report(ServerEvent::Accepted { id, peer });
        self.report_service(id);
        self.settle(now, id);
    }

    fn remove(&mut self, id: ConnectionId) -> bool {
        let Some(peer) = self.peers.remove(&id) else { return false };
        self.deadlines.remove(&(peer.deadline.0, id));
        true
    }

    fn abort(&mut self, id: ConnectionId) {
        if self.remove(id) {
            self.aborts.insert(id);
        }
    }

    /// Lets the service handle what has arrived.
    fn serve(&mut self, now: Instant, id: ConnectionId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let goes_on = peer.serve(&mut self.service);
        if self.stops {
            peer.finish_if_idle(&self.service);
        }
        self.report_service(id);
        if goes_on {
            return self.settle(now, id);
        }
        self.abort(id);
        self.report(ServerEvent::Aborted { id });
    }

    /// Extends the connection's time and remembers that it may have commands.
    fn settle(&mut self, now: Instant, id: ConnectionId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        self.deadlines.remove(&(peer.deadline.0, id));
        peer.touch(now, &self.limits);
        self.deadlines.insert((peer.deadline.0, id));
        if !core::mem::replace(&mut peer.is_ready, true) {
            self.ready.push_back(id);
        }
    }

    /// Handles a connection whose time is over.
    fn time_out(&mut self, now: Instant, id: ConnectionId) {
        let Some(peer) = self.peers.get_mut(&id) else { return };
        let limit = peer.deadline.1;
        if peer.time_out(&mut self.service) {
            // The answer gets as much time as a release.
            self.deadlines.remove(&(peer.deadline.0, id));
            peer.deadline = (now.saturating_add(self.limits.release), Limit::Release);
            self.settle(now, id);
        } else {
            self.abort(id);
        }
        self.report_service(id);
        self.report(ServerEvent::Limited { id, limit });
    }
}

impl<E> ServerEvent<E> {
    /// Returns the connection that it refers to.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        match self {
            Self::Accepted { id, .. }
            | Self::Service { id, .. }
            | Self::Released { id }
            | Self::Reset { id }
            | Self::Limited { id, .. }
            | Self::Aborted { id } => *id,
        }
    }

    /// Returns its record. `of_service` returns that of what the service reports.
    #[cfg_attr(
        not(feature = "packets"),
        expect(dead_code, reason = "only the network of packets records it")
    )]
    pub(crate) fn what(self, of_service: impl FnOnce(E) -> Option<What>) -> Option<What> {
        match self {
            Self::Accepted { .. } => Some(What::Accepted),
            Self::Service { event, .. } => of_service(event),
            Self::Released { .. } => Some(What::Released),
            Self::Reset { .. } => Some(What::Broken { why: Failure::Reset }),
            Self::Limited { limit, .. } => Some(What::Limited { limit }),
            Self::Aborted { .. } => Some(What::NotReleased),
        }
    }
}

impl<S: Service> Endpoint for Server<S> {
    type Event = ServerEvent<S::Event>;

    fn handle_input(&mut self, now: Instant, id: ConnectionId, input: Input<'_>) {
        if let Input::Accepted { peer } = input {
            return self.accept(now, id, peer);
        }
        let Some(peer) = self.peers.get_mut(&id) else {
            if input.ends() {
                self.aborts.remove(&id);
            }
            return;
        };
        let Ok(Action::Handle) = peer.state.follow(input.into()) else { return };
        match input {
            Input::Bytes(bytes) if !peer.receive(bytes, &self.limits) => {
                self.abort(id);
                return self.report(ServerEvent::Limited { id, limit: Limit::Bytes });
            }
            Input::Written(bytes) => peer.written(bytes),
            Input::Released => {
                self.remove(id);
                return self.report(ServerEvent::Released { id });
            }
            Input::Reset => {
                self.remove(id);
                return self.report(ServerEvent::Reset { id });
            }
            _ => {}
        }
        self.serve(now, id);
    }

    fn handle_timeout(&mut self, now: Instant) {
        for _ in 0..MAX_TIME_OUTS {
            let Some((_, id)) = self.deadlines.first().filter(|(deadline, _)| *deadline <= now)
            else {
                return;
            };
            self.time_out(now, *id);
        }
    }

    fn poll_command(
        &mut self,
        _now: Instant,
        buf: &mut Vec<u8>,
    ) -> Option<(ConnectionId, Command)> {
        if let Some(id) = self.aborts.pop_first() {
            return Some((id, Command::Abort));
        }
        while let Some(id) = self.ready.front().copied() {
            let peer = self.peers.get_mut(&id);
            if let Some(command) = peer.and_then(|peer| peer.command(buf)) {
                return Some((id, command));
            }
            self.ready.pop_front();
            if let Some(peer) = self.peers.get_mut(&id) {
                peer.is_ready = false;
            }
        }
        None
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.events.pop_front()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let (deadline, id) = self.deadlines.first().copied()?;
        let limit = self.peers.get(&id).map_or(Limit::Total, |peer| peer.deadline.1);
        Some((timer_of(limit), deadline))
    }

    fn subject(&self, event: &Self::Event) -> Subject {
        Subject { connection: Some(event.id()), label: None }
    }

    fn window(&self, id: ConnectionId) -> usize {
        self.peers.get(&id).map_or(0, Peer::window)
    }
}
