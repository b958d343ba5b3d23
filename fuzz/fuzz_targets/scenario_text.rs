//! Any text is a valid scenario file, or is refused with one line that starts with the file name and line number.

#![no_main]

#[path = "../../native/src/scenario_file.rs"]
mod scenario_file;

/// Replaces the handling of `@FILE`, because arbitrary text must not open real files.
mod data_file {
    use retrylab_core::scenario::Field;
    use std::borrow::Cow;
    use std::path::Path;

    #[derive(Debug, thiserror::Error)]
    #[error("there are no files here")]
    pub(crate) struct DataError;

    pub(crate) fn expand<'a>(_: &str, value: &'a str, _: &Path) -> Result<Cow<'a, str>, DataError> {
        if value.starts_with('@') { Err(DataError) } else { Ok(Cow::Borrowed(value)) }
    }

    pub(crate) fn refusal(field: &Field) -> String {
        field.shape.refusal().to_string()
    }
}

use libfuzzer_sys::fuzz_target;
use retrylab_core::scenario::Scenario;
use std::path::Path;

fuzz_target!(|text: &str| {
    if text.len() as u64 > scenario_file::MAX_BYTES {
        return;
    }
    let mut scenario = Scenario::default();
    match scenario_file::apply(&mut scenario, "x.toml", Path::new(""), text) {
        Ok(()) => {
            // The scenario can be printed and read again.
            let mut again = Scenario::default();
            again.apply(scenario.pairs()).unwrap();
            assert_eq!(again, scenario);
        }
        Err(error) => {
            assert_eq!(scenario, Scenario::default(), "a refused file changes nothing");
            let sentence = error.to_string();
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
            let line = sentence.strip_prefix("x.toml:").and_then(|rest| rest.split_once(": "));
            let line: usize = line.unwrap().0.parse().unwrap();
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            assert!((1..=lines).contains(&line), "{sentence:?}");
        }
    }
});
