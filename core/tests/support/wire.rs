//! A network of connections in memory: bytes travel in segments of any size, and connections are lost, refused
//! and broken on demand.

use retrylab_core::stream::{Command, ConnectionId, Endpoint, Input};
use retrylab_core::time::Instant;
use std::collections::{BTreeMap, VecDeque};

/// The two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Client,
    Server,
}

/// What the network does to connections.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// Sizes of segments, in turn.
    pub(crate) segments: Vec<usize>,
    /// The first connections to lose: nobody answers.
    pub(crate) lose: u32,
    /// The next ones to refuse.
    pub(crate) refuse: u32,
    /// Breaks each connection after this many bytes from the server.
    pub(crate) reset_after: Option<usize>,
}

impl Default for Network {
    fn default() -> Self {
        Self { segments: vec![1_460], lose: 0, refuse: 0, reset_after: None }
    }
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Way {
    bytes: VecDeque<u8>,
    finished: bool,
    end_delivered: bool,
    delivered: usize,
}

#[derive(Debug, Default)]
struct Connection {
    to_server: Way,
    to_client: Way,
}

impl Connection {
    fn way(&mut self, to: End) -> &mut Way {
        match to {
            End::Client => &mut self.to_client,
            End::Server => &mut self.to_server,
        }
    }
}

/// Client and server with the network between them.
pub(crate) struct Wire<C: Endpoint, S: Endpoint> {
    pub(crate) client: C,
    pub(crate) server: S,
    pub(crate) now: Instant,
    pub(crate) network: Network,
    connections: BTreeMap<ConnectionId, Connection>,
    segment: usize,
    pub(crate) client_events: Vec<(Instant, C::Event)>,
    pub(crate) server_events: Vec<(Instant, S::Event)>,
    /// The client's commands, with their times.
    pub(crate) commands: Vec<(Instant, ConnectionId, Command)>,
}

impl<C: Endpoint, S: Endpoint> Wire<C, S> {
    pub(crate) fn new(client: C, server: S, network: Network) -> Self {
        let mut wire = Self {
            client,
            server,
            now: Instant::ZERO,
            network,
            connections: BTreeMap::new(),
            segment: 0,
            client_events: Vec::new(),
            server_events: Vec::new(),
            commands: Vec::new(),
        };
        wire.client.handle_start(wire.now);
        wire.server.handle_start(wire.now);
        wire
    }

    /// Runs until the client is finished or nothing more can happen.
    pub(crate) fn run(mut self) -> Self {
        for _ in 0..1_000_000 {
            self.drain();
            if self.client.is_finished() || !self.step() {
                return self;
            }
        }
        panic!("the exchange does not end");
    }

    /// Delivers the next segment, or else lets time pass. Returns false if neither is possible.
    fn step(&mut self) -> bool {
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            for to in [End::Server, End::Client] {
                if self.deliver(id, to) {
                    return true;
                }
            }
        }
        let deadlines = [self.client.poll_timeout(), self.server.poll_timeout()];
        let Some((_, next)) = deadlines.into_iter().flatten().min_by_key(|(_, at)| *at) else {
            return false;
        };
        self.now = self.now.max(next);
        self.client.handle_timeout(self.now);
        self.server.handle_timeout(self.now);
        true
    }

    fn input(&mut self, to: End, id: ConnectionId, input: Input<'_>) {
        match to {
            End::Client => self.client.handle_input(self.now, id, input),
            End::Server => self.server.handle_input(self.now, id, input),
        }
        self.drain();
    }

    fn deliver(&mut self, id: ConnectionId, to: End) -> bool {
        let window = match to {
            End::Client => self.client.window(id),
            End::Server => self.server.window(id),
        };
        let size = self.network.segments[self.segment % self.network.segments.len()];
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        let reset_after = self.network.reset_after.filter(|_| to == End::Client);
        let way = connection.way(to);
        if way.end_delivered {
            return false;
        }
        if reset_after.is_some_and(|after| way.delivered >= after) {
            self.connections.remove(&id);
            self.input(End::Client, id, Input::Reset);
            self.input(End::Server, id, Input::Reset);
            return true;
        }
        if way.bytes.is_empty() {
            if !way.finished {
                return false;
            }
            way.end_delivered = true;
            self.input(to, id, Input::Finished);
            self.release(id);
            return true;
        }
        let left = reset_after.map_or(usize::MAX, |after| after - way.delivered);
        let len = size.max(1).min(window).min(way.bytes.len()).min(left);
        if len == 0 {
            return false;
        }
        self.segment += 1;
        way.delivered += len;
        let bytes: Vec<u8> = way.bytes.drain(..len).collect();
        self.input(to, id, Input::Bytes(&bytes));
        let from = if to == End::Client { End::Server } else { End::Client };
        self.input(from, id, Input::Written(len));
        self.release(id);
        true
    }

    /// Ends a connection whose two directions are closed.
    fn release(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if connection.to_server.end_delivered && connection.to_client.end_delivered {
            self.connections.remove(&id);
            self.input(End::Client, id, Input::Released);
            self.input(End::Server, id, Input::Released);
        }
    }

    /// Carries out all commands and collects all events.
    pub(crate) fn drain(&mut self) {
        let mut buf = Vec::new();
        loop {
            while let Some(event) = self.client.poll_event() {
                self.client_events.push((self.now, event));
            }
            while let Some(event) = self.server.poll_event() {
                self.server_events.push((self.now, event));
            }
            buf.clear();
            if let Some((id, command)) = self.client.poll_command(self.now, &mut buf) {
                self.commands.push((self.now, id, command));
                self.carry_out(End::Client, id, command, &buf);
            } else if let Some((id, command)) = self.server.poll_command(self.now, &mut buf) {
                self.carry_out(End::Server, id, command, &buf);
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, from: End, id: ConnectionId, command: Command, bytes: &[u8]) {
        let to = if from == End::Client { End::Server } else { End::Client };
        match command {
            Command::Connect { .. } if self.network.lose > 0 => self.network.lose -= 1,
            Command::Connect { .. } if self.network.refuse > 0 => {
                self.network.refuse -= 1;
                self.client.handle_input(self.now, id, Input::Refused);
            }
            Command::Connect { .. } => {
                self.connections.insert(id, Connection::default());
                let peer = "192.0.2.7:40000".parse().unwrap();
                self.server.handle_input(self.now, id, Input::Accepted { peer });
                self.client.handle_input(self.now, id, Input::Confirmed);
            }
            Command::Send => {
                assert!(!bytes.is_empty(), "nothing to send");
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.way(to).bytes.extend(bytes);
                }
            }
            Command::Finish => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.way(to).finished = true;
                }
            }
            Command::Abort => {
                if self.connections.remove(&id).is_some() {
                    match to {
                        End::Client => self.client.handle_input(self.now, id, Input::Reset),
                        End::Server => self.server.handle_input(self.now, id, Input::Reset),
                    }
                }
            }
        }
    }
}
