//! Walks through a policy's schedule without jitter, with the shortest and the longest waits, and for
//! random samples.

use retrylab_core::policy::{Draw, Jitter, MAX_WALKED, Policy, Sends, Stop};
use retrylab_core::scenario::Scenario;
use retrylab_core::time::Duration;

/// The schedule of an exchange without a reply.
pub(super) struct Walk {
    /// The first sends, as many as are shown.
    pub(super) sends: Vec<Send>,
    /// The end of the exchange.
    pub(super) end: End,
    /// Whether the policy has jitter.
    pub(super) random: bool,
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
    /// The schedule ends after more sends than the walk takes.
    Far,
    /// The schedule ends.
    At { at: Duration, band: Band, sends: usize, why: Stop },
}

impl Walk {
    /// Walks through the policy of `scenario`. Keeps at most `shown` sends and draws `samples` exchanges.
    pub(super) fn new(scenario: &Scenario, shown: usize, samples: u32) -> Self {
        let policy = &scenario.policy;
        let random = policy.jitter() != Jitter::None;
        let steps = if policy.never_gives_up() { shown } else { MAX_WALKED };
        let nominal = Line::walk(policy.sends(), shown, steps);
        let mut walk = Self { sends: Vec::new(), end: nominal.end(policy), random };
        let exact = |at| Band { least: at, mean: at, most: at };
        walk.sends = (nominal.times.iter().zip(&nominal.waits))
            .map(|(at, wait)| Send { at: *at, wait: *wait, band: exact(*at) })
            .collect();
        if random {
            walk.draw(scenario, shown, steps.min(10_000), samples);
        }
        walk
    }

    /// Fills in the bounds and means with jitter.
    fn draw(&mut self, scenario: &Scenario, shown: usize, steps: usize, samples: u32) {
        let policy = &scenario.policy;
        let least = Line::walk(policy.sends_drawn(Draw::Least), shown, steps);
        let most = Line::walk(policy.sends_drawn(Draw::Most), shown, steps);
        let mut sums = vec![(0u128, 0u128); self.sends.len()];
        let mut ends = (0u128, 0u128);
        for exchange in 1..=samples {
            let line = Line::walk(policy.sends_of(scenario.seed, exchange), shown, steps);
            for (sum, at) in sums.iter_mut().zip(&line.times) {
                *sum = (sum.0 + at.as_nanos(), sum.1 + 1);
            }
            if line.stop.is_some() {
                ends = (ends.0 + line.elapsed.as_nanos(), ends.1 + 1);
            }
        }
        for (place, send) in self.sends.iter_mut().enumerate() {
            send.band = Band {
                least: least.times.get(place).copied().unwrap_or(send.at),
                mean: mean(sums[place]).unwrap_or(send.at),
                most: most.times.get(place).copied().unwrap_or(send.at),
            };
        }
        if let End::At { at, band, .. } = &mut self.end {
            // With a deadline, the shortest waits can lead to more sends than the walk takes.
            let least = if least.stop.is_some() { least.elapsed } else { *at };
            let most = if most.stop.is_some() { most.elapsed } else { *at };
            *band = Band {
                least: least.min(most),
                mean: mean(ends).unwrap_or(*at),
                most: most.max(least),
            };
        }
    }
}

fn mean((sum, count): (u128, u128)) -> Option<Duration> {
    let mean = sum.checked_div(count)?;
    Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
}

/// The times of one walk through a schedule.
struct Line {
    times: Vec<Duration>,
    waits: Vec<Duration>,
    elapsed: Duration,
    sends: usize,
    stop: Option<Stop>,
}

impl Line {
    /// Walks at most `steps` sends, plus one to detect the end, and keeps `shown` of them.
    fn walk(mut sends: Sends<'_>, shown: usize, steps: usize) -> Self {
        let (mut times, mut waits, mut count) = (Vec::new(), Vec::new(), 0);
        while count <= steps {
            let Some(at) = sends.next() else { break };
            count += 1;
            if times.len() < shown {
                times.push(at);
                waits.push(sends.elapsed().saturating_sub(at));
            }
        }
        Self { times, waits, elapsed: sends.elapsed(), sends: count, stop: sends.stop() }
    }

    fn end(&self, policy: &Policy) -> End {
        let at = self.elapsed;
        match self.stop {
            _ if policy.never_gives_up() => End::Never,
            None => End::Far,
            Some(why) => {
                let band = Band { least: at, mean: at, most: at };
                End::At { at, band, sends: self.sends, why }
            }
        }
    }
}
