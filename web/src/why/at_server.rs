//! Why the server lost or failed a request, and how long it took.

use super::Chain;
use super::on_link::drew;
use crate::numbers::{count, period, span};
use crate::rest::text;
use crate::timeline::{Id, Job, Packet, Subject, Timeline};
use retrylab_core::random::{Direction, Trial};
use retrylab_core::scenario::Protocol;
use retrylab_core::server::service::{Overflow, Trouble};
use retrylab_core::time::{Instant, nanos};
use retrylab_core::trace::{Cause, HostId, Record, What};

/// Returns what happened to a request that the server lost, and why; and the record of that.
pub(super) fn drop(chain: &Chain<'_>, packet: &Packet, cause: Cause) -> (String, Option<Id>) {
    let lost = |record: &Record| matches!(record.what, What::Dropped { .. });
    let found = of_server(chain, packet, lost);
    let at = found.map_or(Instant::from_nanos(packet.end), |(_, record)| record.at);
    let scenario = chain.run.scenario().at(at);
    let station = scenario.station_config_of(packet.server.into());
    let why = match cause {
        Cause::ServerDrop => trials(chain, packet)
            .filter(|[drop, _]| drop.happens())
            .map(|[drop, _]| "dropped by the server: ".to_string() + &drew(drop, "the drop rate")),
        Cause::DropFirst => {
            let last = scenario.server.drop_first;
            let why =
                text!("dropped by the server: it drops every request of its life up to number ");
            Some(format!("{why}{last}"))
        }
        Cause::DropList => {
            let list = &scenario.server.drop_list;
            let [why, which] =
                [text!("dropped by the server: its drop list ("), text!(") names the request")];
            Some(format!("{why}{list}{which}"))
        }
        Cause::ServerQueue if station.queue == Some(0) => {
            Some(text!("dropped by the server: it was busy, and it has no queue").to_string())
        }
        Cause::ServerQueue => station.queue.map(|queue| {
            let full = text!("dropped by the server: its queue was full, with ");
            format!("{full}{} of at most {queue}", count(queue.into(), "request"))
        }),
        Cause::Expired => found.zip(station.expire).map(|((_, record), limit)| {
            let waited = span(record.at.as_nanos().saturating_sub(packet.end));
            let limit = span(nanos(limit));
            let had = text!("dropped by the server: it had waited ");
            format!("{had}{waited}, longer than the limit of {limit}")
        }),
        Cause::ServerDown => found.and_then(|(_, record)| {
            let on = |outage: &&retrylab_core::server::service::Outage| {
                let down = matches!(outage.trouble, Trouble::Down { .. });
                down && outage.from <= record.at
                    && outage.until.is_none_or(|until| record.at < until)
            };
            let outage = station.outages.iter().find(on)?;
            Some(format!("lost: the server was down {}", period(outage.from, outage.until)))
        }),
        Cause::NobodyThere
        | Cause::LinkLoss
        | Cause::Partition
        | Cause::FaultLoss
        | Cause::LinkQueue
        | Cause::TooBig
        | Cause::Corrupted
        | Cause::ByHand => None,
    };
    (why.unwrap_or_else(|| cause.to_string()), found.map(|(id, _)| id))
}

/// Returns why the server failed a request, as the end of a sentence.
pub(super) fn failure(chain: &Chain<'_>, packet: &Packet) -> String {
    let scenario = chain.run.scenario().at(Instant::from_nanos(packet.end));
    let station = scenario.station_config_of(packet.server.into());
    let served = of_server(chain, packet, |record| matches!(record.what, What::Served { .. }));
    if station.overflow == Overflow::Fail && !station.is_instant() && served.is_none() {
        return text!(": it was busy, and there was no room in its queue").to_string();
    }
    match trials(chain, packet).filter(|[_, fail]| fail.happens()) {
        Some([_, fail]) => ": ".to_string() + &drew(fail, "the failure rate"),
        None => String::new(),
    }
}

/// Returns how long the server took for a request, as the end of a sentence; empty if it took no time.
pub(super) fn work(chain: &Chain<'_>, request: &Packet) -> String {
    let served = of_server(chain, request, |record| matches!(record.what, What::Served { .. }));
    let Some((_, Record { at, what: What::Served { arrived, begun }, .. })) = served else {
        return String::new();
    };
    let waited = begun.saturating_since(*arrived);
    let worked = span(nanos(at.saturating_since(*begun)));
    if waited.is_zero() {
        format!(", after {worked} of work")
    } else {
        format!(", after {} in the queue and {worked} of work", span(nanos(waited)))
    }
}

/// Returns what a request without a reply was doing at the server at `now`, as the end of a sentence.
pub(super) fn unanswered(chain: &Chain<'_>, (id, request): (Id, &Packet), now: u64) -> String {
    let served = of_server(chain, request, |record| matches!(record.what, What::Served { .. }));
    let begun = match served.map(|(_, record)| record.what) {
        Some(What::Served { begun, .. }) => Some(begun.as_nanos()),
        // It may be dropped before the work is done.
        _ => job(chain.timeline, id).map(|job| job.begun),
    };
    match begun {
        Some(begun) if begun <= now => text!(": it was at work on it").to_string(),
        Some(_) => {
            let waited = span(now.saturating_sub(request.end));
            format!(": it had waited {waited} in the queue")
        }
        None => String::new(),
    }
}

/// Returns a request as the work of its server, if that takes time.
pub(super) fn job(timeline: &Timeline, request: Id) -> Option<&Job> {
    timeline.servers().jobs().iter().find(|job| job.request == request)
}

/// Returns the first record of the server about a request that passes `test`.
fn of_server<'a>(
    chain: &Chain<'a>,
    packet: &Packet,
    test: impl Fn(&Record) -> bool,
) -> Option<(Id, &'a Record)> {
    let records = chain.records().iter().enumerate().skip(packet.order as usize);
    let mut found = records.map(|(id, record)| (id as Id, record));
    found.find(|(id, record)| {
        // A packet and its duplicate have the same order.
        let name = |packet: &Packet| (packet.order, packet.duplicate);
        let about = |id| chain.timeline.packet(id).is_some_and(|own| name(own) == name(packet));
        let is_own = match chain.timeline.subject(*id) {
            Subject::Packet(id) => about(id),
            Subject::Wait(_) | Subject::Nothing => false,
        };
        matches!(record.host, HostId::Server(_)) && test(record) && is_own
    })
}

/// Returns the server's draws for a request: whether it drops it and whether it fails it. `None` if they are unknown.
pub(super) fn trials(chain: &Chain<'_>, packet: &Packet) -> Option<[Trial; 2]> {
    let scenario = chain.run.scenario();
    if scenario.protocol != Protocol::Udp {
        return None;
    }
    let outages = scenario.station_config_of(packet.server.into()).outages;
    let is_down = |record: &Record| {
        let on = |from, until: Option<_>| {
            from <= record.at && until.is_none_or(|until| record.at < until)
        };
        outages.iter().any(|outage| {
            matches!(outage.trouble, Trouble::Down { .. }) && on(outage.from, outage.until)
        })
    };
    let arrives = |record: &&Record| {
        record.host.server() == Some(packet.server + 1)
            && record.flow.is_some_and(|flow| flow.get() == packet.flow)
            && matches!(record.what, What::Delivered { direction: Direction::Request })
    };
    // A server that is down counts nothing.
    let (mut index, mut own) = (0, Vec::new());
    for record in chain.records().iter().filter(arrives) {
        if record.packet() == packet.name {
            own.push(index);
        }
        index += u64::from(!is_down(record));
    }
    // Of a datagram that arrived twice, it is unknown which arrival the packet is.
    let [index] = own.as_slice() else { return None };
    let scenario = scenario.at(Instant::from_nanos(packet.end));
    Some(scenario.server_trials(packet.server.into(), packet.flow, *index))
}
