//! The system calls that move a datagram, with what the system reports about it.
//!
//! | | Linux | other systems |
//! |---|---|---|
//! | Local address of a datagram at an unspecified address (0.0.0.0, `::`) | `IP_PKTINFO`, `IPV6_PKTINFO` | unknown: replies leave from the address that the system selects |
//! | Size of the receive buffer | up to 4 MiB, if `net.core.rmem_max` permits it | the default |
//! | Number of datagrams that did not fit into it | `SO_RXQ_OVFL`, `/proc/net/udp` | unknown |

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;

#[cfg(target_os = "linux")]
pub(super) use linux::{lost, prepare, read, receive, send};
#[cfg(not(target_os = "linux"))]
pub(super) use other::{lost, prepare, read, receive, send};

use std::net::SocketAddr;

/// A datagram that was read into a buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// Its length in bytes.
    pub(super) len: usize,
    /// Its sender.
    pub(super) from: SocketAddr,
    /// The address that it was sent to, with port 0, if the system reports it.
    pub(super) local: Option<SocketAddr>,
    /// Number of datagrams that the socket had lost when this one arrived, modulo 2^32, if the system reports
    /// it.
    pub(super) lost: Option<u32>,
}
