//! Addresses of the simulated network. A client's address contains its number.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Address of the server: a documentation address (RFC 5737) with the textbook's port.
pub const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1060);

/// Network of the clients, 10.0.0.0/8 (RFC 1918), and their port.
const NET: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
const PORT: u16 = 40_000;

/// Maximum number of clients: as many as their network has addresses.
pub const MAX_CLIENTS: u32 = (1 << 24) - 1;

/// Returns the address of client `flow`, numbered from 1.
#[must_use]
#[inline]
pub const fn client_address(flow: u32) -> SocketAddr {
    // A number has 24 bits at most.
    SocketAddr::new(IpAddr::V4(Ipv4Addr::from_bits(NET.to_bits() | flow & MAX_CLIENTS)), PORT)
}

/// Returns the number of the client with this address; `None` if [`client_address`] did not create it.
#[must_use]
#[inline(always)]
pub fn flow_of(address: &SocketAddr) -> Option<u32> {
    let IpAddr::V4(ip) = address.ip() else { return None };
    let flow = ip.to_bits() ^ NET.to_bits();
    ((1..=MAX_CLIENTS).contains(&flow) && address.port() == PORT).then_some(flow)
}
