//! Reads a scenario from text, and writes it back.

use super::error::FieldError;
use super::field::{Draft, Field};
use super::keys::FIELDS;
use super::model::Scenario;
use super::workload::Workload;
use crate::client::{Arrivals, Process};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Scenario {
    /// Changes the scenario by pairs of key and value: all of them or, on an error, none.
    ///
    /// Presets are applied before the other keys of the same call, whatever their order; of equal keys
    /// the last one counts.
    ///
    /// # Errors
    /// The first [`FieldError`].
    pub fn apply<K, V>(&mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Result<(), FieldError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let own = |(key, value): (K, V)| (key.as_ref().to_string(), value.as_ref().to_string());
        *self = self.changed(&pairs.into_iter().map(own).collect::<Vec<_>>())?;
        Ok(())
    }

    /// Returns the scenario with these pairs of key and value.
    fn changed(&self, pairs: &[(String, String)]) -> Result<Self, FieldError> {
        let mut draft = Draft::new(self);
        for presets in [true, false] {
            for (key, value) in pairs {
                let field = Field::find(key);
                if field.as_ref().is_ok_and(|field| field.access.resets) == presets {
                    field?.set(&mut draft, value)?;
                }
            }
        }
        let mut changed = draft.build()?;
        changed.check()?;
        changed.check_changes()?;
        Ok(changed)
    }

    /// Returns the value of `key` as text that [`apply`](Self::apply) reads; `None` if there is no such
    /// key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        Field::find(key).ok().map(|field| field.value(self))
    }

    /// Returns every key with its value.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        FIELDS.iter().map(|field| (field.key, field.value(self)))
    }

    /// Returns the keys whose values differ from their defaults: for the policy and the link, those of
    /// their presets; with `workload.rate`, what it sets.
    pub fn changes(&self) -> impl Iterator<Item = (&'static str, String)> {
        let (default, implied) = (Self::default(), self.implied());
        FIELDS.iter().filter_map(move |field| {
            let value = field.value(self);
            let base = if field.access.resets { &default } else { &implied };
            // A latency of none goes without saying: there is a `link.rtt`.
            let is_implied = field.key == "link.latency" && value == "none";
            (field.value(base) != value && !is_implied).then_some((field.key, value))
        })
    }

    /// Returns the scenario of the keys that set others.
    fn implied(&self) -> Self {
        let (preset, link_preset) = (self.preset, self.link_preset);
        let (policy, link) = (preset.policy(), link_preset.link());
        let mut implied = Self { preset, policy, link_preset, link, ..Self::default() };
        if let Some(rate) = self.workload.rate() {
            implied.open_loop();
            let arrivals = Arrivals::at_rate(Process::Poisson, rate);
            implied.workload = Workload::Open { arrivals, shared: true, duration: None };
        }
        implied
    }
}
