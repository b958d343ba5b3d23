//! The keys `server.*` and `workload.*`: from text into a scenario, and back.

use super::fields::Kind;
use super::{Scenario, integer, none_or, or_none};
use crate::random::Probability;
use crate::time::{WithUnit, parse_duration};
use alloc::string::{String, ToString};

/// Sets `server.NAME`; `None` if there is no such key, or the value is not of its kind.
pub(super) fn set_server(
    scenario: &mut Scenario,
    name: &str,
    kind: Kind,
    value: &str,
) -> Option<()> {
    let count = || u32::try_from(integer(kind, value)?).ok();
    let Scenario { server, station, .. } = scenario;
    match name {
        "drop" => server.drop = Probability::parse(value)?,
        "drop_first" => server.drop_first = integer(kind, value)?,
        "drop_list" => server.drop_list = value.parse().ok()?,
        "fail" => server.fail = Probability::parse(value)?,
        "hint" => server.hint = or_none(value, parse_duration)?,
        "reply" => server.reply = value.parse().ok()?,
        "service" => station.service = value.parse().ok()?,
        "rising" => station.rising = parse_duration(value)?,
        "workers" => station.workers = or_none(value, |_| count())?,
        "queue" => station.queue = or_none(value, |_| count())?,
        "order" => station.order = value.parse().ok()?,
        "expire" => station.expire = or_none(value, parse_duration)?,
        "overflow" => station.overflow = value.parse().ok()?,
        _ => return None,
    }
    Some(())
}

/// The value of `server.NAME`.
pub(super) fn server_value(scenario: &Scenario, name: &str) -> Option<String> {
    let Scenario { server, station, .. } = scenario;
    Some(match name {
        "drop" => server.drop.to_string(),
        "drop_first" => server.drop_first.to_string(),
        "drop_list" => server.drop_list.to_string(),
        "fail" => server.fail.to_string(),
        "hint" => none_or(server.hint.map(WithUnit)),
        "reply" => server.reply.to_string(),
        "service" => station.service.to_string(),
        "rising" => WithUnit(station.rising).to_string(),
        "workers" => none_or(station.workers),
        "queue" => none_or(station.queue),
        "order" => station.order.to_string(),
        "expire" => none_or(station.expire.map(WithUnit)),
        "overflow" => station.overflow.to_string(),
        _ => return None,
    })
}

/// Sets `workload.NAME`.
pub(super) fn set_workload(scenario: &mut Scenario, name: &str, value: &str) -> Option<()> {
    let workload = &mut scenario.workload;
    match name {
        "arrivals" => {
            let closed = value.trim() == "closed";
            workload.arrivals = if closed { None } else { Some(value.parse().ok()?) };
        }
        "task" => workload.task = value.parse().ok()?,
        "duration" => workload.duration = or_none(value, parse_duration)?,
        "think" => workload.think = or_none(value, |text| text.parse().ok())?,
        _ => return None,
    }
    Some(())
}

/// The value of `workload.NAME`.
pub(super) fn workload_value(scenario: &Scenario, name: &str) -> Option<String> {
    let workload = &scenario.workload;
    Some(match name {
        "arrivals" => match &workload.arrivals {
            None => "closed".to_string(),
            Some(arrivals) => arrivals.to_string(),
        },
        "task" => workload.task.to_string(),
        "duration" => none_or(workload.duration.map(WithUnit)),
        "think" => none_or(workload.think.as_ref()),
        _ => return None,
    })
}
