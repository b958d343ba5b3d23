//! `retrylab keys`: lists the keys of a scenario, from the core's table.

use crate::data_file;
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout, complain};
use retrylab_core::scenario::FIELDS;
use retrylab_core::value::nearest;
use serde_json::{Value, json};

const EXAMPLES: &str = "\
Examples:
  retrylab keys                      every key
  retrylab keys jitter               those that contain `jitter` in their names or meanings
  retrylab sim --set policy.jitter=full --set policy.initial_timeout=1s     set keys of a scenario

Exit codes: 0 listed, 1 stdout cannot be written, 2 usage error or no such key.";

/// Show every key of a scenario: its default, its meaning and its allowed values
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Part of a name or of a meaning [default: all keys]
    pattern: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Prints the keys.
    pub(crate) fn run(&self) -> Exit {
        run(self.pattern.as_deref(), self.json)
    }
}

/// Prints the keys with their defaults, meanings and allowed values: all keys, or those that contain `pattern` in their
/// names or meanings, in any case of letters.
pub(crate) fn run(pattern: Option<&str>, as_json: bool) -> Exit {
    let mut out = Stdout::default();
    let wanted = pattern.map(str::to_lowercase);
    let contains =
        |text: &str| wanted.as_ref().is_none_or(|part| text.to_lowercase().contains(part));
    let fields: Vec<_> =
        FIELDS.iter().filter(|field| contains(field.key) || contains(field.help())).collect();
    if let (Some(pattern), true) = (pattern, fields.is_empty()) {
        complain(none(pattern));
        return Exit::Usage;
    }
    let rows = fields
        .into_iter()
        .map(|field| (field.key, field.default_value(), data_file::allowed(field), field.help()));
    if as_json {
        let keys: Vec<Value> = rows
            .map(|(key, default, allowed, help)| {
                json!({ "key": key, "default": default, "takes": allowed, "help": help })
            })
            .collect();
        out.json(&json!({ "schema": SCHEMA, "keys": keys }));
    } else {
        out.line(format_args!("{:<24}{:<12}meaning and allowed values", "key", "default"));
        for (key, default, allowed, help) in rows {
            out.line(format_args!("{key:<24}{default:<10}  {help}"));
            out.line(format_args!("{:<36}  {allowed}", ""));
        }
    }
    out.finish(Exit::Success)
}

/// Returns the sentence about a pattern that no key contains.
fn none(pattern: &str) -> String {
    let names = FIELDS.iter().flat_map(|field| [field.key, field.name()]);
    let meant = nearest(pattern, names);
    let hint = meant.map(|key| format!("; did you mean {key}?")).unwrap_or_default();
    format!("no key and no meaning of a key contains {pattern:?}{hint}")
}
