//! Configuration of a station.

use crate::dist::Distribution;
use crate::time::{Duration, Instant};
use crate::value::Factor;
use crate::value::{setters, words};
use alloc::vec::Vec;

words! {
    /// Queue order: which waiting request the server works on next.
    Order {
        /// The oldest.
        #[default]
        Fifo = "fifo",
        /// The newest: under overload, its client is the one that still waits.
        Lifo = "lifo",
    }
}

words! {
    /// Overflow policy: what happens to a request that finds the queue full.
    Overflow {
        /// It is dropped: its client gets no reply.
        #[default]
        Drop = "drop",
        /// Load shedding: it is answered with a failure at once.
        Fail = "fail",
    }
}

/// A time during which the server is in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When it begins.
    pub from: Instant,
    /// When it ends; `None` for an outage that does not end.
    pub until: Option<Instant>,
    /// What it is.
    pub trouble: Trouble,
}

impl Outage {
    /// Returns true if it lasts at `now`.
    fn is_on(&self, now: Instant) -> bool {
        now >= self.from && self.until.is_none_or(|until| now < until)
    }
}

/// What can happen to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// It is down: arriving requests and work in progress are lost, and so is the queue unless it is kept.
    Down {
        /// Whether the queue survives.
        keeps_queue: bool,
    },
    /// Work that begins during the outage takes this many times as long.
    Slow(Factor),
}

/// Configuration of a [`Station`](super::Station).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// How long the work on a request takes.
    pub service: Distribution,
    /// Time added to work that begins, for each request in work, itself included.
    pub rising: Duration,
    /// Maximum number of requests in work at once; `None` for no limit.
    pub workers: Option<u32>,
    /// Maximum number of waiting requests; `None` for no limit.
    pub queue: Option<u32>,
    /// Queue order: which of them the server works on next.
    pub order: Order,
    /// Maximum wait: a request that has waited longer is dropped; `None` for no limit.
    pub expire: Option<Duration>,
    /// Overflow policy: what happens to a request that finds the queue full.
    pub overflow: Overflow,
    /// Outages, in order. Those in which the server is down do not overlap.
    pub outages: Vec<Outage>,
}

/// Returns one worker that takes no time.
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

setters! {
    Config {
        with_service: service: Distribution,
        with_rising: rising: Duration,
        with_workers: workers: Option<u32>,
        with_queue: queue: Option<u32>,
        with_order: order: Order,
        with_expire: expire: Option<Duration>,
        with_overflow: overflow: Overflow,
        with_outages: outages: Vec<Outage>,
    }
}

impl Config {
    /// Returns true if the work takes no time.
    #[must_use]
    #[inline]
    pub fn is_instant(&self) -> bool {
        self.service == Distribution::Constant(Duration::ZERO) && self.rising.is_zero()
    }

    /// Returns true if the station does nothing: work takes no time, and there are no outages.
    #[cfg(feature = "sim")]
    pub(crate) fn is_empty(&self) -> bool {
        self.is_instant() && self.outages.is_empty()
    }

    /// Returns the number of requests per second that the workers can process outside outages; `None` if it is
    /// unlimited.
    #[must_use]
    pub fn capacity(&self) -> Option<f64> {
        let (service, rising) = (self.service.mean_drawn(), self.rising.as_secs_f64());
        let busy = match self.workers.map(f64::from) {
            // Each worker also gets slower for all of them.
            Some(workers) => (service + rising * workers) / workers,
            // With more and more requests in work, what each takes by itself matters less and less.
            None => rising,
        };
        (busy > 0.0).then(|| 1.0 / busy)
    }

    /// Returns true if there are outages.
    #[inline]
    pub(super) const fn has_outages(&self) -> bool {
        !self.outages.is_empty()
    }

    /// Returns the `n`-th time, from 0, at which the server goes down (with whether it keeps its queue) or
    /// comes back (`None`). There is none after an outage that does not end.
    #[must_use]
    pub(crate) fn switch(&self, n: usize) -> Option<(Instant, Option<bool>)> {
        let downs = self.outages.iter().filter_map(|outage| match outage.trouble {
            Trouble::Down { keeps_queue } => Some((outage, keeps_queue)),
            Trouble::Slow(_) => None,
        });
        let (outage, keeps_queue) = downs.into_iter().nth(n / 2)?;
        Some(if n.is_multiple_of(2) {
            (outage.from, Some(keeps_queue))
        } else {
            (outage.until?, None)
        })
    }

    /// Returns how long work of `work` nanoseconds takes if it begins at `now`.
    pub(super) fn slowed(&self, now: Instant, work: u64) -> u64 {
        self.outages.iter().fold(work, |work, outage| match outage.trouble {
            Trouble::Slow(factor) if outage.is_on(now) => factor.times(work),
            _ => work,
        })
    }
}
