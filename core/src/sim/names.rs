//! Name lookups in the simulated network: a resolver and a name server, as machines of a scenario.

use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::name::{
    self, Config, DomainName, Kind, MAX_SERVERS, NameServer, Resolver, Retry, ServerEvent, Verdict,
    Zone,
};
use crate::scenario::{Asking, Scenario};
use crate::server::echo::{Reply, Server};
use crate::server::service::{self, Station};
use crate::time::Instant;
use crate::trace::{NameStatus, What};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A client that looks up the IPv4 addresses of one name.
#[derive(Clone, Debug)]
pub struct Lookup {
    resolver: Resolver,
    events: VecDeque<LookupEvent>,
}

/// What a [`Lookup`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupEvent {
    /// An event of the resolver.
    Resolver(name::Event),
    /// The result.
    Resolved {
        /// What is known about the name.
        status: NameStatus,
        /// The first address.
        address: Option<Ipv4Addr>,
    },
}

impl From<LookupEvent> for What {
    fn from(event: LookupEvent) -> Self {
        match event {
            LookupEvent::Resolver(event) => event.into(),
            LookupEvent::Resolved { status, address } => Self::NameResolved { status, address },
        }
    }
}

impl Lookup {
    /// Returns an estimate of the memory in bytes that is not in the client itself. It does not change.
    pub(super) fn memory(&self) -> usize {
        /// Bytes of the name, the servers and the questions, and of a query that is remembered.
        const LISTS: usize = 512;
        const QUERY: usize = 64;
        const MAX_QUERIES: u32 = 128;
        let sends = match &self.resolver.config().retry {
            Retry::Options(options) => options.attempts * MAX_SERVERS as u32,
            Retry::Policy(policy) => policy.max_sends().unwrap_or(MAX_QUERIES),
        };
        LISTS + sends.min(MAX_QUERIES) as usize * QUERY
    }

    /// Returns what the clients of `scenario` look up, and how; `first` is the address of the first server.
    pub(super) fn config(scenario: &Scenario, first: SocketAddr) -> Config {
        let servers = scenario.servers.as_slice();
        let mut config = Config::new(domain(&scenario.message), first)
            .with_kinds([Kind::A])
            .with_seed(scenario.seed);
        for server in &servers[1..] {
            config = config.with_server(server.address);
        }
        match scenario.dns_options {
            Asking::Options(options) => config.with_options(options),
            Asking::Policy => config.with_policy(scenario.policy),
        }
    }

    /// Creates client number `flow`, from 1.
    pub(super) fn numbered(config: Config, flow: u32) -> Self {
        Self { resolver: Resolver::numbered(config, flow), events: VecDeque::new() }
    }

    /// Takes the events of the resolver.
    fn follow(&mut self, now: Instant) {
        while let Some(event) = self.resolver.poll_event() {
            if let name::Event::Truncated(truncated) = event {
                // A damaged reply may claim to be truncated. These servers do not speak TCP.
                self.resolver.handle_tcp(now, truncated, None);
                continue;
            }
            self.events.push_back(LookupEvent::Resolver(event));
            if matches!(event, name::Event::Answered { .. }) {
                self.events.push_back(self.result());
            }
        }
    }

    fn result(&self) -> LookupEvent {
        let status = match self.resolver.verdict() {
            Verdict::Found => NameStatus::Found,
            Verdict::NoSuchName => NameStatus::NoSuchName,
            Verdict::NoAddress => NameStatus::NoAddress,
            _ => NameStatus::NotAnswered,
        };
        let address = self.resolver.addresses().find_map(|address| match address {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        });
        LookupEvent::Resolved { status, address }
    }
}

impl Machine for Lookup {
    type Event = LookupEvent;

    fn handle_start(&mut self, now: Instant) {
        self.resolver.handle_start(now);
    }

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        self.resolver.handle_datagram(now, local, from, bytes);
        self.follow(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.resolver.handle_timeout(now);
        self.follow(now);
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        self.resolver.handle_refused(now, peer);
        self.follow(now);
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let transmit = self.resolver.poll_transmit(now, buf);
        self.follow(now);
        transmit
    }

    fn poll_event(&mut self) -> Option<LookupEvent> {
        self.events.pop_front()
    }

    fn subject(&self, event: &LookupEvent) -> Subject {
        match event {
            LookupEvent::Resolver(event) => self.resolver.subject(event),
            LookupEvent::Resolved { .. } => Subject::default(),
        }
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.resolver.poll_timeout()
    }

    fn timer_subject(&self) -> Subject {
        self.resolver.timer_subject()
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.resolver.label_of(payload)
    }

    fn is_finished(&self) -> bool {
        self.resolver.is_finished()
    }
}

/// A name server whose queries wait in a queue: when the work on a query is done, the zone answers it.
#[derive(Clone, Debug)]
pub struct NameStation {
    /// It hands out each query when its work is done.
    station: Station,
    server: NameServer,
    replies: VecDeque<(Transmit, Vec<u8>)>,
    events: VecDeque<NameStationEvent>,
    buf: Vec<u8>,
}

/// What a [`NameStation`] reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameStationEvent {
    /// An event of the queue.
    Station(service::Event),
    /// The server answers a query of this client.
    Answered(Subject, ServerEvent),
}

impl From<NameStationEvent> for What {
    fn from(event: NameStationEvent) -> Self {
        match event {
            NameStationEvent::Station(event) => event.into(),
            NameStationEvent::Answered(_, event) => event.into(),
        }
    }
}

impl NameStation {
    /// Creates the server in this place, from 0, of `scenario`, which draws from `seed`.
    pub(super) fn of_scenario(
        scenario: &Scenario,
        zone: Arc<Zone>,
        place: usize,
        seed: u64,
    ) -> Self {
        let queries = scenario.server.clone().with_reply(Reply::Mirror);
        let clients = scenario.family.clients();
        let eras = scenario.server_eras().map(|config| config.with_reply(Reply::Mirror));
        let server = Server::numbered(queries, seed, clients).with_eras(eras);
        let config = scenario.station_config_of(place);
        Self {
            station: Station::numbered(server, config, seed, clients)
                .with_eras(scenario.station_eras(place)),
            server: NameServer::new(zone),
            replies: VecDeque::new(),
            events: VecDeque::new(),
            buf: Vec::new(),
        }
    }

    /// Returns the names that the servers of `scenario` know.
    pub(super) fn zone(scenario: &Scenario) -> Zone {
        let mut zone = Zone::default();
        for (name, address) in scenario.dns_records.as_slice() {
            let added = zone.add(domain(name), (*address).into());
            added.expect("a scenario limits the addresses of a name");
        }
        zone
    }

    /// Forgets the clients; see [`Station::forget_clients`].
    pub(super) fn forget_clients(&mut self, before: u32) {
        self.station.forget_clients(before);
    }

    /// Returns the queue.
    pub(super) const fn station(&self) -> &Station {
        &self.station
    }

    /// Takes the events of the queue, and answers the queries that it hands out.
    fn follow(&mut self, now: Instant) {
        while let Some(event) = self.station.poll_event() {
            self.events.push_back(NameStationEvent::Station(event));
        }
        loop {
            self.buf.clear();
            let Some(back) = self.station.poll_transmit(now, &mut self.buf) else { break };
            let local = back.from.unwrap_or(back.to);
            self.server.handle_datagram(now, local, back.to, &self.buf);
            let about = Subject::of(back.to, back.label);
            let event = self.server.poll_event();
            self.events.extend(event.map(|event| NameStationEvent::Answered(about, event)));
            let mut reply = Vec::new();
            if self.server.poll_transmit(now, &mut reply).is_some() {
                self.replies.push_back((back, reply));
            }
        }
    }
}

impl Machine for NameStation {
    type Event = NameStationEvent;

    fn handle_start(&mut self, now: Instant) {
        self.station.handle_start(now);
        self.follow(now);
    }

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        self.station.handle_datagram(now, local, from, bytes);
        self.follow(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.station.handle_timeout(now);
        self.follow(now);
    }

    fn poll_transmit(&mut self, _now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (transmit, reply) = self.replies.pop_front()?;
        buf.extend_from_slice(&reply);
        Some(transmit)
    }

    fn poll_event(&mut self) -> Option<NameStationEvent> {
        self.events.pop_front()
    }

    fn subject(&self, event: &NameStationEvent) -> Subject {
        match event {
            NameStationEvent::Station(event) => self.station.subject(event),
            NameStationEvent::Answered(about, _) => *about,
        }
    }

    fn note_label(&mut self, label: Option<Label>) {
        self.station.note_label(label);
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.station.poll_timeout()
    }

    fn timer_subject(&self) -> Subject {
        self.station.timer_subject()
    }
}

fn domain(name: &str) -> DomainName {
    name.parse().expect("a scenario checks its names")
}
