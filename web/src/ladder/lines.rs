//! The words next to a row: what the client and the server do at one moment. The core writes the words;
//! this module arranges them.

use crate::run::PageRun;
use crate::timeline::{Id, Side, Timeline};
use retrylab_core::trace::words::{Words, grouped};
use retrylab_core::trace::{Direction, FrameStep, HostId, Record, What};

/// A line of text, and a shorter form for narrow ladders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) long: String,
    pub(crate) short: String,
}

impl Line {
    fn new(long: impl Into<String>, short: impl Into<String>) -> Self {
        Self { long: long.into(), short: short.into() }
    }

    /// Returns true if the note of `words` still fits.
    fn has_room(&self, words: &Words) -> bool {
        self.long.chars().count() + words.note.chars().count() <= WIDE
    }
}

/// The words on both sides of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) client: Vec<Line>,
    pub(crate) server: Vec<Line>,
}

impl Lines {
    /// Returns its height in lines.
    pub(crate) fn height(&self) -> usize {
        self.client.len().max(self.server.len())
    }
}

/// Number of lines after which a row is cut off.
const MAX_LINES: usize = 12;

/// Number of characters that fit in a line.
const WIDE: usize = 34;

/// Returns the words of the records of one row.
pub(crate) fn lines(run: &PageRun, timeline: &Timeline, ids: &[Id]) -> Lines {
    let mut lines = Lines::default();
    // The send that the client's last line refers to.
    let mut last = None;
    for (place, id) in ids.iter().enumerate() {
        if lines.height() > MAX_LINES {
            // Without latency a whole run may happen at one moment.
            let more = format!("and {} more events", grouped((ids.len() - place) as u64));
            lines.client.push(Line::new(more, "and more"));
            break;
        }
        let record = &run.records()[*id as usize];
        let Some(side) = side(record) else { continue };
        let words = timeline.words(run.records(), *id);
        let describes = |other: &Record| {
            other.host == record.host && !matches!(other.what, What::TimerFired { .. })
        };
        if words.is_dull() && ids.iter().any(|id| describes(&run.records()[*id as usize])) {
            continue;
        }
        let out = if side == Side::Server { &mut lines.server } else { &mut lines.client };
        let tag = timeline.setting().server_tag(record) + &timeline.setting().exchange_tag(record);
        match out.last_mut() {
            // A wait belongs to the send that began it.
            Some(line) if is_wait(record) && last == record.label && line.has_room(&words) => {
                line.long += &format!(", {}", words.note);
            }
            _ => out.extend(broken(&tag, &words)),
        }
        if record.host == HostId::Client {
            last = record.label.filter(|_| !is_wait(record));
        }
    }
    lines
}

/// Returns the line of a note; two if its reason would make it too long.
fn broken(tag: &str, words: &Words) -> Vec<Line> {
    let (note, brief) = (tag.to_string() + &words.note, tag.to_string() + &words.brief);
    let is_wide = note.chars().count() > WIDE;
    match Some(&note).filter(|_| is_wide).and_then(|note| note.split_once(": ")) {
        Some((what, why)) => vec![Line::new(what, brief), Line::new(why, "")],
        None => vec![Line::new(note, brief)],
    }
}

/// Returns true if the arrow of a frame shows this. A host that loses what arrives says why.
fn is_on_arrow(step: FrameStep, host: HostId) -> bool {
    match step {
        FrameStep::Sent | FrameStep::Received => true,
        FrameStep::Lost(_) => host == HostId::Link,
        FrameStep::Duplicated | FrameStep::Damaged => false,
    }
}

fn is_wait(record: &Record) -> bool {
    matches!(record.what, What::TimerArmed { .. }) && record.host == HostId::Client
}

/// Returns the side of a record's words; `None` if its arrow shows it, or the ladder does not show it.
fn side(record: &Record) -> Option<Side> {
    match (record.what, record.host) {
        // Arrows end where a packet arrives, and at a cross with the cause where it is lost; those of frames have names.
        (What::Delivered { .. }, _) | (What::Dropped { .. }, HostId::Link) => None,
        (What::Frame { step, .. }, host) if is_on_arrow(step, host) => None,
        // What the link does to a packet is shown on the side that the packet comes from.
        (_, HostId::Link) => Some(match record.what.direction() {
            Some(Direction::Reply) => Side::Server,
            Some(Direction::Request) | None => Side::Client,
        }),
        (_, HostId::Client) => Some(Side::Client),
        (_, HostId::Server(_)) => Some(Side::Server),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ladder::Ladder;
    use retrylab_core::scenario::Scenario;

    /// Both sides of each row: the client's long and short form, the server's long one.
    fn rows_of(fragment: &str) -> Vec<(String, String, String)> {
        let (scenario, _) = Scenario::from_fragment(fragment);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let ladder = Ladder::new(&run, &timeline, 1);
        let text = |lines: &[Line], long: bool| {
            let text = lines.iter().map(|line| if long { &line.long } else { &line.short });
            text.cloned().collect::<Vec<_>>().join(" / ")
        };
        ladder
            .rows
            .iter()
            .map(|row| {
                let lines = lines(&run, &timeline, ladder.records_of(row));
                (text(&lines.client, true), text(&lines.client, false), text(&lines.server, true))
            })
            .collect()
    }

    #[test]
    fn a_delayed_start_and_the_limits_have_lines_of_their_own() {
        let long = |fragment| rows_of(fragment).into_iter().map(|row| row.0).collect::<Vec<_>>();
        let delayed = long("policy.first_delay=50ms");
        assert_eq!(delayed[..2], ["first send in 50 ms", "send 1, waits 100 ms"]);
        let broken = long("exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1");
        assert_eq!(
            broken[2..],
            [
                "#1 no reply for 100 ms / #1 gave up after 100 ms / #2 may not send, pauses 100 ms",
                "#2 not sent / the circuit breaker was open"
            ]
        );
        let spent = long("policy.budget=quota+500+501+1&server.drop=1");
        assert_eq!(
            spent.last().unwrap(),
            "no reply for 100 ms / gave up after 100 ms / the retry budget refuses the send"
        );
    }

    #[test]
    fn a_ladder_says_what_both_sides_do() {
        let row = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(
            rows_of("server.drop=1&policy.max_sends=2"),
            [
                row("send 1, waits 100 ms", "send 1", ""),
                row("", "", "drops it"),
                row("no reply for 100 ms / send 2, waits a final 200 ms", "no reply / send 2", ""),
                row("", "", "drops it"),
                row("no reply for 200 ms / gave up after 300 ms", "no reply / gave up", ""),
            ]
        );
    }
}
