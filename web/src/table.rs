//! The ladder as a table: the same records in the same order, for anyone who prefers text.

use crate::json::Json;
use crate::ladder::Ladder;
use crate::numbers::clock;
use crate::run::PageRun;
use crate::timeline::{Subject, Timeline};
use retrylab_core::trace::words::belongs;
use retrylab_core::trace::{HostId, What};

/// A run with the ladder whose records the table has.
pub(crate) type Source<'a> = (&'a PageRun, &'a Timeline, &'a Ladder);

/// Which events of the table are shown: those that match a text, and their neighbours.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// The words in lower case; all of them occur in an event that matches. If there are none, every event does.
    words: Vec<String>,
    flow: u32,
    /// Number of places that have been searched.
    searched: usize,
    /// Places of the events that match.
    found: Vec<usize>,
    /// Places of the rows.
    shown: Vec<usize>,
}

/// A row of the table: a place in the ladder's records.
pub(crate) struct Row {
    place: usize,
    /// It does not match, but is next to an event that does.
    is_context: bool,
}

impl Filter {
    /// Searches the first `length` places of the table; those that it has searched for the same text only once. Returns the
    /// number of rows, of events that match, and of all.
    pub(crate) fn update(&mut self, source: Source<'_>, text: &str, length: usize) -> [usize; 3] {
        let text = text.to_ascii_lowercase();
        let flow = source.2.flow;
        if self.flow != flow
            || length < self.searched
            || text.split_ascii_whitespace().ne(&self.words)
        {
            let words = text.split_ascii_whitespace().map(str::to_string).collect();
            *self = Self { words, flow, ..Self::default() };
        }
        let new = self.searched..length;
        self.searched = length;
        if !self.words.is_empty() {
            self.found.extend(new.filter(|place| matches(source, *place, &self.words)));
            self.shown.clear();
            for place in &self.found {
                let next = self.shown.last().map_or(0, |last| last + 1);
                self.shown.extend(next.max(place.saturating_sub(1))..length.min(place + 2));
            }
            return [self.shown.len(), self.found.len(), length];
        }
        [length; 3]
    }

    /// Returns at most `most` rows from `from`.
    pub(crate) fn page(&self, from: usize, most: usize) -> Vec<Row> {
        if self.words.is_empty() {
            let places = from..self.searched.min(from + most);
            return places.map(|place| Row { place, is_context: false }).collect();
        }
        let places = self.shown.iter().skip(from).take(most);
        let row = |place: &usize| Row {
            place: *place,
            is_context: self.found.binary_search(place).is_err(),
        };
        places.map(row).collect()
    }

    /// Returns the row of a place, or of the next one that is shown.
    pub(crate) fn row(&self, place: usize) -> usize {
        if self.words.is_empty() { place } else { self.shown.partition_point(|own| *own < place) }
    }
}

/// Returns true if all words occur in the event at a place: in its side, in what happens, in what it belongs to or in how the
/// outcome calls it.
fn matches((run, timeline, ladder): Source<'_>, place: usize, words: &[String]) -> bool {
    let id = ladder.records()[place];
    let record = &run.records()[id as usize];
    let mut text = timeline.words(run.records(), id).whole();
    for part in [record.host.name(), &belongs(record, timeline.setting())] {
        text.push(' ');
        text += part;
    }
    // The outcome counts what is dropped.
    if matches!((record.host, record.what), (HostId::Server(_), What::Dropped { .. })) {
        text += " dropped";
    }
    text.make_ascii_lowercase();
    let has = |word: &String| text.as_bytes().windows(word.len()).any(|own| own == word.as_bytes());
    words.iter().all(has)
}

/// Returns the rows of a page: an array of `id`, `at`, `side`, `what`, `send`, `now`, `chosen`, `context`.
///
/// `now` marks the records of the latest moment at or before `at`, `chosen` those of what is `selected`.
pub(crate) fn rows(
    (run, timeline, ladder): Source<'_>,
    page: &[Row],
    (at, places): (u64, u32),
    selected: Subject,
) -> String {
    let now = crate::timeline::before(ladder.moments(), at.saturating_add(1));
    Json::array(|json| {
        for Row { place, is_context } in page {
            let id = ladder.records()[*place];
            let record = &run.records()[id as usize];
            json.element(|json| {
                json.number("id", id.into());
                // As in the ladder and on the stage, a loss is shown while the packet is on its way.
                let at = moment_of(ladder, *place).unwrap_or(record.at.as_nanos());
                json.text("at", &clock(at, places));
                json.text("side", record.host.name());
                json.text("what", &timeline.words(run.records(), id).whole());
                json.text("send", &belongs(record, timeline.setting()));
                let subject = timeline.subject(id);
                json.flag("chosen", subject == selected && subject != Subject::Nothing);
                json.flag("now", now.is_some() && now == moment_of(ladder, *place));
                json.flag("context", *is_context);
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

    fn opening() -> (PageRun, Timeline, Ladder) {
        let (scenario, _) = Scenario::from_fragment(crate::lessons::OPENING.fragment);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let ladder = Ladder::new(&run, &timeline, 1);
        (run, timeline, ladder)
    }

    #[test]
    fn a_table_has_the_ladders_records_and_marks_the_moment() {
        let (run, timeline, ladder) = opening();
        let source = (&run, &timeline, &ladder);
        let mut filter = Filter::default();
        let length = run.records().len();
        assert_eq!(filter.update(source, " ", length), [length; 3]);
        let now = (100_000_000, 3);
        let text = rows(source, &filter.page(0, 100), now, Subject::Nothing);
        assert_eq!(text.matches("\"id\":").count(), length);
        assert_eq!(text.matches("\"now\":true").count(), 3, "fired, sent, armed: {text}");
        assert!(text.contains(r#""at":"0.100","side":"client","what":"No reply for 100 ms.""#));
        assert!(
            text.contains(r#""what":"The reply to send 1 is lost on the link.","send":"send 1""#),
            "{text}"
        );
        assert_eq!(place(&ladder, 0), 0);
        assert_eq!(place(&ladder, 100_000_000), 5);
        let page = rows(source, &filter.page(5, 1), now, Subject::Nothing);
        assert_eq!(page.matches("\"id\":").count(), 1);
        assert!(page.contains("\"now\":true"));
    }

    #[test]
    fn a_filter_finds_all_of_its_words_and_keeps_neighbours() {
        let (run, timeline, ladder) = opening();
        let source = (&run, &timeline, &ladder);
        let length = run.records().len();
        let mut filter = Filter::default();
        assert_eq!(filter.update(source, "LOST reply", length), [3, 1, length]);
        let page = filter.page(0, 100);
        let marks: Vec<bool> = page.iter().map(|row| row.is_context).collect();
        assert_eq!(marks, [true, false, true]);
        let text = rows(source, &page, (0, 3), Subject::Nothing);
        assert_eq!(text.matches(r#""context":true"#).count(), 2);
        let lost = page[1].place;
        assert_eq!(filter.row(lost), 1);
        assert_eq!(filter.row(0), 0, "the first row after it");
        // What the reader has not seen is not searched, and is not a neighbour either.
        assert_eq!(filter.update(source, "lost reply", lost + 1), [2, 1, lost + 1]);
        assert_eq!(filter.update(source, "lost reply", lost), [0, 0, lost]);
        assert_eq!(filter.update(source, "lost reply", length), [3, 1, length]);
        assert_eq!(filter.update(source, "lost nonsense", length), [0, 0, length]);
        let [shown, sides, _] = filter.update(source, "server send 2", length);
        assert!(sides > 0 && shown > sides, "side and what it belongs to are searched, too");
    }

    #[test]
    fn neighbours_of_two_matches_are_shown_once() {
        let (run, timeline, ladder) = opening();
        let length = run.records().len();
        let mut filter = Filter::default();
        let [shown, found, _] = filter.update((&run, &timeline, &ladder), "send", length);
        assert!(found > 1);
        let places: Vec<usize> = filter.page(0, 100).iter().map(|row| row.place).collect();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert_eq!(places.len(), shown);
    }
}
