//! Builds the network that runs a scenario.

use super::bounds::{Bounds, Run};
use super::hosts::{ScenarioClient, ScenarioServer};
use super::{Network, SERVER, ScenarioNetwork, Summary, flow_of};
use crate::client::{Arrivals, Client, OpenClient, contention};
use crate::scenario::{Scenario, Task};
use crate::server::echo::Server;
use crate::server::row;
use crate::server::service::Station;
use crate::trace::{DigestSink, Sink};
use alloc::boxed::Box;
use alloc::sync::Arc;

impl Scenario {
    /// Begins a run of this scenario that is limited by `bounds` and records into `sink`.
    #[must_use]
    pub fn begin<K: Sink>(&self, sink: K, bounds: Bounds) -> Run<K> {
        let burst = self.workload.arrivals.as_ref().map_or(1, Arrivals::burst);
        Run::new(self.network(sink), bounds, burst as u64)
    }

    /// Builds the network that runs this scenario and records into `sink`.
    #[must_use]
    pub fn network<K: Sink>(&self, sink: K) -> ScenarioNetwork<K> {
        let Self { policy, seed, .. } = *self;
        let config = Arc::new(self.client_config(SERVER));
        let writer = Arc::new(contention::Config { peer: SERVER, policy, seed });
        let open = config.arrivals.is_some();
        let clients = (1..=self.clients).map(|flow| {
            let config = Arc::clone(&config);
            match self.workload.task {
                Task::Write => {
                    let client = contention::Client::numbered(Arc::clone(&writer), flow);
                    ScenarioClient::Contending(Box::new(client))
                }
                Task::Ask if open => {
                    ScenarioClient::Open(Box::new(OpenClient::numbered(config, flow)))
                }
                Task::Ask => ScenarioClient::Closed(Client::numbered(config, flow)),
            }
        });
        let server = match self.workload.task {
            Task::Write => ScenarioServer::Row(row::Server::default()),
            Task::Ask => {
                let server = Server::numbered(self.server.clone(), seed, flow_of);
                let config = self.station_config();
                ScenarioServer::Station(Box::new(Station::numbered(server, config, seed, flow_of)))
            }
        };
        let counted = (Summary::default(), DigestSink::default());
        Network::new(clients, server, self.link.clone(), self.seed, (counted, sink))
            .with_faults(self.faults.of_link())
    }
}
