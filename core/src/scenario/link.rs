//! Reads the pairs of a link, also after other programs have changed it.
//!
//! ```text
//! http://127.0.0.1:8060/#seed=7&server.drop=0.5     what the page shows in the address bar
//! seed=7&server.drop=0.5                            the fragment alone, with or without its `#`
//! http://127.0.0.1:8060/?seed=7&server.drop=0.5     a query instead of the fragment, or before it
//! http://127.0.0.1:8060/#seed%3D7%26server.drop%3D0.5     percent-encoded again, or twice
//! http://127.0.0.1:8060/?embed#seed=7               with what asks the page to hide its controls
//! <http://127.0.0.1:8060/#seed=7>                   in quotes or brackets, with line breaks, `&amp;` for `&`
//! ```
//!
//! Every pair counts, wherever it stands; what cannot be read, and a key with two values, is an error.

use super::error::FieldError;
use super::field::Field;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many times a link may have been encoded as a whole.
const MAX_ENCODED: u32 = 3;

/// What the keys begin with that say what a page shows of the run. They are not of the scenario.
pub(super) const VIEW: &str = "view.";

/// What asks a page to show itself without its controls, in a frame of another page. It is not of the scenario.
const EMBED: &str = "embed";

/// What surrounds a link in a text.
const BRACKETS: [(char, char); 6] =
    [('"', '"'), ('\'', '\''), ('`', '`'), ('<', '>'), ('(', ')'), ('\u{201c}', '\u{201d}')];

/// The pairs of a link, with their values in canonical form, and what could not be read.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// By key, in alphabetical order.
    pub(super) pairs: Vec<(&'static str, String)>,
    /// The pairs that say what a page shows of the run, with their keys after [`VIEW`].
    pub(super) view: Vec<(String, String)>,
    pub(super) errors: Vec<FieldError>,
}

impl Pairs {
    pub(super) fn read(link: &str) -> Self {
        let (mut pairs, mut twice) = (Self::default(), Vec::new());
        pairs.read_link(link, MAX_ENCODED, &mut twice);
        // Neither of two values is more likely to be meant.
        pairs.pairs.retain(|(key, _)| !twice.contains(key));
        pairs
    }

    fn read_link(&mut self, link: &str, encoded: u32, twice: &mut Vec<&'static str>) {
        let link = clean(link);
        let Some(parts) = pairs_of(&link) else {
            self.errors.push(FieldError::NoScenario { link });
            return;
        };
        let is_pair = |part: &&str| !part.is_empty() && part.split('=').next() != Some(EMBED);
        for part in parts.flat_map(|pairs| pairs.split('&')).filter(is_pair) {
            // A part without `=` may be encoded as a whole.
            let link = || decode_all(part).filter(|_| encoded > 0);
            match part.split_once('=') {
                Some((key, value)) if !value.contains('=') => match (decode(key), decode(value)) {
                    (Some(key), Some(value)) => self.add(&key, &value, twice),
                    _ => self.errors.push(FieldError::BadEncoding { text: part.to_string() }),
                },
                pair => match link().filter(|_| pair.is_none()) {
                    Some(link) => self.read_link(&link, encoded - 1, twice),
                    None => self.errors.push(FieldError::NotAPair { text: part.to_string() }),
                },
            }
        }
    }

    fn add(&mut self, key: &str, value: &str, twice: &mut Vec<&'static str>) {
        if let Some(key) = key.trim().strip_prefix(VIEW) {
            self.view.push((key.to_string(), value.to_string()));
            return;
        }
        let read = Field::find(key.trim())
            .and_then(|field| field.canonical(value).map(|value| (field.key, value)));
        let (key, value) = match read {
            Ok(pair) => pair,
            Err(error) => return self.errors.push(error),
        };
        match self.pairs.binary_search_by_key(&key, |(key, _)| key) {
            Err(place) => self.pairs.insert(place, (key, value)),
            Ok(place) => {
                let first = &self.pairs[place].1;
                if *first != value && !twice.contains(&key) {
                    twice.push(key);
                    self.errors.push(FieldError::Twice {
                        key,
                        first: first.clone(),
                        second: value,
                    });
                }
            }
        }
    }
}

/// Returns a link without what a text or a mail program adds to it.
fn clean(link: &str) -> String {
    // As in URLs (WHATWG URL, section 4.4), line breaks do not count.
    let link: String = link.chars().filter(|c| !['\n', '\r', '\t'].contains(c)).collect();
    let mut link = link.trim();
    while let Some(inner) = BRACKETS.iter().find_map(|(open, close)| {
        link.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close))
    }) {
        link = inner.trim();
    }
    let pairs = link.split('&').map(|pair| pair.strip_prefix("amp;").unwrap_or(pair));
    pairs.collect::<Vec<_>>().join("&")
}

/// Returns the query and the fragment of a link, or the whole text if it consists of pairs. Returns `None`
/// for an address that has neither.
fn pairs_of(link: &str) -> Option<impl Iterator<Item = &str>> {
    let end = link.find(['#', '?', '=', '&']).unwrap_or(link.len());
    let (address, rest) = link.split_at(end);
    let has_scheme = address.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//"));
    let is_url = has_scheme || address.starts_with('/');
    let (query, fragment) = if rest.starts_with(['#', '?']) {
        let (query, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        (query.trim_start_matches('?'), fragment)
    } else if is_url {
        ("", link.split_once("%23")?.1)
    } else {
        ("", link)
    };
    Some([query, fragment.trim_start_matches(['/', '?', '!'])].into_iter())
}

/// Undoes percent-encoding until there is a `=`.
fn decode_all(text: &str) -> Option<String> {
    let decoded = core::iter::successors(decode(text), |text| decode(text));
    decoded.take(MAX_ENCODED as usize).find(|text| text.contains('='))
}

/// Undoes percent-encoding, and `+` for a blank; `None` if it is invalid, or if the bytes are not UTF-8.
fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| (*b as char).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 2;
            }
            (b'%', ..) => return None,
            (b'+', ..) => out.push(b' '),
            (byte, ..) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use alloc::format;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    const ADDRESS: &str = "http://127.0.0.1:8060/";

    #[test]
    fn a_link_survives_what_other_programs_do_to_it() {
        let fragment = "seed=7&link.latency=uniform+5ms+15ms&server.drop=0.5";
        let (meant, errors) = Scenario::from_fragment(fragment);
        assert_eq!((errors.len(), meant.seed), (0, 7));
        let encode = |text: &str| -> alloc::string::String {
            text.bytes()
                .map(|b| match b {
                    b'=' | b'&' | b'+' | b'%' | b'#' | b':' | b'/' => format!("%{b:02X}"),
                    _ => (b as char).to_string(),
                })
                .collect()
        };
        let (once, twice) = (encode(fragment), encode(&encode(fragment)));
        let whole = format!("{ADDRESS}#{fragment}");
        for link in [
            whole.clone(),
            format!("#{fragment}"),
            format!("127.0.0.1:8060/#{fragment}"),
            format!("/#{fragment}"),
            format!("{ADDRESS}#?{fragment}"),
            format!("{ADDRESS}#&{fragment}&"),
            // A query instead, or both.
            format!("{ADDRESS}?{fragment}"),
            format!("{ADDRESS}?{fragment}#"),
            format!("{ADDRESS}?embed#{fragment}"),
            format!("{ADDRESS}?embed=&{fragment}"),
            format!("?{fragment}"),
            format!("{ADDRESS}?seed=7#{fragment}"),
            format!("{ADDRESS}?seed=7&server.drop=50%25#link.latency=uniform+5ms+15ms"),
            // Encoded, as a whole or in part.
            format!("{ADDRESS}#{once}"),
            format!("{ADDRESS}#{}", once.to_lowercase()),
            format!("{ADDRESS}?{once}"),
            format!("{ADDRESS}#{twice}"),
            once.clone(),
            format!("{ADDRESS}%23{fragment}"),
            encode(&whole),
            encode(&encode(&whole)),
            "seed=7&link.latency%3Duniform+5ms+15ms&server%2edrop=0%2E5".to_string(),
            "seed=7&link.latency=uniform%205ms%2015ms&server.drop=0.5".to_string(),
            // In a text.
            format!(" {whole}\r\n"),
            format!("\"{whole}\""),
            format!("<{whole}>"),
            format!("(`{whole}`)"),
            whole.replace('&', "&amp;"),
            whole.replace("ency=", "en\r\ncy="),
            // The same value twice.
            format!("{fragment}&seed=7&server.drop=50%25"),
        ] {
            assert_eq!(Scenario::from_fragment(&link), (meant.clone(), Vec::new()), "{link}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_never_the_default_run_without_an_error() {
        for (link, sentence) in [
            (
                ADDRESS,
                "\"http://127.0.0.1:8060/\" has no scenario; write it after a `#`, as in #seed=7",
            ),
            (
                "http://127.0.0.1:8060/seed=7&server.drop=0.5",
                "\"http://127.0.0.1:8060/seed=7&server.",
            ),
            ("seed=7&seed=8", "seed has two values, \"7\" and \"8\"; an address can have one"),
            ("?seed=7#seed=8", "seed has two values, \"7\" and \"8\""),
            ("seed=7&seed=0x8", "seed has two values, \"7\" and \"8\""),
            ("http://h/?server.dorp=1", "unknown key \"server.dorp\"; did you mean server.drop?"),
            ("http://h/?utm_source=mail", "unknown key \"utm_source\""),
            ("server.drop=0.5)", "server.drop: \"0.5)\" is not a probability"),
            ("server.drop=0.5,", "server.drop: \"0.5,\" is not a probability"),
            ("seed=7%26server.drop%3D0.5", "seed: \"7&server.drop=0.5\" is not a whole number"),
            (
                "message=a%26seed=7",
                "\"message=a%26seed=7\" has two `=`; write the second one as %3D",
            ),
            ("seed", "\"seed\" is not of the form key=value"),
            ("se%ed=7", "\"se%ed=7\" is not percent-encoded UTF-8"),
            ("127.0.0.1:8060/", "\"127.0.0.1:8060/\" is not of the form key=value"),
            ("%2525252525253D", "\"%2525252525253D\" is not of the form key=value"),
        ] {
            let (_, errors) = Scenario::from_fragment(link);
            let error = errors.first().map(ToString::to_string).unwrap_or_default();
            assert!(error.starts_with(sentence), "{link}: {error}");
        }
        let (neither, errors) = Scenario::from_fragment("seed=7&clients=3&seed=8&seed=9");
        assert_eq!((neither.seed, neither.clients, errors.len()), (1, 3, 1));
        // The default run has an empty fragment.
        for link in ["", "#", "http://127.0.0.1:8060/#"] {
            assert_eq!(Scenario::from_fragment(link), (Scenario::default(), Vec::new()));
        }
    }

    #[test]
    fn a_text_may_contain_anything_that_is_encoded() {
        for (link, message) in [
            ("message=http%3A%2F%2Fx%2F%3Fa%3Db%26c%23d", "http://x/?a=b&c#d"),
            ("message=http://x", "http://x"),
            ("message=a#b?c", "a#b?c"),
            ("message=a%2Bb+c", "a+b c"),
            ("message=%22a%22", "\"a\""),
        ] {
            let (scenario, errors) = Scenario::from_fragment(link);
            assert_eq!((scenario.message.as_str(), errors), (message, Vec::new()));
        }
    }
}
