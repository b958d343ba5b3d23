//! Sentences about runs: what happens at a moment, the results, what a scenario is. The sentence of each
//! record comes from the core: [`retrylab_core::trace::words`].

mod by_hand;
#[cfg(test)]
pub(crate) mod everywhere;
mod models;
mod policy;
mod scenario;
mod servers;
#[cfg(test)]
mod tests;

pub(crate) use scenario::{headline, topic};
pub(crate) use servers::servers;

use crate::numbers::{count, grouped, percent, ratio, span};
use crate::rest::text;
use crate::run::{MEMORY, PageRun};
use crate::timeline::{Id, Timeline};
use retrylab_core::policy::Stop;
use retrylab_core::sim::{EndedBy, Summary};
use retrylab_core::trace::words::{self, Narrator, Pattern, Words, story};
use retrylab_core::trace::{FrameStep, Record, What};

/// Returns a summary of a run, or of the part that was simulated.
pub(crate) fn outcome(run: &PageRun) -> String {
    let summary = run.summary();
    let mut out = extent(run);
    out += &match ending(run, &summary) {
        Some(sentence) => sentence,
        None => exchanges(run, &summary),
    };
    for (n, one, many) in [
        (run.lost(), "One packet was lost.", "# packets were lost."),
        dropped(run, &summary),
        (
            summary.late_replies,
            "One reply was ignored: nothing waited for it.",
            "# replies were ignored: nothing waited for them.",
        ),
        misattributed(&summary),
    ] {
        match n {
            0 => {}
            1 => out = out + " " + one,
            n => out = out + " " + &many.replace('#', &grouped(n)),
        }
    }
    out + &limits(run, &summary)
}

/// Returns how many replies counted for another exchange, and what to say of one and of many.
fn misattributed(summary: &Summary) -> (u64, &'static str, &'static str) {
    if summary.misattributed == 0 { (0, "", "") } else { of_another(summary.misattributed) }
}

#[inline(never)]
fn of_another(replies: u64) -> (u64, &'static str, &'static str) {
    let one = text!(
        "One reply ended another exchange than its own: with a token and \
         server.reply mirror, replies would name their exchange."
    );
    let many = text!(
        "# replies ended other exchanges than their own: with a token and \
         server.reply mirror, replies would name their exchange."
    );
    (replies, one, many)
}

/// Returns what a reader may know at `at`: the outcome at the end, and before that the state so far. Of a run that did not come
/// to its end, and of very many clients of which the pictures show a sample, there is no end to wait for.
pub(crate) fn outcome_so_far(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let waits = run.ended_by() == Some(EndedBy::Finished) && run.all().is_none();
    if run.is_over() && (at >= timeline.end() || !waits) {
        return outcome(run);
    }
    let part = if is_part(run) { ", of what is shown" } else { "" };
    format!("So far{part}: {}", overview(run, timeline, at))
}

/// Returns true if the pictures leave out some clients or events.
fn is_part(run: &PageRun) -> bool {
    run.is_cut() || run.shown() < run.scenario().clients
}

/// Returns which part of the run was simulated; empty if it is the whole.
fn extent(run: &PageRun) -> String {
    if run.ended_by() == Some(EndedBy::Finished) { String::new() } else { partial_extent(run) }
}

/// Returns which part of a run was simulated that did not come to its end.
#[inline(never)]
fn partial_extent(run: &PageRun) -> String {
    let (events, at) = (count(run.events(), "event"), span(run.simulated().as_nanos()));
    match run.ended_by() {
        Some(EndedBy::Memory) => {
            let gigabytes = MEMORY >> 30;
            let why = run.scenario().coupled_by().map_or_else(String::new, |key| {
                format!(
                    " All clients are in one network, because {key} lets them influence each other."
                )
            });
            format!("Ended by the limit of memory, {gigabytes} GiB, after {events} and {at}.{why} ")
        }
        Some(ended_by) => format!("Ended by {ended_by} after {events} and {at}. "),
        None if run.was_stopped() => format!("Stopped after {events} and {at}. "),
        None => format!("The run continues, after {events} so far. "),
    }
}

/// Returns the number of what the server dropped, and the sentences about one and about several. Over connections, packets
/// that reach it while it is down count too.
fn dropped(run: &PageRun, summary: &Summary) -> (u64, &'static str, &'static str) {
    let (connections, several) =
        (run.scenario().setting().connections, run.scenario().servers.is_several());
    let (one, many) = if connections || several {
        dropped_otherwise(connections, several)
    } else {
        ("The server dropped one request.", "The server dropped # requests.")
    };
    (summary.server_dropped, one, many)
}

/// Returns the sentences about what several servers dropped, or what was dropped over connections.
#[inline(never)]
fn dropped_otherwise(connections: bool, several: bool) -> (&'static str, &'static str) {
    match (connections, several) {
        (true, true) => (
            text!("A server dropped one request or packet."),
            text!("The servers dropped # requests or packets."),
        ),
        (true, false) => (
            text!("The server dropped one request or packet."),
            text!("The server dropped # requests or packets."),
        ),
        (false, _) => {
            (text!("A server dropped one request."), text!("The servers dropped # requests."))
        }
    }
}

/// Returns how many of several exchanges the limits or the deadline ended, if all records are kept.
fn limits(run: &PageRun, summary: &Summary) -> String {
    let are_known = summary.finished() > 1 && !is_part(run);
    if are_known { limits_of_several(run) } else { String::new() }
}

/// Returns how many exchanges of a run the limits or the deadline ended.
#[inline(never)]
fn limits_of_several(run: &PageRun) -> String {
    let ended = |by: Stop| {
        let is = |record: &&Record| matches!(record.what, What::GaveUp { why, .. } if why == by);
        run.records().iter().filter(is).count() as u64
    };
    let of = |n| count(n, "exchange");
    let mut out = String::new();
    for (n, what) in [
        (ended(Stop::Budget), "The retry budget"),
        (ended(Stop::Breaker), "The open circuit breaker"),
        (ended(Stop::Deadline), "The deadline"),
    ] {
        if n > 0 {
            out += &format!(" {what} ended {}.", of(n));
        }
    }
    out
}

/// Returns how the only exchange of a run ended.
fn ending(run: &PageRun, summary: &Summary) -> Option<String> {
    if summary.finished() != 1 || run.ended_by() != Some(EndedBy::Finished) {
        return None;
    }
    let mut narrator = Narrator::new(run.scenario().setting());
    let mut ending = None;
    for record in run.records() {
        let words = narrator.describe(record);
        if matches!(record.what, What::Answered { .. } | What::GaveUp { .. } | What::Refused { .. })
        {
            ending = Some(words.past_sentence());
        }
    }
    ending
}

/// Returns how the exchanges of a run ended.
#[inline(never)]
fn exchanges(run: &PageRun, summary: &Summary) -> String {
    let noun = match run.scenario().setting().pattern {
        Pattern::Closed | Pattern::Open => "exchange",
        Pattern::Lookup => "lookup",
        Pattern::Write => return writes(run, summary),
        Pattern::Heartbeat => return heartbeats(summary),
    };
    let finished = summary.finished();
    if finished == 0 {
        return format!("No {noun} has ended; {} so far.", count(summary.sends, "send"));
    }
    let is_whole = run.ended_by() == Some(EndedBy::Finished);
    let noun = &if is_whole { noun.to_string() } else { format!("finished {noun}") };
    let of = count(finished, noun);
    let mut out = match summary.answered {
        1 if finished == 1 => format!("One {noun} was answered"),
        0 if finished == 1 => format!("One {noun} was not answered"),
        0 => format!("None of {of} was answered"),
        2 if finished == 2 => format!("Both {noun}s were answered"),
        n if n == finished => format!("All {of} were answered"),
        n => {
            let verb = if n == 1 { "was" } else { "were" };
            format!("{} of {of} {verb} answered ({})", grouped(n), percent(n, finished))
        }
    };
    if summary.gave_up > 0 && summary.answered > 0 {
        out += &format!(", {} gave up", grouped(summary.gave_up));
    }
    if summary.refused > 0 {
        out += &format!(", {} were refused", grouped(summary.refused));
    }
    // Not those of exchanges that have not ended.
    let s = if summary.calls == finished { "" } else { "s" };
    out += &format!(". {} send{s} per {noun}.", ratio(summary.calls, finished));
    out
}

/// Returns how many clients have written.
fn writes(run: &PageRun, summary: &Summary) -> String {
    let (clients, written) = (u64::from(run.scenario().clients), summary.answered);
    let of = count(clients, "client");
    let mut out = match written {
        1 if clients == 1 => "The client has written".to_string(),
        0 if clients == 1 => "The client has not written".to_string(),
        0 => format!("None of {of} has written"),
        n if n == clients => format!("All {of} have written"),
        n => format!("{} of {of} have written ({})", grouped(n), percent(n, clients)),
    };
    if summary.gave_up > 0 && clients > 1 {
        out += &format!(", {} gave up", grouped(summary.gave_up));
    }
    let finished = summary.finished();
    if finished > 0 {
        let s = if summary.calls == finished { "" } else { "s" };
        let done = if finished == clients { "" } else { " that is done" };
        out += &format!(". {} write{s} per client{done}", ratio(summary.calls, finished));
    }
    out + "."
}

fn heartbeats(summary: &Summary) -> String {
    let sent = count(summary.sends, "heartbeat");
    match summary.declared_dead {
        0 => format!("{sent} sent; the server declared no client dead."),
        1 => format!("{sent} sent; the server declared a client dead once."),
        n => format!("{sent} sent; the server declared a client dead {} times.", grouped(n)),
    }
}

/// Maximum number of clients at one moment that are named; more are counted.
const NAMED: usize = 2;

/// Maximum number of records at one moment that are described one by one; more are counted.
const DESCRIBED: usize = 12;

/// Returns what happens at the last moment that is not later than `at`.
pub(crate) fn moment(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let Some(moment) = timeline.moment(at) else { return String::new() };
    let records = run.records();
    if timeline.shown_at(moment).nth(DESCRIBED).is_some() {
        return crowd(records, timeline, timeline.shown_at(moment));
    }
    let is_said = |id: &Id| {
        let what = records[*id as usize].what;
        let is_duplicated = matches!(
            what,
            What::Duplicated { .. } | What::Frame { step: FrameStep::Duplicated, .. }
        );
        !(is_duplicated && is_by_hand(records, *id))
    };
    let ids: Vec<Id> = timeline.shown_at(moment).filter(is_said).collect();
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

/// Returns true if a duplicate was made by hand, which its own record says.
#[inline(never)]
fn is_by_hand(records: &[Record], id: Id) -> bool {
    let (before, duplicated) = records.split_at(id as usize);
    let Some(duplicated) = duplicated.first() else { return false };
    let mut of_moment = before.iter().rev().take_while(|record| record.at == duplicated.at);
    of_moment.any(|record| {
        let by_hand = matches!(record.what, What::DuplicatedByHand { .. });
        by_hand && record.packet() == duplicated.packet()
    })
}

/// Returns what happens to many clients at one moment.
fn crowd(records: &[Record], timeline: &Timeline, ids: impl Iterator<Item = Id>) -> String {
    words::crowd(ids.map(|id| &records[id as usize]), timeline.setting())
}

/// Returns the totals at `at`: for a crowd that moves too fast to describe each client.
pub(crate) fn overview(run: &PageRun, timeline: &Timeline, at: u64) -> String {
    let summary = timeline.summary(run.records(), at);
    // Only the first of very many clients are shown; in an open loop the number of exchanges is unknown.
    let clients = u64::from(run.shown());
    let whole = clients * u64::from(run.scenario().max_exchanges());
    let flying = timeline.in_flight(at) as u64;
    let mut out = match timeline.setting().pattern {
        Pattern::Closed => {
            format!("{} of {} answered", grouped(summary.answered), count(whole, "exchange"))
        }
        Pattern::Lookup => {
            format!("{} of {} answered", grouped(summary.answered), count(clients, "lookup"))
        }
        Pattern::Heartbeat => format!("{} sent", count(summary.sends, "heartbeat")),
        Pattern::Open => format!("{} answered", count(summary.answered, "exchange")),
        Pattern::Write => {
            format!("{} of {} written", grouped(summary.answered), count(clients, "client"))
        }
    };
    if summary.finished() > summary.answered {
        out += &unanswered(&summary);
    }
    out + &format!("; {} in flight.", count(flying, "packet"))
}

/// Returns how many exchanges have ended without an answer, to be appended.
#[inline(never)]
fn unanswered(summary: &Summary) -> String {
    let mut out = String::new();
    for (n, what) in [(summary.gave_up, " given up"), (summary.refused, " refused")] {
        if n > 0 {
            out = out + ", " + &grouped(n) + what;
        }
    }
    out
}
