//! The name server's connections, with their limits.

use super::report::Report;
use crate::dns_stream::{read_message, write_all};
use crate::output::warn;
use retrylab_core::name::{Transport, Zone, frame};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

/// Maximum number of connections. A new one takes the place of the oldest one, so that clients that hold their
/// connections cannot keep others out.
pub(crate) const MAX_CONNECTIONS: usize = 256;

/// Maximum time without progress: to wait for a query, or for the client to read its reply.
pub(crate) const IDLE: Duration = Duration::from_secs(10);

/// Maximum time of a connection.
pub(crate) const TOTAL: Duration = Duration::from_secs(60);

/// Maximum number of bytes of queries on one connection.
pub(crate) const MAX_BYTES: usize = 128 << 10;

/// Time for queries that have begun to arrive when the server stops.
const GRACE: Duration = Duration::from_millis(500);

/// Pause after an error of `accept`, for example because descriptors have run out.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections and answers the queries on them.
#[derive(Debug)]
pub(super) struct Connections {
    listener: TcpListener,
    zone: Arc<Zone>,
    report: Report,
    tasks: JoinSet<()>,
    /// In the order of their arrival.
    handles: VecDeque<AbortHandle>,
    /// True when the server stops.
    stop: watch::Sender<bool>,
    warned: bool,
}

impl Connections {
    pub(super) fn new(listener: TcpListener, zone: Arc<Zone>, report: Report) -> Self {
        let (tasks, handles, stop) = (JoinSet::new(), VecDeque::new(), watch::Sender::new(false));
        Self { listener, zone, report, tasks, handles, stop, warned: false }
    }

    /// Accepts connections.
    pub(super) async fn accept(&mut self) -> Infallible {
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => self.serve(stream, peer),
                Err(error) => {
                    if !std::mem::replace(&mut self.warned, true) {
                        warn(format_args!("cannot accept a connection for DNS: {error}"));
                    }
                    self.close_oldest();
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Lets the queries that have begun to arrive finish.
    pub(super) async fn finish(mut self) {
        drop(self.listener);
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(GRACE, finished).await;
    }

    fn serve(&mut self, stream: TcpStream, peer: SocketAddr) {
        while self.tasks.try_join_next().is_some() {}
        self.handles.retain(|handle| !handle.is_finished());
        if self.handles.len() >= MAX_CONNECTIONS {
            self.close_oldest();
        }
        self.report.connected();
        let (zone, report) = (Arc::clone(&self.zone), self.report.clone());
        let connection = Connection { stream, peer, zone, report, stop: self.stop.subscribe() };
        let run = async move {
            // An error is the client's: it closed the connection, or was too slow.
            let _ = timeout(TOTAL, connection.run()).await;
        };
        self.handles.push_back(self.tasks.spawn(run));
    }

    fn close_oldest(&mut self) {
        if let Some(oldest) = self.handles.pop_front() {
            oldest.abort();
            self.report.closed_early();
        }
    }
}

struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    zone: Arc<Zone>,
    report: Report,
    stop: watch::Receiver<bool>,
}

impl Connection {
    /// Answers queries in their order until the client closes the connection or exceeds a limit.
    async fn run(mut self) -> io::Result<()> {
        let (mut buffer, mut bytes) = (Vec::new(), 0);
        while bytes < MAX_BYTES {
            let Some(query) = self.query(&mut buffer).await? else { return Ok(()) };
            bytes += query.len() + 2;
            let reply = self.zone.reply(&query, Transport::Tcp);
            let handled = reply.as_ref().map(|(reply, handled)| (*handled, reply.len()));
            self.report.query(Transport::Tcp, self.peer, &query, handled);
            // What is not a query is followed by nothing better.
            let Some(reply) = reply.and_then(|(reply, _)| frame(&reply)) else { return Ok(()) };
            timeout(IDLE, write_all(&self.stream, &reply)).await??;
        }
        Ok(())
    }

    /// Returns the next query; `None` at the end of the connection, or if the server stops and none has begun.
    async fn query(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        let stopped = *self.stop.borrow();
        if !stopped {
            tokio::select! {
                biased;
                query = timeout(IDLE, read_message(&self.stream, buffer)) => return query?,
                _ = self.stop.changed() => {}
            }
        }
        if buffer.is_empty() {
            return Ok(None);
        }
        timeout(IDLE, read_message(&self.stream, buffer)).await?
    }
}
