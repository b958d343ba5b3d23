//! What the driver asks of the system: to move a datagram and report what it knows about it, and to wait.
//!
//! | | Linux | other systems |
//! |---|---|---|
//! | Local address of a datagram at an unspecified address (0.0.0.0, `::`) | `IP_PKTINFO`, `IPV6_PKTINFO` | unknown: replies leave from the address that the system selects |
//! | Timer | `timerfd`: accurate to microseconds | tokio's: up to 2 ms late |
//! | Reports of the network (ICMP) | `IP_RECVERR`, `IPV6_RECVERR`: type, code and reporter, connected or not | the error of a connected socket |
//! | Size of the receive buffer | up to 4 MiB, if `net.core.rmem_max` permits it | the default |
//! | Number of datagrams that did not fit into it | `SO_RXQ_OVFL`, `/proc/net/udp` | unknown |

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod other;
mod timer;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use other as system;

pub(super) use system::{lost, prepare, problem, problem_now, read, receive, send};
pub(super) use timer::Timer;

use super::errors::Report;
use std::io;
use std::net::SocketAddr;

/// A pending problem of a socket.
#[derive(Debug)]
pub(super) enum Problem {
    /// The network reports something about a datagram that was sent earlier.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "they are errors there"))]
    Report(Report),
    /// The system reports an error.
    System(io::Error),
}

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
