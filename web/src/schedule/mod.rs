//! The client's schedule: when requests are sent, and when the client gives up, if no reply ever comes.
//!
//! Time runs to the right, one row per send: a mark at the time of the send, a bar for the wait after it.
//! With jitter, a band reaches from the earliest to the latest moment.

mod draw;

use crate::json::Json;
use crate::numbers::{capital, count, exact, grouped, ratio, span, spread, unit};
use crate::rest::text;
pub(crate) use draw::draw;
use retrylab_core::name::{MAX_SERVERS, Options};
use retrylab_core::policy::{
    Adaptive, Jitter, JitterRange, PlannedSend, Policy, ScheduleEnd, Stop,
};
use retrylab_core::scenario::{Asking, Protocol, Scenario, Workload};
use retrylab_core::time::{Duration, nanos};

/// Maximum number of rows; of a longer schedule the picture shows the first sends.
const MAX_ROWS: usize = 10;

/// Maximum length of the list of sends, in bytes; a longer list is shortened.
const LONG: usize = 58;

/// Number of sends that a shortened list names.
const SHORT: usize = 6;

/// Maximum number of sends computed to find the end, so that billions of them do not block the page.
const STEPS: usize = 5_000;

/// What the picture shows.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    rows: Vec<PlannedSend>,
    /// `Some` if more sends follow the rows, with their number if known.
    more: Option<Option<u64>>,
    /// With the shortest waits, there are more sends than these.
    perhaps_more: bool,
    end: ScheduleEnd,
    /// Maximum number of sends, if the policy has one.
    max_sends: Option<u32>,
    /// What the picture does not show.
    notes: String,
    /// True for writes that are refused at once, so that the waits are pauses between them.
    writes: bool,
}

/// What the client of a scenario follows.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// A schedule, if what this says happens.
    Schedule(&'static str, Schedule),
    /// No schedule: a sentence without its full stop says what the client does instead, and a second one more.
    Words(String, &'static str),
}

impl Plan {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let policy = &scenario.policy;
        if let Some((interval, _)) = scenario.workload.heartbeat() {
            return Self::of_heartbeats(interval, scenario);
        }
        if let Some(options) = resolver_options(scenario) {
            return Self::Schedule(NO_REPLY, Schedule::of_resolver(options, scenario));
        }
        if scenario.workload == Workload::Write {
            return Self::of_writes(policy);
        }
        Self::Schedule(NO_REPLY, Schedule::new(policy))
    }

    #[inline(never)]
    fn of_heartbeats(interval: Duration, scenario: &Scenario) -> Self {
        let (interval, count) = (span(nanos(interval)), scenario.max_exchanges().into());
        let who = if scenario.clients == 1 { "The" } else { "Each" };
        let beats =
            format!("{who} client sends a heartbeat every {interval}, {} in all", grouped(count));
        Self::Words(beats, text!("Nobody answers them, and none is sent again."))
    }

    #[inline(never)]
    fn of_writes(policy: &Policy) -> Self {
        if policy.attempt_timeout().is_some() || policy.hedging() {
            let words = text!("The client pauses between two attempts as long as the policy says")
                .to_string();
            return Self::Words(words, text!("The time of the attempts is additional."));
        }
        Self::Schedule(text!("when every write is refused"), Schedule::of_writes(policy))
    }

    /// Returns the schedule, if there is one.
    pub(crate) const fn schedule(&self) -> Option<&Schedule> {
        match self {
            Self::Schedule(_, schedule) => Some(schedule),
            Self::Words(..) => None,
        }
    }

    /// Describes the plan as an object with `end`, `sends` and `notes` for the page, and with `label`, the whole
    /// description for screen readers. Without a schedule, `sends` is empty.
    pub(crate) fn words(&self) -> String {
        let (when, schedule) = match self {
            Self::Schedule(when, schedule) => (when, schedule),
            Self::Words(what, more) => {
                return Json::object(|json| {
                    json.text("end", what);
                    json.text("sends", "");
                    json.text("notes", more);
                    json.text("label", &format!("{what}. {more}"));
                });
            }
        };
        schedule.words(when)
    }
}

/// When a schedule holds to its end.
const NO_REPLY: &str = "when no reply comes";

/// Returns the options of resolv.conf that a lookup follows instead of the policy.
pub(crate) fn resolver_options(scenario: &Scenario) -> Option<Options> {
    match scenario.dns_options {
        Asking::Options(options) if scenario.protocol == Protocol::Dns => Some(options),
        _ => None,
    }
}

impl Schedule {
    /// Creates the schedule of a lookup by the rule of resolv.conf.
    #[inline(never)]
    fn of_resolver(options: Options, scenario: &Scenario) -> Self {
        let servers = scenario.servers.as_slice().len();
        let mut notes = format!("The resolver follows resolv.conf with {options}");
        notes += match servers.min(MAX_SERVERS) {
            1 => ".",
            _ if options.rotate => text!("; each client draws the server that it asks first."),
            _ => ", and asks the servers in turn.",
        };
        Self { notes, ..Self::new(&options.policy(servers, 0)) }
    }

    pub(crate) fn new(policy: &Policy) -> Self {
        let table = policy.timetable(MAX_ROWS + 1, STEPS - 1);
        let (mut rows, end) = (table.sends, table.end);
        let cut = rows.len() > MAX_ROWS;
        if cut {
            rows.truncate(MAX_ROWS - 1);
        }
        let mut left = None;
        if let ScheduleEnd::At { sends, .. } = end {
            left = Some(sends.saturating_sub(rows.len()) as u64);
        }
        let (max_sends, notes) = (policy.max_sends(), notes(policy));
        let (more, perhaps_more) = (cut.then_some(left), table.more && !cut);
        Self { rows, more, perhaps_more, end, max_sends, notes, writes: false }
    }

    /// Creates the schedule of a client whose writes are refused: after the last one, it does not wait.
    pub(crate) fn of_writes(policy: &Policy) -> Self {
        let mut schedule = Self {
            notes: text!("The time of the attempts is additional.").to_string(),
            writes: true,
            ..Self::new(policy)
        };
        if policy.deadline().is_some() {
            schedule.notes += text!(" The deadline may end it sooner.");
        }
        if let ScheduleEnd::At { at, sends, .. } = &mut schedule.end {
            let zero = Duration::ZERO;
            let none = JitterRange { least: zero, nominal: zero, most: zero };
            // Otherwise the times of sends are not those of pauses alone.
            let pauses = policy.attempt_timeout().is_none() && !policy.hedging();
            let last = policy.timetable(*sends, STEPS - 1).sends.pop().filter(|_| pauses);
            *at = last.map_or(none, |last| last.at);
            for row in schedule.rows.iter_mut().skip(*sends - 1) {
                row.wait = none;
            }
        }
        schedule
    }

    /// Returns the number of sends without a reply; very large if it is unknown or differs by jitter.
    pub(crate) fn certain_sends(&self, policy: &Policy) -> usize {
        match self.end {
            ScheduleEnd::At { sends, why, .. }
                if why != Stop::Deadline || policy.jitter() == Jitter::None =>
            {
                sends
            }
            _ => usize::MAX,
        }
    }

    /// Returns the time of the end; `None` if the picture does not show it, such as that of a shortened
    /// schedule.
    fn drawn_end(&self) -> Option<JitterRange> {
        match self.end {
            ScheduleEnd::At { at, .. } if self.more.is_none() => Some(at),
            _ => None,
        }
    }

    /// Returns the time at the right edge.
    fn reach(&self) -> u64 {
        let rows = self.rows.iter().map(|row| until(row).max(row.at.most));
        let last = rows.chain(self.drawn_end().map(|end| end.most)).max();
        last.map_or(0, nanos).max(1)
    }

    /// Describes the schedule, which holds when what `when` says happens: see [`Plan::words`].
    fn words(&self, when: &str) -> String {
        let (end, notes) = (capital(&self.end_words("–")), &self.notes);
        let space = if notes.is_empty() { "" } else { " " };
        let label = format!(
            "The schedule {when}. Sends at {}. {}.{space}{notes}",
            self.sends(" to ", MAX_ROWS),
            capital(&self.ending()),
        );
        let whole = self.sends("–", MAX_ROWS);
        let sends = if whole.len() > LONG { self.sends("–", SHORT) } else { whole };
        Json::object(|json| {
            json.text("end", &end);
            json.text("sends", &sends);
            json.text("notes", notes);
            json.text("label", &label);
        })
    }

    /// Returns true if the client never gives up.
    pub(crate) const fn is_endless(&self) -> bool {
        matches!(self.end, ScheduleEnd::Never)
    }

    /// Returns true if the words about its end name a time.
    pub(crate) const fn has_time(&self) -> bool {
        matches!(self.end, ScheduleEnd::At { .. }) && !self.writes
    }

    /// Returns how it ends, for use within a sentence: "gives up at 3.1 s".
    pub(crate) fn ending(&self) -> String {
        self.end_words(" to ")
    }

    fn end_words(&self, to: &str) -> String {
        match self.end {
            ScheduleEnd::Never => "never gives up".to_string(),
            ScheduleEnd::At { at, sends, why } if self.writes => refused(at, sends, why),
            ScheduleEnd::At { at, .. } => {
                let (size, name) = shared_unit([at.least, at.most]);
                let text = format!("{} {name}", moment(at, size, to));
                let long = at.least == at.most && text.len() > 9;
                format!("gives up at {}", if long { span(nanos(at.nominal)) } else { text })
            }
            ScheduleEnd::Beyond => "gives up after more than 584 years".to_string(),
            ScheduleEnd::Far => match self.max_sends {
                Some(sends) => format!("gives up after {}", count(sends.into(), "send")),
                None => format!("gives up after more than {}", count(STEPS as u64, "send")),
            },
        }
    }

    /// `0, 0.1, 0.3, 0.7, 1.5 s`: the first `most` sends, exact without jitter, otherwise rounded.
    fn sends(&self, to: &str, most: usize) -> String {
        let rows = &self.rows[..self.rows.len().min(most)];
        let ends = rows.iter().flat_map(|row| [row.at.least, row.at.most]);
        let (size, name) = shared_unit(ends);
        let mut out = String::new();
        for row in rows {
            out += if out.is_empty() { "" } else { ", " };
            out += if row.certain { "" } else { "perhaps " };
            out += &moment(row.at, size, to);
        }
        out += " ";
        out += name;
        let hidden = (self.rows.len() - rows.len()) as u64;
        match self.more {
            None if self.perhaps_more => out += " and so on",
            None if hidden == 0 => {}
            None => out += &format!(" and {hidden} more"),
            Some(Some(more)) => {
                out += &format!(" and {} more", grouped(more + hidden));
            }
            Some(None) => out += " and so on",
        }
        out
    }
}

/// Returns how a client ends whose writes are all refused.
#[inline(never)]
fn refused(at: JitterRange, sends: usize, why: Stop) -> String {
    if why == Stop::Deadline {
        return text!("gives up when a write is refused after its deadline").to_string();
    }
    let writes = count(sends as u64, "refused write");
    let pauses = match at.most {
        Duration::ZERO => String::new(),
        _ => format!(" and pauses of {}", spread(nanos(at.least), nanos(at.most), " to ")),
    };
    format!("gives up after {writes}{pauses}")
}

/// Formats a moment in a unit: exactly, or with jitter from the earliest to the latest, rounded.
fn moment(at: JitterRange, size: u64, to: &str) -> String {
    if at.least == at.most {
        return exact(nanos(at.nominal), size);
    }
    let (least, most) = (nanos(at.least), nanos(at.most));
    // The commas of thousands would look like those of a list.
    format!("{}{to}{}", ratio(least, size), ratio(most, size)).replace(',', "")
}

/// Returns when a row's wait ends, without jitter.
fn until(row: &PlannedSend) -> Duration {
    row.at.nominal.saturating_add(row.wait.nominal)
}

/// Returns a unit that suits the longest of these times and in which all of them are exact: long times
/// stay in seconds unless they are whole minutes or hours.
fn shared_unit(times: impl IntoIterator<Item = Duration>) -> (u64, &'static str) {
    let times: Vec<u64> = times.into_iter().map(nanos).collect();
    let longest = times.iter().copied().max().unwrap_or(0);
    for (size, name) in [(3_600_000_000_000, "h"), (60_000_000_000, "min")] {
        if longest >= 10 * size && times.iter().all(|time| time.is_multiple_of(size)) {
            return (size, name);
        }
    }
    unit(longest.min(1_000_000_000))
}

/// Describes what the picture does not show.
fn notes(policy: &Policy) -> String {
    let mut notes = Vec::new();
    if let Some(delay) = policy.first_delay() {
        let delay = spread(nanos(delay.least), nanos(delay.most), " to ");
        notes.push(format!("The first send is delayed by {delay}."));
    }
    if policy.adaptive() != Adaptive::None {
        notes.push("Measured round trips move the first wait.".to_string());
    }
    let limits = match (policy.budget(), policy.breaker()) {
        (Some(_), Some(_)) => "Budget and breaker",
        (Some(_), None) => "The budget",
        (None, Some(_)) => "The breaker",
        (None, None) => "",
    };
    if !limits.is_empty() {
        notes.push(format!("{limits} may end it sooner."));
    }
    notes.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    fn of(fragment: &str) -> Schedule {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, [], "{fragment}");
        Schedule::new(&scenario.policy)
    }

    fn said(fragment: &str) -> String {
        let schedule = of(fragment);
        format!("{}. {}. {}", schedule.sends("–", 99), schedule.end_words("–"), schedule.notes)
    }

    #[test]
    fn sends_and_ends_are_said_exactly() {
        for (fragment, text) in [
            ("", "0, 0.1, 0.3, 0.7, 1.5 s. gives up at 3.1 s. "),
            ("policy.preset=coap", "0, 2–3, 6–9, 14–21, 30–45 s. gives up at 62–93 s. "),
            ("policy.preset=stun", "0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s. gives up at 39.5 s. "),
            ("policy.max_sends=1", "0 s. gives up at 100 ms. "),
            (
                "policy.preset=kubernetes-crashloop",
                "0, 0, 10, 30, 70, 150, 310, 610, 910 s and so on. never gives up. ",
            ),
        ] {
            assert_eq!(said(fragment), text, "{fragment}");
        }
    }

    #[test]
    fn a_client_without_the_policy_has_another_plan() {
        let words = |fragment: &str| {
            let (scenario, errors) = Scenario::from_fragment(fragment);
            assert_eq!(errors, [], "{fragment}");
            Plan::new(&scenario).words()
        };
        let lookup = "message=www.example&protocol=dns";
        let two = "servers=a%3D192.0.2.1:53,b%3D192.0.2.2:53";
        for (fragment, text) in [
            (
                lookup.to_string(),
                "The schedule when no reply comes. Sends at 0, 5 s. Gives up at 10 s. The resolver follows resolv.conf \
                 with timeout:5 attempts:2.",
            ),
            (
                format!("{lookup}&{two}"),
                "Sends at 0, 5, 10, 15 s. Gives up at 20 s. The resolver follows resolv.conf with timeout:5 attempts:2, \
                 and asks the servers in turn.",
            ),
            (
                format!("{lookup}&{two}&dns.options=rotate"),
                "with timeout:5 attempts:2 rotate; each client draws the server that it asks first.",
            ),
            (
                format!("{lookup}&dns.options=policy"),
                "The schedule when no reply comes. Sends at 0, 0.1, 0.3, 0.7, 1.5 s. Gives up at 3.1 s.\"",
            ),
            (
                "workload.task=heartbeat&exchanges=20".to_string(),
                "The client sends a heartbeat every 1 s, 20 in all. Nobody answers them, and none is sent again.",
            ),
            (
                "workload.task=write&clients=3".to_string(),
                "The schedule when every write is refused. Sends at 0, 0.1, 0.3, 0.7, 1.5 s. Gives up after 5 \
                 refused writes and pauses of 1.5 s. The time of the attempts is additional.",
            ),
            (
                "workload.task=write&policy.max_sends=1".to_string(),
                "Gives up after 1 refused write. The time",
            ),
            (
                "workload.task=write&policy.max_sends=12&policy.multiplier=1&policy.jitter=full"
                    .to_string(),
                "Gives up after 12 refused writes and pauses of 0 to 1.1 s. The time",
            ),
            (
                "workload.task=write&policy.attempt_timeout=50ms".to_string(),
                "The client pauses between two attempts as long as the policy says.",
            ),
        ] {
            let words = words(&fragment);
            assert!(words.contains(text), "{fragment}: {words}");
        }
    }

    #[test]
    fn unusual_policies_are_described_without_a_long_computation() {
        for (fragment, text) in [
            (
                "policy.jitter=full&policy.deadline=3s&policy.give_up_above=none",
                "0, 0–0.1, 0–0.3, 0–0.7, 0–1.5, perhaps 0–3 s and so on. gives up at 3 s. ",
            ),
            (
                "policy.multiplier=1&policy.max_sends=4000000000",
                "0, 100, 200, 300, 400, 500, 600, 700, 800 ms and so on. gives up after \
                 4,000,000,000 sends. ",
            ),
            (
                "policy.multiplier=1.000001",
                "0, 100, 200.0001, 300.0003, 400.0006, 500.001, 600.0015, 700.0021, 800.0028 ms \
                 and so on. gives up after more than 5,000 sends. ",
            ),
        ] {
            assert_eq!(said(fragment), text, "{fragment}");
        }
        let steep = said("policy.multiplier=1.1");
        assert!(steep.ends_with(" and 23 more. gives up at 20.1 s. "), "{steep}");
    }
}
