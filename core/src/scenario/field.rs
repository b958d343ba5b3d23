//! One key of a scenario, with everything that is known about it.

use super::error::FieldError;
use super::latency::LatencyKeys;
use super::load::LoadKeys;
use super::model::Scenario;
use super::workload::Parts;
use crate::policy::{Policy, PolicyBuilder};
use crate::value::{Shape, Value};
use alloc::string::{String, ToString};
use core::fmt;

/// One key of a scenario.
#[derive(Clone, Copy)]
pub struct Field {
    /// Its name, with dots.
    pub key: &'static str,
    /// How its values are written, and which ones are allowed.
    pub shape: Shape,
    pub(super) access: Access,
}

/// Access to a field's value. The table's macro creates it from one place expression.
#[derive(Clone, Copy)]
pub(super) struct Access {
    /// Sets it from text; false if the text is refused.
    pub(super) set: fn(&mut Draft, &str, &Shape) -> bool,
    /// Returns it as text.
    pub(super) value: fn(&Scenario) -> String,
    /// Returns a text of such a value in its canonical form.
    pub(super) canonical: fn(&str, &Shape) -> Option<String>,
    /// Resets a whole group; such a key is applied before all others.
    pub(super) resets: bool,
}

impl Field {
    /// Returns its value in `scenario`, as text that [`Scenario::apply`] reads.
    #[must_use]
    pub fn value(&self, scenario: &Scenario) -> String {
        (self.access.value)(scenario)
    }

    /// Returns its value in the default scenario.
    #[must_use]
    pub fn default_value(&self) -> String {
        self.value(&Scenario::default())
    }

    /// Returns the group before the dot, such as `link`; empty if the key has no dot.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.key.split_once('.').map_or("", |(group, _)| group)
    }

    /// Returns the name after the dot.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, name)| name)
    }

    /// Reads `text` as this key's value, by itself, and returns it in its canonical form.
    ///
    /// # Errors
    /// [`FieldError::BadValue`] if it is refused.
    pub fn canonical(&'static self, text: &str) -> Result<String, FieldError> {
        (self.access.canonical)(text, &self.shape).ok_or_else(|| self.refuse(text))
    }

    pub(super) fn set(&'static self, draft: &mut Draft, text: &str) -> Result<(), FieldError> {
        let is_set = (self.access.set)(draft, text, &self.shape);
        if is_set { Ok(()) } else { Err(self.refuse(text)) }
    }

    fn refuse(&'static self, text: &str) -> FieldError {
        FieldError::BadValue { key: self.key, value: text.to_string(), shape: &self.shape }
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.key).finish()
    }
}

/// A scenario while its keys are being set: its policy, its workload and its latency may contradict
/// themselves.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) scenario: Scenario,
    pub(super) policy: PolicyBuilder,
    pub(super) workload: Parts,
    pub(super) load: LoadKeys,
    pub(super) latency: LatencyKeys,
}

impl Draft {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let (policy, workload) = (scenario.policy.to_builder(), scenario.workload.parts());
        let (load, latency) = (LoadKeys::default(), LatencyKeys::default());
        Self { scenario: scenario.clone(), policy, workload, load, latency }
    }

    /// Resets the policy to its preset.
    pub(super) fn reset_policy(&mut self) {
        self.policy = self.scenario.preset.policy().to_builder();
    }

    /// Resets the link to its preset.
    pub(super) fn reset_link(&mut self) {
        self.scenario.link = self.scenario.link_preset.link();
    }

    /// Sets what an open loop needs, if `workload.rate` asks for one.
    pub(super) fn open_loop(&mut self) {
        if self.load.rate.flatten().is_some() {
            self.scenario.open_loop();
        }
    }

    /// Returns the scenario, if its policy, its workload and its latency are each valid.
    pub(super) fn build(mut self) -> Result<Scenario, FieldError> {
        let policy = self.policy.build().map_err(|error| FieldError::Contradiction {
            key: alloc::format!("policy.{}", error.field()),
            sentence: error.to_string(),
        })?;
        self.latency.apply(&mut self.scenario)?;
        let open = self.load.build(self.scenario.workload.open())?;
        Ok(Scenario { policy, workload: self.workload.build(open)?, ..self.scenario })
    }
}

/// The part of a field that depends only on the type of its value.
pub(super) struct Type {
    pub(super) shape: Shape,
    pub(super) canonical: fn(&str, &Shape) -> Option<String>,
}

impl Type {
    pub(super) const fn of<T: Value>() -> Self {
        Self { shape: T::SHAPE, canonical: |text, shape| Some(read::<T>(text, shape)?.to_text()) }
    }

    pub(super) const fn in_scenario<T: Value>(_: fn(&Scenario) -> &T) -> Self {
        Self::of::<T>()
    }

    pub(super) const fn in_workload<T: Value>(_: fn(&Parts) -> &T) -> Self {
        Self::of::<T>()
    }

    pub(super) const fn in_policy<T: Value>(_: fn(&Policy) -> T) -> Self {
        Self::of::<T>()
    }
}

/// Reads a value that is within the bounds of `shape`.
pub(super) fn read<T: Value>(text: &str, shape: &Shape) -> Option<T> {
    T::parse(text).filter(|value| value.fits(shape))
}

/// Sets `place` from text.
pub(super) fn set<T: Value>(place: &mut T, text: &str, shape: &Shape) -> bool {
    match read(text, shape) {
        Some(value) => {
            *place = value;
            true
        }
        None => false,
    }
}
