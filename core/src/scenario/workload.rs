//! What clients want from the server, and when.

use super::error::FieldError;
use super::load::Open;
use crate::client::{ArrivalRate, Arrivals};
use crate::dist::Distribution;
use crate::time::Duration;
use crate::value::{Printable, Value, words};
use alloc::format;
use alloc::string::String;

words! {
    /// What clients want from the server.
    Task {
        /// An answer to their message.
        #[default]
        Ask = "ask",
        /// To write one row, once each, under optimistic concurrency (see [`contention`](crate::client::contention)).
        Write = "write",
        /// Nothing: each shows by heartbeats that it is alive (see [`heartbeat`](crate::client::heartbeat)).
        Heartbeat = "heartbeat",
    }
}

/// What the clients of a scenario do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workload {
    /// A closed loop: each client begins the next exchange when the previous one is over.
    Closed {
        /// How long a client pauses between two exchanges.
        think: Option<Distribution>,
    },
    /// An open loop: exchanges begin as they arrive, whether or not earlier ones are over.
    Open {
        /// When they arrive.
        arrivals: Arrivals,
        /// Whether these are the arrivals of all clients together, of which each gets a part; otherwise each client
        /// has them all.
        shared: bool,
        /// When arrivals end, from the start of the run.
        duration: Option<Duration>,
    },
    /// Each client writes one row once, competing with all others.
    Write,
    /// Each client sends heartbeats, which the server watches.
    Heartbeat {
        /// Time from one heartbeat to the next; `None` for a second.
        interval: Option<Duration>,
        /// Silence after which the server declares a client dead; `None` for three intervals.
        dead_after: Option<Duration>,
    },
}

/// Time from one heartbeat to the next, by default.
const INTERVAL: Duration = Duration::from_secs(1);

/// Number of intervals of silence after which the server declares a client dead, by default.
const DEAD_AFTER: u32 = 3;

impl Default for Workload {
    fn default() -> Self {
        Self::Closed { think: None }
    }
}

impl Workload {
    /// Returns what clients want.
    #[must_use]
    pub const fn task(&self) -> Task {
        match self {
            Self::Closed { .. } | Self::Open { .. } => Task::Ask,
            Self::Write => Task::Write,
            Self::Heartbeat { .. } => Task::Heartbeat,
        }
    }

    /// Returns the arrivals of an open loop.
    #[must_use]
    pub const fn arrivals(&self) -> Option<&Arrivals> {
        match self {
            Self::Open { arrivals, .. } => Some(arrivals),
            Self::Closed { .. } | Self::Write | Self::Heartbeat { .. } => None,
        }
    }

    /// Returns when the arrivals of an open loop end, from the start of the run.
    #[must_use]
    pub const fn duration(&self) -> Option<Duration> {
        match self {
            Self::Open { duration, .. } => *duration,
            Self::Closed { .. } | Self::Write | Self::Heartbeat { .. } => None,
        }
    }

    /// Returns the arrivals of an open loop.
    pub(super) fn open(&self) -> Option<Open> {
        match self {
            Self::Open { arrivals, shared, .. } => {
                Some(Open { arrivals: arrivals.clone(), shared: *shared })
            }
            Self::Closed { .. } | Self::Write | Self::Heartbeat { .. } => None,
        }
    }

    /// Returns the rate of arrivals of all clients together.
    pub(super) fn rate(&self) -> Option<ArrivalRate> {
        self.open()?.shared().map(|(_, rate)| rate)
    }

    /// Returns the time from one heartbeat to the next, and the silence after which the server declares a client
    /// dead.
    #[must_use]
    pub fn heartbeat(&self) -> Option<(Duration, Duration)> {
        let Self::Heartbeat { interval, dead_after } = self else { return None };
        let interval = interval.unwrap_or(INTERVAL);
        Some((interval, dead_after.unwrap_or(interval.saturating_mul(DEAD_AFTER))))
    }

    /// Returns the values of its keys, except when exchanges begin.
    pub(super) fn parts(&self) -> Parts {
        let mut parts = Parts { task: self.task(), ..Parts::default() };
        match self {
            Self::Closed { think } => parts.think.clone_from(think),
            Self::Open { duration, .. } => parts.duration = *duration,
            Self::Write => {}
            Self::Heartbeat { interval, dead_after } => {
                (parts.interval, parts.dead_after) = (*interval, *dead_after);
            }
        }
        parts
    }
}

/// The values of the keys `workload.*`, which may contradict each other until they are built. Those that say when
/// exchanges begin are [`LoadKeys`](super::load::LoadKeys).
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) task: Task,
    pub(super) duration: Option<Duration>,
    pub(super) think: Option<Distribution>,
    pub(super) interval: Option<Duration>,
    pub(super) dead_after: Option<Duration>,
}

impl Parts {
    /// Returns the workload, if its parts do not contradict each other. `open` has the arrivals of an open loop.
    pub(super) fn build(self, open: Option<Open>) -> Result<Workload, FieldError> {
        if self.task == Task::Heartbeat {
            return self.build_heartbeat(open);
        }
        self.refuse_heartbeat_keys()?;
        let write = self.task == Task::Write;
        let once = "because each client writes once";
        if let Some(open) = &open {
            let (key, value, closed) = open.key();
            if write {
                let why = format!("with workload.task=write it must be {closed}, {once}");
                return wrong(key, value, &why);
            }
            if self.think.is_some() {
                let why = format!(
                    "with {key} it must be none, because exchanges that arrive do not wait for earlier ones"
                );
                return wrong("workload.think", self.think.to_text(), &why);
            }
        }
        if write && self.think.is_some() {
            let why = format!("with workload.task=write it must be none, {once}");
            return wrong("workload.think", self.think.to_text(), &why);
        }
        if open.is_none() && self.duration.is_some() {
            let why = "without workload.rate or workload.arrivals it must be none, because it ends arrivals";
            return wrong("workload.duration", self.duration.to_text(), why);
        }
        Ok(match open {
            Some(Open { arrivals, shared }) => {
                Workload::Open { arrivals, shared, duration: self.duration }
            }
            None if write => Workload::Write,
            None => Workload::Closed { think: self.think },
        })
    }

    #[inline(never)]
    fn build_heartbeat(self, open: Option<Open>) -> Result<Workload, FieldError> {
        let open = open.map(|open| open.key());
        for (key, value, allowed) in open.into_iter().chain([
            ("workload.duration", self.duration.to_text(), "none"),
            ("workload.think", self.think.to_text(), "none"),
        ]) {
            if value != allowed {
                let why = format!(
                    "with workload.task=heartbeat it must be {allowed}, because workload.interval separates heartbeats"
                );
                return wrong(key, value, &why);
            }
        }
        let Self { interval, dead_after, .. } = self;
        for (key, time) in [("workload.interval", interval), ("workload.dead_after", dead_after)] {
            if time == Some(Duration::ZERO) {
                return wrong(key, time.to_text(), "it must be longer than 0s");
            }
        }
        Ok(Workload::Heartbeat { interval, dead_after })
    }

    fn refuse_heartbeat_keys(&self) -> Result<(), FieldError> {
        for (key, time) in
            [("workload.interval", self.interval), ("workload.dead_after", self.dead_after)]
        {
            if time.is_some() {
                let why = "without workload.task=heartbeat it must be none, because only heartbeats use it";
                return wrong(key, time.to_text(), why);
            }
        }
        Ok(())
    }
}

#[inline(never)]
fn wrong<T>(key: &str, value: String, why: &str) -> Result<T, FieldError> {
    let sentence = format!("{key} is \"{}\"; {why}", Printable::short(&value));
    FieldError::contradiction(key, sentence)
}
