//! Name lookups: what the servers know, how clients ask them, and which keys that rules out.

use super::error::FieldError;
use super::keys::FIELDS;
use super::model::Scenario;
use super::protocol::Protocol;
#[cfg(feature = "dns")]
use crate::name::DomainName;
use crate::name::{MAX_SERVERS, Options};
use crate::server::service::Overflow;
use crate::value::{Grammar, Printable, is_word, phrase};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::net::Ipv4Addr;

/// Maximum number of addresses of one name: so many fit into a reply of 512 bytes with the longest name
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

/// Returns whether a text is a domain name of letters, digits, hyphens and underscores (RFC 1035 section 2.3.4).
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(allowed);
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

/// Keys that a lookup cannot change, each with the reason.
const FIXED: &[(&str, &str)] = &[
    ("exchanges", "each client looks up one name, once"),
    ("token", "queries have an id"),
    ("workload.arrivals", "each client looks up one name, once"),
    ("workload.task", "each client looks up one name, once"),
    ("workload.think", "each client looks up one name, once"),
    ("server.reply", "the reply has what server.records knows about the name"),
    ("server.fail", "a name server answers, or drops the query"),
    ("server.hint", "replies of DNS have no hint"),
    ("server.overflow", "a name server answers, or drops the query"),
];

impl Scenario {
    /// Checks the keys of lookups.
    pub(super) fn check_dns(&self) -> Result<(), FieldError> {
        if self.protocol != Protocol::Dns {
            let needs_dns = "only name lookups use it";
            return ["dns.records", "dns.options"].into_iter().try_for_each(|key| {
                self.must_be_default(key, &format!("without protocol={}", Protocol::Dns), needs_dns)
            });
        }
        if !cfg!(feature = "dns") {
            let sentence = "protocol is \"dns\"; here it must be udp, because this build of retrylab has no DNS; the \
                            command-line program has it";
            return FieldError::contradiction("protocol", sentence);
        }
        self.check_question()?;
        FIXED
            .iter()
            .try_for_each(|(key, why)| self.must_be_default(key, "with protocol=dns", why))?;
        debug_assert_eq!(self.station.overflow, Overflow::Drop);
        let Asking::Options(options) = self.dns_options else { return Ok(()) };
        let policy = FIELDS.iter().filter(|field| field.group() == "policy");
        let with = format!("with dns.options={options}");
        let why = "the options decide when to ask again; dns.options=policy lets policy.* decide";
        policy.into_iter().try_for_each(|field| self.must_be_default(field.key, &with, why))?;
        if self.servers.as_slice().len() > MAX_SERVERS {
            let sentence = format!(
                "servers is \"{}\"; {with} it must be at most {MAX_SERVERS} servers, because resolv.conf has no more; \
                 with dns.options=policy there may be more",
                self.servers
            );
            return FieldError::contradiction("servers", sentence);
        }
        Ok(())
    }

    /// Refuses a value of `key` that is not its default.
    pub(super) fn must_be_default(
        &self,
        key: &str,
        with: &str,
        why: &str,
    ) -> Result<(), FieldError> {
        let Some(field) = FIELDS.iter().find(|field| field.key == key) else { return Ok(()) };
        let (value, allowed) = (field.value(self), field.default_value());
        if value == allowed {
            return Ok(());
        }
        let value = Printable::short(&value);
        let sentence = format!("{key} is \"{value}\"; {with} it must be {allowed}, because {why}");
        FieldError::contradiction(key, sentence)
    }

    #[cfg(not(feature = "dns"))]
    fn check_question(&self) -> Result<(), FieldError> {
        Ok(())
    }

    #[cfg(feature = "dns")]
    fn check_question(&self) -> Result<(), FieldError> {
        match self.message.parse::<DomainName>() {
            Ok(_) => Ok(()),
            Err(error) => {
                let message = Printable::short(&self.message);
                let sentence = format!(
                    "message is \"{message}\"; with protocol=dns it must be the name to look up: {error}"
                );
                FieldError::contradiction("message", sentence)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::ValueError;

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
        for name in ["a", "_x-1.example", &longest] {
            assert!(is_name(name) && name.parse::<DomainName>().is_ok(), "{name}");
        }
    }

    #[cfg(feature = "dns")]
    #[test]
    fn contradictions_are_refused_with_a_sentence() {
        let dns = ("protocol", "dns");
        let four = "a=192.0.2.1:53,b=192.0.2.2:53,c=192.0.2.3:53,d=192.0.2.4:53";
        for (pairs, sentence) in [
            (
                &[dns, ("message", "a..b")][..],
                "message is \"a..b\"; with protocol=dns it must be the name to look up: `a..b` is not",
            ),
            (
                &[dns, ("exchanges", "2")],
                "exchanges is \"2\"; with protocol=dns it must be 1, because each client looks up one name, once",
            ),
            (&[dns, ("token", "true")], "token is \"true\"; with protocol=dns it must be false"),
            (
                &[dns, ("server.fail", "0.5")],
                "server.fail is \"0.5\"; with protocol=dns it must be 0",
            ),
            (
                &[dns, ("policy.preset", "coap")],
                "policy.preset is \"coap\"; with dns.options=timeout:5 attempts:2 it must be textbook, because the \
                 options decide when to ask again; dns.options=policy lets policy.* decide",
            ),
            (
                &[dns, ("policy.max_sends", "3")],
                "policy.max_sends is \"3\"; with dns.options=timeout:5 attempts:2 it must be none",
            ),
            (
                &[dns, ("servers", four)],
                "servers is \"a=192.0.2.1:53,b=192.0.2.2:53,c=192.0.2.3:53,d=192.0.2.4:53\"; with \
                 dns.options=timeout:5 attempts:2 it must be at most 3 servers",
            ),
            (
                &[("dns.options", "policy")],
                "dns.options is \"policy\"; without protocol=dns it must be timeout:5 attempts:2, because only",
            ),
            (
                &[("dns.records", "none")],
                "dns.records is \"none\"; without protocol=dns it must be hello=",
            ),
        ] {
            let error = Scenario::default().apply(pairs.iter().copied()).unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
        let mut many = Scenario::default();
        let pairs = [dns, ("servers", four), ("dns.options", "policy"), ("policy.preset", "coap")];
        many.apply(pairs).unwrap();
        assert_eq!(Scenario::from_fragment(&many.to_fragment()), (many, Vec::new()));
    }
}
