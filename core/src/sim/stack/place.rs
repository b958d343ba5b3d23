//! Where the hosts of a network of packets are: their addresses, and those of their router.

use super::super::client_address;
use crate::link::Link;
use crate::scenario::Family;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use smoltcp::wire::EthernetAddress;

/// Where a host is in the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Its IP address and port.
    pub(super) socket: SocketAddr,
    /// Its Ethernet address.
    pub(super) ethernet: EthernetAddress,
    /// Number of bits that its IP address shares with those of its network.
    pub(super) prefix: u8,
    /// Address of the router, of the same family.
    pub(super) gateway: IpAddr,
}

impl Place {
    /// Returns the place of the server.
    pub(super) const fn of_server(family: Family) -> Self {
        let (prefix, gateway) = match family {
            Family::Ipv4 => (24, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 254))),
            Family::Ipv6 => (64, IpAddr::V6(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 0xFE))),
        };
        let ethernet = ethernet(Family::Ipv4.server());
        Self { socket: family.server(), ethernet, prefix, gateway }
    }

    /// Returns the place of client `flow`.
    pub(super) const fn of_client(family: Family, flow: u32) -> Self {
        let (prefix, gateway) = match family {
            Family::Ipv4 => (8, IpAddr::V4(Ipv4Addr::new(10, 255, 255, 254))),
            Family::Ipv6 => {
                (64, IpAddr::V6(Ipv6Addr::new(0xFD72, 0x6574, 0x7279, 0, 0, 0, 0xFF, 0xFFFE)))
            }
        };
        let (socket, ethernet) = (family.clients().address(flow), ethernet(client_address(flow)));
        Self { socket, ethernet, prefix, gateway }
    }

    /// Returns its IP address.
    pub(super) fn address(&self) -> IpAddr {
        self.socket.ip()
    }
}

/// Returns the Ethernet address of a host. It contains the host's IPv4 address, whether the host uses that or not.
const fn ethernet(socket: SocketAddr) -> EthernetAddress {
    match socket.ip() {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            EthernetAddress([2, 0, a, b, c, d])
        }
        // The address of a host contains its IPv4 address.
        IpAddr::V6(_) => EthernetAddress([2, 0, 0, 0, 0, 0]),
    }
}

/// Sizes that depend on the family and the link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Maximum size of an IP packet in bytes.
    pub(super) mtu: usize,
    /// Maximum number of bytes in a UDP datagram that a host can send.
    pub(super) datagram: usize,
    /// The headers of IP and UDP, in bytes.
    headers: usize,
    /// Hosts send larger packets in fragments.
    fragments: bool,
}

impl Sizes {
    pub(super) fn new(family: Family, link: &Link, listening: bool) -> Self {
        // A datagram has at most 65,535 bytes with the header of IPv4, and without that of IPv6.
        let (headers, largest, fragments) = match family {
            Family::Ipv4 => (20 + 8, 65_535, true),
            Family::Ipv6 => (40 + 8, 65_535 + 40, false),
        };
        // The link's MTU includes `link.overhead` bytes of headers, where a packet has those of IPv4 and UDP.
        let mtu = link.mtu.map_or(largest, |mtu| i64::from(mtu) + 28 - i64::from(link.overhead));
        // A scenario is checked; a link of a program's own may be narrower than IP or smoltcp allows.
        let mtu = mtu.clamp(family.min_mtu(listening).into(), largest) as usize;
        let datagram = largest as usize - headers;
        Self { mtu, datagram, headers, fragments }
    }

    /// Returns true if a datagram of `bytes` bytes needs more packets than hosts send.
    pub(super) const fn is_too_big(&self, bytes: usize) -> bool {
        !self.fragments && bytes + self.headers > self.mtu
    }
}
