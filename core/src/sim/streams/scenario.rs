//! The network of connections that runs a scenario.

use super::StreamNetwork;
use crate::client;
use crate::machine::Timer;
use crate::scenario::{Protocol, Scenario};
use crate::sim::RunSink;
use crate::stream::http::{EchoHandler, Http, HttpConfig, HttpEvent, HttpService};
use crate::stream::{
    self, Client, Codec, Command, ConnectionId, EchoService, Endpoint, Input, Limits, Server,
    ServerEvent, Service, Subject,
};
use crate::time::Instant;
use crate::trace::{Sink, What};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A client of a scenario over connections.
pub type StreamClient = Box<dyn Endpoint<Event = stream::Event>>;

/// The server of a scenario over connections.
pub type StreamServer = Box<dyn Endpoint<Event = Reported>>;

/// Network of a [`Scenario`] over connections, with its summary and digest, recording into `K`.
pub type ScenarioStreams<K> = StreamNetwork<StreamClient, StreamServer, RunSink<K>>;

/// Bytes of a connection at both endpoints, without messages.
const CONNECTION: usize = 1_024;

/// What the server of a scenario reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    connection: ConnectionId,
    /// Its record, if it has one.
    what: Option<What>,
}

/// A server whose events are records.
struct Recorded<S: Service> {
    server: Server<S>,
    as_record: fn(S::Event) -> Option<What>,
}

impl<S: Service> Endpoint for Recorded<S> {
    type Event = Reported;

    fn handle_start(&mut self, now: Instant) {
        self.server.handle_start(now);
    }

    fn handle_input(&mut self, now: Instant, id: ConnectionId, input: Input<'_>) {
        self.server.handle_input(now, id, input);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.server.handle_timeout(now);
    }

    fn poll_command(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<(ConnectionId, Command)> {
        self.server.poll_command(now, buf)
    }

    fn poll_event(&mut self) -> Option<Reported> {
        let event: ServerEvent<S::Event> = self.server.poll_event()?;
        Some(Reported { connection: event.id(), what: event.what(self.as_record) })
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.server.poll_timeout()
    }

    fn window(&self, id: ConnectionId) -> usize {
        self.server.window(id)
    }

    fn subject(&self, event: &Reported) -> Subject {
        Subject { connection: Some(event.connection), label: None }
    }
}

impl Scenario {
    /// Builds the network that runs this scenario over connections, with at most `most` of its clients.
    pub(in crate::sim) fn streams<K: Sink>(&self, sink: K, most: usize) -> ScenarioStreams<K> {
        let (server, seed) = (self.server.clone(), self.seed);
        let (clients, server): (Vec<StreamClient>, StreamServer) = if self.protocol
            == Protocol::Http
        {
            let config = HttpConfig::default().with_faults(server);
            let service = HttpService::new(EchoHandler(self.server.reply), config, seed);
            (self.stream_clients(self.http(), most), recorded(service, HttpEvent::what))
        } else {
            let clients = self.stream_clients(self.client_config(self.family.server()).codec, most);
            (clients, recorded(EchoService::new(server, seed), |event| Some(event.into())))
        };
        let network = StreamNetwork::new(clients, server, &self.link, seed, RunSink::new(sink))
            .over(self.family)
            .with_buffers(self.stream_buffer())
            .with_link_eras(self.link_eras())
            .with_faults(self.faults.of_link())
            .with_acts(self.acts.as_slice())
            .with_outages(&self.station_config().outages)
            .recording(|reported| reported.what);
        if self.listening { network } else { network.without_listener() }
    }

    fn stream_clients<C: Codec + Clone + 'static>(
        &self,
        codec: C,
        most: usize,
    ) -> Vec<StreamClient> {
        let client::Config { policy, seed, load, .. } = self.client_config(self.family.server());
        let config = client::Config::new(self.family.server(), codec)
            .policy(policy)
            .seed(seed)
            .exchanges(load.exchanges)
            .think(load.think)
            .followed_by(&self.later_policies());
        let config = Arc::new(config);
        let client = |flow| Box::new(Client::numbered(Arc::clone(&config), flow)) as StreamClient;
        (1..=self.clients).take(most).map(client).collect()
    }

    /// Returns the request: a GET of the path / and the message.
    fn http(&self) -> Http {
        let (server, target) = (self.family.server(), format!("/{}", self.message));
        // A scenario is checked; a program may have changed its message since.
        Http::new("GET", &server.to_string(), &target).unwrap_or_else(|_| Http::get(server))
    }

    /// Returns the bytes of a socket's buffer in each direction: enough for a message and its reply, within 2 KiB and 16 KiB.
    pub(in crate::sim) fn stream_buffer(&self) -> usize {
        (2 * self.max_message_len()).next_power_of_two().clamp(2 << 10, 16 << 10)
    }

    /// Returns the approximate memory in bytes that a connection takes at its endpoints.
    pub(in crate::sim) fn memory_of_connection(&self) -> usize {
        // The request, what the client compares the reply with, the reply, and what the server keeps.
        CONNECTION + 4 * self.max_message_len()
    }
}

fn recorded<S: Service + 'static>(
    service: S,
    as_record: fn(S::Event) -> Option<What>,
) -> StreamServer {
    Box::new(Recorded { server: Server::new(service, Limits::default()), as_record })
}
