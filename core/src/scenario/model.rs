//! A scenario as a program sees it.

use super::acts::Acts;
use super::changes::Changes;
use super::dns::{Asking, Records};
use super::faults::{FaultKind, Faults};
use super::network::{Family, NetworkKind};
use super::protocol::Protocol;
use super::servers::Servers;
use super::workload::Workload;
use crate::client::{self, Arrivals};
use crate::link::{self, Link, Pipe};
use crate::policy::{Policy, Preset};
use crate::protocol::echo::Reply;
use crate::protocol::{Echo, template};
use crate::server::{echo, service};
use crate::time::Instant;
use alloc::string::{String, ToString};
use core::net::SocketAddr;
use core::num::NonZeroU32;
use core::ops::RangeInclusive;

/// What to simulate. The same scenario gives the same trace, byte for byte.
///
/// [`FIELDS`](super::FIELDS) lists its keys; [`apply`](Self::apply) changes them from text and checks
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scenario {
    /// The seed of every random draw.
    pub seed: u64,
    /// Number of clients, which all start at time 0.
    pub clients: u32,
    /// Maximum number of exchanges per client; `None` for as many as arrive in an open loop.
    pub exchanges: Option<u32>,
    /// The request.
    pub message: String,
    /// Whether clients accept datagrams from their server only.
    pub connected: bool,
    /// What the network carries.
    pub network: NetworkKind,
    /// What clients and servers speak.
    pub protocol: Protocol,
    /// Address family of the hosts.
    pub family: Family,
    /// Whether each datagram begins with a token.
    pub token: bool,
    /// The preset that the policy started from.
    pub preset: Preset,
    /// The clients' policy.
    pub policy: Policy,
    /// When exchanges begin.
    pub workload: Workload,
    /// What the server answers.
    pub server: echo::Config,
    /// The servers: several are asked in turn.
    pub servers: Servers,
    /// Whether the server has a socket on its port; if not, its host refuses requests.
    pub listening: bool,
    /// How long the server works on a request. Its outages are those of `faults`.
    pub station: service::Config,
    /// The names that every server knows, in DNS.
    pub dns_records: Records,
    /// When a client asks the next server, in DNS.
    pub dns_options: Asking,
    /// The preset that the link started from.
    pub link_preset: link::Preset,
    /// The link between each client and the server.
    pub link: Link,
    /// What goes wrong, and when.
    pub faults: Faults,
    /// What a person does to single packets.
    pub acts: Acts,
    /// What gets another value during the run.
    pub changes: Changes,
}

/// One exchange under the textbook's policy over a perfect link of 10 ms.
impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            clients: 1,
            exchanges: Some(1),
            message: "hello".to_string(),
            connected: true,
            network: NetworkKind::Datagrams,
            protocol: Protocol::Udp,
            family: Family::Ipv4,
            token: false,
            preset: Preset::Textbook,
            policy: Preset::Textbook.policy(),
            workload: Workload::default(),
            server: echo::Config::default(),
            servers: Servers::default(),
            listening: true,
            station: service::Config::default(),
            dns_records: Records::default(),
            dns_options: Asking::default(),
            link_preset: link::Preset::Default,
            link: Link::default(),
            faults: Faults::default(),
            acts: Acts::default(),
            changes: Changes::default(),
        }
    }
}

impl Scenario {
    /// Sets what an open loop needs: replies that name their exchange, and as many exchanges as arrive, unless there is
    /// a maximum.
    pub(super) fn open_loop(&mut self) {
        self.token = true;
        if !self.server.reply.has_request() {
            self.server.reply = Reply::Mirror;
        }
        if matches!(self.workload, Workload::Closed { .. }) && self.exchanges == Some(1) {
            self.exchanges = None;
        }
    }

    /// Returns the length in bytes of the longest request, without its token.
    #[must_use]
    pub fn max_message_len(&self) -> usize {
        template::max_len(self.message.as_bytes())
    }

    /// Returns the configuration of closed-loop clients, for a server at `peer`.
    #[must_use]
    pub fn client_config(&self, peer: SocketAddr) -> client::Config {
        let think = match &self.workload {
            Workload::Closed { think } => think.clone(),
            Workload::Open { .. } | Workload::Write | Workload::Heartbeat { .. } => None,
        };
        let codec = Echo::new(self.message.as_bytes()).with_token(self.token).with_placeholders();
        client::Config::new(peer, codec)
            .connected(self.connected)
            .policy(self.policy)
            .seed(self.seed)
            .exchanges(self.max_exchanges())
            .think(think)
            .followed_by(&self.later_policies())
    }

    /// Returns the configuration of open-loop clients, for a server at `peer`; `None` for any other
    /// workload.
    #[must_use]
    pub fn open_client_config(&self, peer: SocketAddr) -> Option<client::Config<client::OpenLoop>> {
        let Workload::Open { duration, shared, .. } = self.workload else { return None };
        let config = self.client_config(peer).open(self.arrivals()?).duration(duration);
        let sharing = NonZeroU32::new(self.clients).filter(|_| shared);
        let config = config.exchanges(self.exchanges).sharing(sharing);
        Some(config.followed_by(&self.later_policies()))
    }

    /// Returns when the last exchange arrives in an open loop in which the number of arrivals is what ends them; `None`
    /// in any other, and in a closed loop.
    ///
    /// It goes through all arrivals of all clients, unless they are the same for all clients.
    #[must_use]
    pub fn last_arrival(&self) -> Option<Instant> {
        self.last_arrival_of(1..=self.distinct_arrivals())
    }

    /// Like [`last_arrival`](Self::last_arrival), of some of the clients. That of all is the maximum over parts of them,
    /// or `None` if it is `None` for one of the parts.
    #[must_use]
    pub fn last_arrival_of(&self, clients: RangeInclusive<u32>) -> Option<Instant> {
        let config = self.open_client_config(self.servers.first())?;
        let mut each = clients.map(|flow| config.last_arrival(flow));
        each.try_fold(Instant::ZERO, |last, arrival| Some(last.max(arrival?)))
    }

    /// Returns the number of clients, from the first one, whose exchanges arrive at times of their own: 0 in a closed
    /// loop, and 1 if they arrive at the same times for all clients.
    #[must_use]
    pub fn distinct_arrivals(&self) -> u32 {
        match self.arrivals() {
            None => 0,
            Some(Arrivals::Times(_)) => 1,
            Some(_) => self.clients,
        }
    }

    /// Returns the arrivals of an open loop, with the spikes of the load.
    fn arrivals(&self) -> Option<Arrivals> {
        let arrivals = self.workload.arrivals()?.clone();
        Some(self.faults.as_slice().iter().fold(arrivals, |arrivals, fault| match fault.kind {
            FaultKind::Load(factor) => arrivals.spiked(fault.from(), fault.end(), factor.as_f64()),
            _ => arrivals,
        }))
    }

    /// Returns the configuration of the first server, its outages included.
    #[must_use]
    pub fn station_config(&self) -> service::Config {
        self.station_config_of(0)
    }

    /// Returns the configuration of the server in this place, from 0, its outages included.
    #[must_use]
    pub fn station_config_of(&self, place: usize) -> service::Config {
        let name = self.servers.as_slice().get(place).map(|server| server.name);
        service::Config { outages: self.faults.outages(name), ..self.station.clone() }
    }

    /// Returns the link with its changes, faults and acts, as a machine.
    #[must_use]
    pub fn pipe(&self) -> Pipe {
        let acts = self.acts.as_slice().iter().copied();
        Pipe::new(&self.link, self.seed)
            .with_eras(self.link_eras())
            .with_faults(self.faults.of_link())
            .with_acts(acts)
    }

    /// Returns true if the scenario needs hosts with TCP/IP stacks, and thus the feature `packets`.
    #[must_use]
    pub const fn needs_packets(&self) -> bool {
        matches!(self.network, NetworkKind::Packets)
    }

    /// Returns true if this build can run the scenario: it may lack the features `packets` and `dns`.
    #[must_use]
    pub const fn is_runnable(&self) -> bool {
        let has_packets = cfg!(feature = "packets") || !self.needs_packets();
        has_packets && (cfg!(feature = "dns") || !matches!(self.protocol, Protocol::Dns))
    }

    /// Returns the maximum number of exchanges of a client.
    #[must_use]
    pub fn max_exchanges(&self) -> u32 {
        self.exchanges.unwrap_or(u32::MAX)
    }

    /// Returns the number of exchanges of a complete run; `None` if it depends on the arrivals.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        match self.workload {
            Workload::Open { .. } => None,
            // Heartbeats are not exchanges.
            Workload::Heartbeat { .. } => Some(0),
            Workload::Closed { .. } | Workload::Write => {
                Some(u64::from(self.clients) * u64::from(self.max_exchanges()))
            }
        }
    }
}
