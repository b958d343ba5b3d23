//! How busy the station was, until it had nothing more to do.

use crate::time::{Instant, nanos};

/// Sums over time of the waiting requests and of those in work, in nanoseconds.
///
/// They end when the last request has arrived and has been served: a run can go on much longer, until the last
/// client has stopped waiting, and averages over that time would describe an idle server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Occupancy {
    /// Time of the last arrival or the end of the last service, whichever is later.
    pub until: Instant,
    /// Sum of the time that requests had waited by then.
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    pub waited: u128,
    /// Sum of the time that workers had worked by then.
    #[cfg_attr(feature = "serde", serde(with = "crate::value::wide"))]
    pub worked: u128,
}

/// Keeps the sums up to now, and those at the last request.
#[derive(Clone, Debug, Default)]
pub(super) struct OccupancyMeter {
    now: Occupancy,
    request: Occupancy,
}

impl OccupancyMeter {
    /// Adds the time until `now`, in which `waiting` requests waited and `working` were in work.
    #[inline]
    pub(super) fn pass(&mut self, now: Instant, waiting: usize, working: usize) {
        let time = u128::from(nanos(now.saturating_since(self.now.until)));
        self.now.waited += time * waiting as u128;
        self.now.worked += time * working as u128;
        self.now.until = self.now.until.max(now);
    }

    /// Notes that a request has arrived or has been served now.
    #[inline]
    pub(super) const fn request(&mut self) {
        self.request = self.now;
    }

    pub(super) const fn occupancy(&self) -> Occupancy {
        self.request
    }
}
