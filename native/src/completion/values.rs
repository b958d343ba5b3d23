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
    let (kind, files) = match name {
        "KEY=VALUE" if place.command == "theory" => (inputs(place.first.copied()), false),
        "KEY=VALUE" | "KEY=VALUES" => (pairs(place, current), false),
        "KEY" | "PATTERN" => (keys(place, ""), false),
        "MEASURE" | "ASSERTION" => (measures(), false),
        "PRESET" => (presets(), false),
        _ if name.starts_with("SCENARIO") => (scenarios(), place.command != "scenarios"),
        _ => (Vec::new(), name.starts_with("FILE")),
    };
    Answer { candidates: kind, files }
}

/// Returns the keys that a subcommand has, each followed by `end`.
fn keys(place: &Place<'_>, end: &str) -> Vec<Candidate> {
    let key = |field: &Field| Candidate::new(format!("{}{end}", field.key), field.help);
    flags::settable(place.command).map(key).collect()
}

/// Returns keys before the `=`, and after it the words that the key accepts. Of several values, it completes the last one.
fn pairs(place: &Place<'_>, current: &str) -> Vec<Candidate> {
    let Some((key, values)) = current.split_once('=') else { return keys(place, "=") };
    let Ok(field) = Field::find(key) else { return Vec::new() };
    let list = values.rfind([',', ';']).map_or("", |at| &values[..=at]);
    let value = |(value, help): (&str, &str)| Candidate::new(format!("{key}={list}{value}"), help);
    words(field).iter().map(|(word, help)| value((word, help))).collect()
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
