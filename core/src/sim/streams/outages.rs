//! When a server goes down and comes back.

use crate::server::service;
use crate::time::Instant;

/// The outages of a server, and whether it is down.
#[derive(Debug, Default)]
pub(super) struct Outages {
    config: service::Config,
    /// Number of times that the server has gone down or come back.
    switched: usize,
    /// Whether the server keeps its connections, while it is down.
    pub(super) down: Option<bool>,
}

impl Outages {
    pub(super) fn new(outages: &[service::Outage]) -> Self {
        let config = service::Config { outages: outages.to_vec(), ..service::Config::default() };
        Self { config, switched: 0, down: None }
    }

    pub(super) const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Returns whether the server is down and keeps no connections; nor does it listen then.
    pub(super) fn has_lost_connections(&self) -> bool {
        self.down == Some(false)
    }

    /// Returns when the server goes down or comes back next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.config.switch(self.switched).map(|(at, _)| at)
    }

    /// Returns the next time, if it is due: whether the server then goes down, and keeps its connections, or comes back.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Option<bool>> {
        let (_, down) = self.config.switch(self.switched).filter(|(at, _)| *at <= now)?;
        self.switched += 1;
        Some(down)
    }
}
