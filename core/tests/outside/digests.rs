//! The digests that every build must produce: `digests.txt` contains twenty scenarios with twenty seeds
//! each. The page's tests check the same file in a browser, and `cargo xtask test release` with the release build.
//!
//! If they change, runs have changed their meaning: `UPDATE_DIGESTS=1 cargo test -p retrylab-core
//! --test outside digests` rewrites the file, and the commit explains why.

use retrylab_core::scenario::Scenario;
use retrylab_core::sim::run;
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/digests.txt");

/// Each covers different parts: the server's drops, the link's loss with random latencies, many clients at
/// once, the policy's bounds, tokens with late replies.
pub(crate) const SCENARIOS: [&str; 20] = [
    "exchanges=50&server.drop=0.5",
    "exchanges=20&link.loss=0.2&link.latency=uniform+5ms+60ms",
    "clients=200&server.drop=0.2&link.latency=normal+10ms+4ms&link.loss=0.05",
    "exchanges=9&policy.initial_timeout=30ms&policy.multiplier=1.6&policy.max_timeout=100ms\
     &policy.give_up_above=none&policy.max_sends=9&policy.deadline=600ms&server.drop=0.8",
    "clients=3&exchanges=9&connected=false&token=true&message=%C3%A9cho&server.reply=mirror\
     &server.drop_list=2,4-6&server.drop_first=1&link.latency=normal+90ms+60ms",
    // Three jitter modes, measured round-trip times, retry budgets and circuit breakers.
    "clients=20&exchanges=5&server.drop=0.6&policy.preset=aws-standard",
    "clients=5&exchanges=4&link.loss=0.4&policy.preset=dhcpv6-solicit&policy.max_sends=6",
    "exchanges=40&link.loss=0.3&link.latency=normal+40ms+15ms&policy.preset=tcp-rfc6298\
     &policy.min_timeout=50ms&policy.jitter=decorrelated&policy.max_sends=8",
    "clients=30&exchanges=10&server.drop=0.7&policy.preset=envoy&policy.budget=adaptive+2+2m\
     &policy.breaker=3+1s",
    // Open loops, a server that takes time and has outages, attempt timeouts.
    "clients=3&exchanges=60&token=true&server.reply=mirror&workload.arrivals=poisson+20,+1s+60,+2s+5\
     &server.service=exponential+20ms&server.workers=2&server.queue=5&server.overflow=fail\
     &policy.attempt_timeout=150ms&policy.jitter=full&faults=1s+500ms+slow+3;+2s+300ms+server-down+keep",
    "exchanges=200&token=true&server.reply=mirror&workload.arrivals=constant+40&workload.duration=4s\
     &server.service=lognormal+10ms+20ms&server.rising=1ms&server.workers=none&server.fail=0.1\
     &server.hint=50ms&policy.budget=bucket+5+0.1&policy.breaker=share+0.2&faults=1s+1s+load+3",
    // All features of a link.
    "clients=4&exchanges=15&link.latency=pareto+5ms+2.5&link.correlation=0.7&link.duplicate=0.1\
     &link.reorder=0.2&link.reorder_gap=3&link.corrupt=0.05&link.loss=gilbert-elliott+0.1+0.4",
    "clients=6&exchanges=10&link.rate=64kbit&link.queue=3&link.queue_rule=red+1+3+0.5&link.shared=true\
     &link.reply_latency=exponential+20ms&link.reply_loss=burst+0.2+3&message=0123456789012345678",
    "clients=5&exchanges=12&link.loss=timed+200ms+600ms&link.latency=lognormal+20ms+15ms\
     &workload.think=uniform+0s+300ms&link.checksum=false&link.corrupt=0.2&token=true\
     &server.reply=mirror&faults=500ms+400ms+partition+reply;+1s+1s+latency+80ms;+2s+1s+loss+0.5",
    "clients=8&exchanges=5&link.preset=wifi-lossy&link.loss=4-state+0.1+0.3+0.2+0.4+0.05\
     &server.service=5ms&server.order=lifo&server.expire=20ms&link.latency=table+3ms+9ms+40ms",
    // Writers of one row.
    "clients=20&workload.task=write&policy.initial_timeout=10ms&policy.max_timeout=2s\
     &policy.give_up_above=none&policy.jitter=equal&link.latency=normal+10ms+2ms",
    // Several servers, and heartbeats.
    "clients=5&exchanges=8&servers=a%3D192.0.2.1:1060,b%3D198.51.100.2:7,c%3D203.0.113.3:1060&server.drop=0.3\
     &server.service=exponential+10ms&link.loss=0.1&link.latency=uniform+5ms+60ms\
     &faults=100ms+500ms+server-down+at+b;+300ms+1s+slow+3+at+c;+2s+100ms+server-down+keep",
    "clients=3&exchanges=60&workload.task=heartbeat&workload.interval=100ms&workload.dead_after=450ms\
     &link.loss=0.2&link.duplicate=0.1&link.latency=normal+100ms+80ms&faults=2s+1s+partition",
    // Acts by hand, and faults that do not end.
    "clients=3&exchanges=4&link.loss=burst+0.2+3&link.duplicate=0.2&link.latency=uniform+5ms+60ms\
     &faults=2s+forever+latency+50ms&acts=drop+client+1+request+1;+delay+client+2+reply+2+by+70ms;\
     +duplicate+client+2+request+3;+delay+client+3+request+2+by+1s;+drop+client+3+reply+1",
    // Changes during the run.
    "clients=4&exchanges=60&token=true&server.reply=mirror&workload.arrivals=poisson+20&policy.budget=throttle+5+0.1\
     &server.service=exponential+10ms&changes=500ms+link.loss%3Dburst+0.3+3;+1s+policy.backoff%3Dlinear;\
     +1s+policy.budget%3Dquota+20+5+1;+1s+server.workers%3D3;+1500ms+link.rate%3D256kbit;+2s+server.drop%3D0.3;\
     +2s+server.service%3D0s;+2s+link.latency%3Duniform+5ms+60ms",
];

#[test]
fn the_golden_digests_hold() {
    let mut lines = String::from(
        "# A link's fragment and its digest; see digests.rs. Written by UPDATE_DIGESTS=1.\n",
    );
    for fragment in SCENARIOS {
        for seed in 1..=20u64 {
            // Neighbouring seeds, and seeds that fill 64 bits.
            let seed = if seed <= 10 { seed } else { u64::MAX / seed };
            let (mut scenario, errors) = Scenario::from_fragment(fragment);
            assert_eq!(errors, [], "{fragment}");
            scenario.seed = seed;
            let digest = run(&scenario, ()).digest;
            writeln!(lines, "{} {digest}", scenario.to_fragment()).unwrap();
        }
    }
    if std::env::var_os("UPDATE_DIGESTS").is_some() {
        std::fs::write(PATH, &lines).unwrap();
    }
    let golden = std::fs::read_to_string(PATH).unwrap_or_default();
    for (line, golden) in lines.lines().zip(golden.lines()) {
        assert_eq!(line, golden);
    }
    assert_eq!(lines.lines().count(), golden.lines().count());
}
