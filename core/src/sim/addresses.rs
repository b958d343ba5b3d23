//! Addresses of the simulated network. A client's usual address contains its number.

use crate::server::ClientAddresses;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Address of the server: a documentation address (RFC 5737) with the textbook's port.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1060);

/// Addresses of the clients, from 10.0.0.0/8 (RFC 1918).
pub const CLIENTS: ClientAddresses = ClientAddresses::new(Ipv4Addr::new(10, 0, 0, 0), 8, 40_000);

/// Maximum number of clients.
pub const MAX_CLIENTS: u32 = CLIENTS.max();

/// Returns the address of client `flow`, numbered from 1.
#[must_use]
#[inline]
pub const fn client_address(flow: u32) -> SocketAddr {
    CLIENTS.address(flow)
}

/// Returns the number of the client with this address; `None` if [`client_address`] did not create it.
#[must_use]
#[inline(always)]
pub fn flow_of(address: SocketAddr) -> Option<u32> {
    CLIENTS.flow_of(address)
}
