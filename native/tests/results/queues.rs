//! Queues with closed forms: Poisson arrivals, one send per call, a server that takes time. Times are in
//! service times (W mu); expected values are those of the reference, to its precision.

use crate::{each, number, numbers, within_four};
use serde_json::Value;

const SEEDS: u32 = 10;

struct Queue {
    name: &'static str,
    servers: u32,
    /// Maximum number of waiting requests; `None` for no limit.
    waiting: Option<u32>,
    /// Arrivals per service time.
    offered: f64,
    service: &'static str,
    /// The expected share of refused calls, and the other expected values.
    blocked: f64,
    expected: &'static [(&'static str, f64)],
}

const QUEUES: [Queue; 8] = [
    Queue {
        name: "M/M/1/10, r = .8",
        servers: 1,
        waiting: Some(9),
        offered: 0.8,
        service: "exponential 10ms",
        blocked: 0.023_492_86,
        expected: &[("in_system", 2.966_314_27), ("sojourn", 3.797_097_50)],
    },
    Queue {
        name: "M/M/1/10, r = 1.2",
        servers: 1,
        waiting: Some(9),
        offered: 1.2,
        service: "exponential 10ms",
        blocked: 0.192_586_50,
        expected: &[("in_system", 6.710_708_68), ("sojourn", 6.926_137_84)],
    },
    Queue {
        name: "M/M/1, r = .8",
        servers: 1,
        waiting: None,
        offered: 0.8,
        service: "exponential 10ms",
        blocked: 0.0,
        expected: &[("sojourn", 5.0), ("busy", 0.8)],
    },
    Queue {
        name: "M/D/1, r = .8",
        servers: 1,
        waiting: None,
        offered: 0.8,
        service: "10ms",
        blocked: 0.0,
        expected: &[("sojourn", 3.0), ("busy", 0.8)],
    },
    Queue {
        name: "Erlang B (2, 1.6)",
        servers: 2,
        waiting: Some(0),
        offered: 1.6,
        service: "exponential 10ms",
        blocked: 0.329_896_91,
        // Calls that are not blocked are served.
        expected: &[("sojourn", 1.0), ("busy", 1.6 * (1.0 - 0.329_896_91))],
    },
    Queue {
        name: "Erlang B (10, 8)",
        servers: 10,
        waiting: Some(0),
        offered: 8.0,
        service: "exponential 10ms",
        blocked: 0.121_661_06,
        expected: &[("sojourn", 1.0), ("busy", 8.0 * (1.0 - 0.121_661_06))],
    },
    // A call waits with probability C, and then for 1 / (servers - offered) on average.
    Queue {
        name: "Erlang C (2, 1.6)",
        servers: 2,
        waiting: None,
        offered: 1.6,
        service: "exponential 10ms",
        blocked: 0.0,
        expected: &[("erlang_c", 0.711_111_11), ("busy", 1.6)],
    },
    Queue {
        name: "Erlang C (10, 8)",
        servers: 10,
        waiting: None,
        offered: 8.0,
        service: "exponential 10ms",
        blocked: 0.0,
        expected: &[("erlang_c", 0.409_180_15), ("busy", 8.0)],
    },
];

impl Queue {
    /// Runs it with about `calls` calls per seed and compares the results.
    fn check(&self, calls: f64) {
        let rate = 100.0 * self.offered;
        let waiting = self.waiting.map_or("none".to_string(), |room| room.to_string());
        let sets = [
            format!("workload.arrivals=poisson {rate}"),
            format!("workload.duration={}s", (calls / rate).round()),
            format!("server.service={}", self.service),
            format!("server.workers={}", self.servers),
            format!("server.queue={waiting}"),
            "server.overflow=fail".to_string(),
            "server.reply=mirror".to_string(),
            "token=true".to_string(),
            "exchanges=1000000000".to_string(),
            "policy.max_sends=1".to_string(),
            "policy.initial_timeout=1h".to_string(),
            "policy.give_up_above=none".to_string(),
            "link.latency=0s".to_string(),
        ];
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        let mut runs = each(&[], &sets, SEEDS);
        runs.iter_mut().for_each(|run| self.derive(run));
        within_four(self.name, numbers(&runs, "gave_up_share"), SEEDS, self.blocked);
        for (what, expected) in self.expected {
            let name = format!("{}, {what}", self.name);
            within_four(&name, numbers(&runs, what), SEEDS, *expected);
        }
    }

    /// Returns the values that the theory predicts, from the measures. The mean numbers are the network's own
    /// averages over time, and the sojourn time is that of the clients.
    fn derive(&self, run: &mut Value) {
        let work = &run["metrics"]["work"];
        let servers = f64::from(self.servers);
        let busy = number(work, "utilisation") * servers;
        let in_system = number(work, "mean_queue") + busy;
        let erlang_c = 100.0 * number(work, "mean_wait_s") * (servers - self.offered);
        run["sojourn"] = (100.0 * number(run, "metrics.latency_s.mean")).into();
        run["busy"] = busy.into();
        run["in_system"] = in_system.into();
        run["erlang_c"] = erlang_c.into();
    }
}

#[test]
fn queues_agree_with_theory() {
    QUEUES.iter().for_each(|queue| queue.check(4_000.0));
}

/// A hundred times as many calls: standard errors are a tenth.
#[test]
#[ignore = "long: cargo xtask test --long"]
fn queues_agree_with_theory_in_long_runs() {
    QUEUES.iter().for_each(|queue| queue.check(400_000.0));
}
