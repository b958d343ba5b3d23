//! `retrylab keys`: the scenario's vocabulary, from the core's table.

use crate::data_file;
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use retrylab_core::scenario::{FIELDS, Scenario};
use serde_json::{Value, json};

/// Prints every key with its default, what it takes and what it means.
pub(crate) fn run(as_json: bool) -> Exit {
    let mut out = Stdout::default();
    let defaults = Scenario::default();
    let rows = FIELDS.iter().map(|field| {
        let default = defaults.value(field.key).unwrap_or_default();
        (field.key, default, data_file::takes(field.kind), field.help)
    });
    if as_json {
        let keys: Vec<Value> = rows
            .map(|(key, default, takes, help)| {
                json!({ "key": key, "default": default, "takes": takes, "help": help })
            })
            .collect();
        out.json(&json!({ "schema": SCHEMA, "keys": keys }));
    } else {
        out.line(format_args!("{:<24}{:<12}meaning, and what it takes", "key", "default"));
        for (key, default, takes, help) in rows {
            out.line(format_args!("{key:<24}{default:<12}{help}"));
            out.line(format_args!("{:<36}  {takes}", ""));
        }
    }
    out.finish(Exit::Success)
}
