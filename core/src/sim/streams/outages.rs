//! A server that goes down and comes back.

use super::StreamNetwork;
use super::network::context;
use crate::server::service;
use crate::stream::Endpoint;
use crate::time::Instant;
use crate::trace::{HostId, Sink, What};

/// The outages of a server, and whether it is down.
#[derive(Debug, Default)]
pub(super) struct Outages {
    config: service::Config,
    /// Number of times that the server has gone down or come back.
    switched: usize,
    /// Whether the server keeps its connections, while it is down.
    down: Option<bool>,
}

impl Outages {
    pub(super) fn new(outages: &[service::Outage]) -> Self {
        let config = service::Config { outages: outages.to_vec(), ..service::Config::default() };
        Self { config, switched: 0, down: None }
    }

    pub(super) const fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Returns when the server goes down or comes back next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.config.switch(self.switched).map(|(at, _)| at)
    }
}

impl<C, S, K> StreamNetwork<C, S, K>
where
    C: Endpoint<Event: Into<What>>,
    S: Endpoint,
    K: Sink,
{
    /// Lets the server go down and come back as often as is due, and waits for the next time.
    pub(super) fn switch(&mut self) {
        while let Some((at, down)) = self.outages.config.switch(self.outages.switched)
            && at <= self.wire.now
        {
            self.outages.switched += 1;
            match down {
                Some(keeps) => self.go_down(keeps),
                None => self.come_back(),
            }
        }
        if let Some(next) = self.outages.next() {
            let id = self.id_of_outage();
            self.wire.wake_at(id, next);
        }
    }

    /// The host stops: it sends nothing and loses what arrives. Unless it keeps its connections, nothing is left of them.
    fn go_down(&mut self, keeps: bool) {
        self.outages.down = Some(keeps);
        self.wire.record(context(HostId::SERVER, 0), What::Down { keeps_queue: keeps });
        if keeps {
            return;
        }
        let Self { server, sides, stacks, wire, .. } = self;
        for (side, flow) in sides.iter_mut().zip(1..) {
            side.crash(stacks.server_stack(flow), &mut server.endpoint, wire.now);
        }
        self.record_server_events(context(HostId::SERVER, 0));
        self.flows.clear();
    }

    fn come_back(&mut self) {
        let keeps = self.outages.down.take().unwrap_or(true);
        self.wire.record(context(HostId::SERVER, 0), What::Up);
        for flow in 1..=self.sides.len() as u32 {
            if self.listens && !keeps {
                self.sides[flow as usize - 1].listen(self.stacks.server_stack(flow));
            }
            self.settle_server(flow);
        }
    }
}
