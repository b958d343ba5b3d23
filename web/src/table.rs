//! The ladder as a table: the same records in the same order, for anyone who prefers text.

use crate::json::Json;
use crate::ladder::Ladder;
use crate::numbers::clock;
use crate::run::PageRun;
use crate::timeline::{Subject, Timeline};
use retrylab_core::trace::words::belongs;

/// Returns at most `most` rows from `from`: an array of `id`, `at`, `side`, `what`, `send`, `now`, `chosen`.
///
/// `now` marks the records of the latest moment at or before `at`, `chosen` those of what is `selected`.
pub(crate) fn rows(
    run: &PageRun,
    timeline: &Timeline,
    ladder: &Ladder,
    (from, most): (usize, usize),
    (at, places): (u64, u32),
    selected: Subject,
) -> String {
    let now = crate::timeline::before(ladder.moments(), at.saturating_add(1));
    Json::array(|json| {
        let ids = ladder.records().iter().skip(from).take(most);
        for (id, place) in ids.zip(from..) {
            let record = &run.records()[*id as usize];
            json.element(|json| {
                json.number("id", (*id).into());
                // As in the ladder and on the stage, a loss is shown while the packet is on its way.
                let at = moment_of(ladder, place).unwrap_or(record.at.as_nanos());
                json.text("at", &clock(at, places));
                json.text("side", record.host.name());
                json.text("what", &timeline.words(run.records(), *id).whole());
                json.text("send", &belongs(record, timeline.setting()));
                let subject = timeline.subject(*id);
                json.flag("chosen", subject == selected && subject != Subject::Nothing);
                json.flag("now", now.is_some() && now == moment_of(ladder, place));
            });
        }
    })
}

/// Returns the number of records that are shown up to and including `at`.
pub(crate) fn length(ladder: &Ladder, at: u64) -> usize {
    let count = ladder.moments().partition_point(|moment| *moment <= at);
    ladder.rows.iter().take(count).map(|row| ladder.records_of(row).len()).sum()
}

/// Returns the place of the first record of the latest moment at or before `at`.
pub(crate) fn place(ladder: &Ladder, at: u64) -> usize {
    let count = ladder.moments().partition_point(|moment| *moment <= at);
    let rows = ladder.rows.iter().take(count.saturating_sub(1));
    rows.map(|row| ladder.records_of(row).len()).sum()
}

/// Returns when the record at a place of the table is shown.
fn moment_of(ladder: &Ladder, place: usize) -> Option<u64> {
    ladder.row_of(place).map(|row| row.at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    #[test]
    fn a_table_has_the_ladders_records_and_marks_the_moment() {
        let (scenario, _) = Scenario::from_fragment(crate::lessons::OPENING.fragment);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let ladder = Ladder::new(&run, &timeline, 1);
        let text = rows(&run, &timeline, &ladder, (0, 100), (100_000_000, 3), Subject::Nothing);
        assert_eq!(text.matches("\"id\":").count(), run.records().len());
        assert_eq!(text.matches("\"now\":true").count(), 3, "fired, sent, armed: {text}");
        assert!(text.contains(r#""at":"0.100","side":"client","what":"No reply for 100 ms.""#));
        assert!(
            text.contains(r#""what":"The reply to send 1 is lost on the link.","send":"send 1""#),
            "{text}"
        );
        assert_eq!(place(&ladder, 0), 0);
        assert_eq!(place(&ladder, 100_000_000), 5);
        let page = rows(&run, &timeline, &ladder, (5, 1), (100_000_000, 3), Subject::Nothing);
        assert_eq!(page.matches("\"id\":").count(), 1);
        assert!(page.contains("\"now\":true"));
    }
}
