//! Cost of retries when all datagrams are lost independently.

use crate::policy::{MAX_WALKED, Policy};

/// Exchange in which each send is lost, dropped and answered independently.
///
/// Conditions: independent loss with probability `p` in each direction; independent drop with
/// probability `d` at the server; a constant round-trip time shorter than the first wait; no jitter; a
/// policy that ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bernoulli {
    /// Probability that one send is answered: `s = (1-p)^2 (1-d)`.
    pub answered_send: f64,
    /// Maximum number of sends, `k`.
    pub max_sends: f64,
    /// Probability that the exchange fails: `(1-s)^k`.
    pub gave_up: f64,
    /// Mean number of sends per exchange: `(1 - (1-s)^k) / s`.
    pub amplification: f64,
    /// Standard deviation of the number of sends per exchange.
    pub deviation: f64,
    /// Shortest wait in seconds. A longer round trip causes needless sends.
    pub shortest_wait: f64,
    /// Mean time to the reply of an answered exchange, in seconds.
    pub time_answered: f64,
    /// Mean time to the end of any exchange, in seconds.
    pub time: f64,
    /// Mean number of times that the server processes an exchange: `amplification (1-p) (1-d)`.
    pub executions: f64,
    /// Probability that the server processes the exchange and the client still gives up.
    pub executed_gave_up: f64,
}

impl Bernoulli {
    /// Evaluates the model for `policy` with loss `p`, drop `d` and a round trip of `rtt` seconds; `None`
    /// if the policy does not end.
    #[must_use]
    pub fn new(policy: &Policy, p: f64, d: f64, rtt: f64) -> Option<Self> {
        let end = policy.gives_up_after()?.as_secs_f64();
        let s = (1.0 - p) * (1.0 - p) * (1.0 - d);
        let (q, executed) = (1.0 - s, (1.0 - p) * (1.0 - d));
        // Probabilities before each send: of no reply, and of a request that was never processed.
        let (mut silent, mut idle, mut sends, mut weighted) = (1.0, 1.0, 0.0, 0.0);
        let (mut squares, mut last, mut shortest) = (0.0, 0.0, end);
        for at in policy.sends().take(MAX_WALKED) {
            let before = core::mem::replace(&mut last, at.as_secs_f64());
            if sends > 0.0 {
                shortest = shortest.min(last - before);
            }
            weighted += silent * s * last;
            // E[S^2] = sum of (2j - 1) P(S >= j).
            squares += (2.0 * sends + 1.0) * silent;
            silent *= q;
            idle *= 1.0 - executed;
            sends += 1.0;
        }
        let answered = 1.0 - silent;
        let amplification = if s > 0.0 { answered / s } else { sends };
        let in_time = weighted + rtt * answered;
        Some(Self {
            answered_send: s,
            max_sends: sends,
            gave_up: silent,
            amplification,
            deviation: libm::sqrt((squares - amplification * amplification).max(0.0)),
            shortest_wait: shortest.min(end - last),
            time_answered: in_time / answered,
            time: in_time + silent * end,
            executions: amplification * executed,
            executed_gave_up: silent - idle,
        })
    }
}

/// Returns the calls per request through `layers` of clients that each send up to `sends` times while
/// every call fails with probability `f`: `((1 - f^sends) / (1 - f))^layers`.
///
/// Conditions: failures do not depend on the load, and each layer retries independently.
#[must_use]
pub fn amplification(f: f64, sends: u32, layers: u32) -> f64 {
    let of_one: f64 = if f >= 1.0 {
        f64::from(sends)
    } else {
        (1.0 - libm::pow(f, f64::from(sends))) / (1.0 - f)
    };
    libm::pow(of_one, f64::from(layers))
}
