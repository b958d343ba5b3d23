//! A UDP socket for a client or a server.

use super::errors::{Class, Report, class_of};
use super::observer::Trouble;
use super::sys;
use retrylab_core::trace::{Direction, HostId};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::Poll;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// Maximum number of datagrams to discard at the end: more than a receive buffer of 64 MiB holds.
const MAX_DISCARDED: u64 = 100_000;

/// Maximum number of earlier problems that one send clears away before it is tried again.
const MAX_PROBLEMS: u32 = 64;

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
    /// The address that it was bound to.
    local: SocketAddr,
    /// Whom it is connected to, or will be as soon as there is a route.
    peer: Option<SocketAddr>,
    is_connected: AtomicBool,
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

/// Something that the socket has instead of a datagram.
#[derive(Debug)]
pub(super) struct Problem {
    /// The host that cannot be reached, if it is known.
    pub(super) peer: Option<SocketAddr>,
    /// [`Trouble::Receive`] or [`Trouble::Report`].
    pub(super) trouble: Trouble,
}

impl Problem {
    /// Returns whether there is nothing to receive, and no error either.
    pub(super) fn is_nothing(&self) -> bool {
        use io::ErrorKind as K;
        let Trouble::Receive(error) = &self.trouble else { return false };
        matches!(error.kind(), K::WouldBlock | K::Interrupted)
    }
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
    /// The errors of `bind`, and those of `connect` that are not [transient](super::Class::Transient).
    pub async fn connected(peer: SocketAddr) -> io::Result<Self> {
        let mut socket = Self::unconnected(peer).await?;
        let end = &mut socket.ends[0];
        end.peer = Some(peer);
        match end.connect().await {
            Err(error) if class_of(&error) != Class::Transient => Err(error),
            // The next send tries again.
            _ => Ok(socket),
        }
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

    /// Adds the addresses of another socket of the same host: of a client whose server has several addresses.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.ends.extend(other.ends);
        self
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
    /// is full. Adds the problems of datagrams sent earlier to `problems`, if the system reports them instead of
    /// sending. Returns `None` if `from` is not an address of the host.
    pub(super) async fn send(
        &self,
        bytes: &[u8],
        from: Option<SocketAddr>,
        to: SocketAddr,
        problems: &mut Vec<Problem>,
    ) -> Option<io::Result<()>> {
        let Some(from) = from else {
            return Some(self.usual_end(to).send(bytes, None, to, problems).await);
        };
        if let Some(end) = self.ends.iter().find(|end| end.local == from) {
            return Some(end.send(bytes, None, to, problems).await);
        }
        let end = self.ends.iter().find(|end| end.includes(from))?;
        Some(end.send(bytes, Some(from), to, problems).await)
    }

    /// Returns the socket that sends to `to` unless an address is named: the one that is connected to it, or the
    /// first one that can reach its family.
    fn usual_end(&self, to: SocketAddr) -> &End {
        let connected = self.ends.iter().find(|end| end.peer == Some(to));
        let family = |end: &&End| end.peer.is_none() && end.local.is_ipv4() == to.is_ipv4();
        connected.or_else(|| self.ends.iter().find(family)).unwrap_or(&self.ends[0])
    }

    /// Returns the source address of a datagram from `from`, or from the usual address, to `to`. The system selects it
    /// if the socket is bound to all addresses of the host.
    pub(super) fn source(&self, from: Option<SocketAddr>, to: SocketAddr) -> SocketAddr {
        let end = self.usual_end(to);
        let mut source = from.or_else(|| end.io.local_addr().ok()).unwrap_or(end.local);
        if source.ip().to_canonical().is_unspecified()
            && let Ok(route) = route(source.ip(), to)
        {
            source.set_ip(route.ip());
        }
        source
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

    /// Returns a datagram that has arrived, or the problem that there is instead. `turn` selects the socket to
    /// look at first, so that a busy one cannot starve the others.
    pub(super) fn receive(&self, buf: &mut [u8], turn: usize) -> Result<Received, Problem> {
        let count = self.ends.len();
        let mut result = self.ends[turn % count].receive(buf);
        for i in 1..count {
            if !result.as_ref().is_err_and(Problem::is_nothing) {
                break;
            }
            result = self.ends[turn.wrapping_add(i) % count].receive(buf);
        }
        result
    }
}

/// Returns the address from which the system would send to `to`. Connecting a UDP socket sends nothing.
fn route(any: IpAddr, to: SocketAddr) -> io::Result<SocketAddr> {
    let socket = std::net::UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    socket.local_addr()
}

impl End {
    /// Returns whether the socket is bound to all addresses of the host, or to all over IPv4.
    fn is_unspecified(&self) -> bool {
        self.local.ip().to_canonical().is_unspecified()
    }

    async fn bound(address: SocketAddr) -> io::Result<Self> {
        let io = UdpSocket::bind(address).await?;
        sys::prepare(&io)?;
        let (is_connected, lost) = (AtomicBool::new(false), AtomicU32::new(0));
        Ok(Self { local: io.local_addr()?, io, peer: None, is_connected, lost })
    }

    /// Returns whether the socket is bound to all addresses of the host, `address` among them if it is one.
    fn includes(&self, address: SocketAddr) -> bool {
        self.is_unspecified()
            && self.local.is_ipv4() == address.is_ipv4()
            && self.local.port() == address.port()
    }

    /// Connects the socket if it has a peer and is not connected yet.
    async fn connect(&self) -> io::Result<()> {
        if let (Some(peer), false) = (self.peer, self.is_connected()) {
            self.io.connect(peer).await?;
            self.is_connected.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    fn is_connected(&self) -> bool {
        self.is_connected.load(Ordering::Relaxed)
    }

    async fn send(
        &self,
        bytes: &[u8],
        from: Option<SocketAddr>,
        to: SocketAddr,
        problems: &mut Vec<Problem>,
    ) -> io::Result<()> {
        self.connect().await?;
        // Some systems do not accept an address on a connected socket, even that of its peer.
        let to = Some(to).filter(|to| self.peer != Some(*to));
        let mut sent = sys::send(&self.io, bytes, from, to).await;
        for _ in 0..MAX_PROBLEMS {
            match &sent {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => match sys::problem_now(&self.io) {
                    Some(problem) => problems.push(self.problem(problem)),
                    None => break,
                },
                Ok(()) => break,
            }
            sent = sys::send(&self.io, bytes, from, to).await;
        }
        sent
    }

    fn receive(&self, buf: &mut [u8]) -> Result<Received, Problem> {
        if let Some(problem) = sys::problem(&self.io) {
            return Err(self.problem(problem));
        }
        let received = sys::receive(&self.io, buf).map_err(|error| self.failure(error));
        let sys::Received { len, from, local, lost } = received?;
        // The system has already checked the sender. Its address can differ from the requested one:
        // 127.0.0.1 answers for 0.0.0.0.
        let from = self.peer.filter(|_| self.is_connected()).unwrap_or(from);
        let asked = local.filter(|_| self.is_unspecified());
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

    /// Returns the problem behind an error of `recvmsg`. A report that has just come in causes an error as well: it says more, and
    /// counts once.
    fn failure(&self, error: io::Error) -> Problem {
        let problem = self.problem(sys::Problem::System(error));
        if problem.is_nothing() {
            return problem;
        }
        sys::problem_now(&self.io).map_or(problem, |report| self.problem(report))
    }

    fn problem(&self, problem: sys::Problem) -> Problem {
        let peer = self.peer;
        match problem {
            sys::Problem::Report(report) => {
                let to = peer.unwrap_or(report.to);
                Problem { peer: Some(to), trouble: Trouble::Report(Report { to, ..report }) }
            }
            sys::Problem::System(error) => Problem { peer, trouble: Trouble::Receive(error) },
        }
    }
}
