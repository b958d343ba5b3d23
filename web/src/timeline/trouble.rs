//! What is wrong for a while: faults of the scenario, and servers that are down.

use retrylab_core::random::Probability;
use retrylab_core::scenario::{FaultKind, Scenario};
use retrylab_core::time::{Instant, nanos};
use retrylab_core::trace::Direction;
use retrylab_core::trace::words::{ratio, span};

/// Something that is wrong for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    /// The place of the only server concerned.
    pub(super) server: Option<u16>,
    pub(crate) from: u64,
    pub(crate) until: u64,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    Down,
    /// The work takes more time: how many millionths of the usual one.
    Slow(u32),
    /// Nothing gets through, one way or both.
    Cut(Option<Direction>),
    /// More packets are lost.
    Loss(Probability),
    /// Packets take more time, in nanoseconds.
    Latency(u64),
    /// More exchanges begin: how many millionths of the usual rate.
    Load(u32),
}

/// What something that is wrong concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    Clients,
    Link,
    Servers,
}

/// How the pictures shade something that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texture {
    /// Slanted lines: something does not work, or slowly.
    Slanted,
    /// Slanted lines both ways: extra loss.
    Crossed,
    /// Level lines: extra latency.
    Level,
    /// Upright lines: extra load.
    Upright,
}

impl TroubleKind {
    /// Returns what a fault of the scenario makes wrong.
    pub(super) fn of(fault: FaultKind) -> Option<Self> {
        Some(match fault {
            FaultKind::ServerDown { .. } => Self::Down,
            FaultKind::Slow(factor) => Self::Slow(factor.millionths()),
            FaultKind::Partition(direction) => Self::Cut(direction),
            FaultKind::Loss(loss) => Self::Loss(loss),
            FaultKind::Latency(more) => Self::Latency(nanos(more)),
            FaultKind::Load(factor) => Self::Load(factor.millionths()),
            _ => return None,
        })
    }

    /// Returns how the pictures shade it.
    pub(crate) const fn texture(self) -> Texture {
        match self {
            Self::Down | Self::Slow(_) | Self::Cut(_) => Texture::Slanted,
            Self::Loss(_) => Texture::Crossed,
            Self::Latency(_) => Texture::Level,
            Self::Load(_) => Texture::Upright,
        }
    }
}

impl Trouble {
    /// Returns the faults of a scenario, in their order.
    pub(crate) fn all(scenario: &Scenario) -> impl Iterator<Item = Self> {
        let servers = scenario.servers.as_slice();
        scenario.faults.as_slice().iter().filter_map(|fault| {
            let kind = TroubleKind::of(fault.kind)?;
            let place = |name| servers.iter().position(|server| server.name == name);
            let server = fault.at_server.and_then(place).map(|place| place as u16);
            let from = fault.from().as_nanos();
            let until = fault.until().map_or(u64::MAX, Instant::as_nanos);
            Some(Self { kind, server, from, until })
        })
    }

    /// Returns true if it does not concern a single server.
    pub(crate) const fn of_all_servers(&self) -> bool {
        self.server.is_none()
    }

    /// Returns true if it concerns the server in this place, rather than the link.
    pub(crate) fn is_of_server(&self, place: u16) -> bool {
        self.site() == Site::Servers && self.server.is_none_or(|own| own == place)
    }

    /// Returns what it concerns.
    pub(crate) const fn site(&self) -> Site {
        match self.kind {
            TroubleKind::Down | TroubleKind::Slow(_) => Site::Servers,
            TroubleKind::Cut(_) | TroubleKind::Loss(_) | TroubleKind::Latency(_) => Site::Link,
            TroubleKind::Load(_) => Site::Clients,
        }
    }

    /// Returns words for it that name the server, if there are several.
    pub(crate) fn words(&self, scenario: &Scenario) -> String {
        let all = scenario.servers.as_slice();
        match self.server.and_then(|place| all.get(place as usize)) {
            Some(server) if all.len() > 1 => server.name.to_string() + " " + &self.word(),
            _ => self.word(),
        }
    }

    /// Returns a word or two for it.
    pub(crate) fn word(&self) -> String {
        match self.kind {
            TroubleKind::Down => "down".to_string(),
            TroubleKind::Slow(millionths) => {
                "slow ×".to_string() + &ratio(millionths.into(), 1_000_000)
            }
            TroubleKind::Cut(None) => "link cut".to_string(),
            TroubleKind::Cut(Some(Direction::Request)) => "requests cut".to_string(),
            TroubleKind::Cut(Some(Direction::Reply)) => "replies cut".to_string(),
            TroubleKind::Loss(loss) => "extra loss ".to_string() + &loss.to_string(),
            TroubleKind::Latency(more) => "latency +".to_string() + &span(more),
            TroubleKind::Load(millionths) => {
                "load ×".to_string() + &ratio(millionths.into(), 1_000_000)
            }
        }
    }
}
