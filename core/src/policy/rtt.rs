//! Timeouts that follow the measured round-trip time.

use super::Policy;
use super::limits::{LONGEST, bound};
use crate::time::{Duration, nanos};
use crate::value::words;

words! {
    /// How the first wait follows the measured round-trip time.
    #[non_exhaustive]
    Adaptive {
        /// It does not: the first wait is `initial_timeout`.
        #[default]
        None = "none",
        /// TCP's retransmission timeout, RFC 6298: `SRTT + max(G, 4 RTTVAR)` with a clock granularity G
        /// of 1 ms. Only an exchange with one send is a sample (section 3), and a backed-off wait is kept
        /// until the next sample (section 5).
        Rfc6298 = "rfc6298",
        /// QUIC's probe timeout, RFC 9002 section 6.2.1: `smoothed_rtt + max(4 rttvar, 1 ms) +
        /// max_ack_delay` with a max_ack_delay of 25 ms. Each reply resets the backoff. A reply that names
        /// its send is a sample after a retransmission too, because QUIC never sends a packet number twice
        /// (section 5.1); of several sends, this holds for the first and the last one.
        Rfc9002 = "rfc9002",
        /// The timer of DTLS 1.3, RFC 9147 section 5.8.2: 1.5 times the round trip of the last exchange
        /// with one send. A backed-off wait is kept until there is such an exchange.
        Rfc9147 = "rfc9147",
    }
}

/// Clock granularity in nanoseconds: G of RFC 6298, kGranularity of RFC 9002.
const GRANULARITY: u64 = 1_000_000;

/// Default max_ack_delay in nanoseconds, RFC 9000 section 18.2.
const MAX_ACK_DELAY: u64 = 25_000_000;

/// Maximum of a sample in nanoseconds, so that no sum of the estimate overflows: 2^56 ns are more than
/// two years.
const LONGEST_SAMPLE: u64 = 1 << 56;

/// Estimate of the round-trip time to one peer.
///
/// RFC 9002 contradicts itself: section 5.3 updates smoothed_rtt first, appendix A.7 updates rttvar
/// first. This type follows the appendix, which has the same order as RFC 6298.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rtt {
    /// Eight times the smoothed round-trip time, so that updates divide exactly.
    srtt_8: u64,
    /// Four times the mean deviation.
    var_4: u64,
    /// The last sample.
    latest: u64,
    /// Last wait of the previous exchange, if it retransmitted; 0 after a sample.
    backed_off: u64,
}

impl Rtt {
    /// Returns the smoothed round-trip time; `None` before the first sample.
    #[must_use]
    pub fn smoothed(&self) -> Option<Duration> {
        (self.srtt_8 > 0).then(|| Duration::from_nanos(self.srtt_8 / 8))
    }

    /// Returns the mean deviation of the round-trip time.
    #[must_use]
    pub const fn deviation(&self) -> Duration {
        Duration::from_nanos(self.var_4 / 4)
    }

    /// Adds a measured round-trip time.
    ///
    /// The caller must follow Karn's algorithm (RFC 6298 section 3, RFC 8085 section 3.1.1): a reply to
    /// an exchange that was sent more than once is not a sample, unless it names its send.
    pub fn sample(&mut self, rtt: Duration) {
        // A round trip of 0 would look like a missing sample.
        let rtt = nanos(rtt).clamp(1, LONGEST_SAMPLE);
        self.latest = rtt;
        if self.srtt_8 == 0 {
            self.srtt_8 = 8 * rtt;
            self.var_4 = 2 * rtt;
        } else {
            // The deviation comes first: it refers to the old mean.
            let deviation = (self.srtt_8 / 8).abs_diff(rtt);
            self.var_4 = self.var_4 - self.var_4 / 4 + deviation;
            self.srtt_8 = self.srtt_8 - self.srtt_8 / 8 + rtt;
        }
        self.backed_off = 0;
    }

    /// Stores the wait that an exchange backed off to. The next exchange starts with it, until a sample
    /// arrives (Karn's algorithm; RFC 6298 sections 5.5 to 5.7, RFC 9147 section 5.8.2).
    pub fn back_off(&mut self, wait: Duration) {
        self.backed_off = nanos(wait.min(LONGEST));
    }

    /// Clears the stored [backoff](Self::back_off): under RFC 9002 after each reply, and always after an
    /// exchange that was given up, just as a new connection starts without one. Otherwise a client would
    /// wait longer and longer for a server that is down.
    pub const fn reset_backoff(&mut self) {
        self.backed_off = 0;
    }

    /// Returns the first wait of the next exchange under `policy`.
    #[must_use]
    pub fn timeout(&self, policy: &Policy) -> Duration {
        if policy.adaptive() == Adaptive::None {
            return policy.initial_timeout();
        }
        let of_samples = nanos(self.measured(policy).unwrap_or(policy.initial_timeout()));
        let least = policy.min_timeout().map_or(0, nanos);
        let wait = of_samples.max(least).max(self.backed_off);
        Duration::from_nanos(wait.min(bound(policy.max_timeout())))
    }

    /// Returns the wait that follows from the samples alone, without minimum, maximum and backoff; `None` before the
    /// first sample, and if the policy does not measure.
    #[must_use]
    pub fn measured(&self, policy: &Policy) -> Option<Duration> {
        let wait = match (policy.adaptive(), self.srtt_8) {
            (Adaptive::None, _) | (_, 0) => return None,
            (Adaptive::Rfc6298, _) => self.srtt_8 / 8 + self.var_4.max(GRANULARITY),
            (Adaptive::Rfc9002, _) => self.srtt_8 / 8 + self.var_4.max(GRANULARITY) + MAX_ACK_DELAY,
            (Adaptive::Rfc9147, _) => self.latest + self.latest / 2,
        };
        Some(Duration::from_nanos(wait))
    }
}
