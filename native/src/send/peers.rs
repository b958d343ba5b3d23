//! Reports what is found out about the addresses of the server.

use super::Error;
use crate::address::{Address, NameError};
use crate::output::{narrate, warn};
use crate::peers::{self, MAX_ADDRESSES, Peers};
use retrylab_core::value::Printable;
use std::net::SocketAddr;

/// Returns the addresses of the server and prints them, unless `host` is the address itself.
pub(super) async fn resolve(host: &Address) -> Result<Vec<SocketAddr>, NameError> {
    let resolved = host.resolve().await?;
    let mut addresses = peers::destinations(&resolved);
    for address in addresses.iter().take(MAX_ADDRESSES) {
        if resolved.named || !resolved.addresses.contains(address) {
            narrate!("{} resolves to {}", Printable::short(&host.host), address.ip());
        }
    }
    if addresses.len() > MAX_ADDRESSES {
        warn(format_args!("{} has more addresses; only these are used", host.host));
        addresses.truncate(MAX_ADDRESSES);
    }
    Ok(addresses)
}

/// Opens a socket for those of the addresses that this host can reach.
pub(super) async fn open(addresses: &[SocketAddr], connected: bool) -> Result<Peers, Error> {
    let (peers, mut failed) = peers::open(addresses, connected).await;
    let Some(peers) = peers else {
        let (address, error) = failed.swap_remove(0);
        return Err(Error::Unreachable(address, error));
    };
    for (address, error) in failed {
        warn(format_args!("cannot reach {address}: {error}"));
    }
    Ok(peers)
}
