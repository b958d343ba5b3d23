//! What the simulated network carries.

use super::error::FieldError;
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
    pub(crate) const fn min_mtu(self) -> u16 {
        match self {
            Self::Ipv4 => 68,
            Self::Ipv6 => 1_280,
        }
    }
}

/// Bytes of the headers of IPv4 and UDP, which `link.overhead` includes and a packet has by itself.
const HEADERS: i64 = 28;

/// Checks the keys that need stacks, and those that stacks limit.
pub(super) fn check(
    (network, family): (NetworkKind, Family),
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
    if !cfg!(feature = "packets") {
        let sentence = "network is \"packets\"; here it must be datagrams, because this build of retrylab has no \
                        TCP/IP stacks; the command-line program has them";
        return FieldError::contradiction("network", sentence);
    }
    if family == Family::Ipv6 && !link.checksum {
        let sentence = "link.checksum is false; with family=ipv6 it must be true, because UDP over IPv6 requires \
                        checksums (RFC 8200, section 8.1)";
        return FieldError::contradiction("link.checksum", sentence);
    }
    let (overhead, min_mtu) = (i64::from(link.overhead), i64::from(family.min_mtu()));
    let least = (min_mtu + overhead - HEADERS).max(1);
    match link.mtu {
        Some(mtu) if i64::from(mtu) < least => {
            let sentence = format!(
                "link.mtu is {mtu}; with network=packets, family={family} and link.overhead={overhead} it must be at \
                 least {least}, because every link must carry packets of {min_mtu} bytes"
            );
            FieldError::contradiction("link.mtu", sentence)
        }
        _ => Ok(()),
    }
}
