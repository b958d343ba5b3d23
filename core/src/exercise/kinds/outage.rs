//! An exchange whose server is down for a while, for the questions about it.

use super::super::draw::{Backoff, Draw, clock, is_end, is_send, length, millis, places};
use crate::scenario::Scenario;
use crate::time::{Duration, Instant};
use crate::trace::{Record, What};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// A request that arrives within this time of the server's return would make the question one of rounding.
const MARGIN: Duration = Duration::from_millis(10);

/// One exchange with a server that is down at first.
pub(super) struct Outage {
    pub(super) scenario: Scenario,
    pub(super) records: Vec<Record>,
    pub(super) given: Vec<String>,
    /// When the server comes back.
    pub(super) back: Instant,
    /// How long a packet takes, one way.
    pub(super) latency: Duration,
    /// The places of the sends.
    pub(super) sends: Vec<usize>,
    /// The place of the end of the exchange, and whether it was answered.
    pub(super) end: (usize, bool),
}

impl Outage {
    /// Draws an outage of up to `longest` milliseconds.
    pub(super) fn draw(draw: &mut Draw<'_>, max_sends: u32, longest: u64) -> Option<Self> {
        let backoff = Backoff::draw(draw, max_sends);
        let (latency, back) = (draw.of(&[5, 10, 20]), draw.millis(100, longest, 50));
        let mut pairs = backoff.pairs();
        pairs.push(("link.latency", millis(latency)));
        pairs.push(("faults", format!("0s {back}ms server-down")));
        let scenario = draw.scenario(pairs)?;
        let records = draw.run(&scenario);
        let sends = places(&records, 1, is_send);
        let end = *places(&records, 1, is_end).first()?;
        let answered = matches!(records[end].what, What::Answered { .. });
        let (latency, back_at) = (Duration::from_millis(latency), Instant::from_millis(back));
        let is_close = |place: &usize| {
            let arrives = records[*place].at.saturating_add(latency);
            arrives.saturating_since(back_at).max(back_at.saturating_since(arrives)) < MARGIN
        };
        if sends.iter().any(is_close) {
            return None;
        }
        let mut given = backoff.words();
        given.push(format!(
            "The server is down from the start, and comes back at {}. A packet takes {}, and none is lost on its way.",
            clock(back_at),
            length(latency)
        ));
        Some(Self { scenario, given, back: back_at, latency, sends, end: (end, answered), records })
    }

    /// Returns when a send reaches the server.
    pub(super) fn arrival(&self, place: usize) -> Instant {
        self.records[place].at.saturating_add(self.latency)
    }

    /// Returns the number of records up to the first send.
    pub(super) fn shown(&self) -> usize {
        self.sends.first().map_or(0, |first| first + 1)
    }

    /// Returns the places of the server's return and of the end, with those of some sends.
    pub(super) fn reasons(&self, sends: &[usize]) -> Vec<usize> {
        let is_up = |place: &usize| self.records[*place].what == What::Up;
        let mut places: Vec<usize> = (0..self.end.0).filter(is_up).collect();
        places.extend(sends);
        places.push(self.end.0);
        places.sort_unstable();
        places
    }
}
