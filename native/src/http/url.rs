//! Parses the URL of a request.

use crate::address::{Address, AddressError};
use retrylab_core::value::Printable;
use std::fmt;

/// Default port of `http` (RFC 9110 section 4.2.1).
const DEFAULT_PORT: u16 = 80;

/// An `http` URL: `http://HOST[:PORT][/PATH][?QUERY]`. Without `http://` it means the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Url {
    /// Where to connect to.
    pub(super) address: Address,
    /// Path and query, as a request line contains them (RFC 9112 section 3.2.1).
    pub(super) target: String,
}

/// Error that [`Url::parse`] returns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum UrlError {
    #[error("retrylab has no TLS, so it cannot request an https URL; try http://")]
    Https,
    #[error("`{0}` is not a scheme that retrylab supports; try http://")]
    Scheme(String),
    #[error("a URL with a user name is not supported; set the header `Authorization` instead")]
    User,
    #[error("the host is missing; try http://127.0.0.1:8080/")]
    NoHost,
    #[error("`{0}` is not ASCII; write the name in its ASCII form, which begins with xn--")]
    Host(String),
    #[error("an IPv6 address in a URL needs brackets, as in http://[::1]:8080/")]
    Brackets,
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error("{0} is not allowed in a URL; percent-encode it, for example a space as %20")]
    Character(String),
}

impl Url {
    /// Parses a URL. Its fragment is left out, because a server never receives it.
    pub(super) fn parse(text: &str) -> Result<Self, UrlError> {
        let rest = match text.split_once("://") {
            // A colon and slashes may also be part of a query.
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => {
                check_scheme(scheme)?;
                rest
            }
            _ => text,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let target = rest.split('#').next().unwrap_or_default();
        if let Some(wrong) = target.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(UrlError::Character(format!("{wrong:?}")));
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self { address: address(authority)?, target: format!("{slash}{target}") })
    }

    /// Returns the value of the header `Host`: without the default port (RFC 9110 section 4.2.3) and without the
    /// zone of an IPv6 address, which means something on this host only (RFC 6874 section 4).
    pub(super) fn host(&self) -> String {
        let Address { host, port } = &self.address;
        let host = host.split('%').next().unwrap_or_default();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_string() };
        if *port == DEFAULT_PORT { host } else { format!("{host}:{port}") }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.host(), self.target)
    }
}

fn check_scheme(scheme: &str) -> Result<(), UrlError> {
    if scheme.eq_ignore_ascii_case("http") {
        Ok(())
    } else if scheme.eq_ignore_ascii_case("https") {
        Err(UrlError::Https)
    } else {
        Err(UrlError::Scheme(Printable::short(scheme).to_string()))
    }
}

fn address(authority: &str) -> Result<Address, UrlError> {
    if authority.contains('@') {
        return Err(UrlError::User);
    }
    if !authority.starts_with('[') && authority.matches(':').count() > 1 {
        return Err(UrlError::Brackets);
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err(UrlError::NoHost);
    }
    if !authority.is_ascii() {
        return Err(UrlError::Host(Printable::short(authority).to_string()));
    }
    // In a URL, the percent sign before a zone is itself percent-encoded (RFC 6874 section 2), and the port
    // may be empty (RFC 3986 section 3.2.3).
    let authority = authority.replacen("%25", "%", 1);
    let authority = authority.strip_suffix(':').unwrap_or(&authority);
    Ok(Address::with_default(authority, DEFAULT_PORT)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_url_are_found() {
        for (text, address, target, host) in [
            ("http://a", "a:80", "/", "a"),
            ("http://a/", "a:80", "/", "a"),
            ("HTTP://a:80", "a:80", "/", "a"),
            ("http://a:8080/x/y?z=1#part", "a:8080", "/x/y?z=1", "a:8080"),
            ("http://a?x=http://b/", "a:80", "/?x=http://b/", "a"),
            ("http://a#part", "a:80", "/", "a"),
            ("http://a:/x", "a:80", "/x", "a"),
            ("127.0.0.1:8080/x", "127.0.0.1:8080", "/x", "127.0.0.1:8080"),
            ("localhost/x?u=http://b", "localhost:80", "/x?u=http://b", "localhost"),
            ("http://[::1]:8080/", "[::1]:8080", "/", "[::1]:8080"),
            ("http://[::1]", "[::1]:80", "/", "[::1]"),
            ("http://[fe80::1%25eth0]:81/", "[fe80::1%eth0]:81", "/", "[fe80::1]:81"),
            ("http://a/%20", "a:80", "/%20", "a"),
        ] {
            let url = Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(url.address.to_string(), address, "{text}");
            assert_eq!((url.target.as_str(), url.host().as_str()), (target, host), "{text}");
            assert_eq!(Url::parse(&url.to_string()).map(|again| again.target), Ok(url.target));
        }
    }

    #[test]
    fn a_url_that_cannot_be_requested_is_refused() {
        for (text, words) in [
            ("https://a/", "no TLS"),
            ("HTTPS://a", "no TLS"),
            ("ftp://a/", "`ftp` is not a scheme"),
            ("", "the host is missing"),
            ("http://", "the host is missing"),
            ("http:///x", "the host is missing"),
            ("http://:80/", "the host is missing"),
            ("http://user:secret@a/", "user name"),
            ("http://a:b/", "`b` is not a port"),
            ("http://a:0/", "`0` is not a port"),
            ("http://a:70000/", "`70000` is not a port"),
            ("http://::1/", "needs brackets"),
            ("http://::1:8080/", "needs brackets"),
            ("http://a b/", "`a b` is not a host name"),
            ("http://a/b c", "' ' is not allowed"),
            ("http://a/\r\nX: y", "'\\r' is not allowed"),
            ("http://a/\u{e9}", "'é' is not allowed"),
            ("http://\u{e9}.example/", "is not ASCII"),
            ("http://1060/", "is a port without a host"),
        ] {
            let error = Url::parse(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }
}
