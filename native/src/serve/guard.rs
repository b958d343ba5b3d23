//! Decides which datagrams the server must not answer.
//!
//! The sender's address of a datagram is easy to forge. A server that answers every address can be made to
//! answer itself or another server forever, or to send its replies to a victim.

use retrylab_core::protocol::FAILURE;
use retrylab_core::time::{Duration, Instant};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};

/// The first port that needs no privileges. Ports below belong to services, some of which answer any datagram:
/// echo (7), discard (9), daytime (13), quote of the day (17), character generator (19).
const FIRST_USER_PORT: u16 = 1024;

/// Number of places in the tables of sources. A source's place is given by a hash with a random key, so that
/// nobody can choose addresses that share a place.
const PLACES: usize = 1 << 16;

/// Time for which a source may exceed the rate after a pause.
const BURST: Duration = Duration::from_secs(1);

/// Number of consecutive requests that repeat the previous reply, after which one is refused. A loop of two servers
/// consists of such requests only, and it ends with a lost datagram.
const MAX_ECHOES: u32 = 16_384;

/// Number of bytes that are compared to find out whether a request is equal to a reply.
const COMPARED: usize = 64;

/// Why a datagram is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Refusal {
    /// It is from the server's own address.
    OwnAddress,
    /// It is from a port below 1024.
    SourcePort,
    /// Its source sends more than the rate allows.
    SourceRate,
    /// It is a reply of another server, or of this one.
    Loop,
}

impl Refusal {
    /// All of them.
    pub(super) const ALL: [Self; 4] =
        [Self::OwnAddress, Self::SourcePort, Self::SourceRate, Self::Loop];

    /// Returns its name in JSON and in the summary.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OwnAddress => "own_address",
            Self::SourcePort => "source_port",
            Self::SourceRate => "source_rate",
            Self::Loop => "loop",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OwnAddress => "the sender's address is the server's own",
            Self::SourcePort => "the sender's port is below 1024 (see --allow-low-ports)",
            Self::SourceRate => "its source sends too many (see --source-rate)",
            Self::Loop => "it is a reply: two servers answer each other",
        })
    }
}

/// What a [`Guard`] allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed {
    /// Ports below 1024.
    pub(super) low_ports: bool,
    /// Maximum number of datagrams per second from one source beyond the loopback; `None` for no limit.
    pub(super) rate: Option<u32>,
}

/// The last reply to a source.
#[derive(Clone, Copy, Debug, Default)]
struct LastReply {
    /// Hash of the source and the reply.
    hash: u64,
    /// Number of consecutive requests that were equal to the reply before them.
    echoes: u32,
}

/// Refuses datagrams that must not be answered. Its memory and its work per datagram do not depend on the number
/// of sources.
#[derive(Debug)]
pub(super) struct Guard {
    local: SocketAddr,
    allowed: Allowed,
    keys: RandomState,
    /// For each place, the time at which its sources have used up their datagrams (the virtual scheduling
    /// algorithm of ITU-T I.371).
    used_until: Vec<Instant>,
    replies: Vec<LastReply>,
}

impl Guard {
    /// Creates the guard of the server at `local`.
    pub(super) fn new(local: SocketAddr, allowed: Allowed) -> Self {
        Self {
            local,
            allowed,
            keys: RandomState::new(),
            used_until: vec![Instant::ZERO; PLACES],
            replies: vec![LastReply::default(); PLACES],
        }
    }

    /// Checks a datagram that has arrived.
    pub(super) fn check(
        &mut self,
        now: Instant,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Result<(), Refusal> {
        if self.is_own(from) {
            Err(Refusal::OwnAddress)
        } else if from.port() < FIRST_USER_PORT && !self.allowed.low_ports {
            Err(Refusal::SourcePort)
        } else if self.is_too_fast(now, from.ip().to_canonical()) {
            Err(Refusal::SourceRate)
        } else if bytes.starts_with(FAILURE) || self.is_echo(from, bytes) {
            Err(Refusal::Loop)
        } else {
            Ok(())
        }
    }

    /// Notes a reply that was sent.
    pub(super) fn replied(&mut self, to: SocketAddr, bytes: &[u8]) {
        let hash = self.hash(to, bytes);
        let place = self.place(to);
        self.replies[place].hash = hash;
    }

    fn is_own(&self, from: SocketAddr) -> bool {
        if from.port() != self.local.port() {
            return false;
        }
        let (own, ip) = (self.local.ip().to_canonical(), from.ip().to_canonical());
        // At an unspecified address the server receives for every address of the host. Only such an address can
        // be bound.
        own == ip || own.is_unspecified() && UdpSocket::bind(with_port(from, 0)).is_ok()
    }

    fn is_too_fast(&mut self, now: Instant, ip: IpAddr) -> bool {
        let Some(rate) = self.allowed.rate.filter(|_| !ip.is_loopback()) else { return false };
        let each = Duration::from_secs(1) / rate.max(1);
        let place = self.place(network(ip));
        let used_until = &mut self.used_until[place];
        if rate == 0 || used_until.saturating_since(now) + each > BURST {
            return true;
        }
        *used_until = (*used_until).max(now).saturating_add(each);
        false
    }

    /// Returns whether the datagram continues a loop that has lasted too long.
    fn is_echo(&mut self, from: SocketAddr, bytes: &[u8]) -> bool {
        let hash = self.hash(from, bytes);
        let place = self.place(from);
        let last = &mut self.replies[place];
        last.echoes = if last.hash == hash { last.echoes + 1 } else { 0 };
        let is_loop = last.echoes >= MAX_ECHOES;
        if is_loop {
            last.echoes = 0;
        }
        is_loop
    }

    fn hash(&self, peer: SocketAddr, bytes: &[u8]) -> u64 {
        self.keys.hash_one((peer, bytes.len(), &bytes[..bytes.len().min(COMPARED)]))
    }

    fn place(&self, source: impl std::hash::Hash) -> usize {
        self.keys.hash_one(source) as usize % PLACES
    }
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

/// Returns what counts as one source: an IPv4 address, or the first 64 bits of an IPv6 address, because the
/// others are free to choose.
fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(local: &str, allowed: Allowed) -> Guard {
        Guard::new(local.parse().unwrap(), allowed)
    }

    const DEFAULT: Allowed = Allowed { low_ports: false, rate: Some(10) };

    #[test]
    fn the_own_addresses_and_low_ports_are_refused() {
        for (local, from, refusal) in [
            ("127.0.0.1:1060", "127.0.0.1:1060", Some(Refusal::OwnAddress)),
            ("127.0.0.1:1060", "127.0.0.1:1061", None),
            ("127.0.0.1:1060", "127.0.0.2:1060", None),
            ("0.0.0.0:1060", "127.0.0.9:1060", Some(Refusal::OwnAddress)),
            ("0.0.0.0:1060", "127.0.0.9:1061", None),
            // A documentation address (RFC 5737) that no test machine has.
            ("0.0.0.0:1060", "203.0.113.77:1060", None),
            ("[::]:1060", "[::ffff:127.0.0.1]:1060", Some(Refusal::OwnAddress)),
            ("127.0.0.1:1060", "127.0.0.1:7", Some(Refusal::SourcePort)),
            ("127.0.0.1:1060", "127.0.0.1:0", Some(Refusal::SourcePort)),
            ("127.0.0.1:1060", "127.0.0.1:1023", Some(Refusal::SourcePort)),
            ("127.0.0.1:1060", "127.0.0.1:1024", None),
            // A server on a low port is also its own address.
            ("127.0.0.1:7", "127.0.0.1:7", Some(Refusal::OwnAddress)),
        ] {
            let from = from.parse().unwrap();
            let checked = guard(local, DEFAULT).check(Instant::ZERO, from, b"hello");
            assert_eq!(checked.err(), refusal, "{from} at {local}");
            let allowed = Allowed { low_ports: true, ..DEFAULT };
            let checked = guard(local, allowed).check(Instant::ZERO, from, b"hello");
            let refusal = refusal.filter(|refusal| *refusal != Refusal::SourcePort);
            assert_eq!(checked.err(), refusal, "{from} at {local} with low ports allowed");
        }
    }

    /// Returns how many of 1,000 datagrams per second are accepted in ten seconds.
    fn accepted(allowed: Allowed, from: impl Fn(u64) -> SocketAddr) -> usize {
        let mut guard = guard("0.0.0.0:1060", allowed);
        let sent = (0..10_000).filter(|n| {
            let checked = guard.check(Instant::from_millis(*n), from(*n), b"hello");
            assert!(matches!(checked, Ok(()) | Err(Refusal::SourceRate)));
            checked.is_ok()
        });
        sent.count()
    }

    #[test]
    fn a_source_beyond_the_loopback_has_a_rate() {
        let one = |text: &'static str| move |_| text.parse().unwrap();
        let limited = 109..=111;
        assert!(limited.contains(&accepted(DEFAULT, one("192.0.2.1:4000"))));
        assert!(limited.contains(&accepted(DEFAULT, one("[::ffff:192.0.2.1]:4000"))));
        // Neither other ports nor other addresses of the same /64 help.
        let ports = |n| SocketAddr::from(([192, 0, 2, 1], 1024 + n as u16));
        assert!(limited.contains(&accepted(DEFAULT, ports)));
        let addresses = |n| {
            let ip = 0x2001_0db8 << 96 | u128::from(n);
            SocketAddr::new(Ipv6Addr::from_bits(ip).into(), 4000)
        };
        assert!(limited.contains(&accepted(DEFAULT, addresses)));
        for free in ["127.0.0.1:4000", "[::1]:4000", "[::ffff:127.0.0.1]:4000"] {
            assert_eq!(accepted(DEFAULT, one(free)), 10_000, "{free}");
        }
        let unlimited = Allowed { rate: None, ..DEFAULT };
        assert_eq!(accepted(unlimited, one("192.0.2.1:4000")), 10_000);
    }

    /// A datagram goes back and forth between two servers that answer alike.
    #[test]
    fn a_loop_of_two_servers_ends() {
        let [a, b] = ["127.0.0.1:1060", "127.0.0.1:1061"].map(|text| text.parse().unwrap());
        fn report(bytes: &[u8]) -> Vec<u8> {
            format!("Your data was {} bytes", bytes.len()).into_bytes()
        }
        fn mirror(bytes: &[u8]) -> Vec<u8> {
            bytes.to_vec()
        }
        fn failure(_: &[u8]) -> Vec<u8> {
            [FAILURE, b"\n"].concat()
        }
        let kinds = [report as fn(&[u8]) -> Vec<u8>, mirror, failure];
        for (one, other) in kinds.iter().flat_map(|one| kinds.iter().map(move |other| (one, other)))
        {
            let mut servers =
                [(a, b, Guard::new(a, DEFAULT), one), (b, a, Guard::new(b, DEFAULT), other)];
            let (mut datagram, mut rounds) = (b"forged".to_vec(), 0);
            loop {
                let (_, from, guard, reply) = &mut servers[rounds % 2];
                if guard.check(Instant::ZERO, *from, &datagram).is_err() {
                    break;
                }
                datagram = reply(&datagram);
                guard.replied(*from, &datagram);
                rounds += 1;
                assert!(rounds < 4 * MAX_ECHOES as usize, "the loop continues");
            }
        }
    }

    #[test]
    fn a_client_that_repeats_itself_is_no_loop() {
        let client = "127.0.0.1:5000".parse().unwrap();
        let mut guard = guard("127.0.0.1:1060", DEFAULT);
        for _ in 0..4 * MAX_ECHOES {
            guard.check(Instant::ZERO, client, b"hello").unwrap();
            guard.replied(client, b"Your data was 5 bytes");
        }
    }
}
