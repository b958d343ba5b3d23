//! Checks the keys of name lookups, and those that a lookup rules out.

use super::dns::{Asking, is_name};
use super::error::FieldError;
use super::keys::FIELDS;
use super::model::Scenario;
use super::protocol::Protocol;
use crate::name::MAX_SERVERS;
use crate::value::Printable;
use alloc::format;

/// Keys that only lookups use.
pub(super) const OF_LOOKUPS: [&str; 2] = ["dns.records", "dns.options"];

/// Keys that a lookup cannot change, each with the reason.
pub(super) const FIXED: &[(&str, &str)] = &[
    ("exchanges", "each client looks up one name, once"),
    ("token", "queries have an id"),
    ("workload.rate", "each client looks up one name, once"),
    ("workload.arrivals", "each client looks up one name, once"),
    ("workload.duration", "it ends arrivals"),
    ("workload.task", "each client looks up one name, once"),
    ("workload.interval", "only heartbeats use it"),
    ("workload.dead_after", "only heartbeats use it"),
    ("workload.think", "each client looks up one name, once"),
    ("server.reply", "the reply has what dns.records knows about the name"),
    ("server.fail", "a name server answers, or drops the query"),
    ("server.hint", "replies of DNS have no hint"),
    ("server.overflow", "a name server answers, or drops the query"),
];

impl Scenario {
    /// Checks the keys of lookups.
    pub(super) fn check_dns(&self) -> Result<(), FieldError> {
        if self.protocol != Protocol::Dns {
            let with = format!("without protocol={}", Protocol::Dns);
            let why = "only name lookups use it";
            return self.must_be_default(&with, OF_LOOKUPS.map(|key| (key, why)));
        }
        self.check_question()?;
        self.must_be_default("with protocol=dns", FIXED.iter().copied())?;
        let Asking::Options(options) = self.dns_options else { return Ok(()) };
        let with = format!("with dns.options={options}");
        let why = "the options decide when to send the next question; dns.options=policy lets the policy decide";
        let policy = FIELDS.iter().filter(|field| field.group() == "policy");
        self.must_be_default(&with, policy.map(|field| (field.key, why)))?;
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

    #[inline(never)]
    fn check_question(&self) -> Result<(), FieldError> {
        if is_name(self.message.strip_suffix('.').unwrap_or(&self.message)) {
            return Ok(());
        }
        let message = Printable::short(&self.message);
        let sentence = format!(
            "message is \"{message}\"; with protocol=dns it must be the name to look up: letters, digits and underscores, \
             hyphens within labels, and dots between labels of at most 63"
        );
        FieldError::contradiction("message", sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    #[test]
    fn contradictions_are_refused_with_a_sentence() {
        let dns = ("protocol", "dns");
        let four = "a=192.0.2.1:53,b=192.0.2.2:53,c=192.0.2.3:53,d=192.0.2.4:53";
        for (pairs, sentence) in [
            (
                &[dns, ("message", "a..b")][..],
                "message is \"a..b\"; with protocol=dns it must be the name to look up: letters, digits and",
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
                 options decide when to send the next question; dns.options=policy lets the policy decide",
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
