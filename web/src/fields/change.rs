//! Changing one value of a scenario: what people write, and what the page says when it is refused.

use super::controls::{Main, PRESET};
use super::labels::{in_words, label};
use retrylab_core::scenario::{Field, FieldError, Scenario};
use retrylab_core::value::{Form, Printable, Shape};

/// Returns the scenario with `key` set to what was typed, or reset to its default without a value.
///
/// A number without a unit has the unit of the last value, or milliseconds. The value is that of the whole run: changes of
/// the key during the run are discarded.
///
/// # Errors
/// One sentence with the label of the key that says what to type.
pub(crate) fn change(
    scenario: &Scenario,
    key: &str,
    typed: Option<&str>,
) -> Result<Scenario, String> {
    let mut whole = scenario.clone();
    whole.changes = whole.changes.without(key);
    let changed = match typed {
        Some(typed) => set(&whole, key, typed),
        None => reset(&whole, key),
    };
    changed.map_err(|error| explain(scenario, &error))
}

fn set(scenario: &Scenario, key: &str, typed: &str) -> Result<Scenario, FieldError> {
    let changed = scenario.adapted(key, typed);
    if !is_bad_value(&changed) || !is_number(typed) {
        return changed;
    }
    let value = scenario.value(key).unwrap_or_default();
    let with_unit = scenario.adapted(key, &format!("{}{}", typed.trim(), unit(&value)));
    if is_bad_value(&with_unit) { changed } else { with_unit }
}

/// Returns the scenario without its value of `key`; a policy that left its preset goes back to it.
pub(super) fn reset(scenario: &Scenario, key: &str) -> Result<Scenario, FieldError> {
    if key == PRESET {
        return scenario.adapted(key, scenario.preset.name());
    }
    let link = scenario.to_fragment();
    let others = link.split('&').filter(|pair| pair.split('=').next() != Some(key));
    let (reset, mut errors) = Scenario::from_fragment(&others.collect::<Vec<_>>().join("&"));
    if errors.is_empty() { Ok(reset) } else { Err(errors.swap_remove(0)) }
}

fn is_bad_value(changed: &Result<Scenario, FieldError>) -> bool {
    matches!(changed, Err(FieldError::BadValue { .. }))
}

fn is_number(typed: &str) -> bool {
    let typed = typed.trim();
    typed.starts_with(|c: char| c.is_ascii_digit())
        && typed.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Returns the unit of a value that is a number; milliseconds for any other value, and for zero.
fn unit(value: &str) -> &str {
    if value.starts_with('0') || !value.starts_with(|c: char| c.is_ascii_digit()) {
        return "ms";
    }
    value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
}

/// Returns an error in the words of the page.
fn explain(scenario: &Scenario, error: &FieldError) -> String {
    let FieldError::BadValue { key, value, shape } = error else {
        return in_words(&error.to_string()) + ".";
    };
    let typed = match value.trim() {
        "" => "The field is empty.".to_string(),
        value => format!("You typed `{}`.", Printable::short(value)),
    };
    let percent = format!("{}%", value.trim());
    let meant = match shape.meant(value) {
        Some(word) => format!(" Did you mean `{word}`?"),
        None if is_number(value) && scenario.adapted(key, &percent).is_ok() => {
            format!(" Did you mean `{percent}`?")
        }
        None => String::new(),
    };
    let label = Field::find(key).map_or_else(|_| String::new(), label);
    format!("{label} must be {}. {typed}{meant}", must_be(key, shape, value))
}

/// Returns what to write for `key` instead of `value`.
fn must_be(key: &str, shape: &Shape, value: &str) -> String {
    match (Main::find(key), shape.form) {
        (Some(main), _) if !main.must_be.is_empty() => main.must_be.to_string(),
        (_, Form::Phrase(grammar)) => {
            let examples = grammar.examples.iter().take(2).map(|(text, _)| format!("`{text}`"));
            let mut out = format!("{}, for example ", grammar.noun);
            out += &examples.collect::<Vec<_>>().join(" or ");
            out = shape.words().fold(out, |out, word| out + ", or `" + word + "`");
            // The form of the value is right: it must be one of its numbers.
            let begins = |text: &str| text.split(' ').next() == value.trim().split(' ').next();
            let is_close = value.trim().starts_with(|c: char| c.is_ascii_digit())
                || grammar.examples.iter().any(|(text, _)| begins(text));
            let is_limit = is_close && !grammar.limits.is_empty();
            if is_limit { out + " (" + grammar.limits + ")" } else { out }
        }
        _ => shape.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::FIELDS;

    /// What a value of `key` becomes in the scenario of a link.
    fn becomes(fragment: &str, key: &str, typed: &str) -> String {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert!(errors.is_empty(), "{errors:?}");
        match change(&scenario, key, Some(typed)) {
            Ok(changed) => changed.value(key).unwrap(),
            Err(sentence) => sentence,
        }
    }

    #[test]
    fn values_are_read_as_people_write_them() {
        let timeout = "policy.initial_timeout";
        for (fragment, key, typed, value) in [
            ("", "link.loss", "30%", "0.3"),
            ("", "link.loss", " 30 % ", "0.3"),
            ("", timeout, "10 ms", "10ms"),
            ("", timeout, "0.01 s", "10ms"),
            ("", timeout, "200", "200ms"),
            ("policy.preset=coap", timeout, "3", "3s"),
            ("policy.preset=coap", timeout, "0.5", "500ms"),
            // Zero and `none` have no unit.
            ("", "policy.increment", "20", "20ms"),
            ("", "policy.deadline", "5000", "5s"),
            ("", "server.service", "7", "7ms"),
            ("", "link.latency", "25", "25ms"),
            ("", "clients", "1e3", "1000"),
        ] {
            assert_eq!(becomes(fragment, key, typed), value, "{key} {typed}");
        }
    }

    #[test]
    fn a_refusal_says_what_to_type() {
        let timeout = "policy.initial_timeout";
        for (key, typed, sentence) in [
            (
                "link.loss",
                "abc",
                "Loss must be a share from 0 to 1, for example `0.3` or `30%`. You typed `abc`.",
            ),
            (
                "link.loss",
                "30",
                "Loss must be a share from 0 to 1, for example `0.3` or `30%`. You typed `30`. Did you mean `30%`?",
            ),
            (
                timeout,
                "",
                "First timeout must be a duration of at most 2400h, for example `100ms` or `1.5s`. The field is empty.",
            ),
            (
                "link.latency",
                "99999h",
                "Latency must be a distribution of times, for example `10ms` or `uniform 5ms 15ms`, or `none` (each time at most 1h, at \
                 most 1000000 measured times). You typed `99999h`.",
            ),
            (
                timeout,
                "3000",
                "“Give up above” is 2s; it must not be below “First timeout”, 3s; raise it, or use none.",
            ),
            (
                "policy.backoff",
                "linaer",
                "Backoff must be `constant`, `linear`, `exponential`, `fibonacci` or `list`. You typed `linaer`. Did you \
                 mean `linear`?",
            ),
            (
                "policy.jitter",
                "half",
                "Jitter must be a jitter mode, for example `none` or `full`. You typed `half`.",
            ),
        ] {
            assert_eq!(becomes("", key, typed), sentence);
        }
    }

    #[test]
    fn a_reset_takes_back_one_change() {
        let (scenario, _) = Scenario::from_fragment(
            "policy.preset=coap&policy.max_sends=3&link.loss=0.3&link.rtt=4ms",
        );
        for (key, rest) in [
            ("link.loss", "policy.preset=coap&policy.max_sends=3&link.rtt=4ms"),
            ("policy.max_sends", "policy.preset=coap&link.rtt=4ms&link.loss=0.3"),
            ("link.rtt", "policy.preset=coap&policy.max_sends=3&link.loss=0.3"),
            ("policy.preset", "policy.preset=coap&link.rtt=4ms&link.loss=0.3"),
        ] {
            assert_eq!(change(&scenario, key, None).unwrap().to_fragment(), rest, "{key}");
        }
    }

    /// Scenarios in which different keys contradict each other.
    const FRAGMENTS: &[&str] = &[
        "",
        "policy.preset=coap&policy.deadline=4s",
        "policy.backoff=list&policy.timeouts=1s",
        "policy.jitter=decorrelated&policy.min_timeout=1ms&policy.adaptive=rfc6298",
        "workload.rate=10&workload.duration=1s&token=true&server.reply=mirror",
        "workload.task=heartbeat",
        "workload.task=write",
        "network=packets",
        "network=packets&protocol=http",
        "protocol=dns",
        "link.rtt=20ms",
    ];

    /// Values that some keys take and others refuse.
    const TYPED: &[&str] = &[
        "",
        "§",
        "none",
        "0",
        "0s",
        "1",
        "9ms",
        "3s",
        "-1",
        "70000",
        "true",
        "false",
        "list",
        "poisson",
        "poisson 10",
        "write",
        "ipv6",
        "decorrelated",
        "load 1s 2s 3",
        "{seq}",
        "once 0.5",
    ];

    /// Whatever is refused in whatever scenario, a reader of the page does not see the name of a key.
    #[test]
    fn no_refusal_names_a_key() {
        let (mut refused, mut contradictions) = (0, std::collections::BTreeSet::new());
        for fragment in FRAGMENTS {
            let (scenario, errors) = Scenario::from_fragment(fragment);
            assert!(errors.is_empty(), "{errors:?}");
            for (field, typed) in
                FIELDS.iter().flat_map(|field| TYPED.iter().map(move |typed| (field, typed)))
            {
                let Err(sentence) = change(&scenario, field.key, Some(typed)) else { continue };
                refused += 1;
                let words: Vec<&str> = sentence.split('`').step_by(2).collect();
                let words = words.join("…");
                if !words.contains(" must be ") || words.contains('“') {
                    contradictions.insert(sentence.clone());
                }
                for key in FIELDS.iter().map(|field| field.key) {
                    let is_key = |&(at, _): &(usize, &str)| {
                        let after = &words[at + key.len()..];
                        key.contains('.') || after.starts_with('=')
                    };
                    assert!(
                        !words.match_indices(key).any(|found| is_key(&found)),
                        "{key}: {sentence}"
                    );
                }
                assert!(!words.contains(['_', '"']), "{sentence}");
                assert!(sentence.ends_with(['.', '?']) && !sentence.ends_with(".."), "{sentence}");
                assert!(words.starts_with(|c: char| c.is_uppercase() || c == '“'), "{sentence}");
            }
        }
        assert!(refused > 5_000 && contradictions.len() > 200, "{refused} {contradictions:?}");
    }
}
