//! Setting one key together with the keys that its new value depends on, and keys without effect.

use super::connections::is_of_datagrams;
use super::error::FieldError;
use super::field::Field;
use super::keys::FIELDS;
use super::model::Scenario;
use crate::policy::{Backoff, Policy};
use crate::time::WithUnit;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

impl Scenario {
    /// Returns the scenario with `key` set to `value`. If the other keys contradict that value of
    /// `policy.backoff`, `workload.arrivals`, `network` or `protocol`, they are set to what the value needs, so that nobody has
    /// to find the order of single steps.
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
        let with = |needs: &[(&str, &str)]| {
            let mut changed = self.clone();
            changed.apply(needs.iter().copied().chain([(key, value)])).map(|()| changed)
        };
        let alone = with(&[]);
        if alone.is_ok() {
            return alone;
        }
        match (key, value.trim()) {
            ("workload.arrivals", "closed") => with(&[("workload.duration", "none")]),
            ("workload.arrivals", _) => {
                with(&[("token", "true"), ("server.reply", "mirror"), ("workload.think", "none")])
            }
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
                // What datagrams alone can have gets its default.
                let default = Self::default();
                let fields = FIELDS.iter().filter(|field| is_of_datagrams(field.key));
                let defaults: Vec<_> =
                    fields.map(|field| (field.key, field.value(&default))).collect();
                let mut needs = vec![("network", "packets")];
                needs.extend(defaults.iter().map(|(key, value)| (*key, value.as_str())));
                with(&needs)
            }
            ("network", _) => with(&[("protocol", "udp"), ("server.listening", "true")]),
            _ => alone,
        }
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
