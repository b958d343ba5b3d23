//! Sentences joined, and many records counted.

use super::super::{Direction, Failure, FrameStep, HostId, Record, What};
use super::{Pattern, Role, Setting, Words, capital, count};
use crate::machine::Timer;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Joins the words of one moment to a text: "No reply for 100 ms: the client sends its request again
/// (send 2) and waits 200 ms for a reply."
#[must_use]
pub fn story(wording: &[Words]) -> String {
    let telling = wording.iter().any(|words| words.role != Role::Dull);
    let mut sentences: Vec<String> = Vec::new();
    // The subject of the last sentence, and whether the sentence may be continued.
    let (mut before, mut joinable): (Option<&Words>, bool) = (None, false);
    for words in wording.iter().filter(|words| !telling || words.role != Role::Dull) {
        let last = sentences.last_mut();
        let continued = match (last, before) {
            (Some(last), Some(before))
                if before.role == Role::Lead && words.role == Role::Plain && follows(words) =>
            {
                *last += &format!(": {}", words.clause());
                // One more may follow.
                joinable = true;
                true
            }
            (Some(last), Some(before))
                if joinable && before.subject == words.subject && can_be_second(words) =>
            {
                if before.predicate == words.predicate {
                    last.push_str(" twice");
                } else {
                    *last += &format!(" and {}", words.predicate);
                }
                joinable = false;
                true
            }
            (Some(last), Some(before)) if joinable && is_arrival(before, words) => {
                *last += &format!("; {}", words.clause());
                joinable = true;
                true
            }
            _ => false,
        };
        if !continued {
            sentences.push(words.clause());
            joinable = true;
        }
        joinable &= !words.predicate.contains([':', ';']) && !words.predicate.contains(" and ");
        before = Some(words);
    }
    let whole = sentences.iter().map(|sentence| capital(sentence) + ".");
    whole.collect::<Vec<_>>().join(" ")
}

/// Returns true if it can be the consequence of a wait that is over: it concerns the client, and not what happens to it.
fn follows(words: &Words) -> bool {
    words.subject.is_empty() || words.subject.contains("client")
}

/// Returns true if a sentence that has the same subject can be continued with it.
fn can_be_second(words: &Words) -> bool {
    !words.subject.is_empty() && !words.predicate.contains(" and ")
}

/// Returns true for a request's arrival followed by what a server does with it.
fn is_arrival(before: &Words, words: &Words) -> bool {
    before.predicate.starts_with("arrives") && words.is_prompt
}

/// Returns what happens to many clients at one moment, counted: "40 requests sent, 3 packets lost on the link."
#[must_use]
pub fn crowd<'a>(records: impl IntoIterator<Item = &'a Record>, setting: Setting) -> String {
    let mut counts: Vec<(&'static str, &'static str, u64)> = Vec::new();
    for record in records {
        let (noun, verb) = counted(record, setting);
        match counts.iter_mut().find(|(n, v, _)| (*n, *v) == (noun, verb)) {
            Some((.., count)) => *count += 1,
            None => counts.push((noun, verb, 1)),
        }
    }
    if counts.len() > 1 {
        // Its other records say what the server does.
        counts.retain(|(noun, verb, _)| (*noun, *verb) != OWN);
    }
    let part = |(noun, verb, n): &(&str, &str, u64)| {
        let things = count(*n, noun).replace("replys", "replies");
        if verb.is_empty() { things } else { format!("{things} {verb}") }
    };
    let parts: Vec<String> = counts.iter().map(part).collect();
    if parts.is_empty() { String::new() } else { capital(&(parts.join(", ") + ".")) }
}

/// What a server's own timers count as.
const OWN: (&str, &str) = ("timer", "of the server");

/// Returns what a record counts as: a noun, and the words after it.
const fn counted(record: &Record, setting: Setting) -> (&'static str, &'static str) {
    let again = matches!(record.label, Some(label) if label.send.get() > 1);
    let server = matches!(record.host, HostId::Server(_));
    let request = request(setting.pattern);
    match record.what {
        What::Sent { direction: Direction::Request, .. } => match (setting.pattern, again) {
            (Pattern::Closed | Pattern::Open | Pattern::Lookup, true) => (request, "sent again"),
            (_, _) => (request, "sent"),
        },
        What::Sent { direction: Direction::Reply, .. } => ("reply", "sent"),
        What::Delivered { direction: Direction::Request } => (request, "delivered"),
        What::Delivered { direction: Direction::Reply } => ("reply", "delivered"),
        What::Dropped { cause, .. } => {
            (if server { request } else { "packet" }, cause.of_packet().0)
        }
        What::Duplicated { .. } => ("packet", "duplicated"),
        What::Damaged { .. } => ("packet", "damaged"),
        What::DelayedByHand { .. } => ("packet", "delayed by hand"),
        What::DuplicatedByHand { .. } => ("packet", "duplicated by hand"),
        What::Frame { step, .. } => ("frame", past(step)),
        What::TimerArmed { .. } | What::TimerFired { .. } if server => OWN,
        What::TimerArmed { timer, .. } => wait(timer, true),
        What::TimerFired { timer } => wait(timer, false),
        What::Answered { .. } => ("exchange", "answered"),
        What::Failed if server => ("request", "failed"),
        What::Failed => ("failure", "received"),
        What::LateReply => ("reply", "ignored"),
        What::Stranger => ("stranger", "ignored"),
        What::GaveUp { sends: 0, .. } => ("exchange", "not sent"),
        What::GaveUp { .. } => ("exchange", "given up"),
        What::Refused { .. } => ("exchange", "refused"),
        What::Served { .. } => (request, "served"),
        What::Down { .. } => ("server", "down"),
        What::Up => ("server", "back"),
        What::Written => ("write", "accepted"),
        What::Stale if server => ("write", "refused"),
        What::Stale => ("refusal", "received"),
        What::Missing { .. } => ("gap", "noticed"),
        What::Reordered => ("heartbeat", "late"),
        What::Repeated => ("heartbeat", "repeated"),
        What::Dead { .. } => ("client", "declared dead"),
        What::Alive => ("client", "back"),
        What::Connecting if again => ("connection", "asked for again"),
        What::Connecting => ("connection", "asked for"),
        What::Confirmed => ("connection", "open"),
        What::Broken { why: Failure::TimedOut } => ("attempt", "abandoned"),
        What::Broken { why: Failure::Refused } => ("connection", "refused"),
        What::Broken { .. } => ("connection", "broken"),
        What::Released => ("connection", "released"),
        What::NotReleased => ("connection", "not released"),
        What::Accepted => ("connection", "accepted"),
        What::Replied { .. } => ("request", "answered"),
        What::Rejected => ("request", "refused"),
        What::Limited { .. } => ("connection", "closed for a limit"),
        What::NameAnswered { .. } => ("question", "answered"),
        What::NameResolved { .. } => ("name", "resolved"),
        What::Note { .. } => ("note", ""),
    }
}

/// Returns what a client's wait counts as when it begins, and when it is over.
const fn wait(timer: Timer, begins: bool) -> (&'static str, &'static str) {
    match (timer, begins) {
        (Timer::Arrival, true) => ("exchange", "to come"),
        (Timer::Arrival, false) => ("exchange", "begun"),
        (_, true) => ("wait", "begun"),
        (_, false) => ("wait", "over"),
    }
}

const fn past(step: FrameStep) -> &'static str {
    match step {
        FrameStep::Sent => "sent",
        FrameStep::Received => "received",
        FrameStep::Lost(_) => "lost",
        FrameStep::Duplicated => "duplicated",
        FrameStep::Damaged => "damaged",
    }
}

/// Returns what a client's datagram counts as.
const fn request(pattern: Pattern) -> &'static str {
    match pattern {
        Pattern::Closed | Pattern::Open => "request",
        // A read or a write.
        Pattern::Write => "datagram",
        Pattern::Lookup => "question",
        Pattern::Heartbeat => "heartbeat",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::record;
    use super::super::super::{Cause, Limit};
    use super::super::Narrator;
    use super::*;

    #[test]
    fn questions_are_counted_as_questions_at_both_ends() {
        let (direction, at) = (Direction::Request, crate::time::Instant::ZERO);
        let records = [
            record(HostId::Client, What::Sent { direction, bytes: 5 }),
            record(HostId::SERVER, What::Dropped { direction, cause: Cause::ServerDrop }),
            record(HostId::SERVER, What::Served { arrived: at, begun: at }),
        ];
        let setting = Setting { pattern: Pattern::Lookup, ..Setting::default() };
        assert_eq!(
            crowd(&records, setting),
            "1 question sent again, 1 question dropped by the server, 1 question served."
        );
    }

    #[test]
    fn a_servers_timers_and_losses_are_not_the_clients_or_the_links() {
        let direction = Direction::Request;
        let arrives = record(HostId::SERVER, What::Delivered { direction });
        let timer = Timer::Service;
        let work = What::TimerArmed { timer, deadline: crate::time::Instant::ZERO };
        let work = record(HostId::SERVER, work);
        let say = |records: &[Record]| crowd(records, Setting::default());
        assert_eq!(say(&[arrives, work]), "1 request delivered.");
        assert_eq!(say(&[work, work]), "2 timers of the server.");
        let lost = |cause| record(HostId::Link, What::Dropped { direction, cause });
        assert_eq!(
            say(&[lost(Cause::LinkLoss), lost(Cause::ByHand)]),
            "1 packet lost on the link, 1 packet dropped by hand."
        );
    }

    #[test]
    fn a_release_can_fail_although_the_client_closes() {
        let what = What::Limited { limit: Limit::Release };
        let words = Narrator::new(Setting::default()).describe(&record(HostId::SERVER, what));
        assert_eq!(
            words.whole(),
            "The server closes the connection (send 3): it was not released in time."
        );
    }

    fn say(wording: &[Words]) -> String {
        story(wording)
    }

    #[test]
    fn sentences_are_joined_where_one_leads_to_the_other() {
        let silence = Words::new("", "no reply for 100 ms").role(Role::Lead);
        let send = Words::new("the client", "sends its request again (send 2)");
        let wait = Words::new("the client", "waits 200 ms for a reply");
        let over = Words::new("the pause", "is over").role(Role::Dull);
        assert_eq!(
            say(&[over.clone(), silence.clone(), send.clone(), wait.clone()]),
            "No reply for 100 ms: the client sends its request again (send 2) and waits 200 ms for \
             a reply."
        );
        assert_eq!(say(&[silence]), "No reply for 100 ms.");
        assert_eq!(say(core::slice::from_ref(&over)), "The pause is over.");
        assert_eq!(
            say(&[
                Words::new("the request", "arrives (send 1)"),
                Words { is_prompt: true, ..Words::new("the server", "fails to serve it") },
                Words::new("the server", "replies with a failure"),
                wait,
            ]),
            "The request arrives (send 1); the server fails to serve it and replies with a \
             failure. The client waits 200 ms for a reply."
        );
        assert_eq!(say(&[]), "");
    }
}
