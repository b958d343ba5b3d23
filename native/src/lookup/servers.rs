//! Name servers: their addresses, the socket that reaches them, and the exchange with them.

use super::Error;
use super::session::Session;
use crate::address::{Address, loopback_if_unspecified};
use crate::dns_stream::{read_message, write_all};
use crate::output::{narrate, warn};
use crate::peers::{self, Peers};
use retrylab::clock::Clock;
use retrylab::udp::{self, Ended, Socket};
use retrylab_core::name::{Resolver, Truncated};
use retrylab_core::value::Printable;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Maximum time for one exchange over TCP.
const TCP_TIME: Duration = Duration::from_secs(10);

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
) -> Result<(), Error> {
    let mut answers: JoinSet<(Truncated, Option<Vec<u8>>)> = JoinSet::new();
    loop {
        // The driver may be stopped at any time; it continues with the machine's state.
        let answer = tokio::select! {
            Some(answer) = answers.join_next() => answer.ok(),
            ended = udp::drive(&mut *resolver, socket, clock, (), &mut *session) => match ended? {
                Ended::Finished => return Ok(()),
                Ended::Stopped => None,
            },
        };
        if let Some((truncated, answer)) = answer {
            resolver.handle_tcp(clock.now(), truncated, answer.as_deref());
        }
        for truncated in session.truncated.drain(..) {
            if let Some(query) = resolver.tcp_query(truncated) {
                answers.spawn(async move { (truncated, over_tcp(truncated, &query).await) });
            }
        }
    }
}

/// Returns the answer over TCP; `None` without one.
async fn over_tcp(truncated: Truncated, query: &[u8]) -> Option<Vec<u8>> {
    let exchange = async {
        let stream = TcpStream::connect(truncated.server).await?;
        write_all(&stream, query).await?;
        read_message(&stream, &mut Vec::new()).await
    };
    timeout(TCP_TIME, exchange).await.ok()?.ok()?
}
