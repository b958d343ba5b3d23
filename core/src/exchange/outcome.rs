//! How an exchange ended.

use crate::policy::Stop;
use crate::time::Duration;
use core::num::NonZeroU32;

/// How an exchange ended. Its time is stored as two halves to keep clients small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Sends made.
    pub sends: u32,
    elapsed: [u32; 2],
    /// What ended it.
    pub how: Ending,
}

/// What ended an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A reply came.
    Answered {
        /// Which send it answers: the one that the reply names, or the last one if it names none. That is
        /// a guess, which is why Karn's algorithm takes no sample from it.
        send: NonZeroU32,
    },
    /// No reply came, and the policy allows no further send; or, with no send made, its limits refused
    /// the exchange.
    GaveUp(Stop),
    /// Like [`GaveUp`](Self::GaveUp), because the last send failed.
    Failed(Stop),
    /// The network reported that the server cannot be reached.
    Refused,
}

impl Outcome {
    #[inline]
    pub(super) const fn new(sends: u32, elapsed: u64, how: Ending) -> Self {
        Self { sends, elapsed: [(elapsed >> 32) as u32, elapsed as u32], how }
    }

    /// Returns the same outcome, ended by something else.
    #[must_use]
    pub(crate) const fn ended(self, how: Ending) -> Self {
        Self { how, ..self }
    }

    /// Returns the time since the first send.
    #[must_use]
    #[inline]
    pub const fn elapsed(self) -> Duration {
        let [high, low] = self.elapsed;
        Duration::from_nanos((high as u64) << 32 | low as u64)
    }
}
