//! Reads a scenario from text, and writes it back.

use super::error::FieldError;
use super::field::{Draft, Field};
use super::keys::FIELDS;
use super::model::Scenario;
use super::workload::Workload;
use crate::client::{Arrivals, Process};
use alloc::string::String;
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
        let find = |(key, value): (K, V)| (Field::find(key.as_ref()), value);
        let mut pairs: Vec<_> = pairs.into_iter().map(find).collect();
        pairs.sort_by_key(|(field, _)| !field.as_ref().is_ok_and(|field| field.access.resets));
        let mut draft = Draft::new(self);
        for (field, value) in pairs {
            field?.set(&mut draft, value.as_ref())?;
        }
        let changed = draft.build()?;
        changed.check()?;
        *self = changed;
        Ok(())
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
