//! Predictions for a scenario from the closed-form models, if their conditions hold.

use super::Bernoulli;
use crate::link::{Link, Loss};
use crate::policy::{Adaptive, Jitter};
use crate::random::{Direction, Probability};
use crate::rest::text;
use crate::scenario::{Acts, Changes, Protocol, Scenario, Workload};
use crate::server::echo;
use crate::sim::Summary;
use crate::time::Duration;

/// Returns the prediction for the exchanges of `scenario`.
///
/// # Errors
/// The condition that does not hold, to follow the words "not predicted:".
pub fn predict(scenario: &Scenario) -> Result<Bernoulli, &'static str> {
    // All fields are named: a new one does not compile until its effect is considered.
    let Scenario {
        seed: _,
        clients: _,
        exchanges: _,
        message: _,
        connected: _,
        // Without an MTU, packets are lost and delayed as datagrams are.
        network: _,
        protocol,
        family: _,
        token: _,
        preset: _,
        dns_records: _,
        dns_options: _,
        link_preset: _,
        policy,
        workload,
        server,
        // All servers do the same, and each draws for itself.
        servers: _,
        listening,
        station,
        link,
        faults,
        acts,
        changes,
    } = scenario;
    let echo::Config { reply: _, drop, drop_first, drop_list, fail, hint: _ } = server;
    if !listening {
        return Err(text!("nobody listens on the server's port"));
    }
    machines(*protocol, workload)?;
    let (p, rtt) = way(link, acts, changes)?;
    if policy.jitter() != Jitter::None || policy.adaptive() != Adaptive::None {
        return Err(text!("the waits are drawn or measured"));
    }
    if policy.budget().is_some() || policy.breaker().is_some() {
        return Err(text!("a retry budget or a circuit breaker couples the exchanges"));
    }
    if *drop_first > 0 || !drop_list.is_empty() {
        return Err(text!("the server drops requests by number"));
    }
    if !station.is_instant() {
        return Err(text!("the server takes time"));
    }
    if !faults.as_slice().is_empty() {
        return Err(text!("the scenario has faults"));
    }
    if *fail > Probability::NEVER && policy.deadline().is_some() {
        return Err(text!("failures move sends closer to the deadline"));
    }
    let rtt = rtt.as_secs_f64();
    // A failure counts as a loss that the client learns about earlier.
    let silent = 1.0 - (1.0 - drop.as_f64()) * (1.0 - fail.as_f64());
    let model = Bernoulli::new(policy, p.as_f64(), silent, rtt).ok_or("the policy does not end")?;
    let waits = policy.attempt_timeout().map_or(model.shortest_wait, |t| t.as_secs_f64());
    if waits > rtt { Ok(model) } else { Err(text!("the round trip may be longer than a wait")) }
}

/// Checks that clients have exchanges over datagrams.
fn machines(protocol: Protocol, workload: &Workload) -> Result<(), &'static str> {
    match (protocol, workload) {
        (Protocol::Tcp | Protocol::Http, _) => Err(text!("TCP sends lost packets again")),
        (Protocol::Dns, _) => Err(text!("a lookup asks its servers by a rule of its own")),
        (_, Workload::Write) => Err(text!("the clients contend for a row")),
        (_, Workload::Heartbeat { .. }) => Err(text!("heartbeats are not exchanges")),
        (Protocol::Udp, Workload::Closed { .. } | Workload::Open { .. }) => Ok(()),
    }
}

/// Returns the loss in each direction and the round-trip time of a link whose datagrams are independent.
fn way(
    link: &Link,
    acts: &Acts,
    changes: &Changes,
) -> Result<(Probability, Duration), &'static str> {
    let ways = [Direction::Request, Direction::Reply];
    let [Some(there), Some(back)] = ways.map(|way| link.latency_of(way).bound()) else {
        return Err(text!("the latency has no bound"));
    };
    let [Loss::Independent(loss), Loss::Independent(reply_loss)] =
        ways.map(|way| link.loss_of(way))
    else {
        return Err(text!("the losses are not independent"));
    };
    if loss != reply_loss {
        return Err(text!("requests and replies are lost with different probabilities"));
    }
    plain(link, acts, changes)?;
    Ok((*loss, there.saturating_add(back)))
}

/// Checks that nobody intervenes in the run.
pub(super) fn untouched(acts: &Acts, changes: &Changes) -> Result<(), &'static str> {
    if !changes.is_empty() {
        return Err(text!("a setting changes during the run"));
    }
    if !acts.as_slice().is_empty() {
        return Err(text!("packets are changed by hand"));
    }
    Ok(())
}

/// Checks that the link only loses and delays datagrams, by itself. Its latency and its loss are for the caller to check.
pub(super) fn plain(link: &Link, acts: &Acts, changes: &Changes) -> Result<(), &'static str> {
    untouched(acts, changes)?;
    let Link {
        latency: _,
        correlation: _,
        loss: _,
        duplicate,
        reorder,
        reorder_gap: _,
        corrupt,
        checksum: _,
        rate: _,
        queue: _,
        queue_rule: _,
        overhead: _,
        mtu,
        shared: _,
        reply_latency: _,
        reply_loss: _,
        reply_rate: _,
    } = link;
    let ways = [Direction::Request, Direction::Reply];
    if *duplicate > Probability::NEVER {
        return Err(text!("the link duplicates datagrams"));
    }
    if *reorder > Probability::NEVER {
        return Err(text!("the link reorders datagrams"));
    }
    if *corrupt > Probability::NEVER {
        return Err(text!("the link damages datagrams"));
    }
    if ways.iter().any(|way| link.rate_of(*way).is_some()) {
        return Err(text!("the link has a rate"));
    }
    if mtu.is_some() {
        return Err(text!("the link has an MTU"));
    }
    Ok(())
}

/// Distance of a run from its prediction, in standard errors of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Distance of the share of exchanges that gave up.
    pub gave_up: f64,
    /// Distance of the sends per exchange.
    pub amplification: f64,
}

impl Bernoulli {
    /// Returns the distance of `measured` from the prediction; `None` before any exchange ends. For a
    /// number that cannot vary, the distance is 0 or infinite.
    #[must_use]
    pub fn distance(&self, measured: &Summary) -> Option<Distance> {
        if measured.finished() == 0 {
            return None;
        }
        let n = measured.finished() as f64;
        let errors = |value: f64, expected: f64, deviation: f64| {
            let (off, error) = (value - expected, deviation / libm::sqrt(n));
            // Ignores rounding errors of the formulas.
            if libm::fabs(off) < 1e-12 { 0.0 } else { off / error }
        };
        let share = measured.gave_up as f64 / n;
        let spread = libm::sqrt(self.gave_up * (1.0 - self.gave_up));
        Some(Distance {
            gave_up: errors(share, self.gave_up, spread),
            amplification: errors(measured.amplification(), self.amplification, self.deviation),
        })
    }
}
