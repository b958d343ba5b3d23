//! The times that the schedule shows: those of the core's timetable, with the means of random samples.

use retrylab_core::policy::{Jitter, JitterRange, MAX_WALKED, ScheduleEnd, Stop};
use retrylab_core::scenario::Scenario;
use retrylab_core::time::Duration;

/// The schedule of an exchange without a reply.
pub(super) struct Times {
    /// The first sends, as many as are shown.
    pub(super) sends: Vec<Send>,
    /// The end of the exchange.
    pub(super) end: End,
    /// Whether the policy has jitter.
    pub(super) random: bool,
    /// Whether shorter waits lead to more sends.
    pub(super) perhaps_more: bool,
}

/// One send.
pub(super) struct Send {
    /// Time of the send without jitter.
    pub(super) at: Duration,
    /// Wait for the reply without jitter.
    pub(super) wait: Duration,
    /// Bounds and mean of the time with jitter.
    pub(super) band: Band,
}

/// Bounds and mean of a time with jitter.
#[derive(Clone, Copy)]
pub(super) struct Band {
    pub(super) least: Duration,
    pub(super) mean: Duration,
    pub(super) most: Duration,
}

/// The end of an exchange without a reply.
pub(super) enum End {
    /// The schedule never ends.
    Never,
    /// The schedule ends after more sends than are walked.
    Far,
    /// The schedule ends after more time than can be counted.
    Beyond,
    /// The schedule ends.
    At { at: Duration, band: Band, sends: usize, why: Stop },
}

impl Times {
    /// Walks through the policy of `scenario`. Keeps at most `shown` sends and draws `samples` exchanges.
    pub(super) fn new(scenario: &Scenario, shown: usize, samples: u32) -> Self {
        let policy = &scenario.policy;
        let random = policy.jitter() != Jitter::None;
        let table = policy.timetable(shown, MAX_WALKED);
        let samples = if random { samples } else { 0 };
        let means = policy.mean_times(scenario.seed, samples, shown, MAX_WALKED);
        // Sends that only shorter waits lead to are not shown.
        let count = if let ScheduleEnd::At { sends, .. } = table.end { sends } else { shown };
        let sends = table.sends.iter().take(count).enumerate().map(|(place, send)| {
            let JitterRange { least, nominal, most } = send.at;
            let mean = means.sends.get(place).copied().unwrap_or(nominal);
            Send { at: nominal, wait: send.wait.nominal, band: Band { least, mean, most } }
        });
        let end = match table.end {
            ScheduleEnd::Never => End::Never,
            ScheduleEnd::Far => End::Far,
            ScheduleEnd::Beyond => End::Beyond,
            ScheduleEnd::At { at: JitterRange { least, nominal: at, most }, sends, why } => {
                let mean = means.end.unwrap_or(at);
                let band = Band { least, mean, most };
                End::At { at, band, sends, why }
            }
        };
        let perhaps_more = random && (table.more || table.sends.len() > count);
        Self { sends: sends.collect(), end, random, perhaps_more }
    }
}
