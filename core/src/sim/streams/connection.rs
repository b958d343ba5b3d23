//! One TCP connection of a host: what its socket does becomes the endpoint's inputs.

use super::super::stack::Stack;
use crate::stream::{ConnectionId, Endpoint, Input};
use crate::time::Instant;
use alloc::vec::Vec;
use core::net::SocketAddr;
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::State;

/// A connection that the endpoint knows, or will know when it is open.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) socket: SocketHandle,
    /// The host has accepted it, and is a server.
    accepted: bool,
    phase: Phase,
    /// The peer sends nothing more, and the endpoint knows.
    peer_finished: bool,
    /// The endpoint sends nothing more.
    finishing: bool,
    /// The socket knows that, too.
    closed: bool,
    /// Bytes that the socket has not taken yet.
    unsent: Vec<u8>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The handshake is not complete.
    Opening,
    /// Both ends can send, unless they have finished.
    Open,
    /// The endpoint has forgotten it. The socket may have more to do: to wait for late segments, or to send a reset.
    Over,
}

impl Connection {
    pub(super) const fn new(id: ConnectionId, socket: SocketHandle, accepted: bool) -> Self {
        Self {
            id,
            socket,
            accepted,
            phase: Phase::Opening,
            peer_finished: false,
            finishing: false,
            closed: false,
            unsent: Vec::new(),
        }
    }

    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    pub(super) const fn finish(&mut self) {
        self.finishing = true;
    }

    /// Gives the connection up: a reset follows.
    pub(super) fn abort(&mut self, stack: &mut Stack) {
        self.phase = Phase::Over;
        stack.tcp(self.socket).abort();
    }

    /// Reports to the endpoint that its host has lost the connection.
    pub(super) fn lose<E: Endpoint>(&self, endpoint: &mut E, now: Instant) {
        if self.phase == Phase::Open {
            endpoint.handle_input(now, self.id, Input::Reset);
        }
    }

    /// Returns true if nothing is left of it.
    pub(super) fn is_gone(&self, stack: &mut Stack) -> bool {
        // A socket that has to send a reset still knows its peer.
        let socket = stack.tcp(self.socket);
        self.phase == Phase::Over
            && socket.state() == State::Closed
            && socket.remote_endpoint().is_none()
    }

    /// Reports to the endpoint what has happened to the socket, and moves bytes between them.
    pub(super) fn advance<E: Endpoint>(
        &mut self,
        stack: &mut Stack,
        endpoint: &mut E,
        now: Instant,
        buf: &mut Vec<u8>,
    ) {
        if self.phase == Phase::Opening {
            self.open(stack, endpoint, now);
        }
        if self.phase == Phase::Open {
            self.read(stack, endpoint, now, buf);
            self.write(stack, endpoint, now);
            self.end(stack, endpoint, now);
        }
    }

    fn open<E: Endpoint>(&mut self, stack: &mut Stack, endpoint: &mut E, now: Instant) {
        let socket = stack.tcp(self.socket);
        let peer = socket.remote_endpoint();
        match (socket.state(), peer) {
            (State::Closed, _) => {
                self.phase = Phase::Over;
                // A server never learns of a handshake that fails.
                if !self.accepted {
                    endpoint.handle_input(now, self.id, Input::Refused);
                }
            }
            // The client reset its connection before it was open, and the socket listens again. Another one does, too.
            (State::Listen, _) => self.abort(stack),
            (State::SynSent | State::SynReceived, _) | (_, None) => {}
            (_, Some(peer)) => {
                self.phase = Phase::Open;
                let accepted = Input::Accepted { peer: SocketAddr::from(peer) };
                let input = if self.accepted { accepted } else { Input::Confirmed };
                endpoint.handle_input(now, self.id, input);
            }
        }
    }

    /// Reads as much as the endpoint takes.
    fn read<E: Endpoint>(
        &mut self,
        stack: &mut Stack,
        endpoint: &mut E,
        now: Instant,
        buf: &mut Vec<u8>,
    ) {
        let socket = stack.tcp(self.socket);
        while socket.can_recv() {
            let window = endpoint.window(self.id);
            buf.clear();
            // The endpoint takes nothing now, or the socket was closed meanwhile.
            let taken = socket.recv(|bytes| {
                let len = bytes.len().min(window);
                buf.extend_from_slice(&bytes[..len]);
                (len, len)
            });
            if taken.unwrap_or(0) == 0 {
                return;
            }
            endpoint.handle_input(now, self.id, Input::Bytes(buf));
        }
        let ended = matches!(
            socket.state(),
            State::CloseWait | State::LastAck | State::Closing | State::TimeWait
        );
        if ended && !self.peer_finished {
            self.peer_finished = true;
            endpoint.handle_input(now, self.id, Input::Finished);
        }
    }

    /// Gives the socket what it has room for.
    pub(super) fn write<E: Endpoint>(&mut self, stack: &mut Stack, endpoint: &mut E, now: Instant) {
        let socket = stack.tcp(self.socket);
        while !self.unsent.is_empty() && socket.can_send() {
            let Ok(taken @ 1..) = socket.send_slice(&self.unsent) else { break };
            self.unsent.drain(..taken);
            endpoint.handle_input(now, self.id, Input::Written(taken));
        }
    }

    /// Closes the socket if the endpoint has finished and the socket has all its bytes; returns true if it did.
    pub(super) fn close(&mut self, stack: &mut Stack) -> bool {
        let is_due =
            self.phase == Phase::Open && self.finishing && self.unsent.is_empty() && !self.closed;
        if is_due {
            self.closed = true;
            stack.tcp(self.socket).close();
        }
        is_due
    }

    /// Ends the connection when its socket has.
    fn end<E: Endpoint>(&mut self, stack: &mut Stack, endpoint: &mut E, now: Instant) {
        let input = match stack.tcp(self.socket).state() {
            State::TimeWait | State::Closed if self.peer_finished && self.closed => Input::Released,
            State::Closed => Input::Reset,
            _ => return,
        };
        self.phase = Phase::Over;
        endpoint.handle_input(now, self.id, input);
    }
}
