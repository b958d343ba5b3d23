//! Whether a server recovers from an overload.
//!
//! An M/M/1 server with rate `mu` processes all requests that reach it, even late ones. Clients abandon
//! a send after `timeout` and send up to `sends` times, so retries add to the load. When `x` requests per
//! second arrive, the reply to a send is late with probability `p = exp(-(mu - x) timeout)` (1 for
//! `x >= mu`), and `x = load (1 + p + … + p^(sends-1))`.
//!
//! This is an approximation: it assumes that retries are independent Poisson arrivals. It shows at which
//! loads there are two states, but its numbers are not exact.
//!
//! A vulnerable server needs no spike: at some time, chance alone makes the queue long enough. How long that
//! takes is the server's [lifetime](Metastable::mean_life).

/// Server and its clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metastable {
    /// Maximum number of requests per second that the server can process.
    pub mu: f64,
    /// Time in seconds after which a client abandons a send.
    pub timeout: f64,
    /// Maximum number of sends, the first included.
    pub sends: u32,
}

/// States that a load leads to, in requests that arrive per second.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Load {
    /// One state: the server returns to this arrival rate after every spike.
    Stable(f64),
    /// Two states: after a spike above `tipping`, the server stays in the state `collapsed`.
    Vulnerable {
        /// Arrival rate in the healthy state.
        healthy: f64,
        /// Arrival rate beyond which the server collapses.
        tipping: f64,
        /// Arrival rate after a collapse.
        collapsed: f64,
    },
    /// One state: the server is collapsed at this arrival rate.
    Collapsed(f64),
}

impl Load {
    /// Returns `stable`, `vulnerable` or `collapsed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stable(_) => "stable",
            Self::Vulnerable { .. } => "vulnerable",
            Self::Collapsed(_) => "collapsed",
        }
    }
}

impl Metastable {
    /// Returns the sends per exchange when `x` requests per second arrive.
    fn sends_at(&self, x: f64) -> f64 {
        self.sends_if_late(if x >= self.mu {
            1.0
        } else {
            libm::exp(-(self.mu - x) * self.timeout)
        })
    }

    /// Returns the sends per exchange when the reply to each is late with probability `p`.
    fn sends_if_late(&self, p: f64) -> f64 {
        let sends = f64::from(self.sends);
        // 1 + p + … + p^(sends-1). Its closed form loses its digits next to 1.
        if p > 1.0 - 1e-9 { sends } else { (1.0 - libm::pow(p, sends)) / (1.0 - p) }
    }

    /// Returns the load from which a collapse can persist: `mu / sends`. Below it, the server always
    /// recovers.
    #[must_use]
    pub fn vulnerable_from(&self) -> f64 {
        self.mu / f64::from(self.sends)
    }

    /// Returns the load above which the server always collapses, and the arrival rate at that load.
    #[must_use]
    pub fn collapses_from(&self) -> (f64, f64) {
        // The largest load that has a state below mu. x / sends_at(x) has one maximum there.
        let load = |x: f64| x / self.sends_at(x);
        let (mut low, mut high) = (0.0, self.mu);
        for _ in 0..200 {
            let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if load(a) < load(b) { low = a } else { high = b }
        }
        let x = f64::midpoint(low, high);
        (load(x), x)
    }

    /// Returns the states for a load of `load` exchanges per second.
    #[must_use]
    pub fn at(&self, load: f64) -> Load {
        let collapsed = load * f64::from(self.sends);
        let (most, turn) = self.collapses_from();
        if load > most {
            return Load::Collapsed(collapsed);
        }
        let excess = |x: f64| load * self.sends_at(x) - x;
        let healthy = root(0.0, turn, excess);
        if collapsed < self.mu {
            return Load::Stable(healthy);
        }
        let tipping = root(turn, self.mu, excess);
        Load::Vulnerable { healthy, tipping, collapsed }
    }
}

impl Metastable {
    /// Returns an estimate of the mean time in seconds until an idle server collapses without a spike, at a load
    /// of `load` exchanges per second. It is infinite if that takes practically forever, and if the queue of a
    /// collapsed server is longer than ten million requests.
    ///
    /// Lifetimes are nearly exponential: half of the servers collapse within 0.7 times the mean. The estimate
    /// is the mean first-passage time of a birth-death process from an empty queue to one in which every
    /// reply is late. With `n` requests ahead, a reply is late if fewer are served within the timeout: with
    /// the Poisson probability of at most `n` for a mean of `mu timeout`. In this process a late send is repeated
    /// at once. Real clients repeat it after the timeout, and their servers live longer: in simulations with `mu` 100,
    /// a timeout of 0.1 s and three sends, 1.5 to 2.2 times as long.
    #[must_use]
    pub fn mean_life(&self, load: f64) -> f64 {
        /// Share of late replies from which the server counts as collapsed.
        const LATE: f64 = 0.999;
        const MAX_QUEUE: f64 = 1e7;
        let served = self.mu * self.timeout;
        // The logarithm of the Poisson probability of n, because e^-served may underflow.
        let mut log = -served;
        let mut late = libm::exp(log);
        // Time spent with up to n requests for each time unit spent with n.
        let (mut below, mut life, mut n) = (1.0, 0.0, 0.0);
        while late < LATE && f64::is_finite(life) {
            let arrivals = load * self.sends_if_late(late);
            life += below / arrivals;
            below = 1.0 + below * self.mu / arrivals;
            n += 1.0;
            if n > MAX_QUEUE {
                return f64::INFINITY;
            }
            log += libm::log(served / n);
            late += libm::exp(log);
        }
        life
    }
}

/// Returns the point between `low` and `high` where `f` changes its sign, found by bisection.
fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let sign = f(low) > 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if (f(middle) > 0.0) == sign { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
