//! The ladder as a table: the same records in the same order, for whoever reads rather than looks.

use crate::json::Json;
use crate::ladder::Ladder;
use crate::numbers::{clock, count, span};
use crate::run::Run;
use crate::timeline::{Id, Purpose, Timeline, Wait};
use retrylab_core::time::nanos;
use retrylab_core::trace::{Direction, Record, What};

/// The rows from `from` on, at most `most`: an array of `id`, `at`, `side`, `what`, `send`, `now`.
///
/// `now` marks the records of the latest moment at or before `at`.
pub(crate) fn rows(
    run: &Run,
    timeline: &Timeline,
    ladder: &Ladder,
    (from, most): (usize, usize),
    (at, places): (u64, u32),
) -> String {
    let now = crate::timeline::before(ladder.moments(), at.saturating_add(1));
    Json::array(|json| {
        let ids = ladder.records().iter().skip(from).take(most);
        for (id, place) in ids.zip(from..) {
            let record = &run.records()[*id as usize];
            json.element(|json| {
                json.number("id", (*id).into());
                // As the ladder and the stage have it: a loss is shown on its way.
                let at = moment_of(ladder, place).unwrap_or(record.at.as_nanos());
                json.text("at", &clock(at, places));
                json.text("side", record.side.name());
                json.text("what", &what(timeline, *id, record));
                json.text("send", &which(run, timeline, *id, record));
                json.flag("now", now.is_some() && now == moment_of(ladder, place));
            });
        }
    })
}

/// The place of the first record of the latest moment at or before `at`.
pub(crate) fn place(ladder: &Ladder, at: u64) -> usize {
    let count = ladder.moments().partition_point(|moment| *moment <= at);
    let rows = ladder.rows.iter().take(count.saturating_sub(1));
    rows.map(|row| ladder.records_of(row).len()).sum()
}

/// When the record at a place of the table is shown.
fn moment_of(ladder: &Ladder, place: usize) -> Option<u64> {
    ladder.row_of(place).map(|row| row.at)
}

/// The send that a record belongs to, and its exchange when there are several.
fn which(run: &Run, timeline: &Timeline, id: Id, record: &Record) -> String {
    // The label is that of the last send, which was in the exchange before.
    let unsent = timeline.wait_of(id).filter(|wait| wait.is_unsent());
    match record.label {
        _ if unsent.is_some() => match unsent {
            Some(wait) if run.scenario().exchanges > 1 => format!("#{}", wait.exchange()),
            _ => String::new(),
        },
        None => String::new(),
        Some(label) if run.scenario().exchanges > 1 => {
            format!("#{} send {}", label.exchange, label.send)
        }
        Some(label) => format!("send {}", label.send),
    }
}

fn what(timeline: &Timeline, id: Id, record: &Record) -> String {
    let datagram = |direction| match direction {
        Direction::Request => "request",
        Direction::Reply => "reply",
    };
    let after = |what: &str, elapsed, sends: u32| {
        format!("{what} after {} and {}", span(nanos(elapsed)), count(sends.into(), "send"))
    };
    match record.what {
        What::Sent { direction, bytes } => {
            format!("sends a {}, {}", datagram(direction), count(bytes.into(), "byte"))
        }
        What::Delivered { direction } => format!("{} arrives", datagram(direction)),
        What::Dropped { direction, cause } => format!("{} {cause}", datagram(direction)),
        What::TimerArmed { timer, .. } => {
            let length = timeline.wait_of(id).map_or_else(String::new, Wait::length);
            match timeline.wait_of(id).map(Wait::purpose) {
                Some(Purpose::Start) => format!("waits {length} before its first send"),
                Some(Purpose::Rest) => format!("may not ask, rests {length}"),
                _ => format!("waits {length}, then to {timer}"),
            }
        }
        What::TimerFired { .. } if rests(timeline, id) => "the rest is over".to_string(),
        What::TimerFired { timer } => format!("the wait is over: {timer}"),
        What::Answered { sends, elapsed, .. } => after("answered", elapsed, sends),
        What::LateReply => "a late reply, ignored".to_string(),
        What::Stranger => "a stranger's datagram, ignored".to_string(),
        What::GaveUp { sends: 0, why, .. } => format!("did not ask: {why}"),
        What::GaveUp { sends, elapsed, why } => {
            format!("{}: {why}", after("gave up", elapsed, sends))
        }
        What::Refused { sends, elapsed } => after("refused", elapsed, sends),
        What::Note(words) => words.to_string(),
        _ => record.what.name().replace('_', " "),
    }
}

/// Is a record about a client that a brake holds?
fn rests(timeline: &Timeline, id: Id) -> bool {
    timeline.wait_of(id).is_some_and(|wait| wait.purpose() == Purpose::Rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    #[test]
    fn a_table_has_the_ladders_records_and_marks_the_moment() {
        let (scenario, _) = Scenario::from_fragment(crate::lessons::OPENING.fragment);
        let mut run = Run::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(run.scenario(), run.records(), false);
        let ladder = Ladder::new(&run, &timeline, 1);
        let text = rows(&run, &timeline, &ladder, (0, 100), (100_000_000, 3));
        assert_eq!(text.matches("\"id\":").count(), run.records().len());
        assert_eq!(text.matches("\"now\":true").count(), 3, "fired, sent, armed: {text}");
        assert!(text.contains(r#""at":"0.100","side":"client","what":"the wait is over: resend""#));
        assert!(text.contains(r#""what":"reply lost on the link","send":"send 1""#), "{text}");
        assert_eq!(place(&ladder, 0), 0);
        assert_eq!(place(&ladder, 100_000_000), 5);
        let page = rows(&run, &timeline, &ladder, (5, 1), (100_000_000, 3));
        assert_eq!(page.matches("\"id\":").count(), 1);
        assert!(page.contains("\"now\":true"));
    }
}
