//! `retrylab keys`: lists the keys of a scenario, from the core's table.

use crate::data_file;
use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use retrylab_core::scenario::FIELDS;
use serde_json::{Value, json};

/// Prints every key with its default, its meaning and its allowed values.
pub(crate) fn run(as_json: bool) -> Exit {
    let mut out = Stdout::default();
    let rows = FIELDS
        .iter()
        .map(|field| (field.key, field.default_value(), data_file::allowed(field), field.help));
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
            out.line(format_args!("{key:<24}{default:<12}{help}"));
            out.line(format_args!("{:<36}  {allowed}", ""));
        }
    }
    out.finish(Exit::Success)
}
