//! Connects to the first of several addresses that answers: Happy Eyeballs, version 2 (RFC 8305).
//!
//! A name may have addresses that cannot be reached from here, and an attempt to connect to one of them may
//! fail only after minutes. So the attempts overlap: the next one starts when the previous one has failed or
//! has taken [`ATTEMPT_DELAY`], the first connection wins, and the other attempts are abandoned.
//!
//! The names have been resolved before: asking for the addresses of both families at the same time (RFC 8305
//! section 3) is the resolver's part.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use socket2::{Domain, Protocol, Socket, Type};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec;
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// Time that an attempt may take before the next one starts as well (RFC 8305 section 8, Connection Attempt
/// Delay).
pub const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// An attempt to connect to one address.
type Attempt<T> = Pin<Box<dyn Future<Output = (SocketAddr, io::Result<T>)> + Send>>;

/// An attempt that has begun, and the address of its end here. There is none if nothing was sent.
type Begun<T> = (Option<SocketAddr>, Attempt<T>);

/// Attempts to connect to the addresses of one server.
pub struct Race<T = TcpStream> {
    connect: fn(SocketAddr) -> Begun<T>,
    waiting: vec::IntoIter<SocketAddr>,
    attempts: FuturesUnordered<Attempt<T>>,
    /// The next attempt starts at once.
    is_next_due: bool,
    /// Ends when the next attempt starts, even if no other has failed.
    delay: Option<Pin<Box<Sleep>>>,
}

/// A step of a [`Race`].
#[derive(Debug)]
pub enum Step<T = TcpStream> {
    /// An attempt starts.
    Trying {
        /// Address of this end; `None` if the system refuses the attempt.
        local: Option<SocketAddr>,
        /// Address to connect to.
        peer: SocketAddr,
    },
    /// An attempt has failed.
    Failed(SocketAddr, io::Error),
    /// An attempt has succeeded. The race is over.
    Connected(T),
    /// All attempts have failed. The race is over.
    Lost,
}

impl Race {
    /// Starts with the addresses in their order of preference (RFC 6724), over TCP.
    #[must_use]
    pub fn new(addresses: &[SocketAddr]) -> Self {
        Self::with(addresses, connect)
    }
}

/// Begins to connect to `to`. Unlike [`TcpStream::connect`], it returns the address of this end at once.
fn connect(to: SocketAddr) -> Begun<TcpStream> {
    match begin(to) {
        Ok(stream) => {
            let local = stream.local_addr().ok();
            (local, Box::pin(async move { (to, connected(stream).await) }))
        }
        Err(error) => (None, Box::pin(async move { (to, Err(error)) })),
    }
}

fn begin(to: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&to.into()) {
        Err(error) if !is_in_progress(&error) => Err(error),
        _ => TcpStream::from_std(socket.into()),
    }
}

/// Returns whether a socket that does not block has begun to connect.
fn is_in_progress(error: &io::Error) -> bool {
    // EINPROGRESS, for which the standard library has no name; Windows reports `WouldBlock`.
    let number = if cfg!(any(target_os = "linux", target_os = "android")) { 115 } else { 36 };
    error.kind() == io::ErrorKind::WouldBlock || cfg!(unix) && error.raw_os_error() == Some(number)
}

/// Waits until a socket is connected, or the attempt has failed: it can be written to in both cases.
async fn connected(stream: TcpStream) -> io::Result<TcpStream> {
    stream.writable().await?;
    stream.take_error()?.map_or(Ok(stream), Err)
}

impl<T> Race<T> {
    fn with(addresses: &[SocketAddr], connect: fn(SocketAddr) -> Begun<T>) -> Self {
        let waiting = interleaved(addresses).into_iter();
        let attempts = FuturesUnordered::new();
        Self { connect, waiting, attempts, is_next_due: true, delay: None }
    }

    /// Waits for the next step. The future can be dropped at any time.
    pub async fn step(&mut self) -> Step<T> {
        poll_fn(|context| self.poll_step(context)).await
    }

    pub(super) fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<Step<T>> {
        loop {
            if std::mem::take(&mut self.is_next_due)
                && let Some(peer) = self.waiting.next()
            {
                let (local, attempt) = (self.connect)(peer);
                self.attempts.push(attempt);
                let is_last = self.waiting.len() == 0;
                self.delay = (!is_last).then(|| Box::pin(tokio::time::sleep(ATTEMPT_DELAY)));
                return Poll::Ready(Step::Trying { local, peer });
            }
            match self.attempts.poll_next_unpin(context) {
                Poll::Ready(Some((_, Ok(connection)))) => {
                    return Poll::Ready(Step::Connected(connection));
                }
                Poll::Ready(Some((address, Err(error)))) => {
                    self.is_next_due = true;
                    return Poll::Ready(Step::Failed(address, error));
                }
                Poll::Ready(None) => return Poll::Ready(Step::Lost),
                Poll::Pending => {}
            }
            let Some(delay) = &mut self.delay else { return Poll::Pending };
            ready!(delay.as_mut().poll(context));
            self.is_next_due = true;
        }
    }
}

/// Returns the addresses in the order in which to try them: the families alternate, beginning with that of
/// the first one (RFC 8305 section 4, with a First Address Family Count of 1).
fn interleaved(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_preferred = |address: &&SocketAddr| address.is_ipv4() == addresses[0].is_ipv4();
    let mut preferred = addresses.iter().filter(is_preferred);
    let mut other = addresses.iter().filter(|address| !is_preferred(address));
    let mut order = Vec::with_capacity(addresses.len());
    while order.len() < addresses.len() {
        order.extend(preferred.next());
        order.extend(other.next());
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::time::Instant;

    #[test]
    fn the_families_alternate() {
        let [a, b, c] = ["192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"].map(|s| s.parse().unwrap());
        let [x, y] = ["[2001:db8::1]:1", "[2001:db8::2]:1"].map(|s| s.parse().unwrap());
        let cases: [(&[SocketAddr], &[SocketAddr]); 7] = [
            (&[], &[]),
            (&[a], &[a]),
            (&[x, y, a, b], &[x, a, y, b]),
            (&[a, b, c, x], &[a, x, b, c]),
            (&[x, a, b, c], &[x, a, b, c]),
            (&[a, x, b, y], &[a, x, b, y]),
            (&[c, b, a], &[c, b, a]),
        ];
        for (given, order) in cases {
            assert_eq!(interleaved(given), order, "{given:?}");
        }
    }

    const SILENT: u8 = 0;
    const REFUSED: u8 = 1;
    const CONNECTS: u8 = 2;

    /// An attempt whose end is in the address: 192.0.2.SILENT and so on. Its connection is the port.
    fn attempt(to: SocketAddr) -> Begun<u16> {
        let IpAddr::V4(ip) = to.ip() else { unreachable!("the test uses IPv4") };
        let attempt = async move {
            match ip.octets()[3] {
                SILENT => std::future::pending().await,
                REFUSED => (to, Err(io::ErrorKind::ConnectionRefused.into())),
                _ => (to, Ok(to.port())),
            }
        };
        (None, Box::pin(attempt))
    }

    /// Races attempts that end like this; returns the steps and the time.
    fn race(ends: &[u8]) -> (String, Duration) {
        let addresses: Vec<SocketAddr> = (ends.iter().zip(1_u16..))
            .map(|(end, port)| SocketAddr::from(([192, 0, 2, *end], port)))
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut race = Race::with(&addresses, attempt);
            let begun = Instant::now();
            let mut steps = Vec::new();
            loop {
                steps.push(match race.step().await {
                    Step::Trying { peer, .. } => format!("try {}", peer.port()),
                    Step::Failed(address, _) => format!("{} failed", address.port()),
                    Step::Connected(port) => {
                        return (format!("{}, {port} won", steps.join(", ")), begun.elapsed());
                    }
                    Step::Lost => return (format!("{}, lost", steps.join(", ")), begun.elapsed()),
                });
            }
        })
    }

    #[test]
    fn the_next_attempt_starts_when_one_fails_or_takes_long() {
        let (steps, took) = race(&[CONNECTS, CONNECTS]);
        assert_eq!(steps, "try 1, 1 won");
        assert!(took < ATTEMPT_DELAY, "{took:?}");

        let (steps, took) = race(&[REFUSED, CONNECTS, CONNECTS]);
        assert_eq!(steps, "try 1, 1 failed, try 2, 2 won");
        assert!(took < ATTEMPT_DELAY, "the next attempt follows a failure at once: {took:?}");

        let (steps, took) = race(&[SILENT, SILENT, CONNECTS]);
        assert_eq!(steps, "try 1, try 2, try 3, 3 won");
        assert!(took >= 2 * ATTEMPT_DELAY, "{took:?}");

        let (steps, _) = race(&[SILENT, REFUSED, CONNECTS]);
        assert_eq!(steps, "try 1, try 2, 2 failed, try 3, 3 won");
    }

    #[test]
    fn it_is_lost_when_all_attempts_have_failed() {
        assert_eq!(race(&[]).0, ", lost");
        assert_eq!(race(&[REFUSED, REFUSED]).0, "try 1, 1 failed, try 2, 2 failed, lost");
    }
}
