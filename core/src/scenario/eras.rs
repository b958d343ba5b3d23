//! The scenario between its changes: which keys can change, and what is in force when.

use super::changes::{Change, Changes};
use super::error::FieldError;
use super::field::Field;
use super::keys::FIELDS;
use super::model::Scenario;
use super::protocol::Protocol;
use crate::eras::Eras;
use crate::link::Link;
use crate::policy::Policy;
use crate::server::{echo, service};
use crate::time::{Duration, Instant};
use crate::value::Printable;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

impl Field {
    /// Returns why the key cannot change during a run; `None` if it can, unless other keys of the scenario rule it out.
    #[must_use]
    pub fn is_fixed(&self) -> Option<&'static str> {
        Some(match self.key {
            "link.shared" => "it decides which clients influence each other",
            "seed" => "every draw of the run depends on it",
            "server.drop_first" | "server.drop_list" => "it counts over the server's lifetime",
            "faults" | "acts" | "changes" => "it says by itself when it begins",
            "server.reply" | "server.listening" => "the server is set up before the run begins",
            _ if ["policy", "link", "server"].contains(&self.group()) => return None,
            _ => "hosts and load are set up before the run begins",
        })
    }
}

impl Scenario {
    /// Returns the scenario in force at `now`, without changes.
    ///
    /// ```
    /// use retrylab_core::scenario::Scenario;
    /// use retrylab_core::time::Instant;
    ///
    /// let mut scenario = Scenario::default();
    /// scenario.apply([("changes", "1.5s link.loss=0.1")])?;
    /// let loss = |millis| scenario.at(Instant::from_millis(millis)).value("link.loss");
    /// assert_eq!((loss(1_499).as_deref(), loss(1_500).as_deref()), (Some("0"), Some("0.1")));
    /// # Ok::<(), retrylab_core::scenario::FieldError>(())
    /// ```
    #[must_use]
    pub fn at(&self, now: Instant) -> Self {
        let mut eras = self.eras();
        let begun = eras.partition_point(|(at, _)| *at <= now);
        begun.checked_sub(1).map_or_else(|| self.base(), |last| eras.swap_remove(last).1)
    }

    /// Returns this scenario, which continues as `other` from `at` on: what differs then are changes, and later changes of
    /// the same keys are discarded. Everything before that time stays as it is.
    ///
    /// ```
    /// use retrylab_core::scenario::Scenario;
    /// use retrylab_core::time::Duration;
    ///
    /// let mut other = Scenario::default();
    /// other.apply([("link.loss", "0.1")])?;
    /// let forked = Scenario::default().forked(Duration::from_millis(1_500), &other)?;
    /// assert_eq!(forked.value("changes").as_deref(), Some("1.5s link.loss=0.1"));
    /// # Ok::<(), retrylab_core::scenario::FieldError>(())
    /// ```
    ///
    /// # Errors
    /// The [`FieldError`] of a key that cannot change during a run.
    pub fn forked(&self, at: Duration, other: &Self) -> Result<Self, FieldError> {
        let from = Instant::ZERO.saturating_add(at);
        let (mut own, other) = (self.at(from), other.at(from));
        let mut forked = self.clone();
        for presets in [true, false] {
            for field in FIELDS.iter().filter(|field| field.access.resets == presets) {
                let value = field.value(&other);
                if value == field.value(&own) {
                    continue;
                }
                if presets {
                    own.apply([(field.key, value.as_str())])?;
                }
                let change = Change { at, key: field.key.to_string(), value };
                forked.changes = forked.changes.with(change);
            }
        }
        forked.check()?;
        forked.check_changes()?;
        Ok(forked)
    }

    /// Returns the scenario without its changes.
    fn base(&self) -> Self {
        Self { changes: Changes::default(), ..self.clone() }
    }

    /// Returns the scenario from each time of its changes on, without changes. One that contradicts the scenario, which
    /// has been refused unless a program has set the scenario's fields since, has no effect.
    #[must_use]
    pub fn eras(&self) -> Vec<(Instant, Self)> {
        if self.changes.is_empty() { Vec::new() } else { self.made_eras() }
    }

    #[inline(never)]
    fn made_eras(&self) -> Vec<(Instant, Self)> {
        let (mut eras, mut scenario) = (Vec::new(), self.base());
        for together in self.changes.as_slice().chunk_by(|a, b| a.at == b.at) {
            let _ = scenario.apply(pairs(together));
            eras.push((together[0].from(), scenario.clone()));
        }
        eras
    }

    /// Returns true if requests take the server some time, at some time of the run.
    #[must_use]
    pub fn takes_time(&self) -> bool {
        !self.station.is_instant() || self.eras().iter().any(|(_, era)| !era.station.is_instant())
    }

    /// Returns a part of the scenario with its changes.
    fn eras_of<T: PartialEq>(&self, part: impl Fn(&Self) -> T) -> Eras<T> {
        if self.changes.is_empty() { Eras::NONE } else { self.made_eras_of(part) }
    }

    #[inline(never)]
    fn made_eras_of<T: PartialEq>(&self, part: impl Fn(&Self) -> T) -> Eras<T> {
        let first = part(self);
        let eras = self.eras();
        if eras.iter().all(|(_, era)| part(era) == first) {
            return Eras::NONE;
        }
        Eras::new(first, eras.iter().map(|(at, era)| (*at, part(era))).collect())
    }

    pub(crate) fn link_eras(&self) -> Eras<Link> {
        self.eras_of(|scenario| scenario.link.clone())
    }

    pub(crate) fn server_eras(&self) -> Eras<echo::Config> {
        self.eras_of(|scenario| scenario.server.clone())
    }

    pub(crate) fn station_eras(&self, place: usize) -> Eras<service::Config> {
        self.eras_of(|scenario| scenario.station_config_of(place))
    }

    /// Returns the policies of exchanges that begin at these times or later, in their order; none if the policy does not
    /// change.
    #[must_use]
    pub fn later_policies(&self) -> Vec<(Instant, Policy)> {
        if self.changes.is_empty() { Vec::new() } else { self.made_later_policies() }
    }

    #[inline(never)]
    fn made_later_policies(&self) -> Vec<(Instant, Policy)> {
        let (mut later, mut before) = (Vec::new(), self.policy);
        for (at, era) in &self.eras() {
            if era.policy != before {
                before = era.policy;
                later.push((*at, before));
            }
        }
        later
    }

    /// Checks the changes one after another, and writes their values in canonical form.
    pub(super) fn check_changes(&mut self) -> Result<(), FieldError> {
        if self.changes.is_empty() { Ok(()) } else { self.check_some_changes() }
    }

    #[inline(never)]
    fn check_some_changes(&mut self) -> Result<(), FieldError> {
        let changes = core::mem::take(&mut self.changes);
        let changes = changes.try_map(|change| self.checked(change))?;
        let mut era = self.clone();
        for together in changes.as_slice().chunk_by(|a, b| a.at == b.at) {
            era.apply(pairs(together))
                .map_err(|error| refusal(&together[0], &error.to_string()))?;
            self.check_setup(&era, &together[0])?;
        }
        self.changes = changes;
        Ok(())
    }

    /// Returns the change with its value in canonical form, if the key can change in this scenario.
    fn checked(&self, change: &Change) -> Result<Change, FieldError> {
        let of_change = |error: FieldError| refusal(change, &error.to_string());
        let field = Field::find(&change.key).map_err(of_change)?;
        let fixed = |why| {
            let sentence = format!(
                "{} cannot change during the run, because {why}; policy.*, link.* and most keys of server.* can",
                field.key
            );
            Err(refusal(change, &sentence))
        };
        if let Some(why) = field.is_fixed() {
            return fixed(why);
        }
        if field.group() == "policy" && self.protocol == Protocol::Dns {
            return fixed("with protocol=dns each client looks up one name, once");
        }
        let connections = self.protocol.has_connections();
        if field.group() == "server" && connections {
            return fixed("the server answers connections by the settings with which it begins");
        }
        let value = field.canonical(&change.value).map_err(of_change)?;
        Ok(Change { value, ..change.clone() })
    }

    /// Checks that the hosts of an era are set up as those of this scenario.
    fn check_setup(&self, era: &Self, change: &Change) -> Result<(), FieldError> {
        let of_stacks = |scenario: &Self| {
            let Link { mtu, overhead, checksum, .. } = scenario.link;
            scenario.needs_packets().then_some((mtu, overhead, checksum))
        };
        if self.link.shared != era.link.shared {
            return Err(refusal(change, "link.shared cannot change during the run"));
        }
        if of_stacks(self) != of_stacks(era) {
            let sentence = "with network=packets link.mtu, link.overhead and link.checksum cannot change during the run, \
                            because the TCP/IP stacks are set up before it begins";
            return Err(refusal(change, sentence));
        }
        Ok(())
    }
}

/// Returns what is set by changes.
fn pairs(changes: &[Change]) -> impl Iterator<Item = (&str, &str)> {
    changes.iter().map(|change| (change.key.as_str(), change.value.as_str()))
}

/// Returns the error of a change, with the reason.
fn refusal(change: &Change, why: &str) -> FieldError {
    let text = change.to_string();
    let sentence = format!("changes has \"{}\": {why}", Printable::short(&text));
    FieldError::Contradiction { key: "changes".into(), sentence }
}
