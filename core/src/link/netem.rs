//! What makes Linux do the same: a link as a `tc … netem` command, and what that command cannot say.

use super::loss::burst_chain;
use super::{Link, Loss, QueueRule};
use crate::dist::Distribution;
use crate::random::{Direction, Probability};
use crate::text::Scaled;
use crate::time::{Duration, nanos};
use crate::value::Factor;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// One direction of a link in the words of tc-netem(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netem {
    options: String,
    notes: Vec<String>,
}

impl Link {
    /// This direction of the link for netem. Netem acts on what leaves an interface: that of the
    /// client's host for requests, that of the server's for replies.
    ///
    /// ```
    /// use retrylab_core::{link::Link, random::Direction};
    ///
    /// let link = Link { loss: "burst 0.2 4".parse()?, ..Link::default() };
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
        let delays = netem.delay(self.latency_of(direction), self.correlation);
        let steps = netem.loss(self.loss_of(direction));
        netem.faults(self, delays);
        netem.rate(self, direction);
        netem.hosts(self, direction, steps || self.rate_of(direction).is_some());
        netem
    }
}

impl Netem {
    /// What stands after `netem` in the command.
    #[must_use]
    pub fn options(&self) -> &str {
        &self.options
    }

    /// The whole command for an interface.
    #[must_use]
    pub fn command(&self, device: &str) -> String {
        format!("tc qdisc add dev {device} root netem {}", self.options)
    }

    /// Sentences: what the command does not do, or does otherwise.
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

    /// Netem's limit counts datagrams on their way, too; its default of 1000 is soon too few.
    fn limit(&mut self, link: &Link, direction: Direction) {
        if link.rate_of(direction).is_none() {
            return self.option(format_args!("limit 1000000"));
        }
        self.option(format_args!("limit {}", link.queue));
        if !link.latency_of(direction).mean().is_zero() {
            self.note(
                "netem's limit counts the datagrams that the latency holds back as well: add as many as \
                 are on their way at the full rate.",
            );
        }
    }

    /// Returns whether there is a delay at all.
    fn delay(&mut self, latency: &Distribution, correlation: Probability) -> bool {
        let none = Duration::ZERO;
        let (mean, jitter, law) = match latency {
            Distribution::Constant(latency) => (*latency, none, ""),
            Distribution::Uniform(low, high) => {
                let (low, high) = (nanos(*low), nanos(*high));
                let half = Duration::from_nanos((high - low.min(high)) / 2);
                (Duration::from_nanos(low).saturating_add(half), half, "")
            }
            Distribution::Normal(mean, deviation) => {
                if deviation.saturating_mul(4) > *mean {
                    self.note(
                        "Where the normal law falls below zero, netem sends at once; here it is \
                         reflected.",
                    );
                }
                (*mean, *deviation, " distribution normal")
            }
            // Netem's table is the law of shape 3, less its mean of 1.5, divided by its variance of
            // 0.75, and cut at 4.
            Distribution::Pareto(least, shape)
                if Some(*shape) == Factor::from_millionths(3_000_000) =>
            {
                self.note("netem cuts Pareto's law at 4.5 times the least latency.");
                let half = nanos(*least) / 2;
                let jitter = Duration::from_nanos(half.saturating_add(half / 2));
                (least.saturating_add(Duration::from_nanos(half)), jitter, " distribution pareto")
            }
            Distribution::Pareto(..) => {
                self.only_mean("Pareto's law but that of shape 3");
                (latency.mean(), none, "")
            }
            Distribution::LogNormal(..) => {
                self.only_mean("log-normal law");
                (latency.mean(), none, "")
            }
            Distribution::Exponential(_) => {
                self.only_mean("exponential law");
                (latency.mean(), none, "")
            }
            Distribution::Table(_) => {
                self.only_mean(
                    "table without a file that netem's maketable has made of the samples",
                );
                (latency.mean(), none, "")
            }
        };
        // The longest that tc takes, and the widest that the kernel does.
        if mean > Duration::from_secs(274) || jitter > Duration::from_millis(2_147) {
            self.note("tc takes delays up to 274 s, and the kernel cuts their jitter at 2.147 s.");
        }
        if correlation > Probability::NEVER && !latency.is_constant() {
            self.note(
                "netem correlates the random numbers before it looks the delay up, which narrows its law \
                 and correlates little; the command leaves the correlation out.",
            );
        }
        if mean.is_zero() && jitter.is_zero() {
            return false;
        }
        self.option(format_args!("delay {}", Millis(mean)));
        if !jitter.is_zero() {
            self.option(format_args!("{}{law}", Millis(jitter)));
        }
        true
    }

    fn only_mean(&mut self, law: &str) {
        self.note(format!("netem has no {law}: the command has the mean latency."));
    }

    /// Returns whether the loss makes steps.
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
                    "netem's chains make a step for each datagram; none changes with time: the \
                           command loses nothing.",
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
        self.note("netem's chain begins in its good state; here it begins as it is on average.");
    }

    fn faults(&mut self, link: &Link, delays: bool) {
        let never = Probability::NEVER;
        if link.duplicate > never {
            self.option(format_args!("duplicate {}", Percent(link.duplicate)));
            if *link.loss_of(Direction::Request) != Loss::NEVER
                || *link.loss_of(Direction::Reply) != Loss::NEVER
            {
                self.note(
                    "netem duplicates before it loses: a copy may be lost by itself, or make up for the \
                     loss; here what is lost has no copy.",
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
        if link.reorder > never && delays {
            self.option(format_args!("reorder {}", Percent(link.reorder)));
            if link.reorder_gap > 1 {
                self.option(format_args!("gap {}", link.reorder_gap));
            }
        }
    }

    fn rate(&mut self, link: &Link, direction: Direction) {
        if let Some(rate) = link.rate_of(direction) {
            // What netem sees of a packet begins with Ethernet's 14 bytes, then IPv4's and UDP's 28.
            let overhead = i64::from(link.overhead) - 42;
            self.option(format_args!("rate {rate} {overhead}"));
            if !rate.bits().is_multiple_of(8) {
                self.note("tc counts a rate in whole bytes a second, so that a few bits get lost.");
            }
            if !link.latency_of(direction).is_constant() {
                self.note(
                    "netem puts the latency before the rate, so that datagrams stay in order; here it \
                     comes after.",
                );
            }
            if matches!(link.queue_rule, QueueRule::Red { .. }) {
                self.note(
                    "netem's queue drops at its end only; tc has RED as a qdisc of its own, which counts \
                     bytes.",
                );
            }
        }
        if link.mtu.is_some() {
            self.note(
                "netem has no MTU: `ip link set dev … mtu …` sets the interface's, and the host \
                 fragments what is larger.",
            );
        }
    }

    fn hosts(&mut self, link: &Link, direction: Direction, remembers: bool) {
        match (direction, link.shared) {
            (Direction::Request, true) if remembers => self.note(
                "The link is shared: netem has to sit on a router that all clients send through.",
            ),
            (Direction::Reply, false) if remembers => self.note(
                "Netem on the server's host treats all clients as one; here each has a link of its own.",
            ),
            _ => {}
        }
    }
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
