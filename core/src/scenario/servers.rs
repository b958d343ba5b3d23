//! The servers of a scenario: each with a name, by which faults and words refer to it, and an address.

#[cfg(feature = "sim")]
use crate::server::ClientAddresses;
use crate::value::{Grammar, ServerName, ServerNames, phrase};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Usual address of the server: a documentation address (RFC 5737) with the textbook's port.
pub(crate) const SERVER: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 1060);

/// Addresses of the clients of a simulated network, from 10.0.0.0/8 (RFC 1918).
#[cfg(feature = "sim")]
pub(crate) const CLIENTS: ClientAddresses =
    ClientAddresses::new(Ipv4Addr::new(10, 0, 0, 0), 8, 40_000).with_further_ports(256);

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedServer {
    /// Its name.
    pub name: ServerName,
    /// Its address.
    pub address: SocketAddr,
}

/// The servers of a scenario, of which there is at least one. All do the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<NamedServer>);

/// One server, at 192.0.2.1:1060.
impl Default for Servers {
    fn default() -> Self {
        let name = ServerName::parse("server").expect("a word is a name");
        Self(vec![NamedServer { name, address: SERVER }])
    }
}

impl Servers {
    /// Returns all servers, in order.
    #[must_use]
    pub fn as_slice(&self) -> &[NamedServer] {
        &self.0
    }

    /// Returns whether there are several.
    #[must_use]
    pub const fn is_several(&self) -> bool {
        self.0.len() > 1
    }

    /// Returns the address of the first one.
    #[must_use]
    pub fn first(&self) -> SocketAddr {
        self.0[0].address
    }

    /// Returns their names, which sentences need if there are several.
    #[must_use]
    pub fn names(&self) -> ServerNames {
        ServerNames::new(self.0.iter().map(|server| server.name))
    }

    /// Returns whether one has this name.
    pub(super) fn has(&self, name: ServerName) -> bool {
        self.0.iter().any(|server| server.name == name)
    }
}

/// Names and addresses, separated by commas.
impl fmt::Display for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(place, NamedServer { name, address })| {
            write!(f, "{}{name}={address}", if place == 0 { "" } else { "," })
        })
    }
}

phrase!(
    Servers,
    List,
    Grammar::new(
        "a list of servers, each with a name and an IPv4 address with a port",
        &[("server=192.0.2.1:1060", ""), ("first=192.0.2.1:53,second=192.0.2.2:53", "")],
    )
    .limits(
        "at most 8; a name has at most 15 letters, digits and hyphens and begins with a letter; names and addresses \
         differ, and 10.0.0.0/8 belongs to clients"
    )
    .items("", ",")
);

impl Servers {
    fn read(text: &str) -> Option<Self> {
        let mut servers: Vec<NamedServer> = Vec::new();
        for part in text.split(',') {
            let (name, address) = part.split_once('=')?;
            let name = ServerName::parse(name)?;
            let address: SocketAddr = address.trim().parse().ok().filter(is_usable)?;
            let taken = |own: &NamedServer| own.name == name || own.address == address;
            if servers.len() >= ServerNames::MAX || servers.iter().any(taken) {
                return None;
            }
            servers.push(NamedServer { name, address });
        }
        Some(Self(servers))
    }
}

/// Returns whether a host may have the address, next to the clients.
fn is_usable(address: &SocketAddr) -> bool {
    let IpAddr::V4(ip) = address.ip() else { return false };
    let is_host = !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast();
    is_host && ip.octets()[0] != 10 && address.port() != 0
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;
    use crate::value::ValueError;
    use alloc::format;
    use alloc::string::{String, ToString};

    #[test]
    fn servers_are_read_and_shown() {
        for (text, shown) in [
            ("server=192.0.2.1:1060", "server=192.0.2.1:1060"),
            (" A = 127.0.0.1:53 , b=192.0.2.2:53", "a=127.0.0.1:53,b=192.0.2.2:53"),
            ("a=192.0.2.1:1,b=192.0.2.1:2", "a=192.0.2.1:1,b=192.0.2.1:2"),
        ] {
            assert_eq!(text.parse::<Servers>().unwrap().to_string(), shown);
        }
        let many = |count: u8| {
            let one = |n| format!("s{n}=192.0.2.{n}:53");
            (1..=count).map(one).collect::<Vec<String>>().join(",")
        };
        assert_eq!(many(8).parse::<Servers>().unwrap().as_slice().len(), 8);
        for bad in [
            "",
            "none",
            "192.0.2.1:53",
            "a=192.0.2.1",
            "a=192.0.2.1:0",
            "a=0.0.0.0:53",
            "a=255.255.255.255:53",
            "a=224.0.0.1:53",
            "a=10.1.2.3:53",
            "a=[2001:db8::1]:53",
            "a=example:53",
            "a=192.0.2.1:53,a=192.0.2.2:53",
            "a=192.0.2.1:53,b=192.0.2.1:53",
            "a=192.0.2.1:53,",
            &many(9),
        ] {
            assert_eq!(bad.parse::<Servers>(), Err(ValueError::of::<Servers>()), "{bad}");
        }
    }

    #[test]
    fn contradictions_are_refused_with_a_sentence() {
        let two = ("servers", "a=192.0.2.1:53,b=192.0.2.2:53");
        for (more, sentence) in [
            (
                &[("faults", "1s 1s server-down at c")][..],
                "faults has a fault at the server \"c\"; servers is \"a=192.0.2.1:53,b=192.0.2.2:53\" and must name it",
            ),
            (
                &[("network", "packets")],
                "servers is \"a=192.0.2.1:53,b=192.0.2.2:53\"; with network=packets it must be server=192.0.2.1:1060",
            ),
            (
                &[("workload.task", "write"), ("policy.give_up_above", "none")],
                "servers is \"a=192.0.2.1:53,b=192.0.2.2:53\"; with workload.task=write it must be one server",
            ),
            (
                &[
                    ("workload.arrivals", "poisson 1"),
                    ("token", "true"),
                    ("server.reply", "mirror"),
                ],
                "servers is \"a=192.0.2.1:53,b=192.0.2.2:53\"; with workload.arrivals it must be one server",
            ),
        ] {
            if !cfg!(feature = "packets") && more[0].0 == "network" {
                continue;
            }
            let pairs = [two].into_iter().chain(more.iter().copied());
            let error = Scenario::default().apply(pairs).unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
    }
}
