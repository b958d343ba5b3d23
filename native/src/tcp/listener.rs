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

/// A socket that accepts connections.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
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
        Ok(Self { socket: socket.listen(BACKLOG)?, paused: None })
    }

    /// Returns the address on which it listens.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits for a connection. After a failure, the next call pauses first. The future can be dropped at any time.
    ///
    /// # Errors
    /// If descriptors or memory have run out. The connection waits on.
    pub(super) async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        if let Some(end) = self.paused {
            tokio::time::sleep_until(end).await;
            self.paused = None;
        }
        loop {
            match self.socket.accept().await {
                Ok(accepted) => return Ok(accepted),
                // The client has gone already.
                Err(error) if is_of_client(&error) => {}
                Err(error) => {
                    self.paused = Some(Instant::now() + PAUSE);
                    return Err(error);
                }
            }
        }
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
