//! A link as a `tc … netem` command for Linux, and the differences that remain.

use super::loss::burst_chain;
use super::{Link, Loss, QueueRule, Rate};
use crate::dist::Distribution;
use crate::random::{Direction, Probability};
use crate::text::Scaled;
use crate::time::{Duration, WithUnit, nanos};
use crate::value::Factor;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// One direction of a link as options of tc-netem(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netem {
    options: String,
    notes: Vec<String>,
}

impl Link {
    /// Returns the options that make netem act like this direction of the link. Netem acts on what
    /// leaves an interface: use the client's host for requests and the server's host for replies.
    ///
    /// ```
    /// use retrylab_core::{link::Link, random::Direction};
    ///
    /// let link = Link::default().with_loss("burst 0.2 4".parse()?);
    /// let netem = link.netem(Direction::Request);
    /// assert_eq!(
    ///     netem.command("eth0"),
    ///     "tc qdisc add dev eth0 root netem limit 1000000 delay 10ms \
    ///      loss gemodel 6.25% 25% 100% 0%"
    /// );
    /// # Ok::<(), retrylab_core::value::ValueError>(())
    /// ```
    #[must_use]
    pub fn netem(&self, direction: Direction) -> Netem {
        let mut netem = Netem { options: String::new(), notes: Vec::new() };
        netem.limit(self, direction);
        let delays = netem.delay(&self.latency_of(direction), self.correlation);
        let steps = netem.loss(self.loss_of(direction));
        netem.faults(self, delays);
        netem.rate(self, direction);
        netem.hosts(self, direction, steps || self.rate_of(direction).is_some());
        netem
    }
}

impl Netem {
    /// Returns the options that follow `netem` in the command.
    #[must_use]
    pub fn options(&self) -> &str {
        &self.options
    }

    /// Returns the whole command for an interface.
    #[must_use]
    pub fn command(&self, device: &str) -> String {
        format!("tc qdisc add dev {device} root netem {}", self.options)
    }

    /// Returns notes on what the command does not do or does differently, one sentence each.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    fn option(&mut self, words: fmt::Arguments<'_>) {
        if !self.options.is_empty() {
            self.options.push(' ');
        }
        self.options += &words.to_string();
    }

    fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    /// Sets netem's limit. It counts delayed datagrams too, so its default of 1000 is soon too low.
    fn limit(&mut self, link: &Link, direction: Direction) {
        if link.rate_of(direction).is_none() {
            return self.option(format_args!("limit 1000000"));
        }
        self.option(format_args!("limit {}", link.queue));
        if !link.latency_of(direction).mean().is_zero() {
            self.note(
                "netem's limit also counts the datagrams that its delay holds back: add as many as are \
                 in flight at the full rate.",
            );
        }
    }

    /// Adds the delay; returns whether there is one.
    fn delay(&mut self, latency: &Distribution, correlation: Probability) -> bool {
        let Delay { mean, jitter, distribution } = self.delay_of(latency);
        let jitter = self.at_most(jitter, MAX_JITTER, "The kernel cuts jitter");
        let mean = self.at_most(mean, MAX_DELAY, "tc before version 6.9 refuses delays");
        // tc refuses a distribution around zero.
        let draws = !distribution.is_empty() && !jitter.is_zero();
        let least = if draws { MICROSECOND } else { Duration::ZERO };
        let rounded = [rounded(mean).max(least), rounded(jitter)];
        if rounded != [mean, jitter] {
            self.note(
                "tc before version 6.9 counts delays in whole microseconds; the command rounds them, to \
                 at least 1 us.",
            );
        }
        if correlation > Probability::NEVER && !latency.is_constant() {
            self.note(
                "netem correlates its random numbers before it looks up the delay, which narrows the \
                 distribution and correlates the delays only a little; the command leaves the \
                 correlation out.",
            );
        }
        let [mean, jitter] = rounded;
        if mean.is_zero() && jitter.is_zero() {
            return false;
        }
        self.option(format_args!("delay {}", Millis(mean)));
        if !jitter.is_zero() {
            self.option(format_args!("{}{distribution}", Millis(jitter)));
        }
        true
    }

    /// Returns a time, or the maximum and a note.
    fn at_most(&mut self, time: Duration, max: Duration, why: &str) -> Duration {
        if time > max {
            let (time, max) = (WithUnit(time), WithUnit(max));
            self.note(format!("{why} above {max}; the command uses {max} instead of {time}."));
        }
        time.min(max)
    }

    /// Returns the delay that is closest to `latency`, and notes the differences.
    fn delay_of(&mut self, latency: &Distribution) -> Delay {
        let delay = |mean, jitter, distribution| Delay { mean, jitter, distribution };
        match latency {
            Distribution::Constant(latency) => delay(*latency, Duration::ZERO, ""),
            Distribution::Uniform(low, high) => {
                let (low, high) = (nanos(*low), nanos(*high));
                let half = Duration::from_nanos((high - low.min(high)).div_ceil(2));
                delay(Duration::from_nanos(low).saturating_add(half), half, "")
            }
            Distribution::Normal(mean, deviation) => {
                if deviation.saturating_mul(4) > *mean {
                    self.note(
                        "If a draw of the normal distribution is below zero, netem sends immediately; \
                         here it is reflected.",
                    );
                }
                delay(*mean, *deviation, " distribution normal")
            }
            // Netem's table is the distribution of shape 3, minus its mean of 1.5, divided by its
            // variance of 0.75, and cut at 4.
            Distribution::Pareto(least, shape)
                if Some(*shape) == Factor::from_millionths(3_000_000) =>
            {
                self.note("netem cuts the Pareto distribution at 4.5 times its minimum.");
                let half = nanos(*least) / 2;
                let jitter = Duration::from_nanos(half.saturating_add(half / 2));
                let mean = least.saturating_add(Duration::from_nanos(half));
                delay(mean, jitter, " distribution pareto")
            }
            Distribution::Pareto(..) => {
                self.only_mean(latency, "netem's Pareto distribution has shape 3 only")
            }
            Distribution::LogNormal(..) | Distribution::Quantiles(_) => {
                self.only_mean(latency, "netem has no log-normal distribution")
            }
            Distribution::Exponential(_) => {
                self.only_mean(latency, "netem has no exponential distribution")
            }
            Distribution::Table(_) => self
                .only_mean(latency, "netem needs a file that its maketable makes of the samples"),
        }
    }

    /// Returns the mean of `latency` without jitter, and notes why.
    fn only_mean(&mut self, latency: &Distribution, why: &str) -> Delay {
        self.note(format!("{why}: the command uses the mean latency."));
        Delay { mean: latency.mean(), jitter: Duration::ZERO, distribution: "" }
    }

    /// Adds the loss; returns whether it has a state that changes with each datagram.
    fn loss(&mut self, loss: &Loss) -> bool {
        let (p, r, bad, good) = match *loss {
            Loss::Independent(loss) => {
                if loss > Probability::NEVER {
                    self.option(format_args!("loss random {}", Percent(loss)));
                }
                return false;
            }
            Loss::GilbertElliott { p, r, bad, good } => (p, r, bad, good),
            Loss::Burst { share, mean } => match burst_chain(share, mean) {
                Some((p, r)) => (p, r, Probability::ALWAYS, Probability::NEVER),
                None => return false,
            },
            Loss::FourState { p13, p31, p32, p23, p14 } => {
                let [p13, p31, p32, p23, p14] = [p13, p31, p32, p23, p14].map(Percent);
                self.option(format_args!("loss state {p13} {p31} {p32} {p23} {p14}"));
                self.begins_good();
                return true;
            }
            Loss::Timed { .. } => {
                self.note(
                    "netem's loss models change state with each datagram, none with time: the command \
                     loses nothing.",
                );
                return true;
            }
            Loss::First(_) | Loss::List(_) => {
                self.note("netem does not lose datagrams by number: the command loses nothing.");
                return true;
            }
        };
        let [p, r, bad, good] = [p, r, bad, good].map(Percent);
        self.option(format_args!("loss gemodel {p} {r} {bad} {good}"));
        self.begins_good();
        true
    }

    fn begins_good(&mut self) {
        self.note(
            "netem's loss model starts in its good state; here it starts in its stationary state.",
        );
    }

    fn faults(&mut self, link: &Link, delays: bool) {
        let never = Probability::NEVER;
        if link.duplicate > never {
            self.option(format_args!("duplicate {}", Percent(link.duplicate)));
            if *link.loss_of(Direction::Request) != Loss::NEVER
                || *link.loss_of(Direction::Reply) != Loss::NEVER
            {
                self.note(
                    "netem duplicates a datagram before it loses one, so a duplicate can be lost alone or \
                     replace a lost datagram; here a lost datagram has no duplicate.",
                );
            }
        }
        if link.corrupt > never {
            self.option(format_args!("corrupt {}", Percent(link.corrupt)));
            self.note("netem flips a bit anywhere in the packet, its headers included.");
            if !link.checksum {
                self.note("The receiving host checks UDP's checksum and drops what was damaged.");
            }
        }
        if link.reorder > never && !delays {
            self.note(
                "netem reorders only datagrams that it delays; the command leaves the reordering out.",
            );
        } else if link.reorder > never {
            self.option(format_args!("reorder {}", Percent(link.reorder)));
            if link.reorder_gap > 1 {
                self.option(format_args!("gap {}", link.reorder_gap));
            }
        }
    }

    fn rate(&mut self, link: &Link, direction: Direction) {
        if let Some(rate) = link.rate_of(direction) {
            // The packet that netem sees includes 14 bytes of Ethernet and 28 of IPv4 and UDP.
            let overhead = i64::from(link.overhead) - 42;
            let least = Rate::from_bits(8).unwrap_or(rate);
            self.option(format_args!("rate {} {overhead}", rate.max(least)));
            if rate < least {
                self.note(format!(
                    "tc rounds rates down to whole bytes per second, and 0 means no limit; the command \
                     uses {least} instead of {rate}."
                ));
            } else if !rate.bits().is_multiple_of(8) {
                self.note("tc rounds the rate down to whole bytes per second.");
            }
            if !link.latency_of(direction).is_constant() {
                self.note(
                    "netem applies the latency before the rate, so datagrams stay in order; here the \
                     latency comes after the rate.",
                );
            }
            if matches!(link.queue_rule, QueueRule::Red { .. }) {
                self.note(
                    "netem's queue drops only when it is full; tc has RED as a separate qdisc, which \
                     counts bytes.",
                );
            }
        }
        if link.mtu.is_some() {
            self.note(
                "netem has no MTU: `ip link set dev … mtu …` sets that of the interface, and the host \
                 fragments larger datagrams.",
            );
        }
    }

    fn hosts(&mut self, link: &Link, direction: Direction, remembers: bool) {
        match (direction, link.shared) {
            (Direction::Request, true) if remembers => self.note(
                "The link is shared: netem must run on a router that all clients send through.",
            ),
            (Direction::Reply, false) if remembers => self.note(
                "Netem on the server's host treats all clients as one; here each client has its own link.",
            ),
            _ => {}
        }
    }
}

/// Maximum delay that tc accepts before version 6.9: 2^32 ticks of 64 ns.
const MAX_DELAY: Duration = Duration::from_secs(274);

/// Maximum jitter that the kernel keeps: 2^31 ns.
const MAX_JITTER: Duration = Duration::from_millis(2_147);

/// The unit in which tc counts delays before version 6.9.
const MICROSECOND: Duration = Duration::from_micros(1);

/// Returns the time in whole microseconds; at least one, unless it is zero.
fn rounded(time: Duration) -> Duration {
    let micros = (nanos(time).saturating_add(500)) / 1_000;
    Duration::from_micros(micros.max(u64::from(!time.is_zero())))
}

/// A delay in netem's terms.
struct Delay {
    mean: Duration,
    jitter: Duration,
    /// The option that follows the jitter; empty for a uniform distribution.
    distribution: &'static str,
}

/// A time as tc reads it, exactly.
struct Millis(Duration);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", Scaled(nanos(self.0), 6))
    }
}

/// A probability as tc reads it, exactly.
#[derive(Clone, Copy)]
struct Percent(Probability);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Scaled(self.0.parts_per_billion().into(), 7))
    }
}
