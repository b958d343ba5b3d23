//! What an error means for the datagrams that follow.
//!
//! An error has one of three [classes](Class). Reports of the network (ICMP, ICMPv6) are classified by their type
//! and code, whether the socket is connected or not; errors of the system by their number.
//!
//! | error | class |
//! |---|---|
//! | ICMP destination unreachable (3), ICMPv6 destination unreachable (1), all codes but the next | final |
//! | ICMP fragmentation needed (3, 4), ICMPv6 packet too big (2) | size limit |
//! | ICMPv6 unrecognized next header (4, 1): the host does not accept UDP | final |
//! | ICMP time exceeded (11), parameter problem (12), source quench (4); ICMPv6 time exceeded (3), parameter problem (4) | transient |
//! | `ECONNREFUSED`, `ECONNRESET` | final |
//! | `EACCES` (a route or rule that prohibits it, broadcast), `EHOSTUNREACH` (an unreachable route), `EHOSTDOWN`, `ENOPROTOOPT` | final |
//! | `EAFNOSUPPORT`, `EPROTONOSUPPORT`, `EOPNOTSUPP`: the system lacks the protocol | final |
//! | `EMSGSIZE` | size limit |
//! | `EPERM` (a packet filter), `ENOBUFS`, `ENOMEM` | transient |
//! | `ENETUNREACH` (no route), `ENETDOWN`, `ENODEV`, `ENXIO`, `ENONET`, `EADDRNOTAVAIL`, `EINVAL` (a blackhole route, or the source address is gone) | transient |
//! | every other number | transient |
//!
//! RFC 1122, section 4.2.3.9, asks TCP to survive the codes 0, 1 and 5 of destination unreachable, because a
//! router may find another way. A request whose user waits for an answer is better ended with the reason. What is
//! only true of this host at this moment is transient: a route or an address may come back, and the policy limits
//! how long to wait for it.

use numbers::{is_filtered, is_lasting, is_size_limit};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

/// What an error means for the datagrams that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// One datagram is lost. The next one may arrive.
    Transient,
    /// The next datagram would meet the same error.
    Final,
    /// The datagram is too long. Reported by the network, it is lost, but the system divides the next ones into
    /// fragments; reported by the system, no datagram of that length can be sent.
    SizeLimit,
}

/// A report of the network about a datagram that was sent earlier: an ICMP or ICMPv6 message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Where the datagram was sent to.
    pub to: SocketAddr,
    /// The host that reports the error, if the system says so.
    pub by: Option<IpAddr>,
    /// What it reports.
    pub icmp: Icmp,
    /// The longest packet in bytes that the path carries, if that is what is reported.
    pub mtu: Option<u32>,
}

/// Type and code of an ICMP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icmp {
    /// ICMP (RFC 792).
    V4 {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
    },
    /// ICMPv6 (RFC 4443).
    V6 {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
    },
}

/// Messages of one type, with their codes, their class, and what they say.
struct Row(u8, RangeInclusive<u8>, Class, &'static str);

/// Text of the two messages that say that nobody listens.
const PORT_UNREACHABLE: &str = "nobody listens on the port";

/// ICMP: RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1. The first row that fits counts.
const V4: &[Row] = &[
    Row(3, 0..=0, Class::Final, "the network is unreachable"),
    Row(3, 1..=1, Class::Final, "the host is unreachable"),
    Row(3, 2..=2, Class::Final, "the host does not accept UDP"),
    Row(3, 3..=3, Class::Final, PORT_UNREACHABLE),
    Row(3, 4..=4, Class::SizeLimit, "the datagram is too long for the path"),
    Row(3, 5..=5, Class::Final, "the source route failed"),
    Row(3, 6..=6, Class::Final, "the network is unknown"),
    Row(3, 7..=7, Class::Final, "the host is unknown"),
    Row(3, 8..=8, Class::Final, "the source host is isolated"),
    Row(3, 9..=10, Class::Final, "communication with the host is prohibited"),
    Row(3, 11..=12, Class::Final, "the host is unreachable for this type of service"),
    Row(3, 13..=15, Class::Final, "a filter prohibits the datagram"),
    Row(3, 0..=255, Class::Final, "the destination is unreachable"),
    Row(4, 0..=255, Class::Transient, "the datagram was discarded because of congestion"),
    Row(11, 0..=0, Class::Transient, "the datagram passed too many routers"),
    Row(11, 0..=255, Class::Transient, "the fragments of the datagram did not all arrive in time"),
    Row(12, 0..=255, Class::Transient, "the header of the datagram was not accepted"),
];

/// ICMPv6: RFC 4443 sections 3.1 to 3.4, RFC 7084 and RFC 8883 for later codes. The first row that fits counts.
const V6: &[Row] = &[
    Row(1, 0..=0, Class::Final, "there is no route to the host"),
    Row(1, 1..=1, Class::Final, "communication with the host is prohibited"),
    Row(1, 2..=2, Class::Final, "the host is beyond the scope of the source address"),
    Row(1, 3..=3, Class::Final, "the host is unreachable"),
    Row(1, 4..=4, Class::Final, PORT_UNREACHABLE),
    Row(1, 5..=5, Class::Final, "a filter prohibits the source address"),
    Row(1, 6..=6, Class::Final, "the route to the host rejects datagrams"),
    Row(1, 0..=255, Class::Final, "the destination is unreachable"),
    Row(2, 0..=255, Class::SizeLimit, "the datagram is too long for the path"),
    Row(3, 0..=0, Class::Transient, "the datagram passed too many routers"),
    Row(3, 0..=255, Class::Transient, "the fragments of the datagram did not all arrive in time"),
    Row(4, 1..=1, Class::Final, "the host does not accept UDP"),
    Row(4, 0..=255, Class::Transient, "the header of the datagram was not accepted"),
];

/// A message that the tables do not contain.
const UNKNOWN: Row = Row(0, 0..=255, Class::Transient, "the datagram was not delivered");

impl Icmp {
    /// Returns what the message means for the datagrams that follow.
    #[must_use]
    pub fn class(self) -> Class {
        self.row().2
    }

    /// Returns what the message says: `the host is unreachable`.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.row().3
    }

    /// Returns whether the message says that the host is there, but nobody listens on the port.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        self.words() == PORT_UNREACHABLE
    }

    fn row(self) -> &'static Row {
        let (rows, kind, code) = match self {
            Self::V4 { kind, code } => (V4, kind, code),
            Self::V6 { kind, code } => (V6, kind, code),
        };
        rows.iter().find(|row| row.0 == kind && row.1.contains(&code)).unwrap_or(&UNKNOWN)
    }
}

impl fmt::Display for Icmp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4 { kind, code } => write!(f, "ICMP type {kind}, code {code}"),
            Self::V6 { kind, code } => write!(f, "ICMPv6 type {kind}, code {code}"),
        }
    }
}

/// `10.0.0.1 reports that the host is unreachable (ICMP type 3, code 1)`.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Some(by) => write!(f, "{by} reports that {}", self.icmp.words())?,
            None => write!(f, "the network reports that {}", self.icmp.words())?,
        }
        match self.mtu {
            Some(mtu) => write!(f, " ({}; {mtu} bytes at most)", self.icmp),
            None => write!(f, " ({})", self.icmp),
        }
    }
}

/// Returns what an error of the system means for the datagrams that follow.
#[must_use]
pub(super) fn class_of(error: &io::Error) -> Class {
    use io::ErrorKind as K;
    if is_size_limit(error) {
        return Class::SizeLimit;
    }
    match error.kind() {
        K::ConnectionRefused | K::ConnectionReset | K::HostUnreachable | K::Unsupported => {
            Class::Final
        }
        // EACCES and EPERM are both of this kind.
        K::PermissionDenied if !is_filtered(error) => Class::Final,
        _ if is_lasting(error) => Class::Final,
        _ => Class::Transient,
    }
}

/// Returns whether the error means that nobody listens on the port of the peer.
///
/// Without the control messages of Linux, an ICMP "port unreachable" reaches a connected socket as
/// `ECONNREFUSED`, or as a reset on Windows.
#[must_use]
pub(super) fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

#[cfg(target_os = "linux")]
mod numbers {
    use nix::errno::Errno;
    use std::io;

    fn number(error: &io::Error) -> Option<Errno> {
        error.raw_os_error().map(Errno::from_raw)
    }

    pub(super) fn is_size_limit(error: &io::Error) -> bool {
        number(error) == Some(Errno::EMSGSIZE)
    }

    pub(super) fn is_filtered(error: &io::Error) -> bool {
        number(error) == Some(Errno::EPERM)
    }

    /// Errors that the standard library does not name, and that last.
    pub(super) fn is_lasting(error: &io::Error) -> bool {
        use Errno as E;
        matches!(
            number(error),
            Some(
                E::EHOSTDOWN
                    | E::ENOPROTOOPT
                    | E::EAFNOSUPPORT
                    | E::EPROTONOSUPPORT
                    | E::EOPNOTSUPP
            )
        )
    }
}

#[cfg(not(target_os = "linux"))]
mod numbers {
    use std::io;

    // The standard library has no name for "message too long".
    #[cfg(windows)]
    const EMSGSIZE: i32 = 10_040;
    #[cfg(not(windows))]
    const EMSGSIZE: i32 = 40;

    pub(super) fn is_size_limit(error: &io::Error) -> bool {
        error.raw_os_error() == Some(EMSGSIZE)
    }

    /// 1 is EPERM on every Unix.
    pub(super) fn is_filtered(error: &io::Error) -> bool {
        cfg!(unix) && error.raw_os_error() == Some(1)
    }

    pub(super) fn is_lasting(_error: &io::Error) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_report_of_the_network_has_its_class() {
        use Class::{Final, SizeLimit, Transient};
        for (kind, codes, class) in [
            (3, 0..=3, Final),
            (3, 4..=4, SizeLimit),
            (3, 5..=255, Final),
            (4, 0..=0, Transient),
            (11, 0..=255, Transient),
            (12, 0..=255, Transient),
            (200, 0..=255, Transient),
        ] {
            for code in codes {
                let icmp = Icmp::V4 { kind, code };
                assert_eq!(icmp.class(), class, "{icmp}");
                assert_eq!(icmp.is_refusal(), (kind, code) == (3, 3), "{icmp}");
            }
        }
        for (kind, codes, class) in [
            (1, 0..=255, Final),
            (2, 0..=255, SizeLimit),
            (3, 0..=255, Transient),
            (4, 0..=0, Transient),
            (4, 1..=1, Final),
            (4, 2..=255, Transient),
            (200, 0..=255, Transient),
        ] {
            for code in codes {
                let icmp = Icmp::V6 { kind, code };
                assert_eq!(icmp.class(), class, "{icmp}");
                assert_eq!(icmp.is_refusal(), (kind, code) == (1, 4), "{icmp}");
            }
        }
    }

    #[test]
    fn a_report_names_its_sender_and_the_limit() {
        let to = "10.2.0.1:7".parse().unwrap();
        let icmp = Icmp::V4 { kind: 3, code: 4 };
        let report = Report { to, by: "10.1.0.2".parse().ok(), icmp, mtu: Some(1280) };
        let words = "10.1.0.2 reports that the datagram is too long for the path \
                     (ICMP type 3, code 4; 1280 bytes at most)";
        assert_eq!(report.to_string(), words);
        let icmp = Icmp::V6 { kind: 1, code: 3 };
        let report = Report { to, by: None, icmp, mtu: None };
        let words = "the network reports that the host is unreachable (ICMPv6 type 1, code 3)";
        assert_eq!(report.to_string(), words);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn each_number_of_an_error_has_its_class() {
        use nix::errno::Errno as E;
        let class = |number: E| class_of(&io::Error::from(number));
        for number in [
            E::ECONNREFUSED,
            E::ECONNRESET,
            E::EACCES,
            E::EHOSTUNREACH,
            E::EHOSTDOWN,
            E::ENOPROTOOPT,
            E::EAFNOSUPPORT,
            E::EPROTONOSUPPORT,
            E::EOPNOTSUPP,
        ] {
            assert_eq!(class(number), Class::Final, "{number}");
        }
        for number in [
            E::EPERM,
            E::ENOBUFS,
            E::ENOMEM,
            E::ENETUNREACH,
            E::ENETDOWN,
            E::ENODEV,
            E::ENXIO,
            E::ENONET,
            E::EADDRNOTAVAIL,
            E::EINVAL,
            E::EAGAIN,
            E::EINTR,
            E::EIO,
            E::EPROTO,
            E::ETIMEDOUT,
            E::EDESTADDRREQ,
            E::UnknownErrno,
        ] {
            assert_eq!(class(number), Class::Transient, "{number}");
        }
        assert_eq!(class(E::EMSGSIZE), Class::SizeLimit);
    }
}
