//! What the closed forms say of a scenario, where their conditions hold.

use super::Bernoulli;
use crate::link::{Link, Loss};
use crate::policy::{Adaptive, Jitter};
use crate::random::{Direction, Probability};
use crate::scenario::{Scenario, Workload};
use crate::sim::Summary;
use crate::time::Duration;

/// The numbers of `scenario` by theory.
///
/// # Errors
/// The condition that does not hold, as the end of a sentence that begins with "not predicted:".
pub fn predict(scenario: &Scenario) -> Result<Bernoulli, &'static str> {
    let Scenario { policy, server, link, .. } = scenario;
    let (p, rtt) = way(link)?;
    if policy.jitter() != Jitter::None || policy.adaptive() != Adaptive::None {
        return Err("the waits are drawn or measured");
    }
    if policy.budget().is_some() || policy.breaker().is_some() {
        return Err("a brake joins the exchanges");
    }
    if server.drop_first > 0 || !server.drop_list.is_empty() {
        return Err("the server drops by number");
    }
    if scenario.workload == Workload::Write {
        return Err("the clients contend for a row");
    }
    if !scenario.station.is_instant() {
        return Err("the server takes time");
    }
    if !scenario.faults.as_slice().is_empty() {
        return Err("something goes wrong on the way");
    }
    if server.fail > Probability::NEVER && policy.deadline().is_some() {
        return Err("failures move the sends towards a deadline");
    }
    let rtt = rtt.as_secs_f64();
    // A failure is as good as a loss, only sooner known.
    let silent = 1.0 - (1.0 - server.drop.as_f64()) * (1.0 - server.fail.as_f64());
    let model = Bernoulli::new(policy, p.as_f64(), silent, rtt).ok_or("the policy does not end")?;
    let waits = policy.attempt_timeout().map_or(model.shortest_wait, |t| t.as_secs_f64());
    if waits > rtt { Ok(model) } else { Err("the round trip may be longer than a wait") }
}

/// The loss each way and the round trip of a link whose datagrams are independent of each other.
fn way(link: &Link) -> Result<(Probability, Duration), &'static str> {
    let ways = [Direction::Request, Direction::Reply];
    let [Some(there), Some(back)] = ways.map(|way| link.latency_of(way).bound()) else {
        return Err("the latency has no bound");
    };
    let [Loss::Independent(loss), Loss::Independent(reply_loss)] =
        ways.map(|way| link.loss_of(way))
    else {
        return Err("the losses are not independent");
    };
    if loss != reply_loss {
        return Err("requests and replies are lost with different probabilities");
    }
    plain(link)?;
    Ok((*loss, there.saturating_add(back)))
}

/// Does the link nothing to a datagram but lose and delay it?
pub(super) fn plain(link: &Link) -> Result<(), &'static str> {
    let ways = [Direction::Request, Direction::Reply];
    if link.duplicate > Probability::NEVER {
        return Err("the link duplicates datagrams");
    }
    if link.reorder > Probability::NEVER {
        return Err("the link reorders datagrams");
    }
    if link.corrupt > Probability::NEVER {
        return Err("the link damages datagrams");
    }
    if ways.iter().any(|way| link.rate_of(*way).is_some()) {
        return Err("the link has a rate");
    }
    if link.mtu.is_some() {
        return Err("the link has an MTU");
    }
    Ok(())
}

/// How far a run is from its prediction, in standard errors of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Of the share of exchanges that gave up.
    pub gave_up: f64,
    /// Of the sends per exchange.
    pub amplification: f64,
}

impl Bernoulli {
    /// The distance of what was measured; `None` before an exchange has ended. A number that cannot
    /// vary is 0 standard errors away, or infinitely many.
    #[must_use]
    pub fn distance(&self, measured: &Summary) -> Option<Distance> {
        if measured.finished() == 0 {
            return None;
        }
        let n = measured.finished() as f64;
        let errors = |value: f64, expected: f64, deviation: f64| {
            let (off, error) = (value - expected, deviation / libm::sqrt(n));
            // Rounding of the formulas is no distance.
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
