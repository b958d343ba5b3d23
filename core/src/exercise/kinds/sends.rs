//! How many sends does an exchange take that begins while the server is down?

use super::super::draw::{Draw, clock};
use super::super::{Answer, Exercise, Kind};
use super::outage::Outage;
use alloc::format;
use alloc::string::ToString;

/// Maximum number of sends.
const SENDS: u32 = 10;

/// The longest outage in milliseconds.
const LONGEST: u64 = 2_500;

pub(super) fn draw(draw: &mut Draw<'_>) -> Option<Exercise> {
    let outage = Outage::draw(draw, SENDS, LONGEST)?;
    let count = outage.sends.len();
    if !outage.end.1 || !(2..=8).contains(&count) {
        return None;
    }
    let last = outage.sends[count - 1];
    Some(Exercise {
        kind: Kind::Sends,
        number: 0,
        shown: outage.shown(),
        question: "How many times does the client send this request?".to_string(),
        answer: Answer::Number(count as u32),
        why: format!(
            "Send {count} leaves at {} and arrives at {}. It is the first to arrive after the server is back, at {}.",
            clock(outage.records[last].at),
            clock(outage.arrival(last)),
            clock(outage.back)
        ),
        // The last one that came too early, and the first one that did not.
        reasons: outage.reasons(&outage.sends[count - 2..]),
        given: outage.given,
        scenario: outage.scenario,
    })
}
