//! Builds the network that runs a scenario.

use super::bounds::{Bounds, Hosts, Run};
use super::hosts::{ScenarioClient, ScenarioServer};
use super::{Network, RunSink, ScenarioNetwork};
#[cfg(feature = "packets")]
use super::{PacketConfig, ScenarioStreams};
use crate::client::{Arrivals, Candidates, Client, OpenClient, contention};
#[cfg(feature = "packets")]
use crate::scenario::NetworkKind;
use crate::scenario::{Family, Scenario, Workload};
use crate::server::echo::Server;
use crate::server::row;
use crate::server::service::Station;
use crate::trace::Sink;
use crate::trace::words::{Pattern, Setting};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::net::SocketAddr;

/// A scenario's servers have addresses that differ from each other and from those of clients.
const ADDRESSES_DIFFER: &str = "the scenario has checked its servers";

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
        Setting {
            clients: self.clients > 1,
            exchanges,
            pattern,
            connections: self.protocol.has_connections(),
            servers: self.servers.names(),
        }
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
        let server = self.server_address();
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
            (_, None) => {
                let client = Client::numbered(Arc::clone(&config), flow);
                if !self.servers.is_several() {
                    return ScenarioClient::Closed(client);
                }
                let others = self.servers.as_slice().iter().skip(1).map(|server| server.address);
                ScenarioClient::Candidates(Box::new(Candidates::new(client, others)))
            }
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
        let (first, seed) = (self.server_in(0), self.seed);
        let mut network = Network::new(clients, first, self.link.clone(), seed, RunSink::new(sink))
            .with_faults(self.faults.of_link())
            .with_first_server_at(self.servers.first())
            .expect(ADDRESSES_DIFFER);
        for (place, server) in self.servers.as_slice().iter().enumerate().skip(1) {
            network =
                network.with_server(server.address, self.server_in(place)).expect(ADDRESSES_DIFFER);
        }
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

    /// Returns the address of the first server. In a network of IPv6 there is a single one, at its usual address.
    fn server_address(&self) -> SocketAddr {
        match self.family {
            Family::Ipv4 => self.servers.first(),
            Family::Ipv6 => self.family.server(),
        }
    }

    /// Returns the machine of the server in this place, from 0.
    fn server_in(&self, place: usize) -> ScenarioServer {
        // Every server has random draws of its own. The multiplier is that of SplitMix64.
        let seed = self.seed.wrapping_add((place as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let clients = self.family.clients();
        match self.workload {
            Workload::Write => ScenarioServer::Row(row::Server::default()),
            Workload::Closed { .. } | Workload::Open { .. } => {
                let server = Server::numbered(self.server.clone(), seed, clients);
                let config = self.station_config_of(place);
                ScenarioServer::Station(Box::new(Station::numbered(server, config, seed, clients)))
            }
        }
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
