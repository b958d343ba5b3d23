//! What the closed forms say of a scenario's server, where their conditions hold.

use super::prediction::plain;
use super::{Metastable, Queue, erlang_b, erlang_c, md1, mm1, mm1k};
use crate::client::Arrivals;
use crate::dist::Distribution;
use crate::link::Loss;
use crate::random::{Direction, Probability};
use crate::scenario::{FaultKind, Scenario, Workload};
use crate::server::service::Order;
use crate::time::{Duration, nanos};

/// The most workers, and the longest queue, that a formula walks over.
const MOST: u32 = 1_000_000;

/// The longest rest between two attempts that the model of collapse takes for none.
const LONGEST_REST: Duration = Duration::from_millis(1);

/// The most sends that the model of collapse looks at.
const MOST_SENDS: u32 = 1_000;

/// A queue in front of workers, in its steady state.
///
/// Conditions: open Poisson arrivals at a steady rate, which reach the server as they are (nothing is
/// lost, doubled or held up on the way, nothing goes wrong), each exchange sent once, and a server
/// that does all its work in a time that does not depend on the load. A run begins with an empty queue
/// and ends with the last arrival's work, so that a short one lies below.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueuePrediction {
    /// The model: `M/M/1`, `M/M/1/K`, `M/D/1`, `Erlang B` or `Erlang C`. Erlang B holds for any service
    /// law: only its mean counts.
    pub model: &'static str,
    /// Arrivals per mean service time.
    pub load: f64,
    /// The share of arrivals that find the queue full.
    pub refused: f64,
    /// The share of those that get in that have to wait.
    pub waits: f64,
    /// The mean wait of those that get in, in seconds, without the service.
    pub mean_wait: f64,
    /// Mean number that waits.
    pub mean_queue: f64,
    /// The share of the workers' time in which they work.
    pub utilisation: f64,
}

/// The queue of `scenario` by theory.
///
/// # Errors
/// The condition that does not hold, as the end of a sentence that begins with "not predicted:".
pub fn predict_queue(scenario: &Scenario) -> Result<QueuePrediction, &'static str> {
    let (rate, service) = server(scenario)?;
    let Scenario { policy, station, .. } = scenario;
    if policy.max_sends() != Some(1) {
        return Err("an exchange may be sent more than once");
    }
    if !scenario.faults.as_slice().is_empty() {
        return Err("something goes wrong on the way");
    }
    if ends_early(scenario, rate) {
        return Err("clients may run out of exchanges before their time");
    }
    let workers = station.workers.ok_or("the server works on everything at once")?;
    if workers > MOST || station.queue.is_some_and(|most| most > MOST) {
        return Err("more than 1000000 workers or places in the queue");
    }
    let load = rate * service;
    let (servers, exponential) =
        (f64::from(workers), matches!(station.service, Distribution::Exponential(_)));
    let constant = matches!(station.service, Distribution::Constant(_));
    // Of one worker: from the numbers in the system, in service times, to those of the queue.
    let one = |model, Queue { blocked, in_system, time }: Queue| {
        let busy = load * (1.0 - blocked);
        // Who gets in and finds the worker free does not wait. PASTA: arrivals see the steady state.
        let waits = (busy - blocked) / (1.0 - blocked);
        let (wait, queue) = (time - 1.0, in_system - busy);
        (model, blocked, waits, wait, queue, busy)
    };
    let (model, refused, waits, wait, mean_queue, utilisation) = match (station.queue, workers) {
        (Some(0), _) => {
            if matches!(station.service, Distribution::Normal(..) | Distribution::Pareto(..)) {
                return Err("the service law is reflected, or cut, and its mean is another");
            }
            let blocked = erlang_b(workers, load);
            ("Erlang B", blocked, 0.0, 0.0, 0.0, load * (1.0 - blocked) / servers)
        }
        (None, _) if load >= servers => return Err("more arrives than the server can do"),
        (Some(queue), 1) if exponential => one("M/M/1/K", mm1k(load, queue + 1)),
        (None, 1) if exponential => one("M/M/1", mm1(load)),
        (None, 1) if constant => one("M/D/1", md1(load)),
        (None, _) if exponential => {
            let waits = erlang_c(workers, load);
            let wait = waits / (servers - load);
            ("Erlang C", 0.0, waits, wait, load * wait, load / servers)
        }
        (Some(_), _) => return Err("a limited queue has a closed form for M/M/1/K only"),
        (None, _) => return Err("the service law has no closed form here"),
    };
    let mean_wait = wait * service;
    Ok(QueuePrediction { model, load, refused, waits, mean_wait, mean_queue, utilisation })
}

/// The server's load and its limits: does it come back from a spike?
///
/// Conditions: those of [`QueuePrediction`] with one worker, exponential service and a queue without
/// limit, first in first out, where a copy is abandoned after an attempt timeout and sent again within a
/// millisecond; spikes of the load are what the model is about. The timeout counts from the client: the
/// link's round trip is taken off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetastablePrediction {
    /// The server and its clients.
    pub model: Metastable,
    /// First tries per second.
    pub load: f64,
}

/// The collapse of `scenario` by theory: ask the model [`at`](Metastable::at) the load.
///
/// # Errors
/// The condition that does not hold, as the end of a sentence that begins with "not predicted:".
pub fn predict_metastable(scenario: &Scenario) -> Result<MetastablePrediction, &'static str> {
    let (load, service) = server(scenario)?;
    let Scenario { policy, station, link, .. } = scenario;
    let load_only = |kind| matches!(kind, FaultKind::Load(_));
    if !scenario.faults.as_slice().iter().all(|fault| load_only(fault.kind)) {
        return Err("more than a spike of the load goes wrong");
    }
    if ends_early(scenario, load) {
        return Err("clients may run out of exchanges before their time");
    }
    let exponential = matches!(station.service, Distribution::Exponential(_));
    if station.workers != Some(1) || station.queue.is_some() || !exponential {
        return Err("the server is not M/M/1");
    }
    if station.order != Order::Fifo {
        return Err("the newest request is served first");
    }
    let timeout = policy.attempt_timeout().ok_or("copies are not abandoned after a timeout")?;
    let sends = policy.max_sends().filter(|sends| (2..=MOST_SENDS).contains(sends));
    let sends = sends.ok_or("an exchange is not sent 2 to 1000 times")?;
    if policy.hedging() || policy.deadline().is_some() {
        return Err("copies are hedged, or cut by a deadline");
    }
    let [Distribution::Constant(there), Distribution::Constant(back)] =
        [Direction::Request, Direction::Reply].map(|way| link.latency_of(way))
    else {
        return Err("the latency varies");
    };
    let trip = there.saturating_add(*back);
    if trip >= timeout {
        return Err("the round trip is longer than the attempt timeout");
    }
    let mut before = None;
    let mut walked = 0;
    for at in policy.sends_drawn(crate::policy::Draw::Most).take(sends as usize) {
        let rest = before.map_or(Duration::ZERO, |before| at.saturating_sub(before + timeout));
        if rest > LONGEST_REST {
            return Err("the clients rest between attempts");
        }
        before = Some(at);
        walked += 1;
    }
    if walked < sends {
        return Err("the policy ends before its last copy");
    }
    let timeout = (timeout - trip).as_secs_f64();
    let model = Metastable { mu: 1.0 / service, timeout, sends };
    Ok(MetastablePrediction { model, load })
}

/// What both have in common: arrivals per second, and the mean service time in seconds.
fn server(scenario: &Scenario) -> Result<(f64, f64), &'static str> {
    let Scenario { policy, server, station, link, workload, .. } = scenario;
    if *workload == Workload::Write {
        return Err("the clients contend for a row");
    }
    let Some(arrivals @ Arrivals::Poisson(_)) = workload.arrivals() else {
        return Err("the arrivals are not Poisson");
    };
    let rate = arrivals.steady().ok_or("the rate of arrivals changes")?;
    if rate <= 0.0 {
        return Err("nothing arrives");
    }
    if station.is_instant() {
        return Err("the server takes no time");
    }
    if !station.rising.is_zero() {
        return Err("the work depends on the load");
    }
    if station.expire.is_some() {
        return Err("old requests are dropped");
    }
    let quiet = [server.drop, server.fail] == [Probability::NEVER; 2];
    if !quiet || server.drop_first > 0 || !server.drop_list.is_empty() {
        return Err("the server drops or fails");
    }
    plain(link)?;
    let ways = [Direction::Request, Direction::Reply];
    if ways.iter().any(|way| *link.loss_of(*way) != Loss::NEVER) {
        return Err("the link loses datagrams");
    }
    // Poisson arrivals stay such when each is held up for a time of its own.
    if link.correlation > Probability::NEVER && !link.latency_of(Direction::Request).is_constant() {
        return Err("the latencies hang together");
    }
    if policy.budget().is_some() || policy.breaker().is_some() {
        return Err("a brake joins the exchanges");
    }
    if policy.first_delay().is_some() {
        return Err("the first copy is delayed");
    }
    let service = nanos(station.service.mean()) as f64 / 1e9;
    Ok((f64::from(scenario.clients) * rate, service))
}

/// Do clients stop one after the other, each when it has had its exchanges? One alone cannot, and a
/// duration ends all at once if the exchanges reach so far: six standard deviations beyond its mean.
fn ends_early(scenario: &Scenario, rate: f64) -> bool {
    let of_one = |time: Duration| rate / f64::from(scenario.clients) * time.as_secs_f64();
    let reaches = |time| {
        let mean = of_one(time);
        f64::from(scenario.exchanges) > mean + 6.0 * libm::sqrt(mean) + 6.0
    };
    let duration = match scenario.workload {
        Workload::Open { duration, .. } => duration,
        Workload::Closed { .. } | Workload::Write => None,
    };
    scenario.clients > 1 && !duration.is_some_and(reaches)
}
