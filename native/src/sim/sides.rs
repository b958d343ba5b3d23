//! The scenarios that a comparison compares, with their names.

use super::many::Many;
use super::{Args, Error};
use crate::output::narrate;
use crate::source::{Source, SourceError, pairs};
use retrylab_core::scenario::{Scenario, Shipped};
use retrylab_core::value::Printable;
use std::borrow::Cow;
use std::path::Path;

/// Maximum number of characters of a name that is made from changed keys.
const MAX_NAME: usize = 24;

/// A scenario of a comparison.
pub(super) struct Side {
    pub(super) name: String,
    pub(super) scenario: Scenario,
}

/// Returns the scenarios to compare, all with the seed of `own`, the scenario of the command line, which is one of them
/// unless several variants are compared with each other.
pub(super) fn sides(
    args: &Args,
    source: &Source<'_>,
    base: &Scenario,
    own: &Scenario,
) -> Result<Vec<Side>, Error> {
    let Many { variants, versus, versus_set, .. } = &args.many;
    let stdin = versus.iter().chain(&args.scenario).filter(|name| *name == "-").count();
    if stdin > 1 {
        return Err(Error::BothStdin);
    }
    let others = others(own, versus, versus_set)?;
    let variants = variants.read()?;
    let mut sides = Vec::new();
    if variants.len() < 2 || !others.is_empty() {
        let name = args.scenario.as_deref().and_then(name).unwrap_or_else(|| "base".to_string());
        add(&mut sides, Some(name), own.clone());
    }
    for (name, scenario) in others {
        add(&mut sides, name, scenario);
    }
    let mut sets: Vec<(String, String)> = Vec::new();
    for (key, value) in source.sets()? {
        sets.push((key.to_string(), value.into_owned()));
    }
    for variant in variants {
        let mut scenario = variant.scenario(base, &sets)?;
        scenario.seed = own.seed;
        add(&mut sides, Some(variant.name), scenario);
    }
    Ok(sides)
}

/// Returns the scenarios of `--versus` and `--versus-set`.
fn others(
    own: &Scenario,
    versus: &[String],
    set: &[String],
) -> Result<Vec<(Option<String>, Scenario)>, Error> {
    let pairs = pairs("--versus-set", set, SourceError::VersusSet)?;
    if pairs.iter().any(|(key, _)| *key == "seed") {
        return Err(Error::OtherSeed);
    }
    let mut others: Vec<(Option<String>, Scenario)> = Vec::new();
    for text in versus {
        let source =
            Source { scenario: Some(text), link: None, preset: None, set: &[], seed: None };
        let other = source.base().map_err(|error| SourceError::Versus(Box::new(error)))?;
        if other.seed != own.seed {
            narrate!(
                "the seed of {}, {}, is ignored: all scenarios use the same seeds",
                Printable::short(text),
                other.seed
            );
        }
        others.push((name(text), other));
    }
    if others.is_empty() && !pairs.is_empty() {
        others.push((name_of(&pairs), own.clone()));
    }
    for (_, other) in &mut others {
        other
            .apply(pairs.iter().map(|(key, value)| (key, value)))
            .map_err(SourceError::VersusSet)?;
        other.seed = own.seed;
    }
    Ok(others)
}

/// Returns the name of a built-in scenario or of a file; `None` for a link and for stdin.
fn name(text: &str) -> Option<String> {
    if Shipped::find(text).is_some() {
        return Some(text.to_string());
    }
    let stem = Path::new(text).file_stem()?.to_str()?;
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!stem.is_empty() && text != "-" && stem.chars().all(is_word)).then(|| stem.to_string())
}

/// Returns a name for changes: the word that one key is set to, such as a preset's, or the pairs if they are short.
fn name_of(pairs: &[(&str, Cow<'_, str>)]) -> Option<String> {
    if let [(_, value)] = pairs
        && value.starts_with(char::is_alphabetic)
        && value.chars().all(|c| c.is_alphanumeric() || c == '-')
    {
        return Some(value.to_string());
    }
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}={value}")).collect();
    Some(pairs.join(", ")).filter(|name| name.chars().count() <= MAX_NAME)
}

/// Adds a scenario. Without a name of its own, or with one that is taken, it is A, B or C, by its place.
fn add(sides: &mut Vec<Side>, name: Option<String>, scenario: Scenario) {
    let taken = |name: &str| sides.iter().any(|side| side.name == name);
    let letters = ('A'..='Z').skip(sides.len()).map(String::from);
    let numbers = (sides.len()..).map(|n| format!("scenario {n}"));
    let mut names = name.into_iter().chain(letters).chain(numbers);
    let name = names.find(|name| !taken(name)).unwrap_or_default();
    sides.push(Side { name, scenario });
}
