//! The connections of the lab: their number and their time are limited, so that nobody can keep others out.

use super::page;
use crate::exit::is_exhausted;
use crate::output::{Count, narrate, warn};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// Maximum number of connections. One more ends the oldest.
const MAX_CONNECTIONS: usize = 256;

/// Maximum time to the end of a request's headers, from the beginning of the connection or the end of the previous
/// request.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// Maximum time for a connection, even if its reader is slow. A browser opens another one.
const MAX_LIFE: Duration = Duration::from_secs(60);

/// Pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(20);

/// Accepts and serves connections.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// The oldest first.
    open: VecDeque<AbortHandle>,
    /// Number of failures to accept because the system ran out of descriptors or memory.
    failures: u64,
}

impl Connections {
    /// Serves the page on `listener` until the future is dropped.
    pub(super) async fn serve(&mut self, listener: &TcpListener) -> ! {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    self.open.retain(|connection| !connection.is_finished());
                    if self.open.len() >= MAX_CONNECTIONS {
                        self.end_oldest();
                    }
                    self.open.push_back(tokio::spawn(serve(stream)).abort_handle());
                }
                Err(error) if is_exhausted(&error) => {
                    if self.failures == 0 {
                        warn(format_args!(
                            "cannot accept a connection: {error}; the oldest ones are closed"
                        ));
                    }
                    self.failures += 1;
                    self.end_oldest();
                    tokio::time::sleep(PAUSE).await;
                }
                // The client has gone already, for example.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn end_oldest(&mut self) {
        if let Some(oldest) = self.open.pop_front() {
            oldest.abort();
        }
    }

    /// Reports how often no connection could be accepted.
    pub(super) fn report(&self) {
        if self.failures > 0 {
            narrate!("{} to accept a connection", Count(self.failures, "failure"));
        }
    }
}

/// Serves one connection. Its errors concern nobody else.
async fn serve(stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async move {
        let response = page::respond(request.method(), request.uri(), request.headers());
        Ok::<Response<page::Body>, Infallible>(response)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(MAX_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(MAX_LIFE, connection).await;
}
