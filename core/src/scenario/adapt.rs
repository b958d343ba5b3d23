//! Setting one key together with the keys that its new value depends on, and keys without effect.

use super::connections::OF_DATAGRAMS;
use super::error::FieldError;
use super::field::Field;
use super::lookups::{FIXED, OF_LOOKUPS};
use super::model::Scenario;
use super::network::NetworkKind;
use super::protocol::Protocol;
use crate::policy::{Backoff, Policy};
use crate::time::WithUnit;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

impl Scenario {
    /// Returns the scenario with `key` set to `value`. If the other keys contradict that value of
    /// `policy.backoff`, `workload.arrivals`, `workload.rate`, `network` or `protocol`, they are set to what the value needs, so that nobody has
    /// to find the order of single steps. A key that the value does not contradict stays as it is.
    ///
    /// ```
    /// use retrylab_core::scenario::Scenario;
    ///
    /// let open = Scenario::default().adapted("workload.arrivals", "poisson 10")?;
    /// assert_eq!(open.value("server.reply").as_deref(), Some("mirror"));
    /// # Ok::<(), retrylab_core::scenario::FieldError>(())
    /// ```
    ///
    /// # Errors
    /// The [`FieldError`] of [`apply`](Self::apply).
    pub fn adapted(&self, key: &str, value: &str) -> Result<Self, FieldError> {
        let alone = self.with(&[(key, value)]);
        if alone.is_ok() { alone } else { self.with_needs(key, value, alone) }
    }

    /// Returns the scenario with these pairs.
    fn with(&self, pairs: &[(&str, &str)]) -> Result<Self, FieldError> {
        let mut changed = self.clone();
        changed.apply(pairs.iter().copied()).map(|()| changed)
    }

    /// Returns the scenario with what a value needs, or `alone`, which is what the value gives by itself.
    #[inline(never)]
    fn with_needs(
        &self,
        key: &str,
        value: &str,
        alone: Result<Self, FieldError>,
    ) -> Result<Self, FieldError> {
        let with = |needs: &[(&str, &str)]| self.with(&[needs, &[(key, value)]].concat());
        match (key, value.trim()) {
            ("workload.arrivals" | "workload.rate", value) => with(&self.needs_of_load(key, value)),
            ("policy.backoff", _) => {
                let list = value == Backoff::List.name();
                let grows = [Backoff::Linear, Backoff::Exponential];
                let timeouts = if list { first_waits(&self.policy) } else { "none".to_string() };
                let mut needs = vec![("policy.timeouts", timeouts.as_str())];
                if list {
                    needs.push(("policy.linear_timeouts", "0"));
                }
                if !grows.iter().any(|backoff| backoff.name() == value) {
                    needs.push(("policy.increment", "0s"));
                }
                with(&needs)
            }
            ("protocol", _) => {
                let Ok(protocol) = value.parse::<Protocol>() else { return alone };
                // What the protocol cannot have gets its default.
                let default = Self::default();
                let keys = protocol.rules_out();
                let defaults: Vec<(&str, String)> = keys
                    .map(|key| Field::find(key).map(|field| (key, field.value(&default))))
                    .collect::<Result<_, _>>()?;
                let mut needs: Vec<(&str, &str)> =
                    defaults.iter().map(|(key, value)| (*key, value.as_str())).collect();
                if self.exchanges.is_none() {
                    needs.push(("exchanges", "1"));
                }
                if protocol.has_connections() {
                    needs.push(("network", NetworkKind::Packets.name()));
                }
                with(&needs)
            }
            ("network", _) if value.parse() == Ok(NetworkKind::Datagrams) => {
                let mut needs = vec![("family", "ipv4"), ("server.listening", "true")];
                if self.protocol.has_connections() {
                    needs.push(("protocol", Protocol::Udp.name()));
                }
                with(&needs)
            }
            _ => alone,
        }
    }

    /// Returns the keys that this value of `workload.arrivals` or `workload.rate` needs, with their values.
    fn needs_of_load(&self, key: &str, value: &str) -> Vec<(&'static str, &'static str)> {
        if matches!((key, value), ("workload.arrivals", "closed") | ("workload.rate", "none")) {
            let one = self.exchanges.is_none().then_some(("exchanges", "1"));
            return one.into_iter().chain([("workload.duration", "none")]).collect();
        }
        let mut needs = vec![("workload.think", "none")];
        if key == "workload.arrivals" {
            needs.extend([("token", "true"), ("server.reply", "mirror")]);
        } else if self.workload.duration().is_none() {
            needs.push(("workload.duration", "10s"));
        }
        needs
    }
}

impl Protocol {
    /// Returns the keys that must have their defaults with this protocol.
    fn rules_out(self) -> impl Iterator<Item = &'static str> {
        let (fixed, of_lookups): (&[(&str, &str)], &[&str]) = match self {
            Self::Udp => (&[], &OF_LOOKUPS),
            Self::Tcp | Self::Http => (OF_DATAGRAMS, &OF_LOOKUPS),
            Self::Dns => (FIXED, &[]),
        };
        fixed.iter().map(|(key, _)| *key).chain(of_lookups.iter().copied())
    }
}

impl Field {
    /// Returns why the key has no effect in `scenario`; `None` if it has one. It knows the keys of the
    /// policy; of any other key it returns `None`.
    #[must_use]
    pub fn unused(&self, scenario: &Scenario) -> Option<&'static str> {
        let policy = self.group() == "policy";
        policy.then(|| scenario.policy.unused(self.name())).flatten()
    }
}

/// Returns the first waits of a policy, as the list that makes the same.
fn first_waits(policy: &Policy) -> String {
    let sends: Vec<_> = policy.sends().take(7).collect();
    let waits: Vec<String> = match sends.as_slice() {
        [_] | [] => vec![WithUnit(policy.initial_timeout()).to_string()],
        sends => sends.windows(2).map(|pair| WithUnit(pair[1] - pair[0]).to_string()).collect(),
    };
    waits.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::FIELDS;
    use super::*;
    use crate::policy::Preset;
    use crate::time::Duration;

    #[test]
    fn another_backoff_brings_what_it_needs() {
        let start = Scenario::default();
        let list = start.adapted("policy.backoff", "list").unwrap();
        let same = [100, 200, 400, 800].map(Duration::from_millis);
        assert!(list.policy.timeouts().iter().eq(same));
        for backoff in Backoff::NAMES {
            let back = list.adapted("policy.backoff", backoff).unwrap();
            assert_eq!(back.policy.backoff().name(), *backoff);
        }
        for preset in Preset::ALL {
            let mut scenario = Scenario::default();
            scenario.apply([("policy.preset", preset.name())]).unwrap();
            for backoff in Backoff::NAMES {
                match scenario.adapted("policy.backoff", backoff) {
                    Ok(changed) => assert_eq!(changed.preset, *preset),
                    Err(error) => assert!(error.key().starts_with("policy."), "{error}"),
                }
            }
        }
        let error = start.adapted("policy.min_timeout", "1s").unwrap_err();
        assert_eq!(error.key(), "policy.min_timeout");
    }

    #[test]
    fn arrivals_bring_what_they_need_and_take_it_away() {
        let mut start = Scenario::default();
        start.apply([("workload.think", "1s")]).unwrap();
        let mut open = start.adapted("workload.arrivals", "poisson 10").unwrap();
        assert!(open.token && open.workload.arrivals().is_some());
        open.apply([("workload.duration", "5s")]).unwrap();
        let closed = open.adapted("workload.arrivals", "closed").unwrap();
        assert_eq!(closed.workload.arrivals(), None);
        let error = start.adapted("workload.arrivals", "often").unwrap_err();
        assert_eq!(error.key(), "workload.arrivals");
    }

    #[test]
    #[cfg(feature = "packets")]
    fn a_protocol_brings_its_network_and_takes_it_away() {
        let mut start = Scenario::default();
        let pairs = [("token", "true"), ("server.reply", "mirror"), ("server.service", "1ms")];
        start.apply(pairs).unwrap();
        start.apply([("workload.arrivals", "poisson 10"), ("workload.duration", "5s")]).unwrap();
        for protocol in ["tcp", "http"] {
            let there = start.adapted("protocol", protocol).unwrap();
            assert_eq!(there.value("protocol").as_deref(), Some(protocol));
            assert_eq!(there.value("network").as_deref(), Some("packets"));
            let back = there.adapted("network", "datagrams").unwrap();
            assert_eq!(back.value("protocol").as_deref(), Some("udp"));
        }
        let error = start.adapted("protocol", "sctp").unwrap_err();
        assert_eq!(error.key(), "protocol");
        let mut ipv6 = Scenario::default();
        ipv6.apply([("network", "packets"), ("family", "ipv6")]).unwrap();
        assert_eq!(ipv6.adapted("network", "datagrams").unwrap(), Scenario::default());
    }

    #[test]
    fn lookups_bring_what_they_need_and_take_it_away() {
        let two = "first=192.0.2.1:53,second=192.0.2.2:53";
        let mut tokens = Scenario::default();
        tokens.apply([("token", "true"), ("servers", two), ("server.fail", "0.5")]).unwrap();
        let lookup = tokens.adapted("protocol", "dns").unwrap();
        assert!(!lookup.token, "queries have an id");
        assert_eq!(lookup.value("servers").as_deref(), Some(two));
        assert_eq!(
            lookup.value("network").as_deref(),
            Some("datagrams"),
            "datagrams carry lookups"
        );
        let open = [
            ("token", "true"),
            ("server.reply", "mirror"),
            ("workload.arrivals", "poisson 9"),
            ("workload.duration", "5s"),
        ];
        for (pairs, protocol) in [
            (&open[..], "dns"),
            (&[("workload.task", "heartbeat"), ("workload.interval", "2s")], "dns"),
            (&[("protocol", "dns"), ("servers", two), ("dns.records", "none")], "udp"),
            (&[("protocol", "dns"), ("dns.options", "policy")], "udp"),
            #[cfg(feature = "packets")]
            (&[("protocol", "dns"), ("dns.options", "policy")], "http"),
            #[cfg(feature = "packets")]
            (&[("workload.task", "heartbeat"), ("workload.dead_after", "9s")], "tcp"),
        ] {
            let mut start = Scenario::default();
            start.apply(pairs.iter().copied()).unwrap();
            let there = start.adapted("protocol", protocol).unwrap();
            assert_eq!(there.value("protocol").as_deref(), Some(protocol));
            assert_eq!(there.servers, start.servers);
        }
        // What no other key decides stays in the error.
        let mut blanks = Scenario::default();
        blanks.apply([("message", "a b")]).unwrap();
        assert_eq!(blanks.adapted("protocol", "dns").unwrap_err().key(), "message");
    }

    #[test]
    #[cfg(feature = "packets")]
    fn a_network_does_not_change_the_protocol_without_need() {
        let mut lookup = Scenario::default();
        let two = ("servers", "first=192.0.2.1:53,second=192.0.2.2:53");
        lookup.apply([("protocol", "dns"), two, ("dns.records", "none")]).unwrap();
        assert_eq!(lookup.adapted("network", "packets").unwrap_err().key(), "servers");
        let mut closed = Scenario::default();
        let pairs = [("protocol", "dns"), ("network", "packets"), ("server.listening", "false")];
        closed.apply(pairs).unwrap();
        let back = closed.adapted("network", "datagrams").unwrap();
        assert_eq!(back.value("protocol").as_deref(), Some("dns"));
    }

    #[test]
    fn only_keys_of_the_policy_are_unused() {
        let mut scenario = Scenario::default();
        scenario.apply([("policy.preset", "wget")]).unwrap();
        let unused: Vec<&str> =
            FIELDS.iter().filter(|f| f.unused(&scenario).is_some()).map(|f| f.key).collect();
        assert!(unused.contains(&"policy.multiplier"), "{unused:?}");
        assert!(unused.iter().all(|key| key.starts_with("policy.")), "{unused:?}");
    }
}
