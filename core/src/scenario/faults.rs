//! What goes wrong, and when: a timeline that a scenario writes in words.

use super::list;
use crate::dist::MAX_TIME;
use crate::link::{self, FaultEffect};
use crate::random::{Direction, Probability};
use crate::server::service::{Outage, Trouble};
use crate::text::words;
use crate::time::{Duration, Instant, WithUnit, parse_duration};
use crate::value::{Factor, Grammar, ServerName, phrase};
use alloc::vec::Vec;
use core::fmt;

/// Maximum number of faults in a scenario.
const MAX_FAULTS: usize = 1_000;

/// The length of a fault that does not end.
const FOREVER: &str = "forever";

/// Something that goes wrong for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When it begins.
    pub at: Duration,
    /// How long it lasts; `None` for forever.
    pub lasts: Option<Duration>,
    /// What it is.
    pub kind: FaultKind,
    /// The only server concerned, for [`ServerDown`](FaultKind::ServerDown) and [`Slow`](FaultKind::Slow); `None` for
    /// all servers.
    pub at_server: Option<ServerName>,
}

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The server is down: it loses its work in progress, and its queue unless that is kept.
    ServerDown {
        /// Whether the queue survives.
        keeps_queue: bool,
    },
    /// The server's work takes this many times as long.
    Slow(Factor),
    /// Nothing gets through, one way or both.
    Partition(Option<Direction>),
    /// Additional loss, each way.
    Loss(Probability),
    /// Additional latency, each way.
    Latency(Duration),
    /// Exchanges arrive at this many times the rate (open loops).
    Load(Factor),
}

impl Fault {
    /// Returns when it begins.
    #[must_use]
    pub fn from(&self) -> Instant {
        Instant::ZERO.saturating_add(self.at)
    }

    /// Returns when it ends; `None` if it lasts forever.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        self.lasts.map(|lasts| self.from().saturating_add(lasts))
    }

    /// Returns when it ends, or [`Instant::MAX`] if it lasts forever.
    pub(super) fn end(&self) -> Instant {
        self.until().unwrap_or(Instant::MAX)
    }

    /// Returns the fault as the link runs it; `None` for a fault that does not concern the link.
    #[must_use]
    pub fn on_link(&self) -> Option<link::Fault> {
        let effect = match self.kind {
            FaultKind::Partition(direction) => FaultEffect::Partition(direction),
            FaultKind::Loss(loss) => FaultEffect::Loss(loss),
            FaultKind::Latency(delay) => FaultEffect::Latency(delay),
            FaultKind::ServerDown { .. } | FaultKind::Slow(_) | FaultKind::Load(_) => return None,
        };
        Some(link::Fault { from: self.from(), until: self.end(), effect })
    }

    fn outage(&self) -> Option<Outage> {
        let trouble = match self.kind {
            FaultKind::ServerDown { keeps_queue } => Trouble::Down { keeps_queue },
            FaultKind::Slow(factor) => Trouble::Slow(factor),
            _ => return None,
        };
        Some(Outage { from: self.from(), until: self.until(), trouble })
    }
}

/// The timeline: faults in the order in which they begin.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Returns all faults.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }

    /// Returns the outages of the server of this name, those of all servers included.
    #[must_use]
    pub(crate) fn outages(&self, name: Option<ServerName>) -> Vec<Outage> {
        let concerned = |fault: &&Fault| fault.at_server.is_none() || fault.at_server == name;
        self.0.iter().filter(concerned).filter_map(Fault::outage).collect()
    }

    /// Returns the faults that concern the link, as it runs them.
    #[must_use]
    pub fn of_link(&self) -> Vec<link::Fault> {
        self.0.iter().filter_map(Fault::on_link).collect()
    }

    /// Returns true if two outages of a server overlap.
    fn overlaps(&self) -> bool {
        let down: Vec<&Fault> = self
            .0
            .iter()
            .filter(|fault| matches!(fault.kind, FaultKind::ServerDown { .. }))
            .collect();
        down.iter().enumerate().any(|(place, later)| {
            down[..place].iter().any(|earlier| {
                let (own, other) = (earlier.at_server, later.at_server);
                let same = own.is_none() || other.is_none() || own == other;
                same && later.from() < earlier.end()
            })
        })
    }
}

/// Faults such as `20s 5s server-down`, separated by `; `, or `none`.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list::write(f, &self.0)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", WithUnit(self.at))?;
        match self.lasts {
            Some(lasts) => write!(f, "{} ", WithUnit(lasts)),
            None => write!(f, "{FOREVER} "),
        }?;
        match self.kind {
            FaultKind::ServerDown { keeps_queue: false } => f.write_str("server-down"),
            FaultKind::ServerDown { keeps_queue: true } => f.write_str("server-down keep"),
            FaultKind::Slow(factor) => write!(f, "slow {factor}"),
            FaultKind::Partition(None) => f.write_str("partition"),
            FaultKind::Partition(Some(Direction::Request)) => f.write_str("partition request"),
            FaultKind::Partition(Some(Direction::Reply)) => f.write_str("partition reply"),
            FaultKind::Loss(loss) => write!(f, "loss {loss}"),
            FaultKind::Latency(more) => write!(f, "latency {}", WithUnit(more)),
            FaultKind::Load(factor) => write!(f, "load {factor}"),
        }?;
        self.at_server.map_or(Ok(()), |name| write!(f, " at {name}"))
    }
}

phrase!(
    Faults,
    Phrase,
    Grammar::new(
        "a timeline of faults separated by `;`, each with its start and length",
        &[
            ("none", ""),
            ("20s 5s server-down", "the queue is lost"),
            ("20s 5s server-down keep", "the queue survives"),
            ("20s forever server-down", "it never comes back; any fault can last forever"),
            ("20s 5s server-down at server", "only the server of this name; also for slow"),
            ("20s 5s slow 10", "the work takes 10 times as long"),
            ("20s 5s partition", "both ways"),
            ("20s 5s partition request", "requests only"),
            ("20s 5s partition reply", "replies only"),
            ("20s 5s loss 0.3", "additional loss each way"),
            ("20s 5s latency 100ms", "additional latency each way"),
            ("20s 5s load 3", "3 times the arrivals of an open loop"),
        ],
    )
    .limits("at most 1000; the server cannot be down twice at once")
    .items("", "; ")
);

impl Faults {
    fn read(text: &str) -> Option<Self> {
        let faults = Self(list::read(text, MAX_FAULTS, Fault::read, |fault| fault.at)?);
        (!faults.overlaps()).then_some(faults)
    }
}

impl Fault {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let words: Vec<&str> = words(&text).collect();
        let [at, lasts, what @ ..] = words.as_slice() else { return None };
        let at = parse_duration(at)?;
        let lasts = match *lasts {
            FOREVER => None,
            lasts => Some(parse_duration(lasts).filter(|lasts| !lasts.is_zero())?),
        };
        let (what, at_server) = match what {
            [what @ .., "at", name] => (what, Some(ServerName::parse(name)?)),
            what => (what, None),
        };
        let kind = match *what {
            ["server-down"] => FaultKind::ServerDown { keeps_queue: false },
            ["server-down", "keep"] => FaultKind::ServerDown { keeps_queue: true },
            ["slow", factor] => FaultKind::Slow(Factor::parse(factor)?),
            ["partition"] => FaultKind::Partition(None),
            ["partition", "request"] => FaultKind::Partition(Some(Direction::Request)),
            ["partition", "reply"] => FaultKind::Partition(Some(Direction::Reply)),
            ["loss", loss] => FaultKind::Loss(Probability::parse(loss)?),
            ["latency", more] => {
                FaultKind::Latency(parse_duration(more).filter(|more| *more <= MAX_TIME)?)
            }
            ["load", factor] => FaultKind::Load(Factor::parse(factor)?),
            _ => return None,
        };
        let is_of_server = matches!(kind, FaultKind::ServerDown { .. } | FaultKind::Slow(_));
        (at_server.is_none() || is_of_server).then_some(Fault { at, lasts, kind, at_server })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueError;
    use alloc::string::ToString;

    /// Each fault belongs to the link, the server or the load.
    #[test]
    fn the_link_runs_its_part_of_the_timeline() {
        let faults: Faults = "1s 2s loss 0.3; 2s 1s slow 2; 3s 1ms partition reply; 4s 1s load 3; \
                              5s 1s server-down; 6s 1s latency 100ms"
            .parse()
            .unwrap();
        let part = |from, until, effect| {
            let (from, until) = (Instant::from_millis(from), Instant::from_millis(until));
            link::Fault { from, until, effect }
        };
        let loss = FaultEffect::Loss(Probability::parse("0.3").unwrap());
        let expected = [
            part(1_000, 3_000, loss),
            part(3_000, 3_001, FaultEffect::Partition(Some(Direction::Reply))),
            part(6_000, 7_000, FaultEffect::Latency(Duration::from_millis(100))),
        ];
        let on_link: Vec<_> = faults.as_slice().iter().filter_map(Fault::on_link).collect();
        assert_eq!(on_link, expected);
        assert_eq!((faults.of_link().len(), faults.outages(None).len()), (3, 2));
    }

    #[test]
    fn an_outage_concerns_all_servers_or_one() {
        let faults: Faults =
            "1s 1s slow 2; 2s 1s server-down at a; 3s 1s slow 3 at b".parse().unwrap();
        let of = |name: &str| faults.outages(ServerName::parse(name)).len();
        assert_eq!(["a", "b", "c"].map(of), [2, 2, 1]);
    }

    #[test]
    fn faults_are_read_and_shown() {
        for text in [
            "none",
            "20s 5s server-down",
            "1s 2s server-down keep; 5s 5s slow 10; 6s 1ms partition; 7s 1s partition request",
            "1s 1s partition reply; 2s 1s loss 0.3; 3s 1s latency 100ms; 4s 1s load 2.5",
            "1s 9s server-down at a; 2s 1s server-down keep at b; 3s 1s slow 2 at a",
            "1s 1s server-down; 2s forever server-down keep; 3s forever partition",
        ] {
            assert_eq!(text.parse::<Faults>().unwrap().to_string(), text);
        }
        let sorted: Faults = "5s 1s slow 2; 1s 1s partition".parse().unwrap();
        assert_eq!(sorted.to_string(), "1s 1s partition; 5s 1s slow 2");
        for bad in [
            "",
            "20s",
            "20s 5s",
            "20s 5s burn",
            "20s 0s partition",
            "forever 1s partition",
            "1s forever server-down; 100h 1s server-down",
            "1s 1s slow 0.5",
            "1s 1s partition both",
            "1s 1s server-down keep it",
            "1s 1s loss",
            "1s 1s latency 2h",
            "1s 5s server-down; 2s 1s server-down",
            "1s 1s partition;",
            "1s 1s server-down at",
            "1s 1s server-down at a b",
            "1s 1s server-down at 1",
            "1s 1s server-down keep at",
            "1s 1s slow 2 at",
            "1s 1s slow at a",
            "1s 1s partition at a",
            "1s 1s partition request at a",
            "1s 1s load 2 at a",
            "1s 5s server-down at a; 2s 1s server-down",
            "1s 5s server-down; 2s 1s server-down at a",
            "1s 5s server-down at a; 2s 1s server-down at b; 3s 1s server-down keep at a",
        ] {
            assert_eq!(bad.parse::<Faults>(), Err(ValueError::of::<Faults>()), "{bad}");
        }
    }
}
