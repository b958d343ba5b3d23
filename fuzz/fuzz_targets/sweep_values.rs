//! Any text is `KEY=VALUES` of a sweep, or is refused with one line.

#![no_main]

#[path = "../../native/src/sweep/range.rs"]
mod range;
#[path = "../../native/src/sweep/values.rs"]
mod values;

/// Maximum number of values: fewer than in the program, so that no input takes long.
const MAX_POINTS: u64 = 1_000;

/// Replaces the handling of `@FILE`, because arbitrary text must not open real files.
mod data_file {
    use std::borrow::Cow;
    use std::path::Path;

    #[derive(Debug, thiserror::Error)]
    #[error("there are no files here")]
    pub(crate) struct DataError;

    pub(crate) fn is_file(_: &str, value: &str) -> bool {
        value.starts_with('@')
    }

    pub(crate) fn expand<'a>(_: &str, _: &'a str, _: &Path) -> Result<Cow<'a, str>, DataError> {
        Err(DataError)
    }
}

/// Splits `key=value` as the program does.
mod source {
    use retrylab_core::scenario::FieldError;

    pub(crate) fn pair(text: &str) -> Result<(&str, &str), FieldError> {
        let (key, value) =
            text.split_once('=').ok_or_else(|| FieldError::NotAPair { text: text.to_string() })?;
        Ok((key.trim(), value))
    }
}

mod table {
    pub(crate) struct Vary {
        pub(crate) key: String,
        pub(crate) values: Vec<String>,
    }
}

use libfuzzer_sys::fuzz_target;
use retrylab_core::scenario::{FIELDS, Field};

fuzz_target!(|input: (u8, &str)| {
    let (place, text) = input;
    let key = FIELDS[usize::from(place) % FIELDS.len()].key;
    let text = format!("{key}={text}");
    match values::read(&text) {
        Ok(table::Vary { key, values }) => {
            let field = Field::find(&key).unwrap();
            assert!(!values.is_empty(), "{text:?}");
            // Each value has a canonical form, or is refused.
            for value in values {
                if let Ok(canonical) = field.canonical(&value) {
                    assert_eq!(field.canonical(&canonical), Ok(canonical.clone()), "{text:?}");
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
