//! Whether the clients of a scenario can influence each other.

use crate::link::Link;
use crate::scenario::{FaultKind, NetworkKind, Scenario, Workload};
use crate::server::echo;

impl Scenario {
    /// Returns the key that lets clients influence each other; `None` if they are independent.
    ///
    /// What happens to an independent client does not depend on how many others there are. [`Cells`](super::Cells)
    /// simulates such clients one after another, and with the same result: each is a cell of its own. (Exchanges of
    /// *one* client may well depend on each other: see [`theory::independent`](crate::theory::independent).)
    #[must_use]
    pub fn coupled_by(&self) -> Option<&'static str> {
        // All fields are named: a new one does not compile until its effect is considered.
        let Self {
            seed: _,
            clients: _,
            exchanges: _,
            message: _,
            connected: _,
            network,
            protocol,
            family: _,
            token: _,
            preset: _,
            // Each client has its own budget, its own breaker and its own estimate of the round trip.
            policy: _,
            workload,
            server,
            // Each client chooses among them by itself.
            servers: _,
            listening: _,
            station,
            dns_records: _,
            dns_options: _,
            link_preset: _,
            link: Link { shared, .. },
            faults,
            // Each concerns a packet of one client.
            acts: _,
            changes: _,
        } = self;
        let echo::Config { reply: _, drop: _, drop_first, drop_list, fail: _, hint: _ } = server;
        // A fault of the link depends on the time alone. One of the server is also an event of its own.
        let at_server = faults.as_slice().iter().any(|fault| match fault.kind {
            FaultKind::ServerDown { .. } | FaultKind::Slow(_) => true,
            FaultKind::Partition(_)
            | FaultKind::Loss(_)
            | FaultKind::Latency(_)
            | FaultKind::Load(_) => false,
        });
        [
            // Writers wait for a row, and the server watches all heartbeats with one timer.
            (matches!(workload, Workload::Write | Workload::Heartbeat { .. }), "workload.task"),
            (protocol.has_connections(), "protocol"),
            // The hosts' stacks share the server's neighbor cache and its memory for fragments.
            (*network == NetworkKind::Packets, "network"),
            (*drop_first > 0, "server.drop_first"),
            (!drop_list.is_empty(), "server.drop_list"),
            (!station.rising.is_zero(), "server.rising"),
            (!station.is_instant(), "server.service"),
            (*shared, "link.shared"),
            (at_server, "faults"),
            // Other keys that couple clients cannot change.
            (self.takes_time(), "changes"),
        ]
        .into_iter()
        .find_map(|(couples, key)| couples.then_some(key))
    }
}
