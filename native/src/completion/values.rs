//! The values that an argument may have. The name of the value in `--help` says which kind it is.

use super::{Answer, Candidate};
use crate::flags;
use crate::sim::measure::MEASURES;
use clap::Arg;
use retrylab_core::policy::Preset;
use retrylab_core::scenario::{Field, SHIPPED};
use retrylab_core::theory::Model;
use retrylab_core::value::Form;

/// Where an argument stands.
pub(super) struct Place<'a> {
    /// The subcommand.
    pub(super) command: &'a str,
    /// Its first positional argument, if it is known by now.
    pub(super) first: Option<&'a &'a str>,
}

/// Returns the values of `arg`; `current` is the part that is written already.
pub(super) fn answer(arg: &Arg, place: &Place<'_>, current: &str) -> Answer {
    let possible = arg.get_value_parser().possible_values();
    if let Some(values) = possible.filter(|_| arg.get_action().takes_values()) {
        let help = |value: &clap::builder::PossibleValue| {
            value.get_help().map_or_else(|| of_preset(value.get_name()), ToString::to_string)
        };
        let candidates = values.map(|value| Candidate::new(value.get_name(), &help(&value)));
        return Answer { candidates: candidates.collect(), files: false };
    }
    let names = arg.get_value_names().unwrap_or_default();
    let name = names.first().map_or("", |name| name.as_str());
    let candidates = match name {
        "KEY=VALUE" if place.command == "theory" => inputs(place.first.copied()),
        "KEY=VALUE" | "KEY=VALUES" => pairs(place, current),
        "KEY" | "PATTERN" => keys(place, ""),
        "MEASURE" | "ASSERTION" => last_of_list(current, measures()),
        "PRESET" => presets(),
        "SCENARIO" => scenarios(),
        _ if name.contains("KEY=VALUE") => variant(place, current),
        _ => Vec::new(),
    };
    let files = name.contains("FILE") || name == "SCENARIO" && place.command != "scenarios";
    Answer { candidates, files }
}

/// Returns the candidates for the last item of a list.
fn last_of_list(current: &str, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    let before = current.rfind(',').map_or("", |at| &current[..=at]);
    candidates.iter_mut().for_each(|candidate| candidate.text.insert_str(0, before));
    candidates
}

/// Returns the candidates for `NAME=KEY=VALUE,…`: keys and their words, but nothing for the name.
fn variant(place: &Place<'_>, current: &str) -> Vec<Candidate> {
    let Some(name) = current.find('=') else { return Vec::new() };
    let (before, pair) = current.split_at(current.rfind(',').unwrap_or(name) + 1);
    let mut candidates = pairs(place, pair);
    candidates.iter_mut().for_each(|candidate| candidate.text.insert_str(0, before));
    candidates
}

/// Returns the keys that a subcommand has, each followed by `end`.
fn keys(place: &Place<'_>, end: &str) -> Vec<Candidate> {
    let key = |field: &Field| Candidate::new(format!("{}{end}", field.key), field.help());
    flags::settable(place.command).map(key).collect()
}

/// Returns keys before the `=`, and after it the words that the key accepts. Of several values, it completes the last one.
fn pairs(place: &Place<'_>, current: &str) -> Vec<Candidate> {
    let Some((key, values)) = current.split_once('=') else { return keys(place, "=") };
    let Ok(field) = Field::find(key) else { return Vec::new() };
    let list = values.rfind([',', ';']).map_or("", |at| &values[..=at]);
    let value = |(word, help): &(&str, String)| Candidate::new(format!("{key}={list}{word}"), help);
    words(field).iter().map(value).collect()
}

/// Returns the words that a key accepts, and examples of values that consist of a keyword and its parameters.
fn words(field: &'static Field) -> Vec<(&'static str, String)> {
    let mut words: Vec<(&str, String)> = match field.shape.form {
        Form::Bool => vec![("true", String::new()), ("false", String::new())],
        Form::Choice(words) => words.iter().map(|word| (*word, of_preset(word))).collect(),
        Form::Phrase(grammar) => {
            grammar.examples.iter().map(|(text, help)| (*text, (*help).to_string())).collect()
        }
        _ => Vec::new(),
    };
    words.extend(field.shape.words().map(|word| (word, String::new())));
    words
}

/// Returns when to use the preset of this name; empty if there is none.
fn of_preset(name: &str) -> String {
    let preset = Preset::ALL.iter().find(|preset| preset.name() == name);
    preset.map_or_else(String::new, |preset| preset.use_when().to_string())
}

fn presets() -> Vec<Candidate> {
    Preset::ALL.iter().map(|preset| Candidate::new(preset.name(), preset.use_when())).collect()
}

fn scenarios() -> Vec<Candidate> {
    SHIPPED.iter().map(|shipped| Candidate::new(shipped.name, shipped.question())).collect()
}

fn measures() -> Vec<Candidate> {
    MEASURES.iter().map(|measure| Candidate::new(measure.name, "")).collect()
}

/// Returns the inputs of a model of `theory`.
fn inputs(model: Option<&str>) -> Vec<Candidate> {
    let inputs = model.and_then(Model::find).map_or(&[][..], |model| model.inputs);
    inputs.iter().map(|input| Candidate::new(format!("{}=", input.key), input.help)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_is_completed_after_its_name() {
        let place = Place { command: "sim", first: None };
        let texts = |current: &str| {
            let candidates = variant(&place, current).into_iter();
            candidates.map(|candidate| candidate.text).collect::<Vec<_>>()
        };
        assert!(texts("mine").is_empty());
        assert!(texts("mine=").contains(&"mine=policy.jitter=".to_string()));
        let second = texts("mine=server.drop=0.1,policy.jitter=");
        assert!(
            second.contains(&"mine=server.drop=0.1,policy.jitter=full".to_string()),
            "{second:?}"
        );
        let list = last_of_list("sends,", measures());
        assert!(list.iter().any(|candidate| candidate.text == "sends,calls"));
    }
}
