//! Builds the network that runs a scenario.

use super::bounds::{Bounds, Hosts, Run};
use super::hosts::{OtherClient, OtherServer, ScenarioClient, ScenarioServer};
#[cfg(feature = "dns")]
use super::names::{Lookup, NameStation};
use super::{MAX_CLIENTS, Network, RunSink, SERVER, ScenarioNetwork};
#[cfg(feature = "packets")]
use super::{PacketConfig, ScenarioStreams};
use crate::client::{self, Arrivals, Candidates, Client, OpenClient, contention, heartbeat};
use crate::random::{Direction, GOLDEN, Name, Purpose, Trial};
use crate::scenario::{Family, NetworkKind, Protocol, Scenario, Workload};
use crate::server::echo::{self, Server};
use crate::server::service::Station;
use crate::server::{self, row};
use crate::time::Duration;
use crate::trace::Sink;
use crate::trace::words::{Pattern, Setting};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
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
            Workload::Heartbeat { .. } => Pattern::Heartbeat,
            Workload::Closed { .. } if self.protocol == Protocol::Dns => Pattern::Lookup,
            Workload::Closed { .. } => Pattern::Closed,
        };
        let exchanges =
            self.exchanges != Some(1) && !matches!(pattern, Pattern::Write | Pattern::Heartbeat);
        Setting {
            clients: self.clients > 1,
            exchanges,
            pattern,
            connections: self.protocol.has_connections(),
            works: self.takes_time(),
            servers: self.servers.names(),
        }
    }

    /// Begins a run of this scenario within `bounds`, recording into `sink`.
    ///
    /// # Panics
    /// If this build cannot run it: see [`is_runnable`](Self::is_runnable).
    #[must_use]
    pub fn begin<K: Sink>(&self, sink: K, bounds: Bounds) -> Run<K> {
        self.begin_while(sink, bounds, || true)
    }

    /// Like [`begin`](Self::begin), which takes a second for millions of clients. `go_on` is called for each client of a
    /// network of datagrams; if it returns false, this one and all further ones are left out, because the caller does not
    /// want the run any more.
    ///
    /// # Panics
    /// As [`begin`](Self::begin).
    #[must_use]
    pub fn begin_while<K: Sink>(
        &self,
        sink: K,
        bounds: Bounds,
        go_on: impl FnMut() -> bool,
    ) -> Run<K> {
        #[cfg(feature = "packets")]
        if self.protocol.has_connections() {
            return self.begin_streams(sink, bounds);
        }
        self.begin_first(self.clients, sink, bounds, go_on)
    }

    /// Begins a run of the first `clients` clients alone. What happens to them is the same as in the whole run.
    ///
    /// # Panics
    /// If the clients are [coupled](Self::coupled_by), if there are fewer, or if this build cannot run the scenario.
    #[must_use]
    pub fn begin_sample<K: Sink>(&self, clients: u32, sink: K, bounds: Bounds) -> Run<K> {
        assert_eq!(self.coupled_by(), None, "the clients are coupled");
        assert!(clients <= self.clients, "there are fewer clients");
        self.begin_first(clients, sink, bounds, || true)
    }

    fn begin_first<K: Sink>(
        &self,
        clients: u32,
        sink: K,
        bounds: Bounds,
        mut go_on: impl FnMut() -> bool,
    ) -> Run<K> {
        let mut hosts = self.hosts(clients).peekable();
        let own = hosts.peek().map_or(0, ScenarioClient::memory);
        let each = (ScenarioNetwork::<K>::memory_of_client() + own + self.memory_of_stack()) as u64;
        let too_big =
            clients > MAX_CLIENTS || u64::from(clients).saturating_mul(each) > bounds.memory;
        let network = self.network_of(hosts.take_while(|_| !too_big && go_on()), sink);
        Run::new(Hosts::Datagrams(network), bounds, self.memory_of_event(), too_big)
    }

    /// Returns the bytes that an event may add to a network of datagrams.
    pub(super) fn memory_of_event(&self) -> u64 {
        /// Bytes of an exchange, its datagrams and its timers, without the message.
        const EXCHANGE: u64 = 512;
        let burst = self.workload.arrivals().map_or(1, Arrivals::burst) as u64;
        // A request may be duplicated.
        burst * (EXCHANGE + 2 * self.max_message_len() as u64)
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

    /// Returns the first `clients` clients, made one by one.
    fn hosts(&self, clients: u32) -> impl Iterator<Item = ScenarioClient> {
        (1..=clients).map(self.client_maker())
    }

    /// Returns the configuration of the clients, and the server, if they are what most scenarios have: closed-loop clients,
    /// and one server at its usual address that takes no time; nothing changes.
    pub(super) fn usual_machines(&self) -> Option<(client::Config, Server)> {
        let is_usual = self.changes.is_empty()
            && self.protocol == Protocol::Udp
            && self.network == NetworkKind::Datagrams
            && self.station_config().is_empty()
            && matches!(self.workload, Workload::Closed { .. })
            && !self.servers.is_several()
            && self.server_address() == SERVER;
        is_usual.then(|| {
            let server = Server::numbered(self.server.clone(), self.seed, self.family.clients());
            (self.client_config(SERVER), server)
        })
    }

    /// Returns a function that makes the client of a number, from 1. Clients share their configuration.
    pub(super) fn client_maker(&self) -> Box<dyn Fn(u32) -> ScenarioClient + Send> {
        let server = self.server_address();
        #[cfg(feature = "dns")]
        if self.protocol == Protocol::Dns {
            let config = Lookup::config(self, server);
            return Box::new(move |flow| {
                OtherClient::Lookup(Box::new(Lookup::numbered(config.clone(), flow))).into()
            });
        }
        if let Some((interval, _)) = self.workload.heartbeat() {
            let config = heartbeat::Config::new(server, interval).count(self.exchanges);
            let config = Arc::new(config);
            return Box::new(move |_| {
                let client = heartbeat::Client::new(Arc::clone(&config));
                OtherClient::Heartbeat(Box::new(client)).into()
            });
        }
        if self.workload == Workload::Write {
            let config = Arc::new(contention::Config::new(server, self.policy, self.seed));
            return Box::new(move |flow| {
                let client = contention::Client::numbered(Arc::clone(&config), flow);
                OtherClient::Contending(Box::new(client)).into()
            });
        }
        if let Some(config) = self.open_client_config(server).map(Arc::new) {
            return Box::new(move |flow| {
                let client = OpenClient::numbered(Arc::clone(&config), flow);
                OtherClient::Open(Box::new(client)).into()
            });
        }
        let config = Arc::new(self.client_config(server));
        let client = move |flow| Client::numbered(Arc::clone(&config), flow);
        if !self.servers.is_several() {
            return Box::new(move |flow| ScenarioClient::Closed(client(flow)));
        }
        let servers = self.servers.as_slice().iter();
        let others: Vec<SocketAddr> = servers.skip(1).map(|server| server.address).collect();
        Box::new(move |flow| {
            let candidates = Candidates::new(client(flow), others.iter().copied());
            OtherClient::Candidates(Box::new(candidates)).into()
        })
    }

    /// Builds the network that runs this scenario over datagrams and records into `sink`. A scenario whose
    /// [protocol](crate::scenario::Protocol) has connections is run by [`begin`](Self::begin).
    ///
    /// # Panics
    /// If this build cannot run it: see [`is_runnable`](Self::is_runnable).
    #[must_use]
    pub fn network<K: Sink>(&self, sink: K) -> ScenarioNetwork<K> {
        self.network_of(self.hosts(self.clients), sink)
    }

    pub(super) fn network_of<K: Sink>(
        &self,
        clients: impl Iterator<Item = ScenarioClient>,
        sink: K,
    ) -> ScenarioNetwork<K> {
        assert!(
            self.is_runnable(),
            "this build has no TCP/IP stacks or no DNS: enable the features `packets` and `dns`"
        );
        let mut servers = self.servers_made();
        let first = servers.remove(0);
        let seed = self.seed;
        let mut network = Network::new(clients, first, self.link.clone(), seed, RunSink::new(sink))
            .with_link_eras(self.link_eras())
            .with_faults(self.faults.of_link())
            .with_acts(self.acts.as_slice())
            .with_first_server_at(self.servers.first())
            .expect(ADDRESSES_DIFFER);
        for (server, machine) in self.servers.as_slice()[1..].iter().zip(servers) {
            network = network.with_server(server.address, machine).expect(ADDRESSES_DIFFER);
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
    pub fn server_address(&self) -> SocketAddr {
        match self.family {
            Family::Ipv4 => self.servers.first(),
            Family::Ipv6 => self.family.server(),
        }
    }

    /// Returns the seed of the server in this place, from 0. Every server has random draws of its own: its seed is as many
    /// steps of SplitMix64 away as its place.
    const fn server_seed(&self, place: usize) -> u64 {
        self.seed.wrapping_add((place as u64).wrapping_mul(GOLDEN))
    }

    /// Returns the draws of the server in this place, from 0, for a request: whether it drops it, and whether it fails it.
    /// `index` is the number of requests of the client `flow` that the server has handled before.
    #[must_use]
    pub const fn server_trials(&self, place: usize, flow: u32, index: u64) -> [Trial; 2] {
        let name =
            Name { seed: self.server_seed(place), flow, direction: Direction::Request, index };
        let echo::Config { drop, fail, .. } = self.server;
        let mut draws = [name.stream(Purpose::ServerDrop), name.stream(Purpose::ServerFail)];
        [draws[0].trial(drop), draws[1].trial(fail)]
    }

    /// Returns the servers' machines, of which there is at least one.
    fn servers_made(&self) -> Vec<ScenarioServer> {
        let seed = |place| self.server_seed(place);
        let places = 0..self.servers.as_slice().len();
        #[cfg(feature = "dns")]
        if self.protocol == Protocol::Dns {
            let zone = Arc::new(NameStation::zone(self));
            let server =
                |place| NameStation::of_scenario(self, Arc::clone(&zone), place, seed(place));
            return places
                .map(|place| OtherServer::Names(Box::new(server(place))).into())
                .collect();
        }
        places.map(|place| self.server_in(place, seed(place))).collect()
    }

    /// Returns the machine of the server in this place, from 0, over datagrams without DNS.
    fn server_in(&self, place: usize, seed: u64) -> ScenarioServer {
        let clients = self.family.clients();
        match self.workload {
            Workload::Write => OtherServer::Row(row::Server::default()).into(),
            Workload::Heartbeat { .. } => {
                let dead_after =
                    self.workload.heartbeat().map_or(Duration::MAX, |(_, after)| after);
                let config = server::heartbeat::Config::new(dead_after);
                OtherServer::Heartbeat(Box::new(server::heartbeat::Server::new(config))).into()
            }
            Workload::Closed { .. } | Workload::Open { .. } => {
                let server = Server::numbered(self.server.clone(), seed, clients)
                    .with_eras(self.server_eras());
                let config = self.station_config_of(place);
                let station = Station::numbered(server, config, seed, clients)
                    .with_eras(self.station_eras(place));
                ScenarioServer::Station(Box::new(station))
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
