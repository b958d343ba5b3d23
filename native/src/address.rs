//! Parses addresses and resolves host names.

use crate::exit::{Exit, is_exhausted};
use crate::runtime;
use retrylab_core::value::Printable;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

/// Default port of `serve` and `send`.
pub(crate) const DEFAULT_PORT: u16 = 1060;

/// Number of descriptors that the system's resolver may open at a time.
const RESOLVER_DESCRIPTORS: usize = 4;

/// A host and a port, not resolved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name, or an IP address without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
}

/// Error that [`Address::for_serving`] and [`Address::for_sending`] return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("the address is empty; try 127.0.0.1:1060, localhost or [::1]:1060")]
    Empty,
    #[error("`{0}` is not a port; use a whole number from {1} to 65535")]
    Port(String, u16),
    #[error("an IPv6 address with a port needs brackets, as in [::1]:1060")]
    Colons,
    #[error("`{0}` is not an IPv6 address; brackets must contain one, as in [::1]:1060")]
    Brackets(String),
    #[error("the host before the colon is missing; try 127.0.0.1:1060")]
    NoHost,
    #[error("`{0}` has no port; try 127.0.0.1:5353, or 5353 for the loopback address")]
    NoPort(String),
    #[error("`{0}` is a port without a host; try 127.0.0.1:{0}")]
    OnlyPort(String),
    #[error("`{0}` is not a host name")]
    Name(String),
}

impl Address {
    /// Parses an address to listen on: `PORT`, `HOST`, `HOST:PORT`, `::1` or `[::1]:PORT`. The default
    /// host is 127.0.0.1. With port 0, the system selects a free port.
    pub(crate) fn for_serving(text: &str) -> Result<Self, AddressError> {
        Self::for_serving_on(text, DEFAULT_PORT)
    }

    /// Parses an address to listen on, like [`for_serving`](Self::for_serving), with this default port.
    pub(crate) fn for_serving_on(text: &str, default_port: u16) -> Result<Self, AddressError> {
        if is_number(text) {
            return Ok(Self { host: Ipv4Addr::LOCALHOST.to_string(), port: port(text, 0)? });
        }
        let (host, number) = split(text)?;
        let port = number.map_or(Ok(default_port), |number| port(number, 0))?;
        Ok(Self { host: host.to_string(), port })
    }

    /// Parses an address to send to: `HOST`, `HOST:PORT`, `::1` or `[::1]:PORT`.
    pub(crate) fn for_sending(text: &str) -> Result<Self, AddressError> {
        Self::with_default(text, DEFAULT_PORT)
    }

    /// Parses an address to connect to, like [`for_sending`](Self::for_sending), with this default port.
    pub(crate) fn with_default(text: &str, default_port: u16) -> Result<Self, AddressError> {
        if is_number(text) {
            // The system would read it as an IPv4 address: 1060 is 0.0.4.36.
            return Err(AddressError::OnlyPort(text.to_string()));
        }
        let (host, number) = split(text)?;
        let port = number.map_or(Ok(default_port), |number| port(number, 1))?;
        Ok(Self { host: host.to_string(), port })
    }

    /// Parses an address to listen on that includes a port: `PORT`, `HOST:PORT` or `[::1]:PORT`.
    pub(crate) fn with_port(text: &str) -> Result<Self, AddressError> {
        let has_port = is_number(text) || split(text)?.1.is_some();
        if has_port { Self::for_serving(text) } else { Err(AddressError::NoPort(short(text))) }
    }

    /// Parses an address to send to, like [`for_sending`](Self::for_sending), with this port if it has none.
    pub(crate) fn with_default_port(text: &str, default: u16) -> Result<Self, AddressError> {
        let (_, number) = split(text)?;
        let address = Self::for_sending(text)?;
        Ok(if number.is_some() { address } else { Self { port: default, ..address } })
    }

    /// Resolves the host to its addresses.
    ///
    /// # Errors
    /// If the name does not resolve.
    pub(crate) async fn resolve(&self) -> Result<Resolved, NameError> {
        if let Ok(ip) = self.host.parse::<IpAddr>() {
            return Ok(Resolved { addresses: vec![(ip, self.port).into()], named: false });
        }
        let error = |error: io::Error| NameError {
            host: self.host.clone(),
            why: reason(&error),
            exhausted: is_exhausted(&error),
        };
        let name = (self.host.clone(), self.port);
        let look_up = move || {
            // The resolver does not report it if it cannot open its files: it finds no name.
            runtime::check_descriptors(RESOLVER_DESCRIPTORS)?;
            name.to_socket_addrs()
        };
        let addresses: Vec<SocketAddr> = runtime::blocking(look_up).await.map_err(error)?.collect();
        if addresses.is_empty() {
            return Err(error(io::Error::other("the name has no address")));
        }
        Ok(Resolved { addresses, named: true })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

/// An [`Address`] after name resolution.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// The addresses in the order in which to try them, that of RFC 6724, which `getaddrinfo` follows. There is
    /// always one.
    pub(crate) addresses: Vec<SocketAddr>,
    /// Whether the host was a name.
    pub(crate) named: bool,
}

impl Resolved {
    /// Returns the address to listen on: the first one over IPv4, or the first one.
    pub(crate) fn for_serving(&self) -> SocketAddr {
        let v4 = self.addresses.iter().find(|address| address.is_ipv4());
        *v4.unwrap_or(&self.addresses[0])
    }
}

/// Error for a name that does not resolve.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot resolve the name `{host}`: {why}")]
pub(crate) struct NameError {
    host: String,
    why: String,
    exhausted: bool,
}

impl NameError {
    /// Returns the exit code.
    pub(crate) const fn exit(&self) -> Exit {
        if self.exhausted { Exit::Failed } else { Exit::NameNotFound }
    }
}

/// Returns the message of the resolver without the prefix that the standard library adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let bare = text.strip_prefix("failed to lookup address information: ");
    bare.map_or_else(|| text.clone(), str::to_string)
}

/// Replaces the unspecified addresses 0.0.0.0 and `::` by the loopback address.
pub(crate) fn loopback_if_unspecified(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Splits a text into the host and the optional port.
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
        return Err(AddressError::Name(Printable::short(host).to_string()));
    }
    Ok((host, port))
}

/// Returns whether `text` is an IPv6 address, with or without a zone (`fe80::1%eth0`).
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty()
}

fn short(text: &str) -> String {
    Printable::short(text).to_string()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn port(text: &str, min: u16) -> Result<u16, AddressError> {
    let number = Some(text).filter(|text| is_number(text)).and_then(|text| text.parse().ok());
    number
        .filter(|port| *port >= min)
        .ok_or_else(|| AddressError::Port(Printable::short(text).to_string(), min))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_an_address_are_parsed() {
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
    fn a_port_may_be_required_or_have_another_default() {
        for (text, read) in [
            ("5353", Some("127.0.0.1:5353")),
            ("localhost:0", Some("localhost:0")),
            ("[::1]:53", Some("[::1]:53")),
            ("localhost", None),
            ("::1", None),
            ("", None),
        ] {
            let address = Address::with_port(text).ok().map(|address| address.to_string());
            assert_eq!(address.as_deref(), read, "{text}");
        }
        for (text, read) in [
            ("192.0.2.53", Some("192.0.2.53:53")),
            ("192.0.2.53:5353", Some("192.0.2.53:5353")),
            ("2001:db8::53", Some("[2001:db8::53]:53")),
            ("53", None),
        ] {
            let address = Address::with_default_port(text, 53).ok();
            assert_eq!(address.map(|address| address.to_string()).as_deref(), read, "{text}");
        }
    }

    #[test]
    fn unspecified_addresses_become_the_loopback_address() {
        for (address, becomes) in
            [("0.0.0.0:7", "127.0.0.1:7"), ("[::]:7", "[::1]:7"), ("192.0.2.1:7", "192.0.2.1:7")]
        {
            let address = loopback_if_unspecified(address.parse().unwrap());
            assert_eq!(address.to_string(), becomes);
        }
    }
}
