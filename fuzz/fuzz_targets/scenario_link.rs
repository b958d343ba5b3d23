//! Any text is a link, as far as it can be read; the rest is reported.

#![no_main]

use libfuzzer_sys::fuzz_target;
use retrylab_core::scenario::Scenario;

fuzz_target!(|link: &str| {
    let (scenario, errors) = Scenario::from_fragment(link);
    for error in errors {
        let sentence = error.to_string();
        assert!(!sentence.is_empty() && !sentence.chars().any(char::is_control), "{sentence:?}");
    }
    // The scenario is the same as that of its own link.
    let fragment = scenario.to_fragment();
    assert_eq!(Scenario::from_fragment(&fragment), (scenario, Vec::new()), "{fragment}");
});
