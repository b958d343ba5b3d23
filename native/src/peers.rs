//! The addresses of a server, and a socket that reaches them.

use crate::address::{Resolved, loopback_if_unspecified};
use retrylab::udp::Socket;
use std::io;
use std::net::SocketAddr;

/// Maximum number of addresses of a name to use.
pub(crate) const MAX_ADDRESSES: usize = 16;

/// Addresses of the server, and a socket that reaches them.
pub(crate) struct Peers {
    pub(crate) socket: Socket,
    /// In the order in which to try them. There is always one.
    pub(crate) addresses: Vec<SocketAddr>,
}

/// Returns the addresses to send to, each once: the loopback address instead of an unspecified one.
pub(crate) fn destinations(resolved: &Resolved) -> Vec<SocketAddr> {
    let mut destinations = Vec::new();
    for address in resolved.addresses.iter().map(|address| loopback_if_unspecified(*address)) {
        if !destinations.contains(&address) {
            destinations.push(address);
        }
    }
    destinations
}

/// Opens a socket for those of the addresses that this host can reach, and returns the errors of the others. There
/// is no socket if it can reach none.
pub(crate) async fn open(
    addresses: &[SocketAddr],
    connected: bool,
) -> (Option<Peers>, Vec<(SocketAddr, io::Error)>) {
    let (mut peers, mut failed) = (None::<Peers>, Vec::new());
    for address in addresses {
        let one = if connected {
            Socket::connected(*address).await
        } else {
            Socket::unconnected(*address).await
        };
        match one {
            Ok(one) => {
                peers = Some(match peers {
                    Some(peers) => peers.and(*address, one, connected),
                    None => Peers { socket: one, addresses: vec![*address] },
                });
            }
            Err(error) => failed.push((*address, error)),
        }
    }
    (peers, failed)
}

impl Peers {
    /// Adds an address and its socket.
    fn and(mut self, address: SocketAddr, socket: Socket, connected: bool) -> Self {
        let is_same_family = |peer: &SocketAddr| peer.is_ipv4() == address.is_ipv4();
        // An unconnected socket reaches all addresses of its family.
        if connected || !self.addresses.iter().any(is_same_family) {
            self.socket = self.socket.and(socket);
        }
        self.addresses.push(address);
        self
    }
}
