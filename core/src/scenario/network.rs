//! What the simulated network carries.

use crate::value::words;

words! {
    /// What the simulated network carries.
    NetworkKind {
        /// The machines' datagrams themselves.
        #[default]
        Datagrams = "datagrams",
        /// The packets of hosts with TCP/IP stacks.
        Packets = "packets",
    }
}

words! {
    /// Address family of the hosts.
    Family {
        /// IPv4 (RFC 791).
        #[default]
        Ipv4 = "ipv4",
        /// IPv6 (RFC 8200).
        Ipv6 = "ipv6",
    }
}

impl Family {
    /// Returns the size in bytes of the largest packet that every link must carry (RFC 791, section 3.2; RFC 8200,
    /// section 5).
    ///
    /// If a host does not listen, its error is the largest packet, and smoltcp cannot send that in fragments: it has up
    /// to 576 bytes over IPv4 (RFC 1812, section 4.3.2.3), and up to 1,280 over IPv6 (RFC 4443, section 2.4).
    pub(crate) const fn min_mtu(self, listening: bool) -> u16 {
        match self {
            Self::Ipv4 if listening => 68,
            Self::Ipv4 => 576,
            Self::Ipv6 => 1_280,
        }
    }
}
