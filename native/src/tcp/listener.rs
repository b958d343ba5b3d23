//! A listening socket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::Instant;

/// Number of connections that wait to be accepted. Linux reduces it to `net.core.somaxconn`.
const BACKLOG: u32 = 4_096;

/// Pause after a connection could not be accepted: mostly, descriptors have run out, and connections must end first.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection that was accepted, and the addresses of its ends.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
}

/// A socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// End of a pause in which it accepts nothing.
    paused: Option<Instant>,
}

impl Listener {
    /// Listens on `address`.
    ///
    /// # Errors
    /// If the address is in use, not permitted or not one of this host, or descriptors run out.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A server can be started again while connections of the previous one still wait for late segments
        // (RFC 9293 section 3.6.1). On Windows the option would allow two servers on one port.
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let socket = socket.listen(BACKLOG)?;
        Ok(Self { address: socket.local_addr()?, socket, paused: None })
    }

    /// Returns the address on which it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a connection. After a failure, the next call pauses first. The future can be dropped at any time.
    ///
    /// # Errors
    /// If descriptors or memory have run out. The connection waits on.
    pub(super) async fn accept(&mut self) -> io::Result<Accepted> {
        if let Some(end) = self.paused {
            tokio::time::sleep_until(end).await;
            self.paused = None;
        }
        loop {
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    let local = self.local_of(&stream);
                    return Ok(Accepted { stream, local, peer });
                }
                // The client has gone already.
                Err(error) if is_of_client(&error) => {}
                Err(error) => {
                    self.paused = Some(Instant::now() + PAUSE);
                    return Err(error);
                }
            }
        }
    }

    /// Returns the address of this end. Only a listener on all addresses has to ask the system.
    fn local_of(&self, stream: &TcpStream) -> SocketAddr {
        if !self.address.ip().is_unspecified() {
            return self.address;
        }
        stream.local_addr().unwrap_or(self.address)
    }
}

/// Returns whether the error concerns one client only. Linux passes errors of the network on (accept(2)).
fn is_of_client(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::ConnectionAborted
            | K::ConnectionReset
            | K::HostUnreachable
            | K::Interrupted
            | K::NetworkDown
            | K::NetworkUnreachable
            | K::TimedOut
    )
}
