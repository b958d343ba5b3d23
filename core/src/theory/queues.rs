//! Queues in front of servers. Times are in units of the mean service time.

/// Queue in its steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Queue {
    /// Probability that an arrival finds the queue full.
    pub blocked: f64,
    /// Mean number of requests in the system.
    pub in_system: f64,
    /// Mean time in the system of the requests that are accepted, in mean service times.
    pub time: f64,
}

/// Returns M/M/1/K: Poisson arrivals at `load` per service time, exponential service, one server, at most
/// `k` requests in the system.
#[must_use]
pub fn mm1k(load: f64, k: u32) -> Queue {
    let (mut sum, mut weighted, mut p) = (0.0, 0.0, 1.0);
    for n in 0..=k {
        sum += p;
        weighted += f64::from(n) * p;
        if n < k {
            p *= load;
        }
        // Only ratios matter. Scaling keeps a high load from overflowing the sums.
        if sum > 1e200 {
            sum *= 1e-200;
            weighted *= 1e-200;
            p *= 1e-200;
        }
    }
    let (blocked, in_system) = (p / sum, weighted / sum);
    Queue { blocked, in_system, time: in_system / (load * (1.0 - blocked)) }
}

/// Returns M/M/1: Poisson arrivals at `load < 1` per service time, exponential service, one server, an
/// unlimited queue.
#[must_use]
pub fn mm1(load: f64) -> Queue {
    Queue { blocked: 0.0, in_system: load / (1.0 - load), time: 1.0 / (1.0 - load) }
}

/// Returns M/D/1: like [`mm1`], with a constant service time (Pollaczek and Khinchine).
#[must_use]
pub fn md1(load: f64) -> Queue {
    let time = 1.0 + load / (2.0 * (1.0 - load));
    Queue { blocked: 0.0, in_system: load * time, time }
}

/// Returns Erlang B: the probability that all of `servers` are busy when `offered` calls arrive per
/// service time and a call that finds no free server is rejected.
#[must_use]
pub fn erlang_b(servers: u32, offered: f64) -> f64 {
    (1..=servers).fold(1.0, |b, n| offered * b / (f64::from(n) + offered * b))
}

/// Returns Erlang C: the probability that a call waits for one of `servers` when `offered < servers` and
/// calls queue.
#[must_use]
pub fn erlang_c(servers: u32, offered: f64) -> f64 {
    let b = erlang_b(servers, offered);
    let servers = f64::from(servers);
    servers * b / (servers - offered * (1.0 - b))
}
