//! Why a scenario is refused.

use crate::value::{Printable, Shape};
use alloc::string::String;
use core::fmt;

/// Reason why a scenario is refused: one sentence that names the key, the value and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldError {
    /// There is no such key.
    UnknownKey {
        /// The key as written.
        key: String,
        /// Which key was probably meant, or which ones there are.
        hint: String,
    },
    /// The value is not one of the key's.
    BadValue {
        /// The key.
        key: &'static str,
        /// The value as written.
        value: String,
        /// What is allowed.
        shape: &'static Shape,
    },
    /// Each value is valid by itself, but they contradict each other.
    Contradiction {
        /// The key at fault.
        key: String,
        /// The whole sentence.
        sentence: String,
    },
    /// The text is not percent-encoded UTF-8.
    BadEncoding {
        /// The text as written.
        text: String,
    },
    /// A link gives the key two values.
    Twice {
        /// The key.
        key: &'static str,
        /// The first value.
        first: String,
        /// A different one.
        second: String,
    },
    /// The link is an address without a scenario.
    NoScenario {
        /// The link.
        link: String,
    },
    /// The text is not `key=value`.
    NotAPair {
        /// The text as written.
        text: String,
    },
}

impl FieldError {
    /// Returns the key at fault, as written.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::UnknownKey { key, .. } | Self::Contradiction { key, .. } => key,
            Self::BadValue { key, .. } | Self::Twice { key, .. } => key,
            Self::NotAPair { text: link }
            | Self::BadEncoding { text: link }
            | Self::NoScenario { link } => link,
        }
    }

    pub(super) fn contradiction<T>(key: &str, sentence: impl Into<String>) -> Result<T, Self> {
        Err(Self::Contradiction { key: key.into(), sentence: sentence.into() })
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key, hint } => {
                write!(f, "unknown key \"{}\"; {hint}", Printable::short(key))
            }
            Self::BadValue { key, value, shape } => {
                write!(f, "{key}: \"{}\" {}", Printable::short(value), shape.refusal())?;
                shape.meant(value).map_or(Ok(()), |word| write!(f, "; did you mean {word}?"))
            }
            Self::Contradiction { sentence, .. } => f.write_str(sentence),
            Self::BadEncoding { text } => {
                write!(
                    f,
                    "\"{}\" is not percent-encoded UTF-8; write % as %25, as in link.loss=30%25",
                    Printable::short(text)
                )
            }
            Self::Twice { key, first, second } => {
                let [first, second] = [first, second].map(|value| Printable::short(value));
                write!(
                    f,
                    "{key} has two values, \"{first}\" and \"{second}\"; an address can have one"
                )
            }
            Self::NoScenario { link } => {
                let link = Printable::short(link);
                write!(f, "\"{link}\" has no scenario; write it after a `#`, as in #seed=7")
            }
            Self::NotAPair { text } if text.contains('=') => {
                let text = Printable::short(text);
                write!(f, "\"{text}\" has two `=`; write the second one as %3D")
            }
            Self::NotAPair { text } => {
                write!(f, "\"{}\" is not of the form key=value", Printable::short(text))
            }
        }
    }
}

impl core::error::Error for FieldError {}
