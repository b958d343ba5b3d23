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

/// Declares a machine that is one of several, each with the variant that wraps its events.
///
/// The verbs have `inline(always)`: that makes the event loop a third faster, and the compiler does not
/// decide so by itself.
macro_rules! one_of {
    (
        $(#[$meta:meta])* $name:ident, $event:ident:
        $($(#[$doc:meta])* $variant:ident($machine:ty) $(if $feature:literal)? reports $wrap:ident,)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[allow(clippy::large_enum_variant)] // A million clients must not each have a box.
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $(#[cfg(feature = $feature)])? $variant($machine),)*
        }

        impl Machine for $name {
            type Event = $event;

            fn handle_start(&mut self, now: Instant) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_start(now)),* }
            }

            #[inline(always)]
            fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_datagram(now, local, from, bytes)),* }
            }

            #[inline(always)]
            fn handle_timeout(&mut self, now: Instant) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_timeout(now)),* }
            }

            fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.handle_refused(now, peer)),* }
            }

            #[inline(always)]
            fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.poll_transmit(now, buf)),* }
            }

            #[inline(always)]
            fn poll_event(&mut self) -> Option<$event> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.poll_event().map($event::$wrap)),* }
            }

            #[inline(always)]
            fn subject(&self, event: &$event) -> Subject {
                match (self, event) {
                    $($(#[cfg(feature = $feature)])? (Self::$variant(machine), $event::$wrap(event)) => machine.subject(event),)*
                    // A machine gets only its own events.
                    #[allow(unreachable_patterns)]
                    _ => Subject::default(),
                }
            }

            #[inline(always)]
            fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.poll_timeout()),* }
            }

            #[inline(always)]
            fn timer_subject(&self) -> Subject {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.timer_subject()),* }
            }

            #[inline(always)]
            fn note_label(&mut self, label: Option<Label>) {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.note_label(label)),* }
            }

            fn label_of(&self, payload: &[u8]) -> Option<Label> {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.label_of(payload)),* }
            }

            #[inline(always)]
            fn is_finished(&self) -> bool {
                match self { $($(#[cfg(feature = $feature)])? Self::$variant(machine) => machine.is_finished()),* }
            }
        }
    };
}

one_of! {
    /// A client of a scenario.
    ScenarioClient, ClientEvent:
    /// One exchange after another.
    Closed(Client) reports Retry,
    /// One exchange after another, with several servers.
    Candidates(Box<Candidates>) reports Candidates,
    /// One exchange per arrival.
    Open(Box<OpenClient>) reports Open,
    /// One write of a row that others write as well.
    Contending(Box<contention::Client>) reports Contention,
    /// Heartbeats.
    Heartbeat(Box<client::heartbeat::Client>) reports Heartbeat,
    /// One lookup of a name.
    Lookup(Box<Lookup>) if "dns" reports Lookup,
}

one_of! {
    /// The server of a scenario.
    ScenarioServer, ServerEvent:
    /// It answers, perhaps after some time.
    Station(Box<Station>) reports Station,
    /// It keeps a row.
    Row(row::Server) reports Row,
    /// It watches heartbeats.
    Heartbeat(Box<server::heartbeat::Server>) reports Heartbeat,
    /// It answers questions about names, perhaps after some time.
    Names(Box<NameStation>) if "dns" reports Names,
}

/// An event of a scenario's client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// A client of a closed loop.
    Retry(client::Event),
    /// A client of a closed loop that has several servers.
    Candidates(client::Event),
    /// A client of an open loop.
    Open(client::Event),
    /// A writer.
    Contention(contention::Event),
    /// A client that sends heartbeats.
    Heartbeat(client::heartbeat::Event),
    /// A client that looks up a name.
    #[cfg(feature = "dns")]
    Lookup(LookupEvent),
}

impl From<ClientEvent> for What {
    #[inline]
    fn from(event: ClientEvent) -> Self {
        match event {
            ClientEvent::Retry(event)
            | ClientEvent::Candidates(event)
            | ClientEvent::Open(event) => event.into(),
            ClientEvent::Contention(event) => event.into(),
            ClientEvent::Heartbeat(event) => event.into(),
            #[cfg(feature = "dns")]
            ClientEvent::Lookup(event) => event.into(),
        }
    }
}

/// An event of a scenario's server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// A server that answers.
    Station(service::Event),
    /// A server that keeps a row.
    Row(row::Verdict),
    /// A server that watches heartbeats.
    Heartbeat(server::heartbeat::Event),
    /// A name server.
    #[cfg(feature = "dns")]
    Names(NameStationEvent),
}

impl From<ServerEvent> for What {
    #[inline]
    fn from(event: ServerEvent) -> Self {
        match event {
            ServerEvent::Station(event) => event.into(),
            ServerEvent::Row(event) => event.into(),
            ServerEvent::Heartbeat(event) => event.into(),
            #[cfg(feature = "dns")]
            ServerEvent::Names(event) => event.into(),
        }
    }
}

impl ScenarioClient {
    /// Returns an estimate of the memory in bytes that is not in the client itself. It changes only in an open loop.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Closed(client) => client.memory(),
            Self::Candidates(client) => size_of::<Candidates>() + OVERHEAD + client.memory(),
            Self::Open(client) => size_of::<OpenClient>() + OVERHEAD + client.memory(),
            Self::Contending(_) => size_of::<contention::Client>() + OVERHEAD,
            Self::Heartbeat(_) => size_of::<client::heartbeat::Client>() + OVERHEAD,
            #[cfg(feature = "dns")]
            Self::Lookup(client) => size_of::<Lookup>() + OVERHEAD + client.memory(),
        }
    }

    /// Returns how many exchanges are open at the same time.
    #[must_use]
    pub fn open(&self) -> usize {
        match self {
            Self::Open(client) => client.open(),
            _ => 0,
        }
    }
}

impl ScenarioServer {
    /// Returns the station, if the server has one: requests may wait in it.
    #[must_use]
    pub fn station(&self) -> Option<&Station> {
        match self {
            Self::Station(station) => Some(station),
            Self::Row(_) | Self::Heartbeat(_) => None,
            #[cfg(feature = "dns")]
            Self::Names(server) => Some(server.station()),
        }
    }
}
