//! Name servers: their addresses, the socket that reaches them, and the exchange with them.

use super::session::Session;
use super::{Error, over_tcp};
use crate::address::{Address, loopback_if_unspecified};
use crate::output::{narrate, warn};
use crate::pcapng::{Capture, StreamCapture};
use crate::peers::{self, Peers};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use retrylab::clock::Clock;
use retrylab::udp::{self, Ended, Socket};
use retrylab_core::name::Resolver;
use retrylab_core::trace::Sink as _;
use retrylab_core::value::Printable;
use std::net::SocketAddr;

/// Returns the address of each server: of a name with several, the first one.
pub(super) async fn resolve(servers: &[Address]) -> Result<Vec<SocketAddr>, Error> {
    let mut addresses = Vec::new();
    for server in servers {
        let resolved = server.resolve().await?;
        let address = loopback_if_unspecified(resolved.addresses[0]);
        if resolved.named {
            narrate!("{} resolves to {}", Printable::short(&server.host), address.ip());
        }
        addresses.push(address);
    }
    Ok(addresses)
}

/// Opens a socket that receives from these servers only, and returns those that this host can reach.
pub(super) async fn open(servers: &[SocketAddr]) -> Result<Peers, Error> {
    let (peers, mut failed) = peers::open(servers, true).await;
    for (server, error) in &failed {
        warn(format_args!("cannot reach the name server {server}: {error}"));
    }
    peers.ok_or_else(|| {
        let (server, error) = failed.swap_remove(failed.len() - 1);
        Error::Unreachable(server, error)
    })
}

/// Runs the resolver until the lookup ends. While an answer comes over TCP, the schedule over UDP continues.
pub(super) async fn ask(
    resolver: &mut Resolver,
    socket: &Socket,
    clock: Clock,
    session: &mut Session,
    capture: &mut Option<Capture>,
) -> Result<(), Error> {
    let mut answers = FuturesUnordered::new();
    loop {
        for truncated in session.truncated.drain(..) {
            let Some(query) = resolver.tcp_query(truncated) else { continue };
            let streams = StreamCapture::of(capture.as_ref(), "client");
            let asked = over_tcp::ask(truncated.server, query, clock, streams);
            answers.push(async move { (truncated, asked.await) });
        }
        // The driver may be stopped at any time; it continues with the machine's state.
        let answer = tokio::select! {
            Some(answer) = answers.next() => Some(answer),
            ended = udp::drive(&mut *resolver, socket, clock, &mut *capture, &mut *session) => match ended? {
                Ended::Finished => return Ok(()),
                Ended::Stopped => None,
            },
        };
        // The driver may have stopped within an input.
        capture.settle();
        if let Some((truncated, answer)) = answer {
            resolver.handle_tcp(clock.now(), truncated, answer.as_deref());
        }
    }
}
