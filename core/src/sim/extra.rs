//! The servers' addresses, addresses that hosts have beyond their usual ones, and datagrams between all of them.

use super::wire::Wire;
use super::{SERVER, client_address};
use crate::drive::{Context, NOT_ITS_ADDRESS, Role};
use crate::machine::Transmit;
use crate::random::Direction;
use crate::scenario::Family;
use crate::trace::{Sink, What};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;
use core::num::NonZeroU16;

/// The addresses of servers, and those that hosts have beyond their usual ones. Most networks have a single server at its
/// usual address, and nothing else.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    /// The usual address of each server; there is always one.
    servers: Vec<SocketAddr>,
    /// Further addresses of hosts.
    further: Vec<(SocketAddr, Role)>,
}

impl Default for Extra {
    fn default() -> Self {
        Self { servers: vec![SERVER], further: Vec::new() }
    }
}

/// Returns the place of the server of this number, from 0.
pub(super) fn place_of(number: NonZeroU16) -> usize {
    usize::from(number.get()) - 1
}

/// Returns the number of the server in this place, from 0.
pub(super) const fn number_of(place: usize) -> NonZeroU16 {
    // A network refuses more servers than a number can name.
    NonZeroU16::MIN.saturating_add(place as u16)
}

impl Extra {
    /// Gives `role` the address, in a network of `clients` clients.
    pub(super) fn add(
        &mut self,
        clients: usize,
        role: Role,
        address: SocketAddr,
    ) -> Result<(), AddressError> {
        match role {
            Role::Client(flow) if !(1..=clients).contains(&(flow as usize)) => {
                return Err(AddressError::NoSuchClient { flow, clients });
            }
            Role::Server(number) if place_of(number) >= self.servers.len() => {
                return Err(AddressError::NoSuchServer { number, servers: self.servers.len() });
            }
            Role::Client(_) | Role::Server(_) => {}
        }
        self.check_free(address)?;
        self.further.push((address, role));
        Ok(())
    }

    /// Adds a server at `address`; returns its place.
    pub(super) fn add_server(&mut self, address: SocketAddr) -> Result<usize, AddressError> {
        if self.servers.len() >= MAX_SERVERS {
            return Err(AddressError::TooManyServers);
        }
        self.check_free(address)?;
        self.servers.push(address);
        Ok(self.servers.len() - 1)
    }

    /// Sets the address of the first server.
    pub(super) fn set_server(&mut self, address: SocketAddr) -> Result<(), AddressError> {
        if self.servers[0] != address {
            self.check_free(address)?;
            self.servers[0] = address;
        }
        Ok(())
    }

    fn check_free(&self, address: SocketAddr) -> Result<(), AddressError> {
        let family = Family::of(address);
        let usual = self.servers.contains(&address) || family.clients().flow_of(address).is_some();
        if usual || self.owner(address).is_some() {
            return Err(AddressError::Taken(address));
        }
        Ok(())
    }

    /// Returns whether there is a single server, and all hosts have their usual addresses only.
    pub(super) fn is_empty(&self) -> bool {
        self.further.is_empty() && self.servers == [SERVER]
    }

    /// Returns the number of servers.
    pub(super) const fn servers(&self) -> usize {
        self.servers.len()
    }

    /// Returns the usual address of the server in this place.
    pub(super) fn server(&self, place: usize) -> SocketAddr {
        self.servers[place]
    }

    /// Returns the place of the server with this address.
    #[cold]
    #[inline(never)]
    pub(super) fn server_at(&self, address: SocketAddr) -> Option<usize> {
        let place = self.servers.iter().position(|own| *own == address);
        place.or_else(|| match self.owner(address)? {
            Role::Client(_) => None,
            Role::Server(number) => Some(place_of(number)),
        })
    }

    /// Returns the number of the server in this place, for records: `None` if it is the only one.
    pub(super) fn server_of_record(&self, place: usize) -> Option<NonZeroU16> {
        (self.servers.len() > 1).then(|| number_of(place))
    }

    /// Returns true if `address` is a further address of `role`.
    fn owns(&self, role: Role, address: SocketAddr) -> bool {
        self.owner(address) == Some(role)
    }

    /// Returns the client of which `address` is a further address.
    #[cold]
    #[inline(never)]
    pub(super) fn client_at(&self, address: SocketAddr) -> Option<u32> {
        match self.owner(address)? {
            Role::Client(flow) => Some(flow),
            Role::Server(_) => None,
        }
    }

    fn owner(&self, address: SocketAddr) -> Option<Role> {
        self.further.iter().find(|(own, _)| *own == address).map(|(_, role)| *role)
    }

    /// Returns the usual address of a host.
    fn usual(&self, role: Role) -> SocketAddr {
        match role {
            Role::Client(flow) => client_address(flow),
            Role::Server(number) => self.server(place_of(number)),
        }
    }
}

/// Maximum number of servers.
pub const MAX_SERVERS: usize = 1_000;

/// Reason why a host cannot have an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// A host owns the address already, or the address is reserved for clients.
    Taken(SocketAddr),
    /// The network has no client of this number.
    NoSuchClient {
        /// The number.
        flow: u32,
        /// Number of clients.
        clients: usize,
    },
    /// The network has no server of this number.
    NoSuchServer {
        /// The number.
        number: NonZeroU16,
        /// Number of servers.
        servers: usize,
    },
    /// The network has [`MAX_SERVERS`] servers already.
    TooManyServers,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(address) => {
                write!(f, "{address} is the address of a host already, or reserved for clients")
            }
            Self::NoSuchClient { flow, clients } => {
                write!(f, "there is no client {flow}; clients are numbered from 1 to {clients}")
            }
            Self::NoSuchServer { number, servers } => {
                write!(f, "there is no server {number}; servers are numbered from 1 to {servers}")
            }
            Self::TooManyServers => write!(f, "a network has at most {MAX_SERVERS} servers"),
        }
    }
}

impl core::error::Error for AddressError {}

/// Sends a datagram that may not travel between the usual addresses of a client and the only server.
#[cold]
#[inline(never)]
pub(super) fn send_by_way<K: Sink>(
    extra: &Extra,
    wire: &mut Wire<K>,
    context: Context,
    role: Role,
    &Transmit { from, to, .. }: &Transmit,
    bytes: &[u8],
) {
    let usual = extra.usual(role);
    let from = from.unwrap_or(usual);
    if from != usual && !extra.owns(role, from) {
        return wire.record(context, What::from(NOT_ITS_ADDRESS));
    }
    let (direction, server, known) = match role {
        Role::Client(_) => {
            let server = extra.server_at(to);
            (Direction::Request, server, server.is_some())
        }
        Role::Server(number) => (Direction::Reply, Some(place_of(number)), context.flow != 0),
    };
    let server = server.and_then(|place| extra.server_of_record(place));
    let context = Context { server, ..context };
    let client = client_address(context.flow);
    let is_usual = match direction {
        Direction::Request => (from, to) == (client, SERVER),
        Direction::Reply => (from, to) == (SERVER, client),
    };
    if !known {
        wire.send_to_nobody(context, direction, bytes);
    } else if is_usual {
        wire.send(context, direction, bytes);
    } else {
        wire.send_by((to, from), context, direction, bytes);
    }
}
