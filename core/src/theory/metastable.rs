//! Whether a server that is pushed over its limit comes back.
//!
//! An M/M/1 server with rate `mu` does all the work that reaches it, late work too. Clients give up a
//! copy after `timeout` and send up to `sends` of them, so the load feeds itself: with `x` arriving, a
//! copy is late with probability `p = exp(-(mu - x) timeout)` (1 from `x = mu` on), and
//! `x = load (1 + p + … + p^(sends-1))`.
//!
//! An approximation: it takes retries for Poisson and independent. It shows where there are two
//! states, not their digits.

/// The server and its clients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metastable {
    /// What the server can do, per second.
    pub mu: f64,
    /// After how many seconds a client takes a copy for lost.
    pub timeout: f64,
    /// Copies at most, the first included.
    pub sends: u32,
}

/// What a load comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Load {
    /// One state: this many copies a second, and it comes back to it from every spike.
    Stable(f64),
    /// Two states. A spike above `tipping` ends in `collapsed`, and stays there.
    Vulnerable {
        /// Copies a second while all is well.
        healthy: f64,
        /// The point of no return.
        tipping: f64,
        /// Copies a second after a collapse.
        collapsed: f64,
    },
    /// One state: the collapse.
    Collapsed(f64),
}

impl Load {
    /// `stable`, `vulnerable` or `collapsed`.
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
    /// Copies per first try when `x` copies a second arrive.
    fn copies(&self, x: f64) -> f64 {
        let p = if x >= self.mu { 1.0 } else { libm::exp(-(self.mu - x) * self.timeout) };
        (0..self.sends).fold((0.0, 1.0), |(sum, power), _| (sum + power, power * p)).0
    }

    /// The load from which on a collapse lasts: `mu / sends`. Below it the server always recovers.
    #[must_use]
    pub fn vulnerable_from(&self) -> f64 {
        self.mu / f64::from(self.sends)
    }

    /// The load above which there is only the collapse, and the arrivals at that point.
    #[must_use]
    pub fn collapses_from(&self) -> (f64, f64) {
        // The largest load that has a state below mu. x / copies(x) has one maximum there.
        let load = |x: f64| x / self.copies(x);
        let (mut low, mut high) = (0.0, self.mu);
        for _ in 0..200 {
            let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if load(a) < load(b) { low = a } else { high = b }
        }
        let x = f64::midpoint(low, high);
        (load(x), x)
    }

    /// What `load` first tries a second come to.
    #[must_use]
    pub fn at(&self, load: f64) -> Load {
        let collapsed = load * f64::from(self.sends);
        let (most, turn) = self.collapses_from();
        if load > most {
            return Load::Collapsed(collapsed);
        }
        let excess = |x: f64| load * self.copies(x) - x;
        let healthy = root(0.0, turn, excess);
        if collapsed < self.mu {
            return Load::Stable(healthy);
        }
        let tipping = root(turn, self.mu, excess);
        Load::Vulnerable { healthy, tipping, collapsed }
    }
}

/// Where `f` changes its sign between `low` and `high`, by bisection.
fn root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let sign = f(low) > 0.0;
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if (f(middle) > 0.0) == sign { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
