//! Timeouts that follow the measured round-trip time.

use super::{LONGEST, Policy, bound};
use crate::time::{Duration, nanos};
use crate::value::words;

words! {
    /// How `initial_timeout` follows the round-trip times that were measured.
    #[non_exhaustive]
    Adaptive {
        /// It does not.
        #[default]
        None = "none",
        /// TCP's retransmission timeout, RFC 6298: `SRTT + max(G, 4 RTTVAR)` with a clock of G = 1 ms.
        Rfc6298 = "rfc6298",
        /// QUIC's probe timeout, RFC 9002 section 6.2.1: `smoothed_rtt + max(4 rttvar, 1 ms) +
        /// max_ack_delay` with a max_ack_delay of 25 ms.
        Rfc9002 = "rfc9002",
    }
}

/// RFC 6298 calls the clock's step G; RFC 9002's kGranularity is the same.
const GRANULARITY: u64 = 1_000_000;

/// RFC 9000 section 18.2: the default of max_ack_delay.
const MAX_ACK_DELAY: u64 = 25_000_000;

/// Longer round trips are taken for this long, so that no sum of the estimate overflows: 2^56 ns are
/// more than two years.
const LONGEST_SAMPLE: u64 = 1 << 56;

/// What is known of the round-trip time to one peer.
///
/// RFC 9002 contradicts itself: section 5.3 updates smoothed_rtt first, its appendix A.7 rttvar
/// first. This follows the appendix, which is RFC 6298's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rtt {
    /// Eight times the smoothed round-trip time: the divisions of the updates stay exact.
    srtt_8: u64,
    /// Four times the mean deviation.
    var_4: u64,
    /// The wait that the last exchange ended with, when it had to retransmit; 0 after a sample.
    backed_off: u64,
}

impl Rtt {
    /// The smoothed round-trip time; `None` before the first sample.
    #[must_use]
    pub fn smoothed(&self) -> Option<Duration> {
        (self.srtt_8 > 0).then(|| Duration::from_nanos(self.srtt_8 / 8))
    }

    /// The mean deviation of the round-trip time.
    #[must_use]
    pub const fn deviation(&self) -> Duration {
        Duration::from_nanos(self.var_4 / 4)
    }

    /// Takes a round-trip time into account.
    ///
    /// Karn's rule (RFC 6298 section 3, RFC 8085 section 3.1.1) is the caller's to keep: a reply to an
    /// exchange that was sent more than once tells no round-trip time.
    pub fn sample(&mut self, rtt: Duration) {
        // A round trip of nothing would look like no sample.
        let rtt = nanos(rtt).clamp(1, LONGEST_SAMPLE);
        if self.srtt_8 == 0 {
            self.srtt_8 = 8 * rtt;
            self.var_4 = 2 * rtt;
        } else {
            // The deviation first: it is from the old mean.
            let deviation = (self.srtt_8 / 8).abs_diff(rtt);
            self.var_4 = self.var_4 - self.var_4 / 4 + deviation;
            self.srtt_8 = self.srtt_8 - self.srtt_8 / 8 + rtt;
        }
        self.backed_off = 0;
    }

    /// Remembers how far an exchange had to back off: the next one begins there, until a sample comes
    /// (Karn's algorithm; RFC 6298 section 5.5 to 5.7, RFC 9147 section 5.8.2).
    pub fn back_off(&mut self, wait: Duration) {
        self.backed_off = nanos(wait.min(LONGEST));
    }

    /// Forgets that: an exchange that was given up ends what TCP would call the connection, and the next
    /// one begins anew. Without this a client would wait ever longer for a server that is down.
    pub const fn begin_anew(&mut self) {
        self.backed_off = 0;
    }

    /// The first wait of the next exchange under `policy`.
    #[must_use]
    pub fn timeout(&self, policy: &Policy) -> Duration {
        let of_samples = match (policy.adaptive(), self.srtt_8) {
            (Adaptive::None, _) => return policy.initial_timeout(),
            (_, 0) => nanos(policy.initial_timeout()),
            (Adaptive::Rfc6298, _) => self.srtt_8 / 8 + self.var_4.max(GRANULARITY),
            (Adaptive::Rfc9002, _) => self.srtt_8 / 8 + self.var_4.max(GRANULARITY) + MAX_ACK_DELAY,
        };
        let least = policy.min_timeout().map_or(0, nanos);
        let wait = of_samples.max(least).max(self.backed_off);
        Duration::from_nanos(wait.min(bound(policy.max_timeout())))
    }
}
