//! Which client a datagram is from, and how many it has sent: together they name its random draws.

use super::Clients;
use crate::heap::{Held as _, TREE_PLACE};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Addresses that contain the client's number: those of one network, with one port.
///
/// ```
/// use retrylab_core::server::ClientAddresses;
/// use core::net::Ipv4Addr;
///
/// let clients = ClientAddresses::new(Ipv4Addr::new(10, 0, 0, 0), 8, 40_000);
/// assert_eq!(clients.address(258), "10.0.1.2:40000".parse().unwrap());
/// assert_eq!(clients.flow_of("10.0.1.2:40000".parse().unwrap()), Some(258));
/// assert_eq!(clients.flow_of("10.0.1.2:1".parse().unwrap()), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddresses {
    net: IpAddr,
    /// Largest number, and mask of the bits that hold it, with the first port.
    mask: u32,
    port: u16,
    /// Number of ports after the first one, with as many clients each.
    further_ports: u16,
}

impl ClientAddresses {
    /// Creates the addresses of the IPv4 network `net` with `prefix` bits, with `port`.
    ///
    /// # Panics
    /// If the prefix is 0 or longer than 32 bits, or if `net` has bits beyond it.
    #[must_use]
    pub const fn new(net: Ipv4Addr, prefix: u32, port: u16) -> Self {
        assert!(prefix >= 1 && prefix <= 32, "a prefix has 1 to 32 bits");
        let max = ((1u64 << (32 - prefix)) - 1) as u32;
        assert!(net.to_bits() & max == 0, "the network has bits beyond its prefix");
        Self { net: IpAddr::V4(net), mask: max, port, further_ports: 0 }
    }

    /// Creates the addresses of the IPv6 network `net` with `prefix` bits, with `port`.
    ///
    /// # Panics
    /// If the prefix is shorter than 97 bits or longer than 128, or if `net` has bits beyond it.
    #[must_use]
    pub const fn ipv6(net: Ipv6Addr, prefix: u32, port: u16) -> Self {
        assert!(prefix >= 97 && prefix <= 128, "a prefix has 97 to 128 bits");
        let max = ((1u64 << (128 - prefix)) - 1) as u32;
        assert!(net.to_bits() & max as u128 == 0, "the network has bits beyond its prefix");
        Self { net: IpAddr::V6(net), mask: max, port, further_ports: 0 }
    }

    /// Adds clients with `further` ports after the first one, as many with each as with that.
    ///
    /// ```
    /// # use retrylab_core::server::ClientAddresses;
    /// # use core::net::Ipv4Addr;
    /// let clients = ClientAddresses::new(Ipv4Addr::new(10, 0, 0, 0), 24, 40_000).with_further_ports(3);
    /// assert_eq!(clients.max(), 4 * 255);
    /// assert_eq!(clients.address(255 + 7), "10.0.0.7:40001".parse().unwrap());
    /// ```
    ///
    /// # Panics
    /// If there are not that many ports.
    #[must_use]
    pub const fn with_further_ports(self, further: u16) -> Self {
        assert!(self.port.checked_add(further).is_some(), "there are not that many ports");
        Self { further_ports: further, ..self }
    }

    /// Returns the largest number of a client.
    #[must_use]
    pub const fn max(&self) -> u32 {
        self.mask.saturating_mul(self.further_ports as u32 + 1)
    }

    /// Returns the address of client `flow`, numbered from 1 to [`max`](Self::max).
    #[must_use]
    #[inline]
    pub const fn address(&self, flow: u32) -> SocketAddr {
        let (mut host, mut port) = (flow, self.port);
        if flow > self.mask {
            host = 1 + (flow - 1) % self.mask;
            port += ((flow - 1) / self.mask) as u16;
        }
        let ip = match self.net {
            IpAddr::V4(net) => IpAddr::V4(Ipv4Addr::from_bits(net.to_bits() | host)),
            IpAddr::V6(net) => IpAddr::V6(Ipv6Addr::from_bits(net.to_bits() | host as u128)),
        };
        SocketAddr::new(ip, port)
    }

    /// Returns the number of the client with this address; `None` for any other address.
    #[must_use]
    #[inline(always)]
    pub fn flow_of(&self, address: SocketAddr) -> Option<u32> {
        let host = match (address.ip(), self.net) {
            (IpAddr::V4(ip), IpAddr::V4(net)) => ip.to_bits() ^ net.to_bits(),
            (IpAddr::V6(ip), IpAddr::V6(net)) => {
                u32::try_from(ip.to_bits() ^ net.to_bits()).ok()?
            }
            _ => return None,
        };
        if host < 1 || host > self.mask {
            return None;
        }
        match address.port().checked_sub(self.port)? {
            0 => Some(host),
            further if further <= self.further_ports => {
                self.mask.checked_mul(further.into())?.checked_add(host)
            }
            _ => None,
        }
    }
}

/// A counter per client.
#[derive(Clone, Debug)]
pub(crate) enum Flows {
    /// Clients are numbered from 1 in order of appearance, as a server on a real socket must do.
    Appearing(Clients<u32>),
    /// The address contains the client's number, so it does not depend on other clients.
    Numbered {
        addresses: ClientAddresses,
        /// Clients up to this number are not counted.
        before: u32,
        /// The counters of the clients that follow; the first one is that of everybody else.
        counts: Vec<u32>,
    },
}

impl Flows {
    /// No client has appeared yet.
    pub(crate) fn appearing() -> Self {
        Self::Appearing(Clients::default())
    }

    /// No client has appeared yet.
    pub(crate) const fn numbered(addresses: ClientAddresses) -> Self {
        Self::Numbered { addresses, before: 0, counts: Vec::new() }
    }

    /// Forgets all clients. If they are numbered, the next ones have numbers above `next`.
    #[cfg(feature = "sim")]
    pub(crate) fn forget(&mut self, next: u32) {
        match self {
            Self::Appearing(counters) => *counters = Clients::default(),
            Self::Numbered { before, counts, .. } => {
                *before = next;
                match counts.as_mut_slice() {
                    // Strangers and one client, which are cleared without a call for each of a million clients.
                    [strangers, client] => (*strangers, *client) = (0, 0),
                    counts => counts.fill(0),
                }
            }
        }
    }

    /// Counts a datagram from `client`; returns the client's number, from 1, and the datagram's index
    /// among the client's, from 0.
    #[inline(always)]
    pub(crate) fn count(&mut self, client: SocketAddr) -> (u32, u64) {
        let (flow, count) = match self {
            Self::Appearing(counters) => counters.entry(client),
            Self::Numbered { addresses, before, counts } => {
                // Strangers share the number 0.
                let flow = addresses.flow_of(client).unwrap_or(0);
                let place = flow.saturating_sub(*before) as usize;
                if place >= counts.len() {
                    Self::lengthen(counts, place);
                }
                (flow, &mut counts[place])
            }
        };
        let index = u64::from(*count);
        *count = count.wrapping_add(1);
        (flow, index)
    }

    /// Returns an estimate of the memory in bytes.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::Appearing(counters) => {
                counters.len() * (size_of::<(SocketAddr, (u32, u32))>() + TREE_PLACE)
            }
            Self::Numbered { counts, .. } => counts.held(),
        }
    }

    #[cold]
    fn lengthen(counts: &mut Vec<u32>, place: usize) {
        counts.resize(place + 1, 0);
    }
}
