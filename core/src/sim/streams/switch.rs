//! A server that goes down and comes back.

use super::network::{StreamNetwork, context};
use crate::stream::Endpoint;
use crate::trace::{HostId, Sink, What};

impl<C, S, K> StreamNetwork<C, S, K>
where
    C: Endpoint<Event: Into<What>>,
    S: Endpoint,
    K: Sink,
{
    /// Lets the server go down and come back as often as is due, and waits for the next time.
    pub(super) fn switch(&mut self) {
        while let Some(down) = self.outages.take_due(self.wire.now) {
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
