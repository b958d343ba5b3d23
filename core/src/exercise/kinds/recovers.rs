//! Does an exchange outlast an outage, or does its client give up first?

use super::super::draw::{Draw, clock};
use super::super::{Answer, Exercise, Kind};
use super::outage::Outage;
use alloc::format;
use alloc::string::ToString;

pub(super) fn draw(draw: &mut Draw<'_>) -> Option<Exercise> {
    // Both answers are equally likely.
    let wanted = draw.of(&[false, true]);
    let (sends, longest) = (draw.of(&[3, 4, 5]), draw.of(&[500, 1_000, 2_000, 4_000]));
    let outage = Outage::draw(draw, sends, longest)?;
    let (end, answered) = outage.end;
    let count = outage.sends.len();
    // The end is open until one of the last two sends.
    if answered != wanted || count + 1 < sends as usize {
        return None;
    }
    let last = outage.sends[count - 1];
    let [sent, arrival, back, over] =
        [outage.records[last].at, outage.arrival(last), outage.back, outage.records[end].at]
            .map(clock);
    let why = if answered {
        format!(
            "Send {count} leaves at {sent} and arrives at {arrival}. The server has been back since {back} and answers \
             it."
        )
    } else {
        format!(
            "Send {count}, the last one, arrives at {arrival}. The server is back only at {back}, so nothing is left that it \
             could answer, and the client gives up at {over}."
        )
    };
    Some(Exercise {
        kind: Kind::Recovers,
        number: 0,
        shown: outage.shown(),
        question: "Is the exchange answered, or does the client give up?".to_string(),
        answer: Answer::Choice {
            options: ["It is answered", "The client gives up"].map(ToString::to_string).to_vec(),
            right: if answered { 1 } else { 2 },
        },
        why,
        reasons: outage.reasons(&[last]),
        given: outage.given,
        scenario: outage.scenario,
    })
}
