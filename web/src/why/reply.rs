//! Which reply a request got, and what the client took it for.

#[cfg(test)]
mod tests;

use crate::timeline::{Effect, Ending, Id, Packet, Timeline, Wait};
use retrylab_core::time::Instant;
use retrylab_core::trace::{HostId, Record, What};
use std::cmp::Reverse;

/// Returns the exchange that a client took a reply for, if it is not the reply's own.
pub(crate) fn taken_by(timeline: &Timeline, records: &[Record], reply: &Packet) -> Option<u32> {
    let takes = |record: &Record| {
        matches!(record.what, What::Answered { .. } | What::Failed)
            && record.host == HostId::Client
            && record.packet() == reply.name
    };
    let end = Instant::from_nanos(reply.end);
    let after = records.iter().enumerate().skip(reply.order as usize);
    let of_flight = after.take_while(|(_, record)| record.at <= end);
    let mut taken = of_flight.filter(|(_, record)| record.at == end && takes(record));
    let first = taken.next()?;
    // A reply and its duplicate have the same name, and may arrive together.
    let (id, taken) = taken.next().filter(|_| reply.duplicate).unwrap_or(first);
    // Of a failure, the record names the send that failed.
    let exchange = match (taken.what, timeline.known(id as Id).other) {
        (What::Failed, other) => other?.get(),
        _ => taken.label?.exchange.get(),
    };
    (exchange != reply.exchange()).then_some(exchange)
}

/// Returns the send whose failure began a wait, if the wait is that of a later one.
pub(super) fn earlier_failure(records: &[Record], wait: &Wait) -> Option<u32> {
    let label = failure(records, wait)?.1.label?;
    let own = wait.label?;
    (label.exchange == own.exchange && label.send < own.send).then_some(label.send.get())
}

/// Returns the failure that the client received when a wait began.
fn failure<'a>(records: &'a [Record], wait: &Wait) -> Option<(Id, &'a Record)> {
    let before = records[..wait.record as usize].iter().enumerate().rev();
    let mut of_moment = before.take_while(|(_, record)| record.at.as_nanos() == wait.armed);
    let is_failure = |record: &Record| {
        record.what == What::Failed
            && record.host == HostId::Client
            && record.flow.is_some_and(|flow| flow.get() == wait.flow)
    };
    let found = of_moment.find(|(_, record)| is_failure(record));
    found.map(|(id, record)| (id as Id, record))
}

/// Returns the exchange whose failure began a wait of another exchange, and the record of that.
pub(super) fn failed_by(timeline: &Timeline, records: &[Record], wait: &Wait) -> Option<(u32, Id)> {
    let (id, record) = failure(records, wait)?;
    let taken = timeline.known(id).other?.get() == wait.exchange();
    taken.then_some((record.label?.exchange.get(), id))
}

/// Returns which of a request and its duplicate got further until `until`, and the reply to it: one may be lost and the other
/// one answered.
pub(super) fn furthest(timeline: &Timeline, first: Id, until: u64) -> (Id, Option<&Packet>) {
    let fates = timeline.with_duplicate(first).filter_map(|id| {
        let request = timeline.packet(id)?;
        Some((id, request, reply_to(timeline, (id, request), until)))
    });
    let rank = |ending| match ending {
        Ending::Lost(_) => 0,
        Ending::Dropped(_) => 1,
        Ending::Unknown => 2,
        Ending::Arrived => 3,
    };
    let effect = |reply: &Packet| match reply.effect {
        Effect::None => 0,
        Effect::Ignored => 1,
        Effect::Failed => 2,
        Effect::Answered => 3,
    };
    let progress = |(_, request, reply): &(Id, &Packet, Option<&Packet>)| {
        let reply = reply.map(|reply| match reply.ending_at(until) {
            Ending::Arrived => (3, effect(reply)),
            ending => (rank(ending), 0),
        });
        // Of two that got equally far, the first one counts.
        Reverse((reply, rank(request.ending_at(until))))
    };
    let furthest = fates.min_by_key(progress);
    furthest.map_or((first, None), |(id, _, reply)| (id, reply))
}

/// Returns the first reply to a request, if it was sent by `until`.
fn reply_to<'a>(
    timeline: &'a Timeline,
    (id, request): (Id, &Packet),
    until: u64,
) -> Option<&'a Packet> {
    let replies = timeline.packets().iter();
    let first = timeline.packets().partition_point(|packet| packet.sent < request.end);
    let mut replies = replies.skip(first).take_while(|packet| packet.sent <= until);
    replies.find(|packet| packet.request == Some(id))
}
