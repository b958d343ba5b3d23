//! The address of a machine under test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The address at which the machine under test receives.
pub(crate) const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 40_000);
