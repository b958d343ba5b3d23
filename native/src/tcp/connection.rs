//! One connection: its socket, the bytes that wait to be sent, and what its driver waits for.

use futures_util::future::{AbortHandle, Abortable, abortable};
use retrylab_core::stream::ConnectionId;
use socket2::SockRef;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// Waits until a socket probably has bytes to read, or takes bytes.
#[derive(Debug)]
pub(super) struct Wait {
    id: ConnectionId,
    way: Way,
    stream: Arc<TcpStream>,
}

impl Future for Wait {
    type Output = (ConnectionId, Way);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ready = match self.way {
            Way::In => self.stream.poll_read_ready(context),
            Way::Out => self.stream.poll_write_ready(context),
        };
        // An error shows again when the socket is used.
        ready.map(|_| (self.id, self.way))
    }
}

/// A wait that ends early if its connection is dropped.
pub(super) type Waiting = Abortable<Wait>;

/// A connection. Dropping it closes the socket.
#[derive(Debug)]
pub(super) struct Connection {
    id: ConnectionId,
    stream: Arc<TcpStream>,
    /// Bytes to send, of which the first `sent` are gone.
    unsent: Vec<u8>,
    sent: usize,
    /// This end sends nothing after `unsent`.
    pub(super) finishing: bool,
    /// This end's direction is closed.
    pub(super) is_finished: bool,
    /// The peer's direction is closed.
    pub(super) peer_finished: bool,
    waits: [Option<AbortHandle>; 2],
}

impl Connection {
    pub(super) fn new(id: ConnectionId, stream: TcpStream) -> Self {
        // Segments leave at once: the endpoint writes whole messages. A socket without the option works, too.
        let _ = stream.set_nodelay(true);
        Self {
            id,
            stream: Arc::new(stream),
            unsent: Vec::new(),
            sent: 0,
            finishing: false,
            is_finished: false,
            peer_finished: false,
            waits: [None, None],
        }
    }

    /// Returns a wait, unless there is one already.
    pub(super) fn wait(&mut self, way: Way) -> Option<Waiting> {
        let handle = &mut self.waits[way as usize];
        if handle.is_some() {
            return None;
        }
        let wait = Wait { id: self.id, way, stream: Arc::clone(&self.stream) };
        let (waiting, abort) = abortable(wait);
        *handle = Some(abort);
        Some(waiting)
    }

    /// Notes that a wait is over.
    pub(super) fn woken(&mut self, way: Way) {
        self.waits[way as usize] = None;
    }

    /// Reads bytes that have arrived into `buf`; 0 at the end of the peer's bytes.
    ///
    /// # Errors
    /// Those of the socket; `WouldBlock` if there are no bytes.
    pub(super) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        retry(|| self.stream.try_read(buf))
    }

    /// Takes bytes to send.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
    }

    /// Returns the bytes that wait to be sent.
    pub(super) fn unsent(&self) -> &[u8] {
        &self.unsent[self.sent..]
    }

    /// Passes bytes to the socket; returns how many it has accepted.
    ///
    /// # Errors
    /// Those of the socket; `WouldBlock` if its buffer is full.
    pub(super) fn write(&self) -> io::Result<usize> {
        retry(|| self.stream.try_write(self.unsent()))
    }

    /// Forgets the first `count` bytes that wait to be sent.
    pub(super) fn forget(&mut self, count: usize) {
        self.sent += count;
        if self.sent >= self.unsent.len() {
            self.unsent.clear();
            self.sent = 0;
        } else if self.sent >= COMPACT {
            self.unsent.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Closes this end's direction.
    ///
    /// # Errors
    /// Those of the socket, if the connection is broken.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.is_finished = true;
        SockRef::from(&*self.stream).shutdown(Shutdown::Write)
    }

    /// Gives the connection up: the peer gets a reset.
    pub(super) fn abort(self) {
        // The socket sends a reset instead of what it still has. If it refuses, it is closed all the same.
        let _ = self.stream.set_zero_linger();
    }
}

/// Number of sent bytes from which on the rest is moved to the front of the buffer.
const COMPACT: usize = 1 << 16;

impl Drop for Connection {
    fn drop(&mut self) {
        // The waits hold the socket, too.
        self.waits.iter().flatten().for_each(AbortHandle::abort);
    }
}

fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
