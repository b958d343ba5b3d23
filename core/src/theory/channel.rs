//! Losses that come in bursts, and many that speak at once.

/// The Gilbert-Elliott channel: a good and a bad state, each with its own loss.
///
/// A step is one packet here, as in netem's `gemodel`; in a channel that changes with time the lengths
/// are times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GilbertElliott {
    /// The share of steps in the bad state: `u / (u + v)`.
    pub bad: f64,
    /// The share of packets that are lost.
    pub loss: f64,
    /// Mean number of steps in the bad state: `1 / v`.
    pub bad_length: f64,
    /// Mean number of packets lost in a row.
    pub loss_run: f64,
}

impl GilbertElliott {
    /// The channel that turns bad with probability `u` and good with probability `v` at each step, and
    /// loses `lg` and `lb` of the packets in its good and bad state.
    #[must_use]
    pub fn new(u: f64, v: f64, lg: f64, lb: f64) -> Self {
        let bad = u / (u + v);
        let loss = bad * lb + (1.0 - bad) * lg;
        // A run ends with each loss that is followed by none.
        let kept_after_good = (1.0 - u) * (1.0 - lg) + u * (1.0 - lb);
        let kept_after_bad = v * (1.0 - lg) + (1.0 - v) * (1.0 - lb);
        let ends = (1.0 - bad) * lg * kept_after_good + bad * lb * kept_after_bad;
        Self { bad, loss, bad_length: 1.0 / v, loss_run: loss / ends }
    }
}

/// ALOHA's throughput `S = G e^(-2G)` of `g` frames offered per frame time.
///
/// Conditions: Poisson offers, retransmissions included; two that overlap are both lost.
#[must_use]
pub fn aloha(g: f64) -> f64 {
    g * libm::exp(-2.0 * g)
}

/// Slotted ALOHA's throughput `S = G e^(-G)`.
#[must_use]
pub fn slotted_aloha(g: f64) -> f64 {
    g * libm::exp(-g)
}

/// The share of `n` clients that meet nobody when they come back spread evenly over `window`, and each
/// keeps the server for `service` (the same unit): `(1 - 2 service / window)^(n-1)`, about
/// `e^(-2 n service / window)`.
///
/// Conditions: a service that is short beside the window, whose edges are not looked at.
#[must_use]
pub fn herd(n: f64, window: f64, service: f64) -> f64 {
    libm::pow((1.0 - 2.0 * service / window).max(0.0), n - 1.0)
}
