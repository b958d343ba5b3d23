//! Scenario files: TOML, each error with its line.
//!
//! The values are read from their text, never through a float, so that `0.1` in a file is the same
//! number as `0.1` in a flag.

use crate::data_file::{self, DataError};
use retrylab_core::scenario::{FIELDS, Field, FieldError, Scenario};
use retrylab_core::value::Printable;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

/// Maximum size of a file: more than an array of a million measured times needs.
pub(crate) const MAX_BYTES: u64 = 1 << 24;

/// Maximum number of characters of the parser's message, which may quote the file.
const MAX_MESSAGE: usize = 300;

/// Reason why a file is not a scenario: one sentence that begins with the file and its line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("{name}:{line}: this is not TOML: {message}")]
    Toml { name: String, line: usize, message: String },
    #[error("{name}:{line}: {error}")]
    Field { name: String, line: usize, error: FieldError },
    #[error("{name}:{line}: {key}: {what} {refusal}")]
    NoValue { name: String, line: usize, key: String, what: &'static str, refusal: String },
    #[error("{name}:{line}: {error}")]
    Data { name: String, line: usize, error: DataError },
}

/// A key of the file with its value's text.
struct Entry {
    key: String,
    value: String,
    line: usize,
}

/// Applies the file `name` with the contents `text` to `scenario`; all of it or, on an error, nothing.
/// Files of times are read from `folder`.
pub(crate) fn apply(
    scenario: &mut Scenario,
    name: &str,
    folder: &Path,
    text: &str,
) -> Result<(), FileError> {
    let table = parse(name, text)?;
    let mut reader = Reader { name, text, entries: Vec::new() };
    reader.table("", table.get_ref())?;
    let mut entries = reader.entries;
    // The parser sorts by key, but the first error in the file is the one to report.
    entries.sort_by_key(|entry| entry.line);
    for Entry { key, value, line } in &mut entries {
        let (name, line) = (name.to_string(), *line);
        let times = data_file::expand(key, value, folder);
        *value = times.map_err(|error| FileError::Data { name, line, error })?.into_owned();
    }
    scenario.apply(entries.iter().map(|entry| (&entry.key, &entry.value))).map_err(|error| {
        FileError::Field { name: name.to_string(), line: line_at_fault(&entries, &error), error }
    })
}

/// Parses the file `name` with the contents `text`.
pub(crate) fn parse<'a>(name: &str, text: &'a str) -> Result<Spanned<DeTable<'a>>, FileError> {
    DeTable::parse(text).map_err(|error| FileError::Toml {
        name: name.to_string(),
        line: line_of(text, error.span().unwrap_or_default()),
        message: {
            let message = error.message().replace('\n', ", ");
            Printable::new(&message).at_most(MAX_MESSAGE).to_string()
        },
    })
}

/// Collects the keys of nested tables.
struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>) -> Result<(), FileError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let line = line_of(self.text, name.span());
            self.value(key, line, value)?;
        }
        Ok(())
    }

    fn value(
        &mut self,
        key: String,
        line: usize,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), FileError> {
        let value = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(integer) => integer_text(integer),
            DeValue::Float(float) => float.as_str().trim_start_matches('+').to_string(),
            DeValue::Boolean(truth) => truth.to_string(),
            DeValue::Table(table) => {
                let prefix = format!("{key}.");
                let known = FIELDS.iter().any(|field| field.key.starts_with(&prefix));
                return if known {
                    self.table(&prefix, table)
                } else {
                    Err(self.refuse(key, line, "a table"))
                };
            }
            DeValue::Array(array) => {
                let items: Option<Vec<String>> =
                    array.iter().map(|item| plain_text(item.get_ref())).collect();
                match Field::find(&key) {
                    Ok(Field { shape, .. }) if shape.is_list() => items
                        .and_then(|items| shape.join(&items))
                        .ok_or_else(|| self.refuse(key.clone(), line, "this array"))?,
                    _ => return Err(self.refuse(key, line, "an array")),
                }
            }
            DeValue::Datetime(_) => return Err(self.refuse(key, line, "a date or time of day")),
        };
        self.entries.push(Entry { key, value, line });
        Ok(())
    }

    /// Returns the error of a key whose value is `what`, or of an unknown key.
    fn refuse(&self, key: String, line: usize, what: &'static str) -> FileError {
        let name = self.name.to_string();
        match Field::find(&key) {
            Ok(field) => {
                FileError::NoValue { name, line, key, what, refusal: data_file::refusal(field) }
            }
            Err(error) => FileError::Field { name, line, error },
        }
    }
}

/// Returns the text of a plain item: `3`, `0.5`, `"5-7"` or `"20ms"`.
pub(crate) fn plain_text(item: &DeValue<'_>) -> Option<String> {
    match item {
        DeValue::Integer(integer) => Some(integer_text(integer)),
        DeValue::Float(float) => Some(float.as_str().to_string()),
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}

/// Returns an integer in decimal, whatever its base in the file; unchanged if it is out of range.
fn integer_text(integer: &DeInteger<'_>) -> String {
    u64::from_str_radix(integer.as_str(), integer.radix())
        .map_or_else(|_| integer.to_string(), |number| number.to_string())
}

/// Returns the line, from 1, in which `span` begins.
pub(crate) fn line_of(text: &str, span: Range<usize>) -> usize {
    text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
}

/// Returns the line of the key that `error` refers to. If the error is a contradiction with a key that
/// the file leaves at its default, that is the last key of the same group.
fn line_at_fault(entries: &[Entry], error: &FieldError) -> usize {
    let group = error.key().split('.').next().unwrap_or_default();
    let by_key = entries.iter().rfind(|entry| entry.key == error.key());
    let by_group = || entries.iter().rfind(|entry| entry.key.starts_with(group));
    by_key.or_else(by_group).map_or(1, |entry| entry.line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::SHIPPED;
    use retrylab_core::sim::{Bounds, run_within};
    use retrylab_core::time::Instant;
    use retrylab_core::trace::Record;
    use retrylab_core::value::Form;

    fn read(text: &str) -> Result<Scenario, String> {
        let mut scenario = Scenario::default();
        apply(&mut scenario, "x.toml", Path::new(""), text).map_err(|error| error.to_string())?;
        Ok(scenario)
    }

    #[test]
    fn a_file_says_what_flags_say() {
        let text = "\
            seed = 0xFFFF_FFFF_FFFF_FFFF\n\
            exchanges = 1_000\n\
            message = 'hi'\n\
            connected = false\n\
            policy.initial_timeout = '50ms'\n\
            [server]\n\
            drop = 0.1\n\
            drop_list = [1, '3-5']\n\
            [link]\n\
            loss = 1\n";
        let mut flags = Scenario::default();
        let pairs = [
            ("seed", "18446744073709551615"),
            ("exchanges", "1000"),
            ("message", "hi"),
            ("connected", "false"),
            ("policy.initial_timeout", "50ms"),
            ("server.drop", "0.1"),
            ("server.drop_list", "1,3-5"),
            ("link.loss", "1"),
        ];
        flags.apply(pairs).unwrap();
        assert_eq!(read(text).unwrap(), flags);
        assert_eq!(read("").unwrap(), Scenario::default());
        assert_eq!(read("[server]\n").unwrap(), Scenario::default());
    }

    #[test]
    fn every_list_can_be_an_array() {
        let open = "token = true\nserver.reply = 'mirror'\n";
        for (text, key, value) in [
            ("server.drop_list = [1, '3-5']", "server.drop_list", "1,3-5"),
            ("server.drop_list = []", "server.drop_list", "none"),
            (
                "policy.timeouts = ['0s', '10s',\n '1m',]\npolicy.backoff = 'list'",
                "policy.timeouts",
                "0s, 10s, 60s",
            ),
            ("link.latency = ['9ms', '12.5 ms', 0]", "link.latency", "table 0s 9ms 12.5ms"),
            ("link.latency = ['uniform', '5ms', '15ms']", "link.latency", "uniform 5ms 15ms"),
            ("link.reply_latency = ['1ms']", "link.reply_latency", "table 1ms"),
            ("server.service = ['1e-3s', '2us']", "server.service", "table 2us 1ms"),
            ("workload.think = ['1s', '2s']", "workload.think", "table 1s 2s"),
            ("link.loss = [1, '3-5']", "link.loss", "list 1,3-5"),
            ("workload.arrivals = ['0s', '10ms']", "workload.arrivals", "times 0s, 10ms"),
            (
                "workload.arrivals = ['poisson 40', '20s 80']",
                "workload.arrivals",
                "poisson 40, 20s 80",
            ),
            (
                "faults = ['1s 1s loss 0.3', '5s 1s partition']",
                "faults",
                "1s 1s loss 0.3; 5s 1s partition",
            ),
            ("faults = []", "faults", "none"),
        ] {
            let scenario = read(&format!("{open}{text}\n")).unwrap();
            assert_eq!(scenario.value(key).as_deref(), Some(value), "{text}");
        }
        for (text, begins) in [
            (
                "link.latency = [9, 10]",
                "x.toml:1: link.latency: \"table 9 10\" is not a distribution",
            ),
            ("link.latency = []", "x.toml:1: link.latency is none; without link.rtt it must be"),
            ("server.drop_list = [1.5]", "x.toml:1: server.drop_list: \"1.5\" is not a list of"),
            ("faults = [['1s 1s partition']]", "x.toml:1: faults: this array is not a timeline"),
            ("server.drop = [0.1]", "x.toml:1: server.drop: an array is not a probability"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(begins), "{error}");
        }
    }

    #[test]
    fn numbers_are_read_as_programs_print_them() {
        for (text, key, value) in [
            ("server.drop = 1e-05", "server.drop", "0.00001"),
            ("server.drop = 1e-3", "server.drop", "0.001"),
            ("server.drop = 0.30000000000000004", "server.drop", "0.3"),
            ("server.drop = 3_0.5e-2", "server.drop", "0.305"),
            ("policy.multiplier = 1.1000000000000001", "policy.multiplier", "1.1"),
            ("exchanges = 1e3", "exchanges", "1000"),
            ("link.latency = '1\u{3bc}s'", "link.latency", "1us"),
            ("link.latency = '1\u{b5}s'", "link.latency", "1us"),
            ("link.latency = '12.3 ms'", "link.latency", "12.3ms"),
            ("policy.deadline = '1m30s'", "policy.deadline", "90s"),
        ] {
            assert_eq!(read(text).unwrap().value(key).as_deref(), Some(value), "{text}");
        }
        for (text, begins) in [
            ("server.drop = 1e-10", "x.toml:1: server.drop: \"1e-10\" is not a probability"),
            ("server.drop = nan", "x.toml:1: server.drop: \"nan\" is not a probability"),
            ("link.latency = 10", "x.toml:1: link.latency: \"10\" is not a distribution"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(begins), "{error}");
        }
    }

    #[test]
    fn every_error_is_one_sentence_with_file_and_line() {
        for (text, begins) in [
            (
                "\n[server]\ndrop = 2\n",
                "x.toml:3: server.drop: \"2\" is not a probability from 0 to 1; try 0.3 or 30%",
            ),
            (
                "\nserver.drup = 0.5\n",
                "x.toml:2: unknown key \"server.drup\"; did you mean server.drop?",
            ),
            ("sever = 1\n", "x.toml:1: unknown key \"sever\"; the keys are"),
            ("\n[sever]\n", "x.toml:2: unknown key \"sever\"; the keys are"),
            ("seed = 1\nclients = \n", "x.toml:2: this is not TOML: "),
            ("seed = 1\nseed = 2\n", "x.toml:2: this is not TOML: duplicate key"),
            (
                "\nseed = 1979-05-27\n",
                "x.toml:2: seed: a date or time of day is not a whole number",
            ),
            ("clients = [1]\n", "x.toml:1: clients: an array is not a whole number from 1"),
            ("seed = {a = 1}\n", "x.toml:1: seed: a table is not a whole number"),
            (
                "server.drop_list = [[1]]\n",
                "x.toml:1: server.drop_list: this array is not a list of numbers",
            ),
            ("clients = -1\n", "x.toml:1: clients: \"-1\" is not a whole number from 1"),
            ("clients = 1.5\n", "x.toml:1: clients: \"1.5\" is not a whole number from 1"),
            (
                "[policy]\ninitial_timeout = '5s'\n",
                "x.toml:2: policy.give_up_above is 2s; it must not be below",
            ),
            ("server.drop = 5\nseed = 'x'\n", "x.toml:1: server.drop: \"5\" is not"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(begins), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    /// Values that are wrong for every type, and types of TOML that no key has.
    #[test]
    fn every_key_refuses_what_it_does_not_take() {
        for (i, field) in FIELDS.iter().enumerate() {
            let Field { key, shape, .. } = *field;
            let (value, shown) = match shape.form {
                // Any text is valid, if it is not too long.
                Form::Text { max } => {
                    let shown = format!("\"{}… ({} bytes)\"", "x".repeat(60), max + 1);
                    ("x".repeat(max + 1), shown)
                }
                _ => ("\\u0001?\\n".to_string(), r#""\u{1}?\n""#.to_string()),
            };
            let array = if shape.is_list() { "this array" } else { "an array" };
            for (written, shown) in [
                (format!("\"{value}\""), shown.as_str()),
                ("1979-05-27".to_string(), "a date or time of day"),
                ("[[]]".to_string(), array),
                ("{ a = 1 }".to_string(), "a table"),
            ] {
                let text = format!("{}{key} = {written}\n", "#\n".repeat(i));
                let line = i + 1;
                // The core does not know about files, so its error does not mention them.
                let refusal = if written.starts_with('"') {
                    shape.refusal().to_string()
                } else {
                    data_file::refusal(field)
                };
                let expected = format!("x.toml:{line}: {key}: {shown} {refusal}");
                assert_eq!(read(&text).unwrap_err(), expected);
            }
        }
    }

    #[test]
    fn keys_that_contradict_each_other_are_reported_with_the_line_of_one() {
        for (text, begins) in [
            (
                "exchanges = 9\n[workload]\narrivals = 'poisson 10'\n",
                "x.toml:3: workload.arrivals lets exchanges overlap, so each reply has to name the one it \
                 answers: token must be true and server.reply must be mirror or upper",
            ),
            (
                "token = true\n[server]\nreply = 'mirror'\n[workload]\n\
                 arrivals = 'poisson 10'\nthink = '1s'\n",
                "x.toml:6: workload.think is \"1s\"; with workload.arrivals it must be none",
            ),
            ("[workload]\n\nduration = '1s'\n", "x.toml:3: workload.duration is \"1s\"; without"),
            (
                "seed = 1\nfaults = '1s 1s load 2'\n",
                "x.toml:2: faults has a fault `load`, which multiplies arrivals; without workload.rate or",
            ),
            (
                "[workload]\ntask = 'write'\n[link]\nloss = 0.1\n",
                "x.toml:4: link.loss is \"0.1\"; with workload.task=write it must be 0, because each",
            ),
            (
                "[workload]\ntask = 'write'\n[server]\n\nservice = '1ms'\n",
                "x.toml:5: server.service is \"1ms\"; with workload.task=write it must be 0s",
            ),
            (
                "\n\nmessage = \"retrylab: failed\\n\"\n",
                "x.toml:3: message begins like a server's failure; it must begin differently",
            ),
            (
                "[policy]\ninitial_timeout = '1s'\nmax_timeout = '10ms'\n",
                "x.toml:3: policy.max_timeout is 10ms; it must not be below policy.initial_timeout",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(begins), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let most = retrylab_core::client::MAX_MESSAGE_IPV4;
        let text = format!("token = true\nmessage = '{}'\n", "x".repeat(most));
        let error = read(&text).unwrap_err();
        let begins = format!("x.toml:2: message is {most} bytes long; with token=true it must be");
        assert!(error.starts_with(&begins), "{error}");
    }

    #[test]
    fn every_scenario_that_ships_can_be_read() {
        for shipped in SHIPPED {
            assert_eq!(
                apply(&mut Scenario::default(), shipped.name, Path::new(""), shipped.toml)
                    .err()
                    .map(|e| e.to_string()),
                None
            );
        }
    }

    /// A key that changes halfway leaves everything before that as it was.
    #[test]
    fn the_past_of_every_scenario_that_ships_does_not_change() {
        let bounds = Bounds::NONE.with_events(1_000);
        let records = |scenario: &Scenario| run_within(scenario, Vec::<Record>::new(), bounds).sink;
        let (mut forks, mut changed) = (0, 0);
        for shipped in SHIPPED {
            let mut scenario = Scenario::default();
            apply(&mut scenario, shipped.name, Path::new(""), shipped.toml).unwrap();
            let before = records(&scenario);
            let half = before[before.len() / 2].at;
            for pair in [("link.loss", "0.5"), ("policy.max_sends", "2"), ("server.drop", "0.5")] {
                let mut other = scenario.clone();
                let at = half.saturating_since(Instant::ZERO);
                let Ok(forked) = other.apply([pair]).and_then(|()| scenario.forked(at, &other))
                else {
                    continue;
                };
                let after = records(&forked);
                let end = before.partition_point(|record| record.at < half);
                assert_eq!(after[..end], before[..end], "{} {pair:?}", shipped.name);
                (forks, changed) = (forks + 1, changed + u32::from(after != before));
            }
        }
        assert!(forks > 40 && changed > 20, "{forks} {changed}");
    }
}
