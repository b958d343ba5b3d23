//! Which policy made these waits?

use super::super::draw::{Draw, Pairs, is_end, is_send, length, listed, millis, places};
use super::super::{Answer, Exercise, Kind};
use crate::policy::{Jitter, Policy};
use crate::scenario::Scenario;
use crate::time::Duration;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Number of sends, each with a wait after it.
const SENDS: u32 = 4;

/// Number of policies to choose from.
const OPTIONS: usize = 4;

pub(super) fn draw(draw: &mut Draw<'_>) -> Option<Exercise> {
    let first = draw.of(&[80, 100, 150, 200]);
    let candidates = candidates(first);
    let place = draw.of(&[0, 1, 2, 3, 4, 5]);
    let mut scenarios = Vec::new();
    for (_, pairs) in &candidates {
        let mut pairs = pairs.clone();
        pairs.extend([
            ("policy.initial_timeout", millis(first)),
            ("policy.give_up_above", "none".to_string()),
            ("policy.max_sends", SENDS.to_string()),
            ("server.drop", "1".to_string()),
        ]);
        scenarios.push(draw.scenario(pairs)?);
    }
    let scenario: Scenario = scenarios.get(place)?.clone();
    let records = draw.run(&scenario);
    let mut steps = places(&records, 1, is_send);
    steps.extend(places(&records, 1, is_end));
    let waits: Vec<Duration> = steps
        .windows(2)
        .map(|pair| records[pair[1]].at.saturating_since(records[pair[0]].at))
        .collect();
    // The other options cannot have made these waits.
    let mut others: Vec<usize> = (0..candidates.len())
        .filter(|other| !can_make(&scenarios[*other].policy, &waits))
        .collect();
    while others.len() > OPTIONS - 1 {
        others.remove(draw.stream.up_to(others.len() as u64 - 1) as usize);
    }
    others.push(place);
    others.sort_unstable();
    others.dedup();
    if others.len() < OPTIONS {
        return None;
    }
    let right = 1 + others.iter().position(|other| *other == place)?;
    let texts: Vec<String> = waits.iter().map(|wait| length(*wait)).collect();
    Some(Exercise {
        kind: Kind::Policy,
        number: 0,
        shown: records.len(),
        given: ["The server drops every request. Its client makes every wait by one policy, and gives up in the end.".to_string()].to_vec(),
        question: "Which policy made these waits?".to_string(),
        answer: Answer::Choice {
            options: others.iter().map(|other| candidates[*other].0.clone()).collect(),
            right,
        },
        why: format!(
            "The waits are {}. Each other policy would have made one of them longer or shorter.",
            listed(&texts)
        ),
        reasons: steps,
        scenario,
    })
}

/// Returns policies that begin alike, with their names.
fn candidates(first: u64) -> [(String, Pairs); 6] {
    let multiplier = |factor: &str, jitter: &str| -> Pairs {
        [("policy.multiplier", factor.to_string()), ("policy.jitter", jitter.to_string())].to_vec()
    };
    [
        (format!("Always {first} ms"), multiplier("1", "none")),
        (
            format!("{first} ms, then {first} ms longer each time"),
            [("policy.backoff", "linear".to_string()), ("policy.increment", millis(first))]
                .to_vec(),
        ),
        (format!("{first} ms, then twice as long each time"), multiplier("2", "none")),
        (format!("{first} ms, then three times as long each time"), multiplier("3", "none")),
        (
            format!(
                "{first} ms, then twice as long each time; full jitter: anything from 0 up to that"
            ),
            multiplier("2", "full"),
        ),
        (
            format!(
                "{first} ms, then twice as long each time; equal jitter: each wait is drawn between half of that and all of it"
            ),
            multiplier("2", "equal"),
        ),
    ]
}

/// Returns true if a policy can have made these waits. The longest wait of a jitter is practically never drawn.
fn can_make(policy: &Policy, waits: &[Duration]) -> bool {
    let table = policy.timetable(waits.len(), waits.len());
    let drawn = policy.jitter() != Jitter::None;
    table.sends.iter().zip(waits).all(|(planned, wait)| {
        let range = planned.wait;
        (range.least..=range.most).contains(wait) && !(drawn && *wait == range.most)
    })
}
