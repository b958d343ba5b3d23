//! The addresses of the server, and a socket that reaches them.

use super::Error;
use crate::address::{Address, NameError, loopback_if_unspecified};
use crate::output::{narrate, warn};
use retrylab::udp::Socket;
use retrylab_core::value::Printable;
use std::net::SocketAddr;

/// Maximum number of addresses of a name to use.
const MAX_ADDRESSES: usize = 16;

/// Addresses of the server, and a socket that reaches them.
pub(super) struct Peers {
    pub(super) socket: Socket,
    /// In the order in which to try them. There is always one.
    pub(super) addresses: Vec<SocketAddr>,
}

/// Returns the addresses of the server and prints them, unless `host` is the address itself.
pub(super) async fn resolve(host: &Address) -> Result<Vec<SocketAddr>, NameError> {
    let resolved = host.resolve().await?;
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in &resolved.addresses {
        let usable = loopback_if_unspecified(*address);
        if addresses.contains(&usable) {
            continue;
        }
        if addresses.len() == MAX_ADDRESSES {
            warn(format_args!("{} has more addresses; only these are used", host.host));
            break;
        }
        if resolved.named || usable != *address {
            narrate!("{} resolves to {}", Printable::short(&host.host), usable.ip());
        }
        addresses.push(usable);
    }
    Ok(addresses)
}

/// Opens a socket for those of the addresses that this host can reach.
pub(super) async fn open(addresses: &[SocketAddr], connected: bool) -> Result<Peers, Error> {
    let (mut socket, mut usable) = (None::<Socket>, Vec::new());
    let mut failed = Vec::new();
    for address in addresses {
        let one = if connected {
            Socket::connected(*address).await
        } else {
            Socket::unconnected(*address).await
        };
        match one {
            Ok(one) => {
                // An unconnected socket reaches all addresses of its family.
                let is_new = connected || usable.iter().all(|peer| !same_family(peer, address));
                usable.push(*address);
                socket = match socket {
                    Some(socket) if is_new => Some(socket.and(one)),
                    Some(socket) => Some(socket),
                    None => Some(one),
                };
            }
            Err(error) => failed.push((*address, error)),
        }
    }
    if let Some(socket) = socket {
        for (address, error) in failed {
            warn(format_args!("cannot reach {address}: {error}"));
        }
        return Ok(Peers { socket, addresses: usable });
    }
    let (address, error) = failed.swap_remove(0);
    Err(Error::Unreachable(address, error))
}

fn same_family(one: &SocketAddr, other: &SocketAddr) -> bool {
    one.is_ipv4() == other.is_ipv4()
}
