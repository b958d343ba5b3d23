//! The names of the keys on the page. A sentence of the core names keys; a reader of the page sees labels.

use super::controls::Main;
use crate::numbers::capital;
use retrylab_core::scenario::{FIELDS, Field};

/// Names that are written in upper case.
const ACRONYMS: [&str; 3] = ["dns", "mtu", "rtt"];

/// Returns the label of a key. No two keys have the same one.
pub(super) fn label(field: &Field) -> String {
    if let Some(main) = Main::find(field.key) {
        return main.label.to_string();
    }
    let name = field.name();
    let is_shared = FIELDS.iter().filter(|other| other.name() == name).count() > 1;
    heading(if is_shared { field.key } else { name })
}

/// Returns a name as a heading.
pub(super) fn heading(name: &str) -> String {
    let words = name.split(['.', '_']).map(|word| {
        if ACRONYMS.contains(&word) { word.to_ascii_uppercase() } else { word.to_string() }
    });
    capital(&words.collect::<Vec<_>>().join(" "))
}

/// Returns a sentence of the core with labels in place of keys, and its values in backticks.
pub(super) fn in_words(sentence: &str) -> String {
    let mut out = String::new();
    for (place, part) in sentence.split('"').enumerate() {
        // Every second part is a value, which may itself look like a key.
        if place % 2 == 1 {
            out = out + "`" + part + "`";
        } else {
            name_keys(&mut out, part);
        }
    }
    capital(&out)
}

/// Appends `text` with labels in place of keys.
fn name_keys(out: &mut String, text: &str) {
    let in_key = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !in_key(c)).unwrap_or(rest.len()));
        let key = word.trim_end_matches('.');
        rest = after;
        match FIELDS.iter().find(|field| field.key == key) {
            Some(field) if key.contains('.') || is_key(after) => {
                *out = std::mem::take(out) + "“" + &label(field) + "”" + &word[key.len()..];
                if let Some(value) = after.strip_prefix('=') {
                    *out += " set to ";
                    rest = value;
                }
            }
            _ => *out += word,
        }
        let (between, next) = rest.split_at(rest.find(in_key).unwrap_or(rest.len()));
        *out += between;
        rest = next;
    }
}

/// Returns whether a word such as `token` is meant as a key, from what follows it.
fn is_key(after: &str) -> bool {
    ["=", " is ", " has ", " must "].iter().any(|next| after.starts_with(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_a_label_of_its_own() {
        let mut labels: Vec<String> = FIELDS.iter().map(label).collect();
        assert!(labels.contains(&"Give up above".to_string()));
        assert!(
            labels.contains(&"RTT".to_string()) && labels.contains(&"Server queue".to_string())
        );
        labels.sort();
        let all = labels.len();
        labels.dedup();
        assert_eq!(labels.len(), all);
    }

    #[test]
    fn keys_become_labels_and_values_stay() {
        for (sentence, wanted) in [
            (
                "policy.give_up_above is 2s; it must not be below policy.initial_timeout, 3s",
                "“Give up above” is 2s; it must not be below “First timeout”, 3s",
            ),
            (
                "family is \"ipv6\"; without network=packets it must be ipv4",
                "“Family” is `ipv6`; without “Network” set to packets it must be ipv4",
            ),
            ("link.loss: \"policy.jitter=1\" fails", "“Loss”: `policy.jitter=1` fails"),
            ("each client sends a message", "Each client sends a message"),
            ("set link.queue.", "Set “Link queue”."),
        ] {
            assert_eq!(in_words(sentence), wanted);
        }
    }
}
