//! Predictions for a scenario's server from the closed-form models, if their conditions hold.

use super::prediction::plain;
use super::{Metastable, Queue, erlang_b, erlang_c, md1, mm1, mm1k};
use crate::client::Arrivals;
use crate::dist::Distribution;
use crate::link::Loss;
use crate::random::{Direction, Probability};
use crate::rest::text;
use crate::scenario::{FaultKind, Scenario, Workload};
use crate::server::echo;
use crate::server::service::{self, Order};
use crate::time::{Duration, nanos};

/// Maximum number of workers, and of places in the queue, that a formula iterates over.
const MAX_WORKERS: u32 = 1_000_000;

/// Maximum pause between two attempts that [`Metastable`] neglects.
const MAX_PAUSE: Duration = Duration::from_millis(1);

/// Maximum number of sends that [`Metastable`] iterates over.
const MAX_SENDS: u32 = 1_000;

/// Queue in front of workers, in its steady state.
///
/// Conditions: an open loop with Poisson arrivals at a constant rate; arrivals that the link does not
/// lose, duplicate or queue; no faults; one send per exchange; and a server that processes every request
/// in a time that does not depend on the load. A run starts with an empty queue, so that its measures come
/// closer to the prediction after a [warm-up](Self::warm_up).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QueuePrediction {
    /// Model: `M/M/1`, `M/M/1/K`, `M/D/1`, `Erlang B` or `Erlang C`. Erlang B holds for any distribution
    /// of service times; only the mean matters.
    pub model: &'static str,
    /// Arrivals per mean service time.
    pub load: f64,
    /// Share of arrivals that find the queue full.
    pub refused: f64,
    /// Share of accepted requests that wait.
    pub waits: f64,
    /// Mean wait of accepted requests in seconds, without the service time.
    pub mean_wait: f64,
    /// Mean number of waiting requests.
    pub mean_queue: f64,
    /// Share of time in which the workers are busy.
    pub utilisation: f64,
    /// Time to leave out at the beginning of a run: a tenth of the time in which requests arrive.
    pub warm_up: Duration,
}

/// Returns the prediction for the queue of `scenario`.
///
/// # Errors
/// The condition that does not hold, to follow the words "not predicted:".
pub fn predict_queue(scenario: &Scenario) -> Result<QueuePrediction, &'static str> {
    let (rate, service) = server(scenario)?;
    let Scenario { policy, station, .. } = scenario;
    if policy.max_sends() != Some(1) {
        return Err(text!("an exchange may be sent more than once"));
    }
    if !scenario.faults.as_slice().is_empty() {
        return Err(text!("the scenario has faults"));
    }
    if ends_early(scenario, rate) {
        return Err(text!("clients may run out of exchanges before their time"));
    }
    let workers = station.workers.ok_or("the number of workers is unlimited")?;
    if workers > MAX_WORKERS || station.queue.is_some_and(|most| most > MAX_WORKERS) {
        return Err(text!("more than 1000000 workers or places in the queue"));
    }
    let load = rate * service;
    let (servers, exponential) =
        (f64::from(workers), matches!(station.service, Distribution::Exponential(_)));
    let constant = matches!(station.service, Distribution::Constant(_));
    // Converts a model of one worker: from the system, in service times, to the queue.
    let one = |model, Queue { blocked, in_system, time }: Queue| {
        let busy = load * (1.0 - blocked);
        // A request that finds the worker free does not wait. Arrivals see the steady state (PASTA).
        let waits = (busy - blocked) / (1.0 - blocked);
        let (wait, queue) = (time - 1.0, in_system - busy);
        (model, blocked, waits, wait, queue, busy)
    };
    let (model, refused, waits, wait, mean_queue, utilisation) = match (station.queue, workers) {
        (Some(0), _) => {
            if matches!(station.service, Distribution::Normal(..) | Distribution::Pareto(..)) {
                return Err(text!("the service time is reflected or cut, which changes its mean"));
            }
            let blocked = erlang_b(workers, load);
            ("Erlang B", blocked, 0.0, 0.0, 0.0, load * (1.0 - blocked) / servers)
        }
        (None, _) if load >= servers => {
            return Err(text!("the load is above the server's capacity"));
        }
        (Some(queue), 1) if exponential => one("M/M/1/K", mm1k(load, queue + 1)),
        (None, 1) if exponential => one("M/M/1", mm1(load)),
        (None, 1) if constant => one("M/D/1", md1(load)),
        (None, _) if exponential => {
            let waits = erlang_c(workers, load);
            let wait = waits / (servers - load);
            ("Erlang C", 0.0, waits, wait, load * wait, load / servers)
        }
        (Some(_), _) => return Err(text!("a limited queue has a closed form for M/M/1/K only")),
        (None, _) => return Err(text!("no model covers this distribution of service times")),
    };
    let mean_wait = wait * service;
    let warm_up = arrival_time(scenario, rate) / 10;
    Ok(QueuePrediction { model, load, refused, waits, mean_wait, mean_queue, utilisation, warm_up })
}

/// Returns how long requests arrive: until the end of the arrivals, or on average until all exchanges have begun.
fn arrival_time(scenario: &Scenario, rate: f64) -> Duration {
    let exchanges = f64::from(scenario.max_exchanges()) * f64::from(scenario.clients);
    let until_last = Duration::try_from_secs_f64(exchanges / rate).unwrap_or(Duration::MAX);
    scenario.workload.duration().map_or(until_last, |duration| duration.min(until_last))
}

/// Prediction of whether a server recovers from a spike of the load.
///
/// Conditions: those of [`QueuePrediction`], except that faults may be spikes of the load and exchanges
/// retry; one worker, exponential service and an unlimited FIFO queue; and clients that abandon a send
/// after the attempt timeout and send again within a millisecond. The model's timeout is the attempt
/// timeout minus the link's round-trip time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetastablePrediction {
    /// Server and clients.
    pub model: Metastable,
    /// Exchanges that begin per second.
    pub load: f64,
}

/// Returns the prediction for a collapse of `scenario`; see [`Metastable::at`] for the states at a load.
///
/// # Errors
/// The condition that does not hold, to follow the words "not predicted:".
pub fn predict_metastable(scenario: &Scenario) -> Result<MetastablePrediction, &'static str> {
    let (load, service) = server(scenario)?;
    let Scenario { policy, station, link, .. } = scenario;
    let load_only = |kind| matches!(kind, FaultKind::Load(_));
    if !scenario.faults.as_slice().iter().all(|fault| load_only(fault.kind)) {
        return Err(text!("the scenario has faults other than load spikes"));
    }
    if ends_early(scenario, load) {
        return Err(text!("clients may run out of exchanges before their time"));
    }
    let exponential = matches!(station.service, Distribution::Exponential(_));
    if station.workers != Some(1) || station.queue.is_some() || !exponential {
        return Err(text!("the server is not M/M/1"));
    }
    if station.order != Order::Fifo {
        return Err(text!("the newest request is served first"));
    }
    let timeout = policy.attempt_timeout().ok_or("the policy has no attempt timeout")?;
    let sends = policy.max_sends().filter(|sends| (2..=MAX_SENDS).contains(sends));
    let sends = sends.ok_or("an exchange is not sent 2 to 1000 times")?;
    if policy.hedging() || policy.deadline().is_some() {
        return Err(text!("the policy hedges or has a deadline"));
    }
    let [Distribution::Constant(there), Distribution::Constant(back)] =
        [Direction::Request, Direction::Reply].map(|way| link.latency_of(way))
    else {
        return Err(text!("the latency varies"));
    };
    let trip = there.saturating_add(back);
    if trip >= timeout {
        return Err(text!("the round trip is longer than the attempt timeout"));
    }
    let mut before = None;
    let mut walked = 0;
    for at in policy.sends_drawn(crate::policy::Draw::Most).take(sends as usize) {
        let pause = before.map_or(Duration::ZERO, |before| at.saturating_sub(before + timeout));
        if pause > MAX_PAUSE {
            return Err(text!("the clients pause between attempts"));
        }
        before = Some(at);
        walked += 1;
    }
    if walked < sends {
        return Err(text!("the policy ends before its last send"));
    }
    let timeout = (timeout - trip).as_secs_f64();
    let model = Metastable { mu: 1.0 / service, timeout, sends };
    Ok(MetastablePrediction { model, load })
}

/// Checks the conditions that both predictions share, and returns the arrivals per second of all clients
/// and the mean service time in seconds.
fn server(scenario: &Scenario) -> Result<(f64, f64), &'static str> {
    let Scenario { policy, server, station, link, workload, acts, changes, .. } = scenario;
    // As in `predict`, all fields are named. Those of the queue are for the caller to check.
    let echo::Config { reply: _, drop, drop_first, drop_list, fail, hint: _ } = server;
    let service::Config {
        service,
        rising,
        workers: _,
        queue: _,
        order: _,
        expire,
        overflow: _,
        outages: _,
    } = station;
    if *workload == Workload::Write {
        return Err(text!("the clients contend for a row"));
    }
    let Workload::Open { arrivals: arrivals @ Arrivals::Poisson(_), shared, .. } = workload else {
        return Err(text!("the arrivals are not Poisson"));
    };
    let (_, rate) = arrivals.steady().ok_or("the rate of arrivals changes")?;
    let sources = if *shared { 1 } else { scenario.clients };
    let rate = f64::from(sources) * rate.per_second();
    if rate <= 0.0 {
        return Err(text!("nothing arrives"));
    }
    if station.is_instant() {
        return Err(text!("the server takes no time"));
    }
    if !rising.is_zero() {
        return Err(text!("the work depends on the load"));
    }
    if expire.is_some() {
        return Err(text!("old requests are dropped"));
    }
    let quiet = [*drop, *fail] == [Probability::NEVER; 2];
    if !quiet || *drop_first > 0 || !drop_list.is_empty() {
        return Err(text!("the server drops or fails"));
    }
    plain(link, acts, changes)?;
    let ways = [Direction::Request, Direction::Reply];
    if ways.iter().any(|way| *link.loss_of(*way) != Loss::NEVER) {
        return Err(text!("the link loses datagrams"));
    }
    // Poisson arrivals stay Poisson when each is delayed independently.
    if link.correlation > Probability::NEVER && !link.latency_of(Direction::Request).is_constant() {
        return Err(text!("the latencies are correlated"));
    }
    if policy.budget().is_some() || policy.breaker().is_some() {
        return Err(text!("a retry budget or a circuit breaker couples the exchanges"));
    }
    if policy.first_delay().is_some() {
        return Err(text!("the first send is delayed"));
    }
    let service = nanos(service.mean()) as f64 / 1e9;
    Ok((rate, service))
}

/// Returns true if some clients may finish their exchanges before others, so that the load decreases.
///
/// A single client cannot. With a duration, all clients stop at the same time if each has enough
/// exchanges: six standard deviations above the mean number of arrivals.
fn ends_early(scenario: &Scenario, rate: f64) -> bool {
    let of_one = |time: Duration| rate / f64::from(scenario.clients) * time.as_secs_f64();
    let reaches = |time| {
        let mean = of_one(time);
        f64::from(scenario.max_exchanges()) > mean + 6.0 * libm::sqrt(mean) + 6.0
    };
    scenario.clients > 1 && !scenario.workload.duration().is_some_and(reaches)
}
