//! The words beside a row: what the client and the server do at one moment.

use crate::numbers::{grouped, span};
use crate::run::Run;
use crate::timeline::{Id, Purpose, Timeline, Wait};
use retrylab_core::policy::Stop;
use retrylab_core::time::nanos;
use retrylab_core::trace::{Cause, Direction, Record, Side, What};

/// A line of text, and its form where there is little room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) long: String,
    pub(crate) short: String,
}

impl Line {
    fn new(long: impl Into<String>, short: impl Into<String>) -> Self {
        Self { long: long.into(), short: short.into() }
    }
}

/// What stands on both sides of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) client: Vec<Line>,
    pub(crate) server: Vec<Line>,
}

impl Lines {
    /// How many lines high it is.
    pub(crate) fn height(&self) -> usize {
        self.client.len().max(self.server.len())
    }
}

/// A row is not much higher than so many lines.
const MOST: usize = 12;

/// The words of the records of one row.
pub(crate) fn lines(run: &Run, timeline: &Timeline, ids: &[Id]) -> Lines {
    let several = run.scenario().exchanges > 1;
    let mut lines = Lines::default();
    for (place, id) in ids.iter().enumerate() {
        if lines.height() > MOST {
            // Without latency a whole run may happen at one moment.
            let more = format!("and {} more events", grouped((ids.len() - place) as u64));
            lines.client.push(Line::new(more, "and more"));
            break;
        }
        let record = &run.records()[*id as usize];
        match record.side {
            Side::Client => client(timeline, *id, record, several, &mut lines.client),
            Side::Server => server(record, &mut lines.server),
            // Losses stand at their cross.
            Side::Link => {}
        }
    }
    lines
}

fn client(timeline: &Timeline, id: Id, record: &Record, several: bool, out: &mut Vec<Line>) {
    let (send, exchange) = numbers(record);
    let wait = timeline.wait_of(id);
    let line = match record.what {
        What::Sent { .. } if several && send == 1 => {
            let text = format!("#{exchange}: send 1");
            Line::new(text.clone(), text)
        }
        What::Sent { .. } => Line::new(format!("send {send}"), format!("send {send}")),
        What::TimerArmed { .. } => match (wait.map(Wait::purpose), wait.map(Wait::length)) {
            (Some(Purpose::Start), Some(length)) => {
                Line::new(format!("first send in {length}"), format!("in {length}"))
            }
            (Some(Purpose::Rest), Some(length)) => Line::new(format!("rests {length}"), "rests"),
            (_, length) => {
                // It belongs to the send that began it.
                if let (Some(length), Some(line)) = (length, out.last_mut()) {
                    line.long += &format!(", waits {length}");
                }
                return;
            }
        },
        What::TimerFired { .. } if wait.is_some_and(Wait::is_unsent) => return,
        What::TimerFired { .. } => {
            let silence = wait.map_or_else(String::new, Wait::length);
            Line::new(format!("no reply for {silence}"), format!("{silence} over"))
        }
        What::Answered { elapsed, .. } => {
            Line::new(format!("answered in {}", span(nanos(elapsed))), "answered")
        }
        What::LateReply => Line::new("late reply, ignored", "late reply"),
        What::GaveUp { sends: 0, why, .. } => Line::new(format!("{why}"), "not asked"),
        What::GaveUp { elapsed, why, .. } => {
            out.push(Line::new(format!("gives up after {}", span(nanos(elapsed))), "gives up"));
            match why {
                Stop::MaxSends | Stop::GiveUpAbove => return,
                why => Line::new(why.to_string(), why.name().replace('_', " ")),
            }
        }
        What::Refused { .. } => Line::new("refused", "refused"),
        What::Stranger => Line::new("a stranger, ignored", "stranger"),
        What::Note(words) => Line::new(words, words),
        _ => return,
    };
    out.push(line);
}

fn server(record: &Record, out: &mut Vec<Line>) {
    let (send, _) = numbers(record);
    out.push(match record.what {
        What::Sent { direction: Direction::Reply, .. } => {
            Line::new(format!("replies to send {send}"), format!("reply {send}"))
        }
        What::Dropped { cause, .. } => {
            let why = match cause {
                Cause::ServerDrop => "at random",
                Cause::DropFirst => "one of its first",
                Cause::DropList => "on its list",
                _ => "",
            };
            Line::new(format!("drops it, {why}"), "drops it")
        }
        What::Note(words) => Line::new(words, words),
        _ => return,
    });
}

fn numbers(record: &Record) -> (u32, u32) {
    record.label.map_or((1, 1), |label| (label.send.get(), label.exchange.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ladder::Ladder;
    use retrylab_core::scenario::Scenario;

    /// Both sides of each row: the client's long and short form, the server's long one.
    fn rows_of(fragment: &str) -> Vec<(String, String, String)> {
        let (scenario, _) = Scenario::from_fragment(fragment);
        let mut run = Run::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(run.scenario(), run.records(), false);
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
    fn a_delayed_start_and_the_brakes_have_lines_of_their_own() {
        let long = |fragment| rows_of(fragment).into_iter().map(|row| row.0).collect::<Vec<_>>();
        let delayed = long("policy.first_delay=50ms");
        assert_eq!(delayed[..2], ["first send in 50 ms", "send 1, waits 100 ms"]);
        let broken = long("exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1");
        assert_eq!(
            broken[2..],
            ["no reply for 100 ms / gives up after 100 ms / rests 100 ms", "the breaker is open"]
        );
        let spent = long("policy.budget=quota+500+501+1&server.drop=1");
        assert_eq!(
            spent.last().unwrap(),
            "no reply for 100 ms / gives up after 100 ms / the budget is spent"
        );
    }

    #[test]
    fn a_ladder_says_what_both_sides_do() {
        let row = |a: &str, b: &str, c: &str| (a.to_string(), b.to_string(), c.to_string());
        assert_eq!(
            rows_of("server.drop=1&policy.max_sends=2"),
            [
                row("send 1, waits 100 ms", "send 1", ""),
                row("", "", "drops it, at random"),
                row("no reply for 100 ms / send 2, waits 200 ms", "100 ms over / send 2", ""),
                row("", "", "drops it, at random"),
                row("no reply for 200 ms / gives up after 300 ms", "200 ms over / gives up", ""),
            ]
        );
    }
}
