//! Channels with burst losses, and channels that many senders share.

/// Gilbert-Elliott channel: a good and a bad state, each with its own loss.
///
/// A step is one packet, as in netem's `gemodel`. For a channel that changes with time, the lengths are
/// times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GilbertElliott {
    /// Share of steps in the bad state: `u / (u + v)`.
    pub bad: f64,
    /// Share of packets that are lost.
    pub loss: f64,
    /// Mean number of steps in the bad state: `1 / v`.
    pub bad_length: f64,
    /// Mean number of packets lost in a row.
    pub loss_run: f64,
}

impl GilbertElliott {
    /// Creates the channel that turns bad with probability `u` and good with probability `v` at each
    /// step, and that loses the shares `lg` and `lb` of the packets in its good and bad state.
    #[must_use]
    pub fn new(u: f64, v: f64, lg: f64, lb: f64) -> Self {
        let bad = u / (u + v);
        let loss = bad * lb + (1.0 - bad) * lg;
        // A run of losses ends where a loss is followed by a received packet.
        let kept_after_good = (1.0 - u) * (1.0 - lg) + u * (1.0 - lb);
        let kept_after_bad = v * (1.0 - lg) + (1.0 - v) * (1.0 - lb);
        let ends = (1.0 - bad) * lg * kept_after_good + bad * lb * kept_after_bad;
        Self { bad, loss, bad_length: 1.0 / v, loss_run: loss / ends }
    }
}

/// Returns the throughput of ALOHA, `S = G e^(-2G)`, for `g` frames offered per frame time.
///
/// Conditions: frames, retransmissions included, are offered as a Poisson process, and two frames that
/// overlap are both lost.
#[must_use]
pub fn aloha(g: f64) -> f64 {
    g * libm::exp(-2.0 * g)
}

/// Returns the throughput of slotted ALOHA, `S = G e^(-G)`.
#[must_use]
pub fn slotted_aloha(g: f64) -> f64 {
    g * libm::exp(-g)
}

/// Returns the share of `n` clients that overlap with no other client when they return spread evenly
/// over `window`, and each occupies the server for `service` (in the same unit):
/// `(1 - 2 service / window)^(n-1)`, about `e^(-2 n service / window)`.
///
/// Conditions: the service time is short compared with the window, and the edges of the window are
/// ignored.
#[must_use]
pub fn herd(n: f64, window: f64, service: f64) -> f64 {
    libm::pow((1.0 - 2.0 * service / window).max(0.0), n - 1.0)
}
