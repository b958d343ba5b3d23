//! Addresses of the simulated network. A client's usual address contains its number.

use crate::scenario::{self, Family};
use crate::server::ClientAddresses;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Usual address of the server: a documentation address (RFC 5737) with the textbook's port.
pub const SERVER: SocketAddr = scenario::SERVER;

/// Addresses of the clients, from 10.0.0.0/8 (RFC 1918), with port 40000. Clients after the first 16,777,215 have the
/// next ports.
pub const CLIENTS: ClientAddresses = scenario::CLIENTS;

/// Address of the server in a network of IPv6: a documentation address (RFC 3849).
pub const SERVER_IPV6: SocketAddr =
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)), 1060);

/// Addresses of the clients in a network of IPv6: unique local addresses (RFC 4193). As many as of IPv4 are used.
pub const CLIENTS_IPV6: ClientAddresses =
    ClientAddresses::ipv6(Ipv6Addr::new(0xFD72, 0x6574, 0x7279, 0, 0, 0, 0, 0), 104, 40_000)
        .with_further_ports(256);

/// Maximum number of clients in one network. A run whose clients are independent may have more, because it simulates
/// them one after another.
pub const MAX_CLIENTS: u32 = 1 << 29;

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

impl Family {
    /// Returns the family of an address.
    #[must_use]
    pub const fn of(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(_) => Self::Ipv4,
            SocketAddr::V6(_) => Self::Ipv6,
        }
    }

    /// Returns the address of the server in a network of this family.
    #[must_use]
    pub const fn server(self) -> SocketAddr {
        match self {
            Self::Ipv4 => SERVER,
            Self::Ipv6 => SERVER_IPV6,
        }
    }

    /// Returns the addresses of the clients in a network of this family.
    #[must_use]
    pub const fn clients(self) -> ClientAddresses {
        match self {
            Self::Ipv4 => CLIENTS,
            Self::Ipv6 => CLIENTS_IPV6,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString as _;

    #[test]
    fn a_clients_address_is_its_number_in_both_families() {
        for family in [Family::Ipv4, Family::Ipv6] {
            let (clients, others) = match family {
                Family::Ipv4 => (family.clients(), CLIENTS_IPV6),
                Family::Ipv6 => (family.clients(), CLIENTS),
            };
            assert_eq!((clients.max(), Family::of(family.server())), (u32::MAX, family));
            for flow in
                [1, 2, 255, 256, 65_536, 1_000_000, (1 << 24) - 1, 1 << 24, MAX_CLIENTS, u32::MAX]
            {
                let address = clients.address(flow);
                assert_eq!(clients.flow_of(address), Some(flow), "{address}");
                assert_eq!(others.flow_of(address), None, "{address}");
                assert_eq!(Family::of(address), family);
            }
            let strangers = [clients.address(0), family.server()];
            for address in strangers {
                assert_eq!(clients.flow_of(address), None, "{address}");
            }
            let mut elsewhere = clients.address(1);
            elsewhere.set_port(1);
            assert_eq!(clients.flow_of(elsewhere), None);
        }
        let outside = "[fd72:6574:7279::100:1]:40000".parse().unwrap();
        assert_eq!(CLIENTS_IPV6.flow_of(outside), None, "its number is too large");
        let other_net = "[fd72:6574:727a::1]:40000".parse().unwrap();
        assert_eq!(CLIENTS_IPV6.flow_of(other_net), None);
        assert_eq!(CLIENTS_IPV6.address(258).to_string(), "[fd72:6574:7279::102]:40000");
    }
}
