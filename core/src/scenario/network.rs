//! What the simulated network carries.

use super::error::FieldError;
use super::protocol::Protocol;
use crate::link::Link;
use crate::value::words;
use alloc::format;

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

/// Bytes of the headers of IPv4 and UDP, which `link.overhead` includes and a packet has by itself.
const HEADERS: i64 = 28;

/// Checks the keys that need stacks, and those that stacks limit.
pub(super) fn check(
    (network, family, protocol): (NetworkKind, Family, Protocol),
    listening: bool,
    link: &Link,
) -> Result<(), FieldError> {
    if network == NetworkKind::Datagrams {
        if family != Family::Ipv4 {
            let sentence = "family is \"ipv6\"; without network=packets it must be ipv4, because hosts without stacks \
                            exchange datagrams that have no IP header";
            return FieldError::contradiction("family", sentence);
        }
        if !listening {
            let sentence = "server.listening is false; without network=packets it must be true, because hosts \
                            without stacks do not answer that nobody listens";
            return FieldError::contradiction("server.listening", sentence);
        }
        return Ok(());
    }
    if family == Family::Ipv6 && !link.checksum {
        let sentence = "link.checksum is false; with family=ipv6 it must be true, because UDP over IPv6 requires \
                        checksums (RFC 8200, section 8.1)";
        return FieldError::contradiction("link.checksum", sentence);
    }
    // A host that does not listen answers a segment of TCP with a reset, which is small.
    let listening = listening || protocol.has_connections();
    let (overhead, min_mtu) = (i64::from(link.overhead), i64::from(family.min_mtu(listening)));
    let least = (min_mtu + overhead - HEADERS).max(1);
    match link.mtu {
        Some(mtu) if i64::from(mtu) < least => {
            let (with, why) = if listening {
                ("", "every link must carry packets of")
            } else {
                (
                    ", server.listening=false",
                    "the error of a host that does not listen is a packet of up to",
                )
            };
            let sentence = format!(
                "link.mtu is {mtu}; with network=packets, family={family}{with} and link.overhead={overhead} it must be \
                 at least {least}, because {why} {min_mtu} bytes"
            );
            FieldError::contradiction("link.mtu", sentence)
        }
        _ => Ok(()),
    }
}
