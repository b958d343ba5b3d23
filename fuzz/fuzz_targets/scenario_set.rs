//! Any text is the value of a key, or is refused with one line that names the key. The first byte chooses the
//! key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrylab_core::scenario::{FIELDS, Scenario};

fuzz_target!(|input: (u8, &str)| {
    let (place, text) = input;
    let field = &FIELDS[usize::from(place) % FIELDS.len()];
    let canonical = match field.canonical(text) {
        Ok(canonical) => canonical,
        Err(error) => {
            let sentence = error.to_string();
            assert!(sentence.starts_with(field.key), "{sentence:?}");
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
            return;
        }
    };
    // What is written is read as the same value.
    assert_eq!(field.canonical(&canonical), Ok(canonical.clone()), "{}={text}", field.key);
    let mut scenario = Scenario::default();
    match scenario.apply([(field.key, text)]) {
        Ok(()) => {
            assert_eq!(field.value(&scenario), canonical, "{}={text}", field.key);
            let mut again = Scenario::default();
            again.apply(scenario.pairs()).unwrap();
            assert_eq!(again, scenario, "{}={text}", field.key);
        }
        // It contradicts the default of another key.
        Err(error) => assert!(!error.to_string().chars().any(char::is_control)),
    }
});
