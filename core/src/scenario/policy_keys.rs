//! The keys `policy.*`: from text into a builder, and back.

use super::fields::Kind;
use super::{integer, none_or, or_none};
use crate::policy::{Factor, Policy, PolicyBuilder};
use crate::time::{WithUnit, parse_duration};
use alloc::string::{String, ToString};

/// Sets `policy.NAME`; `None` if there is no such key, or the value is not of its kind.
pub(super) fn set(
    policy: PolicyBuilder,
    name: &str,
    kind: Kind,
    value: &str,
) -> Option<PolicyBuilder> {
    let count = || u32::try_from(integer(kind, value)?).ok();
    let time = || or_none(value, parse_duration);
    Some(match name {
        "backoff" => policy.backoff(value.parse().ok()?),
        "initial_timeout" => policy.initial_timeout(parse_duration(value)?),
        "multiplier" => policy.multiplier(Factor::parse(value)?),
        "increment" => policy.increment(parse_duration(value)?),
        "timeouts" => policy.timeouts(value.parse().ok()?),
        "linear_timeouts" => policy.linear_timeouts(count()?),
        "max_timeout" => policy.max_timeout(time()?),
        "attempt_timeout" => policy.attempt_timeout(time()?),
        "last_timeout" => policy.last_timeout(time()?),
        "first_delay" => policy.first_delay(or_none(value, |text| text.parse().ok())?),
        "jitter" => policy.jitter(value.parse().ok()?),
        "adaptive" => policy.adaptive(value.parse().ok()?),
        "min_timeout" => policy.min_timeout(time()?),
        "give_up_above" => policy.give_up_above(time()?),
        "max_sends" => policy.max_sends(or_none(value, |_| count())?),
        "deadline" => policy.deadline(time()?),
        "deadline_rule" => policy.deadline_rule(value.parse().ok()?),
        "hedging" => policy.hedging(value.parse().ok()?),
        "budget" => policy.budget(or_none(value, |text| text.parse().ok())?),
        "breaker" => policy.breaker(or_none(value, |text| text.parse().ok())?),
        "hint" => policy.hint(value.parse().ok()?),
        _ => return None,
    })
}

/// The value of `policy.NAME` as text that [`set`] takes; `None` if there is no such key.
pub(super) fn value(policy: &Policy, name: &str) -> Option<String> {
    let time = |value: Option<_>| none_or(value.map(WithUnit));
    Some(match name {
        "backoff" => policy.backoff().name().to_string(),
        "initial_timeout" => WithUnit(policy.initial_timeout()).to_string(),
        "multiplier" => policy.multiplier().to_string(),
        "increment" => WithUnit(policy.increment()).to_string(),
        "timeouts" => policy.timeouts().to_string(),
        "linear_timeouts" => policy.linear_timeouts().to_string(),
        "max_timeout" => time(policy.max_timeout()),
        "attempt_timeout" => time(policy.attempt_timeout()),
        "last_timeout" => time(policy.last_timeout()),
        "first_delay" => none_or(policy.first_delay()),
        "jitter" => policy.jitter().to_string(),
        "adaptive" => policy.adaptive().to_string(),
        "min_timeout" => time(policy.min_timeout()),
        "give_up_above" => time(policy.give_up_above()),
        "max_sends" => none_or(policy.max_sends()),
        "deadline" => time(policy.deadline()),
        "deadline_rule" => policy.deadline_rule().name().to_string(),
        "hedging" => policy.hedging().to_string(),
        "budget" => none_or(policy.budget()),
        "breaker" => none_or(policy.breaker()),
        "hint" => policy.hint().to_string(),
        _ => return None,
    })
}
