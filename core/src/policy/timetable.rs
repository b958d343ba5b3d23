//! The times of an exchange that gets no reply: without jitter, with the shortest and the longest waits,
//! and the means of random draws.
//!
//! ```
//! use retrylab_core::policy::{ScheduleEnd, Preset};
//! use retrylab_core::time::Duration;
//!
//! let table = Preset::Coap.policy().timetable(10, 1_000);
//! let second = table.sends[1].at;
//! assert_eq!([second.least, second.most], [2, 3].map(Duration::from_secs));
//! let ScheduleEnd::At { at, sends, .. } = table.end else { panic!("the schedule ends") };
//! assert_eq!((at.most, sends), (Duration::from_secs(93), 5));
//! ```

use super::{DeadlineRule, Draw, Jitter, Policy, Sends, Stop};
use crate::time::Duration;
use alloc::vec::Vec;

/// Maximum number of sends that a walk with jitter examines.
const MAX_DRAWN: usize = 10_000;

/// When an exchange that gets no reply sends, waits and ends; see [`Policy::timetable`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timetable {
    /// The first sends. If the shortest waits allow more sends than there are without jitter, the first
    /// of those follows.
    pub sends: Vec<PlannedSend>,
    /// Whether there can be more sends than those.
    pub more: bool,
    /// The end of the exchange.
    pub end: ScheduleEnd,
}

/// One send of a [`Timetable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedSend {
    /// Time of the send. Where a walk ends before this send, the time of its end.
    pub at: JitterRange,
    /// Wait after the send.
    pub wait: JitterRange,
    /// Whether the send goes out with the shortest waits, without jitter, and with the longest waits.
    pub certain: bool,
}

/// A time without jitter and its bounds with jitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterRange {
    /// With the shortest waits.
    pub least: Duration,
    /// Without jitter.
    pub nominal: Duration,
    /// With the longest waits.
    pub most: Duration,
}

/// The end of an exchange that gets no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleEnd {
    /// The schedule never ends.
    Never,
    /// The schedule ends after more sends than were examined.
    Far,
    /// A wait or a time is longer than [`Duration`]s of 2^64 ns, 584 years: the sends before it are known.
    Beyond,
    /// The schedule ends.
    At {
        /// Time of the end.
        at: JitterRange,
        /// Number of sends without jitter.
        sends: usize,
        /// Reason for the end without jitter.
        why: Stop,
    },
}

/// Means over random exchanges; see [`Policy::mean_times`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeanTimes {
    /// Mean time of each send, over the exchanges that reach it; at least one does.
    pub sends: Vec<Duration>,
    /// Mean time of the end; `None` if no exchange ends within the walk.
    pub end: Option<Duration>,
}

impl Policy {
    /// Returns the times of the first `kept` sends of an exchange that gets no reply, and of its end.
    ///
    /// It examines `steps` sends to find the end, at most 10,000 with jitter, and only the first `kept`
    /// sends of a policy that [never gives up](Self::never_gives_up).
    #[must_use]
    pub fn timetable(&self, kept: usize, steps: usize) -> Timetable {
        let steps = self.steps(kept, steps);
        let nominal = Walk::new(self.sends(), kept, steps);
        if self.jitter() == Jitter::None {
            return Timetable::of(self, [&nominal; 3], kept);
        }
        let bounds = [Draw::Least, Draw::Most];
        let [least, most] =
            bounds.map(|draw| Walk::new(self.sends_drawn(draw), kept, steps.min(MAX_DRAWN)));
        Timetable::of(self, [&least, &nominal, &most], kept)
    }

    /// Returns the mean times of the exchanges with numbers from 1 to `exchanges` of a run with this seed,
    /// for the first `kept` sends; `steps` is that of [`timetable`](Self::timetable).
    #[must_use]
    pub fn mean_times(&self, seed: u64, exchanges: u32, kept: usize, steps: usize) -> MeanTimes {
        let steps = self.steps(kept, steps).min(MAX_DRAWN);
        let (mut sends, mut end) = (Vec::new(), Mean::default());
        for exchange in 1..=exchanges {
            let walk = Walk::new(self.sends_of(seed, exchange), kept, steps);
            if walk.times.len() > sends.len() {
                sends.resize(walk.times.len(), Mean::default());
            }
            for (mean, at) in sends.iter_mut().zip(&walk.times) {
                mean.add(*at);
            }
            if walk.stop.is_some() {
                end.add(walk.elapsed);
            }
        }
        MeanTimes { sends: sends.iter().filter_map(Mean::value).collect(), end: end.value() }
    }

    /// Returns true if a drawn wait can be one that no longer fits before the deadline, so that the exchange ends before it;
    /// `longest` is the walk with the longest waits.
    fn may_stop_early(&self, longest: &Walk) -> bool {
        let stops =
            self.deadline_rule() == DeadlineRule::Before || self.attempt_timeout().is_some();
        self.jitter() != Jitter::None && stops && longest.stop == Some(Stop::Deadline)
    }

    fn steps(&self, kept: usize, steps: usize) -> usize {
        if self.never_gives_up() { kept } else { steps }
    }
}

impl Timetable {
    /// Creates the table from the walks with the shortest waits, without jitter, and with the longest waits.
    fn of(policy: &Policy, walks: [&Walk; 3], kept: usize) -> Self {
        let nominal = walks[1];
        // The shortest waits may be zero, and their sends without number.
        let longest = walks.map(|walk| walk.count).into_iter().max().unwrap_or(0);
        let known = walks.iter().filter(|walk| walk.beyond).map(|walk| walk.count).min();
        let rows = longest.min(nominal.count + 1).min(kept).min(known.unwrap_or(usize::MAX));
        let end = match nominal.stop {
            _ if policy.never_gives_up() => ScheduleEnd::Never,
            _ if known.is_some() => ScheduleEnd::Beyond,
            None => ScheduleEnd::Far,
            Some(why) => {
                // With a deadline, the shortest waits can lead to more sends than are examined.
                let end = |walk: &Walk| walk.stop.map_or(nominal.elapsed, |_| walk.elapsed);
                let mut at = JitterRange::of(walks.map(end));
                if let Some(deadline) =
                    policy.deadline().filter(|_| policy.may_stop_early(walks[2]))
                {
                    // Short waits may be followed by a long one that no longer fits, at any time.
                    at.least =
                        walks[0].waits.first().map_or(at.least, |first| at.least.min(*first));
                    at.most = deadline;
                }
                ScheduleEnd::At { at, sends: nominal.count, why }
            }
        };
        let sends = (0..rows).map(|place| PlannedSend::of(walks, place)).collect();
        Self { sends, more: longest > rows, end }
    }
}

impl PlannedSend {
    fn of(walks: [&Walk; 3], place: usize) -> Self {
        let waits = || walks.iter().filter_map(|walk| walk.waits.get(place).copied());
        Self {
            at: JitterRange::of(walks.map(|walk| walk.at(place))),
            wait: JitterRange {
                least: waits().min().unwrap_or_default(),
                nominal: walks[1].waits.get(place).copied().unwrap_or_default(),
                most: waits().max().unwrap_or_default(),
            },
            certain: waits().count() == walks.len(),
        }
    }
}

impl JitterRange {
    /// Creates the range of three walks. A walk that stops early ends sooner than one with shorter waits,
    /// so the bounds are those of all three.
    fn of([shortest, nominal, longest]: [Duration; 3]) -> Self {
        let least = shortest.min(nominal).min(longest);
        let most = shortest.max(nominal).max(longest);
        Self { least, nominal, most }
    }
}

/// One walk through a schedule.
struct Walk {
    /// Times of the first sends.
    times: Vec<Duration>,
    /// Waits after them.
    waits: Vec<Duration>,
    /// Number of sends.
    count: usize,
    /// End of the last wait.
    elapsed: Duration,
    /// Reason for the end; `None` if the walk stops before the schedule does.
    stop: Option<Stop>,
    /// Whether the walk stops because a time does not fit in 2^64 ns.
    beyond: bool,
}

impl Walk {
    /// Walks at most `steps` sends, plus one to detect the end, and keeps `kept` of them.
    fn new(mut sends: Sends<'_>, kept: usize, steps: usize) -> Self {
        let (mut times, mut waits, mut count) = (Vec::new(), Vec::new(), 0);
        while count <= steps {
            let Some(at) = sends.next() else { break };
            if sends.elapsed().as_nanos() >= u64::MAX.into() {
                return Self { times, waits, count, elapsed: at, stop: None, beyond: true };
            }
            count += 1;
            if times.len() < kept {
                times.push(at);
                waits.push(sends.elapsed().saturating_sub(at));
            }
        }
        Self { times, waits, count, elapsed: sends.elapsed(), stop: sends.stop(), beyond: false }
    }

    /// Returns the time of send `place`, counted from 0; of a shorter walk, its end.
    fn at(&self, place: usize) -> Duration {
        self.times.get(place).copied().unwrap_or(self.elapsed)
    }
}

/// Mean of durations.
#[derive(Clone, Copy, Default)]
struct Mean {
    nanos: u128,
    count: u128,
}

impl Mean {
    const fn add(&mut self, time: Duration) {
        self.nanos += time.as_nanos();
        self.count += 1;
    }

    fn value(&self) -> Option<Duration> {
        let mean = self.nanos.checked_div(self.count)?;
        Some(Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX)))
    }
}
