//! A UDP socket for a client or a server.

use super::sys;
use retrylab_core::trace::{Direction, HostId};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Maximum number of datagrams to discard at the end: more than a receive buffer of 64 MiB holds.
const MAX_DISCARDED: u64 = 100_000;

/// A socket for [`drive`](super::drive).
///
/// Its constructors need a running tokio runtime with I/O.
#[derive(Debug)]
pub struct Socket {
    /// One socket for each address of the host, the usual one first. There is always one.
    ends: Vec<End>,
    pub(super) host: HostId,
}

/// A socket of the system.
#[derive(Debug)]
struct End {
    io: UdpSocket,
    local: SocketAddr,
    /// Whom it is connected to.
    peer: Option<SocketAddr>,
    /// Number of datagrams lost so far, as the system counts them: modulo 2^32.
    lost: AtomicU32,
}

/// A datagram that was read into the driver's buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// Its length in bytes.
    pub(super) len: usize,
    /// Its sender.
    pub(super) from: SocketAddr,
    /// The host's address that it arrived at.
    pub(super) local: SocketAddr,
    /// Number of datagrams that the socket has lost before this one and that were not reported yet.
    pub(super) lost: u32,
}

/// Datagrams that arrived at a [`Socket`] and that no machine has handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unhandled {
    /// Number of datagrams that were waiting in the receive buffer.
    pub unread: u64,
    /// Number of datagrams that the system has lost, because the receive buffer was full, and that were not
    /// reported to the [`Observer`](super::Observer). Always 0 on systems other than Linux.
    pub lost: u64,
}

impl Socket {
    /// Creates a server's socket that is bound to `address`.
    ///
    /// An unspecified address (0.0.0.0 or `::`) stands for all addresses of the host. On Linux a datagram then
    /// arrives at the address that it was sent to, and a machine can send from that address.
    ///
    /// # Errors
    /// The errors of `bind`: the address is in use, not permitted, or not an address of this host.
    pub async fn serving(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { ends: vec![End::bound(address).await?], host: HostId::SERVER })
    }

    /// Creates a client's socket that receives only from `peer`, and is notified if nothing listens there
    /// (`connect` + `send`).
    ///
    /// # Errors
    /// The errors of `bind` and `connect`, such as an unreachable network.
    pub async fn connected(peer: SocketAddr) -> io::Result<Self> {
        let mut socket = Self::unconnected(peer).await?;
        let end = &mut socket.ends[0];
        end.io.connect(peer).await?;
        (end.local, end.peer) = (end.io.local_addr()?, Some(peer));
        Ok(socket)
    }

    /// Creates a client's socket that can send to `peer` and receives from any address (`sendto`).
    ///
    /// # Errors
    /// The errors of `bind`.
    pub async fn unconnected(peer: SocketAddr) -> io::Result<Self> {
        let any: IpAddr = match peer {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        Ok(Self { ends: vec![End::bound((any, 0).into()).await?], host: HostId::Client })
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
        self.ends.push(End::bound(address).await?);
        Ok(self)
    }

    /// Returns the address that the socket is bound to, with the actual port if port 0 was requested.
    ///
    /// # Errors
    /// The errors of `getsockname`.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.ends[0].io.local_addr()
    }

    /// Returns all addresses, the usual one first.
    ///
    /// # Errors
    /// The errors of `getsockname`.
    pub fn local_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.ends.iter().map(|end| end.io.local_addr()).collect()
    }

    /// Returns whom the usual address is connected to.
    pub(super) fn peer(&self) -> Option<SocketAddr> {
        self.ends[0].peer
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
        let interest = Interest::READABLE | Interest::ERROR;
        if let [only] = &self.ends[..] {
            return only.io.ready(interest).await.map(drop);
        }
        let mut all: Vec<_> =
            self.ends.iter().map(|end| Box::pin(end.io.ready(interest))).collect();
        std::future::poll_fn(|cx| {
            let ready = all.iter_mut().find_map(|ready| match ready.as_mut().poll(cx) {
                Poll::Ready(ready) => Some(ready.map(drop)),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Sends `bytes` to `to`, from `from` or from the usual address. Waits while the send buffer of the system
    /// is full. Returns `None` if `from` is not an address of the host.
    pub(super) async fn send(
        &self,
        bytes: &[u8],
        from: Option<SocketAddr>,
        to: SocketAddr,
    ) -> Option<io::Result<()>> {
        let Some(from) = from else { return Some(self.ends[0].send(bytes, None, to).await) };
        if let Some(end) = self.ends.iter().find(|end| end.local == from) {
            return Some(end.send(bytes, None, to).await);
        }
        let end = self.ends.iter().find(|end| end.includes(from))?;
        Some(end.send(bytes, Some(from), to).await)
    }

    /// Reads and discards the datagrams that have arrived since the driver stopped, and counts all that no
    /// machine has handled.
    pub fn discard(&self) -> Unhandled {
        let unread = self.ends.iter().map(End::discard).sum();
        Unhandled { unread, lost: self.lost().into() }
    }

    /// Returns how many datagrams the system has lost that were not reported yet. A datagram brings the count as
    /// of its arrival, so this finds the losses after the last one. It takes longer than receiving a datagram.
    pub(super) fn lost(&self) -> u32 {
        let lost = |end: &End| sys::lost(&end.io).map_or(0, |lost| end.newly_lost(lost));
        self.ends.iter().map(lost).fold(0, u32::saturating_add)
    }

    /// Returns a pending error or a datagram that has arrived. `turn` selects the socket to look at first, so
    /// that a busy one cannot starve the others.
    pub(super) fn receive(&self, buf: &mut [u8], turn: usize) -> io::Result<Received> {
        let count = self.ends.len();
        let mut result = Err(io::ErrorKind::WouldBlock.into());
        for i in 0..count {
            result = self.ends[turn.wrapping_add(i) % count].receive(buf);
            if !result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                break;
            }
        }
        result
    }
}

impl End {
    async fn bound(address: SocketAddr) -> io::Result<Self> {
        let io = UdpSocket::bind(address).await?;
        sys::prepare(&io)?;
        Ok(Self { local: io.local_addr()?, io, peer: None, lost: AtomicU32::new(0) })
    }

    /// Returns whether the socket is bound to all addresses of the host, `address` among them if it is one.
    fn includes(&self, address: SocketAddr) -> bool {
        self.local.ip().is_unspecified()
            && self.local.is_ipv4() == address.is_ipv4()
            && self.local.port() == address.port()
    }

    async fn send(&self, bytes: &[u8], from: Option<SocketAddr>, to: SocketAddr) -> io::Result<()> {
        // Some systems do not accept an address on a connected socket, even that of its peer.
        let to = Some(to).filter(|to| self.peer != Some(*to));
        loop {
            match sys::send(&self.io, bytes, from, to).await {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                sent => return sent,
            }
        }
    }

    fn receive(&self, buf: &mut [u8]) -> io::Result<Received> {
        self.check()?;
        let sys::Received { len, from, local, lost } = sys::receive(&self.io, buf)?;
        // The system has already checked the sender. Its address can differ from the requested one:
        // 127.0.0.1 answers for 0.0.0.0.
        let from = self.peer.unwrap_or(from);
        let asked = local.filter(|_| self.local.ip().is_unspecified());
        let local = asked.map_or(self.local, |mut asked| {
            asked.set_port(self.local.port());
            asked
        });
        let lost = lost.map_or(0, |lost| self.newly_lost(lost));
        Ok(Received { len, from, local, lost })
    }

    /// Returns how many datagrams were lost since the last call. The system has counted `lost`.
    fn newly_lost(&self, lost: u32) -> u32 {
        lost.wrapping_sub(self.lost.swap(lost, Ordering::Relaxed))
    }

    /// Reads and counts the datagrams that are waiting: no more than the receive buffer holds, even if new
    /// ones keep arriving.
    fn discard(&self) -> u64 {
        let (mut buf, mut count) = ([0; 1], 0);
        while count < MAX_DISCARDED && sys::read(&self.io, &mut buf).is_ok() {
            count += 1;
        }
        count
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
