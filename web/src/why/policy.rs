//! How long a wait is, and why a client gave up: the numbers that the client's policy had.

#[cfg(test)]
mod tests;

use super::Chain;
use crate::numbers::{clock, count, grouped, ratio, span};
use crate::rest::text;
use crate::timeline::{Id, Packet, Wait};
use retrylab_core::exchange::{Recall, Rules};
use retrylab_core::machine::Timer;
use retrylab_core::policy::{Allowance, BudgetRule, Gate, Hint, Jitter, Outlook, Policy, Stop};
use retrylab_core::scenario::{Protocol, Workload};
use retrylab_core::time::{Duration, Instant, nanos};
use retrylab_core::trace::words::{self, Pattern, reason};
use retrylab_core::trace::{Direction, HostId, Record, What};

/// Returns why a send followed the end of a wait, as a clause.
pub(super) fn ran_out(chain: &Chain<'_>, wait: &Wait) -> String {
    let of = format!(" of {}", words::length(wait.deadline.saturating_sub(began(chain, wait))));
    // Among overlapping exchanges, the record of such a wait may be that of its rest.
    let of_own = if chain.timeline.setting().pattern == Pattern::Open { "" } else { of.as_str() };
    match wait.timer {
        Timer::Resend | Timer::GiveUp | Timer::Timeout => {
            format!("the wait{of} for a reply ran out")
        }
        Timer::Backoff => format!("the backoff{of_own} was over"),
        Timer::Hint => format!("the wait{of_own} after the server's hint was over"),
        Timer::Start => format!("the delay{of_own} before the first send was over"),
        Timer::Think => format!("the pause{of} between two exchanges was over"),
        Timer::Arrival => "its exchange arrived".to_string(),
        Timer::Limits | Timer::Service | Timer::Outage | Timer::Recovery | Timer::Other(_) => {
            format!("a wait{of} was over")
        }
    }
}

/// Returns what a wait is for, as a sentence; empty if its title says so.
pub(super) fn purpose(timer: Timer) -> &'static str {
    match timer {
        Timer::Start => text!("The policy delays the first send."),
        Timer::Limits => {
            text!(
                "The policy's retry budget or circuit breaker refused the exchange: nothing of it is sent."
            )
        }
        Timer::Think => text!("The workload pauses between two exchanges."),
        Timer::Arrival => text!("The workload says when exchanges arrive."),
        Timer::Backoff => text!("The last send was abandoned or has failed."),
        Timer::Hint => text!("The server said when to come back."),
        Timer::Timeout => text!("The policy abandons a send that is not answered in this time."),
        Timer::Resend
        | Timer::GiveUp
        | Timer::Service
        | Timer::Outage
        | Timer::Recovery
        | Timer::Other(_) => "",
    }
}

/// Returns why a wait is as long as it is, as a sentence; empty if there is nothing to say.
pub(super) fn length(chain: &Chain<'_>, wait: &Wait) -> String {
    let policy = &policy_of(chain, wait);
    // With an attempt timeout, the backoff is what varies.
    let varies = match wait.timer {
        Timer::Resend | Timer::GiveUp => policy.attempt_timeout().is_none(),
        // Among overlapping exchanges, the record of a wait may be that of its rest.
        Timer::Backoff => {
            policy.attempt_timeout().is_some() && chain.timeline.setting().pattern != Pattern::Open
        }
        Timer::Timeout
        | Timer::Hint
        | Timer::Start
        | Timer::Limits
        | Timer::Think
        | Timer::Arrival
        | Timer::Service
        | Timer::Outage
        | Timer::Recovery
        | Timer::Other(_) => false,
    };
    let request = wait.request.and_then(|id| chain.timeline.packet(id)).filter(|_| varies);
    let Some(request) = request else { return String::new() };
    let Some(outlook) = outlook(chain, wait, request.order, request.sent) else {
        return String::new();
    };
    let whole = wait.deadline.saturating_sub(began(chain, wait));
    let [least, most] = outlook.range.map(nanos);
    let own = policy.last_timeout().filter(|_| policy.max_sends() == Some(request.send()));
    if own.map(nanos) == Some(whole) {
        return text!("The policy has a wait of its own after the last send: ").to_string()
            + &span(whole)
            + ".";
    }
    let grown = nanos(outlook.grown);
    if let Some(cut) = cut(chain, wait, policy, (whole, [least, most], grown)) {
        return cut;
    }
    if least < most && (least..=most).contains(&whole) && policy.jitter() != Jitter::None {
        let share = hundredths(whole - least, most - least);
        let (from, to, drawn) = (span(least), span(most), words::length(whole));
        return format!("Jitter drew {share} of the range from {from} to {to}: {drawn}.");
    }
    if whole < grown && policy.max_timeout().map(nanos) == Some(whole) {
        let max = span(whole);
        return format!(
            "The wait would have been {}, but the policy's maximum is {max}.",
            span(grown)
        );
    }
    match outlook.smoothed.zip(outlook.measured).filter(|_| request.send() == 1) {
        Some(round_trips) => first(policy, round_trips, whole),
        None if least == most => grew(chain, wait, request, whole),
        None => String::new(),
    }
}

/// Says that a limit of the policy cut a wait, which would have been in this range; `None` if none did.
fn cut(
    chain: &Chain<'_>,
    wait: &Wait,
    policy: &Policy,
    (whole, [least, most], grown): (u64, [u64; 2], u64),
) -> Option<String> {
    let deadline = policy.deadline().map(nanos);
    if whole < least.max(1) && deadline.is_some() {
        let wait = if least == most { span(least) } else { format!("at least {}", span(least)) };
        return Some(format!(
            "The wait would have been {wait}, but the deadline cut it to {}.",
            span(whole)
        ));
    }
    if whole < most && deadline.is_some_and(|deadline| ends_at(chain, wait, deadline)) {
        return Some(format!("The deadline cut the wait to {}.", span(whole)));
    }
    let can_exceed = match policy.jitter() {
        Jitter::None => false,
        // Not more than the wait without jitter, which may be longer than the maximum.
        Jitter::Full | Jitter::Equal | Jitter::Slots(_) => {
            policy.caps_jittered_waits() && grown > whole
        }
        // These remember what they drew, and the maximum cuts that.
        Jitter::Decorrelated
        | Jitter::Once(_)
        | Jitter::Compounding(_)
        | Jitter::CompoundingUp(_) => true,
        _ => policy.caps_jittered_waits(),
    };
    let is_capped = can_exceed && policy.max_timeout().map(nanos) == Some(whole);
    is_capped.then(|| format!("The policy's maximum of {} cut the wait.", span(whole)))
}

/// Returns why a first wait is as long as it is, as a sentence, if the measured round trips have this average and alone would
/// lead to this wait.
fn first(policy: &Policy, (average, measured): (Duration, Duration), whole: u64) -> String {
    let average = span(nanos(average));
    if whole == nanos(measured) {
        return format!("The first wait follows the measured round trips, {average} on average.");
    }
    let limits = [("minimum", policy.min_timeout()), ("maximum", policy.max_timeout())];
    let limit = limits.into_iter().find(|(_, limit)| limit.map(nanos) == Some(whole));
    let (whole, measured) = (span(whole), span(nanos(measured)));
    match limit {
        Some((which, _)) => {
            let [with, would] =
                [text!("With round trips of "), text!(" on average, the first wait would be ")];
            let but = text!(", but the policy's ");
            format!("{with}{average}{would}{measured}{but}{which} is {whole}.")
        }
        None => text!(
            "The first wait is still #, the last one of an earlier exchange that was sent again: \
             no round trip was measured since."
        )
        .replace('#', &whole),
    }
}

/// Returns the policy with which the exchange of a wait began.
pub(super) fn policy_of(chain: &Chain<'_>, wait: &Wait) -> Policy {
    let own = |record: &&Record| {
        let of_client = record.host == HostId::Client
            && record.flow.is_some_and(|flow| flow.get() == wait.flow);
        let begins = matches!(
            record.what,
            What::Sent { .. } | What::TimerArmed { timer: Timer::Start | Timer::Limits, .. }
        );
        of_client
            && begins
            && record.label.map(|label| label.exchange.get()) == Some(wait.exchange())
    };
    let begun = chain.records().iter().find(own).map_or(Instant::from_nanos(wait.armed), |r| r.at);
    chain.run.scenario().at(begun).policy
}

/// Returns true if a wait ends when the exchange's deadline, which counts from its first send, is reached.
fn ends_at(chain: &Chain<'_>, wait: &Wait, deadline: u64) -> bool {
    let is_first = |packet: &&Packet| {
        packet.flow == wait.flow
            && packet.direction == Direction::Request
            && (packet.exchange(), packet.send()) == (wait.exchange(), 1)
    };
    let first = chain.timeline.packets().iter().find(is_first);
    first.is_some_and(|first| first.sent.saturating_add(deadline) == wait.deadline)
}

/// Returns when a wait began: of one for a reply, when its request left.
pub(super) fn began(chain: &Chain<'_>, wait: &Wait) -> u64 {
    let request = wait.request.and_then(|id| chain.timeline.packet(id));
    match wait.timer {
        Timer::Resend | Timer::GiveUp | Timer::Timeout => {
            request.map_or(wait.armed, |request| request.sent)
        }
        Timer::Backoff
        | Timer::Hint
        | Timer::Start
        | Timer::Limits
        | Timer::Think
        | Timer::Arrival
        | Timer::Service
        | Timer::Outage
        | Timer::Recovery
        | Timer::Other(_) => wait.armed,
    }
}

/// Returns how a wait has grown since the previous one, as a sentence; empty if it has not.
fn grew(chain: &Chain<'_>, wait: &Wait, request: &Packet, whole: u64) -> String {
    let backs_off = wait.timer == Timer::Backoff;
    let kind = if backs_off { Timer::Backoff } else { Timer::Resend };
    let previous = request.after.and_then(|id| chain.timeline.wait(id));
    let previous = previous.filter(|previous| previous.timer == kind);
    let length = previous.map(|wait| wait.deadline.saturating_sub(began(chain, wait)));
    match length.filter(|length| *length < whole && request.send() > 1) {
        Some(length) => {
            let (from, to) = (words::length(length), span(whole));
            let backoff = policy_of(chain, wait).backoff();
            format!("The policy's backoff ({backoff}) made the wait grow from {from} to {to}.")
        }
        None => String::new(),
    }
}

/// Returns `0.63`, cut.
fn hundredths(part: u64, whole: u64) -> String {
    let share = u128::from(part) * 100 / u128::from(whole.max(1));
    format!("{}.{:02}", share / 100, share % 100)
}

/// Returns why the exchange of a wait ended, as a clause. `asked` is the record after which the policy decided, and
/// `elapsed` the time since the first send.
pub(super) fn stop(chain: &Chain<'_>, wait: &Wait, asked: Id, why: Stop, elapsed: u64) -> String {
    let policy = &policy_of(chain, wait);
    let at = chain.records()[asked as usize].at.as_nanos();
    let outlook = outlook(chain, wait, asked, at);
    let limit = match why {
        Stop::MaxSends => policy
            .max_sends()
            .map(|most| format!("its policy allows no more than {}", count(most.into(), "send"))),
        Stop::GiveUpAbove => policy.give_up_above().map(|above| {
            let above = span(nanos(above));
            let is_changed = policy.jitter() != Jitter::None || policy.max_timeout().is_some();
            let before = if is_changed { text!(", before jitter and maximum,") } else { "" };
            match outlook.map(|outlook| span(nanos(outlook.grown))) {
                Some(next) => {
                    format!("the next wait{before} would be {next}, above the limit of {above}")
                }
                None => text!("the next wait would be above the limit of ").to_string() + &above,
            }
        }),
        Stop::Deadline => policy.deadline().map(|deadline| {
            let (left, deadline) = (nanos(deadline).saturating_sub(elapsed), span(nanos(deadline)));
            match left {
                0 => format!("its deadline of {deadline} was reached"),
                left => format!(
                    "its deadline of {deadline} left {}, less than the next wait takes",
                    span(left)
                ),
            }
        }),
        Stop::Budget => {
            outlook.and_then(|outlook| outlook.budget).map(|budget| spent(policy, budget))
        }
        Stop::Breaker => outlook.and_then(|outlook| open(chain, outlook.breaker?)),
        // No number decides about the others.
        _ => None,
    };
    limit.unwrap_or_else(|| reason(why, false).to_string())
}

/// Returns what a retry found in the budget, as a clause.
fn spent(policy: &Policy, budget: Allowance) -> String {
    let tokens = |thousandths| ratio(thousandths, 1_000);
    match budget {
        Allowance::MoreThan { left, limit } => format!(
            "its retry budget had {} left, and a retry needs more than {}",
            if left == 1_000 { "1 token".to_string() } else { tokens(left) + " tokens" },
            tokens(limit),
        ),
        Allowance::AtLeast { left, needs } => format!(
            "its retry budget had {} left, and a retry takes {}",
            tokens(left),
            tokens(needs),
        ),
        Allowance::Concurrent { retrying, most } => format!(
            "{} being retried, and its budget allows {most}",
            if retrying == 1 {
                "1 exchange was".to_string()
            } else {
                format!("{retrying} exchanges were")
            },
        ),
        Allowance::Ratio { requests, replies } => {
            let window = match policy.budget() {
                Some(BudgetRule::Adaptive { window, .. }) => span(nanos(window)),
                _ => String::new(),
            };
            format!(
                "{}{} and {} within {window}",
                text!("its budget refuses at random, after "),
                count(requests, "send") + text!(", made or refused,"),
                if replies == 1 { "1 reply".to_string() } else { format!("{replies} replies") },
            )
        }
    }
}

/// Returns why the circuit breaker lets nothing pass, as a clause.
fn open(chain: &Chain<'_>, gate: Gate) -> Option<String> {
    match gate {
        Gate::Closed(_) => None,
        Gate::Open(until) => Some(format!(
            "its circuit breaker was open, until {} s",
            clock(until.as_nanos(), chain.places)
        )),
        Gate::HalfOpen => {
            let what = text!("its circuit breaker waited for the result of a single exchange");
            Some(what.to_string())
        }
        Gate::Share { failures, calls, share } => Some(format!(
            "{}{} in {}, was above {share}",
            text!("its circuit breaker was open: the share of failures, "),
            grouped(failures),
            count(calls, "call"),
        )),
    }
}

/// Returns what the policy knew when it decided at `at`, just before the record `asked`; `None` if that cannot be computed.
fn outlook(chain: &Chain<'_>, wait: &Wait, asked: Id, at: u64) -> Option<Outlook> {
    let scenario = chain.run.scenario();
    let loops = matches!(scenario.workload, Workload::Closed { .. } | Workload::Open { .. });
    if scenario.protocol != Protocol::Udp || !loops || scenario.servers.is_several() {
        return None;
    }
    let hint = scenario.server.hint;
    if scenario.eras().iter().any(|(_, era)| era.server.hint != hint) {
        return None;
    }
    let rules = Rules::new(&scenario.policy, scenario.seed, wait.flow);
    let later = scenario.later_policies();
    let hint = hint.map(Hint::After);
    let mut recall = Recall::new(rules, scenario.token, hint).followed_by(&later);
    for record in &chain.records()[..=asked as usize] {
        recall.follow(record);
    }
    recall.outlook(Instant::from_nanos(at), wait.exchange())
}
