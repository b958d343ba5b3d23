//! A UDP socket together with what it is to its machine.

use retrylab_core::trace::{Direction, HostId};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A socket for [`drive`](super::drive).
///
/// Its constructors need a running tokio runtime with I/O.
#[derive(Debug)]
pub struct Socket {
    pub(super) io: UdpSocket,
    pub(super) host: HostId,
    /// Whom it is connected to.
    pub(super) peer: Option<SocketAddr>,
}

impl Socket {
    /// A socket that answers whoever asks at `address`.
    ///
    /// # Errors
    /// Those of `bind`: the address is in use, not this machine's, or not permitted.
    pub async fn serving(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { io: UdpSocket::bind(address).await?, host: HostId::SERVER, peer: None })
    }

    /// A client's socket that hears `peer` only, and hears it when nobody listens there
    /// (`connect` + `send`).
    ///
    /// # Errors
    /// Those of `bind` and `connect`, such as an unreachable network.
    pub async fn connected(peer: SocketAddr) -> io::Result<Self> {
        let socket = Self::unconnected(peer).await?;
        socket.io.connect(peer).await?;
        Ok(Self { peer: Some(peer), ..socket })
    }

    /// A client's socket that can send to `peer`, and hears everyone (`sendto`).
    ///
    /// # Errors
    /// Those of `bind`.
    pub async fn unconnected(peer: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        Ok(Self { io: UdpSocket::bind(any).await?, host: HostId::Client, peer: None })
    }

    /// The address that it is bound to, with the real port where 0 was asked for.
    ///
    /// # Errors
    /// Those of `getsockname`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// The direction in which it sends.
    pub(super) const fn outward(&self) -> Direction {
        match self.host {
            HostId::Server(_) => Direction::Reply,
            HostId::Client | HostId::Link => Direction::Request,
        }
    }

    /// The direction in which it receives.
    pub(super) const fn inward(&self) -> Direction {
        match self.outward() {
            Direction::Request => Direction::Reply,
            Direction::Reply => Direction::Request,
        }
    }

    /// Sends `bytes` to `to`; waits while the system has no room for them.
    pub(super) async fn send(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        loop {
            // Some systems refuse an address on a connected socket, even its own peer's.
            let sent = match self.peer {
                Some(peer) if peer == to => self.io.send(bytes).await,
                _ => self.io.send_to(bytes, to).await,
            };
            match sent {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => return sent,
            }
        }
    }

    /// Takes an error or a datagram that has arrived.
    pub(super) fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.check()?;
        let (len, from) = self.io.try_recv_from(buf)?;
        // The system has already checked who it is from. Its own idea of the address may differ from
        // the one that was asked for: 0.0.0.0 is answered by 127.0.0.1.
        Ok((len, self.peer.unwrap_or(from)))
    }

    /// Takes the error that the network has left at the socket, such as a refusal.
    fn check(&self) -> io::Result<()> {
        let nothing = || io::Error::from(io::ErrorKind::WouldBlock);
        // tokio asks only if it has seen an error, and forgets it when there is none.
        let error = self.io.try_io(Interest::ERROR, || -> io::Result<()> {
            Err(self.io.take_error()?.unwrap_or_else(nothing))
        });
        error.or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock => Ok(()),
            _ => Err(error),
        })
    }
}
