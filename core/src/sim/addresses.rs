//! Addresses of the simulated network. A client's usual address contains its number.

use crate::drive::Role;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Address of the server: a documentation address (RFC 5737) with the textbook's port.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1060);

/// Maximum number of clients: their addresses come from 10.0.0.0/8.
pub const MAX_CLIENTS: u32 = (1 << 24) - 1;

/// Returns the address of client `flow`, numbered from 1.
#[must_use]
#[inline]
pub const fn client_address(flow: u32) -> SocketAddr {
    let [_, a, b, c] = flow.to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 40_000)
}

/// Returns the number of the client with this address; `None` if [`client_address`] did not create it.
#[must_use]
#[inline(always)]
pub fn flow_of(address: SocketAddr) -> Option<u32> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    let [net, a, b, c] = ip.octets();
    let flow = u32::from_be_bytes([0, a, b, c]);
    (net == 10 && address.port() == 40_000 && flow >= 1).then_some(flow)
}

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
        let usual = address == SERVER || flow_of(address).is_some();
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
