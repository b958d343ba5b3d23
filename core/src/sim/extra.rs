//! Addresses that hosts have beyond their usual ones, and datagrams between them.

use super::wire::Wire;
use super::{SERVER, client_address};
use crate::drive::{Context, NOT_ITS_ADDRESS, Role};
use crate::machine::Transmit;
use crate::random::Direction;
use crate::scenario::Family;
use crate::trace::{Sink, What};
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

/// Addresses of hosts beyond their usual ones. Most networks have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Extra(Vec<(SocketAddr, Role)>);

impl Extra {
    /// Gives `role` the address, in a network of `clients` clients.
    pub(super) fn add(
        &mut self,
        clients: usize,
        role: Role,
        address: SocketAddr,
    ) -> Result<(), AddressError> {
        if let Role::Client(flow) = role
            && !(1..=clients).contains(&(flow as usize))
        {
            return Err(AddressError::NoSuchClient { flow, clients });
        }
        let family = Family::of(address);
        let usual = address == family.server() || family.clients().flow_of(address).is_some();
        if usual || self.owner(address).is_some() {
            return Err(AddressError::Taken(address));
        }
        self.0.push((address, role));
        Ok(())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns true if `address` is an additional address of `role`.
    pub(super) fn owns(&self, role: Role, address: SocketAddr) -> bool {
        self.owner(address) == Some(role)
    }

    /// Returns the client of which `address` is an additional address.
    #[cold]
    #[inline(never)]
    pub(super) fn client_at(&self, address: SocketAddr) -> Option<u32> {
        match self.owner(address)? {
            Role::Client(flow) => Some(flow),
            Role::Server => None,
        }
    }

    fn owner(&self, address: SocketAddr) -> Option<Role> {
        self.0.iter().find(|(own, _)| *own == address).map(|(_, role)| *role)
    }
}

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
        }
    }
}

impl core::error::Error for AddressError {}

/// Sends a datagram that may not travel between the usual addresses of its hosts. The sender comes with its usual
/// address.
#[cold]
#[inline(never)]
pub(super) fn send_by_way<K: Sink>(
    extra: &Extra,
    wire: &mut Wire<K>,
    context: Context,
    (role, usual): (Role, SocketAddr),
    &Transmit { from, to, .. }: &Transmit,
    bytes: &[u8],
) {
    let from = from.unwrap_or(usual);
    if from != usual && !extra.owns(role, from) {
        return wire.record(context, What::from(NOT_ITS_ADDRESS));
    }
    let (direction, usual_peer, known) = match role {
        Role::Client(_) => {
            let known = to == SERVER || extra.owns(Role::Server, to);
            (Direction::Request, SERVER, known)
        }
        Role::Server => (Direction::Reply, client_address(context.flow), context.flow != 0),
    };
    if (from, to) == (usual, usual_peer) {
        wire.send(context, direction, bytes);
    } else if known {
        wire.send_by((to, from), context, direction, bytes);
    } else {
        wire.send_to_nobody(context, direction, bytes);
    }
}
