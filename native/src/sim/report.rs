//! Prints the result of a run as JSON or as a table.

use super::assertion::Check;
use super::cells::Cells;
use super::figures::{percent, percents};
use super::fitted;
use super::group::Group;
use super::many::Seeds;
use super::measure::Measured;
use super::measured;
use super::outcome;
use super::predicted::Server;
use super::run::{EndedBy, Result};
use crate::output::{Count, Rounded, SCHEMA, Stdout, narrate, seconds, warn};
use retrylab_core::scenario::{Scenario, Workload};
use retrylab_core::sim;
use retrylab_core::sim::metrics::MetricsReport;
use retrylab_core::stats::wilson;
use retrylab_core::theory;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::PacketId;
use serde::Serialize;

/// The result as JSON. It does not depend on the machine: two runs of the same scenario print the same
/// bytes. The wall time goes to stderr.
#[derive(Serialize)]
pub(super) struct RunReport<'a> {
    schema: u32,
    ended_by: EndedBy,
    seed: u64,
    /// Finished exchanges.
    exchanges: u64,
    answered: u64,
    gave_up: u64,
    refused: u64,
    /// Null if no exchange has finished.
    answered_share: Option<f64>,
    gave_up_share: Option<f64>,
    /// The 95 % confidence interval of the share (Wilson); null if the exchanges are not independent.
    answered_share_95: Option<(f64, f64)>,
    gave_up_share_95: Option<(f64, f64)>,
    sends: u64,
    /// Sends of the finished exchanges; in contention, writes.
    calls: u64,
    /// Sends per exchange.
    amplification: f64,
    replies: u64,
    late_replies: u64,
    /// Replies that a client took for those of another exchange.
    misattributed: u64,
    /// Lost on the link, in both directions.
    lost: u64,
    server_dropped: u64,
    /// Times that the server declared a client dead (heartbeats).
    declared_dead: u64,
    metrics: &'a MetricsReport,
    theory: Theory,
    assertions: &'a [Check],
    simulated_s: f64,
    /// Fewer than those of the scenario if a limit or an interrupt ended a run in cells.
    clients_simulated: u64,
    events: u64,
    digest: String,
    /// The fields that several seeds have, too.
    seeds: Seeds,
    #[serde(flatten)]
    group: Group<'a>,
    #[serde(skip)]
    scenario: &'a Scenario,
    /// Packets that were dropped, delayed or duplicated by hand.
    #[serde(skip)]
    by_hand: &'a [PacketId],
}

/// The prediction of the closed form, where its conditions hold, and the difference of the run.
#[derive(Default, Serialize)]
struct Theory {
    gave_up_share: Option<f64>,
    amplification: Option<f64>,
    /// Difference in standard errors; null if the prediction does not allow any difference.
    gave_up_standard_errors: Option<f64>,
    amplification_standard_errors: Option<f64>,
    /// The condition that does not hold.
    not_predicted: Option<&'static str>,
    #[serde(flatten)]
    server: Server,
}

impl Theory {
    fn new(scenario: &Scenario, result: &Result) -> Self {
        let server = || Server::new(scenario, result);
        let missing = |why| Self { not_predicted: Some(why), server: server(), ..Self::default() };
        if !result.ended_by.is_finished() {
            return missing("the run did not finish");
        }
        let model = match theory::predict(scenario) {
            Ok(model) => model,
            Err(why) => return missing(why),
        };
        let Some(distance) = model.distance(&result.outcome.summary) else {
            return missing("no exchange has ended");
        };
        Self {
            gave_up_share: Some(model.gave_up),
            amplification: Some(model.amplification),
            gave_up_standard_errors: Some(distance.gave_up),
            amplification_standard_errors: Some(distance.amplification),
            not_predicted: None,
            server: server(),
        }
    }

    /// `3.1250 % (+0.5 standard errors), 1.9375 per exchange (-1.8)`
    fn words(&self) -> String {
        let (Some(gave_up), Some(sends)) = (self.gave_up_share, self.amplification) else {
            return format!("not predicted: {}", self.not_predicted.unwrap_or_default());
        };
        let gave_up = 100.0 * gave_up;
        let off = self.gave_up_standard_errors.unwrap_or_default();
        let sends_off = self.amplification_standard_errors.unwrap_or_default();
        format!(
            "{gave_up:.4} % give up ({off:+.1} standard errors), \
             {sends:.4} sends per exchange ({sends_off:+.1})"
        )
    }
}

impl<'a> RunReport<'a> {
    /// Returns the report of a run, of which `measured` are the measures.
    pub(super) fn new(
        scenario: &'a Scenario,
        cells: Cells,
        result: &'a Result,
        measured: &'a Measured,
        assertions: &'a [Check],
    ) -> Self {
        let summary = result.outcome.summary;
        let exchanges = summary.finished();
        let share = |n: u64| (exchanges > 0).then(|| n as f64 / exchanges as f64);
        let independent = outcome::independent(scenario, summary.misattributed);
        let valid = independent.is_ok() && exchanges > 0;
        let interval = |n| valid.then(|| wilson(n, exchanges));
        Self {
            schema: SCHEMA,
            ended_by: result.ended_by,
            seed: scenario.seed,
            exchanges,
            answered: summary.answered,
            gave_up: summary.gave_up,
            refused: summary.refused,
            answered_share: share(summary.answered),
            gave_up_share: share(summary.gave_up),
            answered_share_95: interval(summary.answered),
            gave_up_share_95: interval(summary.gave_up),
            sends: summary.sends,
            calls: summary.calls,
            amplification: summary.amplification(),
            replies: summary.replies,
            late_replies: summary.late_replies,
            misattributed: summary.misattributed,
            lost: summary.lost,
            server_dropped: summary.server_dropped,
            declared_dead: summary.declared_dead,
            metrics: &result.metrics,
            theory: Theory::new(scenario, result),
            assertions,
            simulated_s: seconds(result.outcome.simulated.saturating_since(Instant::ZERO)),
            clients_simulated: result.clients,
            events: result.outcome.events,
            digest: result.outcome.digest.to_string(),
            seeds: Seeds::one(scenario.seed),
            group: Group::new(scenario, cells, &[(scenario.seed, measured)]),
            scenario,
            by_hand: &result.by_hand,
        }
    }

    const fn has_heartbeats(&self) -> bool {
        matches!(self.scenario.workload, Workload::Heartbeat { .. })
    }

    /// Prints the table line by line.
    pub(super) fn show(&self, mut line: impl FnMut(String)) {
        let mut row = |name: &str, value: &dyn std::fmt::Display, remark: String| {
            line(format!("{name:<22}{value:>14}  {remark}").trim_end().to_string());
        };
        let share = |share: Option<f64>, interval: Option<(f64, f64)>| {
            let Some(share) = share else { return String::new() };
            let range = interval.map(|ends| format!("  ({})", percents(share, ends, " to ")));
            format!("{:>8} %{}", percent(share, interval), range.unwrap_or_default())
        };
        if self.has_heartbeats() {
            row("heartbeats", &self.sends, String::new());
            row("lost on the link", &self.lost, String::new());
            row("declared dead", &self.declared_dead, String::new());
        } else {
            row("exchanges", &self.exchanges, String::new());
            row("  answered", &self.answered, share(self.answered_share, self.answered_share_95));
            row("  gave up", &self.gave_up, share(self.gave_up_share, self.gave_up_share_95));
            row("  refused", &self.refused, String::new());
            row("sends", &self.sends, format!("{:8.4} per exchange", self.amplification));
            if self.scenario.workload == Workload::Write {
                row("writes", &self.calls, String::new());
            }
            row("dropped by the server", &self.server_dropped, String::new());
            row("lost on the link", &self.lost, String::new());
            row("replies", &self.replies, String::new());
            row("late replies", &self.late_replies, String::new());
        }
        if self.misattributed > 0 {
            row("misattributed", &self.misattributed, "replies to another exchange".to_string());
        }
        // To a microsecond.
        let simulated = (self.simulated_s * 1e6).round() / 1e6;
        row("simulated", &simulated, "s".to_string());
        row("seed", &self.seed, String::new());
        // These texts are longer than the column.
        let (clients, all) = (self.clients_simulated, self.scenario.clients);
        if clients < all.into() {
            line(format!("clients               {clients} of {all} simulated; rates are left out"));
        }
        if let Some(why) = self.group.no_interval {
            line(format!("confidence interval   none: {why}"));
        }
        let open = matches!(self.scenario.workload, Workload::Open { .. });
        let measured = measured::lines(self.metrics, open);
        for (name, words) in measured.chain(fitted::lines(self.scenario)) {
            line(format!("{name:<22}{words}"));
        }
        line(format!("digest                {}", self.digest));
        line(format!("theory                {}", self.theory.words()));
        for (name, words) in self.theory.server.lines() {
            line(format!("{name:<22}{words}"));
        }
        line(format!("address               {}", self.group.address));
        line(format!("ended by              {}", self.ended_by));
        line(format!("cells: {}", self.group.cells));
    }

    /// Prints the report to stdout, or to stderr if stdout is taken.
    pub(super) fn print(&self, as_json: bool, stdout_is_taken: bool) -> Stdout {
        let mut out = Stdout::default();
        if as_json {
            out.json(self);
        } else if stdout_is_taken {
            self.show(|line| narrate!("{line}"));
        } else {
            self.show(|line| out.line(line));
        }
        out
    }

    /// Prints warnings to stderr.
    pub(super) fn warn(&self) {
        let open = self.scenario.total().map_or_else(String::new, |all| {
            format!("; {} unfinished", Count(all - self.exchanges.min(all), "exchange"))
        });
        let missing = self.scenario.total().is_some_and(|all| self.exchanges < all);
        match self.ended_by {
            EndedBy::Itself(sim::EndedBy::Finished) if missing => warn(format_args!(
                "no event is left{open}: a wait would end after the largest representable time, \
                 584 years"
            )),
            EndedBy::Itself(sim::EndedBy::Finished) | EndedBy::Output => {}
            EndedBy::Itself(_) | EndedBy::Interrupted => {
                warn(format_args!("ended by {}{open}", self.ended_by));
            }
        }
        let idle: Vec<String> =
            self.scenario.acts.without(self.by_hand).map(ToString::to_string).collect();
        if !idle.is_empty() {
            warn(format_args!(
                "acts: `{}` did nothing: no such packet was sent, or the link lost or duplicated it anyway",
                idle.join("; ")
            ));
        }
        if self.misattributed > 0 {
            warn(format_args!(
                "clients took {} of {} replies for the reply to another exchange; latencies and shares are those \
                 that such clients measure. With token=true and server.reply=mirror, each reply names \
                 its exchange",
                self.misattributed, self.replies
            ));
        }
    }

    /// Prints the wall time of the run to stderr.
    pub(super) fn narrate(&self, wall: Duration) {
        let rate = self.exchanges as f64 / wall.as_secs_f64().max(1e-9);
        let done = match self.has_heartbeats() {
            true => Count(self.sends, "heartbeat"),
            false => Count(self.exchanges, "exchange"),
        };
        let wall = Rounded(wall);
        // In a short run the start-up dominates the rate.
        let rate = if self.exchanges < 10_000 {
            String::new()
        } else {
            format!(": {rate:.0} exchanges per second")
        };
        narrate!("{done} in {wall} of wall time{rate}");
    }
}
