//! What a report says about the network itself, next to what was recorded.

use super::{Merge, Network, Run, ScenarioServer};
use crate::link::Usage;
use crate::random::Direction;
use crate::server::service::{Occupancy, Station};
use crate::time::Instant;
use crate::trace::Sink;
use alloc::vec::Vec;

/// The network of a run at some time.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetworkState {
    /// The time reached.
    pub now: Instant,
    /// Whether nothing is left to happen.
    pub finished: bool,
    /// Number of links: one for each client, unless all share one.
    pub links: u64,
    /// Usage of the queues on the way to the server and back, over all links.
    pub usage: [Usage; 2],
    /// The servers that take time for a request.
    pub stations: Vec<StationState>,
}

/// A server that takes time for a request.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StationState {
    /// Number of workers; `None` if it is unlimited.
    pub workers: Option<u32>,
    /// Requests per second that the workers can process; `None` if it is unlimited.
    pub capacity: Option<f64>,
    /// How busy it was until it had served the last request.
    pub occupancy: Occupancy,
    /// Maximum number of requests that waited at once.
    pub deepest: usize,
}

impl From<&Station> for StationState {
    fn from(station: &Station) -> Self {
        Self {
            workers: station.config().workers,
            capacity: station.config().capacity(),
            occupancy: station.occupancy(),
            deepest: station.deepest(),
        }
    }
}

impl<K: Sink> Run<K> {
    /// Returns the state of its network.
    #[must_use]
    pub fn state(&self) -> NetworkState {
        let servers = self.network().into_iter().flat_map(Network::servers);
        let stations = servers.filter_map(ScenarioServer::station);
        let channel = self.channel();
        NetworkState {
            now: self.now(),
            finished: self.has_finished(),
            links: if channel.link().shared { 1 } else { self.clients() as u64 },
            usage: [Direction::Request, Direction::Reply].map(|way| channel.usage(way)),
            stations: stations
                .filter(|station| station.may_hold())
                .map(StationState::from)
                .collect(),
        }
    }
}

/// The parts have links of their own, and no station.
impl Merge for NetworkState {
    fn merge(&mut self, Self { now, finished, links, usage, stations }: Self) {
        self.now = self.now.max(now);
        self.finished &= finished;
        self.links += links;
        for (own, other) in self.usage.iter_mut().zip(usage) {
            own.merge(other);
        }
        self.stations.extend(stations);
    }
}

impl Merge for Usage {
    fn merge(&mut self, Self { busy, taken, dropped, deepest }: Self) {
        self.busy = self.busy.saturating_add(busy);
        self.taken += taken;
        self.dropped += dropped;
        self.deepest = self.deepest.max(deepest);
    }
}
