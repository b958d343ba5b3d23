//! A UDP socket for a client or a server.

use retrylab_core::trace::{Direction, HostId};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// A socket for [`drive`](super::drive).
///
/// Its constructors need a running tokio runtime with I/O.
#[derive(Debug)]
pub struct Socket {
    pub(super) io: UdpSocket,
    /// Sockets of the host's other addresses, with these addresses.
    others: Vec<(SocketAddr, UdpSocket)>,
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
        let io = UdpSocket::bind(address).await?;
        Ok(Self { io, others: Vec::new(), host: HostId::SERVER, peer: None })
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
        let io = UdpSocket::bind(any).await?;
        Ok(Self { io, others: Vec::new(), host: HostId::Client, peer: None })
    }

    /// Adds another address, which gets a socket of its own. It receives from any address, also at a client that
    /// is otherwise connected.
    ///
    /// The first address is the usual one. A machine names another one with
    /// [`Transmit::sent_from`](retrylab_core::machine::Transmit::sent_from), as [`local_addrs`](Self::local_addrs)
    /// returns it. Datagrams at different addresses may be received in another order than they arrived in.
    ///
    /// # Errors
    /// The errors of `bind`: the address is in use, not permitted, or not an address of this host.
    pub async fn also_at(mut self, address: SocketAddr) -> io::Result<Self> {
        let io = UdpSocket::bind(address).await?;
        self.others.push((io.local_addr()?, io));
        Ok(self)
    }

    /// Returns the address that the socket is bound to, with the actual port if port 0 was requested.
    ///
    /// # Errors
    /// The errors of `getsockname`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// Returns all addresses, the usual one first.
    ///
    /// # Errors
    /// The errors of `getsockname`.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        let others = self.others.iter().map(|(address, _)| *address);
        Ok([self.local_addr()?].into_iter().chain(others).collect())
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

    /// Waits until one of the sockets probably has a datagram or an error.
    pub(super) async fn ready(&self) -> io::Result<()> {
        // A pending error, such as a refusal, does not make a socket readable.
        let first = self.io.ready(Interest::READABLE | Interest::ERROR);
        if self.others.is_empty() {
            return first.await.map(drop);
        }
        let others = std::future::poll_fn(|cx| {
            let ready = self.others.iter().find_map(|(_, io)| match io.poll_recv_ready(cx) {
                Poll::Ready(ready) => Some(ready),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        });
        tokio::select! {
            ready = first => ready.map(drop),
            ready = others => ready,
        }
    }

    /// Sends `bytes` to `to`, from `from` or from the usual address. Waits while the send buffer of the system
    /// is full. Returns `None` if no socket has the address `from`.
    pub(super) async fn send(
        &self,
        bytes: &[u8],
        from: Option<SocketAddr>,
        to: SocketAddr,
    ) -> Option<io::Result<usize>> {
        let other = match from {
            Some(from) if self.io.local_addr().ok() != Some(from) => {
                Some(self.others.iter().find(|(own, _)| *own == from).map(|(_, io)| io)?)
            }
            _ => None,
        };
        Some(self.send_on(other, bytes, to).await)
    }

    async fn send_on(
        &self,
        other: Option<&UdpSocket>,
        bytes: &[u8],
        to: SocketAddr,
    ) -> io::Result<usize> {
        loop {
            // Some systems do not accept an address on a connected socket, even that of its peer.
            let sent = match (other, self.peer) {
                (None, Some(peer)) if peer == to => self.io.send(bytes).await,
                (other, _) => other.unwrap_or(&self.io).send_to(bytes, to).await,
            };
            match sent {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => return sent,
            }
        }
    }

    /// Returns a pending error or a datagram that has arrived: its length, its sender, and at which of the other
    /// addresses. `turn` selects the socket to look at first, so that a busy one cannot starve the others.
    pub(super) fn receive(
        &self,
        buf: &mut [u8],
        turn: usize,
    ) -> io::Result<(usize, SocketAddr, Option<SocketAddr>)> {
        let count = self.others.len() + 1;
        let mut result = Err(io::ErrorKind::WouldBlock.into());
        for i in 0..count {
            result = match turn.wrapping_add(i) % count {
                0 => self.receive_first(buf).map(|(len, from)| (len, from, None)),
                other => {
                    let (own, io) = &self.others[other - 1];
                    io.try_recv_from(buf).map(|(len, from)| (len, from, Some(*own)))
                }
            };
            if !result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                break;
            }
        }
        result
    }

    fn receive_first(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
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
