//! Whether the exchanges of a run are independent trials.

use super::prediction::untouched;
use crate::link::{Link, Loss};
use crate::policy::Adaptive;
use crate::random::{Direction, Probability};
use crate::rest::text;
use crate::scenario::{Family, NetworkKind, Scenario, Workload};
use crate::server::echo;
use crate::server::service;

/// Number of clients that always find a free place among the 1,024 connections of a server: each has at most 64.
const MAX_FREE_CLIENTS: u32 = 16;

/// Checks that the outcome of an exchange does not depend on other exchanges, so that an interval for a share
/// of independent trials, such as [`wilson`](crate::stats::wilson), is valid for the exchanges of one run.
///
/// Replies that a client takes for those of another exchange couple exchanges, too. Whether there are any
/// is known only after the run: see [`Summary::misattributed`](crate::sim::Summary::misattributed).
///
/// # Errors
/// What couples the exchanges.
pub fn independent(scenario: &Scenario) -> Result<(), &'static str> {
    // All fields are named: a new one does not compile until its effect is considered.
    let Scenario {
        seed: _,
        clients,
        exchanges: _,
        message: _,
        connected: _,
        network,
        protocol,
        family,
        token: _,
        preset: _,
        // A lookup depends on nothing that another one does.
        dns_records: _,
        dns_options: _,
        link_preset: _,
        policy,
        workload,
        server,
        // All servers do the same, and each draws for itself.
        servers: _,
        // Nobody answers if nobody listens, whatever other exchanges do.
        listening: _,
        station,
        link,
        faults,
        acts,
        changes,
    } = scenario;
    // Drops and failures are drawn for each datagram.
    let echo::Config { reply: _, drop: _, drop_first, drop_list, fail: _, hint: _ } = server;
    if *workload == Workload::Write {
        return Err(text!("the clients contend for a row"));
    }
    if workload.heartbeat().is_some() {
        return Err(text!("heartbeats are not exchanges"));
    }
    if *network == NetworkKind::Packets && *family == Family::Ipv4 && link.mtu.is_some() {
        return Err(text!("fragments compete for the hosts' memory"));
    }
    if protocol.has_connections() && *clients > MAX_FREE_CLIENTS {
        return Err(text!("the clients compete for the server's connections"));
    }
    queue(station)?;
    if *drop_first > 0 || !drop_list.is_empty() {
        return Err(text!("the server drops requests by number"));
    }
    if policy.budget().is_some() || policy.breaker().is_some() {
        return Err(text!("a retry budget or a circuit breaker couples the exchanges of a client"));
    }
    if policy.adaptive() != Adaptive::None {
        return Err(text!("a wait depends on earlier round trips"));
    }
    if !faults.as_slice().is_empty() {
        return Err(text!("a fault affects all exchanges of its time"));
    }
    untouched(acts, changes)?;
    datagrams(link)
}

/// Checks that requests do not wait for each other at the server.
fn queue(station: &service::Config) -> Result<(), &'static str> {
    // Outages are faults. Without a queue, its order, its limit and its expiry have no effect.
    let service::Config {
        service: _,
        rising,
        workers,
        queue: _,
        order: _,
        expire: _,
        overflow: _,
        outages: _,
    } = station;
    if station.is_instant() || (workers.is_none() && rising.is_zero()) {
        return Ok(());
    }
    Err(text!("requests wait for each other at the server"))
}

/// Checks that the link treats each datagram by itself.
fn datagrams(link: &Link) -> Result<(), &'static str> {
    let Link {
        latency: _,
        correlation,
        loss: _,
        duplicate: _,
        reorder,
        reorder_gap,
        corrupt: _,
        checksum: _,
        rate: _,
        queue: _,
        queue_rule: _,
        overhead: _,
        mtu: _,
        shared: _,
        reply_latency: _,
        reply_loss: _,
        reply_rate: _,
    } = link;
    let ways = [Direction::Request, Direction::Reply];
    if ways.iter().any(|way| link.rate_of(*way).is_some()) {
        return Err(text!("datagrams wait for each other on the link"));
    }
    if !ways.iter().all(|way| matches!(link.loss_of(*way), Loss::Independent(_))) {
        return Err(text!("losses depend on earlier datagrams"));
    }
    if *correlation > Probability::NEVER {
        return Err(text!("latencies depend on earlier datagrams"));
    }
    if *reorder > Probability::NEVER && *reorder_gap > 1 {
        return Err(text!("the link reorders datagrams by number"));
    }
    Ok(())
}
