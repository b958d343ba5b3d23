//! Domain names as people write them.

use crate::value::Printable;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use hickory_proto::rr::Name;

/// Maximum length of a label in bytes, RFC 1035 section 2.3.4.
const MAX_LABEL: usize = 63;

/// Maximum length of a name in characters. With the lengths of its labels and the root's, it has 255 bytes in a
/// message, RFC 1035 section 2.3.4.
const MAX_NAME: usize = 253;

/// A domain name, always a complete one: no search list is added to it. Names that differ only in the case of
/// ASCII letters are equal (RFC 4343).
///
/// ```
/// use retrylab_core::name::DomainName;
///
/// let name: DomainName = "www.Example.".parse().unwrap();
/// assert_eq!(name.to_string(), "www.Example");
/// assert_eq!(name, "WWW.example".parse().unwrap());
/// let error = "www..example".parse::<DomainName>().unwrap_err();
/// assert_eq!(error.to_string(), "`www..example` is not a domain name: two dots follow each other");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DomainName(pub(super) Name);

impl DomainName {
    /// Returns whether `other` is this name or ends with it.
    #[must_use]
    pub(super) fn includes(&self, other: &Self) -> bool {
        self.0.zone_of(&other.0)
    }
}

/// Names in other scripts than Latin are encoded as RFC 5891 defines it (`xn--…`).
impl FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, DomainNameError> {
        let error = |wrong| DomainNameError { text: Printable::short(text).to_string(), wrong };
        let bare = text.strip_suffix('.').unwrap_or(text);
        if bare.is_empty() {
            return Err(error(Wrong::Empty));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c) || !c.is_ascii();
        if let Some(c) = bare.chars().find(|c| !allowed(*c)) {
            return Err(error(Wrong::Character(c)));
        }
        if bare.starts_with('.') || text.contains("..") {
            return Err(error(Wrong::EmptyLabel));
        }
        let name = if bare.is_ascii() {
            if let Some(label) = bare.split('.').find(|label| label.len() > MAX_LABEL) {
                return Err(error(Wrong::LongLabel(label.len())));
            }
            if bare.len() > MAX_NAME {
                return Err(error(Wrong::Long(bare.len())));
            }
            Name::from_ascii(bare)
        } else {
            Name::from_utf8(bare)
        };
        let mut name = name.map_err(|_| error(Wrong::NotEncodable))?;
        name.set_fqdn(true);
        Ok(Self(name))
    }
}

/// Without the dot at the end. Bytes that are not printable ASCII are escaped.
impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_ascii();
        let bare = text.strip_suffix('.').filter(|bare| !bare.is_empty());
        Printable::new(bare.unwrap_or(&text)).fmt(f)
    }
}

/// Error for a text that is not a domain name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainNameError {
    text: String,
    wrong: Wrong,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wrong {
    Empty,
    Character(char),
    EmptyLabel,
    LongLabel(usize),
    Long(usize),
    NotEncodable,
}

impl fmt::Display for DomainNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wrong == Wrong::Empty {
            return f.write_str("the name is empty; try www.example");
        }
        write!(f, "`{}` is not a domain name: ", self.text)?;
        match self.wrong {
            Wrong::Empty => Ok(()),
            Wrong::Character(c) => write!(
                f,
                "it contains {c:?}; use letters, digits, hyphens and underscores, with dots between labels"
            ),
            Wrong::EmptyLabel if self.text.starts_with('.') => f.write_str("it begins with a dot"),
            Wrong::EmptyLabel => f.write_str("two dots follow each other"),
            Wrong::LongLabel(len) => {
                write!(f, "one of its labels has {len} characters; a label has at most {MAX_LABEL}")
            }
            Wrong::Long(len) => {
                write!(f, "it has {len} characters; a name has at most {MAX_NAME}")
            }
            Wrong::NotEncodable => f.write_str("it cannot be encoded as RFC 5891 defines it"),
        }
    }
}

impl core::error::Error for DomainNameError {}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use hickory_proto::serialize::binary::BinEncodable as _;
    use proptest::prelude::*;

    #[test]
    fn names_are_read_and_shown() {
        for (text, shown) in [
            ("a", "a"),
            ("a.", "a"),
            ("WWW.Example", "WWW.Example"),
            ("_dns.x-1.example", "_dns.x-1.example"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(text.parse::<DomainName>().unwrap().to_string(), shown, "{text}");
        }
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        assert_eq!(longest.len(), MAX_NAME);
        let longest: DomainName = longest.parse().unwrap();
        assert_eq!(longest.0.to_bytes().unwrap().len(), 255);
    }

    #[test]
    fn an_error_says_what_is_wrong() {
        let long = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(62));
        for (text, part) in [
            ("", "the name is empty"),
            (".", "the name is empty"),
            (".a", "it begins with a dot"),
            ("a..b", "two dots follow each other"),
            ("a..", "two dots follow each other"),
            ("a b", "it contains ' '"),
            ("a\\.b", "it contains '\\\\'"),
            ("a\u{1b}b", "it contains '\\u{1b}'"),
            ("http://a", "it contains ':'"),
            (&"a".repeat(64), "one of its labels has 64 characters"),
            (&long, "it has 254 characters; a name has at most 253"),
            ("a\u{202e}b", "RFC 5891"),
        ] {
            let error = text.parse::<DomainName>().expect_err(text).to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_refused_with_a_sentence(text: String) {
            match text.parse::<DomainName>() {
                Ok(name) => {
                    let shown = name.to_string();
                    prop_assert_eq!(shown.parse::<DomainName>(), Ok(name), "{}", shown);
                }
                Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control)),
            }
        }
    }
}
