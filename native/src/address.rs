//! Addresses as people write them, and the look-up of names.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The textbook's port.
pub(crate) const DEFAULT_PORT: u16 = 1060;

/// A host and a port, not looked up yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name, or an IP address without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("an address is a host, a port, or both: 127.0.0.1:1060, localhost, [::1]:1060")]
    Empty,
    #[error("`{0}` is no port; a port is a whole number from {1} to 65535")]
    Port(String, u16),
    #[error("an IPv6 address with a port is written in brackets: [::1]:1060")]
    Colons,
    #[error("`{0}` is no IPv6 address; in brackets stands one, as in [::1]:1060")]
    Brackets(String),
    #[error("there is no host before the colon; name one, as in 127.0.0.1:1060")]
    NoHost,
    #[error("`{0}` is a port without a host; name both, as in 127.0.0.1:{0}")]
    OnlyPort(String),
    #[error("`{0}` is no host name")]
    Name(String),
}

impl Address {
    /// Reads where to listen: `PORT`, `HOST`, `HOST:PORT`, `::1` or `[::1]:PORT`. Without a host it is
    /// the loopback; port 0 lets the system choose.
    pub(crate) fn for_serving(text: &str) -> Result<Self, AddressError> {
        if is_number(text) {
            return Ok(Self { host: Ipv4Addr::LOCALHOST.to_string(), port: port(text, 0)? });
        }
        let (host, number) = split(text)?;
        let port = number.map_or(Ok(DEFAULT_PORT), |number| port(number, 0))?;
        Ok(Self { host: host.to_string(), port })
    }

    /// Reads where to send: `HOST`, `HOST:PORT`, `::1` or `[::1]:PORT`.
    pub(crate) fn for_sending(text: &str) -> Result<Self, AddressError> {
        if is_number(text) {
            // The system would take it for an IPv4 address in one number: 1060 is 0.0.4.36.
            return Err(AddressError::OnlyPort(text.to_string()));
        }
        let (host, number) = split(text)?;
        let port = number.map_or(Ok(DEFAULT_PORT), |number| port(number, 1))?;
        Ok(Self { host: host.to_string(), port })
    }

    /// Finds the socket address: the first over IPv4, or else the first.
    ///
    /// # Errors
    /// When the name has no address, in one sentence.
    pub(crate) async fn resolve(&self) -> Result<Resolved, NameError> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(Resolved { address: (ip, self.port).into(), others: 0, named: false });
        }
        let error = |error: io::Error| NameError { host: self.host.clone(), why: reason(&error) };
        let found =
            tokio::net::lookup_host((self.host.as_str(), self.port)).await.map_err(error)?;
        let found: Vec<SocketAddr> = found.collect();
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
        let none = || error(io::Error::other("it has no address"));
        let address = *first.ok_or_else(none)?;
        Ok(Resolved { address, others: found.len() - 1, named: true })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// What an [`Address`] became.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resolved {
    /// The address to use.
    pub(crate) address: SocketAddr,
    /// How many more the name has.
    pub(crate) others: usize,
    /// Was there a name to look up?
    pub(crate) named: bool,
}

/// A name without an address.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the name `{host}` was not found: {why}")]
pub(crate) struct NameError {
    host: String,
    why: String,
}

/// What the resolver says, without the words that Rust puts before it.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let bare = text.strip_prefix("failed to lookup address information: ");
    bare.map_or_else(|| text.clone(), str::to_string)
}

/// An address to send to when `address` names no host: 0.0.0.0 and :: mean this machine.
pub(crate) fn loopback_if_unspecified(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Splits a text into its host and, if there is one, its port.
fn split(text: &str) -> Result<(&str, Option<&str>), AddressError> {
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(AddressError::Colons)?;
        if !is_ipv6(host) {
            return Err(AddressError::Brackets(host.to_string()));
        }
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(AddressError::Colons),
        };
    }
    if is_ipv6(text) {
        return Ok((text, None));
    }
    let (host, port) = match text.split_once(':') {
        Some((_, port)) if port.contains(':') => return Err(AddressError::Colons),
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.is_empty() {
        return Err(AddressError::NoHost);
    }
    if host.contains(|c: char| c.is_whitespace() || c.is_control() || "/#?@[]\\".contains(c)) {
        return Err(AddressError::Name(host.escape_debug().to_string()));
    }
    Ok((host, port))
}

/// Is it an IPv6 address, perhaps with a zone (`fe80::1%eth0`)?
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn port(text: &str, least: u16) -> Result<u16, AddressError> {
    let number = Some(text).filter(|text| is_number(text)).and_then(|text| text.parse().ok());
    number
        .filter(|port| *port >= least)
        .ok_or_else(|| AddressError::Port(text.escape_debug().to_string(), least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_write_them() {
        for (text, serving, sending) in [
            ("127.0.0.1:7", Some("127.0.0.1:7"), Some("127.0.0.1:7")),
            ("127.0.0.1", Some("127.0.0.1:1060"), Some("127.0.0.1:1060")),
            ("localhost", Some("localhost:1060"), Some("localhost:1060")),
            ("::1", Some("[::1]:1060"), Some("[::1]:1060")),
            ("[::1]", Some("[::1]:1060"), Some("[::1]:1060")),
            ("[::1]:7", Some("[::1]:7"), Some("[::1]:7")),
            ("fe80::1%eth0", Some("[fe80::1%eth0]:1060"), Some("[fe80::1%eth0]:1060")),
            ("7", Some("127.0.0.1:7"), None),
            ("localhost:0", Some("localhost:0"), None),
            ("", None, None),
            (":7", None, None),
            ("a:b", None, None),
            ("a:+7", None, None),
            ("a:70000", None, None),
            ("a:", None, None),
            ("::1:zz", None, None),
            ("[::1", None, None),
            ("[::1]7", None, None),
            ("[a]:7", None, None),
            ("a b", None, None),
            ("http://a", None, None),
        ] {
            let shown = |read: Result<Address, AddressError>| read.ok().map(|a| a.to_string());
            assert_eq!(shown(Address::for_serving(text)).as_deref(), serving, "serve {text}");
            assert_eq!(shown(Address::for_sending(text)).as_deref(), sending, "send {text}");
        }
    }

    #[test]
    fn nowhere_in_particular_means_this_machine() {
        for (address, becomes) in
            [("0.0.0.0:7", "127.0.0.1:7"), ("[::]:7", "[::1]:7"), ("192.0.2.1:7", "192.0.2.1:7")]
        {
            let address = loopback_if_unspecified(address.parse().unwrap());
            assert_eq!(address.to_string(), becomes);
        }
    }
}
