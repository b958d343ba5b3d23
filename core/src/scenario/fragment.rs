//! A scenario as the fragment of a link: `seed=7&server.drop=0.5`, only what differs from the default.

use super::error::FieldError;
use super::link::{Pairs, VIEW};
use super::model::Scenario;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a link says.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The scenario, as far as it could be read.
    pub scenario: Scenario,
    /// What could not be read.
    pub errors: Vec<FieldError>,
    /// What a page shows of the run, such as the time: the pairs whose keys begin with `view.`, which is left out here.
    /// They change nothing in the run.
    pub view: Vec<(String, String)>,
}

impl Link {
    /// Returns the pair `view.name=value` of a link.
    #[must_use]
    pub fn view_pair(name: &str, value: &str) -> String {
        let mut out = format!("{VIEW}{name}=");
        encode(value, &mut out);
        out
    }
}

impl Scenario {
    /// Returns the scenario as a link's fragment, without the `#`; empty for the default scenario.
    #[must_use]
    pub fn to_fragment(&self) -> String {
        let mut out = String::new();
        for (key, value) in self.changes() {
            if !out.is_empty() {
                out.push('&');
            }
            out += key;
            out.push('=');
            encode(&value, &mut out);
        }
        out
    }

    /// Reads a link's fragment, or a whole link with a fragment, a query or both. It may have been
    /// percent-encoded again, and be surrounded by quotes or brackets.
    ///
    /// Applies the pairs that can be read, and reports each that cannot. So an old or mistyped link still
    /// shows most of its scenario.
    #[must_use]
    pub fn from_fragment(link: &str) -> (Self, Vec<FieldError>) {
        let Link { scenario, errors, .. } = Self::from_link(link);
        (scenario, errors)
    }

    /// Reads a link as [`from_fragment`](Self::from_fragment) does, with what a page shows of the run.
    ///
    /// ```
    /// use retrylab_core::scenario::Scenario;
    ///
    /// let link = Scenario::from_link("seed=7&view.at=0.1");
    /// assert_eq!(link.scenario.seed, 7);
    /// assert_eq!(link.view, [("at".to_string(), "0.1".to_string())]);
    /// ```
    #[must_use]
    pub fn from_link(link: &str) -> Link {
        let Pairs { mut pairs, mut errors, view } = Pairs::read(link);
        let mut scenario = Self::default();
        // Each round either succeeds or removes what was at fault, so the number of rounds is bounded.
        while let Err(error) = scenario.apply(pairs.iter().map(|(key, value)| (*key, value))) {
            let before = pairs.len();
            pairs.retain(|(key, _)| *key != error.key());
            if pairs.len() == before {
                // The contradiction is with a key that the link does not name: drop its whole group.
                let group = |key: &str| key.split_once('.').map(|(group, _)| group.to_string());
                pairs.retain(|(key, _)| group(key) != group(error.key()));
            }
            errors.push(error);
            if pairs.len() == before {
                break;
            }
        }
        Link { scenario, errors, view }
    }
}

/// Percent-encodes characters that would end a value or a link; the rest stays readable.
fn encode(value: &str, out: &mut String) {
    for byte in value.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b',' => {
                out.push(byte as char);
            }
            _ => {
                let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or('0');
                out.push('%');
                out.push(digit(byte >> 4).to_ascii_uppercase());
                out.push(digit(byte & 15).to_ascii_uppercase());
            }
        }
    }
}
