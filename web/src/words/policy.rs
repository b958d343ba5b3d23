//! What a policy's client does, in words: how its waits grow and vary, and when it gives up.

use crate::numbers::{grouped, percent, span};
use crate::rest::text;
use crate::schedule::Schedule;
use retrylab_core::policy::{Backoff, BudgetRule, Jitter, Policy};
use retrylab_core::random::Probability;
use retrylab_core::scenario::{Scenario, Workload};
use retrylab_core::server::service::Overflow;
use retrylab_core::time::{Duration, nanos};
use retrylab_core::value::{Factor, Share};

/// Returns what the client of a scenario does: "waits 2 s, then …, and gives up at 62 s".
pub(super) fn policy(scenario: &Scenario) -> String {
    let policy = &scenario.policy;
    let writes = scenario.workload == Workload::Write;
    let schedule = if writes { Schedule::of_writes(policy) } else { Schedule::new(policy) };
    let sends = schedule.certain_sends(policy);
    let mut ending = schedule.ending();
    if policy.first_delay().is_some() && schedule.has_time() {
        ending = since_first_send(&ending);
    }
    ending = ending + if_no_reply(scenario, &schedule) + sooner(policy);
    if sends == 1 || writes && policy.hedging() {
        return short(sends, writes) + &ending;
    }
    let attempt = policy.attempt_timeout();
    let last = policy.last_timeout().filter(|_| {
        attempt.is_none()
            && !writes
            && policy.max_sends().is_some_and(|most| most as usize == sends)
    });
    // Nothing follows the last send of a client that pauses between its sends.
    let waits = sends - usize::from(attempt.is_some() || writes || last.is_some());
    let mut out = growth(policy, waits, last.is_some());
    if writes {
        out = out.replace("each timeout", "each refused write");
        out = out.replace("every send", "every refused write");
    }
    if let Some(attempt) = attempt.filter(|_| !writes) {
        // What follows are the pauses between sends, not the waits for replies.
        let pauses = out.replacen("waits", "pauses", 1).replacen("each wait", "each pause", 1);
        let pauses = pauses.replacen("after every send", "between sends", 1);
        out = format!("waits {} for each reply, then {pauses}", time(attempt));
    }
    let most = policy.max_timeout().map(|most| format!(", at most {}", time(most)));
    let (before, after) = (most.unwrap_or_default(), jitter(policy));
    out += &if policy.caps_jittered_waits() { after + &before } else { before + &after };
    if let Some(last) = last {
        out += &format!(", then a final {}", time(last));
    }
    out + ", and " + &ending
}

/// Returns what a client does that sends once, or whose writes do not wait.
#[inline(never)]
fn short(sends: usize, writes: bool) -> String {
    match (sends, writes) {
        (1, true) => "",
        (1, false) => text!("waits for the reply, and "),
        _ => text!("tries again at once after each refused write, and "),
    }
    .to_string()
}

/// Returns the end of a client whose first send is delayed.
#[inline(never)]
fn since_first_send(ending: &str) -> String {
    ending.replacen(" at ", " ", 1) + text!(" after its first send")
}

pub(super) fn time(duration: Duration) -> String {
    span(nanos(duration))
}

/// Returns how the first `waits` waits of a policy grow, before cap and jitter: "waits 2 s, then twice as long after each timeout".
/// `ends` if a wait of its own follows.
fn growth(policy: &Policy, waits: usize, ends: bool) -> String {
    let (first, factor) = (time(policy.first_timeout()), policy.multiplier());
    let (more, adds) = (time(policy.increment()), !policy.increment().is_zero());
    let is_zero = policy.first_timeout().is_zero();
    // A Fibonacci number comes twice before they grow.
    let fibonacci = usize::from(policy.backoff() == Backoff::Fibonacci);
    let alike = (policy.linear_timeouts() as usize).saturating_add(1 + fibonacci);
    let begins = format!("waits {first}{}", times(alike));
    match policy.backoff() {
        Backoff::List => {
            let list = policy.timeouts();
            let listed: Vec<String> = list.iter().take(waits).map(time).collect();
            let more = if waits > listed.len() { ", and so on" } else { "" };
            format!("waits {}{more}", listed.join(", "))
        }
        _ if policy.jitter() == Jitter::Decorrelated && !is_zero => decorrelated(&first),
        Backoff::Linear if adds && waits > alike => {
            format!("{begins}, then {more} longer after each timeout")
        }
        Backoff::Exponential if factor > Factor::ONE && (adds || !is_zero) && waits > alike => {
            let and = if adds { format!(" and {more} more") } else { String::new() };
            let times =
                if factor == Factor::TWO { "twice".to_string() } else { format!("{factor} times") };
            format!("{begins}, then {times} as long{and} after each timeout")
        }
        Backoff::Exponential if adds && waits > alike => {
            format!("{begins}, then {more} longer after each timeout")
        }
        Backoff::Fibonacci if !is_zero && waits > alike => {
            format!("{begins}, then as long as the last two together")
        }
        _ if is_zero => "sends again at once".to_string(),
        _ if ends => format!("waits {first}{}", times(waits)),
        _ => format!("waits {first} after every send"),
    }
}

#[inline(never)]
fn decorrelated(first: &str) -> String {
    text!("draws each wait from # up to three times the previous one").replace('#', first)
}

/// Returns how often, after a verb: nothing for once.
fn times(n: usize) -> String {
    match n {
        1 => String::new(),
        2 => " twice".to_string(),
        n => format!(" {} times", grouped(n as u64)),
    }
}

/// Returns how the waits of a policy are drawn.
fn jitter(policy: &Policy) -> String {
    if policy.jitter() == Jitter::None { String::new() } else { drawn(policy.jitter()) }
}

/// Returns how waits are drawn.
#[inline(never)]
fn drawn(jitter: Jitter) -> String {
    match jitter {
        Jitter::Full => text!(", each drawn between zero and that").to_string(),
        Jitter::Equal => text!(", each drawn between half of that and all of it").to_string(),
        Jitter::Once(share) => format!(", the first drawn up to {} longer", part(share)),
        Jitter::Additive(spread) => format!(", each wait up to {} longer or shorter", time(spread)),
        Jitter::Slots(slot) => format!(", each drawn in slots of {}", time(slot)),
        Jitter::Proportional(share) | Jitter::Compounding(share) => {
            format!(", each wait up to {} longer or shorter", part(share))
        }
        Jitter::ProportionalLater(share) => {
            text!(", all but the first up to # longer or shorter").replace('#', &part(share))
        }
        Jitter::CompoundingUp(share) => {
            text!(", each wait up to # longer or shorter, the first never shorter")
                .replace('#', &part(share))
        }
        _ => String::new(),
    }
}

/// Returns the condition of the time of the end, if a failure or its hint can change it.
fn if_no_reply(scenario: &Scenario, schedule: &Schedule) -> &'static str {
    let fails = may_fail(scenario) || (!scenario.changes.is_empty() && may_fail_later(scenario));
    if fails && schedule.has_time() { " if no reply comes" } else { "" }
}

fn may_fail(scenario: &Scenario) -> bool {
    scenario.server.fail > Probability::NEVER || scenario.station.overflow == Overflow::Fail
}

#[inline(never)]
fn may_fail_later(scenario: &Scenario) -> bool {
    scenario.eras().iter().any(|(_, era)| may_fail(era))
}

/// Returns what can end an exchange before its policy's schedule does. A budget allows retries, and only some of them first
/// sends, too.
fn sooner(policy: &Policy) -> &'static str {
    if policy.budget().is_none() && policy.breaker().is_none() { "" } else { limited(policy) }
}

/// Returns what a budget or a breaker can do.
#[inline(never)]
fn limited(policy: &Policy) -> &'static str {
    let retries = policy.max_sends() != Some(1);
    let budget =
        policy.budget().filter(|rule| retries || matches!(rule, BudgetRule::Adaptive { .. }));
    match (budget, policy.breaker()) {
        (None, None) => "",
        (Some(_), None) => text!(", unless its budget ends the exchange before"),
        (None, Some(_)) => text!(", unless its circuit breaker ends the exchange before"),
        (Some(_), Some(_)) => {
            text!(", unless its budget or circuit breaker ends the exchange before")
        }
    }
}

/// Returns a share in percent.
fn part(share: Share) -> String {
    percent(share.millionths().into(), 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::headline;
    use super::*;

    fn assert_says(fragment: &str, words: &str) {
        let (_, sentence) = headline(&Scenario::from_fragment(fragment).0);
        assert!(sentence.contains(words), "{fragment}: {sentence}");
    }

    /// The growth of the waits was once described as if there were many of them, and all were alike.
    #[test]
    fn only_waits_that_exist_are_described() {
        for (fragment, words) in [
            (
                "policy.max_sends=1",
                "With a changed textbook policy, the client waits for the reply, and gives up at 100 ms.",
            ),
            ("policy.preset=udp-pinger", "the client waits for the reply, and gives up at 1 s."),
            (
                "policy.adaptive=rfc6298&policy.min_timeout=1s&policy.max_sends=3",
                "the client waits 1 s, then twice as long after each timeout, and gives up at 3 s.",
            ),
            (
                "policy.first_delay=50ms+150ms&policy.max_sends=2",
                "and gives up 300 ms after its first send.",
            ),
            (
                "policy.preset=tcp-syn-linux-6.5",
                "waits 1 s 5 times, then twice as long after each timeout, at most 120 s, and gives up at 131 s.",
            ),
            (
                "policy.linear_timeouts=3&policy.max_sends=4",
                "the client waits 100 ms after every send, and gives up at 400 ms.",
            ),
            (
                "policy.jitter=decorrelated&policy.max_timeout=1s",
                "the client draws each wait from 100 ms up to three times the previous one, at most 1 s, and gives up at ",
            ),
            (
                "policy.preset=grpc-connect",
                "as long after each timeout, at most 120 s, all but the first up to 20 % longer or shorter, and ",
            ),
            (
                "policy.preset=dhcpv6-solicit",
                ", each wait up to 10 % longer or shorter, the first never shorter, and never gives up.",
            ),
            (
                "policy.preset=stun",
                "waits 500 ms, then twice as long after each timeout, then a final 8 s, and gives up at 39.5 s.",
            ),
            (
                "policy.backoff=list&policy.timeouts=1s,2s,3s&policy.max_sends=2",
                "the client waits 1 s, 2 s, and gives up at 3 s.",
            ),
            (
                "server.fail=1&server.hint=500ms&policy.max_sends=3",
                "and gives up at 700 ms if no reply comes.",
            ),
            (
                "changes=1s+server.fail%3D0.5&policy.max_sends=3",
                "and gives up at 700 ms if no reply comes.",
            ),
        ] {
            assert_says(fragment, words);
        }
    }

    #[test]
    fn writers_pause_between_refused_writes() {
        for (fragment, words) in [
            (
                "clients=30&workload.task=write",
                "each client waits 100 ms, then twice as long after each refused write, and gives up after 5 refused \
                 writes and pauses of 1.5 s.",
            ),
            (
                "workload.task=write&policy.attempt_timeout=50ms",
                "waits 100 ms, then twice as long after each refused write, and gives up after 5 refused writes.",
            ),
            (
                "workload.task=write&policy.hedging=true",
                "the client tries again at once after each refused write, and gives up after 5 refused writes.",
            ),
            (
                "workload.task=write&policy.multiplier=1&policy.max_sends=2",
                "the client waits 100 ms after every refused write, and gives up after 2 refused writes and pauses of \
                 100 ms.",
            ),
        ] {
            assert_says(fragment, words);
        }
    }
}
