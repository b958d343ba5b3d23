//! `--variant NAME=CHANGES`: several keys, or another scenario, under one name.

use crate::data_file::{self, DataError};
use crate::exit::Exit;
use crate::source::{Source, SourceError, pair};
use retrylab_core::scenario::{FIELDS, Field, FieldError, Scenario};
use retrylab_core::value::Printable;
use std::path::Path;

/// The flag.
#[derive(clap::Args, Debug)]
pub(crate) struct Variants {
    /// Give changes of the scenario a name: `slow=link.latency=200ms,link.loss=0.1`, or another scenario,
    /// as in `calm=textbook` or `calm=file.toml,clients=10`; can be repeated
    #[arg(long, value_name = "NAME=CHANGES", allow_hyphen_values = true)]
    variant: Vec<String>,
}

/// Reason why a variant is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VariantError {
    #[error(
        "--variant: {0:?} has no name; try NAME=KEY=VALUE,KEY=VALUE or NAME=SCENARIO, such as slow=link.latency=200ms"
    )]
    NoName(String),
    #[error("--variant: {key} is a key, not a name; try --variant {hint}={key}={value}", hint = hint(.value))]
    Key { key: String, value: String },
    #[error("--variant: {0} is the name of two variants")]
    Twice(String),
    #[error("--variant: {0}: all variants use the same seeds; set the first one with --seed")]
    Seed(String),
    #[error("--variant: {0}: {1}")]
    Field(String, FieldError),
    #[error("--variant: {0}: {1}")]
    Data(String, DataError),
    #[error("--variant: {0}: {1}")]
    Source(String, Box<SourceError>),
}

impl VariantError {
    pub(crate) fn exit(&self) -> Exit {
        if let Self::Source(_, error) = self { error.exit() } else { Exit::Usage }
    }
}

/// Suggests a name for a variant that consists of one value.
fn hint(value: &str) -> &str {
    let is_word = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric());
    if is_word { value } else { "NAME" }
}

/// A named change of a scenario.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    /// The scenario that it replaces the base with, if it names one.
    base: Option<Scenario>,
    sets: Vec<(String, String)>,
}

impl Variants {
    pub(crate) const fn is_empty(&self) -> bool {
        self.variant.is_empty()
    }

    /// Reads all variants.
    pub(crate) fn read(&self) -> Result<Vec<Variant>, VariantError> {
        let mut variants: Vec<Variant> = Vec::with_capacity(self.variant.len());
        for text in &self.variant {
            let variant = Variant::read(text)?;
            if variants.iter().any(|other| other.name == variant.name) {
                return Err(VariantError::Twice(shown(&variant.name)));
            }
            variants.push(variant);
        }
        Ok(variants)
    }
}

fn shown(name: &str) -> String {
    Printable::short(name).to_string()
}

impl Variant {
    fn read(text: &str) -> Result<Self, VariantError> {
        let (name, changes) = match text.split_once('=') {
            Some((name, changes)) if !name.trim().is_empty() => (name.trim(), changes.trim()),
            _ => return Err(VariantError::NoName(shown(text))),
        };
        if Field::find(name).is_ok() {
            return Err(VariantError::Key { key: name.to_string(), value: shown(changes) });
        }
        let mut pieces = pieces(changes).into_iter().peekable();
        let base = pieces.next_if(|piece| !is_pair(piece)).map(|scenario| {
            let source =
                Source { scenario: Some(scenario), link: None, preset: None, set: &[], seed: None };
            source.base().map_err(|error| VariantError::Source(shown(name), Box::new(error)))
        });
        let sets = pieces.map(|piece| {
            let (key, value) = pair(piece).map_err(|e| VariantError::Field(shown(name), e))?;
            if key == "seed" {
                return Err(VariantError::Seed(shown(name)));
            }
            let value = data_file::expand(key, value, Path::new(""));
            let value = value.map_err(|error| VariantError::Data(shown(name), error))?;
            Ok((key.to_string(), value.into_owned()))
        });
        let sets = sets.collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_string(), base: base.transpose()?, sets })
    }

    /// Returns the scenario of the variant; see [`apply`](Self::apply).
    pub(crate) fn scenario<K: AsRef<str>, V: AsRef<str>>(
        &self,
        base: &Scenario,
        sets: &[(K, V)],
    ) -> Result<Scenario, VariantError> {
        let applied = self.apply(base, sets);
        applied.map_err(|error| VariantError::Field(shown(&self.name), error))
    }

    /// Returns `base` with `sets`, which apply to every variant, and with the variant's own changes, which win over
    /// them. The seed is that of `base`.
    pub(crate) fn apply<K: AsRef<str>, V: AsRef<str>>(
        &self,
        base: &Scenario,
        sets: &[(K, V)],
    ) -> Result<Scenario, FieldError> {
        let mut scenario = self.base.as_ref().unwrap_or(base).clone();
        scenario.seed = base.seed;
        let common = sets.iter().map(|(key, value)| (key.as_ref(), value.as_ref()));
        let common = common.filter(|(key, _)| !self.sets(key));
        let own = self.sets.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        // All at once: a preset of the variant is applied before what --set changes in it.
        scenario.apply(common.chain(own))?;
        Ok(scenario)
    }

    /// Returns whether the variant sets `key`.
    pub(crate) fn sets(&self, key: &str) -> bool {
        self.sets.iter().any(|(own, _)| own == key)
    }
}

/// Splits changes at the commas before a key; other commas are part of a value. A link stays whole.
fn pieces(changes: &str) -> Vec<&str> {
    if changes.is_empty() {
        return Vec::new();
    }
    if changes.contains('#') {
        return vec![changes];
    }
    let commas = changes.match_indices(',').map(|(at, _)| at);
    let ends = commas.filter(|at| begins_with_key(&changes[at + 1..])).chain([changes.len()]);
    let mut begin = 0;
    ends.map(|end| {
        let piece = changes[begin..end].trim();
        begin = end + 1;
        piece
    })
    .collect()
}

/// Returns whether `text` begins with `key=`. A misspelt key of a known group is one, too, so that it is reported.
fn begins_with_key(text: &str) -> bool {
    let Some((key, _)) = text.split_once('=') else { return false };
    let key = key.trim();
    let group = key.split_once('.').map(|(group, _)| group);
    Field::find(key).is_ok()
        || group.is_some_and(|group| FIELDS.iter().any(|field| field.group() == group))
}

/// Returns whether a piece is `KEY=VALUE` rather than the name of a scenario, a path or a link.
fn is_pair(piece: &str) -> bool {
    let key = piece.split_once('=').map(|(key, _)| key);
    key.is_some_and(|key| !key.contains(['/', '\\', '#']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        let variant = Variant::read(text).unwrap();
        let scenario = variant.scenario(&Scenario::default(), &[("clients", "7")]).unwrap();
        scenario.changes().map(|(key, value)| format!("{key}={value}")).collect()
    }

    #[test]
    fn a_variant_has_keys_or_a_scenario_or_both() {
        assert_eq!(keys("a=policy.preset=coap"), ["clients=7", "policy.preset=coap"]);
        assert_eq!(keys("b=clients=2, link.loss=10%"), ["clients=2", "link.loss=0.1"]);
        assert_eq!(keys("none="), ["clients=7"]);
        assert_eq!(keys("c=#server.drop=0.5&seed=9"), ["clients=7", "server.drop=0.5"]);
        let shipped = keys("d=textbook,server.drop=0.25");
        assert!(shipped.contains(&"server.drop=0.25".to_string()), "{shipped:?}");
        assert!(shipped.iter().any(|pair| pair.starts_with("exchanges=")), "{shipped:?}");
    }

    #[test]
    fn a_comma_within_a_value_does_not_end_it() {
        assert_eq!(keys("a=server.drop_list=1,3,clients=2"), ["clients=2", "server.drop_list=1,3"]);
        assert_eq!(
            pieces("servers=a=192.0.2.1:1,b=192.0.2.2:1,link.los=0"),
            ["servers=a=192.0.2.1:1,b=192.0.2.2:1", "link.los=0"]
        );
    }

    #[test]
    fn a_preset_of_a_variant_keeps_what_all_variants_set() {
        let sets = [("policy.max_sends", "3")];
        let variant = Variant::read("coap=policy.preset=coap").unwrap();
        let scenario = variant.scenario(&Scenario::default(), &sets).unwrap();
        assert_eq!(scenario.value("policy.max_sends").as_deref(), Some("3"));
        let own = Variant::read("five=policy.max_sends=5").unwrap();
        let scenario = own.scenario(&Scenario::default(), &sets).unwrap();
        assert_eq!(scenario.value("policy.max_sends").as_deref(), Some("5"));
    }

    #[test]
    fn what_is_not_a_variant_is_explained() {
        for (text, said) in [
            ("coap", "--variant: \"coap\" has no name; try NAME="),
            ("policy.preset=coap", "try --variant coap=policy.preset=coap"),
            ("a=link.los=0", "--variant: a: unknown key \"link.los\""),
            ("a=link.loss=2", "--variant: a: link.loss"),
            ("a=nosuch", "--variant: a: nosuch is neither a file nor a built-in scenario"),
            ("a=seed=3", "--variant: a: all variants use the same seeds"),
        ] {
            let result = Variant::read(text);
            let error = result
                .and_then(|v| v.scenario(&Scenario::default(), &[("clients", "1")]))
                .unwrap_err();
            assert!(error.to_string().contains(said), "{text}: {error}");
        }
    }
}
