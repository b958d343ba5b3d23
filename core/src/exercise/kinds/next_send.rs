//! When does the next send leave? The schedule of a policy without jitter.

use super::super::draw::{Backoff, Draw, clock, is_send, is_wait, length, places};
use super::super::{Answer, Exercise, Kind};
use crate::time::Instant;
use alloc::format;
use alloc::string::ToString;

/// Maximum number of sends.
const SENDS: u32 = 6;

pub(super) fn draw(draw: &mut Draw<'_>) -> Option<Exercise> {
    let backoff = Backoff::draw(draw, SENDS);
    let mut pairs = backoff.pairs();
    pairs.push(("server.drop", "1".to_string()));
    let scenario = draw.scenario(pairs)?;
    let records = draw.run(&scenario);
    let sends = places(&records, 1, is_send);
    let known = draw.of(&[2, 3, 4]);
    let (last, next) = (*sends.get(known - 1)?, *sends.get(known)?);
    let waits = places(&records, 1, is_wait);
    let [at, then] = [last, next].map(|place| records[place].at);
    let mut given = backoff.words();
    given.insert(0, "The server drops every request.".to_string());
    Some(Exercise {
        kind: Kind::NextSend,
        number: 0,
        shown: last + 1,
        question: format!(
            "Send {known} has just left, at {}. At which time does send {} leave?",
            clock(at),
            known + 1
        ),
        answer: Answer::Time(then.saturating_since(Instant::ZERO)),
        why: format!(
            "One wait after send {known}: {} + {} = {}.",
            clock(at),
            length(then.saturating_since(at)),
            clock(then)
        ),
        reasons: [last]
            .into_iter()
            .chain(waits.into_iter().filter(|place| (last..next).contains(place)))
            .chain([next])
            .collect(),
        given,
        scenario,
    })
}
