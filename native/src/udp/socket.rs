//! A UDP socket for a client or a server.

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
    /// Creates a server's socket that is bound to `address`.
    ///
    /// # Errors
    /// The errors of `bind`: the address is in use, not permitted, or not an address of this host.
    pub async fn serving(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { io: UdpSocket::bind(address).await?, host: HostId::SERVER, peer: None })
    }

    /// Creates a client's socket that receives only from `peer`, and is notified if nothing listens there
    /// (`connect` + `send`).
    ///
    /// # Errors
    /// The errors of `bind` and `connect`, such as an unreachable network.
    pub async fn connected(peer: SocketAddr) -> io::Result<Self> {
        let socket = Self::unconnected(peer).await?;
        socket.io.connect(peer).await?;
        Ok(Self { peer: Some(peer), ..socket })
    }

    /// Creates a client's socket that can send to `peer` and receives from any address (`sendto`).
    ///
    /// # Errors
    /// The errors of `bind`.
    pub async fn unconnected(peer: SocketAddr) -> io::Result<Self> {
        let any: SocketAddr = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        Ok(Self { io: UdpSocket::bind(any).await?, host: HostId::Client, peer: None })
    }

    /// Returns the address that the socket is bound to, with the actual port if port 0 was requested.
    ///
    /// # Errors
    /// The errors of `getsockname`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// Returns the direction in which the socket sends.
    pub(super) const fn outward(&self) -> Direction {
        match self.host {
            HostId::Server(_) => Direction::Reply,
            HostId::Client | HostId::Link => Direction::Request,
        }
    }

    /// Returns the direction in which the socket receives.
    pub(super) const fn inward(&self) -> Direction {
        match self.outward() {
            Direction::Request => Direction::Reply,
            Direction::Reply => Direction::Request,
        }
    }

    /// Sends `bytes` to `to`. Waits while the send buffer of the system is full.
    pub(super) async fn send(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        loop {
            // Some systems do not accept an address on a connected socket, even that of its peer.
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

    /// Returns a pending error or a datagram that has arrived.
    pub(super) fn receive(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.check()?;
        let (len, from) = self.io.try_recv_from(buf)?;
        // The system has already checked the sender. Its address can differ from the requested one:
        // 127.0.0.1 answers for 0.0.0.0.
        Ok((len, self.peer.unwrap_or(from)))
    }

    /// Returns the pending error of the socket, such as a refusal.
    fn check(&self) -> io::Result<()> {
        let nothing = || io::Error::from(io::ErrorKind::WouldBlock);
        // tokio calls this only if it has seen an error event, and clears the event if there is no error.
        let error = self.io.try_io(Interest::ERROR, || -> io::Result<()> {
            Err(self.io.take_error()?.unwrap_or_else(nothing))
        });
        error.or_else(|error| match error.kind() {
            io::ErrorKind::WouldBlock => Ok(()),
            _ => Err(error),
        })
    }
}
