//! One host's connections, over its stack.

use super::super::stack::Stack;
use super::super::wire::Wire;
use super::connection::Connection;
use crate::stream::{Command, ConnectionId, Endpoint, Input};
use crate::time::Instant;
use crate::trace::Sink;
use alloc::vec::Vec;
use core::net::SocketAddr;
use smoltcp::iface::SocketHandle;

/// First port that a client uses, and their number: the dynamic ports (RFC 6335, section 6).
const PORTS: (u16, u16) = (49_152, 16_384);

/// The connections of a stack.
#[derive(Debug, Default)]
pub(super) struct Side {
    connections: Vec<Connection>,
    /// The socket that becomes the next connection, at a server that listens.
    listener: Option<SocketHandle>,
    /// Number of connections that a client has asked for.
    asked: u16,
    /// When the queue will wake it.
    pub(super) wake: Option<Instant>,
}

impl Side {
    /// Lets the stack accept connections.
    pub(super) fn listen(&mut self, stack: &mut Stack) {
        self.listener = stack.listen();
    }

    /// Takes away the socket that listens if there is a connection from this port already; returns true if it did. A
    /// connection comes first (RFC 9293, section 3.10.7), but smoltcp gives a SYN to the first socket that takes it.
    pub(super) fn hide_listener(&mut self, stack: &mut Stack, port: u16) -> bool {
        let mut connections = self.connections.iter();
        let has_port = connections.any(|connection| {
            let peer = stack.tcp(connection.socket).remote_endpoint();
            peer.is_some_and(|peer| peer.port == port)
        });
        let is_hidden = has_port && self.listener.is_some();
        if is_hidden {
            self.refuse(stack);
        }
        is_hidden
    }

    /// Closes the sockets whose endpoints have finished; returns true if there are any. The bytes before that have left
    /// already, as from a program that writes and then closes.
    pub(super) fn finish(&mut self, stack: &mut Stack) -> bool {
        let mut any = false;
        for connection in &mut self.connections {
            any |= connection.close(stack);
        }
        any
    }

    /// Lets the stack refuse connections.
    pub(super) fn refuse(&mut self, stack: &mut Stack) {
        if let Some(socket) = self.listener.take() {
            stack.remove(socket);
        }
    }

    /// Loses the connections and the socket that listens, without a segment: the host stops.
    pub(super) fn crash<E: Endpoint>(&mut self, stack: &mut Stack, endpoint: &mut E, now: Instant) {
        for connection in self.connections.drain(..) {
            connection.lose(endpoint, now);
            stack.remove(connection.socket);
        }
        self.refuse(stack);
    }

    /// Returns the number of connections, those included that wait for late segments.
    pub(super) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Reports to the endpoint what has happened to the connections. `next` numbers those that are accepted. Returns the
    /// connection whose handshake has just begun, and its client's port.
    pub(super) fn advance<E: Endpoint>(
        &mut self,
        stack: &mut Stack,
        endpoint: &mut E,
        now: Instant,
        buf: &mut Vec<u8>,
        next: &mut u64,
    ) -> Option<(ConnectionId, u16)> {
        let mut accepted = None;
        if let Some(socket) = self.listener
            && !stack.tcp(socket).is_listening()
        {
            // A listening socket becomes the connection.
            *next += 1;
            let id = ConnectionId(*next);
            accepted = stack.tcp(socket).remote_endpoint().map(|peer| (id, peer.port));
            self.connections.push(Connection::new(id, socket, true));
            self.listener = stack.listen();
        }
        for connection in &mut self.connections {
            connection.advance(stack, endpoint, now, buf);
        }
        accepted
    }

    /// Carries out a command of the endpoint, with the bytes that it may send. Returns the port of a connection that it
    /// opens.
    pub(super) fn carry_out<E: Endpoint>(
        &mut self,
        stack: &mut Stack,
        endpoint: &mut E,
        now: Instant,
        (id, command): (ConnectionId, Command),
        bytes: &[u8],
    ) -> Option<u16> {
        if let Command::Connect { to } = command {
            let Some((socket, port)) = self.connect(stack, to) else {
                endpoint.handle_input(now, id, Input::Refused);
                return None;
            };
            self.connections.push(Connection::new(id, socket, false));
            return Some(port);
        }
        // The endpoint may speak of a connection that has just ended.
        let connection = self.connections.iter_mut().find(|c| c.id == id)?;
        match command {
            Command::Send => connection.send(bytes),
            Command::Finish => connection.finish(),
            Command::Abort => {
                connection.abort(stack);
                return None;
            }
            Command::Connect { .. } => {}
        }
        connection.write(stack, endpoint, now);
        None
    }

    fn connect(&mut self, stack: &mut Stack, to: SocketAddr) -> Option<(SocketHandle, u16)> {
        let (first, count) = PORTS;
        // A port is used again after all others; its earlier connection is over by then, or the new one is refused.
        let port = first + self.asked % count;
        self.asked = self.asked.wrapping_add(1);
        stack.connect(port, to).map(|socket| (socket, port))
    }

    /// Frees the sockets of connections that are gone, and passes their numbers to `gone`.
    pub(super) fn forget(&mut self, stack: &mut Stack, mut gone: impl FnMut(ConnectionId)) {
        self.connections.retain(|connection| {
            let is_gone = connection.is_gone(stack);
            if is_gone {
                stack.remove(connection.socket);
                gone(connection.id);
            }
            !is_gone
        });
    }

    /// Makes sure that the queue wakes it, as `id`, at `due`.
    pub(super) fn wait<K: Sink>(&mut self, id: u32, due: Option<Instant>, wire: &mut Wire<K>) {
        let Some(due) = due.map(|due| due.max(wire.now)) else { return };
        if self.wake.is_none_or(|wake| due < wake) {
            self.wake = Some(due);
            wire.wake_at(id, due);
        }
    }
}
