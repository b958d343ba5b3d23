//! The scenario in serde's model: nested maps of the keys of [`FIELDS`], as in a TOML file.

use super::field::Field;
use super::keys::FIELDS;
use super::model::Scenario;
use crate::value::Form;
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// Writes numbers and booleans as such, and everything else as text.
#[derive(serde::Serialize)]
#[serde(untagged)]
enum Leaf {
    Integer(u64),
    Number(f64),
    Bool(bool),
    Text(String),
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Node {
    Leaf(Leaf),
    Group(BTreeMap<&'static str, Leaf>),
}

impl Serialize for Scenario {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut root: BTreeMap<&str, Node> = BTreeMap::new();
        for field in FIELDS {
            let leaf = leaf(field.shape.form, field.value(self));
            if field.group().is_empty() {
                root.insert(field.key, Node::Leaf(leaf));
                continue;
            }
            let group = || Node::Group(BTreeMap::new());
            if let Node::Group(leaves) = root.entry(field.group()).or_insert_with(group) {
                leaves.insert(field.name(), leaf);
            }
        }
        root.serialize(serializer)
    }
}

/// A number is one where that cannot be mistaken: a text `5` stays a text.
fn leaf(form: Form, value: String) -> Leaf {
    let is_number = value.starts_with(|c: char| c.is_ascii_digit());
    match form {
        Form::Bool => value.parse().ok().map(Leaf::Bool),
        Form::Integer { .. } => value.parse().ok().map(Leaf::Integer),
        Form::Number(_) | Form::Phrase(_) if is_number => value.parse().ok().map(Leaf::Number),
        _ => None,
    }
    .unwrap_or(Leaf::Text(value))
}

impl<'de> Deserialize<'de> for Scenario {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pairs = Vec::new();
        deserializer.deserialize_any(Flatten { prefix: String::new(), pairs: &mut pairs })?;
        let mut scenario = Self::default();
        scenario.apply(pairs).map_err(de::Error::custom)?;
        Ok(scenario)
    }
}

/// Collects nested maps as dotted keys with the text of their values.
struct Flatten<'a> {
    prefix: String,
    pairs: &'a mut Vec<(String, String)>,
}

impl Flatten<'_> {
    fn leaf<E>(self, value: impl ToString) -> Result<(), E> {
        self.pairs.push((self.prefix, value.to_string()));
        Ok(())
    }
}

impl<'de> de::DeserializeSeed<'de> for Flatten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of scenario keys, or a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.leaf(value)
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.leaf(value)
    }

    /// A list may be an array of its items.
    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
        let mut items = Vec::new();
        while array
            .next_element_seed(Flatten { prefix: String::new(), pairs: &mut items })?
            .is_some()
        {}
        let field = Field::find(&self.prefix).map_err(de::Error::custom)?;
        let plain = items.iter().all(|(key, _)| key.is_empty());
        let items: Vec<String> = items.into_iter().map(|(_, item)| item).collect();
        let text = field.shape.join(&items).filter(|_| plain).ok_or_else(|| {
            de::Error::custom(format!("{}: an array {}", field.key, field.shape.refusal()))
        })?;
        self.leaf(text)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let dot = if self.prefix.is_empty() { "" } else { "." };
            let prefix = format!("{}{dot}{key}", self.prefix.to_owned());
            map.next_value_seed(Flatten { prefix, pairs: self.pairs })?;
        }
        Ok(())
    }
}
