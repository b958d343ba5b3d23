//! Name lookups: what the servers know, and how clients ask them.

use crate::name::Options;
use crate::value::{Grammar, is_word, phrase};
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;

/// Maximum number of addresses of one name: they fit into a reply of 512 bytes with the longest name
/// (RFC 1035 section 2.3.4), which is therefore never truncated.
const MAX_ADDRESSES: usize = 15;

/// Maximum number of records.
const MAX_RECORDS: usize = 100;

/// The names that every server of a scenario knows, with the addresses of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records(Vec<(String, Ipv4Addr)>);

/// The address of the default message.
impl Default for Records {
    fn default() -> Self {
        Self(vec![("hello".to_string(), Ipv4Addr::new(192, 0, 2, 80))])
    }
}

impl Records {
    /// Returns the records, each with a name in lower case.
    #[must_use]
    pub fn as_slice(&self) -> &[(String, Ipv4Addr)] {
        &self.0
    }
}

/// Names and addresses, separated by commas.
impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        self.0.iter().enumerate().try_for_each(|(place, (name, address))| {
            write!(f, "{}{name}={address}", if place == 0 { "" } else { "," })
        })
    }
}

phrase!(
    Records,
    List,
    Grammar::new(
        "a list of names, each with an IPv4 address",
        &[
            ("hello=192.0.2.80", ""),
            ("www.example=192.0.2.80,www.example=192.0.2.81", ""),
            ("none", "")
        ],
    )
    .limits("at most 100, and at most 15 of one name")
    .items("", ",")
);

impl Records {
    fn read(text: &str) -> Option<Self> {
        let mut records: Vec<(String, Ipv4Addr)> = Vec::new();
        if is_word(text, "none") {
            return Some(Self(records));
        }
        for part in text.split(',') {
            let (name, address) = part.split_once('=')?;
            let name = name.trim().to_ascii_lowercase();
            let address: Ipv4Addr = address.trim().parse().ok()?;
            let same = records.iter().filter(|(own, _)| *own == name).count();
            let twice = records.iter().any(|(own, its)| *own == name && *its == address);
            if !is_name(&name) || twice || same >= MAX_ADDRESSES || records.len() >= MAX_RECORDS {
                return None;
            }
            records.push((name, address));
        }
        Some(Self(records))
    }
}

/// Returns whether a text is a domain name of letters, digits and underscores, with hyphens within labels (RFC 1035
/// section 2.3.1).
pub(super) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| {
        let hyphens_inside = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len()) && label.bytes().all(allowed) && hyphens_inside
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// When a client asks the next server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asking {
    /// By the rule of resolv.conf(5).
    Options(Options),
    /// By the policy: each of its sends goes to the next server.
    Policy,
}

impl Default for Asking {
    fn default() -> Self {
        Self::Options(Options::default())
    }
}

impl fmt::Display for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(options) => options.fmt(f),
            Self::Policy => f.write_str("policy"),
        }
    }
}

phrase!(
    Asking,
    Phrase,
    Grammar::new(
        "the options of resolv.conf or the word policy",
        &[
            ("timeout:5 attempts:2", "seconds for the first server, rounds"),
            ("timeout:1 attempts:3 rotate", "the first server is drawn"),
            ("policy", "the keys policy.* decide"),
        ],
    )
    .limits("timeout from 0 to 30, attempts from 1 to 5")
);

impl Asking {
    fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "" => None,
            "policy" => Some(Self::Policy),
            options => options.parse().ok().map(Self::Options),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "dns")]
    use crate::name::DomainName;
    use crate::value::ValueError;
    use alloc::format;

    #[test]
    fn records_and_options_are_read_and_shown() {
        for (text, shown) in [
            ("none", "none"),
            ("A.Example=192.0.2.1, b=0.0.0.0", "a.example=192.0.2.1,b=0.0.0.0"),
            ("a=192.0.2.1,a=192.0.2.2", "a=192.0.2.1,a=192.0.2.2"),
        ] {
            assert_eq!(text.parse::<Records>().unwrap().to_string(), shown);
        }
        let many = |count: usize| {
            let one = |n| format!("a=192.0.2.{n}");
            (0..count).map(one).collect::<Vec<_>>().join(",")
        };
        assert_eq!(many(15).parse::<Records>().unwrap().as_slice().len(), 15);
        let long = format!("{}=192.0.2.1", "a".repeat(64));
        for bad in [
            "",
            "a",
            "a=",
            "=192.0.2.1",
            "a=::1",
            "a b=192.0.2.1",
            "a..b=192.0.2.1",
            "-a=192.0.2.1",
            "a-.b=192.0.2.1",
            ".=192.0.2.1",
            "a=192.0.2.1,a=192.0.2.1",
            "a=192.0.2.1:53",
            &many(16),
            &long,
        ] {
            assert_eq!(bad.parse::<Records>(), Err(ValueError::of::<Records>()), "{bad}");
        }
        for (text, shown) in [
            ("policy", "policy"),
            ("timeout:1", "timeout:1 attempts:2"),
            ("ROTATE attempts:5", "timeout:5 attempts:5 rotate"),
        ] {
            assert_eq!(text.parse::<Asking>().unwrap().to_string(), shown);
        }
        for bad in ["", "none", "timeout:31", "attempts:0", "policy rotate"] {
            assert_eq!(bad.parse::<Asking>(), Err(ValueError::of::<Asking>()), "{bad}");
        }
    }

    #[cfg(feature = "dns")]
    #[test]
    fn every_name_of_a_record_is_a_domain_name() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        for name in ["a", "_", "1", "xn--a", "a--b", "_x-1.example", &longest] {
            assert!(is_name(name) && name.parse::<DomainName>().is_ok(), "{name}");
        }
    }
}
