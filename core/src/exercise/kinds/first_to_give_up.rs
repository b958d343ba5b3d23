//! Which of several clients gives up first when nothing gets through any more?

use super::super::draw::{
    Backoff, Draw, clock, is_given_up, is_send, length, listed, millis, places,
};
use super::super::{Answer, Exercise, Kind};
use crate::time::{Duration, Instant};
use crate::trace::{Record, What};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

const CLIENTS: u32 = 3;

/// How long a packet takes, one way, in milliseconds.
const LATENCY: u64 = 10;

/// The first client gives up this much earlier than the next one.
const MARGIN: Duration = Duration::from_millis(20);

/// The end of a client's last exchange.
#[derive(Clone, Copy)]
struct End {
    flow: u32,
    /// The place of its first send, and of the record that the client gave up.
    begun: usize,
    over: usize,
}

pub(super) fn draw(draw: &mut Draw<'_>) -> Option<Exercise> {
    let max_sends = draw.of(&[3, 4]);
    let backoff = Backoff::draw(draw, max_sends);
    let (think, down) = (draw.millis(50, 300, 10), draw.millis(400, 1_500, 50));
    let mut pairs = backoff.pairs();
    pairs.extend([
        ("clients", CLIENTS.to_string()),
        ("exchanges", "5".to_string()),
        ("workload.think", millis(think)),
        ("link.latency", millis(LATENCY)),
        ("link.loss", "0.3".to_string()),
        ("faults", format!("{down}ms forever partition")),
    ]);
    let scenario = draw.scenario(pairs)?;
    let records = draw.run(&scenario);
    let mut ends = (1..=CLIENTS).map(|flow| end(&records, flow)).collect::<Option<Vec<End>>>()?;
    ends.sort_by_key(|end| end.over);
    let [first, second, ..] = ends[..] else { return None };
    let at = |place: usize| records[place].at;
    // Everything on its way has arrived, and each client is in the exchange that fails.
    let quiet = Instant::from_millis(down + 2 * LATENCY);
    let quiet = records.iter().position(|record| record.at > quiet)?;
    let shown = ends.iter().map(|end| end.begun + 1).max()?.max(quiet);
    if shown > first.over || at(second.over).saturating_since(at(first.over)) < MARGIN {
        return None;
    }
    let others: Vec<String> = ends[1..]
        .iter()
        .map(|end| format!("client {} at {}", end.flow, clock(at(end.begun))))
        .collect();
    let mut given = backoff.words();
    given.insert(0, format!("All {CLIENTS} clients have the same policy."));
    given.push(format!(
        "No packet that is sent from {} on arrives.",
        length(Duration::from_millis(down))
    ));
    Some(Exercise {
        kind: Kind::FirstToGiveUp,
        number: 0,
        shown,
        given,
        question: "Which of them is the first to give up?".to_string(),
        answer: Answer::Choice {
            options: (1..=CLIENTS).map(|flow| format!("Client {flow}")).collect(),
            right: first.flow as usize,
        },
        why: format!(
            "Client {} began its exchange first, at {}; {} began theirs later. All of them give up {} after that, so it \
             is the first, at {}.",
            first.flow,
            clock(at(first.begun)),
            listed(&others),
            length(at(first.over).saturating_since(at(first.begun))),
            clock(at(first.over))
        ),
        reasons: ends.iter().map(|end| end.begun).chain([first.over]).collect(),
        scenario,
    })
}

/// Returns the end of the first exchange that a client gives up.
fn end(records: &[Record], flow: u32) -> Option<End> {
    let over = *places(records, flow, is_given_up).first()?;
    let What::GaveUp { elapsed, .. } = records[over].what else { return None };
    let is_first = |place: &usize| records[*place].at.saturating_add(elapsed) == records[over].at;
    let begun = places(records, flow, is_send).into_iter().find(is_first)?;
    Some(End { flow, begun, over })
}
