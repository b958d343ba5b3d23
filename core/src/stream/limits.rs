//! What a server allows its clients.

use super::{RELEASE, RELEASE_TIMER};
use crate::machine::Timer;
use crate::time::Duration;
use crate::trace::Limit;
use crate::value::setters;

/// Limits of a [`Server`](super::Server), so that no client can exhaust it or block another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum number of connections. When one more is accepted, the server breaks the connection whose
    /// time would be over first, which is one of those that have been silent for longest.
    pub connections: usize,
    /// Maximum number of bytes received on one connection. The server breaks a connection that exceeds it.
    pub bytes: u64,
    /// Maximum time in which no byte arrives and none is sent.
    pub idle: Duration,
    /// Maximum time from the start of a connection to its end.
    pub total: Duration,
    /// Maximum time for which the server, having finished, waits for its client to finish, too.
    pub release: Duration,
}

/// Returns 1,024 connections of 16 MiB each, with 10 s of silence, 60 s in total, and 1 s to release.
impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            bytes: 16 << 20,
            idle: Duration::from_secs(10),
            total: Duration::from_secs(60),
            release: RELEASE,
        }
    }
}

setters! {
    Limits {
        with_connections: connections: usize,
        with_bytes: bytes: u64,
        with_idle: idle: Duration,
        with_total: total: Duration,
        with_release: release: Duration,
    }
}

/// Returns the timer that runs until the limit is reached.
pub(super) const fn timer_of(limit: Limit) -> Timer {
    match limit {
        Limit::Release => RELEASE_TIMER,
        Limit::Total => Timer::Other(&"total time"),
        Limit::Idle | Limit::Connections | Limit::Bytes => Timer::Other(&"idle"),
    }
}
