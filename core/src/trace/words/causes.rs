//! Why a datagram was lost, and why an exchange ended.

use super::super::Cause;
use crate::policy::Stop;
use core::fmt;

impl Cause {
    /// Returns what happened to the datagram, and the reason if there is more to say.
    pub(super) const fn of_packet(self) -> (&'static str, &'static str) {
        match self {
            Self::LinkLoss => ("lost on the link", ""),
            Self::ServerDrop => ("dropped by the server", ""),
            Self::DropFirst => ("dropped by the server", "it drops the first requests of its life"),
            Self::DropList => ("dropped by the server", "its drop list names the request"),
            Self::NobodyThere => ("lost", "nobody listens there"),
            Self::ServerQueue => ("dropped by the server", "its queue is full"),
            Self::Expired => ("dropped by the server", "the request waited too long"),
            Self::ServerDown => ("lost", "the server is down"),
            Self::Partition => ("lost", "the link is cut"),
            Self::FaultLoss => ("lost", "a fault makes the link lossy"),
            Self::LinkQueue => ("dropped by the link's queue", ""),
            Self::TooBig => ("dropped", "it is larger than the link's MTU"),
            Self::ByHand => ("dropped by hand", ""),
            Self::Corrupted => ("damaged on the link and dropped by the checksum", ""),
        }
    }

    /// Returns what the host does that loses the datagram, what follows the datagram's name, and the same
    /// as a note.
    pub(super) const fn of_host(self) -> (&'static str, &'static str, &'static str) {
        match self {
            // By its drop rate, which can be 1: not always at random.
            Self::ServerDrop => ("drops", "", ""),
            Self::DropFirst => {
                ("drops", ": it drops the first requests of its life", ", one of its first")
            }
            Self::DropList => ("drops", ": its drop list names the request", ", on its list"),
            Self::ServerQueue => ("drops", ": its queue is full", ", queue full"),
            Self::Expired => ("drops", ": the request waited too long", ", too old"),
            Self::ServerDown => ("is down and loses", "", ", down"),
            Self::NobodyThere => ("loses", ": nobody listens there", ""),
            Self::LinkLoss
            | Self::Partition
            | Self::FaultLoss
            | Self::LinkQueue
            | Self::TooBig
            | Self::ByHand
            | Self::Corrupted => ("loses", "", ""),
        }
    }
}

/// Returns the cause as a participle: "lost on the link", "lost: the link is cut".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_packet() {
            (what, "") => f.write_str(what),
            (what, why) => write!(f, "{what}: {why}"),
        }
    }
}

/// Returns why an exchange ended without a reply, as a clause. `failed`: the server has answered with a
/// failure meanwhile, so nobody would assume that it is down.
#[must_use]
pub const fn reason(why: Stop, failed: bool) -> &'static str {
    match why {
        Stop::MaxSends => "it has made all its sends",
        Stop::GiveUpAbove if failed => "the next wait would be too long",
        Stop::GiveUpAbove => "it assumes that the server is down",
        Stop::Deadline => "its deadline allows no more",
        Stop::Budget => "the retry budget refuses the send",
        Stop::Breaker => "the circuit breaker was open",
        Stop::PushedBack => "the server asked it not to come back",
        Stop::TooMany => "too many exchanges are open",
        Stop::NotRepeated => "the request must not be sent twice",
        Stop::Unreadable => "the reply is not readable",
    }
}
