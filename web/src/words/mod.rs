//! Sentences about runs: what happens at a moment, what came out, what a scenario is. What is said of a
//! record is the core's: [`retrylab_core::trace::words`].

#[cfg(test)]
mod everywhere;
mod scenario;
#[cfg(test)]
mod tests;

pub(crate) use scenario::headline;

use crate::numbers::{count, grouped, percent, ratio, span};
use crate::run::{MOST_FLOWS, PageRun};
use crate::timeline::{Id, Timeline};
use retrylab_core::policy::Stop;
use retrylab_core::sim::Summary;
use retrylab_core::trace::words::{self, Narrator, Pattern, Words, story};
use retrylab_core::trace::{Record, What};

/// What came out of a run, or of what was simulated of it.
pub(crate) fn outcome(run: &PageRun) -> String {
    let summary = run.summary();
    let mut out = String::new();
    if run.was_stopped() {
        let (events, at) = (run.events(), span(run.simulated().as_nanos()));
        out += &format!("Stopped after {} and {at}. ", count(events, "event"));
    }
    out += &match ending(run, &summary) {
        Some(sentence) => sentence,
        None => exchanges(&summary, run.scenario().setting().pattern),
    };
    for (n, one, many) in [
        (summary.lost, "The link lost one packet.", "The link lost # packets."),
        (
            summary.server_dropped,
            "The server dropped one request.",
            "The server dropped # requests.",
        ),
        (
            summary.late_replies,
            "One reply was ignored: nothing waited for it.",
            "# replies were ignored: nothing waited for them.",
        ),
    ] {
        match n {
            0 => {}
            1 => out = out + " " + one,
            n => out = out + " " + &many.replace('#', &grouped(n)),
        }
    }
    out + &limits(run, &summary)
}

/// How many of several exchanges the limits or the deadline ended, where all records are there to tell.
fn limits(run: &PageRun, summary: &Summary) -> String {
    if summary.finished() < 2 || run.is_cut() || run.scenario().clients > MOST_FLOWS {
        return String::new();
    }
    let ended = |by: Stop| {
        let is = |record: &&Record| matches!(record.what, What::GaveUp { why, .. } if why == by);
        run.records().iter().filter(is).count() as u64
    };
    let of = |n| count(n, "exchange");
    let mut out = String::new();
    for (n, what) in [
        (ended(Stop::Budget), "The spent retry budget"),
        (ended(Stop::Breaker), "The open circuit breaker"),
        (ended(Stop::Deadline), "The deadline"),
    ] {
        if n > 0 {
            out += &format!(" {what} ended {}.", of(n));
        }
    }
    out
}

/// How the only exchange of a run ended.
fn ending(run: &PageRun, summary: &Summary) -> Option<String> {
    if summary.finished() != 1 {
        return None;
    }
    let mut narrator = Narrator::new(run.scenario().setting());
    let mut ending = None;
    for record in run.records() {
        let words = narrator.tell(record);
        if matches!(record.what, What::Answered { .. } | What::GaveUp { .. } | What::Refused { .. })
        {
            ending = Some(words.sentence());
        }
    }
    ending
}

fn exchanges(summary: &Summary, pattern: Pattern) -> String {
    let (noun, done) = match pattern {
        Pattern::Closed | Pattern::Open => ("exchange", "answered"),
        Pattern::Write => ("write", "accepted"),
    };
    let finished = summary.finished();
    if finished == 0 {
        return format!("No {noun} has ended; {} so far.", count(summary.sends, "send"));
    }
    let of = count(finished, noun);
    let mut out = match summary.answered {
        0 => format!("None of {of} was {done}"),
        n if n == finished => format!("All {of} were {done}"),
        n => format!("{} of {of} were {done} ({})", grouped(n), percent(n, finished)),
    };
    if summary.gave_up > 0 && summary.answered > 0 {
        out += &format!(", {} gave up", grouped(summary.gave_up));
    }
    if summary.refused > 0 {
        out += &format!(", {} were refused", grouped(summary.refused));
    }
    let s = if summary.sends == finished { "" } else { "s" };
    out += &format!(". {} send{s} per {noun}.", ratio(summary.sends, finished));
    out
}

/// Beyond so many clients at one moment they are counted, not named.
const NAMED: usize = 2;

/// Beyond so many records at one moment they are counted, not wording.
const TOLD: usize = 12;

/// What happens at the latest moment at or before `at`.
pub(crate) fn moment(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let Some(moment) = timeline.moment(at) else { return String::new() };
    let records = run.records();
    if timeline.shown_at(moment).nth(TOLD).is_some() {
        return crowd(records, timeline, timeline.shown_at(moment));
    }
    let ids: Vec<Id> = timeline.shown_at(moment).collect();
    let mut flows = Vec::new();
    for id in &ids {
        let flow = records[*id as usize].flow;
        if !flows.contains(&flow) {
            if flows.len() == NAMED {
                return crowd(records, timeline, ids.iter().copied());
            }
            flows.push(flow);
        }
    }
    let stories = flows.into_iter().map(|flow| {
        let of_flow = ids.iter().copied().filter(|id| records[*id as usize].flow == flow);
        let wording: Vec<Words> = of_flow.map(|id| timeline.words(records, id)).collect();
        story(&wording)
    });
    stories.collect::<Vec<_>>().join(" ")
}

/// What happens to many clients at one moment.
fn crowd(records: &[Record], timeline: &Timeline, ids: impl Iterator<Item = Id>) -> String {
    words::crowd(ids.map(|id| &records[id as usize]), timeline.setting())
}

/// How many clients stand where at `at`: for a crowd that moves too fast to be told one by one.
pub(crate) fn overview(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let summary = timeline.summary(run.records(), at);
    // Of very many clients only the first are shown; in an open loop nobody knows how many will come.
    let clients = u64::from(run.scenario().clients.min(MOST_FLOWS));
    let whole = clients * u64::from(run.scenario().exchanges);
    let flying = timeline.in_flight(at) as u64;
    let mut out = match timeline.setting().pattern {
        Pattern::Closed => {
            format!("{} of {} answered", grouped(summary.answered), count(whole, "exchange"))
        }
        Pattern::Open => format!("{} answered", count(summary.answered, "exchange")),
        Pattern::Write => {
            format!("{} of {} written", grouped(summary.answered), count(clients, "client"))
        }
    };
    if summary.gave_up > 0 {
        out += &format!(", {} given up", grouped(summary.gave_up));
    }
    out + &format!("; {} in flight.", count(flying, "packet"))
}
