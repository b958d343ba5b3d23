//! Any text is a file of times, or is refused with one line that names the line of the file.

#![no_main]

#[path = "../../native/src/data_file/collect.rs"]
mod collect;
#[path = "../../native/src/data_file/replies.rs"]
mod replies;
#[path = "../../native/src/data_file/table.rs"]
mod table;
#[path = "../../native/src/data_file/times.rs"]
mod times;

/// The part of the program's output that error messages need.
mod output {
    use std::fmt;

    pub(crate) struct Printable<'a>(pub(crate) &'a [u8]);

    impl fmt::Display for Printable<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", String::from_utf8_lossy(self.0).escape_debug())
        }
    }
}

use libfuzzer_sys::fuzz_target;
use retrylab_core::scenario::Field;
use retrylab_core::time::WithUnit;

const KEYS: [&str; 2] = ["link.rtt", "workload.arrivals"];
const COLUMNS: [Option<&str>; 4] = [None, Some("rtt"), Some("2"), Some("")];

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let key = KEYS[usize::from(choice) % KEYS.len()];
    let column = COLUMNS[usize::from(choice / 2) % COLUMNS.len()];
    let field = Field::find(key).unwrap();
    let series = field.shape.series().unwrap();
    match times::read(text, column, &series) {
        Ok(times) => {
            assert!(!(times.are_round_trips && series.ordered), "{text:?}");
            // The core accepts them, and they stay the same.
            let list: Vec<String> =
                times.list.iter().map(|time| WithUnit(*time).to_string()).collect();
            let value = format!("{} {}", series.keyword, list.join(series.separator));
            let canonical = field.canonical(&value).unwrap();
            let mut sorted = times.list;
            sorted.sort_unstable();
            let list: Vec<String> = sorted.iter().map(|time| WithUnit(*time).to_string()).collect();
            let expected = format!("{} {}", series.keyword, list.join(series.separator));
            assert_eq!(canonical, expected, "{text:?}");
        }
        Err((line, why)) => {
            let sentence = why.to_string();
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
            assert!(sentence.len() < 500, "{sentence:?}");
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            assert!(line.is_none_or(|line| (1..=lines).contains(&line)), "{line:?} {sentence:?}");
        }
    }
});
