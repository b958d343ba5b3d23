//! What heartbeats show.

use super::{Wording, Words, count, span};
use crate::time::{Duration, nanos};
use alloc::format;
use alloc::string::{String, ToString};

/// Returns the heartbeat that has just arrived, as the subject of a sentence.
fn heartbeat(wording: &Wording<'_>) -> String {
    let number = wording.record.label.map(|label| label.exchange);
    let name =
        number.map_or_else(|| "a heartbeat".to_string(), |number| format!("heartbeat {number}"));
    name + &wording.whose()
}

pub(in super::super) fn missing(wording: &Wording<'_>, missing: u32) -> Words {
    let what = count(missing.into(), "heartbeat");
    let verb = if missing == 1 { "is" } else { "are" };
    Words::new(heartbeat(wording), format!("shows that {what} before it {verb} missing"))
        .noted(format!("{what} missing"), format!("{missing} missing"))
}

pub(in super::super) fn reordered(wording: &Wording<'_>) -> Words {
    Words::new(heartbeat(wording), "is late: a later one has arrived before")
        .noted("out of order", "late")
}

pub(in super::super) fn repeated(wording: &Wording<'_>) -> Words {
    let predicate =
        "counts only as a sign of life: it has arrived before, or comes too late to know";
    Words::new(heartbeat(wording), predicate).noted("repeated heartbeat", "repeated")
}

pub(in super::super) fn dead(wording: &Wording<'_>, silence: Duration) -> Words {
    let silence = span(nanos(silence));
    let predicate =
        format!("declares {} dead after {silence} without a heartbeat", wording.client());
    Words::new(wording.host(), predicate)
        .noted(format!("declared dead after {silence}"), "declared dead")
        .summed(format!("silent for {silence}"))
}

pub(in super::super) fn alive(wording: &Wording<'_>) -> Words {
    Words::new(wording.client(), "is alive again").noted("alive again", "alive")
}
