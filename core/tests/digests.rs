//! The digests that every build has to give: `digests.txt` holds nine scenarios with twenty seeds
//! each. The page's tests check the same file in a browser, the program's tests with `retrylab sim`.
//!
//! A change of them is a change of what runs mean: `UPDATE_DIGESTS=1 cargo test -p retrylab-core
//! --test digests` writes the file anew, and the commit says why.

use retrylab_core::sim::{Scenario, run};
use std::fmt::Write;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/digests.txt");

/// Each reaches into other parts: the server's drops, the link's loss with random latencies, many
/// clients at once, the policy's bounds, tokens with late replies.
const SCENARIOS: [&str; 9] = [
    "exchanges=50&server.drop=0.5",
    "exchanges=20&link.loss=0.2&link.latency=uniform+5ms+60ms",
    "clients=200&server.drop=0.2&link.latency=normal+10ms+4ms&link.loss=0.05",
    "exchanges=9&policy.initial_timeout=30ms&policy.multiplier=1.6&policy.max_timeout=100ms\
     &policy.give_up_above=none&policy.max_sends=9&policy.deadline=600ms&server.drop=0.8",
    "clients=3&exchanges=9&connected=false&token=true&message=%C3%A9cho&server.reply=mirror\
     &server.drop_list=2,4-6&server.drop_first=1&link.latency=normal+90ms+60ms",
    // Jitter of three kinds, round-trip times that are measured, and brakes.
    "clients=20&exchanges=5&server.drop=0.6&policy.preset=aws-standard",
    "clients=5&exchanges=4&link.loss=0.4&policy.preset=dhcpv6-solicit&policy.max_sends=6",
    "exchanges=40&link.loss=0.3&link.latency=normal+40ms+15ms&policy.preset=tcp-rfc6298\
     &policy.min_timeout=50ms&policy.jitter=decorrelated&policy.max_sends=8",
    "clients=30&exchanges=10&server.drop=0.7&policy.preset=envoy&policy.budget=adaptive+2+2m\
     &policy.breaker=3+1s",
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
