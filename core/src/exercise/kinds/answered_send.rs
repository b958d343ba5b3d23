//! Which send does a reply answer? The way there and back is longer than the first wait, so it need not be the last one.

use super::super::draw::{
    Backoff, Draw, clock, is_end, is_reply, is_send, length, listed, millis, places,
};
use super::super::{Answer, Exercise, Kind};
use crate::time::Duration;
use crate::trace::What;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Maximum number of sends.
const SENDS: u32 = 5;

pub(super) fn draw(draw: &mut Draw<'_>) -> Option<Exercise> {
    let backoff = Backoff::draw(draw, SENDS);
    let latency = draw.millis(30, 160, 10);
    // Send 2 leaves before send 1 can be answered.
    if 2 * latency <= backoff.first {
        return None;
    }
    let mut pairs = backoff.pairs();
    pairs.push(("link.latency", millis(latency)));
    pairs.push(("link.loss", "0.4".to_string()));
    let scenario = draw.scenario(pairs)?;
    let records = draw.run(&scenario);
    let end = *places(&records, 1, is_end).first()?;
    let mut sends = places(&records, 1, is_send);
    sends.retain(|place| *place < end);
    let reply = *places(&records, 1, is_reply).iter().rfind(|place| **place < end)?;
    if !matches!(records[end].what, What::Answered { .. }) || sends.len() < 3 {
        return None;
    }
    let right = records[reply].label?.send.get() as usize;
    let answered = *sends.get(right - 1)?;
    let times: Vec<String> = sends.iter().map(|place| clock(records[*place].at)).collect();
    let both = Duration::from_millis(2 * latency);
    Some(Exercise {
        kind: Kind::AnsweredSend,
        number: 0,
        shown: sends[0] + 1,
        given: [
            format!("The client sends at {}.", listed(&times)),
            format!("A packet takes {latency} ms, each way, and some are lost."),
            format!(
                "The first reply that reaches the client arrives at {}.",
                clock(records[end].at)
            ),
        ]
        .to_vec(),
        question: "Which send does this reply answer?".to_string(),
        answer: Answer::Choice {
            options: (1..=sends.len()).map(|send| format!("Send {send}")).collect(),
            right,
        },
        why: format!(
            "The way there and back takes {}, so the send that is answered left at {}: send {right}.",
            length(both),
            clock(records[answered].at)
        ),
        reasons: [answered, reply, end].to_vec(),
        scenario,
    })
}
