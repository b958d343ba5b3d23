//! Every part of a policy that draws, alone: its draws differ between clients, exchanges and seeds.

use super::*;
use crate::policy::{Delay, HintRule, Jitter, PolicyBuilder};
use crate::value::Value;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// The times of the sends of some exchanges of a client, the first of which is number `number`. Each send
/// gets a failure as its reply, with a hint of 2 s. An exchange that a limit refuses has no times.
fn history(policy: &Policy, seed: u64, flow: u32, number: u32) -> Vec<Vec<u64>> {
    let rules = Rules::new(policy, seed, flow);
    let mut exchange = Exchange::new(policy);
    let mut now = Instant::ZERO;
    // A budget decides yes or no: one exchange has few outcomes.
    let count = if policy.budget().is_some() { 40 } else { 1 };
    (0..count)
        .map(|n| {
            exchange.prepare(NonZeroU32::new((number - 1) * count + n + 1).unwrap());
            run(&mut exchange, rules, &mut now)
        })
        .collect()
}

fn run(exchange: &mut Exchange, rules: Rules<'_>, now: &mut Instant) -> Vec<u64> {
    let mut sent = Vec::new();
    let mut outcome = exchange.begin(rules, *now);
    while outcome.is_none() {
        if let Some(label) = exchange.next_send(*now) {
            sent.push(now.as_nanos());
            let hint = Some(Hint::After(Duration::from_secs(2)));
            outcome = exchange.failed(rules, *now, label.send, hint);
        } else if let Some((_, deadline)) = exchange.deadline() {
            *now = deadline;
            outcome = exchange.due(rules, *now);
        }
    }
    sent
}

/// Policies of which exactly one part draws.
fn drawing() -> Vec<(&'static str, Policy)> {
    let plain = Policy::exponential(Duration::from_secs(1)).max_sends(Some(4));
    let plain = plain.hint(HintRule::Ignore);
    let build = |builder: PolicyBuilder| builder.build().unwrap();
    let modes = Jitter::SHAPE.grammar().unwrap().examples.iter().map(|(mode, _)| *mode);
    let mut all: Vec<(&str, Policy)> = modes
        .filter(|mode| *mode != "none")
        .map(|mode| (mode, build(plain.jitter(mode.parse().unwrap()))))
        .collect();
    assert!(all.len() >= 10);
    let delay = Delay { least: Duration::ZERO, most: Duration::from_secs(1) };
    all.push(("first delay", build(plain.first_delay(Some(delay)))));
    all.push(("hint", build(plain.hint(HintRule::default()))));
    all.push(("adaptive budget", build(plain.budget(Some("adaptive 1.1 2min".parse().unwrap())))));
    all
}

#[test]
fn draws_differ_between_clients_exchanges_and_seeds() {
    for (name, policy) in drawing() {
        assert!(policy.draws(true), "{name}");
        let different = |histories: Vec<Vec<Vec<u64>>>| {
            let count = histories.iter().collect::<BTreeSet<_>>().len();
            assert!(count >= 60, "{name}: {count} of 64 differ, such as {:?}", histories[0]);
        };
        different((1..=64).map(|flow| history(&policy, 1, flow, 1)).collect());
        different((1..=64).map(|number| history(&policy, 1, 1, number)).collect());
        different((1..=64).map(|seed| history(&policy, seed, 1, 1)).collect());
    }
}
