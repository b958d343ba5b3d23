//! Addresses of the simulated network. A client's usual address contains its number.

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
