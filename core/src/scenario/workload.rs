//! When exchanges begin, and what clients want from the server.

use super::error::FieldError;
use crate::client::Arrivals;
use crate::dist::Distribution;
use crate::time::Duration;
use crate::value::{Printable, Shape, Value, is_word, words};
use alloc::format;
use alloc::string::String;
use core::fmt;

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
        /// When they arrive at each client.
        arrivals: Arrivals,
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

    /// Returns the time from one heartbeat to the next, and the silence after which the server declares a client
    /// dead.
    #[must_use]
    pub fn heartbeat(&self) -> Option<(Duration, Duration)> {
        let Self::Heartbeat { interval, dead_after } = self else { return None };
        let interval = interval.unwrap_or(INTERVAL);
        Some((interval, dead_after.unwrap_or(interval.saturating_mul(DEAD_AFTER))))
    }

    /// Returns the values of its keys.
    pub(super) fn parts(&self) -> Parts {
        let mut parts = Parts { task: self.task(), ..Parts::default() };
        match self {
            Self::Closed { think } => parts.think.clone_from(think),
            Self::Open { arrivals, duration } => {
                parts.arrivals = Begin::Arriving(arrivals.clone());
                parts.duration = *duration;
            }
            Self::Write => {}
            Self::Heartbeat { interval, dead_after } => {
                (parts.interval, parts.dead_after) = (*interval, *dead_after);
            }
        }
        parts
    }
}

/// When exchanges begin.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) enum Begin {
    /// Each when the previous one is over.
    #[default]
    Closed,
    /// As they arrive.
    Arriving(Arrivals),
}

/// `closed`, or arrivals.
impl Value for Begin {
    const SHAPE: Shape = Arrivals::SHAPE.or("closed");

    fn parse(text: &str) -> Option<Self> {
        if is_word(text, "closed") {
            Some(Self::Closed)
        } else {
            Arrivals::parse(text).map(Self::Arriving)
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Arriving(arrivals) => arrivals.write(f),
        }
    }
}

/// The values of the keys `workload.*`, which may contradict each other until they are built.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    pub(super) arrivals: Begin,
    pub(super) task: Task,
    pub(super) duration: Option<Duration>,
    pub(super) think: Option<Distribution>,
    pub(super) interval: Option<Duration>,
    pub(super) dead_after: Option<Duration>,
}

impl Parts {
    /// Returns the workload, if its parts do not contradict each other.
    pub(super) fn build(self) -> Result<Workload, FieldError> {
        if self.task == Task::Heartbeat {
            return self.build_heartbeat();
        }
        self.refuse_heartbeat_keys()?;
        let (open, write) = (self.arrivals != Begin::Closed, self.task == Task::Write);
        if open && write {
            let why = "with workload.task=write it must be closed, because each client writes once";
            return wrong("workload.arrivals", self.arrivals.to_text(), why);
        }
        if (open || write) && self.think.is_some() {
            let why = if open {
                "with workload.arrivals it must be none, because exchanges that arrive do not wait \
                 for earlier ones"
            } else {
                "with workload.task=write it must be none, because each client writes once"
            };
            return wrong("workload.think", self.think.to_text(), why);
        }
        if !open && self.duration.is_some() {
            let why = "without workload.arrivals it must be none, because it ends arrivals";
            return wrong("workload.duration", self.duration.to_text(), why);
        }
        Ok(match self.arrivals {
            Begin::Arriving(arrivals) => Workload::Open { arrivals, duration: self.duration },
            Begin::Closed if write => Workload::Write,
            Begin::Closed => Workload::Closed { think: self.think },
        })
    }

    fn build_heartbeat(self) -> Result<Workload, FieldError> {
        for (key, value, allowed) in [
            ("workload.arrivals", self.arrivals.to_text(), "closed"),
            ("workload.duration", self.duration.to_text(), "none"),
            ("workload.think", self.think.to_text(), "none"),
        ] {
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

fn wrong<T>(key: &str, value: String, why: &str) -> Result<T, FieldError> {
    let sentence = format!("{key} is \"{}\"; {why}", Printable::short(&value));
    FieldError::contradiction(key, sentence)
}
