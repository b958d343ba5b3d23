//! The machines that a scenario may ask for, as one type of client and one of server.

#[cfg(feature = "dns")]
use super::names::{Lookup, LookupEvent, NameStation, NameStationEvent};
use crate::client::contention;
use crate::client::{self, Candidates, Client, OpenClient};
use crate::heap::OVERHEAD;
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::server::service::{self, Station};
use crate::server::{self, row};
use crate::time::Instant;
use crate::trace::What;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Declares a machine that is one of several, its event, and the event's record.
///
/// The event loop calls machines through `inline(always)`, which makes it a third faster, and which the compiler
/// does not decide by itself. Each further machine in a match costs all scenarios some instructions, so those that
/// few scenarios have are one machine of the loop, through `inline(never)`.
macro_rules! one_of {
    (
        $(#[$meta:meta])* $name:ident, #[inline($when:ident)] $(#[$cold:ident])?, $event:ident:
        $($(#[$doc:meta])* $variant:ident($machine:ty) $(if $feature:literal)? reports $of:ty,)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[allow(clippy::large_enum_variant)] // A million clients must not each have a box.
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $(#[cfg(feature = $feature)])? $variant($machine),)*
        }

        #[doc = concat!("An event of a [`", stringify!($name), "`].")]
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $event {
            $($(#[$doc])* $(#[cfg(feature = $feature)])? $variant($of),)*
        }

        impl From<$event> for What {
            #[inline]
            fn from(event: $event) -> Self {
                match event { $($(#[cfg(feature = $feature)])? $event::$variant(event) => event.into()),* }
            }
        }

        impl Machine for $name {
            type Event = $event;

            fn handle_start(&mut self, now: Instant) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_start(now)),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_datagram(now, local, from, bytes)),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn handle_timeout(&mut self, now: Instant) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_timeout(now)),* }
            }

            fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_refused(now, peer)),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.poll_transmit(now, buf)),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn poll_event(&mut self) -> Option<$event> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.poll_event().map(|event| $event::$variant(event.into()))),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn subject(&self, event: &$event) -> Subject {
                match (self, event) {
                    $($(#[cfg(feature = $feature)])? (Self::$variant(machine), $event::$variant(event)) => machine.subject(event),)*
                    // A machine gets only its own events.
                    #[allow(unreachable_patterns)]
                    _ => Subject::default(),
                }
            }

            #[inline($when)]
            $(#[$cold])?
            fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.poll_timeout()),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn timer_subject(&self) -> Subject {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.timer_subject()),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn note_label(&mut self, label: Option<Label>) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.note_label(label)),* }
            }

            fn label_of(&self, payload: &[u8]) -> Option<Label> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.label_of(payload)),* }
            }

            #[inline($when)]
            $(#[$cold])?
            fn is_finished(&self) -> bool {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.is_finished()),* }
            }
        }
    };
}

one_of! {
    /// A client of a scenario.
    ScenarioClient, #[inline(always)], ClientEvent:
    /// One exchange after another.
    Closed(Client) reports client::Event,
    /// Something that few scenarios have.
    Other(OtherClient) reports Box<OtherClientEvent>,
}

one_of! {
    /// A client that few scenarios have.
    OtherClient, #[inline(never)] #[cold], OtherClientEvent:
    /// One exchange per arrival.
    Open(Box<OpenClient>) reports client::Event,
    /// One exchange after another, with several servers.
    Candidates(Box<Candidates>) reports client::Event,
    /// One write of a row that others write as well.
    Contending(Box<contention::Client>) reports contention::Event,
    /// Heartbeats.
    Heartbeat(Box<client::heartbeat::Client>) reports client::heartbeat::Event,
    /// One lookup of a name.
    Lookup(Box<Lookup>) if "dns" reports LookupEvent,
}

one_of! {
    /// The server of a scenario.
    ScenarioServer, #[inline(always)], ServerEvent:
    /// It answers, perhaps after some time.
    Station(Box<Station>) reports service::Event,
    /// Something that few scenarios have.
    Other(OtherServer) reports Box<OtherServerEvent>,
}

one_of! {
    /// A server that few scenarios have.
    OtherServer, #[inline(never)] #[cold], OtherServerEvent:
    /// It keeps a row.
    Row(row::Server) reports row::Verdict,
    /// It watches heartbeats.
    Heartbeat(Box<server::heartbeat::Server>) reports server::heartbeat::Event,
    /// It answers questions about names, perhaps after some time.
    Names(Box<NameStation>) if "dns" reports NameStationEvent,
}

impl From<Box<OtherClientEvent>> for What {
    #[cold]
    #[inline(never)]
    fn from(event: Box<OtherClientEvent>) -> Self {
        (*event).into()
    }
}

impl From<Box<OtherServerEvent>> for What {
    #[cold]
    #[inline(never)]
    fn from(event: Box<OtherServerEvent>) -> Self {
        (*event).into()
    }
}

impl From<OtherClient> for ScenarioClient {
    fn from(client: OtherClient) -> Self {
        Self::Other(client)
    }
}

impl From<OtherServer> for ScenarioServer {
    fn from(server: OtherServer) -> Self {
        Self::Other(server)
    }
}

impl ScenarioClient {
    /// Returns an estimate of the memory in bytes that is not in the client itself. It changes only in an open loop and
    /// with several servers.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Closed(client) => client.memory(),
            Self::Other(client) => client.memory(),
        }
    }

    /// Returns whether [`memory`](Self::memory) changes.
    pub(super) const fn grows(&self) -> bool {
        matches!(self, Self::Other(OtherClient::Open(_) | OtherClient::Candidates(_)))
    }

    /// Returns how many exchanges are open at the same time.
    #[must_use]
    pub fn open(&self) -> usize {
        match self {
            Self::Other(OtherClient::Open(client)) => client.open(),
            Self::Closed(_) | Self::Other(_) => 0,
        }
    }
}

impl OtherClient {
    fn memory(&self) -> usize {
        match self {
            Self::Open(client) => size_of::<OpenClient>() + OVERHEAD + client.memory(),
            Self::Candidates(client) => size_of::<Candidates>() + OVERHEAD + client.memory(),
            Self::Contending(_) => size_of::<contention::Client>() + OVERHEAD,
            Self::Heartbeat(_) => size_of::<client::heartbeat::Client>() + OVERHEAD,
            #[cfg(feature = "dns")]
            Self::Lookup(client) => size_of::<Lookup>() + OVERHEAD + client.memory(),
        }
    }
}

impl ScenarioServer {
    /// Forgets the clients, of which no request is left. The next ones have numbers above `before`.
    pub(super) fn forget_clients(&mut self, before: u32) {
        match self {
            Self::Station(station) => station.forget_clients(before),
            #[cfg(feature = "dns")]
            Self::Other(OtherServer::Names(server)) => server.forget_clients(before),
            // They know their clients by address.
            Self::Other(OtherServer::Row(_) | OtherServer::Heartbeat(_)) => {}
        }
    }

    /// Returns the station, if the server has one: requests may wait in it.
    #[must_use]
    pub fn station(&self) -> Option<&Station> {
        match self {
            Self::Station(station) => Some(station),
            #[cfg(feature = "dns")]
            Self::Other(OtherServer::Names(server)) => Some(server.station()),
            Self::Other(OtherServer::Row(_) | OtherServer::Heartbeat(_)) => None,
        }
    }
}
