//! How a station works.

use crate::dist::Distribution;
use crate::time::{Duration, Instant};
use crate::value::Factor;
use crate::value::words;
use alloc::vec::Vec;

words! {
    /// Which waiting request is next.
    Order {
        /// The oldest.
        #[default]
        Fifo = "fifo",
        /// The newest: under overload it is the one whose client still waits.
        Lifo = "lifo",
    }
}

words! {
    /// What becomes of a request that finds the queue full.
    Overflow {
        /// It is dropped: its client waits in vain.
        #[default]
        Drop = "drop",
        /// Load is shed: it is answered with a failure at once.
        Fail = "fail",
    }
}

/// A time during which the server is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it begins.
    pub from: Instant,
    /// When it ends.
    pub until: Instant,
    /// What it is.
    pub trouble: Trouble,
}

/// What can happen to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// It is down: what arrives is lost, what is in work is lost, and what waits, unless it is kept.
    Down {
        /// Does the queue survive?
        keeps_queue: bool,
    },
    /// Work that is begun takes so many times as long.
    Slow(Factor),
}

/// How a [`Station`](super::Station) works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long the work on a request takes.
    pub service: Distribution,
    /// Each request in work, itself included, lengthens the work that begins by this.
    pub rising: Duration,
    /// How many requests are worked on at once; `None`: all of them.
    pub workers: Option<u32>,
    /// How many may wait; `None`: all of them.
    pub queue: Option<u32>,
    /// Which of them is next.
    pub order: Order,
    /// A request that has waited for longer is dropped instead of worked on; `None`: late work is done.
    pub expire: Option<Duration>,
    /// What becomes of a request that finds the queue full.
    pub overflow: Overflow,
    /// When the server is in trouble, in order. Times at which it is down do not overlap.
    pub outages: Vec<Outage>,
}

/// One worker that takes no time.
impl Default for Config {
    fn default() -> Self {
        Self {
            service: Distribution::Constant(Duration::ZERO),
            rising: Duration::ZERO,
            workers: Some(1),
            queue: None,
            order: Order::Fifo,
            expire: None,
            overflow: Overflow::Drop,
            outages: Vec::new(),
        }
    }
}

impl Config {
    /// Does the work take no time?
    #[must_use]
    #[inline]
    pub fn is_instant(&self) -> bool {
        self.service == Distribution::Constant(Duration::ZERO) && self.rising.is_zero()
    }

    /// The `n`-th time, from 0, at which the server goes down (with whether it keeps its queue) or comes
    /// back (`None`).
    #[must_use]
    #[inline]
    pub(super) fn switch(&self, n: usize) -> Option<(Instant, Option<bool>)> {
        if self.outages.is_empty() {
            return None;
        }
        let downs = self.outages.iter().filter_map(|outage| match outage.trouble {
            Trouble::Down { keeps_queue } => Some((outage, keeps_queue)),
            Trouble::Slow(_) => None,
        });
        let (outage, keeps_queue) = downs.into_iter().nth(n / 2)?;
        Some(if n.is_multiple_of(2) {
            (outage.from, Some(keeps_queue))
        } else {
            (outage.until, None)
        })
    }

    /// How long work of `work` nanoseconds takes when it begins at `now`.
    pub(super) fn slowed(&self, now: Instant, work: u64) -> u64 {
        self.outages.iter().fold(work, |work, outage| match outage.trouble {
            Trouble::Slow(factor) if (outage.from..outage.until).contains(&now) => {
                factor.times(work)
            }
            _ => work,
        })
    }
}
