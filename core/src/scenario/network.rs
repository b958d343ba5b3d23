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

/// Minimum size of the largest packet that every link carries (RFC 791, section 3.2).
const MIN_MTU: i64 = 68;

/// Bytes of the headers of IPv4 and UDP, which `link.overhead` includes and a packet has by itself.
const HEADERS: i64 = 28;

/// Checks the keys that need stacks, and those that stacks limit.
pub(super) fn check(network: NetworkKind, listening: bool, link: &Link) -> Result<(), FieldError> {
    if network == NetworkKind::Datagrams {
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
    let overhead = i64::from(link.overhead);
    let least = (MIN_MTU + overhead - HEADERS).max(1);
    match link.mtu {
        Some(mtu) if i64::from(mtu) < least => {
            let sentence = format!(
                "link.mtu is {mtu}; with network=packets and link.overhead={overhead} it must be at least {least}, \
                 because IPv4 needs packets of {MIN_MTU} bytes"
            );
            FieldError::contradiction("link.mtu", sentence)
        }
        _ => Ok(()),
    }
}
