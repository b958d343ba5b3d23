//! The driver: any endpoint over TCP sockets.
//!
//! An [`Endpoint`] decides. This module moves bytes with tokio sockets and reads the real clock, as
//! [`udp`](crate::udp) does for machines that use datagrams. One [`Driver`] runs one endpoint with all of its
//! connections as one future, which looks only at the sockets that are ready.
//!
//! When a client asks for a connection, the driver tries the addresses of the server as RFC 8305 says: see
//! [`Race`].

mod connection;
mod eyeballs;
mod listener;
mod observer;
#[cfg(test)]
mod tests;
mod timer;

pub use crate::udp::Ended;
pub use eyeballs::{ATTEMPT_DELAY, Race, Step};
use listener::Accepted;
pub use listener::Listener;
pub use observer::{Happened, Observer};

use crate::clock::Clock;
use connection::{Connection, Waiting, Way};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use retrylab_core::stream::{Command, ConnectionId, Endpoint, Input};
use retrylab_core::time::Instant;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::task::{Context, Poll};
use timer::Timer;
use tokio::net::TcpStream;

/// Maximum number of bytes to read from a connection at a time.
const MAX_READ: usize = 1 << 16;

/// Runs an endpoint over TCP sockets.
///
/// ```
/// use retrylab::clock::Clock;
/// use retrylab::tcp::{Driver, Ended, Listener};
/// use retrylab_core::client::Config;
/// use retrylab_core::server::echo;
/// use retrylab_core::stream::{Client, EchoService, Limits, Server};
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let clock = Clock::start();
/// let listener = Listener::bind("127.0.0.1:0".parse().unwrap())?;
/// let peer = listener.local_addr();
/// let service = EchoService::new(echo::Config::default(), 1);
/// let mut server =
///     Driver::server(Server::new(service, Limits::default()), listener, clock, ());
///
/// let client = Client::new(Config::textbook(peer, b"hello"));
/// let mut client = Driver::client(client, &[peer], clock, ());
/// let ended = tokio::select! {
///     ended = client.run() => ended,
///     ended = server.run() => ended,
/// };
/// assert_eq!(ended, Ended::Finished);
/// assert_eq!(client.endpoint().reply().unwrap().reply(), b"Your data was 5 bytes");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
pub struct Driver<E, O> {
    endpoint: E,
    observer: O,
    clock: Clock,
    started: bool,
    is_server: bool,
    /// A server's socket, until it stops listening.
    listener: Option<Listener>,
    /// The number of the next connection to accept.
    next: u64,
    /// A client's server.
    addresses: Vec<SocketAddr>,
    races: Vec<(ConnectionId, Race)>,
    connections: HashMap<ConnectionId, Connection>,
    waits: FuturesUnordered<Waiting>,
    /// Connections with bytes to send or with a direction to close.
    busy: VecDeque<ConnectionId>,
    /// Connections whose bytes the endpoint does not want now.
    stalled: BTreeSet<ConnectionId>,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    timer: Timer,
}

/// Why a wait ended.
enum Woken {
    /// The deadline has passed.
    Due,
    /// A socket probably has bytes, or takes some.
    Ready(ConnectionId, Way),
    Accepted(io::Result<Accepted>),
    Step(ConnectionId, Step),
    /// A connection ended while the driver waited for it.
    Nothing,
}

impl<E: Endpoint, O: Observer<E>> Driver<E, O> {
    /// Creates the driver of a client whose server has these addresses, in their order of preference. Where
    /// there are none, it connects to the address that the client asks for.
    pub fn client(endpoint: E, addresses: &[SocketAddr], clock: Clock, observer: O) -> Self {
        Self::new(endpoint, None, addresses.to_vec(), clock, observer)
    }

    /// Creates the driver of a server.
    pub fn server(endpoint: E, listener: Listener, clock: Clock, observer: O) -> Self {
        Self::new(endpoint, Some(listener), Vec::new(), clock, observer)
    }

    fn new(
        endpoint: E,
        listener: Option<Listener>,
        addresses: Vec<SocketAddr>,
        clock: Clock,
        observer: O,
    ) -> Self {
        Self {
            endpoint,
            observer,
            clock,
            started: false,
            is_server: listener.is_some(),
            listener,
            next: 1,
            addresses,
            races: Vec::new(),
            connections: HashMap::new(),
            waits: FuturesUnordered::new(),
            busy: VecDeque::new(),
            stalled: BTreeSet::new(),
            incoming: vec![0; MAX_READ],
            outgoing: Vec::new(),
            timer: Timer::default(),
        }
    }

    /// Returns the endpoint.
    pub const fn endpoint(&self) -> &E {
        &self.endpoint
    }

    /// Returns the endpoint, for inputs of the application. [`run`](Self::run) it afterwards.
    pub const fn endpoint_mut(&mut self) -> &mut E {
        &mut self.endpoint
    }

    /// Returns the observer.
    pub const fn observer_mut(&mut self) -> &mut O {
        &mut self.observer
    }

    /// Ends the driver and all connections; returns the endpoint and the observer.
    pub fn into_parts(self) -> (E, O) {
        (self.endpoint, self.observer)
    }

    /// Returns the number of connections.
    pub fn connections(&self) -> usize {
        self.connections.len()
    }

    /// Accepts no more connections. Those that there are continue.
    pub fn stop_listening(&mut self) {
        self.listener = None;
    }

    /// Runs until the endpoint is finished, or the observer stops it, or a server that no longer listens has
    /// no connections any more.
    ///
    /// The future can be dropped at any time, for example on a signal, and `run` continues where it was.
    pub async fn run(&mut self) -> Ended {
        let mut now = self.clock.now();
        if !std::mem::replace(&mut self.started, true) {
            self.endpoint.handle_start(now);
        }
        // The application may have changed any window.
        self.busy.extend(&self.stalled);
        loop {
            if self.settle(now).is_break() {
                return Ended::Stopped;
            }
            if self.is_finished() {
                return Ended::Finished;
            }
            let woken = self.wait().await;
            now = self.clock.now();
            match woken {
                Woken::Due => {
                    self.endpoint.handle_timeout(now);
                    // Any window may have changed.
                    self.busy.extend(&self.stalled);
                }
                Woken::Ready(id, way) => self.ready(now, id, way),
                Woken::Accepted(Ok(accepted)) => self.accepted(now, accepted),
                Woken::Accepted(Err(error)) => self.observer.not_accepted(now, &error),
                Woken::Step(id, step) => self.step(now, id, step),
                Woken::Nothing => {}
            }
        }
    }

    fn is_finished(&self) -> bool {
        let is_over = self.is_server && self.listener.is_none();
        self.endpoint.is_finished() || is_over && self.connections.is_empty()
    }

    /// Waits for the deadline, a socket or a connection.
    async fn wait(&mut self) -> Woken {
        let Self { timer, waits, races, listener, clock, .. } = self;
        let accepted = async {
            match listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer.passed(*clock) => Woken::Due,
            Some(waited) = waits.next() => match waited {
                Ok((id, way)) => Woken::Ready(id, way),
                Err(_) => Woken::Nothing,
            },
            (id, step) = poll_fn(|context| poll_races(races, context)) => Woken::Step(id, step),
            accepted = accepted => Woken::Accepted(accepted),
        }
    }

    /// Does everything that follows from an input: drains the endpoint, and passes bytes to the sockets until
    /// nothing is left to do but to wait.
    fn settle(&mut self, now: Instant) -> ControlFlow<()> {
        loop {
            self.drain(now)?;
            let Some(id) = self.busy.pop_front() else { break };
            self.flush(now, id);
        }
        let timeout = self.endpoint.poll_timeout();
        let deadline = timeout.map(|(_, deadline)| deadline);
        if let (Some((timer, deadline)), true) = (timeout, deadline != self.timer.deadline) {
            self.observer.armed(now, timer, deadline);
        }
        self.timer.deadline = deadline;
        self.observer.settled();
        ControlFlow::Continue(())
    }

    /// Drains events and commands.
    fn drain(&mut self, now: Instant) -> ControlFlow<()> {
        loop {
            while let Some(event) = self.endpoint.poll_event() {
                self.observer.event(now, &self.endpoint, &event)?;
            }
            self.outgoing.clear();
            let Some((id, command)) = self.endpoint.poll_command(now, &mut self.outgoing) else {
                return ControlFlow::Continue(());
            };
            self.carry_out(now, id, command);
        }
    }

    fn carry_out(&mut self, now: Instant, id: ConnectionId, command: Command) {
        match command {
            Command::Connect { to } => {
                let only = [to];
                let addresses = if self.addresses.is_empty() { &only } else { &self.addresses[..] };
                self.races.push((id, Race::new(addresses)));
                self.observer.happened(now, id, Happened::Asked);
            }
            Command::Send | Command::Finish => {
                let Some(connection) = self.connections.get_mut(&id) else { return };
                connection.push(&self.outgoing);
                connection.finishing |= command == Command::Finish;
                self.busy.push_back(id);
            }
            Command::Abort => {
                self.races.retain(|(other, _)| *other != id);
                if let Some(connection) = self.forget(id) {
                    connection.abort();
                }
                self.observer.happened(now, id, Happened::Aborted);
            }
        }
    }

    fn forget(&mut self, id: ConnectionId) -> Option<Connection> {
        self.stalled.remove(&id);
        self.connections.remove(&id)
    }

    /// Passes bytes to the socket, then closes this end's direction, then releases the connection: the next
    /// of these steps that is due. Reads again if the endpoint wants bytes again.
    fn flush(&mut self, now: Instant, id: ConnectionId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if self.stalled.contains(&id) && self.endpoint.window(id) > 0 {
            self.stalled.remove(&id);
            self.waits.extend(connection.wait(Way::In));
        }
        if !connection.unsent().is_empty() {
            match connection.write() {
                Ok(count) => {
                    let (at, sent) = (self.clock.now(), &connection.unsent()[..count]);
                    self.observer.happened(at, id, Happened::Sent(sent));
                    connection.forget(count);
                    self.busy.push_back(id);
                    self.endpoint.handle_input(now, id, Input::Written(count));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.waits.extend(connection.wait(Way::Out));
                }
                Err(error) => self.broken(now, id, &error),
            }
        } else if connection.finishing && !connection.is_finished {
            match connection.finish() {
                Ok(()) => {
                    self.observer.happened(self.clock.now(), id, Happened::Finished);
                    self.busy.push_back(id);
                }
                Err(error) => self.broken(now, id, &error),
            }
        } else if connection.is_finished && connection.peer_finished {
            self.forget(id);
            self.observer.happened(self.clock.now(), id, Happened::Released);
            self.endpoint.handle_input(now, id, Input::Released);
        }
    }

    fn ready(&mut self, now: Instant, id: ConnectionId, way: Way) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.woken(way);
        match way {
            Way::In => self.read(now, id),
            Way::Out => self.busy.push_back(id),
        }
    }

    /// Reads what has arrived, as far as the endpoint wants it.
    fn read(&mut self, now: Instant, id: ConnectionId) {
        let window = self.endpoint.window(id).min(MAX_READ);
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if window == 0 {
            self.stalled.insert(id);
            return;
        }
        match connection.read(&mut self.incoming[..window]) {
            Ok(0) => {
                connection.peer_finished = true;
                self.busy.push_back(id);
                self.observer.happened(now, id, Happened::PeerFinished);
                self.endpoint.handle_input(now, id, Input::Finished);
            }
            Ok(count) => {
                self.waits.extend(connection.wait(Way::In));
                let bytes = &self.incoming[..count];
                self.observer.happened(now, id, Happened::Received(bytes));
                self.endpoint.handle_input(now, id, Input::Bytes(bytes));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.waits.extend(connection.wait(Way::In));
            }
            Err(error) => self.broken(now, id, &error),
        }
    }

    fn broken(&mut self, now: Instant, id: ConnectionId, error: &io::Error) {
        self.forget(id);
        self.observer.happened(now, id, Happened::Broken(error));
        self.endpoint.handle_input(now, id, Input::Reset);
    }

    fn accepted(&mut self, now: Instant, Accepted { stream, local, peer }: Accepted) {
        let id = ConnectionId(self.next);
        self.next += 1;
        self.opened(id, stream);
        self.observer.happened(now, id, Happened::Accepted { local, peer });
        self.endpoint.handle_input(now, id, Input::Accepted { peer });
    }

    fn opened(&mut self, id: ConnectionId, stream: TcpStream) {
        let mut connection = Connection::new(id, stream);
        self.waits.extend(connection.wait(Way::In));
        self.connections.insert(id, connection);
    }

    /// Handles a step of an attempt to connect.
    fn step(&mut self, now: Instant, id: ConnectionId, step: Step) {
        match step {
            Step::Trying { local, peer } => {
                self.observer.happened(now, id, Happened::Trying { local, peer });
            }
            Step::Failed(address, error) => {
                self.observer.happened(now, id, Happened::Failed(address, &error));
            }
            Step::Connected(stream) => {
                self.races.retain(|(other, _)| *other != id);
                let (local, peer) = (stream.local_addr(), stream.peer_addr());
                self.opened(id, stream);
                match (local, peer) {
                    (Ok(local), Ok(peer)) => {
                        self.observer.happened(now, id, Happened::Connected { local, peer });
                        self.endpoint.handle_input(now, id, Input::Confirmed);
                    }
                    // The server has broken the connection already.
                    (Err(error), _) | (_, Err(error)) => {
                        self.endpoint.handle_input(now, id, Input::Confirmed);
                        self.broken(now, id, &error);
                    }
                }
            }
            Step::Lost => {
                self.races.retain(|(other, _)| *other != id);
                self.endpoint.handle_input(now, id, Input::Refused);
            }
        }
    }
}

/// Polls the attempts to connect: mostly one, or a few if the client's policy hedges.
fn poll_races(
    races: &mut [(ConnectionId, Race)],
    context: &mut Context<'_>,
) -> Poll<(ConnectionId, Step)> {
    for (id, race) in races {
        if let Poll::Ready(step) = race.poll_step(context) {
            return Poll::Ready((*id, step));
        }
    }
    Poll::Pending
}
