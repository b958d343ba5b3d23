//! Builds the network that runs a scenario.

use super::bounds::{Bounds, Hosts, Run};
use super::hosts::{ScenarioClient, ScenarioServer};
use super::{Network, RunSink, ScenarioNetwork};
#[cfg(feature = "packets")]
use super::{PacketConfig, ScenarioStreams};
use crate::client::{Arrivals, Client, OpenClient, contention};
#[cfg(feature = "packets")]
use crate::scenario::NetworkKind;
use crate::scenario::{Scenario, Workload};
use crate::server::echo::Server;
use crate::server::row;
use crate::server::service::Station;
use crate::trace::Sink;
use crate::trace::words::{Pattern, Setting};
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Scenario {
    /// Returns what sentences about the run's records have to name.
    #[must_use]
    pub fn setting(&self) -> Setting {
        let pattern = match self.workload {
            Workload::Write => Pattern::Write,
            Workload::Open { .. } => Pattern::Open,
            Workload::Closed { .. } => Pattern::Closed,
        };
        let exchanges = self.exchanges > 1 && pattern != Pattern::Write;
        let connections = self.protocol.has_connections();
        Setting { clients: self.clients > 1, exchanges, pattern, connections }
    }

    /// Begins a run of this scenario within `bounds`, recording into `sink`.
    ///
    /// # Panics
    /// If this build cannot run it: see [`is_runnable`](Self::is_runnable).
    #[must_use]
    pub fn begin<K: Sink>(&self, sink: K, bounds: Bounds) -> Run<K> {
        /// Bytes of an exchange, its datagrams and its timers, without the message.
        const EXCHANGE: u64 = 512;
        #[cfg(feature = "packets")]
        if self.protocol.has_connections() {
            return self.begin_streams(sink, bounds);
        }
        let burst = self.workload.arrivals().map_or(1, Arrivals::burst) as u64;
        // A request may be duplicated.
        let per_event = burst * (EXCHANGE + 2 * self.max_message_len() as u64);
        let mut clients = self.hosts().peekable();
        let own = clients.peek().map_or(0, ScenarioClient::memory);
        let each = (ScenarioNetwork::<K>::memory_of_client() + own + self.memory_of_stack()) as u64;
        let too_big = u64::from(self.clients).saturating_mul(each) > bounds.memory;
        let network = self.network_of(clients.take(if too_big { 0 } else { usize::MAX }), sink);
        Run::new(Hosts::Datagrams(network), bounds, per_event, too_big)
    }

    /// Begins a run over connections.
    #[cfg(feature = "packets")]
    fn begin_streams<K: Sink>(&self, sink: K, bounds: Bounds) -> Run<K> {
        let (buffer, each) = (self.stream_buffer(), self.memory_of_connection());
        let client = ScenarioStreams::<K>::memory_of_client(buffer) + 2 * each;
        // A SYN opens one connection at each end.
        let per_event = (2 * super::stack::memory_of_tcp_socket(buffer) + each) as u64;
        let too_big = u64::from(self.clients).saturating_mul(client as u64) > bounds.memory;
        let network = self.streams(sink, if too_big { 0 } else { usize::MAX });
        let hosts = Hosts::Streams { network: Box::new(network), each };
        Run::new(hosts, bounds, per_event, too_big)
    }

    /// Returns the clients, made one by one.
    fn hosts(&self) -> impl Iterator<Item = ScenarioClient> {
        let Self { policy, seed, .. } = *self;
        let server = self.family.server();
        let config = Arc::new(self.client_config(server));
        let open = self.open_client_config(server).map(Arc::new);
        let writer = Arc::new(contention::Config::new(server, policy, seed));
        (1..=self.clients).map(move |flow| match (&self.workload, &open) {
            (Workload::Write, _) => {
                let client = contention::Client::numbered(Arc::clone(&writer), flow);
                ScenarioClient::Contending(Box::new(client))
            }
            (_, Some(config)) => {
                let client = OpenClient::numbered(Arc::clone(config), flow);
                ScenarioClient::Open(Box::new(client))
            }
            (_, None) => ScenarioClient::Closed(Client::numbered(Arc::clone(&config), flow)),
        })
    }

    /// Builds the network that runs this scenario over datagrams and records into `sink`. A scenario whose
    /// [protocol](crate::scenario::Protocol) has connections is run by [`begin`](Self::begin).
    ///
    /// # Panics
    /// If this build cannot run it: see [`is_runnable`](Self::is_runnable).
    #[must_use]
    pub fn network<K: Sink>(&self, sink: K) -> ScenarioNetwork<K> {
        self.network_of(self.hosts(), sink)
    }

    fn network_of<K: Sink>(
        &self,
        clients: impl Iterator<Item = ScenarioClient>,
        sink: K,
    ) -> ScenarioNetwork<K> {
        assert!(
            self.is_runnable(),
            "this build has no TCP/IP stacks: enable the feature `packets`"
        );
        let (seed, addresses) = (self.seed, self.family.clients());
        let server = match self.workload {
            Workload::Write => ScenarioServer::Row(row::Server::default()),
            Workload::Closed { .. } | Workload::Open { .. } => {
                let server = Server::numbered(self.server.clone(), seed, addresses);
                let config = self.station_config();
                ScenarioServer::Station(Box::new(Station::numbered(
                    server, config, seed, addresses,
                )))
            }
        };
        let network = Network::new(clients, server, self.link.clone(), seed, RunSink::new(sink))
            .with_faults(self.faults.of_link());
        #[cfg(feature = "packets")]
        if self.network == NetworkKind::Packets {
            let config = PacketConfig::default()
                .connected(self.connected)
                .listening(self.listening)
                .family(self.family);
            return network.with_packets(config);
        }
        network
    }

    /// Returns the memory in bytes of a client's TCP/IP stack.
    const fn memory_of_stack(&self) -> usize {
        match self.network {
            #[cfg(feature = "packets")]
            NetworkKind::Packets => super::stack::Stacks::MEMORY_OF_HOST,
            _ => 0,
        }
    }
}
